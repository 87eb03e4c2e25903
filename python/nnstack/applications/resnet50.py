"""ResNet50, under the name Keras gives its module."""

from nnstack.applications.resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
