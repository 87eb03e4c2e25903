"""Which `Input`s a tensor comes from."""

from __future__ import annotations

from typing import Any

from nnstack.engine.nodes import history_of
from nnstack.engine.operations import adopt


def get_source_inputs(tensor: Any, layer: Any = None, node_index: int | None = None) -> list[Any]:
    """The input tensors that `tensor` is computed from, each once, in the order in which they are met.

    `layer` and `node_index` name the call that made the tensor, where it is not the one the tensor remembers. A tensor
    of no graph gives itself.
    """
    adopt([tensor])
    if layer is not None and node_index is not None:
        nodes = [layer._inbound_nodes[node_index]]
    else:
        origin = history_of(tensor)
        if origin is None:
            return [tensor]
        nodes = [origin.layer._inbound_nodes[origin.node_index]]
    found: dict[int, Any] = {}
    seen: set[int] = set()
    while nodes:
        node = nodes.pop(0)
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.is_input:
            found.setdefault(id(node.outputs), node.outputs)
        nodes.extend(node.parents)
    return list(found.values())
