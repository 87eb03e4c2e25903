"""The order of the samples in each epoch: a function of a seed and of how many orders were drawn before.

Both lie in a random state of the model, as those of dropout do, so they are saved with it, and a model that was loaded
goes on with the orders that it would have had.
"""

from __future__ import annotations

import threading

import numpy as np

from nnstack.backend import RandomState

_UNDRAWN = -1


def new_order_state() -> RandomState:
    """The state of a model that was never trained; its seed is drawn from numpy's global generator at first use."""
    return RandomState("order/state", seed=_UNDRAWN)


class SampleOrder:
    """Draws orders from a model's state.

    >>> SampleOrder(new_order_state()).permutation(3).shape
    (3,)
    """

    def __init__(self, state: RandomState) -> None:
        self._variable = state.variable

    def seed(self) -> int:
        """The seed, drawn from numpy's generator if there is none yet: Keras users seed it, as set_random_seed does."""
        seed, drawn = (int(number) for number in self._variable.numpy())
        if seed == _UNDRAWN:
            seed = int(np.random.randint(0, 2**31 - 1))
            self._variable.assign(np.array([seed, drawn], np.int64))
        return seed

    def permutation(self, count: int) -> np.ndarray:
        """The numbers 0 to count - 1 in the next order, as int64."""
        seed, drawn = self.seed(), int(self._variable.numpy()[1])
        self._variable.assign(np.array([seed, drawn + 1], np.int64))
        return _generator([seed, drawn]).permutation(count).astype(np.int64, copy=False)


_generators = threading.local()


def _generator(seed: list[int]) -> np.random.RandomState:
    """This thread's, seeded anew: making one costs ten times as much. Its streams are the same in every numpy."""
    if not hasattr(_generators, "own"):
        _generators.own = np.random.RandomState(0)
    own: np.random.RandomState = _generators.own
    own.seed(seed)
    return own
