"""`tf.metrics` of TensorFlow 1, functions that give (value, update), besides today's classes.

As a metric in `compile` they count over all batches since the step was recorded: nothing sets them back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack import metrics

# Name then -> how to make today's metric from the arguments behind labels and predictions.
_METRICS: dict[str, Callable[..., Any]] = {
    "accuracy": metrics.Accuracy,
    "auc": lambda num_thresholds=200, curve="ROC": metrics.AUC(num_thresholds, curve),
    "mean_absolute_error": metrics.MeanAbsoluteError,
    "mean_iou": lambda num_classes: metrics.MeanIoU(num_classes),
    "mean_squared_error": metrics.MeanSquaredError,
    "precision": metrics.Precision,
    "recall": metrics.Recall,
    "root_mean_squared_error": metrics.RootMeanSquaredError,
}
_DROPPED = ("metrics_collections", "updates_collections", "name", "summation_method")


def __getattr__(name: str) -> Any:
    if name in _METRICS:
        return lambda *args, **kwargs: _counted(_METRICS[name], *args, **kwargs)
    return getattr(metrics, name)


def mean(values: Any, weights: Any = None, *_: Any, **__: Any) -> tuple[Any, Any]:
    """The mean of all values so far, as (value, update)."""
    return _result(metrics.Mean(), values, weights)


def _counted(
    make: Callable[..., Any], labels: Any, predictions: Any, *args: Any, weights: Any = None, **kwargs: Any
) -> tuple[Any, Any]:
    kwargs = {name: value for name, value in kwargs.items() if name not in _DROPPED}
    return _result(make(*args, **kwargs), labels, predictions, weights)


def _result(metric: Any, *arguments: Any) -> tuple[Any, Any]:
    metric.update_state(*arguments)
    value = metric.result()
    return value, value
