"""lstm, gru and simple_rnn against `rnn` with the cell written out: outputs, states and slopes, masked or not."""

import itertools

import numpy as np
import pytest

from nnstack import backend as K

UNITS = 3
GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}


def written_out(kind, kernel, bias):
    def step(x, states):
        own = K.dot(states[0], kernel) + bias
        a, b = ([v[:, i * UNITS : (i + 1) * UNITS] for i in range(GATES[kind])] for v in (x, own))
        if kind == "simple_rnn":
            h = K.tanh(a[0] + b[0])
            return h, [h]
        if kind == "gru":
            z, r = K.sigmoid(a[0] + b[0]), K.sigmoid(a[1] + b[1])
            h = z * states[0] + (1.0 - z) * K.tanh(a[2] + r * b[2])
            return h, [h]
        i, f, o = (K.sigmoid(a[k] + b[k]) for k in (0, 1, 3))
        c = f * states[1] + i * K.tanh(a[2] + b[2])
        return o * K.tanh(c), [o * K.tanh(c), c]

    return step


def fused(kind, x, kernel, bias, states, mask, options):
    if kind == "gru":
        return K.gru(x, kernel, bias, states, mask, **options)
    return (K.lstm if kind == "lstm" else K.simple_rnn)(x, kernel, states, mask, **options)


@pytest.mark.parametrize("kind", GATES)
def test_it_is_rnn_with_the_cell_written_out(kind):
    draw = np.random.default_rng(4)
    width = GATES[kind] * UNITS
    kernel, bias = draw.normal(size=(UNITS, width)), draw.normal(size=width) if kind == "gru" else np.zeros(width)
    starts = [draw.normal(size=(2, UNITS)) for _ in range(2 if kind == "lstm" else 1)]
    for back, time_major, masked, zero in itertools.product((False, True), repeat=4):
        array = draw.normal(size=(4, 2, width) if time_major else (2, 4, width))
        mask = np.array([[0, 1, 0, 1], [0, 0, 0, 0]], bool) if masked else None
        mask = mask.T if masked and time_major else mask
        leaves = [K.placeholder((None, None, width)), K.placeholder(kernel.shape), K.placeholder(bias.shape)]
        states = [K.placeholder((None, UNITS)) for _ in starts]
        options = {"go_backwards": back, "time_major": time_major, "zero_output_for_mask": zero}
        found = fused(kind, *leaves, states, mask, options)
        wanted = K.rnn(written_out(kind, *leaves[1:]), leaves[0], states, mask=mask, **options)
        results = []
        for last, outputs, new in (found, wanted):
            loss = K.sum(K.square(outputs)) + K.sum(last) + K.sum(K.sin(new[-1]))
            results.append([last, outputs, *new, *K.gradients(loss, [*leaves[:2], *states])])
        half = len(results[0])
        values = K.function([*leaves, *states], results[0] + results[1])([array, kernel, bias, *starts])
        for mine, other in zip(values[:half], values[half:], strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5, err_msg=f"{options} masked={masked}")


def test_a_start_at_zero_may_be_promised():
    draw = np.random.default_rng(5)
    x, kernel, zero = draw.normal(size=(2, 4, 12)), draw.normal(size=(3, 12)), np.zeros((2, 3))
    mask = np.array([[0, 1, 0, 1], [0, 0, 0, 0]], bool)
    args = [K.constant(a) for a in (x, kernel)]
    states = [K.constant(zero)] * 2
    for promised in (False, True):
        outputs = K.lstm(*args, states, mask, starts_at_zero=promised)[1].numpy()
        assert not outputs[1].any() and not outputs[0, 0].any()
        np.testing.assert_array_equal(outputs[0, 1], outputs[0, 2])
