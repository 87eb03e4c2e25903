"""One-row prediction of the `tabular` network in one engine: python predict.py ENGINE WEIGHTS.npz CALLS.

nnstack writes the weights; the other engines read them into an ONNX model of the same network.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from workloads import WORKLOADS

Predict = Callable[[Any], Any]


def nnstack_predict(path: Path) -> Predict:
    import nnstack

    nnstack.utils.set_random_seed(1)
    model = WORKLOADS["tabular"].keras_model(nnstack)
    np.savez(path, *model.get_weights())
    return model.predict_on_batch


def onnx_bytes(path: Path) -> bytes:
    """The dense stack as ONNX: Gemm and Relu, weights from the file that nnstack wrote."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    stored = np.load(path)
    weights = [stored[name] for name in stored.files]
    nodes, initializers, value = [], [], "x"
    layers = len(weights) // 2
    for i in range(layers):
        initializers += [
            numpy_helper.from_array(weights[2 * i], f"kernel_{i}"),
            numpy_helper.from_array(weights[2 * i + 1], f"bias_{i}"),
        ]
        last = i == layers - 1
        nodes.append(helper.make_node("Gemm", [value, f"kernel_{i}", f"bias_{i}"], ["y" if last else f"dense_{i}"]))
        if not last:
            nodes.append(helper.make_node("Relu", [f"dense_{i}"], [f"relu_{i}"]))
            value = f"relu_{i}"
    graph = helper.make_graph(
        nodes,
        "tabular",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, weights[0].shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, weights[-1].shape[0]])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def onnxruntime_predict(path: Path) -> Predict:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # faster than its default for so small a network
    session = onnxruntime.InferenceSession(onnx_bytes(path), options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x})[0]


def openvino_predict(path: Path) -> Predict:
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1}
    compiled = core.compile_model(core.read_model(onnx_bytes(path)), "CPU", settings)
    request = compiled.create_infer_request()
    return lambda x: request.infer([x], share_inputs=True, share_outputs=True)[0]


ENGINES = {"nnstack": nnstack_predict, "onnxruntime": onnxruntime_predict, "openvino": openvino_predict}


def resident_kib() -> int:
    """The process's resident memory now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS in /proc/self/status")


def main() -> None:
    engine, path, calls = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    predict = ENGINES[engine](path)
    x = np.random.default_rng(0).standard_normal((1, WORKLOADS["tabular"].widths[0]), dtype=np.float32)
    for _ in range(max(100, calls // 20)):
        result = predict(x)
    times = np.full(calls, 0.0)  # touched now, so that it does not count as growth
    before = resident_kib()
    for i in range(calls):
        start = time.perf_counter_ns()
        predict(x)
        times[i] = time.perf_counter_ns() - start
    growth = resident_kib() - before
    print(
        json.dumps(
            {
                "engine": engine,
                "version": version(engine),
                "calls": calls,
                "median_us": float(np.median(times)) / 1000,
                "p99_us": float(np.percentile(times, 99)) / 1000,
                "growth_kib": growth,
                "value": float(np.asarray(result).ravel()[0]),
            }
        )
    )


if __name__ == "__main__":
    main()
