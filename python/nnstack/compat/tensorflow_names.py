"""The table of `tensorflow`: what stands for each name, and what to use for names that nothing stands for.

A row is read by `nnstack.compat.rows.resolve`. The key of a table is a namespace, "" is `tf` itself.
"""

from __future__ import annotations

from nnstack.compat import tensorflow_1_names, tensorflow_2_names

_B = "nnstack.backend"
_F = "nnstack.compat.functions"


def _same(module: str, names: str, **renamed: str) -> dict[str, str]:
    """Rows for names that are the same there; `renamed` maps arguments."""
    tail = "".join(f" {theirs}={ours}" for theirs, ours in renamed.items())
    return {name: f"{module}:{name}{tail}" for name in names.split()}


def _pick(table: dict[str, str], names: str) -> dict[str, str]:
    """The rows of these names."""
    return {name: table[name] for name in names.split()}


_REDUCED = {
    f"reduce_{theirs}": f"{_B}:{ours} input_tensor=x"
    for theirs, ours in {
        "sum": "sum", "mean": "mean", "max": "max", "min": "min", "prod": "prod", "any": "any", "all": "all",
        "std": "std", "logsumexp": "logsumexp",
    }.items()
}  # fmt: skip

_MATH = {
    **_REDUCED,
    **_same(_B, "abs square exp expm1 log log1p sin cos tanh sigmoid erf floor round sign softplus"),
    **_same(_B, "add subtract multiply divide maximum minimum divide_no_nan equal not_equal less less_equal greater "
            "greater_equal cumsum cumprod"),
    "pow": f"{_B}:pow y=a",
    **_same(f"{_F}.math", "argmax argmin add_n accumulate_n floordiv floormod truediv sqrt rsqrt reciprocal "
            "negative ceil "
            "is_nan is_inf is_finite tan sinh cosh atanh erfc log_sigmoid squared_difference logical_and logical_or "
            "logical_xor logical_not multiply_no_nan xlogy cumulative_logsumexp confusion_matrix segment_sum "
            "unsorted_segment_sum unsorted_segment_mean l2_normalize top_k reduce_variance reduce_euclidean_norm "
            "count_nonzero"),
    "mod": f"{_F}.math:floormod",
    "softmax": f"{_F}.nn:softmax",
    "log_softmax": f"{_F}.nn:log_softmax",
    "softsign": f"{_B}:softsign features=x",
    "in_top_k": f"{_F}.nn:in_top_k",
    "zero_fraction": f"{_F}.nn:zero_fraction",
}  # fmt: skip

_ARRAYS = _same(
    f"{_F}.arrays",
    "convert_to_tensor constant reshape zeros ones fill zeros_like ones_like eye range linspace cast shape size rank "
    "transpose "
    "expand_dims squeeze concat stack unstack split slice repeat reverse roll pad meshgrid sequence_mask "
    "one_hot gather "
    "gather_nd scatter_nd tensor_scatter_nd_add tensor_scatter_nd_update where boolean_mask unique sort argsort "
    "searchsorted ensure_shape clip_by_value clip_by_norm clip_by_global_norm",
)

_ANGLES = _same(f"{_F}.angles", "atan atan2 asin acos")

_LINALG = _same(
    f"{_F}.linalg",
    "matmul matvec tensordot einsum norm matrix_transpose band_part diag diag_part set_diag trace",
)

_DTYPES = _same(
    "nnstack.compat.dtypes",
    "bfloat16 float16 float32 float64 half double int8 int16 int32 int64 uint8 string as_dtype DType",
)

_INITIALIZERS = {
    "constant": "Constant",
    "ones": "Ones",
    "random_normal": "RandomNormal",
    "random_uniform": "RandomUniform",
    "zeros": "Zeros",
}

