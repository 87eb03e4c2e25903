"""The arguments of compile() as plain data, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnstack import losses, metrics, optimizers
from nnstack.saving import survey
from nnstack.saving.weight_layouts import Origin
from nnstack.utils.generic_utils import CustomObjectScope, get_registered_object


def write(model: Any, losses_of: Any = None) -> dict[str, Any]:
    """`training_config` of a compiled model; `losses_of` serializes a loss in another way."""
    plain_loss = _plain_loss if losses_of is None else lambda loss: loss if isinstance(loss, str) else losses_of(loss)
    arguments = model._compile_arguments
    config = {
        "loss": _map(plain_loss, arguments["loss"]),
        "metrics": _map(_plain_metric, arguments["metrics"]),
        "weighted_metrics": _map(_plain_metric, arguments["weighted_metrics"]),
        "loss_weights": arguments["loss_weights"],
        "optimizer_config": optimizers.serialize(model.optimizer, use_legacy_format=True),
    }
    if arguments["sample_weight_mode"] is not None:
        config["sample_weight_mode"] = arguments["sample_weight_mode"]
    return config


def read(
    config: Mapping[str, Any], model: Any, custom_objects: Mapping[str, Any] | None, origin: Origin
) -> dict[str, Any]:
    """Keywords for `model.compile`; `ValueError` where the config is none."""
    if not isinstance(config, Mapping) or not isinstance(config.get("optimizer_config"), Mapping):
        raise ValueError("load_model: the training config has no optimizer_config; load with compile=False")
    survey.check_bounds(config)
    with CustomObjectScope(dict(custom_objects or {})):
        return {
            "optimizer": _optimizer(config["optimizer_config"], custom_objects, origin),
            "loss": _map(_loss, config.get("loss")),
            "metrics": _without_gaps(_map(_metric, config.get("metrics"))),
            "weighted_metrics": _without_gaps(_map(_metric, config.get("weighted_metrics"))),
            "loss_weights": config.get("loss_weights"),
            "sample_weight_mode": config.get("sample_weight_mode"),
        }


def read_compile_config(config: Mapping[str, Any], model: Any) -> dict[str, Any]:
    """Keywords for `model.compile` from what `Model.get_compile_config` gave."""
    return read({**config, "optimizer_config": as_object(config.get("optimizer"))}, model, None, Origin((2, 15), None))


def as_object(optimizer: Any) -> Any:
    """The config of an optimizer, which may have been given by its name alone."""
    return {"class_name": optimizer, "config": {}, "module": None} if isinstance(optimizer, str) else optimizer


def _is_object_config(value: Any) -> bool:
    return isinstance(value, Mapping) and "class_name" in value


def _map(function: Callable[[Any], Any], value: Any) -> Any:
    """`function` on every entry of lists and dicts per output; an object's own config dict is one entry."""
    if value is None:
        return None
    if isinstance(value, Mapping) and not _is_object_config(value):
        return {key: _map(function, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_map(function, one) for one in value]
    return function(value)


def _plain_loss(loss: Any) -> Any:
    return loss if isinstance(loss, str) or _is_object_config(loss) else losses.serialize(loss, use_legacy_format=True)


def _plain_metric(metric: Any) -> Any:
    if isinstance(metric, str) or _is_object_config(metric):
        return metric
    config = metrics.serialize(metric, use_legacy_format=True)
    if hasattr(metric, "given_name"):  # without the prefix of the output, which compile puts before it again
        config["config"]["name"] = metric.given_name
    return config


def _loss(value: Any) -> Any:
    return losses.deserialize(_named_function(value)) if _needs_object(value) else value


def _metric(value: Any) -> Any:
    return metrics.deserialize(_named_function(value)) if _needs_object(value) else value


def _without_gaps(value: Any) -> Any:
    """tf_keras writes [None] for an output that has no metrics where another one has."""
    if isinstance(value, list):
        return [[] if one == [None] else one for one in value]
    return {key: [] if one == [None] else one for key, one in value.items()} if isinstance(value, dict) else value


def _needs_object(value: Any) -> bool:
    """Built-in names go to compile as they are; configs, and names that custom objects explain, are resolved here."""
    return _is_object_config(value) or (isinstance(value, str) and get_registered_object(value) is not None)


def _named_function(config: Any) -> Any:
    """Keras writes built-in losses with the function's name inside, which the class knows anyway."""
    if (
        _is_object_config(config)
        and isinstance(config.get("config"), Mapping)
        and config["class_name"] not in ("LossFunctionWrapper", "MeanMetricWrapper")
    ):
        return {**config, "config": {key: value for key, value in config["config"].items() if key != "fn"}}
    return config


def _optimizer(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None, origin: Origin) -> Any:
    """The file decides: Keras 3 and `Custom>Adam` mean the new Adam, `Adam` alone the legacy one.

    Legacy optimizers of Keras 2 had no names and called some arguments differently.
    """
    settings = {key: value for key, value in config.get("config", {}).items() if key not in _KERAS_3_ONLY}
    if "lr" in settings:
        settings["learning_rate"] = settings.pop("lr")
    for key in ("epsilon",):
        if key in settings and settings[key] is None:
            del settings[key]
    config = {**config, "config": settings}
    old: bool | None = None
    if "module" not in config and "is_legacy_optimizer" not in settings:
        old = origin.version < (3,) and not str(config.get("class_name")).startswith("Custom>")
    return optimizers.deserialize(config, custom_objects, use_legacy_optimizer=old)


_KERAS_3_ONLY = frozenset({"loss_scale_factor", "gradient_accumulation_steps"})
