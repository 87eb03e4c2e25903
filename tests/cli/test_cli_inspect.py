"""`nnstack inspect` on every kind of file."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack.cli import main

SHAPES = {"stem/kernel:0": [3, 2, 4], "stem/bias:0": [4], "head/kernel:0": [4, 3], "head/bias:0": [3]}
PARAMETERS = 24 + 4 + 12 + 3


def test_hdf5(saved: Path, read_json: Callable[..., Any]) -> None:
    found = read_json("inspect", saved, "--json")
    assert found["kind"] == "hdf5"
    assert found["versions"]["keras_version"].startswith("2.")
    assert found["bytes"] == saved.stat().st_size
    assert [(one["name"], one["class"]) for one in found["model"]["layers"]] == [
        ("stem_input", "InputLayer"), ("stem", "Conv1D"), ("mean", "GlobalAveragePooling1D"), ("head", "Dense")
    ]  # fmt: skip
    assert found["model"]["layers"][1]["arguments"]["filters"] == 4
    assert {tuple(row["shape"]) for row in found["weights"]} == {tuple(shape) for shape in SHAPES.values()}
    assert all(row["dtype"] == "float32" for row in found["weights"])
    assert found["totals"] == {"weights": 4, "parameters": PARAMETERS, "bytes": 4 * PARAMETERS}
    assert found["training"] == {"loss": "categorical_crossentropy", "metrics": ["accuracy"]}
    assert found["optimizer"]["class"].endswith("Adam")
    assert found["optimizer"]["arrays"] == 1 + 2 * 4  # the count of steps and two slots for each weight


def test_text_shows_the_same(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(saved)]) == 0
    shown = capsys.readouterr().out
    for text in (
        "Sequential small, 4 layers",
        "Conv1D",
        "filters=4",
        "(3, 2, 4)",
        f"{PARAMETERS} numbers in 4 weights",
    ):
        assert text in shown


@pytest.mark.parametrize("name", ["small.keras", "small.weights.h5", "small.ckpt", "w.h5"])
def test_weights_of_other_formats(name: str, model: Any, tmp_path: Path, read_json: Callable[..., Any]) -> None:
    path = tmp_path / name
    (model.save if name.endswith(".keras") else model.save_weights)(str(path))
    found = read_json("inspect", path, "--json")
    counted = [row for row in found["weights"] if "save_counter" not in row["name"]]
    assert sorted(row["shape"] for row in counted) == sorted(SHAPES.values())
    assert ("model" in found) == name.endswith(".keras")
    if name.endswith(".keras"):
        assert found["optimizer"]["arrays"] >= 9
        assert [one["class"] for one in found["model"]["layers"]][1:] == ["Conv1D", "GlobalAveragePooling1D", "Dense"]
    else:
        assert "weights alone" in found["notes"][0]


@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_architecture(ending: str, model: Any, tmp_path: Path, read_json: Callable[..., Any]) -> None:
    path = tmp_path / f"small.{ending}"
    path.write_text(getattr(model, f"to_{ending}")())
    found = read_json("inspect", path, "--json")
    assert [one["name"] for one in found["model"]["layers"]][1:] == ["stem", "mean", "head"]
    assert found["totals"]["parameters"] == 0


def test_exported_file(model: Any, tmp_path: Path, read_json: Callable[..., Any]) -> None:
    path = tmp_path / "small.nnstack"
    model.export(path)
    found = read_json("inspect", path, "--json")
    assert {row["name"]: row["shape"] for row in found["weights"]} == SHAPES
    assert found["inputs"] == [{"name": "stem_input", "dtype": "float32", "shape": [None, 6, 2]}]
    assert found["operators"]["convolution"] == 1
    assert found["functions"][0]["name"] == "predict"


def test_exported_file_that_is_cut_short(model: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "small.nnstack"
    model.export(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert main(["inspect", str(path)]) == 1
    assert "its header claims" in capsys.readouterr().err


def test_safetensors_header(tmp_path: Path, read_json: Callable[..., Any]) -> None:
    header = {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {"format": "np"}}
    text = json.dumps(header).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + np.zeros(6, np.float32).tobytes())
    found = read_json("inspect", path, "--json")
    assert found["weights"] == [{"name": "w", "shape": [2, 3], "dtype": "f32", "bytes": 24}]
    assert found["versions"] == {"format": "np"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        struct.pack("<Q", 1 << 40) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        b"\x08" + bytes(7) + b'{"w":{}}',
    ],
)
def test_broken_safetensors(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    assert main(["inspect", str(path)]) == 1
    assert "safetensors" in capsys.readouterr().err


def test_nested_models_show_their_layers(tmp_path: Path, read_json: Callable[..., Any]) -> None:
    import nnstack
    from nnstack import layers

    inner = nnstack.Sequential([layers.Dense(2, name="deep")], name="inner")
    i = nnstack.Input((3, 4))
    model = nnstack.Model(i, layers.TimeDistributed(inner, name="each")(i))
    path = tmp_path / "nested.json"
    path.write_text(model.to_json())
    rows = read_json("inspect", path, "--json")["model"]["layers"]
    depths = {one["name"]: one["depth"] for one in rows}
    assert depths["each"] == 0
    assert depths["inner"] == 1
    assert depths["deep"] == 2


def test_groups_that_hold_one_another_are_listed_once(tmp_path: Path, read_json: Callable[..., Any]) -> None:
    import h5py

    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        for name in "abc":
            file.create_group(name)["w"] = np.zeros(2, np.float32)
        for name in "abc":
            for other in "abc":
                file[name][f"again_{other}"] = file[other]
    assert read_json("inspect", path, "--json")["totals"] == {"weights": 3, "parameters": 6, "bytes": 24}
