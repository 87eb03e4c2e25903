"""VGG19, under the name Keras gives its module."""

from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.applications.vgg import VGG19

preprocess_input = preprocessing("caffe")

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]
