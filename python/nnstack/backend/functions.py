"""Placeholders, variables, compiled functions, gradients, and getting numbers in and out."""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

from nnstack import _core
from nnstack.backend import config, own_gradients
from nnstack.backend.config import floatx
from nnstack.backend.deferred import recipes_in
from nnstack.backend.modes import fixed_learning_phase, is_learning_phase
from nnstack.backend.stand_ins import stand_ins_of
from nnstack.backend.tensor import Shape, Tensor, TensorLike, TensorOperators, convert, emit, is_tensor, readable
from nnstack.backend.variable import EagerScope, Update, Variable, current_scope


def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: str | None = None,
    sparse: bool = False,
    name: str | None = None,
    ragged: bool = False,
) -> Tensor:
    """A symbolic input of `shape` (None: size not known yet), or of `ndim` unknown sizes. dtype: default `floatx()`.

    ValueError if neither shape nor ndim is given, or for sparse=True or ragged=True, which nnstack
    does not have.
    """
    if sparse or ragged:
        raise ValueError(
            f"placeholder: {'sparse' if sparse else 'ragged'} tensors are not supported; feed a dense array"
        )
    if shape is None:
        if ndim is None:
            raise ValueError("placeholder: give shape or ndim")
        shape = (None,) * ndim
    too_large = [size for size in shape if isinstance(size, int) and size >= 1 << 63]
    if too_large:
        raise ValueError(f"placeholder: the size {too_large[0]} in {tuple(shape)} does not fit in 64 bits")
    return cast(
        Tensor,
        _core.placeholder(tuple(shape), dtype or floatx(), name or f"placeholder_{config.get_uid('placeholder')}"),
    )


