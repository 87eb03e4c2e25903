"""NaN, infinities, signed zeros and denormals through every op, against numpy; no op of the table is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnstack import _core

F32 = np.float32
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-40, -1e-45, 3e38, -3e38, 88.8, -104.0, 2.0, 3.0]


def erf(x: Any) -> Any:
    from math import erf as exact

    return np.vectorize(lambda one: exact(one), otypes=[np.float64])(x)


def logical(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *inputs: function(*[one != 0 for one in inputs])


UNARY: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs, "ceil": np.ceil, "cos": np.cos, "erf": erf, "exp": np.exp, "expm1": np.expm1, "floor": np.floor,
    "identity": lambda x: x, "is_finite": np.isfinite, "is_inf": np.isinf, "is_nan": np.isnan, "log": np.log,
    "log1p": np.log1p, "logical_not": logical(np.logical_not), "negative": np.negative, "reciprocal": lambda x: 1 / x,
    "relu": lambda x: np.where(np.isnan(x), x, np.maximum(x, 0)), "round": np.rint, "rsqrt": lambda x: 1 / np.sqrt(x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "sign": np.sign, "sin": np.sin, "softplus": lambda x: np.logaddexp(x, 0),
    "sqrt": np.sqrt, "square": np.square, "stop_gradient": lambda x: x, "tanh": np.tanh,
}  # fmt: skip
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add, "divide": np.divide, "equal": np.equal, "floor_divide": np.floor_divide, "greater": np.greater,
    "greater_equal": np.greater_equal, "less": np.less, "less_equal": np.less_equal,
    "logical_and": logical(np.logical_and), "logical_or": logical(np.logical_or),
    "logical_xor": logical(np.logical_xor), "maximum": np.maximum, "minimum": np.minimum, "modulo": np.mod,
    "multiply": np.multiply, "not_equal": np.not_equal, "power": np.power, "subtract": np.subtract,
}  # fmt: skip
REDUCTIONS: dict[str, Callable[..., Any]] = {
    "max": np.max, "mean": np.mean, "min": np.min, "prod": np.prod, "sum": np.sum,
}  # fmt: skip
# Each output depends on some inputs only, told by a matrix; the rest must not see their NaN.
OTHERS = {"argmax", "argmin", "all", "any", "cumulative_product", "cumulative_sum", "linear_recurrence", "softmax",
          "log_softmax", "matmul", "convolution", "convolution_input_gradient", "convolution_kernel_gradient",
          "average_pool", "average_pool_gradient", "max_pool", "max_pool_gradient", "sort", "select",
          "normalize", "normalize_gradient",
          "recurrence", "recurrence_gradient", "scatter_add", "sum_to", "scan"}  # fmt: skip
# They move numbers, or make them of shapes alone: bits pass as they are.
MOVING = {"broadcast_to", "cast", "concat", "concat_part", "expand_dims", "gather", "pad", "reshape", "slice",
          "squeeze", "switch", "transpose", "unslice", "print"}  # fmt: skip
WITHOUT_NUMBERS = {
    "placeholder",
    "variable",
    "constant",
    "count",
    "shape_of",
    "random_uniform",
    "ctc_loss",
    "ctc_beam_search",
}


def test_the_tables_hold_every_op() -> None:
    told = set(UNARY) | set(BINARY) | set(REDUCTIONS) | OTHERS | MOVING | WITHOUT_NUMBERS
    assert told == set(_core.op_names())


def run(op: str, *arrays: np.ndarray, **attributes: Any) -> np.ndarray:
    """Compiled and op by op, which must agree to the bit (any NaN is as good as another)."""
    inputs = [_core.placeholder(one.shape, one.dtype.name, "x") for one in arrays]
    value = _core.emit(op, inputs, attributes)
    value = value[0] if isinstance(value, list | tuple) else value
    (compiled,) = _core.Program(inputs, [value], []).run(list(arrays))
    (stepwise,) = _core.interpret(inputs, [value], list(arrays))
    np.testing.assert_array_equal(compiled, stepwise)
    return compiled


def assert_close(found: np.ndarray, wanted: np.ndarray) -> None:
    """Equal where special, near elsewhere."""
    wanted = np.asarray(wanted, found.dtype)
    if found.dtype.kind != "f":
        np.testing.assert_array_equal(found, wanted)
        return
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    np.testing.assert_array_equal(np.isinf(found), np.isinf(wanted))
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(
        np.sign(found[~finite & ~np.isnan(wanted)]), np.sign(wanted[~finite & ~np.isnan(wanted)])
    )
    tiny = float(np.finfo(found.dtype).smallest_normal)
    np.testing.assert_allclose(found[finite], wanted[finite], rtol=3e-6 if found.dtype == F32 else 1e-12, atol=2 * tiny)


def long(values: Any, length: int, dtype: str) -> np.ndarray:
    return np.resize(np.asarray(values, dtype), length)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", UNARY)
def test_one_operand(op: str, dtype: str) -> None:
    for length in (1, 5, len(SPECIAL), 67):  # whole vectors and their ends
        for start in range(len(SPECIAL) if length < len(SPECIAL) else 1):
            x = long(SPECIAL[start:] + SPECIAL[:start], length, dtype)
            given = x.astype(bool) if op == "logical_not" else x
            with np.errstate(all="ignore"):
                assert_close(run(op, given), UNARY[op](given.astype(np.float64)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", BINARY)
def test_two_operands(op: str, dtype: str) -> None:
    pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL], dtype)
    x, y = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    if op.startswith("logical"):
        x, y = x.astype(bool), y.astype(bool)
    with np.errstate(all="ignore"):
        wanted = BINARY[op](x, y)  # in its own type: overflow is part of the answer
    if op in ("modulo", "floor_divide"):  # of 3e38 and 1e-40 there is nothing to agree on
        sane = ~((np.abs(x) > 1e30) & (np.abs(y) < 1e-30))
        x, y, wanted = x[sane], y[sane], wanted[sane]
    assert_close(run(op, x, y), wanted)
    assert_close(run(op, x[3:4], y[3:4]), wanted[3:4])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", REDUCTIONS)
def test_reductions(op: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    for length in (1, 3, 8, 33, 300):
        for special in ([np.nan], [np.inf], [-np.inf], [np.inf, -np.inf], [np.inf, np.nan], [-np.inf, np.nan]):
            for place in {0, length // 2, length - 1}:
                x = rng.uniform(0.5, 1.5, (4, length)).astype(dtype)
                for row in (1, 2):
                    for step, number in enumerate(special):
                        x[row, (place + step) % length] = number
                with np.errstate(all="ignore"):
                    for given, axis in ((x, 1), (np.ascontiguousarray(x.T), 0)):
                        wanted = REDUCTIONS[op](given.astype(np.float64), axis=axis)
                        assert_close(run(op, given, axes=[axis], keepdims=False), wanted)


@pytest.mark.parametrize("op", ["all", "any"])
def test_truth_of_many(op: str) -> None:
    x = np.array([[True, False, True], [True, True, True], [False, False, False]])
    np.testing.assert_array_equal(run(op, x, axes=[1], keepdims=False), getattr(np, op)(x, axis=1))


@pytest.mark.parametrize("op", ["argmax", "argmin"])
def test_places_of_extremes(op: str) -> None:
    """The first NaN is the extreme, as for numpy; infinities are ordered like other numbers."""
    for length in (2, 9, 40):
        x = np.random.default_rng(1).normal(size=(6, length)).astype(F32)
        x[0, -1], x[1, 0], x[2, length // 2] = np.inf, -np.inf, np.inf
        x[3], x[4] = np.inf, -np.inf
        np.testing.assert_array_equal(run(op, x, axis=1), getattr(np, op)(x, axis=1))


@pytest.mark.parametrize("op", ["cumulative_sum", "cumulative_product"])
def test_running_totals(op: str) -> None:
    function = np.cumsum if op == "cumulative_sum" else np.cumprod
    for special in (np.nan, np.inf, -np.inf):
        x = np.ones((3, 37), F32)
        x[1, 11], x[2, 5], x[2, 20] = special, np.inf, special
        with np.errstate(all="ignore"):
            wanted = function(x, axis=1)
            assert_close(run(op, x, axis=1, reverse=False, order="after"), wanted)


def test_softmax() -> None:
    x = np.zeros((7, 19), F32)
    x[1, 3], x[2, 3], x[3], x[4, :], x[5, 2] = np.nan, -np.inf, 1e4 * np.arange(19), -3e38, np.inf
    with np.errstate(all="ignore"):
        shifted = x.astype(np.float64) - x.max(axis=1, keepdims=True)
        wanted = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = [0, 1, 2, 3, 4, 6]
    assert_close(run("softmax", x)[rows], wanted[rows])
    assert np.isnan(run("softmax", x)[5, 2]) and np.isnan(run("log_softmax", x)[5, 2])  # inf - inf
    assert_close(run("log_softmax", x)[rows], logs[rows])


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 4), (17, 33, 20), (70, 130, 65)])
def test_products(shape: tuple[int, int, int]) -> None:
    """A NaN in row i and column j of the factors reaches row i and column j of the product, and nothing else."""
    m, k, n = shape
    rng = np.random.default_rng(0)
    for special in (np.nan, np.inf):
        a, b = rng.uniform(0.5, 1, (m, k)).astype(F32), rng.uniform(0.5, 1, (k, n)).astype(F32)
        a[m // 2, k // 2], b[k - 1, n - 1] = special, special
        found = run("matmul", a, b, transpose_a=False, transpose_b=False)
        bad = np.zeros((m, n), bool)
        bad[m // 2], bad[:, n - 1] = True, True
        np.testing.assert_array_equal(~np.isfinite(found), bad)
        with np.errstate(all="ignore"):
            assert_close(found, a.astype(np.float64) @ b)
    zero = np.zeros((m, k), F32)
    b = np.full((k, n), np.inf, F32)
    assert np.isnan(run("matmul", zero, b, transpose_a=False, transpose_b=False)).all()  # 0 * inf


def test_convolutions_and_pools() -> None:
    """Only windows that hold the NaN give one."""
    rng = np.random.default_rng(0)
    x, w = rng.uniform(0.5, 1, (2, 9, 9, 3)).astype(F32), rng.uniform(0.5, 1, (3, 3, 3, 5)).astype(F32)
    x[1, 4, 4, 2] = np.nan
    options = {"strides": [1, 1], "dilations": [1, 1], "padding": "valid", "groups": 1}
    found = run("convolution", x, w, **options)
    bad = np.zeros(found.shape, bool)
    bad[1, 2:5, 2:5] = True
    np.testing.assert_array_equal(np.isnan(found), bad)
    windows = np.zeros((2, 7, 7, 3), bool)
    windows[1, 2:5, 2:5, 2] = True
    for op in ("max_pool", "average_pool"):
        found = run(op, x, sizes=[3, 3], strides=[1, 1], padding="valid")
        np.testing.assert_array_equal(np.isnan(found), windows, err_msg=op)
    x[1, 4, 4, 2] = -np.inf
    found = run("max_pool", x, sizes=[3, 3], strides=[1, 1], padding="valid")
    assert np.isfinite(found).all()
    all_low = run("max_pool", np.full((1, 4, 4, 1), -np.inf, F32), sizes=[2, 2], strides=[2, 2], padding="same")
    np.testing.assert_array_equal(all_low, np.full((1, 2, 2, 1), -np.inf, F32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_denormals_are_numbers(dtype: str) -> None:
    tiny = np.finfo(dtype).smallest_subnormal
    x = long([tiny, -tiny, tiny * 100, 0.0, 1.0], 41, dtype)
    np.testing.assert_array_equal(run("add", x, x), x + x)
    np.testing.assert_array_equal(run("multiply", x, np.ones_like(x)), x)
    np.testing.assert_array_equal(run("sum", x.reshape(1, -1), axes=[1], keepdims=False), np.sum(x)[None])
    np.testing.assert_array_equal(run("maximum", x, np.zeros_like(x)), np.maximum(x, 0))
    assert run("matmul", x[:1, None], np.ones((1, 1), dtype), transpose_a=False, transpose_b=False)[0, 0] == tiny


BITS = np.array([0x7FC00001, 0xFFC12345, 0x7F800000, 0xFF800000, 0x80000000, 0x00000001], np.uint32)
X = np.ascontiguousarray(np.tile(BITS.view(F32), (7, 1)))
# op: (numbers of sizes and places behind x, attributes, the same in numpy)
MOVED: dict[str, tuple[list[Any], dict[str, Any], Callable[[Any], Any]]] = {
    "broadcast_to": ([[2, 7, 6]], {}, lambda x: np.broadcast_to(x, (2, 7, 6))),
    "concat_part": ([[3, 6], [4, 6]], {"axis": 0, "part": 1}, lambda x: x[3:]),
    "expand_dims": ([], {"axes": [1]}, lambda x: x[:, None]),
    "gather": ([[6, 0, 0, 3]], {"axis": 0}, lambda x: x[[6, 0, 0, 3]]),
    "identity": ([], {}, lambda x: x),
    "pad": ([], {"paddings": [1, 2, 0, 1], "value": 3.0}, lambda x: np.pad(x, ((1, 2), (0, 1)), constant_values=3.0)),
    "reshape": ([[6, 7]], {}, lambda x: x.reshape(6, 7)),
    "slice": ([], {"begins": [1, None], "ends": [None, None], "steps": [2, -1]}, lambda x: x[1::2, ::-1]),
    "stop_gradient": ([], {}, lambda x: x),
    "transpose": ([], {"permutation": [1, 0]}, lambda x: x.T),
    "unslice": ([[9, 6]], {"begins": [1, 0], "ends": [8, 6], "steps": [1, 1]}, lambda x: np.pad(x, ((1, 1), (0, 0)))),
}


@pytest.mark.parametrize("op", MOVED)
def test_moved_numbers_keep_their_bits(op: str) -> None:
    given, attributes, wanted = MOVED[op]
    x = _core.placeholder(X.shape, "float32", "x")
    value = _core.emit(op, [x, *[_core.constant(np.array(one, np.int64)) for one in given]], attributes)[0]
    (compiled,) = _core.Program([x], [value], []).run([X])
    (stepwise,) = _core.interpret([x], [value], [X])
    for found in (compiled, stepwise):
        np.testing.assert_array_equal(found.view(np.uint32), np.ascontiguousarray(wanted(X)).view(np.uint32))


def test_parts_put_together_keep_their_bits() -> None:
    flags = np.resize([True, False, False], X.shape)
    squeezed = run_bits("squeeze", X[:, None], axes=[1])
    np.testing.assert_array_equal(squeezed, X.view(np.uint32))
    np.testing.assert_array_equal(run_bits("concat", X, X[:2], axis=0), np.concatenate([X, X[:2]]).view(np.uint32))
    np.testing.assert_array_equal(run_bits("select", flags, X, X[::-1].copy()), np.where(flags, X, X).view(np.uint32))
    for truth in (True, False):
        chosen = run_bits("switch", np.array(truth), X, -X)
        np.testing.assert_array_equal(chosen, (X if truth else -X).view(np.uint32))


def run_bits(op: str, *arrays: np.ndarray, **attributes: Any) -> np.ndarray:
    inputs = [_core.placeholder(one.shape, one.dtype.name, "x") for one in arrays]
    (found,) = _core.Program(inputs, [_core.emit(op, inputs, attributes)[0]], []).run(list(arrays))
    return np.ascontiguousarray(found).view(np.uint32)


@pytest.mark.parametrize("source", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("target", ["float16", "bfloat16", "float32", "float64"])
def test_casts_of_special_numbers(source: str, target: str) -> None:
    """NaN, infinities and signs stay; what is too large becomes infinite, what is too small 0."""
    x = long([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, 1e300, -1e39, 1e-320, 3e5, 1e-6], 33, "float64")
    with np.errstate(all="ignore"):
        values = [x]
        for name in (source, target):
            value = values[-1]
            values.append(to_bfloat16(value) if name == "bfloat16" else value.astype(name).astype(np.float64))
    given = _core.placeholder(x.shape, "float64", "x")
    half = _core.emit("cast", [given], {"dtype": source})[0]
    back = _core.emit("cast", [_core.emit("cast", [half], {"dtype": target})[0]], {"dtype": "float64"})[0]
    for found in (_core.Program([given], [back], []).run([x])[0], _core.interpret([given], [back], [x])[0]):
        np.testing.assert_array_equal(found, values[-1])
        np.testing.assert_array_equal(np.signbit(found[~np.isnan(found)]), np.signbit(values[-1][~np.isnan(found)]))


def to_bfloat16(x: np.ndarray) -> np.ndarray:
    """The upper half of a float32, to the nearest, ties to even."""
    single = x.astype(np.float32)
    bits = single.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype(np.uint32).view(np.float32)
    return np.where(np.isnan(single), single, rounded).astype(np.float64)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_normalized_rows_and_columns(special: float) -> None:
    """Not a number where a special one was among those of the mean, and nowhere else."""
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    x[1, 2] = special
    for by_column, touched in ((False, np.s_[1, :]), (True, np.s_[:, 2])):
        y = run("normalize", x, np.ones(3, np.float32), np.zeros(3, np.float32), by_column=by_column, epsilon=1e-3)
        expected = np.zeros((4, 3), bool)
        expected[touched] = True
        np.testing.assert_array_equal(np.isnan(y), expected)
