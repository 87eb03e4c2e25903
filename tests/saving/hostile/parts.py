"""What hostile files are put together from: configs, and the layouts of Keras's files around them."""

from __future__ import annotations

import base64
import io
import json
import marshal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Maker = Callable[[Path, Path], None]
Entry = tuple[str, Maker, str]  # name of the file, what makes it, pattern of the error's text


def dense(name: str = "d", units: Any = 2, inputs: Any = 3) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"name": name, "units": units, "batch_input_shape": [None, inputs]}}


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": "x", **config}}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}


def marshalled(mark: Path) -> str:
    """Code that writes the mark, as Keras stores the code of a Lambda."""
    text = f"lambda x: open({str(mark)!r}, 'w').write('ran') or x"
    return base64.b64encode(marshal.dumps(eval(compile(text, "lambda", "eval")).__code__)).decode()


def lambda_layer(function: Any, kind: str = "lambda", **config: Any) -> dict[str, Any]:
    named = {"name": "evil", "function": function, "function_type": kind, "batch_input_shape": [None, 3]}
    return {"class_name": "Lambda", "config": {**named, **config}}


class Attack:
    """Pickled, it writes the mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (open, (str(self.mark), "w"))


# -- HDF5 -----------------------------------------------------------------------------------------------------------
def h5(
    path: Path,
    config: Any,
    fill: Callable[[Any], None] | None = None,
    training: Any = None,
    names: Any = ("d",),
    weights: Any = ("d/kernel:0", "d/bias:0"),
) -> None:
    """A file with the layout of Keras; `fill(group of layer d)` writes the arrays."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.9.0"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = list(names) if isinstance(names, tuple) else names
        first = group.create_group("d")
        first.attrs["weight_names"] = list(weights) if isinstance(weights, tuple) else weights
        (fill or good)(first)


def good(group: Any) -> None:
    group["d/kernel:0"] = np.ones((3, 2), np.float32)
    group["d/bias:0"] = np.zeros(2, np.float32)


def with_kernel(kernel: Callable[[Any, Path], None], units: int = 2, inputs: int = 3) -> Maker:
    """A file whose kernel `kernel(group, path)` puts into the group; the bias is a good one."""

    def make(path: Path, mark: Path) -> None:
        def fill(group: Any) -> None:
            kernel(group, path)
            group["d/bias:0"] = np.zeros(2, np.float32)

        h5(path, sequential(dense(units=units, inputs=inputs)), fill)

    return make


def h5_of(*layers: dict[str, Any], **options: Any) -> Maker:
    return lambda path, mark: h5(path, sequential(*layers), **options)


def trained(**training: Any) -> Maker:
    """A file of a compiled model."""
    sgd = {"class_name": "SGD", "config": {}}
    return h5_of(dense(), training={"loss": "mse", "metrics": [], "optimizer_config": sgd, **training})


def graph(**changes: Any) -> Maker:
    """A functional model with a part of its config replaced."""
    start = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "i"}, "name": "i"}
    config = {
        "name": "m",
        "layers": [{**start, "inbound_nodes": []}, {**dense(), "name": "d", "inbound_nodes": [[["i", 0, 0, {}]]]}],
        "input_layers": [["i", 0, 0]],
        "output_layers": [["d", 0, 0]],
        **changes,
    }
    return lambda path, mark: h5(path, {"class_name": "Functional", "config": config})


# -- .keras ---------------------------------------------------------------------------------------------------------
def archive(path: Path, config: Any, weights: bytes | None = None, extra: dict[str, bytes] | None = None) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.9.2"}))
        file.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        file.writestr("model.weights.h5", tree() if weights is None else weights)
        for name, content in (extra or {}).items():
            file.writestr(name, content)


def archive_of(*layers: dict[str, Any]) -> Maker:
    return lambda path, mark: archive(path, sequential(*layers))


def tree(change: Callable[[Any], None] | None = None) -> bytes:
    """The weights of a .keras file with one Dense layer."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/vars/0"] = np.ones((3, 2), np.float32)
        file["layers/dense/vars/1"] = np.zeros(2, np.float32)
        if change is not None:
            change(file)
    return buffer.getvalue()


def with_tree(change: Callable[[Any], None]) -> Maker:
    return lambda path, mark: archive(path, sequential(dense()), tree(change))
