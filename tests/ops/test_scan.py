"""scan: gradients of everything it has, loops in loops, random numbers, what is pruned, and bad data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from case import Array, numeric_gradient, random, vector

from nnstack import _core as core


def emit(op: str, *inputs: core.Value, **attributes: Any) -> core.Value:
    return core.emit(op, inputs, attributes)[0]


class Recurrent:
    """h' = tanh(x w + h u + c), with result h' * h' and a step counter, on unknown sizes."""

    def __init__(self, reverse: bool = False, dtype: str = "float64") -> None:
        self.x, self.h, self.w, self.u = (
            core.placeholder((None,) * n, dtype, name) for n, name in ((3, "x"), (2, "h"), (2, "w"), (2, "u"))
        )
        slice_, state = (core.placeholder((None, None), dtype) for _ in range(2))
        count = core.placeholder((), "int64")
        hoisted = emit("sin", self.u)  # does not depend on the step: computed once, outside
        inside = emit("add", emit("matmul", slice_, self.w), emit("matmul", state, hoisted))
        new = emit("tanh", emit("add", inside, emit("cast", count, dtype=dtype)))
        results = [new, emit("add", count, core.constant(np.int64(1))), emit("multiply", new, new)]
        self.body, captured = core.close_body([state, count, slice_], results)
        assert set(captured) == {self.w, hoisted}
        self.outputs = core.emit(
            "scan",
            [self.h, core.constant(np.int64(0)), self.x, *captured],
            {"body": self.body, "states": 2, "sequences": 1, "reverse": reverse},
        )
        self.inputs = [self.x, self.h, self.w, self.u]

    def arrays(self, length: int, batch: int, size: int, dtype: str = "float64") -> list[Array]:
        shapes = ((length, batch, 3), (batch, size), (3, size), (size, size))
        return [random(shape, -1, 1, dtype, i) for i, shape in enumerate(shapes)]


