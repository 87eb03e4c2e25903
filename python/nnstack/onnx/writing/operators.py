"""The table of operators: for each op of ours what it is in ONNX.

What is not here (random numbers, CTC, gradients) cannot be written, and the export says so. New ops go into the module
of their kind.
"""

from __future__ import annotations

from nnstack.onnx.writing import elementwise, indexing, loops, recurrent, shapes, windows
from nnstack.onnx.writing.translate import Exporter

EXPORTERS: dict[str, Exporter] = {
    **elementwise.EXPORTERS,
    **shapes.EXPORTERS,
    **indexing.EXPORTERS,
    **windows.EXPORTERS,
    **recurrent.EXPORTERS,
    **loops.EXPORTERS,
}
