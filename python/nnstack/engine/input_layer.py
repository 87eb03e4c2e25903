"""Keras 2's former home of these names."""

from nnstack.engine.inputs import Input as Input
from nnstack.engine.inputs import InputLayer as InputLayer
