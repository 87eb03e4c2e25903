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
