"""Small models of every kind of structure, written once and made by either Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RNG = np.random.default_rng(8)
ROWS = 6


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=(ROWS, *shape)).astype(np.float32)


def mlp(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            layers.Dense(7, activation="relu", input_shape=(5,), kernel_regularizer="l2", name="one"),
            layers.BatchNormalization(name="bn"),
            layers.Dropout(0.0),
            layers.Dense(3, activation="softmax", name="two"),
        ]
    )


def nested_and_frozen(k: Any) -> Any:
    """A frozen model inside, shared between two inputs, whose layers are frozen in part."""
    layers = k.layers
    i = layers.Input((4,))
    hidden = layers.Dense(5, activation="tanh", name="in_a")(i)
    hidden = layers.BatchNormalization(name="in_bn")(hidden)
    inner = k.models.Model(i, layers.Dense(4, name="in_b")(hidden), name="inner")
    inner.get_layer("in_a").trainable = False
    a, b = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    joined = layers.Concatenate()([inner(a), inner(b)])
    return k.models.Model([a, b], layers.Dense(3, activation="softmax", name="out")(joined))


def two_outputs(k: Any) -> Any:
    layers = k.layers
    i = layers.Input((4,), name="i")
    h = layers.Dense(6, activation="elu")(i)
    left, right = layers.Dense(3, activation="softmax", name="left")(h), layers.Dense(1, name="right")(h)
    return k.models.Model(i, [left, right])


def sequence(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            layers.Embedding(11, 4, input_length=5, name="e"),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True, name="l"), name="both"),
            layers.TimeDistributed(layers.Dense(4, name="d"), name="each"),
            layers.GRU(5, name="g"),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )


def gru_of_keras_2(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            layers.GRU(
                4, reset_after=False, recurrent_activation="hard_sigmoid", return_sequences=True, input_shape=(5, 3)
            ),
            layers.SimpleRNN(3),
            layers.Dense(3, activation="softmax"),
        ]
    )


def stacked_cells(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            layers.RNN([layers.GRUCell(4), layers.LSTMCell(3)], input_shape=(5, 3), name="stack"),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )


def images(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            layers.Conv2D(4, 3, padding="same", activation="relu", input_shape=(8, 8, 2), name="c"),
            layers.BatchNormalization(name="bn"),
            layers.MaxPooling2D(2),
            layers.SeparableConv2D(5, 3, padding="same", name="s"),
            layers.DepthwiseConv2D(3, name="dw"),
            layers.PReLU(shared_axes=[1, 2], name="p"),
            layers.Conv2DTranspose(3, 2, name="t"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )


def attention(k: Any) -> Any:
    layers = k.layers
    i = layers.Input((6, 4), name="i")
    h = layers.LayerNormalization(name="ln")(i)
    h = layers.MultiHeadAttention(2, 3, name="mha")(h, h)
    h = layers.Add()([i, h])
    h = layers.Conv1D(5, 3, padding="causal", name="c")(h)
    h = layers.GlobalMaxPooling1D()(h)
    return k.models.Model(i, layers.Dense(3, activation="softmax", name="out")(h))


def inputs_of(name: str) -> Any:
    sizes: dict[str, Callable[[], Any]] = {
        "mlp": lambda: floats(5),
        "nested_and_frozen": lambda: [floats(4), floats(4)],
        "two_outputs": lambda: floats(4),
        "sequence": lambda: RNG.integers(0, 11, (ROWS, 5)).astype(np.int32),
        "gru_of_keras_2": lambda: floats(5, 3),
        "stacked_cells": lambda: floats(5, 3),
        "images": lambda: floats(8, 8, 2),
        "attention": lambda: floats(6, 4),
    }
    return sizes[name]()


def targets_of(name: str) -> Any:
    classes = np.eye(3, dtype=np.float32)[np.arange(ROWS) % 3]
    return [classes, floats(1)] if name == "two_outputs" else classes


def losses_of(name: str) -> Any:
    return ["categorical_crossentropy", "mse"] if name == "two_outputs" else "categorical_crossentropy"


MODELS: dict[str, Callable[[Any], Any]] = {
    made.__name__: made
    for made in (
        mlp,
        nested_and_frozen,
        two_outputs,
        sequence,
        gru_of_keras_2,
        stacked_cells,
        images,
        attention,
    )
}
