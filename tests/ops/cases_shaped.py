"""The case table, ops that reduce or multiply: rows like those of cases.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from case import FLOATS, Array, Case, distinct, random, vector


def reduction(op: str) -> Any:
    def reference(x: Array, axes: Sequence[int], keepdims: bool = False) -> Array:
        if op in ("max", "min") and x.size == 0:
            extreme = -np.inf if op == "max" else np.inf
            return getattr(np, op)(x, axis=tuple(axes), keepdims=keepdims, initial=extreme)
        if op == "mean" and x.size == 0:
            return np.sum(x, tuple(axes), keepdims=keepdims) / 0.0
        extra = {"dtype": x.dtype} if op in ("sum", "prod") else {}
        return np.asarray(getattr(np, op)(x, axis=tuple(axes), keepdims=keepdims, **extra))

    return reference


def reduction_cases() -> Iterator[Case]:
    shapes = (
        ((), ()),
        ((5,), (0,)),
        ((17,), (-1,)),
        ((3, 4), (1,)),
        ((3, 4), (0,)),
        ((3, 4), (0, 1)),
        ((2, 3, 4), (0, 2)),
        ((2, 3, 4), (1,)),
        ((0,), (0,)),
        ((3, 0), (1,)),
        ((0, 3), (1,)),
        ((1, 3, 1), (0, 2)),
        ((3, 4), ()),
        ((33, 17), (0,)),
        ((17, 129), (1,)),
    )
    for op in ("sum", "mean", "prod", "max", "min"):
        types = FLOATS if op == "mean" else (*FLOATS, "int32", "int64", "uint8")
        for shape, axes in shapes:
            for dtype in types:
                if np.dtype(dtype).kind != "f" and 0 in shape:
                    continue
                x = distinct(shape, dtype) / (8 if op == "prod" and dtype in FLOATS else 1)
                attributes = {"axes": list(axes), "keepdims": len(axes) == 1}
                small = x.size <= 24
                yield Case(op, [x.astype(dtype)], reduction(op), attributes, gradient=small, tolerance=1e-5)
        limits = np.array([[np.nan, 1, 2], [np.inf, -np.inf, 0], [np.inf, 1, 2], [-np.inf, 1, 2]])
        yield Case(op, [limits], reduction(op), {"axes": [1]})
        yield Case(op, [np.full((3, 5), -0.0)], reduction(op), {"axes": [1]})
    zeros = np.array([[1.5, 0.0, 2.0], [0.0, 0.0, 2.0], [1.0, 2.0, 3.0]])
    yield Case("prod", [zeros], reduction("prod"), {"axes": [1]}, gradient=True)
    for op in ("any", "all"):
        for shape, axes in shapes:
            yield Case(op, [distinct(shape, "bool")], reduction(op), {"axes": list(axes)})


def index_cases() -> Iterator[Case]:
    def reference(op: str) -> Any:
        return lambda x, axis: getattr(np, op)(x, axis=axis).astype(np.int64)

    for op in ("argmax", "argmin"):
        for dtype in (*FLOATS, "int32", "int64", "uint8"):
            for shape, axis in (((1,), 0), ((17,), -1), ((3, 33), 1), ((4, 5), 0), ((2, 3, 4), 1), ((0, 3), 1)):
                yield Case(
                    op, [np.round(distinct(shape, dtype)).astype(dtype)], reference(op), {"axis": axis}
                )  # with ties
        limits = np.array([[1, np.nan, 3, np.nan], [np.inf, 2, np.inf, -np.inf], [-np.inf, -np.inf, -np.inf, -np.inf]])
        yield Case(op, [limits], reference(op), {"axis": 1})
        yield Case(op, [limits.astype("float32")], reference(op), {"axis": 0})


def sum_to(x: Array, shape: Array) -> Array:
    x = x.sum(axis=tuple(range(x.ndim - len(shape))))
    return x.sum(axis=tuple(k for k, d in enumerate(shape) if d == 1 and x.shape[k] != 1), keepdims=True)


def sum_to_cases() -> Iterator[Case]:
    for dtype in FLOATS:
        for before, after in (
            ((3,), ()),
            ((2, 3, 4), (3, 1)),
            ((2, 3, 4), (4,)),
            ((2, 3), (2, 3)),
            ((0, 3), (1, 3)),
            ((1, 3), (3,)),
        ):
            yield Case("sum_to", [distinct(before, dtype), vector(*after)], sum_to, constants=(1,), gradient=True)


def matmul_cases() -> Iterator[Case]:
    def reference(a: Array, b: Array, transpose_a: bool = False, transpose_b: bool = False) -> Array:
        return np.matmul(np.swapaxes(a, -1, -2) if transpose_a else a, np.swapaxes(b, -1, -2) if transpose_b else b)

    sizes = ((1, 1, 1), (2, 3, 4), (0, 3, 2), (2, 0, 3), (2, 3, 0), (1, 33, 17), (17, 9, 33), (65, 33, 1), (7, 130, 49))
    for dtype in FLOATS:
        for m, k, n in sizes:
            for ta in (False, True):
                for tb in (False, True):
                    a, b = ((k, m) if ta else (m, k)), ((n, k) if tb else (k, n))
                    arrays = [random(a, -1, 1, dtype, 2), random(b, -1, 1, dtype, 3)]
                    small = m * k + k * n <= 40
                    yield Case(
                        "matmul",
                        arrays,
                        reference,
                        {"transpose_a": ta, "transpose_b": tb},
                        gradient=small,
                        tolerance=1e-5,
                    )
        for batch in ((2,), (0,), (2, 3)):
            for ta in (False, True):
                for tb in (False, True):
                    for shared in (False, True):
                        a = (*batch, *((3, 2) if ta else (2, 3)))
                        b = (*(() if shared else batch), *((2, 3) if tb else (3, 2)))
                        arrays = [random(a, -1, 1, dtype, 2), random(b, -1, 1, dtype, 3)]
                        yield Case(
                            "matmul",
                            arrays,
                            reference,
                            {"transpose_a": ta, "transpose_b": tb},
                            gradient=True,
                            tolerance=1e-5,
                        )


def softmax_cases() -> Iterator[Case]:
    def softmax(x: Array) -> Array:
        e = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
        return e / e.sum(-1, keepdims=True)

    def log_softmax(x: Array) -> Array:
        return (
            x
            - x.max(-1, keepdims=True, initial=-np.inf)
            - np.log(np.exp(x - x.max(-1, keepdims=True, initial=-np.inf)).sum(-1, keepdims=True))
        )

    for op, reference in (("softmax", softmax), ("log_softmax", log_softmax)):
        for dtype in FLOATS:
            for shape in ((1,), (3,), (17,), (2, 3), (0, 3), (3, 0), (2, 3, 4), (5, 33)):
                yield Case(op, [distinct(shape, dtype)], reference, gradient=True, tolerance=4e-6)
            limits = np.array([[1e30, 0, -1e30], [88, 89, 90], [-np.inf, 0, 0], [np.nan, 1, 2]], dtype)
            yield Case(op, [limits], reference, tolerance=4e-6)


def all_cases() -> Iterator[Case]:
    for cases in (reduction_cases, index_cases, sum_to_cases, matmul_cases, softmax_cases):
        yield from cases()
