"""Models with a call of their own, against the real tf_keras: texts in it, and files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack

TEXTS = np.array([["hello world"], ["foo bar hello hello hello"], ["world"], ["zzz"]])
NUMBERS = np.linspace(-1, 1, 8, dtype="float32").reshape(4, 2)
TARGETS = np.array([[1.0], [0.0], [1.0], [0.0]], "float32")


def words(k: Any) -> Any:
    class Words(k.Model):  # type: ignore[misc, name-defined]
        """Sentences of different lengths, masked."""

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.look_up = k.layers.TextVectorization(vocabulary=["hello", "world", "foo"])
            self.embed = k.layers.Embedding(6, 3, mask_zero=True, embeddings_initializer="ones")
            self.run = k.layers.LSTM(2, kernel_initializer="ones", recurrent_initializer="ones")
            self.end = k.layers.Dense(1, kernel_initializer="ones")

        def call(self, x: Any, training: Any = None) -> Any:
            return self.end(self.run(self.embed(self.look_up(x))))

        def get_config(self) -> dict[str, Any]:
            return {}

    return Words


def beside_numbers(k: Any) -> Any:
    class Look(k.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.table = k.layers.StringLookup(vocabulary=["zzz", "world"], output_mode="one_hot")

        def call(self, x: Any) -> Any:
            return self.table(x)

    class Beside(k.Model):  # type: ignore[misc, name-defined]
        """A layer of one's own that looks texts up, and a model that begins with them, beside numbers."""

        def __init__(self) -> None:
            super().__init__()
            self.look, self.end = Look(), k.layers.Dense(1, kernel_initializer="ones")
            self.inner = k.Sequential(
                [
                    k.layers.TextVectorization(vocabulary=["hello", "foo"], output_mode="multi_hot"),
                    k.layers.Dense(2, kernel_initializer="ones"),
                ]
            )

        def call(self, inputs: Any) -> Any:
            parts = [self.look(inputs["text"]), self.inner(inputs["text"]), inputs["number"]]
            return self.end(k.layers.concatenate(parts))

    return Beside


@pytest.mark.parametrize("run_eagerly", [False, True])
@pytest.mark.parametrize("make", [words, beside_numbers])
def test_texts_in_a_call_of_ones_own(make: Any, run_eagerly: bool, tf_keras: Any) -> None:
    import tensorflow as tf

    found = []
    for k, tensor in ((tf_keras, tf.constant), (nnstack, np.asarray)):
        x: Any = {"text": tensor(TEXTS), "number": tensor(NUMBERS)} if make is beside_numbers else tensor(TEXTS)
        model = make(k)()
        model.compile("sgd", "mse", run_eagerly=run_eagerly)
        called = np.asarray(model(x))
        losses = model.fit(x, TARGETS, epochs=2, batch_size=3, shuffle=False, verbose=0).history["loss"]
        found.append(
            [called, losses, model.evaluate(x, TARGETS, verbose=0), model.predict(x, batch_size=1, verbose=0),
             model.train_on_batch(x, TARGETS)]
        )  # fmt: skip
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_files_of_subclassed_models(tf_keras: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    theirs = words(tf_keras)()
    theirs.compile("sgd", "mse", metrics=["mae"])
    theirs.fit(tf.constant(TEXTS), TARGETS, verbose=0)
    theirs.save(str(tmp_path / "m.keras"))
    ours = nnstack.models.load_model(tmp_path / "m.keras", custom_objects={"Words": words(nnstack)})
    np.testing.assert_allclose(
        ours.predict(TEXTS, verbose=0), theirs.predict(tf.constant(TEXTS), verbose=0), rtol=1e-4, atol=1e-5
    )
    evaluated = theirs.evaluate(tf.constant(TEXTS), TARGETS, verbose=0)
    np.testing.assert_allclose(ours.evaluate(TEXTS, TARGETS, verbose=0), evaluated, rtol=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "Adam", "rmsprop"])
def test_optimizers_that_files_hold_by_name(optimizer: str, tf_keras: Any, tmp_path: Path) -> None:
    theirs = tf_keras.Sequential([tf_keras.layers.Dense(1, input_shape=(2,))])
    theirs.compile(optimizer, "mse")
    theirs.fit(NUMBERS, TARGETS, verbose=0)
    theirs.save(str(tmp_path / "m.keras"))
    ours = nnstack.models.load_model(tmp_path / "m.keras")
    for model in (theirs, ours):
        model.fit(NUMBERS, TARGETS, epochs=3, verbose=0, shuffle=False)
    np.testing.assert_allclose(ours.predict(NUMBERS, verbose=0), theirs.predict(NUMBERS, verbose=0), rtol=1e-4)
