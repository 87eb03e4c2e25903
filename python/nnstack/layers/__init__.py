"""Layers by name, and how to make them from configs.

A layer's module is imported when its name is first used, so that a program pays only for the layers it has.
"""

from __future__ import annotations

import importlib
from typing import Any

# Module -> the public names in it. A new layer is one more name here.
_NAMES = {
    "nnstack.engine.inputs": "Input InputLayer",
    "nnstack.engine.layer": "Layer",
    "nnstack.engine.spec": "InputSpec",
    "nnstack.layers.activations": "Activation ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU",
    "nnstack.layers.attention": "AdditiveAttention Attention",
    "nnstack.layers.batch_normalization": "BatchNormalization SyncBatchNormalization",
    "nnstack.layers.convolution": "Conv1D Conv2D Conv3D Convolution1D",
    "nnstack.layers.convolution_transpose": "Conv1DTranspose Conv2DTranspose Conv3DTranspose Convolution1DTranspose "
    "Convolution2DTranspose Convolution3DTranspose",
    "nnstack.layers.dense": "Dense",
    "nnstack.layers.depthwise": "DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D "
    "SeparableConvolution1D",
    "nnstack.layers.einsum_dense": "EinsumDense",
    "nnstack.layers.embedding": "Embedding",
    "nnstack.layers.global_pooling": "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D "
    "GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D "
    "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D",
    "nnstack.layers.lambda_layer": "Lambda",
    "nnstack.layers.legacy": "AtrousConvolution1D AtrousConvolution2D Convolution2D Convolution3D Deconvolution2D "
    "Deconvolution3D Highway MaxoutDense Merge SeparableConvolution2D TimeDistributedDense",
    "nnstack.layers.locally_connected": "LocallyConnected1D LocallyConnected2D",
    "nnstack.layers.masking": "Identity Masking",
    "nnstack.layers.merging": "Add Average Concatenate Dot Maximum Minimum Multiply Subtract "
    "add average concatenate dot maximum minimum multiply subtract",
    "nnstack.layers.multi_head_attention": "MultiHeadAttention",
    "nnstack.layers.noise": "AlphaDropout Dropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D "
    "SpatialDropout3D",
    "nnstack.layers.normalization": "GroupNormalization LayerNormalization UnitNormalization",
    "nnstack.layers.operations": "TensorOperations",
    "nnstack.layers.padding": "Cropping1D Cropping2D Cropping3D ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    "nnstack.layers.recurrent.abstract": "AbstractRNNCell",
    "nnstack.layers.recurrent.bidirectional": "Bidirectional",
    "nnstack.layers.recurrent.convolution": "ConvLSTM1D ConvLSTM1DCell ConvLSTM2D ConvLSTM2DCell ConvLSTM3D "
    "ConvLSTM3DCell ConvRNN2D",
    "nnstack.layers.recurrent.cudnn": "CuDNNGRU CuDNNLSTM",
    "nnstack.layers.recurrent.gru": "GRU GRUCell",
    "nnstack.layers.recurrent.legacy": "Recurrent",
    "nnstack.layers.recurrent.lstm": "LSTM LSTMCell PeepholeLSTMCell",
    "nnstack.layers.recurrent.rnn": "RNN",
    "nnstack.layers.recurrent.simple": "SimpleRNN SimpleRNNCell",
    "nnstack.layers.recurrent.stacked": "StackedRNNCells",
    "nnstack.layers.pooling": "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D "
    "MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D",
    "nnstack.layers.preprocessing.dense_features": "DenseFeatures",
    "nnstack.layers.preprocessing.hashing": "HashedCrossing Hashing",
    "nnstack.layers.preprocessing.images": "CenterCrop Resizing",
    "nnstack.layers.preprocessing.lookup": "IntegerLookup StringLookup",
    "nnstack.layers.preprocessing.numbers": "CategoryEncoding Discretization Normalization Rescaling",
    "nnstack.layers.preprocessing.random_images": "RandomBrightness RandomContrast RandomCrop RandomFlip RandomHeight "
    "RandomRotation RandomTranslation RandomWidth RandomZoom",
    "nnstack.layers.preprocessing.text": "TextVectorization",
    "nnstack.layers.regularization": "ActivityRegularization",
    "nnstack.layers.reshaping": "Flatten Permute RepeatVector Reshape",
    "nnstack.layers.spectral_normalization": "SpectralNormalization",
    "nnstack.layers.upsampling": "UpSampling1D UpSampling2D UpSampling3D",
    "nnstack.layers.wrappers": "TimeDistributed Wrapper",
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in ("experimental", "merge"):
        return importlib.import_module(f"nnstack.layers.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'nnstack.layers' has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})


def serialize(layer: Any, use_legacy_format: bool = False) -> dict[str, Any]:
    """`{'class_name': ..., 'config': ...}` of a layer."""
    from nnstack.saving.config import layer_config

    return layer_config(layer)


def deserialize(config: Any, custom_objects: Any = None, use_legacy_format: bool = False) -> Any:
    """A layer from `serialize`'s result; classes come from nnstack.layers and `custom_objects`, never from the
    config.
    """
    from nnstack.saving.config import layer_from_config

    return layer_from_config(config, custom_objects)


__all__ = sorted([*_MODULE_OF, "deserialize", "serialize"])  # pyright: ignore[reportUnsupportedDunderAll]
