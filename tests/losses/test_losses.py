"""Reductions, weights, names and configs of losses. Their numbers are in tests/reference."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack import losses
from nnstack.utils.generic_utils import custom_object_scope

TRUTH = np.array([[0.0, 0.0], [1.0, 3.0]], "float32")
PREDICTION = np.array([[1.0, 1.0], [1.0, 1.0]], "float32")  # squared errors 1 and 2 per sample


@pytest.mark.parametrize(
    ("reduction", "expected", "weighted"),
    [("auto", 1.5, 2.5), ("sum_over_batch_size", 1.5, 2.5), ("sum", 3.0, 5.0), ("none", [1.0, 2.0], [3.0, 2.0])],
)
def test_reductions_and_weights(reduction, expected, weighted):
    loss = losses.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(loss(TRUTH, PREDICTION).numpy(), expected)
    np.testing.assert_allclose(loss(TRUTH, PREDICTION, sample_weight=[3.0, 1.0]).numpy(), weighted)
    np.testing.assert_allclose(loss(TRUTH, PREDICTION, sample_weight=[[3.0], [1.0]]).numpy(), weighted)
    np.testing.assert_allclose(loss(TRUTH, PREDICTION, sample_weight=2.0).numpy(), 2 * np.array(expected))


def test_weights_per_step():
    truth, prediction = np.zeros((2, 2, 1), "float32"), np.array([[[1], [2]], [[3], [4]]], "float32")
    loss = losses.MeanAbsoluteError()
    assert float(loss(truth, prediction, sample_weight=[[1.0, 0.0], [0.0, 1.0]])) == 5.0 / 4
    assert float(loss(truth, prediction, sample_weight=[1.0, 0.0])) == 3.0 / 4


def test_a_missing_or_surplus_last_axis_is_not_broadcast():
    assert float(losses.MeanSquaredError()(np.zeros(4), np.ones((4, 1), "float32"))) == 1.0
    assert losses.MeanSquaredError(reduction="none")(np.zeros((4, 1)), np.ones(4, "float32")).shape == ()


def test_compiled_with_unknown_batch():
    x, y = K.placeholder((None, 2)), K.placeholder((None, 2))
    f = K.function([y, x], losses.MeanSquaredError()(y, x))
    assert float(f([TRUTH, PREDICTION])) == 1.5
    assert float(f([TRUTH[:1], PREDICTION[:1]])) == 1.0


def test_masked_entries_do_not_count():
    prediction = K.constant([[1.0], [2.0], [5.0]])
    prediction._keras_mask = K.constant([True, True, False], "bool")
    truth = np.zeros((3, 1), "float32")
    assert float(losses.MeanAbsoluteError()(truth, prediction)) == 1.5
    assert float(losses.MeanAbsoluteError(reduction="sum")(truth, prediction, [2.0, 1.0, 1.0])) == 4.0


def test_names():
    for name in ("mse", "MSE", "mean_squared_error"):
        assert losses.get(name) is losses.mean_squared_error
    assert losses.get("KLD") is losses.get("kullback_leibler_divergence") is losses.kl_divergence
    assert isinstance(losses.get("CategoricalCrossentropy"), losses.CategoricalCrossentropy)
    assert losses.get(None) is None
    assert losses.serialize(losses.huber) == "huber"
    assert losses.is_categorical_crossentropy("categorical_crossentropy")
    with pytest.raises(ValueError, match="Unknown loss function: 'mean_squares'"):
        losses.get("mean_squares")
    with pytest.raises(ValueError, match="expected reduction one of auto, none, sum, sum_over_batch_size, got 'mean'"):
        losses.MeanSquaredError(reduction="mean")


CLASSES = [
    value
    for name, value in vars(losses).items()
    if isinstance(value, type) and issubclass(value, losses.Loss) and name not in ("Loss", "LossFunctionWrapper")
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("legacy", [True, False])
def test_config_round_trip(cls, legacy):
    config = losses.serialize(cls(reduction="sum", name="mine"), use_legacy_format=legacy)
    assert config["class_name"] == cls.__name__
    assert set(config) == (
        {"class_name", "config"} if legacy else {"module", "class_name", "config", "registered_name"}
    )
    again = losses.deserialize(config)
    assert type(again) is cls
    assert (again.reduction, again.name, again.get_config()) == ("sum", "mine", config["config"])


def test_configs_of_tf_keras_are_read():
    config = {
        "module": "keras.losses",
        "class_name": "Huber",
        "config": {"reduction": "auto", "name": "huber_loss", "delta": 0.5, "fn": "huber"},
        "registered_name": None,
    }
    assert losses.deserialize(config).get_config()["delta"] == 0.5
    function = {
        "module": "builtins",
        "class_name": "function",
        "config": "mean_squared_error",
        "registered_name": "function",
    }
    assert losses.deserialize(function) is losses.mean_squared_error


def test_own_loss_class_and_function():
    class Largest(losses.Loss):
        def call(self, y_true, y_pred):
            return K.max(K.abs(y_true - y_pred), axis=-1)

    assert float(Largest()(TRUTH, PREDICTION)) == 1.5
    with custom_object_scope({"Largest": Largest}):
        assert isinstance(losses.get("Largest"), Largest)
    with pytest.raises(ValueError, match="Unknown loss function"):
        losses.get("Largest")

    def twice(y_true, y_pred):
        return losses.mse(y_true, y_pred) * 2.0

    assert losses.get(twice) is twice
    assert losses.deserialize("twice", custom_objects={"twice": twice}) is twice
    assert float(losses.LossFunctionWrapper(twice)(TRUTH, PREDICTION)) == 3.0


def test_no_samples_give_no_loss():
    empty = np.zeros((0, 2), "float32")
    assert float(losses.MeanSquaredError()(empty, empty)) == 0.0
    assert losses.MeanSquaredError(reduction="none")(empty, empty).shape == (0,)


def test_huber_is_computed_in_floatx():
    assert losses.huber(TRUTH.astype("float16"), PREDICTION.astype("float16")).dtype == "float32"
    half = losses.huber(np.zeros((1, 1)), np.full((1, 1), 300.0, "float16"), delta=1000.0)
    assert float(half[0]) == 45000.0  # half of 90000, which is beyond float16


def test_one_loss_for_all_takes_a_weight_of_one():
    assert losses.MeanSquaredError(reduction="none")(np.zeros(2), np.ones(2), [3.0]).shape == ()
