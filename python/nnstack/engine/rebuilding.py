"""What tf.keras's own file format asks of a layer: from what it was built, and its weights by number."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from nnstack.engine.shapes import map_shapes


class Rebuildable:
    """The part of `Layer` that a class with state of its own overrides, so that files can bring it back."""

    if TYPE_CHECKING:
        built: bool
        _build_input_shape: Any

        @property
        def name(self) -> str: ...
        @property
        def dtype(self) -> str: ...
        @property
        def compute_dtype(self) -> str: ...
        def _held_weights(self) -> list[Any]: ...
        def build(self, input_shape: Any) -> None: ...
        def compute_output_shape(self, input_shape: Any) -> Any: ...

    def get_build_config(self) -> dict[str, Any] | None:
        """`{'input_shape': ...}` as `build` was given it, None before the layer is built."""
        shape = self._shape_of_build()
        return None if shape is None else {"input_shape": map_shapes(lambda one: one, shape)}

    def _shape_of_build(self) -> Any:
        return self._build_input_shape

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Makes the weights from what `get_build_config` gave; nothing where the layer is built."""
        shape = config.get("input_shape")
        if shape is not None and not self.built:
            self.build(map_shapes(lambda one: one, shape))

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Writes the layer's own weights, without those of layers inside, as arrays to `store['0']`, `['1']`, ..."""
        for number, variable in enumerate(self._held_weights()):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Reads what `save_own_variables` wrote; `ValueError` if number or shapes of the weights differ."""
        from nnstack.engine.weights import assign_all

        own = self._held_weights()
        title = f'load_own_variables (layer "{self.name}")'
        if len(store) != len(own):
            raise ValueError(f"{title}: expected {len(own)} arrays, got {len(store)}")
        assign_all(own, [store[str(number)] for number in range(len(own))], title)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """The `tf.TensorSpec` (or structure) of the output for inputs of that signature."""
        from nnstack.compat.specs import TensorSpec
        from nnstack.utils import nest

        shapes = nest.map_structure(lambda spec: tuple(spec.shape), input_signature)
        return map_shapes(lambda shape: TensorSpec(shape, self.compute_dtype), self.compute_output_shape(shapes))

    def finalize_state(self) -> None:
        """Nothing: what `adapt` found is in use at once."""
