"""Data sets of the lines and records of files, and of tables in CSV files."""

from __future__ import annotations

import csv
import glob
import gzip
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack.compat.dataset import Dataset
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.elements import DatasetBase, stacked
from nnstack.compat.examples import records
from nnstack.compat.files import _path
from nnstack.compat.functions.strings import StringArray


def _names(filenames: Any) -> Any:
    if isinstance(filenames, DatasetBase):
        return filenames._make()
    if isinstance(filenames, str | bytes) or np.ndim(filenames) == 0:
        return [filenames]
    return list(filenames)


def _open(name: Any, compression: str) -> Any:
    path = _path(np.asarray(name, object) if isinstance(name, np.ndarray) else name)
    return (
        gzip.open(path, "rt", encoding="utf-8") if compression == "GZIP" else open(path, encoding="utf-8", newline="")
    )


class TextLineDataset(Dataset):
    """The lines of files, one after another."""

    def __new__(cls, filenames: Any, compression_type: Any = "", *_: Any, **__: Any) -> Any:
        def make() -> Iterator[Any]:
            for name in _names(filenames):
                with _open(name, compression_type or "") as file:
                    for line in file:
                        yield StringArray(line.rstrip("\r\n"))

        return Dataset(make)


class TFRecordDataset(Dataset):
    """The records of TFRecord files, one after another, as bytes."""

    def __new__(cls, filenames: Any, compression_type: Any = "", *_: Any, **__: Any) -> Any:
        def make() -> Iterator[Any]:
            for name in _names(filenames):
                for one in records(name, compression_type or ""):
                    holder = np.empty((), object)
                    holder[()] = one
                    yield StringArray(holder)

        return Dataset(make)


def _fields(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _typed(texts: list[str], default: Any, na_value: str) -> Any:
    """A column in the type of its default, which stands for missing values; a type alone means that none may miss."""
    required = isinstance(default, str) and default in _TYPES
    given = None if required else np.asarray(default).reshape(-1)
    if required or given is None or given.size == 0:
        kind = as_dtype(default if required else np.asarray(default).dtype)
    else:
        kind = as_dtype("string" if given.dtype.kind in "US" else {"float64": "float32", "int64": "int32"}.get(
            given.dtype.name, given.dtype.name))  # fmt: skip
    if kind == "string":
        filler = "" if given is None or not given.size else str(given[0])
        return StringArray(np.array([one if one != na_value else filler for one in texts], object))
    filled = []
    for one in texts:
        if one in ("", na_value):
            if given is None or not given.size:
                raise ValueError("tf.io.decode_csv: a field is empty, and its column has no default")
            filled.append(given[0])
        else:
            filled.append(float(one) if kind.is_floating else int(one))
    return np.asarray(filled, kind.name)


_TYPES = ("float32", "float64", "int32", "int64", "string")


def decode_csv(
    records: Any, record_defaults: Any, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
    select_cols: Any = None, name: Any = None,
) -> list[Any]:  # fmt: skip
    """The columns of lines of CSV, in the types of their defaults."""
    from nnstack import backend

    lines = np.asarray(StringArray(records))
    rows = [_fields(str(line), field_delim) for line in lines.reshape(-1)]
    places = list(select_cols) if select_cols is not None else list(range(len(record_defaults)))
    found = []
    for place, default in zip(places, record_defaults, strict=True):
        column = _typed([row[place] for row in rows], default, na_value)
        column = column.reshape(lines.shape)
        found.append(StringArray(column) if isinstance(column, StringArray) else backend.convert(column))
    return found


class CsvDataset(Dataset):
    """The rows of CSV files as tuples, in the types of `record_defaults`."""

    def __new__(
        cls, filenames: Any, record_defaults: Any, compression_type: Any = None, buffer_size: Any = None,
        header: bool = False, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
        select_cols: Any = None, **_: Any,
    ) -> Any:  # fmt: skip
        def make() -> Iterator[Any]:
            for name in _names(filenames):
                with _open(name, compression_type or "") as file:
                    rows = csv.reader(file, delimiter=field_delim)
                    if header:
                        next(rows, None)
                    for row in rows:
                        chosen = [row[i] for i in (select_cols if select_cols is not None else range(len(row)))]
                        yield tuple(
                            _typed([one], default, na_value)[0]
                            for one, default in zip(chosen, record_defaults, strict=True)
                        )

        return Dataset(make)


def _guessed(texts: list[str], na_value: str) -> Any:
    """The default of a column: whole numbers, else numbers, else texts."""
    kept = [one for one in texts if one not in ("", na_value)]
    for convert, default in ((int, 0), (float, 0.0)):
        try:
            for one in kept:
                convert(one)
        except ValueError:
            continue
        return default
    return ""


def make_csv_dataset(
    file_pattern: Any, batch_size: int, column_names: Any = None, column_defaults: Any = None, label_name: Any = None,
    select_columns: Any = None, field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
    header: bool = True, num_epochs: Any = None, shuffle: bool = True, shuffle_buffer_size: int = 10000,
    shuffle_seed: Any = None, ignore_errors: bool = False, num_rows_for_inference: int = 100, **_: Any,
) -> Any:  # fmt: skip
    """Batches of the rows of CSV files: dicts of columns, with those of `label_name` beside them if it is given.

    Types are those of `column_defaults`, or what the first rows look like. Endless unless `num_epochs` says how often.
    """
    patterns = [file_pattern] if isinstance(file_pattern, str) else list(file_pattern)
    files = sorted(name for pattern in patterns for name in (glob.glob(str(pattern)) or [str(pattern)]))
    with open(files[0], encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=field_delim)
        first = next(rows) if header else None
        head = [row for row, _ in zip(rows, range(num_rows_for_inference), strict=False)]
    names = list(column_names) if column_names is not None else list(first or [])
    chosen = [names.index(one) if isinstance(one, str) else int(one) for one in (select_columns or names)]
    defaults = column_defaults
    if defaults is None:
        guessed = [_guessed([row[place] for row in head], na_value) for place in chosen]
        defaults = [[one] for one in guessed]
    table = CsvDataset(files, defaults, header=header, field_delim=field_delim, na_value=na_value, select_cols=chosen)
    if shuffle:
        table = table.shuffle(shuffle_buffer_size, shuffle_seed)
    kept = [names[place] for place in chosen]

    def columns(rows: list[Any]) -> Any:
        batch = dict(zip(kept, stacked(rows), strict=True))
        return (batch, batch.pop(label_name)) if label_name is not None else batch

    def make() -> Iterator[Any]:
        import itertools

        source = table.repeat(num_epochs)._make()
        while rows := list(itertools.islice(source, int(batch_size))):
            found = columns(rows)
            if label_name is not None:
                features = dict(found[0])
                yield features, found[1]
            else:
                yield found

    return Dataset(make)
