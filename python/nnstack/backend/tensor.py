"""Tensors: Python operators on the core's Values, and how anything array-like becomes a Value.

The operators live in one mix-in. `Variable` inherits it; the core's `Value` class gets the same methods attached, so
`Tensor` is `_core.Value` at run time. `==` stays identity, as in Keras 2: use `backend.equal`.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nnstack import _core
from nnstack.backend import slicing
from nnstack.backend.config import floatx
from nnstack.backend.numbers import PythonNumbers, StaticShape, describe

TensorLike = Any  # Tensor, Variable, numpy array, anything with __dlpack__, Python number or nested lists of them
Shape = tuple[int | None, ...]

INTEGERS = frozenset({"bool", "int8", "int16", "int32", "int64", "uint8"})


class TensorOperators(PythonNumbers):
    """Arithmetic, comparison and slicing for anything that `convert` turns into a Tensor."""

    if TYPE_CHECKING:

        @property
        def shape(self) -> Shape: ...
        @property
        def dtype(self) -> str: ...

    __array_priority__ = 100  # numpy arrays on the left hand over to the reflected operators below

    def __add__(self, other: TensorLike) -> "Tensor":
        return binary("add", self, other)

    def __radd__(self, other: TensorLike) -> "Tensor":
        return binary("add", other, self)

    def __sub__(self, other: TensorLike) -> "Tensor":
        return binary("subtract", self, other)

    def __rsub__(self, other: TensorLike) -> "Tensor":
        return binary("subtract", other, self)

    def __mul__(self, other: TensorLike) -> "Tensor":
        return binary("multiply", self, other)

    def __rmul__(self, other: TensorLike) -> "Tensor":
        return binary("multiply", other, self)

    def __truediv__(self, other: TensorLike) -> "Tensor":
        return true_divide(self, other)

    def __rtruediv__(self, other: TensorLike) -> "Tensor":
        return true_divide(other, self)

    def __floordiv__(self, other: TensorLike) -> "Tensor":
        return binary("floor_divide", self, other)

    def __rfloordiv__(self, other: TensorLike) -> "Tensor":
        return binary("floor_divide", other, self)

    def __mod__(self, other: TensorLike) -> "Tensor":
        return binary("modulo", self, other)

    def __rmod__(self, other: TensorLike) -> "Tensor":
        return binary("modulo", other, self)

    def __pow__(self, other: TensorLike) -> "Tensor":
        return power(self, other)

    def __rpow__(self, other: TensorLike) -> "Tensor":
        return power(other, self)

    def __matmul__(self, other: TensorLike) -> "Tensor":
        return binary("matmul", self, other)

    def __rmatmul__(self, other: TensorLike) -> "Tensor":
        return binary("matmul", other, self)

    def __neg__(self) -> "Tensor":
        return unary("negative", self)

    def __pos__(self) -> "Tensor":
        return convert(self)

    def __abs__(self) -> "Tensor":
        return unary("abs", self)

    def __invert__(self) -> "Tensor":
        return unary("logical_not", self)

    def __and__(self, other: TensorLike) -> "Tensor":
        return binary("logical_and", self, other)

    def __or__(self, other: TensorLike) -> "Tensor":
        return binary("logical_or", self, other)

    def __xor__(self, other: TensorLike) -> "Tensor":
        return binary("logical_xor", self, other)

    def __lt__(self, other: TensorLike) -> "Tensor":
        return binary("less", self, other)

    def __le__(self, other: TensorLike) -> "Tensor":
        return binary("less_equal", self, other)

    def __gt__(self, other: TensorLike) -> "Tensor":
        return binary("greater", self, other)

    def __ge__(self, other: TensorLike) -> "Tensor":
        return binary("greater_equal", self, other)

    def __getitem__(self, key: Any) -> "Tensor":
        return subscript(convert(self), key)

    def get_shape(self) -> "StaticShape":
        """The static shape, a tuple with None for what is not known; `as_list()` gives it as a list."""
        return StaticShape(self.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    # Kept for programs of Keras 2.0 to 2.2.
    _uses_learning_phase = False

    @property
    def _keras_shape(self) -> Shape:
        return tuple(self.__dict__.get("_keras_shape", self.shape))

    @_keras_shape.setter
    def _keras_shape(self, shape: Shape) -> None:
        self.__dict__["_keras_shape"] = shape

    def __getattr__(self, name: str) -> Any:
        """`y_pred._keras_history` in losses: the layer of the model's graph that has made the prediction."""
        if name == "_keras_history" and "_keras_made_by" in self.__dict__:
            return self.__dict__["_keras_made_by"]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


