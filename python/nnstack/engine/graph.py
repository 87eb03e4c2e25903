"""The structure of a functional model: which layers, in which order, and how to run them on new inputs."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from nnstack import _core, backend
from nnstack.backend.stand_ins import substitute
from nnstack.engine import context
from nnstack.engine.connections import mask_of
from nnstack.engine.front import Front, Prepared, calls_on_arrays, is_text, reached
from nnstack.engine.layer import Layer
from nnstack.engine.nodes import History, Node, history_of
from nnstack.engine.operations import adopt
from nnstack.utils import nest


class Graph:
    """All nodes between `inputs` and `outputs` (tensors, or structures of tensors).

    Raises `ValueError` if an output does not come from the inputs, or two layers share a name.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs = _alone(inputs)
        self.outputs = _alone(outputs)
        self.flat_inputs = nest.flatten(inputs)
        self.flat_outputs = nest.flatten(outputs)
        self._check_inputs()
        adopt(self.flat_outputs)
        for tensor in self.flat_outputs:
            if history_of(tensor) is None:
                raise ValueError(f"model: expected outputs made by layers from the inputs, got {tensor!r}")
        self._extra: list[Any] = []
        self._sort_and_check()

    def include(self, tensors: list[Any]) -> None:
        """Computes these tensors too in every run, though they are no outputs."""
        self._extra += tensors
        self._sort_and_check()

    def _sort_and_check(self) -> None:
        self.front: Front | None = None
        self.nodes, self.layers = _sort(self.flat_inputs, [*self.flat_outputs, *self._extra])
        self._check_connected()
        self._check_names()
        on_arrays = calls_on_arrays(self)
        self.front = Front(self, on_arrays) if on_arrays or any(map(is_text, self.flat_inputs)) else None

    @property
    def back(self) -> Graph:
        """The part of the graph that numbers are fed to: all of it, unless it has a front."""
        return self if self.front is None else self.front.back

    @property
    def input_layers(self) -> list[Layer]:
        return [tensor._keras_history.layer for tensor in self.flat_inputs]

    @property
    def sources(self) -> list[Any]:
        """For every input the tensor or variable that it is read from; None where data are fed."""
        return [getattr(layer, "_tensor_source", None) for layer in self.input_layers]

    @property
    def fed_inputs(self) -> list[Any]:
        """The inputs that take data."""
        return [tensor for tensor, source in zip(self.flat_inputs, self.sources, strict=True) if source is None]

    @property
    def fed_names(self) -> list[str]:
        """Their names."""
        return [tensor._keras_history.layer.name for tensor in self.fed_inputs]

    @property
    def output_layers(self) -> list[Layer]:
        return [tensor._keras_history.layer for tensor in self.flat_outputs]

    @property
    def input_names(self) -> list[str]:
        return [layer.name for layer in self.input_layers]

    @property
    def output_names(self) -> list[str]:
        """Names of the output layers; a layer that makes several outputs gives `out`, `out_1`, ..."""
        names: list[str] = []
        for layer in self.output_layers:
            name, count = layer.name, 0
            while name in names:
                count += 1
                name = f"{layer.name}_{count}"
            names.append(name)
        return names

    @property
    def output_keys(self) -> dict[str, str]:
        """Key -> name, where the outputs are a dict: what the user calls an output, and what its layer is called."""
        return _keys(self.outputs, self.output_names)

    @property
    def input_keys(self) -> dict[str, str]:
        """The same for inputs."""
        return _keys(self.inputs, self.input_names)

    def run(self, inputs: Any, masks: Any = None) -> Any:
        """The outputs for other inputs: every layer is called again, in order. Masks given here travel with the
        inputs.
        """
        given = self._arrange(inputs)
        for tensor, mask in zip(given, nest.flatten(masks) if masks is not None else [], strict=False):
            if mask is not None:
                tensor._keras_mask = mask
        values = {id(tensor): value for tensor, value in zip(self.flat_inputs, given, strict=True)}

        def now(leaf: Any) -> Any:
            return values[id(leaf)] if history_of(leaf) is not None else leaf

        for node in self.nodes:
            produced = nest.flatten(node.outputs)
            if all(id(tensor) in values for tensor in produced):
                continue
            args, kwargs = nest.map_structure(now, (node.args, node.kwargs))
            results = nest.flatten(node.layer(*(map(Prepared, args) if node.prepared else args), **kwargs))
            values.update({id(tensor): value for tensor, value in zip(produced, results, strict=True)})
        outputs = nest.map_structure(now, self.outputs)
        if isinstance(backend.current_scope(), backend.Trace):
            for losses in (node.layer._losses for node in self.nodes):  # they may use tensors of this graph, too
                losses[:] = [
                    substitute(cast(Any, loss), values) if isinstance(loss, _core.Value) else loss for loss in losses
                ]
            for tensor, own in zip(nest.flatten(outputs), self.flat_outputs, strict=True):
                tensor._keras_stand_ins = values  # for losses that use tensors of this graph
                tensor._keras_made_by = own._keras_history
        return outputs

    def in_order(self, inputs: Any) -> list[Any]:
        """Inputs in the order of the graph's: a dict is read by input names, a structure by position."""
        if isinstance(inputs, dict):
            names = sorted(self.inputs) if isinstance(self.inputs, dict) else self.input_names
            missing = [name for name in names if name not in inputs]
            if missing:
                raise ValueError(f"model: expected inputs named {', '.join(names)}; missing {', '.join(missing)}")
            flat = [inputs[name] for name in names]
        else:
            flat = nest.flatten(inputs)
        if len(flat) != len(self.flat_inputs):
            raise ValueError(
                f"model: expected {len(self.flat_inputs)} inputs ({', '.join(self.input_names)}), got {len(flat)}"
            )
        return flat

    def _arrange(self, inputs: Any) -> list[Any]:
        """Inputs in the graph's order, cast. Data are checked; tensors of a graph only by the layers, as in Keras: a
        network of convolutions takes other images, one of Dense layers more axes.
        """
        return [
            _conform(value, reference, name, context.direct() and history_of(value) is None)
            for value, reference, name in zip(self.in_order(inputs), self.flat_inputs, self.input_names, strict=True)
        ]

    # -- checks -------------------------------------------------------------------------------------------------------
    def _check_inputs(self) -> None:
        seen: set[int] = set()
        for tensor in self.flat_inputs:
            origin = history_of(tensor)
            if origin is None:
                raise ValueError(f"model: expected inputs made by Input(...), got {tensor!r}")
            if id(tensor) in seen:
                raise ValueError(f'model: the input of layer "{origin.layer.name}" is listed twice')
            seen.add(id(tensor))

    def _check_connected(self) -> None:
        known = {id(tensor) for tensor in self.flat_inputs}
        done: list[str] = []
        for node in self.nodes:
            produced = nest.flatten(node.outputs)
            if node.is_input and not all(id(tensor) in known for tensor in produced):
                users = [child.layer.name for child in self.nodes if any(tensor in child.parents for tensor in [node])]
                raise ValueError(
                    f'model: the graph is disconnected: tensor "{node.layer.name}" {tuple(produced[0].shape)} is '
                    "needed at layer "
                    f'"{users[0] if users else node.layer.name}" but is not among the inputs. '
                    f"Layers reached before: {', '.join(done) or 'none'}. Add it to `inputs`"
                )
            if not all(id(tensor) in known for tensor in produced):
                known.update(id(tensor) for tensor in produced)
                done.append(node.layer.name)

    def _check_names(self) -> None:
        for name, count in Counter(layer.name for layer in self.layers).items():
            if count > 1:
                raise ValueError(
                    f'model: expected unique layer names, got "{name}" {count} times. Rename one of the layers'
                )


