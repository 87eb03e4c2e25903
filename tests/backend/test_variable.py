"""Variables, traces and the eager scope: who sees which value."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack.layers import Dense


def test_a_variable_keeps_name_type_and_numbers():
    v = K.variable([[1, 2], [3, 4]], name="dense/kernel")
    assert (v.name, v.shape, v.dtype) == ("dense/kernel:0", (2, 2), "float32")
    copy = v.numpy()
    copy[:] = 0
    np.testing.assert_array_equal(v.numpy(), [[1, 2], [3, 4]])


def test_assignment_outside_a_trace_is_at_once():
    v = K.variable([1.0, 2.0])
    v.assign([3.0, 4.0])
    v.assign_add([1.0, 1.0])
    v.assign_sub(v * 0.5)
    np.testing.assert_array_equal(v.numpy(), [2.0, 2.5])


def test_assignment_checks_the_shape():
    v = K.variable([1.0, 2.0], name="b")
    with pytest.raises(ValueError, match=r'variable "b:0"\): expected shape \(2,\), got \(3,\)'):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r'variable "b:0"\): expected shape \(2,\), got \(\)'):
        K.set_value(v, 1.0)


def test_a_trace_rebinds_and_writes_the_last_value():
    v, w = K.variable(1.0), K.variable(10.0)
    with K.trace() as step:
        v.assign_add(1.0)
        w.assign(w + v)  # sees the new v
        v.assign(v * 3.0)
    assert [variable for variable, _ in step.updates] == [v, w]
    assert (float(v.numpy()), float(w.numpy())) == (1.0, 10.0)
    K.function([], [], updates=step.updates)([])
    assert (float(v.numpy()), float(w.numpy())) == (6.0, 12.0)


def test_an_inner_trace_reads_the_outer_one_and_keeps_its_updates():
    v = K.variable(1.0)
    with K.trace() as outer:
        v.assign(5.0)
        with K.trace() as inner:
            v.assign_add(1.0)
        after = K.convert(v)
    assert float(outer.updates[0][1]) == 5.0
    assert float(inner.updates[0][1]) == 6.0
    assert float(after) == 5.0


def test_outputs_are_computed_from_the_values_before_the_call():
    v = K.variable(2.0)
    f = K.function([], [v * 10.0], updates=[K.update_add(v, 1.0)])
    assert [float(f([])[0]) for _ in range(3)] == [20.0, 30.0, 40.0]


def test_all_right_hand_sides_see_the_old_values():
    a, b = K.variable(1.0), K.variable(2.0)
    K.function([], [], updates=[(a, b), (b, a)])([])
    assert (float(a.numpy()), float(b.numpy())) == (2.0, 1.0)


def test_updates_outside_a_trace_wait_until_they_are_run():
    v = K.variable([1.0, 2.0])
    pending = K.update_sub(v, [1.0, 1.0])
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])
    np.testing.assert_array_equal(K.eval(pending), [0.0, 1.0])
    np.testing.assert_array_equal(K.eval(K.moving_average_update(v, [4.0, 4.0], 0.75)), [1.0, 1.75])


def test_reads_in_an_eager_scope_are_numbers():
    v = K.variable(2.0)
    assert not K.convert(v).concrete
    with K.eager_scope():
        assert float(v * 3.0) == 6.0
        v.assign_add(1.0)
        K.update_add(v, 1.0)
        assert float(v + 0.0) == 4.0
    assert float(v.numpy()) == 4.0


def test_zeros_ones_eye():
    np.testing.assert_array_equal(K.zeros((2, 1)).numpy(), np.zeros((2, 1)))
    np.testing.assert_array_equal(K.eye(2).numpy(), np.eye(2))
    x = K.placeholder((None, 2))
    np.testing.assert_array_equal(K.function([x], K.ones((K.shape(x)[0], 3)))([np.zeros((2, 2))]), np.ones((2, 3)))


def test_bfloat16_is_kept_in_bfloat16():
    variable = K.variable([1.0, 2.0 + 2.0**-10], "bfloat16")
    assert variable.dtype == "bfloat16"
    assert variable.numpy().tolist() == [1.0, 2.0]
    variable.assign([3.0, 4.0])
    assert K.get_value(variable).tolist() == [3.0, 4.0]
    dense = Dense(2, kernel_initializer="ones", dtype="bfloat16")
    assert dense(np.ones((1, 3), "float32")).dtype == "bfloat16"
    assert {weight.dtype for weight in dense.weights} == {"bfloat16"}
