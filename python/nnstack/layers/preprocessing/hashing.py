"""Hashing and HashedCrossing: values of any kind into a fixed number of bins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack.layers.arguments import choice, is_whole, label, positive_int
from nnstack.layers.preprocessing.base import ArrayLayer, as_array, dense_only, encode, encoded_shape
from nnstack.layers.preprocessing.fingerprints import fingerprint64, joined, siphash

_MODES = ("int", "one_hot", "multi_hot", "count")
_CROSS_KEY = 0xDECAFCAFFE  # what TensorFlow's crossing starts from


class _Binning(ArrayLayer):
    """Bins below `num_bins`, as numbers or as vectors."""

    def __init__(self, num_bins: int, output_mode: str = "int", sparse: bool = False, **kwargs: Any) -> None:
        if output_mode == "int" and "int" not in str(kwargs.get("dtype")):  # bins are whole numbers, as in Keras
            kwargs["dtype"] = "int64"
        super().__init__(**kwargs)
        what = label(self)
        self.num_bins = positive_int(num_bins, what, "num_bins")
        self.output_mode = choice(output_mode, _MODES, what, "output_mode")
        self.sparse = dense_only(sparse, what)

    def _encoded(self, bins: np.ndarray) -> np.ndarray:
        return np.asarray(encode(bins, self.output_mode, self.num_bins, label(self), self.compute_dtype).numpy())


class Hashing(_Binning):
    """Texts or whole numbers -> one of `num_bins` bins, always the same one for the same value.

    `mask_value`: this value gets bin 0, and nothing else does. `salt`: an int or two ints; the bins then come from
    SipHash under that key, else from FarmHash, in both cases the bins of tf.keras. `output_mode` "int", "one_hot",
    "multi_hot" or "count" as in CategoryEncoding. Called on arrays and lists.

    >>> Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]).numpy().ravel()
    array([1, 0, 1, 1, 2])
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_bins, output_mode, sparse, **kwargs)
        pair = [salt, salt] if is_whole(salt) else salt
        if pair is not None and not (isinstance(pair, list | tuple) and len(pair) == 2 and all(map(is_whole, pair))):
            raise ValueError(f"{label(self)}: expected an integer or two integers as salt, got {salt!r}")
        self.mask_value = mask_value
        self.salt = pair
        self.strong_hash = pair is not None

    def lookup(self, inputs: Any) -> np.ndarray:
        if inputs.dtype.kind not in "biuU":
            raise TypeError(f"{label(self)}: expected texts or whole numbers, got dtype {inputs.dtype}")
        masked = self.mask_value is not None and self.num_bins > 1
        count = self.num_bins - 1 if masked else self.num_bins
        function: Callable[[bytes], int] = fingerprint64
        if self.salt is not None:
            key = (int(self.salt[0]), int(self.salt[1]))
            function = lambda data: siphash(data, key)  # noqa: E731
        bins = _each(inputs, lambda value: function(str(value).encode()) % count)
        if masked:
            bins = np.where(inputs == self.mask_value, 0, bins + 1)
        return self._encoded(bins)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(input_shape, self.output_mode, self.num_bins)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "salt": self.salt,
            "mask_value": self.mask_value,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }


class HashedCrossing(_Binning):
    """Several features together -> one of `num_bins` bins: called on a list of arrays (batch,) or (batch, 1).

    >>> HashedCrossing(num_bins=5)((["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102])).numpy()
    array([1, 4, 1, 1, 3])
    """

    def _as_arrays(self, inputs: Any) -> Any:
        if not isinstance(inputs, list | tuple) or len(inputs) < 2:
            raise ValueError(f"{label(self)}: expected a list of at least two inputs, got {inputs!r}")
        arrays = [as_array(one) for one in inputs]
        shapes = {array.shape for array in arrays}
        shape = arrays[0].shape
        if len(shapes) > 1 or len(shape) > 2 or (len(shape) == 2 and shape[-1] != 1):
            raise ValueError(
                f"{label(self)}: expected inputs of one shape, (), (batch,) or (batch, 1), got "
                f"{', '.join(str(array.shape) for array in arrays)}"
            )
        if any(array.dtype.kind not in "biuU" for array in arrays):
            raise TypeError(f"{label(self)}: expected texts or whole numbers, got {[str(a.dtype) for a in arrays]}")
        return arrays

    def lookup(self, inputs: Any) -> np.ndarray:
        crossed = [_CROSS_KEY] * inputs[0].size
        for array in inputs:
            for place, value in enumerate(array.ravel()):
                own = fingerprint64(str(value).encode()) if array.dtype.kind == "U" else int(value) & (1 << 64) - 1
                crossed[place] = joined(crossed[place], own)
        bins = np.array([one % self.num_bins for one in crossed], np.int64).reshape(inputs[0].shape)
        return self._encoded(bins)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(input_shape[0], self.output_mode, self.num_bins)

    def get_config(self) -> dict[str, Any]:
        own = {"num_bins": self.num_bins, "output_mode": self.output_mode, "sparse": self.sparse}
        return {**super().get_config(), **own}


def _each(values: np.ndarray, function: Callable[[Any], int]) -> np.ndarray:
    """`function` of every entry, computed once per different one."""
    different, places = np.unique(values, return_inverse=True)
    return np.array([function(one) for one in different], np.int64)[places].reshape(values.shape)
