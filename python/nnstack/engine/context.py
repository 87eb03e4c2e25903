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
        self.adopted: list[str] = []  # layers whose weights carry the name of the layer around them
        self.filling: list[int] = []  # bytes a file still has for new weights, while a model is made from one


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


def direct() -> bool:
    """True in the `call` of a layer or model that no other calls."""
    return len(_state.training) <= 1


@contextlib.contextmanager
def graph_building() -> Iterator[None]:
    """Layers called inside record nodes and name their weights without a scope, whatever trace, eager scope or layer
    call surrounds the block.
    """
    saved, _state.training, _state.names = (_state.training, _state.names), [], []
    try:
        with outside_scopes():
            yield
    finally:
        _state.training, _state.names = saved


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


@contextlib.contextmanager
def adopting(layer_name: str) -> Iterator[None]:
    """While the block runs the weights of that layer are named as the innermost scope's own, without its name."""
    _state.adopted.append(layer_name)
    try:
        yield
    finally:
        _state.adopted.pop()


def weight_name(layer_name: str, name: str) -> str:
    """Full name of a new weight of the layer called `layer_name`: the scopes around it, the layer, the weight."""
    inside = _state.names and layer_name in (_state.names[-1], *_state.adopted[-1:])
    scopes = _state.names if inside else [*_state.names, layer_name]
    return f"{'/'.join(scopes)}/{name}:0"


@contextlib.contextmanager
def filling(stored_bytes: int) -> Iterator[None]:
    """New weights start as zeros, for a file will fill them; together they may take no more than the file holds."""
    _state.filling.append(stored_bytes)
    try:
        yield
    finally:
        _state.filling.pop()


def take_from_file(sizes: tuple[int, ...], name: str) -> bool:
    """True if a file will fill this weight. `ValueError` for one that is larger than what the file has left.

    The file may hold two bytes a number, and states that no file holds are small.
    """
    if not _state.filling:
        return False
    taken = 2
    for size in sizes:
        taken *= int(size)
    _state.filling[-1] -= taken
    if _state.filling[-1] < -(1 << 20):
        raise ValueError(f"load_model: weight {name} of shape {sizes} is larger than what the file holds for it")
    return True
