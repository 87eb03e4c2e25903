"""x, y and sample weights of a data set or a batch, as flat lists of arrays beside the model's inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.data.check import check_lengths, check_targets, check_weights, fit_inputs
from nnstack.data.structure import flat_list, to_array
from nnstack.data.weights import combined_weight
from nnstack.engine.front import Prepared, text_array
from nnstack.engine.texts import holds_texts, looked_up
from nnstack.utils import nest


@dataclass
class Arrays:
    """Inputs, targets and weights in the model's order; `pack` gives x its structure back."""

    inputs: list[np.ndarray]
    targets: list[np.ndarray | None] = field(default_factory=list)  # None for an output without a loss
    weights: list[np.ndarray | None] = field(default_factory=list)
    pack: Callable[[list[Any]], Any] = lambda flat: flat[0] if len(flat) == 1 else flat

    def __len__(self) -> int:
        return len(self.flat()[0])

    def flat(self) -> list[np.ndarray]:
        """What a Program is fed: inputs, then the targets and the weights there are."""
        return [*self.inputs, *[array for array in [*self.targets, *self.weights] if array is not None]]

    def signature(self) -> tuple[Any, ...]:
        """Equal for data that the same Program can take: sizes of a sample, kinds of numbers, which weights exist."""
        return (
            tuple((array.shape[1:], array.dtype.str) for array in self.inputs),
            tuple(None if array is None else (array.shape[1:], array.dtype.str) for array in self.targets),
            tuple(None if weight is None else weight.ndim for weight in self.weights),
        )

    def rows(self, begin: int, end: int) -> Arrays:
        """Samples `begin` to `end`, as views."""
        return Arrays(
            [array[begin:end] for array in self.inputs],
            [None if array is None else array[begin:end] for array in self.targets],
            [None if weight is None else weight[begin:end] for weight in self.weights],
            self.pack,
        )

    def take(self, order: np.ndarray) -> Arrays:
        """Samples in the order given, as copies."""
        return Arrays(
            [array[order] for array in self.inputs],
            [None if array is None else array[order] for array in self.targets],
            [None if weight is None else weight[order] for weight in self.weights],
            self.pack,
        )


def prepare(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    what: str = "fit",
    empty: bool = False,
    any_lengths: bool = False,
) -> Arrays:
    """Data as users give it, in the model's order, checked against the model; `ValueError` or `TypeError` says what
    does not fit. No samples at all are an error unless `empty`. `any_lengths`: a batch for a step of the model's own,
    which may hold, say, more images without labels than with.
    """
    what = f'{what} (model "{model.name}")'
    graph = model._graph
    names = graph.fed_names if graph is not None else []
    if graph is not None:
        x = nest.renamed(x, graph.input_keys)
        y, sample_weight, class_weight = (
            nest.renamed(one, graph.output_keys) for one in (y, sample_weight, class_weight)
        )
    front = graph.front if graph is not None else None
    of_texts = (
        looked_up(model, x, lambda leaf: to_array(leaf, f"{what}: x")) if graph is None and holds_texts(x) else None
    )
    if front is not None and len(names) == 1 and isinstance(x, list | tuple):
        texts = text_array(x)  # a list of texts is one array
        x = x if texts is None else texts
    inputs = (
        [_input_array(one, front, f"{what}: x") for one in flat_list(x, names, f"{what}: x")]
        if of_texts is None
        else of_texts[0]
    )
    if not inputs and (graph is None or names):
        raise ValueError(f"{what}: expected x, got None")
    pack = of_texts[1] if of_texts else Prepared if front is not None else _packer(x, graph)
    losses = model.compiled_loss.losses if model.compiled_loss is not None else []
    optional = [name for name, loss in zip(model.output_names, losses, strict=False) if loss is None]
    targets = [
        None if one is None else to_array(one, f"{what}: y")
        for one in flat_list(y, model._fed_target_names(), f"{what}: y", optional)
    ]
    if len(targets) == 1 and len(optional) == len(losses) - 1 and not nest.is_nested(y):
        targets = [None if loss is None else targets[0] for loss in losses]  # for the one output that has a loss
    targets = _beside_own_targets(targets, model._target_tensors)
    modes = model._weight_modes(len(targets))
    weighted = model.output_names[: len(targets)]
    given = flat_list(sample_weight, weighted, f"{what}: sample_weight", weighted)
    if len(given) == 1 and len(targets) > 1:
        given = given * len(targets)
    given += [None] * (len(targets) - len(given))
    given = [None if weight is None else to_array(weight, what) for weight in given]
    inputs = fit_inputs(inputs, graph.fed_inputs if graph is not None else None, names, what)
    inputs = inputs if front is None else front.run(inputs)
    if not any_lengths:
        check_lengths(
            {
                "x": inputs,
                "y": [target for target in targets if target is not None],
                "sample_weight": [weight for weight in given if weight is not None],
            },
            what,
            empty,
        )
    weights = [
        None if target is None else combined_weight(target, weight, _for_output(class_weight, model, i))
        for i, (target, weight) in enumerate(zip(targets, given, strict=True))
    ]
    if losses:
        check_targets(targets, graph.flat_outputs if graph is not None else None, model.output_names, losses, what)
    check_weights(weights, targets, modes, model.output_names or ["output_1"], what)
    return Arrays(
        [_contiguous(a) for a in inputs],
        [_contiguous(a) if a is not None else None for a in targets],
        [_contiguous(w) if w is not None else None for w in weights],
        pack,
    )


