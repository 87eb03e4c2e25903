"""Nodes: which call of which layer made which tensor.

A node is written each time a layer is called on tensors that come from an `Input`. Summary, config, plotting, sharing
and
`get_output_at` read nodes; the arithmetic itself lives in the core's Values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from nnstack.utils import nest

if TYPE_CHECKING:
    from nnstack.engine.layer import Layer


class History(NamedTuple):
    """Where a tensor comes from: output `tensor_index` of the layer's call number `node_index`."""

    layer: Layer
    node_index: int
    tensor_index: int


def history_of(tensor: Any) -> History | None:
    """The tensor's origin, or None if no layer of a functional graph made it."""
    members = getattr(tensor, "__dict__", None)
    return members.get("_keras_history") if members else None


class Node:
    """One call of `layer`: the structure of its arguments, and its output tensors.

    Written into the layer's `inbound_nodes`, and into `outbound_nodes` of the layers that made its inputs.
    """

    def __init__(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> None:
        self.layer = layer
        # See engine/front.py.
        self.on_arrays = False  # whether it is computed in Python before the step
        self.parts: tuple[Node, Node] | None = None  # of the call of a model that begins with such calls
        self.prepared = False  # whether it is the second part of one
        leaves = nest.flatten(outputs)
        if any(tensor is None for tensor in leaves):
            raise TypeError(
                f'{layer._kind} (layer "{layer.name}"): expected tensors from call, got {outputs!r}. Does it end with '
                "return?"
            )
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs
        self.index = len(layer._inbound_nodes)
        self.keras_inputs = [leaf for leaf in nest.flatten((args, kwargs)) if history_of(leaf) is not None]
        layer._inbound_nodes.append(self)
        for parent in self.parents:
            parent.layer._outbound_nodes.append(self)
        for position, tensor in enumerate(leaves):
            tensor._keras_history = History(layer, self.index, position)

    @property
    def parents(self) -> list[Node]:
        """The nodes that made this node's inputs, one per input tensor."""
        histories = [tensor._keras_history for tensor in self.keras_inputs]
        return [origin.layer._inbound_nodes[origin.node_index] for origin in histories]

    @property
    def is_input(self) -> bool:
        return not self.keras_inputs

    @property
    def inbound_layers(self) -> list[Layer]:
        return [tensor._keras_history.layer for tensor in self.keras_inputs]

    @property
    def given(self) -> Any:
        """First argument of the call: a tensor or a structure of tensors."""
        return self.outputs if self.is_input else self.args[0] if self.args else self.keras_inputs

    # Lists of tensors and masks, as programs of Keras 2.0 to 2.3 read them.
    @property
    def input_tensors(self) -> list[Any]:
        """The tensors in the first argument of the call."""
        return nest.flatten(self.given)

    @property
    def output_tensors(self) -> list[Any]:
        """What the call made."""
        return nest.flatten(self.outputs)

    @property
    def input_masks(self) -> list[Any]:
        """The masks of `input_tensors`, None where there is none."""
        return [getattr(tensor, "_keras_mask", None) for tensor in self.input_tensors]

    @property
    def output_masks(self) -> list[Any]:
        """The masks of `output_tensors`, None where there is none."""
        return [getattr(tensor, "_keras_mask", None) for tensor in self.output_tensors]

    @property
    def node_indices(self) -> list[int]:
        """For each input the number of the call that made it."""
        return [tensor._keras_history.node_index for tensor in self.keras_inputs]

    @property
    def tensor_indices(self) -> list[int]:
        """For each input its place among the outputs of the call that made it."""
        return [tensor._keras_history.tensor_index for tensor in self.keras_inputs]

    @property
    def input_shapes(self) -> Any:
        return nest.map_structure(lambda tensor: tuple(tensor.shape), self.given)

    @property
    def output_shapes(self) -> Any:
        return nest.map_structure(lambda tensor: tuple(tensor.shape), self.outputs)
