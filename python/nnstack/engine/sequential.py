"""Sequential: a model with one road, built at once where the input's shape is known and at first use where not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnstack import backend
from nnstack.engine import context
from nnstack.engine.front import is_text, text_array
from nnstack.engine.graph import Graph
from nnstack.engine.inputs import Input, InputLayer
from nnstack.engine.layer import Layer
from nnstack.engine.model import Model
from nnstack.engine.nodes import history_of
from nnstack.engine.shapes import is_shape
from nnstack.engine.texts import Texts
from nnstack.utils import nest


class Sequential(Model):
    """A stack of layers, each fed by the one before.

    `layers`: list of layers, default empty, see `add`; `name` default `sequential`, `sequential_1`, ...

    >>> model = Sequential([Dense(8, input_shape=(16,)), Dense(4)])
    >>> len(model.weights)
    4

    Source: https://keras.io/2.16/api/models/sequential/
    """

    def __init__(self, layers: Sequence[Any] | Layer | None = None, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self._stack: list[Layer] = []
        self._stack_tensors: list[Any] = []  # output of each layer of the stack, where the input's shape is known
        self._made_graph: Graph | None = None
        for layer in nest.as_list(layers) if not isinstance(layers, Layer) else [layers]:
            self.add(layer)

    _builds_for_columns = True

    # -- structure ----------------------------------------------------------------------------------------------------
    @property
    def _graph(self) -> Graph | None:
        tensors = self.__dict__.get("_stack_tensors")
        if not tensors or (len(tensors) == 1 and len(self._stack) == 1):
            return None
        if self._made_graph is None:
            self._made_graph = Graph(
                tensors[0] if isinstance(tensors[0], Mapping | list) else [tensors[0]], [tensors[-1]]
            )
            self._made_graph.include(self._added_tensors)
        return self._made_graph

    def _sublayers(self) -> list[Any]:
        return [*self._stack, *[tensor._keras_history.layer for tensor in self._added_tensors]]

    @property
    def layers(self) -> list[Any]:
        """The layers added, without the input layer."""
        return [layer for position, layer in enumerate(self._stack) if position or not isinstance(layer, InputLayer)]

    def add(self, layer: Any) -> None:
        """Adds a layer on top.

        The first may declare the input's shape (`input_shape`, `input_dim`, `batch_input_shape`) or be an
        `Input`/`InputLayer`;
        weights then exist at once. Raises `TypeError` for what is no layer, `ValueError` for a name or layer that is in
        the model already and for a layer with several outputs.
        """
        origin = history_of(layer)
        if origin is not None:
            layer = origin.layer
        if not isinstance(layer, Layer):
            raise TypeError(
                f'add (model "{self.name}"): expected a layer, got {layer!r} of type {type(layer).__name__}'
            )
        if any(layer is known for known in self._stack):
            raise ValueError(
                f'add (model "{self.name}"): layer "{layer.name}" is already connected in this model. Make a new layer'
            )
        if any(layer.name == known.name for known in self._stack):
            raise ValueError(
                f'add (model "{self.name}"): a layer called "{layer.name}" is already in the model. Give it another '
                "name"
            )
        if not self._stack:
            self._start(layer)
        else:
            if self._stack_tensors:
                self._stack_tensors.append(self._single_output(layer, layer(self._stack_tensors[-1])))
            self._stack.append(layer)
        self._changed()

    def _start(self, layer: Layer) -> None:
        if isinstance(layer, InputLayer):
            self._stack, self._stack_tensors = [layer], [layer.output]
            return
        branches = (layer.inputs or []) if isinstance(layer, Model) else []
        if len(branches) > 1:  # as Keras 1's Merge had them at the head
            inputs = [Input(batch_shape=tuple(one.shape), dtype=one.dtype) for one in branches]
            self._stack, self._stack_tensors = [layer], [inputs, self._single_output(layer, layer(inputs))]
            return
        shape, dtype = _known_input(layer)
        if shape is None:
            self._stack = [layer]
            return
        tensor = Input(batch_shape=shape, dtype=dtype, name=f"{layer.name}_input")
        output = self._single_output(layer, layer(tensor))
        self._stack, self._stack_tensors = [tensor._keras_history.layer, layer], [tensor, output]

    def _single_output(self, layer: Layer, output: Any) -> Any:
        if len(nest.flatten(output)) != 1:
            raise ValueError(
                f'add (model "{self.name}"): layer "{layer.name}" has {len(nest.flatten(output))} outputs; a '
                "Sequential takes layers "
                "with one. Use the functional API: Model(inputs, outputs)"
            )
        return nest.flatten(output)[0]

    def pop(self) -> None:
        """Removes the last layer; `TypeError` if there is none."""
        if not self.layers:
            raise TypeError(f'pop (model "{self.name}"): the model has no layers')
        self._stack.pop()
        if self._stack_tensors:
            self._stack_tensors.pop()
        if not self.layers:
            self._stack, self._stack_tensors = [], []
        elif self._stack[-1]._outbound_nodes:
            self._stack[-1]._outbound_nodes.pop()
        self._changed()

    def _changed(self) -> None:
        self._made_graph = None
        self._added_tensors.clear()
        self.built = len(self._stack_tensors) > 1 or (bool(self._stack_tensors) and len(self._stack) != 1)
        self._forget_programs()

    # -- building and calling -----------------------------------------------------------------------------------------
    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of that shape, batch axis included: `model.build((None, 500))`."""
        if self._graph is not None or not self._stack:
            return
        if not is_shape(input_shape):
            raise ValueError(
                f'build (model "{self.name}"): expected a shape with the batch axis, such as (None, 500), got '
                f"{input_shape!r}"
            )
        self._build_for(tuple(input_shape), None)
        self._build_input_shape = tuple(input_shape)

    def _build_for(self, shape: tuple[int | None, ...], dtype: str | None) -> None:
        with context.graph_building():
            tensor = Input(batch_shape=shape, dtype=dtype, name=f"{self._stack[0].name}_input")
            tensors = [tensor]
            for layer in self._stack:
                tensors.append(self._single_output(layer, layer(tensors[-1])))
        self._stack, self._stack_tensors = [tensor._keras_history.layer, *self._stack], tensors
        self._changed()

    def _build_for_columns(self, columns: Mapping[str, Any]) -> None:
        """Makes the weights for a dict of columns, which the first layer (DenseFeatures) takes."""
        inputs = {}
        for key, column in columns.items():
            texts = text_array(column)
            array: Any = backend.convert(column) if texts is None else texts
            kind = "string" if texts is not None or is_text(array) else _input_dtype(array.dtype)
            inputs[key] = Input(batch_shape=(None, *tuple(array.shape)[1:]), dtype=kind, name=key)
        with context.graph_building():
            tensors: list[Any] = [inputs]
            for layer in self._stack:
                tensors.append(self._single_output(layer, layer(tensors[-1])))
        self._stack_tensors = tensors
        self._changed()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the layers in turn, on symbolic tensors or on arrays; builds them first if the shape was not known."""
        if self._graph is None and self._stack:
            inputs: Any = args[0] if args else kwargs.get("inputs")
            if isinstance(inputs, Mapping):
                self._build_for_columns(inputs)
                return super().__call__(*args, **kwargs)
            texts: Any = inputs if isinstance(inputs, Texts) else text_array(inputs)
            if texts is not None:
                self._build_for((None, *texts.shape[1:]), "string")
                return super().__call__(*args, **kwargs)
            tensor: Any = inputs if backend.is_tensor(inputs) else backend.convert(inputs)
            dtype = "string" if is_text(tensor) else _input_dtype(tensor.dtype)
            self._build_for((None, *tuple(tensor.shape)[1:]), dtype)
        if not self._stack:
            raise ValueError(f'sequential (model "{self.name}"): the model has no layers; add some first')
        return super().__call__(*args, **kwargs)

    # -- predictions of classes, as Keras 2 had them ------------------------------------------------------------------
    def predict_proba(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """Same as `predict`."""
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def predict_classes(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """Class numbers: the largest of several scores, or a single score above one half."""
        scores = self.predict(x, batch_size=batch_size, verbose=verbose)
        return scores.argmax(axis=-1) if scores.shape[-1] > 1 else (scores > 0.5).astype("int32")

    # -- config -------------------------------------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        """Architecture as plain data: the name and the layers' configs."""
        from nnstack.saving.config import layer_config

        config: dict[str, Any] = {"name": self.name, "layers": [layer_config(layer) for layer in self._stack]}
        if self._graph is None and self._build_input_shape is not None:
            config["build_input_shape"] = self._build_input_shape
        return config

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A new model from `get_config()`'s result; old files hold the bare list of layers."""
        from nnstack.saving.config import layer_from_config

        entries = config["layers"] if isinstance(config, Mapping) else config
        name = config.get("name") if isinstance(config, Mapping) else None
        model = cls(name=name)
        for entry in entries:
            model.add(layer_from_config(entry, custom_objects))
        shape = config.get("build_input_shape") if isinstance(config, Mapping) else None
        if shape and not model.built and is_shape(shape):
            model.build(tuple(shape))
        return model


def _known_input(layer: Any) -> tuple[Any, str | None]:
    """(input shape with batch axis, dtype) that a first layer declares, looked up through nested models; (None, None)
    if none.
    """
    while True:
        shape = layer.__dict__.get("_batch_input_shape")
        if shape is not None:
            return tuple(shape), "string" if getattr(layer, "reads_text", False) else layer.dtype
        if isinstance(layer, Model) and layer.inputs is not None and len(layer.inputs) == 1:
            (tensor,) = layer.inputs
            return tuple(tensor.shape), "string" if is_text(tensor) else tensor.dtype
        if not isinstance(layer, Model) or not layer.layers:
            return None, None
        layer = layer.layers[0]


def _input_dtype(dtype: str) -> str:
    return backend.floatx() if dtype.startswith("float") else dtype
