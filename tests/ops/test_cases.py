"""Every op against numpy, finite differences, its compiled self and itself on unknown dimensions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from case import Array, Case, numeric_gradient, random
from cases import CASES, cases_of

from nnstack import _core as core

LEAVES = {"placeholder", "constant", "variable"}
# Outputs that belong together: test_recurrence_ops.py, test_normalize_ops.py.
ELSEWHERE = {"recurrence", "recurrence_gradient", "normalize", "normalize_gradient"}
OPS = sorted({case.op for case in CASES})
DIFFERENTIABLE = sorted({case.op for case in CASES if case.gradient})
SMALL = 40  # elements; more would only make finite differences slow


def for_each(cases: list[Case], check: Callable[[Case], None]) -> None:
    """Runs a check on all cases of an op and reports the failing ones together."""
    assert cases
    failures = []
    for case in cases:
        try:
            check(case)
        except Exception as error:  # the message must name the case
            failures.append(f"{case}: {type(error).__name__}: {error}")
    assert not failures, f"{len(failures)} of {len(cases)} cases failed\n" + "\n".join(failures[:5])


def weights_for(case: Case) -> Array:
    return random(case.expected().shape, -1, 1, "float64", seed=9)


def gradient_cases(op: str) -> list[Case]:
    """The float64 ones that are small enough."""

    def fits(case: Case) -> bool:
        floats = {str(a.dtype) for a in case.inputs if a.dtype.kind == "f"}
        return case.gradient and floats == {"float64"} and sum(a.size for a in case.inputs) <= SMALL

    return [case for case in cases_of(op) if fits(case)]


def test_every_op_has_cases() -> None:
    assert set(core.op_names()) - LEAVES - ELSEWHERE == set(OPS)


def test_every_op_with_a_gradient_is_checked_against_differences() -> None:
    with_gradient = {name for name in core.op_names() if core.op_schema(name)["differentiable"]}
    assert with_gradient - ELSEWHERE == set(DIFFERENTIABLE)


@pytest.mark.parametrize("op", OPS)
def test_forward_is_what_numpy_says(op: str) -> None:
    def check(case: Case) -> None:
        built = case.build()
        found = built.interpret([built.output])[0]
        expected = case.expected()
        assert found.dtype == built.output.dtype
        assert found.shape == built.output.shape == expected.shape
        tolerance = {"float16": 1e-3, "float32": case.tolerance, "float64": case.tolerance * 1e-6 + 1e-15}.get(
            str(found.dtype), 0
        )
        with np.errstate(over="ignore"):
            wanted = expected.astype(found.dtype)
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)

    for_each(cases_of(op), check)


@pytest.mark.parametrize("op", DIFFERENTIABLE)
def test_gradient_is_the_slope(op: str) -> None:
    def check(case: Case) -> None:
        built, weights = case.build(), weights_for(case)
        found = built.interpret(built.gradients(weights))
        floats = [i for i, a in enumerate(case.inputs) if a.dtype.kind == "f" and i not in case.constants]
        for at, which in enumerate(floats):
            slope = numeric_gradient(lambda arrays: float(np.sum(case.expected(*arrays) * weights)), case.inputs, which)
            np.testing.assert_allclose(found[at], slope, rtol=1e-6, atol=1e-7, err_msg=f"input {which}")

    for_each(gradient_cases(op), check)


@pytest.mark.parametrize("op", DIFFERENTIABLE)
def test_gradient_of_the_gradient_is_its_slope(op: str) -> None:
    def check(case: Case) -> None:
        built = case.build()
        first = built.gradients(weights_for(case))
        directions = [random(value.shape, -1, 1, seed=10 + i) for i, value in enumerate(built.differentiable)]
        second = core.gradients(first, built.differentiable, [core.constant(d) for d in directions])
        floats = [i for i, value in enumerate(built.placeholders) if value.dtype == "float64"]

        def along(arrays: list[Array]) -> float:
            return sum(float(np.sum(g * d)) for g, d in zip(built.interpret(first, arrays), directions, strict=True))

        for value, which in zip(second, floats, strict=True):
            slope = numeric_gradient(along, built.arrays, which)
            found = built.interpret([value])[0] if value is not None else np.zeros_like(slope)
            np.testing.assert_allclose(found, slope, rtol=1e-6, atol=1e-6, err_msg=f"input {which}")

    small = [case for case in gradient_cases(op) if sum(a.size for a in case.inputs) <= 24]
    for_each(small, check)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("op", OPS)
def test_sixteen_bits_are_storage(op: str, dtype: str) -> None:
    """An op on sixteen-bit numbers is the op on the same numbers in float32, rounded; or it says that it is not."""

    def narrow(value: core.Value) -> core.Value:
        return core.emit("cast", [value], {"dtype": dtype})[0]

    def widen(value: core.Value) -> core.Value:
        return core.emit("cast", [value], {"dtype": "float32"})[0]

    def check(case: Case) -> None:
        half, wide, placeholders = [], [], []
        for i, array in enumerate(case.inputs):
            value = core.constant(array) if i in case.constants else core.placeholder(array.shape, str(array.dtype))
            placeholders += [] if i in case.constants else [value]
            is_float = value.dtype == "float32"
            half.append(narrow(value) if is_float else value)
            wide.append(widen(half[-1]) if is_float else value)
        try:
            mine = core.emit(case.op, half, case.attributes)[case.output]
        except ValueError as error:
            assert "needs float32 or float64, got " + dtype in str(error)
            return
        other = core.emit(case.op, wide, case.attributes)[case.output]
        if mine.dtype == dtype:
            mine, other = widen(mine), widen(narrow(other))
        arrays = [a for i, a in enumerate(case.inputs) if i not in case.constants]
        np.testing.assert_array_equal(*core.Program(placeholders, [mine, other]).run(arrays))

    with_floats = [c for c in cases_of(op) if any(a.dtype == "float32" for a in c.inputs) and op != "cast"]
    if with_floats:
        for_each(with_floats, check)


@pytest.mark.parametrize("unknown", [False, True], ids=["known", "unknown"])
@pytest.mark.parametrize("op", OPS)
def test_compiled_is_interpreted(op: str, unknown: bool) -> None:
    def check(case: Case) -> None:
        built, plain = case.build(unknown), case.build()
        outputs, wanted = [built.output], [plain.output]
        if case.gradient and built.differentiable:
            weights = weights_for(case).astype(
                case.inputs[-1].dtype if built.output.dtype == "float16" else built.output.dtype
            )
            for graph, values in ((built, outputs), (plain, wanted)):
                values += [g for g in graph.gradients(weights) if g is not None]
        found = built.compile(outputs).run(built.arrays)
        # Without sizes the gradient of a batched product is another sum in another order; all else has the same bits.
        tolerance = {"float32": 1e-6, "float64": 1e-14}[str(built.output.dtype)] if op == "matmul" and unknown else 0
        for mine, other in zip(found, plain.interpret(wanted), strict=True):
            assert mine.dtype == other.dtype
            assert mine.shape == other.shape
            np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)

    for_each(cases_of(op), check)
