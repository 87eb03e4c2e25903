"""Sequences and texts: what Keras's functions give, written out."""

import doctest
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstack.preprocessing import sequence, text, timeseries, timeseries_dataset_from_array
from nnstack.preprocessing.sequence import (
    TimeseriesGenerator,
    make_sampling_table,
    pad_sequences,
    skipgrams,
    timeseries_generator_from_json,
)
from nnstack.preprocessing.text import (
    Tokenizer,
    hashing_trick,
    one_hot,
    text_to_word_sequence,
    tokenizer_from_json,
)

RAGGED = [[4, 6, 5, 3], [5, 5], [], [7]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[4, 6, 5, 3], [0, 0, 5, 5], [0, 0, 0, 0], [0, 0, 0, 7]]),
        ({"padding": "post"}, [[4, 6, 5, 3], [5, 5, 0, 0], [0, 0, 0, 0], [7, 0, 0, 0]]),
        ({"maxlen": 2}, [[5, 3], [5, 5], [0, 0], [0, 7]]),
        ({"maxlen": 2, "truncating": "post", "value": 9}, [[4, 6], [5, 5], [9, 9], [9, 7]]),
        ({"maxlen": 1, "dtype": "float32", "value": 0.5}, [[3], [5], [0.5], [7]]),
    ],
)
def test_pad_sequences(options: dict, expected: list) -> None:
    padded = pad_sequences(RAGGED, **options)
    assert padded.dtype == options.get("dtype", "int32")
    np.testing.assert_array_equal(padded, expected)


def test_pad_sequences_of_vectors_and_texts() -> None:
    vectors = pad_sequences([[[1, 2]], [[3, 4], [5, 6]]], dtype="float32")
    np.testing.assert_array_equal(vectors, [[[0, 0], [1, 2]], [[3, 4], [5, 6]]])
    words = pad_sequences([["a"], ["b", "c"]], dtype=object, value="-")
    np.testing.assert_array_equal(words, [["-", "a"], ["b", "c"]])
    assert pad_sequences([], maxlen=3).shape == (0, 3) and pad_sequences([[], []]).shape == (2, 0)
    for wrong, message in (
        ({"sequences": [1, 2]}, "entry 0 is 1"),
        ({"sequences": [[1]], "padding": "left"}, "'pre' or 'post' as padding"),
        ({"sequences": [[1]], "truncating": "left"}, "'pre' or 'post' as truncating"),
        ({"sequences": [[1]], "value": "x"}, "Use dtype=object"),
        ({"sequences": [[[1, 2]], [[1]]]}, r"shape \(2,\) in one sequence, \(1,\) in another"),
    ):
        with pytest.raises(ValueError, match=message):
            pad_sequences(**wrong)


@given(st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=5), st.integers(1, 7), st.booleans(), st.booleans())
def test_pad_sequences_keeps_what_fits(rows: list, maxlen: int, post: bool, cut_end: bool) -> None:
    padded = pad_sequences(
        rows, maxlen, padding="post" if post else "pre", truncating="post" if cut_end else "pre", value=0
    )
    for row, got in zip(rows, padded, strict=True):
        kept = row[:maxlen] if cut_end else row[-maxlen:]
        assert [n for n in got if n] == kept
        assert list(got[: len(kept)] if post else got[maxlen - len(kept) :]) == kept


def test_sampling_table_and_skipgrams() -> None:
    table = make_sampling_table(5)
    np.testing.assert_allclose(table[:3], [0.00315225, 0.00315225, 0.00547597], rtol=1e-5)
    pairs, labels = skipgrams([1, 2, 0, 3], 5, window_size=1, negative_samples=0, shuffle=False)
    assert pairs == [[1, 2], [2, 1]] and labels == [1, 1]
    random.seed(1)
    pairs, labels = skipgrams(list(range(1, 8)), 50, window_size=2, categorical=True, seed=3)
    assert len(pairs) == len(labels) == 2 * labels.count([0, 1]) == 44
    assert all(abs(a - b) <= 2 for (a, b), label in zip(pairs, labels, strict=True) if label == [0, 1])
    none, _ = skipgrams([1, 2, 3], 4, sampling_table=np.zeros(4), negative_samples=0)
    assert none == []


