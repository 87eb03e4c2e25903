"""Candidates drawn among many classes, losses over them, and CTC losses and decoders with TensorFlow's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.compat.functions.nn import (
    log_softmax,
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
)
from nnstack.compat.sparse import SparseTensor


class Candidates(tuple[Any, Any, Any]):
    """(sampled_candidates, true_expected_count, sampled_expected_count)"""

    def __new__(cls, sampled: Any, true: Any, expected: Any) -> Candidates:
        return super().__new__(cls, (sampled, true, expected))

    sampled_candidates = property(lambda self: self[0])
    true_expected_count = property(lambda self: self[1])
    sampled_expected_count = property(lambda self: self[2])


def _candidates(chances: np.ndarray, true_classes: Any, num_sampled: int, unique: bool, seed: Any) -> Candidates:
    """`num_sampled` classes by their chances, and how often each is to be expected among them."""
    generator = np.random.default_rng(K.next_seed() if seed is None else int(seed))
    count = int(num_sampled)
    drawn = generator.choice(len(chances), count, replace=not unique, p=chances / chances.sum())
    # Without doubles TensorFlow estimates 1 - (1 - p)^tries; the number of tries that it takes is that of the draws.
    expected = -np.expm1(count * np.log1p(-chances)) if unique else chances * count
    true = K.gather(K.convert(expected.astype(np.float32)), K.cast(K.convert(true_classes), "int64"))
    return Candidates(K.convert(drawn.astype(np.int64)), true, K.convert(expected[drawn].astype(np.float32)))


def log_uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: Any = None
) -> Candidates:
    """Classes, the most frequent first: class k with the chance log((k + 2) / (k + 1)) / log(range + 1)."""
    numbers = np.arange(int(range_max))
    return _candidates(
        np.log((numbers + 2) / (numbers + 1)) / np.log(range_max + 1), true_classes, num_sampled, unique, seed
    )


def uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: Any = None
) -> Candidates:
    """All classes with the same chance."""
    return _candidates(np.full(int(range_max), 1.0 / int(range_max)), true_classes, num_sampled, unique, seed)


def fixed_unigram_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, vocab_file: str = "",
    distortion: float = 1.0, num_reserved_ids: int = 0, num_shards: int = 1, shard: int = 0, unigrams: Any = (),
    seed: Any = None,
) -> Candidates:  # fmt: skip
    """Classes with chances in the ratio of `unigrams`, raised to `distortion`."""
    chances = np.concatenate([np.zeros(num_reserved_ids), np.asarray(unigrams, np.float64) ** distortion])
    return _candidates(chances / chances.sum(), true_classes, num_sampled, unique, seed)


def _logits(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int,
    sampled_values: Any, subtract_log_q: bool, remove_accidental_hits: bool, seed: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """(batch, num_true + num_sampled) logits of the true classes and the candidates, and labels for them."""
    classes = K.reshape(K.cast(K.convert(labels), "int64"), [-1, num_true])
    if sampled_values is None:
        sampled_values = log_uniform_candidate_sampler(classes, num_true, num_sampled, True, num_classes, seed)
    sampled, true_expected, sampled_expected = sampled_values
    x, table, bias = K.convert(inputs), K.convert(weights), K.convert(biases)
    true = K.sum(K.expand_dims(x, 1) * K.gather(table, classes), axis=-1) + K.gather(bias, classes)
    others = K.dot(x, K.transpose(K.gather(table, sampled))) + K.gather(bias, sampled)
    if remove_accidental_hits:
        hits = K.any(K.equal(K.expand_dims(classes, -1), K.reshape(sampled, [1, 1, -1])), axis=1)
        others = others - K.cast(hits, others.dtype) * 3.4e38
    if subtract_log_q:
        true, others = true - K.log(K.reshape(true_expected, [-1, num_true])), others - K.log(sampled_expected)
    marks = K.concatenate([K.ones_like(true) / float(num_true), K.zeros_like(others)], axis=1)
    return K.concatenate([true, others], axis=1), marks


def sampled_softmax_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = True, seed: Any = None,
) -> Any:  # fmt: skip
    """(batch,) crossentropies over the true classes and candidates (Jean et al. 2014)."""
    logits, marks = _logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values, True,
                            remove_accidental_hits, seed)  # fmt: skip
    return softmax_cross_entropy_with_logits(K.stop_gradient(marks), logits)


def nce_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = False,
) -> Any:  # fmt: skip
    """(batch,) noise-contrastive losses (Gutmann and Hyvarinen 2010)."""
    logits, marks = _logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values, True,
                            remove_accidental_hits, None)  # fmt: skip
    return K.sum(sigmoid_cross_entropy_with_logits(marks, logits), axis=1)


def ctc_loss(
    labels: Any, logits: Any, label_length: Any, logit_length: Any, logits_time_major: bool = True, unique: Any = None,
    blank_index: int | None = None,
) -> Any:  # fmt: skip
    """(batch,) CTC losses (Graves et al. 2006) of dense labels (batch, n), or of a SparseTensor, whose lengths are in
    it; its blank is the last class, that of dense labels `blank_index`, 0 by default.
    """
    x = K.convert(logits)
    x = K.permute_dimensions(x, (1, 0, 2)) if logits_time_major else x
    classes = int(x.shape[2] or 0)
    if isinstance(labels, SparseTensor):
        from nnstack.compat.sparse import to_dense

        rows = labels.indices.numpy()[:, 0]
        label_length = np.bincount(rows, minlength=int(labels.shape[0]))
        labels, blank = to_dense(labels), (classes - 1 if blank_index is None else blank_index % classes)
    else:
        blank = 0 if blank_index is None else blank_index % classes
    numbers = K.cast(K.convert(labels), "int32")
    if blank != classes - 1:  # the core's blank is the last one
        order = [*[c for c in range(classes) if c != blank], blank]
        x = K.emit("gather", x, K.convert(np.asarray(order, np.int64)), axis=2)
        numbers = K.select(K.greater(numbers, blank), numbers - 1, numbers)
    lengths = [K.cast(K.convert(one), "int32") for one in (logit_length, label_length)]
    return K.emit("ctc_loss", log_softmax(x), numbers, *lengths)


def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True, blank_index: Any = None
) -> tuple[list[SparseTensor], Any]:
    """The most likely path of (steps, batch, classes) logits, without doubles and blanks; minus its logits' sum."""
    x = K.convert(inputs).numpy().transpose(1, 0, 2)
    blank = x.shape[2] - 1 if blank_index is None else int(blank_index) % x.shape[2]
    places, values, scores = [], [], []
    for row, (sample, size) in enumerate(zip(x, np.asarray(K.convert(sequence_length).numpy()), strict=True)):
        best = sample[: int(size)].argmax(-1)
        kept = best != blank
        if merge_repeated:
            kept &= np.concatenate([[True], best[1:] != best[:-1]])[: len(best)]
        found = best[kept]
        places += [(row, column) for column in range(len(found))]
        values += found.tolist()
        scores.append(-sample[: int(size)].max(-1).sum())
    width = max((column for _, column in places), default=-1) + 1
    result = SparseTensor(np.asarray(places, np.int64).reshape(-1, 2), np.asarray(values, np.int64), (len(x), width))
    return [result], K.convert(np.asarray(scores, np.float32)[:, None])


def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True) -> Any:
    """(batch,) Levenshtein distances between rows of sparse tensors, over the length of the truth."""

    def rows(sparse: Any) -> list[list[Any]]:
        found: list[list[Any]] = [[] for _ in range(int(sparse.shape[0]))]
        for (row, *_), value in zip(sparse.indices.numpy(), np.asarray(sparse.values).tolist(), strict=True):
            found[int(row)].append(value)
        return found

    distances = []
    for said, true in zip(rows(hypothesis), rows(truth), strict=True):
        costs = list(range(len(true) + 1))
        for place, one in enumerate(said, 1):
            before, costs[0] = costs[0], place
            for column, other in enumerate(true, 1):
                step = min(costs[column] + 1, costs[column - 1] + 1, before + (one != other))
                before, costs[column] = costs[column], step
        whole = float(costs[-1])
        if normalize:
            whole = whole / len(true) if true else (float("inf") if said else 0.0)
        distances.append(whole)
    return K.convert(np.asarray(distances, np.float32))
