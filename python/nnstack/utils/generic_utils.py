"""Names, registries and the dict form of objects: what `serialize`, `deserialize` and `get` of every module share.

Both dialects of Keras 2 are read: {'class_name', 'config'} and the later one with 'module' and 'registered_name' beside
them. Written is the later one, which the earlier readers accept too, unless `use_legacy_format=True`. A config is data:
only names already known (the module's own, registered, in scope or in `custom_objects`) are looked up.
"""

import difflib
import inspect
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

_GLOBAL_CUSTOM_OBJECTS: dict[str, Any] = {}
_REGISTERED_NAMES: dict[Any, str] = {}

_Class = TypeVar("_Class", bound=Callable[..., Any])


class UnknownNameError(ValueError):
    """A name that stands for nothing; the message says what comes near and how to make an own name known."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = set(known)
        super().__init__(
            f"Unknown {what}: {name!r}.{self.advice()} Your own: pass it in `custom_objects`, or use it inside "
            f"`with custom_object_scope({{{name!r}: ...}})`"
        )

    def advice(self, also: Iterable[str] = ()) -> str:
        """The name that comes nearest, then all known ones and `also` in their plainest spelling, short forms last."""
        known = self.known.union(also)
        plain = [n for n in known if n == n.lower() or not {n.lower(), to_snake_case(n)} & (known - {n})]
        plain.sort(key=lambda n: (len(n) < 4, n.lower()))
        nearest = difflib.get_close_matches(self.name.lower(), plain, n=1)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        return hint + (f" Known names: {', '.join(plain)}." if plain else "")


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}


_scopes = _Scopes()


def get_custom_objects() -> dict[str, Any]:
    """The process-wide dict name -> class or function that every `get` and `deserialize` looks into; may be changed."""
    return _GLOBAL_CUSTOM_OBJECTS


class CustomObjectScope:
    """Makes names known inside a block: `with CustomObjectScope({'MyLayer': MyLayer}): ...`."""

    def __init__(self, *args: Mapping[str, Any]) -> None:
        self.custom_objects = {name: value for objects in args for name, value in objects.items()}
        self._outer: list[dict[str, Any]] = []

    def __enter__(self) -> "CustomObjectScope":
        self._outer.append(_scopes.objects)
        _scopes.objects = {**_scopes.objects, **self.custom_objects}
        return self

    def __exit__(self, *error: Any) -> None:
        _scopes.objects = self._outer.pop()


custom_object_scope = CustomObjectScope


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[_Class], _Class]:
    """Decorator: makes a class or function known as 'package>name' (name: default its own).

    ValueError if a class has no `get_config`, or if the name or the object is registered already.
    """

    def decorate(target: _Class) -> _Class:
        registered = f"{package}>{name or target.__name__}"
        if inspect.isclass(target) and not hasattr(target, "get_config"):
            raise ValueError(f"register_keras_serializable: {target.__name__} has no get_config()")
        if registered in _GLOBAL_CUSTOM_OBJECTS:
            raise ValueError(f"register_keras_serializable: {registered!r} is registered already")
        _GLOBAL_CUSTOM_OBJECTS[registered] = target
        _REGISTERED_NAMES[target] = registered
        return target

    return decorate


def get_registered_name(obj: Any) -> str:
    """The name a class or function was registered under, or its own."""
    return _REGISTERED_NAMES.get(obj, getattr(obj, "__name__", str(obj)))


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """What `name` stands for: open scopes, the global dict, `custom_objects`, the module's own; else None."""
    for known in (_scopes.objects, _GLOBAL_CUSTOM_OBJECTS, custom_objects, module_objects):
        if known and name in known:
            return known[name]
    return None


