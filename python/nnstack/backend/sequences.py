"""Python functions applied along the first axis. Its size is known, and the graph holds one copy per element."""

from collections.abc import Callable
from typing import Any

from nnstack.backend.shapes import stack
from nnstack.backend.tensor import Tensor, convert
from nnstack.utils import nest


def map_fn(fn: Callable[[Any], Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """`fn` of every element along the first axis, the results stacked.

    elems: a tensor (n, ...), or a structure of them, of which fn takes one element each in the same structure. The
    result has the structure of what fn returns. dtype: type of the results (one, or in their structure; default: as
    they come). ValueError if n is unknown or 0.

    >>> map_fn(lambda x: sum(x) * 2.0, constant([[1.0, 2.0], [3.0, 4.0]]))
    <Tensor shape=(2,) dtype=float32 numpy=[ 6., 14.]>
    """
    results = [fn(element) for element in _elements("map_fn", elems)]
    rows = [nest.flatten(result) for result in results]
    kinds = [dtype] * len(rows[0]) if dtype is None or not nest.is_nested(dtype) else nest.flatten(dtype)
    columns = [
        stack([convert(part, kind) for part in parts])
        for parts, kind in zip(zip(*rows, strict=True), kinds, strict=True)
    ]
    return nest.pack_as(results[0], iter(columns))


def foldl(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """fn(...fn(fn(initializer, elems[0]), elems[1])..., elems[n - 1]); without initializer it begins with elems[0].

    elems: a tensor (n, ...) or a structure of them. ValueError if n is unknown or 0.

    >>> foldl(lambda total, x: total * 10.0 + x, constant([1.0, 2.0, 3.0]))
    <Tensor shape=() dtype=float32 numpy=123.>
    """
    return _fold(fn, _elements("foldl", elems), initializer)


def foldr(fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """As `foldl`, from the last element to the first."""
    return _fold(fn, _elements("foldr", elems)[::-1], initializer)


def _fold(fn: Callable[[Any, Any], Any], elements: list[Any], initializer: Any) -> Any:
    if initializer is None:
        result, elements = elements[0], elements[1:]
    else:
        result = nest.map_structure(convert, initializer)
    for element in elements:
        result = fn(result, element)
    return nest.map_structure(convert, result)


def _elements(what: str, elems: Any) -> list[Any]:
    parts: list[Tensor] = [convert(part) for part in nest.flatten(elems)]
    sizes = {part.shape[0] if part.shape else None for part in parts}
    count = sizes.pop()
    if sizes or not count:
        raise ValueError(
            f"{what}: the first axis must have one known size, at least 1, in every element; got shapes "
            f"{', '.join(str(part.shape) for part in parts)}"
        )
    return [nest.pack_as(elems, iter([part[i] for part in parts])) for i in range(count)]
