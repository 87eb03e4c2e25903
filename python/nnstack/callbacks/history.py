"""History: what fit returns."""

from __future__ import annotations

from typing import Any

from nnstack.callbacks.callback import Callback
from nnstack.training.logs import Logs


class History(Callback):
    """Numbers of every epoch: `history` name -> list, `epoch` the epochs' numbers, `params` of the run."""

    _state_names = ("history", "epoch")

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = Logs()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
