"""Random numbers: repeatable, the same eagerly and compiled, new at every run."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack.utils.random import set_random_seed


def test_eager_and_compiled_runs_draw_the_same_numbers():
    compiled, eager = K.RandomState(seed=5), K.RandomState(seed=5)
    with K.trace():
        f = K.function([], [compiled.uniform((4,)), compiled.uniform((4,))])
    for _ in range(3):
        first, second = f([])
        with K.eager_scope():
            np.testing.assert_array_equal(eager.uniform((4,)).numpy(), first)
            np.testing.assert_array_equal(eager.uniform((4,)).numpy(), second)
        assert not np.array_equal(first, second)


def test_every_run_is_new_and_the_state_repeats_it():
    state = K.RandomState(seed=1)
    f = K.function([], state.uniform((3,)))
    first, second = f([]), f([])
    assert not np.array_equal(first, second)
    K.set_value(state.variable, [1, 0])
    np.testing.assert_array_equal(f([]), first)


def test_the_global_seed_repeats_everything():
    def draw():
        set_random_seed(11)
        return K.RandomState().variable.numpy().tolist(), K.eval(K.random_normal((3,))).tolist(), np.random.rand()

    assert draw() == draw()
    with pytest.raises(ValueError, match="0 <= seed"):
        set_random_seed(-1)


def test_distributions():
    set_random_seed(0)
    n = 20000
    uniform = K.eval(K.random_uniform((n,), 2.0, 4.0))
    assert uniform.min() >= 2 and uniform.max() < 4 and abs(uniform.mean() - 3) < 0.02
    normal = K.eval(K.random_normal((n,), 1.0, 2.0))
    assert abs(normal.mean() - 1) < 0.06 and abs(normal.std() - 2) < 0.05
    cut = K.eval(K.truncated_normal((n,), 1.0, 2.0))
    assert np.abs(cut - 1).max() <= 4.0001 and abs(cut.std() - 2 * 0.8796) < 0.04
    assert abs(K.eval(K.random_bernoulli((n,), 0.3)).mean() - 0.3) < 0.02
    assert set(K.eval(K.random_binomial((n,), 0.5, dtype="int32")).tolist()) == {0, 1}
    assert abs(K.random_normal_variable((n,), 0.0, 3.0).numpy().std() - 3) < 0.1


def test_draws_in_half_precision():
    set_random_seed(0)
    uniform = K.eval(K.random_uniform((20000,), dtype="float16"))
    assert uniform.dtype == np.float16 and uniform.max() < 1 and 2000 < len(set(uniform.tolist())) <= 2048
    normal = K.eval(K.random_normal((20000,), 1.0, 2.0, dtype="float16")).astype(np.float32)
    assert np.isfinite(normal).all() and abs(normal.mean() - 1) < 0.06 and abs(normal.std() - 2) < 0.05
    cut = K.eval(K.truncated_normal((20000,), dtype="float16")).astype(np.float32)
    assert np.abs(cut).max() <= 2 and abs(cut.std() - 0.8796) < 0.02


def test_integers_come_equally_often():
    drawn = K.eval(K.random_uniform((6000,), -2, 4, dtype="int32", seed=1))
    values, counts = np.unique(drawn, return_counts=True)
    assert (drawn.dtype, values.tolist()) == (np.int32, [-2, -1, 0, 1, 2, 3])
    assert np.abs(counts - 1000).max() < 150


def test_uniform_variable():
    v = K.random_uniform_variable((1000,), 2.0, 3.0, seed=1)
    assert v.shape == (1000,) and v.numpy().min() >= 2 and v.numpy().max() < 3 and abs(v.numpy().mean() - 2.5) < 0.03


def test_dropout_keeps_the_mean_and_drops_the_rate():
    x = K.placeholder((None, 100))
    f = K.function([x], K.dropout(x, 0.3, seed=3))
    result = f([np.ones((200, 100))])
    assert set(np.unique(result)) == {np.float32(0), np.float32(1) * np.float32(1 / 0.7)}
    assert abs((result == 0).mean() - 0.3) < 0.01
    rows = K.eval(K.dropout(np.ones((50, 4), "float32"), 0.5, noise_shape=(None, 1), seed=1))
    assert (rows == rows[:, :1]).all() and 0 < rows.mean() < 2
    with pytest.raises(ValueError, match="expected 0 <= level < 1, got 1"):
        K.dropout(x, 1)
