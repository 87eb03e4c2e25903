"""One model and many threads: predictions while it is saved, trained, cloned, copied; the numbers stay right."""

from __future__ import annotations

import contextlib
import copy
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten
from nnstack.models import Sequential, clone_model, load_model

X = np.random.default_rng(0).normal(size=(64, 6, 6, 1)).astype(np.float32)
Y = np.arange(64) % 3


def new() -> Any:
    nnstack.utils.set_random_seed(2)
    layers = [Conv2D(8, 3, activation="relu", input_shape=(6, 6, 1)), BatchNormalization(), Flatten(), Dropout(0.2)]
    model = Sequential([*layers, Dense(32, activation="tanh"), Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, epochs=1, verbose=0)
    return model


def together(*actions: Callable[[], Any], seconds: float = 60.0) -> None:
    """Runs all at once; the first error of a thread is raised, and a thread that does not end is one."""
    errors: list[BaseException] = []

    def guarded(action: Callable[[], Any]) -> None:
        try:
            action()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(action,), daemon=True) for action in actions]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"


def test_eight_predict_while_one_saves_and_one_trains_the_clone(tmp_path: Path) -> None:
    model = new()
    expected = model.predict(X)
    clone = clone_model(model)
    clone.set_weights(model.get_weights())
    clone.compile("adam", "sparse_categorical_crossentropy")
    nnstack.utils.set_random_seed(4)
    alone = clone_model(model)
    alone.set_weights(model.get_weights())
    alone.compile("adam", "sparse_categorical_crossentropy")
    alone.fit(X, Y, 8, 3, 0, shuffle=False)

    def predict() -> None:
        for number in range(40):
            rows = slice(number % 5, 20 + number)
            np.testing.assert_array_equal(model.predict_on_batch(X), expected)
            np.testing.assert_allclose(model.predict(X[rows], batch_size=16), expected[rows], atol=1e-6)
            np.testing.assert_allclose(model(X[:3]).numpy(), expected[:3], atol=1e-6)

    def save() -> None:
        for number in range(8):
            model.save(tmp_path / f"m{number % 2}.h5")
            np.testing.assert_array_equal(load_model(tmp_path / f"m{number % 2}.h5").predict(X), expected)

    def train() -> None:
        clone.fit(X, Y, 8, 3, 0, shuffle=False)

    together(*[predict] * 8, save, train)
    np.testing.assert_array_equal(model.predict(X), expected)  # its clone's training did not touch it
    for mine, other in zip(clone.get_weights()[:2], alone.get_weights()[:2], strict=True):
        assert mine.shape == other.shape and np.isfinite(mine).all()
    assert not np.array_equal(clone.get_weights()[0], model.get_weights()[0])


def test_predictions_beside_training_see_whole_states() -> None:
    """Weights that are all one number at any time: a mixture of two steps would show."""
    model = Sequential([Dense(4, input_shape=(4,), kernel_initializer="zeros", use_bias=False)])
    model.compile(nnstack.optimizers.SGD(1.0), lambda y_true, y_pred: -nnstack.backend.sum(y_pred, axis=-1))
    x, row = np.ones((8, 4), np.float32), np.ones((1, 4), np.float32)
    running = threading.Event()

    def train() -> None:
        try:
            for _ in range(300):
                model.train_on_batch(x, np.zeros((8, 4), np.float32))
        finally:
            running.set()

    def predict() -> None:
        while not running.is_set():
            assert len(np.unique(model.predict_on_batch(row))) == 1

    together(train, *[predict] * 4)
    np.testing.assert_array_equal(model.predict_on_batch(row), np.full((1, 4), 1200.0))


def test_what_is_kept_of_weights_follows_training() -> None:
    """Statistics folded into weights, which predictions of other threads keep while steps replace them."""
    model, other = new(), new()
    running = threading.Event()

    def train() -> None:
        try:
            for number in range(60):
                model.train_on_batch(X[number % 8 :: 8], Y[number % 8 :: 8])
        finally:
            running.set()

    def predict() -> None:
        while not running.is_set():
            assert np.isfinite(model.predict_on_batch(X)).all()

    together(train, *[predict] * 4)
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict_on_batch(X), other.predict_on_batch(X))
    model.train_on_batch(X, Y)
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


def test_many_models_are_built_and_trained_at_once() -> None:
    results: list[Any] = [None] * 6

    def build(number: int) -> None:
        layers = [Dense(8, activation="relu", input_shape=(5,), kernel_initializer="ones"), Dense(1)]
        model = Sequential(layers, name=f"m{number}")
        model.layers[1].set_weights([np.full((8, 1), 0.1, np.float32), np.zeros(1, np.float32)])
        model.compile("sgd", "mse")
        rng = np.random.default_rng(1)
        model.fit(rng.normal(size=(40, 5)), rng.normal(size=40), epochs=3, shuffle=False, verbose=0)
        results[number] = model.get_weights()

    together(*[lambda number=number: build(number) for number in range(6)])
    for weights in results[1:]:
        for mine, other in zip(weights, results[0], strict=True):
            np.testing.assert_array_equal(mine, other)


# -- copies -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_are_models_of_their_own(copied: Callable[[Any], Any]) -> None:
    model = new()
    expected = model.predict(X)
    other = copied(model)
    np.testing.assert_array_equal(other.predict(X), expected)
    other.fit(X, Y, epochs=1, verbose=0)
    assert not np.array_equal(other.predict(X), expected)
    np.testing.assert_array_equal(model.predict(X), expected)
    model.fit(X, Y, epochs=1, verbose=0)  # and both go on alike
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


