"""A training step of micrograd's moons demo: micrograd from PyPI against bench_scalar_moons, on the same numbers.

    python bench/scalar_moons.py PATH/TO/bench_scalar_moons [--rounds 5] [--steps 4]

Rounds alternate between the two; of each the median counts. A step of micrograd is long enough to be interrupted, so
its time is CPU time. Both start from the same samples and parameters, and must arrive at the same loss.
"""

import argparse
import statistics
import subprocess
import sys
import time

try:
    from micrograd.engine import Value
    from micrograd.nn import MLP
except ImportError:
    sys.exit("needs micrograd: pip install micrograd")


def read_problem(program):
    """The samples, and a micrograd network with the parameters that the program starts from."""
    lines = subprocess.run([program, "--problem"], check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [line.split() for line in lines]
    samples = [(float(x), float(y), int(label)) for kind, x, y, label in (r for r in rows if r[0] == "sample")]
    network = MLP(2, [16, 16, 1])
    values = [float(r[1]) for r in rows if r[0] == "parameter"]
    for parameter, value in zip(network.parameters(), values, strict=True):
        parameter.data = value
    return samples, network


def train_one_step(samples, network, learning_rate):
    """What micrograd's demo notebook does in a step."""
    inputs = [[Value(x), Value(y)] for x, y, _ in samples]
    scores = [network(point) for point in inputs]
    losses = [(1 + -label * score).relu() for (_, _, label), score in zip(samples, scores)]
    loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in network.parameters())
    network.zero_grad()
    loss.backward()
    for p in network.parameters():
        p.data -= learning_rate * p.grad
    return loss.data


def time_micrograd(program, steps):
    samples, network = read_problem(program)
    milliseconds = []
    for i in range(steps):
        start = time.process_time()
        loss = train_one_step(samples, network, 1 - 0.9 * i / 100)
        milliseconds.append(1000 * (time.process_time() - start))
    return milliseconds, loss


def time_rushlight(program, steps):
    words = subprocess.run([program, str(steps)], check=True, capture_output=True, text=True).stdout.split()
    return float(words[0]), float(words[3])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4, help="steps of micrograd in a round")
    args = parser.parse_args()

    theirs, ours = [], []
    for _ in range(args.rounds):
        milliseconds, their_loss = time_micrograd(args.program, args.steps)
        theirs += milliseconds
        ours.append(time_rushlight(args.program, 100)[0])
    our_loss = time_rushlight(args.program, args.steps)[1]
    if abs(our_loss - their_loss) > 1e-9 * abs(their_loss):
        sys.exit(f"the losses differ: {our_loss} and micrograd's {their_loss}")

    their_time, our_time = statistics.median(theirs), statistics.median(ours)
    print(f"micrograd  {their_time:9.2f} ms/step   loss {their_loss:.9f} after {args.steps} steps")
    print(f"rushlight  {our_time:9.4f} ms/step   loss {our_loss:.9f}")
    print(f"ratio      {their_time / our_time:9.0f}")


if __name__ == "__main__":
    main()