def variable(value: TensorLike, dtype: str | None = None, name: str | None = None, constraint: Any = None) -> Variable:
    """A Variable holding `value`; dtype: default `floatx()`.

    >>> variable([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    return Variable(value, dtype, name, constraint=constraint)


def zeros(shape: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """A variable of zeros; where a size in `shape` is a tensor, a tensor of zeros."""
    return _filled(shape, 0.0, dtype, name)


def ones(shape: Any, dtype: str | None = None, name: str | None = None) -> Any:
    """A variable of ones; where a size in `shape` is a tensor, a tensor of ones."""
    return _filled(shape, 1.0, dtype, name)


def _filled(shape: Any, number: float, dtype: str | None, name: str | None) -> Any:
    from nnstack.backend.shapes import fill

    if is_tensor(shape) or any(is_tensor(size) for size in shape):
        return fill(shape, number, dtype or floatx())
    return Variable(np.full(tuple(shape), number), dtype, name)


def eye(size: int, dtype: str | None = None, name: str | None = None) -> Variable:
    """A variable holding the identity matrix of `size` rows."""
    return Variable(np.eye(size), dtype, name)


def is_variable(x: Any) -> bool:
    """True for Variables."""
    return isinstance(x, Variable)


def is_placeholder(x: Any) -> bool:
    """True for what `placeholder` made."""
    return isinstance(x, _core.Value) and x.op == "placeholder"


def is_sparse(tensor: Any) -> bool:
    """Whether it is a `SparseTensor`; all other tensors are dense.

    >>> is_sparse(ctc_label_dense_to_sparse([[1]], [1]))
    True
    """
    from nnstack.backend.ctc import SparseTensor

    return isinstance(tensor, SparseTensor)


def to_dense(tensor: Any) -> Any:
    """A `SparseTensor` with zeros where it has no elements; `tensor` itself where it is dense."""
    return convert(tensor.dense()) if is_sparse(tensor) else tensor


def is_keras_tensor(x: Any) -> bool:
    """Whether a layer (or `Input`) made the tensor; ValueError if `x` is no tensor or variable at all.

    >>> is_keras_tensor(placeholder((2,)))
    False
    """
    if not is_tensor(x):
        raise ValueError(f"is_keras_tensor: expected a tensor, got {type(x).__name__}")
    return "_keras_history" in vars(x)


class Function:
    """A compiled graph: call it with a list of arrays, one per input. Made by `function`."""

    def __init__(self, inputs: Sequence[Any], outputs: Any, updates: Iterable[Any] | None, name: str | None) -> None:
        self.single = not isinstance(outputs, (list, tuple))
        self.name = name or "function"
        phases = [
            i for i, x in enumerate(inputs) if is_learning_phase(x) or isinstance(x, int)
        ]  # a fixed phase: an int
        self._phase_at = next(iter(phases), None)
        self._inputs = [x for i, x in enumerate(inputs) if i not in phases]
        for x in self._inputs:
            if not is_placeholder(x):
                raise ValueError(f"function: inputs must be placeholders, got {x!r}")
        self._outputs = [readable(x) for x in ([outputs] if self.single else outputs)]
        self._updates = [(v.handle, convert(new, v.dtype)) for v, new in (updates or [])]
        self._programs: dict[bool, _core.Program] = {}
        # What Python computes in the middle, each with a function for the part of the graph before it.
        recipes = recipes_in([*self._outputs, *[new for _, new in self._updates]], self._inputs)
        self._before = [(one, Function(self._inputs, list(one.sources), None, self.name)) for one in recipes]
        self._fed = [*self._inputs, *[leaf for one in recipes for leaf in one.placeholders]]

    def program(self, training: bool) -> _core.Program:
        """The program for one value of the learning phase, compiled at first need."""
        if training not in self._programs:
            self._programs[training] = _core.Program(
                self._fed, self._outputs, self._updates, learning_phase=training, name=self.name
            )
        return self._programs[training]

    def _run(self, arrays: list[np.ndarray], training: bool) -> list[np.ndarray]:
        fed = list(arrays)
        for recipe, before in self._before:
            fed += recipe.compute(*before._run(arrays, training))
        return self.program(training).run(fed)

    def __call__(self, inputs: Sequence[Any] = ()) -> Any:
        arrays = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        training = bool(fixed_learning_phase())
        if self._phase_at is not None:
            if len(arrays) <= self._phase_at:
                raise ValueError(f"function: expected {len(self._inputs) + 1} inputs, got {len(arrays)}")
            training = bool(arrays.pop(self._phase_at))
        if len(arrays) != len(self._inputs):
            raise ValueError(f"function: expected {len(self._inputs)} arrays, got {len(arrays)}")
        results = self._run([as_array(a) for a in arrays], training)
        return results[0] if self.single else results


def function(inputs: Any, outputs: Any, updates: Iterable[Any] | None = None, name: str | None = None) -> Function:
    """Compiles `inputs` (placeholders, and `learning_phase()` if wanted) to `outputs`.

    outputs: a tensor or a list of them; the call returns accordingly. updates: pairs (variable, new value) written
    after the outputs were computed; all right-hand sides see the values from before the call.

    >>> x = placeholder((None, 2)); function([x], [x + 1])([np.zeros((1, 2))])
    [array([[1., 1.]], dtype=float32)]
    """
    return Function(list(inputs) if isinstance(inputs, (list, tuple)) else [inputs], outputs, updates, name)


def gradients(loss: Any, variables: Any, cuts: Sequence[Any] = ()) -> list[Tensor | None]:
    """d(sum of loss) / d(variable) for each variable or tensor of `variables`; None where loss does not depend on it.

    cuts: results with gradients of one's own that a tape recorded, beside those of open traces.

    >>> x = placeholder((3,))
    >>> function([x], gradients(x * x, [x]))([[1.0, 2.0, 3.0]])
    [array([2., 4., 6.], dtype=float32)]
    """
    losses = loss if isinstance(loss, (list, tuple)) else [loss]
    here = stand_ins_of(losses[0])
    leaves = [_leaf(here.get(id(v), v)) for v in (variables if isinstance(variables, (list, tuple)) else [variables])]
    ends = [convert(y) for y in losses]
    known = own_gradients.recorded(cuts)
    found = own_gradients.through(known, ends, leaves, _core.gradients) if known else _core.gradients(ends, leaves)
    return cast(list[Tensor | None], found)


def _leaf(x: Any) -> Tensor:
    """What a gradient flows to: under a tape the symbolic leaf stands for every snapshot of the variable."""
    if isinstance(x, Variable) and isinstance(current_scope(), EagerScope):
        return cast(Tensor, x.handle.value)
    return convert(x)


def as_array(x: Any) -> np.ndarray:
    """`x` as a numpy array, without copying where it is one."""
    if isinstance(x, np.ndarray):
        return x
    if isinstance(x, (_core.Value, TensorOperators)):
        return cast(np.ndarray, cast(Any, x).numpy())
    return np.from_dlpack(x) if hasattr(x, "__dlpack__") else np.asarray(x)


def eval(x: Any) -> np.ndarray:
    """The numbers of `x`, which may depend on variables but on no placeholder. An `Update` is carried out first."""
    if isinstance(x, Update):
        _core.Program([], [], [(x.variable.handle, x.value)], learning_phase=False).run([])
        return x.variable.numpy()
    if isinstance(x, Variable):
        return x.numpy()
    value = convert(x)
    return value.numpy() if value.concrete else _core.Program([], [readable(value)], learning_phase=False).run([])[0]


def get_value(x: Any) -> np.ndarray:
    """The numbers stored in a variable (a copy)."""
    return eval(x)


def set_value(x: Variable, value: Any) -> None:
    """Writes `value` into a variable; ValueError if the shape differs."""
    array = as_array(value)
    if array.shape != x.shape:
        raise ValueError(f'set_value (variable "{x.name}"): expected shape {x.shape}, got {array.shape}')
    x.handle.assign(array.astype(x.dtype, copy=False) if x.dtype != "bfloat16" else array)


def batch_get_value(tensors: Iterable[Any] = (), ops: Iterable[Any] = ()) -> list[np.ndarray]:
    """`get_value` of each. `ops` is Keras 2.3's name of the argument."""
    return [get_value(x) for x in (*tensors, *ops)]


