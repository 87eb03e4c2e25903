"""What the benchmarks of single ops share: interleaved timing, the machine's own limits, one table.

Run them with a Python that has nnstack; where torch is installed as well it is measured beside it, in the same process
and turn by turn, so that a slow minute of the machine hits all alike. On one thread the clock is the thread's own,
which leaves out what other processes take; on several it is the wall's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

# Before numpy and torch are imported: numpy's BLAS keeps to one thread, torch's idle threads do not spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("KMP_BLOCKTIME", "0")

import numpy as np

Candidate = Callable[[], Any]


def arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", default="1", help="comma separated numbers of threads (default 1)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="only cases whose name holds this text")
    parser.add_argument("--smoke", action="store_true", help="one short round of each case, for CI")
    parser.add_argument("--json", help="where to write the figures")
    return parser.parse_args()


def set_threads(threads: int) -> None:
    """Of nnstack and of torch, where it is there."""
    import nnstack

    nnstack.set_num_threads(threads)
    torch = optional("torch")
    if torch is not None:
        torch.set_num_threads(threads)


def optional(name: str) -> Any:
    """The module, or None where it is not installed."""
    try:
        return __import__(name)
    except ImportError:
        return None


@dataclass
class Timing:
    """Seconds a call: one figure for each round."""

    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def best(self) -> float:
        return min(self.rounds)


def interleave(
    candidates: dict[str, Candidate],
    rounds: int,
    threads: int,
    seconds: float = 0.05,
    clock: Callable[[], float] | None = None,
) -> dict[str, Timing]:
    """Calls each candidate for about `seconds` in turn, `rounds` times; the figure of a round is its fastest call."""
    clock = clock or (time.thread_time if threads == 1 else time.perf_counter)
    timings = {name: Timing() for name in candidates}
    calls = {}
    for name, call in candidates.items():
        call()  # plans, packs, warms
        start = time.perf_counter()
        call()
        calls[name] = max(1, min(2000, int(seconds / max(time.perf_counter() - start, 1e-7))))
    for _ in range(rounds):
        for name, call in candidates.items():
            fastest = float("inf")
            for _ in range(calls[name]):
                start = clock()
                call()
                fastest = min(fastest, clock() - start)
            timings[name].rounds.append(fastest)
    return timings


@dataclass(frozen=True)
class Machine:
    """Limits measured now: fused multiply-adds and copies (bytes read and written) a second, on so many threads."""

    threads: int
    flops: float
    copy: float

    def roofline(self, flops: float, bytes_moved: float) -> float:
        """The least seconds that so much work and traffic can take here."""
        return max(flops / self.flops, bytes_moved / self.copy)


def measure_machine(threads: int) -> Machine:
    """The peak: what the program NNSTACK_FMA_PEAK (bench/cpp/fma_peak) prints for all cores, else a product of ours."""
    program = os.environ.get("NNSTACK_FMA_PEAK")
    if program:
        whole = float(subprocess.run([program], check=True, capture_output=True, text=True).stdout) * 1e9
        flops = whole * threads / len(os.sched_getaffinity(0))
    else:
        flops = _product_rate(threads)
    source = np.ones(1 << 26, np.float32)
    target = np.empty_like(source)
    best = min(interleave({"copy": lambda: np.copyto(target, source)}, 3, 1)["copy"].rounds)
    return Machine(threads, flops, 2 * source.nbytes / best)


def _product_rate(threads: int) -> float:
    from nnstack import backend as K

    a = K.placeholder((448, 512))
    b = K.placeholder((512, 512))
    product = K.function([a, b], [K.dot(a, b)])
    values = [np.ones((448, 512), np.float32), np.ones((512, 512), np.float32)]
    return 2 * 448 * 512 * 512 / interleave({"product": lambda: product(values)}, 5, threads)["product"].best


@dataclass
class Row:
    case: str
    threads: int
    timings: dict[str, Timing]
    limit: float  # seconds; 0 where none is known

    def ratio(self, peer: str) -> float:
        """How many times as fast as the peer nnstack is."""
        return self.timings[peer].median / self.timings["nnstack"].median


class Table:
    """Prints rows as they come, then the geometric means; writes them as JSON where asked."""

    def __init__(self, title: str, peers: Iterable[str]) -> None:
        self.peers = list(peers)
        self.rows: list[Row] = []
        print(title)
        print(f"{'case':<44}{'us':>10}{'of limit':>10}" + "".join(f"{'vs ' + peer:>22}" for peer in self.peers))

    def add(self, row: Row) -> None:
        self.rows.append(row)
        mine = row.timings["nnstack"].median
        share = f"{100 * row.limit / mine:.1f} %" if row.limit else ""
        ratios = "".join(f"{row.ratio(p):>21.2f}x" if p in row.timings else f"{'':>22}" for p in self.peers)
        print(f"{row.case:<44}{mine * 1e6:>10.1f}{share:>10}{ratios}", flush=True)

    def finish(self, path: str | None = None) -> None:
        for peer in self.peers:
            ratios = [row.ratio(peer) for row in self.rows if peer in row.timings]
            if ratios:
                mean = statistics.geometric_mean(ratios)
                print(f"geometric mean against {peer}: {mean:.2f}x over {len(ratios)} cases, least {min(ratios):.2f}x")
        if path:
            records = [
                {
                    "case": row.case,
                    "threads": row.threads,
                    "limit_us": row.limit * 1e6,
                    **{f"{name}_us": timing.median * 1e6 for name, timing in row.timings.items()},
                }
                for row in self.rows
            ]
            with open(path, "w", encoding="utf-8") as file:
                json.dump(records, file, indent=1)
