"""Weights between a model and the groups of an HDF5 file: by position or by name, all checked before any is written."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnstack.saving import hdf5_guard, weight_layouts
from nnstack.saving.dialects import version_of
from nnstack.saving.hdf5_guard import StoredArray
from nnstack.saving.weight_layouts import Origin

_OWN = "top_level_model_weights"


class InMemory:
    """An array that had to be rearranged, in the place of a `StoredArray`."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.shape = array.shape

    is_plain = True

    def fill(self, variable: Any) -> None:
        variable.handle.assign(self._array)

    def read(self, dtype: str | None = None) -> np.ndarray:
        return np.ascontiguousarray(self._array if dtype is None else self._array.astype(dtype, copy=False))


class Shaped(NamedTuple):
    """An array of which only the shape is known yet."""

    shape: tuple[int, ...]


class Pair(NamedTuple):
    """A variable and what the file has for it."""

    layer: Any
    group: str
    variable: Any
    stored_name: str
    array: Any

    @property
    def fits(self) -> bool:
        return bool(tuple(self.variable.shape) == self.array.shape)


def stored_weights(layer: Any) -> list[Any]:
    """A layer's weights in a file's order: trainable ones first."""
    return list(dict.fromkeys([*layer.trainable_weights, *layer.non_trainable_weights]))


def holds_layers(group: Any) -> bool:
    return "layer_names" in group.attrs or "layer_names0" in group.attrs


def origin_of(group: Any) -> Origin:
    """The version and backend that wrote a group of weights; Keras 1 wrote neither."""
    backend = hdf5_guard.text(group, "backend")
    return Origin(version_of(hdf5_guard.text(group, "keras_version")), None if backend is None else backend.lower())


# -- pairing ----------------------------------------------------------------------------------------------------------
def by_position(model: Any, group: Any, title: str) -> list[Pair]:
    """The n-th layer with weights takes the n-th group with weights; in files of Keras 1, layers of the same name if
    all names agree.
    """
    origin = origin_of(group)
    names = hdf5_guard.names(group, "layer_names")
    stored = [(name, hdf5_guard.arrays(hdf5_guard.group_at(group, name))) for name in names]
    stored = [(name, arrays) for name, arrays in stored if arrays]
    own_weights = [(layer, stored_weights(layer)) for layer in model.layers]
    own_weights = [(layer, variables) for layer, variables in own_weights if variables]
    layers = [layer for layer, _ in own_weights]
    if len(stored) != len(layers):
        raise ValueError(
            f"{title}: the model has {len(layers)} layers with weights "
            f"({all_of(layer.name for layer in layers)}), the file {len(stored)} "
            f"({all_of(name for name, _ in stored)}). Is it the same architecture? "
            "by_name=True takes layers of the same name"
        )
    if origin.keras_1 and {name for name, _ in stored} == {layer.name for layer in layers}:
        found = dict(stored)
        stored = [(layer.name, found[layer.name]) for layer in layers]
    pairs: list[Pair] = []
    for (layer, variables), (name, arrays) in zip(own_weights, stored, strict=True):
        pairs += _pairs(layer, variables, name, arrays, origin, title)
    own = model._held_weights()
    if own and hdf5_guard.has(group, _OWN):
        arrays = hdf5_guard.arrays(hdf5_guard.group_at(group, _OWN))
        if len(arrays) != len(own):
            raise ValueError(f"{title}: the model has {len(own)} weights of its own, the file {len(arrays)}")
        pairs += [Pair(model, _OWN, v, *one) for v, one in zip(own, arrays, strict=True)]
    require_fit(pairs, title)
    return pairs


def by_name(model: Any, group: Any, skip_mismatch: bool, title: str) -> list[Pair]:
    """Layers take the groups of the same name; with `skip_mismatch` what does not fit is left out with a warning."""
    origin = origin_of(group)
    stored = set(hdf5_guard.names(group, "layer_names"))
    pairs: list[Pair] = []
    for layer in model.layers:
        if layer.name not in stored:
            continue
        arrays = hdf5_guard.arrays(hdf5_guard.group_at(group, layer.name))
        if not arrays and not stored_weights(layer):
            continue
        try:
            pairs += _pairs(layer, stored_weights(layer), layer.name, arrays, origin, title)
        except ValueError as error:
            if not skip_mismatch:
                raise
            warnings.warn(f"layer skipped. {error}", stacklevel=5)
    if skip_mismatch:
        for pair in pairs:
            if not pair.fits:
                warnings.warn(
                    f'{title}: layer "{pair.layer.name}": weight skipped. {pair.variable.name} has shape '
                    f"{tuple(pair.variable.shape)}, the file's {pair.array.shape}",
                    stacklevel=5,
                )
        pairs = [pair for pair in pairs if pair.fits]
    require_fit(pairs, title)
    return pairs


