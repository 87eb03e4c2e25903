"""One table of what other versions of Keras call things, and the one function that reads it.

A layer's config is translated into the words of tf.keras 2.x, which nnstack's own classes take. Written down are:
classes under an earlier name, arguments under an earlier name, values that were spelled differently, arguments that a
version left out because its default was another one, and arguments without a meaning here. Translating twice changes
nothing.

Sources: the configs that Keras 1.0-1.2, 2.0-2.3, tf.keras 1.x-2.15 and Keras 3 write.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Mapping
from typing import Any

# -- classes -------------------------------------------------------------------------------------------------
CLASSES = {
    # Keras 1
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconv2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "Deconv3D": "Conv3DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
    # other names of the same class
    "Convolution1DTranspose": "Conv1DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "DepthwiseConvolution2D": "DepthwiseConv2D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D",
    # the same layer, made for one device or one version of TensorFlow
    "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU",
    "UnifiedLSTM": "LSTM",
    "UnifiedGRU": "GRU",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "LSTMCellV2": "LSTMCell",
    "GRUCellV2": "GRUCell",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "DenseV1": "Dense",
    "Container": "Functional",
    "Network": "Functional",
    "Graph": "Functional",
}

# Keras 1's Merge(mode=...): the class it became, and its arguments from the old ones.
MERGE_MODES: dict[str, tuple[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "sum": ("Add", lambda old: {}),
    "mul": ("Multiply", lambda old: {}),
    "ave": ("Average", lambda old: {}),
    "max": ("Maximum", lambda old: {}),
    "concat": ("Concatenate", lambda old: {"axis": old.get("concat_axis", -1)}),
    "dot": ("Dot", lambda old: {"axes": _dot_axes(old)}),
    "cos": ("Dot", lambda old: {"axes": _dot_axes(old), "normalize": True}),
}


def _dot_axes(old: Mapping[str, Any]) -> Any:
    axes = old.get("dot_axes", -1)
    return [axis[0] if isinstance(axis, list) else axis for axis in axes] if isinstance(axes, list) else axes


# -- arguments: families of classes, and (old name -> new name) in each --------------------------------------
RNNS = ("SimpleRNN", "LSTM", "GRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "SimpleRNNCell", "LSTMCell", "GRUCell")
CONVOLUTIONS = (
    "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv1D",
    "SeparableConv2D", "DepthwiseConv1D", "DepthwiseConv2D", "LocallyConnected1D", "LocallyConnected2D", "ConvLSTM2D",
)  # fmt: skip
POOLINGS = ("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
DROPOUTS = (
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "AlphaDropout",
)  # fmt: skip

_KERNELS = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "W_constraint": "kernel_constraint",
    "b_regularizer": "bias_regularizer",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}

ARGUMENTS: list[tuple[tuple[str, ...], dict[str, str]]] = [
    (("Dense",), {"output_dim": "units", **_KERNELS}),
    (
        RNNS,
        {
            "output_dim": "units",
            "inner_init": "recurrent_initializer",
            "inner_activation": "recurrent_activation",
            "U_regularizer": "recurrent_regularizer",
            "U_constraint": "recurrent_constraint",
            "dropout_W": "dropout",
            "dropout_U": "recurrent_dropout",
            **_KERNELS,
        },
    ),
    (
        CONVOLUTIONS,
        {
            "nb_filter": "filters",
            "filter_length": "kernel_size",
            "subsample": "strides",
            "subsample_length": "strides",
            "border_mode": "padding",
            "dim_ordering": "data_format",
            "depthwise_init": "depthwise_initializer",
            "pointwise_init": "pointwise_initializer",
            **_KERNELS,
        },
    ),
    (
        POOLINGS,
        {"pool_length": "pool_size", "stride": "strides", "border_mode": "padding", "dim_ordering": "data_format"},
    ),
    (
        (
            "Flatten",
            "UpSampling2D",
            "UpSampling3D",
            "ZeroPadding2D",
            "ZeroPadding3D",
            "Cropping2D",
            "Cropping3D",
            "GlobalAveragePooling2D",
            "GlobalAveragePooling3D",
            "GlobalMaxPooling2D",
            "GlobalMaxPooling3D",
            "SpatialDropout2D",
            "SpatialDropout3D",
        ),
        {"dim_ordering": "data_format"},
    ),  # fmt: skip
    (("Conv1D", "Conv2D"), {"atrous_rate": "dilation_rate"}),
    (("UpSampling1D",), {"length": "size"}),
    (DROPOUTS, {"p": "rate"}),
    (("GaussianNoise",), {"sigma": "stddev"}),
    (
        ("Embedding",),
        {
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
        },
    ),
    (
        ("BatchNormalization",),
        {
            "beta_init": "beta_initializer",
            "gamma_init": "gamma_initializer",
            "moving_mean_init": "moving_mean_initializer",
        },
    ),
    (("PReLU",), {"init": "alpha_initializer"}),
    (("LeakyReLU",), {"negative_slope": "alpha"}),
    (("ReLU",), {"alpha": "negative_slope"}),
    (("InputLayer",), {"input_dtype": "dtype"}),
]

# Several old arguments that became one: (families, old names, new name).
JOINED: list[tuple[tuple[str, ...], tuple[str, ...], str]] = [
    (CONVOLUTIONS, ("nb_row", "nb_col"), "kernel_size"),
    (CONVOLUTIONS, ("kernel_dim1", "kernel_dim2", "kernel_dim3"), "kernel_size"),
]

# -- values --------------------------------------------------------------------------------------------------
VALUES: dict[str, dict[Any, Any]] = {
    "data_format": {"tf": "channels_last", "th": "channels_first", "default": None},
    "kernel_initializer": {"zero": "zeros", "one": "ones", "uniform": "random_uniform", "normal": "random_normal"},
    "recurrent_initializer": {"zero": "zeros", "one": "ones", "uniform": "random_uniform", "normal": "random_normal"},
    "embeddings_initializer": {"zero": "zeros", "one": "ones", "uniform": "random_uniform", "normal": "random_normal"},
    "beta_initializer": {"zero": "zeros", "one": "ones"},
    "gamma_initializer": {"zero": "zeros", "one": "ones"},
    "alpha_initializer": {"zero": "zeros", "one": "ones"},
}

# -- defaults that were others: written where the file leaves the argument out -------------------------------
# (classes as the file calls them, argument, its value then, first version in which the file always says it)
DEFAULTS: list[tuple[tuple[str, ...], str, Any, tuple[int, ...]]] = [
    (("LSTM", "GRU", "LSTMCell", "GRUCell", "ConvLSTM2D"), "recurrent_activation", "hard_sigmoid", (2, 3)),
    (("GRU", "GRUCell"), "reset_after", False, (2, 3)),
    (("CuDNNLSTM", "CuDNNGRU"), "recurrent_activation", "sigmoid", (9,)),
    (("CuDNNLSTM", "CuDNNGRU"), "activation", "tanh", (9,)),
    (("CuDNNGRU",), "reset_after", True, (9,)),
    (("LSTM",), "unit_forget_bias", True, (2,)),
    (("BatchNormalization",), "scale", True, (2,)),
    (("BatchNormalization",), "center", True, (2,)),
    (("BatchNormalizationV1", "BatchNormalizationV2"), "scale", True, (9,)),
]

# -- arguments that a class here does not take: the values under which leaving them out changes nothing ------
ANY = object()
LEFT_OUT: dict[str, Any] = {
    "adjustment": None,
    "build_input_shape": ANY,
    "consume_less": ANY,
    "data_format": ("channels_last", None),
    "dilation_rate": (1, [1], [1, 1], [1, 1, 1], None),
    "dropout": 0.0,
    "dtype_policy": ANY,
    "experimental_autocast": ANY,
    "fill_mode": ANY,
    "fill_value": ANY,
    "flash_attention": (None, False),
    "forget_bias_init": ANY,
    "fused": ANY,
    "groups": 1,
    "implementation": ANY,
    "input_dtype": ANY,
    "input_length": ANY,
    "keepdims": False,
    "kernel_constraint": ANY,
    "kernel_initializer": ANY,
    "kernel_regularizer": ANY,
    "lora_alpha": None,
    "lora_rank": None,
    "mode": (0, 2),
    "module": ANY,
    "oov_method": ("floormod", None),
    "optional": False,
    "output_shape": ANY,
    "pad_to_aspect_ratio": False,
    "quantization_config": None,
    "ragged": (False, None),
    "recurrent_dropout": 0.0,
    "registered_name": ANY,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": ANY,
    "return_runtime": ANY,
    "rms_scaling": False,
    "seed": ANY,
    "shared_object_id": ANY,
    "softmax_robust_masking": ANY,
    "sparse": (False, None),
    "synchronized": False,
    "time_major": False,
    "transform_bias": ANY,
    "unroll": ANY,
    "use_gate": False,
    "value_range": ANY,
    "virtual_batch_size": None,
    "zero_output_for_mask": False,
}  # fmt: skip

# Words of Keras 1 which alone tell its dialect where the file names no version.
_KERAS_1_WORDS = frozenset({"nb_filter", "border_mode", "W_regularizer", "inner_init", "b_regularizer", "dropout_W"})
_LAYER_ARGUMENTS = frozenset(
    {"name", "trainable", "dtype", "dynamic", "input_shape", "batch_input_shape", "batch_size", "input_dim", "weights",
     "activity_regularizer", "autocast"}
)  # fmt: skip


def version_of(text: Any) -> tuple[int, ...]:
    """`'2.2.4-tf'` -> (2, 2, 4); a file of Keras 1 may have no version at all: (1,)."""
    numbers = []
    for part in str(text or "1").split("-")[0].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers) or (1,)


def class_name(name: str) -> str:
    """What the class is called here."""
    return CLASSES.get(name, name)


def translate(name: str, config: Mapping[str, Any], cls: Any, version: tuple[int, ...] | None) -> dict[str, Any]:
    """Arguments for `cls`, a class of nnstack, from the config of a layer that a file calls `name`.

    `version` is that of the file, None where nothing is known of it. Raises `ValueError` for a setting that has no
    counterpart, with the layer's name.
    """
    config = dict(config)
    own = class_name(name)
    keras_1 = (version is not None and version < (2,)) or not _KERAS_1_WORDS.isdisjoint(config)
    if "batch_shape" in config:
        config.setdefault("batch_input_shape", config.pop("batch_shape"))
    known = accepted(cls)
    respell(own, config, known)
    if config.get("data_format", "") is None and keras_1:
        del config["data_format"]
    if keras_1:
        _from_keras_1(own, config)
    if version is not None or keras_1:
        for classes, argument, value, since in DEFAULTS:
            if name in classes and (version or (1,)) < since:
                config.setdefault(argument, value)
    elif name != own:
        for classes, argument, value, _ in DEFAULTS:
            if name in classes:
                config.setdefault(argument, value)
    if own == "Embedding" and str(config.get("dtype", "")).startswith(("int", "uint")):
        del config["dtype"]  # the type of the indices, as Keras 2.0 has it
    _leave_out(own, config, known)
    if version is not None and version >= (3,):  # settings that Keras 3 added since, where they are off
        config = {key: value for key, value in config.items() if key in known or value not in (None, False)}
    return config


def respell(own: str, config: dict[str, Any], accepted: Container[str]) -> None:
    """Puts today's names of arguments and values into `config`, for the class `own`; names that it takes stay."""
    for classes, names in ARGUMENTS:
        if own in classes:
            for old, new in names.items():
                if old in config and old not in accepted:
                    value = config.pop(old)
                    config.setdefault(new, value)
    for classes, several, new in JOINED:
        if own in classes and all(old in config for old in several):
            config.setdefault(new, [config[old] for old in several])
            for old in several:
                del config[old]
    if own.startswith("ConvLSTM") and "units" in config and "filters" not in config:
        config["filters"] = config.pop("units")
    for argument, spelled in VALUES.items():
        value = config.get(argument)
        if isinstance(value, str) and value in spelled:
            config[argument] = spelled[value]


