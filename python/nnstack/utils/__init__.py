"""Small helpers: labels, seeds, custom objects, data sequences, progress bars."""

from nnstack.utils.data_utils import Sequence
from nnstack.utils.generic_utils import (
    CustomObjectScope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from nnstack.utils.np_utils import normalize, to_categorical
from nnstack.utils.progbar import Progbar
from nnstack.utils.random import set_random_seed
from nnstack.utils.vis_utils import model_to_dot, plot_model

custom_object_scope = CustomObjectScope

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "Sequence",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "model_to_dot",
    "normalize",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "to_categorical",
]
