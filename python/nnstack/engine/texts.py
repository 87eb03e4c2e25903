"""Texts in a `call` of one's own. The core knows no strings: what a subclassed model's layers look up is noted when it
is called on arrays, looked up for each batch before the step, and in the step handed to the same layers in the same
order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.engine.front import text_array
from nnstack.utils import nest


class TextsWanted(TypeError):
    """A layer that looks texts up met these tensors of numbers."""

    def __init__(self, message: str, tensors: list[Any]) -> None:
        super().__init__(message)
        self.tensors = tensors


class Texts:
    """What `call` gets for an array of texts: `shape`, dtype 'string'. Layers that look texts up take it."""

    dtype = "string"

    def __init__(self, lookups: Lookups, array: np.ndarray) -> None:
        self.lookups, self.array = lookups, array
        self.shape = tuple(array.shape)

    def numpy(self) -> np.ndarray:
        """The texts; those of the sample that the model was first called on, where a step is traced."""
        return self.array


class Lookups:
    """The lookups of one call of a model: noted, or with `results`, found already and given again in the same order."""

    def __init__(self, owner: Any, results: list[Any] | None = None) -> None:
        self.owner = owner
        self.sources: list[Any] = []  # leaves of the model's inputs
        self.calls: list[tuple[Callable[..., Any], Any, dict[str, Any], Any]] = []
        self._results = results
        self._left: Iterator[Any] = iter(())

    def begin(self) -> None:
        """Before each call of the model that the lookups belong to."""
        self._left = iter(self._results or ())

    def find(self, function: Callable[..., Any], inputs: Any, kwargs: dict[str, Any], what: str) -> Any:
        """function(arrays, **kwargs), numbers as tensors. `TypeError` for tensors that the model computes."""
        if self._results is not None:
            found = next(self._left)
            return nest.map_structure(lambda leaf: leaf if isinstance(leaf, Texts) else self._numbers(leaf), found)
        for leaf in nest.flatten(inputs):
            if lookups_of(leaf) is None and not any(leaf is source for source in self.sources):
                raise TypeError(
                    f"{what}: works on arrays; expected inputs of the model beside its texts, got {leaf!r}, which the "
                    "model computes. Give it an input of the model"
                )
        arrays = nest.map_structure(lambda leaf: leaf.numpy(), inputs)
        outputs = nest.map_structure(self._own, function(arrays, **kwargs))
        self.calls.append((function, inputs, kwargs, outputs))
        return outputs

    def _own(self, found: Any) -> Any:
        array = np.asarray(found)
        return Texts(self, array) if array.dtype.kind == "U" else self._numbers(found)

    def _numbers(self, found: Any) -> Any:
        tensor: Any = backend.convert(found)
        tensor._lookups = self  # another lookup may take it
        return tensor

    def again(self, leaves: list[np.ndarray]) -> list[Any]:
        """What each call finds for other inputs of the model."""
        values = {id(source): leaf for source, leaf in zip(self.sources, leaves, strict=True)}
        found: list[Any] = []

        def now(leaf: Any) -> Any:
            return values[id(leaf)]

        for function, inputs, kwargs, outputs in self.calls:
            found.append(function(nest.map_structure(now, inputs), **kwargs))
            values |= {id(a): b for a, b in zip(nest.flatten(outputs), nest.flatten(found[-1]), strict=True)}
        return found


def lookups_of(*structures: Any) -> Lookups | None:
    """Those that the texts, or the numbers found for texts, among the arguments of a call belong to."""
    for leaf in nest.flatten(structures):
        found: Lookups | None = leaf.lookups if isinstance(leaf, Texts) else getattr(leaf, "_lookups", None)
        if found is not None:
            return found
    return None


def texts_among(*structures: Any) -> Texts | None:
    """One of the texts in the arguments of a call."""
    return next((leaf for leaf in nest.flatten(structures) if isinstance(leaf, Texts)), None)


def _as_leaves(x: Any) -> Any:
    """Lists of texts as arrays; anything else as it is."""
    texts = text_array(x)
    if texts is not None or not nest.is_nested(x):
        return x if texts is None else texts
    return nest.map_structure(lambda leaf: leaf if (array := text_array(leaf)) is None else array, x)


def holds_texts(x: Any) -> bool:
    """Whether arrays of texts are among the inputs."""
    return any(isinstance(leaf, np.ndarray) and leaf.dtype.kind == "U" for leaf in nest.flatten(_as_leaves(x)))


def noting(model: Any, x: Any) -> Any:
    """`x` for a call of the model on arrays, which notes what it looks up."""
    lookups = model._lookups = Lookups(model)

    def source(leaf: Any) -> Any:
        texts = isinstance(leaf, np.ndarray) and leaf.dtype.kind == "U"
        lookups.sources.append(Texts(lookups, leaf) if texts else backend.convert(leaf))
        return lookups.sources[-1]

    return nest.map_structure(source, _as_leaves(x))


def with_texts(inputs: Any, wanted: TextsWanted) -> Any:
    """`inputs` with an array of texts of one word in place of each placeholder that is wanted as texts."""

    def as_wanted(leaf: Any) -> Any:
        if not any(leaf is one for one in wanted.tensors):
            return leaf.array if isinstance(leaf, Texts) else leaf
        return np.full([1 if size is None else size for size in leaf.shape], "word")

    return nest.map_structure(as_wanted, inputs)


def looked_up(model: Any, x: Any, to_array: Callable[[Any], np.ndarray]) -> tuple[list[np.ndarray], Any]:
    """(arrays of numbers, function from such to what the model is called with), from one batch with texts."""
    structure = _as_leaves(x)
    leaves = [leaf if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "U" else to_array(leaf)
              for leaf in nest.flatten(structure)]  # fmt: skip
    if model._lookups is None or len(model._lookups.sources) != len(leaves):
        model(nest.pack_as(structure, iter([leaf[:1] for leaf in leaves])), training=False)
    results = model._lookups.again(leaves)
    numbers = [leaf for leaf in leaves if leaf.dtype.kind != "U"]
    flat = [leaf for leaf in nest.flatten(results) if leaf.dtype.kind != "U"]

    def pack(given: list[Any]) -> Any:
        lookups = Lookups(model, [])
        rest, found = iter(given[: len(numbers)]), iter(given[len(numbers) :])
        lookups._results = nest.map_structure(
            lambda leaf: Texts(lookups, leaf) if leaf.dtype.kind == "U" else next(found), results
        )
        return nest.pack_as(
            structure, iter([Texts(lookups, leaf) if leaf.dtype.kind == "U" else next(rest) for leaf in leaves])
        )

    return [*numbers, *flat], pack
