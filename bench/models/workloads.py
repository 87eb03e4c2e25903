"""The two training workloads, with data made from a fixed seed and the arithmetic a step needs."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Workload:
    """A stack of dense layers: `widths` from input to output."""

    name: str
    widths: tuple[int, ...]
    batch: int
    rows: int
    smoke_rows: int
    dropout: float
    loss: str

    def data(self, smoke: bool) -> tuple[Array, Array]:
        """Inputs and targets, float32; class targets are one-hot."""
        rng = np.random.default_rng(0)
        rows = self.smoke_rows if smoke else self.rows
        x = rng.standard_normal((rows, self.widths[0]), dtype=np.float32)
        if self.loss == "mse":
            return x, rng.standard_normal((rows, self.widths[-1]), dtype=np.float32)
        return x, np.eye(self.widths[-1], dtype=np.float32)[rng.integers(0, self.widths[-1], rows)]

    def flops_per_step(self) -> float:
        """Multiplications and additions of the dense products: forward, weights, inputs (not the first layer's)."""
        products = [2.0 * self.batch * n * k for k, n in zip(self.widths[:-1], self.widths[1:], strict=True)]
        return 3 * sum(products) - products[0]

    def keras_model(self, keras: ModuleType) -> Any:
        """The compiled model, written once for every package that has Keras's interface."""
        layers = keras.layers
        model = keras.Sequential()
        for i, width in enumerate(self.widths[1:-1]):
            first = {"input_shape": (self.widths[0],)} if i == 0 else {}
            model.add(layers.Dense(width, activation="relu", **first))
            if self.dropout:
                model.add(layers.Dropout(self.dropout))
        model.add(layers.Dense(self.widths[-1], activation=None if self.loss == "mse" else "softmax"))
        model.compile(optimizer=keras.optimizers.RMSprop(learning_rate=1e-3), loss=self.loss)
        return model


WORKLOADS = {
    w.name: w
    for w in (
        Workload("tabular", (13, 64, 64, 1), 32, 20_000, 1_000, 0.0, "mse"),
        Workload("mlp", (784, 512, 512, 10), 128, 25_600, 512, 0.2, "categorical_crossentropy"),
    )
}
