"""Configs: a model's architecture as plain data, and back. Classes come from nnstack and `custom_objects`, never from
the data.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstack.utils.generic_utils import CustomObjectScope, get_registered_name, get_registered_object

KERAS_VERSION = "2.21.0"  # the version whose layout and defaults the files follow


def class_name(layer: Any) -> str:
    """The name by which a file calls a layer's class; `Functional` for a plain model with a graph."""
    from nnstack.engine.model import Model

    return "Functional" if type(layer) is Model else get_registered_name(type(layer))


def layer_config(layer: Any) -> dict[str, Any]:
    """`{'class_name', 'config'}` of one layer or model."""
    return {"class_name": class_name(layer), "config": layer.get_config()}


def known_classes() -> dict[str, Any]:
    """All layer classes a file may name without custom objects."""
    from nnstack import layers
    from nnstack.engine.layer import Layer
    from nnstack.engine.model import Model
    from nnstack.engine.sequential import Sequential
    from nnstack.layers.additions import AddLoss, AddMetric

    named = {name: getattr(layers, name) for name in layers.__all__}
    found = {name: value for name, value in named.items() if inspect.isclass(value) and issubclass(value, Layer)}
    return {
        **found,
        "AddLoss": AddLoss,
        "AddMetric": AddMetric,
        "Sequential": Sequential,
        "Functional": Model,
        "Model": Model,
    }


def layer_from_config(entry: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A layer or model from `layer_config`'s result; `ValueError` lists every class that is not known."""
    if not isinstance(entry, Mapping) or "class_name" not in entry:
        raise ValueError(f"config: expected a dict with class_name and config, got {entry!r}")
    known = known_classes()
    missing = sorted(set(_missing(entry, known, custom_objects)))
    if missing:
        raise ValueError(f"config: unknown classes {', '.join(missing)}. Pass them: custom_objects={{name: class}}")
    cls = _find(entry["class_name"], known, custom_objects)
    with CustomObjectScope(dict(custom_objects or {})):
        return _instance(cls, adapt_config(entry.get("config", {})))


def _instance(cls: Any, config: Any) -> Any:
    return cls.from_config(config)


def _find(name: str, known: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:
    return get_registered_object(name, custom_objects, known) or get_registered_object(
        name.split(">")[-1], custom_objects, known
    )


def _missing(entry: Any, known: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> list[str]:
    """Names of layer classes anywhere inside that nobody knows."""
    found = [] if _find(entry["class_name"], known, custom_objects) else [entry["class_name"]]
    config = entry.get("config")
    inner = config.get("layers", []) if isinstance(config, Mapping) else config if isinstance(config, list) else []
    for one in inner:
        if isinstance(one, Mapping) and "class_name" in one:
            found += _missing(one, known, custom_objects)
    return found


def adapt_config(config: Any) -> Any:
    """Keys of other dialects in this one's words."""
    if not isinstance(config, Mapping):
        return config
    config = dict(config)
    if "batch_shape" in config and "batch_input_shape" not in config:
        config["batch_input_shape"] = config.pop("batch_shape")
    return config


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
    return layer_from_config(config, custom_objects)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from `model.to_json()`'s text; `ValueError` for text that is no JSON or no model."""
    if not isinstance(json_string, str | bytes):
        raise TypeError(
            f"model_from_json: expected JSON text, got {json_string!r} of type {type(json_string).__name__}"
        )
    try:
        config = json.loads(json_string)
    except json.JSONDecodeError as error:
        raise ValueError(f"model_from_json: broken JSON: {error}") from None
    return model_from_config(config, custom_objects)


def model_from_yaml(yaml_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from `model.to_yaml()`'s text, read with a loader that makes plain data only."""
    return model_from_config(yaml_module().load(yaml_string, _plain_loader()), custom_objects)


def _plain_loader() -> Any:
    """PyYAML's safe loader, which makes plain data only, and Keras 2's tags for tuples and text read as such data."""
    yaml = yaml_module()

    class PlainLoader(yaml.SafeLoader):  # type: ignore[name-defined,misc]
        pass

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
