"""Epochs of training in plain PyTorch, from the files to the weights: the twin of bench/epochs.cpp.

    python bench/rivals/epochs.py mlp|tinyvit|cnn eager|compile [--threads N]

The images lie in memory as bytes, and a batch is made at once by indexing, which is far quicker than the data loader of
PyTorch that fetches them one by one.
"""

import argparse
import gzip
import os
import pathlib

import numpy
import torch
from serving import serve
from torch import nn

MEAN, DEVIATION = [torch.tensor(values).view(3, 1, 1) for values in ([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616])]


def data_folder(name):
    return pathlib.Path(os.environ["RUSHLIGHT_DATA"]) / name


def digits(count):
    folder = data_folder("mnist")
    images = numpy.frombuffer(gzip.open(folder / "train-images-idx3-ubyte.gz").read(), numpy.uint8, offset=16)
    labels = numpy.frombuffer(gzip.open(folder / "train-labels-idx1-ubyte.gz").read(), numpy.uint8, offset=8)
    return torch.tensor(images).view(-1, 1, 28, 28)[:count], torch.tensor(labels).long()[:count]


def pictures(count):
    files = [data_folder("cifar10") / f"data_batch_{i}.bin" for i in range(1, 6)]
    records = torch.tensor(numpy.concatenate([numpy.fromfile(file, numpy.uint8) for file in files])).view(-1, 3073)[:count]
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].long()


def plain(images):
    return (images.float() / 255 - 0.1307) / 0.3081


def augmented(images):
    """Crops of 32 out of 40 pixels, and flips: a corner and a side for each image."""
    count = len(images)
    padded = nn.functional.pad(images, (4, 4, 4, 4))
    window = torch.arange(32)
    rows = torch.randint(0, 9, (count, 1)) + window
    columns = torch.randint(0, 9, (count, 1)) + window
    columns = torch.where(torch.rand(count, 1) < 0.5, columns.flip(1), columns)
    cut = padded[torch.arange(count)[:, None, None], :, rows[:, :, None], columns[:, None, :]]  # channels come last
    return (cut.permute(0, 3, 1, 2).float() / 255 - MEAN.float()) / DEVIATION


def adamw(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True, fused=True)


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def tinyvit():
    import tinyvit

    return tinyvit.TinyVit()


def cnn():
    import cnn

    return cnn.Cnn().to(memory_format=torch.channels_last)


# Name -> data, model, optimizer, batch, what makes numbers of bytes
EPOCHS = {
    "mlp": (lambda: digits(60_000), mlp, adamw, 64, plain),
    "tinyvit": (lambda: digits(2_000), tinyvit, adamw, 32, plain),
    "cnn": (lambda: pictures(5_000), cnn, sgd, 128, augmented),
}


def epoch_of(name, compiled):
    """A function that trains one epoch and returns its mean loss and its accuracy."""
    load, make, make_optimizer, batch, prepare = EPOCHS[name]
    (images, labels), model = load(), make()
    optimizer = make_optimizer(model)
    forward = torch.compile(model, dynamic=False) if compiled else model

    def epoch():
        loss_sum, right = 0.0, 0
        for indices in torch.randperm(len(images)).split(batch):
            if compiled and len(indices) < batch:
                continue  # another shape would be compiled anew; the last batch is left to the rivals
            inputs, targets = prepare(images[indices]), labels[indices]
            scores = forward(inputs.contiguous(memory_format=torch.channels_last) if name == "cnn" else inputs)
            loss = nn.functional.cross_entropy(scores, targets)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            loss_sum += loss.item() * len(indices)
            right += (scores.argmax(1) == targets).sum().item()
        return loss_sum / len(images), right / len(images)

    return epoch


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=EPOCHS)
    parser.add_argument("how", choices=("eager", "compile"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--figures", type=int, default=0, help="print loss and accuracy of the first epochs instead")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    epoch = epoch_of(arguments.name, arguments.how == "compile")
    for _ in range(arguments.figures):
        print("loss %.4f accuracy %.4f" % epoch(), flush=True)
    if arguments.figures:
        return
    serve(epoch)


if __name__ == "__main__":
    main()
