"""Configs in the words of those who will read them: tf_keras (the default), Keras 2.3 or Keras 3.

nnstack's own configs are tf_keras's. For the others a table says which settings they do not have and under which values
these may be left out; `ValueError` names a layer that uses one of them for something.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnstack import losses, optimizers
from nnstack.saving import training_config
from nnstack.saving.config import KERAS_VERSION, layer_config, to_plain
from nnstack.saving.dialects_graph import Place, calls
from nnstack.saving.operations_of_keras_3 import for_keras_3
from nnstack.training.compile_config import CompileConfig

VERSIONS = {"tf_keras": KERAS_VERSION, "keras2.3": "2.3.1", "keras3": "3.9.2"}

# Settings that a reader does not take: (classes, empty for all; setting; values that may be left out, None: any).
_UNGROUPED = (
    "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "Conv1DTranspose", "Conv2DTranspose",
    "Conv3DTranspose",
)  # fmt: skip
_RNNS = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_SPATIAL_DROPOUTS = ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
_ONLY_OWN_ARGUMENTS = ("Discretization", *_SPATIAL_DROPOUTS)  # in Keras 3
_ONES = (1, [1], [1, 1], [1, 1, 1])
REMOVED: dict[str, list[tuple[tuple[str, ...], str, tuple[Any, ...] | None]]] = {
    "tf_keras": [  # what Keras 3 refuses or takes for something else, and tf_keras does not miss
        (_RNNS, "time_major", (False,)),
        (_UNGROUPED, "groups", (1,)),
        (_ONLY_OWN_ARGUMENTS, "trainable", (True,)),
        (_SPATIAL_DROPOUTS, "noise_shape", (None,)),
        (("Attention",), "score_mode", ("dot",)),
    ],
    "keras2.3": [
        ((), "autocast", None),
        (("InputLayer",), "ragged", (False, None)),
        (("InputLayer",), "optional", (False,)),
        (("Conv1D", "Conv2D", "Conv3D", *_UNGROUPED), "groups", (1,)),
        (("ConvLSTM2D", "SimpleRNN", "LSTM", "GRU", "RNN", "ConvLSTM2D"), "time_major", (False,)),
        (("SimpleRNN", "LSTM", "GRU", "RNN", "ConvLSTM2D"), "zero_output_for_mask", (False,)),
        (("ConvLSTM2D",), "unroll", None),
        (("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"), "keepdims", (False,)),
        (("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"), "keepdims", (False,)),
        (("BatchNormalization",), "synchronized", (False,)),
        (("Sequential",), "build_input_shape", None),
        (("DepthwiseConv2D",), "dilation_rate", _ONES),
    ],
    "keras3": [
        (_RNNS, "time_major", (False,)),
        (("LSTM", "GRU", "LSTMCell", "GRUCell"), "implementation", None),
        (("Embedding",), "input_length", None),
        (_ONLY_OWN_ARGUMENTS, "trainable", None),
        (("Discretization",), "dtype", None),  # there it is the type of the inputs, here of the results
        (("Embedding",), "activity_regularizer", (None,)),
        (_UNGROUPED, "groups", (1,)),
        (("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), "unroll", None),
        (_SPATIAL_DROPOUTS, "noise_shape", (None,)),
        (("MultiHeadAttention",), "query_shape", None),
        (("MultiHeadAttention",), "key_shape", None),
        (("MultiHeadAttention",), "value_shape", None),
        (("MultiHeadAttention",), "softmax_robust_masking", None),
    ],
}  # fmt: skip

# Keras 2.3 writes its initializers by what they compute.
_SCALED = {
    "GlorotUniform": ("fan_avg", "uniform", 1.0),
    "GlorotNormal": ("fan_avg", "normal", 1.0),
    "HeUniform": ("fan_in", "uniform", 2.0),
    "HeNormal": ("fan_in", "normal", 2.0),
    "LecunUniform": ("fan_in", "uniform", 1.0),
    "LecunNormal": ("fan_in", "normal", 1.0),
}
_CONTAINERS = ("Sequential", "Functional", "Model")
_FUNCTIONS = ("TFOpLambda", "SlicingOpLambda")


def check_dialect(dialect: str, what: str) -> None:
    """`ValueError` for a dialect nobody reads."""
    if dialect not in VERSIONS:
        raise ValueError(f"{what}: expected dialect {', '.join(map(repr, VERSIONS))}, got {dialect!r}")


def class_in_files(layer: Any) -> str:
    """The name of a layer's class, by which a .keras file counts its layers."""
    from nnstack.engine.model import Model

    return "Functional" if type(layer) is Model else type(layer).__name__


