"""Activations, normal forms and cross-entropies that layers and losses are written with."""

from typing import Any

import numpy as np

from nnstack.backend import math as m
from nnstack.backend import shapes
from nnstack.backend.along_axis import cumsum
from nnstack.backend.config import epsilon, normalize_data_format
from nnstack.backend.ranges import arange
from nnstack.backend.tensor import Tensor, TensorLike, convert, convert_like, emit, through_floats, unary


def relu(x: TensorLike, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """max_value for x >= max_value, x for threshold <= x < max_value, alpha * (x - threshold) below.

    With a max_value nothing below 0 passes, as in Keras, even where the threshold is negative.
    """
    slope = not isinstance(alpha, (int, float)) or alpha != 0.0
    if max_value is None and threshold == 0.0 and not slope:
        return unary("relu", x)
    return through_floats(lambda value: _bent(value, alpha if slope else None, max_value, threshold), convert(x))


def _bent(value: Tensor, alpha: float | None, max_value: float | None, threshold: float) -> Tensor:
    if threshold == 0.0:
        positive = unary("relu", value) if max_value is None else m.clip(value, 0.0, max_value)
    else:
        positive = m.select(value > threshold, value if max_value is None else m.clip(value, 0.0, max_value), 0.0)
    if alpha is None:
        return positive
    if max_value is None and threshold == 0.0:
        return m.select(value > 0.0, value, value * alpha)
    return positive - unary("relu", threshold - value) * alpha


def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """x for x > 0, alpha * (exp(x) - 1) below."""
    value = convert(x)
    below = unary("expm1", m.minimum(value, 0.0))  # the minimum keeps the branch not taken, and its gradient, finite
    return m.select(value > 0.0, value, below if alpha == 1.0 else below * alpha)


def sigmoid(x: TensorLike) -> Tensor:
    """1 / (1 + exp(-x)). A binary cross-entropy of the result is computed from x itself."""
    return unary("sigmoid", x)


def hard_sigmoid(x: TensorLike) -> Tensor:
    """0.2 * x + 0.5 kept within [0, 1]."""
    return m.clip(convert(x) * 0.2 + 0.5, 0.0, 1.0)


def tanh(x: TensorLike) -> Tensor:
    """Hyperbolic tangent."""
    return unary("tanh", x)


def softplus(x: TensorLike) -> Tensor:
    """log(1 + exp(x)), without overflow."""
    return unary("softplus", x)


def softsign(x: TensorLike) -> Tensor:
    """x / (1 + |x|)."""
    value = convert(x)
    return value / (m.abs(value) + 1.0)


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along `axis`. A categorical cross-entropy of the result is computed from x itself."""
    return _along(convert(x), axis, "softmax")


def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """log(softmax(x)) along `axis`, without underflow."""
    return _along(convert(x), axis, "log_softmax")


def _along(x: Tensor, axis: int, op: str) -> Tensor:
    rank = len(x.shape)
    axis = axis % rank if rank else -1
    if axis in (rank - 1, -1):
        return emit(op, x)
    order = [a for a in range(rank) if a != axis] + [axis]
    back = [order.index(a) for a in range(rank)]
    return emit("transpose", emit(op, emit("transpose", x, permutation=order)), permutation=back)


def _logits(output: Tensor, op: str) -> Tensor | None:
    """What `output` was made from, if an activation or `op` made it: more exact, and it spares work.

    As in tf.keras, whatever cross-entropy follows takes what `activations.softmax` or `sigmoid` started from: binary
    cross-entropy after softmax is that of the sigmoid of the same logits.
    """
    kept = getattr(output, "_keras_logits", None)
    if kept is not None:
        return convert(kept)
    return convert(output.inputs[0]) if output.op == op and output.inputs else None


def bias_add(x: TensorLike, bias: TensorLike, data_format: str | None = None) -> Tensor:
    """x + bias, the same for every sample.

    bias: one number per channel (the last axis, or axis 1 for channels_first), or all of x's axes but the batch's. The
    latter has a shape with the channels last even for channels_first, and its numbers, as in tf.keras, in the order of
    x's axes. ValueError for any other number of axes.
    """
    value = convert(x)
    b = convert_like(bias, value)
    rank, given = len(value.shape), len(b.shape)
    channels_first = normalize_data_format(data_format) == "channels_first"
    if given not in (1, rank - 1):
        raise ValueError(f"bias_add: expected a bias of 1 or {rank - 1} axes, got shape {b.shape}; x {value.shape}")
    if channels_first and rank > 2 and given == 1:
        b = shapes.reshape(b, (1, -1) + (1,) * (rank - 2))
    elif channels_first and given > 1:
        *rest, channels = shapes.dimensions(b)
        b = shapes.reshape(b, (channels, *rest))
    return value + b


def _classes(x: Tensor, axis: int) -> tuple[Any, Tensor]:
    """How many classes there are along `axis`, and their numbers, int64; found when the graph runs where not before."""
    count: Any = x.shape[axis]
    if count is None:
        count = shapes.shape(x)[axis]
        return count, arange(0, count, dtype="int64")
    return count, convert(np.arange(count, dtype=np.int64))


def in_top_k(predictions: TensorLike, targets: TensorLike, k: int) -> Tensor:
    """Whether the class targets[i] is among the k largest of predictions[i]; bool of shape (batch,).

    Classes as large as the k-th all count. False for a target that is no class and for a row with numbers that are not
    finite. predictions: (batch, classes), targets: (batch,) integers.

    >>> in_top_k([[0.1, 0.9, 0.3], [0.5, 0.2, 0.1]], [2, 2], k=2)
    <Tensor shape=(2,) dtype=bool numpy=[ True, False]>
    """
    scores = convert(predictions)
    labels = convert(targets, "int64")
    if len(scores.shape) != 2 or len(labels.shape) != 1:
        raise ValueError(f"in_top_k: expected (batch, classes) and (batch,), got {scores.shape} and {labels.shape}")
    own = emit("equal", shapes.expand_dims(labels), _classes(scores, 1)[1])
    score = m.sum(m.select(own, scores, 0.0), 1, True)
    larger = m.sum(convert(scores > score, "int32"), 1)
    sure = emit("logical_and", m.any(own, 1), m.all(unary("is_finite", scores), 1))
    return emit("logical_and", sure, larger < k)


def categorical_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-sum(target * log(output)) along `axis`, which disappears.

    output: probabilities (scaled to sum to one, kept within [eps, 1 - eps]) or, with from_logits, their logarithms up
    to a constant. Computed from the logits wherever softmax made `output`; the gradient in them is then TensorFlow's,
    softmax(logits) - target, which for a target that does not sum to one is not that of the loss.
    """
    probabilities = convert(output)
    wanted = convert_like(target, probabilities)
    logits = probabilities if from_logits else _logits(probabilities, "softmax")
    if logits is not None:
        return _minus_log_softmax_of(wanted, logits, axis)
    scaled = probabilities / m.sum(probabilities, axis, True)
    logs = m.log(m.clip(scaled, epsilon(), 1.0 - epsilon()))
    return m.sum(wanted * -logs, axis)  # the sign inside: one pass instead of two over the losses


def _minus_log_softmax_of(wanted: Tensor, logits: Tensor, axis: int) -> Tensor:
    """sum(wanted * -log_softmax(logits)) along `axis`, with one exponential of each logit in all.

    Written so that the gradient in the logits is softmax(logits) - wanted, whatever `wanted` sums to.
    """
    top, total = _exponentials(logits, axis)
    log_total = m.log(total)
    of_all: Tensor = log_total + m.stop_gradient(log_total) * (m.sum(wanted, axis) - 1.0)
    return of_all + m.sum(wanted * (top - logits), axis)


def _exponentials(logits: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """The largest logit along `axis`, which is kept, and the sum of exp(logits - it), without it."""
    top = m.stop_gradient(m.max(logits, axis, True))  # what is subtracted and added again has no gradient
    return top, m.sum(m.exp(logits - top), axis)


def sparse_categorical_crossentropy(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1, ignore_class: int | None = None
) -> Tensor:
    """Like `categorical_crossentropy` with class numbers as target.

    A number outside [0, classes) gives NaN; `ignore_class` gives zero. The classes may be as many as there are rows, as
    in contrastive losses. ValueError if the target has neither the output's axes, with one class number each, nor one
    axis less.
    """
    probabilities = convert(output)
    logits = probabilities if from_logits else _logits(probabilities, "softmax")
    if logits is None:
        logits = m.log(m.clip(probabilities, epsilon(), 1.0 - epsilon()))
    rank = len(logits.shape)
    axis = axis % rank
    classes = _classes(logits, axis)[0]
    labels = convert(target, "int64")
    if len(labels.shape) == rank:
        labels = shapes.squeeze(labels, axis) if labels.shape[axis] == 1 else shapes.squeeze(labels, -1)
    if len(labels.shape) != rank - 1:
        raise ValueError(
            f"sparse_categorical_crossentropy: expected {rank - 1} or {rank} axes of class numbers for output shape "
            f"{logits.shape}, got shape {labels.shape}"
        )
    known = emit("logical_and", labels >= 0, labels < classes)
    loss = m.select(known, _minus_log_softmax_at(m.select(known, labels, 0), logits, axis, classes), float("nan"))
    if ignore_class is None:
        return loss
    counts = m.not_equal(labels, ignore_class)
    loss = m.select(counts, loss, 0.0)
    loss._keras_mask = counts  # means are taken over what counts
    return loss


def _minus_log_softmax_at(labels: Tensor, logits: Tensor, axis: int, classes: Any) -> Tensor:
    """-log_softmax(logits, axis) at the class `labels` of each place, with one exponential of each logit in all."""
    rank = len(logits.shape)
    if axis != rank - 1:
        logits = shapes.permute_dimensions(logits, [*(d for d in range(rank) if d != axis), axis])
    top, total = _exponentials(logits, -1)
    rows = shapes.squeeze(top, -1)
    row = cumsum(shapes.ones_like(shapes.flatten(rows), "int64"), exclusive=True)
    chosen = shapes.gather(shapes.reshape(logits, (-1,)), shapes.reshape(row, shapes.shape(rows)) * classes + labels)
    return m.log(total) + (rows - chosen)


def binary_crossentropy(target: TensorLike, output: TensorLike, from_logits: bool = False) -> Tensor:
    """-(target * log(output) + (1 - target) * log(1 - output)), element by element.

    Computed from the logits wherever sigmoid made `output`; otherwise output is kept within [eps, 1 - eps].
    """
    probabilities = convert(output)
    wanted = convert_like(target, probabilities)
    logits = probabilities if from_logits else _logits(probabilities, "sigmoid")
    if logits is not None:
        return unary("softplus", logits) - logits * wanted
    p = m.clip(probabilities, epsilon(), 1.0 - epsilon())
    return -(wanted * m.log(p + epsilon()) + (1.0 - wanted) * m.log(1.0 - p + epsilon()))


def binary_focal_crossentropy(
    target: TensorLike,
    output: TensorLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
) -> Tensor:
    """Binary cross-entropy times (1 - p) ** gamma, p being the probability of the right answer (Lin et al. 2017)."""
    given = convert(output)
    p = sigmoid(given) if from_logits else given
    wanted = convert_like(target, p)
    right = wanted * p + (1.0 - wanted) * (1.0 - p)
    loss = m.pow(1.0 - right, gamma) * binary_crossentropy(wanted, p)
    return (wanted * alpha + (1.0 - wanted) * (1.0 - alpha)) * loss if apply_class_balancing else loss


def categorical_focal_crossentropy(
    target: TensorLike,
    output: TensorLike,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    axis: int = -1,
) -> Tensor:
    """-sum(alpha * (1 - p) ** gamma * target * log(p)) along `axis` (Lin et al. 2017); alpha: one or one per class."""
    p = convert(output)
    p = softmax(p, axis) if from_logits else p
    p = p / m.sum(p, axis, True)
    p = m.clip(p, epsilon(), 1.0 - epsilon())
    cross_entropy = -convert_like(target, p) * m.log(p)
    return m.sum(m.pow(1.0 - p, gamma) * alpha * cross_entropy, axis)
