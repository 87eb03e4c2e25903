"""Sessions and control dependencies, for code written for Keras on TensorFlow 1."""

import numpy as np
import pytest

from nnstack import backend as K


def test_run_computes_a_structure_of_tensors():
    x, v = K.placeholder((None,)), K.variable([10.0])
    found = K.get_session().run({"twice": x * 2.0, "sum": [x + v]}, feed_dict={x: [1.0, 2.0]})
    assert found["twice"].tolist() == [2.0, 4.0]
    assert found["sum"][0].tolist() == [11.0, 12.0]
    K.set_value(v, [20.0])
    assert K.get_session().run(v * 1.0).tolist() == [20.0]
    with pytest.raises(ValueError, match="placeholder"):
        K.get_session().run(x)


def test_another_session_is_taken_into_use():
    before, other = K.get_session(), K.Session()
    K.set_session(other)
    try:
        assert K.get_session() is other
        with pytest.raises(TypeError, match="expected a session with a method run, got int"):
            K.set_session(3)
    finally:
        K.set_session(before)


def test_control_dependencies_change_nothing():
    x = K.placeholder((2,))
    with K.control_dependencies([x * 3.0]):
        y = x * 2.0
    np.testing.assert_array_equal(K.function([x], y)([[1.0, 2.0]]), [2.0, 4.0])
