"""What a model tells of itself in plain data: how it was compiled and built, what it takes, where its weights are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import Input, Model, Sequential, backend, layers, losses, metrics, models, optimizers
from nnstack.compat.specs import TensorSpec

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = X[:, :2] * 0.5


def test_a_copy_compiled_from_the_config_trains_the_same_way() -> None:
    model = Sequential([layers.Dense(2, input_shape=(3,))])
    model.compile(
        optimizers.Adam(0.03, clipnorm=0.5), losses.Huber(0.2), metrics=["mae", metrics.RootMeanSquaredError()],
        weighted_metrics=["mse"], steps_per_execution=4, run_eagerly=True,
    )  # fmt: skip
    config = model.get_compile_config()
    assert config is not None
    json.dumps(config)  # plain data
    copy = models.clone_model(model)
    copy.set_weights(model.get_weights())
    assert copy.get_compile_config() is None
    copy.compile_from_config(json.loads(json.dumps(config)))
    assert copy.run_eagerly and copy.steps_per_execution == 4 and copy.optimizer.clipnorm == 0.5
    assert copy.metrics_names == ["loss", "mae", "root_mean_squared_error", "mse"]
    one, other = (m.fit(X, Y, epochs=2, verbose=0, shuffle=False).history for m in (model, copy))
    assert one == other and one["loss"][1] < one["loss"][0]


def test_settings_of_compile_are_attributes() -> None:
    model = Sequential([layers.Dense(2, input_shape=(3,))])
    assert model.jit_compile is None and model.steps_per_execution is None
    with pytest.raises(RuntimeError, match="not compiled"):
        model.jit_compile = True
    model.compile("sgd", "mse")
    assert model.steps_per_execution == 1 and model.jit_compile is None
    model.compile("sgd", "mse", jit_compile=True, steps_per_execution=8)
    assert model.steps_per_execution == 8 and model.jit_compile is True
    model.jit_compile, model.steps_per_execution = False, 2
    assert model.jit_compile is False and model.steps_per_execution == 2
    assert model.distribute_reduction_method == "auto" and model.autotune_steps_per_execution is False


class OwnCompile(Model):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = layers.Dense(2)
        self.factor = None

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    def compile(self, optimizer: Any, factor: float) -> None:  # type: ignore[override]
        super().compile(optimizer, "mse")
        self.factor = factor

    def get_config(self) -> dict[str, Any]:
        return {}


class OwnCompileConfig(OwnCompile):
    def get_compile_config(self) -> dict[str, Any]:
        return {"optimizer": optimizers.serialize(self.optimizer), "factor": self.factor}

    def compile_from_config(self, config: Any) -> None:
        self.compile(optimizers.deserialize(config["optimizer"]), config["factor"])


@pytest.mark.parametrize("kind", [OwnCompile, OwnCompileConfig])
def test_files_of_models_with_a_compile_of_their_own(kind: Any, tmp_path: Path) -> None:
    model = kind()
    model.compile(optimizers.SGD(0.5), 7.0)
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    if kind is OwnCompile:
        with pytest.warns(UserWarning, match="compile\\(\\) of its own"):
            again = models.load_model(tmp_path / "model.keras", custom_objects={kind.__name__: kind})
        assert again.optimizer is None
    else:
        again = models.load_model(tmp_path / "model.keras", custom_objects={kind.__name__: kind})
        assert again.factor == 7.0 and float(again.optimizer.learning_rate.numpy()) == 0.5
        assert int(again.optimizer.iterations.numpy()) == 1


def test_what_layers_and_models_were_built_from() -> None:
    dense = layers.Dense(2)
    assert dense.get_build_config() is None
    dense(Input((3,)))
    assert dense.get_build_config() == {"input_shape": (None, 3)}
    other = layers.Dense(2)
    other.build_from_config({"input_shape": [None, 3]})
    assert [tuple(w.shape) for w in other.weights] == [(3, 2), (2,)]
    a, b = Input((3,), name="a"), Input((2,), name="b")
    graph = Model({"a": a, "b": b}, layers.Concatenate()([a, b]))
    assert graph.get_build_config() == {"input_shape": {"a": (None, 3), "b": (None, 2)}}
    late = Sequential([layers.Dense(4)])
    assert late.get_build_config() is None
    late.build_from_config({"input_shape": (None, 3)})
    assert late.output_shape == (None, 4)


def test_own_variables_go_through_a_store() -> None:
    one, other = layers.Dense(2), layers.Dense(2)
    one.build((None, 3))
    other.build((None, 3))
    store: dict[str, Any] = {}
    one.save_own_variables(store)
    assert sorted(store) == ["0", "1"] and store["0"].shape == (3, 2)
    other.load_own_variables(store)
    np.testing.assert_array_equal(one.get_weights()[0], other.get_weights()[0])
    with pytest.raises(ValueError, match="expected 2 arrays, got 1"):
        other.load_own_variables({"0": store["0"]})


def test_signatures() -> None:
    spec = layers.Dense(5).compute_output_signature(TensorSpec((None, 3)))
    assert tuple(spec.shape) == (None, 5) and spec.dtype == "float32"
    model = Sequential([layers.Dense(2, input_shape=(3,), batch_size=4, name="first")])
    (args, kwargs), (fixed, _) = model.save_spec(), model.save_spec(dynamic_batch=False)
    assert kwargs == {} and args[0].name == "first_input"
    assert (tuple(args[0].shape), tuple(fixed[0].shape)) == ((None, 3), (4, 3))
    late = OwnCompile()
    assert late.save_spec() is None
    late(X)
    assert tuple(late.save_spec()[0][0].shape) == (None, 3)


def test_paths_of_weights() -> None:
    class Outer(Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [layers.Dense(3), layers.Dense(3)]
            self.head = layers.Dense(1)
            self.scale = backend.variable(2.0)

        def call(self, inputs: Any) -> Any:
            return self.head(self.blocks[1](self.blocks[0](inputs))) * self.scale

    model = Outer()
    model(X)
    paths = model.get_weight_paths()
    assert set(paths) == {
        "scale", "head.kernel", "head.bias", "blocks.0.kernel", "blocks.0.bias", "blocks.1.kernel", "blocks.1.bias",
    }  # fmt: skip
    assert paths["head.kernel"] is model.head.kernel
    graph = Sequential([layers.Dense(2, input_shape=(3,), name="only")])
    assert list(graph.get_weight_paths()) == ["only.kernel", "only.bias"]


def test_backend_settings_by_both_names() -> None:
    from nnstack import backend as K

    before = K.epsilon()
    try:
        K.set_epsilon(e=1e-3)
        assert K.epsilon() == 1e-3
        K.set_epsilon(value=1e-4)
        assert K.epsilon() == 1e-4
        K.set_floatx(floatx="float64")
        assert K.floatx() == "float64"
        K.set_floatx(value="float32")
        with pytest.raises(TypeError, match="expected a number"):
            K.set_epsilon()
    finally:
        K.set_epsilon(before)
        K.set_floatx("float32")
    variables = [K.variable(1.0), K.variable(2.0)]
    assert [float(v) for v in K.batch_get_value(ops=variables)] == [1.0, 2.0]
    assert [float(v) for v in K.batch_get_value(variables)] == [1.0, 2.0]
