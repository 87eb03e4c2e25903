"""Layers, forward and backward, beside torch and tf_keras where they are installed.

    python bench/ops/layers.py --threads 1 --only Normalization

Each computes the sum of the squares of a layer's output in training, and its gradients in the input and the weights.
tf_keras runs inside tf.function. TensorFlow works on threads of its own, so one thread is timed by the clock of the
process here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import harness
from nnstack import _core
from nnstack import backend as K
from nnstack import layers as L


@dataclass(frozen=True)
class Case:
    """make: layers -> layer. torch: nn, the input's shape -> module, for channels-first input where it has places."""

    name: str
    make: Callable[[Any], Any]
    torch: Callable[[Any], Any]
    shapes: list[tuple[int, ...]]
    integers: int = 0
    call: Callable[[Any, Any], Any] = field(default=lambda layer, x: layer(x, training=True))


def _attention(layer: Any, x: Any) -> Any:
    return layer(x, x, training=True)


def _torch_attention(module: Any, x: Any) -> Any:
    return module(x, x, x, need_weights=False)[0]


def _first(module: Any, x: Any) -> Any:
    return module(x)[0]


IMAGES = [(8, 32, 32, 64), (16, 56, 56, 32)]
STEPS = [(16, 64, 128), (32, 128, 256)]
TORCH_CALLS = {"MultiHeadAttention": _torch_attention, "Bidirectional": _first, "LSTM": _first, "GRU": _first}

CASES = [
    Case("Dense", lambda k: k.Dense(512, "relu"), lambda nn, c: nn.Sequential(nn.Linear(c, 512), nn.ReLU()),
         [(64, 256), (256, 1024)]),
    Case("Conv1D", lambda k: k.Conv1D(64, 5, padding="same"), lambda nn, c: nn.Conv1d(c, 64, 5, padding=2), STEPS),
    Case("Conv2D", lambda k: k.Conv2D(64, 3, padding="same"), lambda nn, c: nn.Conv2d(c, 64, 3, padding=1), IMAGES),
    Case("Conv2DTranspose", lambda k: k.Conv2DTranspose(32, 2, strides=2),
         lambda nn, c: nn.ConvTranspose2d(c, 32, 2, 2), [(4, 16, 16, 64), (8, 28, 28, 32)]),
    Case("SeparableConv2D", lambda k: k.SeparableConv2D(64, 3, padding="same"),
         lambda nn, c: nn.Sequential(nn.Conv2d(c, c, 3, padding=1, groups=c, bias=False), nn.Conv2d(c, 64, 1)), IMAGES),
    Case("DepthwiseConv2D", lambda k: k.DepthwiseConv2D(3, padding="same"),
         lambda nn, c: nn.Conv2d(c, c, 3, padding=1, groups=c), IMAGES),
    Case("MaxPooling2D", lambda k: k.MaxPooling2D(), lambda nn, c: nn.MaxPool2d(2), IMAGES),
    Case("AveragePooling2D", lambda k: k.AveragePooling2D(), lambda nn, c: nn.AvgPool2d(2), IMAGES),
    Case("BatchNormalization", lambda k: k.BatchNormalization(), lambda nn, c: nn.BatchNorm2d(c), IMAGES),
    Case("LayerNormalization", lambda k: k.LayerNormalization(), lambda nn, c: nn.LayerNorm(c), STEPS),
    Case("GroupNormalization", lambda k: k.GroupNormalization(8), lambda nn, c: nn.GroupNorm(8, c), IMAGES),
    Case("Softmax", lambda k: k.Softmax(), lambda nn, c: nn.Softmax(-1), STEPS),
    Case("gelu", lambda k: k.Activation("gelu"), lambda nn, c: nn.GELU(), STEPS),
    Case("Dropout", lambda k: k.Dropout(0.3), lambda nn, c: nn.Dropout(0.3), STEPS),
    Case("Embedding", lambda k: k.Embedding(10000, 128), lambda nn, c: nn.Embedding(10000, 128),
         [(32, 64), (128, 200)], 10000),
    Case("MultiHeadAttention", lambda k: k.MultiHeadAttention(8, 16),
         lambda nn, c: nn.MultiheadAttention(c, 8, batch_first=True), [(16, 64, 128), (8, 128, 128)], 0, _attention),
    Case("LSTM", lambda k: k.LSTM(128, return_sequences=True), lambda nn, c: nn.LSTM(c, 128, batch_first=True), STEPS),
    Case("GRU", lambda k: k.GRU(128, return_sequences=True), lambda nn, c: nn.GRU(c, 128, batch_first=True), STEPS),
    Case("Bidirectional", lambda k: k.Bidirectional(k.LSTM(64, return_sequences=True)),
         lambda nn, c: nn.LSTM(c, 64, batch_first=True, bidirectional=True), STEPS),
]  # fmt: skip
SEQUENCES = {"Dense", "LayerNormalization", "Softmax", "gelu", "Dropout", "Embedding", *TORCH_CALLS}  # same in torch


