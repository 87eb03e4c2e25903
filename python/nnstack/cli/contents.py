"""What is in a model's file, as plain data and without building anything; one function per kind of file.

Every result has some of: `versions`, `model` (class, name, layers), `weights` (name, shape, dtype, bytes), `training`,
`optimizer`, `inputs`, `outputs`, and `notes`.
"""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

Contents = dict[str, Any]
_MAX_HEADER = 100 << 20  # of a safetensors file: the limit of the format
_SHOWN = (
    "units", "filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "activation", "pool_size",
    "rate", "axis", "target_shape", "input_dim", "output_dim", "return_sequences", "num_heads", "key_dim", "use_bias",
)  # fmt: skip


def contents(path: str, kind: str) -> Contents:
    """What is in the file; `ValueError` for a broken one."""
    try:
        return {"file": path, "kind": kind, "bytes": _size(path), **_READERS[kind](path)}
    except (KeyError, IndexError, AttributeError, zipfile.BadZipFile, struct.error, RecursionError, EOFError) as error:
        raise ValueError(f"{path} is broken: {type(error).__name__}: {error}") from None


def _size(path: str) -> int:
    """Bytes of a file, of a folder's files, or of a checkpoint's."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    if os.path.isdir(path):
        return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)
    folder, name = os.path.split(path)
    return sum(entry.stat().st_size for entry in os.scandir(folder or ".") if entry.name.startswith(f"{name}."))


def weight(name: str, shape: Any, dtype: str, itemsize: int) -> dict[str, Any]:
    """One row of `weights`."""
    count = 1
    for size in shape:
        count *= int(size)
    return {"name": name, "shape": [int(size) for size in shape], "dtype": dtype, "bytes": count * itemsize}


# -- configs ----------------------------------------------------------------------------------------------------------
def _model(config: Any) -> Contents:
    """Class, name and layers of a config; layers of models inside stand below them."""
    if not isinstance(config, Mapping):
        return {}
    inner = config.get("config")
    name = inner.get("name") if isinstance(inner, Mapping) else None
    return {"model": {"class": config.get("class_name"), "name": name, "layers": list(_layers(inner, 0))}}


def _layers(config: Any, depth: int) -> Any:
    entries = config.get("layers", []) if isinstance(config, Mapping) else config if isinstance(config, list) else []
    for entry in entries if depth < 20 else []:
        if not isinstance(entry, Mapping):
            continue
        own = entry.get("config")
        arguments = own if isinstance(own, Mapping) else {}
        layer = arguments.get("layer")
        shown = {key: _short(arguments[key]) for key in _SHOWN if arguments.get(key) is not None}
        shape = arguments.get("batch_input_shape", arguments.get("batch_shape"))
        if shape is not None:
            shown["batch_input_shape"] = _short(shape)
        row = {
            "name": arguments.get("name", entry.get("name")),
            "class": entry.get("class_name"),
            "depth": depth,
            "arguments": shown,
        }
        if arguments.get("trainable") is False:
            row["frozen"] = True
        yield row
        yield from _layers([layer], depth + 1) if isinstance(layer, Mapping) else _layers(own, depth + 1)


def _short(value: Any) -> Any:
    """Objects by their class, arrays of Keras 3 as lists."""
    if isinstance(value, Mapping):
        config = value.get("config")
        return config if isinstance(config, str) else value.get("class_name")
    return value


def _training(config: Any) -> Contents:
    """Loss, metrics and optimizer of compile()."""
    if not isinstance(config, Mapping):
        return {}
    optimizer = config.get("optimizer_config", config.get("optimizer"))
    result: Contents = {
        "training": {key: _plain(config[key]) for key in ("loss", "metrics", "weighted_metrics") if config.get(key)}
    }
    if isinstance(optimizer, Mapping):
        settings = optimizer.get("config")
        settings = {key: _plain(one) for key, one in settings.items()} if isinstance(settings, Mapping) else {}
        result["optimizer"] = {"class": optimizer.get("class_name"), "config": settings}
    elif optimizer:
        result["optimizer"] = {"class": optimizer}
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping) and "class_name" in value:
        return value["class_name"]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


# -- files ------------------------------------------------------------------------------------------------------------
def _hdf5(path: str) -> Contents:
    from nnstack.saving import hdf5_guard
    from nnstack.saving.config import read_json
    from nnstack.saving.hdf5_files import reading

    with reading(path, "inspect") as file, hdf5_guard.errors_of(path):
        group = hdf5_guard.group_at(file, "model_weights") if hdf5_guard.has(file, "model_weights") else file
        versions = {
            key: found
            for key in ("keras_version", "backend")
            if (found := hdf5_guard.text(file, key) or hdf5_guard.text(group, key))
        }
        result: Contents = {"versions": versions}
        for key, reader in (("model_config", _model), ("training_config", _training)):
            text = hdf5_guard.text(file, key)
            if text is not None:
                result |= reader(read_json(text, f"{path}: {key}"))
        skipped = () if group is not file else ("optimizer_weights", "random_states", "training_run")
        result["weights"] = _datasets(group, skipped)
        if hdf5_guard.has(file, "optimizer_weights"):
            rows = _datasets(hdf5_guard.group_at(file, "optimizer_weights"), ())
            result.setdefault("optimizer", {})["arrays"] = len(rows)
            result["optimizer"]["bytes"] = sum(row["bytes"] for row in rows)
    if "model" not in result:
        result["notes"] = ["weights alone: build the model, then load_weights"]
    return result


def _datasets(group: Any, skipped: tuple[str, ...]) -> list[dict[str, Any]]:
    """Arrays of a group, in the order of its lists of names where it has them."""
    from nnstack.saving import hdf5_guard
    from nnstack.saving.hdf5_files import h5py_module

    rows: list[dict[str, Any]] = []
    h5py = h5py_module()
    seen: set[int] = set()  # groups of a broken file may hold one another

    def walk(place: Any, path: str, depth: int) -> None:
        address = int(h5py.h5o.get_info(place.id).addr)
        if address in seen:
            return
        seen.add(address)
        listed = hdf5_guard.names(place, "layer_names") + hdf5_guard.names(place, "weight_names")
        # Names with slashes are paths; what lies beside them is not listed again.
        names = listed if listed and all(hdf5_guard.has(place, name) for name in listed) else list(place)
        for name in names if depth < 30 else []:
            if name in skipped:
                continue
            one = hdf5_guard.child(place, name)
            if hasattr(one, "shape") and one.shape is not None:
                rows.append(weight(f"{path}{name}", one.shape, one.dtype.name, one.dtype.itemsize))
            elif not hasattr(one, "shape"):
                walk(one, f"{path}{name}/" if not listed or depth else "", depth + 1)

    walk(group, "", 0)
    return rows


def _keras(path: str) -> Contents:
    from nnstack.saving import hdf5_guard
    from nnstack.saving.config import read_json
    from nnstack.saving.hdf5_files import h5py_module

    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info.file_size for info in archive.infolist()}
        if "config.json" not in members:
            raise ValueError(
                f"{path} is a zip without config.json, so no .keras file; it has {', '.join(members)[:200]}"
            )

        def member(name: str) -> bytes:
            if members[name] > 20 * os.path.getsize(path) + (64 << 20):
                raise ValueError(f"{path}: {name} claims {members[name]} bytes, many times what the file holds")
            return archive.read(name)

        config = read_json(member("config.json"), f"{path}: config.json")
        result = _model(config) | _training(config.get("compile_config") if isinstance(config, Mapping) else None)
        if "metadata.json" in members:
            metadata = read_json(member("metadata.json"), f"{path}: metadata.json")
            result["versions"] = metadata if isinstance(metadata, dict) else {}
        if "model.weights.h5" in members:
            with h5py_module().File(io.BytesIO(member("model.weights.h5")), "r") as file, hdf5_guard.errors_of(path):
                rows = _datasets(file, ("optimizer", "random_states", "training_run"))
                result["weights"] = rows
                if hdf5_guard.has(file, "optimizer"):
                    slots = _datasets(hdf5_guard.group_at(file, "optimizer"), ())
                    result.setdefault("optimizer", {})["arrays"] = len(slots)
                    result["optimizer"]["bytes"] = sum(row["bytes"] for row in slots)
    return result


def _checkpoint(path: str) -> Contents:
    from nnstack.saving import checkpoint, tensor_bundle

    prefix = checkpoint.find_prefix(path)
    assert prefix is not None
    reader = tensor_bundle.Reader(prefix)
    rows: list[dict[str, Any]] = []
    slots: list[dict[str, Any]] = []
    for name, entry in sorted(reader.entries.items()):
        if name.startswith("_CHECKPOINTABLE") or entry.dtype == 7:
            continue
        dtype = tensor_bundle._TYPES.get(entry.dtype, "bfloat16" if entry.dtype == 14 else f"type {entry.dtype}")
        row = {"name": name, "shape": list(entry.shape), "dtype": dtype, "bytes": entry.size}
        (slots if ".OPTIMIZER_SLOT" in name or name.startswith("optimizer") else rows).append(row)
    result: Contents = {"weights": rows, "notes": ["weights alone: build the model, then load_weights"]}
    if slots:
        result["optimizer"] = {"arrays": len(slots), "bytes": sum(row["bytes"] for row in slots)}
    return result


def _saved_model(path: str) -> Contents:
    from nnstack.saving import saved_model

    metadata = saved_model._metadata(path, path)
    config = metadata.get("model_config")
    if not isinstance(config, Mapping):
        config = {"class_name": metadata.get("class_name"), "config": metadata.get("config")}
    result = _model(config) | _training(metadata.get("training_config"))
    result["versions"] = {key: metadata[key] for key in ("keras_version", "backend") if metadata.get(key)}
    found = _checkpoint(path) if os.path.isfile(os.path.join(path, "variables", "variables.index")) else {}
    return result | {key: found[key] for key in ("weights",) if key in found}


def _json(path: str) -> Contents:
    from nnstack.cli.files import read_text
    from nnstack.saving.config import read_json

    return _of_config(read_json(read_text(path), path))


def _yaml(path: str) -> Contents:
    from nnstack.cli.files import read_text
    from nnstack.saving.config import read_yaml

    return _of_config(read_yaml(read_text(path), path))


def _of_config(config: Any) -> Contents:
    result = _model(config)
    if not result.get("model", {}).get("class"):
        raise ValueError("the text is no config of a model: expected class_name and config")
    versions = {key: config[key] for key in ("keras_version", "backend") if config.get(key)}
    return {"versions": versions, **result, "notes": ["an architecture without weights"]}


def _safetensors(path: str) -> Contents:
    with open(path, "rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 0 < length <= min(_MAX_HEADER, os.path.getsize(path) - 8):
            raise ValueError(f"{path} is no safetensors file, or a broken one: its header claims {length} bytes")
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise ValueError(f"{path} is no safetensors file, or a broken one: {error}") from None
    if not isinstance(header, dict):
        raise ValueError(f"{path} is no safetensors file: its header is no table of tensors")
    metadata = header.pop("__metadata__", None)
    rows = []
    for name, entry in header.items():
        try:
            begin, end = entry["data_offsets"]
            weight(name, entry["shape"], entry["dtype"].lower(), end - begin)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ValueError(f"{path} is a broken safetensors file: the entry of {name!r} is {entry!r:.80}") from None
        rows.append({"name": name, "shape": entry["shape"], "dtype": entry["dtype"].lower(), "bytes": end - begin})
    result: Contents = {"weights": rows, "notes": ["weights alone: build the model, then load_weights"]}
    return result | ({"versions": metadata} if metadata else {})


def _onnx(path: str) -> Contents:
    from nnstack.onnx.package import onnx_module

    onnx = onnx_module()
    try:
        proto = onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf's DecodeError, whose class depends on its implementation
        raise ValueError(f"{path} is no ONNX file, or a broken one: {error}") from None
    name_of = onnx.helper.tensor_dtype_to_np_dtype
    versions = {"producer": f"{proto.producer_name} {proto.producer_version}".strip(), "ir_version": proto.ir_version}
    versions |= {f"opset {one.domain or 'ai.onnx'}": one.version for one in proto.opset_import}
    graph = proto.graph
    made = {tensor.name for tensor in graph.initializer}

    def described(infos: Any) -> list[dict[str, Any]]:
        rows = []
        for info in infos:
            kind = info.type.tensor_type
            sizes = [d.dim_value if d.HasField("dim_value") else (d.dim_param or None) for d in kind.shape.dim]
            rows.append({"name": info.name, "shape": sizes, "dtype": name_of(kind.elem_type).name})
        return rows

    return {
        "versions": versions,
        "inputs": described(one for one in graph.input if one.name not in made),
        "outputs": described(graph.output),
        "operators": dict(Counter(node.op_type for node in graph.node).most_common()),
        "weights": [
            weight(tensor.name, tensor.dims, (dtype := name_of(tensor.data_type)).name, dtype.itemsize)
            for tensor in graph.initializer
        ],
    }


def _exported(path: str) -> Contents:
    from nnstack.cli.exported import read

    return read(path)


_READERS: dict[str, Callable[[str], Contents]] = {
    "hdf5": _hdf5,
    "keras": _keras,
    "checkpoint": _checkpoint,
    "saved_model": _saved_model,
    "json": _json,
    "yaml": _yaml,
    "safetensors": _safetensors,
    "onnx": _onnx,
    "nnstack": _exported,
}
