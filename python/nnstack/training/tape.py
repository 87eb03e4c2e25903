"""GradientTape: gradients in the words of tf.keras."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack import _core, backend
from nnstack.backend.variable import EagerScope, current_scope
from nnstack.utils import nest


class _Recording(threading.local):
    def __init__(self) -> None:
        self.tapes: list[GradientTape] = []  # whose block is running


_recording = _Recording()


def is_recording() -> bool:
    """Whether the block of a tape is running in this thread."""
    return bool(_recording.tapes)


def open_tapes() -> list[GradientTape]:
    """The tapes whose block is running in this thread."""
    return list(_recording.tapes)


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
        self.cuts: list[Any] = []  # see backend/own_gradients.py

    def __enter__(self) -> GradientTape:
        _recording.tapes.append(self)
        if current_scope() is None or isinstance(current_scope(), EagerScope):
            self._eager = backend.eager_scope()
            self._eager.__enter__()
            _core.tape_begin()
            self._open = True
        return self

    def __exit__(self, *error: Any) -> None:
        _recording.tapes.remove(self)
        if self._eager is not None:
            self._eager.__exit__(*error)
            self._eager = None

    def watch(self, tensor: Any) -> None:
        """Gradients with respect to this tensor may be asked for; needed for concrete tensors only by tf.keras's
        rules.
        """

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: Any = "none"
    ) -> Any:
        """d(sum of target) / d(sources), in the structure of `sources`.

        output_gradients: in the structure of `target`, factors of its elements. unconnected_gradients: what stands for
        a source on which nothing depends, 'none' (None) or 'zero'. RuntimeError at the second call of a tape that is
        not persistent.
        """
        self._count_use()
        found = self._gradients(nest.flatten(target), nest.flatten(sources), output_gradients)
        self._close_unless_persistent()
        if str(getattr(unconnected_gradients, "value", unconnected_gradients)) == "zero":
            leaves = nest.flatten(sources)
            found = [
                backend.zeros_like(source) if one is None else one for one, source in zip(found, leaves, strict=True)
            ]
        return nest.pack_as(sources, iter(found))

    def _gradients(self, targets: list[Any], leaves: list[Any], output_gradients: Any = None) -> list[Any]:
        if output_gradients is not None:
            factors = nest.flatten(output_gradients)
            targets = [one * factor for one, factor in zip(targets, factors, strict=True)]
        total = backend.sum(targets[0]) if len(targets) == 1 else sum(backend.sum(one) for one in targets)
        return backend.gradients(total, leaves, self.cuts)

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: Any = "none", **kwargs: Any) -> Any:
        """d(target) / d(sources): the shape of `target`, which must be known, followed by that of each source.

        None for a source on which nothing depends. One gradient is computed for every element of `target`.
        """
        self._count_use()
        value, leaves = backend.convert(target), nest.flatten(sources)
        shape: Any = tuple(value.shape)
        rows = []
        for place in range(int(np.prod(shape))):
            one = np.zeros(shape, np.float32)
            one.flat[place] = 1.0
            rows.append(self._gradients([value * one], leaves))
        found = [
            None if row[0] is None else backend.reshape(backend.stack(list(row)), (*shape, *leaf.shape))
            for leaf, row in zip(leaves, zip(*rows, strict=True), strict=True)
        ]
        self._close_unless_persistent()
        return nest.pack_as(sources, iter(found))

    def batch_jacobian(self, target: Any, source: Any, **kwargs: Any) -> Any:
        """For every sample d(target[i]) / d(source[i]); sizes but the batch's must be known."""
        self._count_use()
        value = backend.convert(target)
        shape: Any = tuple(value.shape)[1:]
        rows = []
        for place in range(int(np.prod(shape))):
            one = np.zeros(shape, np.float32)
            one.flat[place] = 1.0
            rows.append(self._gradients([value * one], [source])[0])
        self._close_unless_persistent()
        return backend.reshape(backend.stack(rows, axis=1), (-1, *shape, *tuple(source.shape)[1:]))

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """What is computed inside is not to be differentiated; asking for it all the same gives its gradient."""
        yield

    def reset(self) -> None:
        """Forgets what was asked before: `gradient` may be called again."""
        self._used = False

    def _count_use(self) -> None:
        if self._used and not self._persistent:
            raise RuntimeError("GradientTape: gradient was called twice; make the tape with persistent=True")
        self._used = True

    def _close_unless_persistent(self) -> None:
        if self._open and not self._persistent:
            self._close()

    def _close(self) -> None:
        if self._open:
            _core.tape_end()
            self._open = False

    def __del__(self) -> None:
        self._close()
