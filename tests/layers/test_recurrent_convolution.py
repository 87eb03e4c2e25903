"""ConvLSTM layers against plain loops."""

import itertools
from typing import Any

import numpy as np
import pytest
from recurrent_reference import sigmoid

from nnstack import layers
from nnstack.layers import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D, Input
from nnstack.models import Model, Sequential, load_model
from nnstack.optimizers import Adam

RNG = np.random.default_rng(7)
LAYERS = {1: ConvLSTM1D, 2: ConvLSTM2D, 3: ConvLSTM3D}


def close(actual: Any, expected: Any) -> None:
    actual = actual.numpy() if hasattr(actual, "numpy") else actual
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int, padding: str, rate: int) -> np.ndarray:
    """(batch, places ..., channels) with (window ..., channels, filters), place by place."""
    rank, windows = kernel.ndim - 2, kernel.shape[:-2]
    reach = [(n - 1) * rate + 1 for n in windows]
    if padding == "same":
        sizes = [-(-n // stride) for n in x.shape[1:-1]]
        total = [max((m - 1) * stride + r - n, 0) for m, r, n in zip(sizes, reach, x.shape[1:-1], strict=True)]
        x = np.pad(x, [(0, 0), *[(t // 2, t - t // 2) for t in total], (0, 0)])
    else:
        sizes = [(n - r) // stride + 1 for n, r in zip(x.shape[1:-1], reach, strict=True)]
    out = np.zeros((len(x), *sizes, kernel.shape[-1]))
    for place in itertools.product(*map(range, sizes)):
        cut = tuple(slice(p * stride, p * stride + r, rate) for p, r in zip(place, reach, strict=True))
        axes = list(range(rank + 1))
        out[(slice(None), *place)] = np.tensordot(x[(slice(None), *cut)], kernel, axes=([a + 1 for a in axes], axes))
    return out


def hard_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(0.2 * x + 0.5, 0, 1)


def run(weights: list[np.ndarray], x: np.ndarray, gate: Any, **window: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    kernel, recurrent, bias = weights
    n = recurrent.shape[-2]
    h = c = np.zeros((*convolve(x[:, 0], kernel, **window).shape[:-1], n))
    outputs = []
    for t in range(x.shape[1]):
        a = convolve(x[:, t], kernel, **window) + convolve(h, recurrent, 1, "same", 1) + bias
        c = gate(a[..., n : 2 * n]) * c + gate(a[..., :n]) * np.tanh(a[..., 2 * n : 3 * n])
        h = gate(a[..., 3 * n :]) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, 1), [h, c]


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    ("stride", "padding", "rate"), [(1, "valid", 1), (2, "same", 1), (1, "same", 2), (2, "valid", 1)]
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_values(rank: int, stride: int, padding: str, rate: int, data_format: str) -> None:
    x = RNG.normal(size=(2, 3, *(5, 6, 4)[:rank], 2)).astype(np.float32)
    layer = LAYERS[rank](
        3, 2, strides=stride, padding=padding, dilation_rate=rate, data_format=data_format,
        return_sequences=True, return_state=True,
    )  # fmt: skip
    to_layer = np.moveaxis(x, -1, 2) if data_format == "channels_first" else x
    inputs = Input(to_layer.shape[1:])
    model = Model(inputs, layer(inputs))
    weights = [RNG.normal(size=w.shape, scale=0.5).astype(np.float32) for w in layer.weights]
    layer.set_weights(weights)
    outputs, states = run(weights, x, hard_sigmoid, stride=stride, padding=padding, rate=rate)
    expected = [outputs, *states]
    if data_format == "channels_first":
        expected = [np.moveaxis(outputs, -1, 2), *[np.moveaxis(state, -1, 1) for state in states]]
    for actual, wanted in zip(model.predict(to_layer), expected, strict=True):
        close(actual, wanted)
    for actual, wanted in zip(layer(to_layer), expected, strict=True):
        close(actual, wanted)
    shapes = layer.compute_output_shape((None, *to_layer.shape[1:]))
    assert [tuple(shape) for shape in shapes] == [(None, *wanted.shape[1:]) for wanted in expected]
    assert [w.shape for w in layer.weights] == [(*(2,) * rank, 2, 12), (*(2,) * rank, 3, 12), (12,)]
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config() and type(again) is type(layer)
    assert [w.name for w in layer.weights][0] == f"{layer.name}/kernel:0" and layer.name.startswith(f"conv_lstm{rank}d")


def test_options_states_and_unknown_sizes() -> None:
    x = RNG.normal(size=(2, 4, 5, 5, 1)).astype(np.float32)
    layer = ConvLSTM2D(2, 3, padding="same", recurrent_activation="sigmoid", stateful=True, unit_forget_bias=False)
    model = Sequential([Input(batch_shape=(2, 4, 5, 5, 1)), layer])
    weights = layer.get_weights()
    np.testing.assert_array_equal(weights[2], np.zeros(8))
    window = {"stride": 1, "padding": "same", "rate": 1}
    close(model.predict(x, batch_size=2), run(weights, x, sigmoid, **window)[0][:, -1])
    twice = run(weights, np.concatenate([x, x], 1), sigmoid, **window)
    close(model.predict(x, batch_size=2), twice[0][:, -1])
    close(layer.states[1], twice[1][1])
    model.reset_states()
    close(model.predict(x, batch_size=2), run(weights, x, sigmoid, **window)[0][:, -1])
    free = ConvLSTM2D(2, 3, padding="same", recurrent_activation="sigmoid")
    anywhere = Sequential([Input((None, None, None, 1)), free])
    free.set_weights(weights)
    close(anywhere.predict(x), run(weights, x, sigmoid, **window)[0][:, -1])
    given = [RNG.normal(size=(2, 5, 5, 2)).astype(np.float32) for _ in range(2)]
    assert np.abs(free(x, initial_state=given).numpy() - free(x).numpy()).max() > 1e-3
    np.testing.assert_array_equal(ConvLSTM2D(2, 3).get_config()["unit_forget_bias"], True)


def test_training_dropout_and_files(tmp_path: Any) -> None:
    x = RNG.normal(size=(6, 3, 4, 4, 1)).astype(np.float32)
    model = Sequential(
        [
            ConvLSTM2D(3, 2, dropout=0.1, recurrent_dropout=0.1, input_shape=(3, 4, 4, 1)),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile(Adam(0.02), "mse")
    losses = model.fit(x, x.mean((1, 2, 3, 4))[:, None], epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    np.testing.assert_array_equal(model.predict(x), model.predict(x))
    model.save(tmp_path / "model.h5")
    close(load_model(tmp_path / "model.h5").predict(x), model.predict(x))
    plain = ConvLSTM2D(3, 2, dropout=0.5)
    plain(x)
    plain.return_sequences = True
    assert np.abs(plain(x, training=True).numpy() - plain(x, training=False).numpy()).max() > 1e-3


def test_errors() -> None:
    with pytest.raises(ValueError, match="a window of 5 does not fit into 4"):
        ConvLSTM2D(2, 5)(Input((3, 4, 4, 1)))
    with pytest.raises(ValueError, match="expected rank 5, got rank 4"):
        ConvLSTM2D(2, 3)(Input((4, 4, 1)))
    with pytest.raises(ValueError, match="known number of channels"):
        ConvLSTM2D(2, 3)(Input((3, 4, 4, None)))
    with pytest.raises(ValueError, match="needs known sizes"):
        ConvLSTM2D(2, 3, stateful=True)(Input(batch_shape=(2, 3, None, None, 1)))
    with pytest.raises(ValueError, match="as padding, got 'full'"):
        ConvLSTM2D(2, 3, padding="full")
    with pytest.raises(TypeError, match="cannot be stacked"):
        layers.ConvRNN2D([layers.ConvLSTM2DCell(2, 3)])
