"""The graph of an ONNX file while it is written: nodes, initializers, and where each value of ours lies.

A value may lie there with its axes in another order, because ONNX convolves with channels first and we with channels
last. `Stored.order` says how: our value is Transpose(stored, order). A transposition is so only written down where
something needs it, and most never are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnstack import _core
from nnstack.onnx.package import onnx_module

Order = tuple[int, ...]


class Stored(NamedTuple):
    """A tensor of the file and how our value comes from it."""

    name: str
    order: Order | None = None  # None: as it is


class Unsupported(ValueError):
    """An op, or a form of one, that ONNX does not have."""


class Writer:
    """Nodes of one graph; the graph of a loop's body has a writer of its own that sees the tensors of its parent."""

    def __init__(self, parent: Writer | None = None) -> None:
        self.parent = parent
        self.root: Writer = parent.root if parent else self
        self.nodes: list[Any] = []
        self.initializers: dict[str, np.ndarray] = {}
        self._stored: dict[int, list[Stored | None]] = {}
        self._ordered: dict[tuple[str, Order], str] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._names: set[str] = set()
        self._producers: dict[str, Any] = {}
        self.scope = ""  # the layer whose ops are being written

    # -- names and numbers ----------------------------------------------------------------------------------------
    def unique(self, wanted: str) -> str:
        """A name that nothing in the file has yet."""
        names = self.root._names
        name, count = wanted, 0
        while name in names:
            count += 1
            name = f"{wanted}_{count}"
        names.add(name)
        return name

    def constant(self, array: Any, name: str = "constant", dtype: Any = None) -> str:
        """An initializer; equal ones are written once."""
        array = np.ascontiguousarray(np.asarray(array, dtype)) if np.ndim(array) else np.asarray(array, dtype)
        root = self.root
        if array.nbytes > 4096:
            made = self.unique(name)
            root.initializers[made] = array
            return made
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in root._constants:
            root._constants[key] = self.unique(name)
            root.initializers[root._constants[key]] = array
        return root._constants[key]

    def node(self, operator: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> Any:
        """Writes a node; the name of its output, a list of names where there are several."""
        label = self.unique(f"{self.scope}/{operator}" if self.scope else operator)
        names = [self.unique(f"{label}:{index}") for index in range(outputs)]
        self.named_node(operator, inputs, names, label, **attributes)
        return names[0] if outputs == 1 else names

    def named_node(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], label: str, **attributes: Any
    ) -> None:
        known = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(onnx_module().helper.make_node(operator, list(inputs), list(outputs), label, **known))
        self._producers.update(dict.fromkeys(outputs, self.nodes[-1]))

    def producer(self, name: str) -> Any:
        """The node of this graph that makes a tensor; None where it comes from elsewhere."""
        return self._producers.get(name)

    # -- values ---------------------------------------------------------------------------------------------------
    def put(self, key: int, outputs: Sequence[Stored | None]) -> None:
        self._stored[key] = list(outputs)

    def holds(self, key: int) -> bool:
        return key in self._stored or (self.parent is not None and self.parent.holds(key))

    def stored(self, value: Any, key: int) -> Stored:
        writer: Writer = self
        while key not in writer._stored:
            assert writer.parent is not None
            writer = writer.parent
        found: Stored | None = writer._stored[key][value.index]
        if found is None:
            raise Unsupported(f"output {value.index} of {value.op}")
        return found

    def transposed(self, name: str, order: Order) -> str:
        """Transpose(name, order), written once; nothing for the order that changes nothing."""
        if order == tuple(range(len(order))):
            return name
        if (name, order) not in self._ordered:
            self._ordered[name, order] = self.node("Transpose", [name], perm=list(order))
        return self._ordered[name, order]


def inverse(order: Order) -> Order:
    """The order that undoes another."""
    result = [0] * len(order)
    for position, axis in enumerate(order):
        result[axis] = position
    return tuple(result)


def channels_first(rank: int) -> Order:
    """Of a tensor (n, ..., c) stored as (n, c, ...)."""
    return (0, *range(2, rank), 1)


def element_type(dtype: str) -> int:
    """ONNX's number of a dtype."""
    onnx = onnx_module()
    if dtype == "bfloat16":
        return int(onnx.TensorProto.BFLOAT16)
    return int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def clean(layer: str) -> str:
    """A layer's name as the beginning of a node's."""
    return re.sub(r"[^\w/.-]", "_", layer)


def evaluate(value: Any, given: Sequence[tuple[Any, np.ndarray]] = ()) -> np.ndarray:
    """The numbers of a value that follows from weights, constants and placeholders whose numbers are given."""
    inputs, arrays = [one for one, _ in given], [numbers for _, numbers in given]
    return np.asarray(_core.interpret(inputs, [value], arrays, learning_phase=False)[0])
