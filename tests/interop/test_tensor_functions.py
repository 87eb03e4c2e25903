"""Arithmetic between layers: what tf.keras and Keras 3 write of it opens here, and what we write opens there, with the
same predictions.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import backend as K

RNG = np.random.default_rng(5)
X = RNG.normal(size=(5, 4, 3)).astype(np.float32)
Y = RNG.normal(size=(5, 4, 3)).astype(np.float32)

# -- the same expression in each of the three, so that a file may go both ways ----------------
SAME = {
    "scaled": "x * 2 + y",
    "number_first": "1 - x",
    "quotient": "x / (abs(y) + 1)",
    "number_over": "2 / (abs(y) + 1)",
    "floor": "x // 2",
    "remainder": "x % 2",
    "square": "x ** 2",
    "root": "abs(x) ** 0.5",
    "exponent": "2 ** x",
    "negative": "-x",
    "absolute": "abs(x)",
    "comparisons": "(x > 0) & (y >= 0) | ~(x < y) & (y <= 1)",
    "first": "x[:, 0]",
    "last": "x[..., -1]",
    "part": "x[:, 1:3]",
    "strided": "x[:, ::2]",
    "new_axis": "x[:, 1:3, None]",
    "ends": "x[:, -2:, :-1]",
}

TF = {
    "einsum_like": "tf.matmul(x, tf.transpose(y, [0, 2, 1]))",
    "matmul": "tf.matmul(x, y, transpose_b=True)",
    "matmul_constant": "tf.matmul(x, np.ones((3, 2), np.float32))",
    "reversed": "x[:, ::-1]",
    "mean": "k.backend.mean(x, axis=1)",
    "sum": "k.backend.sum(x, axis=(1, 2))",
    "sum_of_all": "tf.reduce_sum(x) + 0 * x",
    "max": "k.backend.max(x, -1, keepdims=True)",
    "min": "tf.reduce_min(x, axis=1)",
    "prod": "k.backend.prod(x, 1)",
    "std": "k.backend.std(x, 1)",
    "var": "k.backend.var(x, 1)",
    "logsumexp": "tf.reduce_logsumexp(x, 1)",
    "any": "tf.reduce_any(x > 1, 1)",
    "all": "tf.reduce_all(x > -1, axis=-1)",
    "elementary": "tf.exp(x) + tf.sin(x) * tf.cos(y) - tf.tanh(x) + tf.square(x) + tf.math.expm1(x)",
    "elementary_of_positive": "tf.math.log(abs(x) + 1) + tf.sqrt(abs(y)) + tf.math.rsqrt(abs(y) + 1)",
    "rounding": "tf.round(x * 3) + tf.floor(x) + tf.math.ceil(y) + tf.sign(x)",
    "erf": "tf.math.erf(x)",
    "clip": "k.backend.clip(x, -1, 1)",
    "clip_by_value": "tf.clip_by_value(x, 0., 1.)",
    "maximum": "tf.maximum(x, y) + tf.minimum(x, 0.)",
    "squared_difference": "tf.math.squared_difference(x, y)",
    "add_n": "tf.math.add_n([x, y, x])",
    "relu": "tf.nn.relu(x) + tf.nn.relu6(x * 4) + tf.nn.leaky_relu(y) + tf.nn.leaky_relu(y, alpha=0.3)",
    "units": "tf.nn.elu(x) + tf.nn.selu(y) + tf.nn.silu(x) + tf.nn.gelu(x) + tf.nn.gelu(y, approximate=True)",
    "sigmoid": "tf.sigmoid(x) + tf.math.softplus(y) + tf.nn.softsign(x)",
    "softmax": "tf.nn.softmax(x) + tf.nn.softmax(y, axis=1) + tf.nn.log_softmax(x)",
    "hard_sigmoid": "k.backend.hard_sigmoid(x)",
    "l2_normalize": "k.backend.l2_normalize(x, -1)",
    "norm": "tf.norm(x, axis=-1)",
    "norm_1": "tf.norm(x, ord=1, axis=1, keepdims=True)",
    "concat": "tf.concat([x, y, x], axis=-1)",
    "concat_constant": "tf.concat([x, np.ones((5, 4, 2), np.float32)], 2)",
    "stack": "k.backend.stack([x, y], 1)",
    "unstack": "tf.unstack(x, axis=1)[2]",
    "split": "tf.split(x, [1, 2], axis=2)[1]",
    "split_evenly": "tf.split(x, 2, axis=1)[0]",
    "reshape": "tf.reshape(x, (-1, 12))",
    "reshape_by_shape": "tf.reshape(x, [tf.shape(x)[0], 2, 6])",
    "reshape_by_sizes": "tf.reshape(x, (tf.shape(x)[0], tf.shape(x)[1] * 3)) * 1.0",
    "reshape_by_joined_sizes": "tf.reshape(x, tf.concat([tf.shape(x)[:1], [12]], 0))",
    "flatten": "k.backend.batch_flatten(x)",
    "transpose": "tf.transpose(x, [0, 2, 1])",
    "expand": "tf.expand_dims(x, 1)",
    "squeeze": "tf.squeeze(x[:, :1], 1)",
    "dot": "k.backend.dot(x, tf.ones((3, 2)))",
    "batch_dot": "k.backend.batch_dot(x, y, axes=2)",
    "cast": "tf.cast(x > 0, tf.float32) + tf.cast(tf.cast(y, 'int32'), 'float32')",
    "argmax": "tf.cast(tf.argmax(x, axis=-1), 'float32')",
    "argmin": "k.backend.cast(k.backend.argmin(x, 1), 'float32')",
    "one_hot": "tf.one_hot(tf.argmax(x, axis=-1), 3)",
    "one_hot_in_front": "tf.one_hot(tf.argmax(x, -1), 3, on_value=2., off_value=-1., axis=1)",
    "where": "tf.where(x > 0, x, y * 2.)",
    "where_number": "tf.where(x > 0, x, 0.)",
    "likes": "tf.ones_like(x) * 2. + tf.zeros_like(y)",
    "gather": "tf.gather(x, [0, 2], axis=1)",
    "gather_symbolic": "tf.gather(np.arange(12, dtype=np.float32).reshape(3, 4), tf.argmax(x, -1))",
    "cumsum": "tf.cumsum(x, 1) + tf.cumsum(y, axis=1, exclusive=True, reverse=True)",
    "cumprod": "tf.math.cumprod(x, 1)",
    "reverse": "tf.reverse(x, [1])",
    "pad": "tf.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=3.)",
    "pad_reflect": "tf.pad(x, [[0, 0], [2, 1], [0, 0]], mode='REFLECT')",
    "tile": "tf.tile(x, [1, 2, 1])",
    "repeat": "k.backend.repeat_elements(x, 2, 1)",
    "tf_repeat": "tf.repeat(x, 2, axis=1)",
    "broadcast": "tf.broadcast_to(x[:, :1], tf.shape(x))",
    "identity": "tf.identity(x) + tf.stop_gradient(y)",
    "bias": "tf.nn.bias_add(x, [1., 2., 3.])",
    "top_k": "tf.math.top_k(x, 2)[0]",
    "top_k_places": "tf.cast(tf.math.top_k(x, 2).indices, 'float32')",
    "pool": "tf.nn.max_pool1d(x, 2, 2, 'VALID')",
    "pool_2d": "tf.nn.avg_pool2d(x[..., None], 2, 1, 'SAME') + tf.nn.max_pool2d(y[..., None], (2, 2), 1, 'SAME')",
    "convolution": "tf.nn.conv1d(x, np.ones((2, 3, 4), np.float32), 1, 'SAME')",
    "resize": "tf.image.resize(x[..., None], (8, 6))",
    "resize_nearest": "tf.image.resize(x[..., None], (8, 6), method='nearest')",
    "logical": "tf.math.logical_xor(x > 0, y > 0)",
    "divide_no_nan": "tf.math.divide_no_nan(x, tf.nn.relu(y))",
    "moments": "tf.nn.moments(x, [1])[1]",
    "switch": "k.backend.switch(x > y, x, y)",
    "where_of_rows": "tf.compat.v1.where(x[:, 0, 0] > 0, x, y)",
    "where_of_two": "tf.where(x > y, x, y)",
    "sampled": "x + k.backend.exp(0.5 * y) * k.backend.random_normal(k.backend.shape(x)) * 0.",
    "angles": "tf.math.atan2(x, y) + tf.atan(x) + tf.asin(tf.tanh(y)) + tf.math.asinh(x) + tf.atanh(tf.tanh(y) / 2)",
    "erfc": "tf.math.erfc(x) + tf.math.xlogy(abs(x), abs(y) + 1) + tf.math.multiply_no_nan(x, y)",
    "diagonals": "tf.linalg.band_part(tf.matmul(x, y, transpose_b=True), -1, 0)",
    "trace": "tf.linalg.trace(tf.matmul(x, y, transpose_b=True)) + tf.linalg.diag_part(x)[:, 0]",
    "sort": "tf.sort(x, axis=1) + tf.cast(tf.argsort(y, axis=1), 'float32')",
    "roll": "tf.roll(x, 1, axis=1) + tf.roll(y, [1, -1], [1, 2])",
    "slice": "tf.slice(x, [0, 1, 0], [-1, 2, -1])",
    "strided_slice": "tf.strided_slice(x, [0, 0], [5, 4], [1, 2])",
    "gather_in_batches": "tf.gather(x, tf.argmax(x, 1), axis=1, batch_dims=1)",
    "tensordot": "tf.tensordot(x, np.ones((3, 2), np.float32), axes=[[2], [0]])",
    "made_of_sizes": "x * tf.cast(tf.range(tf.shape(x)[1])[:, None], 'float32') + tf.ones(tf.shape(x))",
    "filled": "tf.fill(tf.shape(x), 3.) + x * tf.cast(tf.rank(x), 'float32')",
    "count": "tf.math.count_nonzero(tf.nn.relu(x), axis=1, dtype='float32') + tf.math.reduce_euclidean_norm(x, 1)",
    "clip_by_norm": "tf.clip_by_norm(x, 1.0)",
    "convolution_2d": "tf.nn.conv2d(x[..., None], np.ones((2, 2, 1, 3), np.float32), 1, 'SAME')",
    "depthwise": "tf.nn.depthwise_conv2d(x[..., None], np.ones((2, 2, 1, 2), np.float32), [1, 1, 1, 1], 'VALID')",
    "blocks": "tf.nn.depth_to_space(tf.tile(x[..., None], [1, 1, 1, 4]), 2)",
    "responses": "tf.nn.local_response_normalization(x[..., None])",
    "losses": "tf.nn.sigmoid_cross_entropy_with_logits(tf.sigmoid(x), y) + k.losses.mse(x, y)[..., None]",
    "cross_entropy": "tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(x), y)",
    "turned": "tf.image.flip_left_right(x[..., None]) + tf.image.flip_up_down(y[..., None])",
    "gray": "tf.image.rgb_to_grayscale(x[:, :, None])",
    "standard_images": "tf.image.per_image_standardization(x[..., None])",
    "cropped": "tf.image.pad_to_bounding_box(tf.image.central_crop(x[..., None], 0.5), 1, 0, 6, 5)",
    "checked": "tf.debugging.check_numerics(tf.ensure_shape(x, (None, 4, 3)), 'no number')",
    "polynomial": "tf.math.polyval([2., 1., 3.], x) + tf.math.scalar_mul(2.0, y)",
}

OURS = {
    "mean": "K.mean(x, axis=1)",
    "sum": "K.sum(x, axis=(1, 2)) + K.max(x) + K.min(y) + K.prod(x)",
    "std": "K.std(x, 1) + K.var(y, 1) + K.logsumexp(x, 1)",
    "truths": "K.cast(K.any(x > 1, 1), 'float32') + K.cast(K.all(x > -1, 1), 'float32')",
    "elementary": "K.exp(x) + K.sin(x) * K.cos(y) - K.tanh(x) + K.square(x) + K.log(K.abs(x) + 1.0) + K.sqrt(K.abs(y))",
    "rounding": "K.round(x * 3) + K.sign(x)",
    "units": "K.relu(x, alpha=0.1, max_value=1.0) + K.elu(x) + K.softplus(y) + K.softsign(x) + K.hard_sigmoid(y)",
    "softmax": "K.softmax(x) + K.softmax(y, axis=1) + K.sigmoid(x)",
    "l2_normalize": "K.l2_normalize(x, -1)",
    "clip": "K.clip(x, -1, 1)",
    "dot": "K.dot(x, K.variable(np.ones((3, 2), 'float32')))",
    "dot_of_function": "K.dot(x, K.transpose(K.variable(np.ones((2, 3), 'float32'))))",
    "batch_dot": "K.batch_dot(x, y, axes=2)",
    "matmul": "x @ K.permute_dimensions(y, (0, 2, 1))",
    "concatenate": "K.concatenate([x, y], axis=1)",
    "concatenate_constant": "K.concatenate([x, K.constant(np.ones((5, 4, 2), 'float32'))])",
    "stack": "K.stack([x, y], axis=2)",
    "reshape": "K.reshape(x, (-1, 6, 2))",
    "flatten": "K.batch_flatten(x)",
    "by_shape": "K.reshape(x, K.stack([K.shape(x)[0], 6, 2]))",
    "transpose": "K.permute_dimensions(x, (0, 2, 1))",
    "expand": "K.expand_dims(x, 1) + K.expand_dims(y, 1)",
    "squeeze": "K.squeeze(x[:, :1], 1)",
    "cast": "K.cast(K.cast(x, 'int32'), 'float32')",
    "argmax": "K.cast(K.argmax(x, 1), 'float32') + K.cast(K.argmin(x, 1), 'float32')",
    "one_hot": "K.one_hot(K.argmax(x), 3)",
    "maximum": "K.maximum(x, y) + K.minimum(x, 0.0)",
    "equal": "K.equal(K.round(x), K.round(y))",
    "switch": "K.switch(x > 0, x, y)",
    "likes": "K.ones_like(x) * 2.0 + K.zeros_like(y)",
    "gather": "K.gather(K.constant(np.arange(12, dtype='float32').reshape(3, 4)), K.argmax(x))",
    "cumsum": "K.cumsum(x, 1) + K.cumprod(y, 1)",
    "reverse": "K.reverse(x, 1)",
    "repeat": "K.repeat_elements(x, 2, 1)",
    "tile": "K.tile(x, [1, 2, 1])",
    "pad": "K.temporal_padding(x, (1, 2))",
    "bias": "K.bias_add(x, K.constant([1.0, 2.0, 3.0]))",
    "top_k": "K.top_k(x, 2)[0]",
    "top_k_places": "K.cast(K.top_k(x, 2)[1], 'float32')",
    "sort": "K.sort(x, axis=1)",
    "argsort": "K.cast(K.argsort(x), 'float32')",
    "count": "x / K.cast(K.size(x), 'float32')",
    "batch_size": "x * K.cast(K.shape(x)[0], 'float32')",
    "einsum": "K.einsum('abc,adc->abd', x, y)",
    "stop": "K.stop_gradient(x) + y",
    "power": "K.pow(K.abs(x), 1.5)",
    "double": "K.cast(x, 'float64') * 2.0",
}

KERAS_3 = {
    "matmul": "ops.matmul(x, ops.transpose(y, [0, 2, 1]))",
    "mean": "ops.mean(x, axis=1) + ops.sum(y, axis=1) + ops.std(x, 1) + ops.var(y, 1) + ops.prod(x, 1)",
    "max": "ops.max(x, -1, keepdims=True) - ops.min(x, 1, keepdims=True)",
    "truths": "ops.logical_xor(ops.any(x > 0, 1), ops.all(y > -1, 1))",
    "not_equal": "ops.not_equal(ops.round(x), ops.round(y)) | ops.equal(ops.floor(x), ops.ceil(y))",
    "elementary": "ops.exp(x) + ops.sin(x) * ops.cos(y) - ops.tanh(x) + ops.square(x) + ops.log(ops.abs(x) + 1)",
    "more": "ops.expm1(x) + ops.log1p(abs(y)) + ops.rsqrt(abs(y) + 1) + ops.sqrt(abs(x)) + ops.erf(x) + ops.sign(y)",
    "units": "ops.relu(x) + ops.relu6(y * 4) + ops.elu(x) + ops.selu(y) + ops.silu(x) + ops.gelu(x, approximate=False)",
    "sigmoid": "ops.sigmoid(x) + ops.softplus(y) + ops.softsign(x) + ops.leaky_relu(y, 0.3) + ops.hard_sigmoid(x)",
    "softmax": "ops.softmax(x) + ops.softmax(y, axis=1) + ops.log_softmax(x)",
    "clip": "ops.clip(x, -1, 1)",
    "concatenate": "ops.concatenate([x, y], -1)",
    "stack": "ops.stack([x, y], 1)",
    "reshape": "ops.reshape(x, (-1, 12))",
    "expand": "ops.expand_dims(x, 1) + ops.expand_dims(ops.squeeze(x[:, :1], 1), [1, 2])",
    "cast": "ops.cast(ops.cast(x, 'int32'), 'float32')",
    "argmax": "ops.one_hot(ops.argmax(x, -1), 3) + ops.cast(ops.argmin(y, 1, keepdims=True), 'float32')",
    "maximum": "ops.maximum(x, y) + ops.minimum(x, 0.0)",
    "where": "ops.where(x > 0, x, y)",
    "likes": "ops.ones_like(x) + ops.zeros_like(y)",
    "repeat": "ops.repeat(x, 2, axis=1) + ops.tile(y, [1, 2, 1])",
    "take": "ops.take(x, [0, 2], axis=1) + ops.take(y, [-1, -2], axis=1)",
    "split": "ops.split(x, 2, axis=1)[1] + ops.split(y, [1, 3], axis=1)[1]",
    "einsum": "ops.einsum('abc,adc->abd', x, y)",
    "norm": "ops.norm(x, axis=-1) + ops.logsumexp(y, -1)",
    "normalize": "ops.normalize(x)",
    "pad": "ops.pad(x, [[0, 0], [1, 1], [0, 2]])",
    "flip": "ops.flip(x, 1)",
    "cumsum": "ops.cumsum(x, 1) + ops.cumprod(y, 1)",
    "top_k": "ops.top_k(x, 2)[0]",
    "swapaxes": "ops.swapaxes(x, 1, 2) + ops.moveaxis(y, 1, -1)",
    "resize": "ops.image.resize(x[..., None], (8, 6))",
    "identity": "ops.stop_gradient(x) + ops.reciprocal(y) + ops.absolute(x) + ops.negative(y)",
    "unstack": "ops.unstack(x, axis=1)[1]",
    "pool": "ops.max_pool(x, 2) + ops.average_pool(y, 2)",
    "dot": "ops.dot(x, np.ones((3, 2), 'float32'))",
}


def made(k: Any, expression: str, **names: Any) -> Any:
    x, y = k.layers.Input((4, 3), name="x"), k.layers.Input((4, 3), name="y")
    hidden = k.layers.Dense(3, kernel_initializer="identity", name="d")(x)
    return k.models.Model([x, y], eval(expression, {"x": hidden, "y": y, "k": k, "np": np, **names}))


def agree(first: Any, second: Any) -> None:
    one, other = (np.asarray(model.predict([X, Y], verbose=0, batch_size=5)) for model in (first, second))
    assert one.shape == other.shape
    np.testing.assert_allclose(one.astype(np.float64), other.astype(np.float64), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("name", [*SAME, *TF])
def test_functions_of_tf_keras_here(name: str, suffix: str, tf_keras: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    expression = {**SAME, **TF}[name]
    theirs = made(tf_keras, expression, tf=tf)
    if suffix == ".keras" and "..." in expression:
        with pytest.raises(TypeError, match="Cannot serialize object Ellipsis"):  # by tf_keras itself
            theirs.save(str(tmp_path / "m.keras"))
        return
    theirs.save(str(tmp_path / f"m{suffix}"))
    ours = nnstack.models.load_model(tmp_path / f"m{suffix}", compile=False)
    agree(ours, theirs)
    ours.save(tmp_path / f"back{suffix}")
    agree(tf_keras.models.load_model(str(tmp_path / f"back{suffix}"), compile=False), theirs)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("name", [*SAME, *OURS])
def test_functions_of_ours_in_tf_keras(name: str, suffix: str, tf_keras: Any, tmp_path: Path) -> None:
    ours = made(nnstack, {**SAME, **OURS}[name], K=K)
    ours.save(tmp_path / f"m{suffix}")
    agree(tf_keras.models.load_model(str(tmp_path / f"m{suffix}"), compile=False), ours)
    agree(nnstack.models.load_model(tmp_path / f"m{suffix}", compile=False), ours)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("name", [*SAME, *KERAS_3])
def test_operations_of_keras_3_here(name: str, suffix: str, keras_3: Any, tmp_path: Path) -> None:
    theirs = made(keras_3, {**SAME, **KERAS_3}[name], ops=keras_3.ops)
    theirs.save(str(tmp_path / f"m{suffix}"))
    agree(nnstack.models.load_model(tmp_path / f"m{suffix}", compile=False), theirs)


# What Keras 3 has no operation for: sizes that only a run knows, and products that transpose.
NOT_IN_KERAS_3 = ("by_shape", "likes", "repeat", "tile", "count", "batch_size")


@pytest.mark.parametrize("name", [*SAME, *OURS])
def test_functions_of_ours_in_keras_3(name: str, keras_3: Any, tmp_path: Path) -> None:
    ours = made(nnstack, {**SAME, **OURS}[name], K=K)
    if name in NOT_IN_KERAS_3:
        with pytest.raises(ValueError, match="Save with dialect=.tf_keras"):
            ours.save(tmp_path / "m.keras", dialect="keras3")
        return
    ours.save(tmp_path / "m.keras", dialect="keras3")
    agree(keras_3.models.load_model(str(tmp_path / "m.keras"), compile=False), ours)
