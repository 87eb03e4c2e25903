"""Connectionist temporal classification (Graves et al. 2006): labels of sequences whose alignment is not known."""

from typing import NamedTuple, cast

import numpy as np

from nnstack import _core
from nnstack.backend import math as m
from nnstack.backend import nn, shapes
from nnstack.backend.along_axis import cumsum
from nnstack.backend.config import epsilon
from nnstack.backend.tensor import Tensor, TensorLike, convert, emit, shape_vector


class SparseTensor(NamedTuple):
    """Where the elements of a mostly empty array are, and what they are; what `ctc_label_dense_to_sparse` gives.

    >>> SparseTensor(np.array([[0, 1]]), np.array([7]), (1, 3)).dense().tolist()
    [[0, 7, 0]]
    """

    indices: np.ndarray
    """(elements, axes) int64, in row-major order"""
    values: np.ndarray
    """(elements,)"""
    dense_shape: tuple[int, ...]
    """shape of the whole"""

    def dense(self, default: int = 0) -> np.ndarray:
        """The whole array, `default` where there is no element."""
        whole = np.full(self.dense_shape, default, self.values.dtype)
        whole[tuple(self.indices.T)] = self.values
        return whole


def ctc_batch_cost(
    y_true: TensorLike, y_pred: TensorLike, input_length: TensorLike, label_length: TensorLike
) -> Tensor:
    """The CTC loss of every sample, (samples, 1): -log of the probability that `y_pred` spells the labels.

    y_true: (samples, longest label) class numbers below the last class, which is the blank. y_pred: (samples, steps,
    classes), the output of a softmax. input_length, label_length: (samples, 1), how many steps and labels count.

    A sample whose labels do not fit into its steps has an infinite loss and a gradient of zero. Differentiable, also
    twice. ValueError for other shapes; RuntimeError when run if a label is no class or a length is beyond its axis.

    >>> y = constant([[[0.6, 0.4], [0.6, 0.4]]])
    >>> exp(-ctc_batch_cost([[0]], y, [[2]], [[1]])).numpy().round(3)
    array([[0.84]], dtype=float32)
    """
    logs = _logs("ctc_batch_cost", y_pred)
    labels = convert(y_true, "int32")
    steps, counts = (
        _column("ctc_batch_cost", name, x) for name, x in (("input", input_length), ("label", label_length))
    )
    if len(labels.shape) != 2:
        raise ValueError(f"ctc_batch_cost: expected y_true of shape (samples, labels), got {labels.shape}")
    loss = cast(Tensor, _core.emit("ctc_loss", [nn.log_softmax(logs), labels, steps, counts], {})[0])
    return shapes.expand_dims(loss, 1)


def _logs(what: str, y_pred: TensorLike) -> Tensor:
    predictions = convert(y_pred)
    if len(predictions.shape) != 3:
        raise ValueError(f"{what}: expected y_pred of shape (samples, steps, classes), got {predictions.shape}")
    return m.log(predictions + epsilon())


def _column(what: str, name: str, lengths: TensorLike) -> Tensor:
    value = convert(lengths, "int32")
    if len(value.shape) != 2 or value.shape[1] not in (1, None):
        raise ValueError(f"{what}: expected {name}_length of shape (samples, 1), got {value.shape}")
    return shapes.squeeze(value, 1)


