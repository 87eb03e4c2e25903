"""map_fn and the folds, on arrays and compiled."""

import numpy as np
import pytest

from nnstack import backend as K

X = np.arange(12, dtype="float32").reshape(3, 4)


def both(function):
    """The result on arrays and the compiled one."""
    x = K.placeholder((3, None))
    return function(K.constant(X)).numpy(), K.function([x], function(x))([X])


def test_map_stacks_what_the_function_gives():
    for result in both(lambda x: K.map_fn(lambda row: K.sum(row) * 2.0, x)):
        np.testing.assert_allclose(result, X.sum(1) * 2)
    assert K.map_fn(lambda row: row > 3.0, K.constant(X), dtype="int32").numpy().tolist() == (X > 3).tolist()


def test_map_over_structures():
    results = K.map_fn(lambda pair: {"sum": pair[0] + pair[1], "row": pair[0]}, (X, X[:, :1]))
    np.testing.assert_allclose(results["sum"].numpy(), X + X[:, :1])
    np.testing.assert_allclose(results["row"].numpy(), X)


def test_folds_differ_in_their_direction():
    def digits(total, row):
        return total * 10.0 + row[1]

    for result in both(lambda x: K.foldl(digits, x, initializer=K.constant(0.0))):
        assert result == 159.0
    for result in both(lambda x: K.foldr(digits, x, initializer=0.0)):
        assert result == 951.0
    assert K.foldl(lambda total, row: total + row, X).numpy().tolist() == X.sum(0).tolist()
    assert K.foldr(lambda total, row: total - row, X).numpy().tolist() == (X[2] - X[1] - X[0]).tolist()


def test_the_number_of_elements_may_be_unknown():
    x = K.placeholder((None, 4))
    total = K.foldl(lambda a, row: a + row, x)
    difference = K.foldr(lambda a, row: a - row, x)
    squares = K.map_fn(lambda row: K.sum(row * row), x)
    slopes = K.gradients([K.sum(squares), K.sum(total * total)], [x])
    f = K.function([x], [total, difference, squares, *slopes])
    for rows in (1, 3):
        found = f([X[:rows]])
        np.testing.assert_allclose(found[0], X[:rows].sum(0))
        np.testing.assert_allclose(found[1], X[rows - 1] - X[: rows - 1].sum(0))
        np.testing.assert_allclose(found[2], (X[:rows] ** 2).sum(1))
        np.testing.assert_allclose(found[3], 2 * X[:rows] + 2 * X[:rows].sum(0), rtol=1e-6)


def test_the_number_of_elements_must_be_one():
    with pytest.raises(ValueError, match=r"foldl: .*\(3, 4\), \(2,\)"):
        K.foldl(lambda total, x: total, (X, np.ones(2)))
    with pytest.raises(ValueError, match="at least 1"):
        K.foldr(lambda total, x: total, np.ones((0, 2)))
