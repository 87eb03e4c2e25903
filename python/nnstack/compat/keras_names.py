"""Names of Keras's inner modules that programs import and nnstack has under another name."""

from __future__ import annotations

from typing import Any

from nnstack.engine.inputs import Input, InputLayer
from nnstack.engine.layer import Layer
from nnstack.engine.model import Model
from nnstack.losses.reduction import Reduction
from nnstack.optimizers.legacy import Optimizer
from nnstack.utils.source_inputs import get_source_inputs
from nnstack.utils.weight_formats import multi_gpu_model

Container = Network = Functional = Model
ReductionV2 = Reduction
OptimizerV2 = Optimizer

__all__ = [
    "Container", "Functional", "Input", "InputLayer", "Layer", "Model", "Network", "OptimizerV2", "Reduction",
    "ReductionV2",
    "conv_input_length", "conv_output_length", "convert_kernel", "deconv_output_length", "multi_gpu_model",
    "normalize_data_format", "normalize_padding", "normalize_tuple", "count_params", "get_source_inputs",
]  # fmt: skip


def normalize_tuple(value: Any, n: int, name: str, allow_zero: bool = False) -> tuple[int, ...]:
    """A number, or a sequence of n, as a tuple of n; ValueError for anything else."""
    sizes = (value,) * n if isinstance(value, int) else tuple(value)
    if len(sizes) != n or any(int(size) < (0 if allow_zero else 1) for size in sizes):
        raise ValueError(f"{name}: expected {n} positive integers, got {value!r}")
    return tuple(int(size) for size in sizes)


def normalize_data_format(value: Any) -> str:
    """'channels_last' or 'channels_first'; None is the default."""
    from nnstack.backend.config import normalize_data_format as normalize

    return normalize(value)


def normalize_padding(value: str) -> str:
    """In small letters; ValueError unless it is 'valid', 'same', 'causal' or 'full'."""
    if value.lower() not in ("valid", "same", "causal", "full"):
        raise ValueError(f"padding: expected 'valid', 'same' or 'causal', got {value!r}")
    return value.lower()


def conv_output_length(input_length: Any, filter_size: int, padding: str, stride: int, dilation: int = 1) -> Any:
    """How many windows there are along an axis; None if its size is not known."""
    if input_length is None:
        return None
    span = filter_size + (filter_size - 1) * (dilation - 1)
    length = {"same": input_length, "causal": input_length, "valid": input_length - span + 1,
              "full": input_length + span - 1}[padding]  # fmt: skip
    return (length + stride - 1) // stride


def conv_input_length(output_length: Any, filter_size: int, padding: str, stride: int) -> Any:
    """The size of an axis that has so many windows."""
    if output_length is None:
        return None
    border = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * border + filter_size


def deconv_output_length(
    input_length: Any, filter_size: int, padding: str, output_padding: Any = None, stride: int = 0, dilation: int = 1
) -> Any:
    """The size of an axis after a transposed convolution."""
    if input_length is None:
        return None
    span = filter_size + (filter_size - 1) * (dilation - 1)
    if output_padding is None:
        extra = {"valid": max(span - stride, 0), "full": -(stride + span - 2), "same": 0}[padding]
        return input_length * stride + extra
    border = {"same": span // 2, "valid": 0, "full": span - 1}[padding]
    return (input_length - 1) * stride + span - 2 * border + output_padding


def convert_kernel(kernel: Any) -> Any:
    """The kernel with its windows turned round, as Theano stored it."""
    return kernel[(slice(None, None, -1),) * (kernel.ndim - 2)].copy()


def count_params(weights: Any) -> int:
    """Number of elements of all weights, each once."""
    from nnstack import backend

    return sum(backend.count_params(one) for one in {id(one): one for one in weights}.values())
