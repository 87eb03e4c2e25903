"""evaluate, predict, single batches, generators, steps of one's own, saving: as the reference pages say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import GradientTape, Input, Model, Sequential, layers, models, optimizers, utils
from nnstack import backend as K
from nnstack.layers import Dense

X = np.linspace(-1, 1, 40, dtype="float32").reshape(10, 4)
Y = X.sum(axis=1, keepdims=True) * 0.5 + 0.1
ERRORS = ((X.sum(axis=1, keepdims=True) - Y) ** 2)[:, 0]


def model_of(**arguments: Any) -> Sequential:
    model = Sequential([Dense(1, input_shape=(4,), kernel_initializer="ones", name="d")])
    model.compile(optimizers.SGD(0.05), "mse", **arguments)
    return model


class Batches(utils.Sequence):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]


class Inputs(Batches):
    def __getitem__(self, index: int) -> Any:
        return super().__getitem__(index)[0]


def generated() -> Any:
    return (Batches()[index] for index in range(3))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"x": X, "y": Y}, ERRORS.mean()),
        ({"x": X, "y": Y, "batch_size": 3}, ERRORS.mean()),
        ({"x": X, "y": Y, "batch_size": 2, "steps": 2}, ERRORS[:4].mean()),
        ({"x": X, "y": Y, "sample_weight": np.arange(10)}, (ERRORS * np.arange(10)).mean()),
        ({"x": Batches()}, ERRORS.mean()),
        ({"x": Batches(), "workers": 2, "use_multiprocessing": True, "max_queue_size": 2}, ERRORS.mean()),
    ],
)
def test_evaluate(arguments: dict[str, Any], expected: float) -> None:
    assert model_of().evaluate(verbose=0, **arguments) == pytest.approx(expected, rel=1e-5)


def test_what_evaluate_gives() -> None:
    assert isinstance(model_of().evaluate(X, Y, verbose=0), float)
    model = model_of(metrics=["mae"])
    found = model.evaluate(X, Y, verbose=0)
    assert isinstance(found, list) and dict(zip(model.metrics_names, found, strict=True)) == model.evaluate(
        X, Y, verbose=0, return_dict=True
    )


def test_predict() -> None:
    model = model_of()
    whole = X.sum(axis=1, keepdims=True)
    for arguments in ({"x": X}, {"x": X, "batch_size": 3}, {"x": Inputs()}, {"x": (part for part in Inputs())}):
        np.testing.assert_allclose(model.predict(**arguments), whole, rtol=1e-5, atol=1e-6)  # type: ignore[arg-type]
    np.testing.assert_allclose(model.predict(X, batch_size=2, steps=2), whole[:4], rtol=1e-5)
    x = Input((4,))
    double = Model(x, [Dense(1)(x), Dense(2)(x)]).predict(X)
    assert isinstance(double, list) and [one.shape for one in double] == [(10, 1), (10, 2)]


def test_one_batch() -> None:
    model = model_of(metrics=["mae"])
    assert model.test_on_batch(X, Y) == pytest.approx([ERRORS.mean(), np.sqrt(ERRORS).mean()], rel=1e-5)
    weighted = model.test_on_batch(X, Y, sample_weight=np.arange(10.0))
    assert weighted[0] == pytest.approx((ERRORS * np.arange(10)).mean(), rel=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(X), X.sum(axis=1, keepdims=True), rtol=1e-5, atol=1e-6)
    kernel = model.get_weights()[0]
    first = model.train_on_batch(X, Y)
    assert first[0] == pytest.approx(ERRORS.mean(), rel=1e-5)
    assert (model.get_weights()[0] != kernel).all()
    assert set(model.train_on_batch(X, Y, return_dict=True)) == {"loss", "mae"}


def test_class_weight_of_one_batch() -> None:
    model = Sequential([Dense(2, input_shape=(4,), kernel_initializer="zeros", activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    found = model.train_on_batch(X, np.arange(10) % 2, class_weight={0: 1.0, 1: 3.0})
    assert found == pytest.approx(2 * np.log(2), rel=1e-5)


def test_running_metrics() -> None:
    model = model_of()
    model.test_on_batch(X[:4], Y[:4])
    running = model.test_on_batch(X[4:], Y[4:], reset_metrics=False)
    assert running == pytest.approx(ERRORS.mean(), rel=1e-5)
    assert model.test_on_batch(X[4:], Y[4:]) == pytest.approx(ERRORS[4:].mean(), rel=1e-5)
    model.reset_metrics()
    assert model.test_on_batch(X[:4], Y[:4], reset_metrics=False) == pytest.approx(ERRORS[:4].mean(), rel=1e-5)


def test_the_methods_for_generators() -> None:
    model = model_of()
    assert model.evaluate_generator(generated(), 3) == pytest.approx(ERRORS.mean(), rel=1e-5)
    assert model.evaluate_generator(Batches(), workers=2) == pytest.approx(ERRORS.mean(), rel=1e-5)
    np.testing.assert_allclose(model.predict_generator(Inputs()), model.predict(X), rtol=1e-6)
    np.testing.assert_allclose(model.predict_generator(Inputs(), 2), model.predict(X[:8]), rtol=1e-6)
    other = model_of()
    history = other.fit_generator(
        Batches(), steps_per_epoch=3, epochs=2, verbose=0, validation_data=Batches(), validation_steps=2,
        validation_freq=2, max_queue_size=4, workers=1, use_multiprocessing=False, shuffle=False, initial_epoch=0,
        class_weight=None, callbacks=[],
    )  # fmt: skip
    model.fit(X, Y, batch_size=4, shuffle=False, epochs=2, verbose=0)
    np.testing.assert_allclose(other.get_weights()[0], model.get_weights()[0], rtol=1e-5)
    assert len(history.history["val_loss"]) == 1


def test_classes() -> None:
    model = Sequential([Dense(3, input_shape=(4,), activation="softmax")])
    scores = model.predict(X)
    np.testing.assert_array_equal(model.predict_proba(X, batch_size=4), scores)
    np.testing.assert_array_equal(model.predict_classes(X, batch_size=4), scores.argmax(axis=-1))
    single = Sequential([Dense(1, input_shape=(4,), activation="sigmoid")])
    np.testing.assert_array_equal(single.predict_classes(X), (single.predict(X) > 0.5).astype("int32"))


class OwnSteps(Sequential):
    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with GradientTape() as tape:
            loss = self.compiled_loss(y, self(x, training=True), regularization_losses=self.losses)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return {"loss": loss, "twice": 2.0 * loss}

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        return {"worst": K.max(K.abs(y - self(x, training=False)))}

    def predict_step(self, data: Any) -> Any:
        return self(data, training=False) + 1.0


@pytest.mark.parametrize("eager", [False, True])
def test_steps_of_ones_own(eager: bool) -> None:
    own = OwnSteps([Dense(1, input_shape=(4,), kernel_initializer="ones")])
    own.compile(optimizers.SGD(0.05), "mse", run_eagerly=eager)
    plain = model_of()
    logs = own.fit(X, Y, batch_size=10, epochs=2, verbose=0).history
    losses = plain.fit(X, Y, batch_size=10, epochs=2, verbose=0).history["loss"]
    np.testing.assert_allclose(logs["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(logs["twice"], 2 * np.array(losses), rtol=1e-5)
    np.testing.assert_allclose(own.get_weights()[0], plain.get_weights()[0], rtol=1e-5)
    np.testing.assert_allclose(own.predict(X), plain.predict(X) + 1, rtol=1e-5)
    found = own.evaluate(X, Y, batch_size=10, verbose=0, return_dict=True)
    assert found["worst"] == pytest.approx(np.abs(plain.predict(X) - Y).max(), rel=1e-4)


def test_added_losses_metrics_and_updates() -> None:
    class Counting(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.calls = self.add_weight(name="calls", shape=(), initializer="zeros", trainable=False)

        def call(self, inputs: Any) -> Any:
            self.add_update([(self.calls, self.calls + 1.0)])
            self.add_loss(0.5 * K.mean(K.square(inputs)))
            self.add_metric(K.mean(inputs), name="level", aggregation="mean")
            return inputs

    counting = Counting(input_shape=(4,))
    model = Sequential([counting, Dense(1, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.0), "mse")
    logs = model.fit(X, Y, batch_size=5, epochs=2, verbose=0, shuffle=False).history
    assert float(counting.calls.numpy()) == 4.0
    assert logs["loss"][0] == pytest.approx(ERRORS.mean() + 0.5 * (X**2).mean(), rel=1e-5)
    assert logs["level"][0] == pytest.approx(X.mean(), abs=1e-6)


# -- saving -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["m.h5", "m.hdf5", "m.keras"])
@pytest.mark.parametrize("kind", ["sgd", "adam", "legacy"])
def test_training_goes_on_from_a_file(tmp_path: Path, name: str, kind: str) -> None:
    optimizer: Any = {"sgd": optimizers.SGD(0.05, momentum=0.9), "adam": "adam", "legacy": optimizers.legacy.Adam()}
    model = Sequential([Dense(3, input_shape=(4,), activation="tanh"), Dense(1)])
    model.compile(optimizer[kind], "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0, shuffle=False)
    model.save(tmp_path / name)
    again = models.load_model(tmp_path / name)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    one, other = (m.fit(X, Y, epochs=2, verbose=0, shuffle=False).history for m in (model, again))
    assert one == other and set(one) == {"loss", "mae"}
    bare = models.load_model(tmp_path / name, compile=False)
    with pytest.raises(RuntimeError, match="not compiled"):
        bare.fit(X, Y)
    model.save(tmp_path / f"bare_{name}", include_optimizer=False)
    assert models.load_model(tmp_path / f"bare_{name}", compile=False).optimizer is None


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    model = model_of()
    model.save(tmp_path / "m.h5")
    for save in (model.save, model.save_weights):
        with pytest.raises(FileExistsError):
            save(tmp_path / "m.h5", overwrite=False)
    with pytest.raises(ValueError, match="format"):
        model.save(tmp_path / "m.x", save_format="xml")
    with pytest.raises(ValueError, match="format"):
        model.save_weights(tmp_path / "m.x", save_format="xml")


@pytest.mark.parametrize(("name", "kind"), [("w.h5", None), ("w", None), ("w.keras", None), ("w", "h5"), ("w.x", "tf")])
def test_weights_alone(tmp_path: Path, name: str, kind: str | None) -> None:
    model, other = model_of(), model_of()
    other.set_weights([np.zeros((4, 1)), np.ones(1)])
    model.save_weights(str(tmp_path / name), save_format=kind)
    other.load_weights(str(tmp_path / name))
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    if kind == "h5" or name.endswith((".h5", ".keras")):
        import h5py

        with h5py.File(tmp_path / name) as file:
            assert [n.decode() if isinstance(n, bytes) else n for n in file.attrs["layer_names"]] == ["d"]
            names = [n.decode() if isinstance(n, bytes) else n for n in file["d"].attrs["weight_names"]]
            assert names == ["d/kernel:0", "d/bias:0"] and file["d"][names[0]].shape == (4, 1)
    else:
        assert {path.name for path in tmp_path.iterdir()} >= {f"{name}.index", f"{name}.data-00000-of-00001"}


def test_weights_by_name(tmp_path: Path) -> None:
    model_of().save_weights(tmp_path / "w.h5")
    other = Sequential([Dense(1, input_shape=(4,), name="d"), Dense(2, name="more")])
    before = other.layers[1].get_weights()[0]
    other.load_weights(tmp_path / "w.h5", by_name=True)
    np.testing.assert_array_equal(other.layers[0].get_weights()[0], np.ones((4, 1)))
    np.testing.assert_array_equal(other.layers[1].get_weights()[0], before)
    wide = Sequential([Dense(2, input_shape=(4,), name="d")])
    with pytest.raises(ValueError, match=r"\(4, 2\)"):
        wide.load_weights(tmp_path / "w.h5", by_name=True)
    with pytest.warns(UserWarning):
        wide.load_weights(tmp_path / "w.h5", by_name=True, skip_mismatch=True)


def test_architectures_as_text_and_data() -> None:
    model = model_of()
    assert json.loads(model.to_json(indent=2))["class_name"] == "Sequential"
    copies = [
        models.model_from_json(model.to_json()),
        models.model_from_yaml(model.to_yaml()),
        models.model_from_config(json.loads(model.to_json())),
        Sequential.from_config(model.get_config()),
        models.clone_model(model),
    ]
    for copy in copies:
        copy.set_weights(model.get_weights())
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))
        assert copy.optimizer is None


def test_open_files(tmp_path: Path) -> None:
    import h5py

    model = model_of()
    with h5py.File(tmp_path / "m.h5", "w") as file:
        model.save(file)
    with h5py.File(tmp_path / "m.h5", "r") as file:
        np.testing.assert_array_equal(models.load_model(file).predict(X), model.predict(X))
