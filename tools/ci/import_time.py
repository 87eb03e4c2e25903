"""Fails if `import nnstack` takes more than --limit ms beyond numpy's own import (best of several fresh processes)."""

import argparse
import subprocess
import sys

CODE = "import time; import numpy; start = time.perf_counter(); import nnstack; print(time.perf_counter() - start)"
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--limit", type=float, required=True)
limit = parser.parse_args().limit
runs = [subprocess.run([sys.executable, "-c", CODE], check=True, stdout=subprocess.PIPE, text=True) for _ in range(7)]
milliseconds = 1000 * min(float(run.stdout) for run in runs)
print(f"import nnstack: {milliseconds:.1f} ms beyond numpy (limit {limit:g} ms)")
sys.exit(int(milliseconds > limit))
