"""Where data enters a model, and what a layer accepts: `Input`, `InputLayer`, `InputSpec`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.engine.nodes import Node
from nnstack.engine.shapes import checked_sizes
from nnstack.engine.spec import InputSpec as InputSpec


def _as_source(tensor: Any) -> Any:
    """A variable or symbolic tensor as it is; numbers as a variable, which can be read in any graph."""
    if isinstance(tensor, backend.Variable) or (backend.is_tensor(tensor) and not tensor.concrete):
        return tensor
    return backend.Variable(backend.eval(tensor), name="input_values", trainable=False)


def _symbolic(source: Any) -> Any:
    return source.read_value() if isinstance(source, backend.Variable) else source


def _batch_shape(shape: Any, batch_size: int | None, batch_shape: Any, what: str) -> tuple[int | None, ...]:
    if shape is not None and batch_shape is not None:
        raise ValueError(
            f"{what}: give `shape` or `batch_shape`, not both; got shape={shape}, batch_shape={batch_shape}"
        )
    if batch_shape is not None:
        return checked_sizes(batch_shape, what)
    if shape is None:
        raise ValueError(f"{what}: expected a shape, got None. Pass `shape` without the batch axis, for example (64,)")
    return (batch_size, *checked_sizes(shape, what))


class InputLayer(Layer):
    """The entry of a graph: makes one placeholder and computes nothing.

    Arguments: `input_shape` without the batch axis; `batch_size` int or None; `dtype` default floatx; `input_tensor` a
    symbolic tensor to wrap; `batch_input_shape` (or `batch_shape`) the shape with its batch axis; `name` default
    `input_1`, `input_2`, ...
    Raises `ValueError` without a shape.
    Source: https://keras.io/2.16/api/layers/core_layers/
    """

    def __init__(
        self,
        input_shape: Any = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        input_tensor: Any = None,
        sparse: bool | None = None,
        name: str | None = None,
        ragged: bool | None = None,
        batch_input_shape: Any = None,
        batch_shape: Any = None,
        optional: bool = False,
        **kwargs: Any,
    ) -> None:
        if sparse or ragged:
            raise ValueError(f"input (layer {name!r}): sparse and ragged inputs are not supported; pass dense arrays")
        text = str(getattr(dtype, "name", dtype)) in ("string", "str", "<class 'str'>")
        if text:
            dtype = "int64"  # the graph's stand-in; layers that look up texts are run before it
        super().__init__(name=name, dtype=dtype or (input_tensor.dtype if input_tensor is not None else None), **kwargs)
        if input_tensor is None:
            given = batch_input_shape if batch_input_shape is not None else batch_shape
            shape = _batch_shape(input_shape, batch_size, given, f'input (layer "{self.name}")')
            input_tensor = backend.placeholder(shape=shape, dtype=self.dtype, name=self.name)
        # What the tensor given is computed from, if not from data: the model then draws on it in every step.
        self._tensor_source: Any = None if backend.is_placeholder(input_tensor) else _as_source(input_tensor)
        if self._tensor_source is not None:
            input_tensor = backend.identity(_symbolic(self._tensor_source))
        if text:
            input_tensor._is_text = True
        self._text = text
        self.sparse = False
        self.ragged = False
        self.optional = bool(optional)
        self.is_placeholder = self._tensor_source is None
        self.batch_size = input_tensor.shape[0] if len(input_tensor.shape) else None
        self._batch_input_shape = tuple(input_tensor.shape)
        self.built = True
        Node(self, (), {}, input_tensor)

    default_name = "input"
    names_from_one = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_input_shape": self._batch_input_shape,
            "dtype": "string" if self._text else self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    name: str | None = None,
    dtype: str | None = None,
    sparse: bool | None = None,
    tensor: Any = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    **kwargs: Any,
) -> Any:
    """A symbolic tensor to build a graph from.

    `shape` excludes the batch axis; unknown sizes are None. `batch_shape` (or `batch_input_shape`) includes it.
    `dtype` defaults to floatx; "string" for arrays of texts, which layers that look texts up take. Returns a tensor of
    shape `(batch_size, *shape)`; raises `ValueError` without a shape.

    >>> x = Input(shape=(64,))
    >>> tuple(x.shape)
    (None, 64)

    Source: https://keras.io/2.16/api/layers/core_layers/input/
    """
    batch_shape = kwargs.pop("batch_input_shape", batch_shape)
    if kwargs:
        raise TypeError(f"input (layer {name!r}): unknown argument {sorted(kwargs)[0]!r}")
    layer = InputLayer(
        input_shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        input_tensor=tensor,
        sparse=sparse,
        name=name,
        ragged=ragged,
        batch_input_shape=batch_shape,
    )
    return layer._inbound_nodes[0].outputs
