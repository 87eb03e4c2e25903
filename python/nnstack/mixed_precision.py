"""Dtype policies: in which type layers keep their weights, and in which they compute."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstack import backend

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
_CLASSES = ("Policy", "DTypePolicy", "FloatDTypePolicy", "PolicyV1")  # as versions of Keras call it in configs
_state: dict[str, Any] = {"policy": None}


class Policy:
    """A pair of types under one name: "mixed_float16" and "mixed_bfloat16" compute in 16 bits with float32 weights, and
    every other name is a type for both.

    Products, convolutions and softmax of 16-bit numbers are summed in float32. `ValueError` for an unknown name.

    >>> Policy("mixed_float16").compute_dtype, Policy("mixed_float16").variable_dtype
    ('float16', 'float32')

    Source: https://keras.io/2.16/api/mixed_precision/policy/
    """

    def __init__(self, name: str) -> None:
        self._name = _type_name(name)
        self._compute = _MIXED.get(self._name, self._name)
        self._variable = "float32" if self._name in _MIXED else self._name

    @property
    def name(self) -> str:
        """The name it was made with."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """Type that float inputs, and weights while a layer is called, are cast to."""
        return self._compute

    @property
    def variable_dtype(self) -> str:
        """Type of the weights."""
        return self._variable

    def get_config(self) -> dict[str, Any]:
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Policy:
        """A policy from `get_config()`'s result."""
        return cls(config["name"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<Policy "{self._name}">'


def __getattr__(name: str) -> Any:
    if name == "LossScaleOptimizer":  # imported when it is first named
        from nnstack.optimizers.loss_scale import LossScaleOptimizer

        return LossScaleOptimizer
    if name == "experimental":  # as tf.keras 2.1 to 2.3 called this module
        return sys.modules[__name__]
    if name == "set_policy":
        return set_global_policy
    raise AttributeError(f"module 'nnstack.mixed_precision' has no attribute {name!r}")


def _type_name(name: Any) -> str:
    if isinstance(name, str) and (name in _MIXED or name == "bfloat16"):
        return name
    try:
        return str(np.dtype(name).name)
    except TypeError:
        raise ValueError(
            f"Policy: expected a type such as 'float32', or one of {', '.join(map(repr, _MIXED))}, got {name!r}"
        ) from None


def global_policy() -> Policy:
    """The policy of layers made without a dtype: `backend.floatx()` unless `set_global_policy` was called."""
    return _state["policy"] or Policy(backend.floatx())


def set_global_policy(policy: Any) -> None:
    """Sets the policy of layers made from now on: a Policy, its name, or None for `backend.floatx()`."""
    _state["policy"] = None if policy is None else get(policy)


def get(identifier: Any) -> Policy:
    """A Policy from a Policy, a name, a type, the dict that a config holds, or None for the global one."""
    if identifier is None:
        return global_policy()
    if isinstance(identifier, Policy):
        return identifier
    if isinstance(identifier, Mapping):
        if identifier.get("class_name", "Policy") not in _CLASSES:
            raise ValueError(f"Policy: expected a config of one of {', '.join(_CLASSES)}, got {identifier!r}")
        return Policy((identifier.get("config") or {}).get("name", backend.floatx()))
    return Policy(identifier)


def serialize(policy: Policy) -> Any:
    """What a layer's config says: the type's name, or a dict for a mixed policy."""
    if policy.name not in _MIXED:
        return policy.name
    return {
        "module": "keras.mixed_precision",
        "class_name": "Policy",
        "config": policy.get_config(),
        "registered_name": None,
    }


def deserialize(config: Any) -> Policy:
    """A policy from `serialize`'s result."""
    return get(config)
