"""AbstractRNNCell: what a cell of one's own may be derived from."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.layers.recurrent.states import packed, state_shapes


class AbstractRNNCell(Layer):
    """A cell for `RNN`: define `state_size`, `output_size` and `call(inputs, states)`, which returns the output and the
    new states.

    >>> class Mean(AbstractRNNCell):
    ...     state_size = output_size = 2
    ...     def call(self, inputs, states):
    ...         new = 0.5 * states[0] + 0.5 * inputs
    ...         return new, [new]

    Source: https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/AbstractRNNCell
    """

    @property
    def state_size(self) -> Any:
        """Size of the state, or a list with the size of each state."""
        raise TypeError(f'{self._kind} (layer "{self.name}"): the class defines no state_size')

    @property
    def output_size(self) -> Any:
        """Size of the output."""
        raise TypeError(f'{self._kind} (layer "{self.name}"): the class defines no output_size')

    def call(self, inputs: Any, states: Any) -> Any:
        """(output, new states) of one step."""
        raise TypeError(f'{self._kind} (layer "{self.name}"): the class defines no call(inputs, states)')

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """Zeros for each state."""
        if inputs is not None:
            size = inputs.shape[0]
            batch_size, dtype = backend.shape(inputs)[0] if size is None else size, inputs.dtype
        zeros = [backend.fill((batch_size, *shape), 0.0, dtype or self.dtype) for shape in state_shapes(self)]
        return packed(self, zeros) if isinstance(self.state_size, list | tuple) else zeros[0]
