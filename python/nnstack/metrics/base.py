"""Metrics keep their state in variables: update it step by step, read the result whenever wanted."""

import functools
import math
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from nnstack import backend, initializers
from nnstack.backend import Tensor, TensorLike, Variable
from nnstack.backend.stand_ins import in_step_of
from nnstack.losses.reduction import align_ranks, align_weights, apply_mask, get_mask
from nnstack.utils import allowance
from nnstack.utils.generic_utils import to_snake_case


def _at_once(method: Callable[..., Any]) -> Callable[..., Any]:
    """Outside a trace the method computes with numbers, so that metrics can be used by hand."""

    @functools.wraps(method)
    def run(self: "Metric", *args: Any, **kwargs: Any) -> Any:
        if backend.current_scope() is not None:
            return method(self, *args, **kwargs)
        with backend.eager_scope():
            return method(self, *args, **kwargs)

    return run


class Metric:
    """Base class: a subclass makes its variables with `add_weight` and defines `update_state` and `result`.

    name: default the class name in snake case. dtype: of the state, default `floatx()`.

    >>> m = Mean(); m.update_state([1.0, 3.0]); float(m.result())
    2.0
    """

    def __init__(self, name: str | None = None, dtype: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise TypeError(f"{type(self).__name__}: unexpected arguments {sorted(kwargs)}")
        self.name = name or to_snake_case(type(self).__name__)
        self.dtype = dtype or backend.floatx()
        self.variables: list[Variable] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("update_state", "result", "reset_state", "reset_states"):
            if name in vars(cls):
                setattr(cls, name, _at_once(vars(cls)[name]))

    def add_weight(
        self,
        name: str,
        shape: tuple[int, ...] = (),
        initializer: Any = "zeros",
        dtype: str | None = None,
        **kwargs: Any,
    ) -> Variable:
        """A new state variable, set back to zero by `reset_state`."""
        dtype = dtype or self.dtype
        allowance.take(math.prod(shape), f"{type(self).__name__}: {name}")
        value = initializers.get(initializer or "zeros")(tuple(shape), dtype)
        variable = Variable(value, dtype, name, trainable=False)
        self.variables.append(variable)
        return variable

    @property
    def weights(self) -> list[Variable]:
        """The state variables."""
        return self.variables

    trainable_weights = trainable_variables = property(lambda self: [])
    non_trainable_weights = non_trainable_variables = weights
    stateful = True

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the state variables' values."""
        return [variable.numpy() for variable in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Writes the state; `ValueError` if the number of arrays or a shape does not fit."""
        from nnstack.engine.weights import assign_all

        assign_all(self.variables, list(weights), f"set_weights (metric {self.name!r})")

    def merge_state(self, metrics: Iterable["Metric"]) -> None:
        """Adds the state of other metrics of the same class, as if this one had seen their data too; for metrics whose
        state is sums and counts. `ValueError` where the shapes of the states differ.
        """
        for other in metrics:
            mine, theirs = self.get_weights(), other.get_weights()
            if [one.shape for one in mine] != [one.shape for one in theirs]:
                raise ValueError(f"merge_state: metric {other.name!r} has another state than {self.name!r}")
            self.set_weights([one + two for one, two in zip(mine, theirs, strict=True)])

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Writes the state as arrays to `store['0']`, `['1']`, ..."""
        for number, value in enumerate(self.get_weights()):
            store[str(number)] = value

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Reads what `save_own_variables` wrote; `ValueError` if number or shapes differ."""
        self.set_weights([store[key] for key in sorted(store, key=int)])

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Takes one batch in; a subclass must define it."""
        raise TypeError(f"{type(self).__name__} must define update_state()")

    def result(self) -> Any:
        """The value so far, a scalar tensor (or a dict of them); a subclass must define it."""
        raise TypeError(f"{type(self).__name__} must define result()")

    def reset_state(self) -> None:
        """State back to zero."""
        if type(self).reset_states is not Metric.reset_states:  # a subclass in the spelling of Keras 2.3
            self.reset_states()
            return
        for variable in self.variables:
            variable.assign(backend.fill(variable.shape, 0, variable.dtype))

    def reset_states(self) -> None:
        """`reset_state`."""
        self.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`update_state`, then `result`; `Layer.add_metric` knows by the result which metric it comes from."""
        self.update_state(*args, **kwargs)
        result = self.result()
        if backend.is_tensor(result):
            result._metric_obj = self
        return result

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Metric":
        """A metric from what `get_config` gave."""
        return cls(**config)


class Sum(Metric):
    """Weighted sum of all values. Weights broadcast over the values."""

    def __init__(self, name: str | None = "sum", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self.total = self.add_weight("total")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Adds sum(values * sample_weight)."""
        weighted, _ = _weighted(backend.convert(values, self.dtype), sample_weight, backend.sum)
        self.total.assign_add(backend.sum(weighted))

    def result(self) -> Tensor:
        """The sum."""
        return backend.convert(self.total)


class Mean(Metric):
    """Weighted mean of all values: sum(values * weights) / sum(weights), 0 before the first one.

    >>> m = Mean(); m.update_state([1.0, 3.0], sample_weight=[1.0, 0.0]); float(m.result())
    1.0
    """

    def __init__(self, name: str | None = "mean", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self.total = self.add_weight("total")
        self.count = self.add_weight("count")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in values of any shape. sample_weight: a number, one per value, or one per first axis (or axes)."""
        weighted, weights = _weighted(backend.convert(values, self.dtype), sample_weight, backend.mean)
        self.total.assign_add(backend.sum(weighted))
        self.count.assign_add(backend.count(weighted, dtype=self.dtype) if weights is None else backend.sum(weights))

    def result(self) -> Tensor:
        """The mean so far."""
        return backend.divide_no_nan(self.total, self.count)


class MeanTensor(Metric):
    """Weighted mean of tensors of one shape, element by element.

    shape: of the tensors; without it the first batch tells. ValueError for a tensor of another shape, and for
    `result()` before the shape is known.

    >>> m = MeanTensor(); m.update_state([0.0, 2.0]); m.update_state([4.0, 4.0]); m.result().numpy()
    array([2., 3.], dtype=float32)
    """

    def __init__(self, name: str | None = "mean_tensor", dtype: str | None = None, shape: Any = None) -> None:
        super().__init__(name, dtype)
        self.total: Variable | None = None
        self.count: Variable | None = None
        self._given_shape = None if shape is None else tuple(shape)
        if self._given_shape is not None:
            self._make_state(self._given_shape)

    @property
    def built(self) -> bool:
        """Whether the shape is known."""
        return self.total is not None

    def _make_state(self, shape: Any) -> None:
        if None in shape:
            raise ValueError(f"MeanTensor: expected values of a known shape, got {shape}")
        self.total, self.count = self.add_weight("total", shape), self.add_weight("count", shape)

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in one tensor. sample_weight: a number, one per element, or one per first axis (or axes)."""
        given = backend.convert(values, self.dtype)
        shape = tuple(given.shape)
        if self.total is None or self.count is None:
            self._make_state(shape)
        assert self.total is not None and self.count is not None
        if any(a is not None and a != b for a, b in zip(shape, self.total.shape, strict=False)) or len(shape) != len(
            self.total.shape
        ):
            raise ValueError(f"MeanTensor: expected values of shape {self.total.shape}, got {shape}")
        weights = backend.ones_like(given)
        if sample_weight is not None:
            part = align_weights(given, sample_weight)
            for _ in range(len(shape) - len(part.shape) if part.shape else 0):
                part = backend.expand_dims(part)
            weights = weights * part
        self.total.assign_add(given * weights)
        self.count.assign_add(weights)

    def result(self) -> Tensor:
        """The means so far."""
        if self.total is None or self.count is None:
            raise ValueError(f"MeanTensor (metric {self.name!r}): has seen no values yet. Call update_state first")
        return backend.divide_no_nan(self.total, self.count)

    def get_config(self) -> dict[str, Any]:
        given = {} if self._given_shape is None else {"shape": self._given_shape}
        return {**super().get_config(), **given}


def _weighted(
    values: Tensor, sample_weight: TensorLike | None, reduce: Callable[..., Tensor]
) -> tuple[Tensor, Tensor | None]:
    """values * weights, and the weights one per value; trailing axes the weights do not have are reduced first."""
    if sample_weight is None:
        return values, None
    weights = align_weights(values, sample_weight)
    if weights.shape and len(weights.shape) < len(values.shape):
        values = reduce(values, axis=list(range(len(weights.shape), len(values.shape))))
    if len(weights.shape) > len(values.shape):  # as those of a mask, for a function that gives one number
        return values * weights, weights
    weights = backend.broadcast_to(weights, backend.shape(values))
    return values * weights, weights


class MeanMetricWrapper(Mean):
    """The mean of a function `fn(y_true, y_pred, **kwargs)` over all samples."""

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None) or getattr(fn, "name", None), dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:  # type: ignore[override]
        """Takes in one batch. sample_weight: a number or one per sample."""
        prediction, truth = backend.convert(y_pred, self.dtype), backend.convert(y_true, self.dtype)
        prediction, truth = align_ranks(prediction, truth)
        matches = in_step_of(y_pred, self._fn(truth, prediction, **self._fn_kwargs))
        super().update_state(matches, apply_mask(matches, sample_weight, get_mask(matches), None))

    def get_config(self) -> dict[str, Any]:
        fn = {"fn": getattr(self._fn, "__name__", self._fn)} if type(self) is MeanMetricWrapper else {}
        return {**super().get_config(), **self._fn_kwargs, **fn}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Metric":
        fn = config.pop("fn", None)
        if cls is MeanMetricWrapper:
            from nnstack.metrics import get

            return cls(get(fn), **config)
        return super().from_config(config)