if TYPE_CHECKING:

    class Tensor(_core.Value, TensorOperators):
        """A tensor of a graph: symbolic, or concrete (carries data)."""

        _keras_mask: "Tensor | None"  # which entries count
        _keras_logits: "Tensor"  # on results of softmax and sigmoid: what they were made from

else:
    Tensor = _core.Value
    for _name, _member in {**vars(PythonNumbers), **vars(TensorOperators)}.items():
        if _name not in ("__module__", "__dict__", "__weakref__", "__doc__"):
            setattr(Tensor, _name, _member)
    Tensor.__repr__ = describe


def readable(x: TensorLike) -> Tensor:
    """What a program gives numpy for this tensor: bfloat16, which numpy does not have, as float32, bit for bit."""
    value = convert(x)
    return emit("cast", value, dtype="float32") if value.dtype == "bfloat16" else value


# Products and sums of 16-bit numbers keep their digits in float32; the result is rounded once.
_HALVES = ("float16", "bfloat16")
_SUMMED_IN_FLOAT32 = frozenset(
    {"matmul", "softmax", "log_softmax", "convolution", "convolution_input_gradient", "max_pool", "average_pool"}
)


def emit(op: str, *inputs: Tensor, **attributes: Any) -> Tensor:
    """Records (or, on concrete inputs, computes) one op with one output."""
    if op in _SUMMED_IN_FLOAT32 and inputs and inputs[0].dtype in _HALVES:
        wide = [emit("cast", one, dtype="float32") if one.dtype in _HALVES else one for one in inputs]
        return emit("cast", emit(op, *wide, **attributes), dtype=inputs[0].dtype)
    return cast(Tensor, _core.emit(op, inputs, attributes)[0])


def is_tensor(x: Any) -> bool:
    """True for Tensors and Variables."""
    return isinstance(x, (_core.Value, TensorOperators))


def constant(
    value: Any, dtype: str | None = None, shape: Sequence[int] | None = None, name: str | None = None
) -> Tensor:
    """A concrete tensor of `value`, cast to `dtype` (default `floatx()`) and filled out to `shape` if given.

    >>> constant([1, 2]).numpy()
    array([1., 2.], dtype=float32)
    """
    array = np.asarray(value)
    if shape is not None:
        array = np.broadcast_to(array, tuple(shape)) if array.size == 1 else array.reshape(tuple(shape))
    return _constant(array, dtype or floatx())


def _constant(array: Any, dtype: str | None) -> Tensor:
    return cast(Tensor, _core.constant(array, dtype))


def convert(x: TensorLike, dtype: str | None = None) -> Tensor:
    """`x` as a Tensor. Python floats become `floatx()`, ints int32; arrays keep their type; `dtype` overrides."""
    if isinstance(x, _core.Value):
        value = cast(Tensor, x)
        return value if dtype is None or value.dtype == dtype else emit("cast", value, dtype=dtype)
    if isinstance(x, TensorOperators):
        return convert(cast(Any, x).read_value(), dtype)
    if hasattr(x, "__dlpack__") and not isinstance(x, np.ndarray):
        return _constant(x, dtype)
    if isinstance(x, (list, tuple)) and _holds_tensor(x):
        parts = [convert(part, dtype) for part in x]
        like = next(value.dtype for part, value in zip(x, parts, strict=True) if is_tensor(part) or _holds_tensor(part))
        return emit("concat", *[emit("expand_dims", convert(part, like), axes=[0]) for part in parts], axis=0)
    array = np.asarray(x)
    if dtype is None and not isinstance(x, (np.ndarray, np.generic)):
        dtype = _python_dtype(array)
    return _constant(array, dtype)


