"""LossScaleOptimizer: gradients of a loss made larger, so that float16 does not round them to zero."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import Variable
from nnstack.backend.tensor import unary
from nnstack.optimizers import legacy
from nnstack.optimizers.base import BaseOptimizer

_OWN = ("_optimizer", "_scale", "_counter", "_initial_scale", "_growth_steps")


class LossScaleOptimizer(BaseOptimizer):
    """Wraps an optimizer: the loss is multiplied by a scale before it is differentiated, the gradients divided by it.

    With `dynamic` (default) a step whose gradients are not all finite is left out (weights, slots and `iterations`
    stay) and halves the scale, down to 1 at least; `dynamic_growth_steps` (default 2000) finite steps in a row double
    it. `initial_scale` default 2**15; without `dynamic` it is the scale for good, and must be given.
    `compile` wraps the optimizer of a model made under the policy "mixed_float16". In a loop of one's own:
    `get_scaled_loss(loss)` before, `get_unscaled_gradients(gradients)` after differentiation. All else (learning rate,
    slots, weights, ...) is the inner optimizer's.
    Raises `TypeError` for what is no optimizer, one that is wrapped already, or `dynamic` that is no bool; `ValueError`
    for a missing scale.

    >>> optimizer = LossScaleOptimizer("sgd", initial_scale=8.0)
    >>> float(optimizer.get_scaled_loss(backend.constant(2.0)))
    16.0

    Source: Micikevicius et al. 2018 (arXiv:1710.03740)
    """

    def __new__(cls, inner_optimizer: Any, *args: Any, **kwargs: Any) -> LossScaleOptimizer:
        own = cls
        if cls is LossScaleOptimizer and not isinstance(_optimizer_of(inner_optimizer), legacy.Optimizer):
            own = LossScaleOptimizerV3  # another name in files, for the optimizers of tf.keras >= 2.11
        return object.__new__(own)

    def __init__(
        self,
        inner_optimizer: Any,
        dynamic: bool = True,
        initial_scale: float | None = None,
        dynamic_growth_steps: int | None = None,
    ) -> None:
        inner = _optimizer_of(inner_optimizer)
        if not isinstance(inner, BaseOptimizer) or isinstance(inner, LossScaleOptimizer):
            raise TypeError(f"LossScaleOptimizer: expected an optimizer that is not wrapped yet, got {inner!r}")
        if not isinstance(dynamic, bool):
            raise TypeError(f"LossScaleOptimizer: expected True or False as dynamic, got {dynamic!r}")
        if not dynamic and initial_scale is None:
            raise ValueError("LossScaleOptimizer: dynamic=False needs initial_scale, the scale of all steps")
        if not dynamic and dynamic_growth_steps is not None:
            raise ValueError(
                f"LossScaleOptimizer: dynamic_growth_steps is for dynamic=True, got {dynamic_growth_steps!r}"
            )
        self._optimizer = inner
        self._initial_scale = float(2.0**15 if initial_scale is None else initial_scale)
        self._growth_steps = int(dynamic_growth_steps or 2000) if dynamic else None
        self._scale = Variable(np.float32(self._initial_scale), "float32", "current_loss_scale", trainable=False)
        self._counter = Variable(np.zeros((), np.int64), "int64", "good_steps", trainable=False)

    def __getattr__(self, name: str) -> Any:
        if name in _OWN:
            raise AttributeError(name)
        return getattr(self._optimizer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self if name in _OWN else self._optimizer, name, value)

    # -- the scale ----------------------------------------------------------------------------------------------------
    @property
    def inner_optimizer(self) -> Any:
        """The optimizer that takes the steps."""
        return self._optimizer

    @property
    def dynamic(self) -> bool:
        """Whether the scale adapts."""
        return self._growth_steps is not None

    @property
    def initial_scale(self) -> float:
        """The scale of the first step."""
        return self._initial_scale

    @property
    def dynamic_growth_steps(self) -> int | None:
        """Finite steps in a row after which the scale doubles; None for a scale that does not adapt."""
        return self._growth_steps

    @property
    def loss_scale(self) -> Any:
        """The present scale, a float32 scalar."""
        return self._scale_for(None)

    def _scale_for(self, value: Any) -> Any:
        """The scale as a number where no graph is being recorded and `value` is a number too."""
        now = backend.current_scope() is None and (value is None or value.concrete)
        return backend.convert(self._scale.numpy()) if now else self._scale.read_value()

    @property
    def dynamic_counter(self) -> Any:
        """Finite steps since the scale changed; None for a scale that does not adapt."""
        return self._counter if self.dynamic else None

    def get_scaled_loss(self, loss: Any) -> Any:
        """The loss, or a function that computes it, times the scale."""
        if callable(loss) and not backend.is_tensor(loss):
            return lambda: self.get_scaled_loss(loss())
        value = backend.convert(loss)
        return value * backend.cast(self._scale_for(value), value.dtype)

    def get_unscaled_gradients(self, grads: Sequence[Any]) -> list[Any]:
        """The gradients divided by the scale; None stays None."""
        given = [None if one is None else backend.convert(one) for one in grads]
        return [None if g is None else g * backend.cast(1.0 / self._scale_for(g), g.dtype) for g in given]

    # -- the step -----------------------------------------------------------------------------------------------------
    def build(self, var_list: Sequence[Variable]) -> None:
        self._optimizer.build(var_list)

    def set_weights(self, weights: Sequence[Any]) -> None:
        self._optimizer.set_weights(weights)  # which may compute more from them

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Variable], tape: Any = None
    ) -> list[tuple[Any, Variable]]:
        if tape is not None:
            with tape:
                scaled = self.get_scaled_loss(loss() if callable(loss) and not backend.is_tensor(loss) else loss)
        else:
            scaled = self.get_scaled_loss(loss)
        pairs = self._optimizer.compute_gradients(scaled, var_list, tape)
        return list(zip(self.get_unscaled_gradients([g for g, _ in pairs]), var_list, strict=True))

    def get_gradients(self, loss: Any, params: Sequence[Variable]) -> list[Any]:
        return self.get_unscaled_gradients(self._optimizer.get_gradients(self.get_scaled_loss(loss), params))

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Variable]], name: str | None = None, **kwargs: Any
    ) -> Any:
        """One step with gradients that are unscaled already; left out where one of them is not finite."""
        pairs = [(g, v) for g, v in grads_and_vars if g is not None]
        return (
            super().apply_gradients(pairs, name, **kwargs) if self.dynamic else self._optimizer.apply_gradients(pairs)
        )

    def _step(self, pairs: Sequence[tuple[Any, Variable]]) -> Variable:
        pairs = [(backend.convert(g, v.dtype), v) for g, v in pairs]
        finite = functools.reduce(lambda a, b: a & b, [backend.all(unary("is_finite", g)) for g, _ in pairs])
        own = [one for one in vars(self._optimizer).values() if isinstance(one, Variable)]  # and what no file holds
        changed = list(dict.fromkeys([*self._optimizer._variables, *own, *[v for _, v in pairs]]))
        before = [variable.read_value() for variable in changed]
        result = self._optimizer._step(pairs)
        for variable, old in zip(changed, before, strict=True):
            variable.assign(backend.select(finite, variable.read_value(), old))
        scale, steps = self._scale.read_value(), self._counter.read_value() + 1
        grown = backend.greater_equal(steps, self._growth_steps)
        larger = scale * 2.0
        larger = backend.select(unary("is_finite", larger) & grown, larger, scale)
        self._scale.assign(backend.select(finite, larger, backend.maximum(scale / 2.0, 1.0)))
        self._counter.assign(backend.select(finite & ~grown, steps, backend.zeros_like(steps)))
        return result

    # -- what may be set is the inner optimizer's ----------------------------------------------------------------------
    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's."""
        return self._optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._optimizer.learning_rate = value

    lr = learning_rate

    def get_config(self) -> dict[str, Any]:
        from nnstack import optimizers

        return {
            "inner_optimizer": optimizers.serialize(self._optimizer),
            "dynamic": self.dynamic,
            "initial_scale": self._initial_scale,
            "dynamic_growth_steps": self._growth_steps,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> LossScaleOptimizer:
        """An optimizer from what `get_config` gave."""
        from nnstack import optimizers

        inner = optimizers.deserialize(
            config["inner_optimizer"],
            custom_objects,
            use_legacy_optimizer=None if cls is LossScaleOptimizerV3 else True,
        )
        return LossScaleOptimizer(inner, **{key: value for key, value in config.items() if key != "inner_optimizer"})


class LossScaleOptimizerV3(LossScaleOptimizer):
    """What files call a LossScaleOptimizer around an optimizer with the formulas of tf.keras >= 2.11."""


def _optimizer_of(identifier: Any) -> Any:
    from nnstack import optimizers

    return optimizers.get(identifier) if isinstance(identifier, str | Mapping) else identifier
