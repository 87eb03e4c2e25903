"""scan as ONNX's Scan, and what ONNX has only as a loop."""

from __future__ import annotations

from typing import Any, cast

from nnstack import backend
from nnstack.backend import loops
from nnstack.onnx.package import onnx_module
from nnstack.onnx.writing.recurrent import of_known_cell
from nnstack.onnx.writing.translate import Exporter, Translation
from nnstack.onnx.writing.writer import Stored, Unsupported, element_type


def _scan(t: Translation, value: Any) -> list[Stored | None]:
    """States, sequences and constants of the body; constants are read from the graph around."""
    known = of_known_cell(t, value)
    if known is not None:
        return known
    attributes, inputs = value.attributes, value.inputs
    body, states, sequences = attributes["body"], attributes["states"], attributes["sequences"]
    stacked = len(body.results) - states
    if value.index >= len(body.results):
        raise Unsupported("scan whose states are read at every step")
    inner = t.of_body()
    bound = states + sequences
    parameters = list(body.parameters)
    names = [inner.writer.unique(f"{t.writer.scope}/{'state' if k < states else 'slice'}") for k in range(bound)]
    for parameter, name in zip(parameters, names, strict=False):
        inner.bind(parameter, name)
    for parameter, outer in zip(parameters[bound:], inputs[bound:], strict=True):
        numbers = t.known(outer)
        if numbers is None:
            inner.bind(parameter, t.name(outer))
        else:
            inner.give(parameter, numbers)
    results = list(body.results)
    inner.write(results)
    helper = onnx_module().helper
    outputs = []
    for result in results:  # each a tensor of the body's own
        outputs.append(inner.writer.node("Identity", [inner.name(result)]))
    graph = helper.make_graph(
        inner.writer.nodes,
        inner.writer.unique(f"{t.writer.scope}/body"),
        [_info(name, one) for name, one in zip(names, parameters, strict=False)],
        [_info(name, one) for name, one in zip(outputs, results, strict=True)],
    )
    directions = [1] if attributes["reverse"] else [0]
    made = t.writer.node(
        "Scan",
        [t.name(one) for one in inputs[:bound]],
        len(results),
        body=graph,
        num_scan_inputs=sequences,
        scan_input_directions=directions * sequences,
        scan_output_directions=directions * stacked if stacked else None,
    )
    made = [made] if isinstance(made, str) else made
    return [Stored(name) for name in made]


def _info(name: str, value: Any) -> Any:
    return onnx_module().helper.make_tensor_value_info(name, element_type(value.dtype), None)


def _cumulative_product(t: Translation, value: Any) -> Stored:
    source, attributes = value.inputs[0], value.attributes
    if attributes["order"] not in ("after", "before"):
        raise Unsupported(f"{value.op} with order={attributes['order']!r}")
    rank = len(source.shape)
    axis = attributes["axis"] % rank
    front = [axis, *(k for k in range(rank) if k != axis)]

    def step(states: list[Any], slices: list[Any], number: Any) -> tuple[list[Any], list[Any]]:
        after = states[0] * slices[0]
        return [after], [after if attributes["order"] == "after" else states[0]]

    def make() -> list[Any]:
        along = backend.permute_dimensions(source, front)
        one = backend.ones_like(along[0])
        stacked = loops.scan(step, [cast(Any, one)], [along], attributes["reverse"])[1][0]
        return [backend.permute_dimensions(stacked, [front.index(k) for k in range(rank)])]

    made = t.rewritten(make)[0]
    assert made is not None
    return made


EXPORTERS: dict[str, Exporter] = {"cumulative_product": _cumulative_product, "scan": _scan}
