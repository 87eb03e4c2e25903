"""Training time per step and one-row prediction time, nnstack beside its peers, in one run.

    python bench/models/run.py                                  nnstack alone, with this Python
    python bench/models/run.py --peers-python PEERS/bin/python  and its peers, from their environment
    python bench/models/run.py --smoke                          seconds, for CI

Every framework has a process of its own that stays alive. A round runs one whole epoch in each, in turn, so that a slow
minute of the machine hits all alike; the figure is the median epoch divided by its steps. `--cores N` pins every
process to the first N cores. How to make the peers' environment: bench/models/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from roofline import measure_peak
from workloads import WORKLOADS

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from workers import Worker  # noqa: E402

PEERS = ("torch-eager", "torch-compile", "keras3-jax", "tf_keras")


def bench_training(workers: list[Worker], name: str, rounds: int, smoke: bool, peak: float) -> list[dict[str, Any]]:
    """Rows of the table of one workload, fastest first."""
    workload = WORKLOADS[name]
    steps = -(-(workload.smoke_rows if smoke else workload.rows) // workload.batch)
    setup = {"do": "setup", "workload": name, "smoke": smoke}
    versions = {worker.framework: worker.ask(setup)["version"] for worker in workers}
    seconds: dict[str, list[float]] = {worker.framework: [] for worker in workers}
    losses: dict[str, float] = {}
    for _ in range(rounds):
        for worker in workers:
            answer = worker.ask({"do": "epoch", "workload": name})
            seconds[worker.framework].append(answer["seconds"])
            losses[worker.framework] = answer["loss"]
    rows = []
    for worker in workers:
        times = sorted(seconds[worker.framework])
        step = statistics.median(times) / steps
        rows.append(
            {
                "framework": worker.framework,
                "version": versions[worker.framework],
                "step_us": 1e6 * step,
                "step_us_min": 1e6 * times[0] / steps,
                "step_us_max": 1e6 * times[-1] / steps,
                "steps": steps,
                "loss": losses[worker.framework],
                "gflops": workload.flops_per_step() / step / 1e9,
                "peak_share": workload.flops_per_step() / step / peak,
            }
        )
    return sorted(rows, key=lambda row: row["step_us"])


def print_training(name: str, rows: list[dict[str, Any]]) -> None:
    ours = next(row["step_us"] for row in rows if row["framework"] == "nnstack")
    print(f"\n{name}: training step, us (median of whole epochs; min - max), times nnstack's, share of the FMA peak")
    for row in rows:
        spread = f"({row['step_us_min']:.1f} - {row['step_us_max']:.1f})"
        print(
            f"  {row['framework']:14} {row['step_us']:9.1f} {spread:20} {row['step_us'] / ours:6.2f}x"
            f" {100 * row['peak_share']:5.1f} %   loss {row['loss']:.4f}   {row['version']}"
        )


def bench_predict(python: str, peers_python: str | None, smoke: bool) -> list[dict[str, Any]]:
    """One-row prediction: nnstack writes the weights, every engine gets the same network."""
    calls = 2_000 if smoke else 100_000
    weights = HERE / "tabular_weights.npz"
    rows = []
    try:
        engines = [("nnstack", python)]
        if peers_python:
            engines += [("onnxruntime", peers_python), ("openvino", peers_python)]
        for engine, interpreter in engines:
            command = [interpreter, str(HERE / "predict.py"), engine, str(weights), str(calls)]
            result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            rows.append(json.loads(result.stdout.splitlines()[-1]))
    finally:
        weights.unlink(missing_ok=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="the Python that has nnstack")
    parser.add_argument("--peers-python", help="the Python that has the peers; without it nnstack runs alone")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma separated choice")
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cores", type=int, help="pin everything to so many cores")
    parser.add_argument("--smoke", action="store_true", help="little data, two rounds")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    if arguments.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])

    peak, how = measure_peak()
    cores = len(os.sched_getaffinity(0))
    print(f"{platform.processor() or platform.machine()}, {cores} cores; FMA peak {peak / 1e9:.0f} GF/s ({how})")
    report: dict[str, Any] = {"cores": cores, "peak_gflops": peak / 1e9, "peak_measured_by": how, "training": {}}
    peers = arguments.peers.split(",") if arguments.peers_python else []
    pythons = {"nnstack": arguments.python, **dict.fromkeys(peers, arguments.peers_python)}
    workers = [Worker(name, [python, str(HERE / "worker.py"), name]) for name, python in pythons.items()]
    try:
        for name in arguments.workloads.split(","):
            rows = bench_training(workers, name, 2 if arguments.smoke else arguments.rounds, arguments.smoke, peak)
            print_training(name, rows)
            report["training"][name] = rows
    finally:
        for worker in workers:
            worker.close()

    report["predict"] = bench_predict(arguments.python, arguments.peers_python, arguments.smoke)
    print("\ntabular: predict_on_batch of one row, us a call (median; 99th percentile), memory growth over all calls")
    for row in report["predict"]:
        print(
            f"  {row['engine']:14} {row['median_us']:7.2f} ({row['p99_us']:.2f})"
            f"   {row['growth_kib']:6.0f} KiB in {row['calls']} calls   {row['version']}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
