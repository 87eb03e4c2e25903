"""Labels, names and the registry of custom objects."""

import numpy as np
import pytest

from nnstack import constraints, initializers, losses, metrics, optimizers, regularizers
from nnstack.utils import generic_utils, np_utils
from nnstack.utils.random import set_random_seed


def test_to_categorical():
    np.testing.assert_array_equal(np_utils.to_categorical([0, 2], 3), [[1, 0, 0], [0, 0, 1]])
    assert np_utils.to_categorical(np.zeros((4, 5, 1))).shape == (4, 5, 1)
    assert np_utils.to_categorical([1], dtype="int32").dtype == np.int32
    with pytest.raises(ValueError, match="expected classes 0 to 1, got 0 to 2"):
        np_utils.to_categorical([0, 2], 2)
    with pytest.raises(ValueError, match="got -1 to 2"):
        np_utils.to_categorical([-1, 2])


def test_normalize():
    np.testing.assert_allclose(np_utils.normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(np_utils.normalize([[1.0], [3.0]], axis=0, order=1), [[0.25], [0.75]])


def test_snake_case():
    names = {"BatchNormalization": "batch_normalization", "Conv2D": "conv2d", "LSTM": "lstm", "ReLU": "re_lu"}
    assert {name: generic_utils.to_snake_case(name) for name in names} == names
    assert generic_utils.to_snake_case("_Hidden") == "private__hidden"


def test_registered_classes_are_found_by_package_and_name():
    @generic_utils.register_keras_serializable("tests")
    class Half(regularizers.Regularizer):
        def __call__(self, x):
            return 0.5

    try:
        assert generic_utils.get_registered_name(Half) == "tests>Half"
        config = regularizers.serialize(Half())
        assert config["registered_name"] == "tests>Half"
        assert isinstance(regularizers.deserialize(config), Half)
        legacy = regularizers.serialize(Half(), use_legacy_format=True)
        assert isinstance(regularizers.deserialize(legacy), Half)
        with pytest.raises(ValueError, match="registered already"):
            generic_utils.register_keras_serializable("tests")(Half)
    finally:
        generic_utils.get_custom_objects().pop("tests>Half")


def test_scopes_end():
    with generic_utils.custom_object_scope({"tiny": lambda shape, dtype=None: np.zeros(shape)}):
        assert initializers.get("tiny")((2,)).tolist() == [0, 0]
    with pytest.raises(ValueError, match="Unknown initializer: 'tiny'.*custom_objects"):
        initializers.get("tiny")


INITIALIZERS = sorted(set(initializers._INITIALIZERS.values()), key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", [c for c in INITIALIZERS if c.__name__[0] not in "_I"], ids=lambda cls: cls.__name__)
def test_initializers_repeat_with_the_seed_and_round_trip(cls):
    draws = []
    for _ in range(2):
        set_random_seed(3)
        draws.append(cls()((4, 5)))
    np.testing.assert_array_equal(*draws)
    assert draws[0].dtype == np.float32
    config = initializers.serialize(cls())
    assert config["module"] == "keras.initializers"
    assert initializers.deserialize(config).get_config() == config["config"]


SPREADS = {
    "glorot_uniform": 2 / 500,
    "glorot_normal": 2 / 500,
    "lecun_normal": 1 / 300,
    "lecun_uniform": 1 / 300,
    "he_normal": 2 / 300,
    "he_uniform": 2 / 300,
}


@pytest.mark.parametrize("name", SPREADS)
def test_variance_scaling(name):
    set_random_seed(0)
    assert initializers.get(name)((300, 200)).var() == pytest.approx(SPREADS[name], rel=0.03)
    kernel = initializers.get(name)((5, 5, 12, 8))  # fans 300 and 200
    assert kernel.var() == pytest.approx(SPREADS[name], rel=0.1)


def test_special_initializers():
    q = initializers.Orthogonal(2.0, seed=1)((3, 4, 5))
    np.testing.assert_allclose(q.reshape(12, 5).T @ q.reshape(12, 5), 4 * np.eye(5), atol=1e-5)
    np.testing.assert_array_equal(initializers.Identity(3.0)((2, 3)), [[3, 0, 0], [0, 3, 0]])
    np.testing.assert_array_equal(initializers.Constant(7)((2,), "int32"), [7, 7])
    assert np.abs(initializers.TruncatedNormal(stddev=0.1)((2000,))).max() <= 0.2
    with pytest.raises(ValueError, match="expected a positive scale"):
        initializers.VarianceScaling(0.0)
    with pytest.raises(ValueError, match=r"Identity: expected 2 axes, got shape \(2,\)"):
        initializers.Identity()((2,))


def test_regularizers_and_constraints_by_name_and_config():
    assert regularizers.get("l1_l2").get_config() == {"l1": 0.01, "l2": 0.01}
    assert float(regularizers.l2(0.5)([1.0, 2.0])) == 2.5
    assert float(regularizers.L1L2(0.1, 0.2)([1.0, -2.0])) == pytest.approx(0.3 + 1.0)
    assert regularizers.deserialize({"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}}).l2 == 0.5
    with pytest.raises(ValueError, match="expected a finite number for l1, got nan"):
        regularizers.L1(float("nan"))
    assert constraints.get("maxnorm").get_config() == {"max_value": 2, "axis": 0}
    for cls in (constraints.MaxNorm, constraints.NonNeg, constraints.UnitNorm, constraints.MinMaxNorm):
        assert type(constraints.deserialize(constraints.serialize(cls()))) is cls
    with pytest.raises(ValueError, match="Unknown constraint: 'max'"):
        constraints.get("max")


@pytest.mark.parametrize(
    ("module", "internal"),
    [
        (losses, ("Loss", "LossFunctionWrapper", "Reduction", "compute_weighted_loss", "is_categorical_crossentropy")),
        (metrics, ("Metric", "MeanMetricWrapper", "Mean", "resolve", "clone_metric", "is_categorical_crossentropy")),
        (optimizers, ("Optimizer", "legacy", "schedules", "get", "serialize")),
        (initializers, ("Initializer", "_Seeded")),
    ],
    ids=lambda module: getattr(module, "__name__", ""),
)
def test_only_what_a_user_may_pass_is_found_by_name(module, internal):
    for name in internal:
        with pytest.raises(generic_utils.UnknownNameError) as caught:
            module.get(name)
        known = str(caught.value).split("Known names: ")[1].split(". ")[0].split(", ")
        assert name not in known and name.lower() not in known
        for each in known:
            assert module.get(each) is not None


def test_the_nearest_name_comes_first_then_each_once_in_its_plainest_spelling():
    with pytest.raises(ValueError) as caught:
        optimizers.get("adamm")
    assert str(caught.value) == (
        "Unknown optimizer: 'adamm'. Did you mean 'adam'? Known names: adadelta, adafactor, adagrad, adam, adamax, "
        "adamw, ftrl, lion, nadam, rmsprop, sgd. Your own: pass it in `custom_objects`, or use it inside "
        "`with custom_object_scope({'adamm': ...})`"
    )
    with pytest.raises(ValueError, match="Did you mean 'mean_squared_error'.*RootMeanSquaredError.*, mae, mse"):
        metrics.get("MeanSquareError")


def test_wrappers_are_read_from_configs():
    mean = metrics.Mean("loss")
    again = metrics.deserialize(metrics.serialize(mean))
    assert (type(again), again.name) == (metrics.Mean, "loss")
    wrapped = metrics.MeanMetricWrapper(losses.mean_squared_error, "mine")
    assert metrics.deserialize(metrics.serialize(wrapped)).name == "mine"
