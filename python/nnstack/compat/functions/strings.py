"""`tf.strings`, on arrays: text never enters a graph, so these compute at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack import backend as K


class StringArray(np.ndarray):
    """What `tf.constant` makes of text: an array of str objects. `numpy()` gives bytes, as TensorFlow does."""

    def __new__(cls, value: Any) -> StringArray:
        array = np.asarray(value)
        if array.dtype.kind in "SO":
            flat = [one.decode("utf-8") if isinstance(one, bytes) else str(one) for one in array.reshape(-1)]
            array = np.array(flat, dtype=object).reshape(array.shape)
        return array.astype(object).view(cls)

    def __getitem__(self, key: Any) -> Any:
        return StringArray(np.asarray(self)[key])

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> Any:
        return K.convert(np.asarray(np.asarray(self) == np.asarray(StringArray(other))))

    def __ne__(self, other: object) -> Any:
        return K.convert(np.asarray(np.asarray(self) != np.asarray(StringArray(other))))

    __hash__ = None

    def numpy(self) -> Any:
        """An array of bytes objects; bytes for a single text."""
        flat = np.empty(self.shape, object)
        for place in np.ndindex(*self.shape):
            flat[place] = str(np.asarray(self)[place]).encode("utf-8")
        return flat if self.shape else flat[()]


def is_text(value: Any) -> bool:
    """Whether `value` is text, bytes, or an array or list of them."""
    if isinstance(value, str | bytes):
        return True
    if isinstance(value, list | tuple):
        return bool(value) and is_text(value[0])
    return isinstance(value, np.ndarray) and (
        value.dtype.kind in "US" or (value.dtype.kind == "O" and value.size > 0 and is_text(np.asarray(value).item(0)))
    )


def _each(function: Any, input: Any) -> Any:
    text = StringArray(input)
    return StringArray(np.vectorize(function, otypes=[object])(np.asarray(text)) if text.size else text)


def lower(input: Any, encoding: str = "") -> Any:
    """In small letters."""
    return _each(str.lower, input)


def upper(input: Any, encoding: str = "") -> Any:
    """In capitals."""
    return _each(str.upper, input)


def strip(input: Any) -> Any:
    """Without white space at the ends."""
    return _each(str.strip, input)


def regex_replace(input: Any, pattern: str, rewrite: str, replace_global: bool = True) -> Any:
    """Every match (or the first) of `pattern` replaced; `rewrite` may name groups as \\1."""
    found = re.compile(pattern)
    return _each(lambda text: found.sub(rewrite, text, count=0 if replace_global else 1), input)


def length(input: Any, unit: str = "BYTE") -> Any:
    """Number of bytes, or with unit 'UTF8_CHAR' of characters."""
    count = (lambda text: len(text.encode("utf-8"))) if unit == "BYTE" else len
    return K.convert(np.vectorize(count, otypes=[np.int32])(np.asarray(StringArray(input))))


def join(inputs: Any, separator: str = "") -> Any:
    """Texts at the same places of several arrays, joined."""
    parts = np.broadcast_arrays(*[np.asarray(StringArray(one)) for one in inputs])
    return StringArray(np.vectorize(lambda *texts: separator.join(texts), otypes=[object])(*parts))


def substr(input: Any, pos: int, len: int, unit: str = "BYTE") -> Any:
    """`len` characters from `pos`."""
    return _each(lambda text: text[int(pos) :][: int(len)], input)


def split(input: Any, sep: str | None = None, maxsplit: int = -1) -> Any:
    """The words of a single text. ValueError for several, which would give rows of different lengths."""
    text = StringArray(input)
    if text.shape:
        raise ValueError("tf.strings.split: one text at a time; ragged tensors are not there. Use TextVectorization")
    return StringArray(np.array(str(text[()]).split(sep, maxsplit), dtype=object))


def unicode_split(input: Any, input_encoding: str = "UTF-8") -> Any:
    """The characters of a single text, or a list of rows of equal length."""
    text = StringArray(input)
    if not text.shape:
        return StringArray(np.array(list(str(text[()])), dtype=object))
    return StringArray([list(one) for one in text])


def reduce_join(inputs: Any, axis: int | None = None, separator: str = "") -> Any:
    """All texts along the last axis (None: all) in one."""
    text = np.asarray(StringArray(inputs))
    if axis is None:
        return StringArray(separator.join(text.reshape(-1)))
    return StringArray(np.apply_along_axis(lambda row: np.array(separator.join(row), dtype=object), axis, text))


def to_number(input: Any, out_type: Any = "float32") -> Any:
    """The numbers that texts spell."""
    return K.convert(np.asarray(StringArray(input)).astype(np.float64), str(out_type))


def as_string(input: Any, precision: int = -1) -> Any:
    """Numbers as text."""
    show = (lambda x: f"{x:.{precision}f}") if precision >= 0 else str
    return StringArray(np.vectorize(show, otypes=[object])(np.asarray(input)))
