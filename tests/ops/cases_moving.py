"""The case table, ops that move data or know shapes: rows like those of cases.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from case import FLOATS, Array, Case, distinct, random, vector

from nnstack import _core as core


def decaying_sum() -> core.Body:
    """state, slice, factor -> tanh(state * factor + slice * slice), for any sizes."""
    state, piece, factor = (core.placeholder((None,), "float64") for _ in range(3))
    square = core.emit("square", [piece])[0]
    total = core.emit("add", [core.emit("multiply", [state, factor])[0], square])[0]
    return core.close_body([state, piece, factor], [core.emit("tanh", [total])[0]])[0]


def scan_cases() -> Iterator[Case]:
    def reference(state: Array, xs: Array, factor: Array, reverse: bool, **wiring: Any) -> Array:
        for x in xs[::-1] if reverse else xs:
            state = np.tanh(state * factor + x * x)
        return state

    body = decaying_sum()
    for length, size in ((0, 3), (1, 3), (3, 1), (4, 2), (3, 0), (7, 17)):
        arrays = [random(s, -1, 1, "float64", i) for i, s in enumerate(((size,), (length, size), (size,)))]
        for backwards in (False, True):
            wiring = {"body": body, "states": 1, "sequences": 1, "reverse": backwards}
            yield Case("scan", arrays, reference, wiring, gradient=True)


def shape_cases() -> Iterator[Case]:
    for shape in ((), (0,), (3,), (2, 3, 4)):
        yield Case("shape_of", [distinct(shape, "float32")], lambda x: np.array(x.shape, np.int64))
        axes = list(range(len(shape)))[-2:]
        for dtype in ("int64", "float32"):
            yield Case(
                "count",
                [distinct(shape, "float32")],
                lambda x, axes, dtype: np.array(np.prod([x.shape[a] for a in axes]), dtype),
                {"axes": axes, "dtype": dtype},
            )
    for dtype in (*FLOATS, "int8", "bool"):
        for before, after in (
            ((), (1, 1)),
            ((6,), (2, 3)),
            ((2, 3), (-1,)),
            ((2, 3, 4), (4, -1)),
            ((0, 3), (3, 0)),
            ((1,), ()),
        ):
            yield Case(
                "reshape",
                [distinct(before, dtype), vector(*after)],
                lambda x, shape: x.reshape(shape),
                constants=(1,),
                gradient=True,
            )
        for shape, added in (((), [0]), ((3,), [0, 2]), ((2, 3), [-1]), ((0,), [1])):
            yield Case(
                "expand_dims",
                [distinct(shape, dtype)],
                lambda x, axes: np.expand_dims(x, tuple(axes)),
                {"axes": added},
                gradient=True,
            )
        for shape, dropped in (((1,), [0]), ((1, 3, 1), [0, 2]), ((2, 1), [-1]), ((1, 0), [0])):
            yield Case(
                "squeeze",
                [distinct(shape, dtype)],
                lambda x, axes: np.squeeze(x, tuple(axes)),
                {"axes": dropped},
                gradient=True,
            )
        for before, after in (
            ((), (3,)),
            ((1,), (0,)),
            ((3, 1), (2, 3, 4)),
            ((17,), (33, 17)),
            ((2, 3), (2, 3)),
            ((1, 3), (1, 1, 3)),
        ):
            yield Case(
                "broadcast_to",
                [distinct(before, dtype), vector(*after)],
                np.broadcast_to,
                constants=(1,),
                gradient=after != (33, 17),
            )


def moving_cases() -> Iterator[Case]:
    def slices(begins: Sequence[Any], ends: Sequence[Any], steps: Sequence[Any]) -> tuple[slice, ...]:
        return tuple(slice(*each) for each in zip(begins, ends, steps, strict=True))

    def unslice(x: Array, shape: Array, begins: Sequence[Any], ends: Sequence[Any], steps: Sequence[Any]) -> Array:
        whole = np.zeros(tuple(shape), x.dtype)
        whole[slices(begins, ends, steps)] = x
        return whole

    cuts = (
        ((7,), [None], [None], [None]),
        ((7,), [2], [-1], [2]),
        ((7,), [None], [None], [-1]),
        ((7,), [-2], [0], [-3]),
        ((7,), [9], [None], [1]),
        ((7,), [-20], [20], [1]),
        ((4, 5), [1, None], [3, None], [1, -2]),
        ((2, 3, 4), [0, 1, 3], [1, 3, None], [1, 1, -1]),
        ((0, 3), [None, 1], [None, 2], [None, 1]),
        ((33, 17), [1, 0], [None, 16], [2, 1]),
    )
    for dtype in (*FLOATS, "float16", "uint8", "int64"):
        for shape, permutation in (
            ((), []),
            ((3,), [0]),
            ((2, 3), [1, 0]),
            ((2, 3, 4), [2, 0, 1]),
            ((2, 3, 4), [0, 2, 1]),
            ((1, 3, 1), [2, 1, 0]),
            ((0, 3), [1, 0]),
            ((33, 17), [1, 0]),
        ):
            yield Case(
                "transpose",
                [distinct(shape, dtype)],
                lambda x, permutation: np.transpose(x, permutation),
                {"permutation": permutation},
                gradient=shape != (33, 17),
            )
        for shapes, axis in (
            (((3,),), 0),
            (((2,), (0,), (3,)), 0),
            (((2, 1), (2, 4)), 1),
            (((2, 3), (1, 3), (4, 3)), -2),
            (((17, 2), (17, 3)), -1),
        ):
            arrays = [distinct(s, dtype, i) for i, s in enumerate(shapes)]
            yield Case(
                "concat", arrays, lambda *parts, axis: np.concatenate(parts, axis), {"axis": axis}, gradient=True
            )
        for part, expected in ((0, slice(0, 2)), (1, slice(2, 3)), (2, slice(3, 3))):
            arrays = [distinct((3, 4), dtype), vector(2, 4), vector(1, 4), vector(0, 4)]
            yield Case(
                "concat_part",
                arrays,
                lambda x, *_, cut=expected, **__: x[cut],
                {"axis": 0, "part": part},
                constants=(1, 2, 3),
                gradient=True,
            )
        for shape, begins, ends, steps in cuts:
            attributes = {"begins": begins, "ends": ends, "steps": steps}
            x = distinct(shape, dtype)
            piece = x[slices(**attributes)]
            small = x.size < 100
            yield Case("slice", [x], lambda x, **a: x[slices(**a)], attributes, gradient=small)
            yield Case(
                "unslice", [np.array(piece), vector(*shape)], unslice, attributes, constants=(1,), gradient=small
            )
        for shape, paddings in (((3,), [0, 0]), ((3,), [2, 1]), ((2, 3), [0, 1, 2, 0]), ((0,), [1, 2])):

            def pad(x: Array, paddings: Sequence[int], value: float) -> Array:
                return np.pad(x, list(zip(paddings[::2], paddings[1::2], strict=True)), constant_values=value)

            if dtype != "float16":
                yield Case("pad", [distinct(shape, dtype)], pad, {"paddings": paddings, "value": 3.0}, gradient=True)


def row_cases() -> Iterator[Case]:
    def scatter(index: Array, updates: Array, shape: Array) -> Array:
        result = np.zeros(tuple(shape), updates.dtype)
        np.add.at(result, index, updates)
        return result

    for index_type in ("int32", "int64"):
        for dtype in (*FLOATS, "int32", "uint8"):
            for shape, axis, index in (
                ((4,), 0, 2),
                ((4, 3), 0, [3, 0, 3, 1]),
                ((4, 3), 1, [[2], [0]]),
                ((2, 4, 3), 1, [1, 1]),
                ((2, 4, 3), -1, 0),
                ((4, 3), 0, []),
                ((4, 0), 0, [1]),
                ((9, 17), 0, [8, 1]),
            ):
                arrays = [distinct(shape, dtype), np.array(index, index_type)]
                yield Case(
                    "gather", arrays, lambda x, index, axis: np.take(x, index, axis), {"axis": axis}, gradient=True
                )
            if dtype == "uint8":
                continue
            for shape, index in (
                ((4,), 2),
                ((4, 3), [3, 0, 3, 1]),
                ((4, 2, 3), [[1, 1], [0, 3]]),
                ((4, 3), []),
                ((4, 0), [1]),
            ):
                at = np.array(index, index_type)
                arrays = [at, distinct((*at.shape, *shape[1:]), dtype), vector(*shape)]
                yield Case("scatter_add", arrays, scatter, constants=(2,), gradient=True)


def all_cases() -> Iterator[Case]:
    for cases in (scan_cases, shape_cases, moving_cases, row_cases):
        yield from cases()
