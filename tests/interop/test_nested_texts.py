"""Models with layers for texts, models inside models too: files go both ways between tf_keras and nnstack."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack

TEXTS = np.array(["the cat sat", "a dog ran away", "the dog", "cat", "a cat and a dog", "ran"])
NUMBERS = np.array([7, 3, 7, 100, 3, 12])


def vectorizer(k: Any, **kwargs: Any) -> Any:
    layer = k.layers.TextVectorization(**{"output_sequence_length": 5, **kwargs})
    layer.adapt(TEXTS)
    return layer


def end_to_end(k: Any) -> Any:
    """The vectorizer before a model of numbers."""
    j = k.layers.Input((None,), dtype="int64")
    h = k.layers.Embedding(12, 4)(j)
    numbers = k.Model(j, k.layers.Dense(1)(k.layers.GlobalAveragePooling1D()(h)))
    i = k.layers.Input((1,), dtype="string")
    return k.Model(i, numbers(vectorizer(k)(i)))


def stacked(k: Any) -> Any:
    last = k.Sequential([k.layers.Embedding(12, 4, input_length=5), k.layers.Flatten(), k.layers.Dense(2)])
    return k.Sequential([k.layers.Input((1,), dtype="string"), vectorizer(k), last])


def inside(k: Any) -> Any:
    """A model that begins with texts, in another one."""
    j = k.layers.Input((1,), dtype="string", name="text")
    texts = k.Model(j, k.layers.Flatten()(k.layers.Embedding(12, 3)(vectorizer(k)(j))))
    i = k.layers.Input((1,), dtype="string")
    return k.Model(i, k.layers.Dense(2)(texts(i)))


def vectors(k: Any, **kwargs: Any) -> Any:
    i = k.layers.Input((1,), dtype="string")
    return k.Model(i, k.layers.Dense(2)(vectorizer(k, output_sequence_length=None, **kwargs)(i)))


def looked_up(k: Any, **kwargs: Any) -> Any:
    numeric = kwargs.pop("numeric", False)
    layer = (k.layers.IntegerLookup if numeric else k.layers.StringLookup)(**kwargs)
    layer.adapt(NUMBERS if numeric else TEXTS)
    i = k.layers.Input((1,), dtype="int64" if numeric else "string")
    h = layer(i)
    return k.Model(i, k.layers.Dense(2)(h) if layer.output_mode != "int" else k.layers.Embedding(9, 2)(h))


MODELS: dict[str, Any] = {
    "end to end": end_to_end,
    "stacked": stacked,
    "inside": inside,
    "multi_hot": lambda k: vectors(k, output_mode="multi_hot"),
    "tf_idf": lambda k: vectors(k, output_mode="tf_idf"),
    "tf_idf, padded": lambda k: vectors(k, output_mode="tf_idf", max_tokens=20, pad_to_max_tokens=True),
    "words": lambda k: looked_up(k),
    "words with a mask": lambda k: looked_up(k, mask_token="", num_oov_indices=2),
    "words tf_idf": lambda k: looked_up(k, output_mode="tf_idf"),
    "numbers": lambda k: looked_up(k, numeric=True),
    "numbers with a mask": lambda k: looked_up(k, numeric=True, mask_token=0),
    "numbers one_hot": lambda k: looked_up(k, numeric=True, output_mode="one_hot"),
    "hashed": lambda k: k.Sequential([k.layers.Input((1,), dtype="string"), k.layers.Hashing(5), k.layers.Dense(2)]),
    "scaled": lambda k: k.Sequential([k.layers.Input((3,)), adapted(k.layers.Normalization()), k.layers.Dense(2)]),
    "binned": lambda k: k.Sequential(
        [k.layers.Input((3,)), adapted(k.layers.Discretization(num_bins=3, output_mode="multi_hot")), k.layers.Dense(2)]
    ),
}


def adapted(layer: Any) -> Any:
    layer.adapt(np.random.default_rng(3).normal(2.0, 3.0, (50, 3)).astype("float32"))
    return layer


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
def test_files(tf_keras: Any, make: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    for k, other in ((tf_keras, nnstack), (nnstack, tf_keras)):
        model = make(k)
        path = str(tmp_path / f"{k.__name__}.keras")
        model.save(path)
        again = other.models.load_model(path)
        data = {"int64": NUMBERS[:, None], "float32": np.random.default_rng(5).normal(size=(6, 3)).astype("float32")}
        kind = model.get_config()["layers"][0]["config"]["dtype"]
        x = data.get(kind, TEXTS[:, None])
        fed = {nnstack: x, tf_keras: tf.constant(x)}
        np.testing.assert_allclose(
            again.predict(fed[other], verbose=0), model.predict(fed[k], verbose=0), rtol=1e-5, atol=1e-6
        )