def _holds_tensor(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and any(is_tensor(part) or _holds_tensor(part) for part in x)


def _python_dtype(array: np.ndarray) -> str | None:
    if array.dtype.kind == "f":
        return floatx()
    return "int32" if array.dtype.kind in "iu" else None


def convert_like(x: TensorLike, like: Tensor) -> Tensor:
    """`x` as a Tensor: numbers and arrays take the type of `like`, tensors keep theirs (ops refuse mixed types)."""
    if is_tensor(x):
        return convert(x)
    if like.dtype in INTEGERS and np.asarray(x).dtype.kind in "fc":
        raise TypeError(
            f"a float and a tensor of dtype {like.dtype} do not mix. Cast the tensor first: backend.cast(x, 'float32')"
        )
    return convert(x, like.dtype)


def one_integer_type(tensors: list[Tensor]) -> list[Tensor]:
    """int32 tensors beside int64 ones as int64: sizes are int64 here, and int32 where many programs come from."""
    if {tensor.dtype for tensor in tensors} == {"int32", "int64"}:
        return [convert(tensor, "int64") for tensor in tensors]
    return tensors


def through_floats(function: Callable[..., Tensor], *operands: Tensor) -> Tensor:
    """`function(*operands)`, which takes floats alone; whole numbers go through float64 (exact to 2**53) and back."""
    if operands[0].dtype not in INTEGERS:
        return function(*operands)
    return convert(function(*(convert(operand, "float64") for operand in operands)), operands[0].dtype)


def pair(a: TensorLike, b: TensorLike) -> tuple[Tensor, Tensor]:
    """Two operands as Tensors of one type: numbers and arrays follow the tensor among them, an integer tensor follows a
    float one, int32 follows int64.
    """
    if is_tensor(a) and is_tensor(b):
        first, second = one_integer_type([convert(a), convert(b)])
        if (first.dtype in INTEGERS) != (second.dtype in INTEGERS):
            wanted = second.dtype if first.dtype in INTEGERS else first.dtype
            return convert(first, wanted), convert(second, wanted)
        return first, second
    if is_tensor(a):
        first = convert(a)
        return first, convert_like(b, first)
    if is_tensor(b):
        second = convert(b)
        return convert_like(a, second), second
    dtype = np.result_type(np.asarray(a), np.asarray(b)).name
    if not any(isinstance(x, (np.ndarray, np.generic)) for x in (a, b)):
        dtype = {"float64": floatx(), "int64": "int32"}.get(dtype, dtype)
    return convert(a, dtype), convert(b, dtype)


def unary(op: str, x: TensorLike) -> Tensor:
    """One elementwise op."""
    return emit(op, convert(x))


def binary(op: str, a: TensorLike, b: TensorLike) -> Tensor:
    """One elementwise op of two operands, with numpy's broadcasting."""
    first, second = pair(a, b)
    return emit(op, first, second)


def true_divide(a: TensorLike, b: TensorLike) -> Tensor:
    """a / b; integers are divided as floats, as in Python."""
    first, second = (convert(a), convert(b)) if not (is_tensor(a) or is_tensor(b)) else _float_operands(a, b)
    if first.dtype in INTEGERS and second.dtype in INTEGERS:
        first, second = convert(first, floatx()), convert(second, floatx())
    return binary("divide", first, second) if first.dtype == second.dtype else emit("divide", *pair(a, b))


def _float_operands(a: TensorLike, b: TensorLike) -> tuple[Tensor, Tensor]:
    """Like `pair`, but an integer tensor beside a Python float becomes a float tensor."""
    tensor = convert(a if is_tensor(a) else b)
    if tensor.dtype not in INTEGERS:
        return pair(a, b)
    return (
        (convert(a, floatx()), convert(b, floatx()))
        if not (is_tensor(a) and is_tensor(b))
        else (convert(a), convert(b))
    )


def power(a: TensorLike, b: TensorLike) -> Tensor:
    """a ** b; a known exponent of 2 becomes `square`, which is cheaper and has a simpler gradient."""
    if isinstance(b, (int, float)):
        if b == 2:
            return unary("square", a)
        if b == 1:
            return convert(a)
    return binary("power", a, b)


def shape_vector(shape: Any) -> Tensor:
    """A shape given as ints and tensors (or as one tensor) as the int64 vector that ops take."""
    if is_tensor(shape):
        return convert(shape, "int64")
    if not any(is_tensor(size) for size in shape):
        sizes = [-1 if size is None else int(size) for size in shape]
        if max(sizes, default=0) >= 1 << 63:
            raise ValueError(f"the shape {tuple(sizes)} overflows 64 bits")
        return _constant(np.asarray(sizes, np.int64), "int64")
    parts = [convert(size, "int64") for size in shape]
    one = _constant(np.asarray([1], np.int64), "int64")
    return emit("concat", *[emit("reshape", part, one) for part in parts], axis=0)


def subscript(x: Tensor, key: Any) -> Tensor:
    """x[key] for ints, slices, None and Ellipsis, as numpy does it; bounds and indices may be
    symbolic integers. One integer tensor selects along axis 0.
    """
    if is_tensor(key):
        return emit("gather", x, convert(key, "int64"), axis=0)
    plan = slicing.plan(key, x.shape)
    if plan.cuts:
        x = emit("slice", x, begins=plan.begins, ends=plan.ends, steps=plan.steps)
    for axis, part in plan.taken:
        from nnstack.backend.ranges import take

        x = take(x, part, axis)
    if plan.dropped:
        x = emit("squeeze", x, axes=plan.dropped)
    return emit("expand_dims", x, axes=plan.added) if plan.added else x
