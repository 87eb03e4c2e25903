"""Bidirectional and TimeDistributed against the layers they are made of."""

from typing import Any

import numpy as np
import pytest

from nnstack import backend, layers
from nnstack.layers import GRU, LSTM, Bidirectional, Dense, Input, Masking, SimpleRNN, TimeDistributed
from nnstack.models import Model, Sequential, load_model, model_from_json
from nnstack.optimizers import Adam

RNG = np.random.default_rng(11)
X = RNG.normal(size=(4, 6, 3)).astype(np.float32)
MASK = np.arange(6)[None] < np.array([6, 4, 1, 3])[:, None]

MERGES: dict[Any, Any] = {
    "concat": lambda a, b: np.concatenate([a, b], -1),
    "sum": np.add,
    "mul": np.multiply,
    "ave": lambda a, b: (a + b) / 2,
}


def close(actual: Any, expected: Any) -> None:
    actual = actual.numpy() if hasattr(actual, "numpy") else actual
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def directions(layer: Any, x: np.ndarray, masked: bool, **kwargs: Any) -> list[list[np.ndarray]]:
    """What a forward and a backward layer of the same weights give, the backward sequence turned round."""
    kind, weights = type(layer.forward_layer), layer.get_weights()
    found = []
    for backwards, half in ((False, weights[:3]), (True, weights[3:])):
        one = kind(5, go_backwards=backwards, return_sequences=True, return_state=True, zero_output_for_mask=True)
        one.build((None, None, 3))
        one.set_weights(half)
        sequence, *states = [part.numpy() for part in one(x, **({"mask": MASK} if masked else {}), **kwargs)]
        found.append([sequence[:, ::-1] if backwards else sequence, *states])
    return found


@pytest.mark.parametrize("kind", [SimpleRNN, GRU, LSTM])
@pytest.mark.parametrize("merge", [*MERGES, None])
@pytest.mark.parametrize("masked", [False, True])
def test_bidirectional_values(kind: Any, merge: Any, masked: bool) -> None:
    x = np.where(MASK[..., None], X, 0) if masked else X
    inputs = Input((6, 3))
    layer = Bidirectional(kind(5, return_sequences=True, return_state=True), merge_mode=merge)
    outputs = layer(Masking()(inputs) if masked else inputs)
    results = Model(inputs, outputs).predict(x)
    (forward, *states), (backward, *more) = directions(layer, x, masked)
    merged = [forward, backward] if merge is None else [MERGES[merge](forward, backward)]
    for actual, expected in zip(results, [*merged, *states, *more], strict=True):
        close(actual, expected)
    shapes = layer.compute_output_shape((None, 6, 3))
    assert [tuple(shape) for shape in shapes] == [(None, *result.shape[1:]) for result in results]
    last = Bidirectional(kind(5), merge_mode=merge or "concat")
    last(x)
    last.set_weights(layer.get_weights())
    final = last(x, mask=MASK) if masked else last(x)
    close(final, MERGES[merge or "concat"](states[0], more[0]))


def test_bidirectional_masks_travel_on() -> None:
    inputs = Input((6, 3))
    both = Bidirectional(GRU(2, return_sequences=True), merge_mode=None)(Masking()(inputs))
    assert all(one._keras_mask is not None for one in both)
    assert getattr(Bidirectional(GRU(2))(Masking()(inputs)), "_keras_mask", None) is None


