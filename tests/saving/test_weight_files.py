"""Weights as others stored them: other layouts, types, orders and storage; and models of two thousand layers."""

import io
import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nnstack import layers
from nnstack.layers import Activation, BatchNormalization, Dense, Dropout, Flatten, Input
from nnstack.models import Model, Sequential, load_model
from nnstack.saving import weight_layouts
from nnstack.saving.weight_layouts import Origin

RNG = np.random.default_rng(12)
X = RNG.normal(size=(5, 4)).astype(np.float32)
KERAS_1, THEANO, TODAY = Origin((1, 2, 2), None), Origin((2, 0, 8), "theano"), Origin((2, 15), "tensorflow")


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def small() -> Sequential:
    return Sequential([Dense(6, input_shape=(4,), name="a"), Activation("tanh"), Dense(2, name="b")])


# -- storage ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", ">f8", "<f2"])
@pytest.mark.parametrize("options", [{}, {"chunks": True}, {"chunks": True, "compression": "gzip", "shuffle": True}])
def test_types_and_storage(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    model, other = small(), small()
    model.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "a") as file:
        for layer in ("a", "b"):
            for weight in ("kernel", "bias"):
                name = f"{layer}/{layer}/{weight}:0"
                array = file[name][()]
                del file[name]
                file.create_dataset(name, data=array.astype(kind), **options)
    other.load_weights(tmp_path / "w.h5")
    for mine, theirs in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs.astype(kind).astype(np.float32))


@pytest.mark.parametrize("how", ["bytes", "stream", "path", "str"])
def test_sources(how: str, tmp_path: Path) -> None:
    model = small()
    for suffix in (".h5", ".keras"):
        path = tmp_path / f"m{suffix}"
        model.save(path)
        content = path.read_bytes()
        source = {"bytes": content, "stream": io.BytesIO(content), "path": path, "str": str(path)}[how]
        np.testing.assert_array_equal(load_model(source, compile=False).predict(X), model.predict(X))
        other = small()
        other.load_weights(io.BytesIO(content) if how == "stream" else source)
        np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_two_thousand_layers(tmp_path: Path) -> None:
    """Their names exceed one attribute, and the time does not grow with the square of their number."""
    names = [f"a_layer_with_a_name_of_more_than_forty_letters_{number:04d}" for number in range(2000)]
    model = Sequential([Dense(2, input_shape=(2,), name="first"), *[Dense(2, name=name) for name in names]])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names0" in file["model_weights"].attrs and "layer_names" not in file["model_weights"].attrs
        assert len(file.attrs["model_config"]) > 65536
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    loaded = load_model(tmp_path / "m.h5", compile=False)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 20
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    for mine, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_layers_without_weights(tmp_path: Path) -> None:
    model = Sequential([Flatten(input_shape=(2, 2)), Dropout(0.5)])
    for name in ("m.h5", "m.keras"):
        model.save(tmp_path / name)
        loaded = load_model(tmp_path / name, compile=False)
        assert loaded.predict(X.reshape(5, 2, 2)).shape == (5, 4) and loaded.weights == []


def test_memory_of_a_load(tmp_path: Path) -> None:
    """A load takes the weights and hardly more; measured in a process of its own, whose peak is this load's."""
    import subprocess
    import sys

    width = 2500  # 50 MB in two layers
    Sequential([Dense(width, input_shape=(width,)), Dense(width)]).save(tmp_path / "m.h5")
    text = f"""
import resource, nnstack, h5py
from nnstack.models import load_model, Sequential
from nnstack.layers import Dense
Sequential([Dense(2, input_shape=(2,))]).save({str(tmp_path / "small.h5")!r})
load_model({str(tmp_path / "small.h5")!r}, compile=False)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
model = load_model({str(tmp_path / "m.h5")!r}, compile=False)
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    weights = 4 * 2 * (width * width + width) / 2**20
    assert float(done.stdout.split()[-1]) < weights * 1.1  # read piece by piece into their place


# -- order ------------------------------------------------------------------------------------------------------------
def test_frozen_layers_change_the_order_in_a_file_but_not_the_weights(tmp_path: Path) -> None:
    def build(frozen: bool) -> Any:
        i = Input((4,))
        h = BatchNormalization(name="n")(Dense(4, name="p")(i))
        inner = Model(i, Dense(4, name="q")(h), name="inner")
        inner.get_layer("p").trainable = not frozen
        o = Input((4,))
        return Model(o, inner(o))

    frozen, free = build(True), build(False)
    frozen.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5") as file:
        first = file["inner"].attrs["weight_names"][0]
    assert first != "p/kernel:0"
    free.load_weights(tmp_path / "w.h5")
    np.testing.assert_array_equal(free.predict(X), frozen.predict(X))


def test_nothing_is_half_loaded(tmp_path: Path) -> None:
    model = small()
    model.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "a") as file:
        del file["b/b/bias:0"]
        file["b/b/bias:0"] = np.zeros(3, np.float32)
    other = small()
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"Only the last layer differs(.|\n)*1 of 4 weights differ(.|\n)*\* b/bias:0"):
        other.load_weights(tmp_path / "w.h5")
    for mine, theirs in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_likely_cause(tmp_path: Path) -> None:
    Sequential([Dense(6, input_shape=(4,)), Dense(2)]).save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "a") as file:
        for layer in file.attrs["layer_names"]:
            kernel = next(name for name in file[layer].attrs["weight_names"] if "kernel" in name)
            array = file[layer][kernel][()].T
            del file[layer][kernel]
            file[layer].create_dataset(kernel, data=array)
    with pytest.raises(ValueError, match="The axes come in another order: were the weights written with the other"):
        Sequential([Dense(6, input_shape=(4,)), Dense(2)]).load_weights(tmp_path / "w.h5")


# -- layouts ----------------------------------------------------------------------------------------------------------
def kernel_to_keras_1(kernel: np.ndarray) -> np.ndarray:
    """(rows, columns, in, out) as Theano's order has it: (out, in, rows, columns)."""
    return kernel.transpose(3, 2, 0, 1)


