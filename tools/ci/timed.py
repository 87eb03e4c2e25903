"""Runs a command and fails if it took longer than --limit seconds: timed.py --limit 5 -- COMMAND ..."""

import argparse
import subprocess
import sys
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--limit", type=float, required=True)
parser.add_argument("command", nargs="+")
arguments = parser.parse_args()
start = time.perf_counter()
status = subprocess.run(arguments.command, stdout=subprocess.DEVNULL).returncode
seconds = time.perf_counter() - start
print(f"{' '.join(arguments.command)}: {seconds:.2f} s (limit {arguments.limit:g} s)")
sys.exit(status or int(seconds > arguments.limit))
