"""LambdaCallback: hooks from functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack.callbacks.callback import Callback


class LambdaCallback(Callback):
    """Calls the functions given: `on_epoch_begin(epoch, logs)`, `on_batch_end(batch, logs)`, `on_train_begin(logs)`,
    ...

    Any hook of `Callback` may be given by keyword.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_batch_begin: Callable[..., Any] | None = None,
        on_batch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any],
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end, "on_train_begin": on_train_begin, "on_train_end": on_train_end, **kwargs,
        }  # fmt: skip
        for name, function in given.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                raise TypeError(f"LambdaCallback: no hook is called {name!r}")
            if function is not None:
                setattr(self, name, function)
