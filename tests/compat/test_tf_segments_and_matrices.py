"""Segments, special functions and matrices of tf.math and tf.linalg beside numpy and scipy; gradients of one's own."""

from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special

ROWS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
NUMBERS = np.array([2, 0, 2, 1, 1, 4])


@pytest.mark.parametrize(("name", "function", "empty"), [
    ("sum", np.sum, 0.0), ("mean", np.mean, 0.0), ("prod", np.prod, 1.0), ("max", np.max, np.finfo("f").min),
    ("min", np.min, np.finfo("f").max), ("sqrt_n", lambda x, axis: x.sum(axis) / np.sqrt(len(x)), 0.0),
])  # fmt: skip
def test_unsorted_segments(tf: Any, name: str, function: Any, empty: float) -> None:
    found = getattr(tf.math, f"unsorted_segment_{name}")(ROWS, NUMBERS, 6).numpy()
    for number in range(6):
        rows = ROWS[number == NUMBERS]
        expected = function(rows, axis=0) if len(rows) else np.full(3, empty, np.float32)
        np.testing.assert_allclose(found[number], expected, rtol=1e-5)
    if name not in ("sqrt_n", "sum"):
        rising = getattr(tf.math, f"segment_{name}")(ROWS, np.sort(NUMBERS)).numpy()
        np.testing.assert_allclose(rising[1], function(ROWS[1:3], axis=0), rtol=1e-5)


def test_counts_and_parts(tf: Any) -> None:
    assert tf.math.bincount([1, 1, 3]).numpy().tolist() == [0, 2, 0, 1]
    assert tf.math.bincount([1, 1, 3], weights=[0.5, 1.0, 2.0]).numpy().tolist() == [0.0, 1.5, 0.0, 2.0]
    assert tf.math.bincount([[1, 1], [0, 2]], axis=-1, binary_output=True).numpy().tolist() == [[0, 1, 0], [1, 0, 1]]
    assert tf.histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0], [0.0, 5.0], nbins=5).numpy().tolist() == [2, 1, 1, 0, 1]
    parts = tf.dynamic_partition(tf.constant([10, 20, 30, 40]), [1, 0, 1, 1], 2)
    assert [part.numpy().tolist() for part in parts] == [[20], [10, 30, 40]]
    assert tf.dynamic_stitch([[1], [0, 2, 3]], parts).numpy().tolist() == [10, 20, 30, 40]
    turned = tf.reverse_sequence(tf.constant([[1, 2, 3], [4, 5, 6]]), [2, 3], seq_axis=1)
    assert turned.numpy().tolist() == [[2, 1, 3], [6, 5, 4]]
    values, places, counts = tf.unique_with_counts([4, 1, 4, 2])
    assert [one.numpy().tolist() for one in (values, places, counts)] == [[4, 1, 2], [0, 1, 0, 2], [2, 1, 1]]
    assert tf.unravel_index([5, 22], (4, 6)).numpy().tolist() == [[0, 3], [5, 4]]


@pytest.mark.parametrize(("name", "reference", "at"), [
    ("lgamma", scipy.special.gammaln, [-2.5, -0.3, 0.1, 0.5, 1.0, 2.5, 40.0]),
    ("digamma", scipy.special.digamma, [-2.5, -0.3, 0.1, 0.5, 1.0, 2.5, 40.0]),
    ("erfinv", scipy.special.erfinv, [-1.0, -0.999, -0.5, 0.0, 0.3, 0.9999, 1.0]),
    ("ndtri", scipy.special.ndtri, [0.001, 0.5, 0.975]),
    ("asinh", np.arcsinh, [-1e4, -1.0, 0.0, 1e-3, 30.0]),
    ("acosh", np.arccosh, [1.0, 1.001, 30.0]),
])  # fmt: skip
def test_special_functions(tf: Any, name: str, reference: Any, at: list[float]) -> None:
    np.testing.assert_allclose(getattr(tf.math, name)(tf.constant(at)), reference(np.array(at)), rtol=2e-5, atol=1e-6)


MATRIX = (ROWS.T @ ROWS + np.eye(3)).astype(np.float64)
FACTORS = np.random.default_rng(1).normal(size=(3, 3))


