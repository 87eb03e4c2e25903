"""Pictures of models: SVG and PNG drawn here, other formats through pydot and graphviz where they are installed."""

from __future__ import annotations

import os
from typing import Any
from xml.sax.saxutils import escape

from nnstack.utils.layer_utils import layer_span
from nnstack.utils.layered_drawing import Box, Drawing, arrange

_LETTER, _LINE, _SIZE = 7.3, 18.0, 12  # width of a letter, height of a row, font size, in pixels at 96 dpi


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
    layer_range: Any = None,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    engine: str = "own",
) -> Any:
    """Draws the layers and what flows between them into a file, and returns its path as text.

    The suffix of `to_file` says the format: .svg, .png (needs Pillow) and .dot are written here, anything else by
    graphviz. show_shapes, show_dtype, show_layer_activations, show_trainable add rows to each box; rankdir 'TB' from
    top to bottom or 'LR' from left to right; expand_nested draws the layers of inner models in a frame; layer_range:
    two names or regular expressions, the first and last layer drawn. engine='pydot' leaves the drawing to graphviz.
    Raises `ValueError` for a model that is not built, a wrong rankdir or range, `ImportError` if what is needed is
    not installed.

    Source: https://keras.io/2.16/api/utils/model_plotting_utils/
    """
    path = os.fspath(to_file)
    suffix = os.path.splitext(path)[1].lower().lstrip(".") or "png"
    settings = (show_shapes, show_dtype, show_layer_activations, show_trainable)
    graph = _Description(model, settings, show_layer_names, expand_nested, layer_range)
    _check_rankdir(rankdir)
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    if engine == "pydot" or suffix not in ("svg", "png", "dot"):
        _as_pydot(graph, rankdir, dpi).write(path, format=suffix)
        return path
    if suffix == "dot":
        with open(path, "w", encoding="utf-8") as file:
            file.write(_dot_text(graph, rankdir, dpi))
        return path
    drawing = arrange(graph.boxes, graph.edges, sideways=rankdir == "LR")
    if suffix == "svg":
        with open(path, "w", encoding="utf-8") as file:
            file.write(_svg(drawing, dpi / 96))
    else:
        _png(drawing, dpi / 96, path)
    return path


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
    subgraph: bool = False,
    layer_range: Any = None,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Any:
    """The picture of `plot_model` as a `pydot.Dot`, or `pydot.Cluster` with `subgraph`; `ImportError` without pydot."""
    settings = (show_shapes, show_dtype, show_layer_activations, show_trainable)
    graph = _Description(model, settings, show_layer_names, expand_nested, layer_range)
    _check_rankdir(rankdir)
    return _as_pydot(graph, rankdir, dpi, model.name if subgraph else None)


def _check_rankdir(rankdir: str) -> None:
    if rankdir not in ("TB", "LR"):
        raise ValueError(f"plot_model: expected rankdir 'TB' or 'LR', got {rankdir!r}")


class _Description:
    """Boxes and edges of a model."""

    def __init__(self, model: Any, settings: Any, names: bool, expand: bool, layer_range: Any) -> None:
        if not model.built:
            raise ValueError(
                f'plot_model (model "{model.name}"): the model is not built yet. Call build(input_shape) or call it on '
                "data first"
            )
        self._shapes, self._dtype, self._activations, self._trainable = settings
        self._names = names
        self._expand = expand
        self.boxes: list[Box] = []
        self.edges: list[tuple[str, str]] = []
        if model._graph is None:
            self._add(model, ())
            return
        self._describe(model, ())
        if layer_range is not None:
            layers = model._graph.layers
            first, last = layer_span(layers, layer_range, "plot_model")
            kept = {layer.name for layer in layers[first:last]}
            self.boxes = [box for box in self.boxes if box.key.split("/")[0] in kept]
            keys = {box.key for box in self.boxes}
            self.edges = [edge for edge in self.edges if keys.issuperset(edge)]

    def _opens(self, layer: Any) -> bool:
        return self._expand and getattr(layer, "_graph", None) is not None

    def _describe(self, model: Any, path: tuple[str, ...]) -> None:
        graph = model._graph
        for layer in graph.layers:
            if self._opens(layer):
                self._describe(layer, (*path, layer.name))
            else:
                self._add(layer, path)
        for node in graph.nodes:
            entries = self._entries(node.layer, path)
            for position, tensor in enumerate(node.keras_inputs):
                source, _, index = tensor._keras_history
                self.edges.append((self._exit(source, index, path), entries[position % len(entries)]))

    def _entries(self, layer: Any, path: tuple[str, ...]) -> list[str]:
        if not self._opens(layer):
            return ["/".join((*path, layer.name))]
        inner = (*path, layer.name)
        return [entry for one in layer._graph.input_layers for entry in self._entries(one, inner)]

    def _exit(self, layer: Any, index: int, path: tuple[str, ...]) -> str:
        if not self._opens(layer):
            return "/".join((*path, layer.name))
        history = layer._graph.flat_outputs[index]._keras_history
        return self._exit(history.layer, history.tensor_index, (*path, layer.name))

    def _add(self, layer: Any, path: tuple[str, ...]) -> None:
        kind = type(layer).__name__
        rows = [f"{layer.name}: {kind}" if self._names else kind]
        activation = getattr(layer, "activation", None)
        if self._activations and activation is not None:
            rows.append(f"activation: {getattr(activation, '__name__', type(activation).__name__)}")
        if self._dtype:
            rows.append(f"dtype: {layer.dtype}")
        if self._shapes:
            rows += [f"{word}: {_shape(layer, f'{word}_shape')}" for word in ("input", "output")]
        if self._trainable and layer.weights:
            rows.append("trainable" if layer.trainable else "non-trainable")
        width = max(map(len, rows)) * _LETTER + 16
        self.boxes.append(Box("/".join((*path, layer.name)), width, _LINE * len(rows) + 6, rows, path))


