"""What compile() fixes: trainable flags, names of metrics, what callbacks are told."""

from typing import Any

import numpy as np
import pytest

from nnstack import backend as K
from nnstack.callbacks import Callback
from nnstack.layers import Dense, Layer
from nnstack.models import Input, Model, Sequential, clone_model

X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
Y = X[:, :1] * 2


def test_flags_set_between_compile_and_the_first_step_wait() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(1)])
    model.compile("sgd", "mse")
    model.layers[0].trainable = False
    before = model.get_weights()
    with pytest.warns(UserWarning, match=r"fit .*4 were trainable at compile\(\), 2 are now"):
        model.fit(X, Y, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])
    assert not model.layers[0].trainable  # the user's own setting stands
    model.fit(X, Y, verbose=0)  # told once
    model.train_on_batch(X[:3], Y[:3])


@pytest.mark.parametrize("eager", [False, True])
def test_two_models_share_layers_with_other_flags(eager: bool) -> None:
    """The way GANs are written: the judge learns by itself, and is fixed inside the whole."""
    judge = Sequential([Dense(3, activation="tanh", input_shape=(4,)), Dense(1)], name="judge")
    judge.compile("sgd", "mse", run_eagerly=eager)
    judge.trainable = False
    maker = Dense(4, name="maker")
    noise = Input((4,))
    whole = Model(noise, judge(maker(noise)))
    whole.compile("sgd", "mse", run_eagerly=eager)
    start = judge.get_weights(), maker.get_weights()
    whole.train_on_batch(X, Y)
    np.testing.assert_array_equal(judge.get_weights()[0], start[0][0])
    assert not np.array_equal(maker.get_weights()[0], start[1][0])
    made = maker.get_weights()
    with pytest.warns(UserWarning, match="train_on_batch .*did not|discrepancy"):
        judge.train_on_batch(X, Y)
    assert not np.array_equal(judge.get_weights()[0], start[0][0])
    np.testing.assert_array_equal(maker.get_weights()[0], made[0])


def test_names_are_known_before_the_first_batch() -> None:
    i = Input((4,))
    model = Model(i, [Dense(1, name="out")(i), Dense(3, name="out_1", activation="softmax")(i)])
    model.compile(
        "sgd",
        ["mse", "sparse_categorical_crossentropy"],
        metrics=[["mae", "acc"], ["acc"]],
        weighted_metrics=[["mae"], None],
    )
    names = ["loss", "out_loss", "out_1_loss", "out_mae", "out_acc", "out_weighted_mae", "out_1_acc"]
    assert model.metrics_names == names
    logs = model.train_on_batch(X, [Y, np.arange(12) % 3], return_dict=True)
    assert sorted(logs) == sorted(names) == sorted(model.metrics_names)
    assert logs["out_1_acc"] == np.mean(model.predict(X)[1].argmax(-1) == 0) or 0 <= logs["out_1_acc"] <= 1


def test_weighted_twin_of_a_metric() -> None:
    model = Sequential([Dense(1, input_shape=(4,), kernel_initializer="zeros")])
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mae"])
    weights = np.arange(12.0)
    logs = model.test_on_batch(X, Y, sample_weight=weights, return_dict=True)
    assert list(logs) == ["loss", "mae", "weighted_mae"]
    assert logs["mae"] == pytest.approx(np.abs(Y).mean(), rel=1e-5)
    assert logs["weighted_mae"] == pytest.approx(np.average(np.abs(Y[:, 0]), weights=weights), rel=1e-5)


def test_callbacks_are_told_the_names() -> None:
    class Look(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.seen = dict(self.params)

    look = Look()
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=5, epochs=2, verbose=0, callbacks=[look], validation_data=(X, Y))
    assert look.seen == {
        "verbose": 0,
        "epochs": 2,
        "steps": 3,
        "samples": 12,
        "batch_size": 5,
        "do_validation": True,
        "metrics": ["loss", "mae", "val_loss", "val_mae"],
    }


class TwiceTheError(Model):
    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
        return K.mean(K.square(y - y_pred)) * 2.0


def test_logs_show_an_overridden_loss() -> None:
    i = Input((4,))
    model = TwiceTheError(i, Dense(1, kernel_initializer="zeros")(i))
    model.compile("sgd")
    history = model.fit(X, Y, batch_size=12, epochs=2, verbose=0).history["loss"]
    assert history[0] == pytest.approx(2 * np.square(Y).mean(), rel=1e-5) and history[1] < history[0]


def test_forgotten_init_is_told_when_the_first_layer_is_set() -> None:
    class Forgetful(Model):
        def __init__(self) -> None:
            self.parts = [Dense(1)]

    class ForgetfulLayer(Layer):
        def __init__(self) -> None:
            self.inner = Dense(1)

    for kind in (Forgetful, ForgetfulLayer):
        with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\) was not called. Call it first"):
            kind()


class Counting(Layer):
    def build(self, input_shape: Any) -> None:
        self.count = self.add_weight(name="count", shape=(), initializer="zeros", trainable=False)

    def call(self, inputs: Any, training: Any = None) -> Any:
        self.add_update(self.count.assign_add(1.0))
        return inputs


def test_updates_are_those_of_one_call_and_run_once_a_step() -> None:
    counting = Counting()
    model = Sequential([Dense(1, input_shape=(4,)), counting])
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=5, epochs=2, verbose=0)
    assert float(counting.count.numpy()) == 6.0 and len(model.updates) == 1 == len(model.state_updates)


def test_clone_on_given_tensors() -> None:
    model = Sequential([Dense(3, input_shape=(4,)), Dense(1)])
    i = Input((4,), name="mine")
    for source in (model, Model(model.inputs, model.outputs)):
        copy = clone_model(source, input_tensors=i)
        assert copy.input_names == ["mine"] and copy.inputs[0] is i
        copy.set_weights(model.get_weights())
        np.testing.assert_allclose(copy.predict(X), model.predict(X), rtol=1e-6)
    with pytest.raises(ValueError, match="expected 1 input_tensors, got 2"):
        clone_model(model, input_tensors=[i, Input((4,))])


def test_steps_per_execution_is_taken_and_checked() -> None:
    model = Sequential([Dense(1, input_shape=(4,))])
    for value in (None, 1, 7, "auto"):
        model.compile("sgd", "mse", steps_per_execution=value)
        assert len(model.fit(X, Y, batch_size=5, verbose=0).history["loss"]) == 1
    with pytest.raises(ValueError, match="steps_per_execution of at least 1, got 0"):
        model.compile("sgd", "mse", steps_per_execution=0)


class Own(Model):
    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        y_pred = self(x, training=True)
        self.compiled_loss(y, y_pred)
        self.compiled_metrics.update_state(y, y_pred)
        return self.get_metrics_result()


def test_results_of_metrics_in_a_step_of_ones_own() -> None:
    i = Input((4,))
    model = Own(i, Dense(1, kernel_initializer="zeros")(i))
    model.compile("sgd", "mse", metrics=["mae"])
    logs = model.fit(X, Y, batch_size=12, verbose=0).history
    assert logs["mae"] == pytest.approx([np.abs(Y).mean()], rel=1e-5)
    assert {name: float(value) for name, value in model.get_metrics_result().items()} == pytest.approx(
        {"loss": logs["loss"][0], "mae": logs["mae"][0]}
    )
