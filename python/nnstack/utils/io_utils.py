"""Where messages for the user go: to the terminal, or to logging."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Any


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


def path_to_string(path: Any) -> Any:
    """A path object as text, anything else as it is."""
    return os.fspath(path) if isinstance(path, os.PathLike) else path
