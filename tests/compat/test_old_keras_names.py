"""Names and classes that only Keras 1 to 2.3 and TensorFlow 1 had."""

import subprocess
import sys

import numpy as np
import pytest

from nnstack import Input, layers, optimizers
from nnstack import backend as K
from nnstack.compat import version_1
from nnstack.layers.recurrent import _time_distributed_dense
from nnstack.models import Model, Sequential

X = np.random.RandomState(0).randn(6, 5, 3).astype("float32")


class Leaky(layers.Recurrent):
    """A layer with a step, as they were written before there were cells."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.input_spec = [layers.InputSpec(shape=tuple(input_shape))]
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel", initializer="glorot_uniform")
        self.states = [None]
        if self.stateful:
            self.reset_states()
        self.built = True

    def preprocess_input(self, inputs, training=None):
        return _time_distributed_dense(inputs, self.kernel)

    def get_constants(self, inputs, training=None):
        return [K.cast_to_floatx(0.5)]

    def step(self, inputs, states):
        new = states[0] * states[1] + inputs
        return new, [new]


def expected(x, kernel, state=0.0):
    out = []
    for row in (x @ kernel).swapaxes(0, 1):
        state = 0.5 * state + row
        out.append(state)
    return np.stack(out, axis=1)


def test_a_layer_with_a_step() -> None:
    x = Input((5, 3))
    layer = Leaky(2, return_sequences=True, return_state=True)
    model = Model(x, layer(x))
    outputs, last = model.predict(X, verbose=0)
    wanted = expected(X, layer.get_weights()[0])
    np.testing.assert_allclose(outputs, wanted, rtol=1e-5)
    np.testing.assert_allclose(last, wanted[:, -1], rtol=1e-5)
    backwards = Leaky(2, go_backwards=True, weights=layer.get_weights())
    np.testing.assert_allclose(backwards(X).numpy(), expected(X[:, ::-1], layer.get_weights()[0])[:, -1], rtol=1e-5)
    start = np.ones((6, 2), "float32")
    s = Input((2,))
    told = Model([x, s], Leaky(2, weights=layer.get_weights())(x, initial_state=s))
    np.testing.assert_allclose(
        told.predict([X, start], verbose=0), expected(X, layer.get_weights()[0], start)[:, -1], rtol=1e-5
    )
    assert layer.get_config()["return_sequences"] is True


def test_a_layer_with_a_step_keeps_states_and_learns() -> None:
    layer = Leaky(2, stateful=True, batch_input_shape=(6, 5, 3))
    model = Sequential([layer])
    first, second = model.predict(X, batch_size=6, verbose=0), model.predict(X, batch_size=6, verbose=0)
    np.testing.assert_allclose(first, expected(X, layer.get_weights()[0])[:, -1], rtol=1e-5)
    np.testing.assert_allclose(second, expected(X, layer.get_weights()[0], first)[:, -1], rtol=1e-5)
    model.reset_states()
    np.testing.assert_allclose(model.predict(X, batch_size=6, verbose=0), first, rtol=1e-6)
    model.compile("adam", "mse")
    before = layer.get_weights()[0]
    model.fit(X, first * 0 + 1, batch_size=6, epochs=5, verbose=0)
    assert np.abs(layer.get_weights()[0] - before).max() > 1e-3 and [w.name.split("/")[1] for w in model.weights] == [
        "kernel:0"
    ]
    with pytest.raises(ValueError, match="sets units"):
        layers.Recurrent()(X)


def test_the_step_of_an_optimizer_in_the_order_of_keras_1() -> None:
    model = Sequential([layers.Dense(1, use_bias=False, input_dim=3)])
    target = K.placeholder((None, 1))
    loss = K.mean(K.square(model.output - target))
    for order in ("1", "2"):
        optimizer = optimizers.SGD(0.1)
        weights = model.trainable_weights
        updates = optimizer.get_updates(weights, [], loss) if order == "1" else optimizer.get_updates(loss, weights)
        before = model.get_weights()[0]
        x, y = X[:, 0], np.ones((6, 1))
        K.function([model.input, target], [loss], updates=updates)([x, y])
        slope = 2 * x.T @ (x @ before - y) / 6
        np.testing.assert_allclose(model.get_weights()[0], before - 0.1 * slope, rtol=1e-4)


def test_optimizers_written_for_keras_1() -> None:
    class Plain(optimizers.Optimizer):
        def get_updates(self, params, constraints, loss):
            return [K.update_sub(p, 0.5 * g) for p, g in zip(params, self.get_gradients(loss, params), strict=True)]

    model = Sequential([layers.Dense(1, use_bias=False, input_dim=3)])
    before = model.get_weights()[0]
    model.compile(Plain(), "mse")
    model.train_on_batch(X[:, 0], np.ones((6, 1)))
    slope = 2 * X[:, 0].T @ (X[:, 0] @ before - 1) / 6
    np.testing.assert_allclose(model.get_weights()[0], before - 0.5 * slope, rtol=1e-4)


def test_products_of_stacks_as_keras_had_them_up_to_2_2() -> None:
    from nnstack.backend.products import former_batch_dot

    random = np.random.RandomState(0)
    c, u, w = random.rand(2, 3, 5), random.rand(2, 3, 5, 4), random.rand(2, 3, 7, 5)
    new = K.batch_dot(c, u, [2, 2]).numpy()
    former_batch_dot(True)
    try:
        old = [K.batch_dot(c, u, [2, 2]), K.batch_dot(c, w, [2, 3]), K.batch_dot(w, u, [3, 2])]
        same = K.batch_dot(c, c, [2, 2])
    finally:
        former_batch_dot(False)
    np.testing.assert_allclose(new, np.einsum("bni,bmid->bnmd", c, u), rtol=1e-5)
    np.testing.assert_allclose(old[0].numpy(), np.einsum("bni,bnid->bnd", c, u), rtol=1e-5)
    np.testing.assert_allclose(old[1].numpy(), np.einsum("bni,bnji->bnj", c, w), rtol=1e-5)
    np.testing.assert_allclose(old[2].numpy(), w @ u, rtol=1e-5)
    np.testing.assert_allclose(same.numpy(), c @ c.swapaxes(1, 2), rtol=1e-5)


def test_what_tensors_and_nodes_told_then() -> None:
    x = Input((4,), name="first")
    masked = layers.Masking()(Input((5, 3)))
    dense = layers.Dense(2, use_bias=False)
    y = dense(x)
    assert y._keras_shape == (None, 2) and not y._uses_learning_phase
    node = dense._inbound_nodes[0]
    assert node.input_tensors == [x] and node.output_tensors == [y] and node.input_masks == [None]
    assert masked._keras_history.layer._inbound_nodes[0].output_masks[0] is masked._keras_mask
    seen = []

    def loss(y_true, y_pred):
        layer, node_index, _ = y_pred._keras_history
        seen.append(layer)
        return K.mean(K.square(y_true - K.dot(layer._inbound_nodes[node_index].input_tensors[0], layer.kernel)))

    model = Model(x, y)
    model.compile("sgd", loss)
    data = np.ones((8, 4))
    wanted = np.mean((1 - data @ dense.get_weights()[0]) ** 2)
    assert model.train_on_batch(data, np.ones((8, 2))) == pytest.approx(wanted, rel=1e-5)
    assert seen == [dense]
    weight = dense.kernel.name
    dense.name = "another"
    assert model.get_layer("another") is dense and model.weights[0].name == weight


def test_sessions_carry_out_updates() -> None:
    model = Sequential([layers.Dense(1, use_bias=False, input_dim=2, kernel_initializer="ones")])
    given = version_1.placeholder("float32", [None, 1])
    slopes = version_1.gradients(model.output, model.trainable_weights, -given)
    step = version_1.GradientDescentOptimizer(0.5).apply_gradients(zip(slopes, model.trainable_weights, strict=True))
    session = version_1.Session()
    feeds = {model.input: [[1.0, 2.0]], given: [[2.0]]}
    assert session.run(step, feed_dict=feeds) is not None
    np.testing.assert_allclose(model.get_weights()[0].ravel(), [2.0, 3.0])
    counter = K.variable(1.0)
    session.run([version_1.assign_add(counter, 2.0), None])
    assert K.get_value(counter) == 3.0


PROGRAM = """
import keras.backend as K
import tensorflow as tf
from keras.engine.topology import Layer
from keras.layers import Input, Dense
from keras.layers.recurrent import Recurrent, _time_distributed_dense

