"""Models in pickles: the bytes of an HDF5 file, and the user's own classes by reference, as pickle has them."""

from __future__ import annotations

import io
from typing import Any


def to_pickle(model: Any) -> tuple[Any, tuple[bytes, dict[str, Any]]]:
    """What `pickle` and `copy.deepcopy` make of a model: architecture, weights, compile arguments, optimizer state."""
    file = io.BytesIO()
    model.save(file)
    own = [layer for layer in model._flatten_layers() if not type(layer).__module__.startswith("nnstack.")]
    return from_pickle, (file.getvalue(), {type(layer).__name__: type(layer) for layer in own})


def from_pickle(content: bytes, custom_objects: dict[str, Any]) -> Any:
    """The model again."""
    import warnings

    from nnstack.models import load_model

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*no training configuration")
        return load_model(content, custom_objects)
