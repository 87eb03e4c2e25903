"""The model that is fed with what does not fit."""

from typing import Any

import numpy as np

from nnstack.layers import Dense
from nnstack.models import Sequential

X = np.zeros((10, 64), np.float32)
ONE_HOT = np.eye(3, dtype=np.float32)[np.arange(10) % 3]
LABELS = np.arange(10) % 3


def new() -> Sequential:
    layers = [Dense(8, input_shape=(64,), name="first"), Dense(3, activation="softmax", name="out")]
    return Sequential(layers, name="m")


def compiled(loss: Any = "categorical_crossentropy", **arguments: Any) -> Sequential:
    model = new()
    model.compile("sgd", loss, **arguments)
    return model
