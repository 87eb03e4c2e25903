"""fit, evaluate, predict: epochs, batches, weights, validation, streams, logs."""

import warnings

import numpy as np
import pytest
from linear_model import RNG, X, Y, by_hand, linear

from nnstack import backend, callbacks, optimizers, utils
from nnstack.layers import Dense, Dropout
from nnstack.models import Sequential


@pytest.mark.parametrize("batch", [1, 7, 23, 32])
def test_steps_and_epoch_means_with_a_short_last_batch(batch: int) -> None:
    model = linear()
    history = model.fit(X, Y, epochs=3, batch_size=batch, shuffle=False, verbose=0)
    kernel, bias, losses = by_hand(X, Y, 3, batch)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-3, atol=1e-6)
    assert history.epoch == [0, 1, 2] and history.params["epochs"] == 3
    assert history.params["steps"] == -(-23 // batch)


def test_sample_weight_class_weight_and_both() -> None:
    weights = RNG.uniform(0, 2, 23)
    model = linear()
    history = model.fit(X, Y, epochs=2, batch_size=5, shuffle=False, verbose=0, sample_weight=weights)
    kernel, _, losses = by_hand(X, Y, 2, 5, weights=weights)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-3, atol=1e-6)

    labels = np.arange(23) % 2
    by_class = np.where(labels == 1, 3.0, 0.5)
    y = labels[:, None].astype(np.float32)
    for extra, total in ((None, by_class), (weights, by_class * weights)):
        model = linear()
        history = model.fit(
            X, y, batch_size=5, shuffle=False, verbose=0, class_weight={0: 0.5, 1: 3.0}, sample_weight=extra
        )
        np.testing.assert_allclose(history.history["loss"], by_hand(X, y, 1, 5, weights=total)[2], rtol=1e-4)


def test_class_weight_of_one_hot_rows_equals_that_of_labels() -> None:
    labels = np.arange(23) % 3
    losses = []
    for loss, y in (("sparse_categorical_crossentropy", labels), ("categorical_crossentropy", np.eye(3)[labels])):
        model = Sequential([Dense(3, activation="softmax", input_shape=(3,), kernel_initializer="ones")])
        model.compile("sgd", loss)
        losses.append(model.fit(X, y, verbose=0, shuffle=False, class_weight={0: 1, 1: 2, 2: 5}).history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_validation_split_is_the_last_part_and_never_trained_on() -> None:
    x, y = X.copy(), Y.copy()
    x[18:], y[18:] = np.nan, np.nan  # training on one of these rows would show
    model = linear()
    history = model.fit(x, y, epochs=2, batch_size=4, validation_split=0.2, verbose=0).history
    assert np.isfinite(history["loss"]).all() and np.isnan(history["val_loss"]).all()
    model = linear()
    history = model.fit(X, Y, epochs=1, validation_split=0.25, verbose=0, shuffle=False).history
    kernel, bias, _ = by_hand(X[:17], Y[:17], 1, 32)
    np.testing.assert_allclose(history["val_loss"], [((X[17:] @ kernel + bias - Y[17:]) ** 2).mean()], rtol=1e-4)


def test_validation_data_wins_and_its_frequency() -> None:
    model = linear()
    history = model.fit(
        X, Y, epochs=5, validation_split=0.5, validation_data=(X[:4], Y[:4]), validation_freq=2, verbose=0
    )
    assert len(history.history["loss"]) == 5 and len(history.history["val_loss"]) == 2
    assert history.params["steps"] == 1  # all 23 samples are trained on
    history = linear().fit(X, Y, epochs=5, validation_data=(X, Y, np.ones(23)), validation_freq=[1, 5], verbose=0)
    assert len(history.history["val_loss"]) == 2


def test_initial_epoch_counts_on() -> None:
    history = linear().fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


def test_shuffle_uses_every_row_once_and_follows_the_seed() -> None:
    results = []
    for seed in (7, 7, 8):
        utils.set_random_seed(seed)
        model = linear()
        model.fit(X, Y, epochs=2, batch_size=4, verbose=0)
        results.append(model.get_weights()[0])
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
    model = linear()
    model.optimizer.learning_rate = 0.0
    for shuffle in (True, "batch", False):  # without steps the mean loss does not depend on the order
        loss = model.fit(X, Y, batch_size=4, shuffle=shuffle, verbose=0).history["loss"][0]
        assert loss == pytest.approx(float((Y**2).mean()), rel=1e-5)


def test_steps_per_epoch_goes_on_through_the_data() -> None:
    model = linear()
    history = model.fit(X, Y, epochs=4, batch_size=6, steps_per_epoch=2, verbose=0)
    kernel, _, _ = by_hand(X, Y, 2, 6)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-3, atol=1e-6)
    assert len(history.history["loss"]) == 4
    with pytest.warns(UserWarning, match="the data ran out after 4 of 10 batches in epoch 1; training stops"):
        linear().fit(X, Y, batch_size=6, steps_per_epoch=10, verbose=0)