K.set_session(tf.Session(config=tf.ConfigProto(gpu_options=tf.GPUOptions(allow_growth=True))))
tf.logging.set_verbosity(tf.logging.ERROR)
v = K.variable([1.0, 2.0])
loss = K.sum(K.square(v))  # a graph, as then
assert not hasattr(loss, "numpy") or K.gradients(loss, [v])[0] is not None
g, = K.gradients(loss, [v])
K.set_value(v, [3.0, 4.0])
assert K.function([], [g])([])[0].tolist() == [6.0, 8.0] and float(K.eval(loss)) == 25.0
x = K.placeholder((None, 2))
s = K.tf.reduce_sum(x, reduction_indices=1, keep_dims=True)
assert K.int_shape(s) == (None, 1) and K.int_shape(K.tf.nn.softmax(x, dim=-1)) == (None, 2)
assert K._EPSILON == K.epsilon() and K.backend() == "tensorflow"
assert K.int_shape(tf.image.resize_bilinear(K.placeholder((None, 4, 4, 1)), (8, 6))) == (None, 8, 6, 1)
assert tf.to_int64(tf.count_nonzero([1, 0, 2])).dtype == tf.int64
p = tf.Print(x, [x], message="x: ")
K.get_session().run(p, feed_dict={x: [[1.0, 2.0]]})
"""


def test_images_are_sampled_where_tensorflow_1_did_it() -> None:
    x = np.arange(4.0).reshape(1, 2, 2, 1)  # places 0, 0.5, 1, 1.5 of two rows, or 0, 1/3, 2/3, 1
    rows = {False: [0.0, 0.5, 1.0, 1.0], True: [0.0, 1 / 3, 2 / 3, 1.0]}
    for aligned, share in rows.items():
        wanted = 2 * np.reshape(share, (4, 1)) + np.reshape(share, (1, 4))
        got = version_1.resize_bilinear(x, (4, 4), align_corners=aligned).numpy()[0, ..., 0]
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
    nearest = version_1.resize_images(np.arange(3.0).reshape(3, 1, 1), (5, 1), 1).numpy()
    assert nearest.ravel().tolist() == [0, 0, 1, 1, 2]
    shrunk = version_1.resize_bilinear(np.arange(5.0).reshape(1, 5, 1, 1), (3, 1), align_corners=True).numpy()
    np.testing.assert_allclose(shrunk.ravel(), [0, 2, 4])


def test_a_program_of_tensorflow_1(tmp_path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "nnstack", "run", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "x:" in done.stdout


LOGS = """
import pickle
import sys
import numpy as np
from keras.callbacks import Callback, EarlyStopping, ModelCheckpoint
from keras.layers import Dense
from keras.models import Sequential

