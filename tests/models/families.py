"""A small model of every family of layers, with data: large enough that its kernels share the work among threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import layers as L
from nnstack.models import Model, Sequential

DATA = np.random.default_rng(0)
COUNT = 40
IMAGES = DATA.normal(size=(COUNT, 20, 20, 3)).astype(np.float32)
VOLUMES = DATA.normal(size=(COUNT, 8, 10, 8, 2)).astype(np.float32)
FILMS = DATA.normal(size=(COUNT, 4, 10, 10, 2)).astype(np.float32)
SERIES = DATA.normal(size=(COUNT, 30, 8)).astype(np.float32)
WORDS = DATA.integers(0, 30, (COUNT, 12))
ROWS = DATA.normal(size=(COUNT, 784)).astype(np.float32)
TARGETS = DATA.integers(0, 3, COUNT)

Made = tuple[Model, np.ndarray]


def classifier(*hidden: Any, shape: tuple[int, ...]) -> Model:
    return Sequential([L.Input(shape), *hidden, L.Dense(3, activation="softmax")])


def dense() -> Made:
    """Wide enough for several threads, and for the strips of weight gradients."""
    first = [L.Dense(300, activation="relu"), L.Dropout(0.2), L.Dense(300, activation="gelu"), L.AlphaDropout(0.1)]
    others = [L.PReLU(), L.Highway(activation="tanh"), L.MaxoutDense(40), L.ActivityRegularization(l2=0.01)]
    return classifier(*first, *others, shape=(784,)), ROWS


def convolutional() -> Made:
    first = [L.Conv2D(24, 3, activation="relu"), L.MaxPooling2D(), L.BatchNormalization()]
    second = [L.SeparableConv2D(16, 3, padding="same"), L.Conv2D(32, 3, strides=2), L.AveragePooling2D(padding="same")]
    return classifier(*first, *second, L.GlobalAveragePooling2D(), L.GaussianNoise(0.1), shape=(20, 20, 3)), IMAGES


def grouped() -> Made:
    """Groups, dilation, depthwise, transposed, and other layouts of images."""
    first = [L.ZeroPadding2D(1), L.Conv2D(12, 3, groups=3), L.DepthwiseConv2D(3, depth_multiplier=2), L.LeakyReLU()]
    second = [L.Conv2D(12, 3, dilation_rate=2, padding="same"), L.Conv2DTranspose(8, 3, strides=2, padding="same")]
    last = [L.Cropping2D(4), L.UpSampling2D(2, interpolation="bilinear"), L.SpatialDropout2D(0.2), L.MaxPooling2D(4)]
    return classifier(*first, *second, L.GroupNormalization(4), *last, L.Flatten(), shape=(20, 20, 3)), IMAGES


def volumes() -> Made:
    layers = [L.Conv3D(8, 3, padding="same", activation="relu"), L.MaxPooling3D(2), L.Conv3DTranspose(6, 2, strides=2)]
    rest = [L.AveragePooling3D(2), L.UpSampling3D(2), L.SpatialDropout3D(0.1), L.GlobalMaxPooling3D()]
    return classifier(*layers, *rest, shape=(8, 10, 8, 2)), VOLUMES


def series() -> Made:
    first = [L.Conv1D(24, 3, padding="causal", dilation_rate=2, activation="elu"), L.DepthwiseConv1D(3)]
    second = [L.SeparableConv1D(16, 3, padding="same"), L.Conv1DTranspose(16, 3, strides=2), L.AveragePooling1D(3)]
    last = [L.LocallyConnected1D(8, 3), L.LayerNormalization(), L.UnitNormalization(), L.SpatialDropout1D(0.1)]
    return classifier(*first, *second, *last, L.GlobalMaxPooling1D(), shape=(30, 8)), SERIES


def locally_connected() -> Made:
    layers = [L.LocallyConnected2D(6, 3, implementation=kind) for kind in (1, 2, 3)]
    return classifier(L.MaxPooling2D(2), *layers, L.Flatten(), shape=(20, 20, 3)), IMAGES


def recurrent() -> Made:
    layers = [
        L.Embedding(30, 12, mask_zero=True),
        L.Bidirectional(L.LSTM(24, return_sequences=True, dropout=0.1)),
        L.GRU(16, return_sequences=True),
        L.GRU(16, reset_after=False, recurrent_dropout=0.1, return_sequences=True),
        L.SimpleRNN(8),
    ]
    return classifier(*layers, shape=(12,)), WORDS


def other_loops() -> Made:
    """Cells in a stack, unrolled steps, states that stay, a layer at every step."""
    cells = L.RNN([L.LSTMCell(12), L.GRUCell(8, dropout=0.1)], return_sequences=True, stateful=True)
    rest = [L.TimeDistributed(L.Dense(6, activation="tanh")), L.SimpleRNN(6, unroll=True, go_backwards=True)]
    model = Sequential([L.Input(batch_shape=(20, 30, 8)), L.Masking(), cells, *rest, L.Dense(3, activation="softmax")])
    return model, SERIES


def films() -> Made:
    layers = [L.ConvLSTM2D(6, 3, padding="same", return_sequences=True, recurrent_dropout=0.1), L.ConvLSTM2D(4, 3)]
    return classifier(*layers, L.Flatten(), shape=(4, 10, 10, 2)), FILMS


def attention() -> Made:
    words = L.Input((12,))
    x = L.Embedding(30, 32)(words)
    x = L.LayerNormalization()(x + L.MultiHeadAttention(4, 8, dropout=0.1)(x, x))
    x = L.Attention(use_scale=True, dropout=0.1)([x, x]) + L.AdditiveAttention()([x, x])
    x = L.GlobalMaxPooling1D()(L.EinsumDense("abc,cd->abd", (None, 64), bias_axes="d", activation="swish")(x))
    return Model(words, L.Dense(3, activation="softmax")(x)), WORDS


def merged() -> Made:
    rows = L.Input((784,))
    a, b = (L.Dense(64, activation=kind)(rows) for kind in ("relu", "tanh"))
    parts = [kind()([a, b]) for kind in (L.Add, L.Subtract, L.Multiply, L.Average, L.Maximum, L.Minimum)]
    parts.append(L.Dot(1, normalize=True)([a, b]))
    x = L.BatchNormalization()(L.Concatenate()(parts))
    x = L.SpectralNormalization(L.Dense(48))(L.GaussianDropout(0.2)(x))
    x = L.Flatten()(L.Permute((2, 1))(L.RepeatVector(2)(L.Softmax()(L.ThresholdedReLU(0.1)(x)))))
    return Model(rows, L.Dense(3, activation="softmax")(L.Reshape((96,))(x))), ROWS


def prepared() -> Made:
    """Images changed at random on their way in, and numbers normalized."""
    normal = L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0])
    first = [normal, L.Rescaling(2.0), L.Resizing(18, 22), L.RandomFlip(), L.RandomRotation(0.1), L.RandomZoom(0.2)]
    second = [L.RandomTranslation(0.1, 0.1), L.RandomContrast(0.2), L.RandomBrightness(0.1, (0.0, 1.0))]
    last = [L.RandomCrop(12, 12), L.CenterCrop(10, 10), L.Conv2D(8, 3, activation="relu"), L.Flatten()]
    return classifier(*first, *second, *last, shape=(20, 20, 3)), IMAGES


def counted() -> Made:
    """Whole numbers as vectors, in the graph and in front of it."""
    layers = [L.Hashing(20), L.CategoryEncoding(20, "count"), L.Dense(40, activation="relu")]
    return Sequential([L.Input((12,), dtype="int64"), *layers, L.Dense(3, activation="softmax")]), WORDS


FAMILIES: list[Callable[[], Made]] = [
    dense, convolutional, grouped, volumes, series, locally_connected, recurrent, other_loops, films, attention,
    merged, prepared, counted,
]  # fmt: skip
