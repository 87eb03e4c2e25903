"""`tf.float32` and the others: the names of element types, with what TensorFlow programs ask of them."""

from __future__ import annotations

from typing import Any

import numpy as np

_SIZES = {"bfloat16": 2}


class DType(str):
    """The name of an element type. It is a `str`, so it goes wherever nnstack takes a dtype.

    >>> float32 == "float32", float32.is_floating, int32.max
    (True, True, 2147483647)
    """

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name as a plain string."""
        return str.__str__(self)

    @property
    def as_numpy_dtype(self) -> Any:
        """numpy's scalar type; ValueError for bfloat16, which numpy does not have."""
        if self.name == "bfloat16":
            raise ValueError("numpy has no bfloat16: cast to tf.float32 first")
        return np.dtype("object" if self.name == "string" else self.name).type

    @property
    def is_floating(self) -> bool:
        """Whether it is a float type."""
        return "float" in self.name

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer type; bool is none."""
        return "int" in self.name

    @property
    def is_bool(self) -> bool:
        """Whether it is bool."""
        return self.name == "bool"

    @property
    def is_complex(self) -> bool:
        """Whether it is a complex type: that of `tf.signal`'s results, which no graph takes."""
        return "complex" in self.name

    @property
    def base_dtype(self) -> DType:
        """The type itself."""
        return self

    @property
    def size(self) -> int:
        """Bytes of an element."""
        return _SIZES.get(self.name) or int(np.dtype(self.as_numpy_dtype).itemsize)

    @property
    def max(self) -> Any:
        """The largest number."""
        return self._limit("max")

    @property
    def min(self) -> Any:
        """The smallest number."""
        return self._limit("min")

    def _limit(self, which: str) -> Any:
        kind = np.dtype(self.as_numpy_dtype)
        return getattr(np.finfo(kind) if kind.kind == "f" else np.iinfo(kind), which)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether `other` names the same type."""
        return self == as_dtype(other)

    def __repr__(self) -> str:
        return f"tf.{self.name}"


_NAMES = "bfloat16 bool complex64 complex128 float16 float32 float64 int8 int16 int32 int64 uint8 string"
_ALL = {name: DType(name) for name in _NAMES.split()}
bfloat16 = _ALL["bfloat16"]
bool_ = _ALL["bool"]
complex64 = _ALL["complex64"]
complex128 = _ALL["complex128"]
float16 = _ALL["float16"]
float32 = _ALL["float32"]
float64 = _ALL["float64"]
int8 = _ALL["int8"]
int16 = _ALL["int16"]
int32 = _ALL["int32"]
int64 = _ALL["int64"]
uint8 = _ALL["uint8"]
string = _ALL["string"]
half, double = float16, float64


def as_dtype(type_value: Any) -> DType:
    """The DType of a name, numpy type or Python type; TypeError for what nnstack has not.

    >>> as_dtype(np.int64), as_dtype(float)
    (tf.int64, tf.float32)
    """
    name = {float: "float32", int: "int32", bool: "bool", str: "string"}.get(type_value) or type_value
    if not isinstance(name, str):
        name = np.dtype(name).name
    name = {"half": "float16", "double": "float64", "object": "string"}.get(name, str(name))
    if name not in _ALL:
        raise TypeError(f"as_dtype: nnstack has the types {_NAMES}; got {type_value!r}")
    return _ALL[name]