def _input_array(value: Any, front: Any, what: str) -> np.ndarray:
    """An array of numbers, or of texts where the model takes them."""
    texts = text_array(value) if front is not None else None
    return to_array(value, what) if texts is None else texts


def _for_output(class_weight: Any, model: Any, position: int) -> Any:
    """Class weights of one output: the dict itself, or its entry by output name."""
    if class_weight and any(isinstance(key, str) for key in class_weight):
        return class_weight.get(model.output_names[position])
    return class_weight or None


def _packer(x: Any, graph: Any) -> Callable[[list[Any]], Any]:
    structure = graph.inputs if graph is not None else x
    if graph is not None and any(source is not None for source in graph.sources):
        return lambda flat: _beside_sources(graph, flat)
    leaves = nest.flatten(structure) if graph is not None or nest.is_nested(structure) else [structure]
    if len(leaves) == 1 and not isinstance(structure, Mapping):
        return lambda flat: flat[0]
    if graph is None and isinstance(x, list) and all(np.ndim(leaf) == 0 for leaf in leaves):
        return lambda flat: flat[0]
    return lambda flat: nest.pack_as(structure, iter(flat))


def _beside_sources(graph: Any, flat: list[Any]) -> Any:
    """The inputs' structure, with what is fed and what is read from tensors of the model's own."""
    fed = iter(flat)
    leaves = [next(fed) if source is None else backend.convert(source) for source in graph.sources]
    return leaves[0] if len(leaves) == 1 else nest.pack_as(graph.inputs, iter(leaves))


def _beside_own_targets(targets: list[Any], own: list[Any] | None) -> list[Any]:
    """Targets given, None where compile() was given a tensor as target."""
    if own is None or len(targets) == len(own):
        return targets
    given = iter(targets)
    return [next(given, None) if target is None or backend.is_placeholder(target) else None for target in own]


def _contiguous(array: np.ndarray) -> np.ndarray:
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def _fed(shape: Sequence[int | None], dtype: str, name: str) -> Any:
    """A placeholder for data of this type; one of 16 bits is fed with 32, as arrays are, and read by `as_declared`."""
    half = dtype in ("float16", "bfloat16")
    tensor: Any = backend.placeholder(shape=tuple(shape), dtype="float32" if half else dtype, name=name)
    tensor._declared = dtype
    return tensor


def declared_dtype(tensor: Any) -> str:
    """The type in which a model takes what this placeholder is fed."""
    return str(getattr(tensor, "_declared", tensor.dtype))


def as_declared(tensor: Any) -> Any:
    """A placeholder in that type; None for None."""
    if tensor is None or tensor.dtype == declared_dtype(tensor):
        return tensor
    return backend.cast(tensor, declared_dtype(tensor))


def input_placeholders(model: Any, arrays: Arrays) -> list[Any]:
    """One placeholder per input: the graph's shape and dtype where there is a graph, else the data's."""
    graph = model._graph
    if graph is not None:
        return [_fed(t.shape, t.dtype, n) for t, n in zip(graph.back.fed_inputs, graph.back.fed_names, strict=True)]
    return [
        _fed((None, *array.shape[1:]), tensor_dtype(array), f"input_{position + 1}")
        for position, array in enumerate(arrays.inputs)
    ]


def target_placeholders(model: Any, arrays: Arrays) -> list[Any]:
    """One placeholder per target; integers stay integers, everything else takes the default float type."""
    outputs = model._graph.flat_outputs if model._graph is not None else [None] * len(arrays.targets)
    own = model._target_tensors or [None] * len(arrays.targets)
    made: list[Any] = []
    for position, (array, output) in enumerate(zip(arrays.targets, outputs, strict=False)):
        if array is not None and own[position] is not None:
            made.append(own[position])  # a placeholder of the user's
            continue
        if array is None:
            made.append(None)
            continue
        shape: list[int | None] = [None, *array.shape[1:]]
        if output is not None and len(output.shape) == len(shape):
            shape[1:] = [
                size if known is not None else None for size, known in zip(shape[1:], output.shape[1:], strict=True)
            ]
        made.append(_fed(shape, tensor_dtype(array), f"target_{position + 1}"))
    return made


def weight_placeholders(arrays: Arrays) -> list[Any]:
    """One placeholder per output's weights, None where there are none."""
    return [
        None if weight is None else _fed((None, *weight.shape[1:]), backend.floatx(), f"weight_{position + 1}")
        for position, weight in enumerate(arrays.weights)
    ]


def tensor_dtype(array: np.ndarray) -> str:
    """The dtype in which data of this dtype enters a graph: floats and bools as floatx, integers as int32 or int64."""
    if array.dtype.kind in "iu":
        return "int32" if array.dtype.name == "int32" else "int64"
    return backend.floatx()
