"""Model: layers grouped into one, functional (a graph) or subclassed, with the methods that train, save and describe
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from nnstack import backend
from nnstack.engine.additions import Additions
from nnstack.engine.front import Prepared, is_symbolic
from nnstack.engine.given_arguments import config_of_arguments, revived
from nnstack.engine.graph import Graph
from nnstack.engine.model_specs import ModelSpecs
from nnstack.engine.nested_front import call_in_two_parts
from nnstack.engine.shapes import map_shapes
from nnstack.engine.texts import Lookups, TextsWanted, holds_texts, noting, texts_among, with_texts
from nnstack.engine.weights import assign_all
from nnstack.saving.methods import Savable
from nnstack.training.trainer import Trainer
from nnstack.utils import nest


def _names_graph(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    return len(args) >= 2 or (len(args) == 1 and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs)


class Model(Trainer, Savable, Additions, ModelSpecs):
    """Groups layers into an object that can be trained.

    Functional: `Model(inputs, outputs, name=None)` with tensors made by layers from `Input`s; lists and dicts of them
    too.
    Subclassed: make layers in `__init__`, compute in `call(self, inputs, training=None, mask=None)`.

    >>> x = Input(shape=(4,))
    >>> model = Model(x, Dense(1)(x))
    >>> model.count_params()
    5

    Raises `ValueError` if an output does not depend on the inputs given. Source: https://keras.io/2.16/api/models/model/
    """

    _sets_own_masks = True
    _lookups: Lookups | None = None  # of a `call` of its own, from the last call on texts
    _starts_empty = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        graph: Graph | None = None
        for name in ("input", "output"):  # Keras 1's names
            if name in kwargs:
                kwargs[f"{name}s"] = kwargs.pop(name)
        if _names_graph(args, kwargs):
            given = dict(zip(("inputs", "outputs", "name", "trainable"), args, strict=False))
            inputs, outputs = given.pop("inputs", None), given.pop("outputs", None)
            inputs = kwargs.pop("inputs", inputs)
            outputs = kwargs.pop("outputs", outputs)
            kwargs.update(given)
            graph = Graph(inputs, outputs)
            args = ()
        if args and args != (self,):  # TensorFlow's tutorials have `super().__init__(self)`
            raise TypeError(
                f"{type(self).__name__}: expected Model(inputs, outputs) or keywords, got {len(args)} positional "
                "argument(s)"
            )
        super().__init__(**kwargs)
        self._graph_or_none = graph
        self._init_trainer()
        self._init_additions()
        self.built = graph is not None
        self.supports_masking = True

    # -- structure ----------------------------------------------------------------------------------------------------
    @property
    def _graph(self) -> Graph | None:
        return self._graph_or_none

    def _require_graph(self, what: str) -> Graph:
        graph = self._graph
        if graph is None:
            raise AttributeError(
                f'{what} (model "{self.name}"): the model has no graph of tensors yet; build it or call it on data '
                "first"
            )
        return graph

    def _sublayers(self) -> list[Any]:
        graph = self._graph
        inner = list(graph.layers) if graph is not None else []
        return list({id(layer): layer for layer in inner + super()._sublayers()}.values())

    @property
    def layers(self) -> list[Any]:
        """The layers directly inside, in the order of computation (functional) or of definition (subclassed)."""
        return self._sublayers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer at `index`, which wins, or called `name`; `ValueError` if there is none."""
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f'get_layer (model "{self.name}"): expected an index below {len(layers)}, got {index}')
            return layers[index]
        if name is None:
            raise ValueError(f'get_layer (model "{self.name}"): expected a name or an index, got neither')
        for layer in layers:
            if layer.name == name:
                return layer
        known = ", ".join(layer.name for layer in layers)
        raise ValueError(f'get_layer (model "{self.name}"): no layer is called "{name}". Layers: {known or "none"}')

    @property
    def inputs(self) -> list[Any] | None:
        """Input tensors of the graph, None for a model without one."""
        return None if self._graph is None else self._graph.flat_inputs

    @property
    def outputs(self) -> list[Any] | None:
        """Output tensors of the graph, None for a model without one."""
        return None if self._graph is None else self._graph.flat_outputs

    @property
    def input_names(self) -> list[str]:
        """Names of the input layers, in order."""
        return self._graph.input_names if self._graph is not None else list(self._learned_input_names)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, in order: of their layers, or `output_1`, ... for a subclassed model."""
        return self._graph.output_names if self._graph is not None else list(self._learned_output_names)

    @property
    def input(self) -> Any:
        """Input tensor(s), in the structure given."""
        return self._require_graph("input").inputs

    @property
    def output(self) -> Any:
        """Output tensor(s), in the structure given."""
        return self._require_graph("output").outputs

    @property
    def input_shape(self) -> Any:
        """Input shape(s) with the batch axis."""
        return nest.map_structure(lambda tensor: tuple(tensor.shape), self.input)

    @property
    def output_shape(self) -> Any:
        """Output shape(s) with the batch axis."""
        return nest.map_structure(lambda tensor: tuple(tensor.shape), self.output)

    # -- building and calling -----------------------------------------------------------------------------------------
    def build(self, input_shape: Any) -> None:
        """Makes the weights of a subclassed model by calling it on placeholders of that shape (or structure of
        shapes).
        """
        if self.built:
            return
        inputs = map_shapes(lambda shape: backend.placeholder(shape=shape, dtype=self.dtype), input_shape)
        self.built = True  # so that the call below does not build again
        self._build_input_shape = input_shape
        try:
            self._call_on_stand_ins(inputs)
        except BaseException:
            self.built = False
            raise

    def _call_on_stand_ins(self, inputs: Any) -> None:
        try:
            with backend.trace():
                self(inputs)
        except TextsWanted as wanted:
            again = with_texts(inputs, wanted)
            if not holds_texts(again):
                raise
            self._call_on_stand_ins(noting(self, again))

    def _build_for_call(self, input_shape: Any) -> None:
        # The layers inside are built by their own first calls; a build of the user's own still runs.
        if type(self).build is not Model.build:
            self.build(input_shape)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Runs the graph on other inputs; a subclass overrides this."""
        if self._graph is None:
            raise TypeError(
                f'{self._kind} (model "{self.name}"): has no call method. Define call(self, inputs), or build it as '
                "Model(inputs, outputs)"
            )
        return self._graph.back.run(inputs, mask)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Builds if needed and calls, on symbolic tensors or on arrays; see Layer."""
        front = None if self._graph is None else self._graph.front
        texts = texts_among(args[:1])
        if texts is not None and texts.lookups.owner is self:
            texts.lookups.begin()
        elif self._graph is None and args and holds_texts(args[0]):
            args = (noting(self, args[0]), *args[1:])
        if front is not None and args and not isinstance(args[0], Prepared):
            if any(is_symbolic(leaf) for leaf in nest.flatten(args[0])):
                return call_in_two_parts(self, front, args, kwargs)
            from nnstack.data.arrays import prepare

            def made(arrays: Any) -> Any:
                return prepare(self, arrays, what="call", empty=True).inputs

            what = f'{self._kind} (model "{self.name}")'
            found = made(args[0]) if texts is None else texts.lookups.find(made, args[0], {}, what)
            args = (Prepared(found), *args[1:])
        return super().__call__(*args, **kwargs)

    def _can_be_called(self) -> bool:
        """False for a subclass that only has steps: its parts are built by their own first calls."""
        own: Any = type(self)
        return self._graph is not None or own.call is not Model.call or own.__call__ is not Model.__call__

    # -- weights ------------------------------------------------------------------------------------------------------
    def _collect(self, kind: str) -> list[backend.Variable]:
        return [variable for layer in self._sublayers() for variable in getattr(layer, kind)]

    @property
    def trainable_weights(self) -> list[backend.Variable]:
        """Weights that training changes, layer by layer, then the model's own."""
        if not self._trainable:
            return []
        own = [variable for variable in self._held_weights() if variable.trainable]
        return _unique(self._collect("trainable_weights") + own)

    @property
    def non_trainable_weights(self) -> list[backend.Variable]:
        """All other weights."""
        own = self._held_weights()
        if not self._trainable:
            return _unique(self._collect("weights") + own)
        return _unique(
            self._collect("non_trainable_weights") + [variable for variable in own if not variable.trainable]
        )

    @property
    def weights(self) -> list[backend.Variable]:
        """All weights, layer by layer, then the model's own; this is the order of `get_weights`."""
        return _unique(self._collect("weights") + self._held_weights())

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights
    variables = weights

    def set_weights(self, weights: Any) -> None:
        """Writes all weights in the order of `get_weights`; nothing is written if a count or shape does not fit."""
        assign_all(self.weights, weights, f'set_weights (model "{self.name}")')

    @property
    def state_updates(self) -> list[Any]:
        """Same as `updates`."""
        return self.updates

    @property
    def stateful(self) -> bool:  # type: ignore[override]
        """True if a layer inside keeps state between batches."""
        return any(layer.stateful for layer in self._sublayers())

    @property
    def uses_learning_phase(self) -> bool:
        """True if a layer inside computes differently in training."""
        return any(
            layer._takes("training")
            for layer in self._flatten_layers(include_self=False)
            if not isinstance(layer, Model)
        )

    # -- description --------------------------------------------------------------------------------------------------
    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
        show_flops: bool = False,
    ) -> None:
        """Prints a table of layers, output shapes and parameter counts; `ValueError` before the weights exist.

        `positions` are column ends, relative or absolute; `print_fn` gets each line, default print; `layer_range` two
        names
        or regular expressions, first and last layer shown. `show_flops` adds the floating-point operations of one
        sample's forward pass, a multiplication and an addition being two; for models that are graphs.
        """
        from nnstack.utils.layer_utils import print_summary

        if not self.built:
            raise ValueError(
                f'summary (model "{self.name}"): the model is not built yet. Call build(input_shape) or call it on '
                "data first"
            )
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range, show_flops)

    def get_config(self) -> dict[str, Any]:
        """Architecture as plain data; of a subclassed model that does not define it the arguments it was made with.

        `TypeError` names an argument that is no plain data and has no config.
        """
        from nnstack.saving.graph_config import graph_config

        if self._graph is None:
            own = type(self).get_config is not Model.get_config
            return {} if own else config_of_arguments(self, super().get_config())
        return graph_config(cast(Any, self))

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A new model, weights freshly drawn, from `get_config()`'s result."""
        from nnstack.saving.graph_config import graph_from_config

        if "layers" not in config or "output_layers" not in config:
            return cls(**(revived(cls, config) if cls.get_config is Model.get_config else config))
        inputs, outputs, added = graph_from_config(config, custom_objects)
        trainable = {} if config.get("trainable", True) else {"trainable": False}
        model = cls(inputs=inputs, outputs=outputs, name=config.get("name"), **trainable)
        for tensor in added:
            model._include(tensor)
        return model


def _unique(variables: list[backend.Variable]) -> list[backend.Variable]:
    return list({id(variable): variable for variable in variables}.values())
