"""Small good files to begin from: `python tests/fuzz/seeds.py FOLDER` fills FOLDER/<target> for each fuzz target."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import readers

from nnstack import layers as L
from nnstack.models import Model, Sequential
from nnstack.onnx import export_model
from nnstack.saving import protobuf, training_config
from nnstack.saving.config import json_default


def models() -> Iterator[tuple[str, Model]]:
    """One of each family, as small as they come."""
    yield "dense", Sequential([L.Dense(3, activation="relu", input_shape=(4,)), L.Dropout(0.1), L.Dense(2)])
    window = [L.Conv2D(2, 2, padding="same"), L.BatchNormalization(), L.MaxPooling2D(), L.Flatten()]
    yield "images", Sequential([L.Input((4, 4, 1)), *window, L.Dense(2, activation="softmax")])
    words = [
        L.Embedding(5, 3, mask_zero=True, input_length=4),
        L.Bidirectional(L.LSTM(2, return_sequences=True)),
        L.GRU(2),
    ]
    yield "words", Sequential(words)
    a, b = L.Input((3,), name="a"), L.Input((3,), name="b")
    shared = L.Dense(2)
    yield "graph", Model([a, b], [L.Concatenate()([shared(a), shared(b)]), L.Add()([a, b]) * 2.0])
    x = L.Input((4, 6))
    yield "attention", Model(x, L.LayerNormalization()(x + L.MultiHeadAttention(2, 3)(x, x)))
    layers = [L.RNN(L.SimpleRNNCell(2)), L.RepeatVector(2), L.TimeDistributed(L.Dense(1)), L.UpSampling1D(2)]
    yield "loops", Sequential([L.Input((3, 2)), *layers])


TARGETS = ("model_file", "hdf5", "zip", "json", "yaml", "config", "checkpoint", "saved_model", "tensorflow", "onnx")


def write(folder: Path) -> None:
    """A folder per target, a file per model; none for packages that are not installed."""
    for target in (*TARGETS, "safetensors"):
        (folder / target).mkdir(parents=True, exist_ok=True)
    if importlib.util.find_spec("safetensors"):
        readers.small().save_weights(folder / "safetensors" / "small.safetensors")
    for name, model in models():
        model.export(str(folder / "model_file" / name), samples=1)
        model.compile("adam", "mse")
        model.save(folder / "hdf5" / name, save_format="h5")
        model.save(folder / "zip" / name, save_format="keras")
        model.save(folder / "hdf5" / f"{name}_2.3", save_format="h5", dialect="keras2.3") if name == "dense" else None
        if importlib.util.find_spec("onnx"):
            export_model(model, folder / "onnx" / name)
        (folder / "json" / name).write_text(model.to_json())
        (folder / "yaml" / name).write_text(model.to_yaml())
        config = {"model": json.loads(model.to_json()), "training": training_config.write(model), "version": 2}
        (folder / "config" / name).write_text(json.dumps(config, default=json_default))
        model.save_weights(folder / "tensorflow" / name, save_format="tf")
        (folder / "checkpoint" / name).write_bytes((folder / "tensorflow" / f"{name}.index").read_bytes())
        node = protobuf.bytes_field(3, "root") + protobuf.bytes_field(5, model.to_json().encode())
        (folder / "saved_model" / name).write_bytes(protobuf.bytes_field(1, node))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
