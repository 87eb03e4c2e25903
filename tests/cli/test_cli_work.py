"""`nnstack summary`, `predict`, `convert` and `doctor`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import layers
from nnstack.cli import main


def run(*line: Any) -> int:
    return main([str(part) for part in line])


# -- summary ----------------------------------------------------------------------------------------------------------
def test_summary_is_the_models_own(saved: Path, model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("summary", saved, "--width", 90) == 0
    shown = capsys.readouterr().out
    lines: list[str] = []
    model.summary(line_length=90, print_fn=lines.append)
    assert shown == "\n".join(lines) + "\n"


# -- predict ----------------------------------------------------------------------------------------------------------
def test_predict_writes_what_predict_gives(saved: Path, model: Any, rows: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", rows)
    assert run("predict", saved, tmp_path / "x.npy", "-o", tmp_path / "y.npy", "--batch-size", 2) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), model.predict(rows, batch_size=2, verbose=0))


def test_predict_prints_json(saved: Path, model: Any, rows: np.ndarray, tmp_path: Path, read_json: Callable) -> None:
    np.save(tmp_path / "x.npy", rows)
    found = read_json("predict", saved, tmp_path / "x.npy", "--json")
    np.testing.assert_allclose(found["head"], model.predict(rows, verbose=0), rtol=1e-6)


def test_predict_with_several_inputs_and_outputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = nnstack.Input((2,), name="a"), nnstack.Input((2,), name="b")
    total, difference = layers.Add(name="total")([a, b]), layers.Subtract(name="difference")([a, b])
    nnstack.Model([a, b], [total, difference]).save(tmp_path / "two.keras")
    x, y = np.ones((3, 2), np.float32), np.full((3, 2), 5, np.float32)
    np.savez(tmp_path / "x.npz", b=y, a=x)
    assert run("predict", tmp_path / "two.keras", tmp_path / "x.npz", "-o", tmp_path / "y.npz") == 0
    with np.load(tmp_path / "y.npz") as found:
        np.testing.assert_array_equal(found["total"], x + y)
        np.testing.assert_array_equal(found["difference"], x - y)
    assert run("predict", tmp_path / "two.keras", tmp_path / "x.npz", "-o", tmp_path / "y.npy") == 1
    assert "name an .npz file" in capsys.readouterr().err
    np.save(tmp_path / "one.npy", x)
    assert run("predict", tmp_path / "two.keras", tmp_path / "one.npy") == 1
    assert "the model has 2 inputs (a, b)" in capsys.readouterr().err


def test_predict_wants_weights_and_inputs_that_are_there(
    saved: Path, rows: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("convert", saved, tmp_path / "a.json") == 0
    np.save(tmp_path / "x.npy", rows)
    assert run("predict", tmp_path / "a.json", tmp_path / "x.npy") == 1
    assert "is an architecture without weights; give them with --weights" in capsys.readouterr().err
    assert run("predict", tmp_path / "a.json", tmp_path / "x.npy", "--weights", saved, "-o", tmp_path / "y.npy") == 0
    assert run("predict", saved, tmp_path / "x.npy", "-o", tmp_path / "z.npy") == 0
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), np.load(tmp_path / "z.npy"))
    assert run("predict", saved, tmp_path / "none.npy") == 1
    assert f"INPUT: no file at {tmp_path / 'none.npy'}" in capsys.readouterr().err


def test_predict_unpickles_nothing(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "x.npy", np.array([{"an": "object"}]), allow_pickle=True)
    assert run("predict", saved, tmp_path / "x.npy") == 1
    assert "holds objects" in capsys.readouterr().err


# -- convert ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", [".keras", ".hdf5"])
def test_whole_models_convert_with_their_training(
    ending: str, saved: Path, model: Any, rows: np.ndarray, tmp_path: Path
) -> None:
    target = tmp_path / f"b{ending}"
    assert run("convert", saved, target) == 0
    assert run("convert", target, tmp_path / "back.h5") == 0
    back = nnstack.models.load_model(tmp_path / "back.h5")
    np.testing.assert_array_equal(back.predict(rows, verbose=0), model.predict(rows, verbose=0))
    assert int(back.optimizer.iterations.numpy()) == 1
    assert back.loss == "categorical_crossentropy"


@pytest.mark.parametrize("weights", ["w.ckpt", "w.weights.h5", "w.safetensors"])
@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_architecture_and_weights_from_two_files(
    weights: str, ending: str, saved: Path, model: Any, rows: np.ndarray, tmp_path: Path
) -> None:
    assert run("convert", saved, tmp_path / weights) == 0
    assert run("convert", saved, tmp_path / f"a.{ending}") == 0
    assert run("convert", tmp_path / f"a.{ending}", tmp_path / "b.h5", "--weights", tmp_path / weights) == 0
    back = nnstack.models.load_model(tmp_path / "b.h5", compile=False)
    np.testing.assert_array_equal(back.predict(rows, verbose=0), model.predict(rows, verbose=0))


def test_dialect(saved: Path, tmp_path: Path, read_json: Callable[..., Any]) -> None:
    assert run("convert", saved, tmp_path / "old.h5", "--dialect", "keras2.3") == 0
    assert read_json("inspect", tmp_path / "old.h5", "--json")["versions"]["keras_version"].startswith("2.3")


def test_exported(saved: Path, tmp_path: Path) -> None:
    assert run("convert", saved, tmp_path / "m.bin", "--to", "nnstack") == 0
    assert (tmp_path / "m.bin").read_bytes().startswith(b"NNSTACK\0")


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("small.h5", "b.gif", "the ending of"),
        ("small.h5", "small.h5", "--overwrite replaces it"),
        ("a.json", "b.h5", "is an architecture without weights"),
        ("w.ckpt", "b.h5", "holds weights alone"),
        ("w.weights.h5", "b.h5", "only weights, without the config of an architecture"),
        ("m.nnstack", "b.h5", "compiled function for the C++ library"),
    ],
)
def test_what_cannot_be_converted(
    source: str, target: str, text: str, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if source != saved.name:
        assert run("convert", saved, tmp_path / source) == 0
    before = sorted(tmp_path.iterdir())
    assert run("convert", tmp_path / source, tmp_path / target) == 1
    assert text in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


# -- doctor -----------------------------------------------------------------------------------------------------------
def test_doctor_is_well(read_json: Callable[..., Any]) -> None:
    report = read_json("doctor", "--json")
    assert report["problems"] == []
    assert report["version"] == nnstack.__version__
    assert report["devices"][0] == "cpu"
    assert report["trial"]["cpu"] == "a product comes out right"
    assert report["threads"] == nnstack.get_num_threads()
    assert report["packages"]["numpy"] == np.__version__
    assert (report["why_no_cuda"] is None) == any(name.startswith("cuda") for name in report["devices"])


def test_doctor_in_words(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNSTACK_CUDA_BLAS", "0")
    assert run("doctor") == 0
    shown = capsys.readouterr().out
    assert "all is well" in shown
    assert "NNSTACK_CUDA_BLAS=0" in shown


def test_doctor_tells_of_a_device_that_fails(monkeypatch: pytest.MonkeyPatch, read_json: Callable[..., Any]) -> None:
    from nnstack.cli import doctor

    monkeypatch.setattr(doctor, "_trial", lambda name, problems: problems.append(f"{name}: no memory") or "failed")
    report = doctor.examine()
    assert report["problems"] == ["cpu: no memory"]
    assert json.loads(json.dumps(report)) == report
    assert run("doctor") == 1


def test_doctor_without_the_native_core(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "nnstack._core", None)
    monkeypatch.delattr(nnstack, "_core")
    assert run("doctor") == 1
    assert "problem: the native core does not load" in capsys.readouterr().out


# -- every pair of formats --------------------------------------------------------------------------------------------
SOURCES = ("a.h5", "a.hdf5", "a.keras", "a.onnx", "a.json", "a.yaml")
TARGETS = (
    "b.h5",
    "b.hdf5",
    "b.keras",
    "b.onnx",
    "b.nnstack",
    "b.json",
    "b.yaml",
    "b.ckpt",
    "b.safetensors",
    "b.weights.h5",
)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", SOURCES)
def test_every_pair_of_formats(
    source: str,
    target: str,
    saved: Path,
    model: Any,
    rows: np.ndarray,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What comes out predicts what went in; weights alone do so in the model they were taken from."""
    if "onnx" in source + target:
        pytest.importorskip("onnx")
    weights: list[Any] = []
    assert run("convert", saved, tmp_path / source) == 0
    if source.endswith((".json", ".yaml")):
        model.save_weights(tmp_path / "w.safetensors")
        weights = ["--weights", tmp_path / "w.safetensors"]
    assert run("convert", tmp_path / source, tmp_path / target, *weights) == 0, capsys.readouterr().err
    expected = model.predict(rows, verbose=0)
    ending = target.split(".", 1)[1]
    if ending == "nnstack":
        assert (tmp_path / target).read_bytes().startswith(b"NNSTACK\0")
        return
    if ending in ("json", "yaml"):
        read = nnstack.models.model_from_json if ending == "json" else nnstack.models.model_from_yaml
        found = read((tmp_path / target).read_text())
        assert found.input_shape == (None, 6, 2) and found.output_shape == (None, 3)
        taken = nnstack.models.load_model(tmp_path / source) if source == "a.onnx" else model
        found.set_weights(taken.get_weights())
    elif ending in ("ckpt", "safetensors", "weights.h5"):
        found = (
            nnstack.models.load_model(tmp_path / source, compile=False) if not weights else load_text(tmp_path / source)
        )
        found.set_weights([np.zeros_like(array) for array in found.get_weights()])
        found.load_weights(tmp_path / target)
    else:
        found = nnstack.models.load_model(tmp_path / target, compile=False)
    np.testing.assert_allclose(found.predict(rows, verbose=0), expected, rtol=1e-5, atol=1e-6)


def load_text(path: Path) -> Any:
    read = nnstack.models.model_from_json if path.suffix == ".json" else nnstack.models.model_from_yaml
    return read(path.read_text())
