"""CSVLogger: one line per epoch in a text file."""

from __future__ import annotations

import csv
import os
from typing import Any

import numpy as np

from nnstack.callbacks.callback import Callback


class CSVLogger(Callback):
    """Writes `epoch` and the logs' values to `filename`, columns sorted by name.

    `separator` between values; `append=True` goes on in an existing file, without a second heading. Where the first
    epoch has no validation there are columns `val_...` all the same, as in Keras; what an epoch lacks is "NA".

    >>> model.fit(x, y, epochs=9, callbacks=[CSVLogger("log.csv", append=True)])

    Source: https://keras.io/2.16/api/callbacks/csv_logger/
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.keys: list[str] | None = None
        self._file: Any = None
        self._writer: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        going_on = self.append and os.path.exists(self.filename)
        self._heading = not (going_on and os.path.getsize(self.filename) > 0)
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115 - closed in on_train_end

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        if self._writer is None:
            self._writer = csv.DictWriter(self._file, ["epoch", *self.keys], delimiter=self.separator)
            if self._heading:
                self._writer.writeheader()
        row = {key: _cell(logs.get(key, "NA")) for key in self.keys}
        self._writer.writerow({"epoch": epoch, **row})
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        if self._file is not None:
            self._file.close()
        self._writer = None


def _cell(value: Any) -> Any:
    return f'"[{", ".join(map(str, np.ravel(value)))}]"' if isinstance(value, np.ndarray) and value.ndim else value
