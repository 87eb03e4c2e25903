"""Layers around a layer: Wrapper, and TimeDistributed."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from nnstack import backend
from nnstack.engine import context
from nnstack.engine.call import set_initial_weights
from nnstack.engine.layer import Layer
from nnstack.engine.shapes import is_shape
from nnstack.engine.spec import InputSpec
from nnstack.layers import __getattr__ as __getattr__  # Keras 2 kept Bidirectional here
from nnstack.utils import nest
from nnstack.utils.generic_utils import has_arg


class Wrapper(Layer):
    """A layer that holds another one, `layer`: the base of TimeDistributed and Bidirectional, and of one's own.

    Its weights are those of `layer`. Raises `TypeError` if `layer` is no layer.
    Source: https://keras.io/2.16/api/layers/
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise TypeError(
                f'{self._kind} (layer "{self.name}"): expected a layer to wrap, got {layer!r}. Pass an instance, such '
                "as Dense(8)"
            )
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
            set_initial_weights(self.layer)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        from nnstack.saving.config import layer_config

        return {**super().get_config(), "layer": layer_config(self.layer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """A new wrapper around a new layer from `get_config()`'s result."""
        from nnstack.saving.config import layer_from_config

        rest = {key: value for key, value in config.items() if key != "layer"}
        return cls(layer_from_config(config["layer"], custom_objects), **rest)


class TimeDistributed(Wrapper):
    """Applies one layer, with the same weights, to every time step.

    Input (batch, time, ...), or a structure of such tensors; output (batch, time, ...). The steps join the batch for
    the wrapped layer's call, so that BatchNormalization sees all of them; a stateful layer is called step by step.
    A mask (batch, time, ...) is handed on without its time axis and comes out with it.
    Raises `TypeError` if `layer` is no layer, `ValueError` for inputs of fewer than three axes.

    >>> TimeDistributed(Dense(8))(np.ones((2, 10, 16))).shape
    (2, 10, 8)

    Source: https://keras.io/2.16/api/layers/recurrent_layers/time_distributed/
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    # -- shapes -------------------------------------------------------------------------------------------------------
    def _step_shapes(self, input_shape: Any) -> Any:
        """Shapes of one step's input."""
        return _over_shapes(lambda shape: (shape[0], *shape[2:]), input_shape)

    def build(self, input_shape: Any = None) -> None:
        shapes = _leaves(input_shape)
        for shape in shapes:
            if len(shape) < 3:
                raise ValueError(
                    f'{self._kind} (layer "{self.name}"): expected at least the axes batch, time and one more, got '
                    f"input shape {shape}"
                )
        with context.adopting(self.layer.name):
            super().build(self._step_shapes(input_shape))
        specs = [InputSpec(shape=(None, None, *shape[2:])) for shape in shapes]
        self.input_spec = specs[0] if len(specs) == 1 else specs

    def compute_output_shape(self, input_shape: Any) -> Any:
        time = _leaves(input_shape)[0][1]
        inner = self.layer.compute_output_shape(self._step_shapes(input_shape))
        return _over_shapes(lambda shape: (shape[0], time, *shape[1:]), inner)

    # -- calling ------------------------------------------------------------------------------------------------------
    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        first = nest.flatten(inputs)[0]
        kwargs = {"training": training} if has_arg(self.layer.call, "training") else {}
        if self.layer.stateful:
            return self._step_by_step(inputs, mask, kwargs)
        if mask is not None and has_arg(self.layer.call, "mask"):
            kwargs["mask"] = nest.map_structure(_join, mask)
        outputs = self.layer(nest.map_structure(_join, inputs), **kwargs)
        batch, time = _front(first)
        return nest.map_structure(lambda tensor: _part(tensor, batch, time), outputs)

    def _step_by_step(self, inputs: Any, mask: Any, kwargs: dict[str, Any]) -> Any:
        time = nest.flatten(inputs)[0].shape[1]
        if time is None:
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): a stateful layer needs a known number of time steps. Give the '
                "input a length"
            )
        takes_mask = mask is not None and has_arg(self.layer.call, "mask")
        steps = []
        for t in range(time):
            now = functools.partial(_step, t=t)
            masked = {"mask": nest.map_structure(now, mask)} if takes_mask else {}
            steps.append(self.layer(nest.map_structure(now, inputs), **kwargs, **masked))
        stacked = [backend.stack(list(series), axis=1) for series in zip(*map(nest.flatten, steps), strict=True)]
        return nest.pack_as(steps[0], iter(stacked))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        first = nest.flatten(inputs)[0]
        given = nest.flatten(mask)
        if self.layer.stateful:
            return mask
        inner = None if mask is None else nest.map_structure(lambda one: None if one is None else _join(one), mask)
        # a layer that makes masks (Embedding, Masking) is asked even where none came in
        out = self.layer.compute_mask(nest.map_structure(_join, inputs), inner)
        if out is not None:
            batch, time = _front(first)
            return nest.map_structure(lambda one: None if one is None else _part(one, batch, time), out)
        if mask is None or given[0] is None:
            return None
        kept = given[0]  # the wrapped layer ends the mask: a time step counts where anything in it did
        return (
            kept if len(kept.shape) == 2 else backend.any(backend.cast(kept, "bool"), list(range(2, len(kept.shape))))
        )

    def reset_states(self) -> None:
        """Clears the states of the wrapped layer."""
        if hasattr(self.layer, "reset_states"):
            self.layer.reset_states()


def _leaves(shapes: Any) -> list[tuple[Any, ...]]:
    if is_shape(shapes):
        return [tuple(shapes)]
    return [leaf for part in (shapes.values() if isinstance(shapes, Mapping) else shapes) for leaf in _leaves(part)]


def _over_shapes(function: Any, shapes: Any) -> Any:
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, Mapping):
        return {key: _over_shapes(function, part) for key, part in shapes.items()}
    return [_over_shapes(function, part) for part in shapes]


def _step(x: Any, t: int) -> Any:
    return x[:, t]


def _front(x: Any) -> tuple[Any, Any]:
    """Sizes of the first two axes: ints where known, else scalar tensors."""
    sizes = backend.shape(x)
    return tuple(sizes[axis] if x.shape[axis] is None else x.shape[axis] for axis in (0, 1))  # type: ignore[return-value]


def _join(x: Any) -> Any:
    """(batch, time, ...) -> (batch * time, ...)."""
    sizes = backend.shape(x)
    rest = [sizes[axis] if x.shape[axis] is None else x.shape[axis] for axis in range(2, len(x.shape))]
    return backend.reshape(x, (-1, *rest))


def _part(x: Any, batch: Any, time: Any) -> Any:
    """(batch * time, ...) -> (batch, time, ...)."""
    sizes = backend.shape(x)
    rest = [sizes[axis] if x.shape[axis] is None else x.shape[axis] for axis in range(1, len(x.shape))]
    if time is not None and not backend.is_tensor(time) and 0 not in rest and time:
        batch = -1
    return backend.reshape(x, (batch, time, *rest))
