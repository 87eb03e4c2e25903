"""Activation functions: plain functions on tensors, found by name."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, TensorLike
from nnstack.utils.generic_utils import deserialize_keras_object, serialize_keras_object

# fixed by the self-normalising property (Klambauer et al. 2017)
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def _with_logits(output: Tensor, logits: Tensor) -> Tensor:
    output._keras_logits = logits  # read by the cross-entropies
    return output


def linear(x: TensorLike) -> Any:
    """x itself."""
    return x


def relu(x: TensorLike, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """max(x, 0); with `alpha` a slope below `threshold`, with `max_value` a ceiling."""
    return backend.relu(x, alpha=alpha, max_value=max_value, threshold=threshold)


def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """x for x > 0, alpha * (exp(x) - 1) below (Clevert et al. 2015)."""
    return backend.elu(x, alpha)


def selu(x: TensorLike) -> Tensor:
    """Scaled elu that keeps mean 0 and variance 1 (Klambauer et al. 2017); use with 'lecun_normal' and AlphaDropout."""
    value = backend.convert(x)
    below = backend.expm1(backend.minimum(value, 0.0)) * (_SELU_ALPHA * _SELU_SCALE)
    return backend.select(value < 0.0, below, value * _SELU_SCALE)


def sigmoid(x: TensorLike) -> Tensor:
    """1 / (1 + exp(-x)). Cross-entropies of the result are computed from x itself."""
    value = backend.convert(x)
    return _with_logits(backend.sigmoid(value), value)


def hard_sigmoid(x: TensorLike) -> Tensor:
    """0.2 * x + 0.5 kept within [0, 1]."""
    return backend.hard_sigmoid(x)


def tanh(x: TensorLike) -> Tensor:
    """Hyperbolic tangent."""
    return backend.tanh(x)


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along `axis`; ValueError for a tensor of one axis.

    Cross-entropies of the result are computed from x itself.

    >>> softmax([[0.0, 0.0]]).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """
    if backend.ndim(x) < 2:
        raise ValueError(f"softmax: expected at least 2 axes, got shape {backend.int_shape(x)}. The first is the batch")
    value = backend.convert(x)
    return _with_logits(backend.softmax(value, axis), value)


def softplus(x: TensorLike) -> Tensor:
    """log(1 + exp(x))."""
    return backend.softplus(x)


def softsign(x: TensorLike) -> Tensor:
    """x / (1 + |x|)."""
    return backend.softsign(x)


def exponential(x: TensorLike) -> Tensor:
    """exp(x)."""
    return backend.exp(x)


def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """x * Phi(x), Phi being the normal distribution function (Hendrycks and Gimpel 2016); approximate: by tanh."""
    value = backend.convert(x)
    if approximate:
        inner = (value + value * value * value * 0.044715) * 0.7978845608028654  # sqrt(2 / pi)
        return value * 0.5 * (backend.tanh(inner) + 1.0)
    return value * 0.5 * (backend.erf(value * 0.7071067811865476) + 1.0)  # 1 / sqrt(2)


def mish(x: TensorLike) -> Tensor:
    """x * tanh(softplus(x)) (Misra 2019)."""
    value = backend.convert(x)
    return value * backend.tanh(backend.softplus(value))


def swish(x: TensorLike) -> Tensor:
    """x * sigmoid(x) (Ramachandran et al. 2017)."""
    value = backend.convert(x)
    return value * backend.emit("sigmoid", value)


_ACTIVATIONS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        elu,
        exponential,
        gelu,
        hard_sigmoid,
        linear,
        mish,
        relu,
        selu,
        sigmoid,
        softmax,
        softplus,
        softsign,
        swish,
        tanh,
    )  # fmt: skip
}
_ACTIVATIONS["silu"] = swish


def serialize(activation: Any, use_legacy_format: bool = False) -> Any:
    """The name of a function; the config dict of an object that has one (a layer used as activation)."""
    return serialize_keras_object(activation, "keras.layers", use_legacy_format)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """The function that `name` stands for, or the object that a config dict stands for."""
    if isinstance(name, dict) and "class_name" in name and name["class_name"] not in _ACTIVATIONS:
        layers = importlib.import_module("nnstack.layers")  # layers import this module
        if hasattr(layers, name["class_name"]):
            return layers.deserialize(name, custom_objects)
    return deserialize_keras_object(name, _ACTIVATIONS, custom_objects, "activation function")


def get(identifier: Any) -> Any:
    """None to `linear`, a name or config dict to what it stands for, a callable to itself; else TypeError."""
    if identifier is None:
        return linear
    if isinstance(identifier, (str, dict)):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise TypeError(f"activation: expected a name, a config dict or a callable, got {identifier!r}")
