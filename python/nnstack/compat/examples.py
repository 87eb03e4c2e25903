"""TFRecord files and `tf.io.parse_example`: records as TensorFlow writes and reads them."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from nnstack import backend as K
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.files import _path
from nnstack.compat.functions.strings import StringArray, is_text
from nnstack.compat.messages import Example, FeatureList, SequenceExample, as_bytes
from nnstack.compat.sparse import SparseTensor
from nnstack.saving import crc32c, protobuf


class TFRecordWriter:
    """Writes records into a new file; `options` 'GZIP' or 'ZLIB' compresses it."""

    def __init__(self, path: Any, options: Any = None) -> None:
        self._compression = getattr(options, "compression_type", options) or ""
        self._file: Any = open(_path(path), "wb") if self._compression != "GZIP" else gzip.open(_path(path), "wb")  # noqa: SIM115
        self._zlib = zlib.compressobj() if self._compression == "ZLIB" else None

    def write(self, record: Any) -> None:
        """One record: bytes."""
        data = as_bytes(record)
        length = struct.pack("<Q", len(data))
        whole = length + struct.pack("<I", crc32c.masked(length)) + data + struct.pack("<I", crc32c.masked(data))
        self._file.write(whole if self._zlib is None else self._zlib.compress(whole))

    def flush(self) -> None:
        """Everything is in the file afterwards."""
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        if self._zlib is not None:
            self._file.write(self._zlib.flush())
            self._zlib = None
        self._file.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class TFRecordOptions(NamedTuple):
    """How a file is compressed: None, 'GZIP' or 'ZLIB'."""

    compression_type: Any = None


def records(path: Any, compression: str = "") -> Iterator[bytes]:
    """The records of a file; ValueError for a broken one."""
    with gzip.open(_path(path)) if compression == "GZIP" else open(_path(path), "rb") as file:
        data = zlib.decompress(file.read()) if compression == "ZLIB" else None
        read = file.read if data is None else io.BytesIO(data).read
        while head := read(12):
            if len(head) < 12 or crc32c.masked(head[:8]) != struct.unpack("<I", head[8:])[0]:
                raise ValueError(f"{_path(path)}: the file is no TFRecord file, or a broken one")
            size = struct.unpack("<Q", head[:8])[0]
            content = read(size)
            tail = read(4)
            if len(content) < size or len(tail) < 4 or crc32c.masked(content) != struct.unpack("<I", tail)[0]:
                raise ValueError(f"{_path(path)}: a record is cut off or broken")
            yield content


class FixedLenFeature(NamedTuple):
    """So many values under a name; `default_value` where it is missing."""

    shape: Any
    dtype: Any
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """Any number of values, which become a SparseTensor."""

    dtype: Any


class FixedLenSequenceFeature(NamedTuple):
    """Any number of steps of one shape."""

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


def _sizes(shape: Any) -> list[int]:
    return [int(shape)] if isinstance(shape, int) else [int(size) for size in shape]


def _as_tensor(values: Any, dtype: Any, shape: Any) -> Any:
    if as_dtype(dtype) == "string":
        array = np.empty(len(values), object)
        array[:] = list(values)
        return StringArray(array.reshape(shape))
    return K.convert(np.asarray(values, as_dtype(dtype).name).reshape(shape))


def _fixed(name: str, spec: Any, feature: Any) -> Any:
    shape = _sizes(spec.shape)
    if feature is None or not len(feature.values):
        if spec.default_value is None:
            raise ValueError(f"tf.io.parse_example: feature {name!r} is missing, and has no default_value")
        given = np.asarray(spec.default_value, object).reshape(-1)
        values = list(given) * (int(np.prod(shape)) if given.size == 1 else 1)
    else:
        values = feature.values.value
    if len(values) != int(np.prod(shape)):
        raise ValueError(f"tf.io.parse_example: feature {name!r}: expected shape {shape}, got {len(values)} values")
    return _as_tensor(values, spec.dtype, shape)


def parse_single_example(serialized: Any, features: Mapping[str, Any], **_: Any) -> dict[str, Any]:
    """The tensors that a record's bytes hold, by name; ValueError for missing ones and wrong numbers of values."""
    known = Example.FromString(serialized).features.feature
    found: dict[str, Any] = {}
    for name, spec in features.items():
        feature = known.get(name)
        if isinstance(spec, FixedLenFeature):
            found[name] = _fixed(name, spec, feature)
            continue
        values = feature.values.value if feature is not None else []
        if isinstance(spec, FixedLenSequenceFeature):
            found[name] = _as_tensor(values, spec.dtype, [-1, *_sizes(spec.shape)])
        else:
            places = np.arange(len(values))[:, None]
            found[name] = SparseTensor(places, _as_tensor(values, spec.dtype, [-1]), [len(values)])
    return found


