"""RNN with cells of one's own, stacked cells, constants, and the layers named after cuDNN."""

from typing import Any

import numpy as np
import pytest
import recurrent_reference as reference
from test_recurrent import X, close, randomized

from nnstack import backend, layers
from nnstack.layers import RNN, GRUCell, Input, LSTMCell, SimpleRNNCell, StackedRNNCells
from nnstack.models import Model, Sequential, model_from_json


class Sum(layers.Layer):
    """Adds up a projection of its input; with a constant, that too."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units))

    def call(self, inputs: Any, states: Any, constants: Any = None) -> Any:
        total = states[0] + backend.dot(inputs, self.kernel)
        return total + (constants[0] if constants else 0.0), total

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class Pair(layers.AbstractRNNCell):
    """Two states of different sizes, an output of a third size."""

    state_size = [2, 3]
    output_size = 4

    def call(self, inputs: Any, states: Any) -> Any:
        a, b = states
        return backend.concatenate([a, a]), [a + inputs[:, :2], b + 1.0]


def test_a_cell_of_ones_own() -> None:
    layer = RNN(Sum(2), return_sequences=True)
    y = layer(X)
    close(y, np.cumsum(X @ layer.get_weights()[0], axis=1))
    model = Sequential([Input((6, 3)), layer])
    again = model_from_json(model.to_json(), custom_objects={"Sum": Sum})
    again.set_weights(model.get_weights())
    close(again(X), y.numpy())
    assert layer.weights[0].name.endswith("sum/kernel:0")


def test_states_of_several_sizes() -> None:
    layer = RNN(Pair(), return_state=True)
    y, a, b = layer(X)
    total = X[..., :2].sum(1)
    close(a, total)
    close(b, np.full((4, 3), 6.0))
    close(y, np.concatenate([total - X[:, -1, :2]] * 2, -1))
    assert layer.compute_output_shape((None, 5, 3)) == [(None, 4), (None, 2), (None, 3)]
    stateful = RNN(Pair(), stateful=True)
    stateful(X)
    stateful(X)
    close(stateful.states[1], np.full((4, 3), 12.0))


def test_constants() -> None:
    layer, constant = RNN(Sum(2)), RNG.normal(size=(4, 2)).astype(np.float32)
    inputs, fixed = Input((6, 3)), Input((2,))
    model = Model([inputs, fixed], layer(inputs, constants=fixed))
    expected = X.sum(1) @ layer.get_weights()[0] + constant
    close(model.predict([X, constant]), expected)
    assert layer.get_config()["num_constants"] == 1
    again = Model.from_config(model.get_config(), custom_objects={"Sum": Sum})
    again.set_weights(model.get_weights())
    close(again.predict([X, constant]), expected)


RNG = np.random.default_rng(5)


def test_stacked_cells_are_layers_on_layers() -> None:
    layer = RNN([LSTMCell(4), GRUCell(3), SimpleRNNCell(2)], return_sequences=True, return_state=True)
    sequence, (h, c), gru, simple = layer(X)
    weights = randomized(layer)
    sequence, (h, c), gru, simple = layer(X)
    one, states = reference.run(reference.lstm(weights[:3]), X, [np.zeros((4, 4))] * 2)
    two, _ = reference.run(reference.gru(weights[3:6], True), one, [np.zeros((4, 3))])
    three, _ = reference.run(reference.simple(weights[6:]), two, [np.zeros((4, 2))])
    close(sequence, three)
    close(h, states[0])
    close(c, states[1])
    close(gru, two[:, -1])
    close(simple, three[:, -1])
    assert layer.cell.state_size == ([4, 4], 3, 2) and layer.cell.output_size == 2
    assert layer.compute_output_shape((None, 6, 3))[0] == (None, 6, 2)
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    again(X)
    again.set_weights(weights)
    close(again(X)[0], three)
    start = [np.ones((4, 4)), np.ones((4, 4)), np.ones((4, 3)), np.ones((4, 2))]
    one, _ = reference.run(reference.lstm(weights[:3]), X, start[:2])
    two, _ = reference.run(reference.gru(weights[3:6], True), one, start[2:3])
    three, _ = reference.run(reference.simple(weights[6:]), two, start[3:])
    close(layer(X, initial_state=[s.astype(np.float32) for s in start])[0], three)


def test_stacked_dropout_masks_are_drawn_once() -> None:
    cells = [SimpleRNNCell(20, activation="linear", use_bias=False, dropout=0.5) for _ in range(2)]
    layer = RNN(StackedRNNCells(cells), return_sequences=True)
    x = np.ones((2, 5, 20), np.float32)
    layer(x)
    layer.set_weights([np.eye(20), np.zeros((20, 20))] * 2)
    y = layer(x, training=True).numpy()
    assert np.all(y == y[:, :1]) and set(np.unique(y)) == {0.0, 4.0}


class Wrapped(layers.Layer):
    """A cell around a cell."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell, self.state_size = cell, cell.state_size

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        return self.cell(inputs, states, training=training)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_dropout_cell_inside_a_cell_keeps_its_mask(compiled: bool) -> None:
    cell = SimpleRNNCell(20, activation="linear", use_bias=False, dropout=0.5)
    layer, x = RNN(Wrapped(cell), return_sequences=True), np.ones((2, 5, 20), np.float32)
    inputs = Input((5, 20))
    model = Model(inputs, layer(inputs, training=True))
    cell.set_weights([np.eye(20), np.zeros((20, 20))])
    y = model.predict(x) if compiled else layer(x, training=True).numpy()
    assert np.all(y == y[:, :1]) and set(np.unique(y)) == {0.0, 2.0}
    assert np.any(y != (model.predict(x) if compiled else layer(x, training=True).numpy()))


