"""A linear model, rows for it, and its training in plain numpy."""

import numpy as np

from nnstack.layers import Dense
from nnstack.models import Sequential

RNG = np.random.default_rng(2)
X = RNG.normal(size=(23, 3)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 0.25).astype(np.float32)


def linear(optimizer="sgd", **compile) -> Sequential:
    model = Sequential([Dense(1, input_shape=(3,), kernel_initializer="zeros")])
    model.compile(optimizer, "mse", **compile)
    return model


def by_hand(x, y, epochs, batch, rate=0.01, weights=None):
    """Plain numpy: gradient steps on the mean squared error; returns kernel, bias, mean loss per epoch."""
    kernel, bias, losses = np.zeros((3, 1)), np.zeros(1), []
    for _ in range(epochs):
        total = 0.0
        for begin in range(0, len(x), batch):
            xb, yb = x[begin : begin + batch], y[begin : begin + batch]
            wb = np.ones((len(xb), 1)) if weights is None else weights[begin : begin + batch, None]
            error = xb @ kernel + bias - yb
            total += (wb * error**2).sum()
            kernel = kernel - rate * 2 * xb.T @ (wb * error) / len(xb)
            bias = bias - rate * 2 * (wb * error).sum(0) / len(xb)
        losses.append(total / len(x))
    return kernel, bias, losses
