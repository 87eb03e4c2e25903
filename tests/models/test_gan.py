"""A model that has steps and no call of its own, as adversarial pairs are written in Keras's guides."""

from typing import Any

import numpy as np
import pytest

from nnstack import GradientTape, losses, metrics, optimizers
from nnstack import backend as K
from nnstack.layers import Dense
from nnstack.models import Model, Sequential
from nnstack.utils import set_random_seed

X = np.random.default_rng(0).normal(2.0, 0.5, size=(40, 3)).astype(np.float32)


class Adversaries(Model):
    def __init__(self, judge: Any, maker: Any, width: int) -> None:
        super().__init__()
        self.judge, self.maker, self.width = judge, maker, width

    def compile(self, judge_optimizer: Any, maker_optimizer: Any, loss: Any, **arguments: Any) -> None:
        super().compile(**arguments)
        self.judge_optimizer, self.maker_optimizer, self.loss_function = judge_optimizer, maker_optimizer, loss
        self.judge_loss, self.maker_loss = metrics.Mean(name="judge"), metrics.Mean(name="maker")

    @property
    def metrics(self) -> list[Any]:
        return [self.judge_loss, self.maker_loss]

    def train_step(self, real: Any) -> dict[str, Any]:
        if isinstance(real, tuple):
            real = real[0]
        noise = K.random_normal((K.shape(real)[0], self.width))
        made = self.maker(noise)
        both = K.concatenate([made, real], axis=0)
        labels = K.concatenate([K.ones_like(made[:, :1]), K.zeros_like(real[:, :1])], axis=0)
        with GradientTape() as tape:
            loss = self.loss_function(labels, self.judge(both))
        gradients = tape.gradient(loss, self.judge.trainable_weights)
        self.judge_optimizer.apply_gradients(zip(gradients, self.judge.trainable_weights, strict=True))
        with GradientTape() as tape:
            other = self.loss_function(K.zeros_like(real[:, :1]), self.judge(self.maker(noise)))
        gradients = tape.gradient(other, self.maker.trainable_weights)
        self.maker_optimizer.apply_gradients(zip(gradients, self.maker.trainable_weights, strict=True))
        self.judge_loss.update_state(loss)
        self.maker_loss.update_state(other)
        return {"judge": self.judge_loss.result(), "maker": self.maker_loss.result()}


@pytest.mark.parametrize("eager", [False, True])
def test_both_learn(eager: bool) -> None:
    set_random_seed(11)
    judge = Sequential([Dense(8, activation="tanh", input_shape=(3,)), Dense(1)])
    maker = Sequential([Dense(8, activation="tanh", input_shape=(2,)), Dense(3)])
    pair = Adversaries(judge, maker, 2)
    pair.compile(
        optimizers.Adam(0.02),
        optimizers.Adam(0.02),
        losses.BinaryCrossentropy(from_logits=True),
        run_eagerly=eager,
    )
    before = judge.get_weights()[0], maker.get_weights()[0]
    history = pair.fit(X, batch_size=10, epochs=15, verbose=0).history
    assert list(history) == ["judge", "maker"] and np.isfinite(history["judge"]).all()
    assert not np.array_equal(before[0], judge.get_weights()[0])
    assert not np.array_equal(before[1], maker.get_weights()[0])
    made = maker.predict(np.random.default_rng(1).normal(size=(50, 2)))
    assert made.mean() > 0.5  # it has moved from 0 towards the data, and perhaps beyond: that is how pairs dance
    assert int(pair.judge_optimizer.iterations.numpy()) == 60


class Draws(Model):
    def train_step(self, data: Any) -> dict[str, Any]:
        self.seen = K.random_normal((4,))
        return {"draw": K.sum(self.seen)}


@pytest.mark.parametrize("eager", [False, True])
def test_every_step_draws_anew_and_the_same_after_a_seed(eager: bool) -> None:
    runs = []
    for _ in range(2):
        set_random_seed(5)
        model = Draws()
        model.compile("sgd", run_eagerly=eager)
        runs.append(model.fit(X, batch_size=40, epochs=6, verbose=0).history["draw"])
    assert len(set(runs[0])) == 6 and runs[0] == runs[1]
