"""StringLookup and IntegerLookup: values -> their numbers in a vocabulary, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.layers.arguments import choice, is_whole, label
from nnstack.layers.preprocessing.base import ArrayLayer, as_array, at_the_front, dense_only, encode, encoded_shape
from nnstack.layers.preprocessing.fingerprints import fingerprint64
from nnstack.utils import allowance

_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class IndexLookup(ArrayLayer):
    """The vocabulary: mask token ("int" only), then `num_oov_indices` places for unknown values, then the tokens."""

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
        if output_mode == "int":
            kwargs.setdefault("dtype", "int64")
        self._size_in_file = kwargs.pop("vocabulary_size", None)  # configs of tf_keras, whose tokens follow later
        super().__init__(**kwargs)
        what = label(self)
        mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        self.output_mode = choice(mode, _MODES, what, "output_mode")
        if max_tokens is not None and max_tokens <= 1:
            raise ValueError(f"{what}: expected max_tokens above 1 or None, got {max_tokens}")
        if not is_whole(num_oov_indices) or num_oov_indices < 0:
            raise ValueError(f"{what}: expected num_oov_indices of at least 0, got {num_oov_indices!r}")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{what}: pad_to_max_tokens=True needs max_tokens")
        if invert and self.output_mode != "int":
            raise ValueError(f"{what}: invert=True takes output_mode 'int', got {output_mode!r}")
        if idf_weights is not None and self.output_mode != "tf_idf":
            raise ValueError(f"{what}: idf_weights are for output_mode 'tf_idf', got {output_mode!r}")
        self.sparse = dense_only(sparse, what)
        self.invert = bool(invert)
        self.max_tokens = max_tokens
        self.num_oov_indices = int(num_oov_indices)
        allowance.take(self.num_oov_indices, f"{what}: num_oov_indices")
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self._tokens: list[Any] = []
        self._numbers: dict[Any, int] = {}
        self._idf: np.ndarray | None = None
        self.input_vocabulary = vocabulary
        self.input_idf_weights = idf_weights
        self._has_vocabulary = False
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # -- layout -------------------------------------------------------------------------------------------------------
    @property
    def _oov_start(self) -> int:
        return 1 if self.mask_token is not None and self.output_mode == "int" else 0

    @property
    def _token_start(self) -> int:
        return self._oov_start + self.num_oov_indices

    @property
    def _special(self) -> list[Any]:
        return [self.mask_token] * self._oov_start + [self.oov_token] * self.num_oov_indices

    def vocabulary_size(self) -> int:
        """Number of tokens, special ones included."""
        return self._token_start + len(self._tokens)

    vocab_size = vocabulary_size

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers; `include_special_tokens=False` leaves mask and unknown out."""
        if not include_special_tokens:
            return list(self._tokens)
        mask = [] if not self._oov_start else [self._missing if self.mask_token is None else self.mask_token]
        return [*mask, *[self.oov_token] * self.num_oov_indices, *self._tokens]

    _missing: Any = ""

    def _entry(self, token: Any) -> Any:
        """A token as the vocabulary holds it."""
        return str(token)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Takes a list of tokens, or the path of a file with one per line, with or without the special tokens in front.

        `idf_weights`: one per token, for "tf_idf". `ValueError` for tokens given twice, special tokens among them, too
        many for `max_tokens`, or missing weights.
        """
        what = label(self)
        if isinstance(vocabulary, str | Path):
            if self.output_mode == "tf_idf":
                raise ValueError(f"{what}: output_mode 'tf_idf' takes the vocabulary as a list, with idf_weights")
            allowance.refuse_path(vocabulary, f"{what}: vocabulary")
            vocabulary = Path(vocabulary).read_text(encoding="utf-8").splitlines()
        given = [self._entry(token) for token in as_array(vocabulary).tolist()]
        if not given:
            raise ValueError(f"{what}: expected tokens, got an empty vocabulary")
        special = self._special
        has_special = bool(special) and given[: len(special)] == special
        tokens = given[len(special) :] if has_special else given
        twice = [token for token, count in Counter(tokens).items() if count > 1]
        if twice:
            raise ValueError(f"{what}: expected each token once, got these twice: {twice[:5]}")
        wrong = [token for token in dict.fromkeys(special) if token in tokens]
        if wrong:
            raise ValueError(
                f"{what}: the vocabulary holds {wrong[0]!r}, which is mask_token or oov_token, but does not begin with "
                f"{special}. Leave special tokens out, or put them all in front"
            )
        if self.max_tokens is not None and self._token_start + len(tokens) > self.max_tokens:
            raise ValueError(
                f"{what}: expected at most max_tokens={self.max_tokens} tokens, got {self._token_start + len(tokens)}"
            )
        if self.output_mode == "tf_idf":
            if idf_weights is None or len(idf_weights) != len(given):
                raise ValueError(f"{what}: output_mode 'tf_idf' needs idf_weights, one per token of the vocabulary")
            weights = np.asarray(idf_weights, "float32")
            front = weights[: self._token_start] if has_special else np.full(self._token_start, weights.mean())
            self._set_idf(front, weights[len(special) :] if has_special else weights)
        elif idf_weights is not None:
            raise ValueError(f"{what}: idf_weights are for output_mode 'tf_idf', not {self.output_mode!r}")
        self._set_tokens(tokens)

    def _set_tokens(self, tokens: Sequence[Any]) -> None:
        self._tokens = list(tokens)
        self._numbers = {token: number for number, token in enumerate(tokens, self._token_start)}
        if self.mask_token is not None:
            self._numbers[self.mask_token] = 0 if self._oov_start else -1  # -1: counts nowhere
        self._has_vocabulary = True

    def load_learned(self, lines: list[str], arrays: Mapping[str, Any]) -> None:
        """Takes what tf_keras keeps in files: a token per line, special ones included, and "idf_weights" of all
        places.
        """
        if lines:
            self._set_tokens([self._entry(line) for line in lines][len(self._special) :])
        if "idf_weights" in arrays:
            self._idf = np.asarray(arrays["idf_weights"], "float32")

    def _set_idf(self, front: Any, weights: Any) -> None:
        known = np.concatenate([front, weights]).astype("float32")
        back = (self.max_tokens or 0) - len(known) if self.pad_to_max_tokens else 0
        self._idf = np.pad(known, (0, max(back, 0)))

    # -- adapt --------------------------------------------------------------------------------------------------------
    def reset_state(self) -> None:
        if self.input_vocabulary is None:
            self._counts: Counter[Any] = Counter()
            self._documents: Counter[Any] = Counter()
            self._number_of_documents = 0

    def update_state(self, data: Any) -> None:
        if self.input_vocabulary is not None:
            raise ValueError(f"{label(self)}: a vocabulary was given; adapt would replace it. Leave it out")
        array = as_array(data)
        rows = array.reshape(-1, 1) if array.ndim < 2 else array.reshape(array.shape[0], -1)
        self._count([[self._entry(token) for token in row] for row in rows.tolist()])

    def _count(self, rows: list[list[Any]]) -> None:
        for row in rows:
            self._counts.update(row)
            self._documents.update(set(row))
        self._number_of_documents += len(rows)

    def finalize_state(self) -> None:
        if self.input_vocabulary is not None:
            return
        for special in (self.mask_token, self.oov_token):
            self._counts.pop(special, None)
        ordered = sorted(self._counts, key=lambda token: (self._counts[token], token), reverse=True)
        tokens = ordered if self.max_tokens is None else ordered[: self.max_tokens - self._token_start]
        if self.output_mode == "tf_idf":
            counts = np.array([self._documents[token] for token in tokens], "float32")
            weights = np.log(1.0 + self._number_of_documents / (1.0 + counts))
            self._set_idf(np.full(self._token_start, weights.mean() if len(weights) else 0.0), weights)
        self._set_tokens(tokens)

    # -- lookup -------------------------------------------------------------------------------------------------------
    def _require_vocabulary(self) -> None:
        if not self._has_vocabulary:
            raise ValueError(
                f"{label(self)}: the vocabulary is empty. Call adapt(data) or set_vocabulary(tokens) first"
            )

    def lookup(self, inputs: Any) -> np.ndarray:
        self._require_vocabulary()
        if self.invert:
            return self._tokens_of(inputs)
        different, places = np.unique(inputs, return_inverse=True)
        numbers = np.array([self._number(self._entry(one)) for one in different.tolist()], np.int64)
        return self._encoded(numbers[places].reshape(inputs.shape))

    def _number(self, token: Any) -> int:
        known = self._numbers.get(token)
        if known is not None:
            return known
        if self.num_oov_indices == 0:
            raise ValueError(
                f"{label(self)}: {token!r} is not in the vocabulary. Set num_oov_indices to 1 to give unknown values a "
                "place of their own"
            )
        return self._oov_start + (0 if self.num_oov_indices == 1 else self._bin(token) % self.num_oov_indices)

    def _bin(self, token: Any) -> int:
        return fingerprint64(str(token).encode())

    def _tokens_of(self, numbers: np.ndarray) -> np.ndarray:
        if numbers.dtype.kind not in "biu":
            raise TypeError(f"{label(self)}: invert=True takes whole numbers, got dtype {numbers.dtype}")
        words = self.get_vocabulary()
        return np.array([words[n] if 0 <= n < len(words) else self.oov_token for n in numbers.ravel()]).reshape(
            numbers.shape
        )

    @property
    def _depth(self) -> int:
        if self.pad_to_max_tokens:
            return int(self.max_tokens or 0)
        return self.vocabulary_size() if self._has_vocabulary else int(self._size_in_file or self.vocabulary_size())

    def _encoded(self, numbers: np.ndarray) -> np.ndarray:
        idf = self._idf if self.output_mode == "tf_idf" else None
        result = encode(numbers, self.output_mode, self._depth, label(self), self.compute_dtype, idf=idf)
        return np.asarray(result.numpy())

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(input_shape, self.output_mode, self._depth)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            **self._vocabulary_config(),
        }

    def _vocabulary_config(self) -> dict[str, Any]:
        """What was learned goes into the config too, so that a model from a file is complete."""
        tokens = list(self._tokens) if self._has_vocabulary else None
        weights = (
            None if self._idf is None or tokens is None else self._idf[self._token_start :][: len(tokens)].tolist()
        )
        return {"vocabulary": tokens, "idf_weights": weights}


class StringLookup(IndexLookup):
    """Texts -> whole numbers by a vocabulary, given or learned with `adapt(data)` (most frequent first).

    `max_tokens` size of the vocabulary at most, special tokens included; `num_oov_indices` places for unknown texts
    (above 1: by hash; 0: an unknown text is an error); `mask_token` its own number 0, for padding; `oov_token` what an
    unknown number is called; `vocabulary` a list or the path of a file with a token per line; `invert=True`: numbers ->
    texts (an array); `output_mode` "int", or "one_hot", "multi_hot", "count", "tf_idf" (with `idf_weights`) vectors, as
    long as `max_tokens` with `pad_to_max_tokens`. Called on arrays and lists.

    >>> StringLookup(vocabulary=["a", "b"])(["b", "z"]).numpy()
    array([2, 0])

    Source: https://keras.io/2.16/api/layers/preprocessing_layers/categorical/string_lookup/
    """

    reads_text = True

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        encoding: str = "utf-8",
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("vocabulary_dtype", None)
        self_encoding = encoding
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
            pad_to_max_tokens, **kwargs,
        )  # fmt: skip
        self.encoding = self_encoding

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "encoding": self.encoding}


class IntegerLookup(IndexLookup):
    """Whole numbers of any size -> their numbers in a vocabulary; see StringLookup. `oov_token` default -1.

    >>> IntegerLookup(vocabulary=[12, 36, 1138, 42])(np.array([[12, 1138, 42], [42, 1000, 36]])).numpy()
    array([[1, 3, 4],
           [4, 0, 2]])
    """

    _missing = 0

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
        max_tokens = kwargs.pop("max_values", max_tokens)
        mask_token = kwargs.pop("mask_value", mask_token)
        oov_token = kwargs.pop("oov_value", oov_token)
        self.vocabulary_dtype = str(vocabulary_dtype)
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
            pad_to_max_tokens, **kwargs,
        )  # fmt: skip

    def _entry(self, token: Any) -> Any:
        return int(token)

    def _symbolic(self, inputs: Any, **kwargs: Any) -> Any:
        return super()._symbolic(inputs, **kwargs) if at_the_front(inputs) else Layer.__call__(self, inputs, **kwargs)

    def call(self, inputs: Any) -> Any:
        """The lookup on numbers that the model computes: their places in the vocabulary in rising order. An unknown one
        is no error there: without a place of its own it counts as the first token.
        """
        self._require_vocabulary()
        values = backend.cast(inputs, "int64")
        if self.invert:
            words = np.array(self.get_vocabulary(), np.int64)
            known = backend.greater_equal(values, 0) & backend.less(values, len(words))
            return backend.select(known, backend.gather(words, backend.clip(values, 0, len(words) - 1)), self.oov_token)
        tokens = np.array(sorted(self._numbers), np.int64)
        numbers = np.array([self._numbers[int(token)] for token in tokens], np.int64)
        reached = backend.sum(backend.cast(backend.greater_equal(backend.expand_dims(values, -1), tokens), "int64"), -1)
        place = backend.maximum(reached - 1, 0)
        known = backend.equal(backend.gather(tokens, place), values)
        others = self._oov_start + values % max(self.num_oov_indices, 1)
        result = backend.select(known, backend.gather(numbers, place), others)
        idf = self._idf if self.output_mode == "tf_idf" else None
        return encode(result, self.output_mode, self._depth, label(self), self.compute_dtype, idf=idf)

    def _bin(self, token: Any) -> int:
        return int(token)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary_dtype": self.vocabulary_dtype}
