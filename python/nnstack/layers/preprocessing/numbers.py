"""Normalization, Rescaling, Discretization, CategoryEncoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.layers.arguments import axes_within, choice, label, positive_int
from nnstack.layers.preprocessing.base import PreprocessingLayer, dense_only, encode, encoded_shape

_MODES = ("int", "one_hot", "multi_hot", "count")


class Normalization(PreprocessingLayer):
    """(x - mean) / sqrt(variance), with mean and variance given, or learned from data with `adapt(data)`.

    `axis`: the axes that have a mean and variance per entry, default -1; None: one of each for all. `mean`, `variance`
    numbers or arrays, both or none; `invert=True` goes back: x * sqrt(variance) + mean. Weights when learned: mean,
    variance, count (an int64). Raises `ValueError` for one of mean and variance alone, or unknown sizes along `axis`.

    >>> layer = Normalization(axis=None)
    >>> layer.adapt(np.array([1.0, 3.0]))
    >>> layer(np.array([[5.0]], "float32")).numpy()
    array([[3.]], dtype=float32)
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ValueError(f"{label(self)}: expected mean and variance both or none, got {mean!r} and {variance!r}")
        self.input_mean = mean
        self.input_variance = variance
        self.invert = bool(invert)

    def build(self, input_shape: Any) -> None:
        kept = sorted(axes_within(list(self.axis), len(input_shape), label(self))) if self.axis else []
        sizes = [input_shape[axis] for axis in kept]
        if None in sizes:
            raise ValueError(
                f"{label(self)}: expected known sizes along axis {self.axis}, got input shape {tuple(input_shape)}"
            )
        self._reduced = [axis for axis in range(len(input_shape)) if axis not in kept]
        self._spread = [size if axis in kept else 1 for axis, size in enumerate(input_shape)]
        if self.input_mean is None:
            self.adapt_mean = self.add_weight("mean", sizes, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight("variance", sizes, initializer="ones", trainable=False)
            self.count = self.add_weight("count", (), dtype="int64", initializer="zeros", trainable=False)
        super().build(input_shape)

    @property
    def mean(self) -> Any:
        """What is subtracted, in a shape that broadcasts with the input."""
        return self._statistic(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> Any:
        """Whose square root divides."""
        return self._statistic(self.input_variance, "adapt_variance")

    def _statistic(self, given: Any, weight: str) -> Any:
        if given is None:
            learned = getattr(self, weight)
            # Asked for by the user, outside any call, it is a number.
            value = backend.convert(learned.numpy()) if backend.current_scope() is None else learned
            return backend.reshape(value, self._spread)
        sizes = [size for axis, size in enumerate(self._spread) if axis not in self._reduced]
        return backend.constant((np.asarray(given) * np.ones(sizes)).reshape(self._spread), self.dtype)

    def update_state(self, data: Any) -> None:
        if self.input_mean is not None:
            raise ValueError(f"{label(self)}: mean and variance were given; adapt would replace them. Leave them out")
        data = np.asarray(data, np.float64)
        axes = tuple(self._reduced)
        mean, variance = data.mean(axes), data.var(axes)
        known, count = int(self.count.numpy()), int(np.prod([data.shape[axis] for axis in axes]))
        share = count / (known + count)
        old_mean, old_variance = self.adapt_mean.numpy(), self.adapt_variance.numpy()
        total = old_mean * (1 - share) + mean * share
        spread = (old_variance + (old_mean - total) ** 2) * (1 - share) + (variance + (mean - total) ** 2) * share
        self.adapt_mean.assign(np.asarray(total, self.dtype))
        self.adapt_variance.assign(np.asarray(spread, self.dtype))
        self.count.assign(np.asarray(known + count))

    def reset_state(self) -> None:
        if self.built and self.input_mean is None:
            self.adapt_mean.assign(np.zeros(self.adapt_mean.shape))
            self.adapt_variance.assign(np.ones(self.adapt_variance.shape))
            self.count.assign(np.asarray(0))

    def call(self, inputs: Any) -> Any:
        x, mean, variance = (backend.cast(one, self.compute_dtype) for one in (inputs, self.mean, self.variance))
        deviation = backend.maximum(backend.sqrt(variance), backend.epsilon())
        return mean + x * deviation if self.invert else (x - mean) / deviation

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        given = {
            "mean": None if self.input_mean is None else np.asarray(self.input_mean).tolist(),
            "variance": None if self.input_variance is None else np.asarray(self.input_variance).tolist(),
        }
        return {**super().get_config(), "axis": self.axis, "invert": self.invert, **given}


class Rescaling(Layer):
    """x * scale + offset: `Rescaling(1 / 255)` maps bytes to [0, 1], `Rescaling(1 / 127.5, offset=-1)` to [-1, 1]."""

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset

    def call(self, inputs: Any) -> Any:
        scale, offset = (
            backend.constant(one, self.compute_dtype) if np.ndim(one) else one for one in (self.scale, self.offset)
        )
        return backend.cast(inputs, self.compute_dtype) * scale + offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        plain = {name: np.asarray(getattr(self, name)).tolist() for name in ("scale", "offset")}
        return {**super().get_config(), **plain}


class CategoryEncoding(Layer):
    """Whole numbers from 0 to `num_tokens` - 1 as vectors of that length.

    `output_mode`: "multi_hot" (default): 1 for each number that occurs in the sample, (batch, n) -> (batch,
    num_tokens); "count": how often, weighted by the call's `count_weights`; "one_hot": a vector per number, (batch,)
    or (batch, 1) -> (batch, num_tokens). Raises `ValueError` for other numbers as far as they are known, else such a
    number counts for nothing.

    >>> CategoryEncoding(3, "count")(np.array([[0, 2, 2]])).numpy()
    array([[1., 0., 2.]], dtype=float32)
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        num_tokens = kwargs.pop("max_tokens", num_tokens)
        super().__init__(**kwargs)
        what = label(self)
        mode = "multi_hot" if output_mode == "binary" else output_mode
        self.num_tokens = positive_int(num_tokens, what, "num_tokens")
        self.output_mode = choice(mode, _MODES[1:], what, "output_mode")
        self.sparse = dense_only(sparse, what)

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"{label(self)}: count_weights are for output_mode 'count', not {self.output_mode!r}")
        index = backend.convert(inputs)
        if (
            index.concrete
            and index.numpy().size
            and not 0 <= index.numpy().min() <= index.numpy().max() < self.num_tokens
        ):
            raise ValueError(
                f"{label(self)}: expected numbers from 0 to {self.num_tokens - 1}, got {index.numpy().min()} to "
                f"{index.numpy().max()}"
            )
        return encode(index, self.output_mode, self.num_tokens, label(self), self.compute_dtype, count_weights)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(input_shape, self.output_mode, self.num_tokens)

    def get_config(self) -> dict[str, Any]:
        own = {"num_tokens": self.num_tokens, "output_mode": self.output_mode, "sparse": self.sparse}
        return {**super().get_config(), **own}


class Discretization(PreprocessingLayer):
    """Numbers -> the bin they fall into: bin i holds bin_boundaries[i - 1] <= x < bin_boundaries[i].

    `bin_boundaries`: ascending numbers; or `num_bins` and `adapt(data)`, which finds boundaries between about equally
    many of the data, to a precision of `epsilon` of the whole. `output_mode` "int" (default), "one_hot", "multi_hot"
    or "count" as in CategoryEncoding.

    >>> Discretization(bin_boundaries=[0.0, 1.0, 2.0])(np.array([[-1.5, 1.0, 3.4]])).numpy()
    array([[0, 2, 3]])
    """

    may_stand_at_the_front = True  # for crosses, whose layer works on arrays
    _batch_size = 32  # merging summaries rounds: Keras's boundaries come from batches of that size

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        bin_boundaries = kwargs.pop("bins", bin_boundaries)
        if output_mode == "int":
            kwargs.setdefault("dtype", "int64")
        super().__init__(**{"autocast": False, **kwargs})
        what = label(self)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"{what}: expected either bin_boundaries or num_bins, got {bin_boundaries!r}, {num_bins!r}"
            )
        if num_bins is not None and num_bins < 0:
            raise ValueError(f"{what}: expected num_bins of at least 0, got {num_bins}")
        self.input_bin_boundaries = bin_boundaries
        self.bin_boundaries = [] if bin_boundaries is None else sorted(float(one) for one in bin_boundaries)
        self.num_bins = num_bins
        self.epsilon = epsilon
        self.output_mode = choice(output_mode, _MODES, what, "output_mode")
        self.sparse = dense_only(sparse, what)
        self._summary = np.zeros((2, 0), np.float32)

    def update_state(self, data: Any) -> None:
        if self.input_bin_boundaries is not None:
            raise ValueError(
                f"{label(self)}: bin_boundaries were given; adapt would replace them. Pass num_bins instead"
            )
        values = np.sort(np.asarray(data, np.float32).ravel())
        apart = int(len(values) * np.float32(self.epsilon))
        kept = values[apart :: max(apart, 1)]
        merged = np.concatenate([self._summary, np.stack([kept, np.full_like(kept, max(apart, 1))])], axis=1)
        self._summary = _compressed(merged[:, np.argsort(merged[0], kind="stable")], self.epsilon)

    def reset_state(self) -> None:
        if self.input_bin_boundaries is None:
            self._summary = np.zeros((2, 0), np.float32)

    def finalize_state(self) -> None:
        if self.input_bin_boundaries is None and self.num_bins:
            self.bin_boundaries = [float(one) for one in _compressed(self._summary, 1.0 / self.num_bins)[0, :-1]]

    def load_learned(self, lines: list[str], arrays: Mapping[str, Any]) -> None:
        """Takes the summary of the data that tf_keras keeps in files."""
        if "0" in arrays and self.input_bin_boundaries is None:
            self._summary = np.asarray(arrays["0"], np.float32)
            self.finalize_state()

    @property
    def _depth(self) -> int:
        """How many bins there are, or will be."""
        known = self.bin_boundaries or self.num_bins is None
        return len(self.bin_boundaries) + 1 if known else max(int(self.num_bins or 0), 1)

    def call(self, inputs: Any) -> Any:
        x = backend.convert(inputs)
        edges = np.asarray(self.bin_boundaries, "float32")
        if not len(edges):
            bins = backend.cast(backend.zeros_like(x), "int64")
        else:
            kind = x.dtype if x.dtype in ("float64", "float32") else "float32"
            reached = backend.greater_equal(backend.expand_dims(backend.cast(x, kind), -1), edges.astype(kind))
            bins = backend.sum(backend.cast(reached, "int64"), axis=-1)
        return encode(bins, self.output_mode, self._depth, label(self), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(input_shape, self.output_mode, self._depth)

    def get_config(self) -> dict[str, Any]:
        # Learned boundaries are written too, so that a model from a file is complete.
        learned = self.input_bin_boundaries is None and bool(self.bin_boundaries)
        return {
            **super().get_config(),
            "bin_boundaries": self.bin_boundaries if learned else self.input_bin_boundaries,
            "num_bins": None if learned else self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """A summary (values, weights) of about 1 / epsilon values: interpolated at equal shares of the total weight."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    reached = summary[1].cumsum()
    values = np.interp(shares, reached / reached[-1], summary[0])
    heights = np.interp(shares, reached / reached[-1], reached)
    return np.stack([values, np.diff(heights, prepend=0.0)]).astype(np.float32)
