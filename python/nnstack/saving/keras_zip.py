"""The .keras file of Keras 3 and tf_keras: a zip of `metadata.json`, `config.json` and `model.weights.h5`.

In the weights file every layer has a group, with its own weights as `vars/0`, `vars/1`, ...; layers of a model lie in
`layers` under the names of their classes, counted (`dense`, `dense_1`, ...), other layers under the attribute that
holds them; the optimizer's arrays in `optimizer/vars`.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import re
import zipfile
from collections.abc import Container, Iterator, Mapping
from typing import Any

from nnstack.engine.context import filling
from nnstack.saving import (
    dialect_writers,
    hdf5_guard,
    hdf5_weights,
    learned,
    survey,
    training_config,
    training_state,
    weight_tree,
    zip_member,
)
from nnstack.saving.config import json_default, model_from_entry, read_json
from nnstack.saving.dialects import version_of
from nnstack.saving.hdf5_files import describe, h5py_module, may_write, path_to_write, replace_files
from nnstack.saving.hdf5_guard import StoredArray
from nnstack.saving.hdf5_weights import Pair
from nnstack.saving.weight_layouts import Origin
from nnstack.utils.generic_utils import CustomObjectScope, to_snake_case

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MAX_TEXT = 64 << 20
_BESIDE_LAYERS = ("/optimizer/", "/random_states/", "/training_run/")
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables")


# -- reading ----------------------------------------------------------------------------------------------------------
def load_model(source: Any, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
    """See `models.load_model`; `source` is a path or an open file."""
    title = f"load_model: {describe(source)}"
    with _archive(source, title) as archive:
        config = read_json(_member(archive, _CONFIG, _MAX_TEXT, title), f"{title}: {_CONFIG}")
        metadata = read_json(_member(archive, _METADATA, _MAX_TEXT, title), f"{title}: {_METADATA}")
        version = version_of(metadata.get("keras_version") if isinstance(metadata, Mapping) else None)
        if isinstance(config, Mapping) and config.get("class_name") == "FeatureSpace":
            return _feature_space(config, title)
        return _read_model(archive, config, version, custom_objects, compile, title)


def _feature_space(config: Mapping[str, Any], title: str) -> Any:
    from nnstack.utils.feature_space import FeatureSpace

    if not isinstance(config.get("config"), Mapping):
        raise ValueError(f"{title}: {_CONFIG} names a FeatureSpace without its config")
    return FeatureSpace.from_config(survey.plain(config["config"]))


def _read_model(
    archive: zipfile.ZipFile,
    config: Any,
    version: tuple[int, ...],
    custom_objects: Mapping[str, Any] | None,
    compile: bool,
    title: str,
) -> Any:
    texts, origin = _vocabularies(archive, title), Origin(version, None)
    with _weights_file(archive, title) as file, hdf5_guard.errors_of(title):
        arrays = list(_all_arrays(file))
        with filling(sum(array.nbytes for array in arrays)):
            model = model_from_entry(config, custom_objects, version)
        if not model.built and not all(array.name.startswith(_BESIDE_LAYERS) for array in arrays):
            raise ValueError(
                f"{title} does not say for what inputs its {type(model).__name__} was built. Make the model, call it "
                "on data and call load_weights"
            )
        _assign(model, file, origin, title, texts)
        training = config.get("compile_config")
        if compile and training:
            _compile(model, training, custom_objects, origin)
        if compile and training and model.optimizer is not None:
            if hdf5_guard.has(file, "optimizer"):
                values = [array.read() for array in _vars(hdf5_guard.group_at(file, "optimizer"))]
                if values:
                    training_state.set_optimizer(model, values, origin)
            training_state.read_states(model, file)
    return model


def _compile(model: Any, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None, origin: Origin) -> None:
    from nnstack.engine.model import Model

    own = type(model)
    if own.compile is not Model.compile or own.compile_from_config is not Model.compile_from_config:
        with CustomObjectScope(dict(custom_objects or {})):
            model.compile_from_config(config)
    else:
        model.compile(**training_config.read(_as_training_config(config), model, custom_objects, origin))


def load_weights(model: Any, source: Any, title: str) -> None:
    """Weights from a .keras file, or from a `.weights.h5` of Keras 3."""
    if zipfile.is_zipfile(source):
        with _archive(source, title) as archive:
            texts = _vocabularies(archive, title)
            with _weights_file(archive, title) as file, hdf5_guard.errors_of(title):
                _assign(model, file, Origin((3,), None), title, texts)
        return
    with h5py_module().File(source, "r") as file, hdf5_guard.errors_of(title):
        _assign(model, file, Origin((3,), None), title)


def is_weights_file(file: Any) -> bool:
    """Whether an open HDF5 file has the layout described above."""
    return any(hdf5_guard.has(file, name) for name in _CONTAINERS) or (
        hdf5_guard.has(file, "vars") and "layer_names" not in file.attrs
    )


def _archive(source: Any, title: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise OSError(f"{title} is not a .keras file, or a broken one: {error}") from None


def _entry(archive: zipfile.ZipFile, name: str, limit: int | None, title: str) -> zipfile.ZipInfo:
    """A member by its exact name, of no more than `limit` bytes, or than the file can hold."""
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise ValueError(f"{title} has no {name}; it was not written by Keras") from None
    if entry.file_size > max(limit or 0, 20 * entry.compress_size + (64 << 20) if limit is None else 0):
        raise ValueError(f"{title}: {name} claims {entry.file_size} bytes, many times what the file holds")
    return entry


def _member(archive: zipfile.ZipFile, name: str, limit: int | None, title: str) -> bytes:
    """A member, which is read and never unpacked to a path."""
    entry = _entry(archive, name, limit, title)
    with _broken(f"{title}: {name}"), archive.open(entry) as member:
        data = member.read(entry.file_size + 1)
    if len(data) > entry.file_size:
        raise ValueError(f"{title}: {name} is longer than it says")
    return data


@contextlib.contextmanager
def _broken(what: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{what} is broken: {error}") from None


def _vocabularies(archive: zipfile.ZipFile, title: str) -> dict[str, bytes]:
    """The vocabularies in it, by their names."""
    named = [name for name in archive.namelist() if name.endswith(f"/{learned.VOCABULARY}")]
    return {name: _member(archive, name, _MAX_TEXT, title) for name in named}


def _weights_file(archive: zipfile.ZipFile, title: str) -> Any:
    """The open HDF5 file: in its place where it is stored as it is, unpacked in memory where it is compressed."""
    entry = _entry(archive, _WEIGHTS, None, title)
    with _broken(f"{title}: {_WEIGHTS}"):
        member: Any = zip_member.stored(archive, entry)
    if member is None:
        member = io.BytesIO(_member(archive, _WEIGHTS, None, title))
    try:
        return h5py_module().File(member, "r")
    except OSError as error:
        raise ValueError(f"{title}: {_WEIGHTS} is no HDF5 file, or a broken one: {error}") from None


def _all_arrays(file: Any) -> Iterator[StoredArray]:
    """Every array of numbers in the file, once, whatever groups hold one another."""
    h5py = h5py_module()
    seen: set[int] = set()
    stack = [file]
    while stack:
        group = stack.pop()
        for name in group:
            inner = hdf5_guard.child(group, name)
            address = int(h5py.h5o.get_info(inner.id).addr)
            if address in seen:
                continue
            seen.add(address)
            if isinstance(inner, h5py.Group):
                stack.append(inner)
            elif inner.dtype.kind in "fiub":
                yield StoredArray(inner)


def _vars(group: Any) -> list[StoredArray]:
    if not hdf5_guard.has(group, "vars"):
        return []
    inner = hdf5_guard.group_at(group, "vars")
    numbers = sorted(int(name) for name in inner if name.isdigit())
    return [StoredArray(hdf5_guard.child(inner, str(number))) for number in numbers]


def _assign(model: Any, file: Any, origin: Origin, title: str, texts: Mapping[str, bytes] | None = None) -> None:
    pairs: list[Pair] = []
    places: dict[int, str] = {}
    _match(model, file, origin, pairs, places, title)
    missing = {id(v): v for v in model.weights}
    for pair in pairs:
        missing.pop(id(pair.variable), None)
    if missing:
        names = hdf5_weights.all_of(f"{one.name} {tuple(one.shape)}" for one in missing.values())
        raise ValueError(f"{title}: the file has no numbers for {len(missing)} weights: {names}")
    hdf5_weights.require_fit(pairs, title)
    hdf5_weights.assign(pairs)
    learned.read(model, places, file, texts or {}, title)


def _match(layer: Any, group: Any, origin: Origin, pairs: list[Any], seen: dict[int, str], title: str) -> None:
    """`seen`: the group of each layer met, by the layer's id."""
    if id(layer) in seen:
        return
    seen[id(layer)] = group.name
    own, stored = weight_tree.own_weights(layer), _vars(group)
    if own and len(own) != len(stored):
        raise ValueError(
            f'{title}: layer "{layer.name}" has {len(own)} weights of its own, the file\'s {group.name} {len(stored)}'
        )
    if own:
        pairs += [Pair(layer, group.name, v, v.name, array) for v, array in zip(own, stored, strict=True)]
    if weight_tree.holds_graph(layer):
        container = next((name for name in _CONTAINERS if hdf5_guard.has(group, name)), None)
        if container is not None:
            _match_list(layer.layers, hdf5_guard.group_at(group, container), origin, pairs, seen, title)
        return
    if isinstance(getattr(layer, "layers", None), list) and hdf5_guard.has(group, "layers"):
        # A subclassed model of tf_keras: most of its layers are in the list, the others under their attributes.
        _match_list(layer.layers, hdf5_guard.group_at(group, "layers"), origin, pairs, seen, title)
    for attribute, inner in weight_tree.parts(layer):
        name = next((one for one in weight_tree.spellings(attribute) if hdf5_guard.has(group, one)), None)
        if name is None:
            continue
        place = hdf5_guard.group_at(group, name)
        if isinstance(inner, list):
            _match_list(inner, place, origin, pairs, seen, title)
        else:
            _match(inner, place, origin, pairs, seen, title)


