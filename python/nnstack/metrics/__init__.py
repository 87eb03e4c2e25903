"""Metrics: functions giving a number per sample, and classes that keep a mean (or another state) over many batches."""

from collections.abc import Mapping, Sequence
from typing import Any

from nnstack import losses
from nnstack.losses import (
    BCE,
    KLD,
    MAE,
    MAPE,
    MSE,
    MSLE,
    bce,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    kl_divergence,
    kld,
    kullback_leibler_divergence,
    log_cosh,
    logcosh,
    mae,
    mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse,
    msle,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from nnstack.metrics.base import Mean, MeanMetricWrapper, MeanTensor, Metric, Sum
from nnstack.metrics.counts import FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives
from nnstack.metrics.curves import (
    AUC,
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from nnstack.metrics.functions import (
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    cosine_similarity,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from nnstack.metrics.objects import (
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanRelativeError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SquaredHinge,
    TopKCategoricalAccuracy,
)
from nnstack.metrics.overlap import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from nnstack.metrics.scores import F1Score, FBetaScore, R2Score
from nnstack.utils.generic_utils import deserialize_keras_object, serialize_keras_object

cosine = cosine_proximity = cosine_similarity

# What may be asked for by name, and nothing else: every loss function, and the metrics that need no settings.
_METRICS: dict[str, Any] = (
    {name: loss for name, loss in losses.by_name().items() if not isinstance(loss, type)}
    | {
        one.__name__: one
        for one in (
            accuracy,
            binary_accuracy,
            categorical_accuracy,
            cosine_similarity,
            sparse_categorical_accuracy,
            sparse_top_k_categorical_accuracy,
            top_k_categorical_accuracy,
            AUC,
            Accuracy,
            BinaryAccuracy,
            BinaryCrossentropy,
            CategoricalAccuracy,
            CategoricalCrossentropy,
            CategoricalHinge,
            CosineSimilarity,
            F1Score,
            FBetaScore,
            FalseNegatives,
            FalsePositives,
            Hinge,
            KLDivergence,
            LogCoshError,
            MeanAbsoluteError,
            MeanAbsolutePercentageError,
            MeanSquaredError,
            MeanSquaredLogarithmicError,
            Poisson,
            Precision,
            R2Score,
            Recall,
            RootMeanSquaredError,
            SparseCategoricalAccuracy,
            SparseCategoricalCrossentropy,
            SparseTopKCategoricalAccuracy,
            SquaredHinge,
            TopKCategoricalAccuracy,
            TrueNegatives,
            TruePositives,
        )
    }
    | {"acc": accuracy, "cosine": cosine, "cosine_proximity": cosine_proximity}
)
# Those that need settings come from configs only.
_IN_CONFIGS = _METRICS | {
    cls.__name__: cls
    for cls in (
        BinaryIoU,
        IoU,
        Mean,
        MeanIoU,
        MeanMetricWrapper,
        MeanRelativeError,
        MeanTensor,
        OneHotIoU,
        OneHotMeanIoU,
        PrecisionAtRecall,
        RecallAtPrecision,
        SensitivityAtSpecificity,
        SpecificityAtSensitivity,
        Sum,
    )
}

_ACCURACIES = {
    "binary": binary_accuracy,
    "sparse": sparse_categorical_accuracy,
    "categorical": categorical_accuracy,
}
_CROSSENTROPIES = {
    "binary": binary_crossentropy,
    "sparse": sparse_categorical_crossentropy,
    "categorical": categorical_crossentropy,
}
_BY_SHAPE: dict[str, dict[str, Any]] = {
    "accuracy": _ACCURACIES,
    "acc": _ACCURACIES,
    "crossentropy": _CROSSENTROPIES,
    "ce": _CROSSENTROPIES,
}


def resolve(
    identifier: Any,
    loss: Any = None,
    y_true_shape: Sequence[int | None] | None = None,
    y_pred_shape: Sequence[int | None] = (),
) -> Metric:
    """The Metric that one entry of `compile(metrics=...)` means for an output.

    'accuracy', 'acc', 'crossentropy' and 'ce' look at the shapes: one prediction per sample is binary, class numbers
    as targets are sparse, all else is categorical. Where the target's shape is not known, the loss tells. A name
    becomes the metric's name as the user wrote it. ValueError for an unknown name.
    """
    if isinstance(identifier, Metric):
        return identifier
    choices = _BY_SHAPE.get(identifier.lower()) if isinstance(identifier, str) else None
    found = get(identifier) if choices is None else choices[_kind(loss, y_true_shape, y_pred_shape)]
    if isinstance(found, Metric):
        return found
    return MeanMetricWrapper(found, name=identifier if isinstance(identifier, str) else None)


def _kind(loss: Any, y_true_shape: Sequence[int | None] | None, y_pred_shape: Sequence[int | None]) -> str:
    if not y_pred_shape or y_pred_shape[-1] == 1:
        return "binary"
    if y_true_shape is None:
        wanted = getattr(loss, "fn", loss)
        return "sparse" if "sparse" in str(getattr(wanted, "__name__", wanted)) else "categorical"
    return "sparse" if len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1 else "categorical"


def clone_metric(metric: Any) -> Any:
    """A new Metric with the same settings and no state; anything else unchanged."""
    return type(metric).from_config(metric.get_config()) if isinstance(metric, Metric) else metric


def clone_metrics(metrics: Sequence[Any]) -> list[Any]:
    """`clone_metric` of each."""
    return [clone_metric(metric) for metric in metrics]


def serialize(metric: Any, use_legacy_format: bool = False) -> Any:
    """Name of a function, config dict of a Metric."""
    return serialize_keras_object(metric, "keras.metrics", use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """The function that a name stands for, or the object that a config dict or class name stands for."""
    known = _IN_CONFIGS if isinstance(config, Mapping) else _METRICS
    return deserialize_keras_object(config, known, custom_objects, "metric")


def get(identifier: Any) -> Any:
    """None, a name, a config dict or a callable to a metric; ValueError if it is none of them or not known."""
    return deserialize(identifier)


__all__ = [
    "AUC",
    "Accuracy",
    "BCE",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLD",
    "KLDivergence",
    "LogCoshError",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanRelativeError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "MeanTensor",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy",
    "bce",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "clone_metric",
    "clone_metrics",
    "cosine",
    "cosine_proximity",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
