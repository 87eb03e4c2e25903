"""Opening and saving a model of 100 MB: nnstack beside tf_keras and safetensors, and beside reading the file.

    python bench/files/run.py                                  nnstack and safetensors, with this Python
    python bench/files/run.py --peers-python PEERS/bin/python  and tf_keras, from its environment
    python bench/files/run.py --smoke                          a model of 1 MB, for CI
    python bench/files/run.py --json files.json                the figures as JSON too

Every framework has a process of its own, and a round asks each in turn; a figure is the fastest of the rounds. CPU is
the process's own time, which other processes do not change. `exported` is what C programs do with `export`'s file: they
open it and predict one row, each time in a new process. Memory is the peak of a load in a fresh process, above what
it took before, as a multiple of the weights.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from workers import Worker  # noqa: E402

WORKER = HERE / "worker.py"
MEMORY = ("load h5", "load keras", "load weights tf", "load weights safetensors")
CASES = {
    "nnstack": (
        "save h5",
        "load h5",
        "save keras",
        "load keras",
        "save weights tf",
        "load weights tf",
        "save weights safetensors",
        "load weights safetensors",
        "export",
    ),
    "tf_keras": ("save h5", "load h5", "save keras", "load keras", "save weights tf", "load weights tf"),
    "exported": ("open", "first prediction"),
    "safetensors": ("save", "load"),
    "file": ("read", "write"),
}


def peak(python: str, framework: str, folder: str, width: int, case: str) -> float:
    """Peak memory of one load in a process of its own, in multiples of the weights."""
    command = [python, str(WORKER), framework, folder, str(width), "--memory", case]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", help="a Python with tf_keras")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--smoke", action="store_true", help="a small model, one round")
    parser.add_argument("--json", help="where to write the figures")
    arguments = parser.parse_args()
    width, rounds = (100, 1) if arguments.smoke else (1024, arguments.rounds)
    pythons = dict.fromkeys(("file", "nnstack", "safetensors", "exported"), sys.executable)
    if arguments.peers_python:
        pythons["tf_keras"] = arguments.peers_python
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        workers = {
            name: Worker(name, [python, str(WORKER), name, folder, str(width)]) for name, python in pythons.items()
        }
        about = {name: worker.answer() for name, worker in workers.items()}
        workers = {name: worker for name, worker in workers.items() if not about[name].get("missing")}
        cases = [(name, case) for name in workers for case in CASES[name]]
        for _ in range(rounds + 1):  # the first warms the disk's cache
            for name, case in cases:
                figures = workers[name].ask(case)
                best = found.setdefault(f"{name} {case}", figures)
                found[f"{name} {case}"] = {key: min(best[key], figures[key]) for key in figures}
        for worker in workers.values():
            worker.close()
        for name in [one for one in ("nnstack", "tf_keras") if one in workers]:
            for case in [one for one in MEMORY if one in CASES[name]]:
                found[f"{name} {case}"]["peak"] = peak(pythons[name], name, folder, width, case)
    read = found["file read"]
    print(f"{'':40} {'ms':>9} {'cpu ms':>9} {'x read':>7} {'peak':>6}")
    for title, row in found.items():
        relative = row["cpu"] / read["cpu"] if "load" in title or "read" in title else float("nan")
        print(f"{title:40} {row['wall'] * 1e3:9.1f} {row['cpu'] * 1e3:9.1f} {relative:7.2f} {row.get('peak', 0):6.2f}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"about": about, "figures": found}, indent=1))


if __name__ == "__main__":
    main()
