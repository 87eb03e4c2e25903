"""print_tensor on symbolic tensors: printed when run, the value given back."""

import numpy as np

from nnstack import Input, Model, layers
from nnstack import backend as K


def test_a_function_prints_at_every_run(capsys):
    x = K.placeholder((None,))
    run = K.function([x], K.print_tensor(x + 1.0, "x + 1") * 2.0)
    assert run([[1.0, 2.0]]).tolist() == [4.0, 6.0]
    assert run([[5.0]]).tolist() == [12.0]
    assert capsys.readouterr().out == "x + 1 [2. 3.]\nx + 1 [6.]\n"


def test_long_tensors_are_cut_and_numbers_of_outputs_stay(capsys):
    x = K.placeholder((None,), dtype="int32")
    run = K.function([x], [K.print_tensor(x, summarize=1), x * 2])
    first, second = run([np.arange(100)])
    assert first.tolist() == list(range(100))
    assert second.tolist() == list(range(0, 200, 2))
    assert capsys.readouterr().out == "[ 0 ... 99]\n"


def test_what_is_not_needed_is_not_printed(capsys):
    x = K.placeholder((2,))
    K.print_tensor(x, "unused")
    assert K.function([x], x * 2.0)([[1.0, 2.0]]).tolist() == [2.0, 4.0]
    assert capsys.readouterr().out == ""


def test_gradients_pass_through_and_print_once(capsys):
    x = K.placeholder((2,))
    y = K.print_tensor(x * 3.0, "y")
    run = K.function([x], [y, *K.gradients(y * y, [x])])
    value, slope = run([[1.0, 2.0]])
    assert value.tolist() == [3.0, 6.0]
    assert slope.tolist() == [18.0, 36.0]
    assert capsys.readouterr().out == "y [3. 6.]\n"


def test_variables_at_once_and_sixteen_bits(capsys):
    x = K.placeholder((2,))
    half = K.print_tensor(K.cast(x, "bfloat16"), "half")
    assert half.dtype == "bfloat16"
    known = K.print_tensor(K.variable([7.0]), "known")
    assert capsys.readouterr().out == "known [7.]\n"
    assert K.function([x], K.cast(half, "float32") + known)([[1.0, 2.0]]).tolist() == [8.0, 9.0]
    assert capsys.readouterr().out == "half [1. 2.]\n"


def test_training_prints_every_step(capsys):
    inputs = Input((2,))
    outputs = layers.Lambda(lambda t: K.print_tensor(t, "seen", summarize=8))(layers.Dense(1)(inputs))
    model = Model(inputs, outputs)
    model.compile("sgd", "mse")
    model.fit(np.ones((6, 2)), np.ones((6, 1)), batch_size=2, epochs=1, verbose=0)
    assert capsys.readouterr().out.count("seen [[") == 3
    assert model.predict(np.ones((4, 2)), batch_size=2, verbose=0).shape == (4, 1)
    assert capsys.readouterr().out.count("seen [[") == 2
