"""`tf.summary`: numbers, pictures and text for TensorBoard from a loop of one's own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.callbacks.event_file import EventFile


class _Current(threading.local):
    def __init__(self) -> None:
        self.writers: list[Writer] = []
        self.step: int | None = None


class Writer:
    """Writes into a new event file in a folder."""

    def __init__(self, logdir: Any) -> None:
        self._events = EventFile(str(logdir))

    @contextlib.contextmanager
    def as_default(self, step: Any = None) -> Iterator[Writer]:
        """`tf.summary.scalar` and its kind write here inside."""
        _current.writers.append(self)
        before = _current.step
        _current.step = before if step is None else int(step)
        try:
            yield self
        finally:
            _current.writers.pop()
            _current.step = before
            self.flush()

    def set_as_default(self, step: Any = None) -> None:
        """`tf.summary.scalar` and its kind write here from now on."""
        _current.writers.append(self)
        _current.step = None if step is None else int(step)

    def flush(self) -> None:
        """Everything is in the file afterwards."""
        self._events.flush()

    def close(self) -> None:
        """Ends the file."""
        self._events.close()


_current = _Current()


def create_file_writer(logdir: Any, **_: Any) -> Writer:
    """A writer for a folder."""
    return Writer(logdir)


def _place(name: str, step: Any) -> tuple[EventFile, int] | None:
    """Where to write; None where no writer is in use. ValueError without a step."""
    if not _current.writers:
        return None
    number = _current.step if step is None else int(step)
    if number is None:
        raise ValueError(f"tf.summary: no step for {name!r}. Give step=, here or to as_default")
    return _current.writers[-1]._events, number


def _array(data: Any) -> np.ndarray:
    return backend.eval(data) if backend.is_tensor(data) else np.asarray(data)


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """A number; False if no writer is in use."""
    place = _place(name, step)
    if place is not None:
        place[0].scalar(name, float(_array(data)), place[1])
    return place is not None


def histogram(name: str, data: Any, step: Any = None, buckets: int = 30, description: str | None = None) -> bool:
    """How numbers are spread."""
    place = _place(name, step)
    if place is not None:
        place[0].histogram(name, _array(data), place[1], buckets)
    return place is not None


def image(name: str, data: Any, step: Any = None, max_outputs: int = 3, description: str | None = None) -> bool:
    """Pictures (batch, rows, cols, channels), uint8 or floats from 0 to 1."""
    place = _place(name, step)
    if place is not None:
        pixels = _array(data)[:max_outputs]
        place[0].images(name, pixels / 255 if pixels.dtype == np.uint8 else pixels, place[1])
    return place is not None


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """A text."""
    place = _place(name, step)
    if place is not None:
        place[0].text(name, str(data), place[1])
    return place is not None


def set_step(step: Any) -> None:
    """The step of what is written from now on, where none is given."""
    _current.step = None if step is None else int(step)


def get_step() -> int | None:
    """What was given to `set_step`."""
    return _current.step


def should_record_summaries() -> bool:
    """Whether a writer is in use."""
    return bool(_current.writers)


def flush(writer: Any = None) -> None:
    """Everything is in the files afterwards."""
    for one in [writer] if writer is not None else _current.writers:
        one.flush()


def trace_on(graph: bool = True, profiler: bool = False, **_: Any) -> None:
    """Nothing: keras.callbacks.TensorBoard writes graphs and profiles."""


trace_off = trace_on


def trace_export(name: str, step: Any = None, profiler_outdir: Any = None) -> None:
    """Nothing: keras.callbacks.TensorBoard writes graphs and profiles."""


@contextlib.contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Inside nothing is written unless `condition` holds."""
    before = _current.writers
    if not bool(condition() if callable(condition) else condition):
        _current.writers = []
    try:
        yield
    finally:
        _current.writers = before
