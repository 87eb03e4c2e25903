"""`tf.random`: new numbers at every call; after `tf.random.set_seed` the same ones in every run of the program."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.functions.arrays import shape_of


def set_seed(seed: int) -> None:
    """Starts the stream of seeds from which every random layer and call takes its own."""
    K.seed_stream(int(seed))


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: int | None = None) -> Any:
    """Normal numbers."""
    return K.random_normal(shape_of(shape), 0.0, 1.0, as_dtype(dtype).name, seed) * stddev + mean


def uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: int | None = None) -> Tensor:
    """Uniform numbers from minval to maxval, which is not included; ValueError for integers without maxval."""
    kind = as_dtype(dtype)
    if maxval is None:
        if kind.is_integer:
            raise ValueError("tf.random.uniform: maxval must be given for integers")
        maxval = 1
    if K.is_tensor(minval) or K.is_tensor(maxval):
        drawn = K.random_uniform(shape_of(shape), 0.0, 1.0, "float64" if kind.is_integer else kind.name, seed)
        low, high = K.cast(K.convert(minval), drawn.dtype), K.cast(K.convert(maxval), drawn.dtype)
        scaled = drawn * (high - low) + low
        return K.cast(K.floor(scaled), kind.name) if kind.is_integer else scaled
    return K.random_uniform(shape_of(shape), minval, maxval, kind.name, seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: int | None = None
) -> Tensor:
    """Normal numbers none of which is more than two `stddev` away from `mean`."""
    return K.truncated_normal(shape_of(shape), mean, stddev, as_dtype(dtype).name, seed)


def categorical(logits: Any, num_samples: int, dtype: Any = "int64", seed: int | None = None) -> Tensor:
    """(batch, num_samples) numbers of classes, drawn with the probabilities softmax(logits) (Gumbel 1954)."""
    x = K.convert(logits)
    sizes = K.shape(x)
    batch = sizes[0] if x.shape[0] is None else x.shape[0]
    drawn = K.random_uniform((batch, int(num_samples), int(x.shape[1])), 1e-20, 1.0, "float64", seed)  # type: ignore[arg-type]
    scores = K.expand_dims(K.cast(x, "float64"), 1) - K.log(-K.log(drawn))
    return K.cast(K.argmax(scores, axis=-1), as_dtype(dtype).name)


def shuffle(value: Any, seed: int | None = None) -> Tensor:
    """The rows in another order."""
    x = K.convert(value)
    count = K.shape(x)[:1] if x.shape[0] is None else (x.shape[0],)
    return K.gather(x, K.argsort(K.random_uniform(count, seed=seed)))


def gamma(shape: Any, alpha: Any, beta: Any = 1.0, dtype: Any = "float32", seed: int | None = None) -> Any:
    """Numbers of the gamma distribution, of shape `shape` + that of `alpha`: mean alpha / beta. No gradient.

    The squeeze of Marsaglia and Tsang 2000 on 16 candidates at once, of which more than 95 % are taken each.
    """
    kind = as_dtype(dtype).name
    form = K.cast(K.convert(alpha), kind)
    few = K.cast(form < 1.0, kind)  # their numbers are those of alpha + 1, made smaller
    sizes = [*shape_of(shape), *form.shape]
    third = form + few - 1.0 / 3.0
    candidates = (16, *sizes)
    drawn = K.random_normal(candidates, 0.0, 1.0, kind, seed)
    second, third_seed = (None if seed is None else seed + 1, None if seed is None else seed + 2)
    chance = K.random_uniform(candidates, 1e-7, 1.0, kind, second)
    root = drawn / K.sqrt(third * 9.0) + 1.0
    cube = root * root * root
    logs = K.log(K.maximum(cube, 1e-30))
    taken = (cube > 0.0) & (K.log(chance) < K.square(drawn) * 0.5 + third * (1.0 - cube + logs))
    first = K.cast(K.equal(K.cumsum(K.cast(taken, kind), axis=0), 1.0) & taken, kind)
    made = third * K.sum(first * cube, axis=0)
    smaller = K.pow(K.random_uniform(tuple(sizes), 1e-7, 1.0, kind, third_seed), 1.0 / K.maximum(form, 1e-6))
    return K.stop_gradient(made * K.select(form < 1.0, smaller, K.ones_like(smaller)) / beta)


def stateless_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32") -> Tensor:
    """The same numbers for the same seed, a pair of integers."""
    return uniform(shape, minval, maxval, dtype, _one(seed))


def stateless_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32") -> Any:
    """The same numbers for the same seed, a pair of integers."""
    return normal(shape, mean, stddev, dtype, _one(seed))


def _one(seed: Any) -> int:
    high, low = (int(part) & 0x7FFFFFFF for part in np.asarray(seed).reshape(-1)[:2])
    return (high << 31) ^ low


class Generator:
    """`tf.random.Generator`: a stream of its own."""

    def __init__(self, seed: int) -> None:
        self._seeds = np.random.default_rng(seed)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """The stream of a seed."""
        return cls(int(seed))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A stream that is another one in every run."""
        return cls(int(np.random.SeedSequence().entropy))  # type: ignore[arg-type]

    def _next(self) -> int:
        return int(self._seeds.integers(2**62))

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32") -> Any:
        """Normal numbers."""
        return normal(shape, mean, stddev, dtype, self._next())

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32") -> Tensor:
        """Uniform numbers."""
        return uniform(shape, minval, maxval, dtype, self._next())

    def truncated_normal(self, shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32") -> Any:
        """Normal numbers none of which is more than two `stddev` away from `mean`."""
        return truncated_normal(shape, mean, stddev, dtype, self._next())

    def uniform_full_int(self, shape: Any, dtype: Any = "int64") -> Tensor:
        """Whole numbers of the whole range of the type."""
        kind = np.dtype(as_dtype(dtype).name)
        limits = np.iinfo(kind)
        return K.convert(self._seeds.integers(limits.min, limits.max, shape_of(shape), kind, endpoint=True))

    def split(self, count: int = 1) -> list[Generator]:
        """Streams of their own."""
        return [Generator(self._next()) for _ in range(int(count))]

    def make_seeds(self, count: int = 1) -> Tensor:
        """(2, count) integers, seeds for the stateless functions."""
        return K.convert(self._seeds.integers(2**62, size=(2, count)))


_global: dict[str, Generator] = {}


def set_global_generator(generator: Generator) -> None:
    """What `get_global_generator` gives from now on."""
    _global["one"] = generator


def get_global_generator() -> Generator:
    """A stream that all share, seeded from `set_seed`'s."""
    if "one" not in _global:
        _global["one"] = Generator(K.next_seed())
    return _global["one"]
