"""What `inventory.py` finds and is meant to be so: patterns of its lines, with the reason."""

from __future__ import annotations

import re

_TRAINER = "a helper inside Keras's trainer; here the work is done in nnstack.data and nnstack.training"
_FILES = "a helper inside Keras's HDF5 code; here it is in nnstack.saving"
_COUNTS = "a helper inside Keras's metrics; here it is in nnstack.metrics"
_DEFAULT = "another spelling of the same default"
_NOT_A_LAYER = "metrics are no layers here: they have weights, get_weights, add_weight and config, but no inputs"

_EXCEPTIONS: list[tuple[str, str]] = [
    (r"keras\.engine\.training_utils\.", _TRAINER),
    (r"keras\.engine\.saving\.", _FILES),
    (r"keras\.engine\.base_layer\.(disable_tracking|Node)\b", "inside Keras's layers"),
    (r"keras\.utils\.(metrics_utils|losses_utils)\.", _COUNTS),
    (r"keras\.utils\.data_utils\.", "inside Keras's worker processes; here they are in nnstack.data.queue"),
    (r"keras\.utils\.generic_utils\.func_(dump|load)", "code in files is never written nor executed"),
    (r"keras\.utils\.generic_utils\.getargspec", "Python 2's; `inspect.signature` does it"),
    (r"keras\.utils\.(StepsPerExecutionTuner|TimedThread)", "inside Keras's trainer"),
    (r"keras\.layers\.(ConvRecurrent2D|Recurrent): ", "base classes of layers that Keras 2.3 gave up; RNN is the base"),
    (r"keras\.layers\.(DenseFeatures)", "a layer over TensorFlow's feature columns; FeatureSpace encodes columns"),
    (
        r"keras\.experimental\.SequenceFeatures",
        "a layer over TensorFlow's feature columns; FeatureSpace encodes columns",
    ),
    (r"keras\.optimizers\.TFOptimizer", "a wrapper of TensorFlow's own optimizers"),
    (r"keras\.metrics\.(Reduce|SensitivitySpecificityBase): ", "an inner base class"),
    (r"keras\.(models|layers)\.(to_list|deserialize_keras_object)", "imported there by chance; it is in utils"),
    (r".*argument \w+ hidden in \*\*kwargs", "taken by **kwargs"),
    (r"tf_keras\.\w*\.?CallbackList\.", "hooks of the list are found by name when they are called"),
    (r"tf_keras\.(\w+\.)*metrics\.\w+\.\w+: missing|tf_keras\.metrics\.", _NOT_A_LAYER),
    (
        r"tf_keras\.applications\.(ConvNeXt|EfficientNetV2|RegNet|ResNetRS)",
        "not among the networks that the issue asks for",
    ),
    (r"tf_keras\..*(CallbackList)\.", "hooks of the list are found by name when they are called"),
    (r"tf_keras\.layers\.\w+\.\w+: argument (instance|_) missing", "the wrapper of a method of Keras's"),
    (
        r"tf_keras\.layers\.\w+\.compute_output_signature: argument",
        "the argument is called input_signature, as in Layer",
    ),
    (r"tf_keras\.layers\.HashedCrossing\.compute_output_", "the argument is called as in Layer"),
    (
        r"tf_keras\.layers\.\w+\.(convolution_op|make_adapt_function|save_assets|load_assets)",
        "Keras's own, behind call and adapt",
    ),
    (r"tf_keras\.layers\.(\w*(LSTM|GRU|RNN|Lstm)\w*|experimental\.\w+)\.\w+: missing", "read from the layer's cell"),
    (r"tf_keras\.layers\.InputSpec: argument optional", "of inputs that may be missing, which no layer of Keras has"),
    (r"tf_keras\.layers\.SpectralNormalization\.call", "None: not in training, as False"),
    (r"tf_keras\.layers\.Bidirectional\.(call|reset_states)", "taken by name, in __call__ and of the layers inside"),
    (
        r"tf_keras\.optimizers\.\w+\.update_step: argument grad",
        "called by position, the name is that of the base class",
    ),
    (
        r"tf_keras\.optimizers\.legacy\.Optimizer\.(minimize|add_slot)",
        "of TensorFlow 1; slots are made by their values",
    ),
    (r"tf_keras\.preprocessing\.text\.text_to_word_sequence", "called by position, Keras 2.3's name stays"),
    (r"tf_keras\.preprocessing\.image\.apply_affine_transform", "the axes are those of channels_last, as in Keras 2.3"),
    (r"tf_keras\.[\w.]*\.(variable_dtype|updates|submodules)\b", _NOT_A_LAYER),
    (r"keras\.optimizers\.clip_norm", "inside Keras's optimizers; clipping is in nnstack.optimizers.clipping"),
    (r"keras\.utils\.vis_utils\.(add_edge|is_model|is_wrapped_model)", "inside Keras's drawing"),
    (r"tf_keras\.layers\.InputSpec\.from_config", "a spec is made by its class"),
    (r"tf_keras\.optimizers\.legacy\.\w+\.add_weight", "slots are made by add_slot"),
    (r"tf_keras\.preprocessing\.image\.DirectoryIterator\.", "inside Keras's iterator"),
    (
        r"tf_keras\.utils\.FeatureSpace\.(?!save:)",
        "a FeatureSpace is no layer: it encodes data before a model",
    ),
    (r"tf_keras\.utils\.(TimedThread|StepsPerExecutionTuner)", "inside Keras's trainer"),
    (r"tf_keras\.(layers\.DenseFeatures|experimental\.SequenceFeatures)", "over feature columns; see FeatureSpace"),
    (r"tf_keras\.[\w.]*: (verbose=|count_mode=|data_format=|name=None|weight_decay=None)", _DEFAULT),
]


def reason(line: str) -> str | None:
    """Why that is left out, None if it should not be."""
    return next((why for pattern, why in _EXCEPTIONS if re.match(pattern, line)), None)
