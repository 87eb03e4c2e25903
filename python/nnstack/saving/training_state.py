"""What training needs to go on where it stopped, beside the weights: the optimizer's slots, the states of layers, and
where the run was.

Keras knows the group `optimizer_weights`. The random states (seed and counter of dropout and noise layers) lie in the
group `random_states`, the rest in the group `training_run`; Keras looks at neither.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnstack.backend import RandomState, Variable
from nnstack.engine.weights import leaves
from nnstack.saving import hdf5_guard, pieces, plain_data
from nnstack.saving.hdf5_attributes import write_attribute
from nnstack.saving.weight_layouts import Origin


def write(model: Any, file: Any, arrays: list[tuple[str, np.ndarray]]) -> None:
    """Both groups, where there is something to write; `arrays` are the optimizer's, with names."""
    if arrays:
        write_arrays(file.create_group("optimizer_weights"), arrays)
    write_states(model, file)


def write_states(model: Any, file: Any) -> None:
    """The groups `random_states` and `training_run`, if the model has what belongs there."""
    run = model._run.state(model) if hasattr(model._run, "state") else model._run
    kept, scales = ([variable.numpy() for variable in those] for those in (kept_variables(model), loss_scales(model)))
    if run is not None or kept or scales:
        text, arrays = plain_data.pack({"run": run, "kept_states": kept, "loss_scales": scales})
        group = file.create_group("training_run")
        for name, array in [("state", np.frombuffer(text.encode(), np.uint8)), *enumerate(arrays)]:
            group.create_dataset(str(name), data=array)
    states = random_states(model)
    if states:
        group = file.create_group("random_states")
        write_attribute(group, "layer_names", list(states))
        group.create_dataset("states", data=np.stack([state.variable.numpy() for state in states.values()]))


def read(model: Any, file: Any, origin: Origin, stored_names: dict[int, str]) -> None:
    """Puts back what the file has; warns where an optimizer's state does not fit the model.

    `stored_names`: id(weight) -> its name in the file, by which old versions sort their optimizer's arrays.
    """
    if hdf5_guard.has(file, "optimizer_weights"):
        group = hdf5_guard.group_at(file, "optimizer_weights")
        values = [array.read() for _, array in hdf5_guard.arrays(group)]
        set_optimizer(model, values, origin, stored_names)
    read_states(model, file)


def read_states(model: Any, file: Any) -> None:
    """Random states and kept states of layers that are where they were, and where the run was, for `fit` to go on."""
    _read_run(model, file)
    if not hdf5_guard.has(file, "random_states"):
        return
    states = {_place(name): state.variable for name, state in random_states(model).items()}
    group = hdf5_guard.group_at(file, "random_states")
    stored = hdf5_guard.StoredArray(hdf5_guard.child(group, "states")).read()
    for name, numbers in zip(hdf5_guard.names(group, "layer_names"), stored, strict=False):
        variable = states.get(_place(name))
        if variable is not None and numbers.shape == variable.shape:
            variable.assign(numbers)


def _place(name: str) -> tuple[str, str]:
    """Without the layer's name, which in a subclassed model counts the layers of the process."""
    return name.split("/")[0], name.split("/")[-1]


