"""BaseLogger: means over an epoch, of what users' own loops report batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nnstack.callbacks.callback import Callback


class BaseLogger(Callback):
    """Adds up logs of batches, weighted with their `size`, and puts the means into the logs of the epoch.

    `stateful_metrics`: names whose last value stands as it is. `fit` reports running means already and needs none of
    this; a loop of one's own that calls `on_batch_end(batch, {"size": 32, "loss": 0.1})` does.
    """

    def __init__(self, stateful_metrics: Iterable[str] | None = None) -> None:
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or ())
        self.seen = 0
        self.totals: dict[str, Any] = {}

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.seen = 0
        self.totals = {}

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        logs = logs or {}
        size = logs.get("size", 0) * logs.get("num_steps", 1)
        self.seen += size
        for name, value in logs.items():
            if name in self.stateful_metrics:
                self.totals[name] = value
            else:
                self.totals[name] = self.totals.get(name, 0.0) + value * size

    def watches_batches(self, phase: str) -> bool:
        return False  # within fit the logs are means already

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is None:
            return
        for name in self.params.get("metrics") or ():
            if name in self.stateful_metrics and name in self.totals:
                logs[name] = self.totals[name]
            elif name in self.totals and self.seen:
                logs[name] = self.totals[name] / self.seen
