"""Models drawn at random, as recipes that either Keras cooks: a graph with shared layers, models inside models, several
inputs and outputs, merges, frozen layers, regularizers and constraints, and what `compile` takes.

A recipe is plain data, so that a failing one can be read and cooked again. Functions are smooth ones: near a kink
the last bit of a float decides, and training would part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

Draw = Callable[..., Any]
Shape = tuple[int, ...]
SMOOTH = st.sampled_from(["linear", "tanh", "sigmoid", "softplus", "swish", "elu", "gelu", "softsign"])
ROWS = 6


class Step(NamedTuple):
    """A call: of a new layer, or of the one that step `again` made."""

    kind: str
    settings: dict[str, Any]
    operands: tuple[int, ...]
    again: int | None = None
    frozen: bool = False
    inner: Recipe | None = None


class Recipe(NamedTuple):
    inputs: list[Shape]
    steps: list[Step]
    outputs: list[int]  # numbers of tensors: the inputs come first, then the steps' results


class Training(NamedTuple):
    losses: list[str]
    weights: list[float] | None
    as_dict: bool
    optimizer: tuple[str, str, dict[str, Any]]
    metrics: list[str]


# -- drawing ----------------------------------------------------------------------------------------------------------
def _weighted(draw: Draw, name: str) -> dict[str, Any]:
    """Regularizers and constraints of a layer with a kernel, now and then."""
    if draw(st.integers(0, 2)):
        return {}
    return {
        f"{name}_regularizer": draw(st.sampled_from([None, "l2", "l1_l2"])),
        f"{name}_constraint": draw(st.sampled_from([None, "max_norm", "unit_norm", "non_neg"])),
    }


def _dense(draw: Draw) -> dict[str, Any]:
    settings = {"units": draw(st.integers(1, 4)), "activation": draw(SMOOTH), "use_bias": draw(st.booleans())}
    return {**settings, **_weighted(draw, "kernel")}


def _of_one(draw: Draw, shape: Shape, nesting: int) -> tuple[str, dict[str, Any], Shape, Recipe | None]:
    """A layer of one tensor: its kind, settings, shape of the result, and what is inside it."""
    kinds = ["Dense", "Dense", "BatchNormalization", "LayerNormalization", "Activation", "Dropout", "PReLU", "scale"]
    kinds += ["RepeatVector"] if len(shape) == 1 else []
    if len(shape) == 2:
        kinds += ["Conv1D", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "TimeDistributed", "Flatten", "Permute"]
        kinds += ["GlobalAveragePooling1D", "SeparableConv1D"]
    kinds += ["Model", "Model", "Sequential"] if nesting else []
    kind = draw(st.sampled_from(kinds))
    if kind in ("Dense", "TimeDistributed"):
        settings = _dense(draw)
        return kind, settings, (*shape[:-1], settings["units"]), None
    if kind == "BatchNormalization":
        return kind, {"momentum": 0.9, "scale": draw(st.booleans()), "center": draw(st.booleans())}, shape, None
    if kind == "LayerNormalization":
        return kind, {"epsilon": 0.1}, shape, None
    if kind == "Activation":
        return kind, {"activation": draw(SMOOTH)}, shape, None
    if kind == "Dropout":
        return kind, {"rate": 0.0}, shape, None
    if kind == "PReLU":
        return kind, {"alpha_initializer": "ones"}, shape, None
    if kind == "scale":
        return kind, {"by": draw(st.sampled_from([0.5, -2.0]))}, shape, None
    if kind == "RepeatVector":
        steps = draw(st.integers(1, 3))
        return kind, {"n": steps}, (steps, *shape), None
    if kind in ("Conv1D", "SeparableConv1D"):
        settings = {"filters": draw(st.integers(1, 3)), "kernel_size": 2, "padding": "same", "activation": draw(SMOOTH)}
        return kind, settings, (shape[0], settings["filters"]), None
    if kind in ("LSTM", "GRU", "SimpleRNN", "Bidirectional"):
        whole = draw(st.booleans())
        settings = {"units": draw(st.integers(1, 3)), "return_sequences": whole}
        if kind == "Bidirectional":
            settings |= {
                "of": draw(st.sampled_from(["LSTM", "GRU"])),
                "merge_mode": draw(st.sampled_from(["concat", "sum"])),
            }
        if kind == "GRU":
            settings["reset_after"] = draw(st.booleans())
        units = settings["units"] * (2 if settings.get("merge_mode") == "concat" else 1)
        return kind, settings, (shape[0], units) if whole else (units,), None
    if kind == "Flatten":
        return kind, {}, (shape[0] * shape[1],), None
    if kind == "Permute":
        return kind, {"dims": (2, 1)}, (shape[1], shape[0]), None
    if kind == "GlobalAveragePooling1D":
        return kind, {}, shape[1:], None
    inner = recipe(draw, nesting - 1, [shape], chain=kind == "Sequential")
    return kind, {}, shapes_of(inner)[inner.outputs[0]], inner


def recipe(draw: Draw, nesting: int, inputs: list[Shape] | None = None, chain: bool = False) -> Recipe:
    """A model with `inputs`, or drawn ones; `chain`: one tensor through all, as in a Sequential."""
    if inputs is None:
        inputs = [_shape(draw) for _ in range(draw(st.integers(1, 3)))]
    shapes, steps = list(inputs), list[Step]()
    for _ in range(draw(st.integers(1, 3 if chain or nesting < 2 else 7))):
        taken = len(shapes) - 1 if chain else draw(st.integers(0, len(shapes) - 1))
        what = 0 if chain else draw(st.integers(0, 5))
        alike = [n for n, shape in enumerate(shapes) if shape == shapes[taken]]
        known = [n for n, step in enumerate(steps) if step.again is None and len(step.operands) == 1]
        known = [n for n in known if shapes[steps[n].operands[0]] == shapes[taken]]
        if what == 5 and known:
            number = draw(st.sampled_from(known))
            steps.append(Step(steps[number].kind, {}, (taken,), again=number))
            shapes.append(shapes[len(inputs) + number])
        elif what >= 4 and len(alike) > 1:
            kind = draw(st.sampled_from(["Add", "Multiply", "Average", "Subtract", "Concatenate"]))
            others = (taken, draw(st.sampled_from([n for n in alike if n != taken])))
            steps.append(Step(kind, {}, others))
            last = shapes[taken][-1] * (2 if kind == "Concatenate" else 1)
            shapes.append((*shapes[taken][:-1], last))
        else:
            kind, settings, shape, inner = _of_one(draw, shapes[taken], nesting)
            steps.append(Step(kind, settings, (taken,), frozen=draw(st.integers(0, 4)) == 0, inner=inner))
            shapes.append(shape)
    used = {number for step in steps for number in step.operands}
    ends = [number for number in range(len(inputs), len(shapes)) if number not in used]
    return Recipe(inputs, steps, [len(shapes) - 1] if nesting < 2 or chain else ends)


def _shape(draw: Draw) -> Shape:
    return (draw(st.integers(2, 4)),) if draw(st.booleans()) else (draw(st.integers(2, 3)), draw(st.integers(2, 3)))


def shapes_of(made: Recipe) -> list[Shape]:
    """Of all tensors."""
    shapes = list(made.inputs)
    for step in made.steps:
        first = shapes[step.operands[0]]
        if step.again is not None:
            shapes.append(shapes[len(made.inputs) + step.again])
        elif step.inner is not None:
            shapes.append(shapes_of(step.inner)[step.inner.outputs[0]])
        else:
            shapes.append(_after(step, first))
    return shapes


def _after(step: Step, shape: Shape) -> Shape:
    settings = step.settings
    if step.kind in ("Dense", "TimeDistributed"):
        return (*shape[:-1], settings["units"])
    if step.kind == "Concatenate":
        return (*shape[:-1], shape[-1] * 2)
    if step.kind == "RepeatVector":
        return (settings["n"], *shape)
    if step.kind in ("Conv1D", "SeparableConv1D"):
        return (shape[0], settings["filters"])
    if step.kind in ("LSTM", "GRU", "SimpleRNN", "Bidirectional"):
        units = settings["units"] * (2 if settings.get("merge_mode") == "concat" else 1)
        return (shape[0], units) if settings["return_sequences"] else (units,)
    if step.kind == "Flatten":
        return (shape[0] * shape[1],)
    if step.kind == "Permute":
        return (shape[1], shape[0])
    return shape[1:] if step.kind == "GlobalAveragePooling1D" else shape


OPTIMIZERS = [
    ("new", "SGD", {"momentum": 0.9, "nesterov": True}), ("new", "Adam", {"amsgrad": True}), ("new", "AdamW", {}),
    ("new", "RMSprop", {"centered": True}), ("new", "Adagrad", {}), ("new", "Nadam", {}), ("new", "Adamax", {}),
    ("new", "SGD", {"clipnorm": 0.5}), ("new", "Adam", {"global_clipnorm": 0.5}), ("new", "SGD", {"use_ema": True}),
    ("legacy", "SGD", {"momentum": 0.9, "decay": 0.01}), ("legacy", "Adam", {}), ("legacy", "RMSprop", {}),
    ("legacy", "Adam", {"clipvalue": 0.1}), ("legacy", "Adagrad", {}), ("legacy", "Nadam", {}),
]  # fmt: skip


def training(draw: Draw, made: Recipe) -> Training:
    """Losses of the outputs, their weights, an optimizer and metrics."""
    count = len(made.outputs)
    losses = [draw(st.sampled_from(["mse", "huber", "log_cosh", "mean_squared_error"])) for _ in range(count)]
    weights = [draw(st.sampled_from([0.5, 2.0])) for _ in range(count)] if draw(st.booleans()) else None
    metrics = draw(st.sampled_from([[], ["mae"], ["mae", "mse"]]))
    return Training(losses, weights, draw(st.booleans()), draw(st.sampled_from(OPTIMIZERS)), metrics)


# -- cooking ----------------------------------------------------------------------------------------------------------
def cook(k: Any, made: Recipe, prefix: str = "m") -> Any:
    """The functional model; layers are named by their place, outputs `out0`, `out1`, ..."""
    inputs = [k.layers.Input(shape, name=f"{prefix}_in{n}") for n, shape in enumerate(made.inputs)]
    tensors, layers = list(inputs), list[Any]()
    for number, step in enumerate(made.steps):
        layer = layers[step.again] if step.again is not None else _layer(k, step, f"{prefix}_{number}")
        layers.append(layer)
        operands = [tensors[one] for one in step.operands]
        if step.kind == "scale":
            tensors.append(operands[0] * layer + 0.1)
            continue
        tensors.append(layer(operands if len(operands) > 1 else operands[0]))
        if step.frozen and step.again is None:
            layer.trainable = False
    outputs = [tensors[one] for one in made.outputs]
    if prefix == "m":
        outputs = [k.layers.Activation("linear", name=f"out{n}")(one) for n, one in enumerate(outputs)]
    return k.models.Model(_one_or_all(inputs), _one_or_all(outputs), name=prefix)


def _layer(k: Any, step: Step, name: str) -> Any:
    settings, layers = step.settings, k.layers
    if step.kind == "scale":
        return settings["by"]
    if step.kind == "Model":
        return cook(k, step.inner, f"{name}_model")
    if step.kind == "Sequential":
        inside = [_layer(k, one, f"{name}_{n}") for n, one in enumerate(step.inner.steps) if one.kind != "scale"]
        for layer, one in zip(inside, [one for one in step.inner.steps if one.kind != "scale"], strict=True):
            layer.trainable = not one.frozen
        return k.Sequential([layers.InputLayer(step.inner.inputs[0], name=f"{name}_in"), *inside], name=name)
    if step.kind == "Bidirectional":
        inner = getattr(layers, settings["of"])(settings["units"], return_sequences=settings["return_sequences"])
        return layers.Bidirectional(inner, merge_mode=settings["merge_mode"], name=name)
    if step.kind == "TimeDistributed":
        return layers.TimeDistributed(layers.Dense(**settings), name=name)
    return getattr(layers, step.kind)(**settings, name=name)


def _one_or_all(values: list[Any]) -> Any:
    return values if len(values) > 1 else values[0]


def compile_as(k: Any, model: Any, how: Training) -> None:
    kind, name, settings = how.optimizer
    optimizer = getattr(k.optimizers if kind == "new" else k.optimizers.legacy, name)(0.01, **settings)
    names = [f"out{n}" for n in range(len(how.losses))]
    losses: Any = dict(zip(names, how.losses, strict=True)) if how.as_dict else _one_or_all(how.losses)
    weights: Any = how.weights
    if weights is not None and how.as_dict:
        weights = dict(zip(names, weights, strict=True))
    metrics: Any = how.metrics
    if len(names) > 1:
        metrics = {names[0]: how.metrics} if how.as_dict else [how.metrics for _ in names]
    model.compile(optimizer, losses, loss_weights=weights, metrics=metrics)


def data_of(made: Recipe, seed: int) -> tuple[Any, Any]:
    rng, shapes = np.random.default_rng(seed), shapes_of(made)
    x = [rng.normal(size=(ROWS, *shape)).astype(np.float32) for shape in made.inputs]
    y = [rng.normal(size=(ROWS, *shapes[one])).astype(np.float32) for one in made.outputs]
    return _one_or_all(x), _one_or_all(y)
