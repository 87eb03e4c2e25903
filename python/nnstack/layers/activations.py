"""Activations as layers."""

from __future__ import annotations

from typing import Any

from nnstack import activations, backend
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import axes_within, label
from nnstack.layers.parameters import add_parameter, options_config, set_options
from nnstack.utils import nest


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

    _takes_floats = True

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

    _takes_floats = True

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

    _takes_floats = True

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


class PReLU(Layer):
    """x where positive, alpha * x elsewhere, alpha trained: one per entry, or one for all entries along `shared_axes`.

    `alpha_initializer` default zeros, `alpha_regularizer`, `alpha_constraint`; `shared_axes` an int or a list, counted
    from 1, such as [1, 2] for images. Weight: `alpha`, of the input's shape without the batch axis, 1 on shared axes.
    Raises `ValueError` for an unknown size that is not shared. Source: He et al. 2015 (arXiv:1502.01852)
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        set_options(self, "alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        self.shared_axes = shared_axes if shared_axes is None else list(nest.as_list(shared_axes))
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        sizes = list(input_shape[1:])
        for axis in self.shared_axes or []:
            if not 1 <= axis < len(input_shape):
                raise ValueError(
                    f"{label(self)}: expected shared_axes from 1 to {len(sizes)}, got {self.shared_axes}; input shape "
                    f"{tuple(input_shape)}"
                )
            sizes[axis - 1] = 1
        self.alpha = add_parameter(self, "alpha", sizes)
        known = {axis: size for axis, size in enumerate(input_shape) if axis and axis not in (self.shared_axes or [])}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=known)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return backend.relu(inputs) - self.alpha * backend.relu(-inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        options = options_config(self, "alpha", activity=False)
        return {**super().get_config(), **options, "shared_axes": self.shared_axes}


class Softmax(Layer):
    """exp(x) / sum(exp(x)) along `axis` (an int, or a list of ints normalised together); masked places get 0.

    `robust_masking`: put a very small number at masked places instead of adding one to what is there.
    """

    _takes_floats = True

    def __init__(self, axis: Any = -1, robust_masking: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.robust_masking = bool(robust_masking)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        axes_within(
            list(self.axis) if isinstance(self.axis, list | tuple) else [self.axis], len(input_shape), label(self)
        )
        super().build(input_shape)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        return masked_softmax(inputs, self.axis, mask, self.robust_masking)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        robust = {"robust_masking": True} if self.robust_masking else {}
        return {**super().get_config(), "axis": self.axis, **robust}


def masked_softmax(x: Any, axis: Any, mask: Any = None, robust: bool = False) -> Any:
    """Softmax along one or several axes; where `mask` is 0 or False the share is (next to) nothing."""
    if mask is not None:
        smallest = -32752.0 if x.dtype == "float16" else -1e9  # half of the type's least number: sums stay finite
        mask = backend.convert(mask)
        if robust:
            x = backend.select(mask if mask.dtype == "bool" else mask > 0.5, x, smallest)
        else:
            x = x + (1.0 - backend.cast(mask, x.dtype)) * smallest
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    if len(axes) == 1:
        return backend.softmax(x, axis=axes[0])
    return backend.exp(x - backend.logsumexp(x, axis=axes, keepdims=True))
