"""One image through networks with batch normalisation, beside onnxruntime, which folds it into the kernels.

    python bench/models/one_image.py --threads 1 --networks resnet50,mobilenet

Also: the passes batch_norm and keep switched off, and the same network with channels_first. Weights and moving
statistics are random. Milliseconds of CPU time, the median of interleaved rounds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

NETWORKS = {"resnet50": "ResNet50", "resnet50v2": "ResNet50V2", "mobilenet": "MobileNet", "mobilenetv2": "MobileNetV2"}


def network(name: str, size: int, data_format: str = "channels_last") -> Any:
    import nnstack as keras

    keras.backend.set_image_data_format(data_format)
    shape = (size, size, 3) if data_format == "channels_last" else (3, size, size)
    model = getattr(keras.applications, NETWORKS[name])(weights=None, input_shape=shape)
    keras.backend.set_image_data_format("channels_last")
    generator = np.random.default_rng(0)
    for variable in model.variables:
        if "moving_" in variable.name or "gamma" in variable.name:
            variable.assign(generator.uniform(0.5, 1.5, variable.shape).astype("float32"))
    return model


def program(model: Any, **passes: bool) -> Any:
    from nnstack import _core, backend

    place = backend.placeholder(shape=tuple(model.inputs[0].shape))
    with backend.trace():
        result = backend.convert(model(place, training=False))
    return _core.Program([place], [result], [], learning_phase=False, passes=passes)


def onnxruntime_session(model: Any, threads: int) -> Any:
    import onnxruntime

    import nnstack

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        nnstack.onnx.export_model(model, path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


def candidates(name: str, size: int, threads: int) -> dict[str, Callable[[], Any]]:
    image = np.random.default_rng(1).standard_normal((1, size, size, 3)).astype("float32")
    first = np.ascontiguousarray(image.transpose(0, 3, 1, 2))
    last = network(name, size)
    before = program(last, batch_norm=False, keep=False)
    after = program(last)
    other = network(name, size, "channels_first")
    sunk, plain = program(other), program(other, transposes=False)
    found = {
        "nnstack": lambda: after.run([image]),
        "no folding": lambda: before.run([image]),
        "channels_first": lambda: sunk.run([first]),
        "  transposes off": lambda: plain.run([first]),
    }
    try:
        session = onnxruntime_session(last, threads)
    except ImportError:
        return found
    given = session.get_inputs()[0].name
    found["onnxruntime"] = lambda: session.run(None, {given: image})[0]
    np.testing.assert_allclose(found["onnxruntime"](), after.run([image])[0], rtol=1e-2, atol=1e-5)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default="resnet50,mobilenet")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    import nnstack

    nnstack.set_num_threads(options.threads)
    for name in options.networks.split(","):
        found = candidates(name, options.size, options.threads)
        times: dict[str, list[float]] = {label: [] for label in found}
        for _ in range(options.rounds):
            for label, run in found.items():
                start = time.process_time()
                run()
                times[label].append(time.process_time() - start)
        print(name, options.size, f"{options.threads} threads, CPU time")
        for label, seconds in times.items():
            print(f"  {label:18} {1e3 * statistics.median(seconds):8.2f} ms, best {1e3 * min(seconds):8.2f}")


if __name__ == "__main__":
    main()
