"""Eager and symbolic functions, settings kept for old programs, printing."""

import numpy as np
import pytest

from nnstack import Input, layers
from nnstack import backend as K


def test_eager_and_symbolic_functions():
    v = K.variable([1.0, 2.0])

    @K.eager
    def doubled(factor=2.0):
        """Doc."""
        return v * factor

    assert doubled(factor=3.0).numpy().tolist() == [3.0, 6.0]
    assert doubled.__doc__ == "Doc."
    with K.eager_scope():
        assert (v * 2.0).concrete
        assert not K.symbolic(lambda: v * 2.0)().concrete


def test_layers_make_keras_tensors():
    x = Input((3,))
    assert K.is_keras_tensor(x) and K.is_keras_tensor(layers.Dense(2)(x))
    assert not K.is_keras_tensor(K.placeholder((2,)))
    assert not K.is_keras_tensor(K.variable(1.0))
    with pytest.raises(ValueError, match="expected a tensor, got ndarray"):
        K.is_keras_tensor(np.ones(2))


def test_there_is_nothing_sparse():
    x = K.constant([1.0])
    assert K.to_dense(x) is x and not K.is_sparse(x)
    for kind in ("sparse", "ragged"):
        with pytest.raises(ValueError, match=f"{kind} tensors are not supported"):
            K.placeholder((2,), **{kind: True})


def test_manual_initialization_changes_nothing():
    K.manual_variable_initialization(True)
    assert K.get_value(K.variable([2.0])).tolist() == [2.0]
    K.manual_variable_initialization(False)


def test_print_tensor(capsys):
    x = K.constant(np.arange(20))
    assert K.print_tensor(x, "x is") is x
    assert capsys.readouterr().out == "x is [ 0.  1.  2. ... 17. 18. 19.]\n"
    v = K.variable([[1.0, 2.0]])
    K.print_tensor(v)
    assert capsys.readouterr().out == "[[1. 2.]]\n"


def test_condition_with_too_many_axes():
    with pytest.raises(ValueError, match=r"switch: expected a condition of at most 1 axes.*got shape \(2, 1\)"):
        K.switch(np.ones((2, 1)), np.ones(2), np.ones(2))
