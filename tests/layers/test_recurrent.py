"""SimpleRNN, GRU and LSTM against numpy, in every way of calling them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import recurrent_reference as reference

from nnstack import backend, layers
from nnstack.layers import GRU, LSTM, RNN, Input, Masking, SimpleRNN
from nnstack.models import Model, Sequential, load_model
from nnstack.optimizers import Adam

RNG = np.random.default_rng(3)
X = RNG.normal(size=(4, 6, 3)).astype(np.float32)
MASK = np.array([[1, 1, 0, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]], bool)

KINDS: dict[str, tuple[Callable[..., Any], Callable[..., Any], int]] = {
    "simple": (SimpleRNN, reference.simple, 1),
    "gru": (GRU, lambda weights: reference.gru(weights, True), 1),
    "gru reset before": (
        lambda *args, **kwargs: GRU(*args, reset_after=False, **kwargs),
        lambda weights: reference.gru(weights, False),
        1,
    ),
    "lstm": (LSTM, reference.lstm, 2),
    "peephole": (
        lambda units, **kwargs: RNN(layers.PeepholeLSTMCell(units), **kwargs),
        reference.lstm,
        2,
    ),
}
kinds = pytest.mark.parametrize("kind", list(KINDS))


def randomized(layer: Any) -> list[np.ndarray]:
    """Weights drawn anew, biases too."""
    weights = [RNG.normal(size=w.shape, scale=0.7).astype(np.float32) for w in layer.weights]
    layer.set_weights(weights)
    return weights


def close(actual: Any, expected: Any) -> None:
    actual = actual.numpy() if hasattr(actual, "numpy") else actual
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


@kinds
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("unroll", [False, True])
def test_values(kind: str, backwards: bool, masked: bool, unroll: bool) -> None:
    make, step, count = KINDS[kind]
    layer = make(5, return_sequences=True, return_state=True, go_backwards=backwards, unroll=unroll)
    x = np.where(MASK[..., None], X, 0) if masked else X
    inputs = Input((6, 3))
    model = Model(inputs, layer(Masking(0.0)(inputs) if masked else inputs))
    weights = randomized(layer)
    zeros = [np.zeros((4, 5), np.float32)] * count
    outputs, states = reference.run(step(weights), x, zeros, MASK if masked else None, backwards)
    sequence, *last = model.predict(x)
    close(sequence, outputs)
    for actual, expected in zip(last, states, strict=True):
        close(actual, expected)
    at_once = layer(x, mask=MASK) if masked else layer(x)
    close(at_once[0], outputs)
    assert model.output_shape == [(None, 6, 5), *[(None, 5)] * count]
    assert layer.compute_output_shape((None, None, 3)) == [(None, None, 5), *[(None, 5)] * count]
    layer.return_sequences = layer.return_state = False
    close(layer(x, mask=MASK) if masked else layer(x), outputs[:, -1])


@kinds
def test_initial_state_from_layers_and_arrays(kind: str) -> None:
    make, step, count = KINDS[kind]
    layer = make(5, return_sequences=True)
    start = [RNG.normal(size=(4, 5)).astype(np.float32) for _ in range(count)]
    inputs, states = Input((6, 3)), [Input((5,)) for _ in range(count)]
    model = Model([inputs, *states], layer(inputs, initial_state=states))
    outputs, _ = reference.run(step(randomized(layer)), X, start)
    close(model.predict([X, *start]), outputs)
    close(layer(X, initial_state=start), outputs)
    close(layer([X, *start]), outputs)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    close(again.predict([X, *start]), outputs)


@kinds
def test_time_major(kind: str) -> None:
    make, step, count = KINDS[kind]
    layer = make(5, return_sequences=True, time_major=True)
    swapped = X.transpose(1, 0, 2)
    layer(swapped)
    outputs, _ = reference.run(step(randomized(layer)), X, [np.zeros((4, 5), np.float32)] * count)
    close(layer(swapped), outputs.transpose(1, 0, 2))
    assert layer.compute_output_shape((6, None, 3)) == (6, None, 5)
    layer.return_sequences = False
    close(layer(swapped), outputs[:, -1])


@kinds
def test_stateful(kind: str, tmp_path: Any) -> None:
    make, step, count = KINDS[kind]
    layer = make(5, stateful=True, batch_input_shape=(4, 6, 3))
    model = Sequential([layer])
    weights = randomized(layer)
    zeros = [np.zeros((4, 5), np.float32)] * count
    first, states = reference.run(step(weights), X, zeros)
    second, states = reference.run(step(weights), X, states)
    close(model.predict(X, batch_size=4), first[:, -1])
    close(model.predict(X, batch_size=4), second[:, -1])
    for kept, expected in zip(layer.states, states, strict=True):
        close(kept, expected)
    given = [RNG.normal(size=(4, 5)).astype(np.float32) for _ in range(count)]
    layer.reset_states(given)
    close(layer(X), reference.run(step(weights), X, given)[0][:, -1])
    model.reset_states()
    close(model.predict_on_batch(X), first[:, -1])
    assert len(model.weights) == len(weights), "states are no weights"
    model.save(tmp_path / "model.h5")
    again = load_model(tmp_path / "model.h5", compile=False)
    close(again.predict(X, batch_size=4), first[:, -1])
    with pytest.raises(ValueError, match=rf"expected {count} states, got 3"):
        layer.reset_states([zeros[0]] * 3)
    with pytest.raises(ValueError, match=r"state 0 has shape \(4, 5\), got \(2, 5\)"):
        layer.reset_states([np.zeros((2, 5))] * count)
    with pytest.raises(AttributeError, match="stateful=True"):
        make(5).reset_states()
    with pytest.raises(ValueError, match="needs a known batch size"):
        make(5, stateful=True)(Input((6, 3)))


def test_stateful_training_carries_states_and_starts_from_given_ones() -> None:
    layer = SimpleRNN(2, stateful=True)
    inputs, start = Input(batch_shape=(4, 6, 3)), Input(batch_shape=(4, 2))
    model = Model([inputs, start], layer(inputs, initial_state=start))
    given = RNG.normal(size=(4, 2)).astype(np.float32)
    step = reference.simple(randomized(layer))
    first, states = reference.run(step, X, [given])
    close(model.predict([X, given], batch_size=4), first[:, -1])
    second, states = reference.run(step, X, states)
    close(model.predict([X, given], batch_size=4), second[:, -1])  # what is kept counts from now on
    model.compile("sgd", "mse")
    model.train_on_batch([X, given], np.zeros((4, 2)))
    close(layer.states[0], reference.run(step, X, states)[1][0])


@kinds
def test_training_config_and_files(kind: str, tmp_path: Any) -> None:
    make, _, _ = KINDS[kind]
    layer = make(5, name="recurrent")
    model = Sequential([layer, layers.Dense(1)])
    model.compile(Adam(0.02), "mse")
    target = X.mean((1, 2))[:, None]
    history = model.fit(X, target, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.7 * history[0]
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config() and type(again) is type(layer)
    model.save(tmp_path / "model.h5")
    loaded = load_model(tmp_path / "model.h5")
    close(loaded.predict(X), model.predict(X))
    assert loaded.train_on_batch(X, target) == pytest.approx(model.train_on_batch(X, target), rel=1e-5)
    assert [w.name.rsplit("/", 2)[-1] for w in layer.weights[:3]] == ["kernel:0", "recurrent_kernel:0", "bias:0"]


@kinds
@pytest.mark.parametrize("backwards", [False, True])
def test_any_length(kind: str, backwards: bool) -> None:
    make, step, count = KINDS[kind]
    layer = make(5, return_sequences=True, go_backwards=backwards)
    model = Sequential([Input((None, 3)), Masking(0.0), layer])
    weights = randomized(layer)
    for length in (1, 3, 6):
        x = np.where(MASK[:, :length, None], X[:, :length], 0)
        zeros = [np.zeros((4, 5), np.float32)] * count
        outputs, _ = reference.run(step(weights), x, zeros, MASK[:, :length], backwards)
        close(model.predict(x), outputs)
    model.compile("sgd", "mse")
    losses = [model.train_on_batch(X[:, :n], np.zeros((4, n, 5))) for n in (2, 5)]
    assert np.all(np.isfinite(losses)) and model.output_shape == (None, None, 5)


def test_weights_and_defaults() -> None:
    lstm, gru, old = LSTM(5), GRU(5), GRU(5, reset_after=False)
    for layer in (lstm, gru, old):
        layer.build((None, None, 3))
    kernel, recurrent, bias = lstm.get_weights()
    assert (kernel.shape, recurrent.shape) == ((3, 20), (5, 20))
    np.testing.assert_array_equal(bias, [0] * 5 + [1] * 5 + [0] * 10)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(5), atol=1e-5)
    assert gru.get_weights()[2].shape == (2, 15) and old.get_weights()[2].shape == (15,)
    assert (lstm.units, lstm.unit_forget_bias, gru.reset_after, lstm.implementation) == (5, True, True, 2)
    layer = LSTM(2, bias_initializer="ones", unit_forget_bias=False, input_length=7, input_dim=3)
    model = Sequential([layer])
    assert model.input_shape == (None, 7, 3)
    np.testing.assert_array_equal(layer.get_weights()[2], np.ones(8))
    outer = LSTM(2)
    outer(X)
    assert [w.name.split("/")[-2:] for w in outer.weights][0] == ["lstm_cell", "kernel:0"]


def test_implementations_agree() -> None:
    for make in (LSTM, GRU):
        one, two = make(4, implementation=1), make(4, implementation=2)
        one(X)
        two(X)
        two.set_weights(one.get_weights())
        close(one(X), two(X).numpy())
        assert one.get_config()["implementation"] == 1


def sequence_of(layer: Any, x: np.ndarray) -> np.ndarray:
    layer.return_sequences = True
    return layer(x, training=True).numpy()


@pytest.mark.parametrize("implementation", [1, 2])
def test_input_dropout_is_one_mask_for_a_sequence(implementation: int) -> None:
    x = np.ones((5, 7, 40), np.float32)
    layer = SimpleRNN(40, activation="linear", dropout=0.4, use_bias=False, implementation=implementation)
    layer(x)
    layer.set_weights([np.eye(40), np.zeros((40, 40))])
    y = sequence_of(layer, x)
    assert np.all(y == y[:, :1]) and set(np.unique(np.round(y, 4))) == {0.0, np.float32(np.round(1 / 0.6, 4))}
    assert 0.2 < np.mean(y[:, 0] == 0) < 0.6 and np.any(y[0] != y[1])
    assert np.any(sequence_of(layer, x) != y), "new masks for the next sequence"
    np.testing.assert_array_equal(layer(x, training=False).numpy(), x[:, :, :40])
    model = Sequential([Input((7, 40)), layer])
    compiled = model(backend.constant(x), training=True).numpy()
    assert np.all(compiled == compiled[:, :1]) and 0.2 < np.mean(compiled == 0) < 0.6


def test_recurrent_dropout_and_masks_per_gate() -> None:
    x = np.zeros((3, 4, 30), np.float32)
    layer = SimpleRNN(30, activation="linear", recurrent_dropout=0.5, use_bias=False)
    layer(x)
    layer.set_weights([np.eye(30), np.eye(30)])
    layer.return_sequences = True
    y = layer(x, initial_state=np.ones((3, 30), np.float32), training=True).numpy()
    kept = y[:, 0] > 0
    np.testing.assert_allclose(y, np.where(kept[:, None], 2.0 ** np.arange(1, 5)[None, :, None], 0))
    for implementation, same in ((1, False), (2, True)):
        cell = layers.LSTMCell(30, dropout=0.5, implementation=implementation)
        with backend.eager_scope():
            drawn = cell.get_dropout_mask_for_cell(backend.constant(np.ones((3, 30))), True, cell.mask_count)
        masks = [mask.numpy() for mask in drawn]
        assert len(masks) == (1 if same else 4)
        assert same or np.any(masks[0] != masks[1])


def test_dropout_trains_and_rejects() -> None:
    model = Sequential([LSTM(8, dropout=0.2, recurrent_dropout=0.2), layers.Dense(1)])
    model.compile(Adam(0.02), "mse")
    losses = model.fit(X, X.mean((1, 2))[:, None], epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(model.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="dropout from 0 to below 1, got 1"):
        GRU(2, dropout=1.0)


def test_errors() -> None:
    with pytest.raises(ValueError, match="expected a positive integer as units, got 0"):
        LSTM(0)
    with pytest.raises(ValueError, match="expected rank 3, got rank 2"):
        LSTM(2)(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="expected a known last axis"):
        LSTM(2)(Input((4, None)))
    with pytest.raises(ValueError, match="expected 2 initial states, got 1"):
        LSTM(2)(X, initial_state=[np.zeros((4, 2))])
    with pytest.raises(ValueError, match=r"expected last axis 2|expected shape \(None, 2\), got \(4, 3\)"):
        SimpleRNN(2)(X, initial_state=np.zeros((4, 3), np.float32))
    with pytest.raises(ValueError, match="unroll=True needs a known number"):
        LSTM(2, unroll=True)(Input((None, 3)))
    with pytest.raises(ValueError, match="expected implementation 1 or 2"):
        LSTM(2, implementation=3)
    with pytest.raises(TypeError, match="unknown argument 'unts'"):
        LSTM(2, unts=3)


@pytest.mark.parametrize("kind", list(KINDS)[:4])  # a cell that is given has its own type
def test_other_types(kind: str) -> None:
    make, step, count = KINDS[kind]
    x = X.astype(np.float64)
    wide = make(5, dtype="float64")
    wide(x)
    weights = [RNG.normal(size=w.shape, scale=0.7) for w in wide.weights]
    wide.set_weights(weights)
    outputs, _ = reference.run(step(weights), x, [np.zeros((4, 5))] * count)
    np.testing.assert_allclose(wide(x).numpy(), outputs[:, -1], rtol=1e-10)
    half = make(5, dtype="mixed_float16", stateful=True, batch_input_shape=(4, 6, 3))
    model = Sequential([half])
    weights = [w.astype(np.float32) for w in weights]
    half.set_weights(weights)
    first, states = reference.run(step(weights), X, [np.zeros((4, 5))] * count)
    second, _ = reference.run(step(weights), X, states)
    np.testing.assert_allclose(model.predict(X, batch_size=4), first[:, -1], atol=2e-2)
    np.testing.assert_allclose(model.predict(X, batch_size=4), second[:, -1], atol=2e-2)


def test_regularizers_constraints_and_activity() -> None:
    layer = LSTM(
        3,
        kernel_regularizer="l2",
        recurrent_regularizer="l1",
        bias_regularizer="l2",
        activity_regularizer="l2",
        kernel_constraint="nonneg",
        return_sequences=True,
    )
    model = Sequential([Input((6, 3)), layer])
    model.compile("sgd", "mse")
    kernel, recurrent, bias = layer.get_weights()
    y = model.predict(X)
    penalty = 0.01 * (np.sum(kernel**2) + np.sum(np.abs(recurrent)) + np.sum(bias**2) + np.sum(y**2) / len(X))
    assert model.evaluate(X, y, verbose=0) == pytest.approx(penalty, rel=1e-4)
    model.train_on_batch(X, y)
    assert layer.get_weights()[0].min() >= 0
    config = layer.get_config()
    assert config["recurrent_regularizer"]["class_name"].startswith("L1")
    assert config["activity_regularizer"] is not None
    assert layers.deserialize(layers.serialize(layer)).get_config() == config
