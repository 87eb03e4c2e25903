"""Ops that go by indices: gather, scatter, sort."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.onnx.writing.translate import Exporter, Translation
from nnstack.onnx.writing.writer import Stored


def _gather(t: Translation, value: Any) -> str:
    source, index = value.inputs
    axis = value.attributes["axis"] % len(source.shape)
    return str(t.writer.node("Gather", [t.name(source), t.name(index)], axis=axis))


def _scatter_add(t: Translation, value: Any) -> str:
    index, rows, shape = value.inputs
    zero = np.zeros(1, value.dtype)
    start = t.writer.node("ConstantOfShape", [t.name(shape)], value=_tensor(zero))
    last = t.writer.constant(np.asarray([-1], np.int64), "axes")
    wide = t.writer.node("Cast", [t.name(index)], to=7) if index.dtype != "int64" else t.name(index)
    places = t.writer.node("Unsqueeze", [wide, last])
    return str(t.writer.node("ScatterND", [start, places, t.name(rows)], reduction="add"))


def _tensor(array: np.ndarray) -> Any:
    from nnstack.onnx.package import onnx_module

    return onnx_module().numpy_helper.from_array(array)


def _sort(t: Translation, value: Any) -> list[Stored | None]:
    source = value.inputs[0]
    count = value.attributes["count"]
    size = source.shape[-1] if count < 0 else count
    if size is not None:
        k = t.writer.constant(np.asarray([size], np.int64), "count")
    else:
        last = t.writer.constant(np.asarray([-1], np.int64), "axes")
        k = t.writer.node("Gather", [t.writer.node("Shape", [t.name(source)]), last], axis=0)
    largest = int(value.attributes["descending"])
    return [Stored(name) for name in t.writer.node("TopK", [t.name(source), k], 2, axis=-1, largest=largest)]


EXPORTERS: dict[str, Exporter] = {"gather": _gather, "scatter_add": _scatter_add, "sort": _sort}
