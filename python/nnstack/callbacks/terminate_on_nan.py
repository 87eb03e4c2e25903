"""TerminateOnNaN: stops training when the loss is no longer a number."""

from __future__ import annotations

import math
from typing import Any

from nnstack.callbacks.callback import Callback


class TerminateOnNaN(Callback):
    """Stops when the loss is NaN or infinite. Checked after each native call, so at the latest 0.1 s after it happened:

    the loss in logs is a running mean, which stays NaN once a batch was.
    """

    supports_tf_logs = True

    def on_progress(self, phase: str, done: int, logs: Any) -> None:
        loss = logs.get("loss") if phase == "train" else None
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {done - 1}: Invalid loss, terminating training")
            self.model.stop_training = True
