"""Metrics as functions of (y_true, y_pred): one number per sample."""

from nnstack import backend
from nnstack.backend import Tensor, TensorLike
from nnstack.losses.functions import cosine_similarity as _negative_cosine


def _matches(a: Tensor, b: Tensor) -> Tensor:
    return backend.cast(backend.equal(a, b), backend.floatx())


def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where both are equal, else 0."""
    prediction = backend.convert(y_pred)
    return _matches(backend.convert(y_true, prediction.dtype), prediction)


def binary_matches(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """1 where a prediction is on the right side of `threshold`, else 0."""
    prediction = backend.convert(y_pred)
    positive = backend.cast(prediction > threshold, prediction.dtype)
    return _matches(backend.convert(y_true, prediction.dtype), positive)


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """Share, over the last axis, of predictions on the right side of `threshold`.

    >>> binary_accuracy([[1.0, 0.0]], [[0.9, 0.7]]).numpy()
    array([0.5], dtype=float32)
    """
    return backend.mean(binary_matches(y_true, y_pred, threshold), axis=-1)


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where the largest prediction is that of the one-hot class."""
    return _matches(backend.argmax(y_true), backend.argmax(y_pred))


def _labels(y_true: TensorLike, y_pred: Tensor) -> Tensor:
    """Class numbers without a last axis of size 1."""
    labels = backend.convert(y_true)
    if len(labels.shape) == len(y_pred.shape) and labels.shape[-1] == 1:
        labels = backend.squeeze(labels, -1)
    return backend.cast(labels, "int64")


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where the largest prediction is that of the class number."""
    prediction = backend.convert(y_pred)
    return _matches(_labels(y_true, prediction), backend.argmax(prediction))


def _in_top_k(labels: Tensor, prediction: Tensor, k: int) -> Tensor:
    classes = prediction.shape[-1]
    if classes is None:
        raise ValueError(f"top_k_categorical_accuracy: the number of classes must be known; shape {prediction.shape}")
    chosen = backend.equal(backend.expand_dims(labels), backend.arange(classes, dtype="int64"))
    score = backend.sum(backend.select(chosen, prediction, 0.0), axis=-1, keepdims=True)
    better = backend.sum(backend.cast(prediction > score, backend.floatx()), axis=-1)
    inside = backend.emit("logical_and", better < float(k), backend.any(chosen, axis=-1))
    return backend.cast(inside, backend.floatx())


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """1 where fewer than k predictions are larger than that of the one-hot class."""
    return _in_top_k(backend.argmax(y_true), backend.convert(y_pred), k)


def sparse_top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """1 where fewer than k predictions are larger than that of the class number."""
    prediction = backend.convert(y_pred)
    return _in_top_k(_labels(y_true, prediction), prediction, k)


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """Cosine of the angle between both vectors along `axis`: 1 means the same direction."""
    return -_negative_cosine(y_true, y_pred, axis)
