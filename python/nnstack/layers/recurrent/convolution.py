"""ConvLSTM: an LSTM whose products are convolutions (Shi et al. 2015), over one, two or three axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from nnstack import backend
from nnstack.engine import context
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import label, positive_int
from nnstack.layers.convolution import SpatialLayer
from nnstack.layers.parameters import add_parameter
from nnstack.layers.recurrent.dropout import DropoutRNNCellMixin
from nnstack.layers.recurrent.gated import OneCellRNN
from nnstack.layers.recurrent.lstm import add_bias
from nnstack.layers.recurrent.options import cell_options_config, take_options
from nnstack.layers.recurrent.rnn import RNN


class ConvLSTMCell(DropoutRNNCellMixin, SpatialLayer):
    """One step of a ConvLSTM layer: input an image, two states h and c of shape (batch, new places, filters).

    The input is convolved with `strides`, `padding` and `dilation_rate`, the state with steps of 1 and "same" borders.
    Arguments as in `ConvLSTM2D`; use the class of the number of axes: ConvLSTM1DCell, ConvLSTM2DCell, ConvLSTM3DCell.
    """

    mask_count = 4

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        given = locals()
        seed = kwargs.pop("seed", None)
        Layer.__init__(self, **kwargs)
        self.filters = positive_int(filters, label(self), "filters")
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        take_options(self, given)
        self.unit_forget_bias = bool(unit_forget_bias)
        self._start_dropout(dropout, recurrent_dropout, seed)

    @property
    def state_size(self) -> list[int]:
        """`filters` for each of h and c."""
        return [self.filters, self.filters]

    def step_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """Shape of a state, without the batch axis, for one step's input of that shape."""
        return self._arranged((), self._moved_places(input_shape), self.filters)

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.step_shape(input_shape)
        width = 4 * self.filters
        self.kernel = add_parameter(self, "kernel", (*self.kernel_size, channels, width))
        shape = (*self.kernel_size, self.filters, width)
        self.recurrent_kernel = add_parameter(self, "recurrent", shape, "recurrent_kernel")
        self.bias = add_bias(self, self.filters) if self.use_bias else None
        self.built = True

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        h, memory = states
        x = self._gates(self.input_conv, inputs, self.kernel, self.get_dropout_mask_for_cell(inputs, training, 4))
        if self.bias is not None:
            x = backend.bias_add(x, self.bias, data_format=self.data_format)
        state_masks = self.get_recurrent_dropout_mask_for_cell(h, training, 4)
        i, f, candidate, o = self._split(x + self._gates(self.recurrent_conv, h, self.recurrent_kernel, state_masks))
        new_memory = self.recurrent_activation(f) * memory + self.recurrent_activation(i) * self.activation(candidate)
        output = self.recurrent_activation(o) * self.activation(new_memory)
        return output, [output, new_memory]

    def input_conv(self, x: Any, kernel: Any) -> Any:
        """Convolution of one step's input."""
        return self._convolve(x, kernel, self.strides, self.padding, self.dilation_rate)

    def recurrent_conv(self, x: Any, kernel: Any) -> Any:
        """Convolution of a state, which keeps its size."""
        ones = (1,) * self.spatial
        return self._convolve(x, kernel, ones, "same", ones)

    def _convolve(self, x: Any, kernel: Any, strides: Any, padding: str, rates: Any) -> Any:
        function = (backend.conv1d, backend.conv2d, backend.conv3d)[self.spatial - 1]
        if self.spatial == 1:
            strides, rates = strides[0], rates[0]
        return function(x, kernel, strides=strides, padding=padding, data_format=self.data_format, dilation_rate=rates)

    def _gates(self, convolve: Any, x: Any, kernel: Any, masks: Any) -> Any:
        """All gates in one convolution, or one for each where each has a dropout mask of its own."""
        weights = backend.convert(kernel)
        if masks is None:
            return convolve(x, weights)
        blocks = [weights[..., i * self.filters : (i + 1) * self.filters] for i in range(4)]
        parts = [convolve(x * mask, block) for mask, block in zip(masks, blocks, strict=True)]
        return backend.concatenate(parts, axis=self._channel_axis)

    def _split(self, gates: Any) -> list[Any]:
        parts = [slice(i * self.filters, (i + 1) * self.filters) for i in range(4)]
        if self.data_format == "channels_first":
            return [gates[:, part] for part in parts]
        return [gates[..., part] for part in parts]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            **self._window_config(),
            **cell_options_config(self),
            "unit_forget_bias": self.unit_forget_bias,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            **({} if self.seed is None else {"seed": self.seed}),
        }


class ConvLSTM1DCell(ConvLSTMCell):
    """One step of `ConvLSTM1D`."""

    spatial = 1


class ConvLSTM2DCell(ConvLSTMCell):
    """One step of `ConvLSTM2D`."""

    spatial = 2


