"""Files of every format between nnstack and the real tf_keras and Keras 3: the same predictions and the same next three
training steps, in both directions, for models of every structure.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zoo

import nnstack

OPTIMIZERS = ("new", "legacy")


def optimizer(k: Any, kind: str) -> Any:
    return (k.optimizers if kind == "new" else k.optimizers.legacy).Adam(0.01)


def trained(k: Any, name: str, kind: str = "new") -> tuple[Any, Any, Any]:
    x, y = zoo.inputs_of(name), zoo.targets_of(name)
    model = zoo.MODELS[name](k)
    model.compile(optimizer(k, kind), zoo.losses_of(name))
    for _ in range(2):
        model.train_on_batch(x, y)
    return model, x, y


def outputs(model: Any, x: Any) -> list[np.ndarray]:
    found = model.predict(x, verbose=0)
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


def compare_predictions(first: Any, second: Any, x: Any) -> None:
    for one, other in zip(outputs(first, x), outputs(second, x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def compare_training(first: Any, second: Any, x: Any, y: Any) -> None:
    for _ in range(3):
        one, other = np.atleast_1d(first.train_on_batch(x, y)), np.atleast_1d(second.train_on_batch(x, y))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("name", zoo.MODELS)
def test_ours_in_tf_keras(name: str, kind: str, suffix: str, tf_keras: Any, tmp_path: Path) -> None:
    ours, x, y = trained(nnstack, name, kind)
    ours.save(tmp_path / f"m{suffix}")
    theirs = tf_keras.models.load_model(str(tmp_path / f"m{suffix}"))
    compare_predictions(ours, theirs, x)
    if kind == "new" or suffix == ".h5":  # tf_keras's own .keras files hold no state of legacy optimizers
        compare_training(ours, theirs, x, y)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("name", zoo.MODELS)
def test_theirs_here(name: str, kind: str, suffix: str, tf_keras: Any, tmp_path: Path) -> None:
    theirs, x, y = trained(tf_keras, name, kind)
    theirs.save(str(tmp_path / f"m{suffix}"))
    ours = nnstack.models.load_model(tmp_path / f"m{suffix}")
    compare_predictions(ours, theirs, x)
    if kind == "new" or suffix == ".h5":
        compare_training(ours, theirs, x, y)


@pytest.mark.parametrize("form", ["tf", "h5"])
@pytest.mark.parametrize("name", zoo.MODELS)
def test_weights_both_ways(name: str, form: str, tf_keras: Any, tmp_path: Path) -> None:
    x = zoo.inputs_of(name)
    theirs, ours = zoo.MODELS[name](tf_keras), zoo.MODELS[name](nnstack)
    for model in (theirs, ours):
        outputs(model, x)  # builds
    theirs.save_weights(str(tmp_path / "theirs"), save_format=form)
    ours.load_weights(tmp_path / "theirs")
    compare_predictions(ours, theirs, x)
    ours.set_weights([weight + 0.1 for weight in ours.get_weights()])
    ours.save_weights(tmp_path / "ours", save_format=form)
    status = theirs.load_weights(str(tmp_path / "ours"))
    if form == "tf":
        status.assert_existing_objects_matched()
    compare_predictions(ours, theirs, x)


# every optimizer of either kind, by name and settings: what they keep differs
KEPT = [
    ("new", "SGD", {"momentum": 0.9}),
    ("new", "AdamW", {"use_ema": True}),
    ("new", "Adam", {"amsgrad": True}),
    *[("new", name, {}) for name in ("Adamax", "Nadam", "Adagrad", "Adadelta", "Ftrl", "Lion", "Adafactor")],
    ("new", "RMSprop", {"momentum": 0.5, "centered": True}),
    ("legacy", "SGD", {}),
    ("legacy", "Adam", {"amsgrad": True, "decay": 0.1}),
    *[("legacy", name, {}) for name in ("Adamax", "Nadam", "Adagrad", "Adadelta", "Ftrl")],
    ("legacy", "RMSprop", {"momentum": 0.5, "centered": True}),
]


def compiled(k: Any, name: str, row: tuple[str, str, dict[str, Any]], rate: float = 0.02) -> Any:
    kind, optimizer_name, settings = row
    model = zoo.MODELS[name](k)
    made = getattr(k.optimizers if kind == "new" else k.optimizers.legacy, optimizer_name)(rate, **settings)
    model.compile(made, zoo.losses_of(name))
    return model


def exchange_checkpoints(theirs: Any, ours: Any, fresh: Any, folder: Path) -> Any:
    """Trains `theirs`, then weights go to `ours` and on to `fresh`; what the last load says."""
    x, y = zoo.inputs_of("mlp"), zoo.targets_of("mlp")
    for _ in range(2):
        theirs.train_on_batch(x, y)
    theirs.save_weights(str(folder / "theirs"), save_format="tf")
    ours.load_weights(folder / "theirs").assert_consumed()
    compare_training(ours, theirs, x, y)
    ours.save_weights(folder / "ours")
    status = fresh.load_weights(str(folder / "ours"))
    compare_training(ours, fresh, x, y)
    return status


@pytest.mark.parametrize("row", KEPT, ids=lambda row: " ".join(row[:2]))
def test_optimizers_in_checkpoints(row: Any, tf_keras: Any, tmp_path: Path) -> None:
    """Of both kinds, both ways, all of the file taken; the file's learning rate counts, as in tf_keras."""
    models = (
        compiled(tf_keras, "mlp", row),
        compiled(nnstack, "mlp", row, rate=0.5),
        compiled(tf_keras, "mlp", row, rate=0.5),
    )
    status = exchange_checkpoints(*models, tmp_path)
    status.assert_existing_objects_matched()
    status.assert_consumed()


