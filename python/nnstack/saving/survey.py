"""One walk over a config before anything is made of it: bounded, translated, and all that is missing told at once.

A config names classes; they come from nnstack and from `custom_objects`, and from nowhere else: `module` and other
paths in a file are not read. Functions of Lambda layers come from the caller, for a file may hold them as code only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nnstack import mixed_precision
from nnstack.saving import dialects, dialects_graph
from nnstack.utils.generic_utils import CustomObjectScope, UnknownNameError, get_registered_object

MAX_DEPTH = 200  # of nested dicts and lists
MAX_ENTRIES = 500_000  # of dicts, lists and leaves together, aliases of YAML counted as often as they stand
_LAYER_KEYS = ("layer", "cell", "forward_layer", "backward_layer")
_LAYER_LISTS = ("layers", "cells")
_AXES = ("input_axes", "output_axes")  # of Keras 3's initializers, None where they say nothing

# Functions of the backend which a Lambda layer may name without the caller's help: one tensor to one tensor.
_LAMBDA_NAMES = """
abs argmax argmin batch_flatten cos elu exp flatten hard_sigmoid identity l2_normalize log logsumexp max mean min prod
relu round sigmoid sign sin softmax softplus softsign sqrt square squeeze std sum tanh transpose var
"""
LAMBDA_FUNCTIONS = frozenset(_LAMBDA_NAMES.split())


def prepare(entry: Any, custom_objects: Mapping[str, Any] | None, version: tuple[int, ...] | None) -> dict[str, Any]:
    """The config of a layer or model in the words of nnstack, with the functions of its Lambda layers in place.

    Raises `ValueError` that names every class and function the caller has to give, and for a config that is no config,
    too deep or too large.
    """
    check_bounds(entry)
    walk = _Walk(custom_objects, version)
    with CustomObjectScope(dict(custom_objects or {})):
        prepared = walk.layer(plain(entry))
    walk.finish()
    return prepared


def plain(value: Any) -> Any:
    """Tuples, shapes and arrays, which newer versions write as dicts with a class name, as lists and numbers."""
    if isinstance(value, Mapping):
        kind = value.get("class_name")
        if kind in ("__tuple__", "TensorShape", "__list__") and isinstance(value.get("items"), list):
            return [plain(one) for one in value["items"]]
        if kind in ("__tuple__", "__numpy__", "__tensor__"):
            content = value.get("config", value)
            return plain(content.get("value") if isinstance(content, Mapping) else content)
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def check_bounds(value: Any) -> None:
    """`ValueError` for plain data nested deeper than `MAX_DEPTH` or with more than `MAX_ENTRIES` entries."""
    count = 0
    stack: list[tuple[Iterator[Any], int]] = [(iter([value]), 0)]
    while stack:
        inner, depth = stack[-1]
        for one in inner:
            count += 1
            if count > MAX_ENTRIES:
                raise ValueError(f"config: more than {MAX_ENTRIES} entries; no model is that large")
            if isinstance(one, Mapping | list | tuple) and one:
                if depth >= MAX_DEPTH:
                    raise ValueError(f"config: nested deeper than {MAX_DEPTH} levels, or a list that contains itself")
                stack.append((iter(one.values() if isinstance(one, Mapping) else one), depth + 1))
                break
        else:
            stack.pop()


def find_class(name: Any, custom_objects: Mapping[str, Any] | None = None, registered: Any = None) -> Any:
    """The class a file calls `name`: a custom one, or a layer of nnstack by any of its names; else None."""
    candidates = [one for one in (registered, name) if isinstance(one, str)]
    for candidate in [*candidates, *(one.split(">")[-1] for one in candidates)]:
        found = get_registered_object(candidate, custom_objects)
        if found is not None:
            return found
    return _own_class(str(name).split(">")[-1])


def _own_class(name: str) -> Any:
    from nnstack import layers
    from nnstack.engine.layer import Layer
    from nnstack.engine.model import Model
    from nnstack.engine.sequential import Sequential
    from nnstack.layers import additions, operations

    name = dialects.class_name(name)
    special = {"Sequential": Sequential, "Functional": Model, "Model": Model}
    if name in special:
        return special[name]
    if name in ("LinearModel", "WideDeepModel"):
        from nnstack import premade

        return getattr(premade, name)
    if name == "OnnxOperator":
        from nnstack.onnx.reading.layer import OnnxOperator

        return OnnxOperator
    private = {**vars(additions), **vars(operations)}
    found = getattr(layers, name, None) if name in layers.__all__ else private.get(name)
    return found if isinstance(found, type) and issubclass(found, Layer) else None


def _get_of(key: str) -> Callable[[Any], Any] | None:
    """The `get` function that reads the value of an argument, by the argument's name."""
    from nnstack import activations, constraints, initializers, regularizers

    if key in ("activation", "recurrent_activation"):
        return activations.get
    endings = {"_initializer": initializers.get, "_regularizer": regularizers.get, "_constraint": constraints.get}
    return next((get for ending, get in endings.items() if key.endswith(ending)), None)


