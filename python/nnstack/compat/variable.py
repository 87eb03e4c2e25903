"""`tf.Variable`: the backend's Variable, made with TensorFlow's arguments."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.functions.arrays import convert_to_tensor


class _AnyVariable(type):
    """Weights of layers are variables too, as `isinstance` sees it."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, backend.Variable)


class Variable(backend.Variable, metaclass=_AnyVariable):
    """Storage with a name.

    initial_value: array-like, or a function giving one; Python ints make an int32 variable, floats a float32 one.

    >>> Variable([1, 2]).dtype
    'int32'
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = True,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
        **_: Any,
    ) -> None:
        if initial_value is None:
            raise ValueError("tf.Variable: initial_value must be given")
        value = initial_value() if callable(initial_value) and not backend.is_tensor(initial_value) else initial_value
        tensor = convert_to_tensor(value, dtype)
        kind = as_dtype(tensor.dtype if dtype is None else dtype).name
        super().__init__(tensor, kind, name, trainable is not False, constraint)

    @property
    def initial_value(self) -> Any:
        """What is stored now: the first value is not kept."""
        return backend.convert(self.numpy())
