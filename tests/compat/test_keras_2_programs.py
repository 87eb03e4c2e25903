"""What programs of Keras 2.0 to 2.3 do that tf.keras no longer does."""

import subprocess
import sys

import numpy as np
import pytest

from nnstack import Input, applications, optimizers
from nnstack import backend as K
from nnstack.callbacks import Callback
from nnstack.compat.functions.arrays import gather_nd
from nnstack.layers import Dense, Lambda
from nnstack.models import Model, Sequential, clone_model, load_model, model_from_config, model_from_json

X = np.random.RandomState(0).rand(40, 3).astype("float32")
Y = X.sum(axis=1, keepdims=True)


class Momentum(optimizers.Optimizer):
    """Written as optimizers were written for Keras 2."""

    def __init__(self, lr=0.01, rho=0.9, **kwargs):
        super().__init__(**kwargs)
        with K.name_scope(type(self).__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
        self.rho = rho

    def get_updates(self, loss, params):
        gradients = self.get_gradients(loss, params)
        moments = [K.zeros(K.int_shape(param), dtype=K.dtype(param)) for param in params]
        self.weights = [self.iterations, *moments]
        self.updates = [K.update_add(self.iterations, 1)]
        step = self.lr / (K.cast(self.iterations, K.floatx()) + 1.0)  # of the steps before
        for param, gradient, moment in zip(params, gradients, moments, strict=True):
            new = self.rho * moment - step * gradient
            self.updates.append(K.update(moment, new))
            self.updates.append(K.update(param, param + new))
        return self.updates

    def get_config(self):
        return {**super().get_config(), "lr": float(K.get_value(self.lr)), "rho": self.rho}


def test_an_optimizer_with_get_updates_trains() -> None:
    model = Sequential([Dense(1, use_bias=False, input_dim=3)])
    weight = model.get_weights()[0].astype("float64")
    model.compile(Momentum(lr=0.1), "mse")
    model.fit(X, Y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    moment = np.zeros_like(weight)
    for step, (x, y) in enumerate([(X[:20], Y[:20]), (X[20:], Y[20:])] * 2):
        moment = 0.9 * moment - 0.1 / (step + 1) * 2 * x.T @ (x @ weight - y) / len(x)
        weight = weight + moment
    np.testing.assert_allclose(model.get_weights()[0], weight, rtol=1e-4)
    assert int(K.get_value(model.optimizer.iterations)) == 4
    np.testing.assert_allclose(model.optimizer.get_weights()[1], moment, rtol=1e-4)


def test_an_optimizer_with_get_gradients_uses_them() -> None:
    class Centred(optimizers.SGD):
        def get_gradients(self, loss, params):
            return [g - K.mean(g, axis=0, keepdims=True) for g in super().get_gradients(loss, params)]

    model = Sequential([Dense(1, use_bias=False, input_dim=3)])
    before = model.get_weights()[0]
    model.compile(Centred(0.5), "mse")
    model.train_on_batch(X, Y)
    after = model.get_weights()[0]
    assert np.sum(after - before) == pytest.approx(0, abs=1e-5) and np.abs(after - before).max() > 1e-3


def test_callbacks_find_the_validation_data() -> None:
    seen = {}

    class Scores(Callback):
        def on_epoch_end(self, epoch, logs=None):
            x, y, weights = self.validation_data
            seen[epoch] = (self.model.predict(x, verbose=0).shape, y.shape, weights.sum())

    class Own(Callback):
        def __init__(self, validation_data):
            super().__init__()
            self.validation_data = validation_data

    own = Own((X, Y))
    model = Sequential([Dense(1, input_dim=3)])
    model.compile("sgd", "mse")
    model.fit(X, Y, validation_data=(X[:5], Y[:5]), verbose=0, callbacks=[Scores(), own])
    model.fit(X, Y, validation_split=0.25, epochs=2, initial_epoch=1, verbose=0, callbacks=[Scores()])
    assert seen == {0: ((5, 1), (5, 1), 5.0), 1: ((10, 1), (10, 1), 10.0)}
    assert isinstance(own.validation_data, tuple)


def test_a_lambda_lives_on_in_configs_of_this_process_but_in_no_file(tmp_path) -> None:
    x = Input((3,))
    model = Model(x, Lambda(lambda z: z * 2.0, name="twice")(x))
    for copy in (
        model_from_config({"class_name": type(model).__name__, "config": model.get_config()}),
        Model.from_config(model.get_config()),
        clone_model(model),
    ):
        np.testing.assert_allclose(copy.predict(X, verbose=0), X * 2)
    model.save(tmp_path / "model.h5")
    for read in (lambda: load_model(tmp_path / "model.h5"), lambda: model_from_json(model.to_json())):
        with pytest.raises(ValueError, match="twice"):
            read()


def test_a_network_of_the_applications_over_a_tensor_that_is_no_input() -> None:
    """As in neural style transfer: pictures in variables and one in a placeholder, in one batch."""
    fixed, free = K.variable(np.ones((1, 32, 32, 3))), K.placeholder((1, 32, 32, 3))
    model = applications.vgg16.VGG16(input_tensor=K.concatenate([fixed, free], 0), weights=None, include_top=False)
    features = model.get_layer("block1_conv2").output
    loss = K.sum(K.square(features[0] - features[1]))
    f = K.function([free], [loss, *K.gradients(loss, free)])
    same, slope = f([np.ones((1, 32, 32, 3))])
    assert same == 0 and slope.shape == (1, 32, 32, 3)
    assert f([np.zeros((1, 32, 32, 3))])[0] > 0


def test_sizes_and_other_integers_mix() -> None:
    x = K.placeholder((None, 3))
    count, row = K.shape(x)[0], K.constant(1, dtype="int32")
    f = K.function([x], [count + row, K.stack([row, count]), K.maximum(row, count)])
    assert [result.tolist() for result in f([X])] == [41, [1, 40], 40]
    rows = K.stack([K.arange(count), K.cast(K.argmax(x, axis=1), "int32")], axis=1)
    np.testing.assert_allclose(K.function([x], [gather_nd(x, rows)])([X])[0], X.max(axis=1))


PROGRAM = """
import numpy as np
from keras import backend as K
from keras.layers import Dense, Input, Lambda
from keras.models import Model

def half(z):
    import tensorflow as tf
    return tf.divide(z, 2.0)

assert K.backend() == "tensorflow"
x = Input((3,))
model = Model(x, Dense(1, kernel_initializer="ones")(Lambda(half)(x)))
model.compile("sgd", "mse")
model.fit(np.ones((4, 3)), np.full((4, 1), 1.5), verbose=0)
print("prediction", float(model.predict(np.ones((1, 3)), verbose=0)[0, 0]))
"""


def test_a_layer_may_be_the_first_to_import_tensorflow(tmp_path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "nnstack", "run", str(path)], capture_output=True, text=True)
    assert done.stdout.strip() == "prediction 1.5", done.stderr


def test_batches_for_a_step_of_the_models_own_may_differ_in_length() -> None:
    """As in semi-supervised learning: more images without labels than with."""

    class Both(Model):
        def train_step(self, data):
            (many, _), (few, labels) = data
            return {"many": K.sum(many), "few": K.sum(few), "labels": K.sum(labels)}

    def batches():
        yield (np.ones((6, 2)), np.ones(6)), (np.full((2, 2), 3.0), np.full(2, 5.0))

    model = Both()
    model.compile("sgd")
    assert model.fit(batches(), steps_per_epoch=1, verbose=0).history == {
        "many": [12.0],
        "few": [12.0],
        "labels": [10.0],
    }


def test_one_target_is_for_the_one_output_with_a_loss() -> None:
    x = Input((3,))
    hidden = Dense(4, name="hidden")(x)
    model = Model(x, [Dense(1, name="out")(hidden), hidden])
    model.compile("sgd", loss=["mse", None])
    model.fit(X, Y, verbose=0)
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["loss"] > 0
    model.compile("sgd", loss=["mse", "mse"])
    with pytest.raises(ValueError, match="expected 2 target"):
        model.fit(X, Y, verbose=0)


def test_a_model_without_a_call_of_its_own_keeps_its_weights(tmp_path) -> None:
    """As GANs and diffusion models, whose train_step calls the networks inside; two of these may have one name."""

    class Pair(Model):
        def __init__(self):
            super().__init__()
            self.network = Sequential([Dense(2, input_dim=3)], name="network")
            self.average = clone_model(self.network)

        def train_step(self, data):
            return {"size": K.sum(self.network(data) - self.average(data))}

    model = Pair()
    model.compile()
    model.fit(X, verbose=0)
    before = model.get_weights()
    for name in ("pair.weights.h5", "pair"):
        model.save_weights(tmp_path / name)
        model.set_weights([weight * 0 for weight in before])
        model.load_weights(tmp_path / name)
        for weight, kept in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, kept)
    with pytest.raises(ValueError, match="no weights yet"):
        Model().save_weights(tmp_path / "none.weights.h5")