class ConvLSTM3DCell(ConvLSTMCell):
    """One step of `ConvLSTM3D`."""

    spatial = 3


class ConvRNN(RNN):
    """Runs a cell of convolutions along time: `RNN` for inputs (batch, time, places ..., channels).

    The cell has `step_shape(input_shape)`, which gives the shape of its states, and otherwise what `RNN` asks for.
    """

    spatial: ClassVar[int]
    _takes_structures = False

    def __init__(self, cell: Any, *args: Any, **kwargs: Any) -> None:
        if isinstance(cell, list | tuple):
            raise TypeError(f"{self._kind}: cells of convolutions cannot be stacked; stack the layers instead")
        super().__init__(cell, *args, **kwargs)
        self.input_spec = [InputSpec(ndim=self.spatial + 3)]

    def _build_cell(self, step_shape: tuple[Any, ...]) -> None:
        with context.adopting(self.cell.name):
            self.cell.build(step_shape)
            self.cell.built = True

    def _state_specs(self) -> list[InputSpec]:
        return [InputSpec(ndim=self.spatial + 2) for _ in self.cell.state_size]

    def _output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self.cell.step_shape(self._step_shape(shape)))

    def _state_shapes(self, shape: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return [self._output_shape(shape)] * len(self.cell.state_size)

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """Zeros in the shape of the cell's output."""
        shape = self._output_shape(tuple(inputs.shape))
        if None in shape:  # found by a convolution that nothing but the shape is taken of
            first = inputs[0] if self.time_major else inputs[:, 0]
            like = self.cell.input_conv(first, backend.convert(self.cell.kernel)[..., : self.cell.filters])
            zeros = backend.zeros_like(like)
        else:
            zeros = backend.fill((self._batch_size(inputs), *shape), 0.0, inputs.dtype)
        return [zeros] * len(self.cell.state_size)

    def _zeros(self, batch: int) -> list[Any]:
        shape = self._output_shape(self.input_spec[0].shape)
        if None in shape:
            raise ValueError(
                f"{label(self)}: a stateful layer needs known sizes, got input shape {self.input_spec[0].shape}"
            )
        return [backend.fill((batch, *shape), 0.0, self.dtype) for _ in self.cell.state_size]


class ConvRNN2D(ConvRNN):
    """Runs a cell of convolutions over images (batch, time, rows, columns, channels)."""

    spatial = 2


class ConvLSTM(OneCellRNN, ConvRNN):
    """The base of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D, which explains the arguments."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        self._take(locals())

    def _cell_config(self) -> dict[str, Any]:
        return super()._cell_config()

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)


class ConvLSTM1D(ConvLSTM):
    """`ConvLSTM2D` over sequences of rows: (batch, time, places, channels) -> (batch, new_places, filters).

    >>> ConvLSTM1D(4, 3, padding="same")(np.ones((2, 5, 8, 3))).shape
    (2, 8, 4)
    """

    default_name = "conv_lstm1d"
    cell_class = ConvLSTM1DCell
    spatial = 1


class ConvLSTM2D(ConvLSTM):
    """An LSTM over images: its products with input and state are convolutions.

    Input (batch, time, rows, columns, channels), or channels before rows with `data_format` "channels_first"; output
    (batch, new_rows, new_columns, filters), with `return_sequences` (batch, time, ...); states h and c of that shape.
    Arguments: `filters` number of outputs per place; `kernel_size`, `strides`, `padding` ("valid" or "same") and
    `dilation_rate` of the input's convolution, the state's has steps of 1 and "same"; `activation` default tanh,
    `recurrent_activation` default hard_sigmoid; `unit_forget_bias`, initializers, regularizers, constraints, `dropout`
    and `recurrent_dropout` as in `LSTM`; the rest as in `RNN`. Weights: `kernel` (kernel_size, channels, 4 filters),
    `recurrent_kernel` (kernel_size, filters, 4 filters), `bias` (4 filters,).
    Raises `ValueError` for wrong arguments, an unknown number of channels, and a window larger than the input.

    >>> ConvLSTM2D(4, 3, padding="same")(np.ones((2, 5, 8, 8, 3))).shape
    (2, 8, 8, 4)

    Source: Shi et al. 2015, https://arxiv.org/abs/1506.04214; https://keras.io/2.16/api/layers/recurrent_layers/
    """

    default_name = "conv_lstm2d"
    cell_class = ConvLSTM2DCell
    spatial = 2


class ConvLSTM3D(ConvLSTM):
    """`ConvLSTM2D` over volumes: (batch, time, depth, rows, columns, channels) -> (batch, new places, filters).

    >>> ConvLSTM3D(2, 3, padding="same")(np.ones((1, 2, 4, 4, 4, 3))).shape
    (1, 4, 4, 4, 2)
    """

    default_name = "conv_lstm3d"
    cell_class = ConvLSTM3DCell
    spatial = 3
