"""What tensors do in TensorFlow 2 and not in Keras 2: `==` element by element, shapes and types as objects.

`as_tensorflow()` changes the tensor classes for the whole process, as the programs that want it expect; nothing of
nnstack relies on what it changes. `as_keras()` takes it back.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.products import former_batch_dot
from nnstack.backend.variable import eager_by_default
from nnstack.compat import scatters
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.functions.strings import StringArray
from nnstack.compat.specs import TensorShape
from nnstack.engine.front import show_texts_as
from nnstack.engine.shapes import build_for_tuples
from nnstack.engine.weights import WeightOwner

_CLASSES: tuple[Any, ...] = (backend.Tensor, backend.Variable)
_before: dict[Any, dict[str, Any]] = {}
_program = {"of TensorFlow 1": False, "of tf.keras": False}


def _equal(self: Any, other: Any) -> Any:
    """Element by element; False beside what is no tensor and no numbers, such as None or text. Identity in programs of
    TensorFlow 1, which look for tensors in lists.
    """
    if _program["of TensorFlow 1"]:
        return self is other
    return backend.equal(self, other) if _comparable(self, other) else False


def _not_equal(self: Any, other: Any) -> Any:
    if _program["of TensorFlow 1"]:
        return self is not other
    return backend.not_equal(self, other) if _comparable(self, other) else True


def _comparable(tensor: Any, other: Any) -> bool:
    if not backend.is_tensor(other):
        if other is None or isinstance(other, str | bytes) or callable(other) or np.size(other) == 0:
            return False
        if np.asarray(other).dtype.kind not in "biuf":
            return False
    return _broadcasts(tuple(tensor.shape), tuple(np.shape(other) if not backend.is_tensor(other) else other.shape))


def _broadcasts(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    sizes = zip(reversed(a), reversed(b), strict=False)
    return all(None in pair or 1 in pair or pair[0] == pair[1] for pair in sizes)


def _set_shape(self: Any, shape: Any) -> None:
    """Checks what it can: sizes are known here as soon as they can be. ValueError if they do not fit."""
    TensorShape(self.shape).assert_is_compatible_with(shape)


def _part_of_variable(self: Any, key: Any) -> Any:
    """`variable[key]`, which may be assigned to."""
    part: Any = backend.TensorOperators.__getitem__(self, key)
    part.assign = functools.partial(_assign_part, self, key)
    return part


def _assign_part(variable: Any, key: Any, value: Any) -> Any:
    """variable[key] <- value, at once or in the step that is being recorded."""
    size = backend.count_params(variable)
    places = np.arange(size).reshape(tuple(variable.shape))[key]
    current = backend.convert(variable)
    new = backend.broadcast_to(backend.convert_like(value, current), places.shape)
    change = backend.flatten(new - backend.gather(backend.flatten(current), places))
    flat = backend.emit("scatter_add", backend.convert(places.reshape(-1)), change, backend.convert(np.array([size])))
    return variable.assign(current + backend.reshape(flat, tuple(variable.shape)))


class _Reference:
    """What `tensor.ref()` gives: hashable, equal for the same tensor."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def deref(self) -> Any:
        """The tensor."""
        return self._tensor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reference) and self._tensor is other._tensor

    def __hash__(self) -> int:
        return id(self._tensor)


def _members(cls: Any) -> dict[str, Any]:
    own = {**vars(cls), **{name: one for name, one in _before.get(cls, {}).items() if one is not None}}
    shape, dtype = own["shape"].__get__, own["dtype"].__get__
    return {
        "__eq__": _equal,
        "__ne__": _not_equal,
        "__hash__": object.__hash__,
        "shape": property(lambda self: TensorShape(shape(self))),
        "dtype": property(lambda self: as_dtype(dtype(self))),
        "ref": lambda self: _Reference(self),
        "experimental_ref": lambda self: _Reference(self),
        "set_shape": _set_shape,
        "get_shape": lambda self: self.shape,
        "device": property(lambda self: "/job:localhost/replica:0/task:0/device:CPU:0"),
        "eval": lambda self, feed_dict=None, session=None: backend.get_session().run(self, feed_dict),
    }


def as_tensorflow() -> None:
    """Tensors behave as in TensorFlow 2, variables read as numbers outside of graphs. Once is enough.

    A program that first imports TensorFlow inside a layer's function goes on with variables as Keras 2 has them.
    """
    if active():
        return
    if not _program["of TensorFlow 1"]:
        with contextlib.suppress(RuntimeError):
            eager_by_default(True)
    show_texts_as(StringArray)
    for cls in _CLASSES:
        members = _members(cls)
        if cls is backend.Variable:
            members = {**members, **scatters.MEMBERS, "__getitem__": _part_of_variable}
        _set(cls, members)


def _set(cls: Any, members: dict[str, Any]) -> None:
    before = _before.setdefault(cls, {})
    for name, member in members.items():
        before.setdefault(name, vars(cls).get(name))
        setattr(cls, name, member)


def as_tensorflow_1() -> None:
    """The program uses names that only TensorFlow 1 or Keras up to 2.3 has: what it makes of variables outside of
    functions is a graph, as in Keras 2, whether TensorFlow is imported before or after.
    """
    if not _program["of TensorFlow 1"]:
        _program["of TensorFlow 1"] = True
        former_batch_dot(not _program["of tf.keras"])
        WeightOwner.finds_variables = _program["of tf.keras"]
        with contextlib.suppress(RuntimeError):
            eager_by_default(False)


def as_plain_keras() -> None:
    """The program imports `keras`, on whose tensors of TensorFlow a shape is a TensorShape, whose layers are built for
    tuples, and whose `batch_dot` had another meaning for long.
    """
    if not _program["of tf.keras"]:
        former_batch_dot(True)
        build_for_tuples(True)
        for cls in _CLASSES:
            _set(cls, {name: _members(cls)[name] for name in ("shape", "set_shape", "get_shape")})


def as_tf_keras() -> None:
    """The program imports tf.keras, which has always had today's `batch_dot`, and finds variables in attributes."""
    _program["of tf.keras"], WeightOwner.finds_variables = True, True
    former_batch_dot(False)
    build_for_tuples(False)


def as_keras() -> None:
    """Tensors behave as nnstack describes them again."""
    _program["of TensorFlow 1"] = False
    former_batch_dot(False)
    _program["of tf.keras"], WeightOwner.finds_variables = False, True
    build_for_tuples(False)
    if active():
        eager_by_default(False)
    show_texts_as(None)
    for cls, members in _before.items():
        for name, member in members.items():
            if member is None:
                delattr(cls, name)
            else:
                setattr(cls, name, member)
    _before.clear()


def active() -> bool:
    """Whether tensors behave as in TensorFlow now."""
    return "__eq__" in _before.get(backend.Variable, {})
