"""Layout functions beyond one numpy call: unknown sizes everywhere, counts that are tensors, wrong arguments."""

import numpy as np
import pytest

from nnstack import backend as K

X = np.random.default_rng(0).normal(size=(4, 3, 2)).astype("float32")

UNKNOWN = {
    "repeat_elements": (lambda x: K.repeat_elements(x, 3, -1), lambda x: np.repeat(x, 3, -1)),
    "repeat_elements first": (lambda x: K.repeat_elements(x, 2, 0), lambda x: np.repeat(x, 2, 0)),
    "tile": (lambda x: K.tile(x, (2, 1, 3)), lambda x: np.tile(x, (2, 1, 3))),
    "tile by tensor": (lambda x: K.tile(x, (K.shape(x)[1], 1, 1)), lambda x: np.tile(x, (3, 1, 1))),
    "repeat": (lambda x: K.repeat(x[:, 0], K.shape(x)[1]), lambda x: np.repeat(x[:, :1], 3, 1)),
    "batch_flatten": (K.batch_flatten, lambda x: x.reshape(4, 6)),
    "stack last": (lambda x: K.stack([x, x + 1], -1), lambda x: np.stack([x, x + 1], -1)),
    "stack with an array": (lambda x: K.stack([K.sum(x), 2.0, np.float64(3)]), lambda x: np.stack([x.sum(), 2, 3])),
    "concatenate": (lambda x: K.concatenate([x, x[:, :1]], 1), lambda x: np.concatenate([x, x[:, :1]], 1)),
    "concatenate an array": (lambda x: K.concatenate([X.astype("float64"), x], 0), lambda x: np.concatenate([X, x])),
    "reverse": (lambda x: K.reverse(x, (0, -1)), lambda x: x[::-1, :, ::-1]),
    "gather": (lambda x: K.gather(x, [[1], [0]], axis=2), lambda x: x[:, :, [[1], [0]]]),
    "gather from the end": (lambda x: K.gather(x, [2, 0], axis=-2), lambda x: x[:, [2, 0]]),
    "zeros of a tensor's shape": (lambda x: K.zeros((K.shape(x)[0], 2)), lambda x: np.zeros((4, 2))),
    "one_hot": (lambda x: K.one_hot(K.cast(x * 2, "int32"), 3), lambda x: (x * 2).astype(int)[..., None] == range(3)),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_sizes_may_all_be_unknown(name):
    function, reference = UNKNOWN[name]
    expected = reference(X)
    x = K.placeholder((None, None, None))
    for result in (function(K.constant(X)).numpy(), K.function([x], function(x))([X])):
        np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_known_sizes_stay_known():
    x = K.placeholder((None, 3, 2))
    assert K.repeat_elements(x, 2, 1).shape == (None, 6, 2)
    assert K.tile(x, (2, 1, 5)).shape == (None, 3, 10)
    assert K.repeat(x[:, 0], 7).shape == (None, 7, 2)
    assert K.batch_flatten(x).shape == (None, 6)
    assert K.stack([x, x], -1).shape == (None, 3, 2, 2)
    assert K.one_hot(K.placeholder((None, 5), dtype="int32"), 4).shape == (None, 5, 4)


def test_gradients_of_repetition_add_up():
    v = K.variable([1.0, 2.0])
    weights = np.arange(6.0, dtype="float32")
    assert K.eval(K.gradients(K.sum(K.repeat_elements(v, 3, 0) * weights), [v])[0]).tolist() == [3.0, 12.0]
    assert K.eval(K.gradients(K.sum(K.tile(v, 3) * weights), [v])[0]).tolist() == [6.0, 9.0]


def test_arange():
    assert K.arange(3).numpy().tolist() == [0, 1, 2]
    assert K.arange(1, 7, 2).dtype == "int32"
    assert K.arange(5, 0, -2, dtype="float32").numpy().tolist() == [5.0, 3.0, 1.0]


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"tile: expected 2 counts, got \[2\]"):
        K.tile(np.ones((2, 2)), [2])
    with pytest.raises(ValueError, match=r"repeat: expected two axes .*got shape \(2, 3, 4\)"):
        K.repeat(np.ones((2, 3, 4)), 2)
    with pytest.raises(ValueError, match=r"repeat_elements: expected an axis within \[-2, 2\), got 2"):
        K.repeat_elements(np.ones((2, 2)), 2, 2)
    with pytest.raises(ValueError, match="reverse: expected an axis"):
        K.reverse(np.ones((2, 2)), -3)
