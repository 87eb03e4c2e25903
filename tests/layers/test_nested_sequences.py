"""RNN over structures of sequences, with states and outputs of any rank, as in Keras's guide to recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnstack import backend, layers, models
from nnstack.compat.specs import TensorShape

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(2, 4, 3)).astype(np.float32)
MATRICES = RNG.normal(size=(2, 4, 3, 2)).astype(np.float32)


class Totals(layers.Layer):
    """Sums vectors and matrices over time; the two come as a tuple, or under names."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_size = [TensorShape([3]), TensorShape([3, 2])]
        self.output_size = [TensorShape([3]), TensorShape([3, 2])]

    def build(self, input_shapes: Any) -> None:
        assert [tuple(shape)[1:] for shape in input_shapes] == [(3,), (3, 2)]
        self.scale = self.add_weight("scale", (3,), initializer="ones")

    def call(self, inputs: Any, states: Any) -> Any:
        vector, matrix = inputs
        new = (states[0] + vector * self.scale, states[1] + matrix)
        return new, new


def inputs_of_both() -> tuple[Any, Any]:
    return layers.Input((None, 3)), layers.Input((None, 3, 2))


def test_last_output() -> None:
    one, two = inputs_of_both()
    outputs = layers.RNN(Totals())((one, two))
    assert [tuple(output.shape) for output in outputs] == [(None, 3), (None, 3, 2)]
    sums = models.Model([one, two], outputs).predict([VECTORS, MATRICES])
    np.testing.assert_allclose(sums[0], VECTORS.sum(1), rtol=1e-6)
    np.testing.assert_allclose(sums[1], MATRICES.sum(1), rtol=1e-5, atol=1e-6)


def test_sequences_and_states() -> None:
    one, two = inputs_of_both()
    outputs, *states = layers.RNN(Totals(), return_sequences=True, return_state=True)((one, two))
    results = models.Model([one, two], [*outputs, *states]).predict([VECTORS, MATRICES])
    expected = [VECTORS.cumsum(1), MATRICES.cumsum(1), VECTORS.sum(1), MATRICES.sum(1)]
    for mine, other in zip(results, expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)


def test_initial_states_and_eager() -> None:
    layer = layers.RNN(Totals())
    start = [backend.constant(np.ones((2, 3))), backend.constant(np.full((2, 3, 2), 2.0))]
    sums = layer((VECTORS, MATRICES), initial_state=start)
    np.testing.assert_allclose(sums[0].numpy(), VECTORS.sum(1) + 1, rtol=1e-5)
    np.testing.assert_allclose(sums[1].numpy(), MATRICES.sum(1) + 2, rtol=1e-5)


@pytest.mark.parametrize("name", ["m.json", "m.h5", "m.keras"])
def test_files(name: str, tmp_path: Any) -> None:
    one, two = inputs_of_both()
    model = models.Model([one, two], layers.RNN(Totals())((one, two)))
    model.compile("sgd", "mse")
    if name == "m.json":
        again = models.model_from_json(model.to_json(), {"Totals": Totals})
    else:
        model.save(tmp_path / name)
        again = models.load_model(tmp_path / name, {"Totals": Totals})
    for mine, other in zip(again.predict([VECTORS, MATRICES]), model.predict([VECTORS, MATRICES]), strict=True):
        np.testing.assert_array_equal(mine, other)


class Planes(layers.Layer):
    """One state of rank 2."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_size = self.output_size = TensorShape([3, 2])

    def call(self, inputs: Any, states: Any) -> Any:
        return inputs + states[0], [inputs + states[0]]


def test_a_list_with_a_state_of_the_rank_of_steps() -> None:
    sequence, state = layers.Input((None, 3, 2)), layers.Input((3, 2))
    start = np.full((2, 3, 2), 5.0, np.float32)
    model = models.Model([sequence, state], layers.RNN(Planes())([sequence, state]))
    np.testing.assert_allclose(model.predict([MATRICES, start]), MATRICES.sum(1) + 5, rtol=1e-5)
