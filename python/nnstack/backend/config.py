"""Settings that hold for the whole process: default float type, fuzz factor, image layout, unique names."""

import sys
from collections import Counter

_FLOAT_TYPES = ("float16", "bfloat16", "float32", "float64")
_IMAGE_FORMATS = ("channels_last", "channels_first")

_settings = {"floatx": "float32", "image_data_format": "channels_last"}
_epsilon = 1e-7
_uids: Counter[str] = Counter()


def floatx() -> str:
    """Default float type of new variables, constants and placeholders: 'float32' unless changed."""
    return _settings["floatx"]


def set_floatx(value: str | None = None, floatx: str | None = None) -> None:
    """Sets the default float type: 'float16', 'bfloat16', 'float32' or 'float64'; ValueError for anything else.

    `floatx` is Keras 2.3's name of the argument.
    """
    value = value if floatx is None else floatx
    if value not in _FLOAT_TYPES:
        raise ValueError(f"set_floatx: expected one of {', '.join(_FLOAT_TYPES)}, got {value!r}")
    _settings["floatx"] = str(value)


def epsilon() -> float:
    """The small number added where a division or logarithm could meet zero: 1e-7 unless changed."""
    return _epsilon


def set_epsilon(value: float | None = None, e: float | None = None) -> None:
    """Sets the fuzz factor that `epsilon()` returns. `e` is Keras 2.3's name of the argument."""
    global _epsilon
    given = value if e is None else e
    if given is None:
        raise TypeError("set_epsilon: expected a number")
    _epsilon = float(given)


def image_data_format() -> str:
    """Default layout of images: 'channels_last' unless changed."""
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Sets the default layout: 'channels_last' or 'channels_first'; ValueError for anything else."""
    _settings["image_data_format"] = normalize_data_format(data_format)


def image_dim_ordering() -> str:
    """The default layout as Keras 1 called it: 'tf' for channels last, 'th' for channels first."""
    return {"channels_last": "tf", "channels_first": "th"}[image_data_format()]


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Sets the default layout by Keras 1's names, 'tf' or 'th'; ValueError for anything else."""
    formats = {"tf": "channels_last", "th": "channels_first"}
    if dim_ordering not in formats:
        raise ValueError(f"set_image_dim_ordering: expected 'tf' or 'th', got {dim_ordering!r}")
    set_image_data_format(formats[dim_ordering])


def normalize_data_format(value: str | None) -> str:
    """Lower-case layout name; None means the default; ValueError if it names no layout."""
    name = image_data_format() if value is None else str(value).lower()
    if name not in _IMAGE_FORMATS:
        raise ValueError(f"data_format: expected 'channels_last' or 'channels_first', got {value!r}")
    return name


def backend() -> str:
    """Name of the backend: 'nnstack', or 'tensorflow' for programs that find nnstack under that name."""
    importing = sys.modules.get("nnstack.compat.importing")
    return "tensorflow" if importing is not None and importing.is_installed() else "nnstack"


def get_uid(prefix: str = "") -> int:
    """1, 2, 3, ... on successive calls with the same prefix; layers take their default names from it."""
    _uids[prefix] += 1
    return _uids[prefix]


def reset_uids() -> None:
    """Starts every count of `get_uid` again."""
    _uids.clear()
