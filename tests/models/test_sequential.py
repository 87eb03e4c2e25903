"""Building Sequential models: with and without a known shape, growing, shrinking, nesting, naming."""

import numpy as np
import pytest

import nnstack
from nnstack import backend
from nnstack.layers import Activation, Dense, Dropout, Flatten, Input, InputLayer
from nnstack.models import Model, Sequential

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    backend.clear_session()


@pytest.mark.parametrize(
    "first",
    [
        lambda: [Dense(2, input_shape=(4,))],
        lambda: [Dense(2, input_dim=4)],
        lambda: [Dense(2, batch_input_shape=(None, 4))],
        lambda: [Input((4,)), Dense(2)],
        lambda: [InputLayer((4,)), Dense(2)],
        lambda: [InputLayer(batch_input_shape=(None, 4)), Dense(2)],
    ],
)
def test_ways_to_say_the_shape(first) -> None:
    model = Sequential([*first(), Dense(3)])
    assert model.built and len(model.weights) == 4
    assert model.input_shape == (None, 4) and model.output_shape == (None, 3)
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]


def test_weights_grow_layer_by_layer() -> None:
    model = Sequential()
    assert model.weights == [] and not model.built
    model.add(Dense(8, input_shape=(16,)))
    assert [w.shape for w in model.weights] == [(16, 8), (8,)]
    model.add(Dense(4))
    assert len(model.weights) == 4 and model.count_params() == 16 * 8 + 8 + 8 * 4 + 4
    assert [w.name for w in model.weights] == ["dense/kernel:0", "dense/bias:0", "dense_1/kernel:0", "dense_1/bias:0"]


def test_batch_size_is_kept() -> None:
    model = Sequential([Dense(2, input_shape=(4,), batch_size=3)])
    assert model.input_shape == (3, 4)
    assert model.predict(X).shape == (6, 2)
    with pytest.raises(
        ValueError, match="fixed batch size 3, so the number of samples must be a multiple of it; got 4"
    ):
        model.predict(X[:4])


@pytest.mark.parametrize("build", [
    lambda m: m.build((None, 4)), lambda m: m(X), lambda m: m.predict(X), lambda m: m.predict_on_batch(X),
    lambda m: m.fit(X, X, verbose=0), lambda m: m.evaluate(X, X, verbose=0), lambda m: m.train_on_batch(X, X),
    lambda m: m.fit(iter([(X, X)]), verbose=0),
])  # fmt: skip
def test_delayed_build(build) -> None:
    model = Sequential([Dense(3), Dense(4)])
    model.compile("sgd", "mse")
    assert model.weights == [] and not model.built
    build(model)
    assert model.built and [w.shape for w in model.weights] == [(4, 3), (3,), (3, 4), (4,)]
    assert [w.name for w in model.weights][0] == "dense/kernel:0"
    assert model.output_shape == (None, 4)
    assert model.predict(X).shape == (6, 4)


def test_pop_rewires_the_output() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(2), Activation("relu")])
    hidden = model.predict(X)
    model.pop()
    model.pop()
    assert model.output_shape == (None, 3) and len(model.weights) == 2
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(X), X @ kernel + bias, rtol=1e-5, atol=1e-6)
    model.add(Dense(5))
    assert model.predict(X).shape == (6, 5) and hidden.shape == (6, 2)
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((6, 5)), verbose=0)


def test_the_numbers_of_a_small_model() -> None:
    model = Sequential([Dense(2, activation="relu", input_shape=(2,)), Dense(1)])
    model.set_weights([np.array([[1, -1], [2, 1]]), np.array([0, 1]), np.array([[1], [10]]), np.array([0.5])])
    np.testing.assert_allclose(model.predict(np.array([[1.0, 1.0], [-1.0, 0.0]])), [[13.5], [20.5]])
    np.testing.assert_allclose(model(np.array([[1.0, 1.0]], np.float32)).numpy(), [[13.5]])


