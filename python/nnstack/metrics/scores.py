"""F-scores of classifiers, R2 of regressions."""

from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import Tensor, TensorLike, Variable
from nnstack.metrics.base import Metric


class _ByColumn(Metric):
    """A metric of (samples, columns) whose state is made when the first batch tells the number of columns."""

    def _read(self, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
        truth, prediction = backend.convert(y_true, self.dtype), backend.convert(y_pred, self.dtype)
        shapes = tuple(truth.shape), tuple(prediction.shape)
        if any(len(shape) != 2 or shape[-1] is None for shape in shapes):
            raise ValueError(
                f"{type(self).__name__}: expected y_true and y_pred of shape (samples, columns) with a known number of "
                f"columns, got {shapes[0]} and {shapes[1]}"
            )
        if not self.built:
            self._make_state(shapes[1][-1])
        return truth, prediction

    built = False

    def _make_state(self, columns: Any) -> None:
        raise TypeError(f"{type(self).__name__} must define _make_state(columns)")


class FBetaScore(_ByColumn):
    """(1 + beta ** 2) * precision * recall / (beta ** 2 * precision + recall) of each class (van Rijsbergen 1979).

    average: None gives one score per class, 'macro' their mean, 'weighted' the mean weighted by how often each class
    occurs, 'micro' one score from the counts of all classes. threshold: a class is predicted above it (multi-label);
    None: the class with the largest prediction. y_true is one-hot or multi-hot, (samples, classes).
    ValueError for other values of `average`, a beta that is no positive float, a threshold outside (0, 1].

    >>> m = FBetaScore("macro", 2.0); m.update_state([[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1], [0.2, 0.8]])
    >>> float(m.result())
    1.0
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        kind = type(self).__name__
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"{kind}: expected average None, 'micro', 'macro' or 'weighted', got {average!r}")
        if not isinstance(beta, float) or beta <= 0.0:
            raise ValueError(f"{kind}: expected beta as a float above 0, got {beta!r}")
        if threshold is not None and (not isinstance(threshold, float) or not 0.0 < threshold <= 1.0):
            raise ValueError(f"{kind}: expected threshold as a float within (0, 1], got {threshold!r}")
        self.average = average
        self.beta = beta
        self.threshold = threshold

    def _make_state(self, columns: Any) -> None:
        shape = () if self.average == "micro" else (columns,)
        self.true_positives, self.false_positives, self.false_negatives, self.intermediate_weights = (
            self.add_weight(name, shape=shape)
            for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights")
        )
        self.built = True

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in one batch. sample_weight: one per sample."""
        truth, prediction = self._read(y_true, y_pred)
        if self.threshold is None:
            largest = prediction >= backend.max(prediction, axis=-1, keepdims=True)
            chosen = backend.emit("logical_and", largest, backend.abs(prediction) > 1e-9)
        else:
            chosen = prediction > self.threshold
        positive = backend.cast(chosen, self.dtype)
        weights = None
        if sample_weight is not None:
            weights = backend.convert(sample_weight, self.dtype)
            weights = backend.expand_dims(weights) if len(weights.shape) == 1 else weights

        def add(variable: Variable, values: Tensor) -> None:
            values = values if weights is None else values * weights
            variable.assign_add(backend.sum(values, axis=None if self.average == "micro" else 0))

        add(self.true_positives, positive * truth)
        add(self.false_positives, positive * (1.0 - truth))
        add(self.false_negatives, (1.0 - positive) * truth)
        add(self.intermediate_weights, truth)

    def result(self) -> Tensor:
        """The score, or one per class with `average=None`."""
        if not self.built:
            return backend.convert(0.0, self.dtype)
        found = backend.convert(self.true_positives)
        precision = backend.divide_no_nan(found, found + self.false_positives)
        recall = backend.divide_no_nan(found, found + self.false_negatives)
        square = self.beta**2
        score = backend.divide_no_nan(precision * recall, precision * square + recall) * (1.0 + square)
        if self.average == "weighted":
            weights = backend.convert(self.intermediate_weights)
            return backend.sum(score * backend.divide_no_nan(weights, backend.sum(weights)))
        return score if self.average is None else backend.mean(score)

    def get_config(self) -> dict[str, Any]:
        settings = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **settings}


class F1Score(FBetaScore):
    """`FBetaScore` with beta 1: the harmonic mean of precision and recall."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        return {key: value for key, value in super().get_config().items() if key != "beta"}


_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(_ByColumn):
    """Share of the targets' variance that the predictions explain: 1 - sum((y - p) ** 2) / sum((y - mean(y)) ** 2).

    class_aggregation: 'uniform_average' the mean over columns, 'variance_weighted_average' weighted by their variances,
    None one score per column. num_regressors p: the adjusted score 1 - (1 - R2) * (n - 1) / (n - p - 1) of n values.

    >>> m = R2Score(); m.update_state([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]); round(float(m.result()), 4)
    0.5714
    """

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(f"R2Score: expected class_aggregation one of {_AGGREGATIONS}, got {class_aggregation!r}")
        if num_regressors < 0:
            raise ValueError(f"R2Score: expected num_regressors of at least 0, got {num_regressors}")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_weight("num_samples", dtype="int32")

    def _make_state(self, columns: Any) -> None:
        self.squared_sum, self.sum, self.total_mse, self.count = (
            self.add_weight(name, shape=(columns,)) for name in ("squared_sum", "sum", "residual", "count")
        )
        self.built = True

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in one batch. sample_weight: a number, one per sample or one per element."""
        truth, prediction = self._read(y_true, y_pred)
        weights = backend.convert(1.0 if sample_weight is None else sample_weight, self.dtype)
        weights = backend.expand_dims(weights) if len(weights.shape) == 1 else weights
        weights = backend.broadcast_to(weights, backend.shape(truth))
        weighted = truth * weights
        self.sum.assign_add(backend.sum(weighted, axis=0))
        self.squared_sum.assign_add(backend.sum(truth * weighted, axis=0))
        self.total_mse.assign_add(backend.sum(backend.square(truth - prediction) * weights, axis=0))
        self.count.assign_add(backend.sum(weights, axis=0))
        self.num_samples.assign_add(backend.count(truth, dtype="int32"))

    def result(self) -> Tensor:
        """The score so far; NaN before the first batch, as a mean of nothing is."""
        if not self.built:
            return backend.convert(np.nan, self.dtype)
        total = backend.convert(self.squared_sum) - backend.square(self.sum) / self.count
        scores = 1.0 - self.total_mse / total
        scores = backend.select(backend.emit("is_inf", scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = backend.mean(scores)
        elif self.class_aggregation is not None:
            scores = backend.sum(total * scores) / backend.sum(total)
        if not self.num_regressors:
            return scores
        n = backend.cast(self.num_samples, self.dtype)
        free = n - float(self.num_regressors) - 1.0
        adjusted = 1.0 - (1.0 - scores) * (n - 1.0) / free
        return backend.select(free > 0.0, adjusted, scores)  # with too few values the plain score

    def get_config(self) -> dict[str, Any]:
        settings = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **settings}