def apart(arrays: list[np.ndarray], order: tuple[int, ...]) -> list[np.ndarray]:
    """Gates side by side as Keras 1 stored them: kernel, recurrent kernel and bias of each gate in turn."""
    split = [np.split(array, len(order), axis=-1) for array in arrays]
    return [split[part][gate] for gate in order for part in range(3)]


def cudnn(arrays: list[np.ndarray], gates: int) -> list[np.ndarray]:
    """The inverse of the conversion: gates transposed, the bias in two halves."""
    kernel = [gate.reshape(gate.T.shape, order="F").T for gate in np.split(arrays[0], gates, axis=1)]
    recurrent = [gate.T for gate in np.split(arrays[1], gates, axis=1)]
    bias = (
        arrays[2].reshape(-1)
        if arrays[2].ndim == 2
        else np.concatenate([arrays[2] - 0.25, np.full_like(arrays[2], 0.25)])
    )
    return [np.concatenate(kernel, axis=1), np.concatenate(recurrent, axis=1), bias]


def lstm() -> list[np.ndarray]:
    return [floats(3, 8), floats(2, 8), floats(8)]


def gru(*bias: int) -> list[np.ndarray]:
    return [floats(3, 6), floats(2, 6), floats(*bias)]


CASES: dict[str, tuple[Callable[[], Any], Any, list[np.ndarray], Callable[[list[np.ndarray]], Any], Origin]] = {
    "LSTM of Keras 1": (lambda: layers.LSTM(2), (5, 3), lstm(), lambda w: apart(w, (0, 2, 1, 3)), KERAS_1),
    "GRU of Keras 1": (
        lambda: layers.GRU(2, reset_after=False), (5, 3), gru(6), lambda w: apart(w, (0, 1, 2)), KERAS_1,
    ),
    "CuDNNLSTM": (lambda: layers.LSTM(2), (5, 3), lstm(), lambda w: cudnn(w, 4), TODAY),
    "CuDNNGRU": (lambda: layers.GRU(2), (5, 3), gru(2, 6), lambda w: cudnn(w, 3), TODAY),
    "Bidirectional CuDNNLSTM": (
        lambda: layers.Bidirectional(layers.LSTM(2)), (5, 3), [*lstm(), *lstm()],
        lambda w: cudnn(w[:3], 4) + cudnn(w[3:], 4), TODAY,
    ),
    "Bidirectional LSTM of Keras 1": (
        lambda: layers.Bidirectional(layers.LSTM(2)), (5, 3), [*lstm(), *lstm()],
        lambda w: apart(w[:3], (0, 2, 1, 3)) + apart(w[3:], (0, 2, 1, 3)), KERAS_1,
    ),
    "Conv1D of Keras 1": (
        lambda: layers.Conv1D(4, 3), (7, 2), [floats(3, 2, 4), floats(4)], lambda w: [w[0][:, None], w[1]], KERAS_1,
    ),
    "Conv1D before 1.1": (
        lambda: layers.Conv1D(4, 3), (7, 2), [floats(3, 2, 4), floats(4)],
        lambda w: [w[0].transpose(2, 1, 0)[..., None], w[1]], KERAS_1,
    ),
    "Conv2D, channels first, of Keras 1": (
        lambda: layers.Conv2D(4, 3, data_format="channels_first"), (2, 7, 7), [floats(3, 3, 2, 4), floats(4)],
        lambda w: [kernel_to_keras_1(w[0]), w[1]], KERAS_1,
    ),
    "Conv2D, channels last, of Keras 1": (
        lambda: layers.Conv2D(4, 3), (7, 7, 2), [floats(3, 3, 2, 4), floats(4)], lambda w: w, KERAS_1,
    ),
    "Deconvolution2D of Keras 1": (
        lambda: layers.Conv2DTranspose(4, 3), (7, 7, 2), [floats(3, 3, 4, 2), floats(4)],
        lambda w: [w[0].transpose(0, 1, 3, 2), w[1]], KERAS_1,
    ),
    "Conv2D of Theano": (
        lambda: layers.Conv2D(4, 3), (7, 7, 2), [floats(3, 3, 2, 4), floats(4)],
        lambda w: [w[0][::-1, ::-1], w[1]], THEANO,
    ),
    "TimeDistributed Conv1D of Theano": (
        lambda: layers.TimeDistributed(layers.Conv1D(4, 3)), (2, 7, 2), [floats(3, 2, 4), floats(4)],
        lambda w: [w[0][::-1], w[1]], THEANO,
    ),
    "SeparableConv2D of Theano": (
        lambda: layers.SeparableConv2D(4, 3, use_bias=False), (7, 7, 2), [floats(3, 3, 2, 1), floats(1, 1, 2, 4)],
        lambda w: w, THEANO,
    ),
    "a model with an LSTM of Keras 1": (
        lambda: Sequential([layers.LSTM(2, input_shape=(5, 3)), Dense(2)]), (5, 3), [*lstm(), floats(2, 2), floats(2)],
        lambda w: apart(w[:3], (0, 2, 1, 3)) + w[3:], KERAS_1,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "shape", "weights", "as_stored", "origin"), CASES.values(), ids=CASES)