def batch_set_value(tuples: Iterable[tuple[Variable, Any]]) -> None:
    """`set_value` of each (variable, value)."""
    for x, value in tuples:
        set_value(x, value)


def count_params(x: Any) -> int:
    """Number of elements of a variable or a tensor of known shape."""
    return math.prod(x.shape)


def int_shape(x: Any) -> Shape:
    """Static shape as a tuple; None for sizes that are not known."""
    return tuple(x.shape) if is_tensor(x) else np.shape(x)


get_variable_shape = int_shape


def ndim(x: Any) -> int:
    """Number of axes."""
    return len(int_shape(x))


def dtype(x: Any) -> str:
    """Name of the element type, such as 'float32'."""
    return str(x.dtype if is_tensor(x) else np.asarray(x).dtype)


def print_tensor(x: Any, message: str = "", summarize: int = 3) -> Any:
    """Prints `message` and the numbers of `x`, of a long axis the first and last `summarize`; gives `x` back.

    Numbers that are there, those of a variable too, are printed at once. Those of a symbolic tensor are printed on
    `sys.stdout` after each run of a function or training step that needs the tensor given back, each of many runs in
    one call included. A tensor inside the step of a loop (`rnn`, `map_fn`) that is not unrolled, and a model exported
    for C++, print nothing.

    >>> y = print_tensor(constant([1.0, 2.0]), "y =")
    y = [1. 2.]
    >>> x = placeholder((2,))
    >>> function([x], print_tensor(x * 2.0, "twice"))([[1.0, 2.0]])
    twice [2. 4.]
    array([2., 4.], dtype=float32)
    """
    stored = isinstance(x, Variable) and current_scope() is None
    value = convert(x.numpy() if stored else x)
    if value.concrete:
        _print_line(message, summarize, convert(value, _shown(value)).numpy())
        return x
    _core.set_print_sink(_print_line)
    printed = emit("print", convert(value, _shown(value)), message=str(message), summarize=int(summarize))
    return convert(printed, value.dtype)


def _shown(x: Tensor) -> str:
    return "float32" if x.dtype == "bfloat16" else x.dtype  # numpy has no bfloat16


def _print_line(message: str, summarize: int, array: np.ndarray) -> None:
    numbers = np.array2string(array, edgeitems=summarize, threshold=2 * summarize)
    print(f"{message} {numbers}" if message else numbers)


@contextmanager
def name_scope(name: str) -> Iterator[str]:
    """Ops made inside carry `name` in `explain()` and in error messages."""
    before = _core.set_layer(name)
    try:
        yield name
    finally:
        _core.set_layer(before)