def test_bidirectional_own_backward_layer_and_initial_states() -> None:
    layer = Bidirectional(LSTM(5), backward_layer=LSTM(2, go_backwards=True, name="other"))
    states = [RNG.normal(size=(4, n)).astype(np.float32) for n in (5, 5, 2, 2)]
    inputs, given = Input((6, 3)), [Input((n,)) for n in (5, 5, 2, 2)]
    model = Model([inputs, *given], layer(inputs, initial_state=given))
    forward = layer.forward_layer(X, initial_state=states[:2]).numpy()
    backward = layer.backward_layer(X, initial_state=states[2:]).numpy()
    close(model.predict([X, *states]), np.concatenate([forward, backward], -1))
    close(layer(X, initial_state=states), np.concatenate([forward, backward], -1))
    again = model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    close(again.predict([X, *states]), np.concatenate([forward, backward], -1))
    assert [w.name for w in layer.weights][::3] == [
        f"{layer.name}/{layer.forward_layer.name}/lstm_cell/kernel:0",
        f"{layer.name}/backward_other/lstm_cell/kernel:0",
    ]
    assert layer.get_config()["backward_layer"]["config"]["name"] == "other"


def test_bidirectional_trains_saves_and_keeps_states(tmp_path: Any) -> None:
    model = Sequential([Bidirectional(LSTM(4, stateful=True), batch_input_shape=(4, 6, 3)), Dense(1)])
    model.compile(Adam(0.02), "mse")
    target = X.mean((1, 2))[:, None]
    first, second = model.predict(X, batch_size=4), model.predict(X, batch_size=4)
    assert np.abs(first - second).max() > 1e-4
    model.reset_states()
    close(model.predict(X, batch_size=4), first)
    losses = model.fit(X, target, batch_size=4, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    model.save(tmp_path / "model.h5")
    again = load_model(tmp_path / "model.h5")
    again.reset_states()
    model.reset_states()
    close(again.predict(X, batch_size=4), model.predict(X, batch_size=4))


def test_bidirectional_initial_weights_and_errors() -> None:
    weights = [RNG.normal(size=shape).astype(np.float32) for shape in ((3, 2), (2, 2), (2,)) * 2]
    layer = Bidirectional(SimpleRNN(2), weights=weights)
    layer(X)
    for actual, expected in zip(layer.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(actual, expected)
    with pytest.raises(ValueError, match="expected merge_mode sum, mul, ave, concat or None, got 'max'"):
        Bidirectional(LSTM(2), merge_mode="max")
    with pytest.raises(ValueError, match="both layers have go_backwards=False"):
        Bidirectional(LSTM(2), backward_layer=LSTM(2))
    with pytest.raises(ValueError, match="expected the same return_sequences in both layers"):
        Bidirectional(LSTM(2), backward_layer=LSTM(2, go_backwards=True, return_sequences=True))
    with pytest.raises(ValueError, match="expected a recurrent layer"):
        Bidirectional(Dense(2))
    with pytest.raises(ValueError, match="as many initial states for each direction"):
        Bidirectional(LSTM(2))(X, initial_state=[np.zeros((4, 2))] * 3)


def test_bidirectional_copies_what_is_the_users_own() -> None:
    def halved(x: Any) -> Any:
        return backend.tanh(x) * 0.5

    class Tenth:
        def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> np.ndarray:
            return np.full(shape, 0.1, dtype)

        def get_config(self) -> dict[str, Any]:
            return {}

    layer = Bidirectional(SimpleRNN(2, activation=halved, kernel_initializer=Tenth()))
    y = layer(X[:, :1]).numpy()
    close(y, np.tile(0.5 * np.tanh(0.1 * X[:, 0].sum(-1, keepdims=True)), (1, 4)))


def test_time_distributed_dense_and_names() -> None:
    inner = Dense(4, activation="tanh")
    layer = TimeDistributed(inner)
    model = Sequential([Input((6, 3)), layer])
    kernel, bias = layer.get_weights()
    close(model.predict(X), np.tanh(X @ kernel + bias))
    close(layer(X), np.tanh(X @ kernel + bias))
    assert [w.name for w in layer.weights] == [f"{layer.name}/kernel:0", f"{layer.name}/bias:0"]
    assert model.output_shape == (None, 6, 4)
    assert layer.compute_output_shape((None, None, 3)) == (None, None, 4)
    assert layers.deserialize(layers.serialize(layer)).get_config() == layer.get_config()
    unknown = Sequential([Input((None, 3)), layer])
    close(unknown.predict(X[:, :2]), np.tanh(X[:, :2] @ kernel + bias))


def test_time_distributed_over_recurrent_layers_and_models() -> None:
    x = RNG.normal(size=(2, 5, 6, 3)).astype(np.float32)
    rnn = Bidirectional(GRU(2))
    model = Sequential([Input((5, 6, 3)), TimeDistributed(rnn)])
    close(model.predict(x), np.stack([rnn(x[:, t]).numpy() for t in range(5)], 1))
    inner = Sequential([Input((6, 3)), LSTM(4), Dense(2)])
    outer = Sequential([Input((5, 6, 3)), TimeDistributed(inner)])
    close(outer.predict(x), np.stack([inner.predict(x[:, t]) for t in range(5)], 1))
    outer.compile("sgd", "mse")
    before = outer.get_weights()
    outer.train_on_batch(x, np.ones((2, 5, 2)))
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, outer.get_weights(), strict=True))