def test_evaluate_and_its_forms() -> None:
    model = linear(metrics=["mae"])
    expected = [float((Y**2).mean()), float(np.abs(Y).mean())]
    assert model.evaluate(X, Y, verbose=0, batch_size=5) == pytest.approx(expected, rel=1e-5)
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == pytest.approx(
        {"loss": expected[0], "mae": expected[1]}, rel=1e-5
    )
    assert linear().evaluate(X, Y, verbose=0) == pytest.approx(expected[0], rel=1e-5)
    assert model.metrics_names == ["loss", "mae"]
    assert model.evaluate(X, Y, verbose=0, batch_size=5, steps=1)[0] == pytest.approx(
        float((Y[:5] ** 2).mean()), rel=1e-5
    )


def test_on_batch_methods_and_running_metrics() -> None:
    model = linear(metrics=["mae"])
    model.optimizer.learning_rate = 0.0
    first = model.train_on_batch(X[:5], Y[:5])
    assert first == pytest.approx([float((Y[:5] ** 2).mean()), float(np.abs(Y[:5]).mean())], rel=1e-5)
    model.train_on_batch(X[:5], Y[:5])
    both = model.train_on_batch(X[5:], Y[5:], reset_metrics=False)
    assert both[0] == pytest.approx(float((Y**2).mean()), rel=1e-5)
    assert model.test_on_batch(X, Y, return_dict=True)["mae"] == pytest.approx(float(np.abs(Y).mean()), rel=1e-5)
    assert int(model.optimizer.iterations.numpy()) == 3


