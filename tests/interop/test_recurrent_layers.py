"""Recurrent layers drawn by hypothesis: outputs, gradients' effect and states as the real tf_keras has them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nnstack

ACTIVATIONS = st.sampled_from(["tanh", "sigmoid", "relu", "linear", "hard_sigmoid", "elu", "softsign"])
FLAG = st.booleans()
quick = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)


@st.composite
def rnn_options(draw: Any) -> dict[str, Any]:
    kind = draw(st.sampled_from(["SimpleRNN", "GRU", "LSTM"]))
    options = {
        "units": draw(st.integers(1, 4)),
        "activation": draw(ACTIVATIONS),
        "use_bias": draw(FLAG),
        "return_sequences": draw(FLAG),
        "go_backwards": draw(FLAG),
        "unroll": draw(FLAG),
    }
    if kind != "SimpleRNN":
        options |= {"recurrent_activation": draw(ACTIVATIONS), "implementation": draw(st.sampled_from([1, 2]))}
    if kind == "GRU":
        options["reset_after"] = draw(FLAG)
    if kind == "LSTM":
        options["unit_forget_bias"] = draw(FLAG)
    return {"kind": kind, **options}


def layer_of(k: Any, options: dict[str, Any], **more: Any) -> Any:
    rest = {name: value for name, value in options.items() if name != "kind"}
    return getattr(k.layers, options["kind"])(**rest, **more)


def same_training(theirs: Any, ours: Any, x: Any, seed: int) -> None:
    """Both models, on the same weights, predict the same, and still do after a step of training."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=w.shape, scale=0.5).astype(np.float32) for w in theirs.get_weights()]
    for model in (theirs, ours):
        model.set_weights(weights)
    before = [np.asarray(model.predict(x, verbose=0)) for model in (theirs, ours)]
    np.testing.assert_allclose(before[1], before[0], rtol=1e-3, atol=1e-4)
    target = rng.normal(size=before[0].shape).astype(np.float32)
    losses = []
    for k, model in (("tf_keras", theirs), ("nnstack", ours)):
        model.compile("sgd", "mse")
        losses.append(float(model.train_on_batch(x, target)))
        assert np.isfinite(losses[-1]), k
    assert losses[1] == pytest.approx(losses[0], rel=1e-3, abs=1e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4)


def data_of(seed: int, masked: bool, length: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, length, 2)).astype(np.float32)
    return np.where(rng.random((3, length, 1)) < 0.4, 0, x).astype(np.float32) if masked else x


@quick
@given(options=rnn_options(), masked=FLAG, seed=st.integers(0, 99))
def test_one_layer(tf_keras: Any, options: dict[str, Any], masked: bool, seed: int) -> None:
    def build(k: Any) -> Any:
        parts = [k.layers.Masking(0.0)] if masked else []
        return k.Sequential([k.layers.Input((5, 2)), *parts, layer_of(k, options)])

    same_training(build(tf_keras), build(nnstack), data_of(seed, masked), seed)


@quick
@given(
    options=rnn_options(), masked=FLAG, seed=st.integers(0, 99), merge=st.sampled_from(["concat", "sum", "mul", "ave"])
)
def test_both_directions(tf_keras: Any, options: dict[str, Any], masked: bool, seed: int, merge: str) -> None:
    # Unrolled, tf_keras lays the mask of the first step over the output of the last one where it runs backwards.
    options = {**options, "unroll": options["unroll"] and not masked}

    def build(k: Any) -> Any:
        parts = [k.layers.Masking(0.0)] if masked else []
        both = k.layers.Bidirectional(layer_of(k, options), merge_mode=merge)
        return k.Sequential([k.layers.Input((5, 2)), *parts, both])

    same_training(build(tf_keras), build(nnstack), data_of(seed, masked), seed)


