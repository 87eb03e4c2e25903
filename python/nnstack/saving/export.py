"""The exported file: what a C++ program needs to predict, with recorded inputs and outputs for the loader to verify."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import _core, backend
from nnstack.saving.hdf5_files import forget, path_to_write
from nnstack.utils import nest


def export_model(model: Any, filepath: Any, samples: int = 2, batch_size: int = 2) -> None:
    """Writes the function `predict` of the model to `filepath`; see `Model.export`."""
    graph = model._graph
    if graph is None:
        raise ValueError(
            f'export (model "{model.name}"): the model has no fixed inputs yet. Build it, or call it on data, first'
        )
    if graph.front is not None:
        raise ValueError(
            f'export (model "{model.name}"): begins with layers that look up in Python, which the file cannot hold. '
            "Make a Model of the layers behind them, with Inputs for the numbers that they give, and export that"
        )
    path = path_to_write(filepath, f'export (model "{model.name}")', "a path")
    inputs = [
        backend.placeholder(shape=tuple(t.shape), dtype=t.dtype, name=name)
        for t, name in zip(graph.flat_inputs, graph.input_names, strict=True)
    ]
    with backend.trace():
        outputs = [backend.convert(leaf) for leaf in nest.flatten(model(_packed(graph.inputs, inputs), training=False))]
    program = _core.Program(inputs, outputs, [], learning_phase=False, name=f"{model.name}/predict")
    generator = np.random.default_rng(0)
    recorded = []
    for _ in range(samples):
        arrays = [_random_batch(tensor, batch_size, generator) for tensor in inputs]
        recorded.append(("predict", arrays, program.run(arrays)))
    forget(path)
    _core.export_model(path, {"predict": (inputs, outputs, [])}, samples=recorded)


def _packed(structure: Any, values: list[Any]) -> Any:
    return values[0] if len(values) == 1 and not isinstance(structure, dict) else nest.pack_as(structure, iter(values))


def _random_batch(tensor: Any, batch_size: int, generator: np.random.Generator) -> np.ndarray:
    """Numbers of the input's shape; unknown sizes are 4, integers are 0 or 1."""
    shape = [batch_size if tensor.shape[0] is None else tensor.shape[0]] + [
        4 if size is None else size for size in tensor.shape[1:]
    ]
    if tensor.dtype.startswith(("float", "bfloat")):
        return generator.standard_normal(shape).astype(tensor.dtype)
    return generator.integers(0, 2, shape).astype(tensor.dtype)
