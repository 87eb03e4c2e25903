"""Recurrent: what layers with a `step` were derived from before Keras 2.1 had cells."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import label
from nnstack.utils import nest
from nnstack.utils.generic_utils import has_arg


class Recurrent(Layer):
    """Calls `output, new_states = step(input, states + constants)` at every step of (batch, time, features).

    A subclass defines `step`, sets `units` (or `output_dim`) and, in `build`, `states` to a list with a None for each
    state. It may define `preprocess_input(inputs, training)`, applied to the whole sequence before the loop,
    `get_constants(inputs, training)`, a list that each step gets behind the states, and `get_initial_state(inputs)`,
    zeros of `units` for each state unless it does. Output (batch, units) of the last step, with `return_sequences`
    (batch, time, units), with `return_state` a list of the output and the last states. New layers are better written
    as a cell for `RNN`.

    >>> class Sum(Recurrent):
    ...     units = 1
    ...     def build(self, input_shape):
    ...         self.states = [None]
    ...     def step(self, inputs, states):
    ...         return inputs + states[0], [inputs + states[0]]
    >>> Sum()(np.ones((1, 5, 1), "float32")).numpy()
    array([[5.]], dtype=float32)

    Source: the base class of Keras 2.0's recurrent layers
    """

    _takes_floats = True
    units: Any = None

    def __init__(
        self,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        implementation: int = 0,
        **kwargs: Any,
    ) -> None:
        shortcuts = {key: kwargs.pop(key) for key in ("input_length", "input_dim") if key in kwargs}
        if shortcuts and "input_shape" not in kwargs and "batch_input_shape" not in kwargs:
            kwargs["input_shape"] = (shortcuts.get("input_length"), shortcuts.get("input_dim"))
        kwargs.pop("consume_less", None)
        super().__init__(**kwargs)
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.implementation = implementation
        self.supports_masking = True
        self.input_spec = [InputSpec(ndim=3)]
        self.state_spec: Any = None
        self.dropout: Any = 0
        self.recurrent_dropout: Any = 0
        self.states = [None]

    def _size(self) -> int:
        size = self.units if self.units is not None else getattr(self, "output_dim", None)
        if size is None:
            raise ValueError(f"{label(self)}: a subclass of Recurrent sets units in its constructor")
        return int(size)

    def __call__(self, inputs: Any, initial_state: Any = None, **kwargs: Any) -> Any:
        """See the class; `initial_state`, a tensor or a list of tensors, takes the place of `get_initial_state`."""
        if initial_state is not None:
            inputs = [inputs, *nest.flatten(nest.as_list(initial_state))]
        own = self.input_spec
        if isinstance(inputs, list | tuple) and own is not None:
            self.input_spec = [*nest.as_list(own)[:1], *[None] * (len(inputs) - 1)]
        try:
            return super().__call__(inputs, **kwargs)
        finally:
            self.input_spec = nest.as_list(self.input_spec)[:1] if own is not None else None

    @property
    def states(self) -> list[Any]:
        """What a stateful layer keeps between batches, variables that are no weights; else a None for each state."""
        return self._states_between_batches

    @states.setter
    def states(self, states: list[Any]) -> None:
        self._states_between_batches = states

    def _build_for_call(self, input_shape: Any) -> None:
        self.build(input_shape[0] if isinstance(input_shape, list) else input_shape)
        if isinstance(input_shape, list):
            self.input_spec = [*nest.as_list(self.input_spec)[:1], *[None] * (len(input_shape) - 1)]

    def step(self, inputs: Any, states: Any) -> Any:
        """(output, list of new states) of one step; `states` holds the states and behind them the constants."""
        raise TypeError(f"{label(self)}: a subclass of Recurrent defines step(inputs, states)")

    def preprocess_input(self, inputs: Any, training: Any = None) -> Any:
        """What the steps are taken from: the inputs themselves."""
        return inputs

    def get_constants(self, inputs: Any, training: Any = None) -> list[Any]:
        """Tensors that are the same in each step: none."""
        return []

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """Zeros (batch, units) for each state."""
        zeros = backend.fill((backend.shape(inputs)[0], self._size()), 0.0, inputs.dtype)
        return [zeros for _ in self.states]

    def call(self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None) -> Any:
        if isinstance(inputs, list | tuple):
            inputs, initial_state = inputs[0], list(inputs[1:])
        if initial_state is None and self.stateful:
            initial_state = self.states
        if initial_state is None:
            initial_state = getattr(self, "get_initial_states", self.get_initial_state)(inputs)  # Keras 1's name
        constants = self._told(self.get_constants, inputs, training)
        last, outputs, states = backend.rnn(
            self.step,
            self._told(self.preprocess_input, inputs, training),
            list(initial_state),
            go_backwards=self.go_backwards,
            mask=mask[0] if isinstance(mask, list) else mask,
            constants=constants,
            unroll=self.unroll,
            input_length=inputs.shape[1],
        )
        if self.stateful:
            self.add_update(list(zip(self.states, states, strict=True)))
        output = outputs if self.return_sequences else last
        return [output, *states] if self.return_state else output

    @staticmethod
    def _told(method: Any, inputs: Any, training: Any) -> Any:
        return method(inputs, training=training) if has_arg(method, "training") else method(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = tuple(input_shape[0] if isinstance(input_shape, list) else input_shape)
        output = (*shape[:2], self._size()) if self.return_sequences else (shape[0], self._size())
        return [output, *[(shape[0], self._size()) for _ in self.states]] if self.return_state else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        out = (mask[0] if isinstance(mask, list) else mask) if self.return_sequences else None
        return [out, *[None for _ in self.states]] if self.return_state else out

    def reset_states(self, states: Any = None) -> None:
        """Sets the states that a stateful layer keeps to zeros, or to arrays given.

        `AttributeError` if the layer is not stateful; `ValueError` if the batch size is unknown.
        """
        if not self.stateful:
            raise AttributeError(f"{label(self)}: the layer keeps no states. Make it with stateful=True")
        batch = (nest.as_list(self.input_spec)[0].shape or (None,))[0]
        if batch is None:
            raise ValueError(
                f"{label(self)}: a stateful layer needs a known batch size. Give "
                "batch_input_shape=(batch, time, features) to the first layer, or batch_shape to Input"
            )
        if self.states[0] is None:
            self.states = [backend.zeros((batch, self._size())) for _ in self.states]
            for state in self.states:
                state.trainable = False
        values = [0.0 * state.numpy() for state in self.states] if states is None else nest.as_list(states)
        for state, value in zip(self.states, values, strict=True):
            state.assign(value)

    def get_config(self) -> dict[str, Any]:
        names = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "implementation")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def time_distributed_dense(
    x: Any,
    w: Any,
    b: Any = None,
    dropout: Any = None,
    input_dim: int | None = None,
    output_dim: int | None = None,
    timesteps: int | None = None,
    training: Any = None,
) -> Any:
    """x w + b for every step of (batch, time, input_dim); `dropout` drops the same inputs at all steps."""
    if dropout is not None and 0.0 < dropout < 1.0:
        ones = backend.ones_like(backend.expand_dims(x[:, 0, :], 1))
        x = x * backend.in_train_phase(backend.dropout(ones, dropout), ones, training=training)
    product = backend.dot(x, w)
    return product if b is None else backend.bias_add(product, b)