@quick
@given(options=rnn_options(), masked=FLAG, seed=st.integers(0, 99))
def test_states_in_and_out(tf_keras: Any, options: dict[str, Any], masked: bool, seed: int) -> None:
    count = 2 if options["kind"] == "LSTM" else 1

    def build(k: Any) -> Any:
        inputs, states = k.layers.Input((5, 2)), [k.layers.Input((options["units"],)) for _ in range(count)]
        x = k.layers.Masking(0.0)(inputs) if masked else inputs
        _, *last = layer_of(k, options, return_state=True)(x, initial_state=states)
        return k.models.Model([inputs, *states], k.layers.Concatenate()(last) if count > 1 else last[0])

    rng = np.random.default_rng(seed)
    states = [rng.normal(size=(3, options["units"])).astype(np.float32) for _ in range(count)]
    same_training(build(tf_keras), build(nnstack), [data_of(seed, masked), *states], seed)


@quick
@given(
    cells=st.lists(st.sampled_from(["SimpleRNNCell", "GRUCell", "LSTMCell"]), min_size=1, max_size=3),
    sequences=FLAG,
    masked=FLAG,
    seed=st.integers(0, 99),
)
def test_stacked_cells(tf_keras: Any, cells: list[str], sequences: bool, masked: bool, seed: int) -> None:
    def build(k: Any) -> Any:
        parts = [k.layers.Masking(0.0)] if masked else []
        stack = [getattr(k.layers, name)(2 + i) for i, name in enumerate(cells)]
        rnn = k.layers.RNN(stack, return_sequences=sequences)
        return k.Sequential([k.layers.Input((5, 2)), *parts, rnn])

    same_training(build(tf_keras), build(nnstack), data_of(seed, masked), seed)


@quick
@given(
    kernel=st.integers(1, 3),
    stride=st.sampled_from([1, 2]),
    padding=st.sampled_from(["valid", "same"]),
    sequences=FLAG,
    backwards=FLAG,
    gate=st.sampled_from(["hard_sigmoid", "sigmoid"]),
    seed=st.integers(0, 99),
)
def test_conv_lstm(
    tf_keras: Any, kernel: int, stride: int, padding: str, sequences: bool, backwards: bool, gate: str, seed: int
) -> None:
    def build(k: Any) -> Any:
        layer = k.layers.ConvLSTM2D(
            2, kernel, strides=stride, padding=padding, return_sequences=sequences, go_backwards=backwards,
            recurrent_activation=gate,
        )  # fmt: skip
        return k.Sequential([k.layers.Input((3, 5, 4, 2)), layer])

    x = np.random.default_rng(seed).normal(size=(2, 3, 5, 4, 2)).astype(np.float32)
    same_training(build(tf_keras), build(nnstack), x, seed)


@quick
@given(options=rnn_options(), seed=st.integers(0, 99), masked=FLAG)
def test_time_distributed(tf_keras: Any, options: dict[str, Any], seed: int, masked: bool) -> None:
    def build(k: Any) -> Any:
        parts = [k.layers.Masking(0.0)] if masked else []
        inner = k.Sequential([k.layers.Input((5, 2)), *parts, layer_of(k, {**options, "return_sequences": False})])
        return k.Sequential([k.layers.Input((4, 5, 2)), k.layers.TimeDistributed(inner)])

    x = np.stack([data_of(seed + i, masked) for i in range(4)], 1)
    same_training(build(tf_keras), build(nnstack), x, seed)


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
def test_states_kept_between_batches(tf_keras: Any, kind: str) -> None:
    def build(k: Any) -> Any:
        return k.Sequential([getattr(k.layers, kind)(3, stateful=True, batch_input_shape=(3, 5, 2))])

    theirs, ours = build(tf_keras), build(nnstack)
    ours.set_weights(theirs.get_weights())
    for seed in range(3):
        x = data_of(seed, False)
        np.testing.assert_allclose(ours.predict_on_batch(x), theirs.predict_on_batch(x), rtol=1e-4, atol=1e-5)
    given_states = [np.full((3, 3), 0.3, np.float32)] * (2 if kind == "LSTM" else 1)
    for model in (theirs, ours):
        model.layers[0].reset_states(given_states)
    np.testing.assert_allclose(ours.predict_on_batch(x), theirs.predict_on_batch(x), rtol=1e-4, atol=1e-5)