def model_config(model: Any, dialect: str) -> dict[str, Any]:
    """`{'class_name', 'config'}` of a model, and for what inputs a subclassed one was built."""
    entry = _entry(to_plain(layer_config(model)), dialect)
    shapes = model.get_build_config() if model._graph is None else None
    return entry if shapes is None else {**entry, "build_config": to_plain(shapes)}


def hdf5_config(model: Any, dialect: str) -> dict[str, Any]:
    """The same for a .h5; `ValueError` for layers over several axes, of which Keras 3 forgets all when it reads one."""
    config = model_config(model, dialect)
    for layer in _entries(config) if dialect == "keras3" else ():
        axis = layer["config"].get("axis")
        if isinstance(axis, list) and len(axis) > 1:
            raise ValueError(
                f'save (layer "{layer["config"].get("name")}"): Keras 3 does not read axis={axis} from a .h5, its own '
                "ones included. Save to a path that ends in .keras"
            )
    return config


def _entries(value: Any) -> Iterator[dict[str, Any]]:
    """All entries with a class inside plain data, the outer ones first."""
    if isinstance(value, list):
        for one in value:
            yield from _entries(one)
    elif isinstance(value, dict):
        if _is_entry(value) and isinstance(value.get("config"), dict):
            yield value
        for one in value.values():
            yield from _entries(one)


def _entry(entry: dict[str, Any], dialect: str) -> dict[str, Any]:
    name, config = entry["class_name"], dict(entry["config"])
    if dialect == "keras2.3" and name in _FUNCTIONS:
        raise ValueError(
            f'save (layer "{config["name"]}"): Keras 2.3 has no arithmetic between layers, {config["function"]}. Put '
            "it into a Lambda layer, or save with dialect='tf_keras'"
        )
    for classes, setting, harmless in REMOVED[dialect]:
        if setting in config and (not classes or name in classes):
            value = config[setting]
            if harmless is None or value in harmless:
                del config[setting]
            elif dialect != "tf_keras":
                raise ValueError(
                    f'save (layer "{config.get("name")}"): {name} of {dialect} has no {setting}={value!r}. '
                    "Save with dialect='tf_keras'"
                )
    for key, value in config.items():
        if key in ("layers", "cells") and isinstance(value, list):
            config[key] = [_entry(one, dialect) if _is_entry(one) else one for one in value]
        elif key in ("layer", "cell", "forward_layer", "backward_layer") and _is_entry(value):
            config[key] = _entry(value, dialect)
            if dialect != "keras2.3":  # Keras 3 looks for layers inside layers by their module
                config[key] = _with_modules(config[key], dialect)
        elif _is_entry(value):
            config[key] = _object(value, dialect)
        elif dialect == "keras3" and value == "hard_sigmoid":
            raise ValueError(
                f'save (layer "{config.get("name")}"): Keras 3 calls another function hard_sigmoid, relu6(x + 3) / 6. '
                "Save with dialect='tf_keras'"
            )
    if dialect != "tf_keras" and name == "BatchNormalization" and isinstance(config.get("axis"), list):
        config["axis"] = config["axis"][0]
    if dialect == "keras2.3":
        name = "Model" if name == "Functional" else name
        if name == "Model":
            config.pop("trainable", None)
        if name == "Sequential" and "layers" in config:
            config["layers"] = _without_input(config["layers"])
    elif dialect == "keras3" and name == "Functional":
        config = _graph_of_keras_3(config)
    elif dialect == "keras3" and name not in ("InputLayer", *_CONTAINERS):
        config.pop("batch_input_shape", None)  # an InputLayer always stands before
    return {**entry, "class_name": name, "config": config}


