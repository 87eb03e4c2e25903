"""Starting values of weights: callables `(shape, dtype=None)` that give numpy arrays.

Random ones take their seed from `utils.set_random_seed`'s stream, one per call; with a seed of their own they give the
same numbers at every call.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.utils.generic_utils import deserialize_keras_object, serialize_keras_object


class Initializer:
    """Base class: `__call__(shape, dtype=None)` gives an array, `get_config` the constructor's arguments."""

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        """An array of `shape`; dtype: default `floatx()`."""
        raise TypeError(f"{type(self).__name__} must define __call__(shape, dtype=None)")

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """An initializer from what `get_config` gave."""
        return cls(**{name: value for name, value in config.items() if name != "dtype"})


def _as(array: np.ndarray, dtype: str | None) -> Any:
    name = dtype or backend.floatx()
    return backend.constant(array, name) if name == "bfloat16" else array.astype(name)


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        return _as(np.zeros(tuple(shape)), dtype)


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        return _as(np.ones(tuple(shape)), dtype)


class Constant(Initializer):
    """All `value` (0), or an array of the shape asked for."""

    def __init__(self, value: Any = 0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        return _as(np.broadcast_to(np.asarray(self.value), tuple(shape)).copy(), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value.tolist() if isinstance(self.value, np.ndarray) else self.value}


class _Random(Initializer):
    """What the random ones share: a generator per call."""

    seed: int | None = None

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng(backend.next_seed() if self.seed is None else self.seed)


class RandomUniform(_Random):
    """Uniform in [minval, maxval), by default [-0.05, 0.05)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        return _as(self._generator().uniform(self.minval, self.maxval, tuple(shape)), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class RandomNormal(_Random):
    """Normal around `mean` (0) with standard deviation `stddev` (0.05)."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        return _as(self._generator().normal(self.mean, self.stddev, tuple(shape)), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


def _truncated(generator: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Standard normal numbers, those beyond two standard deviations drawn again."""
    numbers = generator.standard_normal(tuple(shape))
    while (beyond := np.abs(numbers) > 2).any():
        numbers = np.where(beyond, generator.standard_normal(numbers.shape), numbers)
    return numbers


class TruncatedNormal(RandomNormal):
    """Like `RandomNormal`, but never more than two standard deviations from the mean."""

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        return _as(_truncated(self._generator(), shape) * self.stddev + self.mean, dtype)


def compute_fans(shape: Sequence[int]) -> tuple[float, float]:
    """Inputs and outputs per unit of a kernel (..., in, out); leading axes are the receptive field."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)


_TRUNCATED_STDDEV = 0.87962566103423978  # standard deviation of a standard normal cut at +-2


class VarianceScaling(_Random):
    """Variance scale / n, n being 'fan_in' (default), 'fan_out' or 'fan_avg' of the kernel.

    distribution: 'truncated_normal' (default; 'normal' means the same), 'untruncated_normal' or 'uniform'.
    ValueError for a scale that is not positive or another mode or distribution. He et al. 2015, Glorot and Bengio 2010.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        if scale <= 0.0:
            raise ValueError(f"VarianceScaling: expected a positive scale, got {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"VarianceScaling: expected mode 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}")
        distribution = distribution.lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                "VarianceScaling: expected distribution 'truncated_normal', 'untruncated_normal' or 'uniform', "
                f"got {distribution!r}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        fan_in, fan_out = compute_fans(tuple(shape))
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}
        variance = self.scale / max(1.0, fans[self.mode])
        generator = self._generator()
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return _as(generator.uniform(-limit, limit, tuple(shape)), dtype)
        if self.distribution == "untruncated_normal":
            return _as(generator.normal(0.0, math.sqrt(variance), tuple(shape)), dtype)
        return _as(_truncated(generator, shape) * (math.sqrt(variance) / _TRUNCATED_STDDEV), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution, "seed": self.seed}


class Orthogonal(_Random):
    """A kernel whose rows (or columns, whichever are fewer) are orthogonal with length `gain` (Saxe et al. 2014).

    More than two axes: all but the last count as one. ValueError for fewer than two.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain = gain
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: expected at least 2 axes, got shape {tuple(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(self._generator().standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))  # makes the distribution uniform
        return _as((self.gain * (q.T if rows < columns else q)).reshape(tuple(shape)), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed}


class Identity(Initializer):
    """`gain` times the identity; ValueError for anything but two axes."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: str | None = None, **kwargs: Any) -> Any:
        if len(shape) != 2:
            raise ValueError(f"Identity: expected 2 axes, got shape {tuple(shape)}")
        return _as(self.gain * np.eye(shape[0], shape[1]), dtype)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


class _Seeded(VarianceScaling):
    """A `VarianceScaling` with everything but the seed fixed."""

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


class GlorotUniform(_Seeded):
    """Uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010): the default of most kernels."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(_Seeded):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class LecunNormal(_Seeded):
    """Truncated normal of variance 1 / fan_in (LeCun et al. 1998)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class LecunUniform(_Seeded):
    """Uniform in +-sqrt(3 / fan_in) (LeCun et al. 1998)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class HeNormal(_Seeded):
    """Truncated normal of variance 2 / fan_in (He et al. 2015)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class HeUniform(_Seeded):
    """Uniform in +-sqrt(6 / fan_in) (He et al. 2015)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


zero = zeros = Zeros
one = ones = Ones
constant = Constant
uniform = random_uniform = RandomUniform
normal = random_normal = RandomNormal
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
orthogonal = Orthogonal
identity = Identity
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
he_normal = HeNormal
he_uniform = HeUniform

_INITIALIZERS: dict[str, Any] = {
    name: value
    for name, value in list(globals().items())
    if isinstance(value, type) and issubclass(value, Initializer) and value is not Initializer and name[0] != "_"
}


def serialize(initializer: Any, use_legacy_format: bool = False) -> Any:
    """Config dict of an initializer."""
    return serialize_keras_object(initializer, "keras.initializers", use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """The initializer that a config dict or name stands for."""
    return deserialize_keras_object(config, _INITIALIZERS, custom_objects, "initializer")


def get(identifier: Any) -> Any:
    """None, a name, a config dict, a class or a callable `(shape, dtype)` to an initializer; ValueError for others."""
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    return deserialize(identifier)
