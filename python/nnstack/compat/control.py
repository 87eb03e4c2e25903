"""`tf.cond`, `tf.while_loop`, `tf.print`, `tf.debugging`, `tf.Module` and other names of `tf` that steer a program."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.variable import EagerScope, current_scope
from nnstack.compat.functions.concrete import numbers_of
from nnstack.compat.specs import TensorShape
from nnstack.utils import nest


def _concrete(x: Any) -> bool:
    return not backend.is_tensor(x) or bool(backend.convert(x).concrete)


def cond(
    pred: Any, true_fn: Any = None, false_fn: Any = None, strict: bool = False, name: Any = None, fn1: Any = None,
    fn2: Any = None,
) -> Any:  # fmt: skip
    """One of two results, whose structures must agree. On a symbolic `pred` both are recorded and the run takes one;
    variables that a branch assigns keep their values where the other branch is taken.
    """
    true_fn, false_fn = true_fn or fn1, false_fn or fn2  # TensorFlow 1 had two names for them
    if _concrete(pred):
        return true_fn() if bool(pred) else false_fn()
    (yes, yes_updates), (no, no_updates) = _branch(true_fn), _branch(false_fn)
    for key, (variable, _) in {**yes_updates, **no_updates}.items():
        now = variable.read_value()
        values = [updates[key][1] if key in updates else now for updates in (yes_updates, no_updates)]
        variable.assign(backend.switch(pred, *values))
    pairs = zip(nest.flatten(yes), nest.flatten(no), strict=True)
    return nest.pack_as(yes, iter([a if a is None and b is None else backend.switch(pred, a, b) for a, b in pairs]))


def _branch(function: Callable[[], Any]) -> tuple[Any, dict[int, Any]]:
    """What a branch returns, and what it would assign."""
    scope = current_scope()
    with backend.trace() as trace:
        trace.draws = scope.draws if scope is not None else None
        result = nest.map_structure(lambda leaf: None if leaf is None else backend.convert(leaf), function())
    return result, trace.bindings


def case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False, name: Any = None
) -> Any:
    """The result of the first function whose condition holds."""
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if default is None:
        *pairs, (_, default) = pairs
    if not pairs:
        return default()
    (pred, function), *rest = pairs
    return cond(pred, function, lambda: case(rest, default) if rest else default())


def switch_case(branch_index: Any, branch_fns: Any, default: Any = None, name: Any = None) -> Any:
    """The result of function number `branch_index`, of the last (or default) for other numbers."""
    functions = dict(branch_fns) if isinstance(branch_fns, dict) else dict(enumerate(branch_fns))
    last = functions[max(functions)] if default is None else default
    index = backend.convert(branch_index)
    return case([(backend.equal(index, number), function) for number, function in functions.items()], last)


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    maximum_iterations: int | None = None, name: Any = None,
) -> Any:  # fmt: skip
    """`loop_vars = body(*loop_vars)` as long as `cond(*loop_vars)`, on numbers; of known length: `tf.map_fn`."""
    values, rounds = loop_vars, 0
    while (maximum_iterations is None or rounds < maximum_iterations) and bool(cond(*values)):
        results = body(*values)
        values = results if isinstance(results, list | tuple) else (results,)
        rounds += 1
    return values


def group(*inputs: Any, **_: Any) -> None:
    """Nothing: what has been called has been done."""


def no_op(name: Any = None) -> None:
    """Nothing."""


def print(
    *inputs: Any, output_stream: Any = None, summarize: int = 3, sep: str = " ", end: str = "\n", **_: Any
) -> None:
    """Prints the numbers of tensors. Inside a traced function numbers are not there: use keras.backend.print_tensor."""
    stream = sys.stderr if output_stream is None or isinstance(output_stream, str) else output_stream

    def show(leaf: Any) -> Any:
        if not backend.is_tensor(leaf):
            return leaf
        numbers = _numbers(leaf, "tf.print")
        return (
            np.array2string(numbers, edgeitems=summarize, threshold=2 * summarize) if numbers.shape else numbers.item()
        )

    stream.write(sep.join(str(nest.map_structure(show, one)) for one in inputs) + end)


def _numbers(x: Any, what: str) -> np.ndarray:
    return numbers_of(
        x,
        f"{what} needs the numbers of a symbolic tensor, which exist only when the graph runs. "
        "Compile with run_eagerly=True, or use keras.backend.print_tensor",
    )


def py_function(func: Callable[..., Any], inp: Any, Tout: Any, name: Any = None) -> Any:
    """`func` called on numbers; no gradient flows through numpy."""
    for one in inp:
        if backend.is_tensor(one):
            _numbers(one, "tf.py_function")
    result = func(*inp)
    kinds = Tout if isinstance(Tout, list | tuple) else [Tout]
    if not isinstance(Tout, list | tuple):
        return backend.convert(backend.convert(result), str(kinds[0]))
    return [backend.convert(backend.convert(one), str(kind)) for one, kind in zip(result, kinds, strict=True)]


def numpy_function(func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: Any = None) -> Any:
    """`func` called on numpy arrays."""
    arrays = [_numbers(one, "tf.numpy_function") if backend.is_tensor(one) else np.asarray(one) for one in inp]
    return py_function(lambda *_: func(*arrays), [], Tout)


def executing_eagerly() -> bool:
    """Whether operations compute at once here."""
    return isinstance(current_scope(), EagerScope)


@contextlib.contextmanager
def device(device_name: Any = None) -> Iterator[None]:
    """`nnstack.device` for a name such as '/GPU:0' or '/cpu:0'. A GPU that is not there: the CPU, as TensorFlow's soft
    placement does it.
    """
    from nnstack import devices

    text = str(device_name or "").lower()
    number = text.rsplit(":", 1)[-1] if text[-1:].isdigit() else "0"
    wanted = f"cuda:{number}" if "gpu" in text or "cuda" in text else "cpu"
    if wanted not in devices.list_devices():
        wanted = "cpu"
    with devices.device(wanted):
        yield


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """Inside, nothing is recorded: numbers are computed at once."""
    from nnstack.backend.variable import outside_scopes

    with outside_scopes(), backend.eager_scope():
        yield


def get_logger() -> logging.Logger:
    """The logger named 'tensorflow'; nothing writes to it."""
    return logging.getLogger("tensorflow")


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The numbers as an array, None where there are none yet."""
    return backend.convert(tensor).numpy() if _concrete(tensor) else None


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: nothing is recomputed."""
    return f


class UnconnectedGradients:
    """What `GradientTape.gradient` gives where nothing depends on a source."""

    NONE = "none"
    ZERO = "zero"


class TensorArray:
    """Tensors by number, written in a loop and stacked at its end; `write` and `unstack` give the array itself."""

    def __init__(self, dtype: Any, size: Any = 0, dynamic_size: bool | None = None, **_: Any) -> None:
        self._dtype = str(dtype)
        self._parts: list[Any] = [None] * int(size)

    def write(self, index: Any, value: Any, name: Any = None) -> TensorArray:
        """Part number `index` is `value`."""
        place = int(index)
        self._parts += [None] * (place + 1 - len(self._parts))
        self._parts[place] = backend.convert(value, self._dtype)
        return self

    def read(self, index: Any, name: Any = None) -> Any:
        """Part number `index`; ValueError if nothing was written there."""
        found = self._parts[int(index)]
        if found is None:
            raise ValueError(f"TensorArray.read: nothing was written at {int(index)}")
        return found

    def stack(self, name: Any = None) -> Any:
        """All parts along a new first axis; ValueError if one is missing."""
        return backend.stack([self.read(place) for place in range(len(self._parts))])

    def concat(self, name: Any = None) -> Any:
        """All parts joined along their first axis."""
        return backend.concatenate([self.read(place) for place in range(len(self._parts))], axis=0)

    def unstack(self, value: Any, name: Any = None) -> TensorArray:
        """The rows of `value` are the parts."""
        self._parts = list(backend.convert(value, self._dtype))
        return self

    def size(self, name: Any = None) -> Any:
        """How many parts there are."""
        return backend.convert(len(self._parts))


class Module:
    """A thing with variables: those among its attributes, and those of modules, layers and lists among them."""

    def __init__(self, name: str | None = None) -> None:
        self._name = name or type(self).__name__.lower()

    @property
    def name(self) -> str:
        """The name given, or that of the class."""
        return self._name

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables, each once."""
        return tuple(_variables(self, set(), "variables"))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those that optimizers move."""
        return tuple(one for one in _variables(self, set(), "trainable_variables") if one.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """Modules and layers among the attributes."""
        return tuple(one for one in nest.flatten(dict(vars(self))) if isinstance(one, Module) or hasattr(one, "call"))

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method itself."""
        return method


