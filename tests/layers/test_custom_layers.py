"""Layers as users write them, in the spellings of every Keras 2."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import backend as K
from nnstack import initializers, layers, metrics, mixed_precision, regularizers
from nnstack.layers import Dense, Input, Lambda, Layer
from nnstack.models import Model, Sequential, load_model

MEAN = metrics.Mean(name="seen")
X = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)


class Projection(Layer):
    """The layer of Keras 2's guide."""

    def __init__(self, output_dim: int = 3, activation: Any = None, **kwargs: Any) -> None:
        self.output_dim = output_dim  # before super().__init__, as the guide does it
        super().__init__(**kwargs)
        self.activation = nnstack.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[1], self.output_dim), initializer="uniform")
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        return self.activation(K.dot(x, self.kernel))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.output_dim)

    def get_config(self) -> dict[str, Any]:
        own = {"output_dim": self.output_dim, "activation": nnstack.activations.serialize(self.activation)}
        return {**super().get_config(), **own}


def test_the_guides_layer_trains_and_saves(tmp_path: Path) -> None:
    model = Sequential([Projection(5, "relu", input_shape=(4,)), Projection(1)])
    assert [layer.output_shape for layer in model.layers] == [(None, 5), (None, 1)]
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(X, X[:, :1], verbose=0)
    assert all(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    model.save(str(tmp_path / "m.h5"))
    again = load_model(str(tmp_path / "m.h5"), custom_objects={"Projection": Projection})
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    kernel = model.layers[0].get_weights()[0]
    np.testing.assert_allclose(model.layers[0](X).numpy(), np.maximum(X @ kernel, 0), rtol=1e-5, atol=1e-6)


def test_several_inputs_and_outputs() -> None:
    class Both(Layer):
        def build(self, input_shape: Any) -> None:
            assert isinstance(input_shape, list) and input_shape[1] == (None, 5)
            super().build(input_shape)

        def call(self, x: Any) -> Any:
            a, b = x
            return [a + b[:, :4], K.mean(b, axis=-1)]

        def compute_output_shape(self, input_shape: Any) -> Any:
            return [input_shape[0], input_shape[1][:-1]]

    a, b = Input((4,)), Input((5,))
    first, second = Model([a, b], Both()([a, b])).predict([X, np.ones((8, 5))], verbose=0)
    np.testing.assert_allclose(first, X + 1, rtol=1e-6)
    np.testing.assert_array_equal(second, np.ones(8))


SPELLINGS: list[Any] = [
    lambda layer: layer.add_weight("w", (2, 3), None, "ones"),
    lambda layer: layer.add_weight(name="w", shape=[2, 3], initializer=initializers.Constant(1.0)),
    lambda layer: layer.add_weight((2, 3), "ones", "w"),  # Keras 2.0
    lambda layer: layer.add_weight((2, 3), initializer="one", name="w"),
    lambda layer: layer.add_weight(shape=(2, 3), initializer=lambda shape, dtype=None: np.ones(shape), name="w"),
    lambda layer: layer.add_variable("w", (2, 3), initializer="ones"),
    lambda layer: layer.add_weight(
        "w", (2, 3), initializer="ones", synchronization=None, aggregation=None, use_resource=True, partitioner=None
    ),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_add_weight(spelling: Any) -> None:
    layer = Layer(name="one")
    weight = spelling(layer)
    np.testing.assert_array_equal(weight.numpy(), np.ones((2, 3)))
    assert weight.name == "one/w:0" and layer.trainable_weights == [weight] and weight.dtype == "float32"


def test_add_weight_with_all_options() -> None:
    layer = Layer()
    scalar = layer.add_weight(shape=(), initializer="zeros", trainable=False, dtype="int32")
    shaped = layer.add_weight("k", (3,), regularizer=regularizers.l2(0.5), initializer="ones", constraint="nonneg")
    assert layer.non_trainable_weights == [scalar] and scalar.dtype == "int32" and shaped.constraint is not None
    assert [K.eval(loss) for loss in layer.losses] == [pytest.approx(1.5)]
    with pytest.raises(TypeError, match="shape is given twice, by position and by name"):
        layer.add_weight("k", (3,), shape=(4,))


@pytest.mark.parametrize("way", ["setter", "append", "attribute"])
def test_weights_made_by_hand(way: str) -> None:
    class Mine(Layer):
        def build(self, input_shape: Any) -> None:
            self.w = K.variable(np.ones((input_shape[-1], 2)), name="w")
            if way == "setter":
                self.trainable_weights = [self.w]
            elif way == "append":
                self._trainable_weights.append(self.w)
                self._non_trainable_weights += [K.variable(np.zeros(2), name="state")]
            super().build(input_shape)

        def call(self, x: Any) -> Any:
            return K.dot(x, self.w)

    model = Sequential([Input((4,)), Mine()])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    assert not np.array_equal(model.get_weights()[0], np.ones((4, 2)))
    assert len(model.trainable_weights) == 1 and len(model.weights) == 1 + (way == "append")


def test_losses_metrics_and_updates() -> None:
    class Noted(Layer):
        def build(self, input_shape: Any) -> None:
            self.calls = self.add_weight(name="calls", shape=(), initializer="zeros", trainable=False)
            super().build(input_shape)

        def call(self, x: Any, training: Any = None) -> Any:
            self.add_loss(0.5 * K.mean(K.square(x)), inputs=x)
            self.add_metric(K.mean(x), name="mean_input", aggregation="mean")
            self.add_update([(self.calls, self.calls + 1.0)], inputs=x)
            return K.in_train_phase(x * 2.0, x, training=training)

    model = Sequential([Input((4,)), Noted(), Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    logs = model.fit(X, np.zeros((8, 1)), verbose=0, batch_size=4).history
    assert logs["mean_input"][0] == pytest.approx(X.mean(), rel=1e-4)
    assert logs["loss"][0] == pytest.approx(0.5 * (X**2).mean(), rel=1e-4)
    assert model.layers[0].get_weights()[0] == 2
    np.testing.assert_array_equal(model.layers[0](X, training=True).numpy(), X * 2)


def test_masks_written_by_hand() -> None:
    class Total(Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.supports_masking = True

        def call(self, x: Any, mask: Any = None) -> Any:
            assert mask is not None
            return K.sum(x * K.cast(K.expand_dims(mask, -1), K.floatx()), axis=1)

        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return None

    i = Input((3, 2))
    out = Total()(layers.Masking(9.0)(i))
    x = np.ones((2, 3, 2), np.float32)
    x[:, 1] = 9
    np.testing.assert_array_equal(Model(i, out).predict(x, verbose=0), np.full((2, 2), 2.0))
    assert getattr(out, "_keras_mask", None) is None


def test_layers_inside_layers(tmp_path: Path) -> None:
    class Block(Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.rows = [Dense(4, name=f"row{i}") for i in range(2)]
            self.named = {"last": Dense(4)}
            self.model = Sequential([Dense(4), Dense(4)])

        def call(self, x: Any) -> Any:
            for layer in self.rows:
                x = layer(x)
            return self.model(self.named["last"](x))

    model = Sequential([Input((4,)), Block(name="block")])
    block = model.layers[0]
    assert len(block.weights) == 10 and block.weights[0].name == "block/row0/kernel:0"
    assert {type(layer).__name__ for layer in block.submodules} >= {"Dense", "Sequential"}
    before = model.predict(X, verbose=0)
    model.save_weights(str(tmp_path / "w.h5"))
    model.set_weights([weight * 0 for weight in model.get_weights()])
    model.load_weights(str(tmp_path / "w.h5"))
    np.testing.assert_array_equal(model.predict(X, verbose=0), before)


def test_arguments_of_call() -> None:
    class Scaled(Layer):
        def call(self, a: Any, b: Any, scale: float = 1.0) -> Any:
            return a + b * scale

    i, j = Input((4,)), Input((4,))
    for out, expected in ((Scaled()(i, j, scale=2.0), 3 * X), (Scaled()(i, b=j), 2 * X), (Scaled()(a=i, b=j), 2 * X)):
        model = Model([i, j], out)
        np.testing.assert_allclose(model.predict([X, X], verbose=0), expected, rtol=1e-5)
        again = Model.from_config(model.get_config(), custom_objects={"Scaled": Scaled})
        np.testing.assert_allclose(again.predict([X, X], verbose=0), expected, rtol=1e-5)


def test_dynamic_layers_run_in_python() -> None:
    class Branching(Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(dynamic=True, **kwargs)

        def call(self, x: Any) -> Any:
            return x * 2.0 if float(K.sum(x)) > 0 else x * 0.0

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape

    model = Sequential([Input((4,)), Branching(), Dense(1, kernel_initializer="ones")])
    assert model.dynamic and model.output_shape == (None, 1)
    model.compile("sgd", "mse")
    assert model.run_eagerly
    x = np.abs(X)
    np.testing.assert_allclose(model.predict(x, verbose=0), 2 * x.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_array_equal(model.predict(-x, verbose=0), np.zeros((8, 1)))
    losses = model.fit(x, x[:, :1], epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]

    class Silent(Layer):
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(ValueError, match=r"a dynamic layer needs compute_output_shape"):
        Silent(dynamic=True)(Input((4,)))


def test_types() -> None:
    class Seen(Layer):
        def call(self, x: Any) -> Any:
            self.seen = x.dtype
            return x

    for kwargs, expected in (({}, "float32"), ({"dtype": "float64"}, "float64"), ({"autocast": False}, "float32"),
                             ({"autocast": False, "dtype": "float64"}, "float32")):  # fmt: skip
        layer = Seen(**kwargs)
        layer(X)
        assert layer.seen == expected


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_mixed_precision(kind: str, tmp_path: Path) -> None:
    mixed_precision.set_global_policy(f"mixed_{kind}")
    try:
        i = Input((4,))
        h = layers.BatchNormalization()(Dense(8, "relu")(i))
        h = layers.LayerNormalization()(layers.Reshape((4, 2))(h))
        h = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 3)(h, h))
        model = Model(i, Dense(1, dtype="float32")(h))
    finally:
        mixed_precision.set_global_policy(None)
    assert h.dtype == kind and model.outputs[0].dtype == "float32"
    assert all(weight.dtype == "float32" for weight in model.weights)
    assert model.layers[1].compute_dtype == kind and model.layers[1].dtype == "float32"
    model.compile("adam", "mse")
    losses = model.fit(X, X[:, :1], epochs=10, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(str(tmp_path / "m.h5"))
    again = load_model(str(tmp_path / "m.h5"))
    assert again.layers[1].dtype_policy == mixed_precision.Policy(f"mixed_{kind}")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    plain = Dense(3)
    mixed = Dense(3, dtype=f"mixed_{kind}")
    plain(X), mixed(X)
    mixed.set_weights(plain.get_weights())
    np.testing.assert_allclose(K.cast(mixed(X), "float32").numpy(), plain(X).numpy(), atol=0.05)
    with pytest.raises(ValueError, match="Policy: expected a type such as 'float32'"):
        Dense(3, dtype="mixed_float8")


@pytest.mark.parametrize(("kind", "read"), [("float16", "float16"), ("bfloat16", "float32")])
def test_results_in_16_bits(kind: str, read: str) -> None:
    """numpy has no bfloat16: what comes out is float32, with the same numbers by every road."""
    i = Input((4,))
    model = Model(i, Dense(2, dtype=f"mixed_{kind}")(Dense(3, "tanh", dtype=f"mixed_{kind}")(i)))
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Dense", "Dense"]  # casts are no layers
    assert model.outputs[0].dtype == kind
    wanted = model(X).numpy()
    assert wanted.dtype == read
    for y in (
        model.predict(X, verbose=0),
        model.predict_on_batch(X),
        K.function([i], model.outputs)([X])[0],
        K.eval(model(X)),
        model.predict(X, batch_size=3, steps=2, verbose=0),
    ):
        assert y.dtype == read
        np.testing.assert_array_equal(y, wanted[: len(y)])


def test_branches_on_training() -> None:
    """`if training:` in Python, also in a layer inside another one, and the state that such a branch keeps."""

    class Noisy(layers.Layer):
        def build(self, shape: Any) -> None:
            self.calls = self.add_weight("calls", (), initializer="zeros", trainable=False)
            self.factor = self.add_weight("factor", (shape[-1],), initializer="ones")
            super().build(shape)

        def call(self, inputs: Any, training: Any = None) -> Any:
            if training:
                self.calls.assign_add(1.0)
                return inputs * self.factor * 3.0
            return inputs * self.factor

    class Outer(layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.inner = Noisy()

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    for make in (Noisy, Outer):
        layer = make()
        i = Input((4,))
        model = Model(i, layer(i))
        model.compile(nnstack.optimizers.SGD(0.0), "mse")
        model.fit(X, X, batch_size=4, epochs=3, verbose=0)
        assert float(K.get_value(layer.weights[-1])) == 6.0
        np.testing.assert_allclose(model.predict(X, verbose=0), X, rtol=1e-6)
        np.testing.assert_allclose(model(X, training=True).numpy(), 3 * X, rtol=1e-6)
        assert model.evaluate(X, X, verbose=0) == pytest.approx(0.0, abs=1e-12)


def test_a_metric_object_in_a_layer() -> None:
    class Watched(layers.Layer):
        def __init__(self, held: bool) -> None:
            super().__init__()
            self.made = [metrics.Mean(name="seen")] if held else None

        def call(self, inputs: Any) -> Any:
            self.add_metric((self.made[0] if self.made else MEAN)(inputs))
            return inputs

    for held in (True, False):
        i = Input((4,))
        model = Model(i, Watched(held)(i))
        model.compile("sgd", "mse")
        values = model.evaluate(X, X, batch_size=3, verbose=0, return_dict=True)
        assert list(values) == ["loss", "seen"]
        assert values["seen"] == pytest.approx(X.mean(), rel=1e-4, abs=1e-6)


def test_lambdas_of_any_backend_function() -> None:
    i = Input((4,))
    cases = [
        (Lambda(K.relu), np.maximum(X, 0)),
        (Lambda(lambda t, power: t**power, arguments={"power": 3}), X**3),
        (Lambda(lambda t: K.concatenate([t, -t], axis=1), output_shape=lambda s: (s[0], s[1] * 2)), np.hstack([X, -X])),
        (Lambda(lambda t: K.l2_normalize(t, axis=-1)), X / np.linalg.norm(X, axis=1, keepdims=True)),
    ]
    for layer, expected in cases:
        np.testing.assert_allclose(Model(i, layer(i)).predict(X, verbose=0), expected, rtol=1e-4, atol=1e-6)


def test_a_second_build_replaces_the_weights() -> None:
    class Own(Layer):
        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], 2))

        def call(self, inputs: Any) -> Any:
            return K.dot(inputs, self.kernel)

    layer = Own()
    layer.build((None, 3))  # by hand, and without super().build, so that the first call builds again
    layer(np.ones((1, 3), "float32"))
    assert [weight is layer.kernel for weight in layer.weights] == [True]


class Held(Layer):
    """Layers in a dict, and in a list beside other things."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.named = {"gate": layers.Dense(3, "sigmoid"), "value": layers.Dense(3)}
        self.mixed = [layers.Dense(3), None, {"deep": layers.Dense(3)}]

    def call(self, inputs: Any) -> Any:
        x = self.named["gate"](inputs) * self.named["value"](inputs)
        return self.mixed[0](x) + self.mixed[2]["deep"](x)  # type: ignore[index]


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_files_of_layers_in_dicts_and_lists(name: str, tmp_path: Path) -> None:
    i = Input((3,))
    model = Model(i, Held()(i))
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    model.save(str(tmp_path / name))
    again = load_model(str(tmp_path / name), custom_objects={"Held": Held}, compile=False)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert len(again.weights) == 8


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_models_that_compute_in_16_bits_train_on_arrays(dtype: str, run_eagerly: bool) -> None:
    model = Sequential([Input((4,), dtype=dtype), Dense(1, kernel_initializer="zeros", dtype=dtype)])
    model.compile("sgd", "mse", run_eagerly=run_eagerly)
    assert model.input.dtype == dtype and {weight.dtype for weight in model.weights} == {dtype}
    x = np.abs(X)
    losses = model.fit(x, x[:, :1], epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]
    assert model.evaluate(x, x[:, :1], verbose=0) < losses[0]
    for given in (x, x.astype("float16"), x.astype("float64")):
        np.testing.assert_allclose(model.predict(given, verbose=0), model(x).numpy(), rtol=0.01)


def test_half_as_default_type() -> None:
    K.set_floatx("float16")
    try:
        model = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(4,))])
        model.compile("sgd", lambda wanted, found: K.mean(K.square(wanted - found), axis=-1))
        x = np.abs(X)
        losses = model.fit(x, x[:, :1], sample_weight=np.ones(len(x)), epochs=3, verbose=0).history["loss"]
        assert losses[2] < losses[0] and model.predict(x, verbose=0).dtype == np.float16
    finally:
        K.set_floatx("float32")
