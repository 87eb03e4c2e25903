"""The layer that stands for one operator of an ONNX file."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.onnx.reading.graph import Node, plain, unplain
from nnstack.onnx.reading.operator import literal
from nnstack.onnx.reading.run import run_node
from nnstack.utils import nest


class OnnxOperator(Layer):
    """Computes an operator of ONNX; made by `nnstack.onnx.import_model`, and from the config of a saved model.

    `operator`: its name in ONNX. `attributes`: as plain data. `operands`: for each operand {"input": k}, the k-th
    tensor of the call, {"weight": k}, {"array": numbers, ...}, or None where it is left out. `weight_types`: for each
    weight name, shape, dtype, and whether it is trained. `outputs`: how many results it has, `read` those that are
    used, `opset` the version of the operators. Raises `ValueError` for an operator that is not known.
    """

    def __init__(
        self,
        operator: str,
        attributes: dict[str, Any],
        operands: list[dict[str, Any] | None],
        weight_types: list[dict[str, Any]],
        outputs: int = 1,
        read: list[int] | None = None,
        opset: int = 18,
        **kwargs: Any,
    ) -> None:
        from nnstack.onnx.reading.operators import READERS

        if operator not in READERS:
            raise ValueError(f"OnnxOperator: the operator {operator!r} is not known here")
        super().__init__(**kwargs)
        self._autocast = False
        self.operator, self.attributes, self.operands = operator, attributes, list(operands)
        self.weight_types, self.outputs, self.read, self.opset = list(weight_types), outputs, read or [0], opset
        self._own: list[Any] = []

    def build(self, input_shape: Any) -> None:
        for one in self.weight_types:
            self._own.append(
                self.add_weight(
                    name=one["name"],
                    shape=tuple(one["shape"]),
                    dtype=one["dtype"],
                    initializer="zeros",
                    trainable=one["trainable"],
                )
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        tensors = nest.flatten(inputs)
        given: list[Any] = []
        for operand in self.operands:
            if operand is None:
                given.append(None)
            elif "input" in operand:
                given.append(backend.convert(tensors[operand["input"]]))
            elif "weight" in operand:
                given.append(backend.convert(self._own[operand["weight"]]))
            else:
                given.append(literal(np.asarray(unplain(operand))))
        node = Node(self.operator, self.name, [], [""] * self.outputs, unplain(self.attributes))
        made = run_node(node, given, self.opset)
        chosen = [made[position] for position in self.read]
        return chosen[0] if len(chosen) == 1 else chosen

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "operator": self.operator,
            "attributes": plain(self.attributes),
            "operands": self.operands,
            "weight_types": self.weight_types,
            "outputs": self.outputs,
            "read": self.read,
            "opset": self.opset,
        }