def test_cells_by_hand() -> None:
    cell = LSTMCell(4)
    states = cell.get_initial_state(batch_size=4, dtype="float32")
    for t in range(6):
        output, states = cell(X[:, t], states)
    expected, last = reference.run(reference.lstm(cell.get_weights()), X, [np.zeros((4, 4))] * 2)
    close(output, expected[:, -1])
    close(states[1], last[1])


def test_cudnn_names_and_layout() -> None:
    for make, plain, gates in ((layers.CuDNNLSTM, layers.LSTM, 4), (layers.CuDNNGRU, layers.GRU, 3)):
        layer, other = make(4), plain(4)
        y, _ = layer(X), other(X)
        other.set_weights(layer.get_weights())
        close(other(X), y.numpy())
        kernel, recurrent = RNG.normal(size=(3, 4 * gates)), RNG.normal(size=(4, 4 * gates))
        bias = RNG.normal(size=(8 * gates,))
        layer.set_weights([kernel, recurrent, bias])
        # cuDNN reads each gate's block as a matrix (units, inputs) and multiplies from the left
        blocks = [np.ascontiguousarray(block).reshape(-1).reshape(4, 3).T for block in np.split(kernel, gates, axis=1)]
        back = [block.T for block in np.split(recurrent, gates, axis=1)]
        both = bias.reshape(2, -1)
        converted = [np.concatenate(blocks, 1), np.concatenate(back, 1), both if gates == 3 else both.sum(0)]
        step = reference.gru(converted, True) if gates == 3 else reference.lstm(converted)
        close(layer(X), reference.run(step, X, [np.zeros((4, 4))] * (gates - 2))[0][:, -1])
        assert isinstance(layer, plain) and layers.serialize(layer)["class_name"] == plain.__name__
        assert make.from_config(layer.get_config()).get_config() == layer.get_config()


def test_errors_of_cells() -> None:
    with pytest.raises(ValueError, match="without state_size"):
        RNN(layers.Dense(3))
    with pytest.raises(ValueError, match="cells with `call` and `state_size`"):
        RNN([SimpleRNNCell(2), layers.Dense(3)])

    class Odd(layers.Layer):
        state_size = ["two"]

        def call(self, inputs: Any, states: Any) -> Any:
            return inputs, states

    with pytest.raises(ValueError, match="expected whole numbers in the cell's state_size"):
        RNN(Odd())
    with pytest.raises(TypeError, match="the class defines no state_size"):
        _ = layers.AbstractRNNCell().state_size


def test_the_cell_with_peepholes_has_its_old_place() -> None:
    from nnstack import experimental

    cell = experimental.PeepholeLSTMCell(3)
    assert cell.name.startswith("peephole_lstm_cell")
    layer = RNN(cell)
    layer(X)
    assert [w.name.rsplit("/", 1)[1] for w in layer.weights[3:]] == [
        f"{gate}_gate_peephole_weights:0" for gate in ("input", "forget", "output")
    ]
    assert layers.deserialize(layers.serialize(layer)).get_config() == layer.get_config()
