"""Activations as layers."""

from __future__ import annotations

from typing import Any

from nnstack import activations, backend
from nnstack.engine.layer import Layer


class Activation(Layer):
    """Applies a function elementwise (or softmax along the last axis). `activation`: name or function.

    Output shape = input shape. Raises `ValueError` for an unknown name.
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class ReLU(Layer):
    """max(x, 0) with options: `max_value` upper bound or None, `negative_slope` below `threshold`.

    f(x) = max_value for x >= max_value, x for threshold <= x < max_value, negative_slope * (x - threshold) below.
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("max_value", max_value), ("negative_slope", negative_slope), ("threshold", threshold)):
            if (value is None and name != "max_value") or (value is not None and value < 0):
                raise ValueError(f're_lu (layer "{self.name}"): expected {name} of at least 0, got {value!r}')
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return backend.relu(inputs, alpha=self.negative_slope, max_value=self.max_value, threshold=self.threshold)

    def get_config(self) -> dict[str, Any]:
        own = {"max_value": self.max_value, "negative_slope": self.negative_slope, "threshold": self.threshold}
        return {**super().get_config(), **own}


class LeakyReLU(Layer):
    """x where positive, alpha * x elsewhere; `alpha` default 0.3."""

    def __init__(self, alpha: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if alpha is None:
            raise ValueError(f'leaky_re_lu (layer "{self.name}"): expected a number as alpha, got None')
        self.alpha = float(alpha)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return backend.relu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class ELU(Layer):
    """x where positive, alpha * (exp(x) - 1) elsewhere; `alpha` default 1 (Clevert et al. 2015)."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if alpha is None:
            raise ValueError(f'elu (layer "{self.name}"): expected a number as alpha, got None')
        self.alpha = float(alpha)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return backend.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class ThresholdedReLU(Layer):
    """x where x > theta, 0 elsewhere; `theta` default 1, at least 0."""

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if theta is None or theta < 0:
            raise ValueError(f'thresholded_re_lu (layer "{self.name}"): expected theta of at least 0, got {theta!r}')
        self.theta = float(theta)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs * backend.cast(inputs > self.theta, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "theta": self.theta}


class Softmax(Layer):
    """exp(x) / sum(exp(x)) along `axis` (an int, or a list of ints normalised together); masked places get 0."""

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            inputs = inputs + (1.0 - backend.cast(mask, inputs.dtype)) * (
                -6.55e4 if inputs.dtype == "float16" else -1e9
            )
        if isinstance(self.axis, list | tuple):
            if len(self.axis) > 1:
                return backend.exp(inputs - _logsumexp(inputs, list(self.axis)))
            return backend.softmax(inputs, axis=self.axis[0])
        return backend.softmax(inputs, axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _logsumexp(x: Any, axes: list[int]) -> Any:
    most = backend.stop_gradient(backend.max(x, axis=axes, keepdims=True))
    return backend.log(backend.sum(backend.exp(x - most), axis=axes, keepdims=True)) + most
