"""VGG16, under the name Keras gives its module."""

from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.applications.vgg import VGG16

preprocess_input = preprocessing("caffe")

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]
