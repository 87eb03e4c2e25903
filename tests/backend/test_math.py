"""Functions of the backend against numpy, on arrays at once and compiled with an unknown first axis."""

import numpy as np
import pytest

from nnstack import backend as K

X = np.random.default_rng(0).normal(size=(4, 3, 2)).astype("float32")

SAME = {
    "sum": (lambda x: K.sum(x, axis=[0, -1]), lambda x: x.sum((0, -1))),
    "sum all": (K.sum, np.sum),
    "mean keepdims": (lambda x: K.mean(x, axis=1, keepdims=True), lambda x: x.mean(1, keepdims=True)),
    "mean of bool": (lambda x: K.mean(x > 0, axis=0), lambda x: (x > 0).mean(0)),
    "max": (lambda x: K.max(x, axis=-1), lambda x: x.max(-1)),
    "min": (K.min, np.min),
    "prod": (lambda x: K.prod(x, axis=2), lambda x: x.prod(2)),
    "any": (lambda x: K.any(x > 1, axis=0), lambda x: (x > 1).any(0)),
    "all": (lambda x: K.all(x > -1, axis=2), lambda x: (x > -1).all(2)),
    "argmax": (lambda x: K.argmax(x, axis=1), lambda x: x.argmax(1)),
    "argmin": (K.argmin, lambda x: x.argmin(-1)),
    "var": (lambda x: K.var(x, axis=0), lambda x: x.var(0)),
    "std": (K.std, np.std),
    "clip": (lambda x: K.clip(x, -0.5, 0.5), lambda x: x.clip(-0.5, 0.5)),
    "clip above only": (lambda x: K.clip(x, None, 0.5), lambda x: np.minimum(x, 0.5)),
    "sqrt of negative numbers": (K.sqrt, lambda x: np.sqrt(np.maximum(x, 0))),
    "pow": (lambda x: K.pow(K.abs(x), 1.5), lambda x: np.abs(x) ** 1.5),
    "round": (lambda x: K.round(x * 2), lambda x: np.round(x * 2)),
    "sign": (K.sign, np.sign),
    "logsumexp": (lambda x: K.logsumexp(x, axis=1), lambda x: np.log(np.exp(x).sum(1))),
    "reshape": (lambda x: K.reshape(x, (-1, 2, 3)), lambda x: x.reshape(-1, 2, 3)),
    "reshape by tensor": (lambda x: K.reshape(x, (K.shape(x)[0], 6)), lambda x: x.reshape(4, 6)),
    "flatten": (K.flatten, np.ravel),
    "batch_flatten": (K.batch_flatten, lambda x: x.reshape(4, 6)),
    "expand_dims": (lambda x: K.expand_dims(x, 1), lambda x: x[:, None]),
    "squeeze": (lambda x: K.squeeze(x[:, :1], 1), lambda x: x[:, 0]),
    "permute": (lambda x: K.permute_dimensions(x, (2, 0, 1)), lambda x: x.transpose(2, 0, 1)),
    "transpose": (K.transpose, np.transpose),
    "stack": (lambda x: K.stack([x, x * 2], axis=1), lambda x: np.stack([x, x * 2], 1)),
    "concatenate": (lambda x: K.concatenate([x, x], axis=1), lambda x: np.concatenate([x, x], 1)),
    "tile": (lambda x: K.tile(x, (1, 2, 3)), lambda x: np.tile(x, (1, 2, 3))),
    "repeat": (lambda x: K.repeat(x[:, 0], 3), lambda x: np.repeat(x[:, :1], 3, 1)),
    "repeat_elements": (lambda x: K.repeat_elements(x, 2, 1), lambda x: np.repeat(x, 2, 1)),
    "reverse": (lambda x: K.reverse(x, [1, 2]), lambda x: x[:, ::-1, ::-1]),
    "slice": (lambda x: K.slice(x, [1, 0, 1], [2, -1, 1]), lambda x: x[1:3, :, 1:2]),
    "gather": (lambda x: K.gather(x, np.array([[2, 0], [1, 1]])), lambda x: x[[[2, 0], [1, 1]]]),
    "one_hot": (lambda x: K.one_hot(K.argmax(x, axis=1), 3), lambda x: np.eye(3)[x.argmax(1)]),
    "zeros_like": (K.zeros_like, np.zeros_like),
    "ones_like": (lambda x: K.ones_like(x, dtype="int32"), lambda x: np.ones_like(x, "int32")),
    "padding": (lambda x: K.temporal_padding(x, (1, 2)), lambda x: np.pad(x, ((0, 0), (1, 2), (0, 0)))),
    "size": (K.size, np.size),
    "cast": (lambda x: K.cast(x * 3, "int32"), lambda x: (x * 3).astype("int32")),
    "divide_no_nan": (lambda x: K.divide_no_nan(x, K.relu(x)), lambda x: (x > 0).astype("float32")),
    "dot": (lambda x: K.dot(x, np.ones((2, 5))), lambda x: x @ np.ones((2, 5))),
    "dot of many axes": (
        lambda x: K.dot(x, np.arange(8.0).reshape(2, 2, 2)),
        lambda x: np.dot(x, np.arange(8.0).reshape(2, 2, 2)),
    ),
    "bias channels first": (
        lambda x: K.bias_add(x, np.arange(3.0), data_format="channels_first"),
        lambda x: x + np.arange(3.0)[:, None],
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_agrees_with_numpy(name):
    function, reference = SAME[name]
    expected = np.asarray(reference(X))
    x = K.placeholder((None, 3, 2))
    for result in (function(K.constant(X)).numpy(), K.function([x], function(x))([X])):
        assert result.shape == expected.shape
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_count_knows_the_batch_when_it_runs():
    x = K.placeholder((None, 3))
    assert K.function([x], K.count(x))([np.zeros((5, 3))]) == 15.0


def test_errors_name_the_shapes():
    with pytest.raises(
        ValueError, match=r"dot: expected at least 2 axes on both sides, got shapes \(3,\) and \(3, 2\)"
    ):
        K.dot(np.ones(3), np.ones((3, 2)))
