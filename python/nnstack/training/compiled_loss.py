"""The loss of compile(): one Loss per output, their weights, and the running means that logs show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnstack import backend, losses, metrics
from nnstack.engine.connections import mask_of
from nnstack.training.per_output import named, output_names_for, spread
from nnstack.utils import nest


class CompiledLoss:
    """Callable `(y_true, y_pred, sample_weight=None, regularization_losses=None)` -> scalar total.

    The total is the sum of the outputs' losses times `loss_weights`, plus the regularization losses. Each call
    updates the
    metrics `loss` and, for several outputs, `<output>_loss`: means over samples, exact with short last batches.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: Sequence[str] | None = None) -> None:
        self.user_losses = loss
        self.user_loss_weights = loss_weights
        self.total_mean = metrics.Mean(name="loss")
        self.output_means: list[Any] = []
        self.losses: list[Any] = []
        self.loss_weights: list[Any] = []
        self.output_names: list[str] = []
        self.built = False
        self.calls = 0
        if output_names:
            self.build(output_names)

    def build(self, output_names: Sequence[str]) -> None:
        """Resolves names to Loss objects, one per output; `ValueError` names what is not understood."""
        self.output_names = list(output_names)
        given = spread(self.user_losses, output_names, "loss", one_for_all=True)
        self.losses = [as_loss(one) for one in given]
        self.loss_weights = _checked_weights(self.user_loss_weights, output_names)
        if len(output_names) > 1:
            self.output_means = [
                metrics.Mean(name=f"{name}_loss") if loss is not None else None
                for name, loss in zip(output_names, self.losses, strict=True)
            ]
        self.built = True

    @property
    def metrics(self) -> list[Any]:
        """The running means, in the order of logs."""
        return [self.total_mean, *[mean for mean in self.output_means if mean is not None]]

    def reset_state(self) -> None:
        """Sets the running means to zero."""
        for mean in self.metrics:
            mean.reset_state()

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        self.calls += 1
        predictions = nest.flatten(y_pred)
        if not self.built:
            self.build(output_names_for(len(predictions), y_pred))
        targets = nest.flatten(y_true) if y_true is not None else [None] * len(predictions)
        weights = nest.flatten(sample_weight) if sample_weight is not None else [None] * len(predictions)
        batch: Any = None
        terms: list[Any] = []
        means = self.output_means or [None] * len(predictions)
        for target, prediction, weight, loss, share, mean in zip(
            targets, predictions, weights, self.losses, self.loss_weights, means, strict=True
        ):
            if loss is None or target is None:
                continue
            target, weight = match_target(target, prediction, weight)
            value = loss(target, prediction, sample_weight=masked_weight(weight, prediction))
            if len(value.shape):  # reduction 'none'
                value = backend.mean(value)
            batch = batch_size_of(target) if batch is None else batch
            if mean is not None:
                mean.update_state(value, sample_weight=batch)
            terms.append(value if share is None else value * share)
        added = [backend.convert(term) for term in regularization_losses or []]
        total = _total([*terms, *[backend.sum(term) if len(term.shape) else term for term in added]])
        if total is None:
            return backend.constant(0.0)
        # Where a layer adds a loss for every sample, tf.keras shows their mean, though it minimises their sum.
        shown = (
            _total([*terms, *[backend.mean(term) if len(term.shape) else term for term in added]])
            if any(len(one.shape) for one in added)
            else total
        )
        self.total_mean.update_state(shown, sample_weight=batch if batch is not None else batch_size_of(predictions[0]))
        return total


def _total(terms: list[Any]) -> Any:
    """Their sum in the type of the first; None for none."""
    total: Any = terms[0] if terms else None
    for term in terms[1:]:
        total = total + (term if term.dtype == total.dtype else backend.cast(term, total.dtype))
    return total


def as_loss(identifier: Any) -> Any:
    """A Loss object (or None) from a name, function, config or Loss object."""
    if identifier is None or isinstance(identifier, losses.Loss):
        return identifier
    found = named("loss", losses.get, identifier)
    if isinstance(found, losses.Loss):
        return found
    if isinstance(found, type):
        return found()
    return losses.LossFunctionWrapper(found, name=getattr(found, "__name__", None))


def _checked_weights(value: Any, names: Sequence[str]) -> list[Any]:
    weights = spread(value, names, "loss_weights", one_for_all=False)
    for weight in weights:
        if weight is not None and not isinstance(weight, int | float) and not hasattr(weight, "dtype"):
            raise ValueError(f"compile: expected numbers in loss_weights, got {weight!r}")
    return weights


def match_target(target: Any, prediction: Any, weight: Any) -> tuple[Any, Any]:
    """Targets (and weights) of rank 1 beside predictions of rank 2 get a last axis of size 1."""
    if len(target.shape) == 1 and len(prediction.shape) == 2:
        target = backend.expand_dims(target, -1)
    return target, weight


def masked_weight(weight: Any, prediction: Any) -> Any:
    """Sample weight times the mask that travels with the prediction."""
    mask = mask_of(prediction)
    if mask is None:
        return weight
    mask = backend.cast(mask, prediction.dtype)
    if weight is None:
        return mask
    weight = backend.cast(weight, prediction.dtype)
    for _ in range(len(mask.shape) - len(weight.shape)):
        weight = backend.expand_dims(weight, -1)
    return mask * weight


def batch_size_of(tensor: Any) -> Any:
    """Number of samples in a tensor, as a float scalar."""
    return backend.cast(backend.shape(tensor)[0], backend.floatx())
