"""The real tf_keras reads every config written here, and the other way round. Needs the extra [interop]."""

import json

import numpy as np
import pytest

from nnstack import constraints, initializers, losses, metrics, optimizers, regularizers

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]

OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion")
LEGACY = ("SGD", "RMSprop", "Adam", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl")


@pytest.fixture(scope="module")
def tf_keras():
    return pytest.importorskip("tf_keras", reason="tf_keras is not installed")


def as_json(config):
    return json.loads(json.dumps(config))


def same(ours, theirs):
    assert set(ours) == set(theirs)
    for key, value in ours.items():
        if isinstance(value, float):
            assert theirs[key] == pytest.approx(value, rel=1e-6), key
        elif key != "fn":
            assert theirs[key] == value, key


@pytest.mark.parametrize("legacy_format", [False, True])
@pytest.mark.parametrize("legacy", [False, True])
def test_optimizers(tf_keras, legacy, legacy_format):
    own = optimizers.legacy if legacy else optimizers
    other = tf_keras.optimizers.legacy if legacy else tf_keras.optimizers
    for name in LEGACY if legacy else OPTIMIZERS:
        if name == "Lion" and not legacy_format:
            continue  # tf_keras does not read its own Lion in this form
        config = as_json(optimizers.serialize(getattr(own, name)(0.25), use_legacy_format=legacy_format))
        read = tf_keras.optimizers.deserialize(config, use_legacy_format=legacy_format)
        assert type(read) is getattr(other, name)
        same(config["config"], read.get_config())
        back = tf_keras.optimizers.serialize(read, use_legacy_format=legacy_format)
        again = optimizers.deserialize(back)
        assert type(again) is getattr(own, name)
        same(again.get_config(), config["config"])


def test_decay_of_a_new_optimizer_is_a_schedule_there(tf_keras):
    config = as_json(optimizers.serialize(optimizers.SGD(0.5, decay=0.25)))
    read = tf_keras.optimizers.deserialize(config)
    np.testing.assert_allclose(float(read._learning_rate(2)), 0.5 / (1 + 2 * 0.25))


def classes(module, base):
    return sorted(n for n, v in vars(module).items() if isinstance(v, type) and issubclass(v, base) and v is not base)


SMALL = {
    "losses": (losses, classes(losses, losses.Loss)),
    "metrics": (metrics, classes(metrics, metrics.Metric)),
    "initializers": (initializers, sorted({cls.__name__ for cls in initializers._INITIALIZERS.values()})),
    "regularizers": (regularizers, ["L1", "L2", "L1L2", "OrthogonalRegularizer"]),
    "constraints": (constraints, ["MaxNorm", "MinMaxNorm", "NonNeg", "RadialConstraint", "UnitNorm"]),
}
NEEDS_MORE = ("LossFunctionWrapper", "MeanMetricWrapper", "MeanRelativeError", "Initializer", "_Random", "_Seeded")

ARGUMENTS = {
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3, "ignore_class": 1},
    "OneHotMeanIoU": {"num_classes": 3},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5, "num_thresholds": 9},
}


@pytest.mark.parametrize("legacy_format", [False, True])
@pytest.mark.parametrize("kind", SMALL)
def test_configs(tf_keras, kind, legacy_format):
    module, names = SMALL[kind]
    there = getattr(tf_keras, kind)
    for name in (n for n in names if n not in NEEDS_MORE):
        config = as_json(
            module.serialize(getattr(module, name)(**ARGUMENTS.get(name, {})), use_legacy_format=legacy_format)
        )
        read = there.deserialize(config, use_legacy_format=legacy_format)
        assert type(read).__name__ == name
        own = {key: value for key, value in read.get_config().items() if key != "fn"}
        same(config["config"], own)
        again = module.deserialize(there.serialize(read, use_legacy_format=legacy_format))
        same(again.get_config(), config["config"])
