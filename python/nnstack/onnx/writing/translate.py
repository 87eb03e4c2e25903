"""From our graph to ONNX's: values in the order of computation, each op through the table of operators."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnstack import _core, backend
from nnstack.onnx.writing.writer import Order, Stored, Unsupported, Writer, clean, evaluate, inverse

# An exporter gets the translation and a value of the node; it gives the node's outputs, unread ones may be None.
Exporter = Callable[["Translation", Any], Sequence[Stored | None] | Stored | str]

_OUTPUTS = 1 << 16  # more than any node has
_FOLDED_BROADCAST = 1024  # elements: larger ones are broadcast by the reader of the file


class Translation:
    """What has been written of one function; exporters read their operands here."""

    def __init__(self, writer: Writer, exporters: dict[str, Exporter]) -> None:
        self.writer = writer
        self.exporters = exporters
        self.unsupported: dict[str, set[str]] = {}  # what -> layers
        self._keys: dict[tuple[Any, ...], int] = {}
        self._key_of: dict[int, int] = {}
        self._alive: list[Any] = []  # values whose id is a key
        self._constant: dict[int, bool] = {}
        self._numbers: dict[int, np.ndarray] = {}
        self._given: list[tuple[Any, np.ndarray]] = []  # placeholders whose numbers are known
        self.layers: dict[str, Any] = {}  # by name, where only one has it
        # Numbers of values for an example of the inputs, where there are inputs.
        self.probe: Callable[[Sequence[Any]], Sequence[np.ndarray]] | None = None

    def of_body(self) -> Translation:
        """The translation of a loop's body: it knows what this one knows and writes to a graph of its own."""
        inner = copy.copy(self)
        inner.writer, inner.probe, inner._given = Writer(self.writer), None, list(self._given)
        return inner

    # -- walking ----------------------------------------------------------------------------------------------------
    def write(self, outputs: Sequence[Any]) -> None:
        """Everything that the outputs need, unless it is written already. Iterative: graphs are deep."""
        stack = [(value, False) for value in reversed(outputs)]
        done: set[int] = set()
        while stack:
            value, ready = stack.pop()
            if id(value) in done:
                continue
            if not ready:
                self._alive.append(value)
                if self.is_leaf(value):
                    done.add(id(value))
                    self._enter(value)
                    continue
                stack.append((value, True))
                inputs = value.inputs
                self._alive += inputs
                stack.extend((one, False) for one in reversed(inputs))
                continue
            done.add(id(value))
            self._enter(value)
            key = self.key(value)
            if self.is_constant(value):
                continue
            if self.writer.holds(key) and self._is_made(value, key):
                continue
            self._make(value, key)

    def is_leaf(self, value: Any) -> bool:
        return bool(value.concrete) or value.op in ("placeholder", "variable", "constant")

    def _is_made(self, value: Any, key: int) -> bool:
        try:
            self.writer.stored(value, key)
        except Unsupported:
            return False
        return True

    def _enter(self, value: Any) -> None:
        """Notes whether a value follows from weights alone."""
        if id(value) in self._constant:
            return
        if value.concrete or value.op == "constant":
            constant = True
        elif value.op == "variable":
            constant = not value.variable.random_state
        elif value.op == "placeholder":
            constant = value is backend.learning_phase_symbol()
        else:
            constant = all(self._constant[id(one)] for one in value.inputs)
            if value.op == "broadcast_to" and constant:
                constant = None not in value.shape and math.prod(value.shape) <= _FOLDED_BROADCAST
            constant = constant and value.op not in ("random_uniform", "print", "scan")
        self._constant[id(value)] = constant

    def _make(self, value: Any, key: int) -> None:
        self.writer.scope = clean(value.name)
        exporter = self.exporters.get(value.op)
        try:
            if exporter is None:
                raise Unsupported(value.op)
            made = exporter(self, value)
        except Unsupported as error:
            self.unsupported.setdefault(str(error), set()).add(value.name or "the model")
            made = [Stored("?")] * (value.index + 8)
        if isinstance(made, str):
            made = Stored(made)
        self.writer.put(key, [made] if isinstance(made, Stored) else made)

    def key(self, value: Any) -> int:
        """One number for all outputs of one node; equal nodes have one, too."""
        if id(value) not in self._key_of:
            self._alive.append(value)
            if self.is_leaf(value):
                parts: tuple[Any, ...] = ("leaf", id(value))
            else:
                attributes = value.attributes
                self._alive.append(attributes)
                described = tuple((name, _hashable(one)) for name, one in sorted(attributes.items()))
                parts = (value.op, tuple(self.key(one) * _OUTPUTS + one.index for one in value.inputs), described)
            self._key_of[id(value)] = self._keys.setdefault(parts, len(self._keys))
        return self._key_of[id(value)]

    def bind(self, value: Any, name: str) -> None:
        """A placeholder is the tensor of that name."""
        self._alive.append(value)
        self._constant[id(value)] = False
        self.writer.put(self.key(value), [Stored(name)])

    def give(self, value: Any, numbers: np.ndarray) -> None:
        """A placeholder that always has these numbers."""
        self._alive.append(value)
        self._given.append((value, numbers))
        self._constant[id(value)] = True

    def rewritten(self, make: Callable[[], Sequence[Any]]) -> list[Stored | None]:
        """Outputs of an op as other values of ours, which `make` records."""
        scope = self.writer.scope
        with backend.trace():
            values = list(make())
        self.write([value for value in values if value is not None])
        self.writer.scope = scope
        return [None if value is None else self.stored(value) for value in values]

    # -- operands ---------------------------------------------------------------------------------------------------
    def is_constant(self, value: Any) -> bool:
        if id(value) not in self._constant:
            if not self.is_leaf(value):
                for one in value.inputs:
                    self._alive.append(one)
                    self.is_constant(one)
            self._alive.append(value)
            self._enter(value)
        return self._constant[id(value)]

    def known(self, value: Any) -> np.ndarray | None:
        """The numbers of a value that follows from weights and constants; None for others."""
        if not self.is_constant(value):
            return None
        key = self.key(value) * _OUTPUTS + value.index
        if key not in self._numbers:
            self._numbers[key] = evaluate(value, self._given)
        return self._numbers[key]

    def stored(self, value: Any) -> Stored:
        """Where a value lies, in whatever order."""
        return Stored(self.name(value)) if self.is_constant(value) else self.writer.stored(value, self.key(value))

    def name(self, value: Any) -> str:
        """The tensor that is this value."""
        return self.in_order(value, tuple(range(len(value.shape))))

    def in_order(self, value: Any, order: Order) -> str:
        """A tensor of which Transpose(tensor, order) is the value."""
        numbers = self.known(value)
        if numbers is not None:
            hint = value.variable.name.split(":")[0] if value.op == "variable" else clean(value.name) or "constant"
            return self.writer.constant(np.transpose(numbers, inverse(order)), hint)
        stored = self.writer.stored(value, self.key(value))
        own = stored.order or tuple(range(len(order)))
        return self.writer.transposed(stored.name, tuple(own[axis] for axis in inverse(order)))

    def common_order(self, values: Sequence[Any]) -> Order | None:
        """The order in which operands of an elementwise op lie already, if there is one to keep."""
        rank = max(len(value.shape) for value in values)
        for value in values:
            if not self.is_constant(value) and len(value.shape) == rank:
                order = self.stored(value).order
                if order is not None:
                    others = [one for one in values if not self.is_constant(one)]
                    return order if all(len(one.shape) in (0, rank) for one in others) else None
        return None

    def broadcastable(self, value: Any, order: Order) -> str:
        """As `in_order`, for an operand of fewer axes."""
        numbers = self.known(value)
        if numbers is None or numbers.ndim in (0, len(order)):
            return self.name(value) if len(value.shape) == 0 else self.in_order(value, order)
        numbers = numbers.reshape((1,) * (len(order) - numbers.ndim) + numbers.shape)
        return self.writer.constant(np.transpose(numbers, inverse(order)), clean(value.name) or "constant")


def _hashable(value: Any) -> Any:
    if isinstance(value, _core.Body):
        return ("body", id(value))
    return (type(value).__name__, repr(value))
