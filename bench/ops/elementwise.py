"""A fused chain of five elementwise ops, beside torch eager and numpy, and beside the machine's copy rate.

    python bench/ops/elementwise.py --threads 1,2

relu((x * a + b) * x - b), a and b numbers: one array read, one written, into memory that is there already. The
limit is a copy of as many bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import harness
from nnstack import _core

SIZES = [100, 10_000, 1_000_000, 10_000_000]


def candidates(size: int) -> dict[str, harness.Candidate]:
    array = np.random.default_rng(0).standard_normal(size, np.float32)
    x = _core.placeholder((size,), "float32", "x")
    a, b = (_core.constant(np.float32(value)) for value in (0.5, 0.25))

    def emit(op: str, *values: Any) -> Any:
        return _core.emit(op, values, {})[0]

    scaled = emit("add", emit("multiply", x, a), b)
    value = emit("relu", emit("subtract", emit("multiply", scaled, x), b))
    result = _core.Variable("result", np.empty(size, np.float32))
    program = _core.Program([x], [], [(result, value)])
    program.run([array])
    np.testing.assert_allclose(result.numpy(), np.maximum((array * 0.5 + 0.25) * array - 0.25, 0), rtol=1e-6, atol=1e-6)
    parts = [np.empty(size, np.float32) for _ in range(2)]

    def in_numpy() -> None:
        first, second = parts
        np.multiply(array, np.float32(0.5), out=first)
        np.add(first, np.float32(0.25), out=first)
        np.multiply(first, array, out=second)
        np.subtract(second, np.float32(0.25), out=second)
        np.maximum(second, 0, out=second)

    found: dict[str, harness.Candidate] = {"nnstack": lambda: program.run([array]), "numpy": in_numpy}
    torch: Any = harness.optional("torch")
    if torch is not None:
        tensor = torch.from_numpy(array)
        found["torch"] = lambda: torch.relu((tensor * 0.5 + 0.25) * tensor - 0.25)
    return found


def main() -> None:
    options = harness.arguments(__doc__ or "")
    for threads in (int(part) for part in options.threads.split(",")):
        harness.set_threads(threads)
        machine = harness.measure_machine(threads)
        title = f"\nfive elementwise ops, {threads} threads, copy {machine.copy / 1e9:.1f} GB/s"
        table = harness.Table(title, ["numpy", "torch"] if threads == 1 else ["torch"])  # numpy has one thread
        for size in SIZES[:2] if options.smoke else SIZES:
            if options.only not in str(size):
                continue
            timings = harness.interleave(candidates(size), 1 if options.smoke else options.rounds, threads)
            table.add(harness.Row(str(size), threads, timings, machine.roofline(0, 8.0 * size)))
        table.finish(options.json)


if __name__ == "__main__":
    main()