def _without_input(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A Sequential of Keras 2.3 has no InputLayer; its first layer says the input's shape."""
    if len(layers) < 2 or layers[0]["class_name"] != "InputLayer" or layers[1]["class_name"] in _CONTAINERS:
        return layers
    shape = layers[0]["config"]["batch_input_shape"]
    first = {**layers[1], "config": {"batch_input_shape": shape, **layers[1]["config"]}}
    return [first, *layers[2:]]


def _graph_of_keras_3(config: dict[str, Any]) -> dict[str, Any]:
    """Calls in Keras 3's form, those of nested models numbered from 0; before, they were numbered from 1."""
    nested = {one["config"]["name"] for one in config["layers"] if one["class_name"] in _CONTAINERS}
    nested &= {one["name"] for one in config["layers"] if one.get("inbound_nodes")}

    def changed(value: Any) -> Any:
        if isinstance(value, list):
            if len(value) in (3, 4) and isinstance(value[0], str) and isinstance(value[1], int):
                number = value[1] - 1 if value[0] in nested else value[1]
                return [value[0], number, *(changed(one) for one in value[2:])]
            return [changed(one) for one in value]
        if isinstance(value, dict):
            return {key: changed(one) for key, one in value.items()}
        return value

    names, layers = {one["name"] for one in config["layers"]}, []
    for one in config["layers"]:
        inbound = [_keras_3_call(changed(call), names) for call in one["inbound_nodes"]]
        one = {**one, "inbound_nodes": inbound}
        layers.append(for_keras_3(one) if one["class_name"] in _FUNCTIONS else one)
    ends = {key: changed(config[key]) for key in ("input_layers", "output_layers")}
    return {**config, "layers": layers, **ends}


def _keras_3_call(call: Any, names: set[str]) -> dict[str, Any]:
    """A call as `{'args', 'kwargs'}`, the only form in which Keras 3 finds tensors among keywords."""

    def written(value: Any) -> Any:
        if isinstance(value, Place):
            history = [value.layer, value.node, value.tensor]
            return {
                "class_name": "__keras_tensor__",
                "config": {"shape": [], "dtype": "float32", "keras_history": history},
            }
        if isinstance(value, Mapping):
            return {key: written(one) for key, one in value.items()}
        return [written(one) for one in value] if isinstance(value, list) else value

    ((args, kwargs),) = calls({"inbound_nodes": [call]}, dict.fromkeys(names))
    return {"args": written(args), "kwargs": written(kwargs)}


def _object(value: dict[str, Any], dialect: str) -> dict[str, Any]:
    """An initializer, regularizer or constraint."""
    if dialect != "keras2.3":
        return value
    name, config = value["class_name"], dict(value.get("config") or {})
    if name in _SCALED:
        mode, distribution, scale = _SCALED[name]
        config = {"scale": scale, "mode": mode, "distribution": distribution, "seed": config.get("seed")}
        name = "VarianceScaling"
    elif name == "VarianceScaling" and config.get("distribution") == "truncated_normal":
        config["distribution"] = "normal"  # which there is the truncated one
    elif name in ("L1", "L2"):
        name, config = "L1L2", {"l1": config.get("l1", 0.0), "l2": config.get("l2", 0.0)}
    return {"class_name": name, "config": config}


def _is_entry(value: Any) -> bool:
    return isinstance(value, Mapping) and "class_name" in value


# -- training ---------------------------------------------------------------------------------------------------------
_OLD_OPTIMIZER = (
    "learning_rate", "decay", "momentum", "nesterov", "rho", "epsilon", "beta_1", "beta_2", "amsgrad", "clipnorm",
    "clipvalue",
)  # fmt: skip


def training(model: Any, dialect: str) -> dict[str, Any]:
    """`training_config` of an HDF5 file."""
    config = training_config.write(model)
    if dialect == "tf_keras":
        return config
    optimizer = to_plain(config["optimizer_config"])
    name, settings = optimizer["class_name"].split(">")[-1], optimizer["config"]
    if dialect == "keras2.3":
        settings = {key: settings[key] for key in _OLD_OPTIMIZER if settings.get(key) is not None}
        if not isinstance(settings.get("learning_rate", 0.0), int | float):
            raise ValueError("save: Keras 2.3 has no learning rate schedules. Save with dialect='tf_keras'")
    else:
        settings = {key: value for key, value in settings.items() if key not in _NOT_IN_KERAS_3}
    return {**config, "optimizer_config": {"class_name": name, "config": settings}}


_NOT_IN_KERAS_3 = ("jit_compile", "is_legacy_optimizer", "decay")


def optimizer_arrays(model: Any, dialect: str) -> list[tuple[str, np.ndarray]]:
    """(name, array) of the optimizer's state in the reader's order; empty, with a warning, if it has no such state."""
    optimizer = model.optimizer
    own = [(variable.name, variable.numpy()) for variable in optimizer.variables]
    if dialect == "tf_keras" or len(own) <= 1:
        return own
    slots = [(slot, by_variable) for slot, by_variable in optimizer._slots.items()]
    old = isinstance(optimizer, optimizers.legacy.Optimizer)
    if dialect == "keras3":
        if old:
            warnings.warn(
                "save: Keras 3 has no optimizers of the older kind; the optimizer's state is left out", stacklevel=5
            )
            return []
        rate = optimizer.learning_rate
        known = [("learning_rate", np.asarray(rate.numpy(), np.float32))] if hasattr(rate, "numpy") else []
        return [own[0], *known, *own[1:]]
    order = [(slot, by_variable[id(v)]) for slot, by_variable in slots for v in model.trainable_weights]
    arrays = [own[0], *[(variable.name, variable.numpy()) for _, variable in order]]
    if type(optimizer).__name__ == "Adam" and not getattr(optimizer, "amsgrad", False):
        arrays += [(f"vhat_{n}", np.zeros(1, np.float32)) for n in range(len(model.trainable_weights))]
    return arrays


# -- .keras files -----------------------------------------------------------------------------------------------------
_FUNCTIONAL = {"tf_keras": "tf_keras.src.engine.functional", "keras3": "keras.src.models.functional"}


def zip_config(model: Any, dialect: str, compiled: bool) -> dict[str, Any]:
    """`config.json` of a .keras file; `ValueError` for Keras 2.3, which has no such files."""
    if dialect not in _FUNCTIONAL:
        raise ValueError(f"save: {dialect} reads no .keras files; save to .h5")
    config = _with_modules(model_config(model, dialect), dialect)
    if compiled:
        own = type(model).get_compile_config is not CompileConfig.get_compile_config
        config["compile_config"] = model.get_compile_config() if own else compile_config(model, dialect)
    return config


def compile_config(model: Any, dialect: str) -> dict[str, Any]:
    """The arguments of compile() as .keras files hold them."""
    arguments = model._compile_arguments
    optimizer = to_plain(optimizers.serialize(model.optimizer))
    if dialect == "keras3":
        settings = {key: value for key, value in optimizer["config"].items() if key not in _NOT_IN_KERAS_3}
        optimizer = {**optimizer, "config": settings}
    plain = training_config.write(model, losses_of=losses.serialize)
    return {
        "optimizer": optimizer,
        "loss": plain["loss"],
        "metrics": plain["metrics"],
        "loss_weights": arguments["loss_weights"],
        "weighted_metrics": plain["weighted_metrics"],
        "run_eagerly": False,
        "steps_per_execution": 1,
        "jit_compile": False,
    }


def _with_modules(entry: dict[str, Any], dialect: str) -> dict[str, Any]:
    """Keras looks for a class in the module beside its name."""
    name, config = entry["class_name"], dict(entry["config"])
    module = _FUNCTIONAL[dialect] if name == "Functional" else "keras" if name in _CONTAINERS else "keras.layers"
    for key, value in config.items():
        if key in ("layers", "cells") and isinstance(value, list):
            config[key] = [_with_modules(one, dialect) if _is_entry(one) else one for one in value]
        elif key in ("layer", "cell", "forward_layer", "backward_layer") and _is_entry(value):
            config[key] = _with_modules(value, dialect)
    if entry.get("module"):
        return {**entry, "config": config}
    if name in _FUNCTIONS:
        module = "tf_keras.src.layers.core.tf_op_layer"
    registered = name if ">" in name or name in _FUNCTIONS else None
    return {
        "module": module,
        **entry,
        "class_name": name.split(">")[-1],
        "config": config,
        "registered_name": registered,
    }
