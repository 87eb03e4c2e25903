"""One row per built-in layer with a meaning in ONNX: name, shape of an input without the batch, the layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack import layers as L

Row = tuple[tuple[int | None, ...], Callable[[], Any]]

ONE_INPUT: dict[str, Row] = {
    # core and activations
    "dense": ((5,), lambda: L.Dense(3, activation="tanh")),
    "dense on a sequence": ((4, 5), lambda: L.Dense(3, use_bias=False)),
    "einsum dense": ((4, 6), lambda: L.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")),
    "flatten": ((3, 4), lambda: L.Flatten()),
    "flatten channels first": ((3, 4, 2), lambda: L.Flatten(data_format="channels_first")),
    "reshape": ((3, 4), lambda: L.Reshape((2, -1))),
    "permute": ((3, 4, 2), lambda: L.Permute((3, 1, 2))),
    "repeat": ((3,), lambda: L.RepeatVector(4)),
    "dropout": ((3,), lambda: L.Dropout(0.5)),
    "gaussian noise": ((3,), lambda: L.GaussianNoise(0.5)),
    "lambda": ((3, 4), lambda: L.Lambda(lambda x: x[:, ::-1] ** 2 + 1.0)),
    "leaky": ((4,), lambda: L.LeakyReLU(0.2)),
    "prelu": ((3, 4), lambda: L.PReLU(shared_axes=[1])),
    "elu": ((4,), lambda: L.ELU(0.7)),
    "thresholded": ((4,), lambda: L.ThresholdedReLU(0.3)),
    "relu with limits": ((4,), lambda: L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)),
    "softmax over an axis": ((3, 4), lambda: L.Softmax(axis=1)),
    "highway": ((4,), lambda: L.Highway()),
    "maxout": ((4,), lambda: L.MaxoutDense(3)),
    "spectral normalization": ((4,), lambda: L.SpectralNormalization(L.Dense(3))),
    # convolutions
    "conv 1d": ((9, 3), lambda: L.Conv1D(4, 3, activation="relu")),
    "conv 1d causal": ((9, 3), lambda: L.Conv1D(4, 3, padding="causal", dilation_rate=2)),
    "conv 1d causal strides": ((9, 3), lambda: L.Conv1D(4, 2, padding="causal", strides=2)),
    "conv 2d": ((7, 8, 3), lambda: L.Conv2D(4, (3, 2), strides=(2, 1), padding="same")),
    "conv 2d unknown sizes": ((None, None, 3), lambda: L.Conv2D(4, 3, strides=2, padding="same")),
    "conv 2d groups": ((7, 8, 4), lambda: L.Conv2D(6, 3, groups=2)),
    "conv 2d dilated": ((9, 9, 2), lambda: L.Conv2D(3, 3, dilation_rate=2, padding="same")),
    "conv 2d channels first": ((3, 7, 8), lambda: L.Conv2D(4, 3, data_format="channels_first")),
    "conv 3d": ((5, 6, 4, 2), lambda: L.Conv3D(3, 2, padding="same", strides=2)),
    "depthwise 1d": ((9, 3), lambda: L.DepthwiseConv1D(3, depth_multiplier=2)),
    "depthwise 2d": ((7, 8, 3), lambda: L.DepthwiseConv2D(3, depth_multiplier=2, padding="same")),
    "separable 1d": ((9, 3), lambda: L.SeparableConv1D(4, 3)),
    "separable 2d": ((7, 8, 3), lambda: L.SeparableConv2D(4, 3, strides=2, padding="same")),
    "transposed 1d": ((5, 3), lambda: L.Conv1DTranspose(4, 3, strides=2)),
    "transposed 2d same": ((5, 4, 3), lambda: L.Conv2DTranspose(4, 3, strides=2, padding="same")),
    "transposed 2d valid": ((5, 4, 3), lambda: L.Conv2DTranspose(4, 2, strides=3)),
    "transposed 2d output padding": ((5, 4, 3), lambda: L.Conv2DTranspose(4, 3, strides=2, output_padding=1)),
    "transposed 2d dilated": ((5, 4, 3), lambda: L.Conv2DTranspose(4, 3, dilation_rate=2)),
    "transposed 2d unknown sizes": ((None, None, 3), lambda: L.Conv2DTranspose(4, 3, strides=2, padding="same")),
    "transposed 2d channels first": ((3, 5, 4), lambda: L.Conv2DTranspose(2, 3, data_format="channels_first")),
    "transposed 3d": ((3, 4, 2, 3), lambda: L.Conv3DTranspose(2, 2, strides=2)),
    "local 1d": ((7, 3), lambda: L.LocallyConnected1D(4, 3)),
    "local 2d": ((5, 6, 3), lambda: L.LocallyConnected2D(4, 2)),
    # pools
    "max pool 1d": ((9, 3), lambda: L.MaxPooling1D(2)),
    "max pool 2d same": ((7, 8, 3), lambda: L.MaxPooling2D(3, strides=2, padding="same")),
    "max pool 2d channels first": ((3, 7, 8), lambda: L.MaxPooling2D(2, data_format="channels_first")),
    "max pool 3d": ((5, 6, 4, 2), lambda: L.MaxPooling3D(2)),
    "average pool 1d": ((9, 3), lambda: L.AveragePooling1D(2, padding="same")),
    "average pool 2d same": ((7, 8, 3), lambda: L.AveragePooling2D(3, strides=2, padding="same")),
    "average pool 3d": ((5, 6, 4, 2), lambda: L.AveragePooling3D(2)),
    "global max 1d": ((5, 3), lambda: L.GlobalMaxPooling1D()),
    "global average 2d": ((5, 4, 3), lambda: L.GlobalAveragePooling2D(keepdims=True)),
    "global average 2d channels first": ((3, 5, 4), lambda: L.GlobalAveragePooling2D("channels_first")),
    "global max 3d": ((3, 4, 2, 3), lambda: L.GlobalMaxPooling3D()),
    # normalisation
    "batch normalization": ((5, 4, 3), lambda: L.BatchNormalization()),
    "batch normalization axis 1": ((3, 5, 4), lambda: L.BatchNormalization(axis=1, scale=False)),
    "layer normalization": ((5, 4), lambda: L.LayerNormalization()),
    "layer normalization of two axes": ((5, 4, 3), lambda: L.LayerNormalization(axis=(1, 2))),
    "group normalization": ((5, 4, 6), lambda: L.GroupNormalization(groups=3)),
    "unit normalization": ((5, 4), lambda: L.UnitNormalization()),
    # shapes of images
    "zero padding 1d": ((5, 3), lambda: L.ZeroPadding1D((1, 2))),
    "zero padding 2d": ((5, 4, 3), lambda: L.ZeroPadding2D(((1, 2), (0, 3)))),
    "zero padding 3d": ((3, 4, 2, 3), lambda: L.ZeroPadding3D(1)),
    "cropping 1d": ((6, 3), lambda: L.Cropping1D((1, 2))),
    "cropping 2d": ((5, 6, 3), lambda: L.Cropping2D(((1, 0), (2, 1)))),
    "cropping 3d": ((5, 4, 6, 2), lambda: L.Cropping3D(1)),
    "up sampling 1d": ((5, 3), lambda: L.UpSampling1D(3)),
    "up sampling 2d": ((5, 4, 3), lambda: L.UpSampling2D((2, 3))),
    "up sampling 2d unknown sizes": ((None, None, 3), lambda: L.UpSampling2D(2)),
    "up sampling 2d bilinear": ((5, 4, 3), lambda: L.UpSampling2D(2, interpolation="bilinear")),
    "up sampling 3d": ((3, 4, 2, 3), lambda: L.UpSampling3D(2)),
    "resizing": ((6, 5, 3), lambda: L.Resizing(4, 7)),
    "rescaling": ((6, 5, 3), lambda: L.Rescaling(1 / 255, offset=-1.0)),
    "center crop": ((6, 8, 3), lambda: L.CenterCrop(4, 4)),
    "normalization": ((4,), lambda: L.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 4.0, 9.0, 2.0])),
    "discretization": ((4,), lambda: L.Discretization(bin_boundaries=[-0.5, 0.0, 0.5])),
    "random flip": ((6, 5, 3), lambda: L.RandomFlip()),
    # recurrent
    "simple rnn": ((6, 3), lambda: L.SimpleRNN(4)),
    "simple rnn relu backwards": (
        (6, 3), lambda: L.SimpleRNN(4, activation="relu", go_backwards=True, return_sequences=True)
    ),
    "lstm": ((6, 3), lambda: L.LSTM(4)),
    "lstm sequences": ((None, 3), lambda: L.LSTM(4, return_sequences=True)),
    "lstm of keras 2.0": ((6, 3), lambda: L.LSTM(4, recurrent_activation="hard_sigmoid", activation="linear")),
    "lstm backwards": ((6, 3), lambda: L.LSTM(4, go_backwards=True, return_sequences=True)),
    "lstm time major": ((6, 3), lambda: L.LSTM(4, time_major=True, return_sequences=True)),
    "lstm without bias": ((6, 3), lambda: L.LSTM(4, use_bias=False)),
    "lstm with dropout": ((6, 3), lambda: L.LSTM(4, dropout=0.3, recurrent_dropout=0.2)),
    "lstm of gelu": ((6, 3), lambda: L.LSTM(4, activation="gelu")),
    "lstm unrolled": ((6, 3), lambda: L.LSTM(4, unroll=True)),
    "gru": ((6, 3), lambda: L.GRU(4)),
    "gru backwards": ((6, 3), lambda: L.GRU(4, go_backwards=True, return_sequences=True)),
    "gru reset before": ((6, 3), lambda: L.GRU(4, reset_after=False, return_sequences=True)),
    "gru without bias": ((6, 3), lambda: L.GRU(4, use_bias=False)),
    "bidirectional": ((6, 3), lambda: L.Bidirectional(L.LSTM(4, return_sequences=True))),
    "bidirectional sum": ((6, 3), lambda: L.Bidirectional(L.GRU(4), merge_mode="sum")),
    "stacked cells": ((6, 3), lambda: L.RNN([L.LSTMCell(4), L.GRUCell(3)], return_sequences=True)),
    "peephole": ((6, 3), lambda: L.RNN(L.PeepholeLSTMCell(4))),
    "time distributed": ((4, 6, 6, 2), lambda: L.TimeDistributed(L.Conv2D(3, 3))),
    "conv lstm 1d": ((4, 7, 2), lambda: L.ConvLSTM1D(3, 3, padding="same")),
    "conv lstm 2d": ((4, 6, 5, 2), lambda: L.ConvLSTM2D(3, 3, return_sequences=True)),
    "conv lstm 3d": ((3, 4, 4, 3, 2), lambda: L.ConvLSTM3D(2, 2, padding="same")),
}  # fmt: skip

ACTIVATIONS = [
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "linear",
    "relu",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]

MERGES: dict[str, Callable[[], Any]] = {
    "add": lambda: L.Add(),
    "subtract": lambda: L.Subtract(),
    "multiply": lambda: L.Multiply(),
    "average": lambda: L.Average(),
    "maximum": lambda: L.Maximum(),
    "minimum": lambda: L.Minimum(),
    "concatenate": lambda: L.Concatenate(axis=1),
    "dot": lambda: L.Dot(axes=-1, normalize=True),
    "attention": lambda: L.Attention(use_scale=True),
    "additive attention": lambda: L.AdditiveAttention(),
    "multi-head attention": lambda: _Heads(),
}


class _Heads(L.Layer):
    """Two inputs as a list, as merges take them."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = L.MultiHeadAttention(2, 3, value_dim=4)

    def call(self, inputs: Any) -> Any:
        return self.heads(inputs[0], inputs[1])