def test_weights_between_groups_and_lists_of_layers(tmp_path) -> None:
    import h5py

    from nnstack.compat.weight_groups import (
        load_weights_from_hdf5_group,
        load_weights_from_hdf5_group_by_name,
        save_weights_to_hdf5_group,
    )

    def make():
        return Sequential([Dense(4, input_dim=3, name="first"), Dense(2, name="second")])

    model, other, named = make(), make(), make()
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        save_weights_to_hdf5_group(file, model.layers)
    with h5py.File(tmp_path / "weights.h5", "r") as file:
        load_weights_from_hdf5_group(file, other.layers)
        load_weights_from_hdf5_group_by_name(file, named.layers[1:])
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    np.testing.assert_array_equal(named.get_weights()[2], model.get_weights()[2])
    assert not np.array_equal(named.get_weights()[0], model.get_weights()[0])
    make().load_weights(tmp_path / "weights.h5")


def test_the_shape_of_images_as_networks_of_others_ask_for_it() -> None:
    shape = applications.imagenet_utils._obtain_input_shape
    ask = {"default_size": 224, "min_size": 32, "data_format": "channels_last"}
    assert shape(None, **ask, require_flatten=True) == (224, 224, 3)
    assert shape(None, **ask, require_flatten=False) == (None, None, 3)
    assert shape((40, 50, 1), **ask, require_flatten=True) == (40, 50, 1)
    first = shape(None, default_size=99, min_size=32, data_format="channels_first", require_flatten=True)
    assert first == (3, 99, 99) and K.image_data_format() == "channels_last"
    with pytest.raises(ValueError, match="at least 32"):
        shape((20, 50, 3), **ask, require_flatten=True)


IMPORTS = """
from keras.applications.mobilenet import DepthwiseConv2D, relu6
from keras.engine.base_layer import Node
from keras.engine.saving import load_weights_from_hdf5_group
from keras.engine.topology import Container, get_source_inputs
from keras.utils.layer_utils import count_params, get_source_inputs
from tensorflow.python.client import device_lib
from tensorflow.python.framework import ops, tensor_shape
from tensorflow.python.keras.optimizer_v2.optimizer_v2 import OptimizerV2
from tensorflow.python.ops import array_ops, math_ops
from tensorflow.python.util.tf_export import keras_export

assert device_lib.list_local_devices()[0].device_type == "CPU"
assert math_ops.reduce_sum(array_ops.ones((2, 3))).numpy() == 6.0
assert relu6(ops.convert_to_tensor([7.0])).numpy() == [6.0] and keras_export("keras.layers.X")(3) == 3
"""


def test_inner_modules_that_programs_import_from(tmp_path) -> None:
    path = tmp_path / "program.py"
    path.write_text(IMPORTS, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "nnstack", "run", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
