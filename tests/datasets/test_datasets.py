"""Loaders on small files made here, in the layout of the real ones."""

import gzip
import io
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import backend
from nnstack.datasets import boston_housing, cifar10, cifar100, fashion_mnist, imdb, mnist, reuters
from nnstack.utils.file_utils import get_file, validate_file

RNG = np.random.default_rng(0)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: Any) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def test_mnist_and_where_files_are_looked_for(cache: Path, tmp_path: Path) -> None:
    parts = {f"x_{p}": RNG.integers(0, 256, (n, 28, 28), np.uint8) for p, n in (("train", 5), ("test", 2))}
    parts |= {f"y_{p}": RNG.integers(0, 10, n, np.uint8) for p, n in (("train", 5), ("test", 2))}
    with pytest.raises(FileNotFoundError, match=r"mnist: .*mnist.npz does not exist, and nothing is downloaded"):
        mnist.load_data()
    np.savez(cache / "mnist.npz", **parts)
    (x, y), (x_test, y_test) = mnist.load_data()
    np.testing.assert_array_equal(x, parts["x_train"])
    np.testing.assert_array_equal(y_test, parts["y_test"])
    np.savez_compressed(tmp_path / "other.npz", **parts)
    np.testing.assert_array_equal(mnist.load_data(tmp_path / "other.npz")[1][0], parts["x_test"])
    assert y.dtype == np.uint8 and x_test.shape == (2, 28, 28)


def test_fashion_mnist(cache: Path) -> None:
    (cache / "fashion-mnist").mkdir()
    arrays = {}
    for name, count in (("train", 4), ("t10k", 2)):
        for kind, shape in (("images-idx3", (count, 28, 28)), ("labels-idx1", (count,))):
            array = RNG.integers(0, 9, shape, np.uint8)
            header = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
            with gzip.open(cache / "fashion-mnist" / f"{name}-{kind}-ubyte.gz", "wb") as file:
                file.write(header + array.tobytes())
            arrays[name, kind] = array
    (x, y), (x_test, _) = fashion_mnist.load_data()
    np.testing.assert_array_equal(x, arrays["train", "images-idx3"])
    np.testing.assert_array_equal(y, arrays["train", "labels-idx1"])
    assert x_test.shape == (2, 28, 28)


def test_cifar(cache: Path) -> None:
    ten, hundred = cache / "cifar-10-batches-py", cache / "cifar-100-python"
    ten.mkdir()
    hundred.mkdir()
    data = RNG.integers(0, 256, (2, 3072), np.uint8)
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        (ten / name).write_bytes(pickle.dumps({b"data": data, b"labels": [3, 7]}, protocol=2))
    for name in ("train", "test"):
        content = {b"data": data, b"fine_labels": [50, 99], b"coarse_labels": [1, 19]}
        (hundred / name).write_bytes(pickle.dumps(content, protocol=2))
    (x, y), (x_test, y_test) = cifar10.load_data()
    assert x.shape == (10, 32, 32, 3) and y.ravel().tolist() == [3, 7] * 5 and y_test.shape == (2, 1)
    np.testing.assert_array_equal(x_test[0, 1, 2], data[0].reshape(3, 32, 32)[:, 1, 2])
    backend.set_image_data_format("channels_first")
    try:
        assert cifar10.load_data()[0][0].shape == (10, 3, 32, 32)
    finally:
        backend.set_image_data_format("channels_last")
    assert cifar100.load_data()[0][1].ravel().tolist() == [50, 99]
    assert cifar100.load_data("coarse")[1][1].ravel().tolist() == [1, 19]
    with pytest.raises(ValueError, match="'fine' or 'coarse'"):
        cifar100.load_data("medium")


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("echo broken",)


def test_files_never_run_anything(cache: Path) -> None:
    (cache / "cifar-100-python").mkdir()
    (cache / "cifar-100-python" / "train").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match="data files may hold arrays, lists, texts and numbers only"):
        cifar100.load_data()
    hidden = np.empty(1, dtype=object)
    hidden[0] = Evil()
    np.savez(cache / "imdb.npz", x_train=hidden, y_train=[0], x_test=hidden, y_test=[0])
    with pytest.raises(ValueError, match=r"the file names (posix|nt)\.system"):
        imdb.load_data()