def test_predict_forms() -> None:
    model = Sequential([Dense(4, activation="relu", input_shape=(3,)), Dense(2)])
    a, b, c, d = model.get_weights()
    expected = np.maximum(X @ a + b, 0) @ c + d
    for result in (
        model.predict(X),
        model.predict(X, batch_size=4),
        model.predict(X.astype(np.float64)),
        model.predict(X.tolist()),
        model.predict(np.asfortranarray(X)),
        model.predict_on_batch(X),
        model.predict(iter([X[:9], X[9:]])),
        model.predict(X, batch_size=5, verbose=0, callbacks=[callbacks.Callback()]),
        model(X).numpy(),
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    assert model.predict(X, batch_size=5, steps=2).shape == (10, 2)
    one = model.predict_on_batch(X[:1])
    np.testing.assert_allclose(model.predict_on_batch(X[:1]), one)
    assert model.predict_on_batch(X[:3]).shape == (3, 2)


def test_predict_on_batch_sees_new_weights() -> None:
    model = linear()
    np.testing.assert_array_equal(model.predict_on_batch(X), np.zeros((23, 1)))
    np.testing.assert_array_equal(model.predict_on_batch(X), np.zeros((23, 1)))
    model.set_weights([np.ones((3, 1)), np.ones(1)])
    np.testing.assert_allclose(model.predict_on_batch(X), X.sum(1, keepdims=True) + 1, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_eager_gives_the_numbers_of_the_compiled_run(optimizer: str) -> None:
    results = []
    for eager in (False, True):
        utils.set_random_seed(3)
        model = Sequential(
            [Dense(5, activation="tanh", input_shape=(3,), kernel_regularizer="l2"), Dropout(0.3), Dense(1)]
        )
        model.compile(optimizer, "mse", metrics=["mae"], run_eagerly=eager)
        assert model.run_eagerly is eager
        history = model.fit(X, Y, epochs=3, batch_size=6, verbose=0, validation_data=(X, Y))
        results.append((history.history, model.get_weights(), model.predict(X)))
    for name in results[0][0]:
        np.testing.assert_allclose(results[0][0][name], results[1][0][name], rtol=1e-5)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(results[0][2], results[1][2], rtol=1e-4, atol=1e-6)


def test_target_kinds() -> None:
    model = Sequential([Dense(2, activation="softmax", input_shape=(3,))])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    labels = np.arange(23) % 2
    model.optimizer.learning_rate = 0.0
    values = [
        model.evaluate(X, y, verbose=0)
        for y in (
            labels,
            labels[:, None],
            labels.astype(np.uint8),
            labels.astype(np.float32),
            labels == 1,
            labels.tolist(),
        )
    ]
    for value in values[1:]:
        assert value == pytest.approx(values[0], rel=1e-6)


def test_no_warning_and_no_output_when_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        linear().fit(X, Y, epochs=2, verbose=0, validation_split=0.2)
    assert capsys.readouterr().out == ""


def test_lines_of_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    model = linear(metrics=["mae"])
    model.fit(X, Y, epochs=2, verbose=2, validation_data=(X, Y))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2" and lines[2] == "Epoch 2/2" and len(lines) == 4
    assert lines[1].startswith("1/1 - 0s - loss: ") and "/epoch - " in lines[1] and lines[1].endswith("/step")
    assert " - mae: " in lines[1] and " - val_loss: " in lines[1] and " - val_mae: " in lines[1]
    model.fit(X, Y, batch_size=8, verbose=1)
    line = capsys.readouterr().out
    assert (
        line.startswith("3/3 [==============================] - 0s ")
        and "/step - loss: " in line
        and line.endswith("\n")
    )
    model.evaluate(X, Y)
    assert capsys.readouterr().out.startswith("1/1 [==============================] - ")


def test_validation_steps_begin_at_the_first_row_in_every_epoch() -> None:
    model = linear(optimizers.SGD(0.0))
    history = model.fit(
        X, Y, epochs=3, verbose=0, validation_data=(X, Y), validation_steps=2, validation_batch_size=4
    ).history
    first = model.evaluate(X[:8], Y[:8], verbose=0, batch_size=4)
    assert history["val_loss"] == pytest.approx([first] * 3, rel=1e-6)


def test_loss_functions_that_give_one_number() -> None:
    def largest(y_true, y_pred):
        return backend.max(backend.abs(y_true - y_pred))

    model = linear()
    error = np.abs(model.predict(X) - Y.reshape(len(Y), -1)).max()
    model.compile("sgd", largest)
    assert model.test_on_batch(X, Y) == pytest.approx(error, rel=1e-6)
    assert model.test_on_batch(X, Y, sample_weight=np.full(len(X), 0.5)) == pytest.approx(error / 2, rel=1e-6)


def test_one_metric_without_a_list() -> None:
    model = linear()
    model.compile("sgd", "mse", metrics="mae")
    assert list(model.fit(X, Y, verbose=0).history) == ["loss", "mae"]


@pytest.mark.parametrize("dtype", ["float16", "longdouble", "int8", "uint8", "bool", ">f4"])
def test_numbers_of_every_kind(dtype) -> None:
    x = np.asarray(X > 0).astype(dtype)
    model, plain = linear(), linear()
    history = model.fit(x, Y.astype("float16"), epochs=2, verbose=0, shuffle=False).history
    assert (
        history
        == plain.fit(
            x.astype("float32"), Y.astype("float16").astype("float32"), epochs=2, verbose=0, shuffle=False
        ).history
    )
    np.testing.assert_array_equal(model.predict(x), plain.predict(x.astype("float32")))
    np.testing.assert_array_equal(model.predict_on_batch(x), plain.predict(x.astype("float32")))
