"""What `fit` costs beside the native steps: time per step, waiting for generators, memory.

    python bench/fit/run.py                  all three, judged by their limits
    python bench/fit/run.py --only steps     steps, generators or memory
    python bench/fit/run.py --smoke          small and not judged, for CI
    python bench/fit/run.py --json fit.json  the figures as JSON too

steps: the processor's time of `fit` over some thousand small steps, minus that of the same steps in one native call,
per step; one thread, in turn with the native call, median of the rounds. With the default callbacks, verbose=1, the
limit is 5 us, with a callback that has a batch hook 30 us.
generators: the share of `fit`'s time in which it does not wait for the next batch while two workers make them, each in
the time of a step, in which it sleeps as if it waited for a disk. The limit is 90 %.
memory: the peak of a fresh process above what it held when `fit` began, as a share of the array, without the arena of
the program; for float32 in C order and for other types and orders. The limit is 10 %; the shuffled order of the samples
takes 8 bytes a row of it.
The exit status is 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LIMITS = {"steps": {"default": 5.0, "hook": 30.0, "hook that reads the loss": 30.0}, "busy": 0.9, "memory": 0.1}


def small_model() -> Any:
    """A step of a few microseconds."""
    from nnstack import Sequential, layers

    model = Sequential([layers.Dense(16, activation="relu", input_shape=(16,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def processor_time(work: Callable[[], Any]) -> float:
    """Seconds of this process's processor time."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def steps(smoke: bool) -> dict[str, float]:
    """Microseconds per step beyond the native one."""
    from nnstack.callbacks import Callback

    class Hook(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            pass

    class Reader(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.loss = logs["loss"]

    count, rounds = (100, 3) if smoke else (4000, 15)
    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(count * 8, 16)).astype(np.float32)
    y = x[:, :1].copy()
    model = small_model()
    model.fit(x[:8], y[:8], batch_size=8, verbose=0, shuffle=False)
    arrays = next(iter(_prepared(model, x, y)))
    program = next(step for (kind, *_), step in model._steps.items() if kind == "train").program

    def native() -> None:
        done = 0
        while done < count:
            done += program.run_steps(arrays, None, done, 8, count - done, 0.1)

    ways: dict[str, list[Any]] = {"default": [], "hook": [Hook()], "hook that reads the loss": [Reader()]}
    found: dict[str, list[float]] = {name: [] for name in ways}
    base: list[float] = []
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        for _ in range(rounds):
            for name, callbacks in ways.items():
                alone = processor_time(native)
                whole = processor_time(
                    functools.partial(model.fit, x, y, batch_size=8, shuffle=False, callbacks=callbacks)
                )
                base.append(alone / count * 1e6)
                found[name].append((whole - alone) / count * 1e6)
    result = {name: statistics.median(values) for name, values in found.items()}
    return {"native step": statistics.median(base), **result}


def _prepared(model: Any, x: np.ndarray, y: np.ndarray) -> Any:
    from nnstack.data.arrays import prepare

    yield prepare(model, x, y, what="fit").flat()


class Slow:
    """Makes `Sequence`s whose batches take a given time, in which the processor is free."""

    def __new__(cls, batch: tuple[np.ndarray, np.ndarray], count: int, seconds: float) -> Any:
        from nnstack.utils import Sequence

        class Batches(Sequence):
            def __len__(self) -> int:
                return count

            def __getitem__(self, index: int) -> Any:
                time.sleep(seconds)
                return batch

        return Batches()


def generators(smoke: bool) -> dict[str, float]:
    """Share of the time that is not spent on waiting for batches, workers being threads or processes."""
    from nnstack import Sequential, layers
    from nnstack.data.feeds import StreamFeed

    width, count = (64, 20) if smoke else (768, 300)
    model = Sequential([layers.Dense(width, activation="relu", input_shape=(width,)), layers.Dense(width)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(256, width)).astype(np.float32)
    waited = [0.0]
    original = StreamFeed.next_batch

    def timed(self: Any, index: int) -> Any:
        begin = time.perf_counter()
        batch = original(self, index)
        waited[0] += time.perf_counter() - begin
        return batch

    StreamFeed.next_batch = timed  # type: ignore[method-assign]
    found = {}
    try:
        model.fit(Slow((x, x), 5, 0.0), verbose=0)
        begin = time.perf_counter()
        model.fit(Slow((x, x), 10, 0.0), verbose=0)
        step = (time.perf_counter() - begin) / 10
        for name, processes in (("threads", False), ("processes", True)):
            waited[0] = 0.0
            data = Slow((x, x), count, step)
            begin = time.perf_counter()
            model.fit(data, verbose=0, workers=2, use_multiprocessing=processes)
            found[name] = 1.0 - waited[0] / (time.perf_counter() - begin)
        found["step (ms)"] = step * 1e3
    finally:
        StreamFeed.next_batch = original  # type: ignore[method-assign]
    return found


ARRAYS: dict[str, Callable[[int], np.ndarray]] = {
    "float32": lambda rows: np.ones((rows, 784), np.float32),
    "float64": lambda rows: np.ones((rows, 784), np.float64),
    "uint8": lambda rows: np.ones((rows, 784), np.uint8),
    "float32, Fortran order": lambda rows: np.asfortranarray(np.ones((rows, 784), np.float32)),
    "float32, every other row": lambda rows: np.ones((2 * rows, 784), np.float32)[::2],
}


def peak(kind: str, rows: int) -> tuple[float, float]:
    """(bytes above the start, bytes of the array); to be called in a fresh process."""
    from nnstack import Sequential, layers

    model = Sequential([layers.Dense(8, activation="relu", input_shape=(784,)), layers.Dense(1)])
    model.compile("adam", "mse")
    x = ARRAYS[kind](rows)
    y = np.zeros((rows, 1), np.float32)
    model.fit(x[:64], y[:64], batch_size=32, verbose=0)
    before = _highest()
    model.fit(x, y, batch_size=32, epochs=2, verbose=0)
    arena = max(step.program.stats()["arena_bytes"] for step in model._steps.values())
    return max(0.0, _highest() - before - arena), float(x.nbytes + y.nbytes)


def _highest() -> int:
    """Bytes of the largest resident set so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM in /proc/self/status")


def memory(smoke: bool) -> dict[str, float]:
    """Peak above the start as a share of the array, by kind of array."""
    rows = 2_000 if smoke else 80_000
    context = multiprocessing.get_context("spawn")
    found = {}
    for kind in ARRAYS:
        with context.Pool(1) as pool:
            grown, size = pool.apply(peak, (kind, rows))
        found[kind] = grown / size
    return found


PARTS: dict[str, Callable[[bool], dict[str, float]]] = {"steps": steps, "generators": generators, "memory": memory}


def missed(part: str, found: dict[str, float]) -> list[str]:
    """The figures beyond their limits."""
    if part == "steps":
        return [name for name, limit in LIMITS["steps"].items() if found[name] > limit]  # type: ignore[attr-defined]
    if part == "generators":
        return [name for name in ("threads", "processes") if found[name] < LIMITS["busy"]]  # type: ignore[operator]
    return [name for name, share in found.items() if share > LIMITS["memory"]]  # type: ignore[operator]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(PARTS))
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    import nnstack

    nnstack.set_num_threads(1)
    results, beyond = {}, []
    for part, measure in PARTS.items():
        if arguments.only in (None, part):
            results[part] = found = measure(arguments.smoke)
            late = [] if arguments.smoke else missed(part, found)
            beyond += late
            for name, value in found.items():
                print(f"{part:<11} {name:<26} {value:8.3f}{'   beyond the limit' if name in late else ''}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
