"""`tf.custom_gradient`: a function that gives its results and its gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from nnstack import backend
from nnstack.backend.own_gradients import with_gradient
from nnstack.utils import nest


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f(*x)` returns (y, grad); `grad(*dy)` gives the gradients at x, which are used in place of those of f's ops.

    Variables that `f` reads beside its arguments get no gradient. Works under a GradientTape and in compiled steps.
    Second derivatives are those of the gradients' inputs alone.

    >>> @custom_gradient
    ... def reversed_gradient(x):
    ...     return x, lambda dy: -dy
    """

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        result, grad = f(*args, **kwargs)
        flat = nest.flatten(args)
        places = [place for place, one in enumerate(flat) if backend.is_tensor(one)]

        def gradient(*upstream: Any) -> list[Any]:
            found = nest.flatten(grad(*upstream))
            found = found if len(found) == len(flat) else [*found, *[None] * (len(flat) - len(found))]
            return [found[place] for place in places]

        ends = with_gradient(nest.flatten(result), [flat[place] for place in places], gradient)
        return nest.pack_as(result, iter(ends))

    return call


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` with the gradient of the identity."""
    return custom_gradient(lambda *args, **kwargs: (f(*args, **kwargs), lambda *upstream: upstream))
