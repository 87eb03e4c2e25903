"""Read-ahead: threads or processes make the next batches while the model works on this one; in order, and bounded."""

from __future__ import annotations

import collections
import contextlib
import multiprocessing
import pickle
import queue
import random
import threading
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

_POLL = 0.1  # seconds between looks at whether the other side still lives


class Reading(NamedTuple):
    """`workers`, `use_multiprocessing` and `max_queue_size` of `fit`; no workers: the caller's thread reads."""

    workers: int = 1
    processes: bool = False
    size: int = 10


def read_items(get: Callable[[int], Any], order: Iterable[int], reading: Reading, what: str) -> Iterator[Any]:
    """`get(i)` for every i of `order`, in that order, made by several workers at once.

    An error of `get` reaches the caller as it is. A process that dies (killed, out of memory) gives `RuntimeError`.
    """
    if reading.workers < 1:
        yield from map(get, order)
        return
    pool = _make_pool(get, reading)
    run = _get_shared if reading.processes else get
    indices = iter(order)
    waiting: collections.deque[tuple[int, futures.Future[Any]]] = collections.deque()
    try:
        while True:
            with _forking(reading.processes):
                for index in islice(indices, max(1, reading.size) - len(waiting)):
                    waiting.append((int(index), pool.submit(run, int(index))))
            if not waiting:
                return
            index, made = waiting.popleft()
            try:
                item = made.result()
            except futures.BrokenExecutor:
                raise RuntimeError(
                    f"{what}: a worker process died while it made batch {index}; it was killed, ran out of memory or "
                    "crashed. Use fewer workers, or workers=1 with use_multiprocessing=False to see the error"
                ) from None
            yield item
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _make_pool(get: Callable[[int], Any], reading: Reading) -> futures.Executor:
    if not reading.processes:
        return futures.ThreadPoolExecutor(reading.workers, thread_name_prefix="nnstack-reader")
    # Numbers that workers draw follow numpy's generator here without moving it, and do not depend on who makes a batch.
    _, keys, place, *_ = np.random.get_state(legacy=True)
    seed = zlib.crc32(repr((np.asarray(keys)[:8].tolist(), place)).encode())
    return futures.ProcessPoolExecutor(reading.workers, _context(), initializer=_share, initargs=(get, seed))


def _context() -> Any:
    """Forked children see the data set without a copy, where the system can fork."""
    return multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")


@contextlib.contextmanager
def _forking(happens: bool) -> Iterator[None]:
    """Python warns of forks beside threads, whose locks a child may find closed; ours run the user's code only."""
    if not happens:
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        yield


_shared: tuple[Callable[[int], Any], int] | None = None  # in a worker process: what it reads, and its seed


def _share(get: Callable[[int], Any], seed: int) -> None:
    global _shared
    _shared = get, seed


def _get_shared(index: int) -> Any:
    assert _shared is not None
    get, seed = _shared
    np.random.seed((seed + index) % 2**32)
    random.seed(seed + index)
    return get(index)


class _End(NamedTuple):
    error: BaseException | None = None


def read_stream(source: Iterator[Any], limit: int | None, reading: Reading, what: str) -> Iterator[Any]:
    """The next items of an iterator, `limit` at most, fetched ahead by one thread or process.

    One, however many are asked for: an iterator gives its items one by one and in one order. No more than `limit` items
    are taken from it. A process works on a copy of the iterator.
    """
    wanted = source if limit is None else islice(source, limit)
    if reading.workers < 1:
        yield from wanted
        return
    with _ProcessReader(wanted, reading.size) if reading.processes else _ThreadReader(wanted, reading.size) as reader:
        while True:
            item = reader.get(what)
            if not isinstance(item, _End):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return


def _put(target: Any, item: Any, stopped: Any) -> bool:
    while not stopped.is_set():
        try:
            target.put(item, timeout=_POLL)
            return True
        except queue.Full:
            pass
    return False


def _produce(source: Iterator[Any], target: Any, stopped: Any, pack_error: Callable[[Exception], Exception]) -> None:
    try:
        for item in source:
            if not _put(target, item, stopped):
                return
        _put(target, _End(), stopped)
    except Exception as error:
        _put(target, _End(pack_error(error)), stopped)


class _ThreadReader:
    def __init__(self, source: Iterator[Any], size: int) -> None:
        self._queue: queue.Queue[Any] = queue.Queue(max(1, size))
        self._stopped = threading.Event()
        arguments = (source, self._queue, self._stopped, lambda error: error)
        self._thread = threading.Thread(target=_produce, args=arguments, name="nnstack-reader", daemon=True)

    def __enter__(self) -> _ThreadReader:
        self._thread.start()
        return self

    def get(self, what: str) -> Any:
        return self._queue.get()

    def __exit__(self, *error: Any) -> None:
        self._stopped.set()
        self._thread.join(timeout=1.0)  # one that waits for its data is left to itself


class _ProcessReader:
    def __init__(self, source: Iterator[Any], size: int) -> None:
        context = _context()
        self._queue = context.Queue(max(1, size))
        self._stopped = context.Event()
        arguments = (source, self._queue, self._stopped, _portable)
        self._process = context.Process(target=_produce, args=arguments, daemon=True)

    def __enter__(self) -> _ProcessReader:
        with _forking(True):
            self._process.start()
        return self

    def get(self, what: str) -> Any:
        while True:
            try:
                return self._queue.get(timeout=_POLL)
            except queue.Empty:
                if not self._process.is_alive() and self._queue.empty():
                    raise RuntimeError(
                        f"{what}: the worker process died (exit code {self._process.exitcode}); it was killed, ran out "
                        "of memory or crashed. Use use_multiprocessing=False to see the error"
                    ) from None

    def __exit__(self, *error: Any) -> None:
        self._stopped.set()
        self._process.join(timeout=1.0)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()
        self._queue.close()
        self._queue.cancel_join_thread()


def _portable(error: Exception) -> Exception:
    """The error of a worker process with its traceback as a note in its text, if it can travel at all."""
    text = traceback.format_exc()
    try:
        pickle.loads(pickle.dumps(error))  # our own object: whether it survives the way
        return error
    except Exception:
        return RuntimeError(f"in the worker process:\n{text}")
