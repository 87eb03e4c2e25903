"""Classes of users' own without get_config: their config is what they were made with, in files, copies and clones."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import activations, backend
from nnstack import layers as L
from nnstack.models import Model, Sequential, clone_model, load_model

X = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)


class Head(L.Layer):
    """No keywords: neither name nor dtype can be given to it."""

    def __init__(self, units: int = 3, scale: float = 1.0) -> None:
        super().__init__()
        self.dense, self.scale = L.Dense(units), scale

    def call(self, x: Any) -> Any:
        return self.dense(x) * self.scale


class Named(L.Layer):
    def __init__(self, units: int = 3, activation: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = L.Dense(units, activation=activation)

    def call(self, x: Any) -> Any:
        return self.dense(x)


class Net(Model):
    def __init__(self, units: int, inner: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first, self.inner, self.drop = L.Dense(units, activation="tanh"), inner, L.Dropout(0.3)

    def call(self, x: Any, training: Any = None) -> Any:
        return self.inner(self.drop(self.first(x), training=training))


OBJECTS = {"Head": Head, "Named": Named, "Net": Net}


def trained(model: Any) -> Any:
    model(X)
    model.compile("adam", "mse")
    model.fit(X, np.ones((4, model(X).shape[-1])), verbose=0)
    return model


MODELS = {
    "layers": lambda: Sequential([Head(4, scale=2.0), Named(2, "relu", name="last", dtype="float32")]),
    "subclassed": lambda: Net(7, inner=L.Dense(2, kernel_initializer="he_normal"), name="net"),
    "nested": lambda: Net(3, Net(4, Head(2))),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("way", [".h5", ".keras", "deepcopy", "pickle"])
def test_the_same_model_again(make: Any, way: str, tmp_path: Path) -> None:
    model = trained(make())
    if way.startswith("."):
        model.save(tmp_path / f"m{way}")
        again = load_model(tmp_path / f"m{way}", custom_objects=OBJECTS)
    else:
        again = copy.deepcopy(model) if way == "deepcopy" else pickle.loads(pickle.dumps(model))
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    for one in (model, again):
        one.fit(X, np.ones((4, 2)), epochs=2, verbose=0)  # dropout and the optimizer's slots go on too
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_configs() -> None:
    assert Head(4).get_config() == {"units": 4}
    named = Named(2, activation=activations.tanh, name="n")
    config = named.get_config()
    assert {key: config[key] for key in ("name", "trainable", "dtype", "units")} == {
        "name": "n", "trainable": True, "dtype": "float32", "units": 2,
    }  # fmt: skip
    again = Named.from_config(config)
    assert again.name == "n" and again.dense.units == 2 and again.dense.activation is named.dense.activation
    named.trainable = False
    assert named.get_config()["trainable"] is False  # as it is now
    net = Net.from_config(Net(3, L.Dense(2, name="d")).get_config())
    assert net.first.units == 3 and (net.inner.name, net.inner.units) == ("d", 2)


def test_clones_keep_their_arguments() -> None:
    clone = clone_model(MODELS["layers"]())
    assert clone.layers[0].dense.units == 4 and clone.layers[0].scale == 2.0
    copied = clone_model(MODELS["subclassed"]())
    assert copied.first.units == 7 and copied.inner.units == 2 and not copied.built
    with pytest.raises(ValueError, match="clone_function are for Sequential and functional models"):
        clone_model(copied, clone_function=lambda layer: layer)


def test_what_no_config_holds() -> None:
    class Apply(L.Layer):
        def __init__(self, function: Any, *more: int) -> None:
            super().__init__()
            self.function = function

        def call(self, x: Any) -> Any:
            return self.function(x)

    with pytest.raises(
        TypeError, match=r'\(layer "apply.*cannot hold the argument function.*Define get_config in Apply'
    ):
        Apply(lambda x: x * 2).get_config()
    with pytest.raises(TypeError, match="the argument function"):
        Apply(object()).get_config()
    with pytest.raises(TypeError, match=r"the argument \*more"):
        Apply(backend.relu, 3).get_config()


def test_a_file_that_does_not_say_what_it_was_built_for(tmp_path: Path) -> None:
    """As other programs write them: an error, not a model of new weights."""

    class Silent(Net):
        def get_build_config(self) -> None:
            return None

    model = trained(Silent(7, L.Dense(2)))
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"does not say for what inputs its Silent was built.*load_weights"):
        load_model(tmp_path / "m.keras", custom_objects={"Silent": Silent})
