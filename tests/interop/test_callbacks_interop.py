"""Hooks, their order and logs, History, CSV lines and weights of runs drawn at random, as the real tf_keras has them.

NNSTACK_CALLBACK_DRAWS=200 draws so many; four otherwise.
"""

import itertools
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack

DRAWS = int(os.environ.get("NNSTACK_CALLBACK_DRAWS", "4"))
PHASES = ("train", "test", "predict")
HOOKS = [f"on_{phase}{part}_{end}" for phase in PHASES for part in ("", "_batch") for end in ("begin", "end")]


def recorder(k: Any, events: list[Any], stop_after: int | None) -> Any:
    """A callback that writes down every hook and stops training at one of them."""

    def hook(name: str) -> Any:
        def note(self: Any, *given: Any, logs: Any = None) -> None:
            *place, logs = given if logs is None else (*given, logs)
            numbers = {key: float(value) for key, value in (logs or {}).items() if key != "outputs"}
            events.append((name, *map(int, place), numbers))
            if stop_after == len(events):
                self.model.stop_training = True

        return note

    names = [*HOOKS, "on_epoch_begin", "on_epoch_end"]
    return type("Recorder", (k.callbacks.Callback,), {name: hook(name) for name in names})()


def run(k: Any, seed: int, folder: Path) -> dict[str, Any]:
    """One drawn run; the draws are those of `seed` for every `k`."""
    rng = np.random.default_rng(seed)

    def one_of(*choices: Any) -> Any:
        return choices[rng.integers(len(choices))]

    count, batch, epochs = int(rng.integers(5, 30)), one_of(3, 4, 7), int(rng.integers(1, 4))
    x = rng.normal(size=(count, 4)).astype(np.float32)
    kinds, sums = rng.integers(0, 3, count), x.sum(1, keepdims=True)
    two = one_of(True, False)
    i = k.layers.Input((4,))
    hidden = k.layers.Dense(5, activation="tanh")(i)
    heads = [k.layers.Dense(3, activation="softmax", name="a")(hidden), k.layers.Dense(1, name="b")(hidden)]
    model = k.Model(i, heads if two else heads[0])
    model.set_weights([rng.normal(size=w.shape, scale=0.5) for w in model.get_weights()])
    crossentropy = "sparse_categorical_crossentropy"
    if two:
        y: Any = one_of([kinds, sums], {"a": kinds, "b": sums})
        loss: Any = one_of({"a": crossentropy, "b": "mae"}, [crossentropy, "mse"])
        metrics = one_of(None, {"a": "accuracy", "b": ["mae"]}, [["acc"], ["mse"]])
        weighted, loss_weights = one_of(None, {"b": ["mse"]}), one_of(None, [0.3, 2.0])
    else:
        y, loss, metrics = kinds, crossentropy, one_of(None, ["accuracy"], ["acc", crossentropy])
        weighted, loss_weights = one_of(None, ["accuracy"]), one_of(None, [0.5])
    model.compile(one_of("sgd", "adam"), loss, metrics, loss_weights, weighted_metrics=weighted)

    def part(data: Any, begin: int, end: int) -> Any:
        if isinstance(data, dict):
            return {name: array[begin:end] for name, array in data.items()}
        return [array[begin:end] for array in data] if isinstance(data, list) else data[begin:end]

    def batches(number: int) -> Any:
        for begin in itertools.islice(itertools.cycle(range(0, count, batch)), number):
            yield x[begin : begin + batch], part(y, begin, begin + batch)

    steps = -(-count // batch)
    fit: dict[str, Any] = {
        "epochs": epochs,
        "shuffle": False,
        "verbose": one_of(0, 2),
        "initial_epoch": one_of(0, 0, 1),
    }
    if one_of(True, False):
        fit |= {"validation_data": (x[:6], part(y, 0, 6)), "validation_freq": one_of(1, 2, [1, 3])}
        fit |= {"validation_batch_size": 4, "validation_steps": one_of(None, 1)}
    if one_of(True, False):
        fit |= {"x": x, "y": y, "batch_size": batch, "steps_per_epoch": one_of(None, 1)}
    else:  # which may end in the middle of an epoch (Keras reports one without any batch as one of loss 0)
        fit |= {"x": batches(steps * epochs - one_of(0, min(1, steps - 1))), "steps_per_epoch": steps}
    events: list[Any] = []
    watched = one_of("loss", "val_loss", "nothing")
    callbacks = [
        k.callbacks.CSVLogger(str(folder / "log.csv"), separator=one_of(",", ";")),
        recorder(k, events, one_of(None, int(rng.integers(3, 30)))),
        k.callbacks.EarlyStopping(
            watched, patience=one_of(0, 1), restore_best_weights=one_of(True, False), baseline=one_of(None, 1.0)
        ),
        k.callbacks.ReduceLROnPlateau(watched, patience=one_of(0, 1), factor=0.5, cooldown=one_of(0, 1)),
        k.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: events.append(("last", epoch, dict(logs)))),
    ]
    history = model.fit(callbacks=callbacks, **fit)
    model.evaluate(x, y, batch_size=batch, verbose=0, callbacks=[recorder(k, events, None)])
    model.predict(x, batch_size=batch, verbose=0, callbacks=[recorder(k, events, None)])
    lines = (folder / "log.csv").read_bytes().decode()
    on_batch = model.train_on_batch(x[:4], part(y, 0, 4), return_dict=True)
    return {
        "events": events, "history": history.history, "epochs": history.epoch, "stopped": model.stop_training,
        "lines": re.sub(r"-?\d+\.\d+(e-?\d+)?", "#", lines), "on batch": on_batch,
        "weights": dict(enumerate(model.get_weights())),
    }  # fmt: skip


def assert_alike(found: Any, wanted: Any, where: str = "") -> None:
    if isinstance(wanted, dict):
        assert list(found) == list(wanted), where
        for name in wanted:
            assert_alike(found[name], wanted[name], f"{where} {name}")
    elif isinstance(wanted, list | tuple):
        assert len(found) == len(wanted), where
        for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
            assert_alike(one, other, f"{where} {place}")
    elif isinstance(wanted, str | bool):
        assert found == wanted, where
    else:
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-4, err_msg=where)


@pytest.mark.parametrize("seed", range(DRAWS))
@pytest.mark.filterwarnings("ignore")
def test_runs_drawn(seed: int, tmp_path: Path, tf_keras: Any) -> None:
    found, wanted = (run(k, seed, tmp_path) for k in (nnstack, tf_keras))
    assert_alike(found, wanted)
