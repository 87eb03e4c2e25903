"""Batch normalisation with unknown sizes and statistics along any axis; numbers against tf_keras in tests/reference."""

import numpy as np
import pytest

from nnstack import backend as K

X = np.random.default_rng(4).normal(size=(2, 3, 4, 5)).astype("float32")


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_one_number_per_entry_of_any_axis(axis):
    size = X.shape[axis]
    shape = [size if a == axis % 4 else 1 for a in range(4)]
    mean, var, beta, gamma = np.random.default_rng(5).uniform(0.5, 2, (4, size)).astype("float32")
    expected = (X - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + 0.1) * gamma.reshape(shape) + beta.reshape(
        shape
    )
    x = K.placeholder((None,) * 4)
    y = K.batch_normalization(x, mean, var, beta, gamma, axis=axis, epsilon=0.1)
    np.testing.assert_allclose(K.function([x], y)([X]), expected, rtol=1e-4, atol=1e-5)
    broadcast = [part.reshape(shape) for part in (mean, var, beta, gamma)]
    y = K.batch_normalization(X, *broadcast, axis=axis, epsilon=0.1)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axes", [[0, 1, 2], [0, 2, 3], [0], [-1, 0]])
def test_statistics_of_the_batch(axes):
    x = K.placeholder((None, *X.shape[1:]))
    rest = [size for a, size in enumerate(X.shape) if a not in {b % 4 for b in axes}]
    gamma, beta = np.full(rest, 3.0, "float32"), np.full(rest, 1.0, "float32")
    y, mean, var = K.function([x], list(K.normalize_batch_in_training(x, gamma, beta, axes, epsilon=0.0)))([X])
    along = tuple(axes)
    np.testing.assert_allclose(mean, X.mean(along), rtol=1e-4, atol=1e-6)
    image = axes in ([0, 1, 2], [0, 2, 3])
    np.testing.assert_allclose(var, X.var(along, ddof=1 if image else 0), rtol=1e-4)
    np.testing.assert_allclose(y.mean(along), np.full(rest, 1.0), atol=1e-5)
    np.testing.assert_allclose(y.std(along), np.full(rest, 3.0), rtol=1e-4)


def test_one_sample_has_no_spread():
    y, mean, var = K.normalize_batch_in_training(np.ones((1, 1, 1, 2), "float32"), None, None, [0, 1, 2])
    assert (y.numpy().ravel().tolist(), mean.numpy().tolist(), var.numpy().tolist()) == ([0, 0], [1, 1], [0, 0])
