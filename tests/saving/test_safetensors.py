"""Weights in safetensors files: names, both ways, and what is said where something is wrong."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import layers
from nnstack.models import Model, Sequential

pytest.importorskip("safetensors", reason="needs the package safetensors")
X = np.linspace(-1, 1, 20, dtype=np.float32).reshape(5, 4)


def nested() -> Any:
    i = layers.Input((4,))
    inner = Model(i, layers.BatchNormalization(name="bn")(layers.Dense(3, name="in")(i)), name="inner")
    a = layers.Input((4,), name="a")
    joined = layers.Add(name="add")([inner(a), inner(a)])
    wide = layers.TimeDistributed(layers.Dense(2, name="d"), name="each")(layers.Reshape((1, 3), name="r")(joined))
    return Model(a, layers.Bidirectional(layers.LSTM(2, name="l"), name="both")(wide), name="outer")


def test_names_are_the_road_to_a_weight(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    model = nested()
    model.save_weights(tmp_path / "w.safetensors")
    stored = load_file(tmp_path / "w.safetensors")
    assert sorted(stored) == [
        "both/backward_layer/cell/bias", "both/backward_layer/cell/kernel", "both/backward_layer/cell/recurrent_kernel",
        "both/forward_layer/cell/bias", "both/forward_layer/cell/kernel", "both/forward_layer/cell/recurrent_kernel",
        "each/layer/bias", "each/layer/kernel", "inner/bn/beta", "inner/bn/gamma", "inner/bn/moving_mean",
        "inner/bn/moving_variance", "inner/in/bias", "inner/in/kernel",
    ]  # fmt: skip
    np.testing.assert_array_equal(stored["inner/in/kernel"], model.get_layer("inner").get_layer("in").kernel.numpy())


@pytest.mark.parametrize("how", ["path", "text", "bytes", "format"])
def test_both_ways(how: str, tmp_path: Path) -> None:
    model, other = nested(), nested()
    model.set_weights([weight + 0.25 for weight in model.get_weights()])
    path = tmp_path / ("w.bin" if how == "format" else "w.safetensors")
    model.save_weights(path, save_format="safetensors" if how == "format" else None)
    source: Any = {"path": path, "text": str(path)}.get(how) or path.read_bytes()
    other.load_weights(source)
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_other_types_are_cast_and_nothing_is_half_loaded(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    model = Sequential([layers.Dense(3, input_shape=(4,), name="d"), layers.Dense(2, name="e")])
    arrays = {f"{n}/{w}": np.ones(s) for n, w, s in
              [("d", "kernel", (4, 3)), ("d", "bias", (3,)), ("e", "kernel", (3, 2)), ("e", "bias", (2,))]}  # fmt: skip
    save_file({name: array.astype(np.float16) for name, array in arrays.items()}, tmp_path / "half.safetensors")
    model.load_weights(tmp_path / "half.safetensors")
    assert all((weight == 1).all() and weight.dtype == np.float32 for weight in model.get_weights())
    save_file({**{k: 2 * v for k, v in arrays.items()}, "e/bias": np.zeros(7)}, tmp_path / "wrong.safetensors")
    with pytest.raises(
        ValueError, match=r'layer "e", weight e/bias:0: expected shape \(2,\), the file\'s "e/bias" has'
    ):
        model.load_weights(tmp_path / "wrong.safetensors")
    save_file({"d/kernel": np.zeros((4, 3)), "f/bias": np.zeros(2)}, tmp_path / "less.safetensors")
    with pytest.raises(
        ValueError, match=r"no numbers for 3 of 4 weights \(d/bias, e/bias, e/kernel\) and 1 .*\(f/bias\)"
    ):
        model.load_weights(tmp_path / "less.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"\x10" * 40)
    with pytest.raises(ValueError, match="no safetensors file, or a broken one"):
        model.load_weights(tmp_path / "broken.safetensors")
    assert all((weight == 1).all() for weight in model.get_weights())


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    model = Sequential([layers.Dense(3, input_shape=(4,))])
    with pytest.raises(ImportError, match=r"pip install nnstack\[safetensors\]"):
        model.save_weights(tmp_path / "w.safetensors")
