"""The case table, ops that walk along one axis: cumulative, sort, ctc_loss. Rows like those of cases.py."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from case import FLOATS, Array, Case, distinct, random

INTEGERS = ("int8", "int16", "int32", "int64", "uint8")
AXES: tuple[tuple[tuple[int, ...], int], ...] = (
    ((0,), 0),
    ((1,), 0),
    ((5,), -1),
    ((3, 4), 0),
    ((3, 4), 1),
    ((2, 3, 2), 1),
    ((0, 3), 1),
    ((3, 0), 1),
    ((17, 33), 1),
    ((9, 130), 0),
)


def recurrence(a: Array, b: Array, axis: int, reverse: bool, order: str, start: float = 0) -> Array:
    """c = a c + b, element by element."""
    a, b = (np.moveaxis(np.asarray(x), axis, 0) for x in (a, b))
    out = np.zeros_like(b)
    carry = np.full(b.shape[1:], start, b.dtype)
    for k in range(len(b))[:: -1 if reverse else 1]:
        if order == "before":
            out[k] = carry
            carry = a[k] * carry + b[k]
        elif order == "after":
            out[k] = carry = a[k] * carry + b[k]
        else:
            out[k] = carry + b[k]
            carry = a[k] * out[k]
    return np.moveaxis(out, 0, axis)


def cumulative_sum(x: Array, axis: int, reverse: bool, order: str) -> Array:
    return recurrence(np.ones_like(x), x, axis, reverse, order)


def cumulative_product(x: Array, axis: int, reverse: bool, order: str) -> Array:
    return recurrence(x, np.zeros_like(x), axis, reverse, order, 1)


def cumulative_cases() -> Iterator[Case]:
    for (shape, axis), reverse, order in itertools.product(AXES, (False, True), ("before", "after", "between")):
        attributes = {"axis": axis, "reverse": reverse, "order": order}
        for dtype in FLOATS:
            x, y = random(shape, -1.5, 1.5, dtype, 2), random(shape, -1.5, 1.5, dtype, 3)
            yield Case("cumulative_sum", [x], cumulative_sum, attributes, gradient=True, tolerance=1e-5)
            yield Case("cumulative_product", [x], cumulative_product, attributes, gradient=True, tolerance=1e-5)
            yield Case("linear_recurrence", [x, y], recurrence, attributes, gradient=True, tolerance=1e-5)
        for dtype in INTEGERS:
            x = distinct(shape, dtype)
            yield Case("cumulative_sum", [x], cumulative_sum, attributes)
            yield Case("cumulative_product", [x], cumulative_product, attributes)
    zeros = np.array([[2.0, 0.0, 3.0, -1.0], [0.0, 2.0, 0.0, 5.0], [1.0, 2.0, 0.5, 0.0]])
    limits = np.array([1.0, np.inf, 2.0, -np.inf, 3.0, np.nan, 4.0])
    for reverse, order in itertools.product((False, True), ("before", "after", "between")):
        attributes = {"axis": -1, "reverse": reverse, "order": order}
        yield Case("cumulative_product", [zeros], cumulative_product, attributes, gradient=True)
        yield Case("cumulative_sum", [limits], cumulative_sum, attributes)
        yield Case("cumulative_sum", [limits.astype("float32")], cumulative_sum, attributes)


def order_of(x: Array, count: int, descending: bool) -> Array:
    """Columns in stable order, NaN above everything."""

    def key(row: Array) -> list[int]:
        numbers = range(len(row))
        rank = [(1, 0.0) if np.isnan(v) else (0, v) for v in row]
        ascending = sorted(numbers, key=lambda j: rank[j])
        if not descending:
            return ascending
        return sorted(ascending, key=lambda j: rank[j], reverse=True)  # a stable sort stays stable in reverse

    rows = x.reshape(-1, x.shape[-1]) if x.size else np.zeros((int(np.prod(x.shape[:-1])), x.shape[-1]))
    columns = np.array([key(row) for row in rows], np.int64).reshape(x.shape)
    return columns[..., : count if count >= 0 else None]


def sort(x: Array, count: int, descending: bool) -> Array:
    return np.take_along_axis(x, order_of(x, count, descending), -1)


def sort_cases() -> Iterator[Case]:
    shapes = ((0,), (1,), (7,), (2, 3), (3, 0), (0, 4), (2, 2, 5), (3, 49), (2, 300), (1, 3000))
    for shape, descending in itertools.product(shapes, (False, True)):
        for dtype in (*FLOATS, *INTEGERS, "bool"):
            for count in sorted({-1, 0, 1, shape[-1] // 2, shape[-1]}):
                if count > shape[-1]:
                    continue
                attributes = {"count": count, "descending": descending}
                x = distinct(shape, dtype)
                yield Case("sort", [x], sort, attributes, gradient=dtype in FLOATS)
                ties = x if dtype == "bool" else np.round(x.astype("float64") / 3).astype(dtype)
                yield Case("sort", [ties], order_of, attributes, output=1)
    limits = np.array([[3.0, np.nan, -np.inf, 0.0, -0.0, np.inf, np.nan, 0.0, -3.0, 1e-40, -1e-40]])
    for dtype, descending, repeats in itertools.product(FLOATS, (False, True), (1, 9)):
        x = np.tile(limits, repeats).astype(dtype)
        attributes = {"count": -1, "descending": descending}
        yield Case("sort", [x], sort, attributes)
        yield Case("sort", [x], order_of, attributes, output=1)


def ctc_paths(logs: Array, labels: Array, steps: int, count: int) -> Iterator[list[int]]:
    """Every path that spells the labels."""
    classes = logs.shape[-1]
    for path in itertools.product(range(classes), repeat=int(steps)):
        merged = [c for i, c in enumerate(path) if c != classes - 1 and (i == 0 or path[i - 1] != c)]
        if merged == list(labels[:count]):
            yield list(path)


def ctc(logs: Array, labels: Array, steps: Array, counts: Array) -> tuple[Array, Array]:
    """The loss and its gradient by adding up all paths."""
    loss, gradient = np.full(len(logs), np.inf), np.zeros(logs.shape)
    for n in range(len(logs)):
        total = 0.0
        for path in ctc_paths(logs[n], labels[n], steps[n], counts[n]):
            share = np.exp(sum(logs[n, t, c] for t, c in enumerate(path)))
            total += share
            for t, c in enumerate(path):
                gradient[n, t, c] -= share
        if total > 0:
            loss[n] = -np.log(total)
            gradient[n] /= total
    return loss, gradient


def ctc_cases() -> Iterator[Case]:
    def numbers(*values: Any) -> Array:
        return np.array(values, np.int32)

    rows = (
        ((1, 1, 2), numbers([0]), numbers(1), numbers(1)),
        ((2, 3, 3), numbers([0, 1], [1, 1]), numbers(3, 3), numbers(2, 2)),
        ((3, 4, 2), numbers([0, 0], [0, 0], [0, 0]), numbers(4, 3, 0), numbers(1, 2, 0)),
        ((2, 2, 3), numbers([0, 0], [1, 0]), numbers(2, 1), numbers(2, 1)),  # the first cannot be spelled
        ((2, 5, 4), numbers([2, 0, 2], [1, 1, 0]), numbers(5, 5), numbers(3, 3)),
        ((0, 3, 3), np.zeros((0, 2), np.int32), numbers(), numbers()),
        ((1, 3, 3), np.zeros((1, 0), np.int32), numbers(3), numbers(0)),
    )
    for dtype in FLOATS:
        for i, (shape, labels, steps, counts) in enumerate(rows):
            logs = random(shape, -2, 0.5, dtype, 5 + i)  # not normalised: the op does not ask for it
            possible = bool(np.all(np.isfinite(ctc(logs.astype("float64"), labels, steps, counts)[0])))
            for output in (0, 1):
                yield Case(
                    "ctc_loss",
                    [logs, labels, steps, counts],
                    lambda *arrays, output=output: ctc(*arrays)[output],
                    known=(0, 1),
                    gradient=possible,
                    tolerance=1e-5,
                    output=output,
                )


def ctc_beams(logs: Array, steps: Array, **attributes: Any) -> tuple[Array, Array]:
    """All spellings with the sum of their paths: what a search with enough beams finds."""
    paths = attributes["top_paths"]
    labels = np.full((len(logs), paths, logs.shape[1]), -1, np.int64)
    scores = np.full((len(logs), paths), -np.inf)
    for n in range(len(logs)):
        totals: dict[tuple[int, ...], float] = {}
        for path in itertools.product(range(logs.shape[2]), repeat=int(steps[n])):
            changes = [c for i, c in enumerate(path) if i == 0 or path[i - 1] != c]
            spelled = tuple(c for c in changes if c != logs.shape[2] - 1)
            share = float(np.exp(sum(logs[n, t, c] for t, c in enumerate(path))))
            totals[spelled] = totals.get(spelled, 0.0) + share
        best = sorted(totals.items(), key=lambda item: -item[1])
        for k, (spelled, total) in enumerate(best[:paths]):
            written = [
                c for i, c in enumerate(spelled) if i == 0 or spelled[i - 1] != c or not attributes["merge_repeated"]
            ]
            labels[n, k, : len(written)] = written
            scores[n, k] = np.log(total)
    return labels, scores


def ctc_beam_cases() -> Iterator[Case]:
    for dtype, shape, merge_repeated in itertools.product(
        FLOATS, ((2, 5, 3), (3, 4, 4), (1, 3, 2), (2, 2, 1), (0, 3, 3)), (False, True)
    ):
        steps = np.array([shape[1] - n % 2 for n in range(shape[0])], np.int32)
        attributes = {"beam_width": 200, "top_paths": 3, "merge_repeated": merge_repeated}
        for output in (0, 1):
            yield Case(
                "ctc_beam_search",
                [random(shape, -3, 0, dtype, 8), steps],
                lambda *arrays, output=output, **given: ctc_beams(*arrays, **given)[output],
                attributes,
                tolerance=1e-5,
                output=output,
            )


def all_cases() -> Iterator[Case]:
    for cases in (cumulative_cases, sort_cases, ctc_cases, ctc_beam_cases):
        yield from cases()
