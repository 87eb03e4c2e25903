"""Complex tensors as pairs of real ones: what `tf.signal` gives, for `tf.abs` and its kind to make real again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack import backend as K
from nnstack.compat.dtypes import DType
from nnstack.compat.specs import TensorShape


class Complex:
    """`real` + i `imag`, with the arithmetic, slices and shape of a tensor. `tf.abs`, `tf.math.real`, `imag`, `angle`,
    `conj` take it; other functions take its parts.
    """

    def __init__(self, real: Any, imag: Any) -> None:
        self.real, self.imag = K.convert(real), K.convert(imag)

    @property
    def shape(self) -> TensorShape:
        """Sizes of the axes."""
        return TensorShape(self.real.shape)

    @property
    def dtype(self) -> DType:
        """complex64, or complex128 of float64 parts."""
        return DType("complex128" if self.real.dtype == "float64" else "complex64")

    def numpy(self) -> Any:
        """A complex array."""
        return (self.real.numpy() + 1j * self.imag.numpy()).astype(str(self.dtype))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        found = self.numpy()
        return found if dtype is None else found.astype(dtype)

    def __abs__(self) -> Any:
        return magnitude(self)

    def __getitem__(self, key: Any) -> Complex:
        return self._each(lambda part: part[key])

    def _each(self, function: Callable[[Any], Any]) -> Complex:
        return Complex(function(self.real), function(self.imag))

    def __neg__(self) -> Complex:
        return self._each(lambda part: -part)

    def __add__(self, other: Any) -> Complex:
        real, imag = parts(other)
        return Complex(self.real + real, self.imag + imag)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Complex:
        real, imag = parts(other)
        return Complex(self.real - real, self.imag - imag)

    def __rsub__(self, other: Any) -> Complex:
        return (-self).__add__(other)

    def __mul__(self, other: Any) -> Complex:
        real, imag = parts(other)
        return Complex(self.real * real - self.imag * imag, self.real * imag + self.imag * real)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Complex:
        real, imag = parts(other)
        over = K.square(K.convert(real)) + K.square(K.convert(imag))
        return Complex((self.real * real + self.imag * imag) / over, (self.imag * real - self.real * imag) / over)

    def __repr__(self) -> str:
        return f"<Complex shape={tuple(self.shape)} real={self.real!r} imag={self.imag!r}>"


def parts(x: Any) -> tuple[Any, Any]:
    """Real and imaginary part of a complex or real number or tensor."""
    if isinstance(x, Complex):
        return x.real, x.imag
    if isinstance(x, complex):
        return x.real, x.imag
    return x, 0.0


def complex_(real: Any, imag: Any, name: Any = None) -> Complex:
    """real + i imag"""
    return Complex(real, imag)


def real(input: Any, name: Any = None) -> Any:
    """The real part."""
    return input.real if isinstance(input, Complex) else K.convert(input)


def imag(input: Any, name: Any = None) -> Any:
    """The imaginary part."""
    return input.imag if isinstance(input, Complex) else K.zeros_like(input)


def conj(x: Any, name: Any = None) -> Any:
    """The conjugate."""
    return Complex(x.real, -x.imag) if isinstance(x, Complex) else K.convert(x)


def angle(input: Any, name: Any = None) -> Any:
    """The angle in the complex plane."""
    from nnstack.compat.functions.angles import atan2

    first, second = parts(input)
    return atan2(second if isinstance(input, Complex) else K.zeros_like(first), first)


def magnitude(x: Any, name: Any = None) -> Any:
    """The absolute value, of real tensors too. Its slope at 0 is 0."""
    if not isinstance(x, Complex):
        return K.abs(x)
    squares = K.square(x.real) + K.square(x.imag)
    nothing = K.equal(squares, 0.0)
    root = K.sqrt(K.select(nothing, K.ones_like(squares), squares))
    return K.select(nothing, K.zeros_like(squares), root)
