"""GradientTape: gradients in the words of tf.keras."""

from __future__ import annotations

from typing import Any

from nnstack import _core, backend
from nnstack.backend.variable import EagerScope, current_scope
from nnstack.utils import nest


class GradientTape:
    """Records what is computed inside the block, so that `gradient` can differentiate it.

    Trainable variables are watched by themselves; `watch` adds other tensors. `persistent=True` allows several calls of
    `gradient`. Works on numbers and inside a traced `train_step`.

    >>> with GradientTape() as tape:
    ...     loss = backend.sum(backend.square(variable))
    >>> tape.gradient(loss, variable)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._eager: Any = None
        self._open = False
        self._used = False

    def __enter__(self) -> GradientTape:
        if current_scope() is None or isinstance(current_scope(), EagerScope):
            self._eager = backend.eager_scope()
            self._eager.__enter__()
            _core.tape_begin()
            self._open = True
        return self

    def __exit__(self, *error: Any) -> None:
        if self._eager is not None:
            self._eager.__exit__(*error)
            self._eager = None

    def watch(self, tensor: Any) -> None:
        """Gradients with respect to this tensor may be asked for; needed for concrete tensors only by tf.keras's
        rules.
        """

    def gradient(self, target: Any, sources: Any) -> Any:
        """d(sum of target) / d(sources), in the structure of `sources`; None where nothing depends on a source."""
        if self._used and not self._persistent:
            raise RuntimeError("GradientTape: gradient was called twice; make the tape with persistent=True")
        self._used = True
        leaves = nest.flatten(sources)
        targets = nest.flatten(target)
        total = backend.sum(targets[0]) if len(targets) == 1 else sum(backend.sum(one) for one in targets)
        found = backend.gradients(total, leaves)
        if self._open and not self._persistent:
            self._close()
        return nest.pack_as(sources, iter(found))

    def _close(self) -> None:
        if self._open:
            _core.tape_end()
            self._open = False

    def __del__(self) -> None:
        self._close()
