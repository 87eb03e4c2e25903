"""Every metric with a state gives the real tf_keras's numbers over three batches with weights."""

from typing import Any

import numpy as np
import pytest

from nnstack import metrics

CASES: list[tuple[str, dict[str, Any], str]] = [
    ("AUC", {}, "columns"),
    ("AUC", {"num_thresholds": 17, "curve": "PR"}, "columns"),
    ("AUC", {"num_thresholds": 9, "curve": "PR", "summation_method": "minoring"}, "columns"),
    ("AUC", {"num_thresholds": 9, "curve": "PRGAIN", "summation_method": "majoring"}, "columns"),
    ("AUC", {"thresholds": [0.5, 0.1], "multi_label": True}, "columns"),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 3.0, 0.5], "from_logits": True}, "columns"),
    ("AUC", {"label_weights": [1.0, 3.0, 0.5]}, "columns"),
    ("Precision", {"thresholds": [0.1, 0.6]}, "columns"),
    ("Precision", {"top_k": 2}, "columns"),
    ("Recall", {"class_id": 1}, "columns"),
    ("Recall", {"top_k": 1, "class_id": 2}, "columns"),
    ("TruePositives", {}, "columns"),
    ("FalsePositives", {"thresholds": [0.0, 0.5, 1.0]}, "columns"),
    ("TrueNegatives", {"thresholds": 0.3}, "columns"),
    ("FalseNegatives", {"thresholds": [0.3, 0.4]}, "columns"),
    ("SensitivityAtSpecificity", {"specificity": 0.4}, "columns"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.4, "class_id": 1}, "columns"),
    ("PrecisionAtRecall", {"recall": 0.4, "num_thresholds": 11}, "columns"),
    ("RecallAtPrecision", {"precision": 0.4}, "columns"),
    ("F1Score", {"average": "weighted"}, "columns"),
    ("FBetaScore", {"beta": 0.5, "threshold": 0.4}, "columns"),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, "columns"),
    ("MeanIoU", {"num_classes": 3}, "classes"),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 2], "ignore_class": 1}, "classes"),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.4}, "numbers"),
    ("CosineSimilarity", {}, "columns"),
    ("TopKCategoricalAccuracy", {"k": 2}, "columns"),
    ("RootMeanSquaredError", {}, "columns"),
    ("LogCoshError", {}, "columns"),
    ("MeanRelativeError", {"normalizer": [1.0, 0.0, 2.0]}, "columns"),
]


def batches(kind: str) -> Any:
    rng = np.random.default_rng(11)
    for size in (6, 1, 10):
        weights = rng.random(size).astype("float32")
        if kind == "classes":
            yield rng.integers(0, 3, size), rng.integers(0, 3, size), weights
        elif kind == "numbers":
            yield rng.integers(0, 2, size).astype("float32"), rng.random(size).astype("float32"), weights
        else:
            shape = (size, 3)
            yield rng.integers(0, 2, shape).astype("float32"), rng.random(shape).astype("float32"), weights


@pytest.mark.parametrize(("name", "settings", "kind"), CASES, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("weighted", [False, True])
def test_same_numbers(name: str, settings: dict[str, Any], kind: str, weighted: bool, tf_keras: Any) -> None:
    ours, theirs = getattr(metrics, name)(**settings), getattr(tf_keras.metrics, name)(**settings)
    assert ours.name.rstrip("_0123456789") == theirs.name.rstrip("_0123456789")
    for y, p, w in batches(kind):
        extra = {"sample_weight": w} if weighted else {}
        ours.update_state(y, p, **extra)
        theirs.update_state(y, p, **extra)
        np.testing.assert_allclose(ours.result().numpy(), theirs.result().numpy(), rtol=1e-5, atol=1e-6)
