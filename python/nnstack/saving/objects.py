"""`saving.serialize_keras_object` and `deserialize_keras_object`: any object of Keras as plain data, and back.

The form is tf_keras's: {'module', 'class_name', 'config', 'registered_name'}; lists, tuples and dicts are walked. As
everywhere, a config is data: names are looked up among nnstack's own objects, those registered, those of open scopes
and `custom_objects`, never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.utils import generic_utils


def serialize_keras_object(obj: Any = None, instance: Any = None) -> Any:
    """Plain data of a layer, model, optimizer, schedule, loss, metric, initializer, regularizer, constraint, function,
    array, tensor, or a list or dict of them; numbers, texts and None stay. `instance` is the argument's older name.

    `TypeError` for what has neither a `get_config` nor a name.

    >>> serialize_keras_object(Dense(3))["class_name"]
    'Dense'
    """
    value = obj if instance is None else instance
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return type(value)(serialize_keras_object(one) for one in value)
    if isinstance(value, Mapping):
        return {key: serialize_keras_object(one) for key, one in value.items()}
    if isinstance(value, bytes):
        return {"class_name": "__bytes__", "config": {"value": value.decode("utf-8")}}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": value.dtype.name}}
    if backend.is_tensor(value) and not hasattr(value, "get_config"):
        array = backend.get_value(value)
        return {"class_name": "__tensor__", "config": {"value": array.tolist(), "dtype": value.dtype}}
    if hasattr(value, "get_config") and not isinstance(value, type):
        return _of_its_kind(value)
    if callable(value) and not isinstance(value, type) and hasattr(value, "__name__"):
        name = generic_utils.get_registered_name(value)
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    raise TypeError(
        f"serialize_keras_object: {value!r} of type {type(value).__name__} has neither get_config() nor a name"
    )


def _of_its_kind(value: Any) -> Any:
    from nnstack import layers
    from nnstack.engine.layer import Layer

    if isinstance(value, Layer):
        entry = layers.serialize(value)
        own = type(value).__module__.split(".")[0] == "nnstack"
        registered = generic_utils.get_registered_name(type(value))
        return {
            "module": "keras.layers" if own else None,
            **entry,
            "class_name": type(value).__name__,
            "registered_name": None if own else registered,
        }
    for kind, module in _kinds():
        if isinstance(value, kind):
            return module.serialize(value)
    return generic_utils.serialize_keras_object(value)


def _kinds() -> list[tuple[type, Any]]:
    from nnstack import constraints, initializers, losses, metrics, optimizers, regularizers
    from nnstack.optimizers import schedules
    from nnstack.optimizers.base import BaseOptimizer

    return [
        (BaseOptimizer, optimizers),
        (schedules.LearningRateSchedule, schedules),
        (losses.Loss, losses),
        (metrics.Metric, metrics),
        (initializers.Initializer, initializers),
        (regularizers.Regularizer, regularizers),
        (constraints.Constraint, constraints),
    ]


def deserialize_keras_object(
    config: Any = None,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
    safe_mode: bool = True,
    identifier: Any = None,
) -> Any:
    """What `serialize_keras_object` was given, new and with freshly drawn weights.

    custom_objects: name -> class or function. module_objects: where given, names are looked up there, as in Keras 2.3,
    whose name of the first argument is `identifier`; in tf_keras the second argument is `custom_objects`, which does as
    well. `safe_mode` changes nothing: no code is ever read. `ValueError` for names that are not known.
    """
    value = config if identifier is None else identifier
    objects = {**(module_objects or {}), **(custom_objects or {})}
    if module_objects is not None and (isinstance(value, str) or _is_of(value, objects)):
        return generic_utils.deserialize_keras_object(value, objects, custom_objects, printable_module_name)
    if value is None or isinstance(value, bool | int | float):
        return value
    with generic_utils.CustomObjectScope(objects):
        if isinstance(value, str):
            found = generic_utils.get_registered_object(value)
            return value if found is None else found
        if isinstance(value, list | tuple):
            return type(value)(deserialize_keras_object(one) for one in value)
        if callable(value):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(f"{printable_module_name}: expected plain data, got {value!r}")
        if not isinstance(value.get("class_name"), str) or "config" not in value:
            return {key: deserialize_keras_object(one) for key, one in value.items()}
        return _from_entry(value)


def _is_of(value: Any, objects: Mapping[str, Any]) -> bool:
    return isinstance(value, Mapping) and value.get("class_name") in objects


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "__bytes__": lambda config: config["value"].encode("utf-8"),
    "__numpy__": lambda config: np.array(config["value"], dtype=config["dtype"]),
    "__tensor__": lambda config: backend.constant(config["value"], dtype=config["dtype"]),
}


def _from_entry(entry: Mapping[str, Any]) -> Any:
    name, config = entry["class_name"], entry["config"]
    if name in _PLAIN:
        return _PLAIN[name](config)
    if name == "function":
        return _function(str(config))
    registered = next(
        (
            found
            for one in (entry.get("registered_name"), name)
            if isinstance(one, str) and (found := generic_utils.get_registered_object(one)) is not None
        ),
        None,
    )
    modules = _modules()
    if isinstance(registered, type) and hasattr(registered, "compute_output_shape"):
        return modules["layers"].deserialize(entry)
    if registered is None:
        module = str(entry.get("module") or "").removeprefix("tf_").removeprefix("keras.")
        named = (known for known in modules.values() if isinstance(getattr(known, name, None), type))
        home = modules.get(module) or next(named, None)
        if home is not None:
            return home.deserialize(entry)
    return generic_utils.deserialize_keras_object(entry)


def _modules() -> dict[str, Any]:
    from nnstack import constraints, initializers, layers, losses, metrics, models, optimizers, regularizers

    models_of_files = SimpleNamespace(
        Sequential=models.Sequential, Model=models.Model, Functional=models.Model, deserialize=layers.deserialize
    )
    return {
        "layers": layers, "models": models_of_files, "optimizers": optimizers,
        "optimizers.schedules": optimizers.schedules, "losses": losses, "metrics": metrics,
        "initializers": initializers, "regularizers": regularizers, "constraints": constraints,
    }  # fmt: skip


def _function(name: str) -> Any:
    from nnstack import activations, losses, metrics

    found = generic_utils.get_registered_object(name)
    if found is not None:
        return found
    for module in (activations, losses, metrics):
        function = getattr(module, name, None)
        if callable(function) and not isinstance(function, type):
            return function
    raise generic_utils.UnknownNameError("function", name, ())