def ctc_label_dense_to_sparse(labels: TensorLike, label_lengths: TensorLike) -> SparseTensor:
    """The labels that count, as a SparseTensor of shape (samples, longest label).

    labels: (samples, longest label); label_lengths: (samples,). ValueError for symbolic tensors: how many labels count
    is not known before they are; `ctc_batch_cost` takes them dense.

    >>> ctc_label_dense_to_sparse([[3, 4], [5, 0]], [2, 1]).values.tolist()
    [3, 4, 5]
    """
    dense, lengths = convert(labels), convert(label_lengths)
    if not (dense.concrete and lengths.concrete):
        raise ValueError(
            "ctc_label_dense_to_sparse: a symbolic tensor has no number of labels yet; pass arrays, or give the dense "
            "labels to ctc_batch_cost"
        )
    numbers, counts = dense.numpy(), lengths.numpy()
    if numbers.ndim != 2 or counts.shape != numbers.shape[:1]:
        raise ValueError(
            f"ctc_label_dense_to_sparse: expected (samples, labels) and (samples,), got {dense.shape} and "
            f"{lengths.shape}"
        )
    counted = np.arange(numbers.shape[1]) < counts[:, None]
    return SparseTensor(np.argwhere(counted), numbers[counted], tuple(numbers.shape))


def ctc_decode(
    y_pred: TensorLike,
    input_length: TensorLike,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = False,
) -> tuple[list[Tensor], Tensor]:
    """The labels that `y_pred` spells: (samples, steps) int64 tensors, -1 after the end, and log probabilities.

    y_pred: (samples, steps, classes), the output of a softmax; the last class is the blank. input_length: (samples,).
    greedy: the best class of every step, repeats merged, blanks dropped: one tensor, and -log of its path's
    probability, (samples, 1). Otherwise a prefix search with `beam_width` candidates, which adds up all paths that
    spell the same: `top_paths` tensors, best first, and their log probabilities (samples, top_paths). merge_repeated:
    only of the search: equal labels that follow each other are one (tf.keras always does it, Keras 2.3 when asked).

    >>> y = constant([[[0.1, 0.9, 0.0], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7], [0.9, 0.1, 0.0]]])
    >>> ctc_decode(y, [4])[0][0].numpy().tolist()
    [[1, 0, -1, -1]]
    """
    logs = _logs("ctc_decode", y_pred)
    lengths = convert(input_length, "int32")
    if len(lengths.shape) != 1:
        raise ValueError(f"ctc_decode: expected input_length of shape (samples,), got {lengths.shape}")
    if greedy:
        return _best_path(logs, lengths)
    if not 1 <= top_paths <= beam_width:
        raise ValueError(
            f"ctc_decode: expected 1 <= top_paths <= beam_width, got top_paths={top_paths}, beam_width={beam_width}"
        )
    attributes = {"beam_width": int(beam_width), "top_paths": int(top_paths), "merge_repeated": bool(merge_repeated)}
    found, scores = _core.emit("ctc_beam_search", [nn.log_softmax(logs), lengths], attributes)
    return [cast(Tensor, found)[:, path] for path in range(top_paths)], cast(Tensor, scores)


def _best_path(logs: Tensor, lengths: Tensor) -> tuple[list[Tensor], Tensor]:
    classes = logs.shape[2]
    if classes is None:
        raise ValueError(f"ctc_decode: the number of classes must be known; y_pred {logs.shape}")
    samples, steps, _ = shapes.dimensions(logs)
    best = m.argmax(logs)
    step = cumsum(shapes.ones_like(best), 1, exclusive=True)
    counts = m.less(step, convert(shapes.expand_dims(lengths), "int64"))
    score = -m.sum(m.select(counts, m.max(logs, -1), 0.0), 1, True)
    before = emit("pad", best[:, :-1], paddings=[0, 0, 1, 0], value=-1.0)
    new = emit("logical_and", m.not_equal(best, before), m.not_equal(best, classes - 1))
    kept = emit("logical_and", counts, new)
    # Each label that is kept goes to the next free place of its row; the others to one place that is cut off.
    place = m.select(kept, cumsum(kept, 1, exclusive=True), convert(steps, "int32"))
    row = cumsum(shapes.ones_like(best), 0, exclusive=True)
    width = convert(steps, "int64") + 1
    flat = row * width + convert(place, "int64")
    size = shape_vector([convert(samples, "int64") * width])
    labels = shapes.reshape(emit("scatter_add", flat, m.select(kept, best + 1, 0), size), [samples, width])
    return [labels[:, :-1] - 1], score
