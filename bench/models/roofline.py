"""The machine's measured peak, against which every figure is set."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import numpy as np


def measure_peak() -> tuple[float, str]:
    """Floating-point operations a second of all cores, and how they were measured.

    The program `fma_peak` of bench/cpp (where NNSTACK_FMA_PEAK or PATH names it) says it exactly. Otherwise the fastest
    of a few large float32 products through numpy's BLAS stands in: a lower bound, 50 to 90 % of the true peak.
    """
    program = os.environ.get("NNSTACK_FMA_PEAK") or shutil.which("fma_peak")
    if program:
        result = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True)
        return float(result.stdout.split()[-1]) * 1e9, "fma_peak"
    a = np.ones((2048, 2048), np.float32)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        np.dot(a, a)
        best = min(best, time.perf_counter() - start)
    return 2.0 * 2048**3 / best, "largest of five numpy products of 2048^3; a lower bound of the true peak"
