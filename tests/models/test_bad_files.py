"""What a user is told when a file, a config or a device does not fit: the exact texts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from small_models import new

import nnstack
from nnstack.layers import Dense
from nnstack.models import Sequential, load_model, model_from_json

CASES: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    (
        "JSON",
        lambda: model_from_json("{"),
        ValueError,
        "model_from_json: broken JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    (
        "no JSON",
        lambda: model_from_json(3),
        TypeError,
        "model_from_json: expected JSON text, got 3 of type int",
    ),
    (
        "device",
        lambda: nnstack.set_device(3),
        TypeError,
        "set_device: expected a name such as 'cpu' or 'cuda:0', got 3",
    ),
    (
        "threads",
        lambda: nnstack.set_num_threads("a"),
        TypeError,
        "set_num_threads: expected a whole number, got 'a'",
    ),
    (
        "dialect",
        lambda: new().save("m.h5", dialect="keras4"),
        ValueError,
        "save (model \"m\"): expected dialect 'tf_keras', 'keras2.3', 'keras3', got 'keras4'",
    ),
    (
        "export",
        lambda: new().export("no_such_folder/m.nnstack"),
        FileNotFoundError,
        'export (model "m"): cannot write no_such_folder/m.nnstack, the folder no_such_folder does not exist. '
        "Create it first",
    ),
    (
        "export type",
        lambda: new().export(3),
        TypeError,
        'export (model "m"): expected a path, got 3',
    ),
    # files
    (
        "folder for others",
        lambda: new().save("folder", dialect="keras3"),
        ValueError,
        "save (model \"m\"): dialect='keras3' is for files; save to a path ending in .keras or .h5",
    ),
    (
        "format",
        lambda: new().save("a.h5", save_format="zip"),
        ValueError,
        "save (model \"m\"): expected save_format 'h5', 'tf' or 'keras', got 'zip'",
    ),
    ("no file", lambda: load_model("no_such_file.h5"), OSError, "load_model: no file at no_such_file.h5"),
    (
        "classes",
        lambda: model_from_json(
            '{"class_name": "Sequential", "config": {"name": "a", "layers": [{"class_name": "Foo", "config": {}}, '
            '{"class_name": "Bar", "config": {}}]}}'
        ),
        ValueError,
        "config: unknown classes Bar, Foo. Pass them: custom_objects={'Bar': Bar, 'Foo': Foo}",
    ),
]


@pytest.mark.parametrize(("action", "error", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_text(action: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        action()
    assert str(caught.value) == text


def test_files_of_weights_that_do_not_fit(tmp_path: Path) -> None:
    new().save_weights(tmp_path / "w.h5")
    other = Sequential([Dense(3, input_shape=(64,), name="q"), Dense(3, name="p")], name="o")
    before = other.get_weights()
    with pytest.raises(ValueError) as caught:
        other.load_weights(tmp_path / "w.h5")
    assert str(caught.value) == (
        'load_weights (model "o"): layer "q", weight q/kernel:0: expected shape (64, 3), the file\'s "first" has '
        "(64, 8). The file is of another architecture, or of one with other sizes\n"
        "3 of 4 weights differ:\n"
        "  * q/kernel:0: expected (64, 3), found (64, 8)\n"
        "  * q/bias:0: expected (3,), found (8,)\n"
        "  * p/kernel:0: expected (3, 3), found (8, 3)\n"
        "    p/bias:0: expected (3,), found (3,)"
    )
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))
    with pytest.raises(ValueError) as caught:
        Sequential([Dense(3, input_shape=(64,), name="q")], name="o").load_weights(tmp_path / "w.h5")
    assert str(caught.value) == (
        'load_weights (model "o"): the model has 1 layers with weights (q), the file 2 (first, out). '
        "Is it the same architecture? by_name=True takes layers of the same name"
    )


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    model, path = new(), tmp_path / "m.h5"
    model.save(path)
    (tmp_path / "text.h5").write_text("not HDF5")
    (tmp_path / "cut.h5").write_bytes(path.read_bytes()[:1000])
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["numbers"] = [1, 2]
    model.save_weights(tmp_path / "weights.h5")
    with h5py.File(tmp_path / "broken.h5", "w") as file:
        file.attrs["model_config"] = "{"
    missing = tmp_path / "missing" / "m.h5"
    cases: list[tuple[Callable[[], Any], type[Exception], str]] = [
        (
            lambda: model.save(missing),
            FileNotFoundError,
            f'save (model "m"): cannot write {missing}, the folder {missing.parent} does not exist. Create it first',
        ),
        (
            lambda: model.save_weights(missing),
            FileNotFoundError,
            f'save_weights (model "m"): cannot write {missing}, the folder {missing.parent} does not exist. '
            "Create it first",
        ),
        (
            lambda: model.save(tmp_path, save_format="h5"),
            IsADirectoryError,
            f'save (model "m"): cannot write {tmp_path}, it is a folder. Give the path of a file',
        ),
        (
            lambda: model.save(path, overwrite=False),
            FileExistsError,
            f'save (model "m"): {path} exists; pass overwrite=True to replace it',
        ),
        (
            lambda: model.save(3, save_format="h5"),
            TypeError,
            'save (model "m"): expected a path, an h5py.File or a file object, got 3',
        ),
        (
            lambda: load_model(tmp_path),
            IsADirectoryError,
            f"load_model: expected an HDF5 file, {tmp_path} is a folder",
        ),
        (
            lambda: load_model(tmp_path / "other.h5"),
            ValueError,
            f"load_model: {tmp_path / 'other.h5'} holds no model, it was not written by Keras",
        ),
        (
            lambda: load_model(tmp_path / "weights.h5"),
            ValueError,
            f"load_model: {tmp_path / 'weights.h5'} holds no model, only weights, without the config of an "
            "architecture. Build the model and call load_weights",
        ),
        (
            lambda: model.load_weights(tmp_path / "none.h5"),
            FileNotFoundError,
            f'load_weights (model "m"): no file at {tmp_path / "none.h5"}',
        ),
        (
            lambda: model.load_weights(tmp_path / "other.h5"),
            ValueError,
            f'load_weights (model "m"): {tmp_path / "other.h5"} holds no weights of Keras',
        ),
    ]
    for action, error, text in cases:
        with pytest.raises(error) as caught:
            action()
        assert str(caught.value) == text
    for name in ("text.h5", "cut.h5"):
        with pytest.raises(OSError) as broken:
            load_model(tmp_path / name)
        assert str(broken.value).startswith(f"load_model: {tmp_path / name} is not an HDF5 file, or a broken one. ")
    with pytest.raises(ValueError, match="broken.h5: the attribute model_config: broken JSON"):
        load_model(tmp_path / "broken.h5")
