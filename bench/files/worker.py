"""One framework's process for run.py: makes the model, then times what it is asked for, one line of JSON each."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
LAYERS = 24


def keras_model(k: Any, width: int) -> Any:
    """A row of dense layers: 100 MB at width 1024."""
    tensor = inputs = k.layers.Input((width,))
    for number in range(LAYERS):
        tensor = k.layers.Dense(width, activation="relu", name=f"layer_{number}")(tensor)
    return k.models.Model(inputs, tensor)


def keras_cases(k: Any, folder: str, width: int, name: str, options: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    model = keras_model(k, width)
    cases: dict[str, Callable[[], Any]] = {}
    for suffix in ("h5", "keras"):
        path = os.path.join(folder, f"{name}.{suffix}")
        cases[f"save {suffix}"] = lambda path=path: model.save(path, **options)
        cases[f"load {suffix}"] = lambda path=path: k.models.load_model(path, compile=False)
    endings = {"tf": "", "safetensors": ".safetensors"} if name == "nnstack" else {"tf": ""}
    for kind, ending in endings.items():
        path = os.path.join(folder, f"{name}_{kind}{ending}")
        cases[f"save weights {kind}"] = lambda path=path: model.save_weights(path)
        cases[f"load weights {kind}"] = lambda path=path: model.load_weights(path)
    if name == "nnstack":
        cases["export"] = lambda: model.export(os.path.join(folder, "model.nnstack"))
    return cases


def exported_cases(folder: str, width: int) -> dict[str, Callable[[], Any]]:
    """Processes of their own that use the C interface; the figures are theirs."""

    def ask(case: str) -> dict[str, float]:
        command = [sys.executable, __file__, "exported", folder, str(width), "--exported", case]
        answer: dict[str, float] = json.loads(
            subprocess.run(command, capture_output=True, text=True, check=True).stdout
        )
        return answer

    return {case: lambda case=case: ask(case) for case in ("open", "first prediction")}


def use_exported(folder: str, width: int, case: str) -> dict[str, float]:
    """Time of opening the file, or of the first prediction after that, through the C interface."""
    import ctypes
    import importlib.util

    package = os.path.dirname(str(importlib.util.find_spec("nnstack").origin))  # type: ignore[union-attr]
    library = ctypes.CDLL(os.path.join(package, "libnnstack.so"))
    model, session = ctypes.c_void_p(), ctypes.c_void_p()
    row, out = (ctypes.c_float * width)(), (ctypes.c_float * width)()
    library.nnstack_predict.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]

    def done(code: int) -> None:
        if code:
            library.nnstack_error.restype = ctypes.c_char_p
            raise RuntimeError(library.nnstack_error().decode())

    def opening() -> None:
        done(library.nnstack_model_load(os.path.join(folder, "model.nnstack").encode(), ctypes.byref(model)))

    def predicting() -> None:
        done(library.nnstack_session_new(model, b"predict", ctypes.byref(session)))
        done(library.nnstack_predict(session, row, 1, out))

    opened = timed(opening)
    return opened if case == "open" else timed(predicting)


def timed(function: Callable[[], Any]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return result if isinstance(result, dict) and result.keys() == figures.keys() else figures


def make(framework: str, folder: str, width: int) -> tuple[dict[str, Callable[[], Any]], str]:
    """(cases, version); ImportError where the framework is not installed."""
    if framework == "exported":
        return exported_cases(folder, width), ""
    if framework == "nnstack":
        import nnstack

        return keras_cases(nnstack, folder, width, framework, {}), nnstack.__version__
    if framework == "tf_keras":
        import tf_keras

        return keras_cases(tf_keras, folder, width, framework, {}), tf_keras.__version__
    import numpy as np

    generator = np.random.default_rng(0)
    arrays = {f"layer_{n}/kernel": generator.random((width, width), np.float32) for n in range(LAYERS)}
    path = os.path.join(folder, f"{framework}.bin")
    if framework == "safetensors":
        import safetensors
        import safetensors.numpy

        return {
            "save": lambda: safetensors.numpy.save_file(arrays, path),
            "load": lambda: safetensors.numpy.load_file(path),
        }, safetensors.__version__
    content = b"".join(array.tobytes() for array in arrays.values())
    return {"write": lambda: write(path, content), "read": lambda: read(path, content)}, ""


def write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read(path: str, content: bytes) -> bytes:
    if not os.path.exists(path):
        write(path, content)
    with open(path, "rb") as file:
        return file.read()


def memory(cases: dict[str, Callable[[], Any]], case: str, width: int) -> float:
    """Peak of one load above what the process had before; a small load has warmed it."""

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0

    before = peak()
    kept = cases[case]()
    assert kept is not None
    return (peak() - before) / (4.0 * LAYERS * width * (width + 1))


def main() -> None:
    framework, folder, width = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if "--exported" in sys.argv:
        print(json.dumps(use_exported(folder, width, sys.argv[-1])))
        return
    if "--memory" in sys.argv:
        small, _ = make(framework, folder, 2)  # its model is small; the file to open is the large one
        print(memory({**small, **redirected(framework, folder, width)}, sys.argv[-1], width))
        return
    try:
        cases, version = make(framework, folder, width)
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    print(json.dumps({"version": version}), flush=True)
    for line in sys.stdin:
        gc.collect()
        print(json.dumps(timed(cases[json.loads(line)])), flush=True)


def redirected(framework: str, folder: str, width: int) -> dict[str, Callable[[], Any]]:
    """Loads of the files that the timed process wrote."""
    import importlib

    k = importlib.import_module(framework)
    for suffix in ("h5", "keras"):  # a small file of each kind, so that nothing is imported while the peak is taken
        path = os.path.join(folder, f"small.{suffix}")
        keras_model(k, 2).save(path)
        k.models.load_model(path, compile=False)
    paths = {suffix: os.path.join(folder, f"{framework}.{suffix}") for suffix in ("h5", "keras")}
    cases: dict[str, Callable[[], Any]] = {
        f"load {s}": lambda path=path: k.models.load_model(path, compile=False) for s, path in paths.items()
    }
    for kind, ending in {"tf": "", "safetensors": ".safetensors"}.items():
        cases[f"load weights {kind}"] = lambda kind=kind, ending=ending: filled(framework, folder, width, kind, ending)
    return cases


def filled(framework: str, folder: str, width: int, kind: str, ending: str) -> Any:
    """A model made and its weights loaded: the first alone takes what the weights take."""
    import importlib

    model = keras_model(importlib.import_module(framework), width)
    model.load_weights(os.path.join(folder, f"{framework}_{kind}{ending}"))
    return model


if __name__ == "__main__":
    main()
