"""Programs: input errors, plans, many runs per call, random states, indices out of range, lifetimes."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from case import random, vector

from nnstack import _core as core


def emit(op: str, *inputs: core.Value, **attributes: Any) -> core.Value:
    return core.emit(op, inputs, attributes)[0]


def vector_program(**options: Any) -> core.Program:
    """x (None, 3), y (None,) -> x + 1, sum of y."""
    x, y = core.placeholder((None, 3), name="x"), core.placeholder((None,), "int32", "y")
    outputs = [emit("add", x, core.constant(np.float32(1))), emit("sum", y, axes=[0])]
    return core.Program([x, y], outputs, name="vectors", **options)


X, Y = np.ones((2, 3), np.float32), np.ones(2, np.int32)


@pytest.mark.parametrize(
    ("arrays", "error", "text"),
    [
        ([X], ValueError, 'program "vectors": expected 2 inputs, got 1'),
        ([X, Y, Y], ValueError, 'program "vectors": expected 2 inputs, got 3'),
        ([X[:, :2], Y], ValueError, 'input "x": expected float32(None, 3), got float32(2, 2)'),
        ([X[0], Y], ValueError, 'input "x": expected float32(None, 3), got float32(3,)'),
        ([X, X], ValueError, 'input "y": expected int32(None,), got int32(2, 3)'),
        (
            [X, np.array(["a", "b"])],
            TypeError,
            "arrays of dtype <U1 are not supported; convert to a float, an integer or bool",
        ),
        ([X, object()], TypeError, "arrays of dtype object are not supported; convert to a float, an integer or bool"),
    ],
)
def test_input_errors(arrays: list[Any], error: type[Exception], text: str) -> None:
    program = vector_program()
    for call in (lambda: program.run(arrays), lambda: program(*arrays)):
        with pytest.raises(error) as raised:
            call()
        assert str(raised.value) == text


def test_compile_errors() -> None:
    x = core.placeholder((2,), name="x")
    v = core.Variable("v", np.zeros(2, np.float32))
    y = emit("tanh", x)
    golden = [
        (lambda: core.Program([], [y]),
         'program: a result depends on placeholder "x" (2,), which is not among the inputs'),
        (lambda: core.Program([y], [y]), "program: an input must be a placeholder, got the result of tanh"),
        (lambda: core.Program([x, x], [y]), 'program: input "x" is given twice'),
        (lambda: core.Program([x], [], [(v, emit("cast", x, dtype="float64"))]),
         'variable "v": an update of float32 got float64'),
        (lambda: emit("tanhh", x), 'unknown op "tanhh"; the nearest name is "tanh"'),
        (lambda: emit("add", x), "add: expected 2 inputs, got 1"),
        (lambda: emit("add", x, core.constant(vector(1, 2))),
         "add: inputs have different dtypes: float32 and int64; cast one of them"),
        (lambda: emit("sum", x, axis=[0]), 'sum: unknown attribute "axis"'),
        (lambda: emit("sum", x, axes=[1]), "sum: axis 1 is out of range for a tensor of 1 dimensions"),
    ]  # fmt: skip
    for call, text in golden:
        with pytest.raises(ValueError) as raised:
            call()
        assert str(raised.value) == text


def test_bfloat16_stays_inside() -> None:
    x = core.placeholder((2,))
    half = emit("cast", x, dtype="bfloat16")
    program = core.Program([x], [emit("cast", emit("add", half, half), dtype="float32")])
    np.testing.assert_array_equal(program(np.array([1.00390625, 3.3], np.float32)), [2.0, 6.59375])
    with pytest.raises(ValueError, match="numpy has no bfloat16; cast that output to float32"):
        core.Program([x], [half])


def test_errors_name_the_layer() -> None:
    x = core.placeholder((None, 3))
    previous = core.set_layer("dense_1")
    try:
        y = emit("reshape", x, core.constant(vector(2, 3)))
        with pytest.raises(ValueError) as raised:
            emit("matmul", x, core.constant(np.zeros((4, 2), np.float32)))
    finally:
        assert core.set_layer(previous) == "dense_1"
    assert str(raised.value).startswith('matmul (layer "dense_1"): inner dimensions differ: (None, 3) times (4, 2)')
    with pytest.raises(ValueError, match='layer "dense_1"'):
        core.Program([x], [y])(np.zeros((3, 3), np.float32))


def test_each_batch_size_has_a_plan_and_the_cache_is_bounded() -> None:
    program = vector_program()
    for rows in (4, 2, 4, 0, 2, 4):
        first, second = program(random((rows, 3), -1, 1), np.arange(rows))
        assert first.shape == (rows, 3)
        assert second == sum(range(rows))
    assert program.stats()["plans"] == 3
    for rows in range(200):
        program(np.zeros((rows, 3)), np.zeros(rows))
    assert 3 < program.stats()["plans"] <= 64


def test_other_dtypes_layouts_and_byte_orders_are_converted() -> None:
    program = vector_program()
    wanted = np.arange(6).reshape(2, 3) + 1
    strided = np.repeat(np.arange(6, dtype="f4").reshape(2, 3), 2, axis=1)[:, ::2]
    swapped = np.arange(6, dtype=">f4").reshape(2, 3)
    fortran = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    for x in (np.arange(6).reshape(2, 3), [[0, 1, 2], [3, 4, 5]], strided, swapped, fortran):
        np.testing.assert_array_equal(program(x, Y)[0], wanted)


def recorder(dtype: str = "float32") -> tuple[core.Program, core.Variable, core.Variable]:
    """Remembers the rows of the last batch in order: count = count * 10 + sum of the batch; rows = batches so far."""
    x = core.placeholder((None, 1), dtype, "x")
    trace, runs = core.Variable("trace", np.zeros((), np.float64)), core.Variable("runs", np.zeros((), np.int64))
    total = emit("sum", emit("cast", x, dtype="float64"), axes=[0, 1])
    new = emit("add", emit("multiply", trace.value, core.constant(10.0)), total)
    counted = emit("add", runs.value, core.constant(np.int64(1)))
    return core.Program([x], [total], [(trace, new), (runs, counted)]), trace, runs


@pytest.mark.parametrize("source", ["float32", "float64", "int8", "int64", "uint8", "bool"])
def test_run_steps_takes_rows_in_the_given_order(source: str) -> None:
    program, trace, runs = recorder()
    rows = (
        np.array([[0], [1], [0], [1], [1]], source) if source == "bool" else np.arange(5).reshape(5, 1).astype(source)
    )
    order = vector(4, 0, 3, 1, 2)
    assert program.run_steps([rows], order, 0, 2, 3, 60.0) == 3
    picked = rows[order, 0].astype(float)
    expected = ((picked[0] + picked[1]) * 10 + picked[2] + picked[3]) * 10 + picked[4]
    assert trace.numpy() == expected
    assert runs.numpy() == 3
    assert program.run_steps([rows], order, 2, 2, 5, 60.0) == 1  # nothing is left after the short last batch
    assert program.run_steps([rows], None, 0, 1, 2, 60.0) == 2
    assert runs.numpy() == 6


def test_run_steps_ends_after_about_the_given_time() -> None:
    program, _, runs = recorder()
    rows = np.zeros((100_000, 1), np.float32)
    done = program.run_steps([rows], None, 0, 1, 100_000, 0.0)
    assert done == 1 == runs.numpy()
    assert 1 <= program.run_steps([rows], None, 0, 1, 100_000, 0.001) < 100_000  # a step takes about 0.1 us


def test_run_steps_refuses_what_it_cannot_do() -> None:
    program, _, runs = recorder()
    rows = np.zeros((5, 1), np.float32)
    for arguments, text in (
        (([rows], vector(0, 5), 0, 2, 1), "row 5 is not among 5 rows"),
        (([rows], vector(0, -1), 0, 2, 1), "row -1 is not among 5 rows"),
        (([rows], None, 0, 0, 1), "the batch size must be positive, got 0"),
        (([rows], None, -1, 2, 1), "must not be negative, got -1"),
        (([rows], vector(0, 1), -1, 2, 1), "must not be negative and batch positive, got -1 and 2"),
        (([rows, rows], None, 0, 2, 1), "expected 1 arrays, got 2"),
        (([rows[:, :0]], None, 0, 2, 1), 'input "x": expected float32'),
    ):
        with pytest.raises(ValueError, match=text):
            program.run_steps(*arguments)
    assert runs.numpy() == 0


def test_run_batches_fills_the_results() -> None:
    program = vector_program()
    x = random((7, 3), -1, 1)  # float64: cast on the way
    y = np.arange(7)
    results = [np.zeros((7, 3), np.float32)]
    plain = core.placeholder((None, 3))
    assert core.Program([plain], [emit("negative", plain)]).run_batches([x], 3, results)
    np.testing.assert_array_equal(results[0], -x.astype(np.float32))
    with pytest.raises(ValueError, match="expected 2 result arrays, got 1"):
        program.run_batches([x, y], 3, results)
    assert not program.run_batches([x, y], 3, [*results, np.zeros(7, np.int32)])  # the second output is a number
    with pytest.raises(ValueError, match="the arrays have 7 and 6 rows"):
        program.run_batches([x, y[:6]], 3, results)


def test_a_fixed_batch_size_refuses_a_short_batch() -> None:
    x = core.placeholder((4, 3), name="x")
    program = core.Program([x], [emit("negative", x)])
    with pytest.raises(ValueError, match=r'input "x": expected float32\(4, 3\), got float32\(2, 3\)'):
        program.run_batches([random((6, 3), -1, 1, "float32")], 4, [np.zeros((6, 3), np.float32)])


@pytest.mark.parametrize("index_type", ["int32", "int64"])
@pytest.mark.parametrize("bad", [-1, 5])
def test_an_index_out_of_range_stops_the_run_before_any_write(bad: int, index_type: str) -> None:
    table, count = (
        core.Variable("table", random((5, 2), -1, 1, "float32")),
        core.Variable("count", np.zeros((), np.int64)),
    )
    index = core.placeholder((None,), index_type, "index")
    previous = core.set_layer("embedding")
    rows = emit("gather", table.value, index, axis=0)
    core.set_layer(previous)
    gradient = core.gradients([emit("sum", emit("square", rows), axes=[0, 1])], [table.value])[0]
    # The counter is updated first and depends on nothing that may fail.
    updates = [
        (count, emit("add", count.value, core.constant(np.int64(1)))),
        (table, emit("subtract", table.value, gradient)),
    ]
    program, before = core.Program([index], [], updates), table.numpy()
    for _ in range(2):
        with pytest.raises(ValueError) as raised:
            program(vector(0, bad))
        assert (
            str(raised.value)
            == 'gather {gather} (layer "embedding"): an index is negative or too large for the table it reads'
        )
    np.testing.assert_array_equal(table.numpy(), before)
    assert (count.numpy(), count.version, table.version) == (0, 0, 0)
    program.run([vector(0, 0, 4)])
    assert (count.numpy(), count.version, table.version) == (1, 1, 1)
    np.testing.assert_allclose(table.numpy()[[0, 4]], [-3 * before[0], -before[4]], rtol=1e-6)


def test_of_two_updates_of_one_variable_the_last_counts() -> None:
    v = core.Variable("v", np.zeros(3, np.float32))
    one, two = (emit("add", v.value, core.constant(np.float32(n))) for n in (1, 2))
    core.Program([], [], [(v, one), (v, two)]).run([])
    np.testing.assert_array_equal(v.numpy(), [2, 2, 2])


def test_a_value_lives_as_long_as_somebody_needs_it() -> None:
    v = core.Variable("v", np.ones(3, np.float32))
    x = core.placeholder((3,))
    y = emit("multiply", x, v.value)
    assert v.value is y.inputs[1]
    x.keras_history = "kept on the value"
    assert y.inputs[0].keras_history == "kept on the value"
    program, reference = core.Program([x], [y]), weakref.ref(v)
    del v, x, y
    gc.collect()
    np.testing.assert_array_equal(program(np.full(3, 2, np.float32)), [2, 2, 2])
    assert reference() is None or reference().name == "v"
    result = program(np.ones(3, np.float32))
    del program
    gc.collect()
    np.testing.assert_array_equal(result, [1, 1, 1])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: core.interpret([x], [None], [np.ones(2, np.float32)]),
        lambda x: core.interpret([None], [x], [np.ones(2, np.float32)]),
        lambda x: core.Program([x], [None]),
        lambda x: core.Program([None], [x]),
        lambda x: core.Program([x], [x], [(None, x)]),
        lambda x: core.gradients([None], [x]),
        lambda x: core.gradients([x], [None]),
        lambda x: core.emit("add", (x, None), {}),
    ],
)
def test_none_in_place_of_a_value_is_an_error(call: Any) -> None:
    with pytest.raises(TypeError, match="is None, expected"):
        call(core.placeholder((2,), name="x"))
