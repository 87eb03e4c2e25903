"""What is left of TensorFlow 1's sessions: a way to compute tensors, with values for placeholders."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nnstack.backend.functions import function
from nnstack.backend.variable import Update
from nnstack.utils import nest


class Session:
    """`run` computes tensors. There is no state in it: variables hold their own values.

    >>> x = placeholder((2,))
    >>> get_session().run(x * 2.0, feed_dict={x: [1.0, 2.0]})
    array([2., 4.], dtype=float32)
    """

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """The numbers of `fetches`, a tensor or a structure of tensors, in the same structure.

        feed_dict: arrays for the placeholders that they depend on. ValueError if one is missing. An `Update` among the
        fetches is carried out, after all that is computed, and gives None, as what is None does.
        """
        feeds = dict(feed_dict or {})
        leaves: list[Any] = []
        updates: list[Update] = []
        structure = _numbered(fetches, leaves, updates)
        results = function(list(feeds), leaves, updates)(list(feeds.values())) if leaves or updates else []
        return nest.map_structure(lambda place: None if place is None else results[place], structure)


def _numbered(fetches: Any, leaves: list[Any], updates: list[Update]) -> Any:
    """The structure of `fetches` with the place of each tensor among `leaves`; updates are collected apart."""
    if isinstance(fetches, Update):
        updates.append(fetches)
        return None
    if isinstance(fetches, Mapping):
        return {key: _numbered(one, leaves, updates) for key, one in fetches.items()}
    if isinstance(fetches, list | tuple):
        return [_numbered(one, leaves, updates) for one in fetches]
    if fetches is None:
        return None
    leaves.append(fetches)
    return len(leaves) - 1


_current = {"session": Session()}


def get_session() -> Session:
    """The session in use: one is always there."""
    return _current["session"]


def set_session(session: Session) -> None:
    """Takes another session into use; TypeError unless it has a method `run`."""
    if not callable(getattr(session, "run", None)):
        raise TypeError(f"set_session: expected a session with a method run, got {type(session).__name__}")
    _current["session"] = session


@contextmanager
def control_dependencies(control_inputs: Iterable[Any]) -> Iterator[None]:
    """Does nothing: what a result needs is computed before it, and updates are handed to `function`.

    >>> with control_dependencies([]):
    ...     y = constant([1.0]) + 1.0
    """
    yield
