"""Compiled functions, gradients, the learning phase, settings."""

import numpy as np
import pytest

from nnstack import backend as K


def finite_differences(f, x, step=1e-6):
    slopes = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        slopes[i] = (f(up) - f(down)) / (2 * step)
    return slopes


SMOOTH = {
    "dense": lambda x: K.tanh(K.dot(x, np.linspace(-1, 1, 12).reshape(3, 4)) + np.linspace(0, 1, 4)),
    "softmax": lambda x: K.square(K.softmax(x)) * np.array([1.0, 2.0, 3.0]),
    "log_softmax": lambda x: K.log_softmax(x, axis=0) * np.array([1.0, 2.0, 3.0]),
    "logsumexp": lambda x: K.logsumexp(x, axis=1),
    "std": lambda x: K.std(x, axis=0),
    "l2_normalize": lambda x: K.l2_normalize(x, axis=1) * np.array([1.0, 2.0, 3.0]),
    "slices": lambda x: x[:, 1:] * x[:, :-1] + x[0, 0],
    "relu": lambda x: K.relu(x, alpha=0.1, max_value=0.8, threshold=0.2),
    "elu": lambda x: K.elu(x, 0.5),
    "concatenate": lambda x: K.concatenate([x, K.exp(x)], axis=0)[1:3],
    "categorical_crossentropy": lambda x: K.categorical_crossentropy(np.eye(3)[[0, 2]], x, from_logits=True),
    "sparse_categorical_crossentropy": lambda x: K.sparse_categorical_crossentropy([0, 2], K.sigmoid(x)),
    "binary_crossentropy": lambda x: K.binary_crossentropy(np.array([[1.0, 0, 1], [0, 0, 1]]), K.sigmoid(x)),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_agree_with_finite_differences(name):
    x = K.placeholder((2, 3), dtype="float64")
    total = K.sum(SMOOTH[name](x))
    f = K.function([x], [total, *K.gradients(total, [x])])
    point = np.array([[0.3, -0.7, 1.1], [-0.2, 0.5, 0.9]])
    np.testing.assert_allclose(f([point])[1], finite_differences(lambda p: f([p])[0], point), rtol=1e-6, atol=1e-8)


def test_gradient_of_what_does_not_matter_is_none():
    v, w = K.variable(1.0), K.variable(2.0)
    grads = K.gradients(K.square(v), [v, w])
    assert grads[1] is None
    assert float(K.eval(grads[0])) == 2.0


def test_stop_gradient():
    v = K.variable(3.0)
    assert float(K.eval(K.gradients(v * K.stop_gradient(v), [v])[0])) == 3.0


def test_single_output_and_list():
    x = K.placeholder((2,))
    assert K.function([x], x * 2)([np.array([1.0, 2.0])]).tolist() == [2.0, 4.0]
    assert [a.tolist() for a in K.function(x, [x, x + 1])(np.array([1.0, 2.0]))] == [[1.0, 2.0], [2.0, 3.0]]


def test_function_refuses_wrong_counts_and_inputs():
    x = K.placeholder((2,))
    with pytest.raises(ValueError, match="expected 1 arrays, got 2"):
        K.function([x], x)([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="inputs must be placeholders"):
        K.function([x + 1], x)


def test_learning_phase_chooses_between_two_programs():
    x = K.placeholder((None,))
    y = K.in_train_phase(lambda: x * 2, lambda: x + 100)
    f = K.function([x, K.learning_phase()], [y])
    assert f([[1.0], 1])[0].tolist() == [2.0]
    assert f([[1.0], 0])[0].tolist() == [101.0]
    assert K.function([x], y)([[1.0]]).tolist() == [101.0]


def test_learning_phase_may_be_fixed():
    x = K.constant([1.0])
    with K.learning_phase_scope(1):
        assert K.in_train_phase(x * 2, x).numpy().tolist() == [2.0]
        assert K.in_test_phase(x * 2, x).numpy().tolist() == [1.0]
    assert K.in_train_phase(x, x * 5, training=False).numpy().tolist() == [5.0]
    with pytest.raises(ValueError, match="expected 0 or 1, got 2"):
        K.set_learning_phase(2)


def test_switch_by_scalar_and_by_element():
    x = K.placeholder((3,))
    whole = K.switch(K.sum(x) > 0, x, lambda: -x)
    each = K.switch(x > 0, x, K.zeros_like(x))
    f = K.function([x], [whole, each])
    assert [a.tolist() for a in f([[1.0, -2.0, 0.5]])] == [[-1.0, 2.0, -0.5], [1.0, 0.0, 0.5]]


def test_settings():
    assert (K.floatx(), K.epsilon(), K.image_data_format(), K.backend()) == (
        "float32",
        1e-7,
        "channels_last",
        "nnstack",
    )
    try:
        K.set_floatx("float64")
        K.set_epsilon(1e-3)
        K.set_image_data_format("channels_first")
        assert K.constant(1).dtype == "float64"
        assert K.variable(1).dtype == "float64"
        assert K.binary_crossentropy(np.array([1.0]), np.array([0.0])).numpy() == pytest.approx(-np.log(2e-3))
        assert K.normalize_data_format(None) == "channels_first"
    finally:
        K.set_floatx("float32")
        K.set_epsilon(1e-7)
        K.set_image_data_format("channels_last")
    with pytest.raises(ValueError, match="got 'float8'"):
        K.set_floatx("float8")
    with pytest.raises(ValueError, match="got 'nchw'"):
        K.normalize_data_format("nchw")


def test_uids_count_per_prefix():
    K.reset_uids()
    assert [K.get_uid("dense"), K.get_uid("dense"), K.get_uid("conv")] == [1, 2, 1]
    K.clear_session()
    assert K.get_uid("dense") == 1


def test_batch_get_and_set():
    a, b = K.variable([1.0]), K.variable([[2.0]])
    K.batch_set_value([(a, [5.0]), (b, np.array([[6.0]]))])
    assert [v.tolist() for v in K.batch_get_value([a, b])] == [[5.0], [[6.0]]]
    assert (K.count_params(b), K.int_shape(b), K.ndim(b), K.dtype(b)) == (1, (1, 1), 2, "float32")
