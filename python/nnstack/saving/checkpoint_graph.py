"""The graph of objects beside the tensors of a TensorFlow checkpoint, which says whose they are.

A TrackableObjectGraph is a row of nodes: each with named children, for a variable the key of its tensor, and for an
older optimizer its slots (name, variable, slot's variable).

Source: tensorflow/core/protobuf/trackable_object_graph.proto, as a format.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from nnstack.saving import protobuf, tensor_bundle

KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"


class Slot(NamedTuple):
    """A number of an optimizer's slots: both variables are numbers of nodes."""

    name: str
    variable: int
    value: int


class Object(NamedTuple):
    """A node: children by name as numbers of nodes, the tensor's key or None, slots."""

    children: dict[str, int]
    key: str | None
    slots: list[Slot]


def read(reader: tensor_bundle.Reader) -> list[Object]:
    """All nodes, the root first. `ValueError` for a checkpoint without objects, or with broken ones."""
    if KEY not in reader.entries:
        raise ValueError(
            f"checkpoint: {reader.prefix} was written by name (TensorFlow 1), without the objects of Keras. "
            f"Its tensors: {', '.join(sorted(reader.entries))[:600]}"
        )
    found = [_object(node, reader) for node in protobuf.content(protobuf.grouped(reader.read(KEY)), 1)]
    named = [number for one in found for number in one.children.values()]
    named += [number for one in found for slot in one.slots for number in (slot.variable, slot.value)]
    if not found or any(not 0 <= number < len(found) for number in named):
        raise ValueError(f"checkpoint: the objects of {reader.prefix} name others that are not there")
    return found


def _object(node: bytes, reader: tensor_bundle.Reader) -> Object:
    message = protobuf.grouped(node)
    children = {}
    for child in protobuf.content(message, 1):
        reference = protobuf.grouped(child)
        children[protobuf.text(reference, 2)] = protobuf.number(reference, 1)
    key = None
    for attribute in protobuf.content(message, 2):
        tensor = protobuf.grouped(attribute)
        if protobuf.text(tensor, 1) == _VALUE and protobuf.text(tensor, 3) in reader.entries:
            key = protobuf.text(tensor, 3)
    slots = []
    for content in protobuf.content(message, 3):
        slot = protobuf.grouped(content)
        slots.append(Slot(protobuf.text(slot, 2), protobuf.number(slot, 1), protobuf.number(slot, 3)))
    return Object(children, key, slots)


class Writer:
    """Nodes and tensors as they are told."""

    def __init__(self) -> None:
        self.tensors: dict[str, Any] = {}
        self._children: list[list[tuple[str, int]]] = []
        self._attributes: list[bytes] = []
        self._slots: list[list[Slot]] = []

    def add(self) -> int:
        """A node without anything; its number."""
        self._children.append([])
        self._attributes.append(b"")
        self._slots.append([])
        return len(self._children) - 1

    def add_variable(self, road: str, name: str, value: Any) -> int:
        """A node with a tensor, an array or a variable, that is found under `road`."""
        number = self.add()
        key = f"{road}/.ATTRIBUTES/{_VALUE}"
        self.tensors[key] = value
        fields = [protobuf.bytes_field(n + 1, one) for n, one in enumerate((_VALUE, name.split(":")[0], key))]
        self._attributes[number] = protobuf.bytes_field(2, b"".join(fields))
        return number

    def link(self, parent: int, name: str, child: int) -> None:
        """Makes a node the other's child of that name."""
        self._children[parent].append((name, child))

    def add_slot(self, optimizer: int, slot: Slot) -> None:
        """Tells a slot of an optimizer's node."""
        self._slots[optimizer].append(slot)

    def graph(self) -> bytes:
        """The message, as it lies under `KEY`."""
        return b"".join(protobuf.bytes_field(1, self._node(number)) for number in range(len(self._children)))

    def _node(self, number: int) -> bytes:
        children = b"".join(
            protobuf.bytes_field(1, protobuf.number_field(1, child) + protobuf.bytes_field(2, name))
            for name, child in self._children[number]
        )
        slots = b"".join(
            protobuf.bytes_field(
                3,
                protobuf.number_field(1, slot.variable)
                + protobuf.bytes_field(2, slot.name)
                + protobuf.number_field(3, slot.value),
            )
            for slot in self._slots[number]
        )
        return children + self._attributes[number] + slots
