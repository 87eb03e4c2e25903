"""Adafactor against the paper's formulas in plain numpy."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack import optimizers


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3)])
@pytest.mark.parametrize("relative_step", [True, False])
def test_steps(shape, relative_step):
    rng = np.random.default_rng(0)
    w = rng.normal(size=shape)
    variable = K.variable(w.astype("float32"))
    optimizer = optimizers.Adafactor(0.6, relative_step=relative_step, clip_threshold=0.8)
    r, c, v = np.zeros(shape[:-1]), np.zeros(shape[:-2] + shape[-1:]), np.zeros(shape)
    for step in range(1, 5):
        g = rng.normal(size=shape)
        optimizer.apply_gradients([(g.astype("float32"), variable)])
        decay, square = 1 - step**-0.8, g**2 + 1e-30
        if len(shape) > 1:
            r = decay * r + (1 - decay) * square.mean(-1)
            c = decay * c + (1 - decay) * square.mean(-2)
            v = (r / r.mean(-1, keepdims=True))[..., None] * c[..., None, :]
        else:
            v = decay * v + (1 - decay) * square
        u = g / np.sqrt(v)
        w = w - max(1e-3, rms(w)) * min(0.6, step**-0.5) * u / max(1, rms(u) / 0.8)
    np.testing.assert_allclose(variable.numpy(), w, rtol=2e-4, atol=1e-5)


def test_slots_and_config():
    optimizer = optimizers.Adafactor(0.5, beta_2_decay=-0.7)
    optimizer.build([K.variable(np.zeros((4, 3))), K.variable(np.zeros(2))])
    assert [v.shape for v in optimizer.variables] == [(), (4,), (3,), (4, 3), (2,)]
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config() and again.beta_2_decay == -0.7
    assert type(optimizers.get("adafactor")) is optimizers.Adafactor
