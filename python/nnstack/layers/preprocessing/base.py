"""What layers with `adapt` have in common, and how text and numbers reach layers that look things up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from nnstack import backend
from nnstack.engine import context, front
from nnstack.engine.front import is_symbolic, is_text
from nnstack.engine.layer import Layer
from nnstack.engine.nodes import Node, history_of
from nnstack.engine.texts import TextsWanted, lookups_of
from nnstack.layers.arguments import label
from nnstack.utils import nest


class PreprocessingLayer(Layer):
    """A layer whose state comes from looking at data once: `adapt(data)`, before training."""

    _batch_size: ClassVar[int | None] = None  # rows of an array per `update_state`; None: all, where it is the same

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._adapted = False

    @property
    def is_adapted(self) -> bool:
        """Whether `adapt` has been called."""
        return self._adapted

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Sets the state from `data`: an array, a list of texts, or an iterable of batches (at most `steps` of them).

        What an earlier `adapt` learned is forgotten. `ValueError` for no data at all.
        """
        self.reset_state()
        seen = False
        for batch in _batches(data, steps, self._batch_size and (batch_size or self._batch_size)):
            if not self.built:
                self.build(batch.shape)
                self.built = True
            self.update_state(batch)
            seen = True
        if not seen:
            raise ValueError(f"{label(self)}: adapt: expected data, got none")
        self.finalize_state()
        self._adapted = True

    def update_state(self, data: Any) -> None:
        """Takes one batch into account."""

    def reset_state(self) -> None:
        """Forgets what was learned."""

    def finalize_state(self) -> None:
        """Makes the state usable after the last `update_state`."""

    def compile(self, run_eagerly: bool | None = None, steps_per_execution: int | None = None) -> None:
        """Kept for programs that call it; there is nothing to prepare."""


def _batches(data: Any, steps: int | None, batch_size: int | None) -> Iterator[np.ndarray]:
    if hasattr(data, "shape") or isinstance(data, list | tuple | str):
        array = as_array(data)
        if batch_size is None or not array.ndim:
            yield array
        else:
            yield from (array[first : first + batch_size] for first in range(0, len(array), batch_size))
        return
    for batch in islice(iter(data), steps):
        yield as_array(batch)


def as_array(data: Any) -> np.ndarray:
    """Tensors, arrays and nested lists as numpy; text as `str` objects."""
    array = data.numpy() if backend.is_tensor(data) else np.asarray(data)
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    if array.dtype.kind == "O":
        texts = [one.decode("utf-8") if isinstance(one, bytes) else one for one in array.ravel()]
        if any(not isinstance(one, str) for one in texts):
            raise TypeError(f"expected an array of texts or of numbers, got {array.dtype} entries such as {texts[0]!r}")
        return np.array(texts, dtype=str).reshape(array.shape)
    return array


