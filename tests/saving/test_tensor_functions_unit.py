"""Arithmetic between layers in configs: every name of the table computes, and every op that is told is told alike."""

import json
from typing import Any

import numpy as np
import pytest

from nnstack import backend as K
from nnstack import layers, models
from nnstack.engine import tensor_functions
from nnstack.engine.tensor_functions import find
from nnstack.engine.tensor_functions.table import ALIASES, FUNCTIONS
from nnstack.layers import operations
from nnstack.saving.operations_of_keras_3 import KERAS_3
from nnstack.saving.operations_of_tf_1 import NODES

X = np.linspace(-2, 2, 12, dtype=np.float32).reshape(2, 2, 3)


def graph(entry: dict[str, Any], inputs: int = 1) -> Any:
    """A model of one such layer on inputs a, b."""
    names = ["a", "b"][:inputs]
    given = [
        {"class_name": "InputLayer", "name": n, "config": {"name": n, "batch_input_shape": [None, 2, 3]},
         "inbound_nodes": []}
        for n in names
    ]  # fmt: skip
    config = {
        "name": "m",
        "layers": [*given, entry],
        "input_layers": [[n, 0, 0] for n in names],
        "output_layers": [[entry["name"], 0, 0]],
    }
    return models.model_from_json(json.dumps({"class_name": "Functional", "config": config}))


def node(op: str, attributes: dict[str, Any], constants: dict[str, Any], inputs: int = 1) -> Any:
    """A layer as tf.keras 2.0 to 2.3 writes it."""
    definition = {"name": "n", "op": op, "input": ["a", "b"], "attr": attributes}
    entry = {
        "class_name": "TensorFlowOpLayer",
        "name": "tf_op_layer_n",
        "config": {"name": "n", "trainable": True, "dtype": "float32", "node_def": json.dumps(definition),
                   "constants": constants},
        "inbound_nodes": [[[n, 0, 0, {}] for n in ["a", "b"][:inputs]]],
    }  # fmt: skip
    return graph(entry, inputs)


TF_1 = {
    "constant_second": (node, ("Mul", {"T": {"type": "DT_FLOAT"}}, {"1": 2.0}), lambda x: x * 2),
    "constant_first": (node, ("Sub", {}, {"0": 1.0}), lambda x: 1 - x),
    "mean": (node, ("Mean", {"keep_dims": {"b": True}}, {"1": [1]}), lambda x: x.mean(1, keepdims=True)),
    "cast": (node, ("Cast", {"DstT": {"type": "DT_INT32"}}, {}), lambda x: x.astype(np.int32)),
    "reshape": (node, ("Reshape", {}, {"1": [-1, 6]}), lambda x: x.reshape(-1, 6)),
    "transpose": (node, ("Transpose", {}, {"1": [0, 2, 1]}), lambda x: x.transpose(0, 2, 1)),
    "leaky": (node, ("LeakyRelu", {"alpha": {"f": 0.5}}, {}), lambda x: np.where(x > 0, x, x / 2)),
    "squeeze": (node, ("ExpandDims", {}, {"1": 1}), lambda x: x[:, None]),
    "pad": (node, ("Pad", {}, {"1": [[0, 0], [1, 0], [0, 2]]}), lambda x: np.pad(x, [[0, 0], [1, 0], [0, 2]])),
    "slice": (
        node,
        (
            "StridedSlice",
            {"begin_mask": {"i": "5"}, "end_mask": {"i": "5"}, "shrink_axis_mask": {"i": "2"}},
            {"1": [0, 1, 0], "2": [0, 2, 0], "3": [1, 1, 2]},
        ),
        lambda x: x[:, 1, ::2],
    ),
    "new_axis": (
        node,
        (
            "StridedSlice",
            {"ellipsis_mask": {"i": "1"}, "new_axis_mask": {"i": "2"}},
            {"1": [0, 0], "2": [0, 0], "3": [1, 1]},
        ),
        lambda x: x[..., None],
    ),
    "split": (node, ("Split", {"num_split": {"i": "3"}}, {"0": 2}), lambda x: x[:, :, :1]),
}


