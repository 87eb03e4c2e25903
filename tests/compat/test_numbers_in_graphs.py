"""Python that asks for numbers where a graph is made: layers and steps run on numbers, functions call numpy between."""

import subprocess
import sys

import numpy as np
import pytest

from nnstack import Input, layers
from nnstack import backend as K
from nnstack.backend.numbers import NumbersNeeded, fall_back_on_numbers, falls_back_on_numbers
from nnstack.compat.functions.arrays import boolean_mask, unique, where
from nnstack.models import Model, Sequential

X = np.random.RandomState(0).randn(12, 4).astype("float32")


@pytest.fixture
def fallback():
    fall_back_on_numbers(True)
    yield
    fall_back_on_numbers(False)


def test_rows_of_a_mask_in_a_function_and_their_gradient() -> None:
    x = K.placeholder((None, 4))
    chosen = boolean_mask(x, x[:, 0] > 0)
    rows, slope, count = K.function(
        [x], [chosen, K.gradients(K.sum(K.square(chosen)), [x])[0], K.shape(boolean_mask(x, x > 0))[0]]
    )([X])
    keep = X[:, 0] > 0
    np.testing.assert_array_equal(rows, X[keep])
    np.testing.assert_allclose(slope, 2 * X * keep[:, None], rtol=1e-6)
    assert count == (X > 0).sum()
    session = K.get_session().run({"places": where(x > 0)}, feed_dict={x: X})
    np.testing.assert_array_equal(session["places"], np.argwhere(X > 0))


def test_one_deferred_result_may_need_another() -> None:
    x = K.placeholder((None, 4))
    values, places = unique(boolean_mask(K.round(x), x > 0))
    got = K.function([x], [values, places, K.gather(values, places)])([X])
    wanted = np.round(X)[X > 0]
    np.testing.assert_array_equal(np.sort(got[0]), np.unique(wanted))
    np.testing.assert_array_equal(got[2], wanted)


def halve_large(x):
    while K.max(K.abs(x)) > 1:  # Python asks for a number
        x = x / 2
    return x


def test_a_layer_that_asks_for_numbers_trains_as_the_recorded_one(fallback) -> None:
    def make(function, **options):
        x = Input((4,))
        hidden = layers.Dense(3, activation="tanh", name="hidden")(x)
        out = layers.Dense(1, name="out")(layers.Lambda(function, **options)(hidden))
        model = Model(x, out)
        model.compile("adam", "mse", metrics=["mae"])
        return model

    asks = make(lambda z: z * 2.0 if float(K.sum(z)) < 1e9 else z)
    told = make(lambda z: z * 2.0)
    assert asks.layers[2].output.shape == (None, 3) and asks.run_eagerly and not told.run_eagerly
    told.set_weights(asks.get_weights())
    y = X.sum(axis=1)
    histories = [model.fit(X, y, epochs=3, batch_size=5, shuffle=False, verbose=0).history for model in (asks, told)]
    for name in ("loss", "mae"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-5)
    f = K.function([asks.input], [asks.output, asks.layers[2].output])
    np.testing.assert_allclose(f([X])[0], asks.predict(X, verbose=0), rtol=1e-6)
    made = make(halve_large, output_shape=(3,))
    assert made.predict(X * 9, verbose=0).shape == (12, 1)


def test_losses_and_steps_that_ask_for_numbers_run_on_them(fallback) -> None:
    def loss(y_true, y_pred):
        error = y_true - y_pred
        return K.mean(K.square(error)) if K.max(error) > -1e9 else K.mean(error)

    model = Sequential([layers.Dense(1, input_dim=4)])
    model.compile("sgd", loss)
    other = Sequential([layers.Dense(1, input_dim=4)])
    other.compile("sgd", "mse")
    other.set_weights(model.get_weights())
    y = X.sum(axis=1)
    one, two = (m.fit(X, y, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, other))
    np.testing.assert_allclose(one, two, rtol=1e-5)
    assert model.run_eagerly


def test_without_being_asked_it_is_an_error() -> None:
    assert not falls_back_on_numbers()
    with pytest.raises(NumbersNeeded):
        layers.Lambda(halve_large)(Input((4,)))
    with K.trace(), pytest.raises(NumbersNeeded, match="depends on numbers"):
        boolean_mask(K.placeholder((None, 4)), K.placeholder((None,)))


PROGRAM = """
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Input, Lambda, Conv2D
from keras.models import Model

def loss(args):  # the loop and the rows of YOLO's loss
    seen, true = args
    count = K.shape(seen)[0]
    found = tf.TensorArray(K.dtype(true), size=1, dynamic_size=True)
    def body(b, found):
        rows = tf.boolean_mask(true[b], true[b, ..., 0] > 0)
        return b + 1, found.write(b, K.sum(seen[b, :, :, 0]) * K.max(rows))
    _, found = K.control_flow_ops.while_loop(lambda b, *args: b < count, body, [0, found])
    return K.sum(found.stack()) / K.cast(count, "float32")

x, y = Input((None, None, 2)), Input((3, 3, 1))
out = Lambda(loss, output_shape=(1,), name="loss")([Conv2D(1, 1, use_bias=False)(x), y])
model = Model([x, y], out)
model.compile("sgd", {"loss": lambda y_true, y_pred: y_pred})
pictures, truth = np.ones((4, 3, 3, 2)), np.arange(36.).reshape(4, 3, 3, 1)
weight = model.get_weights()[0].sum()
first = model.train_on_batch([pictures, truth], np.zeros(4))
maxima = truth.reshape(4, 9).max(axis=1)
np.testing.assert_allclose(first, np.mean(9 * weight * maxima), rtol=1e-4)
np.testing.assert_allclose(model.get_weights()[0].sum(), weight - 0.01 * 2 * np.mean(9 * maxima), rtol=1e-4)
"""


def test_a_loop_over_a_batch_in_a_lambda(tmp_path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "nnstack", "run", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
