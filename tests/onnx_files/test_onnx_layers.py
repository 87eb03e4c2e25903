"""Every layer as ONNX Runtime computes it, one exported model for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_cases import ACTIVATIONS, MERGES, ONE_INPUT

import nnstack
from nnstack import layers as L

ROWS = 3


def draw(shape: Any, seed: int = 0) -> np.ndarray:
    sizes = [7 if size is None else size for size in shape]
    return np.random.default_rng(seed).normal(size=(ROWS, *sizes)).astype(np.float32)


def random_weights(model: Any) -> Any:
    """Weights that leave nothing at 0 or 1; variances stay positive."""
    generator = np.random.default_rng(1)
    model.set_weights([(generator.uniform(0.1, 0.9, w.shape)).astype(w.dtype) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("name", ONE_INPUT)
def test_layer(name: str, agree: Any) -> None:
    shape, layer = ONE_INPUT[name]
    i = nnstack.Input(shape)
    agree(random_weights(nnstack.Model(i, layer()(i))), [draw(shape)])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str, agree: Any) -> None:
    agree(nnstack.Sequential([L.Activation(name, input_shape=(4, 5))]), [3 * draw((4, 5))])


@pytest.mark.parametrize("name", MERGES)
def test_merge(name: str, agree: Any) -> None:
    a, b = nnstack.Input((4, 5)), nnstack.Input((4, 5))
    model = random_weights(nnstack.Model([a, b], MERGES[name]()([a, b])))
    agree(model, [draw((4, 5)), draw((4, 5), 1)])


@pytest.mark.parametrize("cell", [L.SimpleRNN, L.GRU, L.LSTM])
@pytest.mark.parametrize(
    "options",
    [{}, {"return_sequences": True}, {"go_backwards": True}, {"zero_output_for_mask": True, "return_sequences": True}],
)
def test_masked_recurrence(cell: Any, options: dict[str, Any], agree: Any) -> None:
    """Masked steps at the start, inside and at the end of a sequence, and one sequence of nothing else."""
    model = random_weights(nnstack.Sequential([L.Embedding(5, 3, mask_zero=True, input_length=6), cell(4, **options)]))
    x = np.array([[1, 2, 3, 4, 1, 2], [0, 2, 0, 4, 1, 0], [0, 0, 0, 0, 0, 0]], np.float32)
    agree(model, [x])


def test_masking_and_bidirectional(agree: Any) -> None:
    model = random_weights(nnstack.Sequential([L.Masking(input_shape=(6, 3)), L.Bidirectional(L.LSTM(4))]))
    x = draw((6, 3))
    x[0, 3:] = 0
    agree(model, [x])


def test_states_in_and_out(agree: Any) -> None:
    x, h, c = nnstack.Input((6, 3)), nnstack.Input((4,)), nnstack.Input((4,))
    outputs = L.LSTM(4, return_sequences=True, return_state=True)(x, initial_state=[h, c])
    agree(random_weights(nnstack.Model([x, h, c], outputs)), [draw((6, 3)), draw((4,), 1), draw((4,), 2)])


def test_causal_attention_with_a_mask(agree: Any) -> None:
    tokens = nnstack.Input((6,))
    x = L.Embedding(9, 4, mask_zero=True)(tokens)
    y = L.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)
    model = random_weights(nnstack.Model(tokens, y))
    agree(model, [np.array([[1, 2, 3, 4, 5, 6], [1, 2, 0, 0, 0, 0], [3, 0, 3, 0, 3, 0]], np.float32)])


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_category_encoding(mode: str, agree: Any) -> None:
    i = nnstack.Input((1 if mode == "one_hot" else 4,), dtype="int64")
    x = np.random.default_rng(0).integers(0, 5, (ROWS, i.shape[1]))
    agree(nnstack.Model(i, L.CategoryEncoding(5, output_mode=mode)(i)), [x])
