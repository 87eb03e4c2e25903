"""The case table, ops over windows of images: convolutions and pools. Rows like those of cases.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from case import FLOATS, Array, Case, distinct, random, vector

Pair = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


def place_count(size: int, window: int, stride: int, dilation: int, padding: str) -> int:
    if padding != "valid":
        return -(-size // stride)
    return (size - (window - 1) * dilation - 1) // stride + 1


def pairs(
    sizes: Sequence[int], window: Sequence[int], strides: Sequence[int], dilations: Sequence[int], padding: str
) -> Iterator[Pair]:
    """(input place, window place, output place) for all that meet inside of the input."""
    along = []
    for size, k, stride, dilation in zip(sizes, window, strides, dilations, strict=True):
        count = place_count(size, k, stride, dilation, padding)
        length = (k - 1) * dilation + 1
        missing = max((count - 1) * stride + length - size, 0)
        before = {"valid": 0, "same": missing // 2, "causal": length - 1}[padding]
        places = [(o * stride - before + j * dilation, j, o) for o in range(count) for j in range(k)]
        along.append([place for place in places if 0 <= place[0] < size])
    for steps in product(*along):
        places = tuple(zip(*steps, strict=True))
        yield places[0], places[1], places[2]


def output_sizes(sizes: Any, window: Any, strides: Any, dilations: Any, padding: str) -> list[int]:
    return [place_count(*each, padding) for each in zip(sizes, window, strides, dilations, strict=True)]


def by_group(x: Array, groups: int) -> Array:
    """The channels as (groups, channels / groups)."""
    return x.reshape((*x.shape[:-1], groups, x.shape[-1] // groups if groups else 0))


def convolution(x: Array, w: Array, strides: Any, dilations: Any, padding: str, groups: int) -> Array:
    window = w.shape[:-2]
    y = np.zeros((x.shape[0], *output_sizes(x.shape[1:-1], window, strides, dilations, padding), w.shape[-1]))
    parts, weights, sums = by_group(x, groups), by_group(w, groups), by_group(y, groups)
    for i, k, o in pairs(x.shape[1:-1], window, strides, dilations, padding):
        sums[(slice(None), *o)] += np.einsum("ngc,cgf->ngf", parts[(slice(None), *i)], weights[k])
    return sums.reshape(y.shape)


def input_gradient(dy: Array, w: Array, shape: Any, strides: Any, dilations: Any, padding: str, groups: int) -> Array:
    dx = np.zeros(tuple(shape))
    parts, weights, sums = by_group(dy, groups), by_group(w, groups), by_group(dx, groups)
    for i, k, o in pairs(shape[1:-1], w.shape[:-2], strides, dilations, padding):
        sums[(slice(None), *i)] += np.einsum("ngf,cgf->ngc", parts[(slice(None), *o)], weights[k])
    return sums.reshape(dx.shape)


def kernel_gradient(
    x: Array, dy: Array, shape: Array, strides: Any, dilations: Any, padding: str, groups: int
) -> Array:
    dw = np.zeros(tuple(shape))
    parts, errors, sums = by_group(x, groups), by_group(dy, groups), by_group(dw, groups)
    for i, k, o in pairs(x.shape[1:-1], shape[:-2], strides, dilations, padding):
        sums[k] += np.einsum("ngc,ngf->cgf", parts[(slice(None), *i)], errors[(slice(None), *o)])
    return sums.reshape(dw.shape)


# batch, input, window, channels, filters, groups, strides, dilations, padding
Geometry = tuple[int, Sequence[int], Sequence[int], int, int, int, Sequence[int], Sequence[int], str]
SMALL: tuple[Geometry, ...] = (
    (1, (5,), (3,), 1, 1, 1, (1,), (1,), "valid"),
    (2, (4,), (3,), 2, 1, 1, (2,), (1,), "same"),
    (1, (6,), (2,), 1, 2, 1, (1,), (2,), "causal"),
    (2, (5,), (1,), 2, 2, 1, (1,), (1,), "valid"),
    (1, (3,), (3,), 2, 2, 1, (1,), (1,), "valid"),
    (1, (3, 3), (2, 2), 1, 2, 1, (1, 1), (1, 1), "same"),
    (1, (4, 3), (3, 2), 1, 1, 1, (2, 1), (1, 1), "same"),
    (1, (5, 5), (2, 2), 1, 1, 1, (1, 1), (2, 2), "valid"),
    (1, (5, 4), (1, 1), 1, 2, 1, (3, 2), (1, 1), "valid"),
    (1, (3, 2), (2, 2), 2, 2, 2, (1, 1), (1, 1), "same"),
    (1, (2, 2, 2), (2, 1, 2), 1, 1, 1, (1, 1, 1), (1, 1, 1), "same"),
)
LARGE: tuple[Geometry, ...] = (
    (0, (4, 4), (3, 3), 2, 3, 1, (1, 1), (1, 1), "same"),
    (2, (0, 4), (1, 3), 2, 3, 1, (1, 1), (1, 1), "same"),
    (2, (2, 3), (3, 3), 2, 3, 1, (1, 1), (1, 1), "valid"),  # no place left
    (2, (3, 3), (2, 2), 0, 3, 1, (1, 1), (1, 1), "same"),
    (2, (3, 3), (2, 2), 3, 0, 1, (1, 1), (1, 1), "same"),
    (1, (1, 1), (3, 3), 5, 7, 1, (1, 1), (1, 1), "same"),
    (2, (9, 17), (3, 3), 3, 8, 1, (1, 1), (1, 1), "same"),
    (2, (9, 17), (3, 3), 4, 17, 1, (2, 2), (1, 1), "same"),
    (2, (10, 16), (5, 5), 2, 33, 1, (1, 1), (1, 1), "valid"),
    (1, (12, 11), (3, 3), 16, 16, 1, (1, 1), (2, 3), "same"),
    (1, (12, 11), (3, 2), 5, 6, 1, (2, 3), (3, 2), "same"),  # strides and dilations at once
    (1, (11, 9), (2, 2), 3, 4, 1, (3, 4), (1, 1), "valid"),  # strides that skip pixels
    (1, (7, 7), (7, 7), 2, 5, 1, (2, 2), (1, 1), "same"),
    (3, (4, 4), (3, 3), 6, 9, 3, (1, 1), (1, 1), "same"),
    (1, (8, 8), (3, 3), 40, 40, 40, (1, 1), (1, 1), "same"),  # depthwise
    (2, (7, 9), (3, 3), 5, 15, 5, (2, 2), (1, 1), "same"),
    (2, (33,), (5,), 7, 20, 1, (1,), (4,), "causal"),
    (1, (5, 6, 7), (3, 3, 3), 3, 5, 1, (1, 1, 1), (1, 1, 1), "same"),
    (1, (5, 6, 7), (2, 3, 2), 4, 4, 2, (2, 1, 2), (1, 2, 1), "valid"),
)


def convolution_cases() -> Iterator[Case]:
    for geometry in (*SMALL, *LARGE):
        batch, sizes, window, channels, filters, groups, strides, dilations, padding = geometry
        attributes = {"strides": list(strides), "dilations": list(dilations), "padding": padding, "groups": groups}
        x = (batch, *sizes, channels)
        w = (*window, channels // groups, filters)
        y = (batch, *output_sizes(sizes, window, strides, dilations, padding), filters)
        for dtype in FLOATS:
            image, kernel, error = (random(s, -1, 1, dtype, seed) for seed, s in enumerate((x, w, y)))
            rest: dict[str, Any] = {"gradient": geometry in SMALL, "tolerance": 1e-5}
            yield Case("convolution", [image, kernel], convolution, attributes, **rest)
            rest["constants"] = (2,)
            yield Case("convolution_input_gradient", [error, kernel, vector(*x)], input_gradient, attributes, **rest)
            yield Case("convolution_kernel_gradient", [image, error, vector(*w)], kernel_gradient, attributes, **rest)


def best_places(x: Array, sizes: Any, strides: Any, padding: str) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Of every element of the pool, where its window's first maximum is."""
    best: dict[tuple[int, ...], tuple[int, ...]] = {}
    for i, _, o in pairs(x.shape[1:-1], sizes, strides, [1] * len(strides), padding):
        for n, c in np.ndindex(x.shape[0], x.shape[-1]):
            old, value = best.get((n, *o, c)), x[(n, *i, c)]
            if old is None or value > x[old] or (np.isnan(value) and not np.isnan(x[old])):
                best[(n, *o, c)] = (n, *i, c)
    return best


