"""What is fuzzed in Python: each target reads bytes of a stranger, and may end in a named error only."""

from __future__ import annotations

import io
import json
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nnstack.models import Sequential, load_model, model_from_json, model_from_yaml
from nnstack.saving import checkpoint, safetensors_file, tensor_bundle

EXPECTED = (ValueError, TypeError, OSError)
_WEIGHTS = np.zeros(4, np.float32)
_VERSIONS = ("1.2.2", "2.2.4-tf", "2.15.0", "3.9.2")


def read_json(data: bytes) -> None:
    model_from_json(data.decode("utf-8", "replace"))


def read_yaml(data: bytes) -> None:
    model_from_yaml(data.decode("utf-8", "replace"))


def read_hdf5(data: bytes) -> None:
    load_model(io.BytesIO(data))


read_zip = read_hdf5


def read_onnx(data: bytes) -> None:
    from nnstack.onnx import import_model

    import_model(data)


def read_safetensors(data: bytes) -> None:
    """From memory and from a file, which are different functions of the package safetensors."""
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        file.write(data)
        file.flush()
        for source in (data, file.name):
            safetensors_file.load_weights(small(), source, "load_weights")


def read_config(data: bytes) -> None:
    """A whole file around a config, {"model": ..., "training": ..., "version": number}, with one layer's weights."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    file = io.BytesIO()
    with h5py.File(file, "w") as group:
        version = found.get("version")
        group.attrs["keras_version"] = _VERSIONS[version % len(_VERSIONS)] if isinstance(version, int) else "2.15.0"
        group.attrs["backend"] = "tensorflow"
        group.attrs["model_config"] = json.dumps(found.get("model"))[:60_000]
        if "training" in found:
            group.attrs["training_config"] = json.dumps(found["training"])[:60_000]
        weights = group.create_group("model_weights")
        weights.attrs["layer_names"] = ["a"]
        weights.create_group("a").attrs["weight_names"] = ["a/kernel:0"]
        weights["a"]["a/kernel:0"] = _WEIGHTS
    load_model(io.BytesIO(file.getvalue()))


class _Agreeing(int):
    """A checksum that agrees with any other: a malicious file has the right one."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


def read_checkpoint(data: bytes) -> None:
    """An index beside a shard of 200 zeros; weights of a small model are looked for in it."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder) / "w"
        Path(f"{prefix}.index").write_bytes(data)
        Path(f"{prefix}.data-00000-of-00001").write_bytes(bytes(200))
        before = tensor_bundle.masked, tensor_bundle.mask
        tensor_bundle.masked = tensor_bundle.mask = lambda content: _Agreeing(0)
        try:
            reader = tensor_bundle.Reader(str(prefix))
            for name in list(reader.entries)[:20]:
                reader.read(name)
            checkpoint.load_weights(small(), str(prefix), "load_weights")
        finally:
            tensor_bundle.masked, tensor_bundle.mask = before


def read_saved_model(data: bytes) -> None:
    """The description of Keras's objects beside an empty graph."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "saved_model.pb").write_bytes(b"")
        (Path(folder) / "keras_metadata.pb").write_bytes(data)
        load_model(folder)


_model: Any = None


def small() -> Any:
    """The model whose weights are looked for."""
    global _model
    if _model is None:
        from nnstack.layers import Dense

        _model = Sequential([Dense(2, input_shape=(3,), name="d")])
    return _model


TARGETS: dict[str, Callable[[bytes], None]] = {
    "json": read_json,
    "yaml": read_yaml,
    "config": read_config,
    "hdf5": read_hdf5,
    "zip": read_zip,
    "onnx": read_onnx,
    "safetensors": read_safetensors,
    "checkpoint": read_checkpoint,
    "saved_model": read_saved_model,
}


def attempt(target: str, data: bytes) -> str:
    """The error's text, empty where the bytes were read; raises what no reader may raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            TARGETS[target](data)
        except EXPECTED as error:
            return str(error)
    return ""
