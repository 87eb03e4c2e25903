"""Arguments that all recurrent cells share: activations, and the options of their three weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstack import activations
from nnstack.layers.parameters import options_config, set_options

_PARTS = ("kernel", "recurrent", "bias")


def take_options(layer: Any, given: Mapping[str, Any]) -> None:
    """Sets the arguments found in `given`."""
    for name in ("activation", "recurrent_activation"):
        if name in given:
            setattr(layer, name, activations.get(given[name]))
    layer.use_bias = bool(given["use_bias"])
    for part in _PARTS:
        set_options(layer, part, *(given[f"{part}_{kind}"] for kind in ("initializer", "regularizer", "constraint")))


def cell_options_config(layer: Any) -> dict[str, Any]:
    """The same arguments as plain data."""
    config: dict[str, Any] = {}
    for name in ("activation", "recurrent_activation"):
        if hasattr(layer, name):
            config[name] = activations.serialize(getattr(layer, name))
    return {**config, "use_bias": layer.use_bias, **options_config(layer, *_PARTS, activity=False)}
