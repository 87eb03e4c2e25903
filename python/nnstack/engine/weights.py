"""Weights of a layer and of the layers inside it: who owns what, in which order, trainable or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from nnstack import _core, backend
from nnstack.engine import context

# Bookkeeping attributes, in which nothing is looked for.
_UNTRACKED = frozenset(
    {
        "_inbound_nodes",
        "_outbound_nodes",
        "_own_weights",
        "_trained_variables",
        "_compiled_trainable",
        "_tensor_source",
        "_target_tensors",
        "_steps",
        "_losses",
        "_lasting_losses",
        "_updates",
        "_stack_tensors",
        "_added_tensors",
        "_states_between_batches",
    }
)


_FLOATS = ("float16", "bfloat16", "float32", "float64")
_WEIGHT_ARGUMENTS = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
_WEIGHT_ARGUMENTS_OF_KERAS_2_0 = ("shape", "initializer", "name", "trainable", "regularizer", "constraint")


# Most attributes; nothing is found in them.
ATOMS = frozenset({bool, int, float, str, type(None)})


def leaves(value: Any) -> Iterator[Any]:
    """An attribute's value, or what it holds where it is a list, tuple or dict."""
    if type(value) in ATOMS:
        return
    if isinstance(value, dict) or (hasattr(type(value), "keys") and isinstance(value, Mapping)):  # the latter is slow
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


