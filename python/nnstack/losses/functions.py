"""Losses as functions of (y_true, y_pred): the loss of every sample, i.e. the mean over the last axis."""

from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, TensorLike


def _pair(y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    """Both as tensors of the prediction's type (floatx() where that is an integer)."""
    prediction = backend.convert(y_pred)
    if not prediction.dtype.startswith(("float", "bfloat")):
        prediction = backend.cast(prediction, backend.floatx())
    return backend.convert(y_true, prediction.dtype), prediction


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean((y_true - y_pred) ** 2) over the last axis.

    >>> mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]]).numpy()
    array([0.5], dtype=float32)
    """
    truth, prediction = _pair(y_true, y_pred)
    return backend.mean(backend.square(prediction - truth), axis=-1)


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(|y_true - y_pred|) over the last axis."""
    truth, prediction = _pair(y_true, y_pred)
    return backend.mean(backend.abs(prediction - truth), axis=-1)


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """100 * mean(|y_true - y_pred| / max(|y_true|, epsilon)) over the last axis."""
    truth, prediction = _pair(y_true, y_pred)
    share = backend.abs((truth - prediction) / backend.maximum(backend.abs(truth), backend.epsilon()))
    return backend.mean(share, axis=-1) * 100.0


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean((log(1 + y_true) - log(1 + y_pred)) ** 2) over the last axis; values below epsilon count as epsilon."""
    truth, prediction = (backend.log(backend.maximum(y, backend.epsilon()) + 1.0) for y in _pair(y_true, y_pred))
    return backend.mean(backend.square(prediction - truth), axis=-1)


def _signs(y_true: Tensor) -> Tensor:
    """Labels 0 and 1 as -1 and 1; left alone if anything else occurs."""
    binary = backend.all(backend.emit("logical_or", backend.equal(y_true, 0.0), backend.equal(y_true, 1.0)))
    return backend.select(binary, y_true * 2.0 - 1.0, y_true)


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(max(1 - y_true * y_pred, 0)) over the last axis; labels are -1 and 1 (0 and 1 are translated)."""
    truth, prediction = _pair(y_true, y_pred)
    return backend.mean(backend.relu(1.0 - _signs(truth) * prediction), axis=-1)


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(max(1 - y_true * y_pred, 0) ** 2) over the last axis; labels as for `hinge`."""
    truth, prediction = _pair(y_true, y_pred)
    return backend.mean(backend.square(backend.relu(1.0 - _signs(truth) * prediction)), axis=-1)


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """max(1 + largest score of a wrong class - score of the right one, 0); y_true is one-hot."""
    truth, prediction = _pair(y_true, y_pred)
    right = backend.sum(truth * prediction, axis=-1)
    wrong = backend.max((1.0 - truth) * prediction, axis=-1)
    return backend.relu(wrong - right + 1.0)


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """mean over the last axis of e ** 2 / 2 where |e| <= delta, delta * |e| - delta ** 2 / 2 beyond (Huber 1964).

    Computed in floatx(), as in Keras, whatever the type of the predictions.
    """
    truth, prediction = (backend.cast(y, backend.floatx()) for y in _pair(y_true, y_pred))
    error = prediction - truth
    size = backend.abs(error)
    loss = backend.select(size <= delta, backend.square(error) * 0.5, size * delta - 0.5 * delta * delta)
    return backend.mean(loss, axis=-1)


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(log(cosh(y_pred - y_true))) over the last axis, without overflow."""
    truth, prediction = _pair(y_true, y_pred)
    error = prediction - truth
    return backend.mean(error + backend.softplus(error * -2.0) - 0.6931471805599453, axis=-1)  # log(2)


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """sum(y_true * log(y_true / y_pred)) over the last axis; both kept within [epsilon, 1]."""
    truth, prediction = (backend.clip(y, backend.epsilon(), 1.0) for y in _pair(y_true, y_pred))
    return backend.sum(truth * backend.log(truth / prediction), axis=-1)


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(y_pred - y_true * log(y_pred + epsilon)) over the last axis."""
    truth, prediction = _pair(y_true, y_pred)
    return backend.mean(prediction - truth * backend.log(prediction + backend.epsilon()), axis=-1)


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """-sum of the products of both vectors scaled to length 1: -1 means the same direction."""
    truth, prediction = (backend.l2_normalize(y, axis=axis) for y in _pair(y_true, y_pred))
    return -backend.sum(truth * prediction, axis=axis)


def categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """-sum(y_true * log(y_pred)) along `axis`; y_true is one-hot or a distribution.

    from_logits: y_pred is before the softmax. label_smoothing s: y_true * (1 - s) + s / classes (Szegedy et al. 2016).
    Where softmax made y_pred the loss is computed from the softmax's input.
    """
    prediction = backend.convert(y_pred)
    truth = backend.convert(y_true, prediction.dtype)
    if label_smoothing:
        classes = backend.count(prediction, axis=axis, dtype=prediction.dtype)
        truth = truth * (1.0 - label_smoothing) + label_smoothing / classes
    return backend.categorical_crossentropy(truth, prediction, from_logits, axis)


def sparse_categorical_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    axis: int = -1,
    ignore_class: int | None = None,
) -> Tensor:
    """Cross-entropy with class numbers as y_true, of y_pred's shape without `axis` (or with size 1 there).

    A class number out of range gives NaN, `ignore_class` gives 0. ValueError if the number of classes is not known.
    """
    return backend.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis, ignore_class)


def binary_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Mean along `axis` of -(t * log(p) + (1 - t) * log(1 - p)).

    from_logits: y_pred is before the sigmoid. label_smoothing s: t * (1 - s) + s / 2. Where sigmoid made y_pred the
    loss is computed from the sigmoid's input.
    """
    prediction = backend.convert(y_pred)
    truth = _smooth_binary(backend.convert(y_true, prediction.dtype), label_smoothing)
    return backend.mean(backend.binary_crossentropy(truth, prediction, from_logits), axis=axis)


def _smooth_binary(truth: Tensor, label_smoothing: float) -> Tensor:
    return truth * (1.0 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else truth


def binary_focal_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Mean along `axis` of (1 - p) ** gamma times the cross-entropy, p the probability of the truth (Lin et al. 2017).

    apply_class_balancing: weight alpha for class 1, 1 - alpha for class 0.
    """
    prediction = backend.convert(y_pred)
    truth = _smooth_binary(backend.convert(y_true, prediction.dtype), label_smoothing)
    loss = backend.binary_focal_crossentropy(truth, prediction, apply_class_balancing, alpha, gamma, from_logits)
    return backend.mean(loss, axis=axis)


def categorical_focal_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """-sum(alpha * (1 - y_pred) ** gamma * y_true * log(y_pred)) along `axis` (Lin et al. 2017).

    label_smoothing: see `categorical_crossentropy`; the classes are counted along the last axis, as Keras does here.
    """
    prediction = backend.convert(y_pred)
    truth = backend.convert(y_true, prediction.dtype)
    if label_smoothing:
        classes = backend.count(truth, axis=-1, dtype=prediction.dtype)
        truth = truth * (1.0 - label_smoothing) + label_smoothing / classes
    return backend.categorical_focal_crossentropy(truth, prediction, alpha, gamma, from_logits, axis)
