"""Every argument of the layers that look values up, hash, cut or scale them, drawn at random, against tf_keras."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_comparison import drawn
from test_layers_preprocessing import MODES, WORDS, agree

import nnstack

FLAG = st.booleans()
SEED = st.integers(0, 999)
KNOWN = [word for word in WORDS if word][:6]


@drawn(25)
@given(data=st.data(), seed=SEED)
def test_given_vocabularies(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    """A vocabulary from the caller, with or without the special tokens, both ways."""
    draw, rng = data.draw, np.random.default_rng(seed)
    text = draw(FLAG)
    pool: list[Any] = WORDS + ["[MASK]", "[OOV]"] if text else [3, 7, 12, 100, 0, -1, 5]
    known = KNOWN if text else [3, 7, 12, 100]
    options: dict[str, Any] = {
        "num_oov_indices": draw(st.integers(0, 3)),
        "mask_token": draw(st.sampled_from([None, "[MASK]" if text else 0])),
        "output_mode": draw(st.sampled_from([*MODES, "tf_idf"])),
    }
    if draw(FLAG):
        options["oov_token"] = "[OOV]" if text else -7
    if draw(FLAG):
        options |= {"max_tokens": draw(st.integers(9, 12)), "pad_to_max_tokens": draw(FLAG)}
    if options["output_mode"] == "int" and draw(FLAG):
        options["invert"] = True
    if draw(FLAG) and options["output_mode"] == "int":
        special = [options["mask_token"]] if options["mask_token"] is not None else []
        known = special + [options.get("oov_token", "[UNK]" if text else -1)] * options["num_oov_indices"] + known
    weights = {"idf_weights": rng.random(len(known)).round(3).tolist()} if options["output_mode"] == "tf_idf" else {}
    form = draw(st.sampled_from([list, tuple, np.array]))
    later = draw(FLAG)
    shape = (draw(st.integers(1, 5)), 1 if options["output_mode"] == "one_hot" else draw(st.integers(1, 3)))
    x = np.array(pool if options["num_oov_indices"] else known)[rng.integers(0, len(known), shape)]
    x = rng.integers(0, len(known) + 2, shape) if options.get("invert") else x

    def make(k: Any) -> Any:
        cls = k.layers.StringLookup if text else k.layers.IntegerLookup
        if later:
            layer = cls(**options)
            layer.set_vocabulary(form(known), **weights)
            return layer
        return cls(vocabulary=form(known), **weights, **options)

    agree(tf_keras, make, lambda layer: [layer(x), np.array(layer.get_vocabulary(), dtype=str if text else np.int64)])


@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_a_vocabulary_in_a_file(tf_keras: Any, kind: str, tmp_path: Path) -> None:
    words = ["12", "7", "100"] if kind == "IntegerLookup" else ["cat", "naïve", "dog ran"]
    path = tmp_path / "vocabulary.txt"
    path.write_text("\n".join(words), encoding="utf-8")
    x = np.array([[7], [3], [100]]) if kind == "IntegerLookup" else np.array([["naïve"], ["x"], ["cat"]])
    make = lambda k: getattr(k.layers, kind)(vocabulary=str(path))  # noqa: E731
    agree(tf_keras, make, lambda layer: [layer(x), np.array(layer.get_vocabulary(), dtype=str)])


@drawn(20)
@given(data=st.data(), seed=SEED)
def test_vectorization(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    texts = np.array([" ".join(rng.choice([*WORDS, "ÀÉ", "Tab\there"], rng.integers(0, 7))) for _ in range(5)])
    options: dict[str, Any] = {
        "standardize": draw(st.sampled_from(["lower_and_strip_punctuation", "lower", "strip_punctuation", None])),
        "split": draw(st.sampled_from(["whitespace", "character", None])),
        "ngrams": draw(st.sampled_from([None, 1, 2, 3, (2,), (1, 3), (3, 2)])),
        "output_mode": draw(st.sampled_from(["int", "multi_hot", "count", "tf_idf"])),
    }
    none = options["split"] is None and options["ngrams"] in ((2,), (3, 2))  # which leave nothing of one word
    if options["output_mode"] == "int":
        # tf_keras pads to a multiple of the length, and what is empty stays empty
        options["output_sequence_length"] = draw(st.sampled_from([None] if none else [None, 1, 4, 9]))
    else:
        options |= {"max_tokens": draw(st.integers(4, 30)), "pad_to_max_tokens": draw(FLAG)}
    known = [word.lower() for word in KNOWN[:2]] + ["the cat", "c"] if draw(FLAG) else None
    if known:
        weights = {"idf_weights": [0.5, 1.5, 2.5, 3.5]} if options["output_mode"] == "tf_idf" else {}
        options |= {"vocabulary": known, **weights}
    column = draw(FLAG) or options["split"] is None
    x = texts[:, None] if column else texts
    in_batches = draw(FLAG)

    def use(layer: Any) -> list[Any]:
        if not known:
            batches = [x[:2], x[2:4]]
            layer.adapt(data_set(layer, batches) if in_batches else x[:4])
        return [layer(x), np.array(layer.get_vocabulary(), dtype=str)]

    agree(tf_keras, lambda k: k.layers.TextVectorization(**options), use)


def data_set(layer: Any, batches: list[np.ndarray]) -> Any:
    """Batches of different sizes as the library of the layer takes them."""
    if isinstance(layer, nnstack.layers.Layer):
        return iter(batches)
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(np.concatenate(batches)).batch(len(batches[0]))


@drawn(20)
@given(data=st.data(), seed=SEED)
def test_hashing(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    x = np.array(WORDS)[rng.integers(0, len(WORDS), (4, 2))] if draw(FLAG) else rng.integers(-9, 99, (4, 2))
    x = x.astype(draw(st.sampled_from(["int32", "int64"]))) if x.dtype.kind == "i" else x
    options: dict[str, Any] = {"num_bins": draw(st.integers(1, 9)), "output_mode": draw(st.sampled_from(MODES))}
    options["salt"] = draw(st.sampled_from([None, 0, 7, 2**40, [133, 137], (1, 2), [0, 0]]))
    options["mask_value"] = draw(st.sampled_from([None, x.ravel()[0].item()]))
    x = x[:, :1] if options["output_mode"] == "one_hot" else x
    agree(tf_keras, lambda k: k.layers.Hashing(**options), lambda layer: [layer(x)])


@drawn(20)
@given(data=st.data(), seed=SEED)
def test_scales(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    """Normalization with given numbers, or learned from arrays and batches, and its way back."""
    draw, rng = data.draw, np.random.default_rng(seed)
    shape = tuple(draw(st.integers(1, 4)) for _ in range(draw(st.integers(1, 3))))
    rank = len(shape) + 1
    axes: list[Any] = [-1, None, *range(1, rank), tuple(range(1, rank))]
    options: dict[str, Any] = {"axis": draw(st.sampled_from(axes)), "invert": draw(FLAG)}
    given_numbers = draw(FLAG)
    if given_numbers:
        last = shape[-1] if options["axis"] == -1 else None
        size = () if last is None else (last,)
        options |= {"mean": rng.normal(size=size).tolist(), "variance": (rng.random(size) + 0.1).tolist()}
    batches = [rng.normal(3.0, 2.0, (4, *shape)).astype("float32") for _ in range(3)]

    def use(layer: Any) -> list[Any]:
        if not given_numbers:
            layer.adapt(data_set(layer, batches))
        return [layer(batches[0]), layer.mean, layer.variance]

    agree(tf_keras, lambda k: k.layers.Normalization(**options), use)


@drawn(15)
@given(data=st.data(), seed=SEED)
def test_bins_and_categories(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    if draw(FLAG):
        batches = [rng.normal(size=(32, 2)).astype("float32") for _ in range(draw(st.integers(1, 3)))]
        options = {"num_bins": draw(st.integers(1, 6)), "output_mode": draw(st.sampled_from(["int", *MODES[2:]]))}

        def use(layer: Any) -> list[Any]:
            layer.adapt(data_set(layer, batches))
            return [layer(batches[0]), layer.bin_boundaries]

        agree(tf_keras, lambda k: k.layers.Discretization(**options), use)
        return
    mode = draw(st.sampled_from(["one_hot", "multi_hot", "count"]))
    x = rng.integers(0, 6, (4, 1 if mode == "one_hot" else draw(st.integers(1, 4))))
    x = x.astype(draw(st.sampled_from(["int32", "int64", "float32"])))
    call = {"count_weights": rng.random(x.shape).astype("float32")} if mode == "count" and draw(FLAG) else {}
    agree(tf_keras, lambda k: k.layers.CategoryEncoding(6, output_mode=mode), lambda layer: [layer(x, **call)])
