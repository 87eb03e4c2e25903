"""Lambda: any function of tensors as a layer."""

from __future__ import annotations

import inspect
from typing import Any

from nnstack.backend.numbers import falls_back_on_numbers
from nnstack.engine.layer import Layer


class _Name(str):
    """The name of a function in a config. The config itself also knows the function, a file does not."""

    function: Any


# By the names of layer and function, for programs that run unchanged: Keras would read the function's code from a file.
_made_here: dict[tuple[str, str], Any] = {}


def _named(function: Any, layer: str) -> _Name:
    name = _Name(getattr(function, "__name__", type(function).__name__))
    name.function = function
    if falls_back_on_numbers():
        _made_here[layer, str(name)] = function
    return name


def made_here(layer: str, name: str) -> Any:
    """The function of that name of a Lambda layer whose config was taken in this process, where nnstack stands for
    Keras; else None.
    """
    return _made_here.get((layer, name)) if falls_back_on_numbers() else None


class Lambda(Layer):
    """Calls `function(inputs, **arguments)`; `mask` and `training` are passed on if the function takes them.

    `output_shape` is accepted for its place in Keras; the shape is found by calling. `mask`: a mask, or a function of
    (inputs, mask). A function of your own is not written to files: load the model with `custom_objects={name:
    function}`.
    """

    def __init__(
        self, function: Any, output_shape: Any = None, mask: Any = None, arguments: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f'lambda (layer "{self.name}"): expected a function, got {function!r}')
        self.function = function
        self.arguments = dict(arguments or {})
        self.mask = mask
        self._output_shape = output_shape
        self.supports_masking = mask is not None
        self._parameters = inspect.signature(function).parameters if not inspect.isbuiltin(function) else {}

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        extra = {name: value for name, value in (("mask", mask), ("training", training)) if name in self._parameters}
        return self.function(inputs, **{**self.arguments, **extra})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        shape = self._output_shape
        return {
            **super().get_config(),
            "function": _named(self.function, self.name),
            "function_type": "function",
            "module": getattr(self.function, "__module__", None),
            "output_shape": None if callable(shape) else shape,
            "output_shape_type": "raw",
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """A Lambda whose function is found by its name among custom objects, activations and some backend functions,
        or is the one of the layer that gave the config, which came from no file.
        """
        from nnstack.saving.survey import lambda_function

        config = dict(config)
        name = config.pop("function")
        name = name.function if isinstance(name, _Name) else name
        for key in ("function_type", "module", "output_shape_type", "output_shape_module"):
            config.pop(key, None)
        if callable(name):
            return cls(name, **config)
        found = lambda_function(name) or made_here(str(config.get("name")), name) if isinstance(name, str) else None
        if not callable(found):
            raise ValueError(
                f'lambda (layer "{config.get("name")}"): the file names a function '
                f"{name if isinstance(name, str) else 'written as code'!r}, "
                "and code in files is never run. Load with custom_objects={name: function}"
            )
        return cls(found, **config)
