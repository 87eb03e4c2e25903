"""rnn: unknown sizes, nested structures, layouts; its numbers are compared with tf_keras in tests/reference."""

import numpy as np
import pytest

from nnstack import backend as K

X = np.random.default_rng(3).normal(size=(2, 4, 3)).astype("float32")
START = np.zeros((2, 3), "float32")


def add(x, states):
    total = states[0] + x
    return total, [total]


def test_running_sum_with_an_unknown_batch():
    x = K.placeholder((None, 4, 3))
    last, outputs, (state,) = K.rnn(add, x, [K.zeros_like(x[:, 0])])
    assert (last.shape, outputs.shape, state.shape) == ((None, 3), (None, 4, 3), (None, 3))
    results = K.function([x], [last, outputs, state])([X])
    expected = X.cumsum(1)
    for result, wanted in zip(results, (expected[:, -1], expected, expected[:, -1]), strict=True):
        np.testing.assert_allclose(result, wanted, rtol=1e-6)


def test_arrays_are_computed_at_once():
    last, outputs, _ = K.rnn(add, X, [START], go_backwards=True, return_all_outputs=False)
    np.testing.assert_allclose(last.numpy(), X.sum(1), rtol=1e-6)
    assert outputs.shape == (2, 1, 3)


def test_a_masked_step_keeps_what_was_before_it():
    mask = np.array([[0, 1, 0, 1], [1, 0, 0, 0]])
    leaf = K.placeholder((None, 4))
    _, outputs, (state,) = K.rnn(add, X, [START], mask=leaf)
    kept, final = K.function([leaf], [outputs, state])([mask])
    expected = (X * mask[..., None]).cumsum(1)
    np.testing.assert_allclose(kept, expected, rtol=1e-6)
    np.testing.assert_allclose(final, expected[:, -1], rtol=1e-6)
    assert not kept[0, 0].any()
    _, outputs, _ = K.rnn(add, X, [START], mask=mask[..., None], zero_output_for_mask=True)
    np.testing.assert_allclose(outputs.numpy(), expected * mask[..., None], rtol=1e-6)


def test_inputs_outputs_and_states_may_be_nested():
    def step(x, states):
        first, (second, third) = states
        total = {"a": first + x["left"], "b": second * x["right"]}
        return total, [total["a"], (total["b"], third + 1.0)]

    inputs = {"left": X, "right": X[..., :1]}
    ones = np.ones((2, 1), "float32")
    mask = np.array([[1, 1, 0, 1], [1, 1, 1, 1]])
    last, outputs, states = K.rnn(step, inputs, [START, (ones, START[0, 0])], mask=None)
    np.testing.assert_allclose(outputs["a"].numpy(), X.cumsum(1), rtol=1e-6)
    np.testing.assert_allclose(outputs["b"].numpy(), X[..., :1].cumprod(1), rtol=1e-5)
    np.testing.assert_allclose(last["a"].numpy(), X.sum(1), rtol=1e-6)
    assert float(states[1][1]) == 4.0
    _, outputs, states = K.rnn(step, inputs, [START, (ones, START[:, 0])], mask=mask)
    np.testing.assert_allclose(outputs["a"].numpy(), (X * mask[..., None]).cumsum(1), rtol=1e-6)
    assert states[1][1].numpy().tolist() == [3.0, 4.0]


def test_a_trained_step_learns_through_time():
    weight = K.variable(np.full((3, 3), 0.1))
    last, _, _ = K.rnn(lambda x, s: ((h := K.tanh(K.dot(s[0], weight) + x)), [h]), X, [START])
    loss = K.sum(last)
    slope = K.eval(K.gradients(loss, [weight])[0])
    before = float(K.eval(loss))
    K.set_value(weight, K.get_value(weight) + 1e-3 * slope)
    assert float(K.eval(loss)) - before == pytest.approx(1e-3 * (slope**2).sum(), rel=0.02)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"rnn: axis 1 must have one known number of steps.*\(None, None, 3\)"):
        K.rnn(add, K.placeholder((None, None, 3)), [START])
    with pytest.raises(ValueError, match="expected inputs of at least three axes"):
        K.rnn(add, np.ones((2, 4)), [START])
    with pytest.raises(ValueError, match="a mask needs states"):
        K.rnn(lambda x, states: (x, []), X, [], mask=np.ones((2, 4)))
