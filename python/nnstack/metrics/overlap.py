"""Intersection over union of predicted and true classes, for segmentation (Jaccard 1912)."""

from collections.abc import Sequence
from typing import Any, ClassVar

from nnstack import backend
from nnstack.backend import Tensor, TensorLike
from nnstack.metrics.base import Metric
from nnstack.utils import allowance


class IoU(Metric):
    """Mean over `target_class_ids` of TP / (TP + FP + FN), from a confusion matrix kept over all batches.

    num_classes: size of the matrix. sparse_y_true, sparse_y_pred: class numbers; if False, scores or one-hot values
    whose classes lie along `axis`. ignore_class: elements of this true class do not count. Classes that occur neither
    as truth nor as prediction are left out of the mean. ValueError for a class id that is not below num_classes.

    >>> m = IoU(2, [0]); m.update_state([0, 0, 1, 1], [0, 1, 0, 1]); round(float(m.result()), 4)
    0.3333
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        allowance.take(num_classes, f"{type(self).__name__}: num_classes")
        if not all(0 <= one < num_classes for one in target_class_ids):
            raise ValueError(f"{type(self).__name__}: expected class ids below {num_classes}, got {target_class_ids}")
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_weight("total_confusion_matrix", shape=(num_classes, num_classes))

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in one batch of any shape. sample_weight: a number or one per class number."""
        truth, prediction = backend.convert(y_true), backend.convert(y_pred)
        truth = truth if self.sparse_y_true else backend.argmax(truth, axis=self.axis)
        prediction = prediction if self.sparse_y_pred else backend.argmax(prediction, axis=self.axis)
        truth, prediction = (backend.reshape(backend.cast(one, "int64"), (-1,)) for one in (truth, prediction))
        of_truth = backend.cast(backend.one_hot(truth, self.num_classes), self.dtype)
        if sample_weight is not None:
            weights = backend.convert(sample_weight, self.dtype)
            of_truth = of_truth * (backend.reshape(weights, (-1, 1)) if weights.shape else weights)
        if self.ignore_class is not None:
            counts = backend.cast(backend.not_equal(truth, self.ignore_class), self.dtype)
            of_truth = of_truth * backend.expand_dims(counts)
        of_prediction = backend.cast(backend.one_hot(prediction, self.num_classes), self.dtype)
        self.total_cm.assign_add(backend.dot(backend.transpose(of_truth), of_prediction))

    def result(self) -> Tensor:
        """The mean so far."""
        matrix = backend.convert(self.total_cm)
        hits = backend.sum(matrix * backend.eye(self.num_classes, dtype=self.dtype), axis=0)
        union = backend.sum(matrix, axis=0) + backend.sum(matrix, axis=1) - hits
        hits, union = (backend.gather(one, self.target_class_ids) for one in (hits, union))
        occurring = backend.sum(backend.cast(backend.not_equal(union, 0.0), self.dtype))
        return backend.divide_no_nan(backend.sum(backend.divide_no_nan(hits, union)), occurring)

    _settings: ClassVar[tuple[str, ...]] = (
        "num_classes",
        "target_class_ids",
        "ignore_class",
        "sparse_y_true",
        "sparse_y_pred",
        "axis",
    )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{name: getattr(self, name) for name in self._settings}}


class BinaryIoU(IoU):
    """`IoU` of two classes from numbers: class 1 is predicted where y_pred is at least `threshold`."""

    _settings: ClassVar[tuple[str, ...]] = ("target_class_ids", "threshold")

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in one batch of any shape. sample_weight: a number or one per element."""
        super().update_state(y_true, backend.convert(y_pred, self.dtype) >= self.threshold, sample_weight)


class MeanIoU(IoU):
    """`IoU` over all `num_classes` classes; the other arguments as there."""

    _settings: ClassVar[tuple[str, ...]] = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """`IoU` with one-hot truth, and scores (or class numbers with `sparse_y_pred`) as predictions."""

    _settings: ClassVar[tuple[str, ...]] = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` with one-hot truth, and scores (or class numbers with `sparse_y_pred`) as predictions."""

    _settings: ClassVar[tuple[str, ...]] = ("num_classes", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
