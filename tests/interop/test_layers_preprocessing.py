"""Layers that learn from data or look values up, with arguments and data drawn at random, against the real tf_keras."""

from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from layer_comparison import drawn

import nnstack

FLAG = st.booleans()
SEED = st.integers(0, 999)
MODES = ["int", "one_hot", "multi_hot", "count"]
WORDS = ["the", "cat", "dog", "Sat", "ran!", "away,", "a-b", "naïve", "x1", "", "The"]


def agree(tf_keras: Any, make: Any, use: Any) -> None:
    """`use` of the layer that `make` makes gives the same in both; what Keras refuses is skipped."""
    try:
        wanted = [np.asarray(one) for one in use(make(tf_keras))]
    except Exception:
        assume(False)
    for a, b in zip(use(make(nnstack)), wanted, strict=True):
        got = np.asarray(a.numpy() if hasattr(a, "numpy") else a)
        if b.dtype.kind in "OSU":
            decoded = [one.decode() if isinstance(one, bytes) else str(one) for one in b.ravel()]
            assert [str(one) for one in got.ravel()] == decoded
        else:
            assert got.shape == b.shape
            np.testing.assert_allclose(got, b, rtol=1e-4, atol=1e-5)


@drawn(8)
@given(data=st.data(), seed=SEED)
def test_numbers(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    kind = draw(st.sampled_from(["Normalization", "Discretization", "CategoryEncoding"]))
    if kind == "Normalization":
        x = rng.normal(2.0, 3.0, size=(draw(st.integers(2, 40)), 3, 2)).astype("float32")
        options = {"axis": draw(st.sampled_from([-1, 1, None, (1, 2)])), "invert": draw(FLAG)}
    elif kind == "Discretization":
        x = rng.normal(size=(draw(st.integers(4, 300)),)).astype("float32")
        options = {"num_bins": draw(st.integers(2, 8)), "epsilon": draw(st.sampled_from([0.01, 0.1]))}
        if draw(FLAG):
            options = {"bin_boundaries": [-1.0, 0.0, 0.5], "output_mode": draw(st.sampled_from(MODES))}
    else:
        x = rng.integers(0, 5, (4, draw(st.integers(1, 3))))
        options = {"num_tokens": 5, "output_mode": draw(st.sampled_from(MODES[1:]))}

    def use(layer: Any) -> list[Any]:
        if kind == "Normalization" or "num_bins" in options:
            layer.adapt(x)
        found = [layer(x)] + ([layer.bin_boundaries] if kind == "Discretization" else [])
        return found + ([layer.mean, layer.variance] if kind == "Normalization" else [])

    agree(tf_keras, lambda k: getattr(k.layers, kind)(**options), use)


@drawn(12)
@given(data=st.data(), seed=SEED)
def test_lookups(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    text = draw(FLAG)
    pool: list[Any] = WORDS if text else [3, 7, 12, 100, 0, 5]
    x = np.array(pool)[rng.integers(0, len(pool), (draw(st.integers(1, 12)), draw(st.integers(1, 3))))]
    options: dict[str, Any] = {
        "num_oov_indices": draw(st.integers(1, 3)),
        "output_mode": draw(st.sampled_from([*MODES, "tf_idf"])),
        "mask_token": draw(st.sampled_from([None, pool[0]])),
        "max_tokens": draw(st.sampled_from([None, 6, 9])),
    }
    if options["max_tokens"] and options["output_mode"] != "int":
        options["pad_to_max_tokens"] = draw(FLAG)
    seen = x[: max(len(x) // 2, 1)]

    def use(layer: Any) -> list[Any]:
        layer.adapt(seen)
        given_x = x[:, :1] if options["output_mode"] == "one_hot" else x
        return [layer(given_x), np.array(layer.get_vocabulary(), dtype=str if text else np.int64)]

    agree(tf_keras, lambda k: (k.layers.StringLookup if text else k.layers.IntegerLookup)(**options), use)


@drawn(10)
@given(data=st.data(), seed=SEED)
def test_texts(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    texts = np.array([" ".join(rng.choice(WORDS, rng.integers(1, 6))) for _ in range(draw(st.integers(1, 6)))])
    options: dict[str, Any] = {
        "standardize": draw(st.sampled_from(["lower_and_strip_punctuation", "lower", "strip_punctuation", None])),
        "split": draw(st.sampled_from(["whitespace", "character"])),
        "ngrams": draw(st.sampled_from([None, 2, (1, 3)])),
        "max_tokens": draw(st.sampled_from([None, 8])),
        "output_mode": draw(st.sampled_from(["int", "multi_hot", "count", "tf_idf"])),
    }
    if options["output_mode"] == "int":
        options["output_sequence_length"] = draw(st.sampled_from([None, 3, 9]))
    seen = texts[: max(len(texts) // 2, 1)]

    def use(layer: Any) -> list[Any]:
        layer.adapt(seen)
        return [layer(texts), np.array(layer.get_vocabulary(), dtype=str)]

    agree(tf_keras, lambda k: k.layers.TextVectorization(**options), use)


@drawn(10)
@given(data=st.data(), seed=SEED)
def test_bins(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    options: dict[str, Any] = {"num_bins": draw(st.integers(1, 9)), "output_mode": draw(st.sampled_from(MODES))}
    words = np.array([str(rng.choice(WORDS)) * rng.integers(0, 30) for _ in range(5)])[:, None]
    numbers = rng.integers(-(2**40), 2**40, (5, 1))
    if draw(FLAG):
        options["output_mode"] = draw(st.sampled_from(["int", "one_hot"]))
        agree(tf_keras, lambda k: k.layers.HashedCrossing(**options), lambda layer: [layer((words, numbers))])
        return
    x = words if draw(FLAG) else numbers
    options["salt"] = draw(st.sampled_from([None, 7, [133, 137]]))
    options["mask_value"] = draw(st.sampled_from([None, x.ravel()[0].item()]))
    agree(tf_keras, lambda k: k.layers.Hashing(**options), lambda layer: [layer(x)])
