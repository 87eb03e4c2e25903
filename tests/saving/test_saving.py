"""Files: what is written is whole, what is read is the same model; configs as JSON and YAML."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nnstack import layers, losses, metrics, optimizers, saving, utils
from nnstack.layers import Add, Concatenate, Dense, Dropout, Input, Lambda, Layer
from nnstack.models import Model, Sequential, load_model, model_from_json, model_from_yaml
from nnstack.saving import hdf5_attributes
from nnstack.utils import custom_object_scope

RNG = np.random.default_rng(4)
X = RNG.normal(size=(12, 4)).astype(np.float32)
Y = np.eye(3, dtype=np.float32)[np.arange(12) % 3]


def classifier(optimizer: Any = "adam", **compile: Any) -> Sequential:
    model = Sequential([Dense(5, activation="relu", input_shape=(4,)), Dropout(0.0), Dense(3, activation="softmax")])
    model.compile(optimizer, **{"loss": "categorical_crossentropy", "metrics": ["accuracy"], **compile})
    return model


@pytest.mark.parametrize("kind", ["SGD", "RMSprop", "Adam", "Nadam"])
@pytest.mark.parametrize("module", [optimizers, optimizers.legacy], ids=["new", "legacy"])
def test_training_goes_on_to_the_bit(kind: str, module: Any, tmp_path: Path) -> None:
    model = classifier(getattr(module, kind)(0.01))
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert type(loaded.optimizer) is type(model.optimizer)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    first, second = (m.fit(X, Y, epochs=3, verbose=0, shuffle=False).history for m in (model, loaded))
    assert first == second
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "optimizer", ["sgd", "adam", "nadam", "ftrl", optimizers.legacy.Nadam(), optimizers.legacy.SGD(0.1)]
)
def test_compiled_but_never_trained(optimizer: Any, tmp_path: Path) -> None:
    classifier(optimizer).save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")  # a warning would be an error
    assert type(loaded.optimizer).__name__.lower() == str(getattr(optimizer, "name", optimizer)).lower()
    loaded.fit(X, Y, verbose=0)
    assert int(loaded.optimizer.iterations.numpy()) == 1


@pytest.mark.parametrize("kind", [Dropout, layers.GaussianNoise, layers.GaussianDropout])
def test_random_layers_go_on_where_they_stopped(kind: Any, tmp_path: Path) -> None:
    def new() -> Sequential:
        utils.set_random_seed(5)
        inner = Sequential([Dense(6, activation="tanh", input_shape=(4,)), kind(0.4)], name="inner")
        model = Sequential([inner, kind(0.3), Dense(3, activation="softmax")])
        model.compile("adam", "categorical_crossentropy")
        return model

    whole, half = new(), new()
    history = whole.fit(X, Y, batch_size=4, epochs=4, shuffle=False, verbose=0).history["loss"]
    first = half.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
    half.save(tmp_path / "m.h5")
    utils.set_random_seed(6)
    loaded = load_model(tmp_path / "m.h5")
    second = loaded.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
    assert first + second == history
    for a, b in zip(whole.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_compile_arguments_survive(tmp_path: Path) -> None:
    i = Input((4,))
    h = Dense(4)(i)
    model = Model(i, [Dense(3, activation="softmax", name="c")(h), Dense(1, name="r")(h)])
    model.compile(
        optimizers.SGD(0.1, momentum=0.9),
        {"c": losses.CategoricalCrossentropy(label_smoothing=0.1), "r": "mae"},
        metrics={"c": [metrics.CategoricalAccuracy(name="hit")], "r": ["mse"]},
        loss_weights={"c": 1.0, "r": 0.5},
    )
    targets = [Y, X[:, :1]]
    model.fit(X, targets, verbose=0)
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert loaded.evaluate(X, targets, verbose=0, return_dict=True) == model.evaluate(
        X, targets, verbose=0, return_dict=True
    )
    assert loaded.loss["c"].get_config()["label_smoothing"] == 0.1


def test_layout(tmp_path: Path) -> None:
    model = classifier()
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.h5")
    names = [layer.name for layer in model.layers]
    with h5py.File(tmp_path / "m.h5") as file:
        assert sorted(file.attrs) == ["backend", "keras_version", "model_config", "training_config"]
        assert sorted(file) == ["model_weights", "optimizer_weights", "random_states", "training_run"]
        assert list(file["model_weights"].attrs["layer_names"]) == names
        group = file["model_weights"][names[0]]
        assert list(group.attrs["weight_names"]) == [f"{names[0]}/kernel:0", f"{names[0]}/bias:0"]
        assert group[f"{names[0]}/kernel:0"].shape == (4, 5)
        assert list(file["model_weights"][names[1]].attrs["weight_names"]) == []
        assert json.loads(file.attrs["training_config"])["optimizer_config"]["class_name"] == "Custom>Adam"
        assert file["optimizer_weights"]["iteration:0"][()] == 1


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier()
    model.save(tmp_path / "m.h5")
    before = (tmp_path / "m.h5").read_bytes()

    def broken(*args: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(saving.training_state, "write", broken)
    with pytest.raises(OSError, match="disk full"):
        model.save(tmp_path / "m.h5")
    assert (tmp_path / "m.h5").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["m.h5"]


def test_overwrite_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier()
    model.save(tmp_path / "m.h5")
    with pytest.raises(FileExistsError, match="pass overwrite=True to replace it"):
        model.save(tmp_path / "m.h5", overwrite=False)

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda text: "y")
    model.save(tmp_path / "m.h5", overwrite=False)
    before = (tmp_path / "m.h5").read_bytes()
    monkeypatch.setattr("builtins.input", lambda text: "n")
    model.save_weights(tmp_path / "m.h5", overwrite=False)  # as in Keras: the answer is taken, the file stays
    assert (tmp_path / "m.h5").read_bytes() == before


def test_open_files(tmp_path: Path) -> None:
    model = classifier()
    with h5py.File(tmp_path / "m.h5", "w") as file:
        model.save(file)
    with h5py.File(tmp_path / "m.h5") as file:
        np.testing.assert_array_equal(load_model(file).predict(X), model.predict(X))
    with open(tmp_path / "n.h5", "w+b") as stream:
        model.save(stream)
    np.testing.assert_array_equal(load_model(tmp_path / "n.h5").predict(X), model.predict(X))


def test_weights_by_position_and_by_name(tmp_path: Path) -> None:
    model = classifier()
    model.save_weights(tmp_path / "w.h5")
    model.save(tmp_path / "m.h5")
    for name in ("w.h5", "m.h5"):
        other = classifier()
        other.load_weights(tmp_path / name)
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
    first, last = model.layers[0], model.layers[2]
    part = Sequential([Dense(5, input_shape=(4,), name=first.name), Dense(7, name=last.name), Dense(2, name="new")])
    kept = part.layers[2].get_weights()[0]
    with pytest.raises(ValueError, match="expected shape"):
        part.load_weights(tmp_path / "w.h5", by_name=True)
    with pytest.warns(UserWarning, match="weight skipped"):
        part.load_weights(tmp_path / "w.h5", by_name=True, skip_mismatch=True)
    np.testing.assert_array_equal(part.layers[0].get_weights()[0], first.get_weights()[0])
    np.testing.assert_array_equal(part.layers[2].get_weights()[0], kept)


def test_models_that_were_never_compiled(tmp_path: Path) -> None:
    model = Sequential([Dense(2, input_shape=(4,))])
    model.save(tmp_path / "m.h5")
    with pytest.warns(UserWarning, match="holds no training configuration"):
        loaded = load_model(tmp_path / "m.h5")
    assert loaded.optimizer is None
    classifier().save(tmp_path / "n.h5", include_optimizer=False)
    assert load_model(tmp_path / "n.h5", compile=False).optimizer is None


class Double(Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 2


def test_custom_objects(tmp_path: Path) -> None:
    model = Sequential([Dense(2, input_shape=(4,)), Double()])
    model.save(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="config: unknown classes Double"):
        load_model(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5", custom_objects={"Double": Double}, compile=False)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_functions_of_lambda_layers_come_from_scopes_too(tmp_path: Path) -> None:
    model = Sequential([Dense(2, input_shape=(4,)), Lambda(lambda x: x * 3.0, name="thrice")])
    model.save(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="Lambda layers thrice"):
        load_model(tmp_path / "m.h5", compile=False)
    with custom_object_scope({"thrice": lambda x: x * 3.0}):
        loaded = load_model(tmp_path / "m.h5", compile=False)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_json_and_yaml() -> None:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Dense(3, activation="tanh", kernel_regularizer="l2")
    model = Model([a, b], [Add()([shared(a), shared(b)]), Concatenate()([a, b]) * 3.0])
    for again in (
        model_from_json(model.to_json()),
        model_from_yaml(model.to_yaml()),
        Model.from_config(model.get_config()),
    ):
        again.set_weights(model.get_weights())
        for mine, other in zip(again.predict([X, X]), model.predict([X, X]), strict=True):
            np.testing.assert_array_equal(mine, other)
        assert again.input_names == ["a", "b"]
    assert json.loads(model.to_json(indent=1))["class_name"] == "Functional"
    tagged = (
        model.to_yaml()
        .replace("- 'a'", "- !!python/unicode 'a'")
        .replace("batch_input_shape:\n", "batch_input_shape: !!python/tuple\n")
    )
    assert "!!python/tuple" in tagged and model_from_yaml(tagged).input_names == ["a", "b"]
    with pytest.raises(Exception, match="could not determine a constructor"):
        model_from_yaml("!!python/object/apply:os.system ['true']")


def test_long_lists_of_names_are_cut(tmp_path: Path) -> None:
    names = [f"a_layer_with_quite_a_long_name_{number:06d}" for number in range(3000)]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        hdf5_attributes.write_attribute(file, "layer_names", names)
        assert "layer_names" not in file.attrs and "layer_names1" in file.attrs
        assert hdf5_attributes.read_attribute(file, "layer_names") == names


def test_export_writes_a_file_and_needs_a_built_model(tmp_path: Path) -> None:
    classifier().export(tmp_path / "m.nnstack")
    assert (tmp_path / "m.nnstack").stat().st_size > 4 * (4 * 5 + 5 + 5 * 3 + 3)
    with pytest.raises(ValueError, match="the model has no fixed inputs yet"):
        Sequential([Dense(2)]).export(tmp_path / "n.nnstack")
    assert layers.serialize(Dense(2, name="d"))["class_name"] == "Dense"


def test_penalties_of_frozen_layers_count_in_the_loss() -> None:
    """As in Keras 2, so that a model loaded with frozen layers says the same loss as before."""
    frozen = layers.Dense(3, kernel_regularizer="l2", kernel_initializer="ones", input_shape=(2,), trainable=False)
    model = Sequential([frozen, layers.Dense(1, kernel_initializer="zeros", use_bias=False)])
    model.compile("sgd", "mse")
    assert model.evaluate(np.ones((4, 2)), np.zeros((4, 1)), verbose=0) == pytest.approx(0.01 * 6)


def test_a_checkpoint_named_as_the_file_of_the_latest_one(tmp_path: Path) -> None:
    """`checkpoint` is also the name of the file beside that says which prefix is the latest."""
    model, other = (Sequential([layers.Dense(2, input_shape=(3,))]) for _ in range(2))
    for _ in range(2):
        model.save_weights(tmp_path / "checkpoint")
        other.load_weights(tmp_path / "checkpoint")
        for mine, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        model.set_weights([weight + 1 for weight in model.get_weights()])


def test_outputs_without_metrics_as_tf_keras_writes_them(tmp_path: Path) -> None:
    inputs = layers.Input((3,))
    model = Model(inputs, [layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)])
    model.compile("sgd", "mse", metrics={"a": ["mae", "mse"]})
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        config = json.loads(file.attrs["training_config"])
        config["metrics"] = [["mae", "mse"], [None]]
        file.attrs["training_config"] = json.dumps(config)
    x, y = np.ones((4, 3)), [np.zeros((4, 1)), np.ones((4, 1))]
    again = load_model(tmp_path / "m.h5")
    assert again.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(
        model.evaluate(x, y, verbose=0, return_dict=True)
    )
