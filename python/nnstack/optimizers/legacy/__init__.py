"""Optimizers with the formulas, slots and config of tf.keras <= 2.10 and Keras 2."""

from nnstack.optimizers.legacy.adam import Adam, Adamax, Nadam
from nnstack.optimizers.legacy.base import Optimizer
from nnstack.optimizers.legacy.rules import SGD, Adadelta, Adagrad, Ftrl, RMSprop

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "Optimizer", "RMSprop"]
