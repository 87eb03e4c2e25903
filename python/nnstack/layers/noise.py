"""Layers that add noise while training and do nothing otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack import backend
from nnstack.backend.random import normal_from
from nnstack.engine.layer import Layer


class _Noise(Layer):
    """A layer with a stream of random numbers of its own, made when the layer is built."""

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self._random: backend.RandomState | None = None
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._random = backend.RandomState(f"{self.name}/random", self.seed)
        super().build(input_shape)

    def _while_training(self, noisy: Callable[[], Any], inputs: Any, training: Any) -> Any:
        return backend.in_train_phase(noisy, inputs, training=training)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Dropout(_Noise):
    """Sets a share `rate` of the inputs to 0 while training and scales the rest by 1 / (1 - rate).

    `rate` from 0 to below 1; `noise_shape` shape of the mask, None in it means the input's size; `seed` of the numbers.
    Raises `ValueError` for another rate. Source: Srivastava et al. 2014, https://keras.io/2.16/api/layers/regularization_layers/dropout/
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = _rate(rate, "dropout", self.name)
        self.noise_shape = noise_shape

    def call(self, inputs: Any, training: Any = None) -> Any:
        if self.rate == 0:
            return inputs
        return self._while_training(
            lambda: backend.dropout(inputs, self.rate, noise_shape=self.noise_shape, state=self._random),
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
            lambda: inputs + normal_from(_known(self._random), backend.shape(inputs), inputs.dtype) * self.stddev,
            inputs,
            training,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(_Noise):
    """Multiplies by normal noise of mean 1 and variance rate / (1 - rate) while training."""

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = _rate(rate, "gaussian_dropout", self.name)

    def call(self, inputs: Any, training: Any = None) -> Any:
        if self.rate == 0:
            return inputs
        deviation = (self.rate / (1.0 - self.rate)) ** 0.5
        return self._while_training(
            lambda: inputs * (normal_from(_known(self._random), backend.shape(inputs), inputs.dtype) * deviation + 1.0),
            inputs,
            training,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


def _known(state: backend.RandomState | None) -> backend.RandomState:
    assert state is not None, "the layer is built before it is called"
    return state


def _rate(rate: Any, kind: str, name: str) -> Any:
    if not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise ValueError(f'{kind} (layer "{name}"): expected a rate from 0 to below 1, got {rate!r}')
    return rate
