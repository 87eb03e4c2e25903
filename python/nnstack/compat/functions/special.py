"""Functions of `tf.math` that are made of others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.functions.math import xlogy

_LANCZOS = (  # Lanczos 1964, with the coefficients of Godfrey for g = 7
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
)  # fmt: skip


def acosh(x: Any) -> Any:
    """Inverse of cosh; not a number below 1."""
    value = K.convert(x)
    return K.log(value + K.sqrt(value - 1.0) * K.sqrt(value + 1.0))


def asinh(x: Any) -> Any:
    """Inverse of sinh."""
    value = K.convert(x)
    size = K.abs(value)
    return K.sign(value) * K.log1p(size + K.square(size) / (1.0 + K.sqrt(1.0 + K.square(size))))


def lgamma(x: Any) -> Any:
    """log |gamma(x)|, by Lanczos's sum, and reflected below 1/2."""
    value = K.convert(x)
    low = K.less(value, 0.5)
    z = K.select(low, 1.0 - value, value) - 1.0
    total: Any = K.ones_like(z) * 0.99999999999980993
    for place, factor in enumerate(_LANCZOS, 1):
        total = total + factor / (z + float(place))
    t = z + 7.5
    large = 0.5 * math.log(2 * math.pi) + (z + 0.5) * K.log(t) - t + K.log(total)
    inside = K.select(low, value, K.ones_like(value) * 0.5)
    return K.select(low, math.log(math.pi) - K.log(K.abs(K.sin(inside * math.pi))) - large, large)


def digamma(x: Any) -> Any:
    """The derivative of lgamma: raised by six steps, then by its series for large numbers."""
    value = K.convert(x)
    low = K.less(value, 0.5)
    z = K.select(low, 1.0 - value, value)
    below: Any = K.zeros_like(z)
    for _ in range(6):
        below = below + 1.0 / z
        z = z + 1.0
    inverse = 1.0 / K.square(z)
    series = inverse * (1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse * (1 / 240 - inverse / 132))))
    large = K.log(z) - 0.5 / z - series - below
    inside = K.select(low, value, K.ones_like(value) * 0.25)
    return K.select(low, large - math.pi * K.cos(inside * math.pi) / K.sin(inside * math.pi), large)


def lbeta(x: Any) -> Any:
    """log of the beta function of the last axis."""
    return K.sum(lgamma(x), axis=-1) - lgamma(K.sum(x, axis=-1))


def erfinv(x: Any) -> Any:
    """Inverse of erf: the start of Giles 2012, made exact by two steps of Newton's."""
    value = K.convert(x)
    w = -K.log((1.0 - value) * (1.0 + value))
    small, large = w - 2.5, K.sqrt(K.maximum(w, 5.0)) - 3.0
    near: Any = 2.81022636e-08
    for factor in (3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
                   0.246640727, 1.50140941):  # fmt: skip
        near = factor + near * small
    far: Any = -0.000200214257
    for factor in (0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
                   1.00167406, 2.83297682):  # fmt: skip
        far = factor + far * large
    found = K.select(K.less(w, 5.0), near, far) * value
    for _ in range(2):
        found = found - (K.erf(found) - value) * (math.sqrt(math.pi) / 2) * K.exp(K.square(found))
    edge = K.equal(K.abs(value), 1.0)
    return K.select(edge, value * np.inf, found)


def ndtri(x: Any) -> Any:
    """The quantile of the normal distribution."""
    return erfinv(K.convert(x) * 2.0 - 1.0) * math.sqrt(2.0)


def xdivy(x: Any, y: Any) -> Any:
    """x / y, and 0 where x is 0."""
    none = K.equal(x, 0.0)
    return K.convert(x) / K.select(none, K.ones_like(y), K.convert(y))


def xlog1py(x: Any, y: Any) -> Any:
    """x * log(1 + y), and 0 where x is 0."""
    return xlogy(x, K.convert(y) + 1.0)


def rint(x: Any) -> Tensor:
    """The nearest whole number, halves to even."""
    return K.round(x)


def scalar_mul(scalar: Any, x: Any) -> Any:
    """scalar * x"""
    return K.convert(x) * scalar


def polyval(coeffs: Sequence[Any], x: Any) -> Any:
    """The polynomial with these coefficients, that of the highest power first."""
    value = K.convert(x)
    found: Any = K.zeros_like(value)
    for one in coeffs:
        found = found * value + one
    return found


def reciprocal_no_nan(x: Any) -> Tensor:
    """1 / x, and 0 where x is 0."""
    return K.divide_no_nan(K.ones_like(x), x)


def saturate_cast(value: Any, dtype: Any) -> Tensor:
    """Another type; numbers that it does not hold become its largest or smallest one."""
    x, kind = K.convert(value), as_dtype(dtype)
    if not kind.is_floating and not kind.is_bool:
        x = K.clip(x, *(K.cast(limit, x.dtype) for limit in (kind.min, kind.max)))
    return K.cast(x, kind.name)


def truncatediv(x: Any, y: Any) -> Any:
    """x / y towards 0, for whole numbers."""
    a, b = K.convert(x), K.convert_like(y, K.convert(x))
    return K.sign(a) * K.sign(b) * K.emit("floor_divide", K.abs(a), K.abs(b))


def truncatemod(x: Any, y: Any) -> Any:
    """What is left of it."""
    return K.convert(x) - truncatediv(x, y) * y


def cross(a: Any, b: Any) -> Any:
    """The cross product of vectors of three along the last axis."""
    x, y = K.convert(a), K.convert(b)
    (a0, a1, a2), (b0, b1, b2) = (tuple(one[..., place] for place in range(3)) for one in (x, y))
    return K.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)


def is_non_decreasing(x: Any) -> Tensor:
    """Whether no element is smaller than the one before."""
    flat = K.reshape(K.convert(x), [-1])
    return K.all(K.greater_equal(flat[1:], flat[:-1]))


def is_strictly_increasing(x: Any) -> Tensor:
    """Whether every element is larger than the one before."""
    flat = K.reshape(K.convert(x), [-1])
    return K.all(K.greater(flat[1:], flat[:-1]))
