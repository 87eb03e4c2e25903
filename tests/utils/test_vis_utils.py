"""Pictures of models: what is in them, and that boxes and lines do not run into each other."""

import itertools
import re
import sys
import types
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack.layers import Add, Concatenate, Dense, Input
from nnstack.models import Model, Sequential
from nnstack.utils import model_to_dot, plot_model
from nnstack.utils.layered_drawing import Box, arrange

SVG = "{http://www.w3.org/2000/svg}"


def nested() -> Model:
    inner = Sequential([Dense(3, activation="relu", input_shape=(4,), name="a"), Dense(4, name="b")], name="inner")
    i, j = Input((4,), name="i"), Input((4,), name="j")
    joined = Concatenate(name="join")([inner(i), j])
    return Model([i, j], [Dense(1, name="out")(joined), Add(name="sum")([i, j])], name="whole")


def texts(path: Path) -> list[str]:
    return [one.text or "" for one in ET.parse(path).iter(f"{SVG}text")]


def test_svg_tells_layers_shapes_and_types(tmp_path: Path) -> None:
    path = tmp_path / "new" / "m.svg"
    assert plot_model(nested(), path, show_shapes=True, show_dtype=True, show_trainable=True) == str(path)
    found = texts(path)
    for name in ("i: InputLayer", "inner: Sequential", "join: Concatenate", "out: Dense", "sum: Add"):
        assert name in found
    at = found.index("out: Dense")
    assert found[at + 1 : at + 5] == ["dtype: float32", "input: (None, 8)", "output: (None, 1)", "trainable"]
    assert len(list(ET.parse(path).iter(f"{SVG}polyline"))) == 6  # i>inner, inner>join, j>join, join>out, i>sum, j>sum


def test_nested_models_open_in_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "m.svg"
    plot_model(nested(), path, expand_nested=True, show_layer_activations=True)
    found = texts(path)
    assert "inner" in found and "inner: Sequential" not in found
    assert found[found.index("a: Dense") + 1] == "activation: relu"
    plot_model(nested(), tmp_path / "m.dot", expand_nested=True)
    edges = re.findall(r'"(.*)" -> "(.*)";', (tmp_path / "m.dot").read_text())
    assert ("i", "inner/a_input") in edges and ("inner/a", "inner/b") in edges and ("inner/b", "join") in edges


