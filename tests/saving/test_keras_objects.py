"""`serialize_keras_object` and `deserialize_keras_object` of `saving` and `utils`, in all spellings."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import backend as K
from nnstack import constraints, initializers, layers, losses, metrics, models, optimizers, regularizers, saving, utils


@pytest.mark.parametrize(
    ("value", "module"),
    [
        (layers.Conv2D(3, 2, padding="same"), "keras.layers"),
        (layers.Bidirectional(layers.LSTM(3, go_backwards=False)), "keras.layers"),
        (optimizers.Adam(0.3), "keras.optimizers"),
        (optimizers.schedules.ExponentialDecay(0.1, 10, 0.5), "keras.optimizers.schedules"),
        (losses.Huber(0.3), "keras.losses"),
        (metrics.AUC(curve="PR"), "keras.metrics"),
        (initializers.HeNormal(3), "keras.initializers"),
        (regularizers.L1L2(0.1, 0.2), "keras.regularizers"),
        (constraints.MaxNorm(3), "keras.constraints"),
    ],
)
def test_objects_of_every_module(value: Any, module: str) -> None:
    entry = saving.serialize_keras_object(value)
    assert entry["module"] == module and entry["class_name"] == type(value).__name__
    for config in (entry, json.loads(json.dumps(entry)), {key: entry[key] for key in ("class_name", "config")}):
        again = saving.deserialize_keras_object(config)
        assert type(again) is type(value) and again is not value
        assert json.dumps(saving.serialize_keras_object(again)) == json.dumps(entry)


def test_models() -> None:
    model = models.Sequential([layers.Dense(2, input_shape=(3,), activation="relu")])
    x = layers.Input((3,))
    graph = models.Model(x, model(x))
    for one in (model, graph):
        again = saving.deserialize_keras_object(saving.serialize_keras_object(one))
        again.set_weights(one.get_weights())
        data = np.ones((2, 3), "float32")
        np.testing.assert_array_equal(again.predict(data), one.predict(data))


def test_plain_values_stay_and_structures_are_walked() -> None:
    given = {"a": [1, (2.5, None)], "b": layers.Dense(1, name="d"), "c": True, "d": np.float32(0.5)}
    entry = saving.serialize_keras_object(given)
    assert entry["a"] == [1, (2.5, None)] and entry["c"] is True and entry["d"] == 0.5
    assert entry["b"]["config"]["units"] == 1
    again = saving.deserialize_keras_object(entry)
    assert again["a"] == given["a"] and isinstance(again["b"], layers.Dense) and again["b"].name == "d"


def test_arrays_tensors_and_bytes() -> None:
    array = np.array([[1, 2]], np.int16)
    assert saving.serialize_keras_object(array) == {
        "class_name": "__numpy__", "config": {"value": [[1, 2]], "dtype": "int16"},
    }  # fmt: skip
    again = saving.deserialize_keras_object(saving.serialize_keras_object(array))
    assert again.dtype == np.int16 and again.tolist() == [[1, 2]]
    tensor = saving.deserialize_keras_object(saving.serialize_keras_object(K.constant([1.0, 2.0])))
    assert K.is_tensor(tensor) and K.eval(tensor).tolist() == [1.0, 2.0]
    assert saving.deserialize_keras_object(saving.serialize_keras_object(b"xy")) == b"xy"


def test_functions_by_name() -> None:
    entry = saving.serialize_keras_object(nnstack.activations.relu)
    assert entry == {
        "module": "builtins", "class_name": "function", "config": "relu", "registered_name": "function",
    }  # fmt: skip
    assert saving.deserialize_keras_object(entry) is nnstack.activations.relu

    def own(x: Any) -> Any:
        return x

    entry = saving.serialize_keras_object(own)
    assert saving.deserialize_keras_object(entry, custom_objects={"own": own}) is own
    with pytest.raises(ValueError, match="own"):
        saving.deserialize_keras_object(entry)


class Twice(layers.Layer):
    """A layer around another one, as Keras's guide to serialization writes it."""

    def __init__(self, inner: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, inputs: Any) -> Any:
        return 2.0 * self.inner(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "inner": saving.serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        return cls(saving.deserialize_keras_object(config.pop("inner")), **config)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_layer_that_holds_another_through_a_file(tmp_path: Any, ending: str) -> None:
    model = models.Sequential([Twice(layers.Dense(2, activation="tanh"), input_shape=(3,))])
    model.save(tmp_path / f"model.{ending}")
    again = models.load_model(tmp_path / f"model.{ending}", custom_objects={"Twice": Twice}, compile=False)
    data = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)
    np.testing.assert_array_equal(again.predict(data), model.predict(data))


def test_the_arguments_of_keras_2() -> None:
    known = {"Twice": Twice, "Dense": layers.Dense}
    made = utils.deserialize_keras_object({"class_name": "Dense", "config": {"units": 3}}, module_objects=known)
    assert made.units == 3
    assert isinstance(utils.deserialize_keras_object("Zeros", {"Zeros": initializers.Zeros}), initializers.Zeros)
    entry = utils.serialize_keras_object(instance=layers.Dense(4))
    assert utils.deserialize_keras_object(identifier=entry).units == 4
    assert utils.deserialize_keras_object(entry, {"Other": Twice}, safe_mode=False).units == 4


@pytest.mark.parametrize(
    "config", [{"class_name": "Nothing", "config": {}}, {"module": "os", "class_name": "system", "config": "ls"}, {3}]
)
def test_what_is_not_known_is_refused(config: Any) -> None:
    with pytest.raises(ValueError):
        saving.deserialize_keras_object(config)


def test_what_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="neither get_config"):
        saving.serialize_keras_object(object())
