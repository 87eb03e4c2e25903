"""Random numbers: the global seed stream, states that live in variables, and the random functions.

A draw is a pure function of (seed, counter, stream): the state's variable holds seed and counter, every call with one
state in one step has its own stream number. Programs advance the counter by one per run, the eager scope when it
closes, so eager and compiled runs draw the same numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.backend.config import floatx, get_uid
from nnstack.backend.math import cos, log, select
from nnstack.backend.tensor import INTEGERS, Tensor, TensorLike, convert, emit, shape_vector, unary
from nnstack.backend.variable import EagerScope, Variable, current_scope, steps_of_loops

_STEPS_APART = 6364136223846793005  # Knuth's multiplier: seeds of steps, and of steps within steps, do not meet

_stream: dict[str, np.random.Generator | None] = {"generator": None}


def seed_stream(seed: int | None) -> None:
    """Starts the global stream of seeds; None: from the operating system's entropy."""
    _stream["generator"] = np.random.default_rng(seed)


def next_seed() -> int:
    """The next seed of the global stream, a non-negative int64."""
    if _stream["generator"] is None:
        seed_stream(None)
    generator = _stream["generator"]
    assert generator is not None
    return int(generator.integers(0, 2**63 - 1))


class RandomState:
    """Seed and counter in a variable: what a random layer owns.

    seed: None takes the next one of the global stream, so that models built in the same order after the same
    `utils.set_random_seed` draw the same numbers.

    >>> state = RandomState("dropout/state", seed=7)
    >>> eval(state.uniform((2,))).shape
    (2,)
    """

    def __init__(self, name: str | None = None, seed: int | None = None) -> None:
        start = next_seed() if seed is None else int(seed)
        self.variable = Variable(
            np.array([start, 0], np.int64),
            "int64",
            name or f"random_state_{get_uid('random_state')}",
            trainable=False,
            random_state=True,
        )
        self._outside = 0  # draws in graphs built outside any trace

    def next_stream(self) -> int:
        """Number of the next draw of this state within the trace or eager scope that is open, else within its life."""
        scope = current_scope()
        if scope is None or scope.draws is None:
            number = self._outside
            self._outside += 1
            return number
        number = scope.draws.get(id(self), (self, 0))[1]
        scope.draws[id(self)] = (self, number + 1)
        return number

    def uniform(self, shape: Any, dtype: str | None = None) -> Tensor:
        """Floats in [0, 1)."""
        wanted = dtype or floatx()
        if wanted == "float16":  # multiples of its spacing below 1: none is rounded up to 1
            return convert(unary("floor", self.uniform(shape, "float32") * 2048.0) / 2048.0, wanted)
        stream = self.next_stream()
        return emit("random_uniform", self._read(), shape_vector(shape), dtype=wanted, stream=stream)

    def _read(self) -> Tensor:
        scope = current_scope()
        handle = self.variable.handle
        state = convert(handle.read() if isinstance(scope, EagerScope) else handle.value)
        for number in steps_of_loops():  # each step of a loop draws from a state of its own
            state = state * np.array([_STEPS_APART, 1]) + (number + 1) * np.array([1, 0])
        return state

    def advance(self) -> None:
        """One step further, as a run of a program does it."""
        seed, counter = self.variable.numpy()
        self.variable.handle.assign(np.array([seed, counter + 1], np.int64))


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: str | None = None, seed: int | None = None
) -> Tensor:
    """Uniform numbers in [minval, maxval), new ones at every run; with an integer dtype each integer equally often.

    >>> random_uniform((3,), 0, 10, dtype="int32").dtype
    'int32'
    """
    state = RandomState(seed=seed)
    if dtype in INTEGERS:
        return convert(unary("floor", state.uniform(shape, "float64") * (maxval - minval) + minval), dtype)
    return state.uniform(shape, dtype) * (maxval - minval) + minval


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: int | None = None
) -> Tensor:
    """Normal floats (Box and Muller 1958), new ones at every run."""
    return normal_from(RandomState(seed=seed), shape, dtype) * stddev + mean


def normal_from(state: RandomState, shape: Any, dtype: str | None = None) -> Tensor:
    """Standard normal numbers from two draws of `state`."""
    wide = _computed_in(dtype)
    radius = unary("sqrt", log(1.0 - state.uniform(shape, wide)) * -2.0)
    return convert(radius * cos(state.uniform(shape, wide) * (2.0 * np.pi)), dtype)


def _computed_in(dtype: str | None) -> str:
    """The type of draws that go through functions steep at their ends."""
    return "float32" if dtype == "float16" else dtype or floatx()


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: int | None = None
) -> Tensor:
    """Normal floats none of which lies more than two `stddev` from `mean`.

    The inverse distribution function of a uniform draw, with M. Giles's approximation of erfinv (2010), about 1e-6.
    """
    u = RandomState(seed=seed).uniform(shape, _computed_in(dtype))
    half = 0.9544997361036416  # erf(sqrt(2)): the mass within two standard deviations
    return convert(_erfinv((u * 2.0 - 1.0) * half) * (1.4142135623730951 * stddev) + mean, dtype)


def _erfinv(x: Tensor) -> Tensor:
    w = -log((1.0 - x) * (1.0 + x))
    near, far = w - 2.5, unary("sqrt", w) - 3.0
    return x * select(w < 5.0, _polynomial(near, _NEAR), _polynomial(far, _FAR))


_NEAR = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
         0.246640727, 1.50140941)  # fmt: skip
_FAR = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
        1.00167406, 2.83297682)  # fmt: skip


def _polynomial(x: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    result = x * coefficients[0] + coefficients[1]
    for c in coefficients[2:]:
        result = result * x + c
    return result


def random_bernoulli(shape: Any, p: float = 0.0, dtype: str | None = None, seed: int | None = None) -> Tensor:
    """1 with probability p, else 0."""
    return convert(RandomState(seed=seed).uniform(shape) < p, dtype or floatx())


random_binomial = random_bernoulli


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: str | None = None, name: str | None = None, seed: int | None = None
) -> Variable:
    """A variable filled once with uniform numbers in [low, high)."""
    generator = np.random.default_rng(next_seed() if seed is None else seed)
    return Variable(generator.uniform(low, high, tuple(shape)), dtype, name)


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: str | None = None, name: str | None = None, seed: int | None = None
) -> Variable:
    """A variable filled once with normal numbers."""
    generator = np.random.default_rng(next_seed() if seed is None else seed)
    return Variable(generator.normal(mean, scale, tuple(shape)), dtype, name)


def dropout(
    x: TensorLike, level: float, noise_shape: Any = None, seed: int | None = None, state: RandomState | None = None
) -> Tensor:
    """Sets a share `level` of the elements to zero and scales the rest by 1 / (1 - level).

    noise_shape: shape of the mask, broadcast over x; None in it means x's own size. state: whose numbers to use (a
    layer passes its own). ValueError unless 0 <= level < 1.
    """
    if not 0 <= level < 1:
        raise ValueError(f"dropout: expected 0 <= level < 1, got {level}")
    value = convert(x)
    state = state or RandomState(seed=seed)
    if noise_shape is None:
        sizes: Any = emit("shape_of", value)
    else:
        dynamic = emit("shape_of", value)
        sizes = [dynamic[i] if n is None else n for i, n in enumerate(noise_shape)]
    keep = 1.0 - level
    kept = state.uniform(sizes, value.dtype if value.dtype in ("float32", "float64") else "float32") >= level
    return select(kept, value * (1.0 / keep), 0.0)
