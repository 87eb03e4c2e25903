"""Passes: each agrees with the interpreter, on its own and with the others; on tiny graphs each does what it is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from case import random
from graphs import Graph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnstack import _core as core

PASSES = ("fold", "keep", "elementwise", "epilogue", "join", "in_place", "memory")
ROUNDING = {"transposes": False, "batch_norm": False}  # these two add in another order: see test_rewriting_passes.py
SWITCHES = (
    ROUNDING,
    {**ROUNDING, **dict.fromkeys(PASSES, False)},
    *({**ROUNDING, name: False} for name in PASSES),
    *({**ROUNDING, **dict.fromkeys(PASSES, False), name: True} for name in PASSES),
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_passes_give_the_interpreters_bits(data: st.DataObject) -> None:
    graph = Graph(data.draw, unknown=data.draw(st.booleans()))
    training = data.draw(st.booleans())
    draws = graph.draws(training)
    for passes in SWITCHES:
        graph.reset()
        program = core.Program(graph.inputs, graph.outputs, graph.updates, learning_phase=training, passes=passes)
        for run in range(2):
            outputs, variables = graph.interpret(training)
            found = program.run(graph.arrays)
            for mine, other in zip(found, outputs, strict=True):
                np.testing.assert_array_equal(mine, other, err_msg=f"{passes} run {run}\n{program.explain()}")
            for variable, other in zip(graph.variables, variables, strict=True):
                np.testing.assert_array_equal(variable.numpy(), other, err_msg=f"{passes} {variable.name}")
            assert graph.state.numpy().tolist() == [7, run + 1 if draws else 0]


def emit(op: str, *inputs: core.Value, **attributes: Any) -> core.Value:
    return core.emit(op, inputs, attributes)[0]


def number(value: float) -> core.Value:
    return core.constant(np.float32(value))


def compile_and_run(inputs: list[core.Value], outputs: list[core.Value], *updates: Any, **options: Any) -> core.Program:
    program = core.Program(inputs, outputs, updates, **options)
    program.run([random(x.shape, -1, 1, x.dtype) for x in inputs])
    return program


def steps(program: core.Program) -> list[str]:
    return [line.split(": ", 1)[1].split(" ", 1)[0] for line in program.explain().splitlines()[1:]]


X = core.placeholder((4, 5), name="x")


def test_fold_computes_constants_once() -> None:
    training = emit("cast", core.learning_phase(), dtype="float32")  # not known before a program is compiled
    y = emit("multiply", X, emit("exp", training))
    assert compile_and_run([X], [y], learning_phase=True).stats()["nodes"] == 1
    assert compile_and_run([X], [y], learning_phase=True, passes={"fold": False}).stats()["nodes"] == 3


def test_fold_merges_equal_nodes_and_equal_constants() -> None:
    y = emit("add", emit("exp", emit("multiply", X, number(2))), emit("exp", emit("multiply", X, number(2))))
    assert compile_and_run([X], [y]).stats()["nodes"] == 3
    assert compile_and_run([X], [y], passes={"fold": False}).stats()["nodes"] == 5


def test_fold_never_merges_random_streams() -> None:
    state, shape = core.Variable("state", np.array([1, 0]), random_state=True), core.constant(np.array([4, 5]))
    first, second = (emit("random_uniform", state.value, shape, stream=s) for s in (0, 1))
    program = core.Program([], [first, second])
    a, b = program.run([])
    assert not np.array_equal(a, b)


def test_fold_drops_multiplication_by_one() -> None:
    y = emit("divide", emit("multiply", number(1), emit("tanh", X)), number(1))
    assert compile_and_run([X], [y]).stats()["nodes"] == 1


@pytest.mark.parametrize("fold", [True, False])
def test_a_known_switch_runs_one_branch(fold: bool) -> None:
    missing = core.placeholder((4, 5), name="not fed")
    state = core.Variable("state", np.array([1, 0]), random_state=True)
    noise = emit("random_uniform", state.value, emit("shape_of", missing))
    y = emit("switch", core.learning_phase(), emit("multiply", missing, noise), emit("tanh", X))
    program = core.Program([X], [y], learning_phase=False, passes={"fold": fold})
    x = random((4, 5), -1, 1, "float32")
    np.testing.assert_array_equal(program(x), core.interpret([X], [emit("tanh", X)], [x])[0])
    assert state.version == 0
    with pytest.raises(ValueError, match='depends on placeholder "not fed"'):
        core.Program([X], [y], learning_phase=True)


def test_the_learning_phase_may_be_fed() -> None:
    y = emit("switch", core.learning_phase(), emit("negative", X), X)
    program = core.Program([X, core.learning_phase()], [y])
    x = random((4, 5), -1, 1, "float32")
    np.testing.assert_array_equal(program(x, True), -x)
    np.testing.assert_array_equal(program(x, False), x)


def test_a_chain_of_elementwise_ops_is_one_step() -> None:
    y = X
    for op in ("exp", "negative", "tanh", "square"):
        y = emit(op, y)
    y = emit("add", y, core.constant(random((5,), -1, 1, "float32")))
    assert steps(compile_and_run([X], [y])) == ["elementwise"]
    assert steps(compile_and_run([X], [y], passes={"elementwise": False})) == ["elementwise"] * 5


def test_results_that_are_read_once_join_their_reader() -> None:
    scale = number(0.1)
    moved = emit("add", emit("multiply", emit("square", X), scale), emit("multiply", emit("tanh", X), scale))
    program = compile_and_run([X], [emit("relu", moved)])
    assert "} 2 pairs" in program.explain()
    apart = compile_and_run([X], [emit("relu", moved)], passes={"join": False})
    assert "pair" not in apart.explain()
    x = random((4, 5), -2, 2, "float32")
    np.testing.assert_array_equal(program(x), apart(x))


def test_a_result_that_is_read_twice_or_returned_joins_nobody() -> None:
    double = emit("add", X, X)
    assert "pair" not in compile_and_run([X], [emit("multiply", double, double)]).explain()
    assert "pair" not in compile_and_run([X], [double, emit("multiply", double, X)]).explain()


def test_a_group_within_the_kernels_limits_is_split_beyond_them() -> None:
    y = X
    for i in range(200):
        y = emit("add", emit("sin", y), core.constant(np.float32(i / 100)))
    program = compile_and_run([X], [y])
    assert 200 * 2 / 48 <= len(steps(program)) <= 20
    x = random((4, 5), -1, 1, "float32")
    np.testing.assert_array_equal(program(x), core.interpret([X], [y], [x])[0])


def test_bias_and_relu_join_the_product() -> None:
    weights, bias = (
        core.Variable("w", random((5, 3), -1, 1, "float32")),
        core.Variable("b", random((3,), -1, 1, "float32")),
    )
    y = emit("relu", emit("add", emit("matmul", X, weights.value), bias.value))
    assert steps(compile_and_run([X], [y])) == ["matmul"]
    assert steps(compile_and_run([X], [y], passes={"epilogue": False})) == ["matmul", "elementwise"]


def test_a_product_with_two_readers_keeps_both() -> None:
    product = emit("matmul", X, core.constant(random((5, 3), -1, 1, "float32")))
    outputs = [emit("relu", product), emit("sum", product, axes=[0, 1]), product]
    program, x = core.Program([X], outputs), random((4, 5), -1, 1, "float32")
    for mine, other in zip(program.run([x]), core.interpret([X], outputs, [x]), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_an_update_writes_into_its_variable() -> None:
    w = core.Variable("w", random((4, 5), -1, 1, "float32"))
    new = emit("subtract", w.value, emit("multiply", number(0.1), X))
    assert steps(compile_and_run([X], [], (w, new))) == ["elementwise"]
    assert steps(compile_and_run([X], [], (w, new), passes={"in_place": False})) == ["elementwise", "elementwise"]
    assert compile_and_run([X], [], (w, new)).stats()["arena_bytes"] == 0


def test_a_gradient_step_of_a_product_writes_into_its_variable() -> None:
    w = core.Variable("w", random((5, 3), -1, 1, "float32"))
    y = emit("sum", emit("tanh", emit("matmul", X, w.value)), axes=[0, 1])
    new = emit("subtract", w.value, emit("multiply", number(0.1), core.gradients([y], [w.value])[0]))
    assert steps(compile_and_run([X], [], (w, new))) == ["matmul", "matmul"]


def test_memory_is_used_again() -> None:
    y = X
    for _ in range(6):
        y = emit("softmax", emit("transpose", y, permutation=[1, 0]))
    apart = compile_and_run([X], [y], passes={"memory": False}).stats()["arena_bytes"]
    together = compile_and_run([X], [y]).stats()["arena_bytes"]
    assert together <= apart / 4


def test_an_unknown_pass_is_named() -> None:
    with pytest.raises(
        ValueError,
        match='unknown pass "fusion"; known are fold, transposes, batch_norm, keep, elementwise, epilogue, join,',
    ):
        core.Program([X], [X], passes={"fusion": True})
