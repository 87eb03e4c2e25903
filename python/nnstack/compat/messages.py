"""`tf.train.Example` and its parts: the messages in TFRecord files."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.saving import protobuf


class _Values:
    """A list of one kind; its field in a Feature."""

    field = 0

    def __init__(self, value: Any = ()) -> None:
        self.value = [self._plain(one) for one in (value.numpy() if K.is_tensor(value) else value)]

    def _plain(self, one: Any) -> Any:
        return one

    def __len__(self) -> int:
        return len(self.value)


class BytesList(_Values):
    """Texts or bytes."""

    field = 1

    def _plain(self, one: Any) -> bytes:
        found = one.numpy() if hasattr(one, "numpy") else one
        return found.encode("utf-8") if isinstance(found, str) else bytes(found)

    def _packed(self) -> bytes:
        return b"".join(protobuf.bytes_field(1, one) for one in self.value)


class FloatList(_Values):
    """float32 numbers."""

    field = 2

    def _plain(self, one: Any) -> float:
        return float(np.float32(float(one)))

    def _packed(self) -> bytes:
        return protobuf.bytes_field(1, np.asarray(self.value, "<f4").tobytes())


class Int64List(_Values):
    """Whole numbers."""

    field = 3

    def _plain(self, one: Any) -> int:
        return int(one)

    def _packed(self) -> bytes:
        return protobuf.bytes_field(1, b"".join(protobuf.as_varint(one) for one in self.value))


_NAMES: dict[int, tuple[str, type[_Values]]] = {
    1: ("bytes_list", BytesList), 2: ("float_list", FloatList), 3: ("int64_list", Int64List)
}  # fmt: skip


class Feature:
    """One of `bytes_list`, `float_list` and `int64_list`."""

    def __init__(self, bytes_list: Any = None, float_list: Any = None, int64_list: Any = None) -> None:
        given = {1: bytes_list, 2: float_list, 3: int64_list}
        self.kind = next((field for field, one in given.items() if one is not None), 0)
        for field, (name, cls) in _NAMES.items():
            setattr(self, name, given[field] if given[field] is not None else cls())

    @property
    def values(self) -> Any:
        """The list that is there."""
        return getattr(self, _NAMES[self.kind][0]) if self.kind else Int64List()

    def _packed(self) -> bytes:
        return protobuf.bytes_field(self.kind, self.values._packed()) if self.kind else b""

    @classmethod
    def _of(cls, data: bytes) -> Feature:
        for field, content in protobuf.fields(data):
            if field in _NAMES and isinstance(content, bytes):
                name, made = _NAMES[field]
                return cls(**{name: made(list(_read_values(field, content)))})
        return cls()


def _read_values(field: int, data: bytes) -> Iterator[Any]:
    for number, value in protobuf.fields(data):
        if number != 1:
            continue
        if field == 1:
            yield value
        elif field == 2:
            packed = value if isinstance(value, bytes) else struct.pack("<I", value)
            yield from np.frombuffer(packed, "<f4").tolist()
        elif isinstance(value, int):
            yield _signed(value)
        else:
            position = 0
            while position < len(value):
                one, position = protobuf.varint(value, position)
                yield _signed(one)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


class Features:
    """Name -> `Feature`."""

    def __init__(self, feature: Mapping[str, Any] | None = None) -> None:
        self.feature: dict[str, Any] = dict(feature or {})

    def _packed(self) -> bytes:
        return b"".join(
            protobuf.bytes_field(1, protobuf.bytes_field(1, name) + protobuf.bytes_field(2, one._packed()))
            for name, one in sorted(self.feature.items())
        )

    @classmethod
    def _of(cls, data: bytes, read: Any = Feature._of) -> Any:
        found = {}
        for entry in protobuf.content(protobuf.grouped(data), 1):
            parts = protobuf.grouped(entry)
            found[protobuf.text(parts, 1)] = read((protobuf.content(parts, 2) or [b""])[-1])
        return cls(found)


class FeatureList:
    """A list of features, one per step of a sequence."""

    def __init__(self, feature: Any = ()) -> None:
        self.feature = list(feature)

    def _packed(self) -> bytes:
        return b"".join(protobuf.bytes_field(1, one._packed()) for one in self.feature)

    @classmethod
    def _of(cls, data: bytes) -> FeatureList:
        return cls([Feature._of(one) for one in protobuf.content(protobuf.grouped(data), 1)])


class FeatureLists(Features):
    """Name -> `FeatureList`."""

    def __init__(self, feature_list: Mapping[str, Any] | None = None) -> None:
        super().__init__(feature_list)

    @property
    def feature_list(self) -> dict[str, Any]:
        """The lists by name."""
        return self.feature


class Example:
    """Features by name; `SerializeToString` gives the bytes of a record."""

    def __init__(self, features: Any = None) -> None:
        self.features = features if features is not None else Features()

    def SerializeToString(self) -> bytes:
        """The message as bytes."""
        return protobuf.bytes_field(1, self.features._packed())

    def ParseFromString(self, serialized: Any) -> int:
        """Takes over what the bytes say; returns how many there are."""
        data = as_bytes(serialized)
        self.features = Features._of((protobuf.content(protobuf.grouped(data), 1) or [b""])[-1])
        return len(data)

    @classmethod
    def FromString(cls, serialized: Any) -> Example:
        """The message of these bytes."""
        found = cls()
        found.ParseFromString(serialized)
        return found


class SequenceExample:
    """Features of a whole sequence (`context`), and lists of features by name (`feature_lists`)."""

    def __init__(self, context: Any = None, feature_lists: Any = None) -> None:
        self.context = context if context is not None else Features()
        self.feature_lists = feature_lists if feature_lists is not None else FeatureLists()

    def SerializeToString(self) -> bytes:
        """The message as bytes."""
        return protobuf.bytes_field(1, self.context._packed()) + protobuf.bytes_field(2, self.feature_lists._packed())

    @classmethod
    def FromString(cls, serialized: Any) -> SequenceExample:
        """The message of these bytes."""
        parts = protobuf.grouped(as_bytes(serialized))
        first, second = ((protobuf.content(parts, field) or [b""])[-1] for field in (1, 2))
        return cls(Features._of(first), FeatureLists._of(second, FeatureList._of))


def as_bytes(serialized: Any) -> bytes:
    """The bytes of a text tensor, or themselves."""
    found = serialized.numpy() if hasattr(serialized, "numpy") else serialized
    return found if isinstance(found, bytes) else bytes(found)
