"""Every hostile file is refused with an error that says why, within a second and 200 MB, and nothing in it runs."""

import json
import os
import re
import resource
import time
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import pytest

from nnstack.layers import Dense
from nnstack.models import Sequential, load_model, model_from_yaml

SECONDS, MEGABYTES = 1.0, 200


def load(path: Path) -> None:
    if path.suffix == ".yaml":
        model_from_yaml(path.read_text())
    else:
        load_model(path)


def in_a_fork(path: Path) -> dict[str, Any]:
    """What loading the file in a child process gives: kind and text of the error, seconds, megabytes."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
            resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
            kind, text = "", "loaded"
            try:
                load(path)
            except BaseException as error:
                kind = next(one.__name__ for one in type(error).__mro__ if one.__module__ == "builtins")
                text = str(error)
            used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            result = {"kind": kind, "text": text[:4000], "seconds": time.process_time() - start, "mb": used / 1024}
            os.write(write, json.dumps(result).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the loader was ended by signal {status & 127}"
    result: dict[str, Any] = json.loads(answer)
    return result


@pytest.fixture(scope="module", autouse=True)
def libraries(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Loaded once, and not by the file."""
    folder = tmp_path_factory.mktemp("good")
    model = Sequential([Dense(2, input_shape=(3,))])
    for name in ("warm.h5", "warm.keras"):
        model.save(folder / name)
        load_model(folder / name, compile=False)
    model_from_yaml(model.to_yaml())


@pytest.mark.parametrize(("name", "make", "text"), hostile.FILES, ids=[name for name, _, _ in hostile.FILES])
def test_refused(name: str, make: hostile.Maker, text: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    make(tmp_path / name, mark)
    result = in_a_fork(tmp_path / name)
    assert result["kind"] in ("ValueError", "OSError", "TypeError", "FileNotFoundError"), result
    assert re.search(text, result["text"]), result["text"]
    assert not mark.exists()
    assert result["seconds"] < SECONDS and result["mb"] < MEGABYTES, result


@pytest.mark.filterwarnings("ignore:load_model. .* holds no training configuration")
def test_code_beside_a_known_function_is_left_out(tmp_path: Path) -> None:
    hostile.code_for_the_output_shape(tmp_path / "m.h5", tmp_path / "mark")
    model = load_model(tmp_path / "m.h5")
    np.testing.assert_array_equal(model.predict(-np.ones((1, 3)), verbose=0), [[0, 0]])
    assert not (tmp_path / "mark").exists()


def test_no_member_of_a_zip_leaves_its_folder(tmp_path: Path) -> None:
    """Members are read by their exact names; others are not even looked at."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    config = hostile.sequential(hostile.dense())
    extra = {"../../evil": b"out", "/tmp/nnstack_evil": b"out", "..\\..\\evil": b"out"}
    hostile.archive(inner / "m.keras", config, extra=extra)
    model = load_model(inner / "m.keras", compile=False)
    np.testing.assert_array_equal(model.get_weights()[0], np.ones((3, 2)))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "m.keras"]
    assert not os.path.exists("/tmp/nnstack_evil")


def test_flipped_bits_never_crash(tmp_path: Path) -> None:
    """A good file with single bytes changed loads, or says that it is broken."""
    Sequential([Dense(2, input_shape=(3,), name="d")]).save(tmp_path / "good.h5")
    data = (tmp_path / "good.h5").read_bytes()
    rng = np.random.default_rng(5)
    for number in range(25):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            changed[place] = int(rng.integers(0, 256))
        (tmp_path / "bad.h5").write_bytes(bytes(changed))
        result = in_a_fork(tmp_path / "bad.h5")
        assert result["kind"] in ("", "UserWarning", "ValueError", "OSError", "TypeError"), (number, result)
