"""What the running call knows: learning mode handed down to nested layers, and the name scope of new weights."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from nnstack import _core, backend
from nnstack.backend.variable import outside_scopes


class _CallState(threading.local):
    def __init__(self) -> None:
        self.training: list[Any] = []  # one entry per layer call in progress; the innermost is last
        self.names: list[str] = []  # layers being called or built, outermost first


_state = _CallState()


def current_training() -> Any:
    """`training` of the call in progress (True, False or the learning-phase symbol), or None outside any call."""
    return _state.training[-1] if _state.training else None


def training_now() -> Any:
    """`training` of the call in progress, else the global learning phase."""
    training = current_training()
    return backend.learning_phase() if training is None else training


def outermost() -> bool:
    """True while no layer's `call` is running."""
    return not _state.training


@contextlib.contextmanager
def graph_building() -> Iterator[None]:
    """Layers called inside record nodes, whatever trace, eager scope or layer call surrounds the block."""
    saved, _state.training = _state.training, []
    try:
        with outside_scopes():
            yield
    finally:
        _state.training = saved


@contextlib.contextmanager
def calling(training: Any) -> Iterator[None]:
    """Nested calls inherit `training` while the block runs."""
    _state.training.append(training)
    try:
        yield
    finally:
        _state.training.pop()


@contextlib.contextmanager
def name_scope(name: str) -> Iterator[str]:
    """New weights are called `outer/inner/weight:0` while the block runs."""
    _state.names.append(name)
    previous = _core.set_layer("/".join(_state.names))
    try:
        yield "/".join(_state.names)
    finally:
        _state.names.pop()
        _core.set_layer(previous)


def weight_name(layer_name: str, name: str) -> str:
    """Full name of a new weight of the layer called `layer_name`: the scopes around it, the layer, the weight."""
    scopes = _state.names if _state.names and _state.names[-1] == layer_name else [*_state.names, layer_name]
    return f"{'/'.join(scopes)}/{name}:0"