def test_png(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    path = tmp_path / "m.png"
    plot_model(nested(), path, rankdir="LR", dpi=192, show_shapes=True)
    with image.open(path) as picture:
        pixels = np.asarray(picture.convert("L"))
    assert pixels.shape[1] > pixels.shape[0] > 100  # from left to right
    assert (pixels < 100).sum() > 1000 and (pixels == 255).mean() > 0.3  # text and lines on white


def test_png_without_pillow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install 'nnstack\[image\]'"):
        plot_model(nested(), tmp_path / "m.png")


def test_layer_range(tmp_path: Path) -> None:
    plot_model(nested(), tmp_path / "m.svg", layer_range=["join", "ou.*"], show_layer_names=False)
    assert texts(tmp_path / "m.svg") == ["Concatenate", "Dense"]


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not built yet"):
        plot_model(Sequential([Dense(1)]), tmp_path / "m.svg")
    with pytest.raises(ValueError, match="rankdir 'TB' or 'LR', got 'UP'"):
        plot_model(nested(), tmp_path / "m.svg", rankdir="UP")
    with pytest.raises(ValueError, match="layer_range .* matches no layers"):
        plot_model(nested(), tmp_path / "m.svg", layer_range=["x", "y"])


def test_pydot_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(ImportError, match=r"pip install 'nnstack\[plot\]'"):
        model_to_dot(nested())

    class Recorder:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.made, self.nodes, self.edges, self.inner, self.set_to = (args, kwargs), [], [], [], {}

        def set(self, key: str, value: Any) -> None:
            self.set_to[key] = value

        def set_node_defaults(self, **kwargs: Any) -> None:
            self.defaults = kwargs

        def add_node(self, node: Any) -> None:
            self.nodes.append(node)

        def add_edge(self, edge: Any) -> None:
            self.edges.append(edge)

        def add_subgraph(self, graph: Any) -> None:
            self.inner.append(graph)

        def write(self, path: str, format: str) -> None:
            Path(path).write_text(format)

    kinds: dict[str, Any] = {name: type(name, (Recorder,), {}) for name in ("Dot", "Cluster", "Node", "Edge")}
    fake: Any = types.SimpleNamespace(**kinds)
    monkeypatch.setitem(sys.modules, "pydot", fake)
    dot = model_to_dot(nested(), show_shapes=True, expand_nested=True, dpi=60)
    assert len(dot.nodes) == 5 and len(dot.edges) == 8 and dot.set_to == {"rankdir": "TB", "dpi": 60}
    assert [inner.made[1]["label"] for inner in dot.inner] == ["inner"] and len(dot.inner[0].nodes) == 3
    assert type(model_to_dot(nested(), subgraph=True)).__name__ == "Cluster"
    plot_model(nested(), tmp_path / "m.pdf")
    plot_model(nested(), tmp_path / "m.png", engine="pydot")
    assert (tmp_path / "m.pdf").read_text() == "pdf" and (tmp_path / "m.png").read_text() == "png"


@pytest.mark.parametrize("sideways", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_boxes_do_not_overlap_and_lines_lead_onwards(seed: int, sideways: bool) -> None:
    rng = np.random.default_rng(seed)
    boxes = [Box(str(i), float(rng.integers(40, 200)), float(rng.integers(20, 80))) for i in range(14)]
    edges = [(str(a), str(b)) for b in range(1, 14) for a in set(rng.integers(0, b, rng.integers(1, 3)).tolist())]
    drawing = arrange(boxes, edges, sideways)
    for a, b in itertools.combinations(drawing.boxes, 2):
        apart = abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= (a.height + b.height) / 2
        assert apart, (a, b)
    assert len(drawing.lines) == len(set(edges))
    for line in drawing.lines:
        along = [x if sideways else y for x, y in line]
        assert along == sorted(along)
    for box in drawing.boxes:
        assert box.width / 2 <= box.x <= drawing.width - box.width / 2
        assert box.height / 2 <= box.y <= drawing.height - box.height / 2


@pytest.mark.parametrize("sideways", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_frames_hold_their_group_and_nothing_else(seed: int, sideways: bool) -> None:
    rng = np.random.default_rng(seed)
    groups = [(), ("p",), ("p", "q"), ("p", "r"), ("s",)]
    boxes = [
        Box(str(i), float(rng.integers(40, 200)), float(rng.integers(20, 80)), [], groups[int(rng.integers(0, 5))])
        for i in range(16)
    ]
    edges = [(str(a), str(b)) for b in range(1, 16) for a in set(rng.integers(0, b, rng.integers(1, 3)).tolist())]
    drawing = arrange(boxes, edges, sideways)
    used = {box.group[:depth] for box in boxes for depth in range(1, len(box.group) + 1)}
    assert sorted(name for name, *_ in drawing.frames) == sorted(group[-1] for group in used)
    members = {name: {box.key for box in boxes if name in box.group} for name, *_ in drawing.frames}
    for name, left, top, right, bottom in drawing.frames:
        assert 0 <= left < right <= drawing.width and 0 <= top < bottom <= drawing.height
        for box in drawing.boxes:
            inside = left <= box.x - box.width / 2 and box.x + box.width / 2 <= right
            inside &= top <= box.y - box.height / 2 and box.y + box.height / 2 <= bottom
            outside = box.x + box.width / 2 <= left or right <= box.x - box.width / 2
            outside |= box.y + box.height / 2 <= top or bottom <= box.y - box.height / 2
            assert inside if box.key in members[name] else outside, (name, box)
    for a, b in itertools.combinations(drawing.boxes, 2):
        assert abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= (a.height + b.height) / 2
    assert len(drawing.lines) == len(set(edges))
    places = {(round(box.x, 3), round(box.y + s * box.height / 2, 3)) for box in drawing.boxes for s in (-1, 1)}
    sides = {(round(box.x + s * box.width / 2, 3), round(box.y, 3)) for box in drawing.boxes for s in (-1, 1)}
    for line in drawing.lines:
        for x, y in (line[0], line[-1]):
            assert (round(x, 3), round(y, 3)) in (sides if sideways else places)


def test_frames_in_dot_text(tmp_path: Path) -> None:
    plot_model(nested(), tmp_path / "m.dot", expand_nested=True)
    text = (tmp_path / "m.dot").read_text()
    cluster = text[text.index('subgraph "cluster_inner"') :]
    inside = cluster[: cluster.index("}")]
    assert 'style=dashed; label="inner";' in inside and '"inner/a"' in inside and '"join"' not in inside
