"""ProgbarLogger: the progress bar of fit, evaluate and predict."""

from __future__ import annotations

from typing import Any

from nnstack.callbacks.callback import Callback
from nnstack.utils.progbar import Progbar


class ProgbarLogger(Callback):
    """verbose 1: a bar with times and running means; 2: one line per epoch. Fed by the loop, not by batch hooks.

    `count_mode` 'steps' or 'samples' and `stateful_metrics` are taken for their signature: all values are means
    already.
    """

    def __init__(self, count_mode: str = "steps", stateful_metrics: Any = None) -> None:
        super().__init__()
        if count_mode not in ("steps", "samples"):
            raise ValueError(f"ProgbarLogger: expected count_mode 'steps' or 'samples', got {count_mode!r}")
        self._bar: Progbar | None = None
        self._done = 0
        self._in_fit = False

    def _start(self) -> None:
        self._bar = Progbar(self.params.get("steps"), verbose=self.params.get("verbose", 1), unit_name="step")
        self._done = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.params.get("epochs", 1) > 1 and self.params.get("verbose"):
            print(f"Epoch {epoch + 1}/{self.params['epochs']}", flush=True)
        self._start()

    def on_progress(self, phase: str, done: int, logs: Any) -> None:
        if self._bar is None:
            self._start()
        assert self._bar is not None
        self._done = done
        if self._bar.shows_now(done):
            self._bar.show(done, list(logs.items()), final=False)

    def _finish(self, logs: Any) -> None:
        if self._bar is not None:
            if self._bar.target is None:
                self._bar.target = self._done
            self._bar.show(self._done, list((logs or {}).items()), final=True)
            self._bar = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._finish(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        self._start()

    def on_test_end(self, logs: Any = None) -> None:
        self._finish(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        self._start()

    def on_predict_end(self, logs: Any = None) -> None:
        self._finish(logs)
