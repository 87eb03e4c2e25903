"""The one loop of fit, evaluate and predict: epochs, batches, callbacks, many batches per native call, validation."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack.callbacks.callback_list import CallbackList
from nnstack.data.feeds import Feed
from nnstack.training.logs import LazyLogs, Logs
from nnstack.training.run import ResumePoint, Run

_FAR = 1 << 40  # "as many batches as there are"


def run_batches(
    feed: Feed,
    callbacks: CallbackList,
    phase: str,
    read: Callable[[], dict[str, Any]],
    stopped: Callable[[], bool],
    run: Run | None = None,
) -> int:
    """All batches of one epoch, of which `run.batch` are over already. Batches that no callback asked to see run
    together; returns how many are over now.
    """
    done = 0 if run is None else run.batch
    while feed.steps is None or done < feed.steps:
        left = _FAR if feed.steps is None else feed.steps - done
        quiet = callbacks.quiet_batches(phase, done)
        if quiet > 0:
            count = feed.advance(done, min(quiet, left))
        else:
            callbacks.batch_begin(phase, done)
            count = feed.advance(done, 1)
        if count == 0:
            break
        done += count
        logs = LazyLogs(read)
        if run is not None:
            run.batch = done
        if quiet == 0:
            logs.batch, logs.size = done - 1, _rows(feed, done - 1)
            if run is not None:
                run.hook = "on_train_batch_end", done - 1, logs
            callbacks.batch_end(phase, done - 1, logs)
            if run is not None:
                run.hook = None
        callbacks.progress(phase, done, logs)
        if stopped():
            break
    return done


def _rows(feed: Feed, number: int) -> int | None:
    """How many samples batch number `number` has, where arrays tell."""
    size = getattr(feed, "batch_size", None)
    return None if size is None or feed.samples is None else min(size, feed.samples - number * size)


def run_fit(
    model: Any,
    feed: Feed,
    callbacks: CallbackList,
    current: Callable[[], Any],
    epochs: int,
    initial_epoch: int,
    validate: Callable[[int], dict[str, Any] | None],
    point: ResumePoint | None = None,
) -> None:
    """Epochs `initial_epoch` to `epochs`, or from `point` on; `validate(epoch)` gives the val_ logs of an epoch, or
    None.
    """
    model.stop_training = False
    callbacks.on_train_begin({})
    logs: dict[str, Any] = {}
    point = callbacks.resume_point() or point
    run = Run(model, callbacks, initial_epoch, current)
    if point is not None:
        point.enter(model, callbacks, feed, epochs)
        initial_epoch, run.first_epoch, run.start = point.epoch, point.first_epoch, point.start
        run.begin_epoch(model, initial_epoch)
    model._run = run
    for epoch in range(initial_epoch, epochs):
        if model.stop_training and not (point is not None and point.batch):
            break
        model.reset_metrics()
        stopped = model.stop_training
        callbacks.on_epoch_begin(epoch, {})
        feed.start_epoch(epoch)
        if point is not None and point.batch:
            run.resumed_at(model, point.batch, point.logs)
            point.enter_epoch(model, callbacks, feed)
        point = None
        expected = feed.steps
        if stopped:  # by the batch after which the run was saved
            done = run.batch
        else:
            done = run_batches(
                feed, callbacks, "train", lambda: model._read_results(current()), lambda: model.stop_training, run
            )
        if done == 0 and epoch == initial_epoch:
            raise ValueError(
                f'fit (model "{model.name}"): the data gave no batch in epoch {epoch + 1}. A generator used before '
                "is empty; make a new one"
            )
        dry = expected is not None and done < expected and not model.stop_training
        if dry:
            warnings.warn(
                f'fit (model "{model.name}"): the data ran out after {done} of {expected} batches in epoch '
                f"{epoch + 1}; training stops. "
                "Give at least steps_per_epoch * epochs batches",
                stacklevel=4,
            )
        if done == 0:  # numbers of no batch would be the best that callbacks have seen
            break
        own = run.own_logs()
        logs = model._read_results(None) if own is None else dict(own)
        feed.end_epoch()
        logs.update(validate(epoch) or {})
        told = Logs(logs)  # callbacks add to it for those after them; on_train_end gets the numbers of the model alone
        run.hook = "on_epoch_end", epoch, told
        callbacks.on_epoch_end(epoch, told)
        run.end_epoch(model)
        callbacks.after_epoch()
        if dry or model.stop_training:
            break
    callbacks.on_train_end(logs)


def run_evaluate(model: Any, feed: Feed, callbacks: CallbackList, current: Callable[[], Any]) -> dict[str, Any]:
    """One pass over the data; returns the metrics' results."""
    model.reset_metrics()
    callbacks.on_test_begin({})
    feed.start_epoch(0)
    done = run_batches(feed, callbacks, "test", lambda: model._read_results(current()), lambda: False)
    if done == 0:
        raise ValueError(f'evaluate (model "{model.name}"): the data gave no batch')
    feed.end_epoch()
    logs: dict[str, Any] = model._read_results(current())
    callbacks.on_test_end(logs)
    return logs


class Collector:
    """Runs predictions and keeps their rows in order."""

    def __init__(self, step_for: Callable[[Any], Any]) -> None:
        self._step_for = step_for
        self._parts: list[list[np.ndarray]] = []
        self._step: Any = None

    def run(self, batch: Any) -> list[np.ndarray]:
        self._step = self._step_for(batch)
        results: list[np.ndarray] = self._step.run(batch)
        self._parts.append(results)
        return results

    def pack(self, results: list[np.ndarray]) -> Any:
        """One batch in the structure of the outputs."""
        return self._step.pack(results)

    def whole(self) -> Any:
        """All rows of every output, in the structure of the outputs."""
        joined = [_joined(parts) for parts in zip(*self._parts, strict=True)]
        return self._step.pack(joined)


def _joined(parts: Any) -> np.ndarray:
    """Rows one after the other, whatever their number in a batch; of scalars one for each batch."""
    if np.ndim(parts[0]) == 0:
        return np.stack(parts)
    first: np.ndarray = parts[0]
    return first if len(parts) == 1 else np.concatenate(parts)


def run_predict(feed: Feed, callbacks: CallbackList, collector: Collector) -> Any:
    """Predictions for all batches, one by one, with callbacks."""
    callbacks.on_predict_begin({})
    feed.start_epoch(0)
    done = 0
    while feed.steps is None or done < feed.steps:
        batch = feed.next_batch(done)
        if batch is None:
            break
        callbacks.batch_begin("predict", done)
        outputs = collector.run(batch)
        done += 1
        callbacks.batch_end("predict", done - 1, {"outputs": collector.pack(outputs)})
        callbacks.progress("predict", done, {})
    if done == 0:
        raise ValueError("predict: the data gave no batch")
    feed.end_epoch()
    callbacks.on_predict_end({})
    return collector.whole()