def _from_keras_1(own: str, config: dict[str, Any]) -> None:
    """Penalties are dicts with a name, and every layer says the width of its input."""
    if own != "Embedding":
        for key in ("input_dim", "input_length"):
            config.pop(key, None)
    for key, value in list(config.items()):
        if key.endswith("_regularizer") and isinstance(value, Mapping) and "class_name" not in value:
            factors = {factor: float(value.get(factor) or 0.0) for factor in ("l1", "l2")}
            config[key] = {"class_name": "L1L2", "config": factors} if any(factors.values()) else None
        elif key.endswith("_constraint") and isinstance(value, Mapping) and "class_name" not in value:
            settings = {word: number for word, number in value.items() if word != "name"}
            if "m" in settings:
                settings["max_value"] = settings.pop("m")
            config[key] = {"class_name": value.get("name", ""), "config": settings}
    if own == "BatchNormalization" and config.get("mode") == 1:
        raise ValueError(
            f'config (layer "{config.get("name")}"): BatchNormalization of Keras 1 with mode=1 (statistics per sample) '
            "has no counterpart; use LayerNormalization"
        )
    if config.get("padding") == "full":
        raise ValueError(
            f'config (layer "{config.get("name")}"): border_mode "full" has no counterpart; pad with ZeroPadding first'
        )


def accepted(cls: Any) -> frozenset[str]:
    """Names of the arguments that a class and its bases take."""
    names = set(_LAYER_ARGUMENTS)
    for base in inspect.getmro(cls):
        made_by = vars(base).get("__init__")
        if base is not object and made_by is not None:
            names |= set(inspect.signature(made_by).parameters)
        names.update(vars(base).get("_taken_by_keyword", ()))
    return frozenset(names)


def _leave_out(own: str, config: dict[str, Any], accepted: frozenset[str]) -> None:
    for key in [key for key in config if key not in accepted]:
        if key in LEFT_OUT:
            harmless = LEFT_OUT[key]
            value = config.pop(key)
            allowed = harmless if isinstance(harmless, tuple) else (harmless,)
            if harmless is not ANY and value not in allowed:
                raise ValueError(
                    f'config (layer "{config.get("name")}"): {own} with {key}={value!r} has no counterpart here'
                )