# -- other processes --------------------------------------------------------------------------------------------------
def test_fork_after_use() -> None:
    model = new()
    expected = model.predict(X)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            same = np.array_equal(model.predict(X), expected)
            model.fit(X, Y, epochs=1, verbose=0)
            moved = not np.array_equal(model.predict(X), expected)
            os.write(write, b"ok" if same and moved else b"wrong")
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"ok"
    assert os.waitpid(child, 0)[1] == 0
    np.testing.assert_array_equal(model.predict(X), expected)


def test_fork_while_other_threads_compute() -> None:
    """The child inherits no lock that a thread of its parent holds."""
    nnstack.set_num_threads(4)
    model, stop = new(), threading.Event()
    large = np.tile(X, (40, 1, 1, 1))
    expected = model.predict(X)

    def compute() -> None:
        while not stop.is_set():
            model.predict(large)

    threads = [threading.Thread(target=compute) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # a hang ends as a signal
                other = load_model_from_weights(model)
                os._exit(0 if np.array_equal(other.predict(X), expected) else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def load_model_from_weights(model: Any) -> Any:
    """A new model with the same weights, read one by one."""
    other = clone_model(model)
    other.set_weights(model.get_weights())
    return other


def predict_in_another_process(model: Any, x: np.ndarray) -> np.ndarray:
    result: np.ndarray = model.predict(x)
    return result


def test_spawn_takes_models_along() -> None:
    model = new()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.starmap(predict_in_another_process, [(model, X), (model, X[:5])])
    np.testing.assert_array_equal(found[0], model.predict(X))
    np.testing.assert_allclose(found[1], model.predict(X)[:5], atol=1e-6)


# -- the end of a process ---------------------------------------------------------------------------------------------
PROGRAM = """
import signal, sys, threading, time, numpy as np
signal.signal(signal.SIGINT, signal.default_int_handler)  # processes in the background are born deaf to it
from nnstack.callbacks import LambdaCallback
from nnstack.layers import Dense
from nnstack.models import Sequential
where = sys.argv[1]
def ready(*ignored, **also):
    print("ready", flush=True)
def model_of(width):
    model = Sequential([Dense(width, activation="relu", input_shape=(16,)), Dense(1)])
    model.compile("adam", "mse")
    return model
x = np.random.default_rng(0).normal(size=(4096, 16)).astype(np.float32); y = x[:, :1]
def batches():
    while True:
        ready()
        time.sleep(0.01)
        yield x[:32], y[:32]
"""
ENDS = {
    "thread trains": "m = model_of(64)\nt = threading.Thread(target=lambda: m.fit(x, y, 4, 10**6, 0), daemon=True)\n"
    "t.start()\ntime.sleep(0.5)\n",
    "exit in a hook": "c = LambdaCallback(on_batch_end=lambda batch, logs: sys.exit(0))\n"
    "model_of(64).fit(x, y, 4, 9, 0, callbacks=[c])\n",
    "generator left": "g = batches(); m = model_of(4); m.fit(g, steps_per_epoch=3, epochs=1, verbose=0)\n",
}


@pytest.mark.parametrize("end", ENDS)
def test_the_interpreter_ends_in_the_middle(end: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM + ENDS[end], "x"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Fatal" not in done.stderr and "Traceback" not in done.stderr, done.stderr


PHASES = {
    "build": "for width in range(50, 10**6):\n  m = Sequential([Dense(width % 97 + 1, input_shape=(16,))])\n"
    "  m.compile('adam', 'mse')\n  if width == 60: ready()\n",
    "compile the step": "n = 0\nwhile True:\n  n += 1\n  model_of(n % 50 + 1).train_on_batch(x[:8], y[:8])\n"
    "  if n == 3: ready()\n",
    "fit on arrays": "m = model_of(64)\nm.fit(x, y, 32, 1, 0)\nready()\nm.fit(x, y, 1, 10**6, 0)\n",
    "fit with hooks": "model_of(8).fit(x, y, 8, 10**6, 0, callbacks=[LambdaCallback(on_epoch_end=ready,"
    " on_batch_end=lambda batch, logs: None)])\n",
    "fit on a generator": "model_of(8).fit(batches(), steps_per_epoch=50, epochs=10**6, verbose=0)\n",
    "validation": "model_of(8).fit(x[:8], y[:8], 8, 10**6, 0, validation_data=(x, y), validation_batch_size=1,"
    " callbacks=[LambdaCallback(on_train_batch_end=ready)])\n",
    "evaluate": "m = model_of(8)\nm.evaluate(x, y, verbose=0)\nready()\nwhile True: m.evaluate(x, y, 1, verbose=0)\n",
    "predict": "m = model_of(256)\nm.predict(x)\nready()\nwhile True: m.predict(x)\n",
    "save": "import os, tempfile\nm = model_of(64)\np = os.path.join(tempfile.mkdtemp(), 'm.h5')\nm.save(p)\nready()\n"
    "while True: m.save(p)\n",
}


@pytest.mark.parametrize("phase", PHASES)
def test_keyboard_interrupt(phase: str) -> None:
    """Ctrl-C ends every phase with KeyboardInterrupt, soon, and the process can go on computing."""
    body = "".join(f"  {line}\n" for line in PHASES[phase].splitlines())
    after = (
        "except KeyboardInterrupt:\n  signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "  m = model_of(3); m.fit(x[:64], y[:64], verbose=0); print('after',"
        " np.isfinite(m.predict(x)).all(), flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", f"{PROGRAM}try:\n{body}{after}", "x"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.15)
        start, out, err = time.monotonic(), "", ""
        for patience in (3, 3, 20):  # Python drops one that falls into a finalizer: press again
            child.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                out, err = child.communicate(timeout=patience)
                break
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 0, err
    assert out.endswith("after True\n") and time.monotonic() - start < 10, (out[-200:], err)
