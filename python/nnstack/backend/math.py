"""Elementwise functions, comparisons, reductions and products, with Keras 2's names and arguments."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack.backend import tensor as t
from nnstack.backend.config import floatx
from nnstack.backend.tensor import INTEGERS, Tensor, TensorLike, binary, convert, emit, power, unary

Axis = int | Sequence[int] | None


def cast(x: TensorLike, dtype: str) -> Tensor:
    """`x` with elements of type `dtype`; floats are cut towards zero on the way to integers."""
    return convert(x, _dtype_name(dtype))


def _dtype_name(dtype: Any) -> str:
    return dtype if isinstance(dtype, str) else np.dtype(dtype).name


def cast_to_floatx(x: TensorLike) -> Any:
    """A tensor cast to `floatx()`; an array or list as a numpy array of that type."""
    return cast(x, floatx()) if t.is_tensor(x) else np.asarray(x, dtype=floatx())


def identity(x: TensorLike, name: str | None = None) -> Tensor:
    """A new tensor with the same contents."""
    return unary("identity", x)


def stop_gradient(variables: Any) -> Any:
    """The same values, constant for `gradients`; a list gives a list."""
    if isinstance(variables, (list, tuple)):
        return [unary("stop_gradient", x) for x in variables]
    return unary("stop_gradient", variables)


def abs(x: TensorLike) -> Tensor:
    """Absolute value."""
    return unary("abs", x)


def sign(x: TensorLike) -> Tensor:
    """-1, 0 or 1."""
    return unary("sign", x)


def square(x: TensorLike) -> Tensor:
    """x * x."""
    return unary("square", x)


def sqrt(x: TensorLike) -> Tensor:
    """Square root; negative numbers count as zero, as in Keras."""
    return unary("sqrt", maximum(x, 0.0))


def exp(x: TensorLike) -> Tensor:
    """e ** x."""
    return unary("exp", x)


def log(x: TensorLike) -> Tensor:
    """Natural logarithm."""
    return unary("log", x)


def log1p(x: TensorLike) -> Tensor:
    """log(1 + x), accurate near zero."""
    return unary("log1p", x)


def expm1(x: TensorLike) -> Tensor:
    """exp(x) - 1, accurate near zero."""
    return unary("expm1", x)


def sin(x: TensorLike) -> Tensor:
    """Sine."""
    return unary("sin", x)


def cos(x: TensorLike) -> Tensor:
    """Cosine."""
    return unary("cos", x)


def erf(x: TensorLike) -> Tensor:
    """Gauss's error function."""
    return unary("erf", x)


def round(x: TensorLike) -> Tensor:
    """Nearest integer, halves to the even one; integers are left alone."""
    value = convert(x)
    return value if value.dtype in INTEGERS else unary("round", value)


def floor(x: TensorLike) -> Tensor:
    """Largest integer not above x; integers are left alone."""
    value = convert(x)
    return value if value.dtype in INTEGERS else unary("floor", value)


def pow(x: TensorLike, a: TensorLike) -> Tensor:
    """x ** a."""
    return power(x, a)


def add(x: TensorLike, y: TensorLike) -> Tensor:
    """x + y."""
    return binary("add", x, y)


def subtract(x: TensorLike, y: TensorLike) -> Tensor:
    """x - y."""
    return binary("subtract", x, y)


def multiply(x: TensorLike, y: TensorLike) -> Tensor:
    """x * y."""
    return binary("multiply", x, y)


def divide(x: TensorLike, y: TensorLike) -> Tensor:
    """x / y."""
    return t.true_divide(x, y)


def divide_no_nan(x: TensorLike, y: TensorLike) -> Tensor:
    """x / y, and 0 where y is 0."""
    first, second = t.pair(x, y)
    zero = emit("equal", second, convert(0, second.dtype))
    safe = emit("select", zero, convert(1, second.dtype), second)
    return emit("select", zero, convert(0, first.dtype), emit("divide", first, safe))


def maximum(x: TensorLike, y: TensorLike) -> Tensor:
    """The larger of two, element by element."""
    return binary("maximum", x, y)


def minimum(x: TensorLike, y: TensorLike) -> Tensor:
    """The smaller of two, element by element."""
    return binary("minimum", x, y)


