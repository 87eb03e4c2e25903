"""Training from the same weights on the same batches follows the real tf_keras step by step. Needs [interop]."""

import numpy as np
import pytest

import nnstack

pytestmark = [pytest.mark.interop, pytest.mark.filterwarnings("ignore")]

# loss, activations, optimizer of a library's `optimizers` module
CASES = {
    "adam": ("categorical_crossentropy", "relu", "softmax", lambda o: o.Adam(0.01)),
    "legacy rmsprop": (
        "sparse_categorical_crossentropy",
        "tanh",
        "softmax",
        lambda o: o.legacy.RMSprop(0.003, decay=0.01),
    ),
    "scheduled nesterov": (
        "binary_crossentropy",
        "selu",
        "sigmoid",
        lambda o: o.SGD(o.schedules.ExponentialDecay(1.0, 5, 0.9), momentum=0.9, nesterov=True, clipnorm=1.0),
    ),
    "adamw": ("mse", "gelu", "softmax", lambda o: o.AdamW(0.01, weight_decay=0.1)),
    "legacy nadam": ("categorical_hinge", "swish", "softmax", lambda o: o.legacy.Nadam(0.01)),
    "ftrl": ("kld", "elu", "softmax", lambda o: o.Ftrl(0.1)),
    "centered rmsprop": ("huber", "softplus", "softmax", lambda o: o.RMSprop(0.01, momentum=0.5, centered=True)),
    "softmax under binary": ("binary_crossentropy", "softsign", "softmax", lambda o: o.Adam(0.01)),
    "legacy sgd": ("poisson", "mish", "softmax", lambda o: o.legacy.SGD(0.1, momentum=0.9, clipvalue=0.1)),
}


def train(K, loss, hidden, last, optimizer):
    random = np.random.default_rng(0)
    x = random.random((20, 32, 16)).astype("float32")
    y = (x @ random.normal(size=(16, 5))).argmax(-1)
    targets = y if loss.startswith("sparse") else np.eye(5, dtype="float32")[y]
    first = K.layers.Dense(12, hidden, input_shape=(16,), kernel_regularizer="l1_l2", bias_constraint="max_norm")
    model = K.Sequential([first, K.layers.Dense(5, last)])
    model.set_weights([random.normal(size=w.shape, scale=0.3).astype("float32") for w in model.get_weights()])
    model.compile(optimizer(K.optimizers), loss, metrics=["accuracy", "crossentropy", "mae"])
    weights = np.linspace(0.0, 2.0, 32).astype("float32")
    steps = [model.train_on_batch(a, b, sample_weight=weights) for a, b in zip(x, targets, strict=True)]
    return np.array(steps, "float64"), model.get_weights()


@pytest.mark.parametrize("name", CASES)
def test_follows_tf_keras(name):
    tf_keras = pytest.importorskip("tf_keras", reason="tf_keras is not installed")
    steps, weights = train(nnstack, *CASES[name])
    expected_steps, expected_weights = train(tf_keras, *CASES[name])
    np.testing.assert_allclose(steps, expected_steps, rtol=1e-4)
    for own, expected in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-3, atol=1e-5)
