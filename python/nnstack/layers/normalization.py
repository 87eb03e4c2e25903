"""Layers that normalise each sample on its own."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.backend.normalization import normalized_by_itself
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers import __getattr__ as __getattr__  # Keras 2 kept more of them here
from nnstack.layers.arguments import axes_within, is_whole, label
from nnstack.layers.parameters import add_parameter, along, options_config, set_options

_HALVES = ("float16", "bfloat16")


class _Normalization(Layer):
    """What LayerNormalization and GroupNormalization share: beta and gamma, and their options."""

    _takes_floats = True

    def __init__(
        self,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.center = bool(center)
        self.scale = bool(scale)
        set_options(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        set_options(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self.supports_masking = True

    def _add_weights(self, sizes: list[int | None], input_shape: Any) -> None:
        if None in sizes and (self.center or self.scale):
            raise ValueError(
                f"{label(self)}: expected known sizes on axis {self.axis}, got input shape {tuple(input_shape)}. "
                "Give the input a size there"
            )
        known = [int(size or 0) for size in sizes]
        self.gamma = add_parameter(self, "gamma", known, experimental_autocast=False) if self.scale else None
        self.beta = add_parameter(self, "beta", known, experimental_autocast=False) if self.center else None

    def _scaled(self, x: Any, mean: Any, variance: Any, gamma: Any, beta: Any) -> Any:
        result = (x - mean) * self._factor(variance, gamma)
        return result if beta is None else result + beta

    def _factor(self, variance: Any, gamma: Any) -> Any:
        factor = backend.emit("rsqrt", variance + self.epsilon)
        return factor if gamma is None else factor * gamma

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)

    def _options(self) -> dict[str, Any]:
        options = options_config(self, "beta", "gamma", activity=False)
        return {"epsilon": self.epsilon, "center": self.center, "scale": self.scale, **options}


class LayerNormalization(_Normalization):
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, the statistics of each sample over `axis`.

    `axis` an int or a list, default -1; `epsilon` default 0.001; `center`, `scale` whether there are beta and gamma;
    their initializers, regularizers and constraints. Weights: gamma, beta, of the sizes of `axis`. Output shape =
    input shape. Raises `ValueError` for an unknown size there or an axis outside the rank.

    >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]], "float32")).numpy()
    array([[-1.,  1.]], dtype=float32)

    Source: Ba, Kiros, Hinton 2016 (arXiv:1607.06450)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-3, *args: Any, **kwargs: Any) -> None:
        super().__init__(epsilon, *args, **kwargs)
        given = list(axis) if isinstance(axis, list | tuple) else [axis]
        if not given or not all(is_whole(one) for one in given):
            raise TypeError(f"{label(self)}: expected an int or a list of ints as axis, got {axis!r}")
        self.axis = list(axis) if isinstance(axis, list | tuple) else axis

    def build(self, input_shape: Any) -> None:
        axes = axes_within(self.axis, len(input_shape), label(self))
        self.axis = axes
        self._add_weights([input_shape[axis] for axis in axes], input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        x = backend.cast(inputs, "float32") if inputs.dtype in _HALVES else inputs
        rank = len(x.shape)
        whole = normalized_by_itself(x, self.axis, self.gamma, self.beta, self.epsilon)
        if whole is not None:
            return backend.cast(whole[0], inputs.dtype)
        mean = backend.mean(x, self.axis, True)
        variance = backend.mean(backend.square(x - mean), self.axis, True)
        gamma, beta = (self._spread(weight, rank, x.dtype) for weight in (self.gamma, self.beta))
        return backend.cast(self._scaled(x, mean, variance, gamma, beta), inputs.dtype)

    def _spread(self, weight: Any, rank: int, dtype: str) -> Any:
        if weight is None:
            return None
        order = sorted(range(len(self.axis)), key=lambda position: self.axis[position])
        if order != list(range(len(order))):  # axes given in another order than the input's
            weight = backend.permute_dimensions(weight, order)
        return backend.cast(along(weight, sorted(self.axis), rank), dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, **self._options()}


class GroupNormalization(_Normalization):
    """Channels in `groups`, each group of each sample to mean 0 and variance 1; then gamma and beta per channel.

    `groups` default 32, -1 for one group per channel (instance normalization), 1 for all channels together; it must
    divide the size of `axis` (default -1). Other arguments and weights as in LayerNormalization. A mask leaves entries
    out of the statistics. Raises `ValueError` where `groups` does not divide the channels.

    Source: Wu and He 2018 (arXiv:1803.08494)
    """

    def __init__(self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, *args: Any, **kwargs: Any) -> None:
        super().__init__(epsilon, *args, **kwargs)
        if not is_whole(groups) or (groups < 1 and groups != -1):
            raise ValueError(f"{label(self)}: expected a positive integer or -1 as groups, got {groups!r}")
        self.groups = groups
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        (axis,) = axes_within(self.axis, len(input_shape), label(self))
        if axis == 0:
            raise ValueError(f"{label(self)}: axis 0 is the batch; expected the axis of the channels, got {self.axis}")
        channels = input_shape[axis]
        self._add_weights([channels], input_shape)
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ValueError(
                f"{label(self)}: expected groups that divide the {channels} channels of axis {self.axis}, got "
                f"{self.groups}; input shape {tuple(input_shape)}"
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: channels})
        super().build(input_shape)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        x = backend.cast(inputs, "float32") if inputs.dtype in _HALVES else inputs
        rank = len(x.shape)
        axis = self.axis % rank
        if mask is None:
            return backend.cast(self._by_channel(x, axis), inputs.dtype)
        sizes = backend.shapes.dimensions(x)
        grouped = [*sizes[:axis], self.groups, sizes[axis] // self.groups, *sizes[axis + 1 :]]
        tiles = backend.reshape(x, grouped)
        reduced = [one for one in range(1, rank + 1) if one != axis]
        mean, variance = self._moments(tiles, reduced, mask, x, grouped)
        beside = [1] * axis + [self.groups, -1] + [1] * (rank - axis - 1)  # a weight per channel, by groups
        gamma, beta = (
            None if weight is None else backend.cast(backend.reshape(weight, beside), x.dtype)
            for weight in (self.gamma, self.beta)
        )
        result = self._scaled(tiles, mean, variance, gamma, beta)
        return backend.cast(backend.reshape(result, sizes), inputs.dtype)

    def _by_channel(self, x: Any, axis: int) -> Any:
        """Without a mask moments per channel are averaged over groups: all that is large keeps its shape."""
        places = [one for one in range(1, len(x.shape)) if one != axis]
        channels = x.shape[axis]
        alone = [-1 if one == 0 else channels if one == axis else 1 for one in range(len(x.shape))]

        def grouped_mean(values: Any) -> Any:
            by_channel = backend.mean(values, places, True) if places else values
            groups = backend.reshape(by_channel, (-1, self.groups, channels // self.groups))
            return backend.reshape(backend.mean(groups, -1, True) + backend.zeros_like(groups), alone)

        # The mean counts as a number where the places are many. What its gradient is comes from `rest`, which is zero:
        # (x - mean) factor = (x - centre) factor - rest factor, and as much for the squares.
        mean = grouped_mean(x)
        centre = backend.stop_gradient(mean)
        rest, distances = mean - centre, x - centre
        variance = grouped_mean(backend.square(distances)) - backend.square(rest)
        weight = [channels if one == axis else 1 for one in range(len(x.shape))]
        gamma, beta = (
            None if one is None else backend.cast(backend.reshape(one, weight), x.dtype)
            for one in (self.gamma, self.beta)
        )
        factor = self._factor(variance, gamma)
        shift = -rest * factor if beta is None else beta - rest * factor
        return distances * factor + shift

    def _moments(self, tiles: Any, axes: list[int], mask: Any, x: Any, grouped: list[Any]) -> tuple[Any, Any]:
        weights = backend.cast(mask, x.dtype)
        while len(weights.shape) < len(x.shape):
            weights = backend.expand_dims(weights, -1)
        weights = backend.reshape(backend.ones_like(x) * weights, grouped)
        total = backend.sum(weights, axes, True)
        mean = backend.divide_no_nan(backend.sum(tiles * weights, axes, True), total)
        spread = backend.sum(backend.square(tiles - mean) * weights, axes, True)
        return mean, backend.divide_no_nan(spread, total)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups, "axis": self.axis, **self._options()}


class UnitNormalization(Layer):
    """Each sample divided by its Euclidean length along `axis` (an int or a list, default -1).

    >>> UnitNormalization()(np.array([[3.0, 4.0]], "float32")).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """

    _takes_floats = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = list(axis) if isinstance(axis, list | tuple) else [axis]
        if not given or not all(is_whole(one) for one in given):
            raise TypeError(f"{label(self)}: expected an int or a list of ints as axis, got {axis!r}")
        self.axis = given if isinstance(axis, list | tuple) else axis
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        axes_within(self.axis, len(input_shape), label(self))
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return backend.l2_normalize(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