def test_layouts(make: Any, shape: Any, weights: Any, as_stored: Any, origin: Origin) -> None:
    layer = make()
    layer(Input(shape))
    assert [array.shape for array in weights] == [tuple(v.shape) for v in layer.weights]
    found = weight_layouts.convert(layer, as_stored(weights), origin)
    for mine, meant in zip(found, weights, strict=True):
        np.testing.assert_allclose(mine, meant, rtol=1e-6, atol=1e-6)


def test_a_whole_file_of_keras_1(tmp_path: Path) -> None:
    """Config, layout and optimizer state of a file without any version."""
    weights = [floats(3, 8), floats(2, 8), floats(8), floats(2, 1), floats(1)]
    config = [
        {
            "class_name": "LSTM",
            "config": {
                "name": "lstm_1", "output_dim": 2, "batch_input_shape": [None, 5, 3], "input_dim": 3, "input_length": 5,
                "init": "glorot_uniform", "inner_init": "orthogonal", "inner_activation": "hard_sigmoid",
                "forget_bias_init": "one", "consume_less": "cpu", "dropout_W": 0.0, "dropout_U": 0.0,
                "W_regularizer": None, "U_regularizer": None, "b_regularizer": None, "activation": "tanh",
                "return_sequences": False, "go_backwards": False, "stateful": False, "unroll": False,
            },
        },
        {
            "class_name": "Dense",
            "config": {
                "name": "dense_1", "output_dim": 1, "init": "uniform", "activation": "sigmoid", "bias": True,
                "W_regularizer": None, "b_regularizer": None, "W_constraint": None, "b_constraint": None,
                "activity_regularizer": None, "input_dim": 2, "trainable": True,
            },
        },
    ]  # fmt: skip
    stored = {"lstm_1": apart(weights[:3], (0, 2, 1, 3)), "dense_1": weights[3:]}
    training = {
        "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.5, "momentum": 0.0, "decay": 0.0}},
        "loss": "binary_crossentropy", "metrics": ["accuracy"], "sample_weight_mode": None, "loss_weights": None,
    }  # fmt: skip
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = np.bytes_(json.dumps({"class_name": "Sequential", "config": config}))
        file.attrs["training_config"] = np.bytes_(json.dumps(training))
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in stored]
        for name, arrays in stored.items():
            inner = group.create_group(name)
            inner.attrs["weight_names"] = [f"{name}_{number}".encode() for number in range(len(arrays))]
            for number, array in enumerate(arrays):
                inner[f"{name}_{number}"] = array
    model = load_model(tmp_path / "m.h5")
    for mine, meant in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, meant)
    assert model.layers[0].get_config()["recurrent_activation"] == "hard_sigmoid"
    assert float(model.optimizer.learning_rate.numpy()) == 0.5 and "legacy" in type(model.optimizer).__module__
    assert model.train_on_batch(floats(4, 5, 3), np.ones((4, 1)))[0] > 0
