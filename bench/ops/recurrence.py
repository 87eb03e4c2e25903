"""LSTM and GRU, forward and backward, beside torch (whose LSTM is oneDNN's).

    python bench/ops/recurrence.py --threads 1,2

Both compute the sum of all outputs' squares and its gradients in inputs and weights. The limit is the products alone,
at the machine's peak: the projections, the steps, and two for the gradients of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import harness
from nnstack import _core
from nnstack import backend as K

GATES = {"lstm": 4, "gru": 3}


@dataclass(frozen=True)
class Case:
    cell: str
    steps: int
    batch: int
    inputs: int
    units: int

    def __str__(self) -> str:
        return f"{self.cell} T={self.steps} N={self.batch} {self.inputs}->{self.units}"

    @property
    def flops(self) -> float:
        return 6.0 * self.steps * self.batch * (self.inputs + self.units) * GATES[self.cell] * self.units


CASES = [
    *(Case(cell, 80, 32, 128, 128) for cell in GATES),
    *(Case(cell, 20, 128, 64, 64) for cell in GATES),
    *(Case(cell, 100, 1, 64, 64) for cell in GATES),
]


def ours(case: Case) -> harness.Candidate:
    gates, units = GATES[case.cell], case.units
    draw = np.random.default_rng(0)
    shapes = [(case.batch, case.steps, case.inputs), (case.inputs, gates * units), (gates * units,)]
    shapes += [(units, gates * units)] + ([(gates * units,)] if case.cell == "gru" else [])
    arrays = [(draw.normal(size=s) * 0.1).astype("float32") for s in shapes]
    x, kernel, bias, recurrent, *rest = leaves = [K.placeholder(s) for s in shapes]
    projections = K.dot(x, kernel) + bias
    zero = K.zeros_like(x[:, 0, :1]) * K.zeros((1, units))
    if case.cell == "lstm":
        outputs = K.lstm(projections, recurrent, [zero, zero])[1]
    else:
        outputs = K.gru(projections, recurrent, rest[0], [zero])[1]
    loss = K.sum(K.square(outputs))
    results = [loss, *K.gradients(loss, leaves)]
    updates = [(_core.Variable(f"result {k}", np.zeros(K.int_shape(r), np.float32)), r) for k, r in enumerate(results)]
    program = _core.Program(leaves, [], updates)
    return lambda: program.run(arrays)


def torchs(case: Case) -> harness.Candidate:
    torch: Any = harness.optional("torch")
    layer = (torch.nn.LSTM if case.cell == "lstm" else torch.nn.GRU)(case.inputs, case.units, batch_first=True)
    x = torch.randn(case.batch, case.steps, case.inputs, requires_grad=True)
    leaves = [x, *layer.parameters()]

    def step() -> Any:
        return torch.autograd.grad(layer(x)[0].square().sum(), leaves)

    return step


def main() -> None:
    options = harness.arguments(__doc__ or "")
    for threads in (int(part) for part in options.threads.split(",")):
        harness.set_threads(threads)
        machine = harness.measure_machine(threads)
        table = harness.Table(f"\nrecurrence, {threads} threads, FMA peak {machine.flops / 1e9:.0f} GF/s", ["torch"])
        for case in [Case(cell, 4, 32, 128, 128) for cell in GATES] if options.smoke else CASES:
            if options.only not in str(case):
                continue
            calls = {"nnstack": ours(case)}
            if harness.optional("torch") is not None:
                calls["torch"] = torchs(case)
            timings = harness.interleave(calls, 1 if options.smoke else options.rounds, threads)
            table.add(harness.Row(str(case), threads, timings, machine.roofline(case.flops, 0)))
        table.finish(options.json)


if __name__ == "__main__":
    main()
