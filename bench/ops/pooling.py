"""Pools, forward and gradient, and separable convolutions, beside torch in channels_last.

    python bench/ops/pooling.py --threads 1,2

Global pools are reductions, as in the layers. torch's gradient of a maximum is given the places that its forward pass
found, while ours looks for them again; `training` is both passes of each. Pools move bytes, so the limit is the
machine's copy bandwidth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import harness
from nnstack import _core
from nnstack import backend as K


@dataclass(frozen=True)
class Shape:
    batch: int
    size: int
    channels: int
    window: int = 2
    stride: int = 2

    @property
    def whole(self) -> bool:
        return self.window == self.size

    @property
    def places(self) -> int:
        return self.size // self.stride

    def __str__(self) -> str:
        image = f"{self.batch},{self.channels},{self.size}x{self.size}"
        return f"{image} global" if self.whole else f"{image} {self.window}x{self.window} s{self.stride}"


SHAPES = [
    Shape(32, 32, 32),
    Shape(8, 56, 64),
    Shape(8, 112, 64, 3, 2),
    Shape(8, 28, 192, 3, 1),
    Shape(32, 7, 512, 7, 7),
]


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def program(inputs: list[Any], values: list[Any], given: list[np.ndarray]) -> harness.Candidate:
    """Runs the values of the inputs into memory that is there already."""
    results = [_core.Variable("result", np.zeros([int(n) for n in K.int_shape(value)], np.float32)) for value in values]
    compiled = _core.Program(inputs, [], list(zip(results, values, strict=True)))
    return lambda: compiled.run(given)


def candidates(s: Shape, mode: str, part: str) -> dict[str, harness.Candidate]:
    x = _random(s.batch, s.size, s.size, s.channels)
    image = K.placeholder(x.shape)
    if s.whole:
        y = K.max(image, axis=[1, 2]) if mode == "max" else K.mean(image, axis=[1, 2])
    else:
        y = K.pool2d(image, (s.window, s.window), (s.stride, s.stride), padding="same", pool_mode=mode)
    error = _random(*K.int_shape(y))
    inputs, given, values = [image], [x], [y]
    if part != "forward":
        errors = K.placeholder(error.shape)
        inputs, given = [image, errors], [x, error]
        gradient = K.gradients(K.sum(y * errors), [image])
        values = [y, *gradient] if part == "training" else gradient
    found = {"nnstack": program(inputs, values, given)}
    torch: Any = harness.optional("torch")
    if torch is not None:
        forward, backward = torch_candidates(torch, s, mode, x, error)
        places = forward()
        passes = {"forward": forward, "gradient": lambda: backward(places), "training": lambda: backward(forward())}
        found["torch"] = passes[part]
    return found


def torch_candidates(
    torch: Any, s: Shape, mode: str, x: np.ndarray, error: np.ndarray
) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """The forward pass, and the gradient given its result."""
    image = torch.from_numpy(x).permute(0, 3, 1, 2)
    ops = torch.ops.aten
    sizes = [s.window] * 2, [s.stride] * 2, [(s.window - 1) // 2] * 2
    if s.whole:
        errors = torch.from_numpy(error.reshape(s.batch, s.channels, 1, 1))
        if mode == "max":
            return (
                lambda: ops.adaptive_max_pool2d(image, [1, 1]),
                lambda found: ops.adaptive_max_pool2d_backward(errors, image, found[1]),
            )
        return (  # what autograd does for a mean
            lambda: image.mean((2, 3)),
            lambda found: (errors / s.size**2).expand_as(image).contiguous(memory_format=torch.channels_last),
        )
    errors = torch.from_numpy(error).permute(0, 3, 1, 2)
    if mode == "max":
        return (
            lambda: ops.max_pool2d_with_indices(image, *sizes),
            lambda found: ops.max_pool2d_with_indices_backward(errors, image, *sizes, [1, 1], False, found[1]),
        )
    return (
        lambda: ops.avg_pool2d(image, *sizes, False, False),
        lambda found: ops.avg_pool2d_backward(errors, image, *sizes, False, False, None),
    )


SEPARABLE = [(8, 56, 64, 128), (8, 28, 128, 128), (32, 32, 32, 64)]  # batch, size, channels, filters


def separable(batch: int, size: int, channels: int, filters: int, backward: bool) -> dict[str, harness.Candidate]:
    x, error = _random(batch, size, size, channels), _random(batch, size, size, filters)
    depthwise, pointwise = _random(3, 3, channels, 1), _random(1, 1, channels, filters)
    inputs = [K.placeholder(array.shape) for array in (x, depthwise, pointwise)]
    given = [x, depthwise, pointwise]
    y = K.separable_conv2d(*inputs, padding="same")
    found: dict[str, harness.Candidate] = {}
    if backward:
        errors = K.placeholder(error.shape)
        gradients = K.gradients(K.sum(y * errors), inputs)
        found["nnstack"] = program([*inputs, errors], gradients, [*given, error])
    else:
        found["nnstack"] = program(inputs, [y], given)
    torch: Any = harness.optional("torch")
    if torch is None:
        return found
    last = torch.channels_last
    image = torch.from_numpy(x).permute(0, 3, 1, 2)
    first = torch.from_numpy(depthwise).permute(2, 3, 0, 1).contiguous(memory_format=last)
    second = torch.from_numpy(pointwise).permute(3, 2, 0, 1).contiguous(memory_format=last)
    errors = torch.from_numpy(error).permute(0, 3, 1, 2)
    backwards = torch.ops.aten.convolution_backward

    def forward() -> Any:
        return torch.conv2d(torch.conv2d(image, first, None, 1, 1, 1, channels), second)

    def step() -> None:
        middle = torch.conv2d(image, first, None, 1, 1, 1, channels)
        plain = [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [True, True, False]
        between = backwards(errors, middle, second, None, *plain)[0]
        backwards(between, image, first, None, [1, 1], [1, 1], [1, 1], False, [0, 0], channels, [True, True, False])

    found["torch"] = step if backward else forward
    return found


def main() -> None:
    options = harness.arguments(__doc__ or "")
    rounds = 1 if options.smoke else options.rounds
    for threads in (int(part) for part in options.threads.split(",")):
        harness.set_threads(threads)
        machine = harness.measure_machine(threads)
        table = harness.Table(f"\npools and separable convolutions, {threads} threads", ["torch"])
        for part in ("forward", "gradient", "training"):
            for shape in SHAPES[:1] if options.smoke else SHAPES:
                for mode in ("max", "avg"):
                    name = f"{shape} {mode} {part}"
                    if options.only not in name:
                        continue
                    image = shape.batch * shape.size**2 * shape.channels
                    arrays = 1 if part == "forward" or (part == "gradient" and mode == "avg") else 2
                    moved = 4.0 * (image * arrays + image / shape.stride**2)
                    timings = harness.interleave(candidates(shape, mode, part), rounds, threads)
                    table.add(harness.Row(name, threads, timings, machine.roofline(0, moved)))
            if part == "training":
                continue
            backward = part == "gradient"
            for batch, size, channels, filters in SEPARABLE[:1] if options.smoke else SEPARABLE:
                name = f"{batch},{channels},{size}x{size}->{filters} separable {part}"
                if options.only not in name:
                    continue
                flops = 2.0 * batch * size**2 * channels * (9 + filters) * (3 if backward else 1)
                timings = harness.interleave(separable(batch, size, channels, filters, backward), rounds, threads)
                table.add(harness.Row(name, threads, timings, machine.roofline(flops, 0)))
        table.finish(options.json)


if __name__ == "__main__":
    main()
