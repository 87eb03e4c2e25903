"""What training needs to go on where it stopped, beside the weights: the optimizer's slots, and the random states.

Keras knows the group `optimizer_weights`. The random states (seed and counter of dropout and noise layers) lie in the
group `random_states`, which Keras does not look at.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nnstack.backend import RandomState
from nnstack.engine.weights import leaves
from nnstack.saving.hdf5_attributes import read_attribute, write_attribute


def write(model: Any, file: Any) -> None:
    """Both groups, where there is something to write."""
    variables = list(model.optimizer.variables)
    if variables:
        write_weights(file.create_group("optimizer_weights"), variables)
    states = random_states(model)
    if states:
        group = file.create_group("random_states")
        write_attribute(group, "layer_names", list(states))
        group.create_dataset("states", data=np.stack([state.variable.numpy() for state in states.values()]))


def read(model: Any, file: Any) -> None:
    """Puts back what the file has; warns where an optimizer's state does not fit the model."""
    if "optimizer_weights" in file:
        _read_optimizer(model, file["optimizer_weights"])
    if "random_states" in file:
        states = random_states(model)
        group = file["random_states"]
        for name, numbers in zip(read_attribute(group, "layer_names"), np.asarray(group["states"]), strict=True):
            if name in states:
                states[name].variable.assign(numbers)


def write_weights(group: Any, variables: list[Any]) -> None:
    """A dataset per variable, and their names in order."""
    write_attribute(group, "weight_names", [variable.name for variable in variables])
    for variable in variables:
        group.create_dataset(variable.name, data=variable.numpy())


def random_states(model: Any) -> dict[str, RandomState]:
    """The random states of all layers inside, by the layer's place in the model and its name."""
    found: dict[int, tuple[str, RandomState]] = {}
    for position, layer in enumerate(model._flatten_layers()):
        for value in vars(layer).values():
            for leaf in leaves(value):
                if isinstance(leaf, RandomState):
                    found.setdefault(id(leaf), (f"{position}/{layer.name}/{len(found)}", leaf))
    return dict(found.values())


def _read_optimizer(model: Any, group: Any) -> None:
    values = [np.asarray(group[name]) for name in read_attribute(group, "weight_names")]
    optimizer = model.optimizer
    if [value.shape for value in values] == [variable.shape for variable in optimizer.variables]:
        optimizer.set_weights(values)  # it had no slots yet when it was saved: compiled, never trained
        return
    try:
        optimizer.build(model.trainable_weights)
        optimizer.set_weights(values)
    except ValueError as error:
        warnings.warn(
            f"load_model: the optimizer starts anew, its state in the file does not fit: {error}", stacklevel=5
        )
