"""The table of operators that can be read: for each what it computes, written with our backend."""

from __future__ import annotations

from nnstack.onnx.reading import elementwise, recurrent, shapes, windows
from nnstack.onnx.reading.operator import Reader

READERS: dict[str, Reader] = {
    **elementwise.READERS,
    **shapes.READERS,
    **windows.READERS,
    **recurrent.READERS,
}

# Operands that say how, not what: never weights.
SETTINGS: dict[str, frozenset[int]] = {
    "Clip": frozenset({1, 2}),
    "OneHot": frozenset({1, 2}),
    "Pad": frozenset({1, 2, 3}),
    "Resize": frozenset({1, 2, 3}),
    "Upsample": frozenset({1}),
    "Range": frozenset({0, 1, 2}),
}
# Weights that training must not change.
FROZEN: dict[str, frozenset[int]] = {"BatchNormalization": frozenset({3, 4})}
