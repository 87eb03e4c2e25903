"""What a user is told when something does not fit: the exact texts, raised before any work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack.layers import Add, Concatenate, Dense, Dropout, Input, Reshape
from nnstack.models import Model, Sequential, load_model, model_from_json

X = np.zeros((10, 64), np.float32)
ONE_HOT = np.eye(3, dtype=np.float32)[np.arange(10) % 3]
LABELS = np.arange(10) % 3


def new() -> Sequential:
    layers = [Dense(8, input_shape=(64,), name="first"), Dense(3, activation="softmax", name="out")]
    return Sequential(layers, name="m")


def compiled(loss: Any = "categorical_crossentropy", **arguments: Any) -> Sequential:
    model = new()
    model.compile("sgd", loss, **arguments)
    return model


def batches() -> Any:
    return iter([(X, ONE_HOT)])


class Forgetful(Model):
    def __init__(self) -> None:
        self.dense = Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


class Branching(Model):
    def call(self, inputs: Any) -> Any:
        return inputs if inputs[0, 0] > 0 else inputs * 2


OUT = 'output "out" has shape (None, 3) and loss'
CASES: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    # before compile
    (
        "fit",
        lambda: new().fit(X, ONE_HOT),
        RuntimeError,
        'fit (model "m"): the model is not compiled. Call model.compile(optimizer, loss) first',
    ),
    (
        "evaluate",
        lambda: new().evaluate(X, ONE_HOT),
        RuntimeError,
        'evaluate (model "m"): the model is not compiled. Call model.compile(optimizer, loss) first',
    ),
    (
        "train_on_batch",
        lambda: new().train_on_batch(X, ONE_HOT),
        RuntimeError,
        'train_on_batch (model "m"): the model is not compiled. Call model.compile(optimizer, loss) first',
    ),
    (
        "test_on_batch",
        lambda: new().test_on_batch(X, ONE_HOT),
        RuntimeError,
        'test_on_batch (model "m"): the model is not compiled. Call model.compile(optimizer, loss) first',
    ),
    # inputs
    (
        "x size",
        lambda: compiled().fit(X[:, :32], ONE_HOT),
        ValueError,
        'fit (model "m"): input "first_input" expects shape (None, 64), got (10, 32). Reshape the data or build '
        "the model for it",
    ),
    (
        "x one sample",
        lambda: compiled().fit(X[0], ONE_HOT[0]),
        ValueError,
        'fit (model "m"): input "first_input" expects shape (None, 64), got (64,). One sample alone needs a batch '
        "axis: x[np.newaxis, ...]",
    ),
    (
        "x images",
        lambda: compiled().fit(X.reshape(10, 8, 8), ONE_HOT),
        ValueError,
        'fit (model "m"): input "first_input" expects shape (None, 64), got (10, 8, 8). Flatten it: '
        "x.reshape(len(x), 64)",
    ),
    (
        "x predict",
        lambda: compiled().predict(X[:, :3]),
        ValueError,
        'predict (model "m"): input "first_input" expects shape (None, 64), got (10, 3). Reshape the data or build '
        "the model for it",
    ),
    (
        "x on batch",
        lambda: compiled().predict_on_batch(X[:, :3]),
        ValueError,
        'predict_on_batch (model "m"): input "first_input" expects shape (None, 64), got (10, 3). '
        "Reshape the data or build the model for it",
    ),
    (
        "lengths",
        lambda: compiled().fit(X, ONE_HOT[:5]),
        ValueError,
        'fit (model "m"): expected the same number of samples everywhere, got: x has 10; y has 5',
    ),
    (
        "weights length",
        lambda: compiled().fit(X, ONE_HOT, sample_weight=np.ones(4)),
        ValueError,
        'fit (model "m"): expected the same number of samples everywhere, got: x has 10; y has 10; sample_weight has 4',
    ),
    (
        "weights rank",
        lambda: compiled().fit(X, ONE_HOT, sample_weight=np.ones((10, 3, 1))),
        ValueError,
        'fit (model "m"): sample_weight for output "out" expects shape (10,), got (10, 3, 1)',
    ),
    (
        "empty",
        lambda: compiled().fit(X[:0], ONE_HOT[:0]),
        ValueError,
        'fit (model "m"): expected at least one sample, got none',
    ),
    ("None", lambda: compiled().fit(None, ONE_HOT), ValueError, 'fit (model "m"): expected x, got None'),
    (
        "text",
        lambda: compiled().fit(np.full((10, 64), "a"), ONE_HOT),
        TypeError,
        'fit (model "m"): x: expected numbers, got dtype <U1. Turn text or objects into numeric arrays first, '
        "for example with astype('float32')",
    ),
    (
        "names",
        lambda: compiled().fit({"a": X}, ONE_HOT),
        ValueError,
        'fit (model "m"): x: expected arrays named first_input; missing first_input; unknown names given: a',
    ),
    # targets that do not fit the loss
    (
        "labels for one-hot",
        lambda: compiled().fit(X, LABELS),
        ValueError,
        f'fit (model "m"): {OUT} categorical_crossentropy: expected one-hot targets of shape (None, 3), got targets of '
        "shape (10,). "
        "Use sparse_categorical_crossentropy for integer labels, or one-hot rows: utils.to_categorical(y)",
    ),
    (
        "too few classes",
        lambda: compiled().fit(X, ONE_HOT[:, :2]),
        ValueError,
        f'fit (model "m"): {OUT} categorical_crossentropy: expected one-hot targets of shape (None, 3), got targets of '
        "shape (10, 2). "
        "Check the labels against the number of units of the last layer",
    ),
    (
        "one-hot for labels",
        lambda: compiled("sparse_categorical_crossentropy").fit(X, ONE_HOT),
        ValueError,
        f'fit (model "m"): {OUT} sparse_categorical_crossentropy: expected integer labels of shape (None,), '
        "got targets of shape (10, 3). Use categorical_crossentropy for one-hot rows",
    ),
    (
        "label rank",
        lambda: compiled("sparse_categorical_crossentropy").fit(X, np.zeros((10, 2, 2))),
        ValueError,
        f'fit (model "m"): {OUT} sparse_categorical_crossentropy: expected integer labels of shape (None,), '
        "got targets of shape (10, 2, 2). Check the labels against the number of units of the last layer",
    ),
    (
        "label range",
        lambda: compiled("sparse_categorical_crossentropy").fit(X, LABELS + 1),
        ValueError,
        f'fit (model "m"): {OUT} sparse_categorical_crossentropy: expected labels from 0 to 2, got labels from 1 to 3. '
        "Check the labels against the number of units of the last layer",
    ),
    (
        "mse size",
        lambda: compiled("mse").fit(X, ONE_HOT[:, :2]),
        ValueError,
        f'fit (model "m"): {OUT} mean_squared_error: expected targets of shape (None, 3), got targets of shape (10, '
        "2). "
        "Reshape the targets, or change the last layer",
    ),
    (
        "mse rank",
        lambda: compiled("mse").fit(X, LABELS),
        ValueError,
        f'fit (model "m"): {OUT} mean_squared_error: expected targets of shape (None, 3), got targets of shape (10,). '
        "Reshape the targets, or change the last layer",
    ),
    # arguments of fit
    (
        "batch_size",
        lambda: compiled().fit(X, ONE_HOT, batch_size=0),
        ValueError,
        'fit (model "m"): expected a batch_size of at least 1, got 0',
    ),
    (
        "split",
        lambda: compiled().fit(X, ONE_HOT, validation_split=2),
        ValueError,
        'fit (model "m"): expected validation_split between 0 and 1, got 2',
    ),
    ("unknown", lambda: compiled().fit(X, ONE_HOT, foo=1), TypeError, "fit (model \"m\"): unknown argument 'foo'"),
    (
        "stream with y",
        lambda: compiled().fit(batches(), ONE_HOT),
        ValueError,
        'fit (model "m"): x is a list_iterator, which yields (x, y) or (x, y, sample_weight); remove the argument y',
    ),
    (
        "stream with batch_size",
        lambda: compiled().fit(batches(), batch_size=3),
        ValueError,
        'fit (model "m"): x is a list_iterator, which makes its own batches; remove the argument batch_size',
    ),
    (
        "stream with split",
        lambda: compiled().fit(batches(), validation_split=0.2),
        ValueError,
        'fit (model "m"): validation_split needs arrays, got a list_iterator. Pass validation_data',
    ),
    (
        "steps",
        lambda: compiled().fit(X, ONE_HOT, steps_per_epoch=0),
        ValueError,
        'fit (model "m"): expected at least 1 step, got 0',
    ),
    (
        "class weight",
        lambda: compiled().fit(X, ONE_HOT, class_weight={0: 1.0, 2: 1.0}),
        ValueError,
        "class_weight: no weight for classes [1]; given for [0, 2]",
    ),
    (
        "callback",
        lambda: compiled().fit(X, ONE_HOT, callbacks=[3]),
        TypeError,
        "callbacks: expected Callback objects, got 3",
    ),
    # compile
    (
        "optimizer type",
        lambda: new().compile(3, "mse"),
        ValueError,
        "optimizer: expected a name (adadelta, adagrad, adam, adamax, adamw, ftrl, lion, nadam, rmsprop, sgd), "
        "a config dict or an optimizer, got 3",
    ),
    (
        "loss type",
        lambda: new().compile("sgd", 3),
        ValueError,
        "loss function: expected a name, a config dict or a callable, got 3",
    ),
    (
        "loss count",
        lambda: new().compile("sgd", ["mse", "mae"]),
        ValueError,
        "compile: expected 1 entries in loss, one per output (out), got 2",
    ),
    (
        "loss names",
        lambda: new().compile("sgd", {"q": "mse"}),
        ValueError,
        "compile: loss names unknown outputs 'q'; the outputs are out",
    ),
    (
        "metrics type",
        lambda: new().compile("sgd", "mse", metrics="mae"),
        ValueError,
        "compile: expected metrics as a list or dict, got 'mae'. Write ['mae']",
    ),
    (
        "loss_weights type",
        lambda: new().compile("sgd", "mse", loss_weights=["a"]),
        ValueError,
        "compile: expected numbers in loss_weights, got 'a'",
    ),
    (
        "loss_weights count",
        lambda: new().compile("sgd", "mse", loss_weights=[1, 2]),
        ValueError,
        "compile: expected 1 entries in loss_weights, one per output (out), got 2",
    ),
    (
        "mode",
        lambda: new().compile("sgd", "mse", sample_weight_mode="x"),
        ValueError,
        "compile (model \"m\"): expected sample_weight_mode None or 'temporal', got 'x'",
    ),
    (
        "compile unknown",
        lambda: new().compile("sgd", "mse", foo=1),
        TypeError,
        "compile (model \"m\"): unknown argument 'foo'",
    ),
    # layers
    ("units", lambda: Dense(0, name="d"), ValueError, 'dense (layer "d"): expected a positive integer as units, got 0'),
    (
        "units text",
        lambda: Dense("a", name="d"),
        ValueError,
        "dense (layer \"d\"): expected a positive integer as units, got 'a'",
    ),
    (
        "units fraction",
        lambda: Dense(2.5, name="d"),
        ValueError,
        'dense (layer "d"): expected a positive integer as units, got 2.5',
    ),
    ("rate", lambda: Dropout(1, name="d"), ValueError, 'dropout (layer "d"): expected a rate from 0 to below 1, got 1'),
    (
        "layer argument",
        lambda: Dropout(0.1, foo=1),
        TypeError,
        "dropout: unknown argument 'foo'; it takes rate, noise_shape, seed, name, trainable, dtype, input_shape, "
        "batch_input_shape, "
        "batch_size, weights",
    ),
    ("layer name", lambda: Dense(3, name=3), TypeError, "dense: expected a string as name, got 3"),
    (
        "unknown last axis",
        lambda: Sequential([Dense(2, input_shape=(None,), name="d")]),
        ValueError,
        'dense (layer "d"): expected a known last axis, got input shape (None, None). Give the input a size there',
    ),
    (
        "rank",
        lambda: Dense(3, name="d")(np.zeros(3, np.float32)),
        ValueError,
        'dense (layer "d"): expected rank at least 2, got rank 1; input shape (3,). One sample alone needs a batch '
        "axis: "
        "x[np.newaxis, ...]",
    ),
    (
        "last axis",
        lambda: new().layers[0](np.zeros((2, 5), np.float32)),
        ValueError,
        'dense (layer "first"): expected last axis 64, got 5; input shape (2, 5). Give data of that size, or build '
        "a new layer for this input",
    ),
    (
        "reshape",
        lambda: Reshape((2, 2), name="r")(np.zeros((2, 5), np.float32)),
        ValueError,
        'reshape (layer "r"): 5 numbers per sample do not fit target_shape (2, 2); input shape (2, 5)',
    ),
    (
        "concatenate",
        lambda: Concatenate(name="c")(np.zeros((2, 3), np.float32)),
        ValueError,
        'concatenate (layer "c"): expected a list of inputs, got one input of shape (2, 3)',
    ),
    (
        "add",
        lambda: Add(name="a")([np.zeros((2, 3), np.float32), np.zeros((2, 4), np.float32)]),
        ValueError,
        'add (layer "a"): expected inputs of one shape, got (2, 3), (2, 4)',
    ),
    # building
    ("no layer", lambda: Sequential([3], name="s"), TypeError, 'add (model "s"): expected a layer, got 3 of type int'),
    (
        "same name",
        lambda: Sequential([Dense(2, name="a"), Dense(2, name="a")], name="s"),
        ValueError,
        'add (model "s"): a layer called "a" is already in the model. Give it another name',
    ),
    ("pop", lambda: Sequential(name="s").pop(), TypeError, 'pop (model "s"): the model has no layers'),
    (
        "summary",
        lambda: Sequential([Dense(2)], name="s").summary(),
        ValueError,
        'summary (model "s"): the model is not built yet. Call build(input_shape) or call it on data first',
    ),
    (
        "count_params",
        lambda: Sequential([Dense(2)], name="s").count_params(),
        ValueError,
        'count_params (layer "s"): the layer is not built yet. Call build(input_shape) first',
    ),
    (
        "build",
        lambda: Sequential([Dense(2)], name="s").build(None),
        ValueError,
        'build (model "s"): expected a shape with the batch axis, such as (None, 500), got None',
    ),
    (
        "get_layer name",
        lambda: new().get_layer("zz"),
        ValueError,
        'get_layer (model "m"): no layer is called "zz". Layers: first, out',
    ),
    (
        "get_layer index",
        lambda: new().get_layer(index=9),
        ValueError,
        'get_layer (model "m"): expected an index below 2, got 9',
    ),
    (
        "get_layer",
        lambda: new().get_layer(),
        ValueError,
        'get_layer (model "m"): expected a name or an index, got neither',
    ),
    (
        "weights count",
        lambda: new().set_weights([np.zeros((64, 8))]),
        ValueError,
        'set_weights (model "m"): expected 4 weights (first/kernel:0 (64, 8), first/bias:0 (8,), out/kernel:0 (8, 3), '
        "out/bias:0 (3,)), "
        "got 1 (shapes (64, 8))",
    ),
    (
        "weight shape",
        lambda: new().layers[0].set_weights([np.zeros((3, 8)), np.zeros(8)]),
        ValueError,
        'set_weights (layer "first"): weight first/kernel:0 expects shape (64, 8), got (3, 8)',
    ),
    (
        "no shape",
        lambda: Input(name="i"),
        ValueError,
        'input (layer "i"): expected a shape, got None. Pass `shape` without the batch axis, for example (64,)',
    ),
    (
        "outputs",
        lambda: Model(Input((3,)), 3),
        ValueError,
        "model: expected outputs made by layers from the inputs, got 3",
    ),
    (
        "no call",
        lambda: Model(name="e")(X),
        TypeError,
        'model (model "e"): has no call method. Define call(self, inputs), or build it as Model(inputs, outputs)',
    ),
    (
        "no layers",
        lambda: Sequential(name="e").predict(X),
        ValueError,
        'sequential (model "e"): the model has no layers; add some first',
    ),
    (
        "super",
        lambda: Forgetful()(X),
        RuntimeError,
        "forgetful: super().__init__() was not called. Call it first in __init__, before attributes are set",
    ),
    # files
    (
        "suffix",
        lambda: new().save("a.txt"),
        ValueError,
        "save (model \"m\"): expected a path ending in .h5 or .hdf5, got 'a.txt'. Rename it or pass save_format='h5'",
    ),
    (
        "format",
        lambda: new().save("a.h5", save_format="zip"),
        ValueError,
        "save (model \"m\"): expected save_format 'h5', got 'zip'",
    ),
    ("no file", lambda: load_model("no_such_file.h5"), OSError, "load: no file at no_such_file.h5"),
    (
        "classes",
        lambda: model_from_json(
            '{"class_name": "Sequential", "config": {"name": "a", "layers": [{"class_name": "Foo", "config": {}}, '
            '{"class_name": "Bar", "config": {}}]}}'
        ),
        ValueError,
        "config: unknown classes Bar, Foo. Pass them: custom_objects={name: class}",
    ),
]


@pytest.mark.parametrize(("action", "error", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_text(action: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        action()
    assert str(caught.value) == text


def test_nothing_happens_before_the_check() -> None:
    model = compiled()
    before = model.get_weights()
    with pytest.raises(ValueError, match="expected one-hot targets"):
        model.fit(X, LABELS, epochs=3)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert int(model.optimizer.iterations.numpy()) == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"optimizer": "admm"}, "compile: unknown optimizer 'admm'. Did you mean 'adam'? Known names: adadelta, "),
        (
            {"loss": "categorical_crosentropy"},
            "compile: unknown loss 'categorical_crosentropy'. Did you mean 'categorical_crossentropy'?",
        ),
        (
            {"metrics": ["acuracy"]},
            "compile: unknown metrics 'acuracy'. Did you mean 'accuracy'? Known names: accuracy, ",
        ),
    ],
)
def test_unknown_names_at_compile(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        new().compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    assert str(caught.value).startswith(text)


def test_disconnected_graph_names_the_tensor() -> None:
    i, j = Input((3,), name="i"), Input((3,), name="j")
    with pytest.raises(ValueError) as caught:
        Model(i, Add(name="s")([i, j]))
    assert str(caught.value) == (
        'model: the graph is disconnected: tensor "j" (None, 3) is needed at layer "s" but is not among the inputs. '
        "Layers reached before: none. Add it to `inputs`"
    )


def test_a_layer_twice_in_one_sequential() -> None:
    layer = Dense(2, name="d")
    with pytest.raises(ValueError) as caught:
        Sequential([layer, layer], name="s")
    assert str(caught.value) == 'add (model "s"): layer "d" is already connected in this model. Make a new layer'


def test_files_of_weights_that_do_not_fit(tmp_path: Path) -> None:
    new().save_weights(tmp_path / "w.h5")
    other = Sequential([Dense(3, input_shape=(64,), name="q"), Dense(3, name="p")], name="o")
    before = other.get_weights()
    with pytest.raises(ValueError) as caught:
        other.load_weights(tmp_path / "w.h5")
    assert str(caught.value) == (
        'load_weights (model "o"): layer "q", weight q/kernel:0: expected shape (64, 3), the file\'s "first" has '
        "(64, 8)"
    )
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))
    with pytest.raises(ValueError) as caught:
        Sequential([Dense(3, input_shape=(64,), name="q")], name="o").load_weights(tmp_path / "w.h5")
    assert str(caught.value) == (
        'load_weights (model "o"): the model has 1 layers with weights (q), the file 2 (first, out). '
        "Use by_name=True for layers of the same name"
    )


def test_device_that_is_not_there() -> None:
    if any(name.startswith("cuda") for name in nnstack.list_devices()):
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(RuntimeError, match='device "cuda:0" is not available: looked for'):
        nnstack.set_device("cuda:0")


def test_python_branch_on_a_symbolic_value() -> None:
    with pytest.raises(TypeError) as caught:
        Branching().predict(X)
    assert "a Python branch" in str(caught.value) and "run_eagerly=True" in str(caught.value)