class Seen(Callback):
    def on_batch_end(self, batch, logs={}):
        self.batch = logs.get("acc")

    def on_epoch_end(self, epoch, logs={}):
        self.epoch = logs["val_acc"], logs.get("val_mean_absolute_error"), logs.get("nothing", 3)

x, y = np.random.rand(40, 3), np.random.randint(0, 2, (40, 1))
model = Sequential([Dense(1, activation="sigmoid", input_dim=3)])
model.compile("adam", "binary_crossentropy", metrics=["accuracy", "mae"])
seen = Seen()
name = sys.argv[1] + "/w.{epoch:02d}-{val_acc:.2f}.h5"
watch = [EarlyStopping("val_acc", patience=9), ModelCheckpoint(name, monitor="val_acc")]
history = model.fit(x, y, validation_split=0.25, epochs=2, verbose=0, callbacks=[seen, *watch])
h = history.history
assert h["acc"] == h["accuracy"] and h["val_mean_absolute_error"] == h["val_mae"] and "val_acc" in h
assert sorted(h) == ["accuracy", "loss", "mae", "val_accuracy", "val_loss", "val_mae"]
assert seen.batch is not None and seen.epoch == (h["val_accuracy"][1], h["val_mae"][1], 3)
assert type(pickle.loads(pickle.dumps(h))) is dict
try:
    h["f1"]