def lists(*rows: list[int]) -> np.ndarray:
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    return array


def test_imdb_and_reuters(cache: Path) -> None:
    rows = [[1, 2, 3], [4, 5], [6], [1, 9, 9, 9]]
    np.savez(cache / "imdb.npz", x_train=lists(*rows), y_train=[0, 1, 2, 3], x_test=lists(*rows), y_test=[0, 1, 2, 3])
    (x, y), (x_test, y_test) = imdb.load_data()
    for text, label in zip(x, y, strict=True):
        # without num_words the highest number itself is outside, as in Keras
        assert text == [1, *(word + 3 if word + 3 < 12 else 2 for word in rows[label])]
    assert sorted(y) == sorted(y_test) == [0, 1, 2, 3] and len(x_test) == 4
    order = np.arange(4)
    np.random.RandomState(113).shuffle(order)
    assert list(y) == list(order)
    (x, y), _ = imdb.load_data(num_words=8, skip_top=5, start_char=None, oov_char=None, index_from=0, maxlen=4)
    assert {label: text for text, label in zip(x, y, strict=True)} == {0: [], 1: [5], 2: [6]}
    with pytest.raises(ValueError, match="no text is shorter than maxlen=1"):
        imdb.load_data(maxlen=1)
    np.savez(cache / "reuters.npz", x=lists(*rows), y=[0, 1, 2, 3])
    (x, y), (x_test, y_test) = reuters.load_data(test_split=0.25, num_words=100)
    assert (len(x), len(x_test)) == (3, 1) and x_test[0] == [1, *(w + 3 for w in rows[y_test[0]])]
    (cache / "reuters_word_index.json").write_text('{"the": 1}')
    assert reuters.get_word_index() == {"the": 1}


def test_boston_housing(cache: Path) -> None:
    x = RNG.normal(size=(10, 13))
    np.savez(cache / "boston_housing.npz", x=x, y=np.arange(10.0))
    (a, b), (c, d) = boston_housing.load_data()
    assert (len(a), len(c)) == (8, 2) and sorted([*b, *d]) == list(range(10))
    np.testing.assert_array_equal(a, x[b.astype(int)])
    assert list(boston_housing.load_data(seed=5)[0][1]) != list(b)
    with pytest.raises(ValueError, match="test_split from 0 to below 1"):
        boston_housing.load_data(test_split=1)


def test_get_file(cache: Path, tmp_path: Path) -> None:
    source = tmp_path / "words.txt"
    source.write_text("abc")
    path = get_file("copy.txt", origin=source.as_uri(), md5_hash="900150983cd24fb0d6963f7d28e17f72")
    assert path == str(cache / "copy.txt") and Path(path).read_text() == "abc"
    assert validate_file(path, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    source.unlink()
    assert get_file("copy.txt", origin="https://example.org/copy.txt") == path
    with pytest.raises(FileNotFoundError, match="Get it from https://example.org/data.zip and put it there"):
        get_file(origin="https://example.org/data.zip")
    with pytest.raises(FileNotFoundError, match="has another hash than expected"):
        get_file("copy.txt", origin="https://example.org/copy.txt", file_hash="0" * 32)
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        archive.writestr("inner/a.txt", "zip")
    get_file(origin=str(tmp_path / "pack.zip"), extract=True, cache_subdir="more")
    assert (tmp_path / "more" / "inner" / "a.txt").read_text() == "zip"
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../outside.txt", "no")
    with pytest.raises(ValueError, match="outside.txt lies outside its folder"):
        get_file(origin=str(tmp_path / "bad.zip"), extract=True)
    with tarfile.open(tmp_path / "flowers.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("flowers/rose.txt")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"rose"))
    folder = get_file("flowers", origin=str(tmp_path / "flowers.tar.gz"), untar=True)
    assert (Path(folder) / "rose.txt").read_text() == "rose"
    assert not (tmp_path / "outside.txt").exists()
