"""The last net under the readers: what a broken or hostile file makes our own code trip over ends as `ValueError`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import TracebackType

_LIBRARIES = frozenset({"nnstack", "numpy", "h5py", "yaml"})


@contextlib.contextmanager
def told_as_broken(what: str) -> Iterator[None]:
    """`KeyError`, `AttributeError`, ... of the block as `ValueError` that names the reader; the first stays its cause.

    `ValueError`, `TypeError`, `OSError` and `ImportError` pass, and so do errors raised in the user's own classes.
    """
    try:
        yield
    except (ValueError, TypeError, OSError, ImportError, NameError, Warning):
        raise
    except Exception as error:
        if _in_users_code(error.__traceback__):
            raise
        raise ValueError(f"{what}: the file is broken: {type(error).__name__}: {error}") from error


def _in_users_code(trace: TracebackType | None) -> bool:
    """Whether a frame below the reader belongs to neither nnstack, Python nor the libraries that read files."""
    known = _LIBRARIES | sys.stdlib_module_names
    entered = False
    while trace is not None:
        root = str(trace.tb_frame.f_globals.get("__name__")).split(".")[0]
        if entered and root not in known:
            return True
        entered = entered or root == "nnstack"
        trace = trace.tb_next
    return False
