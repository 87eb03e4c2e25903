"""What happens when a layer is called: a row of small steps, the same for symbolic tensors and for arrays.

normalise inputs -> check `input_spec` -> build under the layer's name -> collect masks and `training` -> `call` ->
output mask ->
activity regularizer -> record the node.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstack import backend
from nnstack.backend.modes import is_learning_phase
from nnstack.backend.numbers import NumbersNeeded, falls_back_on_numbers
from nnstack.backend.variable import Trace, autocast, current_scope
from nnstack.engine import context
from nnstack.engine.connections import mask_of
from nnstack.engine.front import refuse_texts
from nnstack.engine.nodes import Node, history_of
from nnstack.engine.operations import adopt
from nnstack.engine.shapes import shape_of
from nnstack.engine.spec import InputSpec, check_input
from nnstack.engine.texts import Texts, texts_among
from nnstack.engine.unseen import unseen_outputs
from nnstack.utils import nest

if TYPE_CHECKING:
    from nnstack.engine.layer import Layer

_FLOATS = ("float16", "bfloat16", "float32", "float64")


def call_layer(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The whole road of one call; returns what the layer's `call` returns."""
    if not args:
        first = next((name for name in ("inputs", *list(layer._call_parameters)[:1]) if name in kwargs), None)
        if first is None:
            raise TypeError(f'{layer._kind} (layer "{layer.name}"): called without inputs')
        args = (kwargs.pop(first),)
    if args[0] is None and isinstance(layer.input_spec, InputSpec):
        raise TypeError(f'{layer._kind} (layer "{layer.name}"): expected a tensor or an array, got None')
    inputs = _normalise(layer, args[0])
    rest = tuple(nest.map_structure(_tensor_if_array, arg) for arg in args[1:])
    kwargs = {
        key: nest.map_structure(_tensor_if_array, value) if key != "training" else value
        for key, value in kwargs.items()
    }
    tensors = [leaf for leaf in nest.flatten((inputs, rest, kwargs)) if backend.is_tensor(leaf)]
    given = bool(tensors) or texts_among(inputs, rest, kwargs) is not None
    eager = given and not isinstance(current_scope(), Trace) and all(_is_concrete(tensor) for tensor in tensors)
    from_graph = not eager and context.outermost() and adopt(tensors)

    if from_graph:
        refuse_texts(layer, tensors)
    if layer.input_spec is not None:
        check_input(layer.input_spec, inputs, layer._kind, layer.name)
    with context.name_scope(layer.name), backend.eager_scope() if eager else contextlib.nullcontext():
        build_layer(layer, inputs)
        call_kwargs = dict(kwargs)
        in_masks = _fill_mask(layer, inputs, rest, call_kwargs)
        training = _fill_training(layer, rest, call_kwargs, eager)
        own_inputs = _autocast(layer, inputs)

        def compute(training: Any, named: dict[str, Any]) -> Any:
            # While a graph is built what the layer assigns is dropped: a traced step will assign it.
            with (
                context.calling(training),
                autocast(layer._weights_read_as),
                backend.trace() if from_graph else contextlib.nullcontext(),
            ):
                if from_graph and layer.dynamic:
                    return unseen_outputs(layer, inputs, rest, named)
                return layer.call(own_inputs, *rest, **named)

        if not from_graph and context.outermost():
            layer._clear_losses()
        try:
            outputs = compute(training, call_kwargs)
        except NumbersNeeded:
            if not from_graph:
                raise
            outputs = _at_rest_or_unseen(layer, compute, training, call_kwargs)
        outputs = _own_tensors(outputs, tensors)
        _set_masks(layer, own_inputs, outputs, in_masks)
        _regularize_activity(layer, outputs)
    if from_graph:
        rest, kwargs = _named(layer, rest, kwargs)
        Node(layer, (inputs, *rest), kwargs, outputs)
    return outputs


def _at_rest_or_unseen(layer: Layer, compute: Any, training: Any, named: dict[str, Any]) -> Any:
    """Outputs for the graph of a layer whose `call` asked for numbers."""
    try:
        if not is_learning_phase(training):
            raise NumbersNeeded
        # `if training:` in Python. The graph holds the branch at rest; steps are traced with True or False.
        fixed = {"training": False} if named.get("training") is training else {}
        return compute(False, {**named, **fixed})
    except NumbersNeeded:
        if not falls_back_on_numbers():
            return compute(training, named)  # raises what it raised before
    layer._dynamic = True
    return compute(training, named)


