"""The CUDA device through the public API: the same model on the CPU and on CUDA, and what is said where there is none.

Without a GPU: NNSTACK_CUDA_PLUGIN=<build>/libnnstack_cuda_emu.so pytest -m cuda tests/emu
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import _core, layers

# Asking opens the plug-in, so it is asked only where there may be a device.
WHY = _core.why_no_cuda() if "NNSTACK_CUDA_PLUGIN" in os.environ or os.path.exists("/dev/nvidiactl") else "no GPU here"


@pytest.fixture(autouse=True)
def default_device() -> Iterator[None]:
    before = nnstack.get_device()
    yield
    nnstack.set_device(before)


def trained(device: str, optimizer: str, rows: int) -> tuple[Any, ...]:
    """History, predictions and weights of a small classifier with every kind of kernel a dense network needs."""
    nnstack.set_device(device)
    random = np.random.default_rng(0)
    model = nnstack.Sequential(
        [
            layers.Dense(17, activation="relu", input_shape=(8,)),
            layers.Dropout(0.3),
            layers.Dense(9, activation="tanh", use_bias=False),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.set_weights([0.4 * random.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = random.normal(size=(rows, 8)).astype("float32"), random.integers(0, 4, rows)
    history = model.fit(x, y, batch_size=32, epochs=2, verbose=0, shuffle=False).history
    return history, model.predict(x, verbose=0), model.get_weights()


@pytest.mark.parametrize("rows", [1, 33, 100])
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
@pytest.mark.cuda
@pytest.mark.skipif(bool(WHY), reason=WHY or "CUDA is there")
def test_training_is_the_same_as_on_the_cpu(optimizer: str, rows: int) -> None:
    nnstack.utils.set_random_seed(3)
    history, predictions, weights = trained("cpu", optimizer, rows)
    nnstack.utils.set_random_seed(3)
    cuda_history, cuda_predictions, cuda_weights = trained("cuda:0", optimizer, rows)
    np.testing.assert_allclose(cuda_history["loss"], history["loss"], rtol=1e-5)
    np.testing.assert_allclose(cuda_history["accuracy"], history["accuracy"])
    np.testing.assert_allclose(cuda_predictions, predictions, rtol=1e-4, atol=1e-5)
    for found, wanted in zip(cuda_weights, weights, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def convolutional() -> tuple[Any, Any]:
    """A small image model and its data."""
    model = nnstack.Sequential(
        [
            layers.Conv2D(6, 3, padding="same", activation="relu", input_shape=(7, 6, 2)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.DepthwiseConv2D(2, strides=2, padding="same"),
            layers.Conv2DTranspose(3, 3, strides=2),
            layers.AveragePooling2D(2, strides=1),
            layers.GlobalMaxPooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return model, np.random.default_rng(1).normal(size=(10, 7, 6, 2)).astype("float32")


def recurrent() -> tuple[Any, Any]:
    """A small sequence model with masks, and its data."""
    model = nnstack.Sequential(
        [
            layers.Embedding(9, 5, mask_zero=True, input_length=6),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.GRU(5, return_sequences=True),
            layers.GRU(4, reset_after=False, return_sequences=True),
            layers.SimpleRNN(3, go_backwards=True),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return model, np.random.default_rng(1).integers(0, 9, (10, 6))


@pytest.mark.parametrize("make", [convolutional, recurrent])
@pytest.mark.cuda
@pytest.mark.skipif(bool(WHY), reason=WHY or "CUDA is there")
def test_images_and_sequences_train_as_on_the_cpu(make: Any) -> None:
    found = {}
    for device in ("cpu", "cuda:0"):
        nnstack.set_device(device)
        nnstack.utils.set_random_seed(3)
        model, x = make()
        model.compile("adam", "sparse_categorical_crossentropy")
        losses = model.fit(x, np.arange(10) % 3, batch_size=4, epochs=2, verbose=0, shuffle=False).history["loss"]
        found[device] = [np.array(losses), model.predict(x, verbose=0), *model.get_weights()]
    for mine, other in zip(found["cuda:0"], found["cpu"], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-4)


@pytest.mark.cuda
@pytest.mark.skipif(bool(WHY), reason=WHY or "CUDA is there")
def test_devices() -> None:
    assert nnstack.list_devices()[:2] == ["cpu", "cuda:0"]
    with nnstack.device("cuda"):
        assert nnstack.get_device().startswith("cuda")
    with pytest.raises(RuntimeError, match=r'device "cuda:63" is not available: there .* numbered from 0'):
        nnstack.set_device("cuda:63")


def run_elsewhere(code: str, plugin: str) -> str:
    """Standard output of the code in a fresh process that looks for this plug-in."""
    environment = {**os.environ, "NNSTACK_CUDA_PLUGIN": plugin}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_without_cuda_a_request_says_what_was_looked_for() -> None:
    code = (
        "import nnstack\n"
        "print(nnstack.list_devices())\n"
        "try: nnstack.set_device('cuda:0')\n"
        "except RuntimeError as error: print(error)\n"
    )
    said = run_elsewhere(code, "/nowhere/plugin.so")
    assert "['cpu']" in said
    assert 'device "cuda:0" is not available: looked for the CUDA plug-in at /nowhere/plugin.so' in said
    assert "there is no such file" in said


def test_import_does_not_open_the_plugin() -> None:
    code = "import nnstack\nnnstack.Sequential()\nprint('cuda' in open('/proc/self/maps').read())"
    assert run_elsewhere(code, os.environ.get("NNSTACK_CUDA_PLUGIN", "/nowhere/plugin.so")).strip() == "False"