def _variables(thing: Any, seen: set[int], which: str) -> Iterator[Any]:
    if isinstance(thing, Module):
        found: list[Any] = [value for key, value in sorted(vars(thing).items())]
    else:
        found = [thing]
    for value in nest.flatten(found):
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, backend.Variable):
            yield value
        elif isinstance(value, Module):
            yield from _variables(value, seen, which)
        elif hasattr(value, "trainable_weights") and hasattr(value, "weights"):
            for one in value.weights if which == "variables" else value.trainable_weights:
                if id(one) not in seen:
                    seen.add(id(one))
                    yield one


# ---- tf.debugging: checks on numbers; on symbols they say nothing


def _check(holds: Callable[..., Any], what: str, *values: Any, message: str | None = None) -> None:
    if all(_concrete(one) for one in values):
        arrays = [np.asarray(one) for one in values]
        if not np.all(holds(*arrays)):
            raise ValueError(f"{what}: {message or 'it does not hold'}; got {', '.join(map(str, arrays))}")


def assert_equal(x: Any, y: Any, message: str | None = None, summarize: Any = None, name: Any = None) -> None:
    """ValueError unless x == y everywhere, where the numbers are known."""
    _check(np.equal, "assert_equal", x, y, message=message)


def assert_less(x: Any, y: Any, message: str | None = None, summarize: Any = None, name: Any = None) -> None:
    """ValueError unless x < y everywhere, where the numbers are known."""
    _check(np.less, "assert_less", x, y, message=message)