def serialize_keras_object(
    instance: Any, module: str | None = None, use_legacy_format: bool = False
) -> dict[str, Any] | str | None:
    """Dict form of an object with `get_config`, the name of a function or class, None of None.

    module: the public module to write beside it, such as 'keras.initializers'.
    ValueError if the object has neither a config nor a name.
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config") and not inspect.isclass(instance):
        kind = type(instance)
        registered = _REGISTERED_NAMES.get(kind)
        config = instance.get_config()
        if use_legacy_format:
            return {"class_name": registered or kind.__name__, "config": config}
        own = kind.__module__.split(".")[0] == "nnstack"
        return {
            "module": module if own else None,
            "class_name": kind.__name__,
            "config": config,
            "registered_name": registered or (None if own else kind.__name__),
        }
    if hasattr(instance, "__name__"):
        return get_registered_name(instance)
    raise ValueError(f"serialize: {instance!r} has neither get_config() nor a name")


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """The object that a dict or a name stands for; a name of a class gives a new instance, of a function the function.

    ValueError if the name is not known; the message says how to make it known.
    """
    if identifier is None:
        return None
    if isinstance(identifier, Mapping):
        return _from_dict(identifier, module_objects, custom_objects, printable_module_name)
    if isinstance(identifier, str):
        found = _known(identifier, None, module_objects, custom_objects, printable_module_name)
        return found() if inspect.isclass(found) else found
    if callable(identifier):
        return identifier
    raise ValueError(f"{printable_module_name}: expected a name, a config dict or a callable, got {identifier!r}")


def _from_dict(
    config: Mapping[str, Any],
    module_objects: Mapping[str, Any] | None,
    custom_objects: Mapping[str, Any] | None,
    what: str,
) -> Any:
    if "class_name" not in config or "config" not in config:
        raise ValueError(f"{what}: a config needs 'class_name' and 'config', got {dict(config)!r}")
    name, registered = config["class_name"], config.get("registered_name")
    if name == "function" and isinstance(config["config"], str):  # the later dialect's form of a plain function
        return _known(registered or config["config"], config["config"], module_objects, custom_objects, what)
    cls = _known(name, registered, module_objects, custom_objects, what)
    settings = config["config"]
    if not hasattr(cls, "from_config"):
        return cls(**settings) if inspect.isclass(cls) or settings else cls
    if custom_objects is not None and "custom_objects" in inspect.signature(cls.from_config).parameters:
        return cls.from_config(dict(settings), custom_objects={**_scopes.objects, **custom_objects})
    with CustomObjectScope(custom_objects or {}):
        return cls.from_config(dict(settings))


def _known(
    name: str,
    also: str | None,
    module_objects: Mapping[str, Any] | None,
    custom_objects: Mapping[str, Any] | None,
    what: str,
) -> Any:
    for candidate in (name, also, name.split(">")[-1]):
        found = None if candidate is None else get_registered_object(candidate, custom_objects, module_objects)
        if found is not None:
            return found
    raise UnknownNameError(what, name, module_objects or ())


def to_snake_case(name: str) -> str:
    """'BatchNormalization' to 'batch_normalization': default names of layers and metrics."""
    stepped = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()
    return "private" + stepped if stepped.startswith("_") else stepped


def to_list(x: Any, allow_tuple: bool = False) -> list[Any] | tuple[Any, ...]:
    """A list of x, or x itself if it is a list; tuples become lists, or stay with `allow_tuple`."""
    if isinstance(x, list) or (allow_tuple and isinstance(x, tuple)):
        return x
    return list(x) if isinstance(x, tuple) else [x]


def unpack_singleton(x: Any) -> Any:
    """The only element of a list or tuple of one; anything else unchanged."""
    return x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x


def slice_arrays(arrays: Any, start: Any = None, stop: Any = None) -> Any:
    """Rows `start` to `stop` of an array or of each of a list, None for None; `start` may be a list of rows.

    >>> slice_arrays([[1, 2, 3], None], 1)
    [[2, 3], None]
    """
    if isinstance(arrays, list):
        return [None if one is None else _rows(one, start, stop) for one in arrays]
    return None if arrays is None else _rows(arrays, start, stop)


def _rows(array: Any, start: Any, stop: Any) -> Any:
    if not hasattr(start, "__len__"):
        return array[start:stop]
    rows = start.tolist() if hasattr(start, "shape") else start
    return array[rows] if hasattr(array, "shape") else [array[row] for row in rows]


def transpose_shape(shape: Any, target_format: str, spatial_axes: Any) -> tuple[Any, ...]:
    """A shape with channels last, its entries moved to `target_format`; `spatial_axes` are those between.

    >>> transpose_shape((16, 128, 128, 32), "channels_first", (1, 2))
    (16, 32, 128, 128)
    """
    if target_format == "channels_last":
        return tuple(shape)
    if target_format != "channels_first":
        raise ValueError(
            f"transpose_shape: expected target_format 'channels_first' or 'channels_last', got {target_format!r}"
        )
    first = spatial_axes[0]
    return (*shape[:first], shape[-1], *[shape[axis] for axis in spatial_axes])


def object_list_uid(object_list: Any) -> str:
    """A text that tells lists of other objects apart."""
    return ", ".join(str(abs(id(one))) for one in to_list(object_list))


def is_all_none(iterable_or_element: Any) -> bool:
    """Whether all elements, or the one given, are None."""
    return all(one is None for one in to_list(iterable_or_element))


def check_for_unexpected_keys(name: str, input_dict: Any, expected_values: Any) -> None:
    """ValueError if a dict has keys that are not among `expected_values`; `name` says what it is."""
    unknown = sorted(set(input_dict).difference(expected_values))
    if unknown:
        raise ValueError(f"{name}: unknown keys {unknown}; expected keys among {list(expected_values)}")


def has_arg(function: Callable[..., Any], name: str, accept_all: bool = False) -> bool:
    """Whether `function` can be called with the keyword `name`; `accept_all`: `**kwargs` counts."""
    parameters = inspect.signature(function).parameters
    if name in parameters:
        return parameters[name].kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return accept_all and any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())


def __getattr__(name: str) -> Any:
    """What else Keras 2 had in this module is in `nnstack.utils`."""
    from nnstack import utils

    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(utils, name)