@pytest.mark.parametrize(("name", "reference"), [
    ("inv", np.linalg.inv), ("det", np.linalg.det), ("cholesky", np.linalg.cholesky), ("expm", scipy.linalg.expm),
    ("logdet", lambda x: np.linalg.slogdet(x)[1]), ("pinv", np.linalg.pinv), ("eigvalsh", np.linalg.eigvalsh),
])  # fmt: skip
def test_matrices_and_their_gradients(tf: Any, name: str, reference: Any) -> None:
    function = getattr(tf.linalg, name)
    matrix = tf.Variable(MATRIX / 4.0, dtype=tf.float64)
    factors = FACTORS if np.ndim(reference(MATRIX)) == 2 else np.float64(1.0)
    with tf.GradientTape() as tape:
        result = function(matrix)
        loss = tf.reduce_sum(result * factors)
    np.testing.assert_allclose(result, reference(MATRIX / 4.0), rtol=1e-7)
    gradient = tape.gradient(loss, matrix)
    if name in ("pinv", "eigvalsh"):
        assert gradient is None
        return
    step = np.zeros((3, 3))
    step[0, 1] = step[1, 0] = 1e-5  # symmetric, as the functions want it
    ends = [np.sum(reference(MATRIX / 4.0 + sign * step) * factors) for sign in (1, -1)]
    moved = gradient.numpy()[0, 1] + gradient.numpy()[1, 0]
    assert moved == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5)


def test_equations_and_factors(tf: Any) -> None:
    b = ROWS[:3].astype(np.float64)
    np.testing.assert_allclose(tf.linalg.solve(MATRIX, b), np.linalg.solve(MATRIX, b), rtol=1e-8)
    lower = tf.linalg.triangular_solve(MATRIX, b)
    np.testing.assert_allclose(lower, scipy.linalg.solve_triangular(MATRIX, b, lower=True), rtol=1e-8)
    s, u, v = tf.linalg.svd(tf.constant(ROWS))
    np.testing.assert_allclose(u.numpy() * s.numpy() @ v.numpy().T, ROWS, atol=1e-5)
    q, r = tf.linalg.qr(tf.constant(ROWS))
    np.testing.assert_allclose(q.numpy() @ r.numpy(), ROWS, atol=1e-5)


def test_a_gradient_of_ones_own_is_taken_under_a_tape_and_in_fit(tf: Any) -> None:
    @tf.custom_gradient
    def guided(x: Any) -> Any:
        return tf.nn.relu(x), lambda dy: tf.cast(dy > 0, tf.float32) * tf.cast(x > 0, tf.float32) * dy

    x, w = tf.constant([-1.0, 2.0, 3.0]), tf.Variable([1.0, 1.0, -1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(guided(guided(x * 2.0) * w) * w)
    assert [one.numpy().tolist() for one in tape.gradient(y, [x, w])] == [[0, 2, 0], [0, 8, 0]]

    reverse = tf.custom_gradient(lambda x: (x, lambda dy: -0.5 * dy))
    inputs = tf.keras.Input((3,))
    hidden = tf.keras.layers.Dense(2, use_bias=False)
    output = tf.keras.layers.Dense(1, use_bias=False)(tf.keras.layers.Lambda(reverse)(hidden(inputs)))
    model = tf.keras.Model(inputs, output)
    model.compile(tf.keras.optimizers.SGD(0.1), "mse")
    first, second = model.get_weights()
    model.train_on_batch(ROWS, np.ones((6, 1)))
    slope = 2 * (ROWS @ first @ second - 1) / 6
    np.testing.assert_allclose(model.get_weights()[0], first + 0.05 * ROWS.T @ slope @ second.T, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], second - 0.1 * (ROWS @ first).T @ slope, rtol=1e-4, atol=1e-6)


def test_two_results_with_gradients_of_ones_own(tf: Any) -> None:
    @tf.custom_gradient
    def pair(a: Any, b: Any) -> Any:
        return (a + b, a * b), lambda da, db: (da * 10.0, db * 100.0)

    a, b = tf.constant(2.0), tf.constant(3.0)

    @tf.function
    def slopes(a: Any, b: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            total, product = pair(a, b)
            loss = total * 2.0 + product
        return tape.gradient(loss, [a, b])

    assert [float(one) for one in slopes(a, b)] == [20.0, 100.0]
