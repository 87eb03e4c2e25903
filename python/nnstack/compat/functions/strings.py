"""`tf.strings`, on arrays: text never enters a graph, so these compute at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack import backend as K


class StringArray(np.ndarray):
    """What `tf.constant` makes of text: an array of str objects. `numpy()` gives bytes, as TensorFlow does.

    Bytes that are no text (records, images) are kept as they are, in Python's surrogate escapes.
    """

    def __new__(cls, value: Any) -> StringArray:
        # numpy's own text types would drop zero bytes at the end.
        array = value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
        if array.dtype.kind in "SO":
            flat = [
                one.decode("utf-8", "surrogateescape") if isinstance(one, bytes) else str(one)
                for one in array.reshape(-1)
            ]
            texts = np.empty(len(flat), object)
            texts[:] = flat
            array = texts.reshape(array.shape)
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
            flat[place] = str(np.asarray(self)[place]).encode("utf-8", "surrogateescape")
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
    if hasattr(input, "with_values"):
        return input.with_values(_each(function, input.values))
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
    if hasattr(input, "with_values"):
        return input.with_values(length(input.values, unit))
    count = (lambda text: len(text.encode("utf-8", "surrogateescape"))) if unit == "BYTE" else len
    return K.convert(np.vectorize(count, otypes=[np.int32])(np.asarray(StringArray(input))))


def join(inputs: Any, separator: str = "") -> Any:
    """Texts at the same places of several arrays, joined."""
    parts = np.broadcast_arrays(*[np.asarray(StringArray(one)) for one in inputs])
    return StringArray(np.vectorize(lambda *texts: separator.join(texts), otypes=[object])(*parts))


def substr(input: Any, pos: int, len: int, unit: str = "BYTE") -> Any:
    """`len` characters from `pos`."""
    return _each(lambda text: text[int(pos) :][: int(len)], input)


def split(input: Any, sep: str | None = None, maxsplit: int = -1) -> Any:
    """The words of a text; of several texts rows of words (tf.RaggedTensor)."""
    text = StringArray(input)
    if text.shape:
        return _rows([str(one).split(sep or None, maxsplit) for one in np.asarray(text)])
    return StringArray(np.array(str(text[()]).split(sep or None, maxsplit), dtype=object))


def _rows(rows: list[list[str]]) -> Any:
    from nnstack.compat.ragged import RaggedTensor

    return RaggedTensor(StringArray(np.array([one for row in rows for one in row], object)), [len(row) for row in rows])


def unicode_split(input: Any, input_encoding: str = "UTF-8") -> Any:
    """The characters of a text; of several texts rows of characters (tf.RaggedTensor)."""
    text = StringArray(input)
    if text.shape:
        return _rows([list(str(one)) for one in np.asarray(text)])
    return StringArray(np.array(list(str(text[()])), dtype=object))


def bytes_split(input: Any) -> Any:
    """As `unicode_split`, of the bytes."""
    text = StringArray(input)
    parts = [
        [bytes([byte]).decode("utf-8", "surrogateescape") for byte in str(one).encode("utf-8", "surrogateescape")]
        for one in np.asarray(text).reshape(-1)
    ]
    return _rows(parts) if text.shape else StringArray(np.array(parts[0], dtype=object))


def unicode_decode(input: Any, input_encoding: str = "UTF-8", **_: Any) -> Any:
    """The code points of a text; of several texts rows of them (tf.RaggedTensor)."""
    characters = unicode_split(input)
    if hasattr(characters, "with_values"):
        return characters.with_values(K.convert(np.array([ord(str(one)) for one in characters.values], np.int32)))
    return K.convert(np.array([ord(str(one)) for one in np.asarray(characters)], np.int32))


def unicode_encode(input: Any, output_encoding: str = "UTF-8", **_: Any) -> Any:
    """The text of code points along the last axis."""
    if hasattr(input, "with_values"):
        return StringArray(np.array(["".join(map(chr, row.numpy())) for row in input], object))
    points = K.convert(input).numpy()
    return StringArray(np.apply_along_axis(lambda row: np.array("".join(map(chr, row)), object), -1, points))


def regex_full_match(input: Any, pattern: str) -> Any:
    """Whether all of a text matches."""
    found = re.compile(pattern)
    text = np.asarray(StringArray(input))
    return K.convert(np.vectorize(lambda one: found.fullmatch(one) is not None, otypes=[bool])(text))


def to_hash_bucket_fast(input: Any, num_buckets: int) -> Any:
    """A number below `num_buckets` for each text, by FarmHash."""
    if hasattr(input, "with_values"):
        return input.with_values(to_hash_bucket_fast(input.values, num_buckets))
    from nnstack.layers.preprocessing.fingerprints import fingerprint64

    text = np.asarray(StringArray(input))
    return K.convert(np.vectorize(lambda one: fingerprint64(one.encode()) % num_buckets, otypes=[np.int64])(text))


def to_hash_bucket_strong(input: Any, num_buckets: int, key: Any) -> Any:
    """The same by SipHash under a key of two whole numbers."""
    from nnstack.layers.preprocessing.fingerprints import siphash

    text, pair = np.asarray(StringArray(input)), (int(key[0]), int(key[1]))
    return K.convert(np.vectorize(lambda one: siphash(one.encode(), pair) % num_buckets, otypes=[np.int64])(text))


def ngrams(data: Any, ngram_width: Any, separator: str = " ", *_: Any, **__: Any) -> Any:
    """Every run of `ngram_width` neighbours along the last axis, joined."""
    widths = [ngram_width] if isinstance(ngram_width, int) else list(ngram_width)

    def of(words: list[str]) -> list[str]:
        return [separator.join(words[i : i + n]) for n in widths for i in range(len(words) - n + 1)]

    if hasattr(data, "with_values"):
        return _rows([of([str(one) for one in np.asarray(row)]) for row in data])
    text = np.asarray(StringArray(data))
    if text.ndim == 1:
        return StringArray(np.array(of(text.tolist()), object))
    return StringArray(np.array([of(row.tolist()) for row in text], object))


def format(template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3) -> Any:
    """The template with tensors in the places of its placeholders."""
    for one in inputs if isinstance(inputs, list | tuple) else [inputs]:
        shown = np.array2string(np.asarray(one), edgeitems=summarize, threshold=2 * summarize)
        template = template.replace(placeholder, shown, 1)
    return StringArray(template)


def reduce_join(inputs: Any, axis: int | None = None, separator: str = "") -> Any:
    """All texts along the last axis (None: all) in one."""
    if hasattr(inputs, "with_values"):
        rows = [separator.join(np.asarray(row).tolist()) for row in inputs]
        return StringArray(np.array(rows, object)) if axis is not None else StringArray(separator.join(rows))
    text = np.asarray(StringArray(inputs))
    if axis is None:
        return StringArray(separator.join(text.reshape(-1)))
    return StringArray(np.apply_along_axis(lambda row: np.array(separator.join(row), dtype=object), axis, text))


def to_number(input: Any, out_type: Any = "float32") -> Any:
    """The numbers that texts spell."""
    if hasattr(input, "with_values"):
        return input.with_values(to_number(input.values, out_type))
    return K.convert(np.asarray(StringArray(input)).astype(np.float64), str(out_type))


def as_string(input: Any, precision: int = -1) -> Any:
    """Numbers as text."""
    show = (lambda x: f"{x:.{precision}f}") if precision >= 0 else str
    return StringArray(np.vectorize(show, otypes=[object])(np.asarray(input)))