def test_loss_scales_in_checkpoints(tf_keras: Any, tmp_path: Path) -> None:
    """The wrapped optimizer's state and the scale, both ways."""

    def scaled(k: Any) -> Any:
        model = zoo.MODELS["mlp"](k)
        inner = k.optimizers.Adam(0.01)
        model.compile(k.mixed_precision.LossScaleOptimizer(inner, initial_scale=64.0), zoo.losses_of("mlp"))
        return model

    exchange_checkpoints(scaled(tf_keras), scaled(nnstack), scaled(tf_keras), tmp_path).assert_consumed()


@pytest.mark.parametrize("name", ["nested_and_frozen", "sequence", "stacked_cells", "attention"])
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_optimizers_of_all_structures_in_checkpoints(name: str, kind: str, tf_keras: Any, tmp_path: Path) -> None:
    theirs, x, y = trained(tf_keras, name, kind)
    theirs.save_weights(str(tmp_path / "theirs"), save_format="tf")
    ours = zoo.MODELS[name](nnstack)
    outputs(ours, x)  # builds
    ours.load_weights(tmp_path / "theirs")
    ours.compile(optimizer(nnstack, kind), zoo.losses_of(name))  # here the state is put in
    compare_training(ours, theirs, x, y)
    ours.save_weights(tmp_path / "ours")
    theirs = zoo.MODELS[name](tf_keras)
    theirs.compile(optimizer(tf_keras, kind), zoo.losses_of(name))
    theirs.load_weights(str(tmp_path / "ours"))
    compare_training(ours, theirs, x, y)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("name", zoo.MODELS)
def test_folders(name: str, kind: str, tf_keras: Any, tmp_path: Path) -> None:
    """Ours are no SavedModels, which tf_keras's load_model says; its load_weights reads them, optimizer and all."""
    theirs, x, y = trained(tf_keras, name, kind)
    theirs.save(str(tmp_path / "theirs.h5"))
    ours = nnstack.models.load_model(tmp_path / "theirs.h5")
    ours.save(tmp_path / "m")
    with pytest.raises(OSError, match="SavedModel file does not exist"):
        tf_keras.models.load_model(str(tmp_path / "m"))
    fresh = zoo.MODELS[name](tf_keras)
    fresh.compile(optimizer(tf_keras, kind), zoo.losses_of(name))
    fresh.load_weights(str(tmp_path / "m" / "variables" / "variables"))
    again = nnstack.models.load_model(tmp_path / "m")
    compare_predictions(again, fresh, x)
    compare_training(again, fresh, x, y)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("name", zoo.MODELS)
def test_saved_models(name: str, kind: str, tf_keras: Any, tmp_path: Path) -> None:
    """With compile arguments and the optimizer's state, which tf_keras itself does not restore for older ones."""
    theirs, x, y = trained(tf_keras, name, kind)
    theirs.save(str(tmp_path / "m"), save_format="tf")
    ours = nnstack.models.load_model(tmp_path / "m")
    compare_predictions(ours, theirs, x)
    compare_training(ours, theirs, x, y)


