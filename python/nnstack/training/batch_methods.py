"""train_on_batch, test_on_batch, predict_on_batch: one step on one batch that the caller made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstack.data.arguments import class_weights
from nnstack.data.arrays import Arrays, prepare
from nnstack.data.check import require_targets
from nnstack.data.feeds import is_stream
from nnstack.data.lazy import has_lazy
from nnstack.engine.front import text_array
from nnstack.training.steps import CompiledStep
from nnstack.utils import nest

if TYPE_CHECKING:
    pass


class BatchMethods:
    """The part of `Model` that runs single steps."""

    _builds_for_columns = False  # whether a dict of columns, with texts among them, makes the model's inputs

    if TYPE_CHECKING:
        built: bool
        _predict_program: Any

        @property
        def name(self) -> str: ...
        @name.setter
        def name(self, name: str) -> None: ...

        def _require_compiled(self, what: str) -> None: ...
        def _step(self, kind: str, arrays: Arrays) -> Any: ...
        def _warn_of_changes(self, what: str) -> None: ...
        def _read_results(self, step: Any) -> dict[str, Any]: ...
        def reset_metrics(self) -> None: ...
        def _can_be_called(self) -> bool: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def train_on_batch(
        self,
        x: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """One step of training on one batch. Returns its loss and metrics as `evaluate` does.

        `reset_metrics=False` lets the metrics run on over calls.
        """
        self._require_compiled("train_on_batch")
        return self._on_batch("train", x, y, sample_weight, class_weight, reset_metrics, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, reset_metrics: bool = True, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch."""
        self._require_compiled("test_on_batch")
        return self._on_batch("test", x, y, sample_weight, None, reset_metrics, return_dict)

    def _on_batch(
        self, kind: str, x: Any, y: Any, weight: Any, class_weight: Any, reset: bool, return_dict: bool
    ) -> Any:
        class_weight = class_weights(class_weight, f'{kind}_on_batch (model "{self.name}")')
        self._build_for_data(x)
        arrays = prepare(self, x, y, weight, class_weight, f"{kind}_on_batch")
        require_targets(self, arrays, kind, f'{kind}_on_batch (model "{self.name}")')
        step = self._step(kind, arrays)
        if kind == "train":
            self._warn_of_changes("train_on_batch")
        if reset:
            self.reset_metrics()
        step.run(arrays)
        return as_results(self._read_results(step), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs for one batch, with as little work around the native call as possible."""
        program = self._predict_program
        if program is not None and type(x) is np.ndarray:
            try:
                return program(x)
            except ValueError:
                pass  # a shape the program cannot take: the careful road below says which
        return self._first_predict_on_batch(x)

    def _first_predict_on_batch(self, x: Any) -> Any:
        self._build_for_data(x)
        arrays = prepare(self, x, what="predict_on_batch", empty=True)
        step = self._step("predict", arrays)
        results = step.run(arrays)
        if (
            isinstance(step, CompiledStep)
            and len(arrays.inputs) == 1
            and step.structure_is_single
            and arrays.inputs[0] is x
        ):
            self._predict_program = step.program
        return step.pack(results)

    def _build_for_data(self, x: Any) -> None:
        """Delayed build: a model without weights is called once on the shape of the first sample."""
        if self.built or is_stream(x) or not self._can_be_called():
            return
        if isinstance(x, Mapping) and self._builds_for_columns:
            self({key: column[:1] for key, column in x.items()}, training=False)
            return
        if has_lazy(x):
            x = nest.map_structure(lambda leaf: leaf[:1], x)
            if text_array(x) is not None:
                self(x)  # a Sequential that begins with a layer for texts
                return
        elif isinstance(x, list | tuple) and text_array(x) is not None:
            self(x[:1])
            return
        arrays = prepare(self, x, what="build")
        self(arrays.pack([array[:1] for array in arrays.inputs]), training=False)


def as_results(logs: dict[str, Any], return_dict: bool) -> Any:
    """What evaluate and the batch methods return: a dict, or a list, or the number alone."""
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
