"""From per-sample losses and weights to one number."""

from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, TensorLike


class Reduction:
    """How a Loss turns per-sample losses into its result."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls) -> tuple[str, str, str, str]:
        """Every value that `validate` accepts."""
        return cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE

    @classmethod
    def validate(cls, key: str) -> None:
        """ValueError unless `key` is one of `all()`."""
        if key not in cls.all():
            raise ValueError(f"loss: expected reduction one of {', '.join(cls.all())}, got {key!r}")


def align_ranks(y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
    """Drops a last axis of size 1 from the one that has exactly one axis more than the other, as Keras does."""
    difference = len(y_pred.shape) - len(y_true.shape)
    if difference == 1 and y_pred.shape[-1] == 1:
        return backend.squeeze(y_pred, -1), y_true
    if difference == -1 and y_true.shape[-1] == 1:
        return y_pred, backend.squeeze(y_true, -1)
    return y_pred, y_true


def align_weights(values: Tensor, sample_weight: TensorLike) -> Tensor:
    """Weights in the type of `values`, one axis dropped or added at the end where the ranks differ by one."""
    weights = backend.convert(sample_weight, values.dtype)
    if not weights.shape:
        return weights
    if not values.shape:  # a loss function may give one number for the whole batch
        return backend.squeeze(weights, -1) if weights.shape == (1,) else weights
    difference = len(weights.shape) - len(values.shape)
    if difference == 1 and weights.shape[-1] in (1, None):
        return backend.squeeze(weights, -1)
    if difference == -1:
        return backend.expand_dims(weights, -1)
    return weights


def get_mask(x: TensorLike) -> Tensor | None:
    """Which entries of `x` count, where a layer or loss has said so."""
    return getattr(x, "_keras_mask", None)


def apply_mask(values: Tensor, sample_weight: TensorLike | None, mask: Tensor | None, reduction: str | None) -> Any:
    """Weights that leave out what `mask` leaves out; with a mean as reduction, the mean is over what counts."""
    if mask is None:
        return sample_weight
    weights = backend.cast(mask, values.dtype)
    if reduction in (Reduction.AUTO, Reduction.SUM_OVER_BATCH_SIZE):
        weights = weights * (backend.count(weights, dtype=values.dtype) / backend.sum(weights))
    if sample_weight is None:
        return weights
    given = align_weights(values, sample_weight)
    return given * (weights if not given.shape else align_weights(values, weights))


def compute_weighted_loss(
    losses: TensorLike, sample_weight: TensorLike | None = None, reduction: str = Reduction.SUM_OVER_BATCH_SIZE
) -> Tensor:
    """Losses times weights, then by `reduction`: as they are, their sum, or sum / number of losses.

    The number counts every loss, whatever its weight; no losses at all give 0. ValueError for an unknown reduction.
    """
    Reduction.validate(reduction)
    result = backend.convert(losses)
    if sample_weight is not None:
        result = result * align_weights(result, sample_weight)
    if reduction == Reduction.NONE:
        return result
    if reduction == Reduction.SUM or 0 in result.shape:
        return backend.sum(result)
    return backend.mean(result)
