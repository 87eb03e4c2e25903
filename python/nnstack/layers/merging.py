"""Layers that combine several inputs into one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.layers.arguments import label
from nnstack.utils import nest


class _Merge(Layer):
    """Elementwise merge: shapes must agree or broadcast, the batch axis aside."""

    least = 2

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        # A layer may have given a list of one tensor, as a Lambda around backend.gradients does.
        return super().__call__(nest.flatten(inputs) if isinstance(inputs, list | tuple) else inputs, *args, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        super().build(input_shape)

    def _check(self, shapes: Any) -> None:
        what = f'{self._kind} (layer "{self.name}")'
        if not isinstance(shapes, list | tuple) or not shapes or not isinstance(shapes[0], tuple | list):
            raise ValueError(f"{what}: expected a list of inputs, got one input of shape {shapes}")
        if len(shapes) < self.least:
            raise ValueError(f"{what}: expected at least {self.least} inputs, got {len(shapes)}")
        for shape in shapes[1:]:
            for a, b in zip(reversed(shapes[0][1:]), reversed(shape[1:]), strict=False):
                if None not in (a, b) and a != b and 1 not in (a, b):
                    raise ValueError(
                        f"{what}: expected inputs of one shape, got {', '.join(str(tuple(s)) for s in shapes)}"
                    )

    def _merge_function(self, tensors: list[Any]) -> Any:
        """The combination of tensors of one rank."""
        return tensors[0]

    def call(self, inputs: Any) -> Any:
        rank = max(len(tensor.shape) for tensor in inputs)
        return self._merge_function([_with_rank(tensor, rank) for tensor in inputs])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        masks = [one for one in mask or [] if one is not None]
        return functools.reduce(lambda a, b: a & b, masks) if masks else None


def _with_rank(tensor: Any, rank: int) -> Any:
    for _ in range(rank - len(tensor.shape)):
        tensor = backend.expand_dims(tensor, 1)
    return tensor


class Add(_Merge):
    """Sum of a list of inputs."""

    def _merge_function(self, tensors: list[Any]) -> Any:
        return functools.reduce(backend.add, tensors)


class Subtract(_Merge):
    """First input minus second; exactly two."""

    def _check(self, shapes: Any) -> None:
        super()._check(shapes)
        if len(shapes) != 2:
            raise ValueError(f'subtract (layer "{self.name}"): expected 2 inputs, got {len(shapes)}')

    def _merge_function(self, tensors: list[Any]) -> Any:
        return backend.subtract(tensors[0], tensors[1])


class Multiply(_Merge):
    """Product of a list of inputs."""

    def _merge_function(self, tensors: list[Any]) -> Any:
        return functools.reduce(backend.multiply, tensors)


class Average(_Merge):
    """Mean of a list of inputs; of whole numbers of 32 or 64 bits in float64, as in Keras."""

    def _merge_function(self, tensors: list[Any]) -> Any:
        total = functools.reduce(backend.add, tensors)
        return (backend.cast(total, "float64") if total.dtype in ("int32", "int64") else total) / len(tensors)


class Maximum(_Merge):
    """Elementwise maximum of a list of inputs."""

    def _merge_function(self, tensors: list[Any]) -> Any:
        return functools.reduce(backend.maximum, tensors)


class Minimum(_Merge):
    """Elementwise minimum of a list of inputs."""

    def _merge_function(self, tensors: list[Any]) -> Any:
        return functools.reduce(backend.minimum, tensors)


class Concatenate(_Merge):
    """Joins inputs along `axis` (default the last); all other sizes must agree."""

    least = 1

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def _check(self, shapes: Any) -> None:
        what = f'concatenate (layer "{self.name}")'
        if not isinstance(shapes, list | tuple) or not shapes or not isinstance(shapes[0], tuple | list):
            raise ValueError(f"{what}: expected a list of inputs, got one input of shape {shapes}")
        rank = len(shapes[0])
        if not -rank <= self.axis < rank:
            raise ValueError(
                f"{what}: expected an axis within [{-rank}, {rank}), got {self.axis}; the inputs have rank {rank}"
            )
        joined = self.axis % rank
        for shape in shapes[1:]:
            fits = len(shape) == rank and all(
                axis == joined or None in (a, b) or a == b
                for axis, (a, b) in enumerate(zip(shapes[0], shape, strict=True))
            )
            if not fits:
                listed = ", ".join(str(tuple(s)) for s in shapes)
                raise ValueError(f"{what}: expected inputs that differ only along axis {self.axis}, got {listed}")

    def call(self, inputs: Any) -> Any:
        return backend.concatenate(list(inputs), axis=self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None or all(one is None for one in mask):
            return None
        parts = []
        for tensor, one in zip(inputs, mask, strict=True):
            if one is None:
                one = backend.ones_like(tensor, dtype="bool")
            while len(one.shape) < len(tensor.shape):
                one = backend.expand_dims(one, -1)
            parts.append(backend.emit("logical_and", one, backend.ones_like(tensor, dtype="bool")))
        return backend.all(backend.concatenate(parts, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Dot(_Merge):
    """Product of two inputs along one axis of each, sample by sample (see `backend.batch_dot`).

    `axes`: an int for both or one per input, the batch axis being 0; `normalize`: scale both to Euclidean length 1
    along their axis first, which gives the cosine. Output: what remains of the axes of the first, then of the second
    input; (batch, 1) where nothing remains. Raises `ValueError` if the sizes along the axes differ. The mask stops.

    >>> Dot(axes=1)([np.ones((2, 3), "float32"), np.ones((2, 3), "float32")]).shape
    (2, 1)
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, int | list | tuple):
            raise TypeError(f"{label(self)}: expected an int or two ints as axes, got {axes!r}")
        if isinstance(axes, list | tuple) and (len(axes) != 2 or not all(isinstance(one, int) for one in axes)):
            raise ValueError(f"{label(self)}: expected an int or two ints as axes, got {axes!r}")
        self.axes = axes
        self.normalize = bool(normalize)

    def _both_axes(self, shapes: Any) -> tuple[int, int]:
        given = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        first, second = (axis % len(shape) if axis < 0 else axis for axis, shape in zip(given, shapes, strict=True))
        return first, second

    def _check(self, shapes: Any) -> None:
        if not isinstance(shapes, list | tuple) or len(shapes) != 2 or not isinstance(shapes[0], tuple | list):
            raise ValueError(f"{label(self)}: expected a list of 2 inputs, got shapes {shapes}")
        axes = self._both_axes(shapes)
        listed = ", ".join(str(tuple(shape)) for shape in shapes)
        if any(not 0 < axis < len(shape) for axis, shape in zip(axes, shapes, strict=True)):
            raise ValueError(
                f"{label(self)}: expected axes behind the batch axis, got axes={self.axes}; shapes {listed}"
            )
        one, other = (shape[axis] for axis, shape in zip(axes, shapes, strict=True))
        if None not in (one, other) and one != other:
            raise ValueError(f"{label(self)}: sizes {one} and {other} along axes {self.axes} differ; shapes {listed}")

    def call(self, inputs: Any) -> Any:
        axes = self._both_axes([tensor.shape for tensor in inputs])
        if self.normalize:
            inputs = [backend.l2_normalize(tensor, axis) for tensor, axis in zip(inputs, axes, strict=True)]
        return backend.batch_dot(inputs[0], inputs[1], axes)

    def compute_output_shape(self, input_shape: Any) -> Any:
        self._check(input_shape)
        first, second = self._both_axes(input_shape)
        one, other = list(input_shape[0]), list(input_shape[1])
        one.pop(first)
        other.pop(second)
        sizes = (*one, *other[1:])
        return sizes if len(sizes) > 1 else (*sizes, 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _functional(layer: Callable[..., Any]) -> Callable[..., Any]:
    def merge(inputs: Any, **kwargs: Any) -> Any:
        return layer(**kwargs)(inputs)

    merge.__name__ = layer.__name__.lower()
    merge.__doc__ = f"`{layer.__name__}(**kwargs)(inputs)`."
    return merge


add = _functional(Add)
subtract = _functional(Subtract)
multiply = _functional(Multiply)
average = _functional(Average)
maximum = _functional(Maximum)
minimum = _functional(Minimum)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any, normalize: bool = False, **kwargs: Any) -> Any:
    """`Dot(axes, normalize, **kwargs)(inputs)`."""
    return Dot(axes, normalize, **kwargs)(inputs)