def by_hand(arrays: list[Array], reverse: bool) -> list[Array]:
    x, h, w, u = (a.astype("float64") for a in arrays)
    times = range(len(x))[::-1] if reverse else range(len(x))
    squares, before = np.zeros((len(x), *h.shape)), np.zeros((len(x), *h.shape))
    for count, t in enumerate(times):
        before[t] = h
        h = np.tanh(x[t] @ w + h @ np.sin(u) + count)
        squares[t] = h * h
    return [h, np.array(len(x)), squares, before]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sizes", [(0, 2, 3), (1, 1, 1), (5, 2, 3), (4, 3, 17), (3, 0, 2)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_are_what_the_loop_says(sizes: tuple[int, int, int], reverse: bool, dtype: str) -> None:
    loop = Recurrent(reverse, dtype)
    arrays = loop.arrays(*sizes, dtype)
    outputs = loop.outputs[:4]
    found = core.Program(loop.inputs, outputs).run(arrays)
    for mine, wanted in zip(found, by_hand(arrays, reverse), strict=True):
        assert mine.shape == wanted.shape
        np.testing.assert_allclose(mine, wanted, rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-6)
    for mine, other in zip(found, core.interpret(loop.inputs, outputs, arrays), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("reverse", [False, True])
def test_first_and_second_derivatives_of_every_input_through_every_output(reverse: bool) -> None:
    loop = Recurrent(reverse)
    arrays = loop.arrays(3, 2, 2)
    outputs = [loop.outputs[k] for k in (0, 2, 3)]
    weights = [random((3, 2, 2) if k else (2, 2), -1, 1, seed=20 + k) for k in range(3)]
    first = core.gradients(outputs, loop.inputs, [core.constant(w) for w in weights])
    directions = [random(a.shape, -1, 1, seed=30 + i) for i, a in enumerate(arrays)]
    second = core.gradients(first, loop.inputs, [core.constant(d) for d in directions])
    program = core.Program(loop.inputs, [*outputs, *first, *second])
    found = program.run(arrays)

    def value(at: list[Array]) -> float:
        return sum(float((y * w).sum()) for y, w in zip(program.run(at)[:3], weights, strict=True))

    def slope(at: list[Array]) -> float:
        return sum(float((g * d).sum()) for g, d in zip(program.run(at)[3:7], directions, strict=True))

    for which in range(4):
        np.testing.assert_allclose(found[3 + which], numeric_gradient(value, arrays, which), rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(found[7 + which], numeric_gradient(slope, arrays, which), rtol=1e-6, atol=1e-6)
    for mine, other in zip(found, core.interpret(loop.inputs, [*outputs, *first, *second], arrays), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_what_nobody_reads_is_not_computed() -> None:
    loop = Recurrent()
    arrays = loop.arrays(6, 2, 3)
    program = core.Program(loop.inputs, [loop.outputs[1]])  # the counter alone
    assert program.run(arrays)[0] == 6
    assert "matmul" not in program.explain()
    final = core.Program(loop.inputs, [loop.outputs[0]])
    final.run(arrays)
    both = core.Program(loop.inputs, [loop.outputs[0], loop.outputs[3]])
    both.run(arrays)
    assert "scan {6 steps}" in final.explain()
    assert final.stats()["arena_bytes"] <= both.stats()["arena_bytes"]


def test_a_loop_in_a_loop_and_its_gradient() -> None:
    x = core.placeholder((None, None), "float64", "x")
    row, total = core.placeholder((None,), "float64"), core.placeholder((), "float64")
    item, inner = core.placeholder((), "float64"), core.placeholder((), "float64")
    step = emit("sin", emit("add", emit("multiply", inner, item), total))  # the outer state, inside
    body, captured = core.close_body([inner, item], [step])
    wiring = {"states": 1, "sequences": 1}
    one = core.constant(np.float64(0.5))
    last = emit("scan", one, row, *captured, body=body, **wiring)
    outer, outside = core.close_body([total, row], [emit("add", last, total)])
    y = emit("scan", one, x, *outside, body=outer, **wiring)
    slope = core.gradients([y], [x])[0]
    assert slope is not None
    program = core.Program([x], [y, slope])
    array = random((3, 4), -1, 1)

    def by_numpy(arrays: list[Array]) -> float:
        outer_state = 0.5
        for row_now in arrays[0]:
            state = 0.5
            for number in row_now:
                state = np.sin(state * number + outer_state)
            outer_state += state
        return float(outer_state)

    found = program.run([array])
    assert found[0] == pytest.approx(by_numpy([array]), rel=1e-12)
    np.testing.assert_allclose(found[1], numeric_gradient(by_numpy, [array], 0), rtol=1e-6, atol=1e-8)
    for mine, other in zip(found, core.interpret([x], [y, slope], [array]), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_sizes_from_outside_are_known_inside() -> None:
    x = core.placeholder((None, None), "float64", "x")
    shape = emit("shape_of", emit("slice", x, begins=[0, None], ends=[1, None], steps=[1, 1]))
    piece = core.placeholder((None,), "float64")
    body, captured = core.close_body([piece], [emit("reshape", piece, shape)])
    y = emit("scan", x, *captured, body=body, states=0, sequences=1)
    array = random((3, 4), -1, 1)
    np.testing.assert_array_equal(core.Program([x], [y]).run([array])[0], array[:, None, :])


def test_the_branch_of_the_learning_phase_is_taken_inside() -> None:
    x, piece = core.placeholder((None, 3), "float32"), core.placeholder((3,), "float32")
    body, captured = core.close_body(
        [piece], [emit("switch", core.learning_phase(), emit("exp", piece), emit("negative", piece))]
    )
    y = emit("scan", x, *captured, body=body, states=0, sequences=1)
    array = random((4, 3), -1, 1, "float32")
    program = core.Program([x], [y], learning_phase=False)
    np.testing.assert_array_equal(program.run([array])[0], -array)
    assert "exp" not in program.explain()
    np.testing.assert_allclose(core.Program([x], [y], learning_phase=True).run([array])[0], np.exp(array), rtol=1e-6)


def test_an_index_out_of_range_inside_is_found_and_no_variable_written() -> None:
    table, x = core.placeholder((4,), "float32"), core.placeholder((None,), "int64")
    piece = core.placeholder((), "int64")
    body, captured = core.close_body([piece], [emit("gather", table, piece, axis=0)])
    y = emit("scan", x, *captured, body=body, states=0, sequences=1)
    variable = core.Variable("v", np.zeros(1, "float32"))
    update = [(variable, emit("add", variable.value, core.constant(np.float32(1))))]
    program = core.Program([table, x], [y], update)
    numbers = random((4,), -1, 1, "float32")
    np.testing.assert_array_equal(program.run([numbers, vector(3, 1)])[0], numbers[[3, 1]])
    with pytest.raises(ValueError, match="index"):
        program.run([numbers, vector(0, 4)])
    assert variable.numpy() == 1


def test_wrong_wiring_is_named() -> None:
    state, piece = core.placeholder((2,), "float32"), core.placeholder((2,), "float32")
    body, _ = core.close_body([state, piece], [emit("add", state, piece)])
    start, x = core.placeholder((2,), "float32"), core.placeholder((None, 2), "float32")
    with pytest.raises(ValueError, match=r"scan: input 1 is float32\(None, 3\), the body takes float32\(2,\)"):
        emit("scan", start, core.placeholder((None, 3), "float32"), body=body, states=1, sequences=1)
    with pytest.raises(ValueError, match="expected 2 inputs"):
        emit("scan", start, x, x, body=body, states=1, sequences=1)
    with pytest.raises(ValueError, match="at least one sequence"):
        emit("scan", start, x, body=body, states=2, sequences=0)
    grown, _ = core.close_body([state, piece], [emit("concat", state, piece, axis=0)])
    with pytest.raises(ValueError, match=r"state 0 is float32\(2,\) before a step and float32\(4,\) after it"):
        emit("scan", start, x, body=grown, states=1, sequences=1)
    free = core.placeholder((None,), "float32")
    unknown, _ = core.close_body(
        [free, free2 := core.placeholder((None,), "float32")], [emit("concat", free, free2, axis=0)]
    )
    starts, xs = core.placeholder((None,), "float32"), core.placeholder((None, None), "float32")
    y = emit("scan", starts, xs, body=unknown, states=1, sequences=1)
    with pytest.raises(ValueError, match="before a step"):
        core.Program([starts, xs], [y]).run([np.zeros(2, "float32"), np.zeros((2, 2), "float32")])
    with pytest.raises(ValueError, match="must be a placeholder"):
        core.close_body([emit("tanh", piece)], [piece])


def test_plans_of_many_lengths_stay_small() -> None:
    loop = Recurrent(dtype="float32")
    slopes = core.gradients([loop.outputs[2]], [loop.w])
    program = core.Program(loop.inputs, slopes)
    program.run(loop.arrays(5, 2, 3, "float32"))
    steps = program.stats()["steps"]
    for length in (7, 50, 1000):
        program.run(loop.arrays(length, 2, 3, "float32"))
        assert program.stats()["steps"] == steps
