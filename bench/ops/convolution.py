"""Convolutions, forward and both gradients, beside torch in channels_last (oneDNN).

    python bench/ops/convolution.py --threads 1,2

'same' padding, flops with the padding counted. The kernel is packed at every call, as in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import harness
from nnstack import _core

PASSES = {
    "forward": "convolution",
    "input": "convolution_input_gradient",
    "kernel": "convolution_kernel_gradient",
}


@dataclass(frozen=True)
class Shape:
    batch: int
    size: int
    channels: int
    filters: int
    window: int = 3
    stride: int = 1
    dilation: int = 1
    groups: int = 1

    @property
    def places(self) -> int:
        return -(-self.size // self.stride)

    @property
    def padding(self) -> int:
        """Before, and after but for one where it is odd; torch pads both sides by the larger half."""
        length = (self.window - 1) * self.dilation + 1
        return (max((self.places - 1) * self.stride + length - self.size, 0) + 1) // 2

    @property
    def flops(self) -> float:
        pairs = self.batch * self.places**2 * self.window**2
        return 2.0 * pairs * (self.channels // self.groups) * self.filters

    @property
    def bytes(self) -> float:
        image = self.batch * self.size**2 * self.channels
        result = self.batch * self.places**2 * self.filters
        return 4.0 * (image + result + self.window**2 * self.channels // self.groups * self.filters)

    def __str__(self) -> str:
        extras = [f"{k}{v}" for k, v in (("s", self.stride), ("d", self.dilation), ("g", self.groups)) if v != 1]
        size, window = f"{self.size}x{self.size}", f"{self.window}x{self.window}"
        return " ".join([f"{self.batch},{self.channels},{size}->{self.filters}", window, *extras])


SHAPES = [
    Shape(32, 32, 3, 32),
    Shape(32, 32, 32, 64),
    Shape(64, 32, 16, 16),
    Shape(1, 56, 64, 64),
    Shape(8, 56, 64, 64),
    Shape(8, 14, 256, 256),
    Shape(8, 7, 512, 512),
    Shape(8, 28, 128, 128, groups=128),
    Shape(8, 56, 64, 256, window=1),
    Shape(8, 28, 256, 512, window=1, stride=2),
    Shape(8, 28, 128, 128, stride=2),
    Shape(8, 28, 64, 64, dilation=2),
    Shape(8, 28, 32, 64, window=5),
    Shape(8, 112, 3, 64, window=7, stride=2),
]


def candidates(s: Shape, part: str) -> dict[str, harness.Candidate]:
    generator = np.random.default_rng(0)
    shapes = {
        "x": (s.batch, s.size, s.size, s.channels),
        "kernel": (s.window, s.window, s.channels // s.groups, s.filters),
        "dy": (s.batch, s.places, s.places, s.filters),
    }
    arrays = {name: generator.standard_normal(shape, np.float32) for name, shape in shapes.items()}
    used = {"forward": ("x", "kernel"), "input": ("dy", "kernel"), "kernel": ("x", "dy")}[part]
    given = [arrays[name] for name in used]
    wanted = {"forward": "dy", "input": "x", "kernel": "kernel"}[part]
    places = [_core.placeholder(array.shape, name=name) for name, array in zip(used, given, strict=True)]
    extra = [] if part == "forward" else [_core.constant(np.array(shapes[wanted], np.int64))]
    attributes = {
        "strides": [s.stride] * 2,
        "dilations": [s.dilation] * 2,
        "padding": "same",
        "groups": s.groups,
    }
    value = _core.emit(PASSES[part], [*places, *extra], attributes)[0]
    result = _core.Variable("result", np.zeros(shapes[wanted], np.float32))
    program = _core.Program(places, [], [(result, value)])
    found: dict[str, harness.Candidate] = {"nnstack": lambda: program.run(given)}
    torch: Any = harness.optional("torch")
    if torch is not None:
        last = torch.channels_last
        x = torch.from_numpy(arrays["x"]).permute(0, 3, 1, 2)
        kernel = torch.from_numpy(arrays["kernel"]).permute(3, 2, 0, 1).contiguous(memory_format=last)
        settings = [s.stride] * 2, [s.padding] * 2, [s.dilation] * 2
        y = torch.conv2d(x, kernel, None, *settings, s.groups)
        error = torch.randn_like(y)
        if part == "forward":
            found["torch"] = lambda: torch.conv2d(x, kernel, None, *settings, s.groups)
        else:
            mask = [part == "input", part == "kernel", False]
            found["torch"] = lambda: torch.ops.aten.convolution_backward(
                error, x, kernel, None, *settings, False, [0, 0], s.groups, mask
            )
    return found


def main() -> None:
    options = harness.arguments(__doc__ or "")
    for threads in (int(part) for part in options.threads.split(",")):
        harness.set_threads(threads)
        machine = harness.measure_machine(threads)
        title = f"\nconvolution, {threads} threads, FMA peak {machine.flops / 1e9:.0f} GF/s"
        table = harness.Table(title, ["torch"])
        for shape in SHAPES[:1] if options.smoke else SHAPES:
            for part in PASSES:
                name = f"{shape} {part}"
                if options.only not in name:
                    continue
                timings = harness.interleave(candidates(shape, part), 1 if options.smoke else options.rounds, threads)
                table.add(harness.Row(name, threads, timings, machine.roofline(shape.flops, shape.bytes)))
        table.finish(options.json)


if __name__ == "__main__":
    main()
