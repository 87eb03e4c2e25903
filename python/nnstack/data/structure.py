"""x, y and sample_weight as users give them, turned into flat lists of arrays that match the model's inputs and
outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.utils import nest


def to_array(value: Any, what: str) -> np.ndarray:
    """Any array-like as a numpy array, without a copy where it need not be one; `TypeError` for text and objects."""
    if isinstance(value, np.ndarray):
        array = value
    elif hasattr(value, "numpy") and hasattr(value, "concrete"):
        array = value.numpy()
    elif hasattr(value, "to_numpy"):
        array = value.to_numpy()
    elif hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        array = np.from_dlpack(value)
    else:
        try:
            array = np.asarray(value)
        except ValueError:
            raise ValueError(
                f"{what}: expected rows of one length, got rows of different lengths. Pad them, or pass arrays"
            ) from None
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):  # half and extended precision
        array = array.astype("float64" if backend.floatx() == "float64" else "float32")
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise TypeError(
            f"{what}: expected numbers, got dtype {array.dtype}. Turn text or objects into numeric arrays first, "
            "for example with "
            "astype('float32')"
        )
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    return array


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of one item of a generator or of `validation_data`; what is missing is None."""
    if isinstance(data, list):
        data = tuple(data) if len(data) in (2, 3) else (data,)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) not in (1, 2, 3):
        raise ValueError(f"data: expected (x,), (x, y) or (x, y, sample_weight), got a tuple of {len(data)}")
    return (*data, None, None)[:3]


def flat_list(value: Any, names: Sequence[str], what: str, optional: Sequence[str] = ()) -> list[Any]:
    """A list in the order of `names`: a dict by name, a list or tuple by position, one thing as a list of one.

    None stands for those of `optional` that a dict leaves out.

    Raises `ValueError` for unknown or missing names and for a wrong count.
    """
    if value is None:
        return []
    if isinstance(value, Mapping):
        if not names:
            return [value[key] for key in sorted(value)]
        missing = [name for name in names if name not in value and name not in optional]
        unknown = [name for name in value if name not in names]
        if missing:
            extra = f"; unknown names given: {', '.join(map(str, unknown))}" if unknown else ""
            raise ValueError(f"{what}: expected arrays named {', '.join(names)}; missing {', '.join(missing)}{extra}")
        return [value.get(name) for name in names]
    if isinstance(value, tuple) or (isinstance(value, list) and not _is_numbers(value)):
        flat = nest.flatten(value)
        if names and len(flat) != len(names) and len(names) == 1 and all(np.ndim(item) == 0 for item in flat):
            return [value]
        return flat
    return [value]


def _is_numbers(value: list[Any]) -> bool:
    """A plain nested list of numbers is one array, a list of arrays is several."""
    return bool(value) and all(
        isinstance(item, int | float | bool | np.number) or (isinstance(item, list) and _is_numbers(item))
        for item in value
    )