def _named(layer: Layer, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments behind the inputs under their names, as configs hold them; none is named where `call` takes *args."""
    parameters = list(layer._call_parameters.values())[1 : 1 + len(rest)]
    if len(parameters) < len(rest) or any(one.kind is not one.POSITIONAL_OR_KEYWORD for one in parameters):
        return rest, kwargs
    return (), {**dict(zip([one.name for one in parameters], rest, strict=True)), **kwargs}


def _is_concrete(tensor: Any) -> bool:
    return not isinstance(tensor, backend.Variable) and bool(tensor.concrete)


def _tensor_if_array(leaf: Any) -> Any:
    return backend.convert(leaf) if isinstance(leaf, np.ndarray) else leaf


def _normalise(layer: Layer, inputs: Any) -> Any:
    """Arrays, numbers and nested lists of numbers become tensors."""
    if isinstance(inputs, list | tuple) and not any(
        backend.is_tensor(leaf) or isinstance(leaf, np.ndarray) for leaf in nest.flatten(inputs)
    ):
        numbers = np.asarray(inputs)
        if numbers.dtype.kind in "biuf":
            inputs = numbers

    def convert(leaf: Any) -> Any:
        if isinstance(leaf, str | bytes):
            raise TypeError(
                f'{layer._kind} (layer "{layer.name}"): expected tensors or arrays of numbers, got {leaf!r}'
            )
        if isinstance(leaf, Texts) and not type(layer).__module__.startswith("nnstack.layers."):
            return leaf
        if isinstance(leaf, Texts) or isinstance(leaf, np.ndarray) and leaf.dtype.kind in "US":
            raise TypeError(
                f'{layer._kind} (layer "{layer.name}"): expected tensors or arrays of numbers, got an array of texts. '
                "Look them up with TextVectorization, StringLookup or Hashing first"
            )
        if leaf is None:
            return leaf
        return leaf if backend.is_tensor(leaf) else backend.convert(leaf)

    return nest.map_structure(convert, inputs)


def _autocast(layer: Layer, inputs: Any) -> Any:
    """Float tensors, and whole numbers where the layer takes floats, in the type that the layer computes in. The graph
    knows them as they were: a cast is no layer.
    """
    wanted = layer.compute_dtype
    if not (layer._autocast or layer._takes_floats) or wanted not in _FLOATS:
        return inputs

    def cast(tensor: Any) -> Any:
        if tensor is None or tensor.dtype == wanted:
            return tensor
        if not (layer._autocast if tensor.dtype in _FLOATS else layer._takes_floats):
            return tensor
        result = backend.cast(tensor, wanted)
        result._keras_mask = mask_of(tensor)
        return result

    return nest.map_structure(cast, inputs)


def build_layer(layer: Layer, inputs: Any) -> None:
    """Makes the weights if they do not exist yet, and sets the initial values given as `weights=`."""
    if layer.built:
        return
    shapes = nest.map_structure(shape_of, inputs)
    layer._build_for_call(shapes)
    layer._build_input_shape = shapes
    layer.built = True
    if layer.input_spec is not None:
        check_input(layer.input_spec, inputs, layer._kind, layer.name)
    set_initial_weights(layer)


def set_initial_weights(layer: Layer) -> None:
    """Values given with the keyword `weights` replace what the initializers drew, once."""
    if layer._initial_weights is not None:
        layer.set_weights(layer._initial_weights)
        layer._initial_weights = None


def _fill_mask(layer: Layer, inputs: Any, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Masks that travel with the inputs; handed to `call` if it takes them and the caller gave none."""
    masks = nest.map_structure(mask_of, inputs)
    if all(mask is None for mask in nest.flatten(masks)):
        masks = None
    if layer._takes("mask"):
        if kwargs.get("mask") is not None:
            return kwargs["mask"]
        if masks is not None and not _by_position(layer, "mask", rest):
            kwargs["mask"] = masks
    else:
        kwargs.pop("mask", None)
    return masks


def _by_position(layer: Layer, argument: str, rest: tuple[Any, ...]) -> bool:
    """Whether the caller gave this argument of `call` by position."""
    names = list(layer._call_parameters)
    return argument in names and names.index(argument) <= len(rest)


def _fill_training(layer: Layer, rest: tuple[Any, ...], kwargs: dict[str, Any], eager: bool) -> Any:
    """The learning mode of this call: the caller's, else the surrounding call's, else `call`'s default, else the
    learning phase.
    """
    training = kwargs.get("training")
    takes = layer._takes("training")
    if takes and training is None and _by_position(layer, "training", rest):
        return rest[list(layer._call_parameters).index("training") - 1]
    if training is None:
        training = context.current_training()
    if training is None and "training" in layer._call_parameters:
        default = layer._call_parameters["training"].default
        training = default if isinstance(default, bool) else None
    if training is None:
        phase = backend.learning_phase()
        training = False if eager and backend.is_tensor(phase) else phase
    if isinstance(training, int) and not isinstance(training, bool):
        training = bool(training)
    if takes:
        kwargs["training"] = training
    else:
        kwargs.pop("training", None)
    return training


def _own_tensors(outputs: Any, inputs: list[Any]) -> Any:
    """Outputs that are the layer's own: one that is an input, or another layer's output, is passed through
    `identity`.
    """
    known = {id(tensor) for tensor in inputs}

    def own(leaf: Any) -> Any:
        if isinstance(leaf, backend.Variable):
            return leaf.read_value()
        if backend.is_tensor(leaf) and (id(leaf) in known or history_of(leaf) is not None):
            return backend.identity(leaf)
        return leaf

    return nest.map_structure(own, outputs)


def _set_masks(layer: Layer, inputs: Any, outputs: Any, masks: Any) -> None:
    if layer._sets_own_masks:
        return
    if not layer.supports_masking:
        if masks is not None and not layer._mask_dropped and not layer._takes("mask"):
            layer._mask_dropped = True
            warnings.warn(
                f'{layer._kind} (layer "{layer.name}"): does not support masking; the mask of its input ends here, and '
                "layers behind it see every step. Set supports_masking = True in a layer of your own to hand it on",
                stacklevel=4,
            )
        return
    given = layer.compute_mask(inputs, masks)
    flat = nest.flatten(outputs)
    out = nest.flatten(given) if given is not None else []
    for tensor, mask in zip(flat, out, strict=False):  # one mask for several outputs is the first one's
        if mask is not None:
            tensor._keras_mask = mask


def _regularize_activity(layer: Layer, outputs: Any) -> None:
    regularizer = layer.activity_regularizer
    if regularizer is None:
        return
    for tensor in nest.flatten(outputs):
        batch = backend.cast(backend.shape(tensor)[0], tensor.dtype)
        layer._losses.append(regularizer(tensor) / batch)


def apply_update(update: Any) -> None:
    """Carries out one thing given to `add_update`: a callable, a `backend.Update` or a (variable, value) pair."""
    if callable(update):
        update()
    elif isinstance(update, tuple) and len(update) == 2:
        update[0].assign(update[1])
