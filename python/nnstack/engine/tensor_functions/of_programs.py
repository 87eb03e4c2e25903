"""Functions of TensorFlow that programs have in `nnstack.compat.functions`, for files that name them: a closed list.

What makes arrays out of sizes alone is bounded, for a file may hold any number.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from nnstack import backend as K
from nnstack.engine.tensor_functions.operands import tensor

_MOST_NUMBERS = 1 << 26
_SIZES = ("shape", "dims", "num_rows", "num_columns", "limit", "num")

# Names as files have them, by the module that holds the function under the last part of the name.
_LISTS = {
    "angles": "math.atan math.atan2 math.asin math.acos",
    "arrays": "ones zeros fill eye range linspace rank slice sort argsort searchsorted roll meshgrid sequence_mask "
    "gather_nd clip_by_norm tensor_scatter_nd_update tensor_scatter_nd_add",
    "math": "math.atanh math.erfc math.xlogy math.reduce_euclidean_norm math.count_nonzero math.multiply_no_nan "
    "math.accumulate_n math.cumulative_logsumexp math.segment_sum math.unsorted_segment_sum "
    "math.unsorted_segment_mean",
    "linalg": "linalg.matvec linalg.band_part linalg.diag linalg.diag_part linalg.set_diag linalg.trace "
    "linalg.matrix_transpose",
    "nn": "nn.conv2d nn.conv3d nn.conv2d_transpose nn.depthwise_conv2d nn.separable_conv2d nn.atrous_conv2d nn.dropout "
    "nn.crelu nn.local_response_normalization nn.l2_loss nn.batch_normalization nn.embedding_lookup "
    "nn.sigmoid_cross_entropy_with_logits nn.weighted_cross_entropy_with_logits "
    "nn.softmax_cross_entropy_with_logits nn.sparse_softmax_cross_entropy_with_logits nn.depth_to_space "
    "nn.space_to_depth",
    "image": "image.flip_left_right image.flip_up_down image.rot90 image.adjust_brightness image.adjust_contrast "
    "image.adjust_saturation image.adjust_gamma image.rgb_to_grayscale image.grayscale_to_rgb "
    "image.crop_to_bounding_box image.pad_to_bounding_box image.central_crop image.resize_with_crop_or_pad "
    "image.resize_with_pad image.extract_patches image.per_image_standardization image.total_variation",
    "colours": "image.rgb_to_yuv image.yuv_to_rgb image.rgb_to_hsv image.hsv_to_rgb image.adjust_hue",
    "similarity": "image.image_gradients image.sobel_edges",
    "random": "random.normal random.uniform random.truncated_normal",
}
_MODULES = {name: module for module, names in _LISTS.items() for name in names.split()}
_SAME = {
    "acos": "math.acos", "asin": "math.asin", "atan": "math.atan", "atan2": "math.atan2", "atanh": "math.atanh",
    "nn.softmax_cross_entropy_with_logits_v2": "nn.softmax_cross_entropy_with_logits", "trace": "linalg.trace",
    "random_normal": "random.normal", "random_uniform": "random.uniform", "nn.lrn": "nn.local_response_normalization",
    "matrix_band_part": "linalg.band_part", "matrix_diag": "linalg.diag", "matrix_diag_part": "linalg.diag_part",
    "linalg.tensor_diag_part": "linalg.diag_part", "depth_to_space": "nn.depth_to_space",
    "space_to_depth": "nn.space_to_depth",
}  # fmt: skip
_OF_LISTS = {"math.accumulate_n", "ones", "zeros", "fill", "eye", "random.normal", "random.uniform"}
# TensorFlow 1's words for arguments, where the functions have those of today.
_FORMER = {"filter": "filters", "dim": "axis"}


class OfPrograms(NamedTuple):
    """See `table.Function`."""

    arguments: tuple[str, ...]
    compute: Callable[..., Any]


@functools.lru_cache(maxsize=512)
def find(name: str) -> OfPrograms | None:
    """The function that a file calls `name`, `compat.v1.` left out; None for one that is not in the list."""
    name = _SAME.get(name, name)
    if name not in _MODULES:
        return None
    module = importlib.import_module(f"nnstack.compat.functions.{_MODULES[name]}")
    function = getattr(module, name.rsplit(".", 1)[-1])
    arguments = tuple(inspect.signature(function).parameters)

    def compute(**given: Any) -> Any:
        if name not in _OF_LISTS:
            given = {key: tensor(one) if _has_tensors(one) else one for key, one in given.items()}
        settings = {key if key in arguments else key.removesuffix("_"): value for key, value in given.items()}
        _check_sizes(name, settings)
        return function(**settings)

    return OfPrograms(arguments, compute)


def _has_tensors(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(K.is_tensor(one) for one in value)


def _check_sizes(name: str, settings: dict[str, Any]) -> None:
    sizes = [settings[key] for key in _SIZES if key in settings]
    numbers = [one for size in sizes for one in (size if isinstance(size, list | tuple) else [size])]
    count = math.prod(abs(one) for one in numbers if isinstance(one, int | float))
    if count > _MOST_NUMBERS or any(isinstance(size, list) and len(size) > 32 for size in sizes):
        raise ValueError(f"tensor function: {name} of {count} numbers is more than a file may ask for")


def former_argument(name: str, arguments: tuple[str, ...]) -> str:
    """Today's name of an argument, where TensorFlow 1 had another."""
    return _FORMER[name] if name in _FORMER and name not in arguments and _FORMER[name] in arguments else name
