"""What SimpleRNN, GRU and LSTM have in common: a cell of gates, and the layer that runs exactly one such cell."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

from nnstack import backend, regularizers
from nnstack.engine.layer import Layer
from nnstack.engine.naming import snake_case
from nnstack.layers.arguments import positive_int
from nnstack.layers.parameters import add_parameter
from nnstack.layers.recurrent.abstract import AbstractRNNCell
from nnstack.layers.recurrent.dropout import DropoutRNNCellMixin
from nnstack.layers.recurrent.options import cell_options_config, take_options
from nnstack.layers.recurrent.rnn import RNN
from nnstack.utils import nest


class GatedCell(AbstractRNNCell, DropoutRNNCellMixin):
    """A cell whose weights hold `gates` blocks of `units` columns side by side.

    `implementation` 2 multiplies by all blocks at once, 1 block by block with a dropout mask for each; without dropout
    the results are the same.
    """

    gates: ClassVar[int] = 1
    states_count: ClassVar[int] = 1

    def _take(self, given: Mapping[str, Any]) -> None:
        """The constructor's work, from all its arguments by name."""
        kwargs = dict(given["kwargs"])
        implementation = kwargs.pop("implementation", 2)
        seed = kwargs.pop("seed", None)
        Layer.__init__(self, **kwargs)
        self.units = positive_int(given["units"], f'{self._kind} (layer "{self.name}")', "units")
        take_options(self, given)
        if implementation not in (0, 1, 2):
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): expected implementation 1 or 2, got {implementation!r}'
            )
        self.implementation = implementation or 1
        self.mask_count = self.gates if self.implementation == 1 else 1
        self._start_dropout(given["dropout"], given["recurrent_dropout"], seed)
        self.supports_masking = True

    @property
    def state_size(self) -> Any:
        """`units`, once per state."""
        return self.units if self.states_count == 1 else [self.units] * self.states_count

    @property
    def output_size(self) -> int:
        """`units`."""
        return self.units

    def build(self, input_shape: Any) -> None:
        last = tuple(input_shape)[-1]
        if last is None:
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): expected a known last axis, got input shape '
                f"{tuple(input_shape)}. Give the input a size there"
            )
        width = self.gates * self.units
        self.kernel = add_parameter(self, "kernel", (last, width))
        self.recurrent_kernel = add_parameter(self, "recurrent", (self.units, width), "recurrent_kernel")
        self.bias = self._add_bias(width) if self.use_bias else None
        self.built = True

    def _add_bias(self, width: int) -> Any:
        return add_parameter(self, "bias", (width,))

    def _times(self, x: Any, kernel: Any, masks: Any) -> Any:
        """`x` times all blocks of a kernel, dropped by one mask or by one for each block."""
        weights = backend.convert(kernel)
        if masks is None:
            return backend.dot(x, weights)
        if len(masks) == 1:
            return backend.dot(x * masks[0], weights)
        blocks = [weights[:, i * self.units : (i + 1) * self.units] for i in range(len(masks))]
        return backend.concatenate([backend.dot(x * m, block) for m, block in zip(masks, blocks, strict=True)])

    def _split(self, gates: Any) -> list[Any]:
        return [gates[:, i * self.units : (i + 1) * self.units] for i in range(self.gates)]

    def _projections(self, inputs: Any, states: Any, training: Any) -> tuple[Any, Any, list[Any]]:
        """(input times kernel, state times recurrent kernel, the states), without biases."""
        flat = nest.flatten(states)
        masks = self.get_dropout_mask_for_cell(inputs, training, self.mask_count)
        state_masks = self.get_recurrent_dropout_mask_for_cell(flat[0], training, self.mask_count)
        return self._times(inputs, self.kernel, masks), self._times(flat[0], self.recurrent_kernel, state_masks), flat

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "units": self.units, **cell_options_config(self)}
        config |= {"dropout": self.dropout, "recurrent_dropout": self.recurrent_dropout}
        if self.gates > 1:
            config["implementation"] = self.implementation
        if self.seed is not None:
            config["seed"] = self.seed
        return config


class OneCellRNN(RNN):
    """A layer that makes its own cell of `cell_class`; the cell's arguments read as the layer's own."""

    cell_class: ClassVar[type]
    _takes_structures = False

    def _take(self, given: Mapping[str, Any]) -> None:
        """The constructor's work: each argument goes to the cell or to RNN."""
        kwargs = dict(given["kwargs"])
        kwargs.pop("cell", None)
        taken = [name for name in _parameters(type(self).cell_class) if name in given]
        for_cell = {name: given[name] for name in taken}
        for_cell |= {name: kwargs.pop(name) for name in ("implementation", "seed") if name in kwargs}
        common = {name: kwargs[name] for name in ("dtype", "trainable", "autocast") if name in kwargs}
        cell = self.cell_class(**for_cell, **common, name=snake_case(self.cell_class.__name__))
        sequence = {name: given[name] for name in _parameters(RNN) if name in given}
        super().__init__(cell, activity_regularizer=given["activity_regularizer"], **sequence, **kwargs)

    def __getattr__(self, name: str) -> Any:
        cell = self.__dict__.get("cell")
        if cell is not None and (name in _parameters(type(cell)) or name == "implementation"):
            return getattr(cell, name)
        return super().__getattr__(name)

    def _run(self, inputs: Any, states: list[Any], mask: Any, training: Any, constants: list[Any]) -> Any:
        from nnstack.layers.recurrent import fused

        if self.unroll or not fused.fits(self.cell, inputs, constants):
            return super()._run(inputs, states, mask, training, constants)
        last, outputs, states = fused.run(self, inputs, states, mask)
        return last, outputs, states

    def _cell_config(self) -> dict[str, Any]:
        config = self.cell.get_config()
        regularizer = {"activity_regularizer": regularizers.serialize(self.activity_regularizer)}
        return {key: value for key, value in config.items() if key not in ("name", "trainable", "dtype")} | regularizer

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)


def _parameters(cls: Any) -> list[str]:
    """Names of the constructor's arguments."""
    return [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "cell", "kwargs")]
