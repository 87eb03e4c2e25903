"""Generators, iterables and Sequences as data."""

import numpy as np
import pytest
from linear_model import X, Y, by_hand, linear

from nnstack import utils


@pytest.mark.parametrize("kind", ["generator", "iterable", "sequence"])
def test_streams(kind: str) -> None:
    class Pairs(utils.Sequence):
        ends = 0

        def __len__(self):
            return 4

        def __getitem__(self, index):
            return X[index * 6 : index * 6 + 6], Y[index * 6 : index * 6 + 6]

        def on_epoch_end(self):
            self.ends += 1

    pairs = Pairs()

    class Again:
        def __iter__(self):
            return iter(list(pairs))

    def forever():
        while True:
            yield from pairs

    source = {"generator": forever(), "iterable": Again(), "sequence": pairs}[kind]
    model = linear()
    history = model.fit(source, epochs=3, steps_per_epoch=4 if kind == "generator" else None, shuffle=False, verbose=0)
    kernel, _, losses = by_hand(X, Y, 3, 6)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-3, atol=1e-6)
    assert pairs.ends == (3 if kind == "sequence" else 0)
    assert model.evaluate(pairs, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-5)


def test_a_generator_that_runs_dry_and_one_that_fails() -> None:
    with pytest.warns(UserWarning, match="the data ran out after 2 of 5 batches in epoch 1"):
        linear().fit(iter([(X, Y), (X, Y)]), steps_per_epoch=5, epochs=2, verbose=0)

    def broken():
        yield X, Y
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        linear().fit(broken(), steps_per_epoch=3, verbose=0)


def test_old_generator_methods() -> None:
    def forever():
        while True:
            yield X, Y

    model = linear()
    assert len(model.fit_generator(forever(), steps_per_epoch=2, epochs=2, verbose=0).history["loss"]) == 2
    assert model.evaluate_generator(forever(), steps=1) == pytest.approx(model.evaluate(X, Y, verbose=0))
    np.testing.assert_allclose(model.predict_generator(iter([X]), steps=1), model.predict(X))