TABLES: dict[str, dict[str, str]] = {
    "": {
        **_DTYPES,
        "bool": "nnstack.compat.dtypes:bool_",
        **_ARRAYS,
        **_pick(_MATH, "abs square exp sin cos tan sinh cosh tanh atanh sigmoid floor round sign add subtract "
            "multiply divide maximum minimum equal not_equal less less_equal greater greater_equal pow argmax "
            "argmin add_n truediv sqrt negative logical_and logical_or logical_not reduce_sum reduce_mean "
            "reduce_max reduce_min reduce_prod reduce_any reduce_all reduce_logsumexp cumsum"),
        **_pick(_LINALG, "matmul tensordot einsum norm"),
        **_ANGLES,
        "tile": f"{_B}:tile input=x multiples=n",
        "broadcast_to": f"{_B}:broadcast_to input=x",
        "identity": f"{_B}:identity input=x",
        "stop_gradient": f"{_B}:stop_gradient input=variables",
        "is_tensor": f"{_B}:is_tensor",
        "map_fn": "nnstack.compat.control:map_fn",
        "vectorized_map": "nnstack.compat.control:map_fn",
        "gradients": "nnstack.compat.version_1:gradients",
        "foldl": f"{_B}:foldl",
        "foldr": f"{_B}:foldr",
        "name_scope": f"{_B}:name_scope",
        "control_dependencies": f"{_B}:control_dependencies",
        "newaxis": "nnstack.compat.functions.arrays:newaxis",
        "GradientTape": "nnstack.training.tape:GradientTape",
        "Tensor": f"{_B}.tensor:Tensor",
        "Variable": "nnstack.compat.variable:Variable",
        "TensorShape": "nnstack.compat.specs:TensorShape",
        "TensorSpec": "nnstack.compat.specs:TensorSpec",
        "function": "nnstack.compat.function:function",
        **_same("nnstack.compat.control", "cond case switch_case while_loop group no_op print py_function "
            "numpy_function "
                "executing_eagerly device init_scope get_logger Module get_static_value recompute_grad "
            "UnconnectedGradients TensorArray"),
        **{f"{theirs}_initializer": f"nnstack.initializers:{ours}" for theirs, ours in _INITIALIZERS.items()},
        "initializers": "nnstack.initializers",
        "losses": "nnstack.losses",
        "metrics": "nnstack.compat.metrics_1",
        "optimizers": "nnstack.optimizers",
    },
    "dtypes": {**_DTYPES, "bool": "nnstack.compat.dtypes:bool_", "cast": _ARRAYS["cast"]},
    "math": {**_MATH, **_ANGLES},
    "linalg": {**_LINALG, "eye": _ARRAYS["eye"], "l2_normalize": _MATH["l2_normalize"],
               "global_norm": f"{_F}.arrays:global_norm"},
    "nn": {
        **_same(f"{_F}.nn", "relu6 leaky_relu silu gelu softmax log_softmax dropout l2_loss moments "
            "batch_normalization "
                "convolution conv1d conv2d conv3d conv2d_transpose depthwise_conv2d max_pool avg_pool bias_add "
                "embedding_lookup sigmoid_cross_entropy_with_logits weighted_cross_entropy_with_logits "
                "softmax_cross_entropy_with_logits sparse_softmax_cross_entropy_with_logits in_top_k zero_fraction "
                "compute_average_loss scale_regularization_loss depth_to_space space_to_depth crelu "
                "local_response_normalization separable_conv2d atrous_conv2d"),
        "lrn": f"{_F}.nn:local_response_normalization",
        **{f"{kind}_pool{n}d": f"{_F}.nn:{kind}_pool" for kind in ("max", "avg") for n in (1, 2, 3)},
        "swish": f"{_F}.nn:silu",
        "relu": f"{_B}:relu features=x",
        "elu": f"{_B}:elu features=x",
        "selu": "nnstack.activations:selu features=x",
        **_pick(_MATH, "tanh sigmoid softplus l2_normalize top_k log_sigmoid"),
        "softsign": f"{_B}:softsign features=x",
    },
    "random": _same(f"{_F}.random", "set_seed gamma normal uniform truncated_normal categorical shuffle "
                    "stateless_uniform stateless_normal Generator get_global_generator"),
    "image": {
        **_same(f"{_F}.image", "resize flip_left_right flip_up_down rot90 random_flip_left_right random_flip_up_down "
                "convert_image_dtype adjust_brightness adjust_contrast adjust_saturation adjust_gamma "
            "random_brightness "
                "random_contrast random_saturation rgb_to_grayscale grayscale_to_rgb crop_to_bounding_box "
                "pad_to_bounding_box central_crop resize_with_crop_or_pad resize_with_pad random_crop extract_patches "
                "per_image_standardization total_variation psnr"),
        **_same(f"{_F}.boxes", "crop_and_resize non_max_suppression"),
        **_same(f"{_F}.colours", "rgb_to_yuv yuv_to_rgb rgb_to_hsv hsv_to_rgb adjust_hue random_hue"),
        **_same(f"{_F}.similarity", "image_gradients sobel_edges ssim"),
        **_same("nnstack.compat.files", "decode_image decode_jpeg decode_png ResizeMethod"),
    },
    "io": {
        **_same("nnstack.compat.files", "read_file write_file decode_image decode_jpeg decode_png gfile"),
        "decode_gif": "nnstack.compat.files:decode_image",
    },
    "strings": _same(f"{_F}.strings", "lower upper strip regex_replace length join substr split unicode_split "
            "reduce_join "
                     "to_number as_string"),
    "data": _same("nnstack.compat.dataset", "Dataset AUTOTUNE Options INFINITE_CARDINALITY UNKNOWN_CARDINALITY"),
    "data.experimental": _same("nnstack.compat.dataset", "AUTOTUNE INFINITE_CARDINALITY UNKNOWN_CARDINALITY "
            "cardinality"),
    "config": _same("nnstack.compat.config", "list_physical_devices list_logical_devices get_visible_devices "
                    "set_visible_devices set_soft_device_placement set_logical_device_configuration "
                    "LogicalDeviceConfiguration experimental_connect_to_cluster "
                    "optimizer") | _same("nnstack.compat.function", "run_functions_eagerly functions_run_eagerly"),
    "config.experimental": _same("nnstack.compat.config", "list_physical_devices set_memory_growth "
            "enable_op_determinism "
                                 "set_virtual_device_configuration VirtualDeviceConfiguration") ,
    "config.threading": _same("nnstack.compat.config", "set_intra_op_parallelism_threads "
            "set_inter_op_parallelism_threads "
                              "get_intra_op_parallelism_threads get_inter_op_parallelism_threads"),
    "debugging": _same("nnstack.compat.control", "assert_equal assert_less assert_greater assert_non_negative "
            "assert_shapes "
                       "assert_rank check_numerics enable_check_numerics set_log_device_placement Assert"),
    "autograph": _same("nnstack.compat.control", "set_verbosity to_graph"),
    "autograph.experimental": _same("nnstack.compat.control", "do_not_convert set_loop_options"),
    "distribute": _same("nnstack.compat.strategy", "Strategy MirroredStrategy OneDeviceStrategy get_strategy "
            "ReduceOp "
                        "has_strategy in_cross_replica_context get_replica_context"),
    "errors": {name: "nnstack.compat.control:" + name for name in ("InvalidArgumentError", "NotFoundError",
                                                                   "OutOfRangeError", "ResourceExhaustedError")},
    "feature_column": _same("nnstack.compat.feature_column", "numeric_column bucketized_column indicator_column "
            "embedding_column shared_embeddings crossed_column weighted_categorical_column "
            "categorical_column_with_vocabulary_list categorical_column_with_vocabulary_file "
            "categorical_column_with_hash_bucket categorical_column_with_identity"),
    "compat": _same("nnstack.compat.control", "as_str as_bytes as_text"),
    "python.client": {"device_lib": "nnstack.compat.device_lib"},
    "python.util.tf_export": _same("nnstack.compat.control", "keras_export tf_export"),
    "summary": _same("nnstack.compat.summary", "create_file_writer scalar histogram image text"),
    "nest": _same("nnstack.utils.nest", "flatten map_structure") | {"is_nested": "nnstack.utils.nest:is_nested"},
    "version": {"VERSION": "nnstack.compat.tensorflow_names:VERSION"},
    "test": _same("nnstack.compat.config", "is_gpu_available gpu_device_name is_built_with_cuda"),
    "train": _same("nnstack.compat.checkpoints", "Checkpoint CheckpointManager latest_checkpoint"),
    "compat.v1": {
        **_same("nnstack.compat.version_1", "ConfigProto GPUOptions Session InteractiveSession "
            "disable_eager_execution "
                "enable_eager_execution disable_v2_behavior enable_v2_behavior global_variables_initializer "
                "local_variables_initializer get_default_graph reset_default_graph set_random_seed placeholder "
                "get_default_session Graph"),
    },
    "compat.v1.logging": _same("nnstack.compat.version_1", "set_verbosity ERROR WARN INFO DEBUG FATAL"),
}  # fmt: skip

