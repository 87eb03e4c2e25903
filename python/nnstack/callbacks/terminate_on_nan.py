"""TerminateOnNaN: stops training when the loss is no longer a number."""

from __future__ import annotations

import math
from typing import Any

from nnstack.callbacks.callback import Callback


class TerminateOnNaN(Callback):
    """Stops after the batch that made the loss NaN or infinite.

    It looks at every batch: the loss in logs is a running mean, which is finite no more once a batch was not. Where
    that costs too much, leave it out: training then runs many batches per native call.
    Source: https://keras.io/2.16/api/callbacks/terminate_on_nan/
    """

    supports_tf_logs = True

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
