"""A long life in one process: memory and time per step must stay flat.

python bench/soak/run.py [--smoke] [--json FILE] [--plot FILE] [--only NAME]

Four lives, each in a process of its own: a million predictions of one row, a million steps of training, a thousand
models built, compiled, fitted and deleted, a thousand different input shapes. After a warm-up of a fifth, the resident
memory may grow by 1 % between the means of the second and the last quarter of the samples, and the time per step
(lower quartiles) by 5 %: the processor's time of the process, divided by that of a fixed calculation which takes turns
with the steps, because a machine that others use too is not the same from second to second, and what others do can only
add. What grows, grows every time: a life that looks so is lived again, up to three times. --smoke: a hundredth of it,
which shows that the program runs; nothing is judged. The exit status is 1 where something grew.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SAMPLES = 200
TURNS = 10  # of steps and the fixed calculation in a sample
ATTEMPTS = 3
MEMORY_LIMIT, TIME_LIMIT = 0.01, 0.05


def predictions() -> Iterator[None]:
    """predict_on_batch of one row."""
    model = table_model()
    row = np.random.default_rng(0).normal(size=(1, 16)).astype(np.float32)
    while True:
        model.predict_on_batch(row)
        yield


def training() -> Iterator[None]:
    """train_on_batch of 32 rows."""
    model = table_model()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 16)).astype(np.float32)
    y = (x[:, :1] > 0).astype(np.float32)
    while True:
        model.train_on_batch(x, y)
        yield


def lives() -> Iterator[None]:
    """A model of several kinds of layers is built, compiled, fitted, used and deleted."""
    from nnstack import layers as L
    from nnstack.backend import clear_session
    from nnstack.models import Sequential

    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 8, 4)).astype(np.float32)
    y = rng.normal(size=(32, 1)).astype(np.float32)
    while True:
        layers = [L.Conv1D(8, 3, activation="relu"), L.BatchNormalization(), L.LSTM(8), L.Dropout(0.2), L.Dense(1)]
        model = Sequential([L.Input((8, 4)), *layers])
        model.compile("adam", "mse", metrics=["mae"])
        model.fit(x, y, verbose=0)
        model.predict(x)
        del model
        clear_session()
        yield


def shapes() -> Iterator[None]:
    """Predictions of a model of images at sizes never seen before."""
    from nnstack import layers as L
    from nnstack.models import Sequential

    model = Sequential([L.Input((None, None, 1)), L.Conv2D(4, 3, padding="same"), L.GlobalMaxPooling2D(), L.Dense(2)])
    sizes = [(height, width) for height in range(8, 48) for width in range(8, 48)]
    np.random.default_rng(0).shuffle(sizes)
    while True:
        for height, width in sizes:
            model.predict_on_batch(np.ones((1, height, width, 1), np.float32))
            yield


def table_model() -> Any:
    from nnstack import layers as L
    from nnstack.models import Sequential

    model = Sequential([L.Dense(16, activation="relu", input_shape=(16,)), L.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    return model


LIVES: dict[str, tuple[Callable[[], Iterator[None]], int]] = {
    "predictions": (predictions, 1_000_000),
    "training": (training, 1_000_000),
    "lives": (lives, 1_000),
    "shapes": (shapes, 1_000),
}


def resident() -> int:
    """Bytes of this process that are in memory now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def live(name: str, count: int) -> dict[str, Any]:
    """Samples of memory and time per step over `count` steps."""
    make, _ = LIVES[name]
    steps = make()
    each = max(1, count // SAMPLES)
    memory, seconds, pace = [], [], []
    for _ in range(-(-count // each)):
        used = reference = 0.0
        for turn in range(TURNS):
            start = time.process_time()
            for _ in range(each * turn // TURNS, each * (turn + 1) // TURNS):
                next(steps)
            used += time.process_time() - start
            reference += yardstick()
        seconds.append(used / each)
        pace.append(reference)
        if name == "lives":
            gc.collect()  # models are in circles of references; what is left afterwards is a leak
        memory.append(resident())
    return {
        "name": name,
        "steps": count,
        "each": each,
        "memory": memory,
        "seconds": seconds,
        "pace": pace,
        **judged(memory, seconds, pace),
    }


def yardstick() -> float:
    """Processor seconds of a fixed calculation, of Python and numpy like the steps."""
    a = np.ones((64, 64), np.float32)
    start = time.process_time()
    for _ in range(30):
        a = np.tanh(a * 0.5 + 0.25)
    return time.process_time() - start


def judged(memory: list[int], seconds: list[float], pace: list[float]) -> dict[str, Any]:
    """Growth of both from the second quarter after the warm-up to the last."""
    warm = len(memory) // 5
    quarter = max(1, (len(memory) - warm) // 4)
    early, late = slice(warm + quarter, warm + 2 * quarter), slice(-quarter, None)
    grown = statistics.mean(memory[late]) / statistics.mean(memory[early]) - 1
    relative = [one / other for one, other in zip(seconds, pace, strict=True)]
    slower = float(np.quantile(relative[late], 0.25) / np.quantile(relative[early], 0.25)) - 1
    return {"memory_growth": grown, "time_growth": slower, "flat": grown <= MEMORY_LIMIT and slower <= TIME_LIMIT}


def plot(results: list[dict[str, Any]], path: Path) -> None:
    """Memory and time of every life over its steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, rows = pyplot.subplots(len(results), 2, figsize=(10, 2.4 * len(results)), squeeze=False)
    for (left, right), result in zip(rows, results, strict=True):
        at = np.arange(1, len(result["memory"]) + 1) * result["each"]
        left.plot(at, np.array(result["memory"]) / 2**20)
        left.set(title=f"{result['name']}: resident memory", ylabel="MiB", ylim=(0, None))
        right.plot(at, np.array(result["seconds"]) * 1e6)
        right.set(title=f"{result['name']}: processor time per step", ylabel="us", ylim=(0, None))
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--only", choices=list(LIVES), action="append")
    arguments = parser.parse_args()
    results = []
    for name in arguments.only or list(LIVES):
        count = LIVES[name][1] // (100 if arguments.smoke else 1)
        for _ in range(1 if arguments.smoke else ATTEMPTS):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                result = pool.apply(live, (name, count))
            if result["flat"]:
                break
        results.append(result)
        middle = statistics.median(result["seconds"])
        print(
            f"{name:12} {count:8} steps  {middle * 1e6:10.1f} us each ({result['time_growth']:+.1%})  "
            f"{result['memory'][-1] / 2**20:7.1f} MiB ({result['memory_growth']:+.2%})  "
            f"{'' if arguments.smoke else 'flat' if result['flat'] else 'GROWS'}",
            flush=True,
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(results))
    if arguments.plot:
        plot(results, arguments.plot)
    return 0 if arguments.smoke or all(result["flat"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
