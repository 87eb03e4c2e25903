"""The table that `model.summary()` prints, in tf_keras's layout."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnstack.engine.weights import count_scalars
from nnstack.utils import nest
from nnstack.utils.flops import layer_flops

_BREAKS = ("),", "},", "],", "',")  # a cell's line ends after these


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
    show_flops: bool = False,
) -> None:
    """See `Model.summary`."""
    say = print_fn or print
    chain = _is_chain(model)
    length = line_length or (65 if chain else 98)
    ends = list(positions or ([0.45, 0.85, 1.0] if chain else [0.33, 0.55, 0.67, 1.0]))
    if ends[-1] <= 1:
        ends = [int(length * end) for end in ends]
    heads = ["Layer (type)", "Output Shape", "Param #"] + ([] if chain else ["Connected to"])
    ends = ends[: len(heads)]  # positions given for a column that is not there
    if show_trainable:
        length += 11
        ends.append(length)
        heads.append("Trainable")
    if show_flops:
        length += 15
        ends.append(length)
        heads.append("FLOPs")
    flops = _Flops(model) if show_flops else None
    table = _Table(model, say, [int(end) for end in ends], length, chain, expand_nested, show_trainable, flops)
    say(f'Model: "{model.name}"')
    say("_" * length)
    table.row(heads, 0)
    say("=" * length)
    layers = _shown_layers(model)
    first, last = layer_span(layers, layer_range, "summary")
    for layer in layers[first:last]:
        table.layer(layer, 0, is_last=False)
    say("=" * length)
    for title, variables in (
        ("Total params", model.weights),
        ("Trainable params", model.trainable_weights),
        ("Non-trainable params", model.non_trainable_weights),
    ):
        say(f"{title}: {count_scalars(variables)} ({_size(variables)})")
    if flops is not None:
        say(f"FLOPs of a sample, forward: {sum(map(flops.of, layers))}")
    say("_" * length)


class _Flops:
    """Operations of every layer in one model; a layer called by other models too counts for its calls here."""

    def __init__(self, model: Any) -> None:
        self._nodes = {id(node) for node in model._graph.nodes} if model._graph is not None else None
        self._known: dict[int, int] = {}

    def of(self, layer: Any) -> int:
        """Operations of one sample."""
        if id(layer) not in self._known:
            nodes = [n for n in layer._inbound_nodes if self._nodes is None or id(n) in self._nodes]
            self._known[id(layer)] = layer_flops(layer, nodes or layer._inbound_nodes[:1])
        return self._known[id(layer)]


class _Table:
    def __init__(
        self,
        model: Any,
        say: Callable[[str], Any],
        ends: list[int],
        length: int,
        chain: bool,
        expand_nested: bool,
        show_trainable: bool,
        flops: _Flops | None,
    ) -> None:
        self._flops = flops
        self._say = say
        self._ends = ends
        self._length = length
        self._chain = chain
        self._expand = expand_nested
        self._trainable = show_trainable
        self._nodes = {id(node) for node in model._graph.nodes} if model._graph is not None else None

    def layer(self, layer: Any, level: int, is_last: bool) -> None:
        """One layer, and with expand_nested the layers of a nested model below it."""
        fields = [
            f"{layer.name} ({_class_name(layer)})",
            _shape(layer),
            str(layer.count_params()) if layer.built else "0 (unused)",
        ]
        if not self._chain:
            fields.append(str(self._connections(layer)))
        if self._trainable:
            fields.append("Y" if layer.trainable else "N")
        if self._flops is not None:
            fields.append(str(self._flops.of(layer)))
        self.row(fields, level)
        inner = _shown_layers(layer) if self._expand and hasattr(layer, "layers") else []
        if inner:
            bars = "|" * (level + 1)
            self._say(bars + "¯" * (self._length - 2 * level - 2) + bars)
            for position, one in enumerate(inner):
                self.layer(one, level + 1, is_last=position == len(inner) - 1)
            self._say("|" * level + "¯" * (self._length - 2 * level) + "|" * level)
        elif not is_last:
            self._say("|" * level + " " * (self._length - 2 * level) + "|" * level)

    def _connections(self, layer: Any) -> list[str]:
        found = []
        for node in layer._inbound_nodes:
            if self._nodes is not None and id(node) in self._nodes:
                for tensor in node.keras_inputs:
                    origin = tensor._keras_history
                    found.append(f"{origin.layer.name}[{origin.node_index}][{origin.tensor_index}]")
        return found

    def row(self, fields: list[str], level: int) -> None:
        """One row; cells longer than their column go on in further lines."""
        left = list(fields)
        while any(left):
            line = ""
            for column, end in enumerate(self._ends):
                begin = self._ends[column - 1] if column else 0
                last = column == len(self._ends) - 1
                width = end - begin - level - (0 if last else 3)  # room between the columns
                piece = left[column][:width]
                breaks = [piece.find(mark) + len(mark) for mark in _BREAKS if mark in piece]
                piece = piece[: min(breaks)] if breaks else piece
                left[column] = left[column][len(piece) :]
                if column == 0:
                    line += "|" * level + " "
                line += piece
                stop = end - level if last else end
                line += " " * (stop - len(line))
            self._say(line + "|" * level)


def _is_chain(model: Any) -> bool:
    """True if every layer follows one other: three columns are enough."""
    graph = model._graph
    if graph is None or type(model).__name__ == "Sequential":
        return True
    if len(graph.nodes) != len(graph.layers):
        return False
    return all(len(node.keras_inputs) <= 1 for node in graph.nodes) and len(graph.flat_inputs) == 1 and _one_road(graph)


def _one_road(graph: Any) -> bool:
    used = [id(tensor) for node in graph.nodes for tensor in node.keras_inputs]
    return len(used) == len(set(used)) and len(graph.flat_outputs) == 1


def _shown_layers(model: Any) -> list[Any]:
    return list(model.layers)


def _class_name(layer: Any) -> str:
    from nnstack.saving.config import class_name

    return class_name(layer).split(">")[-1]


def _shape(layer: Any) -> str:
    try:
        shape = layer.output_shape
    except AttributeError:
        return "multiple"
    if getattr(layer, "is_placeholder", False):
        return str([shape])
    if isinstance(shape, dict):
        return str(shape)
    return str(shape) if not nest.is_nested(shape) or isinstance(shape, tuple) else str(list(shape))


def layer_span(layers: list[Any], layer_range: Sequence[str] | None, what: str) -> tuple[int, int]:
    """Indices of the first and behind the last layer whose names match the two patterns."""
    if layer_range is None:
        return 0, len(layers)
    if len(layer_range) != 2:
        raise ValueError(f"{what}: expected two names in layer_range, got {layer_range!r}")
    names = [layer.name for layer in layers]
    first = next((i for i, name in enumerate(names) if re.match(layer_range[0], name)), None)
    last = next((i for i in reversed(range(len(names))) if re.match(layer_range[1], names[i])), None)
    if first is None or last is None:
        raise ValueError(f"{what}: layer_range {list(layer_range)} matches no layers; they are {', '.join(names)}")
    return min(first, last), max(first, last) + 1


def _size(variables: Sequence[Any]) -> str:
    size = float(sum(int(np.prod(v.shape)) * _bytes(v.dtype) for v in {id(v): v for v in variables}.values()))
    for unit in ("Byte", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


def _bytes(dtype: str) -> int:
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
