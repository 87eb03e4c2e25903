"""Optimizers: `optimizers.X` compute as tf.keras >= 2.11 does, `optimizers.legacy.X` as the versions before."""

import sys
from collections.abc import Mapping
from typing import Any

from nnstack.optimizers import legacy, schedules
from nnstack.optimizers.adafactor import Adafactor
from nnstack.optimizers.adam import Adam, Adamax, AdamW, Nadam
from nnstack.optimizers.adaptive import Adadelta, Adagrad, Ftrl, RMSprop
from nnstack.optimizers.base import BaseOptimizer
from nnstack.optimizers.loss_scale import LossScaleOptimizer, LossScaleOptimizerV3
from nnstack.optimizers.optimizer import Optimizer
from nnstack.optimizers.sgd import SGD, Lion
from nnstack.utils.generic_utils import deserialize_keras_object, serialize_keras_object

adadelta = Adadelta
adagrad = Adagrad
adam = Adam
adamax = Adamax
nadam = Nadam
rmsprop = RMSprop
sgd = SGD

_NEW: dict[str, Any] = {
    cls.__name__: cls for cls in (Adadelta, Adafactor, Adagrad, Adam, Adamax, AdamW, Ftrl, Lion, Nadam, RMSprop, SGD)
}
_LEGACY: dict[str, Any] = {name: getattr(legacy, name) for name in legacy.__all__ if name != "Optimizer"}
_SCALED = {cls.__name__: cls for cls in (LossScaleOptimizer, LossScaleOptimizerV3)}  # they wrap one of the others
_BY_LOWER_NAME = {name.lower(): name for name in _NEW}


def serialize(optimizer: Any, use_legacy_format: bool = False) -> Any:
    """Config dict of an optimizer.

    use_legacy_format: the form inside HDF5 files, where the class name of a new optimizer begins with 'Custom>'.
    """
    old = isinstance(optimizer, legacy.Optimizer)
    if type(optimizer).__name__ in _SCALED:
        return serialize_keras_object(optimizer, "keras.mixed_precision", use_legacy_format)
    module = "keras.optimizers.legacy" if old else "keras.optimizers"
    config: Any = serialize_keras_object(optimizer, module, use_legacy_format)
    if use_legacy_format and not old and type(optimizer).__name__ in _NEW:
        config["class_name"] = f"Custom>{config['class_name']}"
    return config


def with_loss_scale(optimizer: Any) -> LossScaleOptimizer:
    """The optimizer in a LossScaleOptimizer, unless it is one."""
    return optimizer if isinstance(optimizer, LossScaleOptimizer) else LossScaleOptimizer(optimizer)


def deserialize(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    use_legacy_format: bool = False,
    use_legacy_optimizer: bool | None = None,
) -> Any:
    """The optimizer that a config dict stands for; class names in any case.

    New or legacy: what 'module' or `is_legacy_optimizer` in the config says, then the prefix 'Custom>' (new); a config
    with `decay` or `lr` was written by an optimizer of the older kind. `use_legacy_optimizer` decides over all of them.
    """
    if not isinstance(config, Mapping) or "class_name" not in config:
        return deserialize_keras_object(config, _NEW, custom_objects, "optimizer")
    name = config["class_name"].split(">")[-1]
    if name in _SCALED:
        return _SCALED[name].from_config(dict(config["config"]), custom_objects)
    name = _BY_LOWER_NAME.get(name.lower(), name)
    old = _was_legacy(config) if use_legacy_optimizer is None else use_legacy_optimizer
    known = _LEGACY if old and name in _LEGACY else _NEW
    if name in known:
        return known[name].from_config(dict(config["config"]), custom_objects=custom_objects)
    return deserialize_keras_object(config, known, custom_objects, "optimizer")


def _was_legacy(config: Mapping[str, Any]) -> bool:
    settings = config.get("config", {})
    if "legacy" in (config.get("module") or ""):
        return True
    if "is_legacy_optimizer" in settings:
        return bool(settings["is_legacy_optimizer"])
    if config["class_name"].startswith("Custom>"):
        return False
    return any(key in settings for key in ("decay", "schedule_decay", "lr"))


def get(identifier: Any) -> Any:
    """A name (any case, new formulas), config dict or optimizer to an optimizer; ValueError for anything else.

    >>> get("adam").learning_rate.numpy()
    array(0.001, dtype=float32)
    """
    if isinstance(identifier, str):
        if identifier.lower() in _BY_LOWER_NAME:
            return _NEW[_BY_LOWER_NAME[identifier.lower()]]()
        return deserialize_keras_object(
            identifier, {low: _NEW[name] for low, name in _BY_LOWER_NAME.items()}, None, "optimizer"
        )
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, BaseOptimizer) or hasattr(identifier, "get_updates"):
        return identifier
    raise ValueError(
        f"optimizer: expected a name ({', '.join(sorted(_BY_LOWER_NAME))}), a config dict or an optimizer, "
        f"got {identifier!r}"
    )


def __getattr__(name: str) -> Any:
    if name == "experimental":  # where tf.keras 2.9 and 2.10 had what is `optimizers.X` since
        return sys.modules[__name__]
    raise AttributeError(f"module 'nnstack.optimizers' has no attribute {name!r}")


__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "deserialize",
    "get",
    "legacy",
    "nadam",
    "rmsprop",
    "schedules",
    "serialize",
    "sgd",
]
