"""Variables, and who sees which value of them: traces (a step being recorded) and the eager scope.

While a step is traced every variable has a current value: a read gives it, an assignment rebinds it, the last binding
is what the program writes at its end. Outside a trace an assignment writes at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import numpy as np

from nnstack import _core
from nnstack.backend.config import floatx, get_uid
from nnstack.backend.tensor import Tensor, TensorLike, TensorOperators, convert, convert_like, readable


class Variable(TensorOperators):
    """Storage with a name, usable wherever a tensor is.

    value: array-like, its shape is the variable's for good. dtype: default `floatx()`. trainable: whether optimizers
    move it. constraint: called on the new value after each optimizer step. regularizer: callable giving a penalty.

    >>> v = Variable([1.0, 2.0], name="v")
    >>> v.assign_add([1.0, 1.0]).numpy()
    array([2., 3.], dtype=float32)
    """

    def __init__(
        self,
        value: "TensorLike | _core.Variable",
        dtype: str | None = None,
        name: str | None = None,
        trainable: bool = True,
        constraint: Any = None,
        regularizer: Any = None,
        random_state: bool = False,
    ) -> None:
        self.handle: _core.Variable
        if isinstance(value, _core.Variable):  # made by the caller, with its name
            self.handle = value
        else:
            self.handle = self._made(value, dtype, name, random_state)
        self.trainable = trainable
        self.constraint = constraint
        self.regularizer = regularizer
        self.autocast = False  # whether layers that compute in another float type read it in that type

    @staticmethod
    def _made(value: TensorLike, dtype: str | None, name: str | None, random_state: bool) -> "_core.Variable":
        name = name or ("Variable" if (count := get_uid("Variable")) == 1 else f"Variable_{count - 1}")
        full_name = name if ":" in name else name + ":0"
        if isinstance(value, np.ndarray) and value.dtype.name == (dtype or floatx()):
            data = value  # the core takes a copy of its own
        else:
            array = np.array(_numbers(value) if isinstance(value, (_core.Value, Variable)) else value)
            data = convert(array, dtype or floatx()).numpy()
        if dtype == "bfloat16":  # numpy has no such type: its numbers come in float32
            made = _core.Variable.zeros(full_name, data.shape, dtype)
            made.assign(data)
            return made
        return _core.Variable(full_name, data, random_state=random_state)

    @property
    def name(self) -> str:
        """Full name, such as 'dense/kernel:0'."""
        return self.handle.name

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, all known."""
        return self.handle.shape

    @property
    def dtype(self) -> str:
        """Type of the elements."""
        return self.handle.dtype

    def numpy(self) -> np.ndarray:
        """A copy of what is stored now."""
        return self.handle.numpy()

    def read_value(self) -> Tensor:
        """The current binding inside a trace, the stored numbers in an eager scope, otherwise the symbolic leaf; in the
        type of the layer that is being called, if its policy asks for another one.
        """
        value = self._stored_value()
        wanted = _local.autocast if self.autocast else None
        return value if wanted in (None, value.dtype) else convert(value, wanted)

    def _stored_value(self) -> Tensor:
        recording = False
        for scope in reversed(_scopes()):
            if isinstance(scope, EagerScope):
                return cast(Tensor, self.handle.value if recording else self.handle.read())
            bound = scope.bindings.get(id(self))
            if bound is not None:
                return bound[1]
            recording = True
        return cast(Tensor, self.handle.value)

    def value(self) -> Tensor:
        """Same as `read_value`."""
        return self.read_value()

    def assign(self, value: TensorLike) -> "Variable":
        """Replaces the value: in the trace if one is open, else at once. ValueError if the shape differs."""
        new = self._fitting(value)
        trace = _recording()
        if trace is not None:
            trace.bindings[id(self)] = (self, new)
        elif new.concrete:
            self.handle.assign(new.numpy())
        else:  # depends on variables only (a placeholder in it is an error of the Program's)
            _core.Program([], [], [(self.handle, new)], learning_phase=False).run([])
        return self

    def assign_add(self, delta: TensorLike) -> "Variable":
        """Adds `delta`, which may broadcast."""
        return self.assign(self + delta)

    def assign_sub(self, delta: TensorLike) -> "Variable":
        """Subtracts `delta`, which may broadcast."""
        return self.assign(self - delta)

    def _fitting(self, value: TensorLike) -> Tensor:
        new = convert_like(value, self._stored_value())
        fits = len(new.shape) == len(self.shape) and all(
            n in (None, own) for n, own in zip(new.shape, self.shape, strict=True)
        )
        if not fits:
            raise ValueError(f'assign (variable "{self.name}"): expected shape {self.shape}, got {new.shape}')
        return convert(new, self.dtype)

    def __repr__(self) -> str:
        return f"<Variable {self.name!r} shape={self.shape} dtype={self.dtype}>"


def _numbers(value: Any) -> np.ndarray:
    """What is stored, or what a recorded tensor of random numbers and variables gives when it is run."""
    if isinstance(value, Variable) or value.concrete:
        return cast(np.ndarray, value.numpy())
    return _core.Program([], [readable(value)], learning_phase=False).run([])[0]


class Update(NamedTuple):
    """A pending `variable <- value`, for `function(updates=...)`; `eval` carries it out."""

    variable: Variable
    value: Tensor


