"""Imported models as models: weights, training, saving; and files that are broken or hostile."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import layers as L
from nnstack.cli import main


@pytest.fixture
def original() -> Any:
    return nnstack.Sequential(
        [
            L.Conv2D(4, 3, activation="relu", input_shape=(8, 8, 3)),
            L.BatchNormalization(),
            L.GlobalMaxPooling2D(),
            L.Dense(3, activation="softmax", name="head"),
        ]
    )


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(6, 8, 8, 3)).astype(np.float32)


@pytest.fixture
def file(original: Any, onnx: Any, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    original.export(path)
    return path


def test_load_model_reads_onnx(file: Path, original: Any, rows: np.ndarray) -> None:
    model = nnstack.models.load_model(file)
    np.testing.assert_allclose(model.predict(rows, verbose=0), original.predict(rows, verbose=0), rtol=1e-5)
    assert model.output_names == ["head"]
    assert model.input_shape == (None, 8, 8, 3)


@pytest.mark.parametrize("source", ["bytes", "open file", "path as text"])
def test_sources(source: str, file: Path, original: Any, rows: np.ndarray) -> None:
    given: Any = {
        "bytes": file.read_bytes,
        "open file": lambda: io.BytesIO(file.read_bytes()),
        "path as text": lambda: str(file),
    }
    model = nnstack.onnx.import_model(given[source](), name="again")
    assert model.name == "again"
    np.testing.assert_allclose(model.predict(rows, verbose=0), original.predict(rows, verbose=0), rtol=1e-5)


def test_initializers_are_weights_that_train(file: Path, rows: np.ndarray) -> None:
    model = nnstack.onnx.import_model(file)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_weights) >= 3 * 3 * 3 * 4 + 4 + 4 * 3 + 3
    before = model.get_weights()
    model.compile("sgd", "categorical_crossentropy")
    losses = model.fit(rows, np.eye(3)[[0, 1, 2, 0, 1, 2]], epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert all(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_statistics_of_batch_normalization_do_not_train(onnx: Any) -> None:
    helper, array = onnx.helper, onnx.numpy_helper.from_array
    values = {name: np.full(2, k + 1.0, np.float32) for k, name in enumerate(["scale", "shift", "mean", "var"])}
    graph = helper.make_graph(
        [helper.make_node("BatchNormalization", ["x", *values], ["y"], "bn")], "g",
        [helper.make_tensor_value_info("x", 1, ["n", 2])], [helper.make_tensor_value_info("y", 1, ["n", 2])],
        [array(value, name) for name, value in values.items()],
    )  # fmt: skip
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model = nnstack.onnx.import_model(proto.SerializeToString())
    assert [v.name for v in model.trainable_weights] == ["y/scale:0", "y/shift:0"]
    assert [v.name for v in model.non_trainable_weights] == ["y/mean:0", "y/var:0"]
    expected = (5 - 3) / np.sqrt(4 + 1e-5) * 1 + 2
    np.testing.assert_allclose(model.predict(np.full((1, 2), 5.0), verbose=0), np.full((1, 2), expected), rtol=1e-6)


@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_imported_models_save_and_load(ending: str, file: Path, rows: np.ndarray, tmp_path: Path) -> None:
    model = nnstack.onnx.import_model(file)
    model.save(tmp_path / f"m.{ending}")
    back = nnstack.models.load_model(tmp_path / f"m.{ending}", compile=False)
    np.testing.assert_array_equal(back.predict(rows, verbose=0), model.predict(rows, verbose=0))
    copy = nnstack.models.model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(rows, verbose=0), model.predict(rows, verbose=0))


def test_loops_save_and_load(onnx: Any, tmp_path: Path) -> None:
    """The body of a Scan stands in the config."""
    original = nnstack.Sequential([L.Masking(input_shape=(None, 2)), L.GRU(3)])
    original.export(tmp_path / "m.onnx")
    model = nnstack.onnx.import_model(tmp_path / "m.onnx")
    model.save(tmp_path / "m.keras")
    back = nnstack.models.load_model(tmp_path / "m.keras", compile=False)
    x = np.random.default_rng(0).normal(size=(2, 5, 2)).astype(np.float32)
    x[0, 3:] = 0
    np.testing.assert_allclose(back.predict(x, verbose=0), original.predict(x, verbose=0), rtol=1e-5)


# -- the command line -------------------------------------------------------------------------------------------------
def test_command_line(
    original: Any, rows: np.ndarray, onnx: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original.save(tmp_path / "a.h5")
    np.save(tmp_path / "x.npy", rows)
    assert main(["convert", str(tmp_path / "a.h5"), str(tmp_path / "b.onnx"), "--opset", "20"]) == 0
    assert main(["inspect", str(tmp_path / "b.onnx")]) == 0
    shown = capsys.readouterr().out
    assert "opset ai.onnx: 20" in shown
    assert "input conv2d" in shown
    assert "output head: float32 (batch, 3)" in shown
    assert main(["predict", str(tmp_path / "b.onnx"), str(tmp_path / "x.npy"), "-o", str(tmp_path / "y.npy")]) == 0
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), original.predict(rows, verbose=0), rtol=1e-5)
    assert main(["convert", str(tmp_path / "b.onnx"), str(tmp_path / "c.h5")]) == 0
    back = nnstack.models.load_model(tmp_path / "c.h5", compile=False)
    np.testing.assert_allclose(back.predict(rows, verbose=0), original.predict(rows, verbose=0), rtol=1e-5)


# -- files that cannot be read ----------------------------------------------------------------------------------------
def graph_with(onnx: Any, nodes: list[Any], initializers: Any = ()) -> bytes:
    helper = onnx.helper
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", 1, [2, 3])], [helper.make_tensor_value_info("y", 1, None)],
        list(initializers),
    )  # fmt: skip
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]).SerializeToString())


def test_unknown_operators_are_listed_at_once(onnx: Any) -> None:
    node = onnx.helper.make_node
    data = graph_with(
        onnx,
        [
            node("Det", ["x"], ["a"]), node("NonZero", ["a"], ["b"]), node("Det", ["b"], ["c"]),
            node("Magic", ["c"], ["y"], domain="com.example"),
        ],
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"Det \(2x\), NonZero \(1x\), com.example.Magic \(1x\)"):
        nnstack.onnx.import_model(data)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (("Relu", ["nothing"], {}), "reads 'nothing', which nothing before it makes"),
        (("Unsqueeze", ["x", "x"], {}), "expected constant axes"),
        (("Concat", ["x", "x"], {"axis": 5}), "axis"),
        (("Gemm", ["x"], {}), "operands or attributes are missing"),
        (("DepthToSpace", ["x"], {}), r'DepthToSpace \(node "y"\): operands or attributes are missing or wrong'),
    ],
)
def test_broken_nodes_are_named(node: Any, text: str, onnx: Any) -> None:
    kind, inputs, attributes = node
    with pytest.raises(ValueError, match=text):
        nnstack.onnx.import_model(
            graph_with(onnx, [onnx.helper.make_node(kind, inputs, ["y"], "the_node", **attributes)])
        )


def test_a_tensor_that_claims_more_than_there_is(onnx: Any) -> None:
    tensor = onnx.TensorProto(name="w", data_type=1, dims=[1 << 40, 1 << 20], raw_data=b"1234")
    with pytest.raises(ValueError, match=r'tensor "w" of shape .* needs'):
        nnstack.onnx.import_model(graph_with(onnx, [onnx.helper.make_node("Add", ["x", "w"], ["y"])], [tensor]))


@pytest.mark.parametrize(("kind", "numbers"), [("Expand", [1 << 20, 1 << 20, 2, 3]), ("Tile", [1 << 30, 1 << 30])])
def test_a_few_numbers_cannot_ask_for_everything(kind: str, numbers: list[int], onnx: Any) -> None:
    shape = onnx.numpy_helper.from_array(np.array(numbers, np.int64), "s")
    with pytest.raises(ValueError, match="asks for a tensor of shape"):
        nnstack.onnx.import_model(graph_with(onnx, [onnx.helper.make_node(kind, ["x", "s"], ["y"])], [shape]))


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x89HDF\r\n\x1a\n", bytes(1000)])
def test_what_is_no_onnx_file(content: bytes, onnx: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is no ONNX file, or a broken one"):
        nnstack.models.load_model(path)


def test_missing_file(onnx: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no file at"):
        nnstack.onnx.import_model(tmp_path / "nowhere.onnx")


def test_changed_bytes_never_do_more_than_raise(file: Path) -> None:
    """Whatever comes of a changed byte: a model, or an error of the kinds that are promised."""
    data = file.read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(200):
        changed = bytearray(data)
        for position in generator.integers(0, len(data), 3):
            changed[position] = generator.integers(0, 256)
        with contextlib.suppress(ValueError, OSError):
            nnstack.onnx.import_model(bytes(changed))
