"""Layers by name, and how to make them from configs."""

from typing import Any

from nnstack.engine.inputs import Input, InputLayer
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.activations import ELU, Activation, LeakyReLU, ReLU, Softmax, ThresholdedReLU
from nnstack.layers.dense import Dense
from nnstack.layers.embedding import Embedding
from nnstack.layers.lambda_layer import Lambda
from nnstack.layers.merging import (
    Add,
    Average,
    Concatenate,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    maximum,
    minimum,
    multiply,
    subtract,
)
from nnstack.layers.noise import Dropout, GaussianDropout, GaussianNoise
from nnstack.layers.operations import TensorOperations
from nnstack.layers.regularization import ActivityRegularization
from nnstack.layers.reshaping import Flatten, Permute, RepeatVector, Reshape


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


__all__ = [
    "ELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "Average",
    "Concatenate",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Softmax",
    "Subtract",
    "TensorOperations",
    "ThresholdedReLU",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
