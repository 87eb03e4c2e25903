"""Arrays in pieces between files and variables: every number in its place, whatever shape, format and size."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstack import Sequential, _core, layers, models
from nnstack.optimizers import legacy
from nnstack.saving import pieces
from nnstack.saving.crc32c import masked

LARGE = (3, 5, 300, 310)  # a row of its first axis is more than a piece


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(4, 200))
def test_pieces_cover_an_array_in_order(shape: list[int], size: int) -> None:
    whole = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    before, pieces.SIZE = pieces.SIZE, size
    try:
        found = []
        for begin, place, part in pieces.of_array(tuple(shape), whole.dtype):
            np.testing.assert_array_equal(whole[place].shape, part.shape)
            assert whole[place].ravel()[0] == begin and part.nbytes <= max(size, 4)
            found.append(whole[place].ravel().copy())
    finally:
        pieces.SIZE = before
    np.testing.assert_array_equal(np.concatenate(found), whole.ravel())


@pytest.mark.parametrize("name", ["m.h5", "m.keras", "w", "w.safetensors", "w.weights.h5"])
def test_large_weights_of_any_shape(name: str, tmp_path: Path) -> None:
    if name.endswith("safetensors"):
        pytest.importorskip("safetensors")
    shape = LARGE[:2]
    model = Sequential(
        [layers.Conv2D(LARGE[3], shape, input_shape=(4, 6, LARGE[2])), layers.Flatten(), layers.Dense(2)]
    )
    kernel = np.random.default_rng(0).normal(size=LARGE).astype(np.float32)
    model.layers[0].set_weights([kernel, np.ones(LARGE[3])])
    expected = model.get_weights()
    if name.startswith("m"):
        model.save(tmp_path / name)
        found = models.load_model(tmp_path / name, compile=False).get_weights()
    else:
        kind = {"save_format": "keras"} if name.endswith(".weights.h5") else {}
        model.save_weights(tmp_path / name, **kind)
        model.set_weights([np.zeros_like(one) for one in expected])
        model.load_weights(tmp_path / name)
        found = model.get_weights()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_keras_file_packed_again(compression: int, tmp_path: Path) -> None:
    model = Sequential([layers.Dense(3, input_shape=(4,))])
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as old, zipfile.ZipFile(tmp_path / "n.keras", "w", compression) as new:
        for entry in reversed(old.infolist()):
            new.writestr(entry.filename, old.read(entry))
    found = models.load_model(tmp_path / "n.keras", compile=False)
    np.testing.assert_array_equal(found.get_weights()[0], model.get_weights()[0])
    again = models.load_model((tmp_path / "n.keras").read_bytes(), compile=False)
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_a_changed_number_in_a_keras_file_is_told(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(3, input_shape=(4,))])
    model.set_weights([np.full((4, 3), 1.25), np.zeros(3)])
    model.save(tmp_path / "m.keras")
    content = (tmp_path / "m.keras").read_bytes()
    changed = content.replace(np.float32(1.25).tobytes() * 12, np.float32(1.5).tobytes() * 12)
    assert changed != content
    (tmp_path / "m.keras").write_bytes(changed)
    with pytest.raises(ValueError, match=r"model\.weights\.h5 is broken: its checksum is wrong"):
        models.load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("place", [40, -1])
def test_a_changed_byte_in_a_checkpoint_changes_no_weight(place: int, tmp_path: Path) -> None:
    """In the graph of objects, which comes first, and in the last weight."""
    model = Sequential([layers.Dense(3, input_shape=(4,), name="a"), layers.Dense(2, name="b")])
    model.save_weights(tmp_path / "w")
    data = tmp_path / "w.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[place] ^= 1
    data.write_bytes(bytes(content))
    model.set_weights([array + 1 for array in model.get_weights()])
    before = model.get_weights()
    with pytest.raises(ValueError, match="the checksum of .* is wrong"):
        model.load_weights(tmp_path / "w")
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_checksums() -> None:
    """Of RFC 3720's examples, and in any parts."""
    assert _core.crc32c(bytes(32)) == 0x8A9136AA and _core.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert _core.crc32c(bytes(range(32))) == 0x46DD794E and _core.crc32c(b"") == 0
    data = np.random.default_rng(0).bytes(1001)
    for cut in (0, 1, 7, 8, 500, 1001):
        assert _core.crc32c(data[cut:], _core.crc32c(data[:cut])) == _core.crc32c(data)
    assert masked(b"") == 0xA282EAD8


