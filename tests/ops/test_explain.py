"""What explain() says of a plan: what was fused, the implementation chosen, layers, memory, and times once profiled."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nnstack import _core as core
from nnstack import backend


def dense(m: int, n: int, k: int, dtype: str = "float32") -> tuple[core.Program, list[np.ndarray]]:
    with backend.name_scope("first"):
        a, b, bias = (core.placeholder(s, dtype) for s in ((m, k), (k, n), (n,)))
        y = core.emit("relu", core.emit("add", [core.emit("matmul", [a, b], {})[0], bias], {}), {})[0]
    arrays = [np.ones(s, dtype) for s in ((m, k), (k, n), (n,))]
    return core.Program([a, b, bias], [y]), arrays


@pytest.mark.parametrize(
    ("sizes", "implementation"),
    [((1, 64, 64), "vector"), ((64, 1, 64), "vector"), ((20, 20, 20), "tiles"), ((256, 256, 128), "strips")],
)
def test_products_name_the_implementation(sizes: tuple[int, int, int], implementation: str) -> None:
    program, arrays = dense(*sizes)
    program.run(arrays)
    head, line = program.explain().splitlines()
    assert re.search(r"; arena \d+ bytes; 1 steps; kernels \w+$", head)
    assert line.startswith(f"0: matmul {{matmul add relu}} 1 pair by {implementation} (first) ")
    m, n, k = sizes
    assert f" {2 * m * n * k + 2 * m * n} flop, {4 * (m * k + k * n + n + 2 * m * n)} bytes" in line


def convolution(part: str, channels: int, filters: int, window: int, groups: int = 1) -> str:
    """The line of explain() on images of 9 by 9 with 'same' padding."""
    shapes = {
        "x": (2, 9, 9, channels),
        "kernel": (window, window, channels // groups, filters),
        "y": (2, 9, 9, filters),
    }
    used, wanted = {
        "convolution": (("x", "kernel"), "y"),
        "convolution_input_gradient": (("y", "kernel"), "x"),
        "convolution_kernel_gradient": (("x", "y"), "kernel"),
    }[part]
    inputs = [core.placeholder(shapes[name]) for name in used]
    extra = [] if wanted == "y" else [core.constant(np.array(shapes[wanted], np.int64))]
    attributes = {"strides": [1, 1], "dilations": [1, 1], "padding": "same", "groups": groups}
    program = core.Program(inputs, core.emit(part, [*inputs, *extra], attributes))
    program.run([np.ones(shapes[name], np.float32) for name in used])
    return program.explain().splitlines()[1]


@pytest.mark.parametrize(
    ("part", "sizes", "implementation"),
    [
        ("convolution", (8, 12, 3), "tiles on bordered blocks"),
        ("convolution", (16, 16, 3, 16), "depthwise"),
        ("convolution", (96, 400, 3), "panels"),
        ("convolution", (8, 12, 1, 2), "tiles"),
        ("convolution_input_gradient", (8, 12, 3), "tiles on bordered blocks"),
        ("convolution_kernel_gradient", (8, 12, 3), "tiles on joined taps"),
        ("convolution_kernel_gradient", (80, 12, 3), "tiles"),
        ("convolution_kernel_gradient", (16, 16, 3, 16), "depthwise with shared pixels"),
        ("convolution_kernel_gradient", (17, 17, 3, 17), "depthwise"),
    ],
)
def test_convolutions_name_the_implementation(part: str, sizes: tuple[int, ...], implementation: str) -> None:
    assert convolution(part, *sizes).startswith(f"0: convolution {{{part}}} by {implementation} ")


def test_times_come_with_a_profile() -> None:
    program, arrays = dense(20, 20, 20)
    program.run(arrays)
    assert " us" not in program.explain()
    program.profile(True)
    program.run(arrays)
    (row,) = program.profile_report()
    assert program.explain().splitlines()[1].endswith(f" bytes, {row['seconds'] * 1e6 / row['calls']:.1f} us")
