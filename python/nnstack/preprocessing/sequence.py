"""Sequences of numbers: made equally long, cut into windows, turned into pairs of words that stand close."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence as SequenceOf
from typing import Any

import numpy as np

from nnstack.utils.data_utils import Sequence

__all__ = [
    "TimeseriesGenerator",
    "make_sampling_table",
    "pad_sequences",
    "skipgrams",
    "timeseries_generator_from_json",
]


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences of different lengths as one array (len(sequences), maxlen, ...).

    `maxlen` default the longest; longer ones lose entries at the start ('pre') or end ('post') by `truncating`; shorter
    ones get `value` at the start or end by `padding`. Entries may be numbers or arrays of one shape.
    ValueError for sequences without a length, entries of different shapes, another `padding` or `truncating`, or text
    as value with a number type.

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
    array([[0, 1],
           [2, 3],
           [5, 6]], dtype=int32)
    """
    for argument, given in (("padding", padding), ("truncating", truncating)):
        if given not in ("pre", "post"):
            raise ValueError(f"pad_sequences: expected 'pre' or 'post' as {argument}, got {given!r}")
    if not hasattr(sequences, "__len__"):
        raise ValueError(f"pad_sequences: expected a list of sequences, got {type(sequences).__name__}")
    for position, one in enumerate(sequences):
        if not hasattr(one, "__len__"):
            raise ValueError(f"pad_sequences: expected a list of sequences; entry {position} is {one!r}")
    kind = np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OUS":
        raise ValueError(f"pad_sequences: value {value!r} is a text, dtype {dtype} a number. Use dtype=object")
    tail: tuple[int, ...] = next((np.asarray(one).shape[1:] for one in sequences if len(one)), ())
    length = max((len(one) for one in sequences), default=0) if maxlen is None else int(maxlen)
    padded = np.full((len(sequences), length, *tail), value, dtype=kind)
    for row, one in zip(padded, sequences, strict=True):
        if not len(one) or not length:
            continue
        kept = np.asarray(one[-length:] if truncating == "pre" else one[:length], dtype=kind)
        if kept.shape[1:] != tail:
            raise ValueError(f"pad_sequences: entries have shape {tail} in one sequence, {kept.shape[1:]} in another")
        row[slice(-len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return padded


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """How likely a word is to be kept, for the `size` most frequent words, the most frequent first.

    Word frequencies are taken to follow Zipf's law; the formula is word2vec's (Mikolov et al. 2013).
    """
    rank = np.maximum(np.arange(size), 1).astype(np.float64)
    expected = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)  # one over the frequency
    return np.minimum(1.0, np.sqrt(sampling_factor * expected))


def skipgrams(
    sequence: SequenceOf[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of words and labels: 1 for two words at most `window_size` apart, 0 for a word and a random one.

    `sequence` word numbers, 0 means no word; `negative_samples` random pairs for each true one; `categorical` labels
    [0, 1] and [1, 0] instead of 1 and 0; `sampling_table` keeps words by chance, see `make_sampling_table`. Draws from
    Python's `random`; `seed` fixes the final order. (Mikolov et al. 2013.)
    """
    true, false = ([0, 1], [1, 0]) if categorical else (1, 0)
    pairs: list[list[int]] = []
    for position, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        start, stop = max(0, position - window_size), min(len(sequence), position + window_size + 1)
        pairs += [[word, sequence[i]] for i in range(start, stop) if i != position and sequence[i]]
    labels: list[Any] = [true] * len(pairs)
    count = int(len(pairs) * negative_samples) if negative_samples > 0 else 0
    if count:
        words = [pair[0] for pair in pairs]
        random.shuffle(words)
        pairs += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [false] * count
    if shuffle:
        order = random.randint(0, 10_000_000) if seed is None else seed
        random.Random(order).shuffle(pairs)
        random.Random(order).shuffle(labels)
    return pairs, labels


class TimeseriesGenerator(Sequence):
    """Batches of windows of a series, each with the target that follows it.

    `data` and `targets` of one length, time first. A window holds `length` steps, every `sampling_rate`-th of them, and
    ends just before its target; windows begin `stride` steps apart. `start_index` and `end_index` bound the data that
    is used; `shuffle` draws windows at random; `reverse` turns each one round. Gives (windows (batch, length /
    sampling_rate, ...), targets (batch, ...)). ValueError for unequal lengths, or no window in the bounds.

    >>> batches = TimeseriesGenerator(np.arange(10), np.arange(10), length=3, batch_size=2)
    >>> batches[0]
    (array([[0, 1, 2],
           [1, 2, 3]]), array([3, 4]))
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        if len(data) != len(targets):
            raise ValueError(
                f"TimeseriesGenerator: expected as many targets as data, got {len(data)} and {len(targets)}"
            )
        self.data = data
        self.targets = targets
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"TimeseriesGenerator: no window of {length} steps fits between start_index={start_index} and "
                f"end_index={self.end_index}"
            )

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        step = self.batch_size * self.stride
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + step * index
            rows = np.arange(first, min(first + step, self.end_index + 1), self.stride)
        windows = np.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])
        if self.reverse:
            windows = windows[:, ::-1]
        return windows, np.array([self.targets[row] for row in rows])

    def get_config(self) -> dict[str, Any]:
        """All arguments; data and targets as JSON texts."""
        texts = {
            name: json.dumps(value.tolist() if isinstance(value, np.ndarray) else value)
            for name, value in (("data", self.data), ("targets", self.targets))
        }
        return {
            **texts,
            "length": self.length,
            "sampling_rate": self.sampling_rate,
            "stride": self.stride,
            "start_index": self.start_index - self.length,
            "end_index": self.end_index,
            "shuffle": self.shuffle,
            "reverse": self.reverse,
            "batch_size": self.batch_size,
        }

    def to_json(self, **kwargs: Any) -> str:
        """The arguments as a JSON text, for `timeseries_generator_from_json`; `kwargs` go to `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def timeseries_generator_from_json(json_string: str) -> TimeseriesGenerator:
    """A generator from `TimeseriesGenerator.to_json()`."""
    config = dict(json.loads(json_string)["config"])
    config.update({name: json.loads(config[name]) for name in ("data", "targets")})
    return TimeseriesGenerator(**config)
