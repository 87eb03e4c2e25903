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


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("zero_output", [False, True])
@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("time_major", [False, True])
def test_the_loop_is_the_unrolled_step(go_backwards, masked, zero_output, everything, time_major):
    """Outputs, states and the gradient of a weight, with sizes unknown and known."""
    weight = K.variable(np.random.default_rng(1).normal(size=(3, 3)))
    mask = np.array([[0, 1, 0, 1], [1, 0, 0, 0]], bool) if masked else None

    def step(x, states):
        h = K.tanh(x + K.dot(states[0], weight))
        return h * 2.0, [h, states[1] + 1.0]

    def results(shape, unroll):
        x = K.placeholder(tuple(shape[i] for i in (1, 0, 2)) if time_major else shape)
        states = [K.ones_like(x[0] if time_major else x[:, 0]), K.zeros((1,)) * 1.0]
        states[1] = K.sum(x[0] if time_major else x[:, 0], axis=-1)
        last, outputs, new = K.rnn(
            step, x, states, go_backwards, mask if mask is None or not time_major else mask.T, unroll=unroll,
            time_major=time_major, zero_output_for_mask=zero_output, return_all_outputs=everything,
        )  # fmt: skip
        slope = K.gradients(K.sum(K.square(outputs)) + K.sum(last) + K.sum(new[0]), [weight])
        return K.function([x], [last, outputs, *new, *slope])([X.swapaxes(0, 1) if time_major else X])

    expected = results((2, 4, 3), unroll=True)
    assert expected[1].shape == ((4 if everything else 1, 2, 3) if time_major else (2, 4 if everything else 1, 3))
    for mine, wanted in zip(results((None, None, 3), unroll=False), expected, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("go_backwards", [False, True])
def test_lengths_are_a_mask(go_backwards):
    lengths = K.placeholder((None,), dtype="int32")
    x = K.placeholder((None, None, 3))
    found = K.function([x, lengths], K.rnn(add, x, [K.zeros_like(x[:, 0])], go_backwards, input_length=lengths)[1])
    unrolled = K.rnn(add, X, [START], go_backwards, input_length=np.array([3, 1]), unroll=True)[1]
    np.testing.assert_allclose(found([X, np.array([3, 1])]), unrolled.numpy(), rtol=1e-6)


def test_one_function_serves_every_length():
    x = K.placeholder((None, None, 3))
    f = K.function([x], K.rnn(add, x, [K.zeros_like(x[:, 0])])[0])
    for length in (1, 2, 17, 100):
        array = np.random.default_rng(length).normal(size=(3, length, 3)).astype("float32")
        np.testing.assert_allclose(f([array]), array.sum(1), rtol=1e-4, atol=1e-5)


def test_random_numbers_differ_from_step_to_step_and_agree_in_all_ways_to_run():
    x = K.placeholder((None, None, 3))
    state = K.RandomState("noise", seed=5) if hasattr(K, "RandomState") else None
    from nnstack.backend.random import RandomState

    state = state or RandomState("noise", seed=5)

    def noisy(piece, states):
        u = state.uniform(K.shape(piece))
        return u, [states[0] + u]

    def outputs(unroll):
        state.variable.assign(np.array([5, 0]))
        leaf = K.placeholder((2, 4, 3)) if unroll else x
        with K.trace():
            _, stacked, (total,) = K.rnn(noisy, leaf, [K.zeros_like(leaf[:, 0])], unroll=unroll)
        return K.function([leaf], [stacked, total])([X])

    stacked, total = outputs(unroll=False)
    assert len(np.unique(stacked)) == stacked.size
    np.testing.assert_allclose(stacked.sum(1), total, rtol=1e-6)
    np.testing.assert_array_equal(outputs(unroll=True)[0], stacked)
    state.variable.assign(np.array([5, 0]))
    with K.eager_scope():
        at_once = K.rnn(noisy, X, [START])[1].numpy()
    np.testing.assert_array_equal(at_once, stacked)
    assert state.variable.numpy().tolist() == [5, 1]


def test_a_step_may_assign_variables():
    count = K.variable(np.zeros(3))
    x = K.placeholder((None, None, 3))

    def step(piece, states):
        count.assign_add(K.sum(piece, axis=0))
        return piece * count, [states[0]]

    with K.trace() as recorded:
        outputs = K.rnn(step, x, [K.zeros_like(x[:, 0])])[1]
    ((variable, new),) = recorded.updates
    assert variable is count
    total = X.sum(0).cumsum(0)
    found = K.function([x], [outputs], updates=[(variable, new)])([X])[0]
    np.testing.assert_allclose(found, X * total, rtol=1e-5)
    np.testing.assert_allclose(count.numpy(), total[-1], rtol=1e-5)


def test_steps_may_branch_on_the_phase():
    x = K.placeholder((None, None, 3))
    y = K.rnn(lambda piece, s: (K.in_train_phase(piece * 2.0, piece), s), x, [K.zeros_like(x[:, 0])])[1]
    f = K.function([x, K.learning_phase()], [y])
    np.testing.assert_array_equal(f([X, 1])[0], X * 2)
    np.testing.assert_array_equal(f([X, 0])[0], X)


def test_an_eager_step_sees_numbers():
    seen = []

    def step(piece, states):
        seen.append(float(K.sum(piece)))
        return states[0], [states[0] + piece]

    with K.eager_scope():
        K.rnn(step, X, [START])
    np.testing.assert_allclose(seen, X.sum((0, 2)), rtol=1e-5)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"rnn: unroll needs a known number of steps.*\(None, None, 3\)"):
        K.rnn(add, K.placeholder((None, None, 3)), [START], unroll=True)
    with pytest.raises(ValueError, match="axis 1 must have one number of steps, at least 1"):
        K.rnn(add, (K.placeholder((None, 3, 3)), K.placeholder((None, 4, 3))), [START])
    with pytest.raises(ValueError, match="got 1 states and gave 2"):
        K.rnn(lambda x, states: (x, [x, x]), X, [START])
    with pytest.raises(ValueError, match="expected inputs of at least three axes"):
        K.rnn(add, np.ones((2, 4)), [START])
    with pytest.raises(ValueError, match="a mask needs states"):
        K.rnn(lambda x, states: (x, []), X, [], mask=np.ones((2, 4)))
