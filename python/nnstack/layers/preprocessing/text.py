"""TextVectorization: texts -> sequences of numbers, or vectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnstack.layers.arguments import choice, is_whole, label
from nnstack.layers.preprocessing.base import ArrayLayer, as_array, dense_only
from nnstack.layers.preprocessing.lookup import StringLookup

_PUNCTUATION = re.compile(r"[!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']")
_WORD = re.compile(r"[^ \t\n\v\f\r]+")


def _lower(text: str) -> str:
    """A to Z only, as TensorFlow does it: other letters stay as they are."""
    return text if text.islower() else "".join(c.lower() if c < "\x80" else c for c in text)


_STANDARDIZE: dict[str, Callable[[str], str]] = {
    "lower_and_strip_punctuation": lambda text: _PUNCTUATION.sub("", _lower(text)),
    "lower": _lower,
    "strip_punctuation": lambda text: _PUNCTUATION.sub("", text),
}
_SPLIT: dict[str, Callable[[str], list[str]]] = {"whitespace": _WORD.findall, "character": list}


class TextVectorization(ArrayLayer):
    """Texts, standardized and split into tokens -> numbers by a vocabulary, given or learned with `adapt(texts)`.

    `max_tokens` size of the vocabulary at most; `standardize` "lower_and_strip_punctuation", "lower",
    "strip_punctuation", None, or a function of one text; `split` "whitespace", "character", None, or a function text ->
    tokens; `ngrams` an int (all lengths up to it) or a tuple of lengths; `output_mode` "int": (batch, length), padded
    with 0 (unknown tokens are 1) to the longest text or cut and padded to `output_sequence_length`; or "multi_hot",
    "count", "tf_idf" (with `idf_weights`): vectors, as long as `max_tokens` with `pad_to_max_tokens`. `vocabulary` a
    list without the special tokens, or a file. Input: texts of shape (batch,) or (batch, 1), as arrays or lists.

    >>> layer = TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["the cat", "the dog"])
    >>> layer(["The dog ran!"]).numpy()
    array([[2, 3, 1, 0]])

    Source: https://keras.io/2.16/api/layers/preprocessing_layers/text/text_vectorization/
    """

    reads_text = True

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:
        dtype, size = kwargs.pop("dtype", None), kwargs.pop("vocabulary_size", None)
        super().__init__(dtype="int64" if output_mode == "int" else None, **kwargs)
        what = label(self)
        if str(getattr(dtype, "name", dtype)) not in ("None", "string", "str", "<class 'str'>"):
            raise ValueError(f"{what}: its input is texts, so its dtype is 'string', got {dtype!r}. Leave it out")
        if ragged:
            raise ValueError(f"{what}: ragged=True is not supported: all tensors are dense. Leave it out")
        self.standardize = _known(standardize, _STANDARDIZE, what, "standardize")
        self.split = _known(split, _SPLIT, what, "split")
        if ngrams is not None and not all(is_whole(n) and n > 0 for n in _lengths(ngrams)):
            raise ValueError(f"{what}: expected None, a positive integer or a tuple of them as ngrams, got {ngrams!r}")
        mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        self.output_mode = choice(mode, ("int", "multi_hot", "count", "tf_idf"), what, "output_mode")
        if output_sequence_length is not None and (self.output_mode != "int" or output_sequence_length < 1):
            raise ValueError(
                f"{what}: expected output_sequence_length above 0 and output_mode 'int', got "
                f"{output_sequence_length!r} and {output_mode!r}"
            )
        self.ngrams = ngrams
        self.output_sequence_length = output_sequence_length
        self.sparse = dense_only(sparse, what)
        self.encoding = encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            pad_to_max_tokens=pad_to_max_tokens,
            mask_token="",
            output_mode=self.output_mode,
            vocabulary_size=size,
            name=f"{self.name}_lookup",
        )

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens in the order of their numbers."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Number of tokens, special ones included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Takes a list of tokens, most frequent first, or a file; see StringLookup."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def load_learned(self, lines: list[str], arrays: Mapping[str, Any]) -> None:
        """See StringLookup."""
        self._lookup_layer.load_learned(lines, arrays)

    def update_state(self, data: Any) -> None:
        if self._lookup_layer.input_vocabulary is not None:
            raise ValueError(f"{label(self)}: a vocabulary was given; adapt would replace it. Leave it out")
        self._lookup_layer._count(self._tokens(as_array(data)))

    def reset_state(self) -> None:
        self._lookup_layer.reset_state()

    def finalize_state(self) -> None:
        self._lookup_layer.finalize_state()

    def _tokens(self, texts: np.ndarray) -> list[list[str]]:
        """The tokens of every text."""
        if texts.dtype.kind != "U":
            raise TypeError(f"{label(self)}: expected texts, got dtype {texts.dtype}")
        if texts.ndim > 1 and self.split is not None:
            if texts.shape[-1] != 1:
                raise ValueError(f"{label(self)}: expected texts of shape (batch,) or (batch, 1), got {texts.shape}")
            texts = texts[..., 0]
        clean = self.standardize if callable(self.standardize) else _STANDARDIZE.get(self.standardize or "", str)
        if self.split is None:
            rows = [[clean(text) for text in np.atleast_1d(row)] for row in texts]
        else:
            cut = self.split if callable(self.split) else _SPLIT[self.split]
            rows = [cut(str(clean(str(text)))) for text in np.atleast_1d(texts)]
            if callable(self.split):  # a list of texts, or an array of them as functions of tf.strings give it
                rows = [as_array(row).ravel().tolist() for row in rows]
        return rows if self.ngrams is None else [_ngrams(row, _lengths(self.ngrams)) for row in rows]

    def lookup(self, inputs: Any) -> np.ndarray:
        self._lookup_layer._require_vocabulary()
        rows = self._tokens(inputs)
        if self.output_mode != "int":
            length = max([1, *map(len, rows)])
            # Padding is not a token here: it counts nowhere.
            numbers = [
                [self._lookup_layer._number(token) for token in row] + [-1] * (length - len(row)) for row in rows
            ]
            return self._lookup_layer._encoded(np.array(numbers, np.int64).reshape(len(rows), length))
        length = self.output_sequence_length or max([0, *map(len, rows)])
        result = np.zeros((len(rows), length), np.int64)
        for place, row in enumerate(rows):
            for at, token in enumerate(row[:length]):
                result[place, at] = self._lookup_layer._number(token)
        return result[0] if inputs.ndim == 0 else result

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.output_mode == "int":
            return (input_shape[0], self.output_sequence_length)
        return (input_shape[0], self._lookup_layer._depth)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dtype": "string",
            "max_tokens": self._lookup_layer.max_tokens,
            "standardize": self.standardize,
            "split": self.split,
            "ngrams": self.ngrams,
            "output_mode": self.output_mode,
            "output_sequence_length": self.output_sequence_length,
            "pad_to_max_tokens": self._lookup_layer.pad_to_max_tokens,
            "sparse": self.sparse,
            "ragged": False,
            "encoding": self.encoding,
            **self._lookup_layer._vocabulary_config(),
        }


def _known(value: Any, table: dict[str, Any], what: str, argument: str) -> Any:
    """A name of `table`, None, a function, or a registered name for one."""
    if isinstance(value, str) and value not in table:
        from nnstack.utils.generic_utils import get_registered_object

        value = get_registered_object(value) or value
    return value if value is None or callable(value) else choice(value, list(table), what, argument)


def _lengths(ngrams: Any) -> tuple[int, ...]:
    return (
        tuple(ngrams) if isinstance(ngrams, list | tuple) else tuple(range(1, ngrams + 1)) if is_whole(ngrams) else (0,)
    )


def _ngrams(tokens: list[str], lengths: tuple[int, ...]) -> list[str]:
    """Runs of tokens of every length, joined by spaces: all of one length, then all of the next."""
    return [" ".join(tokens[i : i + n]) for n in lengths for i in range(len(tokens) - n + 1)]
