"""Layers that add noise while training and do nothing otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.random import normal_from
from nnstack.backend.tensor import through_floats
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import label


class _Noise(Layer):
    """A layer with a stream of random numbers of its own, made when the layer is built."""

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self._random: backend.RandomState | None = None
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._random = random_state(self, self.seed)
        super().build(input_shape)

    def _while_training(self, noisy: Callable[[Any], Any], inputs: Any, training: Any) -> Any:
        return backend.in_train_phase(lambda: through_floats(noisy, inputs), inputs, training=training)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Dropout(_Noise):
    """Sets a share `rate` of the inputs to 0 while training and scales the rest by 1 / (1 - rate).

    `rate` from 0 to below 1; `noise_shape` shape of the mask, None in it means the input's size; `seed` of the numbers.
    Raises `ValueError` for another rate. Source: Srivastava et al. 2014, https://keras.io/2.16/api/layers/regularization_layers/dropout/
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = rate_within(rate, label(self))
        self.noise_shape = noise_shape

    def _mask_shape(self) -> Any:
        return self.noise_shape

    def call(self, inputs: Any, training: Any = None) -> Any:
        if self.rate == 0:
            return inputs
        return self._while_training(
            lambda x: backend.dropout(x, self.rate, noise_shape=self._mask_shape(), state=self._random),
            inputs,
            training,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}


class GaussianNoise(_Noise):
    """Adds normal noise of standard deviation `stddev` while training."""

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.stddev = stddev

    def call(self, inputs: Any, training: Any = None) -> Any:
        return self._while_training(
            lambda x: x + normal_from(_known(self._random), backend.shape(x), x.dtype) * self.stddev,
            inputs,
            training,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(_Noise):
    """Multiplies by normal noise of mean 1 and variance rate / (1 - rate) while training."""

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = rate_within(rate, label(self))

    def call(self, inputs: Any, training: Any = None) -> Any:
        if self.rate == 0:
            return inputs
        deviation = (self.rate / (1.0 - self.rate)) ** 0.5
        return self._while_training(
            lambda x: x * (normal_from(_known(self._random), backend.shape(x), x.dtype) * deviation + 1.0),
            inputs,
            training,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class SpatialDropout1D(Dropout):
    """Drops whole channels of (batch, steps, channels). Source: Tompson et al. 2014 (arXiv:1411.4280)"""

    spatial = 1

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(rate, **kwargs)
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    def _mask_shape(self) -> Any:
        return (None, *[1] * self.spatial, None)


class SpatialDropout2D(SpatialDropout1D):
    """Drops whole channels of images (batch, rows, cols, channels), or (batch, channels, rows, cols) for
    `data_format="channels_first"`. Source: Tompson et al. 2014 (arXiv:1411.4280)
    """

    spatial = 2

    def __init__(self, rate: float, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(rate, **kwargs)
        self.data_format = backend.normalize_data_format(data_format)

    def _mask_shape(self) -> Any:
        if self.data_format == "channels_first":
            return (None, None, *[1] * self.spatial)
        return super()._mask_shape()

    def get_config(self) -> dict[str, Any]:
        # Keras leaves the layout out of the config; it is written where it is not the default.
        default = self.data_format == backend.image_data_format()
        return super().get_config() if default else {**super().get_config(), "data_format": self.data_format}


class SpatialDropout3D(SpatialDropout2D):
    """Drops whole channels of volumes (batch, dim1, dim2, dim3, channels); see SpatialDropout2D."""

    spatial = 3


class AlphaDropout(_Noise):
    """Dropout that keeps mean and variance of inputs of mean 0 and variance 1, for networks of SELU units.

    While training a share `rate` of the inputs is set to SELU's negative limit, and the result scaled and shifted.
    `noise_shape` shape of the mask, None in it means the input's size. Source: Klambauer et al. 2017 (arXiv:1706.02515)
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = rate_within(rate, label(self))
        self.noise_shape = noise_shape

    def call(self, inputs: Any, training: Any = None) -> Any:
        if self.rate == 0:
            return inputs
        return self._while_training(self._dropped, inputs, training)

    def _dropped(self, x: Any) -> Any:
        lowest = -1.6732632423543772 * 1.0507009873554805  # SELU of minus infinity
        scale = ((1.0 - self.rate) * (1.0 + self.rate * lowest**2)) ** -0.5
        shift = -scale * lowest * self.rate
        sizes: Any = backend.shape(x)
        if self.noise_shape is not None:
            sizes = [sizes[axis] if size is None else size for axis, size in enumerate(self.noise_shape)]
        kept = _known(self._random).uniform(sizes, "float32") >= self.rate
        return backend.select(kept, x, lowest) * scale + shift

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}


def random_state(layer: Any, seed: int | None = None) -> backend.RandomState:
    """The random numbers of one layer."""
    return backend.RandomState(f"{layer.name}/random", seed)


def _known(state: backend.RandomState | None) -> backend.RandomState:
    assert state is not None, "the layer is built before it is called"
    return state


def rate_within(rate: Any, what: str, argument: str = "rate") -> Any:
    """`rate` if it is a number from 0 to below 1, else `ValueError`."""
    if isinstance(rate, bool) or not isinstance(rate, int | float | np.floating) or not 0 <= rate < 1:
        raise ValueError(f"{what}: expected a {argument} from 0 to below 1, got {rate!r}")
    return rate
