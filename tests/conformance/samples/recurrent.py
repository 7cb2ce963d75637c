"""Recurrent nets: single steps and whole sequences."""

import torch

from call import FLOATING, Call
from judge import UNIT
from registry import Bad, errors_of, samples_of
from samples.wrong import f32

CELLS = {"lstm_cell": 4, "gru_cell": 3, "rnn_tanh_cell": 1, "rnn_relu_cell": 1}  # how many gates
NETS = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
ROUGH = {"dtypes": FLOATING, "units": 1024}
ROUNDINGS = 8  # of one sum's terms


def _steps(h, inputs, weights):
    """What each step of one direction gives to relu, and the same of sizes; what comes out."""
    w_ih, w_hh, *biases = weights
    sums, sizes, states = [], [], []
    for x in inputs:
        sums.append(x @ w_ih.T + h @ w_hh.T + sum(biases))
        sizes.append(x.abs() @ w_ih.abs().T + h.abs() @ w_hh.abs().T + sum(b.abs() for b in biases))
        h = sums[-1].relu()
        states.append(h)
    return sums, sizes, states


def _is_bent(sums, sizes, dtype):
    """Whether one of the sums may have the wrong sign."""
    return any(bool((s.abs() <= ROUNDINGS * UNIT[dtype] * size).any()) for s, size in zip(sums, sizes))


def _wide(array):
    return array.value.double()


def _bent_cell(call):
    a = call.arguments
    weights = [_wide(a[name]) for name in ("w_ih", "w_hh", "b_ih", "b_hh") if a.get(name) is not None]
    sums, sizes, _ = _steps(_wide(a["hx"]), [_wide(a["input"])], weights)
    return _is_bent(sums, sizes, a["input"].dtype)


def _bent_net(call):
    a = call.arguments
    x = _wide(a["input"])
    inputs = list(x.transpose(0, 1) if a["batch_first"] else x)
    each, directions = 4 if a["has_biases"] else 2, 2 if a["bidirectional"] else 1
    params, bent = [_wide(p) for p in a["params"]], False
    for layer in range(a["num_layers"]):
        ways = []
        for row in range(layer * directions, (layer + 1) * directions):
            order = slice(None, None, -1 if row % directions else 1)
            sums, sizes, states = _steps(_wide(a["hx"])[row], inputs[order], params[row * each : (row + 1) * each])
            bent |= _is_bent(sums, sizes, a["input"].dtype)
            ways.append(states[order])
        inputs = [torch.cat(states, -1) for states in zip(*ways)]
    return bent


def _size(draw):
    return min(draw.size(1), 4)


def _cell(op, gates):
    @samples_of(op, judge=getattr(torch, op), bent=_bent_cell if "relu" in op else None, **ROUGH)
    def _(draw):
        batch, features, hidden = _size(draw), _size(draw), _size(draw)
        state = lambda: draw.tensor([batch, hidden])
        weight = lambda *shape: draw.tensor([gates * hidden, *shape], low=-1, high=1)
        call = Call(
            input=draw.tensor([batch, features]),
            hx=[state(), state()] if op == "lstm_cell" else state(),
            w_ih=weight(features),
            w_hh=weight(hidden),
        )
        if draw.chance(0.7):
            call.arguments |= {"b_ih": weight(), "b_hh": weight()}
        return call


def _judge(op):
    if op != "lstm":
        return getattr(torch, op)
    return lambda input, h_0, c_0, params, **options: torch.lstm(input, (h_0, c_0), params, **options)


