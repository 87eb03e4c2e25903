"""A model's weights as a tree of names, which is how checkpoints and .keras files find them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nnstack.engine.layer import Layer
from nnstack.engine.weights import _UNTRACKED, leaves


def own_weights(layer: Any) -> list[Any]:
    """Weights of the layer itself, trainable ones first, without those of layers inside."""
    return sorted(layer._held_weights(), key=lambda variable: not variable.trainable)


def holds_graph(layer: Any) -> bool:
    """True for Sequential and functional models, whose layers are found by their number."""
    from nnstack.engine.model import Model
    from nnstack.engine.sequential import Sequential

    return isinstance(layer, Model) and (layer._graph is not None or isinstance(layer, Sequential))


def parts(layer: Any) -> Iterator[tuple[str, Any]]:
    """(attribute, layer or list of layers) that a layer or subclassed model holds, in lists and dicts, too."""
    for attribute, value in vars(layer).items():
        if attribute in _UNTRACKED:
            continue
        if isinstance(value, Layer):
            yield attribute, value
        elif isinstance(value, list | tuple | Mapping):  # of a dict the files keep the order alone
            inside = [one for one in leaves(value) if isinstance(one, Layer)]
            if inside:
                yield attribute, inside


def spellings(attribute: str) -> list[str]:
    """How others may call an attribute: with or without its underscore."""
    plain = attribute.lstrip("_")
    return list(dict.fromkeys([attribute, plain, f"_{plain}"]))


def weight_name(layer: Any, variable: Any) -> str:
    """What a checkpoint calls a weight: the attribute that holds it, else the last part of its name."""
    for attribute, value in vars(layer).items():
        if value is variable:
            return str(attribute)
    return str(variable.name).rsplit("/", 1)[-1].split(":")[0]
