"""Operators, slicing and conversion of tensors."""

import numpy as np
import pytest

from nnstack import backend as K

X = np.arange(24, dtype="float32").reshape(2, 3, 4)

OPERATORS = {
    "add": lambda x: x + 2,
    "reflected subtract": lambda x: 2 - x,
    "multiply": lambda x: x * 3.0,
    "divide": lambda x: x / 4,
    "reflected divide": lambda x: 1 / (x + 1),
    "floor divide": lambda x: x // 5,
    "modulo": lambda x: x % 5,
    "power": lambda x: x**2,
    "reflected power": lambda x: 2 ** (x / 8),
    "negative": lambda x: -x,
    "abs": lambda x: abs(x - 10),
    "less": lambda x: x < 5,
    "greater or equal": lambda x: x >= 5,
    "array on the left": lambda x: np.ones(4, "float32") * x,
    "numpy scalar on the left": lambda x: np.float64(2) * x,
}

KEYS = [
    0,
    -1,
    slice(1, None),
    (slice(None), 1),
    (slice(None), slice(None, None, 2), -2),
    (..., 0),
    (0, ..., slice(1, 3)),
    (None, 1),
    (..., None),
    (slice(None), slice(None, None, -1)),
    (slice(-1, None), 2, 3),
]


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("symbolic", [False, True])
def test_operators_agree_with_numpy(name, symbolic):
    operation = OPERATORS[name]
    if symbolic:
        x = K.placeholder((None, 3, 4))
        result = K.function([x], operation(x))([X])
    else:
        result = operation(K.constant(X)).numpy()
    np.testing.assert_allclose(result, operation(X), rtol=1e-6)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_slicing_agrees_with_numpy(key):
    np.testing.assert_array_equal(K.constant(X)[key].numpy(), X[key])
    x = K.placeholder((None, 3, 4))
    np.testing.assert_array_equal(K.function([x], x[key])([X]), X[key])


def test_a_tensor_selects_along_the_first_axis():
    np.testing.assert_array_equal(K.constant(X)[K.constant(1, "int32")].numpy(), X[1])


def test_index_out_of_range_names_axis_and_shape():
    with pytest.raises(IndexError, match=r"index 3 is out of range for axis 1 of shape \(2, 3, 4\)"):
        K.constant(X)[0, 3]
    with pytest.raises(IndexError, match="4 indices for 3 axes"):
        K.constant(X)[0, 0, 0, 0]


def test_iteration_and_length():
    assert len(K.constant(X)) == 2
    assert [float(K.sum(part)) for part in K.constant(X)] == [X[0].sum(), X[1].sum()]
    with pytest.raises(TypeError, match="first axis is not known"):
        len(K.placeholder((None, 2)))


def test_concrete_tensors_are_numbers():
    value = K.constant(2.5)
    assert float(value) == 2.5
    assert int(value) == 2
    assert bool(K.constant(1.0) > 0)
    assert [10, 20, 30][K.constant(1, "int64")] == 20
    assert np.asarray(K.constant([1.0])).dtype == np.float32


def test_one_element_of_any_shape_is_a_number():
    value = K.constant([[0.25]])
    assert (float(value), int(value), bool(value), f"{value:.1f}") == (0.25, 0, True, "0.2")
    with K.eager_scope():
        assert [float(part) for part in K.variable([1.0, 2.0])] == [1.0, 2.0]
    for use in (bool, float, int):
        with pytest.raises(TypeError, match=r"expected one element, got a tensor of shape \(2,\)"):
            use(K.constant([1.0, 2.0]))


def test_arrays_of_concrete_tensors():
    value = K.constant([[1.0, 2.0]])
    array = np.array(value, dtype="float64")
    array[0, 0] = 5.0
    assert (array.dtype, value.numpy().tolist()) == (np.float64, [[1.0, 2.0]])
    np.testing.assert_array_equal(np.concatenate([np.asarray(value), np.asarray(K.variable([[3.0]]))], 1), [[1, 2, 3]])


def test_text_shows_the_numbers_of_a_concrete_tensor():
    assert repr(K.constant([1.0, 2.5])) == "<Tensor shape=(2,) dtype=float32 numpy=[1. , 2.5]>"
    assert str(K.constant(3, "int32")) == f"{K.constant(3, 'int32')}" == "<Tensor shape=() dtype=int32 numpy=3>"
    assert repr(K.constant(np.eye(2))) == "<Tensor shape=(2, 2) dtype=float32 numpy=\n[[1., 0.],\n [0., 1.]]>"
    assert len(repr(K.constant(np.zeros((50, 50))))) < 400
    x = K.placeholder((None, 2), name="x")
    assert repr(x) == "<Tensor shape=(None, 2) dtype=float32 op=placeholder name='x'>"
    assert "op=add" in repr(x + 1.0)


@pytest.mark.parametrize("use", [bool, float, int, np.asarray, "{:.2f}".format])
def test_symbolic_tensors_are_not_and_say_so(use):
    with pytest.raises(TypeError, match="symbolic tensor.*run_eagerly"):
        use(K.placeholder(()))


def test_equality_is_identity():
    value = K.constant(1.0)
    assert value == value
    assert value != K.constant(1.0)
    assert len({value, value}) == 1


def test_numbers_follow_the_tensor():
    assert (K.constant([1, 2], "int64") * 2).dtype == "int64"
    assert (K.constant([1.0], "float64") + np.ones(1, "float32")).dtype == "float64"
    assert (K.constant([3], "int32") / 2).dtype == "float32"
    with pytest.raises(TypeError, match="Cast the tensor first"):
        K.constant([1], "int32") * 0.5


def test_conversion_types():
    assert K.convert(1.5).dtype == "float32"
    assert K.convert(2).dtype == "int32"
    assert K.convert(np.ones(2)).dtype == "float64"
    assert K.convert([1, 2.0]).dtype == "float32"
    assert K.constant([1, 2]).dtype == "float32"
    np.testing.assert_array_equal(K.constant(3, shape=(2, 2)).numpy(), np.full((2, 2), 3.0))


def test_list_of_tensors_is_stacked():
    joined = K.convert([K.constant([1.0, 2.0]), [3.0, 4.0]])
    np.testing.assert_array_equal(joined.numpy(), [[1, 2], [3, 4]])


def test_get_shape_is_a_tuple_that_knows_as_list() -> None:
    shape = K.placeholder((None, 3)).get_shape()
    assert shape == (None, 3) and shape.as_list() == [None, 3]
    assert K.variable(np.ones((2, 5))).get_shape().as_list() == [2, 5]
