"""What a layer's calls tell about it: its inputs, outputs, shapes and masks, read from its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnstack.engine.nodes import Node
from nnstack.utils import nest


def mask_of(tensor: Any) -> Any:
    """The mask that travels with a tensor, or None."""
    return getattr(tensor, "_keras_mask", None)


class Connections:
    """The part of `Layer` that reads nodes."""

    if TYPE_CHECKING:
        _inbound_nodes: list[Node]
        _outbound_nodes: list[Node]
        _batch_input_shape: Any

        @property
        def name(self) -> str: ...

    @property
    def inbound_nodes(self) -> list[Node]:
        """This layer's calls on graph tensors, oldest first."""
        return self._inbound_nodes

    @property
    def outbound_nodes(self) -> list[Node]:
        """Calls of other layers that take this layer's outputs."""
        return self._outbound_nodes

    def _node(self, index: int, what: str) -> Node:
        if not -len(self._inbound_nodes) <= index < len(self._inbound_nodes):
            raise ValueError(
                f'{what} (layer "{self.name}"): expected a node index below {len(self._inbound_nodes)}, got {index}'
                if self._inbound_nodes
                else f'{what} (layer "{self.name}"): the layer has not been called on a graph tensor yet'
            )
        return self._inbound_nodes[index]

    def _only(self, what: str, values: list[Any]) -> Any:
        if not values:
            raise AttributeError(f'{what} (layer "{self.name}"): the layer has not been called on a graph tensor yet')
        if any(value is not values[0] and value != values[0] for value in values):
            raise AttributeError(
                f'{what} (layer "{self.name}"): the layer has {len(values)} calls with different values. Use '
                f"get_{what}_at(node_index)"
            )
        return values[0]

    def get_input_at(self, node_index: int) -> Any:
        """Input tensor(s) of one call; `ValueError` if there is no such call."""
        return self._node(node_index, "input").given

    def get_output_at(self, node_index: int) -> Any:
        """Output tensor(s) of one call."""
        return self._node(node_index, "output").outputs

    def get_input_shape_at(self, node_index: int) -> Any:
        """Shape(s) of the input of one call."""
        return self._node(node_index, "input_shape").input_shapes

    def get_output_shape_at(self, node_index: int) -> Any:
        """Shape(s) of the output of one call."""
        return self._node(node_index, "output_shape").output_shapes

    def get_input_mask_at(self, node_index: int) -> Any:
        """Mask(s) of the input of one call."""
        return nest.map_structure(mask_of, self.get_input_at(node_index))

    def get_output_mask_at(self, node_index: int) -> Any:
        """Mask(s) of the output of one call."""
        return nest.map_structure(mask_of, self.get_output_at(node_index))

    @property
    def input(self) -> Any:
        """Input tensor(s), if the layer was called once."""
        return self._only("input", [node.given for node in self._inbound_nodes])

    @property
    def output(self) -> Any:
        """Output tensor(s), if the layer was called once."""
        return self._only("output", [node.outputs for node in self._inbound_nodes])

    @property
    def input_shape(self) -> Any:
        """Input shape(s) with the batch axis, if all calls agree."""
        if not self._inbound_nodes and "_batch_input_shape" in self.__dict__:
            return self._batch_input_shape
        return self._only("input_shape", [node.input_shapes for node in self._inbound_nodes])

    @property
    def output_shape(self) -> Any:
        """Output shape(s) with the batch axis, if all calls agree."""
        return self._only("output_shape", [node.output_shapes for node in self._inbound_nodes])

    @property
    def input_mask(self) -> Any:
        """Mask(s) of the input, if the layer was called once."""
        return nest.map_structure(mask_of, self.input)

    @property
    def output_mask(self) -> Any:
        """Mask(s) of the output, if the layer was called once."""
        return nest.map_structure(mask_of, self.output)
