"""Matrix products with bias and relu, and the products of their gradients, beside numpy (OpenBLAS) and torch (MKL).

    python bench/ops/matmul.py --threads 1,2

The right operand is another array at every call, as weights are in training: whatever packing a library does is in the
figure. nnstack adds bias and relu; the others run the bare product, into memory they already have.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import harness
from nnstack import _core

SHAPES = [  # m, n, k, transpose_a, transpose_b
    (1, 512, 784, False, False),
    (32, 512, 784, False, False),
    (128, 512, 784, False, False),
    (128, 512, 512, False, False),
    (784, 512, 128, True, False),
    (512, 512, 128, True, False),
    (128, 784, 512, False, True),
    (128, 512, 512, False, True),
    (32, 10, 512, False, False),
    (1024, 1024, 1024, False, False),
    (2048, 2048, 2048, False, False),
    (4096, 1024, 1024, False, False),
]


def dense(m: int, n: int, k: int, transpose_a: bool, transpose_b: bool, result: _core.Variable) -> _core.Program:
    """result <- relu(op(a) op(b) + bias), as one step of a plan."""
    a = _core.placeholder((k, m) if transpose_a else (m, k), name="a")
    b = _core.placeholder((n, k) if transpose_b else (k, n), name="b")
    bias = _core.placeholder((n,), name="bias")
    product = _core.emit("matmul", (a, b), {"transpose_a": transpose_a, "transpose_b": transpose_b})[0]
    active = _core.emit("relu", (_core.emit("add", (product, bias), {})[0],), {})[0]
    return _core.Program([a, b, bias], [], [(result, active)])


def candidates(m: int, n: int, k: int, transpose_a: bool, transpose_b: bool) -> dict[str, harness.Candidate]:
    generator = np.random.default_rng(0)
    a = generator.standard_normal((k, m) if transpose_a else (m, k), np.float32)
    b = generator.standard_normal((n, k) if transpose_b else (k, n), np.float32)
    bias, out = generator.standard_normal(n, np.float32), np.empty((m, n), np.float32)
    result = _core.Variable("result", np.empty((m, n), np.float32))
    program = dense(m, n, k, transpose_a, transpose_b, result)
    left, right = a.T if transpose_a else a, b.T if transpose_b else b
    expected = np.maximum(left @ right + bias, 0)
    program.run([a, b, bias])
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-3, atol=1e-3)
    found: dict[str, harness.Candidate] = {
        "nnstack": lambda: program.run([a, b, bias]),
        "numpy": lambda: np.matmul(left, right, out=out),
    }
    torch: Any = harness.optional("torch")
    if torch is not None:
        x, y, z = (torch.from_numpy(array) for array in (left, right, out))
        found["torch"] = lambda: torch.mm(x, y, out=z)
    return found


def main() -> None:
    options = harness.arguments(__doc__ or "")
    for threads in (int(part) for part in options.threads.split(",")):
        harness.set_threads(threads)
        machine = harness.measure_machine(threads)
        table = harness.Table(
            f"\nrelu(a b + bias), {threads} threads, FMA peak {machine.flops / 1e9:.0f} GF/s",
            ["numpy", "torch"] if threads == 1 else ["torch"],  # numpy's threads are not ours to set
        )
        for shape in SHAPES[:4] if options.smoke else SHAPES:
            m, n, k, transpose_a, transpose_b = shape
            name = f"{m} x {n} x {k}" + (" A^T" if transpose_a else "") + (" B^T" if transpose_b else "")
            if options.only not in name:
                continue
            calls = candidates(*shape)
            if threads > 1:
                del calls["numpy"]
            timings = harness.interleave(calls, 1 if options.smoke else options.rounds, threads)
            limit = machine.roofline(2 * m * n * k, 4 * (m * k + k * n + m * n) if m == 1 else 0)
            table.add(harness.Row(name, threads, timings, limit))
        table.finish(options.json)


if __name__ == "__main__":
    main()