def _shape(layer: Any, attribute: str) -> str:
    try:
        return str(getattr(layer, attribute))
    except (AttributeError, ValueError):
        return "multiple"


def _svg(drawing: Drawing, scale: float) -> str:
    width, height = drawing.width * scale, drawing.height * scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {drawing.width:.1f} {drawing.height:.1f}" font-family="monospace" font-size="{_SIZE}">',
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0,0 L10,5 L0,10 z"/></marker></defs>',
        f'<rect width="{drawing.width:.1f}" height="{drawing.height:.1f}" fill="white"/>',
    ]
    for name, left, top, right, bottom in drawing.frames:
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" fill="none" '
            f'stroke="gray" stroke-dasharray="4"/><text x="{left + 4:.1f}" y="{top + 10:.1f}" font-size="9" '
            f'fill="gray">{escape(name)}</text>'
        )
    for line in drawing.lines:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line)
        parts.append(f'<polyline points="{points}" fill="none" stroke="black" marker-end="url(#tip)"/>')
    for box in drawing.boxes:
        left, top = box.x - box.width / 2, box.y - box.height / 2
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="3" '
            'fill="#f4f7fb" stroke="black"/>'
        )
        for i, row in enumerate(box.rows):
            y = top + 3 + _LINE * (i + 0.75)
            parts.append(f'<text x="{box.x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(row)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _png(drawing: Drawing, scale: float, path: str) -> None:
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise ImportError(
            "plot_model: a PNG needs Pillow: pip install 'nnstack[image]'. An .svg needs nothing"
        ) from None
    image = Image.new("RGB", (round(drawing.width * scale), round(drawing.height * scale)), "white")
    pen = ImageDraw.Draw(image)
    font, small = (ImageFont.load_default(size * scale) for size in (_SIZE, 9))

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * scale, y * scale) for x, y in points]

    for name, left, top, right, bottom in drawing.frames:
        pen.rectangle(at((left, top), (right, bottom)), outline="gray")
        pen.text(at((left + 4, top + 1))[0], name, fill="gray", font=small)
    for line in drawing.lines:
        pen.line(at(*line), fill="black", width=max(1, round(scale)))
        (x0, y0), (x, y) = line[-2], line[-1]
        length = max(1e-9, ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5)
        dx, dy = (x - x0) / length, (y - y0) / length
        back, side = (x - 7 * dx, y - 7 * dy), (3.5 * dy, -3.5 * dx)
        ends = (back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1])
        pen.polygon(at((x, y), *ends), fill="black")
    for box in drawing.boxes:
        left, top = box.x - box.width / 2, box.y - box.height / 2
        pen.rectangle(at((left, top), (left + box.width, top + box.height)), fill="#f4f7fb", outline="black")
        for i, row in enumerate(box.rows):
            (place,) = at((box.x, top + 3 + _LINE * (i + 0.5)))
            pen.text(place, row, fill="black", font=font, anchor="mm")
    image.save(path)


def _dot_text(graph: _Description, rankdir: str, dpi: int) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = ["digraph model {", f"  rankdir={rankdir}; dpi={dpi}; node [shape=box];"]

    def described(boxes: list[Box], depth: int) -> None:
        """The boxes; those of a group in a cluster with a dashed frame."""
        indent = "  " * (depth + 1)
        groups: dict[str, list[Box]] = {}
        for box in boxes:
            if len(box.group) > depth:
                groups.setdefault(box.group[depth], []).append(box)
            else:
                label = quoted(chr(10).join(box.rows))
                lines.append(f"{indent}{quoted(box.key)} [label={label}];".replace("\n", "\\n"))
        for name, members in groups.items():
            cluster = quoted("cluster_" + "/".join(members[0].group[: depth + 1]))
            lines.append(f"{indent}subgraph {cluster} {{ style=dashed; label={quoted(name)};")
            described(members, depth + 1)
            lines.append(f"{indent}}}")

    described(graph.boxes, 0)
    lines += [f"  {quoted(start)} -> {quoted(end)};" for start, end in graph.edges]
    return "\n".join([*lines, "}\n"])


def _as_pydot(graph: _Description, rankdir: str, dpi: int, cluster: str | None = None) -> Any:
    try:
        import pydot
    except ImportError:
        raise ImportError(
            "model_to_dot: needs pydot (and graphviz): pip install 'nnstack[plot]'. plot_model(model, 'model.svg') "
            "needs neither"
        ) from None
    dot = pydot.Dot() if cluster is None else pydot.Cluster(graph_name=cluster, style="dashed", label=cluster)
    dot.set("rankdir", rankdir)
    dot.set("dpi", dpi)
    dot.set_node_defaults(shape="box")
    groups: dict[tuple[str, ...], Any] = {(): dot}
    for box in graph.boxes:
        for depth in range(1, len(box.group) + 1):
            path = box.group[:depth]
            if path not in groups:
                groups[path] = pydot.Cluster(graph_name="_".join(path), style="dashed", label=path[-1])
        groups[box.group].add_node(pydot.Node(f'"{box.key}"', label="\n".join(box.rows)))
    for path, inner in sorted(groups.items(), key=lambda item: -len(item[0])):
        if path:
            groups[path[:-1]].add_subgraph(inner)
    for start, end in graph.edges:
        dot.add_edge(pydot.Edge(f'"{start}"', f'"{end}"'))
    return dot
