"""`tf.lookup`: tables from texts or numbers to numbers or texts, used on arrays before a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.files import _path
from nnstack.compat.functions.strings import StringArray, is_text
from nnstack.layers.preprocessing.fingerprints import fingerprint64


def _list(values: Any) -> list[Any]:
    array = np.asarray(StringArray(values)) if is_text(values) else K.convert(values).numpy()
    return list(array.reshape(-1).tolist())


def _kind(values: list[Any], dtype: Any) -> str:
    if dtype is not None:
        return as_dtype(dtype).name
    return "string" if values and isinstance(values[0], str) else str(K.convert(np.asarray(values)).dtype)


class KeyValueTensorInitializer:
    """Keys and their values."""

    def __init__(
        self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None, name: Any = None
    ) -> None:
        self.keys, self.values = _list(keys), _list(values)
        if len(self.keys) != len(self.values):
            raise ValueError(f"tf.lookup: {len(self.keys)} keys for {len(self.values)} values")
        self.key_dtype, self.value_dtype = _kind(self.keys, key_dtype), _kind(self.values, value_dtype)


class TextFileIndex:
    """What of a line is a key or a value."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


class TextFileInitializer(KeyValueTensorInitializer):
    """Keys and values from the lines of a file: whole lines, their numbers, or fields between delimiters."""

    def __init__(
        self, filename: Any, key_dtype: Any, key_index: int, value_dtype: Any, value_index: int,
        vocab_size: int | None = None, delimiter: str = "\t", name: Any = None, value_index_offset: int = 0,
    ) -> None:  # fmt: skip
        with open(_path(filename), encoding="utf-8") as file:
            lines = file.read().splitlines()[:vocab_size]

        def column(index: int, dtype: Any, offset: int = 0) -> list[Any]:
            if index == TextFileIndex.LINE_NUMBER:
                return [number + offset for number in range(len(lines))]
            texts = lines if index == TextFileIndex.WHOLE_LINE else [line.split(delimiter)[index] for line in lines]
            return list(texts) if as_dtype(dtype) == "string" else [float(one) for one in texts]

        keys, values = column(key_index, key_dtype), column(value_index, value_dtype, value_index_offset)
        super().__init__(
            keys if as_dtype(key_dtype) == "string" else np.asarray(keys, as_dtype(key_dtype).name),
            values if as_dtype(value_dtype) == "string" else np.asarray(values, as_dtype(value_dtype).name),
            key_dtype,
            value_dtype,
        )


class _Table:
    """Keys and values, and what is given for other keys."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._entries: dict[Any, Any] = {}
        self.key_dtype, self.value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)

    def _other(self, key: Any) -> Any:
        raise KeyError(key)

    def lookup(self, keys: Any, name: Any = None) -> Any:
        """The values of keys, in their shape; rows of different lengths stay rows."""
        if hasattr(keys, "with_values"):
            return keys.with_values(self.lookup(keys.values))
        array = np.asarray(StringArray(keys)) if is_text(keys) else K.convert(keys).numpy()
        get: Callable[[Any], Any] = lambda key: self._entries[key] if key in self._entries else self._other(key)  # noqa: E731
        found = [get(key) for key in array.reshape(-1).tolist()]
        if self.value_dtype == "string":
            return StringArray(np.array(found, object).reshape(array.shape))
        return K.convert(np.asarray(found, self.value_dtype.name).reshape(array.shape))

    __getitem__ = lookup
    __call__ = lookup

    def size(self, name: Any = None) -> Any:
        """How many keys there are."""
        return K.convert(np.int64(len(self._entries)))

    def export(self, name: Any = None) -> tuple[Any, Any]:
        """All keys, and all values."""
        keys, values = list(self._entries), list(self._entries.values())
        texts = (self.key_dtype == "string", self.value_dtype == "string")
        found = [
            StringArray(np.array(one, object)) if text else K.convert(np.asarray(one))
            for one, text in zip((keys, values), texts, strict=True)
        ]
        return found[0], found[1]


class StaticHashTable(_Table):
    """The keys and values of an initializer; `default_value` for other keys."""

    def __init__(self, initializer: Any, default_value: Any, name: Any = None, **_: Any) -> None:
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._entries = dict(zip(initializer.keys, initializer.values, strict=True))
        self._default = _plain(default_value)

    def _other(self, key: Any) -> Any:
        return self._default


class StaticVocabularyTable(_Table):
    """As `StaticHashTable`; other keys get one of `num_oov_buckets` numbers behind, by FarmHash."""

    def __init__(
        self, initializer: Any, num_oov_buckets: int, lookup_key_dtype: Any = None, name: Any = None, **_: Any
    ):
        super().__init__("string" if initializer is None else initializer.key_dtype, "int64")
        if initializer is not None:
            self._entries = dict(zip(initializer.keys, initializer.values, strict=True))
        self._buckets = int(num_oov_buckets)

    def _other(self, key: Any) -> Any:
        return len(self._entries) + fingerprint64(str(key).encode()) % self._buckets

    def size(self, name: Any = None) -> Any:
        """Keys and buckets together."""
        return K.convert(np.int64(len(self._entries) + self._buckets))


class MutableHashTable(_Table):
    """A table that is written while the program runs."""

    def __init__(self, key_dtype: Any, value_dtype: Any, default_value: Any, name: Any = None, **_: Any) -> None:
        super().__init__(key_dtype, value_dtype)
        self._default = _plain(default_value)

    def _other(self, key: Any) -> Any:
        return self._default

    def insert(self, keys: Any, values: Any, name: Any = None) -> None:
        """Values for keys, in the place of earlier ones."""
        self._entries.update(zip(_list(keys), _list(values), strict=True))

    insert_or_assign = insert

    def remove(self, keys: Any, name: Any = None) -> None:
        """Without these keys."""
        for key in _list(keys):
            self._entries.pop(key, None)

    erase = remove


def _plain(value: Any) -> Any:
    return _list(value)[0]
