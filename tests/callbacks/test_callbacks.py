"""Callbacks: which hooks run when, what logs hold, and what each built-in callback does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import callbacks, optimizers
from nnstack.layers import Dense
from nnstack.models import Sequential, load_model

X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
Y = X.sum(1, keepdims=True)


def model_with(optimizer: Any = "sgd") -> Sequential:
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


class Recorder(callbacks.Callback):
    """Writes down every hook."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, Any]] = []

    def __init_subclass__(cls) -> None: ...


def _record(name: str) -> Any:
    def hook(self: Recorder, *args: Any, **kwargs: Any) -> None:
        first = args[0] if args and not isinstance(args[0], dict) else None
        self.calls.append((name, first))

    return hook


for phase in ("train", "test", "predict"):
    for moment in ("begin", "end"):
        setattr(Recorder, f"on_{phase}_{moment}", _record(f"{phase}_{moment}"))
        setattr(Recorder, f"on_{phase}_batch_{moment}", _record(f"{phase}_batch_{moment}"))
for moment in ("begin", "end"):
    setattr(Recorder, f"on_epoch_{moment}", _record(f"epoch_{moment}"))


def test_order_of_hooks() -> None:
    model, recorder = model_with(), Recorder()
    model.fit(X, Y, batch_size=10, verbose=0, callbacks=[recorder], validation_data=(X, Y))
    assert recorder.calls == [
        ("train_begin", None),
        ("epoch_begin", 0),
        ("train_batch_begin", 0),
        ("train_batch_end", 0),
        ("train_batch_begin", 1),
        ("train_batch_end", 1),
        ("test_begin", None),
        ("test_batch_begin", 0),
        ("test_batch_end", 0),
        ("test_batch_begin", 1),
        ("test_batch_end", 1),
        ("test_end", None),
        ("epoch_end", 0),
        ("train_end", None),
    ]
    recorder.calls.clear()
    model.predict(X, batch_size=10, callbacks=[recorder])
    assert recorder.calls == [
        ("predict_begin", None),
        ("predict_batch_begin", 0),
        ("predict_batch_end", 0),
        ("predict_batch_begin", 1),
        ("predict_batch_end", 1),
        ("predict_end", None),
    ]


def test_logs_are_plain_floats_and_running_means() -> None:
    seen: list[dict[str, Any]] = []

    class Logs(callbacks.Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(dict(logs))

    model = model_with()
    model.optimizer.learning_rate = 0.0
    history = model.fit(X, Y, batch_size=5, verbose=0, shuffle=False, callbacks=[Logs()]).history
    errors = (model.predict(X) - Y) ** 2
    assert [list(logs) for logs in seen] == [["loss", "mae"]] * 4
    assert all(type(value) is float for logs in seen for value in logs.values())
    np.testing.assert_allclose([logs["loss"] for logs in seen], [errors[:n].mean() for n in (5, 10, 15, 20)], rtol=1e-4)
    assert seen[-1]["loss"] == history["loss"][0]


def test_batch_hooks_do_not_change_the_numbers() -> None:
    results = []
    for watchers in ([], [Recorder()]):
        model = model_with("adam")
        model.set_weights([np.ones((3, 1)) / 2, np.zeros(1)])
        history = model.fit(X, Y, epochs=3, batch_size=6, shuffle=False, verbose=0, callbacks=watchers).history
        results.append((history["loss"], model.get_weights()[0]))
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_what_callbacks_add_to_logs_is_for_those_after_them() -> None:
    class Last(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            assert list(logs) == ["loss", "mae", "lr"]

        def on_train_end(self, logs: Any = None) -> None:
            self.told = dict(logs)

    last = Last()
    history = model_with().fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda _: 0.1), last])
    assert last.told == {"loss": history.history["loss"][0], "mae": history.history["mae"][0]}