def _read_run(model: Any, file: Any) -> None:
    if not hdf5_guard.has(file, "training_run"):
        return
    group = hdf5_guard.group_at(file, "training_run")
    stored = [hdf5_guard.StoredArray(hdf5_guard.child(group, str(number))) for number in range(len(group) - 1)]
    text = hdf5_guard.StoredArray(hdf5_guard.child(group, "state")).read().tobytes()
    try:
        found = plain_data.unpack(text.decode(), [array.read() for array in stored])
        model._run = found["run"]
        stored_of = [(list(found["kept_states"]), kept_variables(model))]
        stored_of.append((list(found.get("loss_scales", ())), loss_scales(model)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"training_run is broken: {error}") from None
    for values, variables in stored_of:
        if [np.shape(one) for one in values] == [tuple(variable.shape) for variable in variables]:
            for variable, numbers in zip(variables, values, strict=True):
                variable.assign(numbers)


def write_arrays(group: Any, arrays: list[tuple[str, Any]]) -> None:
    """A dataset per array or variable, and their names in order."""
    write_attribute(group, "weight_names", [name for name, _ in arrays])
    for name, array in arrays:
        write_array(group, name, array)


def write_array(group: Any, name: str, value: Any) -> None:
    """A dataset of an array, or of a variable's numbers, which are copied piece by piece where there are many."""
    if not isinstance(value, Variable):
        group.create_dataset(name, data=value)
        return
    dtype = np.dtype("float32" if value.dtype == "bfloat16" else value.dtype)
    if value.dtype == "bfloat16" or math.prod(value.shape) * dtype.itemsize <= pieces.SIZE:
        group.create_dataset(name, data=value.numpy())
        return
    stored = group.create_dataset(name, value.shape, dtype)
    for begin, place, part in pieces.of_array(value.shape, dtype):
        value.handle.read_part(begin, part)
        stored.write_direct(part, dest_sel=place)


def random_states(model: Any) -> dict[str, RandomState]:
    """The random states of all layers inside, by the layer's place in the model and its name."""
    found = _held(model, RandomState)
    return {f"{place}/{number}": state for number, (place, state) in enumerate(found)}


def kept_variables(model: Any) -> list[Variable]:
    """The states that stateful layers keep between batches."""
    from nnstack.layers.recurrent.states import KeptStates

    return [variable for _, state in _held(model, KeptStates) for variable in state.variables]


def loss_scales(model: Any) -> list[Variable]:
    """The scales of losses in half precision, and the steps since they last changed."""
    from nnstack.optimizers.loss_scale import LossScaleOptimizer

    scaled = [optimizer for optimizer in _optimizers(model) if isinstance(optimizer, LossScaleOptimizer)]
    return [variable for optimizer in scaled for variable in (optimizer._scale, optimizer._counter)]


def states_beside_weights(model: Any) -> list[Variable]:
    """The variables of random and of stateful layers, and the scales of losses."""
    return [*[state.variable for state in random_states(model).values()], *kept_variables(model), *loss_scales(model)]


def _held(model: Any, kind: type) -> list[tuple[str, Any]]:
    """(place of the layer in the model and its name, object of that kind which it holds), each object once."""
    found: dict[int, tuple[str, Any]] = {}
    for position, layer in enumerate(model._flatten_layers()):
        for value in vars(layer).values():
            for leaf in leaves(value):
                if isinstance(leaf, kind):
                    found.setdefault(id(leaf), (f"{position}/{layer.name}", leaf))
    return list(found.values())


def optimizer_states(model: Any) -> list[dict[str, Any]]:
    """Of all optimizers that the model was compiled with or has in attributes: their numbers, their rate where it can
    be set, and the places of the weights they were built for.
    """
    places = {id(weight): place for place, weight in enumerate(model.weights)}
    return [
        {
            "numbers": list(optimizer.get_weights()),
            "rate": optimizer.learning_rate.numpy() if isinstance(optimizer.learning_rate, Variable) else None,
            "built_for": [places[id(weight)] for weight in optimizer._var_list if id(weight) in places],
        }
        for optimizer in _optimizers(model)
    ]


def set_optimizer_states(model: Any, states: list[dict[str, Any]]) -> None:
    """Takes what `optimizer_states` gave; `ValueError` where it does not fit."""
    weights = list(model.weights)
    for optimizer, state in zip(_optimizers(model), states, strict=True):
        if state["built_for"]:
            optimizer.build([weights[place] for place in state["built_for"]])
        optimizer.set_weights(state["numbers"])
        if state["rate"] is not None:
            optimizer.learning_rate = state["rate"]


def _optimizers(model: Any) -> list[Any]:
    from nnstack.optimizers.base import BaseOptimizer

    held = [leaf for value in vars(model).values() for leaf in leaves(value) if isinstance(leaf, BaseOptimizer)]
    return list(dict.fromkeys(held))


def set_optimizer(
    model: Any, values: list[np.ndarray], origin: Origin, stored_names: Mapping[int, str] | None = None
) -> None:
    """The optimizer's arrays, as one of the layouts that Keras has had; the first that fits is taken."""
    optimizer = model.optimizer
    if [value.shape for value in values] == [variable.shape for variable in optimizer.variables]:
        optimizer.set_weights(values)  # it had no slots yet when it was saved: compiled, never trained
        return
    weights = list(model.trainable_weights)
    optimizer.build(weights)
    own = [tuple(variable.shape) for variable in optimizer.variables]
    names = stored_names or {}
    by_name = sorted(weights, key=lambda variable: names.get(id(variable), variable.name))
    orders = [by_name, weights] if origin.version < (2, 0, 7) else [weights, by_name]
    for order in orders:
        for candidate in _layouts(values, len(weights)):
            arranged = _in_our_order(candidate, order, weights, len(own))
            if [value.shape for value in arranged] == own:
                optimizer.set_weights(arranged)
                return
    warnings.warn(
        f"load_model: the optimizer starts anew, its state in the file does not fit: {len(values)} arrays for "
        f"{len(own)} variables of {type(optimizer).__name__}",
        stacklevel=5,
    )


def _layouts(values: list[np.ndarray], count: int) -> Iterator[list[np.ndarray]]:
    """The arrays as written, then without what others write and we do not keep, then with what they left out.

    Keras 3 has the learning rate after the iterations; Keras 2 has empty maxima for Adam without AMSGrad, and wrote no
    iterations for RMSprop, Adagrad and Adadelta.
    """
    yield values
    if len(values) > 1 and values[0].shape == () and values[1].shape == ():
        yield [values[0], *values[2:]]
    if len(values) == 3 * count + 1:
        yield values[: 2 * count + 1]
    if values and len(values) % max(count, 1) == 0:
        yield [np.zeros((), np.int64), *values]
    if values and values[0].shape == ():
        yield values[:1]  # SGD of Keras 2 keeps moments that momentum=0 never uses


def _in_our_order(values: list[np.ndarray], order: list[Any], weights: list[Any], expected: int) -> list[np.ndarray]:
    """Slots that follow the variables of `order`, one kind after the other, as they follow `weights` here."""
    if order is weights or len(values) != expected or not weights:
        return values
    head = (len(values)) % len(weights)
    position = {id(variable): number for number, variable in enumerate(order)}
    result = values[:head]
    for start in range(head, len(values), len(weights)):
        result += [values[start + position[id(variable)]] for variable in weights]
    return result
