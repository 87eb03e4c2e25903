"""State, weights, names and resolution of metrics. Their numbers are in tests/reference."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack import losses, metrics


def test_short_batches_count_by_their_size():
    metric = metrics.MeanAbsoluteError()
    metric.update_state(np.zeros((3, 1)), np.ones((3, 1), "float32"))
    metric.update_state(np.zeros((1, 1)), np.full((1, 1), 5.0, "float32"))
    assert float(metric.result()) == 2.0
    metric.reset_state()
    assert float(metric.result()) == 0.0
    assert [v.name for v in metric.variables] == ["total:0", "count:0"]


def test_weights_broadcast_over_values():
    metric = metrics.Mean()
    metric.update_state([[1.0, 3.0], [10.0, 10.0]], sample_weight=[1.0, 0.0])
    assert float(metric.result()) == 2.0
    cube = metrics.Mean()
    cube.update_state(np.arange(8.0).reshape(2, 2, 2), sample_weight=[1.0, 3.0])  # means 1.5 and 5.5
    assert float(cube.result()) == (1.5 + 3 * 5.5) / 4


def test_compiled_updates_equal_eager_ones():
    compiled, eager = metrics.BinaryAccuracy(), metrics.BinaryAccuracy()
    y, p, w = K.placeholder((None, 1)), K.placeholder((None, 1)), K.placeholder((None,))
    with K.trace() as step:
        compiled.update_state(y, p, w)
        inside = compiled.result()
    f = K.function([y, p, w], inside, updates=step.updates)
    random = np.random.default_rng(0)
    for size in (4, 7, 1):
        batch = random.integers(0, 2, (size, 1)), random.random((size, 1)), random.random(size)
        value = f([a.astype("float32") for a in batch])
        eager.update_state(*[a.astype("float32") for a in batch])
        np.testing.assert_allclose(value, eager.result().numpy(), rtol=1e-6)
    np.testing.assert_allclose(compiled.result().numpy(), eager.result().numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "y_true", "y_pred", "expected"),
    [
        ("accuracy", (None, 1), (None, 1), metrics.binary_accuracy),
        ("acc", (None,), (None, 1), metrics.binary_accuracy),
        ("accuracy", (None, 5), (None, 5), metrics.categorical_accuracy),
        ("accuracy", (None,), (None, 5), metrics.sparse_categorical_accuracy),
        ("Accuracy", (None, 1), (None, 5), metrics.sparse_categorical_accuracy),
        ("accuracy", (None, 7, 1), (None, 7, 5), metrics.sparse_categorical_accuracy),
        ("crossentropy", (None, 5), (None, 5), losses.categorical_crossentropy),
        ("ce", (None,), (None, 5), losses.sparse_categorical_crossentropy),
        ("ce", (None, 1), (None, 1), losses.binary_crossentropy),
        ("mae", (None, 5), (None, 5), losses.mean_absolute_error),
    ],
)
def test_resolution(name, y_true, y_pred, expected):
    metric = metrics.resolve(name, None, y_true, y_pred)
    assert (metric.name, metric._fn) == (name, expected)


def test_the_loss_tells_where_the_target_is_not_known():
    loss = losses.SparseCategoricalCrossentropy()
    assert metrics.resolve("acc", loss, None, (None, 5))._fn is metrics.sparse_categorical_accuracy
    assert metrics.resolve("acc", "mse", None, (None, 5))._fn is metrics.categorical_accuracy


def test_functions_and_objects_resolve_to_metrics():
    def mine(y_true, y_pred):
        return K.max(y_pred, axis=-1)

    metric = metrics.resolve(mine, None, (None, 2), (None, 2))
    metric.update_state(np.zeros((2, 2)), np.array([[1.0, 2.0], [4.0, 3.0]], "float32"))
    assert (metric.name, float(metric.result())) == ("mine", 3.0)
    given = metrics.Mean("given")
    assert metrics.resolve(given) is given
    with pytest.raises(ValueError, match="Unknown metric: 'acuracy'"):
        metrics.resolve("acuracy", None, (None, 1), (None, 1))


CLASSES = [
    value
    for name, value in vars(metrics).items()
    if isinstance(value, type) and issubclass(value, metrics.Metric) and name not in ("Metric", "MeanMetricWrapper")
]


NEEDED = {
    "MeanRelativeError": {"normalizer": [1.0, 2.0]},
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3},
    "OneHotMeanIoU": {"num_classes": 3},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_config_round_trip(cls):
    metric = cls(name="mine", **NEEDED.get(cls.__name__, {}))
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is cls
    assert again.get_config() == metric.get_config()
    assert metrics.clone_metric(metric) is not metric


def test_wrapper_config_is_that_of_tf_keras():
    metric = metrics.MeanMetricWrapper(metrics.categorical_accuracy, name="accuracy")
    config = {"name": "accuracy", "dtype": "float32", "fn": "categorical_accuracy"}
    assert metric.get_config() == config
    assert (
        metrics.deserialize({"class_name": "MeanMetricWrapper", "config": config})._fn is metrics.categorical_accuracy
    )


def test_own_metric_in_both_spellings():
    class Largest(metrics.Metric):
        def __init__(self, name="largest", **kwargs):
            super().__init__(name, **kwargs)
            self.seen = self.add_weight(name="seen", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen.assign(K.maximum(self.seen, K.max(y_pred)))

        def result(self):
            return self.seen.read_value()

        def reset_states(self):
            self.seen.assign(0.0)

    metric = Largest()
    assert float(metric([0.0], [3.0])) == 3.0
    assert float(metric([0.0], [2.0])) == 3.0
    metric.reset_state()
    assert float(metric.result()) == 0.0


def test_mean_relative_error():
    metric = metrics.MeanRelativeError(normalizer=[1.0, 3.0, 2.0, 3.0])
    metric.update_state([1.0, 3.0, 2.0, 3.0], [2.0, 4.0, 6.0, 8.0])
    assert float(metric.result()) == pytest.approx(1.25)


def test_binary_accuracy_counts_every_prediction():
    metric = metrics.BinaryAccuracy(threshold=0.4)
    truth, prediction = [[1.0, 0.0], [0.0, 0.0]], [[0.9, 0.7], [0.3, 0.6]]
    metric.update_state(truth, prediction, sample_weight=[[1.0, 2.0], [3.0, 0.0]])
    assert float(metric.result()) == pytest.approx(4 / 6)
    metric.reset_state()
    metric.update_state([1.0, 0.0, 0.0], [0.9, 0.7, 0.1])
    metric.update_state([1.0], [0.9])
    assert float(metric.result()) == pytest.approx(3 / 4)  # not the mean of both batches


def test_states_have_the_names_and_order_of_keras():
    names = [one.name.split("/")[-1].split(":")[0] for one in metrics.AUC(num_thresholds=3).weights]
    assert names == ["true_positives", "true_negatives", "false_positives", "false_negatives"]
    assert "accumulator" in metrics.FalseNegatives().weights[0].name
    assert metrics.AUC.from_config(metrics.AUC(curve="prgain").get_config()).curve == "PR_GAIN"