def _match_list(
    layers: list[Any], group: Any, origin: Origin, pairs: list[Any], seen: dict[int, str], title: str
) -> None:
    for layer, names in _counted(layers, seen, counts_repeats=origin.version >= (3,)):
        name = next((one for one in names.values() if hdf5_guard.has(group, one)), None)
        if name is not None:
            _match(layer, hdf5_guard.group_at(group, name), origin, pairs, seen, title)


def _counted(layers: list[Any], seen: Container[int], counts_repeats: bool) -> Iterator[tuple[Any, dict[str, str]]]:
    """(layer, its name in a container by dialect): the class in snake case, numbered from the second on."""
    used: dict[str, int] = {}
    for layer in layers:
        if id(layer) in seen and not counts_repeats:
            continue
        written = dialect_writers.class_in_files(layer)
        used[written] = used.get(written, -1) + 1
        ending = f"_{used[written]}" if used[written] else ""
        names = {"tf_keras": to_snake_case(written), "keras3": _snake_case_of_keras_3(written)}
        yield layer, {dialect: name + ending for dialect, name in names.items()}


def _snake_case_of_keras_3(name: str) -> str:
    """Which begins no word before a digit: ConvLSTM2D is conv_lstm2d there, conv_lst_m2d in tf_keras."""
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))).lower()


