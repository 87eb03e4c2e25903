"""Metrics over the whole range of thresholds: areas under curves, and one rate where another reaches a bound."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nnstack import backend
from nnstack.backend import Tensor, TensorLike
from nnstack.metrics.base import Metric
from nnstack.metrics.confusion import Confusion, confusion, evenly_spaced


class _OverThresholds(Metric):
    """A metric that adds up all four counts at many thresholds."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any

    def _make_counts(self, shape: tuple[Any, ...]) -> None:
        for kind in Confusion._fields:
            setattr(self, kind, self.add_weight(kind, shape=shape))

    def _add(self, batch: Confusion) -> None:
        for kind in Confusion._fields:
            getattr(self, kind).assign_add(getattr(batch, kind))

    def _rate(self, of: str, beside: str) -> Tensor:
        found = backend.convert(getattr(self, of))
        return backend.divide_no_nan(found, found + getattr(self, beside))


_RATES = {
    "sensitivity": ("true_positives", "false_negatives"),
    "recall": ("true_positives", "false_negatives"),
    "specificity": ("true_negatives", "false_positives"),
    "precision": ("true_positives", "false_positives"),
}


class _BestWhere(_OverThresholds):
    """The largest rate among the thresholds at which another rate is at least as large as asked for."""

    _wanted: ClassVar[str]
    _bounded: ClassVar[str]

    def __init__(
        self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: str | None
    ) -> None:
        super().__init__(name, dtype)
        if not 0 <= value <= 1:
            raise ValueError(f"{type(self).__name__}: expected {self._bounded} within [0, 1], got {value}")
        if num_thresholds <= 0:
            raise ValueError(f"{type(self).__name__}: expected num_thresholds of at least 1, got {num_thresholds}")
        self.value = value
        setattr(self, self._bounded, value)
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self.thresholds = [0.5] if num_thresholds == 1 else evenly_spaced(num_thresholds)
        self._make_counts((num_thresholds,))

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in one batch; y_true of the shape of y_pred. sample_weight: a number, one per sample or per element."""
        self._add(confusion(y_true, y_pred, self.thresholds, self.dtype, sample_weight, class_id=self.class_id))

    def result(self) -> Tensor:
        """The largest such rate, 0 where no threshold meets the bound."""
        reached = self._rate(*_RATES[self._bounded]) >= self.value
        return backend.max(backend.select(reached, self._rate(*_RATES[self._wanted]), 0.0))

    def get_config(self) -> dict[str, Any]:
        settings = {"num_thresholds": self.num_thresholds, self._bounded: self.value, "class_id": self.class_id}
        return {**super().get_config(), **settings}


class SensitivityAtSpecificity(_BestWhere):
    """The best TP / (TP + FN) among `num_thresholds` thresholds at which TN / (TN + FP) is at least `specificity`.

    class_id: only this column counts. ValueError for a specificity outside [0, 1].

    >>> m = SensitivityAtSpecificity(0.5); m.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]); float(m.result())
    0.5
    """

    _wanted, _bounded = "sensitivity", "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_BestWhere):
    """The best TN / (TN + FP) among `num_thresholds` thresholds at which TP / (TP + FN) is at least `sensitivity`."""

    _wanted, _bounded = "specificity", "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_BestWhere):
    """The best TP / (TP + FP) among `num_thresholds` thresholds at which TP / (TP + FN) is at least `recall`."""

    _wanted, _bounded = "precision", "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_BestWhere):
    """The best TP / (TP + FN) among `num_thresholds` thresholds at which TP / (TP + FP) is at least `precision`."""

    _wanted, _bounded = "recall", "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)


class AUC(_OverThresholds):
    """Area under a curve over thresholds from 0 to 1.

    curve: 'ROC' (true positive rate over false positive rate), 'PR' (precision over recall) or 'PR_GAIN' (precision
    gain over recall gain, Flach and Kull 2015). summation_method: 'interpolation' (between points as Davis and Goadrich
    2006 do for 'PR', else trapezoids), 'minoring' or 'majoring' (lower or upper end of each step). thresholds: own ones
    within [0, 1] instead of `num_thresholds` even ones. multi_label: the mean of the areas of the columns of
    (samples, labels), weighted with `label_weights`; without it label_weights weigh the columns' elements. num_labels:
    makes the state at once in that case. from_logits: predictions are before the sigmoid.

    >>> m = AUC(num_thresholds=3); m.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]); float(m.result())
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: str | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.curve = _choice("curve", curve, ("ROC", "PR", "PR_GAIN"))
        self.summation_method = _choice("summation_method", summation_method, ("interpolation", "minoring", "majoring"))
        self._given_thresholds = None if thresholds is None else sorted(map(float, thresholds))
        if self._given_thresholds is None:
            if num_thresholds <= 1:
                raise ValueError(f"AUC: expected num_thresholds of at least 2, got {num_thresholds}")
            inner = evenly_spaced(num_thresholds)[1:-1]
        else:
            inner = self._given_thresholds
            if any(not 0 <= threshold <= 1 for threshold in inner):
                raise ValueError(f"AUC: expected thresholds within [0, 1], got {thresholds}")
        # The outermost are moved apart so that predictions of exactly 0 and 1 lie between them.
        self.thresholds = [-backend.epsilon(), *inner, 1.0 + backend.epsilon()]
        self.num_thresholds = len(self.thresholds)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.from_logits = from_logits
        self.label_weights = None if label_weights is None else np.asarray(backend.eval(label_weights), np.float64)
        if self.label_weights is not None and (self.label_weights < 0).any():
            raise ValueError(f"AUC: expected label_weights of at least 0, got {self.label_weights.tolist()}")
        if num_labels and not multi_label:
            raise ValueError("AUC: num_labels is for multi_label=True only")
        if not multi_label:
            self._make_counts((self.num_thresholds,))
        elif num_labels:
            self._make_counts((self.num_thresholds, num_labels))

    @property
    def built(self) -> bool:
        """Whether the state exists: with multi_label and without num_labels, only after the first batch."""
        return bool(self.variables)

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in one batch; y_true of the shape of y_pred. sample_weight: a number, one per sample or per element."""
        prediction = backend.convert(y_pred, self.dtype)
        shape = tuple(prediction.shape)
        if self.multi_label and (len(shape) != 2 or shape[1] is None):
            raise ValueError(f"AUC: multi_label expects y_pred of shape (samples, labels), got {shape}")
        labels = self.true_positives.shape[1] if self.multi_label and self.built else shape[-1] if shape else None
        if self.label_weights is not None and len(self.label_weights) != shape[-1]:
            raise ValueError(f"AUC: {len(self.label_weights)} label_weights do not fit y_pred of shape {shape}")
        if self.multi_label and shape[1] != labels:
            raise ValueError(f"AUC: expected {labels} labels, got y_pred of shape {shape}")
        if not self.built:
            self._make_counts((self.num_thresholds, shape[1]))
        if self.from_logits:
            prediction = backend.sigmoid(prediction)
        weights = None if self.multi_label else self.label_weights
        self._add(
            confusion(
                y_true,
                prediction,
                self.thresholds,
                self.dtype,
                sample_weight,
                label_weights=weights,
                by_label=self.multi_label,
            )
        )

    def result(self) -> Tensor:
        """The area so far."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._over_labels(self._interpolated_precision())
        x, y = {"ROC": self._roc, "PR": self._precision_recall, "PR_GAIN": self._gains}[self.curve]()
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = (left + right) / 2.0
        else:
            heights = (backend.minimum if self.summation_method == "minoring" else backend.maximum)(left, right)
        return self._over_labels((x[:-1] - x[1:]) * heights)

    def _roc(self) -> tuple[Tensor, Tensor]:
        return self._rate("false_positives", "true_negatives"), self._rate("true_positives", "false_negatives")

    def _precision_recall(self) -> tuple[Tensor, Tensor]:
        return self._rate("true_positives", "false_negatives"), self._rate("true_positives", "false_positives")

    def _gains(self) -> tuple[Tensor, Tensor]:
        found, missed, wrong = (
            backend.convert(one) for one in (self.true_positives, self.false_negatives, self.false_positives)
        )
        odds = backend.divide_no_nan(found + missed, wrong + self.true_negatives)
        none = backend.equal(found, 0.0)
        recall = backend.select(none, 0.0, 1.0 - odds * backend.divide_no_nan(missed, found))
        precision = backend.select(none, 1.0, 1.0 - odds * backend.divide_no_nan(wrong, found))
        return backend.maximum(recall, 0.0), precision

    def _interpolated_precision(self) -> Tensor:
        """Integral of TP / P where TP grows linearly with the number P of positive predictions between thresholds."""
        found = backend.convert(self.true_positives)
        positive = found + self.false_positives
        gained, more = found[:-1] - found[1:], backend.maximum(positive[:-1] - positive[1:], 0.0)
        slope = backend.divide_no_nan(gained, more)
        start = found[1:] - slope * positive[1:]
        both = backend.emit("logical_and", positive[:-1] > 0.0, positive[1:] > 0.0)
        ratio = backend.select(both, backend.divide_no_nan(positive[:-1], backend.maximum(positive[1:], 0.0)), 1.0)
        true = backend.maximum(found[1:] + self.false_negatives[1:], 0.0)
        return backend.divide_no_nan(slope * (gained + start * backend.log(ratio)), true)

    def _over_labels(self, steps: Tensor) -> Tensor:
        if not self.multi_label:
            return backend.sum(steps)
        areas = backend.sum(steps, axis=0)
        if self.label_weights is None:
            return backend.mean(areas)
        weights = backend.convert(self.label_weights, self.dtype)
        return backend.divide_no_nan(backend.sum(areas * weights), backend.sum(weights))

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self.from_logits,
        }
        return config if self._given_thresholds is None else {**config, "thresholds": self._given_thresholds}


def _choice(argument: str, value: Any, known: Sequence[str]) -> str:
    for one in known:
        if isinstance(value, str) and value.lower().replace("_", "") == one.lower().replace("_", ""):
            return one
    raise ValueError(f"AUC: expected {argument} one of {', '.join(known)}, got {value!r}")
