"""RNN: any cell, run along the time axis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from nnstack import backend
from nnstack.engine import context
from nnstack.engine.layer import Layer
from nnstack.engine.shapes import builds_for_tuples, is_shape, map_shapes
from nnstack.engine.spec import InputSpec
from nnstack.layers.recurrent.dropout import lacks_masks, one_sequence
from nnstack.layers.recurrent.states import (
    KeptStates,
    output_shapes,
    packed,
    sizes_are_valid,
    state_shapes,
    state_sizes,
    zero_states,
)
from nnstack.utils import allowance, nest
from nnstack.utils.generic_utils import has_arg


class RNN(Layer):
    """Calls `output, new_states = cell(input, states)` at every time step.

    Input (batch, time, ...), or (time, batch, ...) with `time_major`. Output (batch, ...) of the last step, with
    `return_sequences` (batch, time, ...) of all; with `return_state` a list of the output and the last states.

    Arguments: `cell` has `call(inputs, states)`, `state_size` (an int, or one per state) and if it likes `output_size`
    and `get_initial_state(inputs, batch_size, dtype)`; a list of cells is stacked. `go_backwards` reads from the end
    (outputs stay in the order they are made). `stateful` starts each batch from the states of the batch before, see
    `reset_states`; the batch size must be known. `unroll` copies the cell for each step (the time must be known): more
    memory, sometimes faster. `zero_output_for_mask` gives zeros at masked steps instead of the output before.
    The input may be a tuple or dict of sequences, which the cell gets as a tuple or dict of steps; its output may be a
    structure too, with `output_size` one of ints and `TensorShape`s. A `TensorShape` in `state_size` is one state.
    Called with `initial_state=` (tensors, one per state), `constants=` (handed to the cell at each step), `mask=`
    (batch, time): masked steps change nothing.
    Raises `ValueError` for a cell without `call` or `state_size`, states that do not fit, or a stateful layer without
    a batch size.

    >>> class Counter(Layer):
    ...     state_size = 1
    ...     def call(self, inputs, states):
    ...         total = states[0] + inputs
    ...         return total, [total]
    >>> RNN(Counter())(np.ones((1, 5, 1), "float32")).numpy()
    array([[5.]], dtype=float32)

    Source: https://keras.io/2.16/api/layers/recurrent_layers/rnn/
    """

    _takes_floats = True

    _taken_by_keyword = ("zero_output_for_mask",)

    _takes_structures: ClassVar[bool] = True  # False where the cell is known to take one tensor

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        time_major: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, list | tuple):
            from nnstack.layers.recurrent.stacked import StackedRNNCells

            cell = StackedRNNCells(cell)
        shortcuts = {key: kwargs.pop(key) for key in ("input_length", "input_dim") if key in kwargs}
        if shortcuts and "input_shape" not in kwargs and "batch_input_shape" not in kwargs:
            kwargs["input_shape"] = (shortcuts.get("input_length"), shortcuts.get("input_dim"))
        zero_output_for_mask = bool(kwargs.pop("zero_output_for_mask", False))
        constants = kwargs.pop("num_constants", None)
        super().__init__(**kwargs)
        self.cell = self._checked_cell(cell)
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.time_major = bool(time_major)
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.input_spec = [InputSpec(min_ndim=3) if self._takes_structures else InputSpec(ndim=3)]
        self._num_constants = int(constants or 0)
        self._kept: KeptStates | None = None
        self._nested = False  # whether the sequence is a structure of sequences

    def _checked_cell(self, cell: Any) -> Any:
        for needed in ("call", "state_size"):
            if not hasattr(cell, needed):
                raise ValueError(
                    f'{self._kind} (layer "{self.name}"): expected a cell with `call` and `state_size`, got {cell!r} '
                    f"without {needed}"
                )
        if not sizes_are_valid(cell.state_size):
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): expected whole numbers in the cell\'s state_size, got '
                f"{cell.state_size!r}"
            )
        return cell

    @property
    def _batch_axis(self) -> int:
        return 1 if self.time_major else 0

    @property
    def _time_axis(self) -> int:
        return 0 if self.time_major else 1

    # -- calling ------------------------------------------------------------------------------------------------------
    def __call__(self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any) -> Any:
        """See the class; states and constants are inputs like others, so that they may come from other layers."""
        expected = len(state_shapes(self.cell))
        self._nested = self._is_structure(inputs)
        if isinstance(inputs, list | tuple) and not self._nested and initial_state is None and constants is None:
            everything = [inputs[0], *nest.flatten(list(inputs[1:]))]
        else:
            given = inputs[0] if isinstance(inputs, list | tuple) and not self._nested else inputs
            if constants is not None:
                constants = nest.as_list(constants)
                self._num_constants = len(constants)
            everything = [given, *nest.flatten(nest.as_list(initial_state)), *(constants or [])]
        states = len(everything) - 1 - self._num_constants if len(everything) > 1 else 0
        if states not in (0, expected):
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): expected {expected} initial states, got {states}. Give one '
                "tensor per state of the cell"
            )
        extra = self._state_specs() if states else []
        own = [None] * len(nest.flatten(everything[0])) if self._nested else self.input_spec[:1]
        self.input_spec = [*own, *extra, *[None] * (len(everything) - 1 - states)]
        try:
            return super().__call__(everything if len(everything) > 1 else everything[0], **kwargs)
        finally:
            self.input_spec = self.input_spec[:1]

    def _is_structure(self, inputs: Any) -> bool:
        """Whether the sequence is a structure of sequences: a tuple or dict as in tf.keras, or what a file's graph
        makes of one, a list of tensors none of which is a state.
        """
        if not self._takes_structures or not isinstance(inputs, list | tuple | Mapping):
            return False
        if not isinstance(inputs, list):
            return True
        ranks = [len(getattr(one, "shape", ())) for one in inputs]
        states = ranks[1 : len(ranks) - self._num_constants]
        return min(ranks) >= 3 and states not in ([], [spec.ndim for spec in self._state_specs()])

    def _state_specs(self) -> list[InputSpec]:
        return [InputSpec(shape=(None, *shape)) for shape in state_shapes(self.cell)]

    def _sequence_shapes(self, input_shape: Any) -> Any:
        """Of the sequence among the inputs: a shape, or the structure of shapes that a structure has."""
        if self._nested:
            alone = isinstance(input_shape, Mapping) or is_shape(input_shape[0])
            return map_shapes(tuple, input_shape if alone else input_shape[0])
        return tuple(input_shape[0]) if isinstance(input_shape, list) else tuple(input_shape)

    def build(self, input_shape: Any) -> None:
        shapes = self._sequence_shapes(input_shape)
        step = map_shapes(self._step_shape, shapes)
        shape = _first_shape(shapes)
        if isinstance(self.cell, Layer) and not self.cell.built:
            told = self._num_constants and builds_for_tuples() and isinstance(input_shape, list)
            self._build_cell([step, *map(tuple, input_shape[-self._num_constants :])] if told else step)
        batch = shape[self._batch_axis] if self.stateful else None
        own = None if self._nested else self._spec((None, batch) if self.time_major else (batch, None), shape)
        self.input_spec = [own, *self.input_spec[1:]]
        if self.stateful and self._kept is None:
            self._keep_from(batch)
        self.built = True

    def _step_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return (shape[self._batch_axis], *shape[2:])

    def _spec(self, front: tuple[Any, ...], shape: tuple[Any, ...]) -> InputSpec:
        return InputSpec(shape=(*front, *shape[2:]))

    def _build_cell(self, step_shape: Any) -> None:
        # Keras up to 2.3 told a cell of the shapes of its constants, too.
        with context.name_scope(self.cell.name):
            self.cell.build(step_shape)
            self.cell.built = True

    def call(self, inputs: Any, mask: Any = None, training: Any = None, **kwargs: Any) -> Any:
        inputs, initial_state, constants = self._parts(inputs)
        mask = nest.flatten(mask)[0]
        sequence = nest.flatten(inputs)[0]
        if self.unroll and sequence.shape[self._time_axis] is None:
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): unroll=True needs a known number of time steps; input shape '
                f"{tuple(sequence.shape)}. Give the input a length, or unroll=False"
            )
        states = self._start(sequence, initial_state)
        with one_sequence(self.cell):
            last, outputs, states = self._run(inputs, states, mask, training, constants)
        if self._kept is not None:
            self._kept.keep(states)
        output = outputs if self.return_sequences else last
        return [output, *states] if self.return_state else output

    def _parts(self, inputs: Any) -> tuple[Any, list[Any], list[Any]]:
        """(sequence, flat initial states, constants) of a call's list of inputs."""
        if not isinstance(inputs, list | tuple) or self._nested and not nest.is_nested(inputs[0]):
            return inputs, [], []
        first_constant = len(inputs) - self._num_constants
        return inputs[0], list(inputs[1:first_constant]), list(inputs[first_constant:])

    def _start(self, inputs: Any, initial_state: list[Any]) -> list[Any]:
        """States before the first step: what is kept, what was given, or zeros."""
        given = packed(self.cell, initial_state) if initial_state else None
        if self._kept is not None:
            kept: list[Any] = nest.map_structure(lambda state: backend.cast(state, inputs.dtype), self._kept.values)
            if given is None:
                return kept
            # as in Keras 2: states given count until there are states of an earlier batch
            used = backend.any(backend.stack([backend.any(backend.not_equal(one, 0.0)) for one in nest.flatten(kept)]))
            chosen = [
                backend.switch(used, old, new) for old, new in zip(nest.flatten(kept), nest.flatten(given), strict=True)
            ]
            return packed(self.cell, chosen)
        return self.get_initial_state(inputs) if given is None else given

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """States for a batch of the size of `inputs`: the cell's own, else zeros."""
        return zero_states(self.cell, self._batch_size(inputs), inputs.dtype)

    def _batch_size(self, inputs: Any) -> Any:
        size = inputs.shape[self._batch_axis]
        return backend.shape(inputs)[self._batch_axis] if size is None else size

    def _run(self, inputs: Any, states: list[Any], mask: Any, training: Any, constants: list[Any]) -> Any:
        """(last output, all outputs, last states), by calling the cell at each step."""
        step_kwargs = {"training": training} if has_arg(self.cell.call, "training") else {}
        cell = self.cell if callable(self.cell) else self.cell.call
        first = nest.map_structure(lambda part: part[0] if self.time_major else part[:, 0], inputs)
        if hasattr(self.cell, "prepare_masks"):
            self.cell.prepare_masks(first, states, training)

        def step(element: Any, given: Any) -> Any:
            fixed = {"constants": list(given[len(states) :])} if constants else {}
            output, new = cell(element, list(given[: len(states)]), **fixed, **step_kwargs)
            return output, list(new) if isinstance(new, list | tuple) else [new]

        if lacks_masks(self.cell, training):  # a dropout cell inside the cell: it shows its shapes when it is called
            step(first, (*states, *constants))
        return backend.rnn(
            step,
            inputs,
            states,
            go_backwards=self.go_backwards,
            mask=mask,
            constants=constants,
            unroll=self.unroll,
            input_length=nest.flatten(inputs)[0].shape[self._time_axis],
            time_major=self.time_major,
            zero_output_for_mask=self.zero_output_for_mask,
            return_all_outputs=self.return_sequences,
        )

    # -- shapes and masks ---------------------------------------------------------------------------------------------
    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = _first_shape(self._sequence_shapes(input_shape))
        batch, time = shape[self._batch_axis], shape[self._time_axis]
        front = ((time, batch) if self.time_major else (batch, time)) if self.return_sequences else (batch,)
        output = map_shapes(lambda step: (*front, *step), self._output_shape(shape))
        if not self.return_state:
            return output
        return [output, *[(batch, *state) for state in self._state_shapes(shape)]]

    def _output_shape(self, shape: tuple[Any, ...]) -> Any:
        """Of one step, without the batch axis; a structure of shapes where the cell's output is one."""
        return output_shapes(self.cell)

    def _state_shapes(self, shape: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return state_shapes(self.cell)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        out = nest.flatten(mask)[0] if self.return_sequences else None
        return [out, *[None] * len(state_shapes(self.cell))] if self.return_state else out

    # -- states kept between batches ----------------------------------------------------------------------------------
    @property
    def states(self) -> list[Any]:
        """The kept states as variables, or a None for each while nothing is kept."""
        if self._kept is not None:
            return self._kept.values
        return list(nest.map_structure(lambda size: None, state_sizes(self.cell)))

    @states.setter
    def states(self, values: Any) -> None:
        self.reset_states(values)

    def reset_states(self, states: Any = None) -> None:
        """Sets the kept states to zeros (or the cell's initial states), or to arrays given.

        `AttributeError` if the layer is not stateful; `ValueError` if the batch size is unknown or a shape is wrong.
        """
        if not self.stateful:
            raise AttributeError(
                f'reset_states (layer "{self.name}"): the layer keeps no states. Make it with stateful=True'
            )
        if self._kept is None:
            shape = self.__dict__.get("_batch_input_shape") or self._seen_shape()
            self._keep_from(shape[self._batch_axis] if shape else None)
        assert self._kept is not None
        what = f'reset_states (layer "{self.name}")'
        self._kept.reset(self._kept.structure if states is None else states, what)

    def _seen_shape(self) -> Any:
        return self.input_spec[0].shape

    def _keep_from(self, batch: Any) -> None:
        if batch is None:
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): a stateful layer needs a known batch size. Give '
                "batch_input_shape=(batch, time, features) to the first layer, or batch_shape to Input"
            )
        for sizes in state_shapes(self.cell):
            allowance.take(batch * math.prod(sizes), f'{self._kind} (layer "{self.name}"): states')
        with backend.eager_scope():
            self._kept = KeptStates(self._zeros(batch), self.name)

    def _zeros(self, batch: int) -> list[Any]:
        return zero_states(self.cell, batch, self.dtype)

    # -- config -------------------------------------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._sequence_config(), **self._cell_config()}

    def _sequence_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "time_major": self.time_major,
        }
        if self._num_constants:
            config["num_constants"] = self._num_constants
        if self.zero_output_for_mask:
            config["zero_output_for_mask"] = True
        return config

    def _cell_config(self) -> dict[str, Any]:
        from nnstack.saving.config import layer_config

        return {"cell": layer_config(self.cell)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """A new layer from `get_config()`'s result."""
        if "cell" not in config:
            return cls(**config)
        from nnstack.saving.config import layer_from_config

        rest = {key: value for key, value in config.items() if key != "cell"}
        return cls(layer_from_config(config["cell"], custom_objects), **rest)


def _first_shape(shapes: Any) -> tuple[Any, ...]:
    """The first of a structure of shapes."""
    while not is_shape(shapes):
        shapes = next(iter(shapes.values() if isinstance(shapes, Mapping) else shapes))
    return tuple(shapes)
