"""Counts of right and wrong predictions, and precision and recall made of them."""

from typing import Any, ClassVar

from nnstack import backend
from nnstack.backend import Tensor, TensorLike, Variable
from nnstack.metrics.base import Metric
from nnstack.metrics.confusion import BELOW_ALL, checked_thresholds, confusion


class _AtThresholds(Metric):
    """A metric that adds up some of the four counts, one number per threshold."""

    _kinds: ClassVar[tuple[str, ...]] = ()  # fields of Confusion

    def __init__(
        self,
        thresholds: Any,
        name: str | None,
        dtype: str | None,
        top_k: int | None = None,
        class_id: int | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self.thresholds = checked_thresholds(thresholds, 0.5 if top_k is None else BELOW_ALL)
        alone = len(self._kinds) == 1
        shape = (len(self.thresholds),)
        self._counts = [self.add_weight("accumulator" if alone else kind, shape=shape) for kind in self._kinds]

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in one batch; y_true of the shape of y_pred. sample_weight: a number, one per sample or per element."""
        batch = confusion(y_true, y_pred, self.thresholds, self.dtype, sample_weight, self.top_k, self.class_id)
        for kind, count in zip(self._kinds, self._counts, strict=True):
            count.assign_add(getattr(batch, kind))

    def _one_or_all(self, values: Tensor) -> Tensor:
        return values[0] if len(self.thresholds) == 1 else values

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class _Count(_AtThresholds):
    """One of the four counts by itself."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(thresholds, name, dtype)

    @property
    def accumulator(self) -> Variable:
        """The count so far, one number per threshold."""
        return self._counts[0]

    def result(self) -> Tensor:
        """The count: a number, or one per threshold where several were given."""
        return self._one_or_all(backend.convert(self.accumulator))


class TruePositives(_Count):
    """How many predictions above the threshold (default 0.5; or a list of thresholds within [0, 1]) are right.

    >>> m = TruePositives(); m.update_state([0, 1, 1], [0.2, 0.9, 0.3]); float(m.result())
    1.0
    """

    _kinds = ("true_positives",)


class FalsePositives(_Count):
    """How many predictions above the threshold (default 0.5; or a list of thresholds within [0, 1]) are wrong."""

    _kinds = ("false_positives",)


class TrueNegatives(_Count):
    """How many predictions at or below the threshold (default 0.5; or a list of them within [0, 1]) are right."""

    _kinds = ("true_negatives",)


class FalseNegatives(_Count):
    """How many predictions at or below the threshold (default 0.5; or a list of them within [0, 1]) are wrong."""

    _kinds = ("false_negatives",)


class _Share(_AtThresholds):
    """The first of two counts as a share of both."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(thresholds, name, dtype, top_k, class_id)

    def result(self) -> Tensor:
        """The share so far, 0 before the first batch: a number, or one per threshold where several were given."""
        found, other = self._counts
        return self._one_or_all(backend.divide_no_nan(found, found + other))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


class Precision(_Share):
    """Share of the positive predictions that are right: TP / (TP + FP).

    thresholds: one or a list within [0, 1], default 0.5. top_k: positive are the k largest predictions of each sample
    (and of those the ones above `thresholds`, where given). class_id: only this column counts.

    >>> m = Precision(); m.update_state([0, 1, 1, 1], [1, 0, 1, 1]); round(float(m.result()), 4)
    0.6667
    """

    _kinds = ("true_positives", "false_positives")
    true_positives = property(lambda self: self._counts[0])
    false_positives = property(lambda self: self._counts[1])


class Recall(_Share):
    """Share of the true elements that are predicted: TP / (TP + FN). Arguments as in `Precision`."""

    _kinds = ("true_positives", "false_negatives")
    true_positives = property(lambda self: self._counts[0])
    false_negatives = property(lambda self: self._counts[1])