class ArrayLayer(PreprocessingLayer):
    """A layer that works on arrays, in Python: `lookup(array) -> array`. In a model it stands behind an Input, at the
    front, which is computed on each batch before the native step.
    """

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """The result as a tensor; on inputs of a graph, a tensor of the graph. `TypeError` elsewhere in a graph."""
        lookups = lookups_of(inputs)
        if lookups is not None:  # in a call of the user's own

            def found(arrays: Any, **named: Any) -> np.ndarray:
                return self.lookup(self._as_arrays(arrays), **named)

            self.built = True
            return lookups.find(found, inputs, kwargs, label(self))
        if any(is_symbolic(leaf) for leaf in nest.flatten((inputs, kwargs))):
            return self._symbolic(inputs, **kwargs)
        if hasattr(inputs, "with_values"):  # rows of different lengths, as tf.RaggedTensor has them
            return inputs.with_values(self(inputs.values, **kwargs))
        result = self.lookup(self._as_arrays(inputs), **kwargs)
        if not self.built:
            self.built = True
        return front.shown_texts(result) if result.dtype.kind == "U" else backend.convert(result)

    def _as_arrays(self, inputs: Any) -> Any:
        return as_array(inputs)

    def _symbolic(self, inputs: Any, **kwargs: Any) -> Any:
        """A stand-in for the result: the layer becomes a part of the model's front."""
        tensors = nest.flatten(inputs)
        if not at_the_front(inputs):
            raise TextsWanted(
                f"{label(self)}: works on arrays, so in a model it stands right behind an Input; it was called on a "
                "tensor that the model computes. Apply the layer to the data, and give the model an Input for its "
                "result",
                tensors,
            )
        for one in tensors:
            if self.reads_text is False and is_text(one):
                raise TypeError(f"{label(self)}: expected numbers, got the texts of {one._keras_history.layer.name!r}")
        shape = self.compute_output_shape(nest.map_structure(lambda one: tuple(one.shape), inputs))
        result: Any = backend.placeholder(shape, dtype=self._result_type)
        result._is_text = getattr(self, "invert", False)
        self.built = True
        Node(self, (inputs,), kwargs, result).on_arrays = True
        return result

    reads_text: ClassVar[bool | None] = None  # None: both

    @property
    def _result_type(self) -> str:
        """Type of the numbers that come out."""
        return "int64" if getattr(self, "output_mode", "int") == "int" else self.compute_dtype

    def lookup(self, inputs: Any) -> np.ndarray:
        """The result for concrete data."""
        raise NotImplementedError(f"{label(self)}: a subclass defines lookup(inputs)")


def at_the_front(inputs: Any) -> bool:
    """Whether a call on these inputs of a graph can be a part of its front."""
    return context.outermost() and all(
        front.at_the_front(tensor) or _moved_to_the_front(tensor) for tensor in nest.flatten(inputs)
    )


def _moved_to_the_front(tensor: Any) -> bool:
    """Whether a layer such as Discretization made it from tensors at the front. Its call then is too."""
    origin = history_of(tensor)
    node = None if origin is None else origin.layer._inbound_nodes[origin.node_index]
    if node is None or not getattr(node.layer, "may_stand_at_the_front", False) or not at_the_front(node.keras_inputs):
        return False
    node.on_arrays = True
    return True


def encode(x: Any, mode: str, depth: int, what: str, dtype: str, weights: Any = None, idf: Any = None) -> Any:
    """Whole numbers below `depth` as "int", "one_hot", "multi_hot", "count" or "tf_idf" vectors of that length.

    The last axis is the sample's, except for "one_hot", where each number gets a vector (a last axis of 1 goes away).
    """
    index = backend.convert(x)
    if mode == "int":
        return backend.cast(index, dtype)
    if not index.shape:
        index = backend.expand_dims(index, 0)
    if mode == "one_hot" and index.shape[-1] != 1:
        index = backend.expand_dims(index, -1)
    if len(index.shape) > 2:
        raise ValueError(
            f"{what}: output_mode {mode!r} takes input of rank 1 or 2 (1 for 'one_hot'), got shape {tuple(index.shape)}"
        )
    hot = backend.cast(backend.one_hot(index, depth), dtype)
    if mode in ("one_hot", "multi_hot"):
        return backend.max(hot, axis=-2)
    if weights is not None:
        hot = hot * backend.expand_dims(backend.cast(weights, dtype), -1)
    counts = backend.sum(hot, axis=-2)
    return counts if mode == "count" else counts * backend.cast(idf, dtype)


def encoded_shape(shape: Any, mode: str, depth: int) -> tuple[int | None, ...]:
    """The shape `encode` gives."""
    sizes: tuple[int | None, ...] = tuple(shape)
    if mode == "int":
        return sizes
    kept = sizes if mode == "one_hot" and sizes and sizes[-1] != 1 else sizes[:-1]
    return (*kept, depth)


def dense_only(sparse: Any, what: str) -> bool:
    """False, or `ValueError`: there are no sparse tensors."""
    if sparse:
        raise ValueError(f"{what}: sparse=True is not supported: all tensors are dense. Leave it out")
    return False
