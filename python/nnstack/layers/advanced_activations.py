"""Keras 2's former home of some layers: `nnstack.layers.advanced_activations.X` is `nnstack.layers.X`."""

from nnstack.layers import __getattr__ as __getattr__
