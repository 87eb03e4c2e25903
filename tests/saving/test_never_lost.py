"""A file is old or new, and whole: when the process is killed, when the disk is full, when two write at once."""

import os
import random
import resource
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack.layers import Dense
from nnstack.models import Sequential, load_model

KILLS = int(os.environ.get("NNSTACK_KILLS", "20"))  # for each format


def model_of(number: float, width: int = 60) -> Any:
    model = Sequential([Dense(width, input_shape=(width,), name="a"), Dense(width, name="b")], name="m")
    model.set_weights([np.full_like(weight, number) for weight in model.get_weights()])
    return model


def numbers_in(model: Any) -> set[float]:
    return {float(number) for weight in model.get_weights() for number in np.unique(weight)}


def forked(action: Callable[[], Any]) -> int:
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(1)
    return child


def read_whole(path: Path) -> set[float]:
    return numbers_in(load_model(path, compile=False))


def read_weights(path: Path) -> set[float]:
    model = model_of(-1)
    model.load_weights(path)
    return numbers_in(model)


def read_export(path: Path) -> set[float]:
    """Which of the four models it is, byte for byte."""
    if not _exports:
        for number in range(4):
            model_of(number).export(path.with_name("other"))
            _exports[path.with_name("other").read_bytes()] = float(number)
        path.with_name("other").unlink()
    return {_exports[path.read_bytes()]}


_exports: dict[bytes, float] = {}
Save, Read = Callable[[Any, Path], None], Callable[[Path], set[float]]
FORMATS: dict[str, tuple[Save, Read]] = {
    "m.h5": (lambda model, path: model.save(path), read_whole),
    "m.keras": (lambda model, path: model.save(path), read_whole),
    "w.weights.h5": (lambda model, path: model.save_weights(path), read_weights),
    "w.safetensors": (lambda model, path: model.save_weights(path), read_weights),
    "tf_weights": (lambda model, path: model.save_weights(path, save_format="tf"), read_weights),
    "m.nnstack": (lambda model, path: model.export(path), read_export),
}


@pytest.mark.parametrize("name", FORMATS)
def test_killed_at_any_moment(name: str, tmp_path: Path) -> None:
    if name.endswith(".safetensors"):
        pytest.importorskip("safetensors")
    save, read = FORMATS[name]
    path, generator = tmp_path / name, random.Random(7)
    models = [model_of(number) for number in range(4)]
    save(models[0], path)
    read(path)  # libraries are loaded here, once for all children
    start = time.perf_counter()
    save(models[0], path)
    one_save = time.perf_counter() - start

    def save_again_and_again(ready: int) -> None:
        os.write(ready, b"!")
        while True:
            for model in models:
                save(model, path)

    seen = set()
    for _ in range(KILLS):
        started, ready = os.pipe()
        child = forked(partial(save_again_and_again, ready))
        os.close(ready)
        os.read(started, 1)
        os.close(started)
        time.sleep(generator.uniform(0.0, 0.02 + 8 * one_save))  # a first save copies the pages that it touches
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        found = read(path)
        assert len(found) == 1 and found <= {0.0, 1.0, 2.0, 3.0}
        seen |= found
    assert len(seen) > 1  # the children did get to save


@pytest.mark.parametrize("name", ["m.h5", "m.keras", "tf_weights"])
def test_full_disk_keeps_the_old_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    save, read = FORMATS[name]
    save(model_of(1), path)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    large = model_of(2, 300)

    def save_with_little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            save(large, path)
        except OSError:
            os._exit(42)

    assert os.waitstatus_to_exitcode(os.waitpid(forked(save_with_little_room), 0)[1]) == 42
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before
    assert read(path) == {1.0}


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_two_writers_leave_one_whole_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    first, second = model_of(1), model_of(2)

    def write(model: Any) -> None:
        for _ in range(25):
            model.save(path)
        os._exit(0)

    children = [forked(lambda: write(first)), forked(lambda: write(second))]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert len(numbers_in(load_model(path, compile=False))) == 1
    assert [one.name for one in tmp_path.iterdir()] == [name]
