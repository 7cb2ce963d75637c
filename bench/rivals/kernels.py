"""The cases of bench/kernels.cpp by another library, in a process of its own.

    python bench/rivals/kernels.py torch|torch_fused|onednn|openblas [--threads N]

"case NAME NUMBER..." on standard input prepares one and answers "ready"; every empty line then runs one round and prints
its milliseconds. torch_fused: its one-kernel AdamW. onednn: PyTorch's own copy of it. openblas: NumPy's.
"""

import argparse
import os
import sys

from serving import Rounds


def numpy_cases():
    import numpy

    def gemm(n):
        a, b = (numpy.random.standard_normal((n, n)).astype("float32") for _ in range(2))
        return lambda: a @ b

    return {"gemm": gemm}


def onednn_cases():
    import torch

    def gemm(n):
        a, b = torch.randn(n, n), torch.randn(n, n)
        return lambda: torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")

    return {"gemm": gemm}


def torch_cases(fused=False):
    import torch
    from torch.nn import functional as F

    def gemm(n):
        a, b = torch.randn(n, n), torch.randn(n, n)
        return lambda: torch.mm(a, b)

    def linear_forward(rows, inputs, outputs):
        x, w = torch.randn(rows, inputs), torch.randn(outputs, inputs)
        return lambda: F.linear(x, w)

    def linear_input_gradient(rows, inputs, outputs):
        g, w = torch.randn(rows, outputs), torch.randn(outputs, inputs)
        return lambda: torch.mm(g, w)

    def linear_weight_gradient(rows, inputs, outputs):
        g, x = torch.randn(rows, outputs), torch.randn(rows, inputs)
        return lambda: torch.mm(g.t(), x)

    def convolution(batch, channels, side, outputs, kernel, stride):
        x, w = torch.randn(batch, channels, side, side), torch.randn(outputs, channels, kernel, kernel)
        return lambda: F.conv2d(x, w, stride=stride, padding=kernel // 2)

    def gradient_of(mask):
        def make(batch, channels, side, outputs, kernel, stride):
            x, w = torch.randn(batch, channels, side, side), torch.randn(outputs, channels, kernel, kernel)
            pad = [kernel // 2] * 2
            g = torch.randn_like(F.conv2d(x, w, stride=stride, padding=kernel // 2))
            backward = torch.ops.aten.convolution_backward
            return lambda: backward(g, x, w, None, [stride] * 2, pad, [1, 1], False, [0, 0], 1, mask)

        return make

    def both_ways(leaves, forward):
        for leaf in leaves:
            leaf.requires_grad_()
        grad = torch.ones_like(forward().detach())

        def work():
            forward().backward(grad)
            for leaf in leaves:
                leaf.grad = None

        return work

    def attention(batch, heads, time, size):
        q, k, v = (torch.randn(batch, heads, time, size) for _ in range(3))
        return both_ways([q, k, v], lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True))

    def softmax(rows, columns):
        x = torch.randn(rows, columns)
        return both_ways([x], lambda: torch.softmax(x, -1))

    def layer_norm(rows, columns):
        x, w, b = torch.randn(rows, columns), torch.randn(columns), torch.randn(columns)
        return both_ways([x, w, b], lambda: F.layer_norm(x, [columns], w, b))

    def gelu(rows, columns):
        x = torch.randn(rows, columns)
        return both_ways([x], lambda: F.gelu(x))

    def cross_entropy(rows, columns):
        x, targets = torch.randn(rows, columns), torch.arange(rows) % columns
        return both_ways([x], lambda: F.cross_entropy(x, targets))

    def embedding(count, rows, columns):
        table, read = torch.randn(rows, columns), torch.arange(count) * 7919 % rows
        return both_ways([table], lambda: F.embedding(read, table))

    def trained(n):
        params = [torch.ones(n // 20, requires_grad=True) for _ in range(20)]
        for p in params:
            p.grad = torch.full_like(p, 0.5)
        return params, torch.optim.AdamW(params, lr=1e-3, fused=fused)

    def adamw(n):
        return trained(n)[1].step

    def clipped_adamw(n):
        params, optimizer = trained(n)
        return lambda: (torch.nn.utils.clip_grad_norm_(params, 1.0), optimizer.step())

    def sort(n):
        x = torch.randn(n)
        return lambda: torch.sort(x)

    def topk(n, k):
        x = torch.randn(n)
        return lambda: torch.topk(x, k)

    def add(n):
        a, b = torch.randn(n), torch.randn(n)
        return lambda: a + b

    cases = {name: make for name, make in locals().items() if callable(make) and name not in ("both_ways", "gradient_of", "trained")}
    cases["convolution_input_gradient"] = gradient_of([True, False, False])
    cases["convolution_weight_gradient"] = gradient_of([False, True, False])
    return cases


def cases_of(library):
    makers = {"openblas": numpy_cases, "onednn": onednn_cases, "torch": torch_cases}
    return torch_cases(fused=True) if library == "torch_fused" else makers[library]()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", choices=("torch", "torch_fused", "onednn", "openblas"))
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = str(arguments.threads)  # read when NumPy is loaded
    cases = cases_of(arguments.library)
    if arguments.library != "openblas":
        import torch

        torch.set_num_threads(arguments.threads)
        torch.manual_seed(1)
    rounds = None
    for line in sys.stdin:
        match line.split():
            case ["case", name, *numbers]:
                rounds = Rounds(cases[name](*map(int, numbers)))
                print("ready", flush=True)
            case _:
                print(f"{rounds.milliseconds():.7f}", flush=True)


if __name__ == "__main__":
    main()
