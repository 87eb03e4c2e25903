"""H5Dict and the helpers beside it, used as in Keras 2.3's own documentation of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import metrics, optimizers, utils
from nnstack.backend import variable
from nnstack.utils import generic_utils, io_utils
from nnstack.utils.io_utils import H5Dict


@pytest.mark.parametrize("kind", ["path", "dict", "group"])
def test_reads_what_it_wrote(tmp_path: Path, kind: str) -> None:
    import h5py

    place: Any = {"path": tmp_path / "a.h5", "dict": {}}.get(kind)
    if place is None:
        place = h5py.File(tmp_path / "g.h5", "w")
    with H5Dict(place, "w") as data:
        data["x"] = np.arange(6.0).reshape(2, 3)
        data["layer"]["kernel"] = np.ones(2)
        data["names"] = ["a", "b"]
        data.update({"number": 3, "text": "words"})
        with pytest.raises(ValueError, match="'x' is there already"):
            data["x"] = np.ones(1)
    with H5Dict(place, "r") as data:
        assert data["x"].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
        assert data["layer"]["kernel"].tolist() == [1.0, 1.0] and "layer" in data and "other" not in data
        assert list(data["names"]) == ["a", "b"] and data["number"] == 3 and data["text"] == "words"
        assert data.get("other", 7) == 7 and set(data) == {"x", "layer", "names", "number", "text"} and len(data) == 5
        if kind == "path":
            with pytest.raises(ValueError, match="open for reading"):
                data["new"] = np.ones(1)
            with pytest.raises(KeyError, match="no 'new'"):
                data["new"]


def test_what_it_takes() -> None:
    assert H5Dict.is_supported_type("a.h5") and H5Dict.is_supported_type({}) and not H5Dict.is_supported_type(3)
    with pytest.raises(TypeError, match="expected a path"):
        H5Dict(3)
    assert utils.H5Dict is H5Dict is io_utils.h5dict


def test_hdf5_in_memory() -> None:
    stream = io.BytesIO()
    io_utils.save_to_binary_h5py(lambda file: file.create_dataset("x", data=[1, 2]), stream)
    stream.seek(0)
    assert io_utils.load_from_binary_h5py(lambda file: file["x"][()].tolist(), stream) == [1, 2]


def test_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["what", "Y", "n"])
    monkeypatch.setattr("builtins.input", lambda text: next(answers))
    assert io_utils.ask_to_proceed_with_overwrite("a.h5") is True
    assert io_utils.ask_to_proceed_with_overwrite("a.h5") is False


def test_lists() -> None:
    assert generic_utils.to_list((1, 2)) == [1, 2] and generic_utils.to_list(3) == [3]
    assert generic_utils.to_list((1, 2), allow_tuple=True) == (1, 2)
    given = [1]
    assert generic_utils.to_list(given) is given


def test_generators_by_the_names_of_keras_2() -> None:
    enqueuer = utils.GeneratorEnqueuer(sequence=iter([(1,), (2,)]), wait_time=0.01)
    enqueuer.start()
    assert list(enqueuer.get()) == [(1,), (2,)]
    enqueuer.stop()


def test_state_of_metrics() -> None:
    one, other = metrics.Mean(), metrics.Mean()
    one.update_state([1.0, 2.0])
    other.update_state([9.0])
    assert [float(value) for value in one.get_weights()] == [3.0, 2.0]
    one.merge_state([other])
    assert float(one.result()) == 4.0
    store: dict[str, Any] = {}
    one.save_own_variables(store)
    fresh = metrics.Mean()
    fresh.load_own_variables(store)
    assert float(fresh.result()) == 4.0 and fresh.stateful and fresh.trainable_variables == []
    with pytest.raises(ValueError, match="expected 2 weights"):
        fresh.set_weights([np.float32(1)])
    with pytest.raises(ValueError, match="another state"):
        fresh.merge_state([metrics.MeanIoU(2)])


def test_state_of_optimizers() -> None:
    weight = variable([1.0, 2.0])
    one, other = optimizers.Adam(0.1), optimizers.Adam(0.1)
    one.build([weight])
    other.build([weight])
    pairs = one.aggregate_gradients([(np.float32([1, 1]), weight)])
    one.apply_gradients(pairs)
    store: dict[str, Any] = {}
    one.save_own_variables(store)
    other.load_own_variables(store)
    assert [value.tolist() for value in other.get_weights()] == [value.tolist() for value in one.get_weights()]
    assert int(other.iterations.numpy()) == 1