def _pairs(
    layer: Any, variables: list[Any], name: str, arrays: Sequence[tuple[str, StoredArray]], origin: Origin, title: str
) -> list[Pair]:
    found: list[tuple[str, Any]] = list(arrays)
    fit = len(found) == len(variables) and all(
        tuple(variable.shape) == array.shape for variable, (_, array) in zip(variables, found, strict=True)
    )
    if not fit or origin.keras_1 or origin.backend == "theano":
        found = _rearranged(layer, found, origin)
    if len(found) != len(variables):
        raise ValueError(
            f'{title}: layer "{layer.name}" has {len(variables)} weights '
            f'({all_of(v.name for v in variables)}), the file\'s "{name}" {len(found)} '
            f"({all_of(one for one, _ in found)})"
        )
    known = {variable.name for variable in variables}
    if len(known) == len(variables) and known == {one for one, _ in found}:  # frozen layers change the order in a file
        by = dict(found)
        found = [(variable.name, by[variable.name]) for variable in variables]
    return [Pair(layer, name, variable, *one) for variable, one in zip(variables, found, strict=True)]


def _rearranged(layer: Any, found: list[tuple[str, Any]], origin: Origin) -> list[tuple[str, Any]]:
    arrays = [array.read() for _, array in found]
    changed = weight_layouts.convert(layer, list(arrays), origin)
    if len(changed) == len(arrays) and all(a is b for a, b in zip(changed, arrays, strict=True)):
        return found
    names = (
        [name for name, _ in found]
        if len(changed) == len(found)
        else [f"{layer.name} {n}" for n in range(len(changed))]
    )
    return [(name, InMemory(array)) for name, array in zip(names, changed, strict=True)]


def assign(pairs: list[Pair], whole: bool = True) -> None:
    """Writes pairs that are known to fit. With `whole`, arrays that a broken file may fail to give are read first, so
    that nothing is written unless all are there.
    """
    ready = {}
    if whole:
        ready = {n: pair.array.read() for n, pair in enumerate(pairs) if not pair.array.is_plain}
    for number, pair in enumerate(pairs):
        if number in ready:
            pair.variable.handle.assign(ready.pop(number))
        else:
            pair.array.fill(pair.variable)


# -- reports ----------------------------------------------------------------------------------------------------------
def require_fit(pairs: list[Pair], title: str) -> None:
    """`ValueError` with all weights side by side, and the likely cause, unless every array fits its variable."""
    wrong = [pair for pair in pairs if not pair.fits]
    if not wrong:
        return
    first = wrong[0]
    lines = [
        f'{title}: layer "{first.layer.name}", weight {first.variable.name}: expected shape '
        f'{tuple(first.variable.shape)}, the file\'s "{first.group}" has {first.array.shape}. '
        f"{_cause(wrong, pairs)}"
    ]
    if len(pairs) > 1:
        lines.append(f"{len(wrong)} of {len(pairs)} weights differ:")
        for pair in pairs[:400]:
            mark = " " if pair.fits else "*"
            lines.append(
                f"  {mark} {pair.variable.name}: expected {tuple(pair.variable.shape)}, found {pair.array.shape}"
            )
    raise ValueError("\n".join(lines))


def _cause(wrong: list[Pair], pairs: list[Pair]) -> str:
    if all(sorted(pair.variable.shape) == sorted(pair.array.shape) for pair in wrong):
        return "The axes come in another order: were the weights written with the other data_format?"
    if len({id(pair.layer) for pair in wrong}) == 1 and wrong[-1].layer is pairs[-1].layer:
        return (
            "Only the last layer differs, as when the number of classes is another: "
            "load_weights(..., by_name=True, skip_mismatch=True) leaves it out"
        )
    return "The file is of another architecture, or of one with other sizes"


def all_of(names: Any) -> str:
    """Names for a message: all of them, up to as many as anybody reads."""
    names = list(names)
    return ", ".join(names[:400]) + (", ..." if len(names) > 400 else "") if names else "none"
