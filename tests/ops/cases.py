"""The case table, elementwise ops. The rows of other ops are in cases_shaped.py and cases_moving.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import cases_along
import cases_moving
import cases_shaped
import cases_windows
import numpy as np
from case import Array, Case, random, vector
from philox import random_uniform

SHAPES: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (3,), (9,), (17,), (33,), (2, 3), (5, 0, 2))
PAIRS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((), ()),
    ((3,), ()),
    ((), (1, 1)),
    ((17,), (17,)),
    ((17,), (1,)),
    ((4, 5), (5,)),
    ((4, 1), (1, 5)),
    ((3, 1), (2, 3, 4)),
    ((2, 1, 3), (1, 5, 1)),
    ((33, 17), (33, 1)),
    ((0, 3), (3,)),
    ((1,), (0,)),
)
LIMITS = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -3.5, 1e-38, 3e38, -3e38, 88.0, -104.0])
INTEGERS = ("int8", "int16", "int32", "int64", "uint8")


def sigmoid(x: Array) -> Array:
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def erf(x: Array) -> Array:
    return np.array([math.erf(v) for v in np.ravel(x)], dtype=np.float64).reshape(np.shape(x))


def same(x: Array) -> Array:
    return x


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


# name: reference, domain of the cases, whether it has a gradient
UNARY: dict[str, tuple[Callable[[Array], Array], tuple[float, float], bool]] = {
    "negative": (np.negative, (-3, 3), True),
    "abs": (np.abs, (-3, 3), True),
    "sign": (np.sign, (-3, 3), False),
    "square": (np.square, (-3, 3), True),
    "reciprocal": (np.reciprocal, (0.3, 3), True),
    "sqrt": (np.sqrt, (0.1, 9), True),
    "rsqrt": (lambda x: 1 / np.sqrt(x), (0.1, 9), True),
    "exp": (np.exp, (-5, 5), True),
    "expm1": (np.expm1, (-2, 2), True),
    "log": (np.log, (0.05, 9), True),
    "log1p": (np.log1p, (-0.9, 5), True),
    "sin": (np.sin, (-9, 9), True),
    "cos": (np.cos, (-9, 9), True),
    "tanh": (np.tanh, (-4, 4), True),
    "sigmoid": (sigmoid, (-6, 6), True),
    "softplus": (lambda x: np.logaddexp(0, x), (-6, 6), True),
    "erf": (erf, (-3, 3), True),
    "floor": (np.floor, (-5, 5), False),
    "ceil": (np.ceil, (-5, 5), False),
    "round": (np.rint, (-5, 5), False),
    "relu": (relu, (-3, 3), True),
    "identity": (same, (-3, 3), True),
    "stop_gradient": (same, (-3, 3), False),
    "print": (same, (-3, 3), True),
    "is_nan": (np.isnan, (-3, 3), False),
    "is_inf": (np.isinf, (-3, 3), False),
    "is_finite": (np.isfinite, (-3, 3), False),
}
UNARY_OF_INTEGERS = ("negative", "abs", "sign", "square", "relu", "identity", "stop_gradient", "print")

BINARY: dict[str, tuple[Callable[[Array, Array], Array], bool]] = {
    "add": (np.add, True),
    "subtract": (np.subtract, True),
    "multiply": (np.multiply, True),
    "divide": (np.divide, True),
    "floor_divide": (np.floor_divide, False),
    "modulo": (np.mod, True),
    "power": (np.power, True),
    "maximum": (np.maximum, True),
    "minimum": (np.minimum, True),
    "equal": (np.equal, False),
    "not_equal": (np.not_equal, False),
    "less": (np.less, False),
    "less_equal": (np.less_equal, False),
    "greater": (np.greater, False),
    "greater_equal": (np.greater_equal, False),
}
BINARY_OF_FLOATS = ("divide",)
LOGICAL = {"logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor}


def unary_cases() -> Iterator[Case]:
    for op, (reference, (low, high), gradient) in UNARY.items():
        for dtype in ("float32", "float64"):
            for shape in SHAPES:
                yield Case(op, [random(shape, low, high, dtype)], reference, gradient=gradient)
            # sin and cos of huge numbers would test the reduction of arguments, which the kernels bound at 1e4
            limits = LIMITS[np.abs(LIMITS) < 1e4] if op in ("sin", "cos") else LIMITS
            yield Case(op, [limits.astype(dtype)], reference, tolerance=4e-6)
        if op in UNARY_OF_INTEGERS:
            for dtype in INTEGERS:
                numbers = np.concatenate([np.arange(-9, 9), [np.iinfo(dtype).min, np.iinfo(dtype).max]]).astype(dtype)
                yield Case(op, [numbers], reference)
    yield Case("logical_not", [np.array([True, False, True])], np.logical_not)
    yield Case("logical_not", [np.zeros((0, 2), bool)], np.logical_not)


def binary_cases() -> Iterator[Case]:
    for op, (reference, gradient) in BINARY.items():
        for dtype in ("float32", "float64"):
            for a, b in PAIRS:
                arrays = [random(a, 0.5, 3, dtype, seed=2), random(b, 0.5, 3, dtype, seed=3)]
                yield Case(op, arrays, reference, gradient=gradient, tolerance=4e-6)
            rounded = [np.round(random((40,), -3, 3, dtype, seed=s)) for s in (4, 5)]  # ties and zeros
            yield Case(op, rounded, reference)
            if op != "power":
                yield Case(op, [LIMITS.astype(dtype)[:, None], LIMITS.astype(dtype)], reference)
        if op not in BINARY_OF_FLOATS:
            for dtype in INTEGERS:
                first = np.concatenate([np.arange(-6, 9), [np.iinfo(dtype).min, np.iinfo(dtype).max]]).astype(dtype)
                second = np.arange(0, 5).astype(dtype) if op == "power" else first
                yield Case(op, [first[:, None], second], reference)
    for op in ("equal", "not_equal"):
        yield Case(op, [np.array([[True], [False]]), np.array([True, False])], BINARY[op][0])
    for op, logical in LOGICAL.items():
        yield Case(op, [np.array([[True], [False]]), np.array([True, False, True])], logical)
        yield Case(op, [np.zeros((0,), bool), np.array(True)], logical)
    bases = np.array([0.0, 0.5, 1.0, 2.0, np.inf])
    exponents = np.array([0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -2.0, 0.1, np.inf, -np.inf, np.nan])
    yield Case("power", [bases[:, None], exponents], np.power)
    yield Case("power", [np.array([-2.0, -0.5, -3.0])[:, None], np.array([0.0, 1.0, 2.0, 3.0, -1.0, -3.0])], np.power)


def choice_cases() -> Iterator[Case]:
    def select(condition: Array, a: Array, b: Array) -> Array:
        return np.where(condition, a, b)

    for dtype in ("float32", "float64", "int8", "int32", "int64"):
        for condition, a, b in (
            ((), (), ()),
            ((5,), (5,), ()),
            ((4, 1), (5,), (4, 5)),
            ((2, 3), (), (1, 3)),
            ((0,), (1,), ()),
        ):
            drawn = [random(condition, -1, 1, seed=6) > 0, random(a, -9, 9, dtype, 7), random(b, -9, 9, dtype, 8)]
            yield Case("select", drawn, select, gradient=True)
        for chosen in (True, False):
            yield Case(
                "switch",
                [np.array(chosen), random((2, 3), -9, 9, dtype), random((3,), -9, 9, dtype)],
                select,
                gradient=True,
            )
    flags = [random((9,), -1, 1, seed=s) > 0 for s in (1, 2, 3)]
    yield Case("select", flags, select)


def cast_cases() -> Iterator[Case]:
    types = ("float32", "float64", "float16", *INTEGERS, "bool")
    for source in types:
        for target in types:
            numbers = (np.arange(0, 20) * (1 if np.dtype(source).kind != "f" else 0.75)).astype(source)
            yield Case(
                "cast",
                [numbers],
                lambda x, dtype: x.astype(dtype),
                {"dtype": target},
                gradient=source == target == "float64",
            )
    limits = LIMITS.astype("float32")
    yield Case("cast", [limits], lambda x, dtype: x.astype(dtype), {"dtype": "float64"})
    yield Case("cast", [limits[np.abs(limits) < 1e3]], lambda x, dtype: x.astype(dtype), {"dtype": "float16"})
    yield Case("cast", [np.array([-2.75, -0.5, 2.75], "float32")], lambda x, dtype: x.astype(dtype), {"dtype": "int32"})
    yield Case("cast", [np.array([np.nan, 0.0, -0.0, 0.5])], lambda x, dtype: x.astype(dtype), {"dtype": "bool"})


def random_cases() -> Iterator[Case]:
    for dtype in ("float32", "float64"):
        for shape in ((), (0,), (1,), (5,), (3, 7), (33, 17)):
            for seed, counter, stream in ((0, 0, 0), (1 << 40 | 7, 3, 1), (-5, (1 << 33) + 2, 0xFFFFFFFF)):
                attributes = {"dtype": dtype, "stream": stream}
                yield Case(
                    "random_uniform",
                    [vector(seed, counter), vector(*shape)],
                    random_uniform,
                    attributes,
                    constants=(1,),
                    known=(0,),
                    tolerance=0,
                )


CASES: tuple[Case, ...] = (
    *unary_cases(),
    *binary_cases(),
    *choice_cases(),
    *cast_cases(),
    *random_cases(),
    *cases_shaped.all_cases(),
    *cases_moving.all_cases(),
    *cases_windows.all_cases(),
    *cases_along.all_cases(),
)


def cases_of(op: str) -> list[Case]:
    return [case for case in CASES if case.op == op]
