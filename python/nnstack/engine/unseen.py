"""Layers that only run on numbers (`dynamic=True`, or Python in their `call` asked for numbers) in a graph.

The graph holds placeholders of the shapes that their outputs will have. A model with such a layer runs eagerly;
`backend.function` calls the layer in the middle.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstack import backend
from nnstack.backend.deferred import deferred
from nnstack.backend.modes import is_learning_phase
from nnstack.backend.numbers import NumbersNeeded, falls_back_on_numbers
from nnstack.backend.variable import outside_scopes
from nnstack.engine import context
from nnstack.engine.shapes import map_shapes
from nnstack.utils import nest

if TYPE_CHECKING:
    from nnstack.engine.layer import Layer


def unseen_outputs(layer: Layer, inputs: Any, rest: Any, named: dict[str, Any]) -> Any:
    """Placeholders of the shapes and types that the layer says its outputs have, or that a trial shows."""

    shapes = _declared(layer, nest.map_structure(lambda leaf: tuple(leaf.shape), inputs))
    if shapes is None and not falls_back_on_numbers():
        raise ValueError(
            f'{layer._kind} (layer "{layer.name}"): a dynamic layer needs compute_output_shape(input_shape) to stand '
            "in a functional or Sequential model. Define it"
        )
    if shapes is None:
        kinds = _tried(layer, (inputs, rest, named))
    else:
        kinds = map_shapes(lambda shape: Kind(shape, layer.compute_dtype), shapes)
    given = nest.flatten((inputs, rest, named))
    places = [place for place, leaf in enumerate(given) if _is_symbolic(leaf)]

    def compute(*arrays: np.ndarray) -> Sequence[np.ndarray]:
        leaves = list(given)
        for place, array in zip(places, arrays, strict=True):
            leaves[place] = backend.convert(array)
        results = nest.flatten(_called(layer, nest.pack_as((inputs, rest, named), iter(leaves))))
        return [result.numpy() for result in results]

    wanted = [(kind.shape, kind.dtype) for kind in nest.flatten(kinds)]
    return nest.pack_as(kinds, iter(deferred(compute, [given[place] for place in places], wanted)))


class Kind:
    """Shape and type of an output; a leaf in a structure."""

    def __init__(self, shape: Any, dtype: str) -> None:
        self.shape, self.dtype = shape, dtype


def _declared(layer: Layer, input_shapes: Any) -> Any:
    from nnstack.engine.layer import Layer
    from nnstack.engine.model import Model

    declared = getattr(layer, "_output_shape", None)  # of a Lambda
    if callable(declared):
        return declared(input_shapes)
    if declared is not None:
        return (None, *declared) if isinstance(declared, tuple) else declared
    if isinstance(layer, Model) or type(layer).compute_output_shape is Layer.compute_output_shape:
        return None
    return layer.compute_output_shape(input_shapes)


def _tried(layer: Layer, arguments: Any) -> Any:
    """The outputs' kinds as trials on ones and on zeros show them: sizes that differ between trials are not known."""
    results: list[Any] = []
    failure: Exception | None = None
    for number in (1, 0):
        try:
            results += [
                _called(layer, nest.map_structure(functools.partial(_sample, size, number), arguments))
                for size in (2, 3)
            ]
        except Exception as error:  # whatever the user's code does not like about such inputs
            failure = failure or error
    if not results:
        raise NumbersNeeded(
            f'{layer._kind} (layer "{layer.name}"): its call needs the numbers of its inputs, and a trial on ones '
            f"failed ({type(failure).__name__}: {failure}). Define compute_output_shape(input_shape)"
        ) from failure

    def kind(*trials: Any) -> Kind:
        sizes = zip(*[tuple(one.shape) for one in trials], strict=True)
        return Kind(tuple(size[0] if len(set(size)) == 1 else None for size in sizes), str(trials[0].dtype))

    kinds = [kind(*trials) for trials in zip(*map(nest.flatten, results), strict=True)]
    return nest.pack_as(results[0], iter(kinds))


def _called(layer: Layer, arguments: Any) -> Any:
    inputs, rest, named = arguments
    with outside_scopes(), backend.eager_scope(), context.calling(named.get("training", False)):
        return nest.map_structure(backend.convert, layer.call(inputs, *rest, **named))


def _is_symbolic(leaf: Any) -> bool:
    return backend.is_tensor(leaf) and not isinstance(leaf, backend.Variable) and not leaf.concrete


def _sample(size: int, number: int, leaf: Any) -> Any:
    if not _is_symbolic(leaf):
        return leaf
    if is_learning_phase(leaf):
        return False
    shape = [size if one is None else one for one in tuple(leaf.shape)]
    return backend.convert(np.full(shape, number), leaf.dtype)
