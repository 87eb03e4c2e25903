"""TensorFlow reads the event files that the TensorBoard callback writes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack.callbacks import TensorBoard
from nnstack.layers import Dense
from nnstack.models import Sequential


def test_tensorflow_reads_them(tmp_path: Path, tf_keras: Any) -> None:
    tf = pytest.importorskip("tensorflow")
    model = Sequential([Dense(3, input_shape=(4,), name="first")])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    history = model.fit(x, x[:, :3], epochs=2, verbose=0, callbacks=[TensorBoard(tmp_path, 1, write_images=True)])
    (path,) = (tmp_path / "train").iterdir()
    values: dict[str, list[Any]] = {}
    for event in tf.compat.v1.train.summary_iterator(str(path)):
        for value in event.summary.value:
            values.setdefault(value.tag, []).append((event.step, value.metadata.plugin_data.plugin_name, value.tensor))
    losses = [float(tf.make_ndarray(tensor)) for _, _, tensor in values["epoch_loss"]]
    np.testing.assert_allclose(losses, history.history["loss"], rtol=1e-6)
    step, plugin, tensor = values["first/kernel_0/histogram"][1]
    rows = tf.make_ndarray(tensor)
    assert (step, plugin) == (1, "histograms") and rows.shape == (30, 3) and rows[:, 2].sum() == 12
    _, plugin, tensor = values["first/kernel_0/image"][0]
    width, height, picture = tensor.string_val
    assert plugin == "images" and tf.io.decode_png(picture).shape == (int(height), int(width), 1)
    assert b"first" in values["keras"][0][2].string_val[0]


def test_tensorboard_reads_them(tmp_path: Path, tf_keras: Any) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    model = Sequential([Dense(3, input_shape=(4,), name="first")])
    model.compile("sgd", "mse")
    x = np.random.default_rng(1).normal(size=(20, 4)).astype("float32")
    written = TensorBoard(tmp_path, histogram_freq=1, update_freq=2)
    history = model.fit(
        x, x[:, :3], batch_size=4, epochs=3, verbose=0, validation_data=(x[:8], x[:8, :3]), callbacks=[written]
    )
    for folder, prefix in (("train", ""), ("validation", "val_")):
        found = EventAccumulator(str(tmp_path / folder), size_guidance={"tensors": 0}).Reload()
        events = found.Tensors("epoch_loss")
        assert [event.step for event in events] == [0, 1, 2]
        losses = [float(make_ndarray(event.tensor_proto)) for event in events]
        np.testing.assert_allclose(losses, history.history[f"{prefix}loss"], rtol=1e-6)
    training = EventAccumulator(str(tmp_path / "train"), size_guidance={"tensors": 0}).Reload()
    assert training.SummaryMetadata("epoch_loss").plugin_data.plugin_name == "scalars"
    assert "keras" in training.Tags()["tensors"]  # the model's graph
    counts = make_ndarray(training.Tensors("first/kernel_0/histogram")[-1].tensor_proto)[:, 2]
    assert counts.sum() == 12
