"""Functions of tf whose sizes are known only when a graph runs."""

from typing import Any

import numpy as np
import pytest

random = np.random.RandomState(0)


def test_eye(tf: Any) -> None:
    assert tf.eye(2, 3, dtype=tf.int32).numpy().tolist() == [[1, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(tf.eye(2, batch_shape=[3, 1]).numpy(), np.broadcast_to(np.eye(2), (3, 1, 2, 2)))
    sizes = tf.function(lambda x: (tf.eye(tf.shape(x)[0]), tf.eye(2, batch_shape=[tf.shape(x)[0]])))
    square, several = sizes(np.zeros((3, 1), "float32"))
    np.testing.assert_array_equal(square.numpy(), np.eye(3))
    np.testing.assert_array_equal(several.numpy(), np.broadcast_to(np.eye(2), (3, 2, 2)))


def test_repeat(tf: Any) -> None:
    x = [[1, 2], [3, 4]]
    assert tf.repeat(x, [2]).numpy().tolist() == np.repeat(x, 2).tolist()
    assert tf.repeat(x, [1, 2, 0, 1]).numpy().tolist() == [1, 2, 2, 4]
    assert tf.repeat(x, [1, 2], axis=0).numpy().tolist() == [[1, 2], [3, 4], [3, 4]]
    assert tf.repeat(x, repeats=3, axis=1).numpy().tolist() == np.repeat(x, 3, axis=1).tolist()


@pytest.mark.parametrize(
    "shapes",
    [
        ((5, 4, 2, 3), (5, 1, 3, 2)),
        ((1, 4, 2, 3), (5, 1, 3, 2)),
        ((4, 2, 3), (5, 4, 3, 2)),
        ((5, 2, 3), (3, 2)),
        ((2, 3), (5, 3, 2)),
        ((5, 4, 2, 3), (5, 4, 3, 2)),
    ],
)
def test_matmul_broadcasts(tf: Any, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    a, b = (random.rand(*shape).astype("float32") for shape in shapes)
    np.testing.assert_allclose(tf.matmul(a, b).numpy(), a @ b, rtol=1e-5)
    traced = tf.function(lambda x, y: tf.matmul(x, y, transpose_b=True))
    np.testing.assert_allclose(traced(tf.constant(a), tf.constant(np.swapaxes(b, -1, -2))).numpy(), a @ b, rtol=1e-5)


def test_matmul_broadcasts_over_batches_of_any_size(tf: Any) -> None:
    x, y = tf.keras.Input((4, 2, 3)), tf.keras.Input((1, 3, 2))
    model = tf.keras.Model([x, y], tf.keras.layers.Lambda(lambda both: tf.matmul(*both))([x, y]))
    a, b = random.rand(5, 4, 2, 3).astype("float32"), random.rand(5, 1, 3, 2).astype("float32")
    np.testing.assert_allclose(model.predict([a, b], verbose=0), a @ b, rtol=1e-5)
