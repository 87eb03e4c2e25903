"""The metrics of compile(): resolved per output once, updated in each step, read when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nnstack import backend, metrics
from nnstack.metrics.former import FormerMetric, keeps_its_state
from nnstack.training.compiled_loss import masked_weight, match_target
from nnstack.training.per_output import named, output_names_for, spread_metrics
from nnstack.utils import nest


class CompiledMetrics:
    """`metrics` (unweighted) and `weighted_metrics` of every output, as Metric objects."""

    def __init__(
        self,
        given: Any = None,
        weighted: Any = None,
        output_names: Sequence[str] | None = None,
        losses: Sequence[Any] = (),
    ) -> None:
        self.user_metrics = given
        self.user_weighted_metrics = weighted
        self.output_names = list(output_names or [])
        self._losses = list(losses)
        self._plain: list[list[Any]] = []
        self._weighted: list[list[Any]] = []
        self.built = False
        self.awaited: list[Any] = []  # states that the metrics take when they are made
        names = self.output_names or ["output_1"]
        if self.output_names:  # a wrong argument is told at compile()
            for one in spread_metrics(given, names, "metrics") + spread_metrics(weighted, names, "weighted_metrics"):
                for identifier in one:
                    _check_identifier(identifier)

    def build(self, targets: Sequence[Any], predictions: Sequence[Any], losses: Sequence[Any], structure: Any) -> None:
        """Chooses functions where a name depends on the loss and shapes ('accuracy', 'crossentropy')."""
        if not self.output_names:
            self.output_names = output_names_for(len(predictions), structure)
        several = len(self.output_names) > 1

        def resolved(given: Any, argument: str) -> list[list[Any]]:
            rows = []
            for position, identifiers in enumerate(spread_metrics(given, self.output_names, argument)):
                loss, target, prediction = losses[position], targets[position], predictions[position]
                true_shape = tuple(target.shape) if target is not None else tuple(prediction.shape)
                row = [_as_metric(one, loss, true_shape, tuple(prediction.shape)) for one in identifiers]
                if several:
                    for metric in row:
                        metric.given_name = getattr(metric, "given_name", metric.name)
                        metric.name = f"{self.output_names[position]}_{metric.given_name}"
                rows.append(row)
            return rows

        self._plain = resolved(self.user_metrics, "metrics")
        self._weighted = resolved(self.user_weighted_metrics, "weighted_metrics")
        _make_unique([metric for row in self._plain for metric in row], [m for row in self._weighted for m in row])
        self.built = True
        set_metric_values(self.metrics, self.awaited)
        self.awaited = []

    def _rows(self) -> list[list[Any]]:
        return [[*plain, *weighted] for plain, weighted in zip(self._plain, self._weighted, strict=True)]

    @property
    def metrics(self) -> list[Any]:
        """All metrics, output by output; none before the first batch has been seen."""
        return [metric for row in self._rows() for metric in row]

    def reset_state(self) -> None:
        """Sets the state of every metric to its start."""
        for metric in self.metrics:
            metric.reset_state()

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, losses: Sequence[Any] | None = None
    ) -> None:
        """Updates every metric with one batch."""
        predictions = nest.flatten(y_pred)
        targets = nest.flatten(y_true) if y_true is not None else [None] * len(predictions)
        weights = nest.flatten(sample_weight) if sample_weight is not None else [None] * len(predictions)
        if not self.built:
            known = losses if losses is not None else self._losses
            self.build(targets, predictions, known or [None] * len(predictions), y_pred)
        for target, prediction, weight, plain, weighted in zip(
            targets, predictions, weights, self._plain, self._weighted, strict=True
        ):
            if target is None or not (plain or weighted):
                continue
            target, weight = match_target(target, prediction, weight)
            mask = masked_weight(None, prediction)
            for metric in plain:
                metric.update_state(target, prediction, sample_weight=mask)
            for metric in weighted:
                metric.update_state(target, prediction, sample_weight=masked_weight(weight, prediction))


def set_metric_values(found: Iterable[Any], stored: Iterable[Any]) -> None:
    """Takes the numbers of each metric's variables, as far as there are metrics for it."""
    for metric, values in zip(found, stored, strict=False):
        backend.batch_set_value(zip(metric.variables, values, strict=False))


_BY_SHAPE = ("crossentropy", "ce")  # names that compile() alone resolves, beside what metrics.get knows


def _check_identifier(identifier: Any) -> None:
    if isinstance(identifier, str) and identifier not in ("accuracy", "acc", *_BY_SHAPE):
        named("metrics", metrics.get, identifier, also=_BY_SHAPE)
    elif not isinstance(identifier, str | dict | metrics.Metric) and not callable(identifier):
        raise ValueError(f"compile: expected names, functions or Metric objects in metrics, got {identifier!r}")


def _as_metric(identifier: Any, loss: Any, true_shape: tuple[Any, ...], pred_shape: tuple[Any, ...]) -> Any:
    if isinstance(identifier, metrics.Metric):
        return identifier
    if keeps_its_state(identifier):
        return FormerMetric(identifier)
    found = metrics.resolve(identifier, loss, true_shape, pred_shape)
    return (
        found
        if isinstance(found, metrics.Metric)
        else metrics.MeanMetricWrapper(found, name=identifier if isinstance(identifier, str) else None)
    )


def _make_unique(plain: list[Any], weighted: list[Any]) -> None:
    """A weighted metric called like a plain one gets `weighted_` before its name; what is still double, a number."""
    taken: set[str] = {"loss"}
    for metric in [*plain, *weighted]:
        if metric.name in taken and any(metric is one for one in weighted):
            given = getattr(metric, "given_name", metric.name)
            metric.name = f"{metric.name.removesuffix(given)}weighted_{given}"
        name, count = metric.name, 0
        while metric.name in taken:
            count += 1
            metric.name = f"{name}_{count}"
        taken.add(metric.name)