def _net(op, gates):
    @samples_of(op, judge=_judge(op), bent=_bent_net if "relu" in op else None, **ROUGH)
    def _(draw):
        features, hidden, length, batch = _size(draw), _size(draw), _size(draw), _size(draw)
        layers, directions, biases = draw.integer(1, 2), draw.integer(1, 2), draw.boolean()
        if draw.dtype in ("float16", "bfloat16"):  # each step and layer rounds once more: few of them
            length, layers = min(length, 2), 1
        weight = lambda *shape: draw.tensor([gates * hidden, *shape], low=-1, high=1)
        params = []
        for layer in range(layers):
            width = hidden * directions if layer else features
            for _ in range(directions):
                params += [weight(width), weight(hidden)] + ([weight(), weight()] if biases else [])
        batch_first, train = draw.boolean(), draw.boolean()
        drops = train and "relu" not in op and draw.boolean()  # all of it: nothing is left to chance
        state = lambda: draw.tensor([layers * directions, batch, hidden])
        states = {"h_0": state(), "c_0": state()} if op == "lstm" else {"hx": state()}
        return Call(
            input=draw.tensor([batch, length, features] if batch_first else [length, batch, features]),
            **states,
            params=params,
            has_biases=biases,
            num_layers=layers,
            dropout=1.0 if drops else 0.0,
            train=train,
            bidirectional=directions == 2,
            batch_first=batch_first,
        )


for _op, _gates in CELLS.items():
    _cell(_op, _gates)
for _op, _gates in NETS.items():
    _net(_op, _gates)


# -- wrong calls ------------------------------------------------------------------------------------------------------


def _cell_errors(op, gates):
    @errors_of(op)
    def _():
        def call(**changed):
            state = changed.pop("state", (5, 2))
            hx = [f32(*state), f32(5, 2)] if op == "lstm_cell" else f32(*state)
            usual = {"input": f32(5, 3), "hx": hx, "w_ih": f32(gates * 2, 3), "w_hh": f32(gates * 2, 2)}
            return Call(**{**usual, **changed})

        yield Bad("input's rank", call(input=f32(3)), (op, "input", "(3,)"))
        yield Bad("state's rank", call(state=(2,)), (op, "hx", "(2,)"))
        yield Bad("batches", call(state=(4, 2)), (op, "hx", "(5, 2)", "(4, 2)"))
        yield Bad("w_ih", call(w_ih=f32(gates * 2, 4)), (op, "w_ih", f"({gates * 2}, 3)"))
        yield Bad("w_hh", call(w_hh=f32(gates * 2, 3)), (op, "w_hh", f"({gates * 2}, 2)"))
        yield Bad("b_ih", call(b_ih=f32(7)), (op, "b_ih", "(7,)"))
        if op == "lstm_cell":
            yield Bad("one state", call(hx=[f32(5, 2)]), (op, "hx", "1"))


def _net_errors(op, gates):
    @errors_of(op)
    def _():
        def call(**changed):
            state = changed.pop("state", (1, 5, 2))
            states = {"h_0": f32(*state), "c_0": f32(*state)} if op == "lstm" else {"hx": f32(*state)}
            usual = {"input": f32(4, 5, 3), **states, "params": [f32(gates * 2, 3), f32(gates * 2, 2)]}
            options = {"has_biases": False, "num_layers": 1, "dropout": 0.0, "train": False}
            return Call(**{**usual, **options, "bidirectional": False, "batch_first": False, **changed})

        yield Bad("input's rank", call(input=f32(4, 3)), (op, "input", "(4, 3)"))
        yield Bad("state's rank", call(state=(5, 2)), (op, "hx", "(5, 2)"))
        yield Bad("batches", call(state=(1, 4, 2)), (op, "hx", "(1, 5, 2)", "(1, 4, 2)"))
        yield Bad("too few params", call(has_biases=True), (op, "params", "4", "2"))
        yield Bad("no layers", call(num_layers=0), (op, "num_layers", "0"))
        yield Bad("w_ih", call(input=f32(4, 5, 6)), (op, "w_ih", f"({gates * 2}, 6)"))
        yield Bad("empty sequence", call(input=f32(0, 5, 3)), (op, "empty"))


for _op, _gates in CELLS.items():
    _cell_errors(_op, _gates)
for _op, _gates in NETS.items():
    _net_errors(_op, _gates)