def test_time_distributed_batch_normalization_sees_all_steps() -> None:
    layer = TimeDistributed(layers.BatchNormalization())
    y = layer(X, training=True).numpy()
    mean, deviation = X.mean((0, 1)), np.sqrt(X.var((0, 1)) + 1e-3)
    close(y, (X - mean) / deviation)


def test_time_distributed_masks() -> None:
    x = np.where(MASK[..., None], X, 0)
    inputs = Input((6, 3))
    out = TimeDistributed(Dense(2))(Masking()(inputs))
    mask = Model(inputs, out._keras_mask).predict(x)
    np.testing.assert_array_equal(mask.astype(bool), MASK)
    words = RNG.integers(0, 4, size=(2, 5, 6))
    words[:, :, 4:] = 0
    embedding, rnn = layers.Embedding(4, 3, mask_zero=True), LSTM(2)
    model = Sequential([Input((5, 6)), TimeDistributed(embedding), TimeDistributed(rnn)])
    table = embedding.get_weights()[0]
    for t in range(5):
        close(model.predict(words)[:, t], rnn(table[words[:, t]], mask=words[:, t] != 0).numpy())


def test_time_distributed_stateful_layer_goes_step_by_step() -> None:
    x = RNG.normal(size=(2, 5, 6, 3)).astype(np.float32)
    layer = TimeDistributed(SimpleRNN(2, stateful=True))
    model = Sequential([Input(batch_shape=(2, 5, 6, 3)), layer])
    plain = SimpleRNN(2)
    long = x.reshape(2, 30, 3)
    plain(long)
    plain.set_weights(layer.get_weights())
    close(model.predict(x, batch_size=2)[:, -1], plain(long).numpy())
    model.reset_states()
    close(model.predict(x, batch_size=2)[:, 0], plain(x[:, 0]).numpy())


def test_wrapper_base_and_errors() -> None:
    class Twice(layers.Wrapper):
        def call(self, inputs: Any) -> Any:
            return self.layer(self.layer(inputs))

    layer = Twice(Dense(3, use_bias=False))
    y = layer(X).numpy()
    kernel = layer.get_weights()[0]
    close(y, X @ kernel @ kernel)
    assert layer.get_config()["layer"]["class_name"] == "Dense"
    assert Twice.from_config(layer.get_config()).get_config() == layer.get_config()
    with pytest.raises(TypeError, match="expected a layer to wrap"):
        TimeDistributed(3)
    with pytest.raises(ValueError, match="at least the axes batch, time and one more"):
        TimeDistributed(Dense(2))(np.zeros((3,)))
    regularized = TimeDistributed(Dense(2, activity_regularizer="l2"))
    y = regularized(X).numpy()
    assert float(regularized.losses[0].numpy()) == pytest.approx(0.01 * np.sum(y**2) / 24, rel=1e-4)
