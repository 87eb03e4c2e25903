"""Reading the tables of a file that `model.export` wrote; csrc/io/format.h describes it."""

from __future__ import annotations

import os
import struct
from typing import Any

_HEADER = struct.Struct("<8sII6Q")
_DTYPES = ("float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool")
_SIZES = (4, 8, 2, 2, 1, 2, 4, 8, 1, 1)
_KINDS = ("constant", "variable", "random_state", "sample")


def read(path: str) -> dict[str, Any]:
    """Weights, and functions with their inputs and ops; `ValueError` for a broken file."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size:
            raise ValueError(f"{path} is broken: it ends within its header")
        _, version, _, claimed, offset, length, _, _, _ = _HEADER.unpack(head)
        if claimed != size or offset + length > size:
            raise ValueError(f"{path} is broken: its header claims {claimed} bytes, it has {size}")
        file.seek(offset)
        graph = _Graph(path, file.read(length))
    if version != 1:
        raise ValueError(f"{path} has version {version} of the format; this nnstack knows 1")
    tensors = [graph.tensor() for _ in range(graph.count())]
    functions = [graph.function() for _ in range(graph.count())]
    return {
        "versions": {"format": version},
        "functions": functions,
        "weights": [row for kind, row in tensors if kind == "variable"],
        "inputs": functions[0]["inputs"] if functions else [],
        "operators": functions[0]["operators"] if functions else {},
        "notes": [f"{sum(kind == 'sample' for kind, _ in tensors)} recorded arrays to verify it by"],
    }


class _Graph:
    """Reads in order; never past the end."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path, self.data, self.at = path, data, 0

    def _take(self, form: str) -> Any:
        layout = struct.Struct(f"<{form}")
        if self.at + layout.size > len(self.data):
            raise ValueError(f"{self.path} is broken: its graph ends too early")
        values = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return values[0]

    def count(self) -> int:
        number = int(self._take("I"))
        if number > len(self.data) - self.at:
            raise ValueError(f"{self.path} is broken: a list of {number} entries does not fit in it")
        return number

    def string(self) -> str:
        length = self.count()
        self.at += length
        return self.data[self.at - length : self.at].decode("utf-8", "replace")

    def shape(self) -> list[int | None]:
        sizes = [int(self._take("q")) for _ in range(self._take("B"))]
        return [None if size < 0 else size for size in sizes]

    def tensor(self) -> tuple[str, dict[str, Any]]:
        name, kind, dtype, shape = self.string(), self._take("B"), self._take("B"), self.shape()
        self._take("Q")
        if kind >= len(_KINDS) or dtype >= len(_DTYPES):
            raise ValueError(f"{self.path} is broken: tensor {name!r} is of kind {kind} and type {dtype}")
        count = 1
        for size in shape:
            count *= size or 0
        return _KINDS[kind], {"name": name, "shape": shape, "dtype": _DTYPES[dtype], "bytes": count * _SIZES[dtype]}

    def function(self, depth: int = 0) -> dict[str, Any]:
        if depth > 20:
            raise ValueError(f"{self.path} is broken: loops in loops without end")
        name = self.string()
        inputs = [
            {"name": self.string(), "dtype": _DTYPES[self._take("B") % len(_DTYPES)], "shape": self.shape()}
            for _ in range(self.count())
        ]
        for _ in range(self.count()):
            self._take("I")
        operators: dict[str, int] = {}
        for _ in range(self.count()):
            op = self.string()
            operators[op] = operators.get(op, 0) + 1
            self.string()
            self._attributes()
            for _ in range(self.count()):
                self._take("I")
            self._take("I")
            if op == "scan":
                self.function(depth + 1)
        outputs = self.count()
        for _ in range(outputs):
            self._take("I")
        for _ in range(self.count()):
            self._take("I")
            self._take("I")
        return {"name": name, "inputs": inputs, "outputs": outputs, "operators": operators}

    def _attributes(self) -> None:
        for _ in range(self.count()):
            self.string()
            kind = self._take("B")
            if kind == 3:
                self.string()
            elif kind == 4:
                for _ in range(self.count()):
                    self._take("q")
            else:
                self._take({0: "B", 1: "q"}.get(kind, "d"))
