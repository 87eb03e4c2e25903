"""Functional and subclassed models: graphs, sharing, nesting, operators, structures, tracked layers."""

import numpy as np
import pytest

from nnstack import backend
from nnstack.layers import Add, Concatenate, Dense, Dropout, Input, Lambda, Layer, Multiply
from nnstack.models import Model, Sequential, clone_model

RNG = np.random.default_rng(1)
A, B = RNG.normal(size=(7, 3)).astype(np.float32), RNG.normal(size=(7, 3)).astype(np.float32)


def test_two_inputs_two_outputs_and_names() -> None:
    a, b = Input((3,), name="a"), Input((3,), name="b")
    model = Model([a, b], [Add(name="sum")([a, b]), Multiply(name="product")([a, b])])
    total, product = model.predict([A, B])
    np.testing.assert_allclose(total, A + B)
    np.testing.assert_allclose(product, A * B)
    np.testing.assert_allclose(model.predict({"b": B, "a": A})[0], A + B)
    assert model.input_names == ["a", "b"] and model.output_names == ["sum", "product"]
    assert model.input_shape == [(None, 3), (None, 3)]
    assert [layer.name for layer in model.layers] == ["a", "b", "sum", "product"]


def test_shared_layer_and_its_nodes() -> None:
    a, b = Input((3,)), Input((3,))
    shared = Dense(2, use_bias=False)
    first, second = shared(a), shared(b)
    model = Model([a, b], Concatenate()([first, second]))
    assert len(model.weights) == 1
    assert shared.get_output_at(0) is first and shared.get_output_at(1) is second
    assert shared.get_input_shape_at(1) == (None, 3) and shared.output_shape == (None, 2)
    with pytest.raises(AttributeError, match=r"output \(layer .*\): the layer has 2 calls with different values"):
        _ = shared.output
    kernel = shared.get_weights()[0]
    np.testing.assert_allclose(model.predict([A, B]), np.concatenate([A @ kernel, B @ kernel], 1), rtol=1e-5, atol=1e-6)


def test_operators_and_slices_between_layers_are_replayed_and_saved() -> None:
    i = Input((3,))
    h = Dense(3, use_bias=False)(i)
    model = Model(i, h * 2 + i[:, :1] - backend.tanh(h))
    kernel = model.get_weights()[0]
    expected = (A @ kernel) * 2 + A[:, :1] - np.tanh(A @ kernel)
    np.testing.assert_allclose(model.predict(A), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model(A).numpy(), expected, rtol=1e-5, atol=1e-5)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict(A), expected, rtol=1e-5, atol=1e-5)


def test_nested_and_cloned_models() -> None:
    i = Input((3,))
    inner = Model(i, Dense(2, activation="tanh")(i), name="inner")
    a, b = Input((3,)), Input((3,))
    model = Model([a, b], Add()([inner(a), inner(b)]))
    assert len(model.weights) == 2
    clone = clone_model(model)
    assert clone.weights[0] is not model.weights[0] and clone.name == model.name
    clone.set_weights(model.get_weights())
    np.testing.assert_allclose(clone.predict([A, B]), model.predict([A, B]), rtol=1e-6)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict([A, B]), model.predict([A, B]), rtol=1e-6)
    stack = clone_model(Sequential([Dense(2, input_shape=(3,)), Dropout(0.5)]))
    assert [type(layer).__name__ for layer in stack.layers] == ["Dense", "Dropout"]


def test_dicts_in_and_out() -> None:
    a, b = Input((3,), name="a"), Input((3,), name="b")
    model = Model({"a": a, "b": b}, {"sum": Add()([a, b]), "twice": a * 2})
    result = model.predict({"a": A, "b": B})
    assert sorted(result) == ["sum", "twice"]
    np.testing.assert_allclose(result["sum"], A + B)
    np.testing.assert_allclose(result["twice"], A * 2)