def assert_greater(x: Any, y: Any, message: str | None = None, summarize: Any = None, name: Any = None) -> None:
    """ValueError unless x > y everywhere, where the numbers are known."""
    _check(np.greater, "assert_greater", x, y, message=message)


def assert_non_negative(x: Any, message: str | None = None, summarize: Any = None, name: Any = None) -> None:
    """ValueError if an element is below 0, where the numbers are known."""
    _check(lambda a: a >= 0, "assert_non_negative", x, message=message)


def Assert(condition: Any, data: Any, summarize: Any = None, name: Any = None) -> None:
    """ValueError unless `condition` holds, where it is known."""
    _check(lambda a: a, f"Assert {data}", condition)


def assert_rank(x: Any, rank: int, message: str | None = None, name: Any = None) -> None:
    """ValueError unless x has so many axes."""
    if len(backend.convert(x).shape) != int(rank):
        raise ValueError(
            f"assert_rank: {message or ''} expected {rank} axes, got shape {tuple(backend.convert(x).shape)}"
        )


def assert_shapes(shapes: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None) -> None:
    """ValueError unless each tensor has its shape; letters stand for sizes that must be equal wherever they stand."""
    letters: dict[str, int] = {}
    for tensor, wanted in shapes.items() if isinstance(shapes, dict) else shapes:
        have = tuple(backend.convert(tensor).shape)
        sizes = [letters.setdefault(one, size) if isinstance(one, str) and size is not None else one
                 for one, size in zip(wanted, have, strict=False)]  # fmt: skip
        fixed = [None if isinstance(one, str) else one for one in sizes]
        if len(have) != len(tuple(wanted)) or not TensorShape(fixed).is_compatible_with(have):
            raise ValueError(f"assert_shapes: {message or ''} expected {tuple(wanted)}, got {have}")


def check_numerics(tensor: Any, message: str, name: Any = None) -> Any:
    """`tensor`; ValueError if an element is not finite, where the numbers are known."""
    _check(np.isfinite, f"check_numerics {message}", tensor)
    return tensor


def enable_check_numerics(*_: Any, **__: Any) -> None:
    """Nothing: use the callback TerminateOnNaN."""


def set_log_device_placement(enabled: bool) -> None:
    """Nothing."""


def set_verbosity(level: Any = 0, alsologtostdout: bool = False) -> None:
    """Nothing: there are no logs."""


def to_graph(entity: Any, **_: Any) -> Any:
    """The function itself."""
    return entity


def do_not_convert(func: Any = None) -> Any:
    """The function itself."""
    return (lambda one: one) if func is None else func


def set_loop_options(*_: Any, **__: Any) -> None:
    """Nothing."""


# What TensorFlow raises, as what nnstack raises in the same places.
InvalidArgumentError, NotFoundError = ValueError, FileNotFoundError
OutOfRangeError, ResourceExhaustedError = StopIteration, MemoryError


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Text, decoded where it is bytes."""
    return bytes_or_text.decode(encoding) if isinstance(bytes_or_text, bytes) else str(bytes_or_text)


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Bytes, encoded where it is text."""
    return bytes_or_text.encode(encoding) if isinstance(bytes_or_text, str) else bytes(bytes_or_text)


as_str = as_text


def tf_export(*paths: str, **_: Any) -> Callable[[Any], Any]:
    """A decorator that changes nothing: names for `tf.`, as TensorFlow's own files give them."""
    return lambda decorated: decorated


keras_export = tf_export


def map_fn(
    fn: Callable[[Any], Any], elems: Any, dtype: Any = None, parallel_iterations: Any = None, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, name: Any = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """`fn` of every element along the first axis, the results stacked; types given are those of the results."""
    wanted = dtype if fn_output_signature is None else fn_output_signature
    kinds = nest.map_structure(lambda one: str(getattr(one, "dtype", one)), wanted) if wanted is not None else None
    return backend.map_fn(fn, elems, dtype=kinds)
