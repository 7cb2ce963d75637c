"""Writes tests/models/tinyvit.safetensors: what examples/pytorch/tinyvit_mnist_pytorch.py computes. Needs PyTorch and MNIST.

    ./dev python tools/golden_tinyvit.py

The weights it starts from, the numbers of the 32 test images it is looked at with (X_ref; their pixels stay out), logits
and gradients of these before training, the order of the first epoch's images, and the logits after that epoch, with SGD
and with AdamW. Of the first two images also what comes out of the patch embedding and of the block. And a toy: attention
with a single head.
"""
import pathlib
import sys

import torch
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "examples/pytorch"))
import tinyvit_mnist_pytorch as twin  # noqa: E402

TARGET = ROOT / "tests/models/tinyvit.safetensors"
REFERENCE = 32


def logits_of(model, images):
    with torch.no_grad():
        return model.eval()(images)


def toy():
    """Attention with one head over a short sequence: weights, input, output, gradients."""
    attention = torch.nn.MultiheadAttention(6, 1, batch_first=True)
    x = torch.randn(2, 5, 6, requires_grad=True)
    y = attention(x, x, x, need_weights=False)[0]
    y.square().sum().backward()
    golden = {"toy.x": x.detach(), "toy.y": y.detach(), "toy.grad.x": x.grad}
    for name, parameter in attention.named_parameters():
        golden |= {f"toy.weight.{name}": parameter.detach(), f"toy.grad.{name}": parameter.grad}
    return golden


@torch.no_grad()
def inside(model, images):
    words = model.patch_embed(images)
    return {"patches": words, "block": model.blocks[0](words + model.pos_embed)}


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    test_images, test_labels = twin.mnist("test", twin.TEST)
    which = torch.randperm(twin.TEST)[:REFERENCE]
    x_ref, y_ref = test_images[which], test_labels[which]
    model = twin.TinyViT()
    start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    golden = {f"weight.{name}": tensor for name, tensor in start.items()}
    golden |= toy() | inside(model, x_ref[:2])
    golden |= {"x_ref": which, "y_ref": y_ref, "logits": logits_of(model, x_ref)}

    loss = torch.nn.functional.cross_entropy(model.train()(x_ref), y_ref)
    loss.backward()
    golden["loss"] = loss.detach()
    golden |= {f"grad.{name}": parameter.grad.clone() for name, parameter in model.named_parameters()}

    images, labels = twin.mnist("train", twin.TRAIN)
    golden["order"] = torch.randperm(twin.TRAIN).to(torch.int16)
    for kind in ("sgd", "adamw"):
        model.load_state_dict(start)
        optimizer = twin.make_optimizer(model, kind)
        loss = twin.train_epoch(model, optimizer, images, labels, golden["order"].long())
        golden[f"{kind}.loss"] = torch.tensor(loss)
        golden[f"{kind}.logits"] = logits_of(model, x_ref)
        golden[f"{kind}.accuracy"] = torch.tensor(twin.accuracy(model, test_images, test_labels))
    golden["second_order"] = torch.randperm(twin.TRAIN).to(torch.int16)
    loss = twin.train_epoch(model, optimizer, images, labels, golden["second_order"].long())  # still by AdamW
    golden["adamw.second_loss"] = torch.tensor(loss)
    golden["adamw.second_accuracy"] = torch.tensor(twin.accuracy(model, test_images, test_labels))
    save_file({name: tensor.contiguous() for name, tensor in golden.items()}, TARGET)
    print(f"{len(golden)} tensors, {TARGET.stat().st_size} bytes in {TARGET}")


if __name__ == "__main__":
    main()