# -- Keras 3 ----------------------------------------------------------------------------------------------------------
ONLY_KERAS_2 = {"gru_of_keras_2"}  # Keras 3 calls another function hard_sigmoid
IN_KERAS_3 = [name for name in zoo.MODELS if name not in ONLY_KERAS_2]


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("name", IN_KERAS_3)
def test_ours_in_keras_3(name: str, suffix: str, keras_3: Any, tmp_path: Path) -> None:
    ours, x, y = trained(nnstack, name)
    ours.save(tmp_path / f"m{suffix}", dialect="keras3")
    # Keras 3 itself does not read a list of losses in a .h5, and squares repeated rows of an embedding's gradient apart
    training = suffix == ".keras" and name != "sequence"
    theirs = keras_3.models.load_model(str(tmp_path / f"m{suffix}"), compile=training)
    compare_predictions(ours, theirs, x)
    if training:
        compare_training(ours, theirs, x, y)


@pytest.mark.parametrize("name", IN_KERAS_3)
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_keras_3_here(name: str, suffix: str, keras_3: Any, tmp_path: Path) -> None:
    theirs, x, y = trained(keras_3, name)
    theirs.save(str(tmp_path / f"m{suffix}"))
    ours = nnstack.models.load_model(tmp_path / f"m{suffix}")
    compare_predictions(ours, theirs, x)
    if name != "sequence":  # see above
        compare_training(ours, theirs, x, y)


LAYERS_OF_KERAS_3 = {
    "ConvLSTM1D": ((3, 5, 2), {"filters": 2, "kernel_size": 2, "recurrent_activation": "sigmoid"}),
    "Conv1DTranspose": ((5, 3), {"filters": 2, "kernel_size": 2}),
    "DepthwiseConv1D": ((5, 3), {"kernel_size": 2}),
    "SpatialDropout1D": ((5, 3), {"rate": 0.5}),
    "Discretization": ((4,), {"bin_boundaries": [-1.0, 0.0, 1.0]}),
    "Resizing": ((6, 6, 2), {"height": 3, "width": 4}),
}


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("name", LAYERS_OF_KERAS_3)
def test_layers_of_keras_3_both_ways(name: str, suffix: str, keras_3: Any, tmp_path: Path) -> None:
    """Layers whose settings or names in files differ there."""
    shape, settings = LAYERS_OF_KERAS_3[name]
    theirs = keras_3.Sequential([keras_3.Input(shape), getattr(keras_3.layers, name)(**settings)])
    x = zoo.floats(*shape)
    theirs.save(str(tmp_path / f"m{suffix}"))
    ours = nnstack.models.load_model(tmp_path / f"m{suffix}", compile=False)
    compare_predictions(ours, theirs, x)
    ours.save(tmp_path / f"n{suffix}", dialect="keras3")
    compare_predictions(ours, keras_3.models.load_model(str(tmp_path / f"n{suffix}"), compile=False), x)


@pytest.mark.parametrize("name", [name for name in IN_KERAS_3 if name not in ("nested_and_frozen", "attention")])
def test_the_default_file_in_keras_3(name: str, keras_3: Any, tmp_path: Path) -> None:
    """Calls of models inside, and tensors among keywords, are written in another way: these need `dialect`."""
    ours, x, _ = trained(nnstack, name)
    ours.save(tmp_path / "m.h5")
    compare_predictions(ours, keras_3.models.load_model(str(tmp_path / "m.h5"), compile=False), x)


def test_hard_sigmoid_of_keras_3_is_not_taken_for_ours(keras_3: Any, tmp_path: Path) -> None:
    theirs = keras_3.Sequential([keras_3.Input((4, 3)), keras_3.layers.GRU(3, recurrent_activation="hard_sigmoid")])
    theirs.save(str(tmp_path / "m.keras"))
    with pytest.raises(ValueError, match="unknown functions or objects hard_sigmoid"):
        nnstack.models.load_model(tmp_path / "m.keras")

    def hard_sigmoid(x: Any) -> Any:
        return nnstack.backend.relu(x + 3.0, max_value=6.0) / 6.0

    x = zoo.floats(4, 3)
    ours = nnstack.models.load_model(tmp_path / "m.keras", {"hard_sigmoid": hard_sigmoid}, compile=False)
    compare_predictions(ours, theirs, x)
