"""`predict` where a model gives other numbers of rows than it is given: batches are laid one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnstack import backend as K
from nnstack.layers import Input, Lambda
from nnstack.models import Model

X = np.random.default_rng(0).normal(size=(7, 3)).astype("float32")


def model_of(function: Any, **options: Any) -> Model:
    image = Input((3,))
    model = Model(image, Lambda(function)(image))
    model.compile("sgd", "mse", **options)
    return model


@pytest.mark.parametrize("eager", [False, True])
def test_more_fewer_and_no_rows(eager: bool) -> None:
    batches = [X[:3], X[3:6], X[6:]]
    twice = model_of(lambda x: K.repeat_elements(x, 2, 0), run_eagerly=eager)
    np.testing.assert_array_equal(twice.predict(X, batch_size=3), np.repeat(X, 2, 0))
    total = model_of(lambda x: K.sum(x, axis=0, keepdims=True), run_eagerly=eager)
    np.testing.assert_allclose(total.predict(X, batch_size=3), [batch.sum(0) for batch in batches], rtol=1e-5)
    flat = model_of(lambda x: K.sum(x, axis=0), run_eagerly=eager)
    expected = np.concatenate([batch.sum(0) for batch in batches])
    np.testing.assert_allclose(flat.predict(X, batch_size=3), expected, rtol=1e-5)
    number = model_of(lambda x: K.sum(x), run_eagerly=eager)
    np.testing.assert_allclose(number.predict(X, batch_size=3), [batch.sum() for batch in batches], rtol=1e-5)
    assert number.predict(X).shape == (1,)


def test_rows_that_fit_some_batches_only() -> None:
    """Six rows for every batch: as many as a full batch has, but not the last one."""
    six = model_of(lambda x: K.repeat_elements(K.sum(x, axis=0, keepdims=True), 6, 0))
    np.testing.assert_allclose(six.predict(X, batch_size=6), np.repeat([X[:6].sum(0), X[6]], 6, 0), rtol=1e-5)
    np.testing.assert_allclose(six.predict(X[:6], batch_size=6), np.repeat([X[:6].sum(0)], 6, 0), rtol=1e-5)


def test_beside_an_output_with_a_row_for_each_sample() -> None:
    image = Input((3,))
    model = Model(image, [Lambda(lambda x: x * 2)(image), Lambda(lambda x: K.repeat_elements(x, 3, 0))(image)])
    doubled, tripled = model.predict(X, batch_size=2)
    np.testing.assert_array_equal(doubled, X * 2)
    np.testing.assert_array_equal(tripled, np.repeat(X, 3, 0))
    doubled, tripled = model.predict(iter([X[:4], X[4:]]), steps=2)
    assert doubled.shape == (7, 3) and tripled.shape == (21, 3)
