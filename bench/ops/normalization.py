"""Softmax cross-entropy, batch and layer normalisation in training, forward and backward, beside torch eager.

    python bench/ops/normalization.py --threads 1,2

Every case computes its outputs and the gradients in all its inputs and weights, given the gradient of the outputs. The
limit is the machine's copy rate over the least traffic: each array of the size of the input read or written once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import harness
from nnstack import _core
from nnstack import backend as K
from nnstack.backend.normalization import normalized_by_itself


@dataclass(frozen=True)
class Case:
    kind: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.kind} {' x '.join(map(str, self.shape))}"

    @property
    def bytes(self) -> float:
        """x read, dx written; a normalisation also reads dy and writes y, a loss reads labels."""
        arrays = 3 if self.kind == "cross entropy" else 2 if self.kind == "sparse cross entropy" else 4
        return 4.0 * arrays * float(np.prod(self.shape))


CASES = [
    Case("cross entropy", (128, 10)),
    Case("cross entropy", (128, 1000)),
    Case("cross entropy", (4096, 100)),
    Case("sparse cross entropy", (128, 1000)),
    Case("sparse cross entropy", (1024, 10000)),
    Case("layer norm", (128, 512)),
    Case("layer norm", (32, 128, 256)),
    Case("layer norm", (32, 128, 768)),
    Case("batch norm", (128, 512)),
    Case("batch norm", (32, 28, 28, 64)),
    Case("batch norm", (32, 56, 56, 64)),
    Case("batch norm", (32, 14, 14, 256)),
]


def draw(case: Case) -> list[np.ndarray]:
    """x, then labels; or gamma, beta and the gradient of the outputs."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal(case.shape, np.float32)
    channels = case.shape[-1]
    if case.kind == "cross entropy":
        return [x, np.eye(channels, dtype=np.float32)[generator.integers(0, channels, case.shape[0])]]
    if case.kind == "sparse cross entropy":
        return [x, generator.integers(0, channels, case.shape[0])]
    gamma, beta = generator.standard_normal((2, channels), np.float32)
    return [x, gamma, beta, generator.standard_normal(case.shape, np.float32)]


def ours(case: Case, arrays: list[np.ndarray]) -> Callable[[], Any]:
    """Results go into variables, as gradients do in a training step."""
    places = [K.placeholder(array.shape, dtype=str(array.dtype)) for array in arrays]
    x, rest = places[0], places[1:]
    if "entropy" in case.kind:
        loss = K.sparse_categorical_crossentropy if case.kind.startswith("sparse") else K.categorical_crossentropy
        results = [K.mean(loss(rest[0], x, from_logits=True))]
        results += K.gradients(results[0], [x])
    else:
        gamma, beta, given = rest
        axes = [x.ndim - 1] if case.kind == "layer norm" else list(range(x.ndim - 1))
        if case.kind == "layer norm":  # as the layer does
            results = list(normalized_by_itself(x, axes, gamma, beta, 1e-3) or ())
        else:
            results = list(K.normalize_batch_in_training(x, gamma, beta, axes))
        results += _core.gradients([results[0]], [x, gamma, beta], [given])
    updates = [(_core.Variable(f"result {k}", np.zeros(K.int_shape(r), np.float32)), r) for k, r in enumerate(results)]
    program = _core.Program(places, [], updates)
    return lambda: program.run(arrays)


def torchs(case: Case, arrays: list[np.ndarray]) -> Callable[[], Any]:
    torch: Any = harness.optional("torch")
    functional = torch.nn.functional
    leaves = [torch.from_numpy(array) for array in arrays]
    x = leaves[0].requires_grad_()
    if "entropy" in case.kind:

        def step() -> Any:
            return torch.autograd.grad(functional.cross_entropy(x, leaves[1]), [x])

        return step
    gamma, beta, given = leaves[1].requires_grad_(), leaves[2].requires_grad_(), leaves[3]
    if case.kind == "layer norm":

        def step() -> Any:
            y = functional.layer_norm(x, x.shape[-1:], gamma, beta, 1e-3)
            return torch.autograd.grad(y, [x, gamma, beta], given)

        return step
    if len(case.shape) == 4:  # the same memory, channels last
        image, given = (t.detach().permute(0, 3, 1, 2) for t in (x, given))
        x = image.requires_grad_()

    def step() -> Any:
        y = functional.batch_norm(x, None, None, gamma, beta, True, 0.1, 1e-3)
        return torch.autograd.grad(y, [x, gamma, beta], given)

    return step


def main() -> None:
    options = harness.arguments(__doc__ or "")
    for threads in (int(part) for part in options.threads.split(",")):
        harness.set_threads(threads)
        machine = harness.measure_machine(threads)
        title = f"\nnormalisation, training, {threads} threads, copy {machine.copy / 1e9:.1f} GB/s"
        table = harness.Table(title, ["torch"])
        for case in [c for c in CASES if c.shape[0] == 128] if options.smoke else CASES:
            if options.only not in str(case):
                continue
            arrays = draw(case)
            calls = {"nnstack": ours(case, arrays)}
            if harness.optional("torch") is not None:
                calls["torch"] = torchs(case, arrays)
            timings = harness.interleave(calls, 1 if options.smoke else options.rounds, threads)
            table.add(harness.Row(str(case), threads, timings, machine.roofline(0, case.bytes)))
        table.finish(options.json)


if __name__ == "__main__":
    main()
