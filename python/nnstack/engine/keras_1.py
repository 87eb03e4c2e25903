"""Arguments of layers under Keras 1's names, which Keras 2 takes with a warning: `output_dim`, `border_mode`, ..."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

# The old name is all that is looked at when a layer is made; what it means is written in saving/dialects.py.
_WORDS = """
    output_dim init W_regularizer W_constraint b_regularizer b_constraint bias inner_init inner_activation
    U_regularizer U_constraint dropout_W dropout_U nb_filter filter_length subsample subsample_length border_mode
    dim_ordering depthwise_init pointwise_init pool_length stride atrous_rate length p sigma beta_init gamma_init
    moving_mean_init nb_row nb_col kernel_dim1 kernel_dim2 kernel_dim3 mode consume_less forget_bias_init dropout
"""
NAMES = frozenset(_WORDS.split())


def takes_keras_1(make: Callable[..., None]) -> Callable[..., None]:
    """A layer's `__init__` that understands Keras 1's names, too, and says what to write today."""

    @functools.wraps(make)
    def translated(self: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs and not NAMES.isdisjoint(kwargs):
            args, kwargs = _today(type(self), make, args, kwargs)
        make(self, *args, **kwargs)

    return translated


def _today(cls: Any, make: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from nnstack.saving import dialects

    names = list(inspect.signature(make).parameters)
    own = dialects.class_name(cls.__name__)
    accepted = {*names, *dialects.accepted(cls)}
    old = sorted(name for name in kwargs if name in NAMES and name not in accepted)
    if not old:
        return args, kwargs
    given, kwargs = kwargs, dict(kwargs)
    if len(args) == 3 and own.endswith("2D") and all(isinstance(size, int) for size in args) and "filters" in names:
        args = (args[0], (args[1], args[2]))  # Conv2D(32, 3, 3, border_mode="same")
    dialects.respell(own, kwargs, accepted)
    if own == "BatchNormalization" and kwargs.get("mode") in (0, 2):
        del kwargs["mode"]
    if own == "Embedding":
        kwargs.pop("dropout", None)  # SpatialDropout1D behind it is Keras 2's way
    if own in dialects.RNNS:
        kwargs.pop("consume_less", None)
    if "forget_bias_init" in kwargs and "unit_forget_bias" in accepted:
        kwargs["unit_forget_bias"] = kwargs.pop("forget_bias_init") in ("one", "ones")
    old = [name for name in old if name not in kwargs]
    if not old:
        return args, kwargs
    now = ", ".join(f"{name}={value!r}" for name, value in kwargs.items() if name not in given)
    warnings.warn(f"{own}: {', '.join(old)} of Keras 1; write {now or 'nothing instead'}", stacklevel=4)
    return args, kwargs