# Modules inside TensorFlow from which programs import, and the namespaces that have what is in them.
INNER_MODULES: dict[str, tuple[str, ...]] = {
    **{f"python.ops.{name}": ("", "math", "nn", "linalg", "random") for name in (
        "array_ops", "clip_ops", "control_flow_ops", "gen_math_ops", "init_ops", "linalg_ops", "math_ops", "nn",
        "nn_ops", "random_ops", "state_ops", "variables")},
    "python.ops.image_ops": ("image",),
    "python.framework.dtypes": ("dtypes",),
    "python.framework.ops": ("", "compat.v1"),
    "python.framework.tensor_shape": ("",),
    "python.eager.context": ("",),
}  # fmt: skip

# Names of TensorFlow 1, and names that people meet in old programs: also found in `tf` itself.
OLD_NAMES = {
    **{name: row for name, row in TABLES["compat.v1"].items() if name not in ("Graph",)},
    "log": _MATH["log"],
    "div": _MATH["divide"],
    "mod": _MATH["mod"],
    "random_normal": f"{_F}.random:normal",
    "random_uniform": f"{_F}.random:uniform",
    "truncated_normal": f"{_F}.random:truncated_normal",
    "to_float": "nnstack.compat.version_1:to_float",
    "to_int32": "nnstack.compat.version_1:to_int32",
    "is_nan": _MATH["is_nan"],
    "ceil": _MATH["ceil"],
    "rsqrt": _MATH["rsqrt"],
    "matrix_band_part": _LINALG["band_part"],
    "multinomial": f"{_F}.random:categorical",
    **tensorflow_1_names.NAMES,
}
for _place, _names in (*tensorflow_1_names.WITHIN.items(), *tensorflow_2_names.WITHIN.items()):
    TABLES.setdefault(_place, {}).update(_names)

VERSION = "2.15.0"  # the last release in which `tf.keras` is Keras 2

# tf name -> what to use: for the names that nothing stands for.
ELSEWHERE = {
    "saved_model": "model.save and keras.models.load_model; nnstack's model.export for C++",
    "lite": "model.export, a file for C++ programs",
    "estimator": "keras.Model: compile, fit, evaluate",
    "profiler": "keras.callbacks.TensorBoard(profile_batch=...), or model.explain()",
    "tpu": "nnstack.list_devices(), for what there is",
    "contrib": "tf.keras; contrib went with TensorFlow 1",
    "layers": "tf.keras.layers",
    "nn.rnn_cell": "keras.layers.LSTMCell and keras.layers.RNN",
    "nn.static_rnn": "keras.layers.RNN(cell, unroll=True)",
    "nn.dynamic_rnn": "keras.layers.RNN",
    "app": "argparse, or absl itself",
    "flags": "argparse, or absl itself",
}
