"""`keras.engine.saving`: lists of layers and groups of an HDF5 file, as programs with a `load_weights` of their own use
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnstack.saving import hdf5_weights
from nnstack.saving.hdf5_attributes import write_attribute
from nnstack.saving.hdf5_weights import stored_weights
from nnstack.saving.training_state import write_arrays


class _Layers:
    """What readers ask of a model."""

    def __init__(self, layers: Sequence[Any]) -> None:
        self.layers = list(layers)

    def _held_weights(self) -> list[Any]:
        return []


def load_weights_from_hdf5_group(f: Any, layers: Sequence[Any], reshape: bool = False) -> None:
    """The n-th layer with weights takes the n-th group with weights; ValueError where they do not fit."""
    title = "load_weights_from_hdf5_group"
    hdf5_weights.assign(hdf5_weights.by_position(_Layers(layers), f, title))


def load_weights_from_hdf5_group_by_name(
    f: Any, layers: Sequence[Any], skip_mismatch: bool = False, reshape: bool = False
) -> None:
    """Layers take the groups of their names; what does not fit is a ValueError, or left out with `skip_mismatch`."""
    title = "load_weights_from_hdf5_group_by_name"
    hdf5_weights.assign(hdf5_weights.by_name(_Layers(layers), f, skip_mismatch, title))


def save_weights_to_hdf5_group(f: Any, layers: Sequence[Any]) -> None:
    """A group for each layer, with its weights."""
    write_attribute(f, "layer_names", [layer.name for layer in layers])
    for layer in layers:
        write_arrays(f.create_group(layer.name), [(v.name, v) for v in stored_weights(layer)])
