"""Weights of models made for other conventions: kernels turned about, dense kernels in another order of channels."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.numbers import falls_back_on_numbers
from nnstack.utils.conv_utils import convert_kernel


def count_params(weights: Any) -> int:
    """How many numbers the weights hold, shared ones once."""
    from nnstack.engine.weights import count_scalars

    return count_scalars(list(weights))


def convert_all_kernels_in_model(model: Any) -> None:
    """Turns the kernels of all convolutions of `model` about, for weights trained with true convolutions."""
    from nnstack import layers

    kinds = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, kinds) and hasattr(layer, "kernel"):
            layer.kernel.assign(convert_kernel(layer.kernel.numpy()))


def convert_dense_weights_data_format(
    dense: Any, previous_feature_map_shape: Any, target_data_format: str = "channels_first"
) -> None:
    """Reorders the rows of a Dense kernel behind a Flatten, whose images change to `target_data_format`.

    `previous_feature_map_shape` is the shape before Flatten in the new format, without the batch axis: (channels,
    height, width) for 'channels_first'. ValueError for another format.
    """
    if target_data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            "convert_dense_weights_data_format: expected 'channels_first' or 'channels_last', got "
            f"{target_data_format!r}"
        )
    first = target_data_format == "channels_first"
    shape = tuple(previous_feature_map_shape)
    before = (*shape[1:], shape[0]) if first else (shape[2], *shape[:2])
    rows = np.arange(int(np.prod(shape))).reshape(before).transpose((2, 0, 1) if first else (1, 2, 0))
    kernel, *rest = dense.get_weights()
    dense.set_weights([kernel[rows.ravel()], *rest])


def warmstart_embedding_matrix(
    base_vocabulary: Any, new_vocabulary: Any, base_embeddings: Any, new_embeddings_initializer: Any = "uniform"
) -> np.ndarray:
    """Embeddings of a new vocabulary: rows of `base_embeddings` (words, width) for words known, drawn for new ones.

    Vocabularies are lists of words in the order of rows, or paths of text files with one word a line. ValueError if
    `base_embeddings` has another number of rows than `base_vocabulary`.

    >>> warmstart_embedding_matrix(["a", "b"], ["b", "c"], [[1.0], [2.0]], "zeros")
    array([[2.],
           [0.]], dtype=float32)
    """
    from nnstack import initializers

    base, new = _words(base_vocabulary), _words(new_vocabulary)
    matrix = np.asarray(base_embeddings, np.float32)
    if len(base) != len(matrix):
        raise ValueError(
            f"warmstart_embedding_matrix: base_vocabulary has {len(base)} words, base_embeddings {len(matrix)} rows"
        )
    make: Callable[..., Any] = initializers.get(new_embeddings_initializer)
    drawn = np.array(backend.get_value(backend.convert(make((len(new), matrix.shape[1])))), np.float32)
    rows = {word: row for row, word in enumerate(base)}
    for place, word in enumerate(new):
        if word in rows:
            drawn[place] = matrix[rows[word]]
    return drawn


def _words(vocabulary: Any) -> list[Any]:
    if isinstance(vocabulary, str):
        with open(vocabulary, encoding="utf-8") as file:
            return file.read().splitlines()
    return list(vocabulary)


def multi_gpu_model(model: Any, gpus: Any = None, cpu_merge: bool = True, cpu_relocation: bool = False) -> Any:
    """`model` itself for one GPU. More are a ValueError, for a model is trained on one device; a program that runs
    unchanged gets the model and a warning: what it trains is the same.
    """
    count = len(gpus) if isinstance(gpus, list | tuple) else gpus
    if count is None or count <= 1:
        return model
    text = f'multi_gpu_model (model "{model.name}"): asked for gpus={gpus}; nnstack trains on one device'
    if not falls_back_on_numbers():
        raise ValueError(f"{text}. Train the model itself: model.fit(...)")
    warnings.warn(text, stacklevel=2)
    return model
