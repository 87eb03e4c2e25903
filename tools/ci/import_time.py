"""Fails if importing nnstack takes more than --limit ms beyond numpy's own import (best of several fresh processes).

Modules of nnstack are imported when first used, so the same limit holds for what every program uses.
"""

import argparse
import subprocess
import sys

START = "import time; import numpy; start = time.perf_counter(); import nnstack; "
END = "print(time.perf_counter() - start)"
PROGRAMS = {
    "import nnstack": START + END,
    "the same with Sequential, layers, optimizers": START
    + "nnstack.Sequential, nnstack.layers, nnstack.optimizers; "
    + END,
}

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--limit", type=float, required=True)
limit = parser.parse_args().limit
slowest = 0.0
for name, code in PROGRAMS.items():
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True) for _ in range(7)
    ]
    milliseconds = 1000 * min(float(run.stdout) for run in runs)
    slowest = max(slowest, milliseconds)
    print(f"{name}: {milliseconds:.1f} ms beyond numpy (limit {limit:g} ms)")
sys.exit(int(slowest > limit))
