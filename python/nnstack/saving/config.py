"""Configs: a model's architecture as plain data, and back. Classes come from nnstack and `custom_objects`, never from
the data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstack.saving import dialects, survey
from nnstack.saving.broken import told_as_broken
from nnstack.utils.generic_utils import CustomObjectScope, get_registered_name

KERAS_VERSION = "2.21.0"  # the version whose layout and defaults the files follow


def class_name(layer: Any) -> str:
    """The name by which a file calls a layer's class; `Functional` for a plain model with a graph."""
    from nnstack.engine.model import Model

    if type(layer) is Model:
        return "Functional"
    return vars(type(layer)).get("_written_as") or get_registered_name(type(layer))


def layer_config(layer: Any) -> dict[str, Any]:
    """`{'class_name', 'config'}` of one layer or model."""
    return {"class_name": class_name(layer), "config": layer.get_config()}


def layer_from_config(
    entry: Any, custom_objects: Mapping[str, Any] | None = None, version: tuple[int, ...] | None = None
) -> Any:
    """A layer or model from `layer_config`'s result, or from what another version of Keras wrote.

    `version` of the Keras that wrote it, where known. `ValueError` lists every class and function that is missing.
    """
    prepared = entry if isinstance(entry, _Prepared) else survey.prepare(entry, custom_objects, version)
    cls = survey.find_class(prepared["class_name"], custom_objects, prepared.get("registered_name"))
    with CustomObjectScope(dict(custom_objects or {})):
        return cls.from_config(_mark(prepared.get("config", {})))


def model_from_entry(entry: Any, custom_objects: Mapping[str, Any] | None, version: tuple[int, ...] | None) -> Any:
    """The model of a file, with its weights made where the entry says for what inputs it was built."""
    model = layer_from_config(entry, custom_objects, version)
    shapes = entry.get("build_config") if isinstance(entry, Mapping) else None
    shape = survey.plain(shapes.get("input_shape")) if isinstance(shapes, Mapping) else None
    if isinstance(shape, list | tuple | dict):
        model.build_from_config({"input_shape": shape})
    return model


class _Prepared(dict[str, Any]):
    """The entry of a layer inside one that has been prepared; it need not be walked again."""


def _mark(config: Any) -> Any:
    """Marks the entries in a prepared config's list of layers."""
    if isinstance(config, list):
        return [_Prepared(one) for one in config]
    if isinstance(config.get("layers"), list):
        inner = [
            _Prepared(one) if isinstance(one, Mapping) and "class_name" in one else one for one in config["layers"]
        ]
        return {**config, "layers": inner}
    return dict(config)


# -- JSON and YAML ----------------------------------------------------------------------------------------------------
def json_default(value: Any) -> Any:
    """Numpy numbers and arrays, tuples in dicts and named functions as JSON has them."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "get_config"):
        return {"class_name": get_registered_name(type(value)), "config": value.get_config()}
    if callable(value):
        return get_registered_name(value)
    raise TypeError(f"config: {value!r} of type {type(value).__name__} cannot be written; give it a get_config")


def to_plain(value: Any) -> Any:
    """Numbers, strings, lists and dicts only."""
    if hasattr(value, "numpy"):
        value = value.numpy()
    return json.loads(json.dumps(value, default=json_default))


def model_config(model: Any) -> dict[str, Any]:
    """What `to_json` writes and HDF5 files hold as `model_config`."""
    return {**layer_config(model), "keras_version": KERAS_VERSION, "backend": "tensorflow"}


def model_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model, weights freshly drawn, from the dict in `to_json`; `TypeError` for a bare list, `ValueError` for
    unknown classes.
    """
    if isinstance(config, list):
        raise TypeError(
            "model_from_config: expected a dict, got a list. Use Sequential.from_config for a list of layers"
        )
    version = config.get("keras_version") if isinstance(config, Mapping) else None
    with told_as_broken("model_from_config"):
        return layer_from_config(config, custom_objects, None if version is None else dialects.version_of(version))


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from `model.to_json()`'s text; `ValueError` for text that is no JSON or no model."""
    if not isinstance(json_string, str | bytes):
        raise TypeError(
            f"model_from_json: expected JSON text, got {json_string!r} of type {type(json_string).__name__}"
        )
    return model_from_config(read_json(json_string, "model_from_json"), custom_objects)


def read_json(text: str | bytes, what: str) -> Any:
    """Plain data from JSON text; `ValueError` if it is broken or nested too deep."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{what}: broken JSON: {error}") from None
    except RecursionError:
        raise ValueError(f"{what}: JSON nested deeper than any model") from None


def model_from_yaml(yaml_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from `model.to_yaml()`'s text, read with a loader that makes plain data only.

    Raises `ValueError` for broken YAML, for tags other than Keras 2's tuples and texts, and for unknown classes.
    """
    return model_from_config(read_yaml(yaml_string, "model_from_yaml"), custom_objects)


def read_yaml(text: str, what: str) -> Any:
    """Plain data from YAML text; `ValueError` if it is broken, nested too deep, or more than plain data."""
    yaml = yaml_module()
    try:
        return yaml.load(text, _plain_loader())
    except yaml.YAMLError as error:
        raise ValueError(f"{what}: broken YAML, or tags that are not plain data: {error}") from None
    except RecursionError:
        raise ValueError(f"{what}: YAML nested deeper than any model") from None


def _plain_loader() -> Any:
    """PyYAML's safe loader, which makes plain data only, and Keras 2's tags for tuples and text read as such data."""
    yaml = yaml_module()

    class PlainLoader(yaml.SafeLoader):  # type: ignore[name-defined,misc]
        def fetch_flow_collection_start(self, token: Any) -> None:  # its time is quadratic in the brackets still open
            if self.flow_level > survey.MAX_DEPTH:
                raise RecursionError
            super().fetch_flow_collection_start(token)

        def flatten_mapping(self, node: Any) -> None:  # merges of merges multiply, and no model is written with any
            if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
                raise yaml.constructor.ConstructorError(None, None, "merges (<<) are not read", node.start_mark)

        def construct_number(self, node: Any) -> Any:
            if len(node.value) > 400:  # of base 60 too, whose time is quadratic in the digits
                raise yaml.constructor.ConstructorError(None, None, "no number has that many digits", node.start_mark)
            return yaml.SafeLoader.yaml_constructors[node.tag](self, node)

    for kind in ("int", "float"):
        PlainLoader.add_constructor(f"tag:yaml.org,2002:{kind}", PlainLoader.construct_number)
    PlainLoader.add_constructor("tag:yaml.org,2002:python/tuple", lambda loader, node: loader.construct_sequence(node))
    PlainLoader.add_constructor("tag:yaml.org,2002:python/unicode", lambda loader, node: loader.construct_scalar(node))
    return PlainLoader


def yaml_module() -> Any:
    """PyYAML, or an `ImportError` with the pip command."""
    try:
        import yaml
    except ImportError:
        raise ImportError("YAML needs the package PyYAML: pip install pyyaml") from None
    return yaml
