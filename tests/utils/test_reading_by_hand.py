"""Enqueuers and HDF5Matrix: the parts of `fit` that older programs call themselves."""

import itertools
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nnstack.layers import Dense, Input
from nnstack.models import Model, Sequential
from nnstack.utils import (
    GeneratorEnqueuer,
    HDF5Matrix,
    OrderedEnqueuer,
    Sequence,
    get_source_inputs,
    pack_x_y_sample_weight,
    to_ordinal,
    unpack_x_y_sample_weight,
)


class Squares(Sequence):
    def __init__(self) -> None:
        self.rounds = 0

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> int:
        return index * index

    def on_epoch_end(self) -> None:
        self.rounds += 1


@pytest.mark.parametrize("processes", [False, True])
def test_ordered_enqueuer(processes: bool) -> None:
    data = Squares()
    enqueuer = OrderedEnqueuer(data, use_multiprocessing=processes)
    with pytest.raises(RuntimeError, match="before start"):
        enqueuer.get()
    enqueuer.start(workers=2, max_queue_size=3)
    assert enqueuer.is_running()
    assert [*itertools.islice(enqueuer.get(), 12)] == [0, 1, 4, 9, 16] * 2 + [0, 1] and data.rounds == 2
    enqueuer.stop()
    assert not enqueuer.is_running()
    shuffled = OrderedEnqueuer(data, shuffle=True)
    shuffled.start()
    np.random.seed(0)
    first, second = ([*itertools.islice(shuffled.get(), 5)] for _ in range(2))
    assert sorted(first) == sorted(second) == [0, 1, 4, 9, 16] and first != second
    shuffled.stop()


def test_generator_enqueuer() -> None:
    enqueuer = GeneratorEnqueuer(i for i in range(4))
    enqueuer.start(workers=1, max_queue_size=2)
    assert [*enqueuer.get()] == [0, 1, 2, 3]
    enqueuer.stop()
    with pytest.raises(ValueError, match="use OrderedEnqueuer"):
        GeneratorEnqueuer(Squares())


@pytest.fixture
def path(tmp_path: Path) -> str:
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["x"], file["y"] = np.arange(80.0, dtype="float32").reshape(20, 4) / 80, np.ones((20, 1), "float32")
    return str(tmp_path / "d.h5")


def test_hdf5_matrix(path: str) -> None:
    whole = np.arange(80.0, dtype="float32").reshape(20, 4) / 80
    part = HDF5Matrix(path, "x", 3, 15, normalizer=lambda rows: rows * 2)
    assert len(part) == 12 and part.shape == (12, 4) and part.ndim == 2 and part.size == 48 and part.dtype == "float32"
    np.testing.assert_allclose(part[2:6], whole[5:9] * 2)
    np.testing.assert_allclose(part[-1], whole[14] * 2)
    np.testing.assert_allclose(part[[4, 0, 4]], whole[[7, 3, 7]] * 2)
    for wrong in (12, [3, 12]):
        with pytest.raises(IndexError):
            part[wrong]
    with pytest.raises(KeyError):
        HDF5Matrix(path, "z")


@pytest.mark.parametrize("shuffle", ["batch", True])
def test_training_from_it(path: str, shuffle: Any) -> None:
    model = Sequential([Dense(1, input_shape=(4,), kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    x, y = HDF5Matrix(path, "x", end=16), HDF5Matrix(path, "y", end=16)
    history = model.fit(x, y, batch_size=5, epochs=3, shuffle=shuffle, verbose=0, validation_split=0.25).history
    assert history["loss"][-1] < history["loss"][0] < 1.0 and len(history["val_loss"]) == 3
    assert model.predict(HDF5Matrix(path, "x", 16)).shape == (4, 1)


def test_source_inputs_and_packing() -> None:
    i, j = Input((3,)), Input((3,))
    inner = Model(i, Dense(2)(i))
    out = Dense(1)(inner(j))
    assert [*map(id, get_source_inputs(out))] == [id(j)] and get_source_inputs(i)[0] is i
    assert unpack_x_y_sample_weight(pack_x_y_sample_weight(1, 2, 3)) == (1, 2, 3)
    assert pack_x_y_sample_weight(1) == 1 and pack_x_y_sample_weight((1, 2)) == ((1, 2),)
    assert unpack_x_y_sample_weight((1,)) == (1, None, None) and unpack_x_y_sample_weight([1, 2]) == (1, 2, None)
    with pytest.raises(ValueError, match="expected"):
        unpack_x_y_sample_weight((1, 2, 3, 4))


def test_to_ordinal() -> None:
    expected = [[0, 0, 0], [1, 1, 1], [1, 0, 0]]
    np.testing.assert_array_equal(to_ordinal([0, 3, 1]), expected)
    np.testing.assert_array_equal(to_ordinal([[0], [3], [1]], dtype="int32"), expected)
    assert to_ordinal([0, 1], num_classes=5).shape == (2, 4) and to_ordinal([1]).dtype == np.float32
