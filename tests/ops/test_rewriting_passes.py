"""Passes that rewrite the graph before planning: transposes sink, batch normalisation folds, what is fixed is kept."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from case import Array, random, vector
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnstack import _core as core

OFF = {"transposes": False, "batch_norm": False, "keep": False}


def emit(op: str, *inputs: core.Value, **attributes: Any) -> core.Value:
    return core.emit(op, inputs, attributes)[0]


def variable(name: str, *shape: int, low: float = -1, high: float = 1) -> core.Variable:
    return core.Variable(name, random(shape, low, high, "float32", sum(map(ord, name))))


def steps(program: core.Program) -> list[str]:
    run = program.explain().split("when weights have changed")[0]
    return [line.split(": ", 1)[1].split(" ", 1)[0] for line in run.splitlines()[1:]]


class Normalized:
    """conv(x) + bias, then batch normalisation in its inference form, then relu."""

    def __init__(self, channels: int = 6, axis: int = 3) -> None:
        self.x = core.placeholder((None, 5, 5, 3), name="x")
        self.kernel = variable("kernel", 3, 3, 3, channels)
        self.weights = [
            variable(name, channels, low=0.5, high=2) for name in ("bias", "mean", "variance", "gamma", "beta")
        ]
        bias, mean, spread, gamma, beta = (one.value for one in self.weights)
        y = emit("convolution", self.x, self.kernel.value, strides=[1, 1], dilations=[1, 1], padding="same")
        factor = emit("multiply", emit("rsqrt", emit("add", spread, core.constant(np.float32(1e-3)))), gamma)
        y = emit("multiply", emit("subtract", emit("add", y, bias), mean), factor)
        self.y = emit("relu", emit("add", y, beta))
        self.array = random((2, 5, 5, 3), -1, 1, "float32")

    def expected(self) -> Array:
        return core.interpret([self.x], [self.y], [self.array])[0]


def test_batch_normalisation_is_a_scale_and_a_shift_in_the_epilogue() -> None:
    net = Normalized()
    program = core.Program([net.x], [net.y])
    np.testing.assert_allclose(program(net.array), net.expected(), rtol=1e-5, atol=1e-5)
    run, aside = program.explain().split("when weights have changed: ")
    assert "0: convolution {convolution multiply add relu}" in run and steps(program) == ["convolution"]
    assert "rsqrt" in aside and "rsqrt" not in run
    plain = core.Program([net.x], [net.y], passes=OFF)
    np.testing.assert_array_equal(plain(net.array), net.expected())
    assert steps(plain) == ["elementwise", "convolution"]
    assert "{convolution add subtract multiply add relu}" in plain.explain()


@pytest.mark.parametrize("which", range(5))
def test_what_is_kept_is_never_stale(which: int) -> None:
    net = Normalized()
    program = core.Program([net.x], [net.y])
    program(net.array)
    changed = net.weights[which]
    changed.assign(changed.numpy() * 3 + 1)
    np.testing.assert_allclose(program(net.array), net.expected(), rtol=1e-5, atol=1e-5)
    doubled = core.Program([], [], [(changed, emit("add", changed.value, changed.value))])  # a step of training
    for _ in range(2):
        doubled.run([])
        np.testing.assert_allclose(program(net.array), net.expected(), rtol=1e-5, atol=1e-5)


def test_runs_between_changes_do_not_compute_it_again() -> None:
    net = Normalized()
    program = core.Program([net.x], [net.y])
    program.run([net.array])
    program.profile(True)
    for _ in range(3):
        program.run([net.array])
    rows = program.profile_report()
    assert [row["calls"] for row in rows] == [3] and rows[0]["kernel"] == "convolution"


def test_a_program_that_assigns_the_weights_computes_them_in_its_run() -> None:
    net = Normalized()
    mean = net.weights[1]
    moved = emit("multiply", mean.value, core.constant(np.float32(0.5)))
    program = core.Program([net.x], [net.y], [(mean, moved)])
    for _ in range(3):  # outputs are those of the values before
        expected, start = net.expected(), mean.numpy()
        np.testing.assert_allclose(program(net.array), expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(mean.numpy(), start * np.float32(0.5))


def test_predictions_and_assignments_at_once_see_one_state_of_the_weights() -> None:
    x = core.placeholder((4,), name="x")
    a, b = (core.Variable(name, np.zeros(4, np.float32)) for name in "ab")
    y = emit("multiply", x, emit("exp", emit("subtract", a.value, b.value)))
    both = core.Program([], [], [(w, emit("add", w.value, core.constant(np.float32(1)))) for w in (a, b)])
    program, found = core.Program([x], [y]), []

    def predict() -> None:
        found.extend(float(program(np.ones(4, np.float32))[0]) for _ in range(300))

    threads = [threading.Thread(target=predict) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        both.run([])
    for thread in threads:
        thread.join()
    assert set(found) == {1.0}


def test_sums_of_constants_alone_are_left_to_round() -> None:
    x = core.placeholder((4,), name="x")
    magic = core.constant(np.float32(12582912))
    y = emit("subtract", emit("add", emit("multiply", x, core.constant(np.float32(2))), magic), magic)
    given = random((4,), -9, 9, "float32")
    np.testing.assert_array_equal(core.Program([x], [y])(given), np.rint(given * 2))


def test_a_value_that_others_read_stays() -> None:
    net = Normalized()
    middle = emit("add", net.x, variable("offset", 3).value)
    scaled = emit("multiply", emit("subtract", middle, variable("c", 3).value), variable("s", 3).value)
    program = core.Program([net.x], [scaled, middle])
    for mine, other in zip(
        program.run([net.array]), core.interpret([net.x], [scaled, middle], [net.array]), strict=True
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_chains_of_sums_and_products_agree_with_the_interpreter(data: st.DataObject) -> None:
    shapes = ((4, 5), (5,), (4, 1), (1, 1), ())
    x = core.placeholder((None, 5) if data.draw(st.booleans()) else (4, 5), name="x")
    pool: list[core.Value] = [x]
    weights = [variable(f"w{i}", *shape, low=0.5, high=1.5) for i, shape in enumerate(shapes)]
    for _ in range(data.draw(st.integers(2, 10))):
        op = data.draw(st.sampled_from(("add", "subtract", "multiply", "multiply", "tanh")))
        operand = data.draw(st.sampled_from([w.value for w in weights] + [pool[-1], pool[0]]))
        if op == "tanh":
            pool.append(emit("tanh", pool[-1]))
        elif data.draw(st.booleans()):
            pool.append(emit(op, pool[-1], operand))
        else:
            pool.append(emit(op, operand, pool[-1]))
    outputs = [pool[-1], pool[data.draw(st.integers(0, len(pool) - 1))]]
    updates = []
    if data.draw(st.booleans()):
        updates = [(weights[1], emit("sum", pool[-1], axes=[0]))] if pool[-1].shape[0] == 4 else []
    array = random((4, 5), -1, 1, "float32")
    for passes in ({}, {"keep": False}, {"batch_norm": False}):
        program = core.Program([x], outputs, updates, passes=passes)
        for _ in range(2):
            expected = core.interpret([x], outputs, [array])
            for mine, other in zip(program.run([array]), expected, strict=True):
                np.testing.assert_allclose(mine, other, rtol=2e-4, atol=2e-4)


# ---- transposes ------------------------------------------------------------------------------------------------------
FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]  # channels to the front; channels to the end


def channels_first_net(x: core.Value, training: bool = False) -> tuple[core.Value, list[core.Variable]]:
    """Twice convolution, bias, batch normalisation, relu; padding, maximum pool, a skip connection, mean of places."""
    weights: list[core.Variable] = []

    def weight(*shape: int) -> core.Value:
        weights.append(variable(f"w{len(weights)}", *shape, low=0.2, high=0.8))
        return weights[-1].value

    def column(channels: int) -> core.Value:
        return emit("reshape", weight(channels), core.constant(vector(1, channels, 1, 1)))

    def block(y: core.Value, channels: int, filters: int) -> core.Value:
        image = emit("transpose", y, permutation=LAST)
        kernel = weight(3, 3, channels, filters)
        image = emit("convolution", image, kernel, strides=[1, 1], dilations=[1, 1], padding="same")
        y = emit("add", emit("transpose", image, permutation=FIRST), column(filters))
        if training:
            mean = emit("mean", y, axes=[0, 2, 3], keepdims=True)
            centred = emit("subtract", y, mean)
            spread = emit("mean", emit("square", centred), axes=[0, 2, 3], keepdims=True)
            y = emit("multiply", centred, emit("rsqrt", emit("add", spread, core.constant(np.float32(1e-3)))))
        y = emit("multiply", y, column(filters))
        return emit("relu", emit("add", y, column(filters)))

    y = block(x, 3, 6)
    y = emit("pad", y, paddings=[0, 0, 0, 0, 1, 1, 1, 1], value=0.0)
    pooled = emit("max_pool", emit("transpose", y, permutation=LAST), sizes=[2, 2], strides=[2, 2], padding="valid")
    y = emit("transpose", pooled, permutation=FIRST)
    y = emit("add", block(y, 6, 6), y)
    y = emit("concat", y, y, axis=1)
    return emit("mean", y, axes=[2, 3]), weights


def test_a_channels_first_network_is_transposed_once() -> None:
    x = core.placeholder((None, 3, 6, 6), name="x")
    y, _ = channels_first_net(x)
    array = random((2, 3, 6, 6), -1, 1, "float32")
    program, plain = core.Program([x], [y]), core.Program([x], [y], passes={"transposes": False})
    expected = core.interpret([x], [y], [array])[0]
    np.testing.assert_allclose(program(array), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(plain(array), expected, rtol=1e-5, atol=1e-5)
    assert program.explain().count("{transpose}") == 1
    assert plain.explain().count("{transpose}") == 6


def test_training_it_transposes_the_batch_alone() -> None:
    x = core.placeholder((None, 3, 6, 6), name="x")
    y, weights = channels_first_net(x, training=True)
    loss = emit("sum", emit("square", y), axes=[0, 1])
    gradients = core.gradients([loss], [w.value for w in weights])
    array = random((2, 3, 6, 6), -1, 1, "float32")
    program, plain = (core.Program([x], [loss, *gradients], passes=p) for p in ({}, {"transposes": False}))
    expected = core.interpret([x], [loss, *gradients], [array])
    for one in (program, plain):
        for mine, other in zip(one.run([array]), expected, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4)
    assert program.explain().count("{transpose}") == 1, program.explain()
    assert plain.explain().count("{transpose}") > 10


def test_inverse_transposes_cancel_and_others_join() -> None:
    x = core.placeholder((2, 3, 4), name="x")
    there = emit("transpose", x, permutation=[2, 0, 1])
    back = emit("transpose", emit("tanh", there), permutation=[1, 2, 0])
    assert steps(core_run([x], [back])) == ["elementwise"]
    twice = emit("transpose", there, permutation=[2, 0, 1])
    program = core_run([x], [twice])
    assert steps(program) == ["copy"]
    array = random((2, 3, 4), -1, 1, "float32")
    np.testing.assert_array_equal(program(array), array.transpose(1, 2, 0))


def core_run(inputs: list[core.Value], outputs: list[core.Value]) -> core.Program:
    program = core.Program(inputs, outputs)
    program.run([random(x.shape, -1, 1, x.dtype) for x in inputs])
    return program


class Moving:
    """Random graphs of transpositions and what they may move behind."""

    def __init__(self, draw: Any, unknown: bool) -> None:
        self.draw = draw
        sizes = (2, 3, 4, 2)
        self.x = core.placeholder((None, None, None, None) if unknown else sizes, name="x")
        self.weights = [variable(f"v{n}", n) for n in (2, 3, 4)]
        self.whole = variable("whole", *sizes)
        self.pool: list[tuple[core.Value, tuple[int, ...]]] = [(self.x, sizes), (self.whole.value, sizes)]
        table = (
            self.transpose,
            self.transpose,
            self.unary,
            self.binary,
            self.spread,
            self.reduce,
            self.pad,
            self.cut,
            self.join,
        )
        for step in draw(st.lists(st.sampled_from(table), min_size=4, max_size=16)):
            step()
        self.outputs = [self.pick()[0] for _ in range(draw(st.integers(1, 3)))]
        wanted = [
            gradient for gradient in core.gradients(self.outputs, [self.x, self.whole.value]) if gradient is not None
        ]
        self.outputs += wanted

    def pick(self, fits: Any = lambda shape: True) -> tuple[core.Value, tuple[int, ...]]:
        fitting = [one for one in self.pool if fits(one[1])]
        return fitting[-1 - self.draw(st.integers(0, min(len(fitting), 4) - 1))]

    def transpose(self) -> None:
        x, shape = self.pick()
        order = self.draw(st.permutations(range(len(shape))))
        if len(shape) == 4 and self.draw(st.booleans()):
            order = self.draw(st.sampled_from((FIRST, LAST)))
        self.pool.append((emit("transpose", x, permutation=list(order)), tuple(shape[k] for k in order)))

    def unary(self) -> None:
        x, shape = self.pick()
        self.pool.append((emit(self.draw(st.sampled_from(("tanh", "relu", "negative"))), x), shape))

    def binary(self) -> None:
        x, shape = self.pick()
        y, _ = self.pick(lambda other: other == shape)
        self.pool.append((emit(self.draw(st.sampled_from(("add", "multiply"))), x, y), shape))

    def spread(self) -> None:
        """With a weight along one axis."""
        x, shape = self.pick(lambda s: any(n in (2, 3, 4) for n in s))
        axis = self.draw(st.sampled_from([k for k, n in enumerate(shape) if n in (2, 3, 4)]))
        ones = [1] * (len(shape) - axis - 1)
        column = emit("reshape", self.weights[shape[axis] - 2].value, core.constant(vector(shape[axis], *ones)))
        self.pool.append((emit("multiply", x, column), shape))

    def reduce(self) -> None:
        x, shape = self.pick(lambda s: len(s) > 1)
        axis, keep = self.draw(st.integers(0, len(shape) - 1)), self.draw(st.booleans())
        smaller = (*shape[:axis], *((1,) if keep else ()), *shape[axis + 1 :])
        op = self.draw(st.sampled_from(("sum", "mean", "max")))
        reduced = emit(op, x, axes=[axis], keepdims=keep)
        self.pool.append((reduced, smaller))
        if keep:
            self.pool.append((emit("subtract", x, reduced), shape))

    def pad(self) -> None:
        x, shape = self.pick()
        axis = self.draw(st.integers(0, len(shape) - 1))
        paddings = [0] * 2 * len(shape)
        paddings[2 * axis] = 1
        self.pool.append(
            (emit("pad", x, paddings=paddings, value=0.5), (*shape[:axis], shape[axis] + 1, *shape[axis + 1 :]))
        )

    def cut(self) -> None:
        x, shape = self.pick(lambda s: max(s) > 1)
        axis = self.draw(st.sampled_from([k for k, n in enumerate(shape) if n > 1]))
        begins: list[int | None] = [None] * len(shape)
        begins[axis] = 1
        none = [None] * len(shape)
        y = emit("slice", x, begins=begins, ends=none, steps=none)
        self.pool.append((y, (*shape[:axis], shape[axis] - 1, *shape[axis + 1 :])))

    def join(self) -> None:
        x, shape = self.pick()
        y, _ = self.pick(lambda other: other == shape)
        axis = self.draw(st.integers(0, len(shape) - 1))
        self.pool.append((emit("concat", x, y, axis=axis), (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :])))


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_sunk_transposes_agree_with_the_interpreter(data: st.DataObject) -> None:
    graph = Moving(data.draw, unknown=data.draw(st.booleans()))
    array = random((2, 3, 4, 2), -1, 1, "float32")
    program = core.Program([graph.x], graph.outputs)
    expected = core.interpret([graph.x], graph.outputs, [array])
    for mine, other in zip(program.run([array]), expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4, err_msg=program.explain())
