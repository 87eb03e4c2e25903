"""Texts: cut into words, numbered, counted."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_COUNTS = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
_MODES = ("binary", "count", "freq", "tfidf")


def text_to_word_sequence(text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """The words of a text: in lower case unless told otherwise, characters of `filters` count as `split`.

    >>> text_to_word_sequence("Well, here it is!")
    ['well', 'here', 'it', 'is']
    """
    text = text.lower() if lower else text
    return [word for word in text.translate({ord(character): split for character in filters}).split(split) if word]


def one_hot(
    text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " ", **kwargs: Any
) -> list[int]:
    """A number from 1 to n - 1 for each word, by Python's `hash` (another one in each process, and not unique)."""
    return hashing_trick(text, n, hash, filters, lower, split)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    **kwargs: Any,
) -> list[int]:
    """A number from 1 to n - 1 for each word. `hash_function`: default `hash`, 'md5' (the same everywhere), or a
    callable from words to integers.

    >>> hashing_trick("the dog the", 100, "md5")
    [51, 33, 51]
    """
    function: Callable[[str], int] = (
        hash if hash_function is None else _md5 if hash_function == "md5" else hash_function
    )
    return [function(word) % (n - 1) + 1 for word in text_to_word_sequence(text, filters, lower, split)]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Numbers words by how often they occur: 1 is the most frequent; 0 is left for padding.

    `num_words`: only numbers below it are given out (all are kept in `word_index`); `filters`, `lower`, `split` as in
    `text_to_word_sequence`; `char_level` takes characters for words; `oov_token` stands, as number 1, for words that
    are not known; `analyzer` a callable from a text to its words. Texts may also be lists of words. After
    `fit_on_texts`: `word_counts`, `word_docs` (texts that hold the word), `word_index`, `index_word`, `document_count`.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["the dog", "the cat"])
    >>> tokenizer.texts_to_sequences(["the cat sat"])
    [[1, 3]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        document_count: int = 0,
        analyzer: Callable[[str], list[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        num_words = kwargs.pop("nb_words", num_words)
        document_count = kwargs.pop("document_count", document_count)
        if kwargs:
            raise TypeError(f"Tokenizer: unknown argument {sorted(kwargs)[0]!r}")
        self.num_words = num_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.document_count = document_count
        self.analyzer = analyzer
        self.word_counts: OrderedDict[str, int] = OrderedDict()
        self.word_docs: defaultdict[str, int] = defaultdict(int)
        self.index_docs: defaultdict[int, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> list[str]:
        if self.char_level or isinstance(text, list):
            if not self.lower:
                return list(text)
            return [word.lower() for word in text] if isinstance(text, list) else list(text.lower())
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Counts the words of texts (strings, or lists of words) and numbers all words anew; may be called again."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        by_count = sorted(self.word_counts, key=self.word_counts.__getitem__, reverse=True)
        known = [*([] if self.oov_token is None else [self.oov_token]), *by_count]
        self.word_index = {word: number for number, word in enumerate(known, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Iterable[Iterable[int]]) -> None:
        """Counts in how many sequences each number occurs; needed before `sequences_to_matrix` without texts."""
        for sequence in sequences:
            self.document_count += 1
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words of each text; unknown words are left out, or get the number of `oov_token`."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """`texts_to_sequences`, text by text."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for text in texts:
            numbers = (self._shown(self.word_index.get(word), unknown) for word in self._words(text))
            yield [number for number in numbers if number is not None]

    def _shown(self, number: int | None, unknown: int | None) -> int | None:
        if number is None or (self.num_words and number >= self.num_words):
            return unknown
        return number

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """The words of each sequence, joined by blanks."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """`sequences_to_texts`, sequence by sequence."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for sequence in sequences:
            shown = (self._shown(n if n in self.index_word else None, unknown) for n in sequence)
            yield " ".join(self.index_word[n] for n in shown if n is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """`sequences_to_matrix` of the texts' sequences."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> np.ndarray:
        """A row per sequence, a column per number, float64: whether it occurs ('binary'), how often ('count'), its
        share ('freq'), or log counts times inverse frequency of texts ('tfidf').

        ValueError for another mode, or before anything is known of the words.
        """
        if mode not in _MODES:
            raise ValueError(f"sequences_to_matrix: expected one of {', '.join(_MODES)} as mode, got {mode!r}")
        if not self.num_words and not self.word_index:
            raise ValueError("sequences_to_matrix: give num_words, or call fit_on_texts first")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("sequences_to_matrix: mode tfidf needs fit_on_texts or fit_on_sequences first")
        columns = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            for number, count in Counter(n for n in sequence if n < columns).items():
                row[number] = self._entry(mode, number, count, len(sequence))
        return matrix

    def _entry(self, mode: str, number: int, count: int, length: int) -> float:
        if mode == "tfidf":
            rarity = np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0)))
            return float((1 + np.log(count)) * rarity)
        return {"count": float(count), "freq": count / length, "binary": 1.0}[mode]

    def get_config(self) -> dict[str, Any]:
        """Arguments and counts; the dicts as JSON texts."""
        arguments = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        return {name: getattr(self, name) for name in arguments} | {
            name: json.dumps(getattr(self, name)) for name in _COUNTS
        }

    def to_json(self, **kwargs: Any) -> str:
        """The tokenizer as a JSON text, for `tokenizer_from_json`; `kwargs` go to `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """A tokenizer from `Tokenizer.to_json()`."""
    config = dict(json.loads(json_string)["config"])
    found = {name: json.loads(config.pop(name)) for name in _COUNTS}
    tokenizer = Tokenizer(**config)
    tokenizer.word_counts = OrderedDict(found["word_counts"])
    tokenizer.word_docs = defaultdict(int, found["word_docs"])
    tokenizer.index_docs = defaultdict(int, {int(number): count for number, count in found["index_docs"].items()})
    tokenizer.word_index = found["word_index"]
    tokenizer.index_word = {int(number): word for number, word in found["index_word"].items()}
    return tokenizer
