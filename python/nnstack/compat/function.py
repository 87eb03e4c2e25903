"""`tf.function`: a Python function traced once for every kind of arguments, compiled, and run as one native call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import _core, backend
from nnstack.backend.numbers import NumbersNeeded
from nnstack.backend.variable import EagerScope, Trace, current_scope, outside_scopes
from nnstack.compat.specs import TensorSpec
from nnstack.training import tape
from nnstack.utils import nest

_settings = {"eagerly": False}


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether every `tf.function` is simply called from now on."""
    _settings["eagerly"] = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """What was given to `run_functions_eagerly`."""
    return _settings["eagerly"]


class _Compiled:
    """The program of one kind of arguments."""

    def __init__(self, call: Callable[..., Any], args: Any, specs: list[TensorSpec | None]) -> None:
        leaves = nest.flatten(args)
        self.fed = [place for place, spec in enumerate(specs) if spec is not None]
        placeholders = [backend.placeholder(tuple(s.shape), dtype=s.dtype.name) for s in specs if s is not None]
        for place, placeholder in zip(self.fed, placeholders, strict=True):
            leaves[place] = placeholder
        positional, named = nest.pack_as(args, iter(leaves))
        with outside_scopes(), backend.trace() as trace:
            self.structure = call(*positional, **named)
        outputs = [leaf for leaf in nest.flatten(self.structure) if _is_value(leaf)]
        self.program = _core.Program(
            placeholders,
            [
                backend.convert(leaf) if not isinstance(leaf, backend.Variable) else leaf.handle.value
                for leaf in outputs
            ],
            [(variable.handle, value) for variable, value in trace.updates],
            learning_phase=False,
            name=getattr(call, "__name__", "function"),
        )

    def run(self, leaves: list[Any]) -> Any:
        """One call; what the function returned that is no tensor is returned again."""
        results = iter(self.program.run([_array(leaves[place]) for place in self.fed]))
        flat = nest.flatten(self.structure)
        return nest.pack_as(
            self.structure, iter([backend.convert(next(results)) if _is_value(leaf) else leaf for leaf in flat])
        )


def _is_value(leaf: Any) -> bool:
    return backend.is_tensor(leaf)


def _array(leaf: Any) -> np.ndarray:
    return leaf.numpy() if backend.is_tensor(leaf) else np.asarray(leaf)


class Function:
    """What `tf.function` makes of a function.

    For each structure, shape and type of tensors and arrays, and each value of other arguments, the function is called
    once on symbols and compiled; assignments to variables become part of the program. Where Python itself needs numbers
    (a branch or loop on a tensor), and inside an open GradientTape, layer call or other traced function, it is simply
    called: the results are the same.
    """

    def __init__(self, function: Callable[..., Any], input_signature: Any = None, owner: Any = None) -> None:
        functools.update_wrapper(self, function)
        self.python_function = function
        self.input_signature = input_signature
        self._owner = owner
        self._bound: dict[int, tuple[Any, Function]] = {}
        self._compiled: dict[Any, _Compiled | None] = {}

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        if id(instance) not in self._bound:
            self._bound[id(instance)] = (
                instance,
                Function(self.python_function.__get__(instance, owner), self.input_signature),
            )
        return self._bound[id(instance)][1]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _settings["eagerly"] or not _outermost():
            return self.python_function(*args, **kwargs)
        leaves = nest.flatten((args, kwargs))
        if any(_is_value(leaf) and not isinstance(leaf, backend.Variable) and not leaf.concrete for leaf in leaves):
            return self.python_function(*args, **kwargs)
        specs = self._specs(leaves)
        try:
            key = (
                nest.pack_as(_frozen((args, kwargs)), iter(())) if not leaves else _frozen((args, kwargs)),
                tuple(
                    (tuple(spec.shape), spec.dtype.name) if spec is not None else (type(leaf), leaf)
                    for spec, leaf in zip(specs, leaves, strict=True)
                ),
            )
            hash(key)
        except TypeError:
            return self.python_function(*args, **kwargs)
        if key not in self._compiled:
            self._compiled[key] = self._compile((args, kwargs), specs)
        compiled = self._compiled[key]
        return self.python_function(*args, **kwargs) if compiled is None else compiled.run(leaves)

    def _specs(self, leaves: list[Any]) -> list[TensorSpec | None]:
        specs = [TensorSpec.from_tensor(backend.convert(leaf)) if _is_data(leaf) else None for leaf in leaves]
        if self.input_signature is not None:
            wanted = [spec for spec in nest.flatten(self.input_signature) if isinstance(spec, TensorSpec)]
            for place, spec in zip([i for i, one in enumerate(specs) if one is not None], wanted, strict=False):
                have = specs[place]
                assert have is not None
                spec.shape.assert_is_compatible_with(have.shape)
                specs[place] = spec
        return specs

    def _compile(self, args: Any, specs: list[TensorSpec | None]) -> _Compiled | None:
        """None where the function can only be called."""
        try:
            return _Compiled(self.python_function, args, specs)
        except NumbersNeeded:
            return None

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> Function:
        """The function itself: it compiles when it is called."""
        return self


def _is_data(leaf: Any) -> bool:
    if isinstance(leaf, backend.Variable):
        return False
    return backend.is_tensor(leaf) or (isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind in "biuf")


def _frozen(structure: Any) -> Any:
    """A hashable picture of a structure, without its leaves."""
    if isinstance(structure, dict):
        return tuple((key, _frozen(structure[key])) for key in sorted(structure))
    if isinstance(structure, list | tuple):
        return (type(structure).__name__, *(_frozen(one) for one in structure))
    return None


def _outermost() -> bool:
    """Whether no step, loop or function is being recorded and no tape is open."""
    scope = current_scope()
    lasting = isinstance(scope, EagerScope) and scope.draws is None
    return (scope is None or lasting) and not isinstance(scope, Trace) and not tape.is_recording()


def function(
    func: Any = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    **_: Any,
) -> Any:
    """Compiles a function: `@tf.function`, `@tf.function(...)` or `tf.function(f)`. See `Function`.

    input_signature: TensorSpecs, whose unknown sizes spare compiling anew. The other arguments change nothing.

    >>> double = function(lambda x: x * 2)
    >>> double(backend.constant([1.0, 2.0])).numpy()
    array([2., 4.], dtype=float32)
    """
    if func is None:
        return lambda one: Function(one, input_signature)
    return Function(func, input_signature)
