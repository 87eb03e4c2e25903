"""Gradients of look-ups: rows that a step does not touch, clipping of the values of rows."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack.optimizers import SGD, legacy
from nnstack.optimizers.rows import rows_of

TABLE = np.arange(8.0).reshape(4, 2).astype("float32")


def steps(optimizer, lookups):
    """The table after each of the look-ups, whose loss is the sum of the rows."""
    table = K.variable(TABLE)
    index = K.placeholder((None,), dtype="int32")
    loss = K.sum(K.gather(table, index))
    run = K.function([index], [loss], updates=optimizer.get_updates(loss, [table]))
    seen = []
    for lookup in lookups:
        run([np.array(lookup, "int32")])
        seen.append(table.numpy())
    return seen


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_moves_the_rows_that_were_looked_up(nesterov):
    first, second, third = steps(legacy.SGD(0.5, momentum=0.5, nesterov=nesterov), [[0, 1], [1], [0, 0]])
    velocity = np.zeros(4)
    table = TABLE[:, 0].copy()
    for counts, found in (([1, 1, 0, 0], first), ([0, 1, 0, 0], second), ([2, 0, 0, 0], third)):
        for row, count in enumerate(counts):
            if count:
                velocity[row] = 0.5 * velocity[row] - 0.5 * count
                table[row] += 0.5 * velocity[row] - 0.5 * count if nesterov else velocity[row]
        np.testing.assert_allclose(found[:, 0], table, rtol=1e-6)


def test_the_newer_sgd_moves_all_rows():
    first, second = steps(SGD(0.5, momentum=0.5), [[0], [1]])
    np.testing.assert_allclose(second[0], first[0] - 0.25)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: legacy.RMSprop(0.1, momentum=0.9),
        lambda: legacy.RMSprop(0.1, momentum=0.9, centered=True),
        lambda: legacy.Adadelta(1.0),
        lambda: legacy.Adamax(0.1),
        lambda: legacy.Nadam(0.1),
        lambda: legacy.Ftrl(0.1),
    ],
)
def test_rows_not_looked_up_stay(optimizer):
    first, second = steps(optimizer(), [[0, 2], [2, 3]])
    assert (first[[0, 2]] != TABLE[[0, 2]]).all()
    np.testing.assert_array_equal(first[[1, 3]], TABLE[[1, 3]])
    np.testing.assert_array_equal(second[[0, 1]], first[[0, 1]])
    assert (second[[2, 3]] != first[[2, 3]]).all()


def test_adam_moves_rows_that_were_looked_up_before():
    first, second = steps(legacy.Adam(0.1), [[0], [1]])
    assert (second[0] < first[0]).all()


def test_clipping_sees_the_values_before_equal_rows_are_added_up():
    (by_value,) = steps(SGD(1.0, clipvalue=0.25), [[0, 0, 1]])
    np.testing.assert_allclose(TABLE - by_value, [[0.5, 0.5], [0.25, 0.25], [0, 0], [0, 0]])
    (by_norm,) = steps(SGD(1.0, clipnorm=1.0), [[0, 0, 1]])
    share = 1 / np.sqrt(6)  # three rows of two ones
    np.testing.assert_allclose(TABLE - by_norm, share * np.array([[2, 2], [1, 1], [0, 0], [0, 0]]), rtol=1e-6)
    (together,) = steps(SGD(1.0, global_clipnorm=1.0), [[0, 0, 1]])
    np.testing.assert_allclose(together, by_norm, rtol=1e-6)


def test_several_look_ups_are_one_list_of_rows():
    table, index = K.variable(TABLE), K.placeholder((None, None), dtype="int32")
    once = K.gradients(K.sum(K.gather(table, index)), [table])[0]
    twice = K.gradients(K.sum(K.gather(table, index)) + K.sum(K.gather(table, index) * 2.0), [table])[0]
    dense = K.gradients(K.sum(K.gather(table, index)) + K.sum(table), [table])[0]
    assert rows_of(dense) is None
    where, values = K.function([index], list(rows_of(twice)[:2]))([np.array([[0, 3]], "int32")])
    assert where.tolist() == [0, 3, 0, 3]
    assert sorted(values[:, 0].tolist()) == [1.0, 1.0, 2.0, 2.0]
    assert K.function([index], rows_of(once).indices)([np.array([[0, 3]], "int32")]).tolist() == [0, 3]