except KeyError:
    print("done")
"""


def test_logs_under_the_names_of_keras_2_2(tmp_path) -> None:
    path = tmp_path / "program.py"
    path.write_text(LOGS, encoding="utf-8")
    run = [sys.executable, "-W", "error", "-m", "nnstack", "run", str(path), str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.stdout.strip() == "done", done.stderr
    assert len(list(tmp_path.glob("w.0*.h5"))) == 2


def test_pooling_that_remembers_where() -> None:
    from nnstack.compat.functions.argmax_pooling import max_pool_with_argmax

    x = np.random.RandomState(0).randn(2, 5, 6, 3).astype("float32")
    for padding in ("SAME", "VALID"):
        values, places = (part.numpy() for part in max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], padding))
        np.testing.assert_array_equal(values, K.pool2d(x, (2, 2), (2, 2), padding.lower(), pool_mode="max").numpy())
        np.testing.assert_array_equal(
            np.take_along_axis(x.reshape(2, -1), places.reshape(2, -1), 1), values.reshape(2, -1)
        )
    with_batch = max_pool_with_argmax(x, 2, 2, "VALID", include_batch_in_index=True)[1].numpy()
    np.testing.assert_array_equal(x.reshape(-1)[with_batch], values)
    with pytest.raises(ValueError, match="known rows"):
        max_pool_with_argmax(K.placeholder((None, None, 4, 1)), 2, 2, "SAME")


OLD_PIECES = """
import numpy as np
import sys
import tensorflow as tf
from keras import backend as K
from keras.callbacks import Callback
from keras.engine.topology import Layer
from keras.layers import Conv2D, Input, Lambda
from keras.models import Model, load_model

def mean_iou(y_true, y_pred):  # of many kernels
    score, update = tf.metrics.mean_iou(y_true, tf.to_int32(y_pred > 0.5), 2)
    K.get_session().run(tf.local_variables_initializer())
    with tf.control_dependencies([update]):
        score = tf.identity(score)
    return score

class Early(Layer):  # attributes before super().__init__()
    def __init__(self, **kwargs):
        self.shift = K.variable([0.25])
        super(Early, self).__init__(**kwargs)

    def call(self, inputs):
        return inputs + 0.0 * self.shift

class Sizes(Callback):
    seen = []

    def on_batch_end(self, batch, logs={}):
        self.seen.append((logs["batch"], logs.get("size")))

x = Input((4, 4, 1))
model = Model(x, Early()(Lambda(lambda z: z / 255)(x)))
model.compile("sgd", "mse", metrics=[mean_iou])
data = 255.0 * np.random.RandomState(0).randint(0, 2, (10, 4, 4, 1))
results = model.evaluate(data, data / 255, batch_size=5, verbose=0)
assert abs(results[1] - 1) < 1e-6, results
model.fit(data, data / 255, batch_size=4, verbose=0, callbacks=[Sizes()])
assert Sizes.seen == [(0, 4), (1, 4), (2, 2)], Sizes.seen
path = sys.argv[1] + "/model.h5"
model.save(path)  # Keras writes the code of the lambda
again = load_model(path, custom_objects={"mean_iou": mean_iou, "Early": Early})
np.testing.assert_allclose(again.predict(data), data / 255, rtol=1e-6)
assert model.weights == [] and x in [x] and not (x == model.output)
K.set_learning_phase(0)
f = K.function([x, K.learning_phase()], [model.output])
assert f([data, 0])[0].shape == data.shape
pairs = tf.map_fn(lambda p: p[0] + p[1], (data[:, 0, 0, 0], data[:, 0, 0, 0]), dtype=tf.float32, parallel_iterations=2)
assert K.eval(pairs).shape == (10,) and float(K.eval(tf.cond(tf.constant(True), fn1=lambda: 1.0, fn2=lambda: 2.0))) == 1
"""


def test_pieces_of_old_programs(tmp_path) -> None:
    path = tmp_path / "program.py"
    path.write_text(OLD_PIECES, encoding="utf-8")
    run = [sys.executable, "-m", "nnstack", "run", str(path), str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


KERAS_1 = """
import warnings
import numpy as np
import keras
from keras import backend as K
from keras.layers.core import Activation, Dense, Merge, TimeDistributedDense
from keras.layers import Lambda, Layer, Input
from keras.models import Model, Sequential
from keras.regularizers import l1l2
from keras.utils.training_utils import multi_gpu_model

