"""`tf.debugging`: checks on numbers; on symbols they say nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.compat.dtypes import as_dtype


def _array(x: Any) -> np.ndarray | None:
    """The numbers; None where there are none yet."""
    if not backend.is_tensor(x):
        return np.asarray(x)
    value = backend.convert(x)
    return value.numpy() if value.concrete else None


def _checked(name: str, holds: Callable[..., Any], says: str) -> Callable[..., None]:
    def check(*values: Any, message: str | None = None, summarize: Any = None, name: Any = None, **_: Any) -> None:
        count = 1 if says.count("x") == 1 and "y" not in says else 2
        arrays = [_array(one) for one in values[:count]]
        if any(one is None for one in arrays):
            return
        if not np.all(holds(*arrays)):
            from nnstack.compat.control import InvalidArgumentError

            told = message or (values[count] if len(values) > count else None)
            shown = ", ".join(map(str, arrays))
            raise InvalidArgumentError(f"{check.__name__}: {told or 'expected ' + says}; got {shown}")

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"InvalidArgumentError unless {says} everywhere, where the numbers are known."
    return check


assert_less_equal = _checked("assert_less_equal", np.less_equal, "x <= y")
assert_greater_equal = _checked("assert_greater_equal", np.greater_equal, "x >= y")
assert_none_equal = _checked("assert_none_equal", np.not_equal, "x != y")
assert_positive = _checked("assert_positive", lambda x: x > 0, "x > 0")
assert_negative = _checked("assert_negative", lambda x: x < 0, "x < 0")
assert_non_positive = _checked("assert_non_positive", lambda x: x <= 0, "x <= 0")
assert_all_finite = _checked("assert_all_finite", np.isfinite, "finite x")


def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, message: str | None = None, summarize: Any = None,
    name: Any = None,
) -> None:  # fmt: skip
    """InvalidArgumentError unless |x - y| <= atol + rtol * |y| everywhere, where the numbers are known."""
    eps = 10 * 1.2e-7
    _checked(
        "assert_near",
        lambda a, b: np.abs(a - b) <= (eps if atol is None else atol) + (eps if rtol is None else rtol) * np.abs(b),
        "x close to y",
    )(x, y, message=message)


def _rank(x: Any) -> int:
    return len(backend.convert(x).shape)


def assert_rank_at_least(x: Any, rank: int, message: str | None = None, name: Any = None) -> None:
    """ValueError unless x has at least so many axes."""
    if _rank(x) < int(rank):
        raise ValueError(f"assert_rank_at_least: {message or ''} expected at least {rank} axes, got {_rank(x)}")


def assert_rank_in(x: Any, ranks: Any, message: str | None = None, name: Any = None) -> None:
    """ValueError unless x has one of these numbers of axes."""
    if _rank(x) not in [int(one) for one in ranks]:
        raise ValueError(f"assert_rank_in: {message or ''} expected {list(ranks)} axes, got {_rank(x)}")


def assert_scalar(tensor: Any, message: str | None = None, name: Any = None) -> Any:
    """`tensor`; ValueError unless it has no axes."""
    if _rank(tensor):
        raise ValueError(f"assert_scalar: {message or ''} expected no axes, got {_rank(tensor)}")
    return tensor


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: Any = None) -> None:
    """TypeError unless the elements are of this type."""
    if as_dtype(backend.convert(tensor).dtype) != as_dtype(tf_type):
        raise TypeError(f"assert_type: {message or ''} expected {tf_type}, got {backend.convert(tensor).dtype}")


def assert_integer(x: Any, message: str | None = None, name: Any = None) -> None:
    """TypeError unless the elements are whole numbers."""
    if not as_dtype(backend.convert(x).dtype).is_integer:
        raise TypeError(f"assert_integer: {message or ''} expected whole numbers, got {backend.convert(x).dtype}")


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The float type that all tensors have; ValueError for different ones."""
    kinds = {as_dtype(backend.convert(one).dtype) for one in (tensors or []) if one is not None}
    kinds |= {as_dtype(dtype)} if dtype is not None else set()
    if len(kinds) > 1 or any(not one.is_floating for one in kinds):
        raise ValueError(f"assert_same_float_dtype: expected one float type, got {sorted(kinds)}")
    return next(iter(kinds), as_dtype("float32"))


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers."""
    return backend.is_tensor(tensor) and not as_dtype(backend.convert(tensor).dtype).is_bool