def clip(x: TensorLike, min_value: TensorLike | None, max_value: TensorLike | None) -> Tensor:
    """x kept within [min_value, max_value]; None: no bound on that side."""
    if isinstance(min_value, (int, float)) and isinstance(max_value, (int, float)):
        max_value = max_value if max_value > min_value else min_value
    result = convert(x)
    if max_value is not None:
        result = minimum(result, max_value)
    return result if min_value is None else maximum(result, min_value)


def equal(x: TensorLike, y: TensorLike) -> Tensor:
    """x == y, element by element, as bool."""
    return binary("equal", x, y)


def not_equal(x: TensorLike, y: TensorLike) -> Tensor:
    """x != y, element by element, as bool."""
    return binary("not_equal", x, y)


def less(x: TensorLike, y: TensorLike) -> Tensor:
    """x < y, element by element, as bool."""
    return binary("less", x, y)


def less_equal(x: TensorLike, y: TensorLike) -> Tensor:
    """x <= y, element by element, as bool."""
    return binary("less_equal", x, y)


def greater(x: TensorLike, y: TensorLike) -> Tensor:
    """x > y, element by element, as bool."""
    return binary("greater", x, y)


def greater_equal(x: TensorLike, y: TensorLike) -> Tensor:
    """x >= y, element by element, as bool."""
    return binary("greater_equal", x, y)


def select(condition: TensorLike, a: TensorLike, b: TensorLike) -> Tensor:
    """a where condition holds, b elsewhere; all three broadcast."""
    first, second = t.pair(a, b)
    return emit("select", convert(condition, "bool"), first, second)


def _axes(x: Tensor, axis: Axis) -> list[int]:
    if axis is None:
        return list(range(len(x.shape)))
    return [int(a) for a in np.ravel(axis)]


def _reduce(op: str, x: TensorLike, axis: Axis, keepdims: bool) -> Tensor:
    value = convert(x)
    return emit(op, value, axes=_axes(value, axis), keepdims=bool(keepdims))


def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum over `axis` (None: all; negative counts from the end)."""
    return _reduce("sum", x, axis, keepdims)


def prod(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Product over `axis`."""
    return _reduce("prod", x, axis, keepdims)


def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean over `axis`; bool counts as `floatx()`, the mean of whole numbers is cut to one, as in TensorFlow."""
    value = convert(x)
    value = convert(value, floatx()) if value.dtype == "bool" else value
    return t.through_floats(lambda floats: _reduce("mean", floats, axis, keepdims), value)


def max(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest element over `axis`."""
    return _reduce("max", x, axis, keepdims)


def min(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest element over `axis`."""
    return _reduce("min", x, axis, keepdims)


def any(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether any element over `axis` is not zero."""
    return _reduce("any", convert(x, "bool"), axis, keepdims)


def all(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether every element over `axis` is not zero."""
    return _reduce("all", convert(x, "bool"), axis, keepdims)


def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean squared distance from the mean over `axis`."""
    value = convert(x)
    value = convert(value, floatx()) if value.dtype == "bool" else value
    return mean(square(value - mean(value, axis, True)), axis, keepdims)


def std(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Square root of `var`."""
    return sqrt(var(x, axis, keepdims))


def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) over `axis`, without overflow."""
    value = convert(x)
    top = stop_gradient(max(value, axis, True))
    top = select(unary("is_finite", top), top, 0.0)
    total = log(sum(exp(value - top), axis, True)) + top
    return total if keepdims else emit("squeeze", total, axes=_axes(value, axis))


def argmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Index (int64) of the first largest element along `axis`."""
    return emit("argmax", convert(x), axis=int(axis))


def argmin(x: TensorLike, axis: int = -1) -> Tensor:
    """Index (int64) of the first smallest element along `axis`."""
    return emit("argmin", convert(x), axis=int(axis))


def count(x: TensorLike, axis: Axis = None, dtype: str | None = None) -> Tensor:
    """Number of elements along `axis`, a scalar known when a program is planned."""
    value = convert(x)
    return emit("count", value, axes=_axes(value, axis), dtype=dtype or floatx())


def l2_normalize(x: TensorLike, axis: Axis = None) -> Tensor:
    """x divided by its Euclidean length along `axis` (squared length at least 1e-12)."""
    value = convert(x)
    return value * unary("rsqrt", maximum(sum(square(value), axis, True), 1e-12))
