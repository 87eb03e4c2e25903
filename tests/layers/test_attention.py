"""Attention against numpy: masks, causal masks of known and unknown lengths, several heads, dropout."""

from typing import Any

import numpy as np
import pytest

from nnstack import layers, utils
from nnstack.layers import Input
from nnstack.models import Model

RNG = np.random.default_rng(4)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def test_scores_and_result() -> None:
    query, value, key = normal(2, 4, 3), normal(2, 5, 6), normal(2, 5, 3)
    result, scores = layers.Attention()([query, value, key], return_attention_scores=True)
    expected = softmax(query @ key.transpose(0, 2, 1))
    np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(result.numpy(), expected @ value, rtol=1e-5, atol=1e-5)
    additive = layers.AdditiveAttention(use_scale=False)
    expected = softmax(np.tanh(query[:, :, None] + key[:, None]).sum(-1))
    np.testing.assert_allclose(additive([query, value, key]).numpy(), expected @ value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("length", [4, None])
def test_causal(length: int | None) -> None:
    x = normal(2, 4, 3)
    scores = x @ x.transpose(0, 2, 1)
    scores[:, np.triu_indices(4, 1)[0], np.triu_indices(4, 1)[1]] = -np.inf
    i = Input((length, 3))
    model = Model(i, layers.Attention()([i, i], use_causal_mask=True))
    np.testing.assert_allclose(model.predict(x, verbose=0), softmax(scores) @ x, rtol=1e-5, atol=1e-5)
    short = x[:, :2]
    if length is None:
        np.testing.assert_allclose(model.predict(short, verbose=0), softmax(scores[:, :2, :2]) @ short, rtol=1e-4)


def test_masks_of_query_and_value() -> None:
    x, y = normal(2, 3, 4), normal(2, 5, 4)
    x[:, 2], y[:, 3:] = 0, 0
    i, j = Input((3, 4)), Input((5, 4))
    out = layers.Attention()([layers.Masking()(i), layers.Masking()(j)])
    result = Model([i, j], out).predict([x, y], verbose=0)
    expected = softmax(x @ y[:, :3].transpose(0, 2, 1)) @ y[:, :3]
    expected[:, 2] = 0
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    assert out._keras_mask is not None


def heads(layer: Any, query: np.ndarray, value: np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    wq, bq, wk, bk, wv, bv, wo, bo = layer.get_weights()
    q = np.einsum("btd,dhk->bhtk", query, wq) + bq[:, None]
    k = np.einsum("bsd,dhk->bhsk", value, wk) + bk[:, None]
    v = np.einsum("bsd,dhk->bhsk", value, wv) + bv[:, None]
    scores = np.einsum("bhtk,bhsk->bhts", q, k) / np.sqrt(layer.key_dim)
    if allowed is not None:
        scores = np.where(allowed[:, None], scores, -1e9)
    return np.einsum("bhts,bhsk,hko->bto", softmax(scores), v, wo) + bo


def test_multi_head_attention() -> None:
    utils.set_random_seed(0)
    query, value = normal(2, 4, 6), normal(2, 5, 3)
    layer = layers.MultiHeadAttention(2, 3, value_dim=4, bias_initializer="glorot_uniform", name="mha")
    result, scores = layer(query, value, return_attention_scores=True)
    assert [w.name for w in layer.weights] == [
        f"mha/{part}/{weight}:0"
        for part in ("query", "key", "value", "attention_output")
        for weight in ("kernel", "bias")
    ]
    assert [w.shape for w in layer.weights[::2]] == [(6, 2, 3), (3, 2, 3), (3, 2, 4), (2, 4, 6)]
    np.testing.assert_allclose(result.numpy(), heads(layer, query, value), rtol=1e-4, atol=1e-5)
    assert scores.shape == (2, 2, 4, 5)
    allowed = RNG.random((2, 4, 5)) < 0.6
    allowed[..., 0] = True
    masked = layer(query, value, attention_mask=allowed)
    np.testing.assert_allclose(masked.numpy(), heads(layer, query, value, allowed), rtol=1e-4, atol=1e-5)
    own = layers.MultiHeadAttention(2, 3)
    causal = np.broadcast_to(np.tri(4, dtype=bool), (2, 4, 4))
    result = own(query, query, use_causal_mask=True)
    np.testing.assert_allclose(result.numpy(), heads(own, query, query, causal), rtol=1e-4, atol=1e-5)


def test_multi_head_attention_takes_masks_that_travel() -> None:
    x = normal(2, 4, 6)
    x[:, 3] = 0
    i = Input((4, 6))
    layer = layers.MultiHeadAttention(2, 3)
    masked = layers.Masking()(i)
    model = Model(i, layer(masked, masked))
    allowed = np.zeros((2, 4, 4), bool)
    allowed[:, :3, :3] = True
    result = model.predict(x, verbose=0)
    np.testing.assert_allclose(result[:, :3], heads(layer, x, x, allowed)[:, :3], rtol=1e-4, atol=1e-5)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict(x, verbose=0), result, rtol=1e-6)


def test_attention_over_chosen_axes_and_output_shape() -> None:
    x = normal(2, 3, 4, 6)
    rows = layers.MultiHeadAttention(2, 3, attention_axes=2, output_shape=5)
    result = rows(x, x)
    assert result.shape == (2, 3, 4, 5) and rows.compute_output_shape((None, 3, 4, 6), (None, 3, 4, 6)) == (
        None,
        3,
        4,
        5,
    )
    flat = heads(rows, x.reshape(6, 4, 6), x.reshape(6, 4, 6)).reshape(2, 3, 4, 5)
    np.testing.assert_allclose(result.numpy(), flat, rtol=1e-4, atol=1e-5)


def test_dropout_only_in_training() -> None:
    x = normal(2, 8, 4)
    for layer, args in (
        (layers.Attention(dropout=0.5), ([x, x],)),
        (layers.MultiHeadAttention(1, 4, dropout=0.5), (x, x)),
    ):
        rest, again = layer(*args, training=False).numpy(), layer(*args, training=False).numpy()
        np.testing.assert_array_equal(rest, again)
        assert not np.array_equal(layer(*args, training=True).numpy(), rest)
