"""What this installation of nnstack can do on this machine, and why not more.

examples:
  nnstack doctor
  nnstack doctor --json | jq .devices

The exit status is 1 where something does not work that should: the native core does not load, or a small model
trained on each device gives wrong numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib import metadata
from typing import Any

_PACKAGES = {
    "numpy": "arrays; needed",
    "h5py": ".h5 and .keras files; needed",
    "PyYAML": ".yaml configs; needed",
    "onnx": "ONNX files: pip install 'nnstack[onnx]'",
    "onnxruntime": "runs ONNX files, to compare: pip install onnxruntime",
    "safetensors": ".safetensors weights: pip install 'nnstack[safetensors]'",
    "matplotlib": "plot_model without graphviz: pip install 'nnstack[plot]'",
    "pydot": "plot_model: pip install 'nnstack[plot]'",
    "Pillow": "image files: pip install 'nnstack[image]'",
    "scipy": "image transformations: pip install 'nnstack[image]'",
    "scikit-learn": "nnstack.wrappers: pip install scikit-learn",
    "nvidia-cublas": "faster products on a GPU: pip install 'nnstack[cuda]'",
}
_VARIABLES = (
    "NNSTACK_DEVICE", "NNSTACK_NUM_THREADS", "NNSTACK_ISA", "NNSTACK_CUDA_PLUGIN", "NNSTACK_CUDA_LIB_DIR",
    "NNSTACK_CUDA_CACHE", "NNSTACK_CUDA_BLAS",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")


def run(arguments: argparse.Namespace) -> int:
    report = examine()
    print(json.dumps(report, indent=2) if arguments.json else _text(report))
    return 1 if report["problems"] else 0


def examine() -> dict[str, Any]:
    """All that is told, as plain data; `problems` is empty where all is well."""
    import nnstack

    report: dict[str, Any] = {
        "version": nnstack.__version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "machine": f"{platform.system()} {platform.machine()}, {_cpu_name()}",
        "cores": {"machine": os.cpu_count(), "usable": _usable_cores()},
        "packages": {name: _version_of(name) for name in _PACKAGES},
        "environment": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "problems": [],
    }
    try:
        from nnstack import _core
    except ImportError as error:
        report["problems"].append(f"the native core does not load: {error}")
        return report
    folder = os.path.dirname(_core.__file__)
    devices = _core.list_devices()
    report |= {
        "core": _core.__file__,
        "instruction_set": _core.instruction_set(),
        "cpu_has": _cpu_sets(),
        "threads": _core.get_num_threads(),
        "blas": _blas(folder),
        "devices": devices,
        "default_device": _core.get_device(),
        "why_no_cuda": None if any(name.startswith("cuda") for name in devices) else _core.why_no_cuda(),
        "cpp": {
            name: os.path.exists(os.path.join(folder, name))
            for name in ("libnnstack.so", "libnnstack.a", "include", "cmake")
        },
    }
    for name in devices:
        report.setdefault("trial", {})[name] = _trial(name, report["problems"])
    return report


def _trial(device: str, problems: list[str]) -> str:
    """Whether a product of small whole numbers, which must be exact, comes out right there."""
    import numpy as np

    from nnstack import _core

    try:
        a = np.arange(12, dtype=np.float32).reshape(3, 4)
        x = _core.placeholder((3, 4), "float32", "x")
        y = _core.emit("matmul", [x, _core.Variable("w", a.T.copy(), device).value], {})[0]
        found = _core.Program([x], [y], [], learning_phase=False, device=device, name="doctor").run([a])[0]
        if not np.array_equal(found, a @ a.T):
            raise RuntimeError("a product of whole numbers is wrong")
    except (RuntimeError, ValueError, TypeError) as error:
        problems.append(f"{device}: {error}")
        return f"failed: {error}"
    return "a product comes out right"


def _version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _usable_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _cpu_lines() -> dict[str, str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line.split(":", 1) for line in file if ":" in line]
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, value in reversed(lines)}


def _cpu_name() -> str:
    return _cpu_lines().get("model name", platform.processor() or "an unknown CPU")


def _cpu_sets() -> list[str]:
    """The sets of kernels that this CPU could run."""
    flags = set(_cpu_lines().get("flags", "").split())
    needed = {"sse": {"sse2"}, "avx2": {"avx2", "fma"}, "avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"}}
    return [name for name, wanted in needed.items() if wanted <= flags]


def _blas(folder: str) -> str:
    bundled = os.path.join(folder, "libnnstack_openblas.so")
    return "OpenBLAS, bundled" if os.path.exists(bundled) else "own kernels alone, or the BLAS named when it was built"


# -- text -------------------------------------------------------------------------------------------------------------
def _text(report: dict[str, Any]) -> str:
    rows: list[tuple[str, Any]] = [
        ("nnstack", report["version"]),
        ("Python", report["python"]),
        ("machine", report["machine"]),
        ("cores", f"{report['cores']['usable']} of {report['cores']['machine']} usable"),
    ]
    if "core" in report:
        rows += [
            ("native core", report["core"]),
            ("kernels", f"{report['instruction_set']}{_of(report)}"),
            ("threads", report["threads"]),
            ("BLAS", report["blas"]),
            ("C++ package", _cpp(report["cpp"])),
            ("devices", ", ".join(f"{name}: {report['trial'][name]}" for name in report["devices"])),
            ("default device", report["default_device"]),
        ]
    lines = [f"{name:<15}{value}" for name, value in rows]
    if report.get("why_no_cuda"):
        lines += ["", "no GPU because", f"  {report['why_no_cuda']}"]
    lines += ["", "packages"]
    for name, version in report["packages"].items():
        lines.append(f"  {name:<14} {version or '-':<10} {_PACKAGES[name]}")
    if report["environment"]:
        lines += ["", "set in the environment"] + [f"  {key}={value}" for key, value in report["environment"].items()]
    lines += ["", *(f"problem: {one}" for one in report["problems"])] if report["problems"] else ["", "all is well"]
    return "\n".join(lines)


def _of(report: dict[str, Any]) -> str:
    forced = report["environment"].get("NNSTACK_ISA")
    has = f"; this CPU has {', '.join(report['cpu_has'])}" if report["cpu_has"] else ""
    return (f", forced by NNSTACK_ISA={forced}" if forced else "") + has


def _cpp(parts: dict[str, bool]) -> str:
    missing = [name for name, there in parts.items() if not there]
    return "complete" if not missing else f"without {', '.join(missing)} (a copy that is not installed)"
