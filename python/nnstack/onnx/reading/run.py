"""Computing nodes with the table: at once on constants, or recording on tensors of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.onnx.reading.fold_size import expected
from nnstack.onnx.reading.graph import Graph, Node
from nnstack.onnx.reading.operator import Operator, literal
from nnstack.onnx.reading.operators import READERS

_MOST_FOLDED = 32 << 20


def run_node(node: Node, inputs: list[Any], opset: int) -> list[Any]:
    """The outputs of one node, by the table; operands that are left out are None. `ValueError` names the node."""
    op = Operator(node.kind, node.name, {**node.attributes, "outputs": len(node.outputs)}, opset)
    while inputs and inputs[-1] is None:
        inputs = inputs[:-1]
    try:
        made = READERS[node.kind](op, inputs)
    except (IndexError, KeyError, AttributeError, TypeError, OverflowError, ValueError) as error:
        if str(error).startswith("import_model: "):
            raise
        raise op.fail(f"operands or attributes are missing or wrong: {type(error).__name__}: {error}") from error
    return list(made) if isinstance(made, list | tuple) else [made]


def run_graph(graph: Graph, values: Mapping[str, Any], opset: int) -> list[Any]:
    """The outputs of a graph whose inputs, and what it takes from around, are in `values`."""
    known = dict(values)
    for name, array in graph.constants.items():
        known[name] = literal(array)
    for node in graph.nodes:
        names = [*node.inputs, *node.attributes.get("captured", ())]
        results = run_node(node, [known[name] if name else None for name in names], opset)
        known.update(zip(node.outputs, results, strict=False))
    return [known[name] for name in graph.outputs]


def fold(node: Node, arrays: list[np.ndarray | None], opset: int) -> list[np.ndarray]:
    """The outputs of a node all of whose operands are constants; `ValueError` for more than any model folds."""
    size = expected(node.kind, arrays)
    if size > _MOST_FOLDED:
        raise ValueError(
            f'import_model: {node.kind} "{node.name}" would make {size:.3g} numbers of constants, more than any model'
        )
    tensors = [None if array is None else literal(array) for array in arrays]
    return [np.asarray(backend.get_value(one)) for one in run_node(node, tensors, opset)]
