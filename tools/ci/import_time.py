"""Fails if importing nnstack takes more than --limit ms beyond numpy's own import (best of several fresh processes).

Modules of nnstack are imported when first used, so the same limit holds for what every program uses.
With bytecode, as pip installs it: the first of the processes may have to write it.
"""

import argparse
import os
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
environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
slowest = 0.0
for name, code in PROGRAMS.items():
    runs = [
        subprocess.run([sys.executable, "-c", code], env=environment, check=True, stdout=subprocess.PIPE, text=True)
        for _ in range(7)
    ]
    milliseconds = 1000 * min(float(run.stdout) for run in runs)
    slowest = max(slowest, milliseconds)
    print(f"{name}: {milliseconds:.1f} ms beyond numpy (limit {limit:g} ms)")
sys.exit(int(slowest > limit))
