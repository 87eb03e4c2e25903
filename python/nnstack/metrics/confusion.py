"""True and false positives and negatives at one or many thresholds: what precision, recall and AUC are made of."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnstack import backend
from nnstack.backend import Tensor, TensorLike
from nnstack.losses.reduction import align_ranks, align_weights
from nnstack.utils import allowance

BELOW_ALL = -1e10  # a threshold that every prediction exceeds; predictions left out by `top_k` are set to it


class Confusion(NamedTuple):
    """Weighted numbers of predictions of each kind, of shape (thresholds,), or (thresholds, labels) by label.

    In the order in which Keras's metrics hold them.
    """

    true_positives: Tensor
    true_negatives: Tensor
    false_positives: Tensor
    false_negatives: Tensor


def checked_thresholds(thresholds: Any, default: float = 0.5) -> list[float]:
    """One threshold or several as a list; ValueError for one outside [0, 1]."""
    if thresholds is None:
        return [default]
    given = list(thresholds) if isinstance(thresholds, list | tuple | np.ndarray) else [thresholds]
    wrong = [threshold for threshold in given if threshold is None or not 0 <= threshold <= 1]
    if wrong:
        raise ValueError(f"metric: expected thresholds within [0, 1], got {wrong}")
    return given


def evenly_spaced(count: int) -> list[float]:
    """`count` thresholds from 0 to 1."""
    allowance.take(count, "thresholds")
    return [i / (count - 1) for i in range(count)]


def confusion(
    y_true: TensorLike,
    y_pred: TensorLike,
    thresholds: Sequence[float],
    dtype: str,
    sample_weight: TensorLike | None = None,
    top_k: int | None = None,
    class_id: int | None = None,
    label_weights: TensorLike | None = None,
    by_label: bool = False,
) -> Confusion:
    """Counts of one batch; positive is what lies above the threshold, true what is not 0 in `y_true`.

    top_k: only the k largest predictions along the last axis can be positive. class_id: only this column counts.
    sample_weight: a number, one per sample or one per prediction; label_weights: one per column. by_label: each column
    of (samples, labels) by itself. ValueError if the shapes do not fit.
    """
    prediction, truth = align_ranks(backend.convert(y_pred, dtype), backend.convert(y_true, dtype))
    _check_shapes(prediction, truth)
    if top_k is not None:
        prediction = _only_top_k(prediction, top_k)
    if class_id is not None:
        truth, prediction = (tensor[..., class_id : class_id + 1] for tensor in (truth, prediction))
    weights = backend.ones_like(prediction)
    if sample_weight is not None:
        weights = weights * align_weights(prediction, sample_weight)
    if label_weights is not None:
        weights = weights * backend.convert(label_weights, dtype)
    if not by_label:
        truth, prediction, weights = (backend.reshape(tensor, (-1, 1)) for tensor in (truth, prediction, weights))
    right = backend.cast(backend.not_equal(truth, 0.0), dtype) * weights
    wrong = weights - right
    count = _count_in_buckets if _is_even(thresholds) else _count_by_comparison
    of_right, of_wrong = count(prediction, [right, wrong], thresholds)
    all_right, all_wrong = (backend.sum(one, axis=0, keepdims=True) for one in (right, wrong))
    counts = (of_right, all_wrong - of_wrong, of_wrong, all_right - of_right)
    return Confusion(*[one if by_label else backend.reshape(one, (-1,)) for one in counts])


def _check_shapes(prediction: Tensor, truth: Tensor) -> None:
    have, want = tuple(truth.shape), tuple(prediction.shape)
    if len(have) != len(want) or any(
        a is not None and b is not None and a != b for a, b in zip(have, want, strict=True)
    ):
        raise ValueError(f"metric: expected y_true of the shape of y_pred, {want}, got {have}")


def _only_top_k(prediction: Tensor, k: int) -> Tensor:
    """The k largest along the last axis as they are, all others below every threshold; of equal ones the first wins."""
    classes = prediction.shape[-1]
    if classes is None or not 1 <= k <= classes:
        raise ValueError(f"metric: expected top_k from 1 to the number of classes, got {k}; y_pred {prediction.shape}")
    left = prediction
    for _ in range(k):
        taken = backend.cast(backend.one_hot(backend.argmax(left), classes), "bool")
        left = backend.select(taken, -np.inf, left)
    return backend.select(backend.equal(left, -np.inf), prediction, BELOW_ALL)


def _is_even(thresholds: Sequence[float]) -> bool:
    return len(thresholds) > 2 and np.allclose(thresholds, evenly_spaced(len(thresholds)), atol=backend.epsilon())


def _count_in_buckets(prediction: Tensor, weights: list[Tensor], thresholds: Sequence[float]) -> list[Tensor]:
    """For thresholds spaced evenly from 0 to 1: predictions are counted in the spaces between, then summed from above.

    Takes time for predictions + thresholds, not for their product. Outermost thresholds beyond 0 and 1 (as AUC has
    them) take in predictions of exactly 0.
    """
    count, labels = len(thresholds), prediction.shape[1]
    if labels is None:
        raise ValueError(f"metric: the number of labels must be known; y_pred {prediction.shape}")
    spaces = float(count - 1)
    bucket = backend.emit("ceil", backend.clip(prediction, 0.0, 1.0) * spaces)  # above thresholds 0 to bucket - 1
    bucket = backend.clip(bucket, 1.0 if thresholds[0] < 0 else 0.0, spaces)
    bucket = backend.select(backend.emit("is_nan", prediction), 0.0, bucket)
    place = backend.cast(bucket, "int64") * labels + backend.arange(labels, dtype="int64")
    from_above = backend.convert(np.triu(np.ones((count, count)), 1), prediction.dtype)

    def count_one(weight: Tensor) -> Tensor:
        sums = backend.emit(
            "scatter_add",
            backend.reshape(place, (-1,)),
            backend.reshape(weight, (-1,)),
            backend.convert([count * labels], "int64"),
        )
        return backend.dot(from_above, backend.reshape(sums, (count, labels)))

    return [count_one(weight) for weight in weights]


def _count_by_comparison(prediction: Tensor, weights: list[Tensor], thresholds: Sequence[float]) -> list[Tensor]:
    """For any thresholds: every prediction is compared with each of them."""
    levels = backend.convert(np.asarray(thresholds).reshape(-1, 1, 1), prediction.dtype)
    above = backend.cast(backend.greater(backend.expand_dims(prediction, 0), levels), prediction.dtype)
    return [backend.sum(above * backend.expand_dims(weight, 0), axis=1) for weight in weights]