random = np.random.RandomState(0)
A, B = random.randn(60, 4), random.randn(60, 3)
for mode, expected in (("concat", 7), ("sum", 4), (lambda both: both[0] - both[1], 4)):
    left = Sequential([Activation("linear", input_shape=(4,))])
    right = Sequential([Dense(4, input_dim=3) if expected == 4 else Activation("linear", input_shape=(3,))])
    model = Sequential()
    model.add(Merge([left, right], mode=mode))
    assert model.output_shape == (None, expected), model.output_shape
    model.add(Dense(1, bias_regularizer=l1l2(0.1, 0.1)))
    model.compile("sgd", "mse")
    losses = model.fit([A, B], A[:, :1] + B[:, :1], epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and model.predict([A, B]).shape == (60, 1)
model = Sequential([TimeDistributedDense(2, input_length=5, input_dim=3)])
assert model.output_shape == (None, 5, 2)

class Own(Layer):
    def build(self, input_shape):
        assert type(input_shape) is tuple
        super(Own, self).build(input_shape)

    def call(self, x):
        size = x.get_shape()[-1].value + x.shape.as_list()[-1]
        batch, width = x.get_shape()
        assert batch is None and width == 4
        return K.sum(x, axis=-1, keepdims=True) * size

from keras.layers import RNN

class Told(Layer):
    state_size = 2

    def build(self, input_shape):
        step, constant = input_shape
        assert step == (None, 3) and constant == (None, 7)
        super(Told, self).build(step)

    def call(self, inputs, states, constants=None):
        new = states[0] + constants[0][:, :2]
        return new, [new]

steps, fixed = Input((5, 3)), Input((7,))
counted = Model([steps, fixed], RNN(Told())(steps, constants=fixed)).predict([np.ones((2, 5, 3)), np.ones((2, 7))])
assert counted.tolist() == [[5.0, 5.0]] * 2
x = Input((4,))
assert Model(x, Own()(x)).predict(np.ones((1, 4)))[0, 0] == 32
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    assert multi_gpu_model(model, gpus=4) is model and len(told) == 1
"""


def test_a_program_of_keras_1(tmp_path) -> None:
    path = tmp_path / "program.py"
    path.write_text(KERAS_1, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "nnstack", "run", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_loss_as_a_tensor() -> None:
    from nnstack.backend.numbers import fall_back_on_numbers

    model = Sequential([layers.Dense(1, input_dim=3, kernel_regularizer="l2"), layers.Dropout(0.5)])
    with pytest.raises(RuntimeError, match="not compiled"):
        _ = model.total_loss
    model.compile("sgd", "mse")
    assert model.sample_weights == [None]
    fall_back_on_numbers(True)
    try:
        slopes = model.optimizer.get_gradients(model.total_loss, model.trainable_weights)
        inputs = [*model.inputs, *model.targets, *model.sample_weights, K.learning_phase()]
        f = K.function(inputs, [model.total_loss, *slopes])
    finally:
        fall_back_on_numbers(False)
    x, y, w = X[:, 0], np.ones((6, 1), "float32"), np.arange(6.0)
    kernel, bias = model.get_weights()
    error = x @ kernel + bias - y
    loss, slope, shift = f([x, y, w, 0])
    np.testing.assert_allclose(loss, np.mean(w[:, None] * error**2) + 0.01 * np.sum(kernel**2), rtol=1e-5)
    np.testing.assert_allclose(slope, 2 * x.T @ (w[:, None] * error) / 6 + 0.02 * kernel, rtol=1e-4)
    np.testing.assert_allclose(shift, [2 * np.mean(w[:, None] * error)], rtol=1e-4)
    model.total_loss = 3  # as models of one's own may
    assert model.total_loss == 3
