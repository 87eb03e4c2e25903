"""Data sets made of folders."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PIL")
from nnstack.layers import Dense, Flatten, Rescaling
from nnstack.models import Sequential
from nnstack.preprocessing import image, image_dataset_from_directory, text_dataset_from_directory
from nnstack.utils import timeseries_dataset_from_array


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, shade, count in (("bright", 200, 6), ("dark", 20, 4)):
        (tmp_path / name / "deep").mkdir(parents=True)
        for i in range(count):
            place = tmp_path / name / ("deep" if i == 1 else "") / f"{i}.png"
            image.save_img(place, np.full((6, 3, 3), shade + i, np.float32), scale=False)
            (place.parent / f"{i}.txt").write_text(f"{name} number {i}")
    return tmp_path


def test_images(folder: Path) -> None:
    batches = image_dataset_from_directory(folder, image_size=(4, 4), batch_size=4, shuffle=False)
    assert len(batches) == 3 and batches.class_names == ["bright", "dark"]
    x, y = batches[1]
    assert x.shape == (4, 4, 4, 3) and x.dtype == np.float32
    np.testing.assert_array_equal(y, [0, 0, 1, 1])
    np.testing.assert_array_equal(x[:, 0, 0, 0], [205, 201, 20, 22])  # nested folders come after the files beside them
    _, one_hot = image_dataset_from_directory(folder, label_mode="categorical", batch_size=10, shuffle=False)[0]
    np.testing.assert_array_equal(one_hot, np.eye(2)[[0] * 6 + [1] * 4])
    x, binary = image_dataset_from_directory(
        folder, label_mode="binary", class_names=["dark", "bright"], color_mode="grayscale", image_size=(2, 2),
        shuffle=False, crop_to_aspect_ratio=True, interpolation="nearest",
    )[0]  # fmt: skip
    assert x.shape == (10, 2, 2, 1) and binary.shape == (10, 1) and binary.ravel().tolist() == [0] * 4 + [1] * 6
    assert image_dataset_from_directory(folder, labels=None, image_size=(2, 2))[0].shape == (10, 2, 2, 3)
    single = image_dataset_from_directory(folder, batch_size=None, image_size=(2, 2))
    assert len(single) == 10 and single[9][0].shape == (2, 2, 3)
    own = image_dataset_from_directory(folder, labels=list(range(10)), shuffle=False, image_size=(2, 2))
    assert own[0][1].tolist() == list(range(10))


def test_subsets_and_order(folder: Path) -> None:
    options: dict[str, Any] = {"image_size": (2, 2), "seed": 3, "validation_split": 0.3}
    training, validation = image_dataset_from_directory(folder, subset="both", **options)
    assert len(training.file_paths) == 7 and not set(training.file_paths) & set(validation.file_paths)
    alone = image_dataset_from_directory(folder, subset="validation", **options)
    assert alone.file_paths == validation.file_paths
    first = training[0][1].tolist(), training[0][0][:, 0, 0, 0].tolist()
    training.on_epoch_end()
    second = training[0][0][:, 0, 0, 0].tolist()
    assert second != first[1] and sorted(second) == sorted(first[1])
    for wrong, message in (
        ({"validation_split": 0.3}, "go together"),
        ({"validation_split": 0.3, "subset": "validation"}, "give a seed"),
        ({"validation_split": 2, "subset": "both"}, "between 0 and 1"),
        ({"label_mode": "float"}, "as label_mode, got 'float'"),
        ({"class_names": ["a"]}, "are not the folders"),
        ({"labels": [1]}, "as many labels as files, got 1 and 10"),
        ({"labels": "guessed"}, "expected 'inferred', None or a list"),
    ):
        with pytest.raises(ValueError, match=message):
            image_dataset_from_directory(folder, **wrong)
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match="no files ending in"):
        image_dataset_from_directory(folder / "empty", labels=None)


def test_texts(folder: Path) -> None:
    texts, labels = text_dataset_from_directory(folder, shuffle=False, batch_size=7)[0]
    assert texts[0] == "bright number 0" and texts[6] == "dark number 0" and labels.tolist() == [0] * 6 + [1]
    short = text_dataset_from_directory(folder, shuffle=False, max_length=4, labels=None)[0]
    assert set(short) == {"brig", "dark"}


def test_models_train_on_folders(folder: Path) -> None:
    batches = image_dataset_from_directory(folder, image_size=(4, 4), batch_size=5, seed=1)
    model = Sequential([Rescaling(1 / 255, input_shape=(4, 4, 3)), Flatten(), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    losses = model.fit(batches, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.predict(image_dataset_from_directory(folder, labels=None, image_size=(4, 4))).shape == (10, 1)
    windows = timeseries_dataset_from_array(np.arange(8.0)[:, None], np.arange(8.0), 2)
    assert windows[0][0].shape == (7, 2, 1)
