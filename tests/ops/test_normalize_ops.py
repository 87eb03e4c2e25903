"""normalize and its gradient: against numpy, finite differences and the interpreter, by row and by column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from case import Array, numeric_gradient, random

from nnstack import _core as core

SHAPES = [((4, 3), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((5, 1), 1), ((1, 5), 1), ((3, 2, 2, 3), 1), ((7,), 1)]
FORMS = [
    (shape, own, by_column) for shape, own in SHAPES for by_column in (False, True) if own < len(shape) or not by_column
]


def by_hand(x: Array, gamma: Array, beta: Array, by_column: bool, epsilon: float = 1e-3) -> list[Array]:
    """y, mean, variance."""
    others = x.ndim - gamma.ndim
    axes = tuple(range(others)) if by_column else tuple(range(others, x.ndim))
    mean = x.mean(axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axes, keepdims=True)
    y = (x - mean) / np.sqrt(variance + epsilon) * gamma + beta
    return [y, mean.squeeze(axes), variance.squeeze(axes)]


def arrays_for(shape: tuple[int, ...], own: int, dtype: str = "float64") -> list[Array]:
    narrow = shape[len(shape) - own :]
    return [random(s, -1, 1, dtype, seed) for seed, s in enumerate((shape, narrow, narrow))]


def build(arrays: list[Array], by_column: bool) -> tuple[list[core.Value], list[core.Value]]:
    x, gamma, beta = arrays
    sizes = (None,) * (x.ndim - gamma.ndim) + gamma.shape
    inputs = [core.placeholder(s, str(x.dtype)) for s in (sizes, gamma.shape, beta.shape)]
    return inputs, core.emit("normalize", inputs, {"by_column": by_column, "epsilon": 1e-3})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "own", "by_column"), FORMS, ids=str)
def test_forward_is_the_formula(shape: tuple[int, ...], own: int, by_column: bool, dtype: str) -> None:
    arrays = arrays_for(shape, own, dtype)
    inputs, outputs = build(arrays, by_column)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    wanted = by_hand(*(a.astype("float64") for a in arrays), by_column)
    for mine, other in zip(core.Program(inputs, outputs).run(arrays), wanted, strict=True):
        assert mine.shape == other.shape
        assert mine.dtype == dtype
        np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("statistics", [False, True], ids=["of y", "of y, mean and variance"])
@pytest.mark.parametrize(("shape", "own", "by_column"), FORMS, ids=str)
def test_first_and_second_derivatives_are_slopes(
    shape: tuple[int, ...], own: int, by_column: bool, statistics: bool
) -> None:
    arrays = arrays_for(shape, own)
    inputs, outputs = build(arrays, by_column)
    count = 3 if statistics else 1
    weights = [random(y.shape, -1, 1, seed=20 + k) for k, y in enumerate(by_hand(*arrays, by_column)[:count])]
    directions = [random(a.shape, -1, 1, seed=30 + k) for k, a in enumerate(arrays)]
    first = core.gradients(outputs[:count], inputs, [core.constant(w) for w in weights])
    second = core.gradients(first, inputs, [core.constant(d) for d in directions])
    asked = [*first, *(s for s in second if s is not None)]
    program = core.Program(inputs, asked)
    found = program.run(arrays)
    for mine, other in zip(found, core.interpret(inputs, asked, arrays), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-12)

    def value(at: list[Array]) -> float:
        return sum(float((y * w).sum()) for y, w in zip(by_hand(*at, by_column), weights, strict=False))

    def slope(at: list[Array]) -> float:
        return sum(float((g * d).sum()) for g, d in zip(program.run(at), directions, strict=False))

    seconds = iter(found[3:])
    for which in range(3):
        np.testing.assert_allclose(found[which], numeric_gradient(value, arrays, which), rtol=1e-5, atol=1e-7)
        if second[which] is not None:
            np.testing.assert_allclose(next(seconds), numeric_gradient(slope, arrays, which), rtol=1e-4, atol=1e-6)
        else:
            np.testing.assert_allclose(numeric_gradient(slope, arrays, which), 0, atol=1e-6)


def test_one_kernel_each_way() -> None:
    arrays = arrays_for((40, 8), 1, "float32")
    inputs, outputs = build(arrays, True)
    program = core.Program(inputs, [outputs[0], *core.gradients(outputs[:1], inputs)])
    program.run(arrays)
    kernels = [line.split(": ", 1)[1].split(" ", 1)[0] for line in program.explain().splitlines()[1:]]
    assert [k for k in kernels if k not in ("fill", "copy")] == ["normalize", "normalize_gradient"]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((4, 3), (2,), (2,)), "gamma must have the known sizes of the input's last axes"),
        (((4, 3), (3,), (2,)), "beta must be as gamma"),
        (((3,), (4, 3), (4, 3)), "gamma has more axes than the input"),
    ],
)
def test_wrong_arguments_are_named(shapes: tuple[tuple[int, ...], ...], message: str) -> None:
    inputs: list[Any] = [core.placeholder(s, "float32") for s in shapes]
    with pytest.raises(ValueError, match=message):
        core.emit("normalize", inputs, {})
    with pytest.raises(ValueError, match="needs float32 or float64, got int32"):
        core.emit("normalize", [core.placeholder((2, 3), "int32")] * 3, {})