def pool_shape(x: Any, sizes: Any, strides: Any, padding: str) -> tuple[int, ...]:
    return (x[0], *output_sizes(x[1:-1], sizes, strides, [1] * len(strides), padding), x[-1])


def max_pool(x: Array, values: Array | None = None, *, sizes: Any, strides: Any, padding: str) -> Array:
    y = np.zeros(pool_shape(x.shape, sizes, strides, padding))
    for o, i in best_places(x, sizes, strides, padding).items():
        y[o] = (x if values is None else values)[i]
    return y


def max_pool_gradient(x: Array, dy: Array, sizes: Any, strides: Any, padding: str) -> Array:
    dx = np.zeros(x.shape)
    for o, i in best_places(x, sizes, strides, padding).items():
        dx[i] += dy[o]
    return dx


def shares(x: Any, sizes: Any, strides: Any, padding: str) -> list[tuple[Any, Any, float]]:
    found = list(pairs(x[1:-1], sizes, strides, [1] * len(strides), padding))
    count: dict[tuple[int, ...], int] = {}
    for _, _, o in found:
        count[o] = count.get(o, 0) + 1
    return [((slice(None), *i), (slice(None), *o), 1 / count[o]) for i, _, o in found]


def average_pool(x: Array, sizes: Any, strides: Any, padding: str) -> Array:
    y = np.zeros(pool_shape(x.shape, sizes, strides, padding))
    for i, o, share in shares(x.shape, sizes, strides, padding):
        y[o] += x[i] * share
    return y


