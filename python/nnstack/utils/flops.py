"""How much arithmetic a layer does: floating-point operations of its calls, read off the graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from nnstack import _core

# Nothing is computed: elements are moved, made or described.
_FREE = frozenset(
    [
        "placeholder",
        "constant",
        "variable",
        "identity",
        "stop_gradient",
        "cast",
        "shape_of",
        "count",
        "reshape",
        "expand_dims",
        "squeeze",
        "broadcast_to",
        "transpose",
        "concat",
        "concat_part",
        "slice",
        "unslice",
        "pad",
        "gather",
        "random_uniform",
    ]
)


def layer_flops(layer: Any, nodes: Iterable[Any] | None = None) -> int:
    """Operations of one forward pass of one sample through all calls of a layer, or those among `nodes`.

    A multiplication and the addition after it are two; other elementwise functions count one per element, softmax five.
    Unknown sizes (the batch's) count as 1.
    """
    from nnstack.utils import nest

    total = 0
    for node in layer._inbound_nodes if nodes is None else nodes:
        total += count(nest.flatten(node.outputs), node.keras_inputs)
    return total


def count(values: list[Any], stop: list[Any]) -> int:
    """Operations of all ops between the values in `stop` and `values`; one op with several results counts once."""
    total, waiting = 0, list(values)
    seen = {id(value): value for value in stop}  # held, so that no other value gets the same id
    calls: set[tuple[int, ...]] = set()  # ops with several results: known by their inputs
    while waiting:
        value = waiting.pop()
        if id(value) in seen or not isinstance(value, _core.Value):
            continue
        seen[id(value)] = value
        inputs = list(value.inputs)
        if value.op in _WHOLE:
            call = tuple(map(id, inputs))
            total += 0 if call in calls else _WHOLE[value.op](value)
            calls.add(call)
        elif value.op not in _FREE:
            total += _COSTS.get(value.op, _per_element)(value)
        waiting.extend(inputs)
    return total


def _elements(value: Any) -> int:
    return math.prod(1 if size is None else size for size in value.shape)


def _per_element(value: Any) -> int:
    return _elements(value)


def _per_input(value: Any) -> int:
    return _elements(value.inputs[0])


def _product(value: Any) -> int:
    left = value.inputs[0].shape
    inner = left[-2 if value.attributes.get("transpose_a") else -1]
    return 2 * _elements(value) * (inner or 1)


def _convolution(value: Any) -> int:
    """Each output is a sum of products over the kernel's window and its group's input channels."""
    kernel = value.inputs[1]
    return 2 * _elements(value) * (_elements(kernel) // (kernel.shape[-1] or 1))


def _pool(value: Any) -> int:
    return _elements(value) * int(math.prod(value.attributes["sizes"]))


def _scan(value: Any) -> int:
    attributes = value.attributes
    sequences = value.inputs[attributes["states"] : attributes["states"] + attributes["sequences"]]
    steps = (sequences[0].shape[0] if sequences else 1) or 1
    body = attributes["body"]
    return int(steps) * count(list(body.results), list(body.parameters))


def _recurrence(value: Any) -> int:
    """A product with the recurrent kernel in each step, and about two operations for each element of its gates."""
    projections, recurrent_kernel = value.inputs[:2]
    return _elements(projections) * (2 * (recurrent_kernel.shape[0] or 1) + 2)


def _normalize(value: Any) -> int:
    """Mean, variance and the affine form: about eight operations for each element."""
    return 8 * _elements(value.inputs[0])


# Ops with several results, which count once.
_WHOLE: dict[str, Callable[[Any], int]] = {"scan": _scan, "recurrence": _recurrence, "normalize": _normalize}

_COSTS: dict[str, Callable[[Any], int]] = {
    "matmul": _product,
    "convolution": _convolution,
    "max_pool": _pool,
    "average_pool": _pool,
    "softmax": lambda value: 5 * _elements(value),
    "log_softmax": lambda value: 5 * _elements(value),
    **dict.fromkeys(("sum", "mean", "prod", "max", "min", "any", "all", "argmax", "argmin", "sum_to"), _per_input),
}
