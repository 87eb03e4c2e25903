"""What is trainable is taken when a model is compiled; changes after that wait for the next compile()."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from nnstack.engine.weights import WeightOwner


class CompiledTrainable:
    """The flags `trainable` of a model and of all layers inside, as they were when this was made."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._flags = [(layer, layer._trainable) for layer in model._flatten_layers()]
        self._changes_seen = WeightOwner.trainable_changes

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """The flags of then while the block runs: steps are traced under them."""
        now = [(layer, layer._trainable) for layer, _ in self._flags]
        _set(self._flags)
        try:
            yield
        finally:
            _set(now)

    def warn_if_changed(self, what: str) -> None:
        """Warns where other weights are trainable now than then."""
        if self._changes_seen == WeightOwner.trainable_changes:
            return
        self._changes_seen = WeightOwner.trainable_changes
        now = {id(variable) for variable in self._model.trainable_weights}
        with self.restored():
            then = {id(variable) for variable in self._model.trainable_weights}
        if now != then:
            warnings.warn(
                f"{what}: discrepancy between trainable weights and collected trainable weights: {len(then)} were "
                f"trainable at compile(), {len(now)} are now. Training goes by compile(); call it again after setting "
                "`trainable`",
                stacklevel=4,
            )


def _set(flags: list[tuple[Any, bool]]) -> None:
    for layer, value in flags:
        layer._trainable = value
