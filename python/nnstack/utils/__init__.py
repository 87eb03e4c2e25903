"""Small helpers: labels, seeds, custom objects, data sequences, progress bars."""

import importlib
from typing import Any

from nnstack.utils.data_utils import Sequence, pack_x_y_sample_weight, unpack_x_y_sample_weight
from nnstack.utils.generic_utils import (
    CustomObjectScope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from nnstack.utils.np_utils import normalize, to_categorical, to_ordinal
from nnstack.utils.progbar import Progbar
from nnstack.utils.random import set_random_seed

custom_object_scope = CustomObjectScope

# Names imported when they are used.
_ELSEWHERE = {
    "FeatureSpace": "nnstack.utils.feature_space",
    "convert_all_kernels_in_model": "nnstack.utils.weight_formats",
    "disable_interactive_logging": "nnstack.utils.io_utils",
    "enable_interactive_logging": "nnstack.utils.io_utils",
    "is_interactive_logging_enabled": "nnstack.utils.io_utils",
    "multi_gpu_model": "nnstack.utils.weight_formats",
    "print_summary": "nnstack.utils.layer_utils",
    "warmstart_embedding_matrix": "nnstack.utils.weight_formats",
    "deserialize_keras_object": "nnstack.saving.objects",
    "serialize_keras_object": "nnstack.saving.objects",
    "array_to_img": "nnstack.preprocessing.files",
    "audio_dataset_from_directory": "nnstack.preprocessing.audio",
    "GeneratorEnqueuer": "nnstack.utils.enqueuers",
    "H5Dict": "nnstack.utils.h5_dict",
    "HDF5Matrix": "nnstack.utils.hdf5_matrix",
    "OrderedEnqueuer": "nnstack.utils.enqueuers",
    "SidecarEvaluator": "nnstack.utils.sidecar_evaluator",
    "SequenceEnqueuer": "nnstack.utils.enqueuers",
    "get_file": "nnstack.utils.file_utils",
    "get_source_inputs": "nnstack.utils.source_inputs",
    "image_dataset_from_directory": "nnstack.preprocessing.directories",
    "img_to_array": "nnstack.preprocessing.files",
    "load_img": "nnstack.preprocessing.files",
    "model_to_dot": "nnstack.utils.vis_utils",
    "pad_sequences": "nnstack.preprocessing.sequence",
    "plot_model": "nnstack.utils.vis_utils",
    "save_img": "nnstack.preprocessing.files",
    "split_dataset": "nnstack.utils.splitting",
    "text_dataset_from_directory": "nnstack.preprocessing.directories",
    "timeseries_dataset_from_array": "nnstack.preprocessing.timeseries",
}


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module 'nnstack.utils' has no attribute {name!r}")
    return getattr(importlib.import_module(_ELSEWHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ELSEWHERE})


__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    *_ELSEWHERE,
    "CustomObjectScope",
    "Progbar",
    "Sequence",
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "normalize",
    "pack_x_y_sample_weight",
    "register_keras_serializable",
    "set_random_seed",
    "to_categorical",
    "to_ordinal",
    "unpack_x_y_sample_weight",
]
