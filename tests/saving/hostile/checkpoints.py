"""Folders: SavedModels and TensorFlow's checkpoints, an index beside a file of numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nnstack.saving import protobuf, tensor_bundle

from .parts import Entry, Maker, dense, sequential


def checkpoint(change: Callable[[bytearray], Any] | None = None, metadata: bytes | None = None) -> Maker:
    def make(path: Path, mark: Path) -> None:
        (path / "variables").mkdir(parents=True)
        (path / "saved_model.pb").write_bytes(b"")
        config = json.dumps({"class_name": "Sequential", "config": sequential(dense())["config"]}).encode()
        node = protobuf.bytes_field(3, "root") + protobuf.bytes_field(5, config)
        (path / "keras_metadata.pb").write_bytes(protobuf.bytes_field(1, node) if metadata is None else metadata)
        data = io.BytesIO()
        index = bytearray(tensor_bundle.write({"x": np.ones(3, np.float32)}, data))
        if change is not None:
            change(index)
        (path / "variables" / "variables.index").write_bytes(bytes(index))
        (path / "variables" / "variables.data-00000-of-00001").write_bytes(data.getvalue())

    return make


def _flip(index: bytearray) -> None:
    index[10] ^= 0xFF


def _cut(index: bytearray) -> None:
    del index[20:40]


FILES: list[Entry] = [
    ("flipped_index", checkpoint(_flip), "is broken"),
    ("cut_index", checkpoint(_cut), "is broken"),
    ("empty_index", checkpoint(lambda index: index.clear()), "is broken"),
    ("no_objects", checkpoint(), "without the objects of Keras"),
    ("metadata_of_noise", checkpoint(metadata=b"\xff" * 100), "is broken"),
    ("metadata_never_ends", checkpoint(metadata=b"\x0a\xff\xff\xff\xff\x0f"), "is broken"),
]
