"""Learning rates that depend on the step: callables `step -> rate`, computed inside the training step."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, TensorLike
from nnstack.utils.generic_utils import deserialize_keras_object, serialize_keras_object


def _as_float(step: TensorLike) -> Tensor:
    return backend.convert(step, backend.floatx())


class LearningRateSchedule:
    """Base class: define `__call__(step)` with backend functions, and `get_config`."""

    def __call__(self, step: TensorLike) -> Any:
        """The learning rate at `step`, counted from 0."""
        raise TypeError(f"{type(self).__name__} must define __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LearningRateSchedule":
        """A schedule from what `get_config` gave."""
        return cls(**config)


class ExponentialDecay(LearningRateSchedule):
    """initial * decay_rate ** (step / decay_steps); staircase: whole quotients only.

    >>> float(ExponentialDecay(0.1, 10, 0.5)(10))
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: TensorLike) -> Tensor:
        done = _as_float(step) / self.decay_steps
        done = backend.floor(done) if self.staircase else done
        return backend.pow(self.decay_rate, done) * self.initial_learning_rate


class InverseTimeDecay(ExponentialDecay):
    """initial / (1 + decay_rate * step / decay_steps); staircase: whole quotients only."""

    def __call__(self, step: TensorLike) -> Tensor:
        done = _as_float(step) / self.decay_steps
        done = backend.floor(done) if self.staircase else done
        return self.initial_learning_rate / (done * self.decay_rate + 1.0)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] while step <= boundaries[i], the last value afterwards; ValueError unless there is one value more."""

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str | None = None) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"PiecewiseConstantDecay: expected {len(values) - 1} boundaries for {len(values)} values, "
                f"got {len(boundaries)}"
            )
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step: TensorLike) -> Tensor:
        now = _as_float(step)
        rate = backend.convert(float(self.values[-1]), now.dtype)
        for boundary, value in reversed(list(zip(self.boundaries, self.values, strict=False))):
            rate = backend.select(now <= float(boundary), float(value), rate)
        return rate


class PolynomialDecay(LearningRateSchedule):
    """From the initial to the end rate in decay_steps along (1 - step / decay_steps) ** power.

    cycle: each time the end is reached the span grows by decay_steps, so that the rate rises again.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: TensorLike) -> Tensor:
        now = _as_float(step)
        if self.cycle:
            rounds = backend.maximum(backend.emit("ceil", now / self.decay_steps), 1.0)
            left = 1.0 - now / (rounds * self.decay_steps)
        else:
            left = 1.0 - backend.minimum(now, self.decay_steps) / self.decay_steps
        span = self.initial_learning_rate - self.end_learning_rate
        return backend.pow(left, self.power) * span + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Half a cosine from the initial rate to alpha times it in decay_steps (Loshchilov and Hutter 2016).

    warmup_target: first rise from the initial rate to this one in warmup_steps, and fall from there.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str | None = None,
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: TensorLike) -> Tensor:
        now = _as_float(step)
        top = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        start = 0 if self.warmup_target is None else self.warmup_steps
        done = backend.clip(now - float(start), 0.0, float(self.decay_steps)) / self.decay_steps
        cosine = (backend.cos(done * math.pi) + 1.0) * 0.5
        rate = (cosine * (1.0 - self.alpha) + self.alpha) * top
        if self.warmup_target is None or not self.warmup_steps:
            return rate
        rising = now / self.warmup_steps * (top - self.initial_learning_rate) + self.initial_learning_rate
        return backend.select(now < float(self.warmup_steps), rising, rate)


class CosineDecayRestarts(LearningRateSchedule):
    """`CosineDecay` again and again: each round t_mul times as long, starting at m_mul times the rate of the last."""

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: TensorLike) -> Tensor:
        done = _as_float(step) / self.first_decay_steps
        if self.t_mul == 1.0:
            round_number = backend.floor(done)
            within = done - round_number
        else:  # rounds of lengths 1, t, t ** 2, ...: the number of those finished is a logarithm
            grown = 1.0 - done * (1.0 - self.t_mul)
            round_number = backend.floor(backend.log(grown) / math.log(self.t_mul))
            power = backend.pow(self.t_mul, round_number)
            within = (done - (1.0 - power) / (1.0 - self.t_mul)) / power
        cosine = backend.pow(self.m_mul, round_number) * 0.5 * (backend.cos(within * math.pi) + 1.0)
        return (cosine * (1.0 - self.alpha) + self.alpha) * self.initial_learning_rate


_SCHEDULES: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def serialize(learning_rate_schedule: LearningRateSchedule, use_legacy_format: bool = False) -> Any:
    """Config dict of a schedule."""
    return serialize_keras_object(learning_rate_schedule, "keras.optimizers.schedules", use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """The schedule that a config dict stands for."""
    return deserialize_keras_object(config, _SCHEDULES, custom_objects, "learning rate schedule")
