"""What a user is told when a model, its compile() or a file does not fit: the exact texts, raised before any work."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from small_models import X, new

import nnstack
from nnstack.layers import Add, Concatenate, Dense, Dropout, Input, Reshape
from nnstack.models import Model, Sequential, clone_model


class Forgetful(Model):
    def __init__(self) -> None:
        self.dense = Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


class Branching(Model):
    def call(self, inputs: Any) -> Any:
        return inputs if inputs[0, 0] > 0 else inputs * 2


CASES: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    # compile
    (
        "optimizer type",
        lambda: new().compile(3, "mse"),
        ValueError,
        "optimizer: expected a name (adadelta, adafactor, adagrad, adam, adamax, adamw, ftrl, lion, nadam, rmsprop, "
        "sgd), a config dict or an optimizer, got 3",
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
        lambda: new().compile("sgd", "mse", metrics=3),
        ValueError,
        "compile: expected metrics as a list or dict, got 3",
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
    (
        "text for a layer",
        lambda: Dense(2, name="d")("x"),
        TypeError,
        "dense (layer \"d\"): expected tensors or arrays of numbers, got 'x'",
    ),
    (
        "shape of an input",
        lambda: Input("a", name="i"),
        ValueError,
        "input (layer \"i\"): expected a shape of whole numbers and None, such as (64,), got 'a'",
    ),
    (
        "input_shape",
        lambda: Dense(2, input_shape=(2.5,), name="d"),
        ValueError,
        'dense (layer "d"): expected a shape of whole numbers and None, such as (64,), got (2.5,)',
    ),
    (
        "no list of weights",
        lambda: new().set_weights(3),
        TypeError,
        'set_weights (model "m"): expected a list of arrays, got 3 of type int',
    ),
    (
        "clone of no model",
        lambda: clone_model(3),
        TypeError,
        "clone_model: expected a model, got 3 of type int",
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
]


def test_texts_where_numbers_belong_are_refused_with_the_way_to_go() -> None:
    with pytest.raises(ValueError, match=r'dense.*: expected numbers, got the texts of "text". Put StringLookup'):
        Model(text := Input((1,), dtype="string", name="text"), Dense(1)(text))


@pytest.mark.parametrize(("action", "error", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_text(action: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        action()
    assert str(caught.value) == text


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


def test_device_that_is_not_there() -> None:
    if any(name.startswith("cuda") for name in nnstack.list_devices()):
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(RuntimeError, match='device "cuda:0" is not available: looked for'):
        nnstack.set_device("cuda:0")


def test_python_branch_on_a_symbolic_value() -> None:
    with pytest.raises(TypeError) as caught:
        Branching().predict(X)
    assert "a Python branch" in str(caught.value) and "run_eagerly=True" in str(caught.value)
