"""Keras 2's former home of these names."""

from nnstack.engine.model import Model
from nnstack.utils.source_inputs import get_source_inputs as get_source_inputs

Network = Model  # a model without training methods, once