def parse_example(serialized: Any, features: Mapping[str, Any], **_: Any) -> dict[str, Any]:
    """As `parse_single_example`, for the records of a batch."""
    batch = np.asarray(StringArray(serialized)).reshape(-1)
    rows = [parse_single_example(StringArray(one), features) for one in batch]
    found: dict[str, Any] = {}
    for name, spec in features.items():
        parts = [row[name] for row in rows]
        if isinstance(spec, VarLenFeature):
            places = [(i, j) for i, part in enumerate(parts) for j in range(len(part.values))]
            values = [
                one for part in parts for one in (part.values if K.is_tensor(part.values) else np.asarray(part.values))
            ]
            kept = StringArray(np.array(values, object)) if as_dtype(spec.dtype) == "string" else np.asarray(values)
            longest = max((len(part.values) for part in parts), default=0)
            found[name] = SparseTensor(np.asarray(places).reshape(-1, 2), kept, (len(parts), longest))
        else:
            texts = is_text(parts[0])
            found[name] = StringArray(np.stack([np.asarray(p) for p in parts])) if texts else K.stack(parts)
    return found


def parse_single_sequence_example(
    serialized: Any, context_features: Any = None, sequence_features: Any = None, **_: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tensors of a `SequenceExample`: those of the whole, and those with an axis of steps."""
    example = SequenceExample.FromString(serialized)
    whole = Example(example.context).SerializeToString()
    context = parse_single_example(whole, context_features or {})
    found: dict[str, Any] = {}
    for name, spec in (sequence_features or {}).items():
        steps = example.feature_lists.feature_list.get(name, FeatureList()).feature
        values = [value for step in steps for value in step.values.value]
        shape = [len(steps), *_sizes(getattr(spec, "shape", ()))]
        found[name] = _as_tensor(values, spec.dtype, shape)
    return context, found


# TensorProto: the numbers of its types, and the field of its raw content.
_TYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 6: "int8", 5: "int16", 9: "int64", 10: "bool", 19: "float16",
    7: "string",
}  # fmt: skip


def serialize_tensor(tensor: Any, name: Any = None) -> Any:
    """A tensor as the bytes of a TensorProto."""
    texts = is_text(tensor)
    array = np.asarray(tensor) if texts else K.convert(tensor).numpy()
    number = next(key for key, kind in _TYPES.items() if kind == ("string" if texts else array.dtype.name))
    sizes = b"".join(protobuf.bytes_field(2, protobuf.number_field(1, size)) for size in array.shape)
    head = protobuf.number_field(1, number) + protobuf.bytes_field(2, sizes)
    if texts:
        body = b"".join(protobuf.bytes_field(8, one) for one in StringArray(tensor).numpy().reshape(-1))
    else:
        body = protobuf.bytes_field(4, np.ascontiguousarray(array).tobytes())
    return _text_of(head + body)


def parse_tensor(serialized: Any, out_type: Any, name: Any = None) -> Any:
    """The tensor in the bytes of a TensorProto; ValueError if its type is another one."""
    message = protobuf.grouped(as_bytes(serialized))
    kind = _TYPES.get(protobuf.number(message, 1))
    if kind != as_dtype(out_type).name:
        raise ValueError(f"tf.io.parse_tensor: expected {as_dtype(out_type).name}, got {kind}")
    sizes = [
        protobuf.number(protobuf.grouped(one), 1)
        for part in protobuf.content(message, 2)
        for one in protobuf.content(protobuf.grouped(part), 2)
    ]
    if kind == "string":
        return _as_tensor(protobuf.content(message, 8), "string", sizes)
    return K.convert(np.frombuffer((protobuf.content(message, 4) or [b""])[-1], kind).reshape(sizes))


def _text_of(data: bytes) -> Any:
    holder = np.empty((), object)
    holder[()] = data
    return StringArray(holder)


def decode_raw(input_bytes: Any, out_type: Any, little_endian: bool = True, **_: Any) -> Any:
    """The numbers in bytes; for several texts of one length a row each."""
    kind = np.dtype(as_dtype(out_type).name).newbyteorder("<" if little_endian else ">")
    given = input_bytes.numpy() if hasattr(input_bytes, "numpy") else input_bytes
    if isinstance(given, bytes):
        return K.convert(np.frombuffer(given, kind).astype(kind.newbyteorder("=")))
    rows = [np.frombuffer(one, kind) for one in np.asarray(given).reshape(-1)]
    return K.convert(np.stack(rows).astype(kind.newbyteorder("=")).reshape(*np.shape(given), -1))