@pytest.mark.parametrize("name", TF_1)
def test_nodes_of_tensorflow(name: str) -> None:
    make, arguments, expected = TF_1[name]
    np.testing.assert_allclose(make(*arguments).predict(X, verbose=0), expected(X), rtol=1e-6)


@pytest.mark.parametrize(
    ("op", "attributes", "constants", "expected"),
    [
        ("AddV2", {}, {}, lambda x, y: x + y),
        ("ConcatV2", {}, {"2": -1}, lambda x, y: np.concatenate([x, y], -1)),
        ("Pack", {"axis": {"i": "1"}}, {}, lambda x, y: np.stack([x, y], 1)),
        ("BatchMatMulV2", {"adj_y": {"b": True}}, {}, lambda x, y: x @ y.transpose(0, 2, 1)),
    ],
)
def test_nodes_with_two_tensors(op: str, attributes: Any, constants: Any, expected: Any) -> None:
    model = node(op, attributes, constants, 2)
    np.testing.assert_allclose(model.predict([X, X + 1], verbose=0), expected(X, X + 1), rtol=1e-5)


def test_what_has_no_counterpart_is_said() -> None:
    with pytest.raises(ValueError, match=r'"tf_op_layer_n".*TensorFlow\'s Bincount between layers has no counterpart'):
        node("Bincount", {}, {})
    entry = {
        "class_name": "TFOpLambda",
        "name": "t",
        "config": {"name": "t", "function": "io.read_file"},
        "inbound_nodes": [["a", 0, 0, {}]],
    }
    with pytest.raises(ValueError, match="function 'io.read_file' of TensorFlow is not known here"):
        graph(entry)
    entry["config"] = {"name": "t", "function": "__operators__.eq"}  # tf.keras loses the second operand itself
    with pytest.raises(ValueError, match="__operators__.eq lacks 'other'; the file does not hold it"):
        graph(entry)


def test_tables_name_functions_that_exist() -> None:
    for function in [*ALIASES.values(), *(row.function for row in KERAS_3.values()), *(f for f, _ in NODES.values())]:
        assert function in FUNCTIONS, function
    for row in KERAS_3.values():
        arguments = FUNCTIONS[row.function].arguments
        assert set(row.call[1:]) <= set(arguments), row
    for function, names in NODES.values():
        known = {*FUNCTIONS[function].arguments, "begin", "end", "strides"}
        assert {name.lstrip("*") for name in names.split()} <= known, function
    assert find("compat.v1.transpose") is FUNCTIONS["transpose"] and find("os.system") is None


def test_variables_are_shared_in_memory_and_numbers_in_a_file() -> None:
    weight = K.variable(np.ones((3, 2), np.float32))
    x = layers.Input((2, 3))
    model = models.Model(x, K.dot(x, weight) + K.sum(K.square(weight)))
    np.testing.assert_allclose(model.predict(X, verbose=0), X @ np.ones((3, 2)) + 6, rtol=1e-5)
    K.set_value(weight, 2 * np.ones((3, 2), np.float32))
    np.testing.assert_allclose(model.predict(X, verbose=0), X @ (2 * np.ones((3, 2))) + 24, rtol=1e-5)
    again = models.model_from_json(model.to_json())
    K.set_value(weight, np.zeros((3, 2), np.float32))
    np.testing.assert_allclose(again.predict(X, verbose=0), X @ (2 * np.ones((3, 2))) + 24, rtol=1e-5)


def test_what_tensorflow_has_no_name_for_is_kept_as_it_is() -> None:
    x = layers.Input((2, 3))
    model = models.Model(x, K.in_train_phase(x * 2, x * 3) + 1)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("TensorOperations") == 1 and kinds.count("TFOpLambda") == 3
    again = models.model_from_json(model.to_json())
    np.testing.assert_allclose(again.predict(X, verbose=0), X * 3 + 1, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(again(X, training=True)), X * 2 + 1, rtol=1e-6)