def test_nested_models() -> None:
    inner = Sequential([Dense(3, input_shape=(4,)), Flatten()], name="inner")
    model = Sequential([inner, Dense(2)])
    assert model.input_shape == (None, 4) and len(model.weights) == 4
    assert [layer.name for layer in model.layers] == ["inner", "dense_1"]
    a, b, c, d = model.get_weights()
    np.testing.assert_allclose(model.predict(X), (X @ a + b) @ c + d, rtol=1e-5, atol=1e-5)
    deferred = Sequential([Sequential([Dense(3)]), Dense(2)])
    deferred.build((None, 4))
    assert len(deferred.weights) == 4 and deferred.predict(X).shape == (6, 2)


def test_a_layer_shared_by_two_models_keeps_its_weights() -> None:
    layer = Dense(3, input_shape=(4,))
    first, second = Sequential([layer]), Sequential([layer, Dense(1)])
    assert first.weights[0] is second.weights[0]
    first.set_weights([np.ones((4, 3)), np.zeros(3)])
    np.testing.assert_allclose(second.layers[0].get_weights()[0], np.ones((4, 3)))


def test_several_outputs_are_refused() -> None:
    i = Input((4,))
    two = Model(i, [Dense(2)(i), Dense(3)(i)], name="two")
    with pytest.raises(ValueError, match='layer "two" has 2 outputs; a Sequential takes layers with one'):
        Sequential([Dense(4, input_shape=(4,)), two])


def test_trainable_at_every_level_is_taken_at_compile() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(2)])
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 2 and len(model.non_trainable_weights) == 2
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, np.ones((6, 2)), verbose=0)
    after = model.get_weights()
    assert np.array_equal(before[0], after[0]) and not np.array_equal(before[2], after[2])
    model.trainable = False
    assert model.trainable_weights == [] and len(model.non_trainable_weights) == 4
    model.trainable = True
    assert len(model.trainable_weights) == 4
    with pytest.warns(UserWarning, match=r"2 were trainable at compile\(\), 4 are now"):
        model.fit(X, np.ones((6, 2)), verbose=0)  # the new setting waits for compile
    assert np.array_equal(before[0], model.get_weights()[0])
    model.compile("sgd", "mse")
    model.fit(X, np.ones((6, 2)), verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_calls_on_tensors_and_arrays_agree() -> None:
    model = Sequential([Dense(3, activation="tanh", input_shape=(4,)), Dropout(0.5)])
    i = Input((4,))
    outer = Model(i, model(i))
    np.testing.assert_allclose(model(X).numpy(), outer.predict(X), rtol=1e-6)
    np.testing.assert_allclose(model.predict(X), outer.predict(X), rtol=1e-6)
    assert (model(X, training=True).numpy() == 0).any() and not (model(X, training=False).numpy() == 0).any()


def test_predict_classes_and_proba() -> None:
    model = Sequential([Dense(3, activation="softmax", input_shape=(4,))])
    np.testing.assert_array_equal(model.predict_classes(X), model.predict(X).argmax(-1))
    np.testing.assert_array_equal(model.predict_proba(X), model.predict(X))
    single = Sequential([Dense(1, activation="sigmoid", input_shape=(4,))])
    np.testing.assert_array_equal(single.predict_classes(X), (single.predict(X) > 0.5).astype("int32"))


def test_names_skip_those_the_user_gave() -> None:
    model = Sequential(
        [Dense(1, input_shape=(4,), name="dense"), Dense(1), Dense(1, name="dense_3"), Dense(1), Dense(1)]
    )
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "dense_3", "dense_2", "dense_4"]
    assert Sequential().name == "sequential_1" and Input((1,)).name == "input_1"


def test_public_names() -> None:
    assert nnstack.Sequential is Sequential and nnstack.models.Sequential is Sequential and nnstack.Model is Model
    assert nnstack.layers.Dense is Dense and "Sequential" in dir(nnstack)
    with pytest.raises(AttributeError, match="module 'nnstack' has no attribute 'nope'"):
        _ = nnstack.nope
