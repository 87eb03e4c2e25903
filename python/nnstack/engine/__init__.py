"""Layers, the graphs they form, and models: structure only; what is computed are core Values."""

from nnstack.layers import __getattr__ as __getattr__  # Layer, Input and InputSpec were here in Keras 2.0