def average_pool_gradient(dy: Array, shape: Array, sizes: Any, strides: Any, padding: str) -> Array:
    dx = np.zeros(tuple(shape))
    for i, o, share in shares(shape, sizes, strides, padding):
        dx[i] += dy[o] * share
    return dx


POOLS: tuple[tuple[tuple[int, ...], Sequence[int], Sequence[int], str], ...] = (
    ((1, 5, 1), (2,), (2,), "valid"),
    ((2, 5, 2), (3,), (1,), "same"),
    ((1, 3, 4, 1), (2, 2), (2, 2), "same"),
    ((1, 4, 3, 1), (3, 2), (1, 1), "valid"),
    ((1, 5, 2, 1), (1, 2), (3, 1), "same"),  # strides that skip pixels
    ((1, 2, 2, 3, 1), (2, 1, 2), (1, 1, 1), "same"),
    ((0, 4, 4, 2), (2, 2), (2, 2), "valid"),
    ((2, 0, 4, 2), (1, 2), (2, 2), "same"),
    ((2, 3, 3, 0), (2, 2), (2, 2), "valid"),
    ((2, 1, 1, 3), (3, 3), (2, 2), "same"),
    ((2, 9, 7, 19), (3, 3), (2, 2), "same"),
    ((2, 8, 8, 33), (2, 2), (2, 2), "valid"),
    ((1, 4, 5, 6, 5), (2, 3, 2), (2, 1, 2), "same"),
)


def pool_cases() -> Iterator[Case]:
    for shape, sizes, strides, padding in POOLS:
        attributes = {"sizes": list(sizes), "strides": list(strides), "padding": padding}
        for dtype in FLOATS:
            x, values = distinct(shape, dtype), random(shape, -1, 1, dtype, seed=2)
            dy = random(pool_shape(shape, sizes, strides, padding), -1, 1, dtype, seed=3)
            rest: dict[str, Any] = {"gradient": x.size <= 24, "tolerance": 4e-6}
            yield Case("max_pool", [x], max_pool, attributes, **rest)
            # what chooses the places has no gradient of its own
            yield Case("max_pool", [x, values], max_pool, attributes, constants=(0,), **rest)
            yield Case("max_pool_gradient", [x, dy], max_pool_gradient, attributes, constants=(0,), **rest)
            yield Case("average_pool", [x], average_pool, attributes, **rest)
            gradient = [dy, vector(*shape)]
            yield Case("average_pool_gradient", gradient, average_pool_gradient, attributes, constants=(1,), **rest)
    ties = np.array([[1, 1, 0, 2, 2, np.nan, 3, -np.inf, -np.inf]]).reshape(1, 9, 1)
    for dtype in FLOATS:
        attributes = {"sizes": [3], "strides": [2], "padding": "same"}
        dy = random((1, 5, 1), -1, 1, dtype)
        yield Case("max_pool", [ties.astype(dtype)], max_pool, attributes)
        yield Case("max_pool_gradient", [ties.astype(dtype), dy], max_pool_gradient, attributes)


def all_cases() -> Iterator[Case]:
    yield from convolution_cases()
    yield from pool_cases()