def test_data_that_end_early_are_no_wish_to_stop() -> None:
    model = model_with()
    with pytest.warns(UserWarning, match="the data ran out after 1 of 2 batches in epoch 2"):
        history = model.fit(((X[i : i + 5], Y[i : i + 5]) for i in (0, 5, 10)), steps_per_epoch=2, epochs=4, verbose=0)
    assert history.epoch == [0, 1] and not model.stop_training


def test_lambda_callback() -> None:
    seen: list[Any] = []
    hooks = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(epoch),
        on_batch_end=lambda batch, logs: seen.append(("batch", batch)),
        on_test_begin=lambda logs: seen.append("test"),
    )
    model_with().fit(X, Y, batch_size=10, verbose=0, callbacks=[hooks], validation_data=(X, Y))
    assert seen == [0, ("batch", 0), ("batch", 1), "test"]
    with pytest.raises(TypeError, match="no hook is called 'on_nothing'"):
        callbacks.LambdaCallback(on_nothing=print)


def test_stop_training_in_a_batch_hook() -> None:
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    model = model_with()
    history = model.fit(X, Y, epochs=5, batch_size=4, verbose=0, callbacks=[Stop()])
    assert len(history.history["loss"]) == 1 and int(model.optimizer.iterations.numpy()) == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_terminate_on_nan_stops_at_the_batch(bad: float, capsys: pytest.CaptureFixture[str]) -> None:
    x = X.copy()
    x[5] = bad
    model = model_with()
    stop = [callbacks.TerminateOnNaN()]
    history = model.fit(x, Y, epochs=5, batch_size=2, shuffle=False, verbose=0, callbacks=stop)
    assert len(history.history["loss"]) == 1
    assert int(model.optimizer.iterations.numpy()) == 3
    assert capsys.readouterr().out == "Batch 2: Invalid loss, terminating training\n"


def test_early_stopping_restores_the_best_weights() -> None:
    model = model_with()
    values = iter([3.0, 1.0, 2.0, 2.5, 2.6])
    weights: list[Any] = []

    class Fake(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["score"] = next(values)
            weights.append(self.model.get_weights()[0])

    stop = callbacks.EarlyStopping("score", patience=2, restore_best_weights=True, mode="min")
    history = model.fit(X, Y, epochs=10, verbose=0, callbacks=[Fake(), stop])
    assert len(history.history["loss"]) == 4 and stop.stopped_epoch == 3 and stop.best_epoch == 1
    np.testing.assert_array_equal(model.get_weights()[0], weights[1])
    assert history.history["score"] == [3.0, 1.0, 2.0, 2.5]

    values, weights = iter([3.0, 1.0, 2.0]), []  # also where the epochs end before patience does
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[Fake(), stop])
    assert stop.stopped_epoch == 0 and not model.stop_training
    np.testing.assert_array_equal(model.get_weights()[0], weights[1])
    with pytest.warns(UserWarning, match="EarlyStopping: 'nothing' is not in the logs; they hold loss, mae"):
        model.fit(X, Y, verbose=0, callbacks=[callbacks.EarlyStopping("nothing")])


def test_model_checkpoint_per_epoch_best_and_per_batches(tmp_path: Path) -> None:
    model = model_with()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.ModelCheckpoint(tmp_path / "e{epoch:02d}-{loss:.3f}.h5")])
    saved = sorted(path.name for path in tmp_path.iterdir())
    assert len(saved) == 2 and saved[0].startswith("e01-") and saved[1].startswith("e02-")
    np.testing.assert_array_equal(load_model(tmp_path / saved[1]).get_weights()[0], model.get_weights()[0])

    values = iter([2.0, 1.0, 3.0])
    fake = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(score=next(values)))
    best = callbacks.ModelCheckpoint(
        tmp_path / "best{epoch}.weights.h5", "score", save_best_only=True, save_weights_only=True
    )
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[fake, best])
    assert sorted(path.name for path in tmp_path.glob("best*")) == ["best1.weights.h5", "best2.weights.h5"]
    assert best.best == 1.0

    counts: list[int] = []
    every = callbacks.ModelCheckpoint(tmp_path / "b.h5", save_freq=3)
    every._save = lambda epoch, logs, batch: counts.append(epoch * 4 + batch + 1)  # type: ignore[method-assign]
    model.fit(X, Y, epochs=3, batch_size=5, verbose=0, callbacks=[every])
    assert counts == [3, 6, 9, 12]


