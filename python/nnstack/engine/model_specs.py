"""What a model takes, as specs and shapes, and the paths of its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.engine.shapes import map_shapes
from nnstack.utils import nest


class ModelSpecs(Layer):
    """The part of `Model` that describes its inputs and names its weights."""

    if TYPE_CHECKING:

        @property
        def _graph(self) -> Any: ...

    def save_spec(self, dynamic_batch: bool = True) -> tuple[list[Any], dict[str, Any]] | None:
        """`([spec], {})`: a `tf.TensorSpec`, or a structure of them, of what the model takes; None before that is
        known. `dynamic_batch` leaves the number of rows open.
        """
        from nnstack.compat.specs import TensorSpec

        if self._graph is not None:
            found = nest.map_structure(
                lambda tensor: TensorSpec(tensor.shape, tensor.dtype, tensor._keras_history.layer.name),
                self._graph.inputs,
            )
        elif self._build_input_shape is None:
            return None
        else:
            names = iter(range(1, 1 << 30))
            found = map_shapes(
                lambda shape: TensorSpec(shape, self.compute_dtype, f"input_{next(names)}"), self._build_input_shape
            )
        if dynamic_batch:
            found = nest.map_structure(lambda one: TensorSpec((None, *one.shape[1:]), one.dtype, one.name), found)
        return [found], {}

    def _shape_of_build(self) -> Any:
        if self._graph is None:
            return self._build_input_shape
        return nest.map_structure(lambda tensor: tuple(tensor.shape), self._graph.inputs)

    def get_weight_paths(self) -> dict[str, backend.Variable]:
        """Attribute path -> weight: 'encoder.dense.kernel', for a layer of a graph 'dense.kernel'. A weight that is
        reached in several ways has the shortest of them.
        """
        found: dict[str, backend.Variable] = {}
        named: set[int] = set()
        waiting: list[tuple[str, Any]] = [("", self)]
        seen = {id(self)}
        while waiting:  # breadth first: short paths come before long ones
            place, layer = waiting.pop(0)
            for attribute, value in _parts(layer):
                if isinstance(value, backend.Variable):
                    if id(value) not in named:
                        named.add(id(value))
                        found[place + attribute] = value
                elif id(value) not in seen:
                    seen.add(id(value))
                    waiting.append((f"{place}{attribute}.", value))
        return found


def _parts(layer: Any) -> list[tuple[str, Any]]:
    """(name, weight or layer) directly inside."""
    if getattr(layer, "_graph", None) is not None:
        return [(inner.name, inner) for inner in layer.layers]
    parts: list[tuple[str, Any]] = []
    for attribute, value in vars(layer).items():
        if attribute.startswith("_"):
            continue
        if isinstance(value, backend.Variable | Layer):
            parts.append((attribute, value))
        elif isinstance(value, list | tuple):
            inside = [one for one in enumerate(value) if isinstance(one[1], backend.Variable | Layer)]
            parts += [(f"{attribute}.{number}", one) for number, one in inside]
        elif isinstance(value, dict):
            parts += [(f"{attribute}.{key}", one) for key, one in value.items() if isinstance(one, Layer)]
    return parts