def data(case: Case, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(0)
    if case.integers:
        return rng.integers(0, case.integers, shape).astype(np.int32)
    return rng.normal(size=shape).astype(np.float32)


def ours(case: Case, shape: tuple[int, ...]) -> harness.Candidate:
    array = data(case, shape)
    layer = case.make(L)
    x = K.placeholder(shape, dtype=str(array.dtype))
    with K.trace() as trace:
        loss = K.sum(K.square(case.call(layer, x)))
        leaves = [*([] if case.integers else [x]), *layer.trainable_weights]
        results = [loss, *[one for one in K.gradients(loss, leaves) if one is not None]]
    kept = [(_core.Variable(f"result {k}", np.zeros(K.int_shape(r), np.float32)), r) for k, r in enumerate(results)]
    program = _core.Program([x], [], [*kept, *[(v.handle, new) for v, new in trace.updates]], learning_phase=True)
    return lambda: program.run([array])


def torchs(case: Case, shape: tuple[int, ...]) -> harness.Candidate:
    torch: Any = harness.optional("torch")
    array = data(case, shape)
    if case.name not in SEQUENCES:
        array = np.ascontiguousarray(np.moveaxis(array, -1, 1))
    x = torch.tensor(array, requires_grad=not case.integers)
    module = case.torch(torch.nn, shape[-1])
    leaves = [*([] if case.integers else [x]), *module.parameters()]
    call = TORCH_CALLS.get(case.name, lambda module, x: module(x))
    return lambda: torch.autograd.grad(call(module, x).square().sum(), leaves)


def tf_kerases(case: Case, shape: tuple[int, ...]) -> harness.Candidate:
    keras: Any = harness.optional("tf_keras")
    tf: Any = harness.optional("tensorflow")
    layer = case.make(keras.layers)
    x = tf.constant(data(case, shape))

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            if not case.integers:
                tape.watch(x)
            loss = tf.reduce_sum(tf.square(case.call(layer, x)))
        gradients = tape.gradient(loss, [*([] if case.integers else [x]), *layer.trainable_weights])
        return [tf.convert_to_tensor(gradient) for gradient in gradients]  # rows are summed, as in the others

    return lambda: step(x)


def main() -> None:
    options = harness.arguments(__doc__ or "")
    peers = {name: make for name, make in (("torch", torchs), ("tf_keras", tf_kerases)) if harness.optional(name)}
    for threads in (int(part) for part in options.threads.split(",")):
        harness.set_threads(threads)
        if "tf_keras" in peers:  # holds for the first number of threads: TensorFlow cannot change it later
            threading: Any = harness.optional("tensorflow").config.threading
            if threading.get_intra_op_parallelism_threads() == 0:
                threading.set_intra_op_parallelism_threads(threads)
                threading.set_inter_op_parallelism_threads(1)
        table = harness.Table(f"\nlayers, forward and backward, {threads} threads", peers)
        for case in CASES:
            for shape in case.shapes[: 1 if options.smoke else None]:
                title = f"{case.name} {'x'.join(map(str, shape))}"
                if options.only not in title:
                    continue
                calls = {"nnstack": ours(case, shape)}
                if not options.smoke:
                    calls |= {name: make(case, shape) for name, make in peers.items()}
                clock = time.process_time if threads == 1 else time.perf_counter
                timings = harness.interleave(calls, 1 if options.smoke else options.rounds, threads, clock=clock)
                table.add(harness.Row(title, threads, timings, 0))
        table.finish(options.json)


if __name__ == "__main__":
    main()
