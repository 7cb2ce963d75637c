"""The PyTorch twin of TinyVit is frozen: golden files were made by it."""

import hashlib
import pathlib

TWIN = pathlib.Path(__file__).parents[2] / "examples" / "pytorch" / "tinyvit_mnist_pytorch.py"


def test_the_twin_is_as_it_was():
    assert hashlib.sha256(TWIN.read_bytes()).hexdigest() == "e538023b48fe2b15ad519489da101564082d97ac20d6440c836a552a39367b8a"
