import tempfile

import numpy as np
import tensorflow as tf
from samples import seed
from sklearn.datasets import load_diabetes
from tensorflow import keras
from tensorflow.keras import backend as K
from tensorflow.keras import layers

keras.utils.set_random_seed(seed())


@keras.utils.register_keras_serializable(package="programs")
class Linear(layers.Layer):
    def __init__(self, units=32, penalty=0.0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.penalty = units, penalty

    def build(self, input_shape):
        w_init = tf.random_normal_initializer(stddev=0.1)
        self.w = tf.Variable(
            w_init(shape=(int(input_shape[-1]), self.units), dtype="float32"), trainable=True, name="w"
        )
        self.b = self.add_weight(
            name="b", shape=(self.units,), initializer="zeros", constraint=keras.constraints.max_norm(3)
        )
        self.calls = tf.Variable(0.0, trainable=False, name="calls")

    def call(self, inputs):
        self.calls.assign_add(1.0)
        self.add_loss(self.penalty * tf.reduce_sum(tf.square(self.w)))
        return tf.matmul(inputs, self.w) + self.b

    def get_config(self):
        return {**super().get_config(), "units": self.units, "penalty": self.penalty}


class Explained(keras.metrics.Metric):
    def __init__(self, name="explained", **kwargs):
        super().__init__(name=name, **kwargs)
        self.rest = self.add_weight(name="rest", initializer="zeros")
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = tf.cast(tf.reshape(y_true, tf.shape(y_pred)), y_pred.dtype)
        self.rest.assign_add(tf.reduce_sum(tf.square(y_true - y_pred)))
        self.total.assign_add(tf.reduce_sum(tf.square(y_true)))

    def result(self):
        return 1 - self.rest / self.total

    def reset_state(self):
        self.rest.assign(0.0)
        self.total.assign(0.0)


class LogCosh(keras.losses.Loss):
    def call(self, y_true, y_pred):
        error = y_pred - tf.cast(y_true, y_pred.dtype)
        return tf.reduce_mean(error + tf.nn.softplus(-2.0 * error) - tf.math.log(2.0), axis=-1)


def mish(x):
    return x * K.tanh(K.softplus(x))


x, y = load_diabetes(return_X_y=True)
x, y = (x * 20).astype("float32"), ((y - y.mean()) / y.std())[:, None]
model = keras.Sequential([Linear(16, 1e-4, input_shape=(10,)), layers.Activation(mish), Linear(1)])
model.compile(keras.optimizers.Adam(0.01), loss=LogCosh(), metrics=[Explained()])
model.fit(x[:340], y[:340], epochs=20, verbose=0)
assert float(model.layers[0].calls) >= 20 * 11
path = tempfile.mkdtemp() + "/model.h5"
model.save_weights(path)
before = model.predict(x[340:], verbose=0)
model.set_weights([w * 0 for w in model.get_weights()])
model.load_weights(path)
np.testing.assert_allclose(model.predict(x[340:], verbose=0), before, rtol=1e-5)
print("accuracy:", model.evaluate(x[340:], y[340:], verbose=0)[1])
