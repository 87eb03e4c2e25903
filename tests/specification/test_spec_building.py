"""Building models as the reference pages of `Sequential` and `Model` say; one test for each thing they promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnstack import Input, Model, Sequential, layers
from nnstack import backend as K
from nnstack.layers import Dense, InputLayer

X = np.linspace(-1, 1, 32, dtype="float32").reshape(8, 4)


@pytest.mark.parametrize(
    "first",
    [
        lambda: [Dense(3, input_shape=(4,))],
        lambda: [Dense(3, input_dim=4)],
        lambda: [Dense(3, batch_input_shape=(None, 4))],
        lambda: [Dense(3, batch_size=8, input_shape=(4,))],
        lambda: [Input((4,)), Dense(3)],
        lambda: [InputLayer((4,)), Dense(3)],
        lambda: [Sequential([Dense(3, input_shape=(4,))])],
    ],
)
def test_each_way_to_give_the_shape_makes_the_weights_at_once(first: Any) -> None:
    model = Sequential(first())
    assert len(model.weights) == 2 and model.built
    model.add(Dense(2))
    assert len(model.weights) == 4
    assert [weight.shape for weight in model.weights] == [(4, 3), (3,), (3, 2), (2,)]
    assert model.output_shape == (model.input_shape[0], 2)


def test_names_of_the_constructor() -> None:
    model = Sequential(layers=[Dense(1)], name="mine")
    assert model.name == "mine" and model.weights == [] and not model.built


@pytest.mark.parametrize("wrong", ["dense", 3, None, Dense, lambda x: x])
def test_what_is_no_layer_cannot_be_added(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected a layer"):
        Sequential().add(wrong)


def test_a_layer_with_two_outputs_cannot_be_added() -> None:
    x = Input((4,))
    two = Model(x, [Dense(1)(x), Dense(2)(x)])
    with pytest.raises(ValueError, match="2 outputs"):
        Sequential([two])


BUILDERS: dict[str, Any] = {
    "fit": lambda model: model.fit(X, X[:, :2], verbose=0),
    "evaluate": lambda model: model.evaluate(X, X[:, :2], verbose=0),
    "predict": lambda model: model.predict(X),
    "train_on_batch": lambda model: model.train_on_batch(X, X[:, :2]),
    "test_on_batch": lambda model: model.test_on_batch(X, X[:, :2]),
    "predict_on_batch": lambda model: model.predict_on_batch(X),
    "call": lambda model: model(X),
    "build": lambda model: model.build((None, 4)),
    "fit_generator": lambda model: model.fit_generator(iter([(X, X[:, :2])]), 1, verbose=0),
}


@pytest.mark.parametrize("way", BUILDERS)
def test_each_use_builds_a_model_without_a_shape(way: str) -> None:
    model = Sequential([Dense(3), Dense(2)])
    model.compile("sgd", "mse")
    assert model.weights == []
    with pytest.raises(ValueError, match="not built"):
        model.summary()
    BUILDERS[way](model)
    assert [weight.shape for weight in model.weights] == [(4, 3), (3,), (3, 2), (2,)]


def test_pop_leaves_the_output_before() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(2), Dense(1)])
    whole = Model(model.inputs, model.layers[1].output)
    model.pop()
    assert model.output_shape == (None, 2) and len(model.layers) == 2
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))
    model.add(Dense(5))
    assert model.predict(X).shape == (8, 5)
    for _ in range(3):
        model.pop()
    with pytest.raises(TypeError, match="no layers"):
        model.pop()


def test_disconnected_outputs_are_named() -> None:
    a, b = Input((4,), name="used"), Input((4,), name="forgotten")
    with pytest.raises(ValueError, match="forgotten"):
        Model(a, layers.add([a, b]))


def test_structures_of_inputs_and_outputs() -> None:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Dense(2, name="shared")
    model = Model({"a": a, "b": b}, {"sum": layers.add([shared(a), shared(b)]), "pair": [shared(a), shared(b)]})
    found = model.predict({"a": X, "b": -X})
    assert set(found) == {"sum", "pair"} and isinstance(found["pair"], list)
    np.testing.assert_allclose(found["sum"], found["pair"][0] + found["pair"][1], rtol=1e-5, atol=1e-6)
    assert len(model.weights) == 2


class Own(Model):
    def __init__(self) -> None:
        super().__init__()
        self.first = Dense(3)
        self.listed = [Dense(3), Dense(3)]
        self.named = {"last": Dense(2)}

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        x = self.first(inputs)
        for layer in self.listed:
            x = layer(x)
        return self.named["last"](x) * (2.0 if training else 1.0)


def test_layers_of_a_subclass_are_found_in_attributes_lists_and_dicts() -> None:
    model = Own()
    assert not model.built and len(model.layers) == 4
    quiet, loud = (np.asarray(model(X, training=flag)) for flag in (False, True))
    assert model.built and len(model.weights) == 8
    np.testing.assert_allclose(loud, 2 * quiet, rtol=1e-6)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, X[:, :2], verbose=0)
    assert all((one != other).any() for one, other in zip(before, model.get_weights(), strict=True))


def test_forgotten_init_is_told() -> None:
    class Forgot(Model):
        def __init__(self) -> None:
            self.dense = Dense(1)

    with pytest.raises(RuntimeError, match="super\\(\\).__init__\\(\\)"):
        Forgot()


def test_attributes() -> None:
    model = Sequential(
        [
            Dense(3, input_shape=(4,), kernel_regularizer="l2", name="d"),
            layers.BatchNormalization(name="n"),
            layers.Dropout(0.5),
        ],
        name="m",
    )
    model.compile("sgd", "mse", metrics=["mae"])
    assert [layer.name for layer in model.layers][:2] == ["d", "n"] and model.name == "m"
    assert [tensor.shape for tensor in model.inputs] == [(None, 4)]
    assert [tensor.shape for tensor in model.outputs] == [(None, 3)]
    assert model.input_shape == (None, 4) and model.output_shape == (None, 3)
    assert model.input is model.inputs[0] and model.output is model.outputs[0]
    assert (len(model.weights), len(model.trainable_weights), len(model.non_trainable_weights)) == (6, 4, 2)
    assert model.count_params() == 4 * 3 + 3 + 4 * 3
    kernel = model.get_layer("d").kernel.numpy()
    assert float(K.eval(model.losses[0])) == pytest.approx(0.01 * float((kernel**2).sum()), rel=1e-5)
    assert model.updates == [] or len(model.updates) >= 1
    assert isinstance(model.state_updates, list) and model.stateful is False
    assert model.metrics_names == ["loss", "mae"] and [metric.name for metric in model.metrics] == ["loss", "mae"]
    assert model.sample_weights == [None] and model.run_eagerly is False and model.dtype == "float32"
    assert model.distribute_strategy is None and model.optimizer.learning_rate.numpy() == np.float32(0.01)
    assert model.uses_learning_phase and model.built
    assert not Sequential([Dense(1, input_shape=(4,))]).uses_learning_phase


def test_inputs_and_outputs_of_every_node() -> None:
    shared = Dense(2)
    a, b = Input((4,)), Input((4,))
    first, second = shared(a), shared(b)
    assert shared.get_input_at(0) is a and shared.get_output_at(1) is second
    assert shared.get_input_shape_at(1) == (None, 4) and shared.get_output_shape_at(0) == (None, 2)
    with pytest.raises((AttributeError, ValueError), match="2|several|node"):
        shared.output  # noqa: B018
    assert first is not second


def test_stateful_models_and_their_state() -> None:
    model = Sequential([layers.LSTM(2, stateful=True, batch_input_shape=(2, 3, 1))])
    assert model.stateful
    data = np.ones((2, 3, 1), "float32")
    first, second = model.predict(data, batch_size=2), model.predict(data, batch_size=2)
    assert (first != second).any()
    model.reset_states()
    np.testing.assert_array_equal(model.predict(data, batch_size=2), first)
    with pytest.raises(ValueError, match="batch"):
        model.predict(np.ones((3, 3, 1), "float32"), batch_size=2)


def test_trainable_is_taken_at_compile() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(2)])
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 2
    model.compile("sgd", "mse")
    frozen = model.layers[0].get_weights()
    model.fit(X, X[:, :2], verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], frozen[0])
    model.layers[0].trainable = True
    with pytest.warns(UserWarning, match="compile"):
        model.fit(X, X[:, :2], verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], frozen[0])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    assert (model.layers[0].get_weights()[0] != frozen[0]).any()
    model.trainable = False
    assert model.trainable_weights == [] and not model.layers[1].trainable


def test_get_layer() -> None:
    model = Sequential([Dense(3, input_shape=(4,), name="one"), Dense(2, name="two")])
    assert model.get_layer("two") is model.layers[1] and model.get_layer(index=0) is model.layers[0]
    assert model.get_layer("two", 0) is model.layers[0]  # the index wins
    for arguments in ({"name": "three"}, {"index": 2}, {}):
        with pytest.raises(ValueError, match="get_layer"):
            model.get_layer(**arguments)


def test_weights_go_in_and_out_in_order() -> None:
    model = Sequential([Dense(3, input_shape=(4,), name="one"), layers.BatchNormalization(), Dense(2, name="two")])
    arrays = [np.full(weight.shape, number, "float32") for number, weight in enumerate(model.weights)]
    model.set_weights(arrays)
    for one, other in zip(model.get_weights(), arrays, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="expected 8 weights"):
        model.set_weights(arrays[:-1])
    with pytest.raises(ValueError, match=r"two.*\(3, 2\).*\(2, 3\)"):
        model.set_weights([*arrays[:6], arrays[6].T, arrays[7]])
    np.testing.assert_array_equal(model.get_weights()[0], arrays[0])  # nothing was written


def test_summary_to_a_function() -> None:
    model = Sequential([Dense(3, input_shape=(4,), name="one"), layers.BatchNormalization(name="norm")], name="m")
    lines: list[str] = []
    model.summary(print_fn=lines.append, line_length=60)
    text = "\n".join(lines)
    assert 'Model: "m"' in text and "Layer (type)" in text and "Output Shape" in text and "Param #" in text
    assert "one (Dense)" in text and "(None, 3)" in text and "15" in text
    assert "Total params: 27" in text and "Trainable params: 21" in text and "Non-trainable params: 6" in text
    assert max(map(len, lines)) <= 60
    x = Input((4,), name="x")
    graph = Model(x, layers.add([Dense(2, name="a")(x), Dense(2, name="b")(x)]))
    shown: list[str] = []
    graph.summary(print_fn=shown.append, positions=[0.33, 0.55, 0.67, 1.0])
    assert any("Connected to" in line for line in shown) and any("['x[0][0]']" in line for line in shown)
    outer = Sequential([Sequential([Dense(1, input_shape=(4,), name="inside")], name="inner")])
    nested: list[str] = []
    outer.summary(print_fn=nested.append, expand_nested=True, show_trainable=True)
    assert any("inside" in line for line in nested) and any("Trainable" in line for line in nested)
    some: list[str] = []
    model.summary(print_fn=some.append, layer_range=["norm", "norm"])
    assert not any("one (Dense)" in line for line in some) and any("norm" in line for line in some)
