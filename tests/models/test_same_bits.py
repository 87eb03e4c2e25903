"""One seed, one machine: the same bits at any number of threads, in one native call or many, compiled or op by op."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import layers as L
from nnstack.callbacks import LambdaCallback
from nnstack.models import Model, Sequential

DATA = np.random.default_rng(0)
IMAGES = DATA.normal(size=(72, 20, 20, 3)).astype(np.float32)
WORDS = DATA.integers(0, 30, (72, 12))
ROWS = DATA.normal(size=(72, 784)).astype(np.float32)
TARGETS = DATA.integers(0, 3, 72)


def dense() -> tuple[Model, np.ndarray]:
    """Wide enough for several threads, and for the strips of weight gradients."""
    hidden = [L.Dense(300, activation="relu"), L.Dropout(0.2), L.Dense(300, activation="gelu"), L.AlphaDropout(0.1)]
    return Sequential([L.Input((784,)), *hidden, L.Dense(3, activation="softmax")]), ROWS


def convolutional() -> tuple[Model, np.ndarray]:
    first = [L.Conv2D(24, 3, activation="relu"), L.MaxPooling2D(), L.BatchNormalization()]
    second = [L.SeparableConv2D(16, 3, padding="same"), L.Conv2D(32, 3, strides=2), L.AveragePooling2D(padding="same")]
    head = [L.GlobalAveragePooling2D(), L.GaussianNoise(0.1), L.Dense(3, activation="softmax")]
    return Sequential([L.Input((20, 20, 3)), *first, *second, *head]), IMAGES


def recurrent() -> tuple[Model, np.ndarray]:
    layers = [
        L.Embedding(30, 12, mask_zero=True),
        L.Bidirectional(L.LSTM(24, return_sequences=True, dropout=0.1)),
        L.GRU(16, return_sequences=True),
        L.GRU(16, reset_after=False, recurrent_dropout=0.1, return_sequences=True),
        L.SimpleRNN(8),
    ]
    return Sequential([L.Input((12,)), *layers, L.Dense(3, activation="softmax")]), WORDS


def attention() -> tuple[Model, np.ndarray]:
    words = L.Input((12,))
    x = L.Embedding(30, 32)(words)
    x = L.LayerNormalization()(x + L.MultiHeadAttention(4, 8, dropout=0.1)(x, x))
    x = L.GlobalMaxPooling1D()(L.Dense(64, activation="swish")(x))
    return Model(words, L.Dense(3, activation="softmax")(x)), WORDS


MODELS: list[Callable[[], tuple[Model, np.ndarray]]] = [dense, convolutional, recurrent, attention]


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = nnstack.get_num_threads()
    yield
    nnstack.set_num_threads(before)


def weights_after(make: Callable[[], Any], threads: int, eager: bool = False, **arguments: Any) -> list[np.ndarray]:
    nnstack.set_num_threads(threads)
    nnstack.utils.set_random_seed(11)
    model, x = make()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    model.fit(x, TARGETS, batch_size=32, epochs=2, verbose=0, **arguments)  # the last batch is short
    found: list[np.ndarray] = model.get_weights()
    return found


@pytest.mark.parametrize("make", MODELS)
def test_any_number_of_threads(make: Callable[[], Any]) -> None:
    wanted = weights_after(make, 1)
    for threads in (2, 3, 7):
        for mine, other in zip(weights_after(make, threads), wanted, strict=True):
            np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("make", MODELS)
def test_many_steps_in_one_call_or_one_step_in_many(make: Callable[[], Any]) -> None:
    each = LambdaCallback(on_batch_end=lambda batch, logs: None)
    for mine, other in zip(weights_after(make, 2, callbacks=[each]), weights_after(make, 2), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("make", MODELS)
def test_compiled_or_op_by_op(make: Callable[[], Any]) -> None:
    for mine, other in zip(weights_after(make, 2, eager=True), weights_after(make, 2), strict=True):
        np.testing.assert_array_equal(mine, other)
