"""Where messages for the user go: to the terminal, or to logging."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Any

from nnstack.utils.h5_dict import H5Dict as H5Dict
from nnstack.utils.h5_dict import h5dict as h5dict
from nnstack.utils.hdf5_matrix import HDF5Matrix as HDF5Matrix


class _Mode(threading.local):
    def __init__(self) -> None:
        self.interactive = True


_mode = _Mode()


def enable_interactive_logging() -> None:
    """Progress and messages are printed (the default)."""
    _mode.interactive = True


def disable_interactive_logging() -> None:
    """Progress and messages go to Python's `logging`, level INFO, as suits a server."""
    _mode.interactive = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress and messages are printed."""
    return _mode.interactive


def print_msg(message: str, line_break: bool = True) -> None:
    """Prints the message, or logs it while interactive logging is off."""
    if _mode.interactive:
        sys.stdout.write(message + ("\n" if line_break else ""))
        sys.stdout.flush()
    else:
        logging.getLogger("nnstack").info("%s", message.strip("\r\n "))


def ask_to_proceed_with_overwrite(filepath: Any) -> bool:
    """Asks on the terminal whether a file may be written over; anything but 'y' and 'n' asks again."""
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"[WARNING] {os.fspath(filepath)} already exists - overwrite? [y/n] ").strip().lower()
    return answer == "y"


def save_to_binary_h5py(save_function: Any, stream: Any) -> None:
    """Lets `save_function` write an `h5py.File` in memory, whose bytes then go to `stream`."""
    import io

    import h5py

    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        save_function(file)
    stream.write(memory.getvalue())


def load_from_binary_h5py(load_function: Any, stream: Any) -> Any:
    """What `load_function` makes of the HDF5 file whose bytes `stream` gives."""
    import io

    import h5py

    with h5py.File(io.BytesIO(stream.read()), "r") as file:
        return load_function(file)


def path_to_string(path: Any) -> Any:
    """A path object as text, anything else as it is."""
    return os.fspath(path) if isinstance(path, os.PathLike) else path
