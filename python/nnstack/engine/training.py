"""Keras 2's former home of these names."""

from nnstack.engine.model import Model as Model
