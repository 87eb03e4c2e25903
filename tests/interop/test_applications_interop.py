"""Published classifiers against the real tf_keras: the same file of weights gives the same predictions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import applications, backend

sys.path.insert(0, str(Path(__file__).parent.parent / "applications"))
from application_cases import ONE_OF_EACH, SMALLEST, lines


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_same_predictions_from_a_file_of_keras(name: str, tf_keras: Any, tmp_path: Path) -> None:
    tf_keras.backend.clear_session()
    backend.clear_session()
    size = SMALLEST.get(name, 32) + 1
    arguments: dict[str, Any] = {"input_shape": (size, size + 3, 3), "classes": 11, "weights": None}
    theirs = getattr(tf_keras.applications, name)(**arguments)
    generator = np.random.default_rng(4)
    drawn = []
    for weight, array in zip(theirs.weights, theirs.get_weights(), strict=True):
        ending = weight.name.split("/")[-1]
        if array.ndim < 2 and "count" not in ending:
            positive = "variance" in ending or "gamma" in ending
            drawn.append(
                generator.uniform(0.8, 1.2, array.shape) if positive else generator.normal(0, 0.1, array.shape)
            )
        else:
            drawn.append(array)
    theirs.set_weights(drawn)
    file = str(tmp_path / "keras.h5")
    theirs.save_weights(file)
    ours = getattr(applications, name)(**arguments)
    assert list(lines(ours)) == list(lines(theirs))
    images = generator.uniform(0, 255 if "Efficient" in name or "V3" in name[-7:] else 2, (3, size, size + 3, 3))
    images = images.astype("float32")
    expected = theirs.predict(images, verbose=0)
    for by_name in (False, True):
        ours.load_weights(file, by_name=by_name)
        found = ours.predict(images, verbose=0)
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-5)
        ours.set_weights([array * 0 for array in ours.get_weights()])


def test_preprocessing_and_decoding_are_keras_s(tf_keras: Any) -> None:
    pixels = np.random.default_rng(5).uniform(0, 255, (2, 6, 7, 3)).astype("float32")
    for mode in ("caffe", "tf", "torch"):
        for data_format, images in (("channels_last", pixels), ("channels_first", pixels.transpose(0, 3, 1, 2))):
            theirs = tf_keras.applications.imagenet_utils.preprocess_input(images.copy(), data_format, mode)
            ours = applications.imagenet_utils.preprocess_input(images, data_format, mode)
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-5)


def test_same_arguments_as_keras(tf_keras: Any) -> None:
    import inspect

    for name in [name for name in applications.__all__ if name[0].isupper()]:
        theirs = inspect.signature(getattr(tf_keras.applications, name)).parameters
        ours = inspect.signature(getattr(applications, name)).parameters
        wanted = {key: one.default for key, one in theirs.items() if one.kind is not one.VAR_KEYWORD}
        assert {key: ours[key].default for key in wanted} == wanted, name
        assert list(ours)[: len(wanted)] == list(wanted) or "V3" in name, name
