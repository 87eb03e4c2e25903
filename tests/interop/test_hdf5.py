"""Our HDF5 files in the real tf_keras and its files here: same predictions, same next training steps, state
included.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nnstack
from nnstack import optimizers
from nnstack.models import Sequential, load_model

OPTIMIZERS = {
    "SGD": ("SGD", False, {}),
    "SGD_momentum": ("SGD", False, {"learning_rate": 0.05, "momentum": 0.9}),
    "SGD_nesterov": ("SGD", False, {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "RMSprop": ("RMSprop", False, {"learning_rate": 0.01}),
    "RMSprop_centered": ("RMSprop", False, {"learning_rate": 0.01, "momentum": 0.5, "centered": True}),
    "Adam": ("Adam", False, {"learning_rate": 0.01}),
    "Adam_amsgrad": ("Adam", False, {"learning_rate": 0.01, "amsgrad": True}),
    "legacy_SGD": ("SGD", True, {"learning_rate": 0.05, "momentum": 0.9, "decay": 0.01}),
    "legacy_SGD_plain": ("SGD", True, {}),
    "legacy_RMSprop": ("RMSprop", True, {"learning_rate": 0.01, "decay": 0.01}),
    "legacy_Adam": ("Adam", True, {"learning_rate": 0.01, "decay": 0.01}),
}
LOSS, METRICS = "categorical_crossentropy", ["accuracy", "mae"]


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(24, 6)).astype(np.float32)
    return x, np.eye(3, dtype=np.float32)[rng.integers(0, 3, 24)]


def make(layers: Any, sequential: Any) -> Any:
    """The same small model in either Keras."""
    return sequential(
        [
            layers.Dense(8, activation="relu", input_shape=(6,), kernel_regularizer="l2"),
            layers.Reshape((2, 4)),
            layers.Flatten(),
            layers.Dropout(0.0),
            layers.Dense(3),
            layers.Activation("softmax"),
        ]
    )


def optimizer(module: Any, name: str) -> Any:
    kind, legacy, arguments = OPTIMIZERS[name]
    return getattr(module.legacy if legacy else module, kind)(**arguments)


def steps(model: Any, x: np.ndarray, y: np.ndarray, count: int) -> list[list[float]]:
    return [[float(value) for value in model.train_on_batch(x, y)] for _ in range(count)]


def compare(first: Any, second: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Same predictions, same next three steps, same weights afterwards."""
    np.testing.assert_allclose(first.predict(x, verbose=0), second.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(steps(first, x, y, 3), steps(second, x, y, 3), rtol=2e-5, atol=1e-6)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ours_opens_in_tf_keras(name: str, data: Any, tf_keras: Any, tmp_path: Path) -> None:
    x, y = data
    ours = make(nnstack.layers, Sequential)
    ours.compile(optimizer(optimizers, name), LOSS, metrics=METRICS)
    steps(ours, x, y, 3)
    ours.save(tmp_path / "ours.h5")
    theirs = tf_keras.models.load_model(str(tmp_path / "ours.h5"))
    assert type(theirs.optimizer).__name__ == OPTIMIZERS[name][0]
    assert ("legacy" in type(theirs.optimizer).__module__) is OPTIMIZERS[name][1]
    assert int(theirs.optimizer.iterations.numpy()) == 3
    assert theirs.metrics_names == [] or theirs.metrics_names[0] == "loss"
    compare(theirs, ours, x, y)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_theirs_opens_here(name: str, data: Any, tf_keras: Any, tmp_path: Path) -> None:
    x, y = data
    theirs = make(tf_keras.layers, tf_keras.Sequential)
    theirs.compile(optimizer(tf_keras.optimizers, name), LOSS, metrics=METRICS)
    steps(theirs, x, y, 3)
    theirs.save(str(tmp_path / "theirs.h5"))
    ours = load_model(tmp_path / "theirs.h5")
    assert int(ours.optimizer.iterations.numpy()) == 3
    assert type(ours.optimizer) is getattr(
        optimizers.legacy if OPTIMIZERS[name][1] else optimizers, OPTIMIZERS[name][0]
    )
    compare(ours, theirs, x, y)
    assert ours.metrics_names == ["loss", "accuracy", "mae"]


@pytest.mark.parametrize("name", ["Adam", "legacy_Adam"])
def test_same_layout(name: str, data: Any, tf_keras: Any, tmp_path: Path) -> None:
    """Groups, datasets and lists of names of a file read and written again are the ones tf_keras wrote."""
    x, y = data
    theirs = make(tf_keras.layers, tf_keras.Sequential)
    theirs.compile(optimizer(tf_keras.optimizers, name), LOSS, metrics=METRICS)
    steps(theirs, x, y, 1)
    theirs.save(str(tmp_path / "theirs.h5"))
    load_model(tmp_path / "theirs.h5").save(tmp_path / "ours.h5")

    def content(path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        with h5py.File(path) as file:
            file.visititems(lambda key, item: found.update({key: getattr(item, "shape", None)}))
            found = {key: value for key, value in found.items() if not key.startswith("random_states")}  # ours alone
            for key in [
                "model_weights",
                "optimizer_weights",
                *[k for k in found if k.startswith("model_weights/") and k.count("/") == 1],
            ]:
                for attribute in ("layer_names", "weight_names"):
                    if attribute in file[key].attrs:
                        found[f"{key}@{attribute}"] = list(file[key].attrs[attribute])
        return found

    assert content(tmp_path / "ours.h5") == content(tmp_path / "theirs.h5")


def test_weights_files_both_ways(data: Any, tf_keras: Any, tmp_path: Path) -> None:
    x, _ = data
    theirs, ours = make(tf_keras.layers, tf_keras.Sequential), make(nnstack.layers, Sequential)
    theirs.save_weights(str(tmp_path / "theirs.h5"))
    ours.load_weights(tmp_path / "theirs.h5")
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    changed = [weight + 0.5 for weight in ours.get_weights()]
    ours.set_weights(changed)
    ours.save_weights(tmp_path / "ours.h5")
    theirs.load_weights(str(tmp_path / "ours.h5"))
    for a, b in zip(theirs.get_weights(), changed, strict=True):
        np.testing.assert_array_equal(a, b)


def test_functional_graph_both_ways(data: Any, tf_keras: Any, tmp_path: Path) -> None:
    """Two inputs, a shared nested model, two outputs: structure and numbers survive in both directions."""
    x, y = data

    def build(k: Any) -> Any:
        layers = k.layers
        a, b = layers.Input((3,), name="a"), layers.Input((3,), name="b")
        i = layers.Input((3,))
        inner = k.models.Model(i, layers.Dense(4, activation="tanh")(i), name="inner")
        joined = layers.Concatenate()([inner(a), inner(b)])
        return k.models.Model(
            [a, b], [layers.Dense(3, activation="softmax", name="p")(joined), layers.Add()([inner(a), inner(b)])]
        )

    theirs, ours = build(tf_keras), build(nnstack)
    theirs.save(str(tmp_path / "theirs.h5"))
    loaded = load_model(tmp_path / "theirs.h5", compile=False)
    parts = [x[:, :3], x[:, 3:]]
    for mine, other in zip(loaded.predict(parts), theirs.predict(parts, verbose=0), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
    ours.save(tmp_path / "ours.h5")
    back = tf_keras.models.load_model(str(tmp_path / "ours.h5"), compile=False)
    for mine, other in zip(ours.predict(parts), back.predict(parts, verbose=0), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
    assert [layer.name for layer in back.layers] == [layer.name for layer in ours.layers]
    assert y.shape == (24, 3)


def test_json_both_ways(tf_keras: Any) -> None:

    ours = make(nnstack.layers, Sequential)
    theirs = tf_keras.models.model_from_json(ours.to_json())
    assert [layer.name for layer in theirs.layers] == [layer.name for layer in ours.layers]
    again = nnstack.models.model_from_json(theirs.to_json())
    assert [weight.shape for weight in again.get_weights()] == [weight.shape for weight in theirs.get_weights()]
    config, theirs_config = again.layers[0].get_config(), theirs.layers[0].get_config()
    assert config["units"] == theirs_config["units"] and config["activation"] == theirs_config["activation"]
    assert config["kernel_regularizer"]["config"] == theirs_config["kernel_regularizer"]["config"]
