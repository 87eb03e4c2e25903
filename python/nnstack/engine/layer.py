"""Layer: built once, called many times; it owns weights, config and masks."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

from nnstack import backend, mixed_precision
from nnstack.backend.numbers import falls_back_on_numbers
from nnstack.engine import call as pipeline
from nnstack.engine import context, naming
from nnstack.engine.connections import Connections
from nnstack.engine.given_arguments import GivenArguments, config_of_arguments, revived
from nnstack.engine.keras_1 import takes_keras_1
from nnstack.engine.nodes import Node
from nnstack.engine.rebuilding import Rebuildable
from nnstack.engine.shapes import declared_shape, map_shapes
from nnstack.engine.weights import ATOMS, WeightOwner, leaves
from nnstack.utils import nest


class Layer(WeightOwner, Connections, Rebuildable):
    """What every layer is: `build` makes weights once the input's shape is known, `call` computes.

    Arguments: `trainable` default True; `name` default the class name in snake case, numbered; `dtype` of its weights
    and
    computation, default floatx; and the keywords every Keras layer takes: `input_shape` or `batch_input_shape`,
    `batch_size`, `input_dim`, `weights` (initial values), `activity_regularizer`.
    Write your own by defining `build(input_shape)`, `call(inputs, training=None, mask=None)` and `get_config()`:

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.scale

    Source: https://keras.io/2.16/api/layers/base_layer/
    """

    default_name: ClassVar[str | None] = None
    names_from_one: ClassVar[bool] = False
    stateful: bool = False
    _starts_empty: ClassVar[bool] = False  # True where even old programs set nothing before super().__init__()
    _takes_floats: ClassVar[bool] = False  # True where whole numbers that come in are cast to the compute type
    _sets_own_masks: ClassVar[bool] = False  # True where `call` itself attaches masks to its outputs

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls)
        if not cls.__module__.startswith("nnstack."):
            layer.__dict__["_given_arguments"] = GivenArguments(args, kwargs)
        return layer

    def __init__(
        self,
        trainable: bool = True,
        name: str | None = None,
        dtype: str | None = None,
        dynamic: bool = False,
        **kwargs: Any,
    ) -> None:
        shape_keywords = {
            key: kwargs.pop(key, None) for key in ("input_shape", "batch_input_shape", "batch_size", "input_dim")
        }
        initial = kwargs.pop("weights", None)
        regularizer = kwargs.pop("activity_regularizer", None)
        dtype = dtype or kwargs.pop("input_dtype", None)
        self._autocast = bool(kwargs.pop("autocast", True))
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{self._kind}: expected a string as name, got {name!r}")
        if kwargs:
            raise TypeError(
                f"{self._kind}: unknown argument {sorted(kwargs)[0]!r}; it takes {self._accepted_arguments()}"
            )
        super().__init__()
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []
        if name is None:
            name = naming.unique_name(self.default_name or self._kind, self.names_from_one)
        elif "/" in name and name.startswith("/"):
            raise ValueError(f"{self._kind}: a name must not start with '/', got {name!r}")
        else:
            naming.observe_name(name)
        self._name = name
        self._trainable = bool(trainable)
        self._policy = mixed_precision.get(dtype)
        self._dtype = self._policy.variable_dtype
        self._dynamic = bool(dynamic)
        self._activity_regularizer = _regularizer(regularizer)
        self._initial_weights = initial
        self._losses: list[Any] = []  # of the latest call
        self._lasting_losses: list[Any] = []  # given outside any call
        self._metrics: list[Any] = []
        self._updates: list[Any] = []
        self.built = False
        self.input_spec: Any = None
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self._mask_dropped = False  # whether that has been said
        self._build_input_shape: Any = None
        batch_input_shape = declared_shape(shape_keywords, f'{self._kind} (layer "{name}")')
        if batch_input_shape is not None:
            self._batch_input_shape = batch_input_shape

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls) and cls.__module__.startswith("nnstack.layers"):
            cls.__init__ = takes_keras_1(cls.__init__)  # type: ignore[method-assign]

    # What the class is called in messages.
    @property
    def _kind(self) -> str:
        return self.default_name or naming.snake_case(type(self).__name__)

    def __setattr__(self, name: str, value: Any) -> None:
        if (
            (self._starts_empty or not falls_back_on_numbers())
            and "_own_weights" not in self.__dict__
            and name != "_own_weights"
            and any(isinstance(leaf, WeightOwner | backend.Variable) for leaf in leaves(value))
        ):
            self._require_init()
        if name.lstrip("_") in ("trainable_weights", "non_trainable_weights"):  # as layers of Keras 2.0 name theirs
            self._adopt_weights(value, trainable=not name.lstrip("_").startswith("non"))
        else:
            if isinstance(value, backend.Variable):
                self._release(self.__dict__.get(name), value)
            object.__setattr__(self, name, value)

    def _release(self, former: Any, value: Any) -> None:
        """A weight whose attribute gets another one, as by a second `build`, is no weight of the layer any more."""
        if isinstance(former, backend.Variable) and former is not value:
            self._own_weights = [variable for variable in self._own_weights if variable is not former]

    def _require_init(self) -> None:
        if "_own_weights" not in self.__dict__:
            raise RuntimeError(
                f"{self._kind}: super().__init__() was not called. Call it first in __init__, before attributes are set"
            )

    def __getattr__(self, name: str) -> Any:
        # Reached only for what is missing: a subclass that forgot super().__init__() gets told so.
        if not name.startswith("__"):
            self._require_init()
        member = getattr(type(self), name, None)
        if isinstance(member, property) and member.fget is not None:
            return member.fget(self)  # raises the property's own AttributeError, with its text
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @classmethod
    def _accepted_arguments(cls) -> str:
        own = [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "args", "kwargs")]
        common = ["name", "trainable", "dtype", "input_shape", "batch_input_shape", "batch_size", "weights"]
        return ", ".join(dict.fromkeys(own + common))

    # -- names and types ----------------------------------------------------------------------------------------------
    @property
    def name(self) -> str:
        """Unique within a model. Programs of Keras 2 set it; weights keep the names they have."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        naming.observe_name(name)
        self._name = name

    @property
    def dtype(self) -> str:
        """Type of the weights."""
        return self._dtype

    @property
    def compute_dtype(self) -> str:
        """Type that float inputs are cast to, and the layer computes in."""
        return self._policy.compute_dtype

    @property
    def dtype_policy(self) -> mixed_precision.Policy:
        """Types of weights and computation."""
        return self._policy

    @property
    def _weights_read_as(self) -> str | None:
        """Type of the weights while the layer is called, where it is not their own."""
        return None if self.compute_dtype == self._dtype else self.compute_dtype

    variable_dtype = dtype

    @property
    def dynamic(self) -> bool:
        """True if the layer, or one inside it, may only run eagerly: models with it run step by step, in Python."""
        return any(layer._dynamic for layer in self._flatten_layers())

    @property
    def activity_regularizer(self) -> Any:
        """Called on each output; its value, divided by the batch size, joins the losses."""
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer: Any) -> None:
        self._activity_regularizer = _regularizer(regularizer)

    # -- building and calling -----------------------------------------------------------------------------------------
    def build(self, input_shape: Any) -> None:
        """Makes the weights; `input_shape` is a tuple with None for unknown sizes, or a structure of such tuples."""
        self._build_input_shape = input_shape
        self.built = True

    def _build_for_call(self, input_shape: Any) -> None:
        """What the first call does before `call` runs."""
        self.build(input_shape)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The computation, on tensors; the base class passes its input on."""
        return inputs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Builds if needed and calls, on symbolic tensors or on arrays (then the result is computed at once)."""
        return pipeline.call_layer(self, args, kwargs)

    @functools.cached_property
    def _call_parameters(self) -> Mapping[str, inspect.Parameter]:
        method: Any = self.call
        function = getattr(method, "__func__", None)
        if function is None or method.__self__ is not self:
            return inspect.signature(method).parameters
        return _parameters_of(function)

    def _takes(self, argument: str) -> bool:
        """Whether `call` has that argument, by name or among its `**kwargs`."""
        parameters = self._call_parameters
        return argument in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The output's mask: the input's, if the layer supports masking; `TypeError` if it does not and one is
        given.
        """
        if self.supports_masking:
            return mask
        if any(one is not None for one in nest.flatten(mask)):
            raise TypeError(
                f'{self._kind} (layer "{self.name}"): does not support masking, but was given an input mask. '
                "Remove the mask upstream, or set supports_masking = True if it may pass through"
            )
        return None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output for an input of that shape, both with the batch axis; found by calling on
        placeholders.
        """
        inputs = map_shapes(lambda shape: backend.placeholder(shape=shape, dtype=self.dtype), input_shape)
        with backend.trace():
            outputs = self(inputs, training=False) if self._takes("training") else self(inputs)
        return nest.map_structure(lambda tensor: tuple(tensor.shape), outputs)

    # -- losses, metrics, updates -------------------------------------------------------------------------------------
    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Adds scalars (or callables without arguments that give one) to what training minimises."""
        given = [loss for loss in nest.as_list(losses) if loss is not None]
        (self._lasting_losses if context.outermost() else self._losses).extend(given)

    def add_metric(self, value: Any, aggregation: str | None = None, name: str | None = None) -> None:
        """Reports the mean of `value` over an epoch under `name`; or the metric whose call gave `value`."""
        from nnstack import metrics

        given = getattr(value, "_metric_obj", None)
        if given is not None:
            if all(given is not metric for metric in self._own_metrics()):
                self._metrics.append(given)
            return
        known = next((metric for metric in self._metrics if metric.name == name), None)
        if known is None:
            if name is None:
                raise ValueError(f'add_metric (layer "{self.name}"): expected a name, got None')
            known = metrics.Mean(name=name, dtype=self.dtype)
            self._metrics.append(known)
        known.update_state(value)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Runs updates of variables with each training step: `backend.Update` pairs or callables that assign."""
        for update in nest.as_list(updates) if not hasattr(updates, "_fields") else [updates]:
            pipeline.apply_update(update)
            self._updates.append(update)

    @property
    def losses(self) -> list[Any]:
        """Penalties of the weights' regularizers, and what `add_loss` and activity regularizers gave in the latest
        call.
        """
        collected = []
        for layer in self._flatten_layers():
            given = [*layer._lasting_losses, *layer._losses]
            collected += [loss() if callable(loss) else loss for loss in given]
            collected += layer._regularization_losses()
        return collected

    @property
    def updates(self) -> list[Any]:
        """What `add_update` was given in the latest call."""
        return [update for layer in self._flatten_layers() for update in layer._updates]

    @property
    def metrics(self) -> list[Any]:
        """Metrics of `add_metric`, and Metric objects held in attributes, of this layer and those inside it."""
        return [metric for layer in self._flatten_layers() for metric in layer._own_metrics()]

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The layers inside, outer before inner."""
        return tuple(self._flatten_layers(include_self=False))

    def get_losses_for(self, inputs: Any = None) -> list[Any]:
        """`losses`: they are those of the latest call, whatever its inputs were."""
        return self.losses

    def get_updates_for(self, inputs: Any = None) -> list[Any]:
        """`updates`: they are those of the latest call, whatever its inputs were."""
        return self.updates

    def _own_metrics(self) -> list[Any]:
        from nnstack.metrics import Metric

        values = [value for value in list(self.__dict__.values()) if value.__class__ not in ATOMS]
        held = [leaf for value in values for leaf in leaves(value) if isinstance(leaf, Metric)]
        return list(dict.fromkeys(held))

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses.clear()
            layer._updates.clear()

    # -- config -------------------------------------------------------------------------------------------------------
    def get_config(self) -> dict[str, Any]:
        """Arguments to make such a layer again (without weights), as plain data.

        A class with arguments of its own that does not define this gives those it was made with; `TypeError` names one
        that is no plain data and has no config.
        """
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable, "dtype": self._policy_config()}
        if "_batch_input_shape" in self.__dict__:
            config["batch_input_shape"] = self._batch_input_shape
        return config if type(self).get_config is not Layer.get_config else config_of_arguments(self, config)

    def _policy_config(self) -> Any:
        return mixed_precision.serialize(self._policy)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A new layer from `get_config()`'s result."""
        return cls(**(revived(cls, config) if cls.get_config is Layer.get_config else config))

    def reset_states(self) -> None:
        """Clears the state of stateful layers inside."""
        for layer in self._flatten_layers(include_self=False):
            if layer.stateful:
                layer.reset_states()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r}>"


@functools.lru_cache(maxsize=512)
def _parameters_of(method: Any) -> Mapping[str, inspect.Parameter]:
    """Parameters of a class's method, without `self`."""
    signature = inspect.signature(method).parameters
    return dict(list(signature.items())[1:])


def _regularizer(identifier: Any) -> Any:
    if identifier is None:
        return None
    from nnstack import regularizers

    return regularizers.get(identifier)
