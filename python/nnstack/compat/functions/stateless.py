"""Random numbers and changed images that depend on a seed given with each call: the same seed gives the same result.

The numbers are nnstack's own, not those of TensorFlow's generators.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.functions import colours, image, random
from nnstack.compat.functions.random import _one


def _numbers(seed: Any) -> Any:
    return np.random.default_rng(_one(seed))


def split(seed: Any, num: int = 2, alg: Any = None) -> Any:
    """(num, 2) new seeds from one."""
    return K.convert(_numbers(seed).integers(2**31, size=(int(num), 2)))


def fold_in(seed: Any, data: Any, alg: Any = None) -> Any:
    """A new seed from one and a number."""
    return K.convert(np.random.default_rng([_one(seed), int(data)]).integers(2**31, size=2))


def stateless_shuffle(value: Any, seed: Any, alg: Any = None) -> Any:
    """The rows in another order."""
    return random.shuffle(value, _one(seed))


def stateless_truncated_normal(shape: Any, seed: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32",
                               **_: Any) -> Any:  # fmt: skip
    """See `tf.random.truncated_normal`."""
    return random.truncated_normal(shape, mean, stddev, dtype, _one(seed))


def stateless_categorical(logits: Any, num_samples: int, seed: Any, dtype: Any = "int64", name: Any = None) -> Any:
    """See `tf.random.categorical`."""
    return random.categorical(logits, num_samples, dtype, _one(seed))


def stateless_gamma(shape: Any, seed: Any, alpha: Any, beta: Any = 1.0, dtype: Any = "float32", **_: Any) -> Any:
    """Numbers of the gamma distribution, of shape `shape`."""
    form = K.convert(alpha)
    leading = list(shape)[: len(list(shape)) - len(form.shape)]
    return random.gamma(leading, alpha, beta, dtype, _one(seed))


def poisson(shape: Any, lam: Any, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """Numbers of the Poisson distribution, of shape `shape` + that of `lam`; computed by numpy, from numbers."""
    mean = np.asarray(K.convert(lam).numpy(), np.float64)
    generator = np.random.default_rng(K.next_seed() if seed is None else int(seed))
    sizes = [int(one) for one in np.asarray(K.convert(shape).numpy()).reshape(-1)]
    return K.convert(generator.poisson(mean, (*sizes, *mean.shape)), as_dtype(dtype).name)


def stateless_poisson(shape: Any, seed: Any, lam: Any, dtype: Any = "int32", name: Any = None) -> Any:
    """Numbers of the Poisson distribution, of shape `shape`."""
    mean = np.asarray(K.convert(lam).numpy(), np.float64)
    return K.convert(_numbers(seed).poisson(mean, [int(one) for one in shape]), as_dtype(dtype).name)


def stateless_random_crop(value: Any, size: Any, seed: Any, name: Any = None) -> Any:
    """A block of this size, from anywhere."""
    return image.random_crop(value, size, _one(seed))


def stateless_random_flip_left_right(image_: Any, seed: Any) -> Any:
    """Mirrored or not."""
    return image.random_flip_left_right(image_, _one(seed))


def stateless_random_flip_up_down(image_: Any, seed: Any) -> Any:
    """Upside down or not."""
    return image.random_flip_up_down(image_, _one(seed))


def stateless_random_brightness(image_: Any, max_delta: float, seed: Any) -> Any:
    """`adjust_brightness` by a number drawn from [-max_delta, max_delta)."""
    return image.random_brightness(image_, max_delta, _one(seed))


def stateless_random_contrast(image_: Any, lower: float, upper: float, seed: Any) -> Any:
    """`adjust_contrast` by a factor drawn from [lower, upper)."""
    return image.random_contrast(image_, lower, upper, _one(seed))


def stateless_random_saturation(image_: Any, lower: float, upper: float, seed: Any) -> Any:
    """`adjust_saturation` by a factor drawn from [lower, upper)."""
    return image.random_saturation(image_, lower, upper, _one(seed))


def stateless_random_hue(image_: Any, max_delta: float, seed: Any) -> Any:
    """`adjust_hue` by a share of the circle drawn from [-max_delta, max_delta)."""
    return colours.adjust_hue(image_, K.random_uniform((), -max_delta, max_delta, seed=_one(seed)))


def transpose(image_: Any, name: Any = None) -> Any:
    """Rows and columns of images exchanged."""
    x = K.convert(image_)
    return K.permute_dimensions(x, (0, 2, 1, 3) if len(x.shape) == 4 else (1, 0, 2))
