"""Elementwise functions and comparisons against numpy, on arrays at once and compiled with unknown sizes."""

import math

import numpy as np
import pytest

from nnstack import backend as K

RANDOM = np.random.default_rng(6)
X = RANDOM.normal(size=(3, 4)).astype("float32")
Y = RANDOM.normal(size=(4,)).astype("float32")
X[0, :2] = Y[:2]  # equal numbers for the comparisons

ONE = {
    "abs": (K.abs, np.abs),
    "exp": (K.exp, np.exp),
    "expm1": (K.expm1, np.expm1),
    "log": (lambda x: K.log(K.abs(x)), lambda x: np.log(np.abs(x))),
    "log1p": (lambda x: K.log1p(K.abs(x)), lambda x: np.log1p(np.abs(x))),
    "sin": (K.sin, np.sin),
    "cos": (K.cos, np.cos),
    "erf": (K.erf, np.vectorize(math.erf)),
    "floor": (K.floor, np.floor),
    "square": (K.square, np.square),
    "identity": (K.identity, lambda x: x),
    "tanh": (K.tanh, np.tanh),
    "sigmoid": (K.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "hard_sigmoid": (lambda x: K.hard_sigmoid(x * 4), lambda x: np.clip(x * 0.8 + 0.5, 0, 1)),
    "softplus": (K.softplus, lambda x: np.log1p(np.exp(x))),
    "softsign": (K.softsign, lambda x: x / (1 + np.abs(x))),
    "elu": (lambda x: K.elu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    "relu of threshold below 0": (
        lambda x: K.relu(x, 0.1, 0.8, -0.2),
        lambda x: np.clip(x, 0, 0.8) + np.minimum(0.1 * (x + 0.2), 0),
    ),
    "relu": (lambda x: K.relu(x, 0.1, 0.8, 0.2), lambda x: np.where(x >= 0.2, np.minimum(x, 0.8), 0.1 * (x - 0.2))),
    "fill": (lambda x: K.fill(K.shape(x), 7, "float32"), lambda x: np.full_like(x, 7)),
    "pad": (lambda x: K.pad(x, [(1, 0), (0, 2)], 3.0), lambda x: np.pad(x, [(1, 0), (0, 2)], constant_values=3)),
}
TWO = {
    "add": (K.add, np.add),
    "subtract": (K.subtract, np.subtract),
    "multiply": (K.multiply, np.multiply),
    "divide": (K.divide, np.divide),
    "maximum": (K.maximum, np.maximum),
    "minimum": (K.minimum, np.minimum),
    "equal": (K.equal, np.equal),
    "not_equal": (K.not_equal, np.not_equal),
    "less": (K.less, np.less),
    "less_equal": (K.less_equal, np.less_equal),
    "greater": (K.greater, np.greater),
    "greater_equal": (K.greater_equal, np.greater_equal),
    "select": (lambda x, y: K.select(x > 0, x, y), lambda x, y: np.where(x > 0, x, y)),
    "broadcast_to": (lambda x, y: K.broadcast_to(y, K.shape(x)), lambda x, y: np.broadcast_to(y, x.shape)),
}


@pytest.mark.parametrize("name", ONE)
def test_one_operand(name):
    function, reference = ONE[name]
    x = K.placeholder((None, None))
    for result in (function(K.constant(X)).numpy(), K.function([x], function(x))([X])):
        np.testing.assert_allclose(result, reference(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", TWO)
def test_two_operands_broadcast(name):
    function, reference = TWO[name]
    expected = reference(X, Y)
    x, y = K.placeholder((None, None)), K.placeholder((None,))
    results = [function(K.constant(X), K.constant(Y)).numpy(), function(K.constant(X), Y).numpy()]
    for result in [*results, K.function([x, y], function(x, y))([X, Y])]:
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_focal_crossentropies():
    p = np.array([[0.2, 0.7, 0.1]], "float32")
    right = np.array([[0.8, 0.7, 0.9]])  # the probability of what is true
    target = np.array([[0.0, 1.0, 0.0]], "float32")
    plain = (1 - right) ** 2 * -np.log(right)
    np.testing.assert_allclose(K.binary_focal_crossentropy(target, p).numpy(), plain, rtol=1e-4)
    balanced = K.binary_focal_crossentropy(target, p, apply_class_balancing=True, alpha=0.4).numpy()
    np.testing.assert_allclose(balanced, plain * [[0.6, 0.4, 0.6]], rtol=1e-4)
    loss = K.categorical_focal_crossentropy(target, p, alpha=0.5, gamma=1.0).numpy()
    np.testing.assert_allclose(loss, [0.5 * 0.3 * -np.log(0.7)], rtol=1e-4)


def test_what_a_thing_is():
    x, v = K.placeholder((2, None)), K.variable([[1.0, 2.0]])
    assert K.is_placeholder(x) and not K.is_placeholder(x + 1.0) and not K.is_placeholder(v)
    assert K.is_variable(v) and not K.is_variable(x)
    assert K.is_tensor(x) and K.is_tensor(v) and not K.is_tensor(np.ones(2))
    assert (K.get_variable_shape(v), K.int_shape(x), K.int_shape([1, 2])) == ((1, 2), (2, None), (2,))
    assert isinstance(v, K.Variable) and isinstance(x, K.Tensor) and isinstance(K.function([x], x), K.Function)
    assert K.cast_to_floatx([1, 2]).dtype == np.float32 and K.cast_to_floatx(K.constant(1, "int32")).dtype == "float32"
    assert K.convert_like(2, K.constant(1, "int64")).dtype == "int64"


def test_names_reach_explain():
    x = K.placeholder((2,))
    with K.name_scope("inner"):
        y = K.emit("sin", x)
    assert y.name == "inner" and (x + 1.0).name == ""


def test_updates_wait_until_they_are_run():
    v = K.variable([1.0, 2.0])
    update = K.update(v, v * 3.0)
    assert isinstance(update, K.Update) and v.numpy().tolist() == [1.0, 2.0]
    assert K.eval(update).tolist() == [3.0, 6.0]
    assert K.eval(K.update_sub(v, 1.0)).tolist() == [2.0, 5.0]
    K.update(v, [0.0, 0.0])
    assert v.numpy().tolist() == [0.0, 0.0]
