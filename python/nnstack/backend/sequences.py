"""Python functions applied along the first axis: recorded once, as the body of a loop, whatever its length."""

from collections.abc import Callable
from typing import Any

from nnstack.backend import loops
from nnstack.backend.shapes import stack
from nnstack.backend.tensor import Tensor, convert
from nnstack.utils import nest


def map_fn(fn: Callable[[Any], Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """`fn` of every element along the first axis, the results stacked.

    elems: a tensor (n, ...), or a structure of them, of which fn takes one element each in the same structure; n may be
    unknown. The result has the structure of what fn returns. dtype: type of the results (one, or in their structure;
    default: as they come). ValueError if n is 0 or not the same in all.

    >>> map_fn(lambda x: sum(x) * 2.0, constant([[1.0, 2.0], [3.0, 4.0]]))
    <Tensor shape=(2,) dtype=float32 numpy=[ 6., 14.]>
    """
    structure: Any = None

    def step(states: list[Tensor], slices: list[Tensor], number: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        nonlocal structure
        structure = fn(nest.pack_as(elems, iter(slices)))
        parts = nest.flatten(structure)
        kinds = [dtype] * len(parts) if dtype is None or not nest.is_nested(dtype) else nest.flatten(dtype)
        return [], [convert(part, kind) for part, kind in zip(parts, kinds, strict=True)]

    parts = _parts("map_fn", elems)
    if loops.runs_at_once(parts):
        series = loops.unrolled(step, [], parts)[1]
        stacks = [stack(steps) for steps in zip(*series, strict=True)]
    else:
        stacks = loops.scan(step, [], parts)[1]
    return nest.pack_as(structure, iter(stacks))


def foldl(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """fn(...fn(fn(initializer, elems[0]), elems[1])..., elems[n - 1]); without initializer it begins with elems[0].

    elems: a tensor (n, ...) or a structure of them; n may be unknown. fn must give what it takes: a result of the
    initializer's structure, shapes and types. ValueError if n is 0, or if it does not.

    >>> foldl(lambda total, x: total * 10.0 + x, constant([1.0, 2.0, 3.0]))
    <Tensor shape=() dtype=float32 numpy=123.>
    """
    return _fold("foldl", fn, elems, initializer, False)


def foldr(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """As `foldl`, from the last element to the first."""
    return _fold("foldr", fn, elems, initializer, True)


def _fold(what: str, fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, backwards: bool) -> Any:
    parts = _parts(what, elems)
    if initializer is None:
        initializer = nest.pack_as(elems, iter([part[-1 if backwards else 0] for part in parts]))
        parts = [part[:-1] if backwards else part[1:] for part in parts]
    structure = initializer

    def step(states: list[Tensor], slices: list[Tensor], number: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        nonlocal structure
        structure = fn(nest.pack_as(initializer, iter(states)), nest.pack_as(elems, iter(slices)))
        return [convert(part) for part in nest.flatten(structure)], []

    states = [convert(part) for part in nest.flatten(initializer)]
    run: Any = loops.unrolled if loops.runs_at_once([*parts, *states]) else loops.scan
    return nest.pack_as(structure, iter(run(step, states, parts, backwards)[0]))


def _parts(what: str, elems: Any) -> list[Tensor]:
    parts: list[Tensor] = [convert(part) for part in nest.flatten(elems)]
    sizes = {part.shape[0] if part.shape else 0 for part in parts} - {None}
    if len(sizes) > 1 or 0 in sizes:
        raise ValueError(
            f"{what}: the first axis must have one size, at least 1, in every element; got shapes "
            f"{', '.join(str(part.shape) for part in parts)}"
        )
    return parts
