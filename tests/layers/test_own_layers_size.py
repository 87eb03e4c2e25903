"""A layer made of backend functions becomes the program that the built-in layer becomes: as many kernel calls, in the
forward pass and with its gradients.
"""

from typing import Any

import numpy as np
import pytest

from nnstack import backend as K
from nnstack import layers
from nnstack.layers import Layer


class OwnDense(Layer):
    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], 8))
        self.bias = self.add_weight("bias", (8,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        return K.relu(K.bias_add(K.dot(inputs, self.kernel), self.bias))


class OwnConvolution(Layer):
    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (3, 3, input_shape[-1], 4))
        self.bias = self.add_weight("bias", (4,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        return K.tanh(K.bias_add(K.conv2d(inputs, self.kernel, padding="same"), self.bias))


class OwnScale(Layer):
    """Rescaling, then a leaky ReLU."""

    def call(self, inputs: Any) -> Any:
        return K.relu(inputs * 0.5 + 1.0, alpha=0.3)


class OwnEmbedding(Layer):
    def build(self, input_shape: Any) -> None:
        self.table = self.add_weight("table", (9, 4))

    def call(self, inputs: Any) -> Any:
        return K.gather(self.table, inputs)


class OwnSoftmax(Layer):
    def call(self, inputs: Any) -> Any:
        shifted = K.exp(inputs - K.max(inputs, axis=-1, keepdims=True))
        return shifted / K.sum(shifted, axis=-1, keepdims=True)


class OwnAverage(Layer):
    def call(self, inputs: Any) -> Any:
        return K.mean(inputs, axis=1)


def relu_of(layer: Any) -> Any:
    return lambda x: layers.LeakyReLU(0.3)(layer(x))


CASES: dict[str, tuple[Any, Any, tuple[int, ...], str]] = {
    "Dense": (OwnDense, lambda: layers.Dense(8, "relu"), (5, 6), "float32"),
    "Conv2D": (OwnConvolution, lambda: layers.Conv2D(4, 3, padding="same", activation="tanh"), (2, 6, 6, 3), "float32"),
    "Rescaling and LeakyReLU": (OwnScale, lambda: relu_of(layers.Rescaling(0.5, 1.0)), (5, 6), "float32"),
    "Embedding": (OwnEmbedding, lambda: layers.Embedding(9, 4), (3, 5), "int32"),
    "GlobalAveragePooling1D": (OwnAverage, layers.GlobalAveragePooling1D, (3, 5, 2), "float32"),
}


def steps_of(layer: Any, shape: tuple[int, ...], dtype: str) -> tuple[int, int]:
    """Kernel calls of the forward pass, and of it together with its gradients."""
    x = K.placeholder(shape, dtype=dtype)
    y = layer(x)
    sources = [*getattr(layer, "trainable_weights", []), *([x] if dtype == "float32" else [])]
    counts = []
    for outputs in ([y], [y, *K.gradients(K.sum(K.square(y)), sources)]):
        function = K.function([x], outputs)
        function([np.ones(shape, dtype)])
        counts.append(function.program(False).stats()["steps"])
    return counts[0], counts[1]


@pytest.mark.parametrize("name", CASES)
def test_as_many_steps_as_the_built_in_layer(name: str) -> None:
    own, built_in, shape, dtype = CASES[name]
    assert steps_of(own(), shape, dtype) == steps_of(built_in(), shape, dtype)


def test_a_softmax_by_hand() -> None:
    """Written out it is four passes over the numbers, not one, and its gradient is still right."""
    x = np.random.default_rng(0).normal(size=(5, 7)).astype("float32")
    assert steps_of(OwnSoftmax(), (5, 7), "float32")[0] <= 4 * steps_of(layers.Softmax(), (5, 7), "float32")[0]
    np.testing.assert_allclose(OwnSoftmax()(x).numpy(), layers.Softmax()(x).numpy(), rtol=1e-5)
