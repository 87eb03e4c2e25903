"""Arguments that all recurrent cells share: how the weights start, what they cost, where they must stay."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from nnstack import activations, constraints, initializers, regularizers
from nnstack.engine.layer import Layer

WEIGHTS = ("kernel", "recurrent", "bias")
_KINDS: dict[str, ModuleType] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}
OPTIONS = tuple((f"{weight}_{kind}", module) for kind, module in _KINDS.items() for weight in WEIGHTS)


def take_weight_options(layer: Any, given: Mapping[str, Any]) -> None:
    """Sets `activation`, `use_bias` and the initializers, regularizers and constraints found in `given`."""
    for name in ("activation", "recurrent_activation"):
        if name in given:
            setattr(layer, name, activations.get(given[name]))
    layer.use_bias = bool(given["use_bias"])
    for name, module in OPTIONS:
        setattr(layer, name, module.get(given[name]))


def weight_options_config(layer: Any) -> dict[str, Any]:
    """The same arguments as plain data."""
    config: dict[str, Any] = {}
    for name in ("activation", "recurrent_activation"):
        if hasattr(layer, name):
            config[name] = activations.serialize(getattr(layer, name))
    config["use_bias"] = layer.use_bias
    return config | {name: module.serialize(getattr(layer, name)) for name, module in OPTIONS}


def add_cell_weight(layer: Layer, weight: str, shape: tuple[int, ...], **changes: Any) -> Any:
    """A weight of the cell with the options called `<weight>_...`; `weight` is kernel, recurrent or bias."""
    options = {kind: getattr(layer, f"{weight}_{kind}") for kind in _KINDS} | changes
    return layer.add_weight("recurrent_kernel" if weight == "recurrent" else weight, shape, **options)