class WeightOwner:
    """The part of `Layer` that makes, finds, reads and writes weights."""

    # False for programs of Keras up to 2.2, where a variable in an attribute of a user's layer was no weight.
    finds_variables: ClassVar[bool] = True

    if TYPE_CHECKING:
        built: bool
        _trainable: bool

        @property
        def name(self) -> str: ...
        @property
        def dtype(self) -> str: ...
        @property
        def _kind(self) -> str: ...

    trainable_changes: ClassVar[int] = 0  # how often any layer's `trainable` was set, so that a change is noticed

    def __init__(self) -> None:
        self._own_weights: list[backend.Variable] = []

    def add_weight(
        self,
        *args: Any,
        name: str | None = None,
        shape: Any = None,
        dtype: str | None = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        **kwargs: Any,
    ) -> backend.Variable:
        """A new weight called `<layer>/<name>:0`.

        `shape` a tuple of ints, default (); `initializer` default Glorot uniform for floats and zeros for integers;
        `regularizer` and `constraint` names, callables or None. By position they are taken in this order, or, where the
        first is a shape, in that of Keras 2.0: shape, initializer, name, trainable, regularizer, constraint. What only
        distributed training needs (`synchronization`, `aggregation`, ...) is ignored.
        Raises `ValueError` if a size is unknown, `TypeError` for arguments given twice.
        """
        from nnstack import constraints, initializers, regularizers

        if args:
            first_is_name = args[0] is None or isinstance(args[0], str)
            given = dict(
                zip(_WEIGHT_ARGUMENTS if first_is_name else _WEIGHT_ARGUMENTS_OF_KERAS_2_0, args, strict=False)
            )
            named = {
                "name": name, "shape": shape, "dtype": dtype, "initializer": initializer, "regularizer": regularizer,
                "trainable": trainable, "constraint": constraint,
            }  # fmt: skip
            twice = [key for key in given if named[key] is not None]
            if twice or len(args) > len(given):
                raise TypeError(
                    f'add_weight (layer "{self.name}"): {twice[0]} is given twice, by position and by name'
                    if twice
                    else f'add_weight (layer "{self.name}"): expected at most {len(given)} arguments, got {len(args)}'
                )
            return self.add_weight(**{**named, **given, **kwargs})
        sizes = tuple(() if shape is None else (shape,) if isinstance(shape, int) else shape)
        if any(size is None for size in sizes):
            raise ValueError(
                f'{self._kind} (layer "{self.name}"): weight {name!r} needs known sizes, got shape {sizes}. '
                "Give the input a known size on that axis"
            )
        dtype = dtype or self.dtype
        if initializer is None:
            initializer = "glorot_uniform" if dtype.startswith(("float", "bfloat")) else "zeros"
        full_name = context.weight_name(self.name, name or "Variable")
        value: Any
        if context.take_from_file(sizes, full_name):
            value = _core.Variable.zeros(full_name, sizes, dtype)
        else:
            value = initializers.get(initializer)(sizes, dtype=dtype)
        variable = backend.Variable(value, dtype=dtype, name=full_name, constraint=constraints.get(constraint))
        variable.trainable = trainable is not False
        variable.regularizer = regularizers.get(regularizer)
        variable.autocast = dtype in _FLOATS and kwargs.get("experimental_autocast", True)
        self._own_weights.append(variable)
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> backend.Variable:
        """`add_weight` under its name in TensorFlow 1."""
        return self.add_weight(*args, **kwargs)

    def _adopt_weights(self, variables: Any, trainable: bool) -> None:
        """Variables made by hand become weights of the layer."""
        for variable in variables:
            variable.trainable = trainable
            if all(variable is not known for known in self._own_weights):
                self._own_weights.append(variable)

    # -- the layers inside --------------------------------------------------------------------------------------------
    def _sublayers(self) -> list[Any]:
        """Layers held in attributes, lists and dicts, in the order in which the attributes were set."""
        found: dict[int, Any] = {}
        for attribute, value in list(self.__dict__.items()):
            if type(value) not in ATOMS and attribute not in _UNTRACKED:
                for leaf in leaves(value):
                    if isinstance(leaf, WeightOwner) and leaf is not self:
                        found.setdefault(id(leaf), leaf)
        return list(found.values())

    def _flatten_layers(self, include_self: bool = True) -> list[Any]:
        """This layer and all layers inside it, outer before inner, each once."""
        found: dict[int, Any] = {}

        def visit(layer: WeightOwner) -> None:
            if id(layer) not in found:
                found[id(layer)] = layer
                for inner in layer._sublayers():
                    visit(inner)

        visit(self)
        return list(found.values())[0 if include_self else 1 :]

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; set on a layer it holds for the layers inside. Taken at `compile`."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        WeightOwner.trainable_changes += 1
        for layer in self._flatten_layers():
            layer._trainable = bool(value)

    # -- the weights --------------------------------------------------------------------------------------------------
    def _held_weights(self) -> list[backend.Variable]:
        """Own weights: those of `add_weight`, then Variables found in attributes."""
        held = {id(variable): variable for variable in self._own_weights}
        if not WeightOwner.finds_variables and not type(self).__module__.startswith("nnstack."):
            return list(held.values())
        for attribute, value in list(self.__dict__.items()):
            if type(value) not in ATOMS and attribute not in _UNTRACKED:
                for leaf in leaves(value):
                    if isinstance(leaf, backend.Variable):
                        held.setdefault(id(leaf), leaf)
        return list(held.values())

    @property
    def trainable_weights(self) -> list[backend.Variable]:
        """Weights that training changes: own ones first, then those of the layers inside."""
        if not self._trainable:
            return []
        own = [variable for variable in self._held_weights() if variable.trainable]
        return _unique(own + [variable for layer in self._sublayers() for variable in layer.trainable_weights])

    @property
    def non_trainable_weights(self) -> list[backend.Variable]:
        """Weights that training leaves alone, or that the layer updates itself."""
        own = self._held_weights()
        inner = self._sublayers()
        if self._trainable:
            own = [variable for variable in own if not variable.trainable]
            return _unique(own + [variable for layer in inner for variable in layer.non_trainable_weights])
        own.sort(key=lambda variable: not variable.trainable)
        return _unique(own + [variable for layer in inner for variable in layer.weights])

    @property
    def weights(self) -> list[backend.Variable]:
        """Trainable, then non-trainable weights."""
        return _unique(self.trainable_weights + self.non_trainable_weights)

    @property
    def _trainable_weights(self) -> list[backend.Variable]:
        """The list that layers of one's own append to, as Keras's layers have it."""
        return _HandMade(self, True)

    @property
    def _non_trainable_weights(self) -> list[backend.Variable]:
        return _HandMade(self, False)

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights
    variables = weights

    def _regularization_losses(self) -> list[Any]:
        """Penalties of this layer's own weights; those of frozen ones count in the loss too, as in Keras 2."""
        return [variable.regularizer(variable) for variable in self._held_weights() if variable.regularizer]

    def count_params(self) -> int:
        """Number of scalars in the weights; `ValueError` before they exist."""
        if not self.built:
            raise ValueError(
                f'count_params (layer "{self.name}"): the layer is not built yet. Call build(input_shape) first'
            )
        return count_scalars(self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights as arrays, in the order of `weights`."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Writes all weights; nothing is written if the count or a shape does not fit (`ValueError`)."""
        assign_all(self.weights, weights, f'set_weights (layer "{self.name}")')


class _HandMade(list):  # type: ignore[type-arg]
    """A layer's own weights of one kind; what is put into the list becomes a weight of the layer."""

    def __init__(self, owner: WeightOwner, trainable: bool) -> None:
        super().__init__(variable for variable in owner._own_weights if variable.trainable == trainable)
        self._owner, self._kind = owner, trainable

    def append(self, variable: backend.Variable) -> None:
        self.extend([variable])

    def extend(self, variables: Iterable[backend.Variable]) -> None:
        listed = list(variables)
        super().extend(listed)
        self._owner._adopt_weights(listed, self._kind)


def _unique(variables: list[backend.Variable]) -> list[backend.Variable]:
    return list({id(variable): variable for variable in variables}.values())


def count_scalars(variables: Sequence[backend.Variable]) -> int:
    """How many numbers the variables hold together, shared ones once."""
    return sum(int(np.prod(variable.shape)) for variable in _unique(list(variables)))


def assign_all(variables: Sequence[backend.Variable], arrays: Any, what: str) -> None:
    """Assigns arrays to variables one to one, after all of them have been checked."""
    if not isinstance(arrays, list | tuple):
        raise TypeError(f"{what}: expected a list of arrays, got {arrays!r} of type {type(arrays).__name__}")
    if len(arrays) != len(variables):
        names = ", ".join(f"{variable.name} {variable.shape}" for variable in variables) or "none"
        given = ", ".join(str(np.shape(array)) for array in arrays) or "none"
        raise ValueError(f"{what}: expected {len(variables)} weights ({names}), got {len(arrays)} (shapes {given})")
    converted = [np.asarray(array) for array in arrays]
    for variable, array in zip(variables, converted, strict=True):
        if tuple(variable.shape) != array.shape:
            raise ValueError(f"{what}: weight {variable.name} expects shape {tuple(variable.shape)}, got {array.shape}")
    for variable, array in zip(variables, converted, strict=True):
        variable.assign(cast(Any, array))
