"""The arguments a layer or model was made with: the config of a class that defines no `get_config` of its own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

_SHAPES = ("input_shape", "batch_size", "input_dim", "weights")  # told by batch_input_shape, or no part of a config


class GivenArguments:
    """What a constructor was called with. No tuple: tensors and layers in it are no parts of the layer."""

    __slots__ = ("args", "kwargs")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs


def config_of_arguments(layer: Any, common: dict[str, Any]) -> dict[str, Any]:
    """The given arguments as plain data, and what of `common` (name, trainable, dtype, ...) the constructor takes.

    `TypeError` naming an argument that is no plain data.
    """
    from nnstack.saving.objects import serialize_keras_object

    parameters = _parameters_of(type(layer))
    given = vars(layer).get("_given_arguments")
    if given is None or parameters is None:
        return common
    own: dict[str, Any] = {}
    bound = inspect.Signature(list(parameters.values())).bind(*given.args, **given.kwargs).arguments
    for name, value in bound.items():
        if parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            own |= {key: one for key, one in value.items() if key not in _SHAPES}
        elif parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            raise TypeError(_advice(layer, f"*{name}"))
        else:
            own[name] = value
    for name, value in own.items():
        if getattr(value, "__name__", "") == "<lambda>":
            raise TypeError(_advice(layer, name))
        try:
            own[name] = serialize_keras_object(value)
        except (TypeError, ValueError):
            raise TypeError(_advice(layer, name)) from None
    any_name = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    return {**{key: value for key, value in common.items() if any_name or key in parameters}, **own} | {
        key: common[key] for key in own if key in common
    }


def revived(cls: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments from such a config: objects in the place of what describes them."""
    from nnstack.saving.objects import deserialize_keras_object

    if _parameters_of(cls) is None:
        return dict(config)
    objects = {
        key: deserialize_keras_object(value)
        for key, value in config.items()
        if isinstance(value, Mapping) and "class_name" in value and key != "dtype"
    }
    return {**config, **objects}


def _parameters_of(cls: type) -> Mapping[str, inspect.Parameter] | None:
    """Of the class's own constructor, without `self`; None where it has none."""
    make: Any = cls.__init__  # type: ignore[misc]
    return None if make.__module__.startswith("nnstack.") else _without_self(make)


@functools.lru_cache(maxsize=512)
def _without_self(make: Any) -> Mapping[str, inspect.Parameter]:
    return {one.name: one for one in list(inspect.signature(make).parameters.values())[1:]}


def _advice(layer: Any, argument: str) -> str:
    return (
        f'{layer._kind} (layer "{layer.name}"): a config cannot hold the argument {argument} that it was made with. '
        f"Define get_config in {type(layer).__name__}, or save weights only"
    )