def test_keras_2_3_has_no_arithmetic(tmp_path: Any) -> None:
    x = layers.Input((2, 3))
    with pytest.raises(ValueError, match="Keras 2.3 has no arithmetic between layers, math.multiply"):
        models.Model(x, x * 2).save(tmp_path / "m.h5", dialect="keras2.3")


@pytest.mark.parametrize("axes", [1, 2, [[1], [0]], [1, 0], [[-1, 0], [1, 2]]])
def test_tensordot(axes: Any) -> None:
    a, b = np.arange(12.0).reshape(3, 4), np.arange(48.0).reshape(4, 4, 3)
    b = b.reshape(3, 4, 4) if axes == 2 else b
    found = tensor_functions.compute("tensordot", "l", (a, b), {"axes": axes})
    np.testing.assert_allclose(found.numpy(), np.tensordot(a, b, axes), rtol=1e-6)


def test_switch_and_what_tf_keras_does_not_write() -> None:
    arguments = {"then_expression": np.ones(3), "else_expression": np.zeros(3)}
    found = tensor_functions.compute("keras.backend.switch", "l", (True,), arguments)
    assert found.numpy().tolist() == [1.0, 1.0, 1.0]
    layer = operations.TFOpLambda("einsum", name="l")
    with pytest.raises(
        ValueError, match="layer \"l\".: einsum has its tensors behind the text 'bi,bi->b'; the file does"
    ):
        layer("bi,bi->b")


def test_places_where_a_condition_holds_have_no_fixed_shape() -> None:
    x = layers.Input((4,))
    with pytest.raises(ValueError, match="places where a condition holds have no fixed shape"):
        tensor_functions.compute(tensor_functions.GETITEM, "l", (x,), {"slice_spec": x > 0})


@pytest.mark.parametrize(
    ("name", "given"),
    [("ones", [1 << 20, 1 << 20]), ("fill", [1 << 40]), ("eye", 1 << 30), ("compat.v1.random_normal", [1 << 30])],
)
def test_sizes_in_files_are_bounded(name: str, given: Any) -> None:
    with pytest.raises(ValueError, match="more than a file may ask for"):
        tensor_functions.compute(name, "l", (given,), {"value": 1.0} if name == "fill" else {})


def test_functions_of_programs_by_the_names_in_files() -> None:
    x = np.array([[3.0, 1.0, 2.0], [5.0, 6.0, 4.0]], np.float32)

    def computed(name: str, *given: Any, **named: Any) -> Any:
        return np.asarray(K.get_value(tensor_functions.compute(name, "l", given, named)))

    np.testing.assert_array_equal(computed("sort", K.constant(x), axis=1), np.sort(x, 1))
    np.testing.assert_array_equal(computed("roll", K.constant(x), shift=1, axis=1), np.roll(x, 1, 1))
    np.testing.assert_array_equal(
        computed("gather", K.constant(x), indices=[[2], [0]], axis=1, batch_dims=1), [[2.0], [5.0]]
    )
    np.testing.assert_allclose(computed("math.asinh", K.constant(x)), np.arcsinh(x), rtol=1e-6)
    rows = computed("compat.v1.where", K.constant([True, False]), x=K.constant(x), y=K.constant(-x))
    np.testing.assert_array_equal(rows, x * [[1], [-1]])
    np.testing.assert_array_equal(computed("strided_slice", K.constant(x), begin=[0, 1], end=[2, 3]), x[:, 1:])
    np.testing.assert_allclose(computed("math.polyval", [2.0, 1.0], x=K.constant(x)), 2 * x + 1)
    assert tensor_functions.find("no.such.function") is None and tensor_functions.find("set_seed") is None
