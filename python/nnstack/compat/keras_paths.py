"""Module paths of Keras 2.0 to 2.15 and tf.keras that are not those of nnstack, and where they lead.

`keras.X.Y` is `nnstack.X.Y` where there is such a module; the table holds the others. A target is a module, or several,
the first of which has a name.
"""

from __future__ import annotations

_LAYERS, _MODELS, _UTILS = "nnstack.layers", "nnstack.models", "nnstack.utils"

PATHS: dict[str, str] = {
    "applications": "nnstack.applications",
    "backend.common": "nnstack.backend",
    "backend.load_backend": "nnstack.backend",
    "backend.tensorflow_backend": "nnstack.backend",
    "callbacks.callbacks": "nnstack.callbacks",
    "callbacks.tensorboard_v1": "nnstack.callbacks",
    "callbacks.tensorboard_v2": "nnstack.callbacks",
    "callbacks_v1": "nnstack.callbacks",
    "engine.base_layer_utils": _LAYERS,
    "engine.functional": "nnstack.compat.keras_names nnstack.models",
    "engine.input_layer": _LAYERS,
    "engine.input_spec": _LAYERS,
    "engine.network": "nnstack.compat.keras_names nnstack.models",
    "engine.saving": "nnstack.compat.weight_groups nnstack.models",
    "engine.sequential": _MODELS,
    "engine.topology": "nnstack.compat.keras_names nnstack.engine.topology",
    "engine.training": "nnstack.compat.keras_names nnstack.models",
    "engine.training_utils": "nnstack.compat.keras_names nnstack.utils",
    "initializers.initializers_v1": "nnstack.initializers",
    "initializers.initializers_v2": "nnstack.initializers",
    "layers.advanced_activations": "nnstack.layers.advanced_activations",
    "layers.normalization.batch_normalization": _LAYERS,
    "layers.normalization.batch_normalization_v1": _LAYERS,
    "layers.normalization.layer_normalization": _LAYERS,
    "layers.recurrent_v2": _LAYERS,
    "layers.rnn": _LAYERS,
    "layers.serialization": _LAYERS,
    "layers.dense_attention": _LAYERS,
    "layers.kernelized": _LAYERS,
    "legacy": "nnstack.compat.keras_legacy",
    "legacy.interfaces": "nnstack.compat.keras_legacy",
    "legacy.layers": _LAYERS,
    "mixed_precision.experimental": "nnstack.mixed_precision",
    "mixed_precision.policy": "nnstack.mixed_precision",
    "models.model": _MODELS,
    "objectives": "nnstack.losses",
    "optimizer_v1": "nnstack.optimizers.legacy",
    "optimizer_v2": "nnstack.optimizers",
    "optimizer_v2.optimizer_v2": "nnstack.compat.keras_names nnstack.optimizers.legacy",
    "optimizers.experimental": "nnstack.optimizers",
    "optimizers.optimizer_v2": "nnstack.optimizers.legacy",
    "optimizers.optimizer_experimental": "nnstack.optimizers",
    "optimizers.schedules.learning_rate_schedule": "nnstack.optimizers.schedules",
    "preprocessing.image_dataset": "nnstack.preprocessing.directories",
    "preprocessing.text_dataset": "nnstack.preprocessing.directories",
    "premade_models": "nnstack.premade",
    "saving.hdf5_format": "nnstack.models",
    "saving.save": _MODELS,
    "saving.legacy": _MODELS,
    "saving.object_registration": _UTILS,
    "utils.conv_utils": "nnstack.compat.keras_names nnstack.utils",
    "utils.data_utils": "nnstack.utils.data_utils nnstack.utils",
    "utils.dataset_utils": _UTILS,
    "utils.generic_utils": "nnstack.utils.generic_utils nnstack.utils",
    "utils.image_utils": _UTILS,
    "utils.io_utils": _UTILS,
    "utils.layer_utils": "nnstack.utils.layer_utils nnstack.compat.keras_names nnstack.utils.weight_formats "
    "nnstack.utils",
    "utils.losses_utils": "nnstack.compat.keras_names nnstack.losses",
    "utils.multi_gpu_utils": "nnstack.compat.keras_names nnstack.utils",
    "utils.test_utils": _UTILS,
    "utils.tf_utils": _UTILS,
    "utils.training_utils": "nnstack.compat.keras_names nnstack.utils",
    "utils.vis_utils": "nnstack.utils.vis_utils",
    "wrappers": "nnstack.wrappers",
}
# `keras.optimizers.adam`, `keras.layers.convolutional.conv2d`, ...: files of one class in late versions.
_ONE_CLASS = {
    "layers.activation": _LAYERS,
    "layers.attention": _LAYERS,
    "layers.convolutional": _LAYERS,
    "layers.core": _LAYERS,
    "layers.merging": _LAYERS,
    "layers.normalization": _LAYERS,
    "layers.pooling": _LAYERS,
    "layers.regularization": _LAYERS,
    "layers.reshaping": _LAYERS,
    "layers.rnn": _LAYERS,
    "layers.recurrent": _LAYERS,
    "layers.preprocessing": _LAYERS,
    "optimizers": "nnstack.optimizers",
    "optimizer_v2": "nnstack.optimizers.legacy",
    "optimizers.optimizer_v2": "nnstack.optimizers.legacy",
}

# Modules that no Keras on TensorFlow 2 has: programs that import them were written for TensorFlow 1.
UP_TO_2_3 = ("backend.tensorflow_backend", "engine.topology", "legacy", "objectives")

# Packages under which Keras 2 has been imported.
ROOTS = (
    "keras",
    "tf_keras",
    "tensorflow.keras",
    "tensorflow.python.keras",
    "tensorflow.contrib.keras",
    "tensorflow.contrib.keras.python.keras",
    "tensorflow.contrib.keras.api.keras",
    "tensorflow.compat.v1.keras",
    "tensorflow.compat.v2.keras",
    "tensorflow_core.keras",
    "tensorflow_core.python.keras",
    "tensorflow.keras._impl.keras",
)
# Further packages below them that hold the same again.
SAME = ("src", "api", "api._v2.keras", "api.keras", "_impl.keras")
# Packages that Keras 2 was made of.
PARTS = {
    "keras_preprocessing": "nnstack.preprocessing",
    "keras_applications": "nnstack.applications",
}


def targets(path: str) -> list[str]:
    """The modules that stand for `keras.<path>`, without a look whether they exist.

    >>> targets("layers.core"), targets("engine.network")
    (['nnstack.layers.core'], ['nnstack.compat.keras_names', 'nnstack.models'])
    """
    for same in SAME:
        if path == same or path.startswith(same + "."):
            return targets(path[len(same) + 1 :])
    if not path:
        return ["nnstack.compat.keras_module"]
    if path in PATHS:
        return PATHS[path].split()
    return [f"nnstack.{path}"]


def fallback(path: str) -> list[str]:
    """Where a path leads for which there is no module: files of one class in late versions."""
    parent = path.rpartition(".")[0]
    return [_ONE_CLASS[parent]] if parent in _ONE_CLASS else []
