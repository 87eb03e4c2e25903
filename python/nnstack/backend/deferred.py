"""What numpy computes in the middle of a graph: results whose size depends on numbers, such as the rows of a mask.

A graph of the core knows the sizes of its tensors from those of its inputs. A deferred tensor is a placeholder that
`function` fills itself: it runs the part of the graph before it, calls Python on the numbers, and feeds what comes out.
No gradient flows through the Python function, so it should give indices, through which `gather` lets gradients flow.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from nnstack import _core
from nnstack.backend.tensor import Shape, Tensor


class Recipe(NamedTuple):
    """How to fill deferred placeholders: arrays for all of them, in order, from the numbers of `sources`."""

    compute: Callable[..., Sequence[np.ndarray]]
    sources: Sequence[Tensor]
    placeholders: Sequence[Tensor]


_recipes: dict[str, Recipe] = {}  # by the placeholder's name, which a graph keeps when nobody in Python does
_numbers = itertools.count()


def _placeholder(shape: Shape, dtype: str) -> Tensor:
    return cast(Tensor, _core.placeholder(tuple(shape), dtype, f"deferred_{next(_numbers)}"))


def deferred(
    compute: Callable[..., Sequence[np.ndarray]], sources: Sequence[Tensor], kinds: Sequence[tuple[Shape, str]]
) -> list[Tensor]:
    """Placeholders of these shapes and types that hold what `compute` gives for the numbers of `sources`."""
    made = [_placeholder(shape, dtype) for shape, dtype in kinds]
    recipe = Recipe(compute, list(sources), made)
    _recipes.update({str(placeholder.name): recipe for placeholder in made})
    return made


def recipes_in(values: Sequence[Tensor], fed: Sequence[Tensor]) -> list[Recipe]:
    """The recipes of placeholders that `values` depend on, but for those that are fed."""
    if not _recipes:
        return []
    seen = {id(one) for one in fed}
    kept_alive: list[Any] = []  # ids are of use as long as their tensors live
    found: dict[int, Recipe] = {}
    stack: list[_core.Value] = list(values)
    while stack:
        one = stack.pop()
        if id(one) in seen or one.concrete:
            continue
        seen.add(id(one))
        kept_alive.append(one)
        recipe = _recipes.get(one.name) if one.op == "placeholder" and one.name else None
        if recipe is not None:
            found[id(recipe)] = recipe
        stack.extend(one.inputs)
    return list(found.values())
