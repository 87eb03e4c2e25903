"""LSTM and GRU, forward and backward, beside torch: ratios of CPU time at one thread, of time at more.

    python bench/ops/recurrence.py [--threads 1] [--steps 80] [--batch 32] [--inputs 128] [--units 128] [--rounds 15]

Both compute the sum of all outputs' squares and its gradients in inputs and weights. Rounds are interleaved, the best
counts. --own runs without torch.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def ours(cell: str, sizes: argparse.Namespace) -> Callable[[], Any]:
    import nnstack
    from nnstack import _core as core
    from nnstack import backend as K

    nnstack.set_num_threads(sizes.threads)
    gates, units = (4 if cell == "lstm" else 3), sizes.units
    draw = np.random.default_rng(0)
    shapes = [(sizes.batch, sizes.steps, sizes.inputs), (sizes.inputs, gates * units), (gates * units,)]
    shapes += [(units, gates * units), (gates * units,)]
    arrays = [(draw.normal(size=s) * 0.1).astype("float32") for s in shapes]
    x, kernel, bias, recurrent, recurrent_bias = leaves = [K.placeholder(s) for s in shapes]
    projections = K.dot(x, kernel) + bias
    zero = K.zeros_like(x[:, 0, :1]) * K.zeros((1, units))
    if cell == "lstm":
        outputs = K.lstm(projections, recurrent, [zero, zero])[1]
    else:
        outputs = K.gru(projections, recurrent, recurrent_bias, [zero])[1]
    wanted = [leaf for leaf in leaves if cell == "gru" or leaf is not recurrent_bias]
    loss = K.sum(K.square(outputs))
    program = core.Program(leaves, [loss, *K.gradients(loss, wanted)])
    return lambda: program.run(arrays)


def torchs(cell: str, sizes: argparse.Namespace) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(sizes.threads)
    layer = (torch.nn.LSTM if cell == "lstm" else torch.nn.GRU)(sizes.inputs, sizes.units, batch_first=True)
    x = torch.randn(sizes.batch, sizes.steps, sizes.inputs, requires_grad=True)

    def step() -> None:
        layer.zero_grad()
        x.grad = None
        layer(x)[0].square().sum().backward()

    return step


def best(functions: list[Callable[[], Any]], rounds: int, clock: Callable[[], float]) -> list[float]:
    """The least time of each, their rounds interleaved."""
    least = [float("inf")] * len(functions)
    for number in range(rounds + 2):
        for which, function in enumerate(functions):
            start = clock()
            function()
            if number >= 2:
                least[which] = min(least[which], clock() - start)
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("threads", 1), ("steps", 80), ("batch", 32), ("inputs", 128), ("units", 128), ("rounds", 15)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="few steps, one round, for CI")
    sizes = parser.parse_args()
    if sizes.smoke:
        sizes.steps, sizes.rounds = 4, 1
    clock = time.process_time if sizes.threads == 1 else time.perf_counter
    peers = not sizes.own and importlib.util.find_spec("torch") is not None
    for cell in ("lstm", "gru"):
        times = best([make(cell, sizes) for make in ((ours, torchs) if peers else (ours,))], sizes.rounds, clock)
        ratio = f"  torch {times[1] * 1e3:8.2f} ms  {times[1] / times[0]:5.2f} times faster" if peers else ""
        print(f"{cell:5} {sizes.threads} threads: nnstack {times[0] * 1e3:8.2f} ms{ratio}", flush=True)


if __name__ == "__main__":
    main()
