"""Programs at work: random states, threads, the same bits for any number of them, no allocations, very deep graphs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from case import Array, random, vector

from nnstack import _core as core


def emit(op: str, *inputs: core.Value, **attributes: Any) -> core.Value:
    return core.emit(op, inputs, attributes)[0]


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = core.get_num_threads()
    yield
    core.set_num_threads(before)


class Training:
    """Two dense layers with dropout, cross-entropy and momentum: a training step as a model makes it."""

    def __init__(self, inputs: int = 64, hidden: int = 128, classes: int = 10) -> None:
        shapes = {"w1": (inputs, hidden), "b1": (hidden,), "w2": (hidden, classes), "b2": (classes,)}
        self.weights = [core.Variable(n, random(s, -0.1, 0.1, "float32", i)) for i, (n, s) in enumerate(shapes.items())]
        self.velocities = [core.Variable(f"{v.name}/m", np.zeros(v.shape, np.float32)) for v in self.weights]
        self.state = core.Variable("dropout", vector(3, 0), random_state=True)
        self.x, self.labels = core.placeholder((None, inputs)), core.placeholder((None, classes))
        w1, b1, w2, b2 = (v.value for v in self.weights)
        h = emit("relu", emit("add", emit("matmul", self.x, w1), b1))
        uniform = emit("random_uniform", self.state.value, emit("shape_of", h))
        keep = emit("cast", emit("greater_equal", uniform, core.constant(np.float32(0.2))), dtype="float32")
        dropped = emit("multiply", h, emit("multiply", keep, core.constant(np.float32(1.25))))
        self.logits = emit("add", emit("matmul", emit("switch", core.learning_phase(), dropped, h), w2), b2)
        rows = emit("sum", emit("multiply", self.labels, emit("log_softmax", self.logits)), axes=[1])
        self.loss = emit("negative", emit("mean", rows, axes=[0]))
        self.updates: list[tuple[core.Variable, core.Value]] = []
        gradients = core.gradients([self.loss], [v.value for v in self.weights])
        for weight, velocity, gradient in zip(self.weights, self.velocities, gradients, strict=True):
            step = emit("multiply", gradient, core.constant(np.float32(-0.1)))
            moved = emit("add", emit("multiply", velocity.value, core.constant(np.float32(0.9))), step)
            self.updates += [(velocity, moved), (weight, emit("add", weight.value, moved))]

    def compile(self, **options: Any) -> core.Program:
        return core.Program([self.x, self.labels], [self.loss], self.updates, learning_phase=True, **options)

    def batch(self, rows: int = 33, seed: int = 1) -> list[Array]:
        classes = np.random.default_rng(seed).integers(0, 10, rows)
        return [random((rows, 64), -1, 1, "float32", seed), np.eye(10, dtype=np.float32)[classes]]


def test_a_training_step_learns_and_is_what_the_interpreter_says() -> None:
    model = Training()
    step, batch = model.compile(), model.batch()
    losses = []
    for _ in range(20):
        wanted = core.interpret([model.x, model.labels], [model.loss, *(u for _, u in model.updates)], batch, True)
        losses.append(step(*batch))
        np.testing.assert_array_equal(losses[-1], wanted[0])
        for (variable, _), new in zip(model.updates, wanted[1:], strict=True):
            np.testing.assert_array_equal(variable.numpy(), new)
    assert losses[-1] < losses[0] / 2
    assert model.state.numpy().tolist() == [3, 20]


def test_any_number_of_threads_gives_the_same_bits() -> None:
    found = []
    for threads in (1, 2, 3, 7):
        core.set_num_threads(threads)
        assert core.get_num_threads() == threads
        model = Training(hidden=517)
        step = model.compile()
        losses = [step(*model.batch(257, seed)) for seed in range(5)]
        found.append([*losses, *(v.numpy() for v in model.weights)])
    for other in found[1:]:
        for mine, theirs in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_random_numbers_depend_on_state_and_stream_alone() -> None:
    def draw(counter: int, stream: int, threads: int, shape: tuple[int, ...] = (257, 129)) -> Array:
        core.set_num_threads(threads)
        state = core.Variable("state", vector(5, counter), random_state=True)
        u = emit("random_uniform", state.value, core.constant(vector(*shape)), stream=stream)
        program = core.Program([], [emit("add", u, core.constant(np.float32(1)))])
        first, second = program(), program()
        assert state.numpy().tolist() == [5, counter + 2]
        assert not np.array_equal(first, second)
        np.testing.assert_array_equal(second, draw_interpreted(counter + 1, stream, shape))
        return first

    def draw_interpreted(counter: int, stream: int, shape: tuple[int, ...]) -> Array:
        u = emit("random_uniform", core.constant(vector(5, counter)), core.constant(vector(*shape)), stream=stream)
        return emit("add", u, core.constant(np.float32(1))).numpy()

    np.testing.assert_array_equal(draw(0, 0, threads=1), draw(0, 0, threads=3))
    assert not np.array_equal(draw(0, 0, threads=1), draw(0, 1, threads=1))
    numbers = draw(0, 0, threads=2) - 1
    assert abs(numbers.mean() - 0.5) < 0.005
    assert abs(numbers.std() - 12**-0.5) < 0.005


def test_a_step_that_assigns_its_random_state_is_left_alone() -> None:
    state = core.Variable("state", vector(5, 0), random_state=True)
    u = emit("random_uniform", state.value, core.constant(vector(3)))
    program = core.Program([], [u], [(state, core.constant(vector(9, 9)))])
    program()
    assert state.numpy().tolist() == [9, 9]


def test_a_prediction_writes_nothing() -> None:
    model = Training()
    predict = core.Program([model.x], [model.logits], learning_phase=False)
    predict(model.batch()[0])
    assert [v.version for v in (*model.weights, model.state)] == [0] * 5


def test_predictions_and_assignments_from_many_threads() -> None:
    """Every prediction sees all of an assignment or nothing of it; a writer gets its turn."""
    a, b = (core.Variable(n, np.zeros((64, 64), np.float32)) for n in "ab")
    x = core.placeholder((None, 64))
    y = emit("add", emit("matmul", x, a.value), emit("matmul", x, b.value))
    predict = core.Program([x], [emit("max", y, axes=[0, 1]), emit("min", y, axes=[0, 1])])
    source = core.placeholder(())
    filled = emit("broadcast_to", source, core.constant(vector(64, 64)))
    write = core.Program([source], [], [(a, filled), (b, emit("negative", filled))])
    stop, errors = threading.Event(), []
    rows = np.ones((8, 64), np.float32)

    def reader() -> None:
        try:
            while not stop.is_set():
                high, low = predict(rows)
                if high != 0 or low != 0:
                    errors.append((high, low))
        except Exception as error:
            errors.append(error)

    readers = [threading.Thread(target=reader) for _ in range(8)]
    for thread in readers:
        thread.start()
    for i in range(100):
        write(np.float32(i))
        assert a.numpy()[0, 0] == i
    a.assign(np.zeros((64, 64)))
    stop.set()
    for thread in readers:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in readers)
    # The last assignment changes one of the two alone; only then may a sum be seen that is not zero.
    assert all(isinstance(e, tuple) and abs(e[0]) == 64 * 99 for e in errors)


def test_steady_state_allocates_nothing() -> None:
    model = Training()
    step, predict = model.compile(), core.Program([model.x], [model.logits], learning_phase=False)
    rows = model.batch(1000)
    order = np.random.default_rng(0).permutation(1000)
    step.run_steps(rows, order, 0, 32, 32, 60.0)  # plans for 32 and for the last 8 rows
    predict(rows[0][:32])
    before = core.allocations()
    for _ in range(50):
        step(*(a[:32] for a in rows))
        predict(rows[0][:32])
    assert core.allocations() == before
    step.run_steps(rows, order, 0, 32, 2, 60.0)
    few = core.allocations() - before
    step.run_steps(rows, order, 0, 32, 31, 60.0)
    assert core.allocations() - before == 2 * few  # per call at most, not per step


def test_ten_thousand_ops_deep() -> None:
    def check() -> None:
        x = core.placeholder((3,))
        y = x
        for i in range(10_000):
            y = emit("multiply", emit("tanh", y), y) if i % 2 else emit("add", y, y)
        (gradient,) = core.gradients([y], [x])
        program = core.Program([x], [y, gradient])
        found = program(np.full(3, 0.1, np.float32))
        assert all(np.isfinite(f).all() for f in found)
        del y, gradient, program

    thread = threading.Thread(target=check)  # a stack of its own, smaller than the main one
    before = threading.stack_size(1 << 20)
    try:
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()


def test_integers_deep_and_shared() -> None:
    """What is known of integers is worked out once per value, not once per path."""
    y = core.placeholder((), "int64")
    x = y
    for _ in range(200):
        y = emit("add", y, y)
    assert core.Program([x], [y])(np.int64(1)) == 0  # 2 to the 200th, modulo 2 to the 64th


def test_the_profile_counts_each_step() -> None:
    core.set_layer("dense")
    model = Training()
    core.set_layer("")
    step = model.compile()
    step.profile(True)
    for _ in range(3):
        step(*model.batch())
    report = step.profile_report()
    assert len(report) == step.stats()["steps"]
    assert {row["calls"] for row in report} == {3}
    assert all(row["seconds"] >= 0 for row in report)
    assert sum(row["layer"] == "dense" for row in report) >= 4
    assert any(row["kernel"] == "matmul" for row in report)
