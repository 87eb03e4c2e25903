"""What a case of an op is, how to build and run it. The tables: cases.py, cases_shaped.py, cases_moving.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnstack import _core as core

Array = np.ndarray[Any, Any]
FLOATS = ("float32", "float64")


@dataclass(frozen=True)
class Case:
    """One op on given arrays. `reference` gets the arrays, floating ones in float64, and the attributes."""

    op: str
    inputs: Sequence[Array]
    reference: Callable[..., Array]
    attributes: dict[str, Any] = field(default_factory=dict)
    constants: tuple[int, ...] = ()  # inputs that are part of the graph: shapes
    known: tuple[int, ...] = ()  # inputs whose shape the op must know
    gradient: bool = False  # compare with finite differences
    tolerance: float = 2e-6  # relative, float32; float64 uses 1e-12
    output: int = 0  # which result of the op it is about

    def __str__(self) -> str:
        arrays = ", ".join(f"{a.dtype}{a.shape}" for a in self.inputs)
        return f"{self.op}({arrays}) {self.attributes}"

    def expected(self, *changed: Array) -> Array:
        arrays = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in (changed or self.inputs)]
        with np.errstate(all="ignore"):
            return np.asarray(self.reference(*arrays, **self.attributes))

    def build(self, unknown: bool = False) -> Built:
        """Placeholders of the known shapes, or with every dimension unknown."""
        values = []
        for i, array in enumerate(self.inputs):
            if i in self.constants:
                values.append(core.constant(array))
            else:
                shape = (None,) * array.ndim if unknown and i not in self.known else array.shape
                values.append(core.placeholder(shape, str(array.dtype), f"input_{i}"))
        free = [i for i in range(len(values)) if i not in self.constants]
        return Built(
            [values[i] for i in free],
            core.emit(self.op, values, self.attributes)[self.output],
            [self.inputs[i] for i in free],
            [values[i] for i in free if self.inputs[i].dtype.kind == "f"],
        )


@dataclass(frozen=True)
class Built:
    placeholders: list[core.Value]
    output: core.Value
    arrays: list[Array]
    differentiable: list[core.Value]  # the floating placeholders

    def interpret(self, outputs: Sequence[core.Value], arrays: Sequence[Array] | None = None) -> list[Array]:
        return core.interpret(self.placeholders, outputs, self.arrays if arrays is None else arrays)

    def compile(self, outputs: Sequence[core.Value], **options: Any) -> core.Program:
        return core.Program(self.placeholders, outputs, **options)

    def gradients(self, weights: Array) -> list[core.Value | None]:
        return core.gradients([self.output], self.differentiable, [core.constant(weights)])


def random(shape: Sequence[int], low: float, high: float, dtype: str = "float64", seed: int = 1) -> Array:
    """Uniform numbers that are equal in float32 and float64, so that both types see the same case."""
    numbers = np.random.default_rng([seed, *shape]).uniform(low, high, tuple(shape))
    return numbers.astype(np.float32).astype(dtype)


def distinct(shape: Sequence[int], dtype: str, seed: int = 1) -> Array:
    """Far enough from each other for finite differences through a maximum; every type can hold them."""
    if dtype == "bool":
        return random(shape, -1, 1, seed=seed) > 0
    return random(shape, 0 if dtype.startswith("u") else -9, 9, dtype, seed)


def vector(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def numeric_gradient(
    function: Callable[[list[Array]], float], arrays: Sequence[Array], which: int, step: float = 1e-5
) -> Array:
    """Central differences of a scalar function in one of its float64 arguments."""
    arrays = [np.array(a) for a in arrays]
    result = np.zeros(arrays[which].shape)
    for index in np.ndindex(result.shape):
        kept = arrays[which][index]
        arrays[which][index] = kept + step
        above = function(arrays)
        arrays[which][index] = kept - step
        below = function(arrays)
        arrays[which][index] = kept
        result[index] = (above - below) / (2 * step)
    return result
