"""Where the elements of a data set come from: arrays, generators, other sets, names of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from nnstack.compat.dtypes import as_dtype
from nnstack.compat.elements import (
    INFINITE_CARDINALITY,
    UNKNOWN_CARDINALITY,
    DatasetBase,
    Row,
    map_arrays,
    parts_of,
    structured,
    typed_array,
)
from nnstack.utils import nest


class Sources(DatasetBase):
    """How data sets come to be."""

    @classmethod
    def from_tensor_slices(cls, tensors: Any, name: Any = None) -> Any:
        """One element for each place of the first axis of all arrays."""
        arrays = map_arrays(np.asarray, structured(tensors))
        leaves = nest.flatten(arrays)
        if not leaves or any(leaf.ndim == 0 for leaf in leaves):
            raise ValueError("Dataset.from_tensor_slices: expected arrays of at least one axis")
        lengths = {len(leaf) for leaf in leaves}
        if len(lengths) > 1:
            raise ValueError(f"Dataset.from_tensor_slices: the arrays have different lengths {sorted(lengths)}")

        def make() -> Iterator[Any]:
            if not nest.is_nested(arrays):
                return iter(arrays)
            if isinstance(arrays, tuple) and not any(nest.is_nested(part) for part in arrays):
                return iter(zip(*arrays, strict=True))
            return (nest.map_structure(Row(i), arrays) for i in range(len(leaves[0])))

        return cls(make, lengths.pop())

    @classmethod
    def from_tensors(cls, tensors: Any, name: Any = None) -> Any:
        """One element, the whole."""
        element = map_arrays(np.asarray, structured(tensors))
        return cls(lambda: iter([element]), 1)

    @classmethod
    def from_generator(
        cls,
        generator: Callable[..., Iterable[Any]],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: Any = None,
    ) -> Any:
        """What the generator function yields, in the types of `output_signature` or `output_types`."""
        kinds = (
            output_types if output_signature is None else nest.map_structure(lambda spec: spec.dtype, output_signature)
        )

        def typed(element: Any) -> Any:
            if kinds is None:
                return map_arrays(np.asarray, element)
            flat = [
                typed_array(leaf, kind)
                for leaf, kind in zip(parts_of(element, kinds), nest.flatten(kinds), strict=True)
            ]
            return nest.pack_as(kinds, iter(flat))

        return cls(lambda: map(typed, generator(*(args or ()))))

    @classmethod
    def range(cls, *args: Any, **kwargs: Any) -> Any:
        """int64 numbers; arguments as Python's range takes them, and `output_type`."""
        numbers = np.arange(*[int(one) for one in args], dtype=as_dtype(kwargs.get("output_type", "int64")).name)
        return cls(lambda: iter(numbers), len(numbers))

    @classmethod
    def zip(cls, *args: Any, datasets: Any = None, name: Any = None) -> Any:
        """Elements of several data sets side by side, as many as the shortest has."""
        parts = datasets if datasets is not None else (args[0] if len(args) == 1 else args)
        sets = nest.flatten(parts)
        known = [one._length for one in sets if one._length != INFINITE_CARDINALITY]
        length = UNKNOWN_CARDINALITY if UNKNOWN_CARDINALITY in known else min(known, default=INFINITE_CARDINALITY)

        def make() -> Iterator[Any]:
            for leaves in zip(*[one._make() for one in sets], strict=False):
                yield nest.pack_as(parts, iter(leaves)) if nest.is_nested(parts) else leaves[0]

        return cls(make, length)

    @classmethod
    def list_files(cls, file_pattern: Any, shuffle: bool | None = None, seed: int | None = None) -> Any:
        """Names of the files that a pattern (or several) matches, mixed unless shuffle=False."""
        import glob

        patterns = [file_pattern] if isinstance(file_pattern, str) else list(file_pattern)
        found = sorted(name for pattern in patterns for name in glob.glob(str(pattern)))
        files = cls.from_tensor_slices(np.array(found, dtype=object))
        return files if shuffle is False else files.shuffle(len(found), seed)