def test_parts_of_variables() -> None:
    variable = _core.Variable.zeros("v", (3, 4), "int32")
    assert variable.name == "v" and not variable.numpy().any()
    variable.assign_part(5, np.arange(1, 4, dtype=np.int32))
    part = np.empty(4, np.int32)
    variable.read_part(4, part)
    assert part.tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="behind its end"):
        variable.read_part(9, part)
    with pytest.raises(ValueError, match="of type int32"):
        variable.read_part(0, np.empty(2, np.float32))


def checkpoint_of(optimizer: Any, path: Path) -> Any:
    model = Sequential([layers.Dense(3, input_shape=(4,), name="a")])
    model.compile(optimizer, "mse")
    model.train_on_batch(np.ones((2, 4)), np.ones((2, 3)))
    model.save_weights(path)
    return model


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "nadam"])
def test_optimizers_in_checkpoints(optimizer: str, tmp_path: Path) -> None:
    """Loaded before or after compile; training goes on to the same bits."""
    first = checkpoint_of(optimizer, tmp_path / "w")
    others = []
    for early in (True, False):
        model = Sequential([layers.Dense(3, input_shape=(4,), name="a")])
        if early:
            model.compile(optimizer, "mse")
            model.load_weights(tmp_path / "w").assert_consumed()
        else:
            status = model.load_weights(tmp_path / "w")
            with pytest.raises(AssertionError, match="compile the model first"):
                status.assert_consumed()
            model.compile(optimizer, "mse")
        others.append(model)
    for _ in range(2):
        losses = [model.train_on_batch(np.ones((2, 4)), np.ones((2, 3))) for model in (first, *others)]
        assert losses[0] == losses[1] == losses[2]
    assert [int(model.optimizer.iterations.numpy()) for model in others] == [3, 3]


def test_the_state_of_another_optimizer_is_told_and_left(tmp_path: Path) -> None:
    checkpoint_of("adam", tmp_path / "w")
    other = Sequential([layers.Dense(3, input_shape=(4,), name="a")])
    other.compile(legacy.RMSprop(0.125), "mse")
    with pytest.warns(UserWarning, match="the optimizer starts anew, its state in .* does not fit RMSprop"):
        other.load_weights(tmp_path / "w")
    assert float(other.optimizer.learning_rate.numpy()) == 0.125


def test_variables_that_a_file_fills_take_no_zeros_first(tmp_path: Path) -> None:
    """States that no file holds are zeros all the same."""
    model = Sequential([layers.LSTM(3, stateful=True, batch_input_shape=(2, 4, 5)), layers.Dense(2)])
    model.save(tmp_path / "m.h5")
    found = models.load_model(tmp_path / "m.h5", compile=False)
    x = np.random.default_rng(0).normal(size=(2, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(found.predict(x, batch_size=2), model.predict(x, batch_size=2))


def test_zip_files_are_written_where_they_lie(tmp_path: Path) -> None:
    """No copy of the weights is made; any reader of zip files finds what was written, checksum included."""
    model = Sequential([layers.Dense(700, input_shape=(800,), name="d"), layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 800), np.float32), np.ones((4, 3), np.float32), verbose=0)
    for _ in range(2):  # the second time over the first
        model.save(tmp_path / "m.keras")
        with zipfile.ZipFile(tmp_path / "m.keras") as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
            content = archive.read("model.weights.h5")
        again = models.load_model(tmp_path / "m.keras")
        for one, other in zip(again.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    assert content.startswith(b"\x89HDF") and len(content) > 3 * 4 * 700 * 800
    before = (tmp_path / "m.keras").read_bytes()
    model.layers[0]._own_weights.append("nothing that a file holds")
    with pytest.raises(Exception, match="nothing that a file holds|no attribute"):
        model.save(tmp_path / "m.keras")
    assert (tmp_path / "m.keras").read_bytes() == before and len(list(tmp_path.iterdir())) == 1
