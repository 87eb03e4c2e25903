"""make_train_function and its kind: one step as a function of an iterator over data, which users call or override."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstack.data.arrays import Arrays, prepare
from nnstack.data.structure import unpack
from nnstack.training.steps import Step, assemble, plain_number
from nnstack.utils import nest

StepFunction = Callable[[Iterator[Any]], Any]


class StepFunctions:
    """The part of `Model` that gives its steps as functions."""

    if TYPE_CHECKING:
        _steps: dict[Any, Any]

        def _build_for_data(self, x: Any) -> None: ...
        def _built_in_step(self, kind: str, arrays: Arrays) -> Step: ...
        def _read_results(self, step: Any) -> dict[str, Any]: ...

    def make_train_function(self, force: bool = False) -> StepFunction:
        """A function that takes the next item, (x, y) or (x, y, sample_weight), of an iterator, runs one step of
        training and returns the logs by name. `force` is taken for its signature: nothing needs to be made again.

        A subclass may override it; `fit` then calls what it returns for every batch.
        """
        return self._step_function("train")

    def make_test_function(self, force: bool = False) -> StepFunction:
        """The same for one step of evaluation."""
        return self._step_function("test")

    def make_predict_function(self, force: bool = False) -> StepFunction:
        """The same for one step of prediction; returns the outputs."""
        return self._step_function("predict")

    def _step_function(self, kind: str) -> StepFunction:
        def run(iterator: Iterator[Any]) -> Any:
            x, y, weight = unpack(next(iterator))
            self._build_for_data(x)
            arrays = prepare(self, x, y, weight, None, f"{kind}_function")
            step = self._built_in_step(kind, arrays)
            results = step.run(arrays)
            return step.pack(results) if kind == "predict" else self._read_results(step)

        return run


class FunctionStep:
    """A step that calls what the model's own `make_<kind>_function` returned."""

    def __init__(self, model: Any, kind: str, arrays: Arrays) -> None:
        self._function = getattr(model, f"make_{kind}_function")()
        self._kind = kind
        self._logs: dict[str, Any] | None = None
        self.structure: Any = None

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """One batch."""
        result = self._function(iter([assemble(arrays.pack(list(arrays.inputs)), arrays.targets, arrays.weights)]))
        if self._kind != "predict":
            self._logs = {name: plain_number(_array(value)) for name, value in result.items()}
            return []
        self.structure = result
        return [_array(leaf) for leaf in nest.flatten(result)]

    def run_steps(self, arrays: Arrays, order: np.ndarray | None, first: int, batch: int, steps: int) -> int:
        """One batch of these rows."""
        begin, end = first * batch, min((first + 1) * batch, len(arrays))
        self.run(arrays.rows(begin, end) if order is None else arrays.take(order[begin:end]))
        return 1

    def pack(self, results: list[np.ndarray]) -> Any:
        """Outputs in the structure in which the function gave them."""
        return results[0] if not nest.is_nested(self.structure) else nest.pack_as(self.structure, iter(results))

    def logs(self) -> dict[str, Any] | None:
        """What the function returned last."""
        return self._logs


def _array(value: Any) -> np.ndarray:
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value)
