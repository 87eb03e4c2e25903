"""A step of training, testing or predicting: traced once with symbolic data, compiled to one Program, run many times.

With `run_eagerly` the same methods run on numbers instead, one op at a time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import _core, backend
from nnstack.backend.tensor import readable
from nnstack.backend.variable import outside_scopes
from nnstack.data.arrays import (
    Arrays,
    as_declared,
    declared_dtype,
    input_placeholders,
    target_placeholders,
    weight_placeholders,
)
from nnstack.utils import nest

_METHODS = {"train": "train_step", "test": "test_step", "predict": "predict_step"}


class _Packing:
    structure: Any  # of a prediction

    def pack(self, results: list[np.ndarray]) -> Any:
        """Outputs in the structure in which the model gives them."""
        return results[0] if not nest.is_nested(self.structure) else nest.pack_as(self.structure, iter(results))


class CompiledStep(_Packing):
    """A Program of one step. Logs of an overridden step are kept in variables, so that many steps run without a
    look.
    """

    def __init__(self, model: Any, kind: str, arrays: Arrays) -> None:
        inputs = input_placeholders(model, arrays)
        targets = target_placeholders(model, arrays)
        weights = weight_placeholders(arrays)
        with backend.trace() as trace:
            taken, wanted, weighed = ([as_declared(one) for one in group] for group in (inputs, targets, weights))
            data = assemble(arrays.pack(taken), with_own_targets(model, wanted), weighed)
            result = getattr(model, _METHODS[kind])(data)
            # Inside, so that a variable among the logs stands for what the step assigned to it.
            logs = (
                {key: backend.cast(backend.convert(value), "float32") for key, value in (result or {}).items()}
                if kind != "predict" and model._step_is_custom(kind)
                else None
            )
        updates = [(variable.handle, value) for variable, value in trace.updates]
        self.log_variables: dict[str, backend.Variable] | None = None
        self.structure = None
        outputs: list[Any] = []
        if kind == "predict":
            self.structure = result
            outputs = [readable(leaf) for leaf in nest.flatten(result)]
        elif logs is not None:
            self.log_variables = {}
            for key, value in logs.items():
                self.log_variables[key] = backend.Variable(
                    np.zeros(value.shape, np.float32), name=f"logs/{key}", trainable=False
                )
                updates.append((self.log_variables[key].handle, value))
        self.structure_is_single = not nest.is_nested(self.structure)
        shapes = [tuple(output.shape)[1:] for output in outputs]
        known = bool(outputs) and all(
            None not in shape and output.shape for shape, output in zip(shapes, outputs, strict=True)
        )
        self.row_shapes = (
            [(shape, output.dtype) for shape, output in zip(shapes, outputs, strict=True)] if known else None
        )
        feeds = [*inputs, *[tensor for tensor in [*targets, *weights] if tensor is not None]]
        self.program = _core.Program(
            feeds, outputs, updates, learning_phase=kind == "train", name=f"{model.name}/{kind}"
        )

    def run_steps(self, arrays: Arrays, order: np.ndarray | None, first: int, batch: int, steps: int) -> int:
        """Up to `steps` batches, fewer when 0.1 s are over; returns how many were run."""
        return self.program.run_steps(arrays.flat(), order, first, batch, steps, 0.1)

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        """One batch; the outputs of a predict step."""
        return self.program.run(arrays.flat())

    def logs(self) -> dict[str, Any] | None:
        """Latest logs of an overridden step, None where the metrics hold them."""
        if self.log_variables is None:
            return None
        return {key: plain_number(variable.numpy()) for key, variable in self.log_variables.items()}


class EagerStep(_Packing):
    """The same interface, computed op by op on numbers."""

    def __init__(self, model: Any, kind: str, arrays: Arrays) -> None:
        self.model = model
        self.kind = kind
        self.structure = None
        self._first_run = True
        self._logs: dict[str, Any] | None = None
        self._custom = kind != "predict" and model._step_is_custom(kind)
        tensors = [*input_placeholders(model, arrays), *target_placeholders(model, arrays)]
        self._dtypes = [None if tensor is None else declared_dtype(tensor) for tensor in tensors]

    def run(self, arrays: Arrays) -> list[np.ndarray]:
        count = len(arrays.inputs)
        values = [
            None if array is None else backend.convert(array, dtype)
            for array, dtype in zip([*arrays.inputs, *arrays.targets], self._dtypes, strict=True)
        ]
        weights = [None if weight is None else backend.convert(weight, backend.floatx()) for weight in arrays.weights]
        targets = with_own_targets(self.model, values[count:])
        data = _evaluated(assemble(arrays.pack(values[:count]), targets, weights), self.kind == "train")
        with self.model._as_compiled(), backend.eager_scope():
            _core.tape_begin()
            try:
                result = getattr(self.model, _METHODS[self.kind])(data)
            finally:
                _core.tape_end()
        if self._first_run:  # metrics may have made their state, which reading and resetting must know
            self.model._metric_programs, self._first_run = None, False
        if self.kind != "predict":
            self._logs = (
                {key: plain_number(_numbers(value)) for key, value in (result or {}).items()} if self._custom else None
            )
            return []
        self.structure = result
        return [_numbers(leaf) for leaf in nest.flatten(result)]

    def run_steps(self, arrays: Arrays, order: np.ndarray | None, first: int, batch: int, steps: int) -> int:
        begin, end = first * batch, min((first + 1) * batch, len(arrays))
        self.run(arrays.rows(begin, end) if order is None else arrays.take(order[begin:end]))
        return 1

    def logs(self) -> dict[str, Any] | None:
        return self._logs


Step = CompiledStep | EagerStep


def with_own_targets(model: Any, targets: list[Any]) -> list[Any]:
    """Targets fed, and the tensors given to compile() where none are."""
    if model._target_tensors is None or not targets:
        return targets
    return [
        backend.convert(own) if target is None and own is not None else target
        for target, own in zip(targets, model._target_tensors, strict=True)
    ]


def _evaluated(data: Any, training: bool) -> Any:
    """`data` with numbers in the place of the tensors and variables that a model reads by itself, all of one moment."""
    own = [leaf for leaf in nest.flatten(data) if backend.is_tensor(leaf) and not leaf.concrete]
    if not own:
        return data
    numbers = _core.Program([], [readable(leaf) for leaf in own], learning_phase=training).run([])
    now = {id(leaf): backend.convert(value, leaf.dtype) for leaf, value in zip(own, numbers, strict=True)}
    return nest.map_structure(lambda leaf: now.get(id(leaf), leaf), data)


def assemble(x: Any, targets: list[Any], weights: list[Any]) -> Any:
    """`data` as train_step gets it: (x, y), (x, y, sample_weight), or x alone, in a tuple if it is a structure; one
    output stands without a list.
    """
    if not targets:
        return (x,) if nest.is_nested(x) else x
    y = targets[0] if len(targets) == 1 else targets
    if all(weight is None for weight in weights):
        return x, y
    return x, y, weights[0] if len(weights) == 1 else weights


def plain_number(value: np.ndarray) -> Any:
    """A float for a scalar, the array itself otherwise."""
    return float(value) if np.ndim(value) == 0 else value


def _numbers(value: Any) -> np.ndarray:
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value)


class MetricPrograms:
    """Reads the results of all metrics, and resets them, with one native call each.

    Each program is made when it is first needed: some metrics have no result before their first batch.
    """

    def __init__(self, metrics: list[Any]) -> None:
        self.metrics = metrics
        self._read: _core.Program | None = None
        self._reset: _core.Program | None = None
        self._names: list[str] = []
        self._by_hand: list[Any] = []  # metrics whose reset writes past the trace, as old ones may

    def _make_read(self) -> _core.Program:
        with outside_scopes(), backend.trace():
            found = named_results(self.metrics)
            results = [readable(value) for value in found.values()]
        self._names = list(found)
        return _core.Program([], results, [], learning_phase=False, name="metrics/read")

    def read(self) -> dict[str, Any]:
        """Name -> number, in order."""
        if self._read is None:
            self._read = self._make_read()
        return {name: plain_number(value) for name, value in zip(self._names, self._read.run([]), strict=True)}

    def _make_reset(self) -> _core.Program:
        updates: list[tuple[Any, Any]] = []
        for metric in self.metrics:
            with outside_scopes(), backend.trace() as trace:
                metric.reset_state()
            updates += [(variable.handle, value) for variable, value in trace.updates]
            if not trace.updates and metric.variables:
                self._by_hand.append(metric)
        return _core.Program([], [], updates, learning_phase=False, name="metrics/reset")

    def reset(self) -> None:
        """All states back to their start."""
        if self._reset is None:
            self._reset = self._make_reset()
        self._reset.run([])
        for metric in self._by_hand:
            metric.reset_state()


def named_results(metrics: list[Any]) -> dict[str, Any]:
    """Name -> result of every metric; one whose result is a dict gives its own names."""
    results: dict[str, Any] = {}
    for metric in metrics:
        result = metric.result()
        results.update(result if isinstance(result, dict) else {metric.name: result})
    return results
