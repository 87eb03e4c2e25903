"""Keras 2's former home of some layers: `nnstack.engine.base_layer.X` is `nnstack.layers.X`."""

from nnstack.engine.nodes import Node as Node
from nnstack.layers import __getattr__ as __getattr__
