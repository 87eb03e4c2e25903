"""Every row of the table leads somewhere, and the functions compute what numpy says TensorFlow computes."""

import math
from typing import Any

import numpy as np
import pytest

from nnstack.compat import rows
from nnstack.compat.tensorflow_names import ELSEWHERE, OLD_NAMES, TABLES

RNG = np.random.default_rng(0)
A = RNG.normal(size=(3, 4)).astype(np.float32)
B = RNG.normal(size=(3, 4)).astype(np.float32)
SQUARE = RNG.normal(size=(2, 3, 3)).astype(np.float32)
IMAGES = RNG.uniform(size=(2, 6, 6, 3)).astype(np.float32)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


# name -> (arguments, keywords, expected)
VALUES: dict[str, tuple[tuple[Any, ...], dict[str, Any], Any]] = {
    "reduce_sum": ((), {"input_tensor": A, "axis": 1, "keepdims": True}, A.sum(1, keepdims=True)),
    "reduce_mean": ((A, 0), {"name": "m"}, A.mean(0)),
    "reduce_max": ((A,), {"axis": (0, 1)}, A.max()),
    "reduce_prod": ((A, 1), {}, A.prod(1)),
    "math.reduce_std": ((A,), {"axis": 0}, A.std(0)),
    "math.reduce_variance": ((A,), {}, A.var()),
    "math.reduce_euclidean_norm": ((A, 1), {}, np.linalg.norm(A, axis=1)),
    "math.count_nonzero": ((np.array([[0, 1], [2, 3]]),), {"axis": 0}, [1, 2]),
    "argmax": ((A,), {}, A.argmax(0)),
    "argmin": ((A, 1), {"output_type": "int32"}, A.argmin(1)),
    "matmul": ((A, B), {"transpose_b": True}, A @ B.T),
    "linalg.matvec": ((A, B[0]), {}, A @ B[0]),
    "tensordot": ((A, B), {"axes": [[0], [0]]}, np.tensordot(A, B, [[0], [0]])),
    "einsum": (("ij,kj->ik", A, B), {}, A @ B.T),
    "norm": ((A,), {"ord": 1, "axis": 1}, np.abs(A).sum(1)),
    "linalg.band_part": ((SQUARE, -1, 0), {}, np.tril(SQUARE)),
    "linalg.diag": ((A,), {}, np.stack([np.diag(row) for row in A])),
    "linalg.diag_part": ((SQUARE,), {}, np.stack([np.diag(one) for one in SQUARE])),
    "linalg.trace": ((SQUARE,), {}, np.trace(SQUARE, axis1=1, axis2=2)),
    "linalg.matrix_transpose": ((SQUARE,), {}, SQUARE.transpose(0, 2, 1)),
    "constant": (([1, 2, 3, 4],), {"shape": (2, 2)}, [[1, 2], [3, 4]]),
    "zeros": ((3,), {"dtype": "int32"}, [0, 0, 0]),
    "fill": (([2, 2], 7), {}, [[7, 7], [7, 7]]),
    "eye": ((2,), {"num_columns": 3}, np.eye(2, 3)),
    "range": ((2, 10, 3), {}, [2, 5, 8]),
    "linspace": ((0.0, 1.0, 5), {}, np.linspace(0, 1, 5)),
    "transpose": ((A,), {"perm": [1, 0]}, A.T),
    "reshape": ((), {"tensor": A, "shape": [-1, 2]}, A.reshape(-1, 2)),
    "tile": ((A, [1, 2]), {}, np.tile(A, (1, 2))),
    "expand_dims": ((A, 1), {}, A[:, None]),
    "squeeze": ((A[None, :, None],), {}, A),
    "concat": (([A, B], 1), {}, np.concatenate([A, B], 1)),
    "stack": (([A, B],), {"axis": 1}, np.stack([A, B], 1)),
    "unstack": ((A,), {"axis": 1}, list(A.T)),
    "split": ((A, [1, -1], 1), {}, [A[:, :1], A[:, 1:]]),
    "slice": ((A, [1, 0], [2, -1]), {}, A[1:]),
    "repeat": ((A, 2), {"axis": 0}, np.repeat(A, 2, 0)),
    "reverse": ((A, [1]), {}, A[:, ::-1]),
    "roll": ((A, 1, 1), {}, np.roll(A, 1, 1)),
    "pad": ((A, [[1, 1], [0, 2]], "SYMMETRIC"), {}, np.pad(A, [[1, 1], [0, 2]], "symmetric")),
    "one_hot": (([0, 2], 3), {"on_value": 5.0, "off_value": -1.0}, [[5, -1, -1], [-1, -1, 5]]),
    "gather": ((A, [2, 0]), {"axis": 0}, A[[2, 0]]),
    "gather_nd": ((A, [[0, 1], [2, 3]]), {}, A[[0, 2], [1, 3]]),
    "scatter_nd": (([[1], [1]], [2.0, 3.0], [3]), {}, [0, 5, 0]),
    "tensor_scatter_nd_update": ((A, [[1]], B[:1]), {}, np.stack([A[0], B[0], A[2]])),
    "where": ((A > 0, A, 0.0), {}, np.maximum(A, 0)),
    "boolean_mask": ((A, A[:, 0] > 0), {}, A[A[:, 0] > 0]),
    "unique": (([3, 1, 3],), {}, [[3, 1], [0, 1, 0]]),
    "sort": ((A,), {"direction": "DESCENDING"}, -np.sort(-A)),
    "searchsorted": (([1.0, 3.0], [0.0, 3.0, 5.0]), {}, [0, 1, 2]),
    "sequence_mask": (([1, 3],), {"maxlen": 3, "dtype": "int32"}, [[1, 0, 0], [1, 1, 1]]),
    "clip_by_value": ((A, -0.5, 0.5), {}, A.clip(-0.5, 0.5)),
    "clip_by_norm": ((A, 1.0), {}, A / np.linalg.norm(A)),
    "clip_by_global_norm": (([A, B], 1e9), {}, None),
    "math.squared_difference": ((A, B), {}, (A - B) ** 2),
    "math.sinh": ((A,), {}, np.sinh(A)),
    "math.atanh": ((A / 10,), {}, np.arctanh(A / 10)),
    "math.log_sigmoid": ((A,), {}, -np.log1p(np.exp(-A))),
    "math.xlogy": ((np.array([0.0, 2.0], np.float32), np.array([0.0, 3.0], np.float32)), {}, [0, 2 * math.log(3)]),
    "math.multiply_no_nan": ((np.float32([np.inf, 2]), np.float32([0, 3])), {}, [0, 6]),
    "math.confusion_matrix": (([0, 1, 1], [0, 1, 0]), {}, [[1, 0], [1, 1]]),
    "math.segment_sum": ((A, [0, 0, 1]), {}, [A[0] + A[1], A[2]]),
    "math.l2_normalize": ((A,), {"axis": 1}, A / np.linalg.norm(A, axis=1, keepdims=True)),
    "math.floormod": ((np.array([-7, 7]), 3), {}, [2, 1]),
    "math.cumulative_logsumexp": ((A,), {"axis": 1}, np.log(np.cumsum(np.exp(A), 1))),
    "nn.leaky_relu": ((A,), {}, np.where(A > 0, A, 0.2 * A)),
    "nn.relu": ((), {"features": A}, np.maximum(A, 0)),
    "nn.silu": ((A,), {}, A / (1 + np.exp(-A))),
    "nn.softmax": ((A,), {}, softmax(A)),
    "nn.l2_loss": ((A,), {}, (A**2).sum() / 2),
    "nn.moments": ((A, [0]), {}, [A.mean(0), A.var(0)]),
    "nn.sigmoid_cross_entropy_with_logits": (
        (),
        {"labels": (B > 0).astype(np.float32), "logits": A},
        np.log1p(np.exp(A)) - A * (B > 0),
    ),
    "nn.softmax_cross_entropy_with_logits": (
        (),
        {"labels": softmax(B), "logits": A},
        -(softmax(B) * np.log(softmax(A))).sum(-1),
    ),
    "nn.sparse_softmax_cross_entropy_with_logits": (
        (),
        {"labels": [0, 1, 2], "logits": A},
        -np.log(softmax(A))[[0, 1, 2], [0, 1, 2]],
    ),
    "nn.max_pool2d": ((IMAGES, 2, 2, "VALID"), {}, IMAGES.reshape(2, 3, 2, 3, 2, 3).max((2, 4))),
    "nn.avg_pool2d": ((IMAGES, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), {}, IMAGES.reshape(2, 3, 2, 3, 2, 3).mean((2, 4))),
    "nn.conv2d": (
        (IMAGES, np.ones((1, 1, 3, 1), np.float32)),
        {"strides": 1, "padding": "SAME"},
        IMAGES.sum(-1, keepdims=True),
    ),
    "nn.space_to_depth": (
        (IMAGES, 2),
        {},
        IMAGES.reshape(2, 3, 2, 3, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(2, 3, 3, 12),
    ),
    "image.flip_left_right": ((IMAGES,), {}, IMAGES[:, :, ::-1]),
    "image.flip_up_down": ((IMAGES[0],), {}, IMAGES[0][::-1]),
    "image.rot90": ((IMAGES[0],), {}, np.rot90(IMAGES[0])),
    "image.central_crop": ((IMAGES, 0.5), {}, IMAGES[:, 1:5, 1:5]),
    "image.convert_image_dtype": ((np.uint8([0, 255]), "float32"), {}, [0, 1]),
    "image.adjust_brightness": ((IMAGES, 0.25), {}, IMAGES + 0.25),
    "image.resize_with_crop_or_pad": ((IMAGES, 8, 4), {}, np.pad(IMAGES, [(0, 0), (1, 1), (0, 0), (0, 0)])[:, :, 1:5]),
    "image.per_image_standardization": (
        (IMAGES[0],),
        {},
        (IMAGES[0] - IMAGES[0].mean()) / IMAGES[0].std(),
    ),
    "image.total_variation": (
        (IMAGES,),
        {},
        np.abs(np.diff(IMAGES, axis=1)).sum((1, 2, 3)) + np.abs(np.diff(IMAGES, axis=2)).sum((1, 2, 3)),
    ),
    "image.psnr": ((IMAGES[0], IMAGES[1], 1.0), {}, -10 * np.log10(((IMAGES[0] - IMAGES[1]) ** 2).mean())),
    "image.extract_patches": (
        (IMAGES, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"),
        {},
        IMAGES.reshape(2, 3, 2, 3, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(2, 3, 3, 12),
    ),
    "random.stateless_uniform": (((2,), [1, 2]), {"minval": 3, "maxval": 4, "dtype": "int32"}, [3, 3]),
}


def lookup(tf: Any, path: str) -> Any:
    for part in path.split("."):
        tf = getattr(tf, part)
    return tf


def numbers(x: Any) -> Any:
    return [numbers(one) for one in x] if isinstance(x, list | tuple) else np.asarray(x)


@pytest.mark.parametrize("name", [name for name in VALUES if VALUES[name][2] is not None])
def test_values(tf: Any, name: str) -> None:
    args, kwargs, expected = VALUES[name]
    found = numbers(lookup(tf, name)(*args, **kwargs))
    if isinstance(found, list):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)
    else:
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("place", TABLES)
def test_every_row_leads_somewhere(tf: Any, place: str) -> None:
    for name, row in TABLES[place].items():
        assert rows.resolve(row) is not None or name == "newaxis", f"{place}.{name}"
        lookup(tf, f"{place}.{name}" if place else name)
    for name, row in OLD_NAMES.items():
        assert rows.resolve(row) is not None, name


def test_names_that_are_not_there_say_what_is(tf: Any) -> None:
    everywhere = {f"{place}.{name}" if place else name for place, table in TABLES.items() for name in table}
    assert not everywhere & set(ELSEWHERE)
    with pytest.raises(AttributeError, match=r"tf\.reduse_sum is not there.*Nearest: tf\.reduce_sum"):
        _ = tf.reduse_sum
    with pytest.raises(AttributeError, match=r"tf\.estimator is not there.*compile, fit, evaluate"):
        _ = tf.estimator
    with pytest.raises(ImportError, match=r"tf\.contrib\.slim is not there"):
        exec("from tensorflow.contrib import slim")


def test_tensors_are_those_of_tensorflow_2(tf: Any) -> None:
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    assert (x == 2.0).numpy().tolist() == [[False, True], [False, False]]
    assert (x != x).numpy().any() == np.False_ and {x: 1}[x] == 1
    assert x.shape.as_list() == [2, 2] and x.shape.rank == 2 and x.dtype == tf.float32 and x.dtype.is_floating
    assert tf.constant(1).dtype == tf.int32 and tf.constant(np.float64(1)).dtype.name == "float64"
    v = tf.Variable(x)
    assert isinstance(v, tf.Variable) and isinstance(tf.keras.layers.Dense(1).add_weight("w", (1,)), tf.Variable)
    assert float(tf.reduce_sum(v * 2)) == 20.0
    v[0, 1].assign(9.0)
    assert v.numpy().tolist() == [[1.0, 9.0], [3.0, 4.0]]
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v**2)
    np.testing.assert_allclose(tape.gradient(y, v), 2 * v.numpy())
    z = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(z)
        cubes = z**3
    np.testing.assert_allclose(tape.jacobian(cubes, z), np.diag([3.0, 12.0]))


def test_afterwards_everything_is_as_before(tf: Any) -> None:
    import sys

    import nnstack
    from nnstack import backend

    nnstack.uninstall_as_keras()
    x = backend.constant([1.0])
    assert (x == backend.constant([1.0])) is False and type(x.dtype) is str and type(x.shape) is tuple
    assert not (backend.variable([1.0]) * 2.0).concrete
    assert "tensorflow" not in sys.modules and "keras" not in sys.modules


def test_gradients_flow_through_what_is_composed(tf: Any) -> None:
    x = tf.Variable(A)
    with tf.GradientTape(persistent=True) as tape:
        gathered = tf.reduce_sum(tf.gather_nd(x, [[0, 1], [0, 1]]))
        updated = tf.reduce_sum(tf.tensor_scatter_nd_update(x, [[1]], np.zeros((1, 4), np.float32)))
        banded = tf.reduce_sum(tf.linalg.band_part(tf.matmul(x, x, transpose_b=True), 0, 0))
    expected = np.zeros_like(A)
    expected[0, 1] = 2
    np.testing.assert_allclose(tape.gradient(gathered, x), expected)
    np.testing.assert_allclose(tape.gradient(updated, x), [[1] * 4, [0] * 4, [1] * 4])
    np.testing.assert_allclose(tape.gradient(banded, x), 2 * A, rtol=1e-6)