def test_csv_logger(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    model = model_with()
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.CSVLogger(path)]).history
    model.fit(X, Y, epochs=3, initial_epoch=2, verbose=0, callbacks=[callbacks.CSVLogger(path, append=True)])
    lines = path.read_bytes().decode().split("\r\n")
    assert lines[0] == "epoch,loss,mae,val_loss,val_mae" and lines[3].startswith("2,") and lines[4:] == [""]
    assert lines[1] == f"0,{history['loss'][0]},{history['mae'][0]},NA,NA"


def test_learning_rate_callbacks() -> None:
    model = model_with()
    history = model.fit(
        X, Y, epochs=3, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch, rate: 0.1 * 0.5**epoch)]
    ).history
    assert history["lr"] == pytest.approx([0.1, 0.05, 0.025])
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(0.025)
    plateau = callbacks.ReduceLROnPlateau("score", factor=0.5, patience=2, min_lr=0.02)
    fake = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(score=1.0))
    model.optimizer.learning_rate = 0.1
    rates = model.fit(X, Y, epochs=8, verbose=0, callbacks=[fake, plateau]).history["lr"]
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.02])
    with pytest.raises(ValueError, match="ReduceLROnPlateau: expected a factor below 1, got 1.5"):
        callbacks.ReduceLROnPlateau(factor=1.5)


def test_quiet_batches_run_together() -> None:
    """Without batch hooks fit makes one native call per epoch; a callback that needs every 4th batch cuts it there."""
    model = model_with()
    model.fit(X, Y, batch_size=1, verbose=0)
    step = next(step for key, step in model._steps.items() if key[0] == "train")
    counts: list[int] = []
    original = step.run_steps

    def counting(arrays: Any, order: Any, first: int, batch: int, steps: int) -> int:
        done = original(arrays, order, first, batch, steps)
        counts.append(done)
        return done

    step.run_steps = counting
    model.fit(X, Y, batch_size=1, epochs=2, verbose=0)
    assert counts == [20, 20]

    class Fourth(callbacks.Callback):
        seen: list[int] = []

        def batches_until_needed(self, batch: int) -> int:
            return 3 - batch % 4

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seen.append(batch)

    counts.clear()
    model.fit(X, Y, batch_size=1, verbose=0, callbacks=[Fourth()])
    assert counts == [3, 1] * 5 and Fourth.seen == [3, 7, 11, 15, 19]


def test_rates_are_multiplied_in_their_own_type() -> None:
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile(optimizers.SGD(1e-4), "mse")
    callback = callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=1e9)
    rates = model.fit(X, Y, epochs=5, verbose=0, callbacks=[callback]).history["lr"]
    expected = [np.float32(1e-4)]
    for _ in range(3):
        expected.append(expected[-1] * np.float32(0.1))
    assert sorted(set(rates), reverse=True) == [float(rate) for rate in expected]


def test_hooks_of_a_list_get_logs_though_the_caller_gives_none() -> None:
    seen: list[Any] = []
    watch = callbacks.LambdaCallback(
        on_train_begin=lambda logs: seen.append(logs),
        on_epoch_begin=lambda epoch, logs: seen.append((epoch, logs)),
        on_epoch_end=lambda epoch, logs: seen.append((epoch, logs)),
    )
    watchers = callbacks.CallbackList([watch], model=model_with())
    watchers.on_train_begin()
    watchers.on_epoch_begin(3)
    watchers.on_epoch_end(epoch=3, logs={"loss": 0.5})
    assert seen == [{}, (3, {}), (3, {"loss": 0.5})]
