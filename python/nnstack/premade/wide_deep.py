"""WideDeepModel: a linear model and a deep one whose outputs are added and trained together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstack import activations
from nnstack.engine.layer import Layer
from nnstack.engine.model import Model
from nnstack.training.tape import GradientTape
from nnstack.utils import nest
from nnstack.utils.data_utils import unpack_x_y_sample_weight


class WideDeepModel(Model):
    """`activation(linear_model(a) + dnn_model(b))` for inputs [a, b], or one input that both get.

    linear_model: as a rule a `LinearModel`; dnn_model: any model with outputs of the same structure and shape.
    compile() takes one optimizer, or two in a list: the first for the linear model, the second for the deep one.

    >>> from nnstack.premade import LinearModel
    >>> model = WideDeepModel(LinearModel(), Sequential([Dense(16, activation="relu"), Dense(1)]))
    >>> model.compile(["sgd", "adam"], "mse")
    >>> model.fit([x, x[:, :2]], y, epochs=10, verbose=0).epoch[-1]
    9

    Source: Cheng et al., Wide & Deep Learning for Recommender Systems (2016), https://arxiv.org/abs/1606.07792
    """

    def __init__(self, linear_model: Any, dnn_model: Any, activation: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.linear_model = linear_model
        self.dnn_model = dnn_model
        self.activation = activations.get(activation)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The sum of both outputs."""
        two = isinstance(inputs, list | tuple) and len(inputs) == 2
        wide, deep = inputs if two else (inputs, inputs)
        linear, other = self.linear_model(wide), self.dnn_model(deep, training=training)
        sums = [a + b for a, b in zip(nest.flatten(linear), nest.flatten(other), strict=True)]
        return nest.pack_as(linear, iter([self.activation(one) for one in sums]))

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of both parts, each with its own optimizer where two were given."""
        if not isinstance(self.optimizer, list):
            return super().train_step(data)
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            predictions = self(x, training=True)
            loss = self.compute_loss(x, y, predictions, sample_weight)
        parts = (self.linear_model.trainable_variables, self.dnn_model.trainable_variables)
        gradients = tape.gradient(loss, parts)
        for optimizer, variables, own in zip(self.optimizer, parts, gradients, strict=True):
            optimizer.apply_gradients(zip(own, variables, strict=True))
        return self.compute_metrics(x, y, predictions, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Arguments as plain data; the two models as configs."""
        from nnstack import layers

        return {
            **Layer.get_config(self),
            "linear_model": layers.serialize(self.linear_model),
            "dnn_model": layers.serialize(self.dnn_model),
            "activation": activations.serialize(self.activation),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A new model, weights freshly drawn, from `get_config()`'s result."""
        from nnstack import layers

        settings = dict(config)
        parts = {name: layers.deserialize(settings.pop(name), custom_objects) for name in ("linear_model", "dnn_model")}
        return cls(**parts, **settings)