class EagerScope:
    """Inside, reading a Variable gives numbers, so layers called on arrays compute at once.

    A trace opened inside records all the same, and reads are symbolic in it.
    """

    def __init__(self, lasting: bool = False) -> None:
        # random states used, and how often; a scope that does not end counts them as if there were none
        self.draws: dict[int, tuple[Any, int]] | None = None if lasting else {}


class Trace:
    """A step being recorded: the current value of every variable assigned in it."""

    def __init__(self) -> None:
        self.bindings: dict[int, tuple[Variable, Tensor]] = {}
        self.draws: dict[int, tuple[Any, int]] | None = {}  # None: counted as outside any scope
        self.cuts: list[Any] = []  # results with gradients of one's own; see own_gradients.py

    @property
    def updates(self) -> list[tuple[Variable, Tensor]]:
        """Last binding of every variable, in the order of first assignment."""
        return list(self.bindings.values())


_default = {"eager": False}


class _Local(threading.local):
    def __init__(self) -> None:
        self.scopes: list[Trace | EagerScope] = [EagerScope(lasting=True)] if _default["eager"] else []
        self.autocast: str | None = None  # type in which weights are read now
        self.loops: list[Tensor] = []


_local = _Local()


def _scopes() -> list[Trace | EagerScope]:
    return _local.scopes


def _recording() -> Trace | None:
    scopes = _local.scopes
    return scopes[-1] if scopes and isinstance(scopes[-1], Trace) else None


def open_scopes() -> list[Trace | EagerScope]:
    """Every open trace and eager scope of this thread, the innermost last."""
    return list(_local.scopes)


def steps_of_loops() -> list[Tensor]:
    """The step numbers of the loops that are being written down, the innermost last."""
    return list(_local.loops)


def eager_by_default(on: bool) -> None:
    """Whether variables read as numbers where no graph is being recorded, as in TensorFlow 2: in this thread and in
    those that begin later. RuntimeError inside an open trace or eager scope.

    >>> from nnstack.backend.variable import eager_by_default
    >>> v = Variable([1.0, 2.0])
    >>> eager_by_default(True)
    >>> (v * 2.0).numpy()
    array([2., 4.], dtype=float32)
    >>> eager_by_default(False)
    """
    usual = [EagerScope] if _default["eager"] else []
    if [type(scope) for scope in _local.scopes] != usual:
        raise RuntimeError("eager_by_default: it cannot change while a trace or an eager scope is open")
    _default["eager"] = on
    _local.scopes = [EagerScope(lasting=True)] if on else []


@contextmanager
def in_loop(number: Tensor) -> Iterator[None]:
    """Inside, a loop's step is written down, whose number is `number`: random numbers depend on it."""
    _local.loops.append(number)
    try:
        yield
    finally:
        _local.loops.pop()


def current_scope() -> Trace | EagerScope | None:
    """The innermost open trace or eager scope of this thread."""
    return _local.scopes[-1] if _local.scopes else None


@contextmanager
def trace() -> Iterator[Trace]:
    """Records assignments instead of carrying them out; traces nest, and an inner one reads the outer one's bindings.

    >>> v = variable([1.0])
    >>> with trace() as step:
    ...     doubled = v.assign(v * 2.0)
    >>> [variable is v for variable, new_value in step.updates], v.numpy()
    ([True], array([1.], dtype=float32))
    """
    scope = Trace()
    _local.scopes.append(scope)
    try:
        yield scope
    finally:
        _local.scopes.remove(scope)


@contextmanager
def eager_scope() -> Iterator[EagerScope]:
    """Reads of variables are concrete inside. An eager scope directly inside another one is the same scope,
    unless that one lasts for ever: random states are to advance.
    """
    outer = current_scope()
    if isinstance(outer, EagerScope) and outer.draws is not None:
        yield outer
        return
    scope = EagerScope()
    _local.scopes.append(scope)
    try:
        yield scope
    finally:
        _local.scopes.remove(scope)
        for state, _ in (scope.draws or {}).values():
            state.advance()


@contextmanager
def autocast(dtype: str | None) -> Iterator[None]:
    """Weights with `autocast` are read in `dtype` inside (None: in their own)."""
    before, _local.autocast = _local.autocast, dtype
    try:
        yield
    finally:
        _local.autocast = before


@contextmanager
def outside_scopes() -> Iterator[None]:
    """Suspends every open trace and eager scope of this thread: reads are symbolic, assignments write at once."""
    saved = _local.scopes, _local.loops
    _local.scopes, _local.loops = [], []
    try:
        yield
    finally:
        _local.scopes, _local.loops = saved


def update(x: Variable, new_x: TensorLike) -> Variable | Update:
    """x <- new_x. In a trace: recorded. With concrete numbers: at once. Otherwise an `Update` to hand to `function`."""
    new = x._fitting(new_x)
    if current_scope() is None and not new.concrete:
        return Update(x, new)
    return x.assign(new)


def update_add(x: Variable, increment: TensorLike) -> Variable | Update:
    """x <- x + increment; see `update`. Outside a trace or eager scope nothing happens until the `Update` is run."""
    return update(x, x + increment)


def update_sub(x: Variable, decrement: TensorLike) -> Variable | Update:
    """x <- x - decrement; see `update_add`."""
    return update(x, x - decrement)


def moving_average_update(x: Variable, value: TensorLike, momentum: TensorLike) -> Variable | Update:
    """x <- momentum * x + (1 - momentum) * value; see `update_add`."""
    current = convert(x)
    return update(x, current - (current - value) * (1.0 - momentum))
