"""BatchNormalization: every channel to mean 0 and variance 1 over the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstack import backend, initializers
from nnstack.backend.normalization import normalized_by_itself
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import axes_within, label
from nnstack.layers.parameters import add_parameter, along, options_config, set_options

_HALVES = ("float16", "bfloat16")


class BatchNormalization(Layer):
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, the statistics taken over all axes but `axis`.

    While training the statistics are the batch's own, and moving averages follow them: `moving = momentum * moving +
    (1 - momentum) * batch`. Otherwise, and with `trainable=False`, the moving averages are used. Output shape = input
    shape.

    Arguments: `axis` the channels, an int or a list, default -1; `momentum` default 0.99; `epsilon` default 0.001;
    `center`, `scale` whether there are beta and gamma; initializers of all four weights, regularizers and constraints
    of beta and gamma. `fused`: None, True or False as in tf.keras, where it decides which variance of images the
    moving average follows: the unbiased one (None or True, rank 4 or 5 with the channels first or last) or the biased
    one. `renorm=True` with `renorm_clipping` (a dict with some of rmax, rmin, dmax) and `renorm_momentum`: batch
    renormalization. `synchronized` changes nothing on one device. Weights: gamma, beta, moving_mean, moving_variance
    (then moving_stddev, renorm_mean, renorm_stddev), of the channels' size.

    Raises `ValueError` for `virtual_batch_size`, for `fused=True` where Keras has no such kernel, and for an unknown
    size of the channels.

    >>> layer = BatchNormalization(epsilon=0.0)
    >>> layer(np.array([[1.0], [3.0]], "float32"), training=True).numpy().ravel()
    array([-1.,  1.], dtype=float32)

    Sources: Ioffe and Szegedy 2015 (arXiv:1502.03167); Ioffe 2017 (arXiv:1702.03275) for `renorm`.
    """

    _takes_floats = True

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Mapping[str, float] | None = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Any = None,
        name: str | None = None,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        what = label(self)
        if isinstance(axis, bool) or not isinstance(axis, int | list | tuple):
            raise TypeError(f"{what}: expected an int or a list of ints as axis, got {axis!r}")
        if virtual_batch_size is not None or adjustment is not None:
            raise ValueError(
                f"{what}: virtual batches and `adjustment` are not supported, got virtual_batch_size="
                f"{virtual_batch_size!r}, adjustment={adjustment!r}. Leave them out, or train with that batch size"
            )
        unknown = set(renorm_clipping or {}) - {"rmax", "rmin", "dmax"}
        if unknown:
            raise ValueError(f"{what}: expected rmax, rmin and dmax in renorm_clipping, got {sorted(unknown)}")
        if fused and (renorm or synchronized):
            raise ValueError(
                f"{what}: fused=True cannot be combined with {'renorm' if renorm else 'synchronized'}=True"
            )
        self.axis: Any = list(axis) if isinstance(axis, list | tuple) else axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = bool(center)
        self.scale = bool(scale)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        set_options(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        set_options(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self.renorm = bool(renorm)
        self.renorm_clipping = dict(renorm_clipping or {})
        self.renorm_momentum = renorm_momentum
        self.fused = False if synchronized else fused
        self.synchronized = bool(synchronized)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        what, rank = label(self), len(input_shape)
        axes = axes_within(self.axis, rank, what)
        sizes = [input_shape[axis] for axis in axes]
        if None in sizes:
            raise ValueError(
                f"{what}: expected known sizes on axis {axes}, got input shape {tuple(input_shape)}. "
                "Give the input a size there"
            )
        images = rank in (4, 5) and axes in ([1], [rank - 1])
        if self.fused and not images:
            raise ValueError(
                f"{what}: fused=True takes input of rank 4 or 5 with the channels on axis 1 or last, got axis {axes} "
                f"of input shape {tuple(input_shape)}. Leave fused out"
            )
        self.fused = images and not self.renorm and self.dtype != "float64" if self.fused is None else self.fused
        self.axis = axes
        self.input_spec = InputSpec(ndim=rank, axes=dict(zip(axes, sizes, strict=True)))
        # Several axes: the weights keep the input's rank, as in tf.keras, so that files fit.
        shape = sizes if len(axes) == 1 else [input_shape[axis] if axis in axes else 1 for axis in range(rank)]
        dtype = "float32" if self.dtype in _HALVES else self.dtype
        self.gamma = (
            add_parameter(self, "gamma", shape, dtype=dtype, experimental_autocast=False) if self.scale else None
        )
        self.beta = (
            add_parameter(self, "beta", shape, dtype=dtype, experimental_autocast=False) if self.center else None
        )

        def state(weight: str, initializer: Any) -> Any:
            return self.add_weight(
                weight, shape, dtype=dtype, initializer=initializer, trainable=False, experimental_autocast=False
            )

        def deviation(*args: Any, **kwargs: Any) -> Any:
            return backend.sqrt(self.moving_variance_initializer(*args, **kwargs))

        self.moving_mean = state("moving_mean", self.moving_mean_initializer)
        self.moving_variance = state("moving_variance", self.moving_variance_initializer)
        if self.renorm:
            self.moving_stddev = state("moving_stddev", deviation)
            self.renorm_mean = state("renorm_mean", self.moving_mean_initializer)
            self.renorm_stddev = state("renorm_stddev", deviation)
        super().build(input_shape)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        x = backend.cast(inputs, "float32") if inputs.dtype in _HALVES else inputs
        result = backend.in_train_phase(
            lambda: self._with_own_statistics(x, training, None if self.fused else mask),
            lambda: self._normalized(x, self.moving_mean, self.moving_variance),
            training=training if self.trainable else False,
        )
        return backend.cast(result, inputs.dtype) if inputs.dtype in _HALVES else result

    def _normalized(self, x: Any, mean: Any, variance: Any, scale: Any = None, shift: Any = None) -> Any:
        """x normalised, then `* scale + shift` (the corrections of renormalization), then gamma and beta."""
        rank = len(x.shape)
        centre, spread, gamma, beta, scale, shift = (
            value if value is None or len(value.shape) == rank else along(value, self.axis, rank)
            for value in (mean, variance, self.gamma, self.beta, scale, shift)
        )
        factor = backend.emit("rsqrt", backend.convert(spread) + self.epsilon)
        factor = factor if scale is None else factor * scale
        result = (x - centre) * (factor if gamma is None else factor * gamma)
        if shift is not None:
            beta = (shift if gamma is None else shift * gamma) + (0.0 if beta is None else beta)
        return result if beta is None else result + beta

    def _with_own_statistics(self, x: Any, training: Any, mask: Any) -> Any:
        axes = [axis for axis in range(len(x.shape)) if axis not in self.axis]
        keepdims = len(self.axis) > 1
        whole = None
        if mask is None and not self.renorm and not keepdims:
            whole = normalized_by_itself(x, axes, self.gamma, self.beta, self.epsilon)
        if whole is not None:
            result, *narrow = whole
        else:
            mean, variance = _moments(x, axes, mask)
            narrow = [value if keepdims else backend.emit("squeeze", value, axes=axes) for value in (mean, variance)]
            if self.renorm:
                return self._renormalized(x, narrow[0], narrow[1], training)
            result = self._normalized(x, mean, variance)
        if self.fused:
            count = backend.count(x, axes, x.dtype)
            narrow[1] = narrow[1] * (count / backend.maximum(count - 1.0, 1.0))
        self._follow(self.moving_mean, narrow[0], self.momentum, training)
        self._follow(self.moving_variance, narrow[1], self.momentum, training)
        return result

    def _renormalized(self, x: Any, mean: Any, variance: Any, training: Any) -> Any:
        deviation = backend.sqrt(variance + self.epsilon)
        usual = backend.maximum(self.renorm_stddev, self.epsilon**0.5)
        limits = self.renorm_clipping
        scale = backend.clip(deviation / usual, limits.get("rmin"), limits.get("rmax"))
        most = limits.get("dmax")
        shift = backend.clip((mean - self.renorm_mean) / usual, None if most is None else -most, most)
        result = self._normalized(x, mean, variance, backend.stop_gradient(scale), backend.stop_gradient(shift))
        self._follow(self.renorm_mean, mean, self.renorm_momentum, training)
        self._follow(self.renorm_stddev, deviation, self.renorm_momentum, training)
        self._follow(self.moving_mean, mean, self.momentum, training)
        moved = self._follow(self.moving_stddev, deviation, self.momentum, training)
        self._assign(self.moving_variance, backend.relu(backend.square(moved) - self.epsilon), training)
        return result

    def _follow(self, variable: Any, value: Any, momentum: Any, training: Any) -> Any:
        current = backend.convert(variable)
        new = current - (current - backend.stop_gradient(value)) * (1.0 - momentum)
        self._assign(variable, new, training)
        return new

    def _assign(self, variable: Any, new: Any, training: Any) -> None:
        """Now, or in the open trace; kept in `updates` where the graph is the caller's own."""
        pending = backend.update(variable, backend.in_train_phase(new, variable, training=training))
        if isinstance(pending, backend.Update):
            self._updates.append(pending)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        options = options_config(self, "beta", "gamma", activity=False)
        moving = {
            name: initializers.serialize(getattr(self, name))
            for name in ("moving_mean_initializer", "moving_variance_initializer")
        }
        own: dict[str, Any] = {
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **{key: options.pop(key) for key in ("beta_initializer", "gamma_initializer")},
            **moving,
            **options,
        }
        if self.renorm:
            own |= {
                "renorm": True,
                "renorm_clipping": self.renorm_clipping,
                "renorm_momentum": self.renorm_momentum,
            }
        if self.synchronized:
            own["synchronized"] = True
        return {**super().get_config(), **own}


class SyncBatchNormalization(BatchNormalization):
    """`BatchNormalization(synchronized=True)`, tf.keras's earlier name for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"synchronized": True, **kwargs})


def _moments(x: Any, axes: list[int], mask: Any) -> tuple[Any, Any]:
    """Mean and biased variance over `axes`, which stay with size 1; entries whose mask is False do not count."""
    if mask is None:
        mean = backend.mean(x, axes, True)
        return mean, backend.mean(backend.square(x - mean), axes, True)
    weights = backend.expand_dims(backend.cast(mask, x.dtype), -1)
    while len(weights.shape) < len(x.shape):
        weights = backend.expand_dims(weights, -1)
    weights = backend.ones_like(x) * weights
    total = backend.sum(weights, axes, True)
    mean = backend.divide_no_nan(backend.sum(x * weights, axes, True), total)
    return mean, backend.divide_no_nan(backend.sum(backend.square(x - mean) * weights, axes, True), total)
