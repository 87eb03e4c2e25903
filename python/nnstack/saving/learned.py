"""What layers learned by `adapt`, as tf_keras keeps it in a .keras file: vocabularies beside the weights, a token per
line, and arrays among the weights whose sizes only the data tell. nnstack writes it into the configs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstack.saving import hdf5_guard
from nnstack.saving.hdf5_guard import StoredArray

VOCABULARY = "vocabulary.txt"


def read(model: Any, places: Mapping[int, str], file: Any, texts: Mapping[str, bytes], title: str) -> None:
    """Hands every layer that learns what the archive has for it.

    places: group of each layer's weights in `file`, by the layer's id. texts: the archive's vocabularies by name.
    `ValueError` for a vocabulary that is no UTF-8 text, or not of the layer's kind.
    """
    for layer in model._flatten_layers():
        place = places.get(id(layer))
        if place is None or not hasattr(layer, "load_learned"):
            continue
        text = texts.get(f"assets{place}/{VOCABULARY}", b"")
        group = hdf5_guard.group_at(file, f"{place}/vars") if hdf5_guard.has(file, f"{place}/vars") else {}
        arrays = {name: StoredArray(hdf5_guard.child(group, name)).read() for name in group}
        try:
            layer.load_learned(text.decode().split("\n") if text else [], arrays)
        except ValueError as error:
            raise ValueError(f'{title}: what layer "{layer.name}" learned is broken: {error}') from None


def idf_weights(layer: Any) -> Any:
    """The weights that a layer of output_mode "tf_idf" learned, else None. tf_keras looks for them among the layer's
    own.
    """
    return getattr(getattr(layer, "_lookup_layer", layer), "_idf", None)