def _alone(structure: Any) -> Any:
    """A list of one tensor means the tensor."""
    return structure[0] if isinstance(structure, list | tuple) and len(structure) == 1 else structure


def _conform(value: Any, reference: Any, name: str, checked: bool) -> Any:
    """`value` with the dtype and rank of the graph's input; `ValueError` if its shape cannot be that input's."""
    value = backend.convert(value)
    mask = mask_of(value)
    want, have = tuple(reference.shape), tuple(value.shape)
    if len(have) == len(want) - 1 and want[-1] == 1:
        value = backend.expand_dims(value, -1)
    elif len(have) == len(want) + 1 and have[-1] == 1:
        value = backend.squeeze(value, -1)
    have = tuple(value.shape)
    if checked and (
        len(have) != len(want)
        or any(a is not None and b is not None and a != b for a, b in zip(want[1:], have[1:], strict=True))
    ):
        raise ValueError(f'model: input "{name}" expects shape {want}, got {have}')
    if value.dtype != reference.dtype:
        value = backend.cast(value, reference.dtype)
    if mask is not None:
        value._keras_mask = mask
    return value


def _sort(inputs: list[Any], outputs: list[Any]) -> tuple[list[Node], list[Layer]]:
    """Nodes and layers in Keras's order: by depth from the outputs, then in order of discovery. Files depend on it."""
    stop = {id(tensor) for tensor in inputs}
    found: dict[int, Layer] = {}
    finished: dict[int, Node] = {}
    stack: list[tuple[Any, bool]] = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        tensor, done = stack.pop()
        origin: History = tensor._keras_history
        node = reached(origin.layer._inbound_nodes[origin.node_index], stop)
        if done:
            finished.setdefault(id(node), node)
        elif id(node) not in finished:
            found.setdefault(id(origin.layer), origin.layer)
            stack.append((tensor, True))
            if id(tensor) not in stop:
                stack.extend((one, False) for one in reversed(node.keras_inputs))

    depths: dict[int, int] = {}
    layer_depths: dict[int, int] = {}
    by_id = {id(node): node for node in finished.values()}
    for node in reversed(list(finished.values())):
        depth = max(depths.setdefault(id(node), 0), layer_depths.get(id(node.layer), 0))
        layer_depths[id(node.layer)] = depths[id(node)] = depth
        if not all(id(tensor) in stop for tensor in nest.flatten(node.outputs)):
            for parent in (reached(one, stop) for one in node.parents):
                depths[id(parent)] = max(depth + 1, depths.get(id(parent), 0))
    for tensor in inputs:  # inputs that no output needs
        layer = tensor._keras_history.layer
        if id(layer) not in layer_depths:
            found = {id(layer): layer, **found}
            layer_depths[id(layer)] = 0
            node = layer._inbound_nodes[tensor._keras_history.node_index]
            by_id[id(node)] = node
            depths[id(node)] = 0
    discovered = list(found.values())
    layers = sorted(discovered, key=lambda layer: -layer_depths[id(layer)])
    nodes = sorted(by_id.values(), key=lambda node: -depths[id(node)])
    return nodes, layers


def _keys(structure: Any, names: list[str]) -> dict[str, str]:
    """Key -> name, none where a key stands for several tensors."""
    if not isinstance(structure, dict) or any(nest.is_nested(value) for value in structure.values()):
        return {}
    return dict(zip(sorted(structure), names, strict=True))
