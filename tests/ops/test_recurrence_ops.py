"""recurrence and its gradient: against plain loops, finite differences and the interpreter, in every form."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from case import Array, numeric_gradient, random

from nnstack import _core as core

GATES = {"simple": 1, "gru": 3, "lstm": 4}
FORMS = [
    dict(zip(("reverse", "time_major", "masked"), f, strict=True)) for f in itertools.product((False, True), repeat=3)
]
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "hard_sigmoid": lambda x: np.clip(x / 5 + 0.5, 0, 1),
}


def arrays_for(
    cell: str, steps: int, batch: int, units: int, form: dict[str, Any], dtype: str = "float64"
) -> list[Array]:
    front = (steps, batch) if form["time_major"] else (batch, steps)
    width = GATES[cell] * units
    shapes: list[tuple[int, ...]] = [(*front, width), (units, width)]
    shapes += [(width,)] if cell == "gru" else []
    shapes += [(batch, units)] * (2 if cell == "lstm" else 1)
    arrays = [random(shape, -1, 1, dtype, i) for i, shape in enumerate(shapes)]
    return [*arrays, random(front, -1, 1.5) > 0] if form["masked"] else arrays


def by_hand(cell: str, arrays: list[Array], form: dict[str, Any]) -> list[Array]:
    """h after each step, last h, and of an LSTM last c."""
    gate, activation = (
        ACTIVATIONS[form.get(k, d)] for k, d in (("recurrent_activation", "sigmoid"), ("activation", "tanh"))
    )
    x, kernel, *rest = (a.astype("float64") if a.dtype.kind == "f" else a for a in arrays)
    mask = rest.pop() if form["masked"] else None
    bias = rest.pop(0) if cell == "gru" else 0.0
    h, c = rest[0], rest[-1]
    along = x if form["time_major"] else x.swapaxes(0, 1)
    on = None if mask is None else mask if form["time_major"] else mask.T
    states = np.zeros((*along.shape[:2], h.shape[1]))
    for t in range(len(along))[:: -1 if form["reverse"] else 1]:
        parts = np.split(along[t], GATES[cell], -1)
        own = np.split(h @ kernel + bias, GATES[cell], -1)
        new_c = c
        if cell == "simple":
            new = activation(parts[0] + own[0])
        elif cell == "gru":
            z, r = gate(parts[0] + own[0]), gate(parts[1] + own[1])
            new = z * h + (1 - z) * activation(parts[2] + r * own[2])
        else:
            i, f, o = (gate(parts[k] + own[k]) for k in (0, 1, 3))
            new_c = f * c + i * activation(parts[2] + own[2])
            new = o * activation(new_c)
        if on is not None:
            new, new_c = np.where(on[t][:, None], new, h), np.where(on[t][:, None], new_c, c)
        h, c = new, new_c
        states[t] = h
    outputs = [states if form["time_major"] else states.swapaxes(0, 1), h]
    return [*outputs, c] if cell == "lstm" else outputs


def build(cell: str, arrays: list[Array], form: dict[str, Any]) -> tuple[list[core.Value], list[core.Value]]:
    inputs = [core.placeholder(a.shape if i == 1 else (None,) * a.ndim, str(a.dtype)) for i, a in enumerate(arrays)]
    outputs = core.emit("recurrence", inputs, {"cell": cell, **form})
    return inputs, [outputs[k] for k in ((0, 1, 4) if cell == "lstm" else (0, 1))]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", GATES)
def test_forward_is_what_the_loop_says(cell: str, dtype: str) -> None:
    for sizes, form in itertools.product(((0, 2, 3), (1, 1, 1), (5, 3, 17), (4, 1, 33), (3, 35, 16), (2, 0, 4)), FORMS):
        arrays = arrays_for(cell, *sizes, form, dtype)
        inputs, outputs = build(cell, arrays, form)
        found = core.Program(inputs, outputs).run(arrays)
        for mine, wanted in zip(found, by_hand(cell, arrays, form), strict=True):
            assert mine.shape == wanted.shape
            tolerance = 1e-5 if dtype == "float32" else 1e-12
            np.testing.assert_allclose(mine, wanted, rtol=tolerance, atol=tolerance, err_msg=f"{sizes} {form}")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("cell", GATES)
def test_every_activation_and_its_slope(cell: str, activation: str) -> None:
    form = {**FORMS[0], "activation": activation, "recurrent_activation": "hard_sigmoid"}
    arrays = arrays_for(cell, 3, 2, 3, form)
    inputs, outputs = build(cell, arrays, form)
    slopes = core.gradients([outputs[0]], inputs)
    program = core.Program(inputs, [outputs[0], *slopes])
    found = program.run(arrays)
    np.testing.assert_allclose(found[0], by_hand(cell, arrays, form)[0], rtol=1e-12, atol=1e-12)
    for which in range(len(arrays)):
        slope = numeric_gradient(lambda at: float(by_hand(cell, at, form)[0].sum()), arrays, which)
        np.testing.assert_allclose(found[1 + which], slope, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("cell", GATES)
def test_first_and_second_derivatives_are_slopes(cell: str, form: dict[str, Any]) -> None:
    arrays = arrays_for(cell, 3, 2, 2, form)
    inputs, outputs = build(cell, arrays, form)
    floats = [x for x in inputs if x.dtype != "bool"]
    wanted = by_hand(cell, arrays, form)
    weights = [random(y.shape, -1, 1, seed=20 + k) for k, y in enumerate(wanted)]
    directions = [random(a.shape, -1, 1, seed=30 + k) for k, a in enumerate(arrays[: len(floats)])]
    first = core.gradients(outputs, floats, [core.constant(w) for w in weights])
    second = core.gradients(first, floats, [core.constant(d) for d in directions])
    program = core.Program(inputs, [*first, *second])
    found = program.run(arrays)
    for mine, other in zip(found, core.interpret(inputs, [*first, *second], arrays), strict=True):
        np.testing.assert_array_equal(mine, other)

    def value(at: list[Array]) -> float:
        return sum(float((y * w).sum()) for y, w in zip(by_hand(cell, at, form), weights, strict=True))

    def slope(at: list[Array]) -> float:
        return sum(float((g * d).sum()) for g, d in zip(program.run(at), directions, strict=False))

    for which in range(len(floats)):
        np.testing.assert_allclose(found[which], numeric_gradient(value, arrays, which), rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(
            found[len(floats) + which], numeric_gradient(slope, arrays, which), rtol=1e-5, atol=1e-7
        )


@pytest.mark.parametrize("cell", GATES)
def test_a_row_does_not_depend_on_the_others(cell: str) -> None:
    form = FORMS[0]
    arrays = arrays_for(cell, 4, 37, 20, form, "float32")
    inputs, outputs = build(cell, arrays, form)
    program = core.Program(inputs, [outputs[0]])
    whole = program.run(arrays)[0]
    batched = [a.shape[0] == 37 and i != 1 for i, a in enumerate(arrays)]
    part = program.run([a[5:21] if b else a for a, b in zip(arrays, batched, strict=True)])[0]
    np.testing.assert_array_equal(whole[5:21], part)


def test_wrong_arguments_are_named() -> None:
    x, u, h = (core.placeholder(s, "float32") for s in ((None, None, 8), (2, 8), (None, 2)))
    with pytest.raises(ValueError, match=r"recurrence: the recurrent kernel must be \(units, 4 \* units\)"):
        core.emit("recurrence", [x, core.placeholder((2, 6), "float32"), h, h])
    with pytest.raises(ValueError, match="expected 4 inputs, got 3"):
        core.emit("recurrence", [x, u, h])
    with pytest.raises(ValueError, match=r"the first memory: expected float32\(None, 2\), got float32\(None, 3\)"):
        core.emit("recurrence", [x, u, h, core.placeholder((None, 3), "float32")])
    with pytest.raises(ValueError, match='unknown activation "elu"'):
        core.emit("recurrence", [x, u, h, h], {"activation": "elu"})
