"""Settings that hold for the whole process: default float type, fuzz factor, image layout, unique names."""

from collections import Counter

_FLOAT_TYPES = ("float16", "bfloat16", "float32", "float64")
_IMAGE_FORMATS = ("channels_last", "channels_first")

_settings = {"floatx": "float32", "image_data_format": "channels_last"}
_epsilon = 1e-7
_uids: Counter[str] = Counter()


def floatx() -> str:
    """Default float type of new variables, constants and placeholders: 'float32' unless changed."""
    return _settings["floatx"]


def set_floatx(value: str) -> None:
    """Sets the default float type: 'float16', 'bfloat16', 'float32' or 'float64'; ValueError for anything else."""
    if value not in _FLOAT_TYPES:
        raise ValueError(f"set_floatx: expected one of {', '.join(_FLOAT_TYPES)}, got {value!r}")
    _settings["floatx"] = str(value)


def epsilon() -> float:
    """The small number added where a division or logarithm could meet zero: 1e-7 unless changed."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Sets the fuzz factor that `epsilon()` returns."""
    global _epsilon
    _epsilon = float(value)


def image_data_format() -> str:
    """Default layout of images: 'channels_last' unless changed."""
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Sets the default layout: 'channels_last' or 'channels_first'; ValueError for anything else."""
    _settings["image_data_format"] = normalize_data_format(data_format)


def normalize_data_format(value: str | None) -> str:
    """Lower-case layout name; None means the default; ValueError if it names no layout."""
    name = image_data_format() if value is None else str(value).lower()
    if name not in _IMAGE_FORMATS:
        raise ValueError(f"data_format: expected 'channels_last' or 'channels_first', got {value!r}")
    return name


def backend() -> str:
    """Name of the backend, 'nnstack'."""
    return "nnstack"


def get_uid(prefix: str = "") -> int:
    """1, 2, 3, ... on successive calls with the same prefix; layers take their default names from it."""
    _uids[prefix] += 1
    return _uids[prefix]


def reset_uids() -> None:
    """Starts every count of `get_uid` again."""
    _uids.clear()
