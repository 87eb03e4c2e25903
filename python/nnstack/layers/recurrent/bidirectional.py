"""Bidirectional: one recurrent layer forwards in time, one backwards, and what they find put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnstack import backend
from nnstack.engine import context
from nnstack.engine.call import set_initial_weights
from nnstack.engine.layer import Layer
from nnstack.engine.shapes import is_shape
from nnstack.layers.recurrent.rnn import RNN
from nnstack.layers.wrappers import Wrapper
from nnstack.utils import nest
from nnstack.utils.generic_utils import CustomObjectScope, has_arg

_MERGES: dict[Any, Callable[[Any, Any], Any]] = {
    "concat": lambda a, b: backend.concatenate([a, b]),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) / 2.0,
    "mul": lambda a, b: a * b,
    None: lambda a, b: [a, b],
}


class Bidirectional(Wrapper):
    """Runs a recurrent layer in both directions (Schuster and Paliwal 1997).

    Input (batch, time, ...). Output by `merge_mode`: 'concat' (default) the two along the last axis, 'sum', 'ave',
    'mul' elementwise, None a list of both; with `return_state` of the layer, the forward states and the backward states
    after it. `layer` is copied for each direction, with fresh weights; `backward_layer` is used for the backward
    direction instead of a copy. `weights`: initial values, first half forward. Called with `initial_state=` (forward
    states, then backward states) and `constants=`.
    Raises `ValueError` for another merge_mode, for layers that do not fit each other, or a layer that cannot run
    backwards.

    >>> Bidirectional(LSTM(8, return_sequences=True))(np.ones((2, 5, 3))).shape
    (2, 5, 16)

    Source: https://keras.io/2.16/api/layers/recurrent_layers/bidirectional/
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        from nnstack.saving.config import layer_config

        constants = kwargs.pop("num_constants", None)
        super().__init__(layer, **kwargs)
        if merge_mode not in _MERGES:
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): expected merge_mode sum, mul, ave, concat or None, '
                f"got {merge_mode!r}"
            )
        for one in (layer, backward_layer):
            self._check_layer(one)
        self._configs = {"layer": layer_config(layer)}
        if backward_layer is not None:
            self._configs["backward_layer"] = layer_config(backward_layer)
        del self.layer  # the two directions hold the weights; `layer` is the forward one
        self.forward_layer = _copy(layer)
        self.backward_layer = _copy(layer, backwards=True) if backward_layer is None else backward_layer
        self.forward_layer._name = f"forward_{self.forward_layer.name}"
        self.backward_layer._name = f"backward_{self.backward_layer.name}"
        self._check_pair()
        for one in (self.forward_layer, self.backward_layer):
            if hasattr(one, "zero_output_for_mask"):  # an output carried on would run against the direction
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode = merge_mode
        if weights:
            half = len(weights) // 2
            self.forward_layer._initial_weights = weights[:half]
            self.backward_layer._initial_weights = weights[half:]
        self.stateful = bool(layer.stateful)
        self.return_sequences = bool(layer.return_sequences)
        self.return_state = bool(getattr(layer, "return_state", False))
        self.supports_masking = True
        self._num_constants = int(constants or 0)
        self.input_spec = layer.input_spec

    def _check_layer(self, layer: Any) -> None:
        if layer is None:
            return
        for needed in ("go_backwards", "return_sequences", "stateful"):
            if not isinstance(layer, Layer) or not hasattr(layer, needed):
                raise ValueError(
                    f'{self._kind} (layer "{self.name}"): expected a recurrent layer with go_backwards, '
                    f"return_sequences and stateful, got {layer!r}"
                )

    def _check_pair(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): both layers have go_backwards={forward.go_backwards}. Give the '
                "backward layer the other value"
            )
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(forward, name, False) != getattr(backward, name, False):
                raise ValueError(
                    f'{self._kind} (layer "{self.name}"): expected the same {name} in both layers, got '
                    f"{getattr(forward, name, False)} and {getattr(backward, name, False)}"
                )

    def __getattr__(self, name: str) -> Any:
        if name == "layer" and "forward_layer" in self.__dict__:
            return self.forward_layer
        return super().__getattr__(name)

    @property
    def constraints(self) -> dict[Any, Any]:
        """Constraints of the weights, by weight."""
        return {weight: weight.constraint for weight in self.weights if weight.constraint is not None}

    # -- building and calling -----------------------------------------------------------------------------------------
    def build(self, input_shape: Any = None) -> None:
        shape = input_shape[0] if isinstance(input_shape, list) and not is_shape(input_shape) else input_shape
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                with context.name_scope(layer.name):
                    layer.build(shape)
                    layer.built = True
                set_initial_weights(layer)
        self.built = True

    def __call__(self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any) -> Any:
        """See the class; states and constants are inputs like others, so that they may come from other layers."""
        if initial_state is None and constants is None:
            everything = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        else:
            states = nest.flatten(nest.as_list(initial_state))
            if len(states) % 2:
                raise ValueError(
                    f'{self._kind} (layer "{self.name}"): expected as many initial states for each direction, got '
                    f"{len(states)} in all"
                )
            fixed = nest.as_list(constants)
            self._num_constants = len(fixed) or self._num_constants
            everything = [inputs[0] if isinstance(inputs, list | tuple) else inputs, *states, *fixed]
        spec = nest.flatten(self.input_spec)[0]
        self.input_spec = [spec, *[None] * (len(everything) - 1)]
        try:
            return super().__call__(everything if len(everything) > 1 else everything[0], **kwargs)
        finally:
            self.input_spec = [spec]

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        forward_inputs, backward_inputs = self._divided(inputs)
        mask = nest.flatten(mask)[0]
        results = []
        for layer, given in ((self.forward_layer, forward_inputs), (self.backward_layer, backward_inputs)):
            options = {"training": training, "mask": mask}
            kwargs = {name: value for name, value in options.items() if has_arg(layer.call, name)}
            results.append(nest.as_list(layer(given, **kwargs)))
        (forward, *forward_states), (backward, *backward_states) = results
        if self.return_sequences:
            backward = backend.reverse(backward, 0 if getattr(self.forward_layer, "time_major", False) else 1)
        output = _MERGES[self.merge_mode](forward, backward)
        if self.return_state:
            return [*nest.as_list(output), *forward_states, *backward_states]
        return output

    def _divided(self, inputs: Any) -> tuple[Any, Any]:
        """What each direction is given: the sequence, its half of the states, all constants."""
        if not isinstance(inputs, list | tuple):
            return inputs, inputs
        sequence, *rest = inputs
        count = len(rest) - self._num_constants
        states, constants = rest[:count], rest[count:]
        for layer in (self.forward_layer, self.backward_layer):
            if isinstance(layer, RNN):
                layer._num_constants = len(constants)
        half = count // 2
        return [sequence, *states[:half], *constants], [sequence, *states[half:], *constants]

    def reset_states(self) -> None:
        """Clears the kept states of both directions."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    # -- shapes, masks, config ----------------------------------------------------------------------------------------
    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = self.forward_layer.compute_output_shape(input_shape)
        output, states = (shape[0], list(shape[1:])) if self.return_state else (shape, [])
        if self.merge_mode == "concat":
            output = (*output[:-1], None if output[-1] is None else 2 * output[-1])
        outputs = [output, output] if self.merge_mode is None else [output]
        outputs += [*states, *states]
        return outputs if len(outputs) > 1 else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        out = nest.flatten(mask)[0] if self.return_sequences else None
        masks = [out, out] if self.merge_mode is None else [out]
        if self.return_state:
            masks += [None] * 2 * len(nest.flatten(self.forward_layer.states))
        return masks if len(masks) > 1 else out

    def get_config(self) -> dict[str, Any]:
        config = {**Layer.get_config(self), "layer": self._configs["layer"], "merge_mode": self.merge_mode}
        if self._num_constants:
            config["num_constants"] = self._num_constants
        if "backward_layer" in self._configs:
            config["backward_layer"] = self._configs["backward_layer"]
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        from nnstack.saving.config import layer_from_config

        rest = {key: value for key, value in config.items() if key not in ("layer", "backward_layer")}
        if config.get("backward_layer") is not None:
            rest["backward_layer"] = layer_from_config(config["backward_layer"], custom_objects)
        return cls(layer_from_config(config["layer"], custom_objects), **rest)


def _copy(layer: Any, backwards: bool = False) -> Any:
    """A new layer from the config of `layer`, in the other direction if `backwards`. Whatever of the user's own the
    layer holds (cells, functions, initializers) is known while it is made.
    """
    config = layer.get_config()
    if backwards:
        config["go_backwards"] = not config["go_backwards"]
    parts = [layer, *layer._flatten_layers()]
    parts += [value for part in list(parts) for value in vars(part).values()]
    named = {getattr(part, "__name__", None) or type(part).__name__: part for part in parts if callable(part)}
    own = {name: part if hasattr(part, "__name__") else type(part) for name, part in named.items()}
    with CustomObjectScope({name: part for name, part in own.items() if not part.__module__.startswith("nnstack.")}):
        return type(layer).from_config(config)