def test_timeseries_generator() -> None:
    data = np.arange(20).reshape(10, 2)
    batches = TimeseriesGenerator(data, np.arange(10), length=4, sampling_rate=2, stride=3, batch_size=2)
    assert len(batches) == 1
    x, y = batches[0]
    np.testing.assert_array_equal(x, [data[[0, 2]], data[[3, 5]]])
    np.testing.assert_array_equal(y, [4, 7])
    reverse = TimeseriesGenerator(data, np.arange(10), 2, reverse=True, start_index=3, end_index=6)
    x, y = reverse[0]
    np.testing.assert_array_equal(x, [data[[4, 3]], data[[5, 4]]])
    np.testing.assert_array_equal(y, [5, 6])
    again = timeseries_generator_from_json(reverse.to_json())
    np.testing.assert_array_equal(again[0][0], x)
    shuffled = TimeseriesGenerator(data, np.arange(10), 2, shuffle=True, batch_size=5)[0]
    np.testing.assert_array_equal(shuffled[0][:, -1, 0] // 2 + 1, shuffled[1])
    with pytest.raises(ValueError, match="as many targets as data, got 10 and 3"):
        TimeseriesGenerator(data, np.arange(3), 2)
    with pytest.raises(ValueError, match="no window of 12 steps"):
        TimeseriesGenerator(data, data, 12)


def test_timeseries_dataset() -> None:
    data = np.arange(10)
    windows = timeseries_dataset_from_array(data, data[3:] * 10, 3, sequence_stride=2, sampling_rate=1, batch_size=2)
    assert len(windows) == 2
    np.testing.assert_array_equal(windows[0][0], [[0, 1, 2], [2, 3, 4]])
    np.testing.assert_array_equal(windows[0][1], [30, 50])
    np.testing.assert_array_equal(windows[1][0], [[4, 5, 6], [6, 7, 8]])
    alone = timeseries_dataset_from_array(data, None, 2, sampling_rate=3, batch_size=None, start_index=2, end_index=8)
    np.testing.assert_array_equal([alone[i] for i in range(len(alone))], [[2, 5], [3, 6], [4, 7]])
    mixed = timeseries_dataset_from_array(data, data, 2, shuffle=True, seed=1)[0]
    np.testing.assert_array_equal(mixed[0][:, 0], mixed[1])
    assert sorted(mixed[1]) == list(range(9)) != list(mixed[1])
    with pytest.raises(ValueError, match="expected sequence_length of at least 1, got 0"):
        timeseries_dataset_from_array(data, None, 0)
    with pytest.raises(ValueError, match="end_index above start_index"):
        timeseries_dataset_from_array(data, None, 2, start_index=5, end_index=4)


TEXTS = ["The quick brown fox!", "the lazy dog; the fox?", ""]


def test_words_and_hashes() -> None:
    assert text_to_word_sequence("A-b,  C d.") == ["a", "b", "c", "d"]
    assert text_to_word_sequence("A-b,C", filters="-", lower=False, split=",") == ["A", "b", "C"]
    assert hashing_trick("dog cat dog", 10, hash_function=len) == [4, 4, 4]
    first = hashing_trick("dog cat dog", 1000, "md5")
    assert first == hashing_trick("Dog, cat! dog", 1000, "md5") and first[0] == first[2] != first[1]
    assert all(1 <= n < 7 for n in one_hot("one two three four five six", 7))


def test_tokenizer_counts_and_numbers() -> None:
    tokenizer = Tokenizer(num_words=4, oov_token="?")
    tokenizer.fit_on_texts(TEXTS)
    assert tokenizer.word_index == {"?": 1, "the": 2, "fox": 3, "quick": 4, "brown": 5, "lazy": 6, "dog": 7}
    assert tokenizer.word_counts == {"the": 3, "quick": 1, "brown": 1, "fox": 2, "lazy": 1, "dog": 1}
    assert tokenizer.word_docs["the"] == 2 and tokenizer.document_count == 3 and tokenizer.index_docs[3] == 2
    assert tokenizer.texts_to_sequences(["the zebra fox", ["The", "DOG"]]) == [[2, 1, 3], [2, 1]]
    assert tokenizer.sequences_to_texts([[2, 3, 7, 99]]) == ["the fox ? ?"]
    plain = Tokenizer()
    plain.fit_on_texts(TEXTS)
    assert plain.texts_to_sequences(["fox zebra the"]) == [[2, 1]]
    assert plain.sequences_to_texts([[1, 2, 99]]) == ["the fox"]
    letters = Tokenizer(char_level=True)
    letters.fit_on_texts(["Aab"])
    assert letters.word_index == {"a": 1, "b": 2}
    own = Tokenizer(analyzer=lambda text: text.split("_"))
    own.fit_on_texts(["x_y_x"])
    assert own.word_index == {"x": 1, "y": 2}


def test_tokenizer_matrices_and_json() -> None:
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(["a b a", "b c"])
    np.testing.assert_array_equal(tokenizer.texts_to_matrix(["a a b"]), [[0, 1, 1, 0]])
    np.testing.assert_array_equal(tokenizer.texts_to_matrix(["a a b", ""], "count"), [[0, 2, 1, 0], [0] * 4])
    np.testing.assert_allclose(tokenizer.texts_to_matrix(["a a b"], "freq"), [[0, 2 / 3, 1 / 3, 0]])
    tfidf = tokenizer.texts_to_matrix(["a a b"], "tfidf")
    np.testing.assert_allclose(tfidf, [[0, (1 + np.log(2)) * np.log(1 + 2 / 2), np.log(1 + 2 / 3), 0]])
    again = tokenizer_from_json(tokenizer.to_json())
    assert again.get_config() == tokenizer.get_config() and again.index_docs == tokenizer.index_docs
    np.testing.assert_allclose(again.texts_to_matrix(["a a b"], "tfidf"), tfidf)
    numbers = Tokenizer(num_words=3)
    numbers.fit_on_sequences([[1, 1, 2], [2, 5]])
    np.testing.assert_allclose(numbers.sequences_to_matrix([[1, 5]], "tfidf"), [[0, np.log(1 + 2 / 2), 0]])
    with pytest.raises(ValueError, match="expected one of binary, count, freq, tfidf"):
        tokenizer.texts_to_matrix(["a"], "sum")
    with pytest.raises(ValueError, match="give num_words, or call fit_on_texts"):
        Tokenizer().sequences_to_matrix([[1]])
    with pytest.raises(ValueError, match="mode tfidf needs"):
        Tokenizer(num_words=3).sequences_to_matrix([[1]], "tfidf")


@pytest.mark.parametrize("module", [sequence, text, timeseries])
def test_examples(module: object) -> None:
    results = doctest.testmod(module, extraglobs={"np": np}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.attempted and not results.failed
