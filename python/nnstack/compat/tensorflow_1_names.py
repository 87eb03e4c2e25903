"""Names that only TensorFlow 1 has at the head of `tf`, as programs of Keras 2.0 to 2.3 use them: name -> row."""

from __future__ import annotations

_B = "nnstack.backend"
_F = "nnstack.compat.functions"
_V = "nnstack.compat.version_1"


def _same(module: str, names: str) -> dict[str, str]:
    return {name: f"{module}:{name}" for name in names.split()}


NAMES: dict[str, str] = {
    **_same(
        _V,
        "Print assign assign_add assign_sub get_variable variable_scope variables_initializer global_variables "
        "trainable_variables py_func random_crop extract_image_patches to_int64 to_double",
    ),
    "initialize_all_variables": f"{_V}:global_variables_initializer",
    "tables_initializer": f"{_V}:global_variables_initializer",
    **_same(
        f"{_F}.math",
        "is_inf is_finite squared_difference segment_sum unsorted_segment_sum confusion_matrix count_nonzero "
        "floordiv reciprocal erfc accumulate_n",
    ),
    **_same(_B, "erf log1p expm1 cumprod"),
    "floor_div": f"{_F}.math:floordiv",
    "log_sigmoid": f"{_F}.math:log_sigmoid",
    "random_shuffle": f"{_F}.random:shuffle",
    "random_gamma": f"{_F}.random:gamma",
    "matrix_diag": f"{_F}.linalg:diag",
    "matrix_diag_part": f"{_F}.linalg:diag_part",
    "matrix_set_diag": f"{_F}.linalg:set_diag",
    "matrix_transpose": f"{_F}.linalg:matrix_transpose",
    "trace": f"{_F}.linalg:trace",
    "batch_matmul": f"{_F}.linalg:matmul",
    "depth_to_space": f"{_F}.nn:depth_to_space",
    "space_to_depth": f"{_F}.nn:space_to_depth",
    "reverse_v2": f"{_F}.arrays:reverse",
    "pack": f"{_F}.arrays:stack",
    "unpack": f"{_F}.arrays:unstack",
    "select": f"{_F}.arrays:where",
    "mul": f"{_B}:multiply",
    "sub": f"{_B}:subtract",
    "neg": f"{_F}.math:negative",
    "gfile": "nnstack.compat.files:gfile",
    "VERSION": "nnstack.compat.tensorflow_names:VERSION",
    "AUTO_REUSE": f"{_V}:AUTO_REUSE",
}

# Namespaces that have names of TensorFlow 1 besides today's.
WITHIN: dict[str, dict[str, str]] = {
    "nn": {
        "softmax_cross_entropy_with_logits_v2": f"{_F}.nn:softmax_cross_entropy_with_logits",
        "max_pool_with_argmax": f"{_F}.argmax_pooling:max_pool_with_argmax",
        "xw_plus_b": f"{_V}:xw_plus_b",
    },
    "image": _same(_V, "resize_images resize_bilinear resize_nearest_neighbor resize_bicubic resize_area")
    | {
        "resize_image_with_crop_or_pad": f"{_F}.image:resize_with_crop_or_pad",
        "resize_image_with_pad": f"{_F}.image:resize_with_pad",
        "extract_image_patches": f"{_V}:extract_image_patches",
    },
    "train": _same(
        _V,
        "AdamOptimizer GradientDescentOptimizer MomentumOptimizer RMSPropOptimizer AdagradOptimizer AdadeltaOptimizer",
    ),
}