class Blocks(Model):
    """Layers in attributes, lists and dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Dense(4, activation="relu")
        self.rest = []
        self.rest.append(Dense(4))
        self.heads = {"out": Dense(2)}
        self.drop = Dropout(0.5)

    def call(self, inputs, training=None):
        x = self.first(inputs)
        for layer in self.rest:
            x = layer(x)
        return self.heads["out"](self.drop(x, training=training))


def test_subclass_tracks_layers_and_trains() -> None:
    model = Blocks()
    assert model.weights == [] and not model.built
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(A, A[:, :2], epochs=60, verbose=0, shuffle=False).history
    assert history["loss"][-1] < history["loss"][0]
    names = [w.name for w in model.weights]
    assert len(names) == 6 and all(name.startswith(f"{model.name}/dense") for name in names)
    assert [name.split("/")[-1] for name in names] == ["kernel:0", "bias:0"] * 3
    assert len(model.layers) == 4
    np.testing.assert_allclose(model.predict(A), model(A).numpy(), rtol=1e-5, atol=1e-6)
    assert model.metrics_names == ["loss", "mae"] and model.output_names == ["output_1"]


def test_subclass_built_by_shape() -> None:
    model = Blocks()
    model.build((None, 3))
    assert model.built and len(model.weights) == 6
    assert model.count_params() == 3 * 4 + 4 + 4 * 4 + 4 + 4 * 2 + 2


class Scale(Layer):
    """A custom layer with add_weight and add_loss."""

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        self.add_loss(backend.sum(backend.square(self.scale)) * 0.5)
        return inputs * self.scale


def test_custom_layer_with_a_loss() -> None:
    model = Sequential([Scale(input_shape=(3,), name="scale")])
    model.compile("sgd", "mse")
    assert model.evaluate(A, A, verbose=0) == pytest.approx(1.5)
    model.fit(A, A, epochs=1, verbose=0, batch_size=7)
    np.testing.assert_allclose(model.get_weights()[0], np.full(3, 0.99), rtol=1e-6)
    assert [w.name for w in model.weights] == ["scale/scale:0"]
    assert len(model.losses) == 1


def test_lambda_and_masking_stop() -> None:
    i = Input((3,))
    model = Model(i, Lambda(lambda x: backend.sum(x, axis=-1, keepdims=True) * 2)(i))
    np.testing.assert_allclose(model.predict(A), A.sum(1, keepdims=True) * 2, rtol=1e-5)


def two_outputs() -> Model:
    i = Input((4,), name="i")
    h = Dense(5, activation="tanh")(i)
    return Model({"given": i}, {"p": Dense(1, name="a")(h), "q": Dense(3, activation="softmax", name="b")(h)})


def test_dict_outputs_are_called_by_their_keys() -> None:
    x = np.linspace(-1, 1, 48, dtype=np.float32).reshape(12, 4)
    y, z = x[:, :1], np.arange(12) % 3
    by_key, by_name = two_outputs(), two_outputs()
    by_name.set_weights(by_key.get_weights())
    by_key.compile(
        "sgd",
        {"p": "mse", "q": "sparse_categorical_crossentropy"},
        metrics={"q": "acc", "p": ["mae"]},
        loss_weights={"p": 2.0, "q": 0.5},
    )
    by_name.compile(
        "sgd",
        {"a": "mse", "b": "sparse_categorical_crossentropy"},
        metrics={"b": "acc", "a": ["mae"]},
        loss_weights={"a": 2.0, "b": 0.5},
    )
    weights = np.linspace(0, 1, 12)
    first = by_key.fit({"given": x}, {"p": y, "q": z}, sample_weight={"p": weights}, shuffle=False, verbose=0).history
    second = by_name.fit({"i": x}, {"a": y, "b": z}, sample_weight={"a": weights}, shuffle=False, verbose=0).history
    assert first == second and list(first) == ["loss", "a_loss", "b_loss", "a_mae", "b_acc"]
    assert sorted(by_key.predict(x)) == ["p", "q"]


def test_outputs_without_a_loss_need_no_target() -> None:
    x = np.linspace(-1, 1, 48, dtype=np.float32).reshape(12, 4)
    model = two_outputs()
    model.compile("sgd", {"p": "mse"}, metrics={"p": "mae"})
    before = model.get_layer("b").get_weights()
    with pytest.warns(UserWarning, match="no gradient for b/kernel:0, b/bias:0; these weights stay as they are"):
        history = model.fit({"given": x}, {"p": x[:, :1]}, epochs=2, verbose=0, validation_split=0.25).history
    assert list(history) == ["loss", "a_loss", "a_mae", "val_loss", "val_a_loss", "val_a_mae"]
    assert history["loss"] == history["a_loss"] and history["loss"][1] < history["loss"][0]
    for a, b in zip(before, model.get_layer("b").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    first, second = (model.train_on_batch({"given": x}, {"p": x[:, :1]})[0] for _ in range(2))
    assert second < first