class _Walk:
    """What is known and what is found missing during one walk."""

    def __init__(self, custom_objects: Mapping[str, Any] | None, version: tuple[int, ...] | None) -> None:
        self.custom_objects = custom_objects
        self.version = version
        self.classes: list[str] = []
        self.objects: list[str] = []
        self.lambdas: list[str] = []

    def layer(self, entry: Any) -> dict[str, Any]:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("class_name"), str):
            raise ValueError(f"config: expected a dict with class_name and config, got {_short(entry)}")
        entry = dialects_graph.modern(entry)
        name, config = entry["class_name"], entry.get("config", {})
        cls = find_class(name, self.custom_objects, entry.get("registered_name"))
        if cls is None:
            self.classes.append(name)
            self._inside(config)
            return dict(entry)
        own = cls.__module__.split(".")[0] == "nnstack"
        if isinstance(config, list):  # a Sequential of Keras 1 and 2.0
            return {**entry, "config": [self.layer(one) for one in config]}
        if not isinstance(config, Mapping):
            raise ValueError(f"config: {name} has a config that is no dict: {_short(config)}")
        if own:
            config = dialects.translate(name.split(">")[-1], config, cls, self.version)
        if isinstance(config.get("dtype"), Mapping):
            config = {**config, "dtype": mixed_precision.get(config["dtype"]).name}
        config = self._inside(config)
        if own and name.split(">")[-1] == "Lambda":
            config = self._with_function(config)
        if own:
            entry = {key: value for key, value in entry.items() if key not in ("module", "registered_name")}
            entry["class_name"] = dialects.class_name(name.split(">")[-1])
        return {**entry, "config": config}

    def _inside(self, config: Any) -> Any:
        """The config with the layers inside prepared; other objects are tried, to find what is missing."""
        if not isinstance(config, Mapping):
            return config
        result = dict(config)
        for key, value in config.items():
            if key in _LAYER_LISTS and isinstance(value, list):
                result[key] = [self.layer(one) if _is_entry(one) else one for one in value]
            elif key in _LAYER_KEYS and _is_entry(value):
                result[key] = self.layer(value)
            else:
                if _is_entry(value) and isinstance(value.get("config"), Mapping):
                    known = {one: number for one, number in value["config"].items() if one not in _AXES or number}
                    value = result[key] = {**value, "config": known}
                self._try(key, value)
        return result

    def _try(self, key: str, value: Any) -> None:
        get = _get_of(key)
        if get is None or not (isinstance(value, str) or _is_entry(value)):
            return
        if value == "hard_sigmoid" and (self.version or (2,)) >= (3,) and get_registered_object(value) is None:
            self.objects.append("hard_sigmoid")  # in Keras 3 relu6(x + 3) / 6, before clip(0.2 * x + 0.5, 0, 1)
            return
        try:
            get(value)
        except UnknownNameError as error:
            self.objects.append(error.name)

    def _with_function(self, config: dict[str, Any]) -> dict[str, Any]:
        """The Lambda's function: what the caller gave under the layer's name or the function's, or a known one."""
        stored = config.get("function")
        if callable(stored):
            return config
        from nnstack.layers.lambda_layer import made_here

        name = str(config.get("name"))
        given = get_registered_object(name, self.custom_objects)
        function = given if callable(given) else getattr(stored, "function", None)  # a config that is in no file yet
        if function is None and isinstance(stored, str):
            function = lambda_function(stored) or made_here(name, stored)
        if function is None:
            self.lambdas.append(str(name))
        shape = config.get("output_shape")
        plain = shape is None or (isinstance(shape, list | tuple) and all(isinstance(n, int | None) for n in shape))
        mask = config.get("mask")
        return {
            **config,
            "function": function,
            "output_shape": shape if plain else None,
            "mask": mask if callable(mask) else None,
        }

    def finish(self) -> None:
        """`ValueError` with everything that is missing and the argument that gives it."""
        texts, arguments = [], []
        if self.classes:
            names = sorted(set(self.classes))
            texts.append(f"unknown classes {', '.join(names)}")
            arguments += [f"{name!r}: {name.split('>')[-1]}" for name in names]
        if self.objects:
            names = sorted(set(self.objects))
            texts.append(f"unknown functions or objects {', '.join(names)}")
            arguments += [f"{name!r}: ..." for name in names]
        if self.lambdas:
            names = sorted(set(self.lambdas))
            texts.append(f"no functions for the Lambda layers {', '.join(names)} (code in files is never run)")
            arguments += [f"{name!r}: lambda x: ..." for name in names]
        if texts:
            raise ValueError(f"config: {'; '.join(texts)}. Pass them: custom_objects={{{', '.join(arguments)}}}")


def lambda_function(name: str) -> Any:
    """The function a Lambda layer may name: one in scope, an activation, or one of `LAMBDA_FUNCTIONS`; else None."""
    from nnstack import activations, backend

    found = get_registered_object(name)
    if found is None and not name.startswith("_") and name not in ("get", "serialize", "deserialize"):
        found = vars(activations).get(name)
        if getattr(found, "__module__", None) != activations.__name__:
            found = None
    if found is None and name in LAMBDA_FUNCTIONS:
        found = getattr(backend, name, None)
    return found if callable(found) else None


def _is_entry(value: Any) -> bool:
    return isinstance(value, Mapping) and "class_name" in value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
