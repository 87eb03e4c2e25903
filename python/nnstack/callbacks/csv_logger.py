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
    epoch has no validation there are columns `val_...` all the same, as in Keras; what an epoch lacks is "NA". Training
    that is gone on with (`fit(resume=True)`, `BackupAndRestore`) takes back the lines of epochs that run once more.

    >>> model.fit(x, y, epochs=9, callbacks=[CSVLogger("log.csv", append=True)])

    Source: https://keras.io/2.16/api/callbacks/csv_logger/
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.keys: list[str] | None = None

    def get_state(self) -> dict[str, Any]:
        return {"keys": self.keys, "size": os.path.getsize(self.filename)}

    def set_state(self, state: dict[str, Any]) -> None:
        self.keys = state["keys"]
        if self.append and os.path.getsize(self.filename) > state["size"]:
            os.truncate(self.filename, state["size"])

    def on_train_begin(self, logs: Any = None) -> None:
        with open(self.filename, "a" if self.append else "w"):
            pass  # it can be written, and is there

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        with open(self.filename, "a", newline="") as file:
            writer = csv.DictWriter(file, ["epoch", *self.keys], delimiter=self.separator)
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow({"epoch": epoch, **{key: _cell(logs.get(key, "NA")) for key in self.keys}})


def _cell(value: Any) -> Any:
    return f'"[{", ".join(map(str, np.ravel(value)))}]"' if isinstance(value, np.ndarray) and value.ndim else value
