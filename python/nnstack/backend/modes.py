"""Training or inference, recorded or at once: what holds for the graphs that are being built."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

from nnstack import _core
from nnstack.backend import config
from nnstack.backend.tensor import Tensor
from nnstack.backend.variable import eager_scope, outside_scopes

_learning_phase: dict[str, Any] = {"fixed": None, "symbol": None}
_settings = {"manual_variable_initialization": False}

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def learning_phase() -> Any:
    """The bool that says whether this is training: a symbol, or the number given to `set_learning_phase`."""
    fixed = fixed_learning_phase()
    return learning_phase_symbol() if fixed is None else fixed


def fixed_learning_phase() -> int | None:
    """What `set_learning_phase` was given; None while each function decides for itself."""
    return cast("int | None", _learning_phase["fixed"])


def learning_phase_symbol() -> Tensor:
    """The symbol itself, whatever `set_learning_phase` said; functions may have it among their inputs."""
    if _learning_phase["symbol"] is None:
        _learning_phase["symbol"] = _core.learning_phase()
    return cast(Tensor, _learning_phase["symbol"])


def is_learning_phase(x: Any) -> bool:
    """Whether `x` is the symbol."""
    return x is not None and x is _learning_phase["symbol"]


def set_learning_phase(value: int | bool) -> None:
    """Fixes the phase for graphs built from now on: 1 training, 0 inference; ValueError for anything else."""
    if value not in (0, 1):
        raise ValueError(f"set_learning_phase: expected 0 or 1, got {value!r}")
    _learning_phase["fixed"] = int(value)


@contextmanager
def learning_phase_scope(value: int | bool) -> Iterator[None]:
    """`set_learning_phase(value)` inside the block, the former setting afterwards."""
    before = _learning_phase["fixed"]
    set_learning_phase(value)
    try:
        yield
    finally:
        _learning_phase["fixed"] = before


def clear_session() -> None:
    """Forgets name counters and a fixed learning phase. Models and variables in use stay valid."""
    config.reset_uids()
    _learning_phase["fixed"] = None


def eager(func: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Decorator: inside `func` variables read as numbers, so that calls on arrays compute at once.

    >>> v = variable([1.0, 2.0])
    >>> eager(lambda: v * 2.0)()
    <Tensor shape=(2,) dtype=float32 numpy=[2., 4.]>
    """

    @functools.wraps(func)
    def wrapped(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with eager_scope():
            return func(*args, **kwargs)

    return wrapped


def symbolic(func: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Decorator: inside `func` variables read as symbols and assignments write at once, whatever surrounds the call."""

    @functools.wraps(func)
    def wrapped(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with outside_scopes():
            return func(*args, **kwargs)

    return wrapped


def manual_variable_initialization(value: bool) -> None:
    """Kept for programs that call it: a variable here has its numbers as soon as it is made, so nothing changes."""
    _settings["manual_variable_initialization"] = bool(value)