def _as_training_config(config: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: config.get(key) for key in ("loss", "metrics", "weighted_metrics", "loss_weights")}
    return {**kept, "optimizer_config": training_config.as_object(config.get("optimizer"))}


# -- writing ----------------------------------------------------------------------------------------------------------
def save_model(model: Any, filepath: Any, overwrite: bool, include_optimizer: bool, dialect: str) -> None:
    """See `Model.save`."""
    title = f'save (model "{model.name}")'
    path = path_to_write(filepath, title, "a path")
    if not may_write(path, overwrite, title):
        return
    compiled = include_optimizer and model._compile_can_be_saved("save")
    config = dialect_writers.zip_config(model, dialect, compiled)
    metadata = {
        "keras_version": dialect_writers.VERSIONS[dialect],
        "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
    }
    with replace_files([path]) as (handle,), zipfile.ZipFile(handle, "w") as archive:
        archive.writestr(_METADATA, json.dumps(metadata))
        archive.writestr(_CONFIG, json.dumps(config, default=json_default))
        with zip_member.adding(archive, _WEIGHTS) as member, h5py_module().File(member, "w") as file:
            _write(model, file, set(), dialect)
            if compiled:
                arrays = [array for _, array in dialect_writers.optimizer_arrays(model, dialect)]
                _write_vars(file.create_group("optimizer"), arrays)
                training_state.write_states(model, file)


def save_config(config: Mapping[str, Any], filepath: Any) -> None:
    """A file of an object that has no weights."""
    title = f"save ({config['class_name']})"
    path = path_to_write(filepath, title, "a path")
    if not str(path).endswith(".keras"):
        raise ValueError(f"{title}: expected a path that ends in .keras, got {filepath!r}")
    with replace_files([path]) as (handle,), zipfile.ZipFile(handle, "w") as archive:
        archive.writestr(_METADATA, json.dumps({"keras_version": dialect_writers.VERSIONS["tf_keras"]}))
        archive.writestr(_CONFIG, json.dumps(config, default=json_default))


def save_weights(model: Any, filepath: Any, overwrite: bool, title: str) -> None:
    """A `.weights.h5` as Keras 3 and tf_keras write it."""
    path = path_to_write(filepath, title, "a path")
    if not may_write(path, overwrite, title):
        return
    with replace_files([path]) as (handle,), h5py_module().File(handle.name, "w") as file:
        _write(model, file, set(), "tf_keras")


def _write(layer: Any, group: Any, seen: set[int], dialect: str) -> None:
    seen.add(id(layer))
    _write_vars(group, weight_tree.own_weights(layer), layer.name)
    if learned.idf_weights(layer) is not None:
        group["vars"].create_dataset("idf_weights", data=learned.idf_weights(layer))
    if weight_tree.holds_graph(layer):
        _write_list(layer.layers, group.create_group("layers"), seen, dialect)
        return
    for attribute, inner in weight_tree.parts(layer):
        if isinstance(inner, list):
            _write_list(inner, group.create_group(attribute), seen, dialect)
        elif id(inner) not in seen:
            _write(inner, group.create_group(attribute), seen, dialect)


def _write_list(layers: list[Any], group: Any, seen: set[int], dialect: str) -> None:
    for layer, names in _counted(layers, seen, counts_repeats=dialect == "keras3"):
        if id(layer) not in seen:
            _write(layer, group.create_group(names[dialect]), seen, dialect)


def _write_vars(group: Any, arrays: list[Any], name: str | None = None) -> None:
    inner = group.create_group("vars")
    if name is not None:
        inner.attrs["name"] = name
    for number, array in enumerate(arrays):
        training_state.write_array(inner, str(number), array)
