"""Helpers that layers and scripts written for Keras 2 import."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import backend, engine, layers, models, saving, utils
from nnstack.preprocessing.image import smart_resize
from nnstack.utils import conv_utils, generic_utils, io_utils, weight_formats


@pytest.mark.parametrize("size", [5, 7, 8])
@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_lengths_are_those_of_the_layers(size: int, kernel: int, stride: int) -> None:
    for padding in ("valid", "same"):
        made = layers.Conv1D(2, kernel, strides=stride, padding=padding).compute_output_shape((1, size, 1))[1]
        assert conv_utils.conv_output_length(size, kernel, padding, stride) == made
        back = layers.Conv1DTranspose(2, kernel, strides=stride, padding=padding).compute_output_shape((1, size, 1))[1]
        assert conv_utils.deconv_output_length(size, kernel, padding, stride=stride) == back
        assert conv_utils.deconv_length(size, stride, kernel, padding) == back
    wide = layers.Conv1D(2, kernel, dilation_rate=2).compute_output_shape((1, size, 1))[1]
    assert conv_utils.conv_output_length(size, kernel, "valid", 1, dilation=2) == wide
    assert conv_utils.conv_output_length(size, kernel, "full", 1) == size + kernel - 1
    assert (
        conv_utils.conv_input_length(conv_utils.conv_output_length(size, kernel, "full", 1), kernel, "full", 1) == size
    )


def test_arguments_of_convolutions() -> None:
    assert conv_utils.normalize_tuple(2, 3, "strides") == (2, 2, 2)
    assert conv_utils.normalize_tuple([1, 0], 2, "padding", allow_zero=True) == (1, 0)
    for wrong in (0, (1, 2, 3), "ab", (1, 2.5), None):
        with pytest.raises(ValueError, match="expected kernel_size as an int or 2 ints"):
            conv_utils.normalize_tuple(wrong, 2, "kernel_size")
    assert conv_utils.normalize_padding("SAME") == "same"
    assert conv_utils.normalize_data_format(None) == backend.image_data_format()
    for function in (conv_utils.normalize_padding, conv_utils.normalize_data_format):
        with pytest.raises(ValueError, match="got 'middle'"):
            function("middle")
    kernel = np.arange(12.0).reshape(2, 3, 1, 2)
    np.testing.assert_array_equal(conv_utils.convert_kernel(kernel), kernel[::-1, ::-1])
    assert conv_utils.conv_output_length(None, 3, "valid", 1) is None


def test_slices_and_shapes() -> None:
    x = np.arange(6)
    assert [one if one is None else one.tolist() for one in generic_utils.slice_arrays([x, None], 2, 4)] == [
        [2, 3],
        None,
    ]
    assert generic_utils.slice_arrays(x, [5, 0]).tolist() == [5, 0]
    assert generic_utils.slice_arrays([[1, 2, 3]], np.array([2, 0])) == [[3, 1]]
    assert generic_utils.slice_arrays(None) is None
    assert generic_utils.transpose_shape((None, 4, 5, 3), "channels_first", (1, 2)) == (None, 3, 4, 5)
    assert generic_utils.transpose_shape((None, 4, 5, 3), "channels_last", (1, 2)) == (None, 4, 5, 3)
    assert generic_utils.is_all_none([None, None]) and not generic_utils.is_all_none([None, 0])
    assert generic_utils.object_list_uid([x]) == str(id(x))
    with pytest.raises(ValueError, match=r"loss: unknown keys \['c'\]"):
        generic_utils.check_for_unexpected_keys("loss", {"a": 1, "c": 2}, ["a", "b"])


def test_kernels_turned_about() -> None:
    model = models.Sequential([layers.Conv2D(2, 3, input_shape=(5, 5, 1)), layers.Flatten(), layers.Dense(1)])
    before = [array.copy() for array in model.get_weights()]
    utils.convert_all_kernels_in_model(model)
    after = model.get_weights()
    np.testing.assert_array_equal(after[0], before[0][::-1, ::-1])
    for a, b in zip(before[1:], after[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    assert weight_formats.count_params(model.weights) == model.count_params()


def test_dense_weights_for_the_other_data_format() -> None:
    images = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    dense = layers.Dense(2)
    expected = dense(images.reshape(2, -1)).numpy()
    weight_formats.convert_dense_weights_data_format(dense, (5, 3, 4), "channels_first")
    moved = images.transpose(0, 3, 1, 2).reshape(2, -1)
    np.testing.assert_allclose(dense(moved).numpy(), expected, rtol=1e-5)
    weight_formats.convert_dense_weights_data_format(dense, (3, 4, 5), "channels_last")
    np.testing.assert_allclose(dense(images.reshape(2, -1)).numpy(), expected, rtol=1e-5)


def test_warm_start_of_embeddings(tmp_path: Path) -> None:
    base = np.arange(6.0).reshape(3, 2)
    found = utils.warmstart_embedding_matrix(["a", "b", "c"], ["c", "new", "a"], base, "ones")
    np.testing.assert_array_equal(found, [[4, 5], [1, 1], [0, 1]])
    (tmp_path / "words.txt").write_text("a\nb\nc\n")
    again = utils.warmstart_embedding_matrix(str(tmp_path / "words.txt"), ["b"], base)
    np.testing.assert_array_equal(again, [[2, 3]])
    with pytest.raises(ValueError, match="2 words, base_embeddings 3 rows"):
        utils.warmstart_embedding_matrix(["a", "b"], ["c"], base)


def test_progress_in_the_log(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    assert utils.is_interactive_logging_enabled()
    utils.disable_interactive_logging()
    try:
        with caplog.at_level(logging.INFO, "nnstack"):
            utils.Progbar(2, verbose=2).update(2, [("loss", 0.5)])
            io_utils.print_msg("\nsaved")
        assert not utils.is_interactive_logging_enabled()
    finally:
        utils.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    assert "loss: 0.5000" in caplog.text and caplog.messages[-1] == "saved"
    io_utils.print_msg("seen")
    assert capsys.readouterr().out == "seen\n"


def test_former_homes_of_names() -> None:
    assert engine.Model is models.Model and engine.Layer is layers.Layer
    from nnstack.engine import input_layer, network, training

    assert training.Model is network.Network is models.Model and input_layer.Input is layers.Input
    assert saving.load_model is models.load_model and saving.get_custom_objects is utils.get_custom_objects
    with pytest.raises(ValueError, match="trains on one device"):
        utils.multi_gpu_model(models.Sequential(), 2)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_smart_resize(data_format: str) -> None:
    images = np.random.default_rng(1).uniform(size=(2, 8, 6, 3)).astype("float32")
    middle = images[:, 2:5]  # 3 of 8 rows: the shape of 2 x 4 at the full width of 6
    expected = layers.Resizing(2, 4)(middle).numpy()
    given: Any = images if data_format == "channels_last" else images.transpose(0, 3, 1, 2)
    found = smart_resize(given, (2, 4), data_format=data_format)
    found = found if data_format == "channels_last" else found.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    one = smart_resize(given[0], (2, 4), data_format=data_format)
    np.testing.assert_allclose(
        one if data_format == "channels_last" else one.transpose(1, 2, 0), expected[0], rtol=1e-5
    )
    assert isinstance(one, np.ndarray) and backend.is_tensor(smart_resize(backend.convert(images), (3, 3)))
    with pytest.raises(ValueError, match=r"got shape \(8, 6\)"):
        smart_resize(images[0, :, :, 0], (2, 2))
