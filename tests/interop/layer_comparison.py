"""One layer, made in tf_keras and in nnstack with the same arguments and weights, must be the same function.

`compare` checks names, shapes and order of the weights, outputs (op by op and compiled), the gradients of inputs and
weights, masks that go on, what training changes in the weights, and the config. Both run in float64 where the drawn
case says so, so that a wrong epsilon or a mask a step late cannot hide behind rounding.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, assume, settings
from hypothesis.errors import UnsatisfiedAssumption

import nnstack
from nnstack import backend
from nnstack.training.tape import GradientTape

# By hand, for a night: NNSTACK_EXAMPLES=1000 pytest -m interop tests/interop/test_layers_drawn.py
EXAMPLES = int(os.environ.get("NNSTACK_EXAMPLES", "0"))


def drawn(quick: int) -> Any:
    """Settings for `quick` examples, the same ones in every run; more of them, and others, where asked for."""
    quiet = list(HealthCheck)
    if EXAMPLES:
        return settings(
            max_examples=EXAMPLES, deadline=None, suppress_health_check=quiet, database=None,
            verbosity=Verbosity.quiet, print_blob=False, phases=[Phase.generate],
        )  # fmt: skip
    return settings(max_examples=quick, deadline=None, suppress_health_check=quiet, derandomize=True)


@dataclass
class Case:
    """make: module -> layer. inputs: arrays with the batch axis. listed: the layer takes a list of them."""

    make: Callable[[Any], Any]
    inputs: list[np.ndarray]
    listed: bool = False
    masks: list[np.ndarray | None] = field(default_factory=list)
    call: dict[str, Any] = field(default_factory=dict)  # more arguments of the call; arrays become tensors
    invoke: Callable[..., Any] | None = None  # (layer, tensors, kwargs) -> outputs, where it is not the usual call
    dtype: str = "float32"
    training: bool | None = None
    positive: tuple[str, ...] = ("variance",)  # weights that must be
    config: bool = True
    masked: int | None = None  # how many outputs' masks are compared, None: all
    unused_keys: frozenset[str] = frozenset()


def compare(tf_keras: Any, case: Case) -> None:
    """Raises AssertionError for the first difference; skips what Keras refuses."""
    before = [k.backend.floatx() for k in (tf_keras, nnstack)]
    for k in (tf_keras, nnstack):
        k.backend.set_floatx(case.dtype)
    try:
        _compare(tf_keras, case)
    finally:
        for k, floatx in zip((tf_keras, nnstack), before, strict=True):
            k.backend.set_floatx(floatx)


def _compare(tf_keras: Any, case: Case) -> None:
    import tensorflow as tf

    rng = np.random.default_rng(11)
    inputs = [x.astype(case.dtype) if x.dtype.kind == "f" else x for x in case.inputs]
    try:
        theirs = case.make(tf_keras)
        outputs, _ = _call(theirs, tf.constant, case, inputs)
        assume(all(np.size(y) for y in outputs))  # windows that do not fit are an error here
    except UnsatisfiedAssumption:
        raise
    except Exception:  # what Keras refuses, nnstack refuses, or does better
        assume(False)
    ours = case.make(nnstack)
    try:
        _call(ours, backend.convert, case, inputs)
    except ValueError as error:
        assume("does not fit into" not in str(error))  # TensorFlow makes something up where a dilated window is too big
        raise
    print(ours.get_config(), [x.shape for x in inputs], case.call)  # shown with a failure
    _same_weights(ours, theirs)
    values = [rng.normal(scale=0.7, size=w.shape).astype(w.dtype.name) for w in theirs.weights]
    values = [
        np.abs(v) + 0.1 if any(part in w.name for part in case.positive) else v
        for v, w in zip(values, theirs.weights, strict=True)
    ]
    values = [
        v if np.dtype(w.dtype.name).kind == "f" else w.numpy() for v, w in zip(values, theirs.weights, strict=True)
    ]
    for layer in (theirs, ours):
        layer.set_weights(values)

    scales: list[np.ndarray] = []

    def loss_of(outputs: list[Any], k: Any) -> Any:
        while len(scales) < len(outputs):
            scales.append(rng.normal(size=np.shape(outputs[len(scales)])).astype(case.dtype))
        floats = [(y, s) for y, s in zip(outputs, scales, strict=True) if "float" in _dtype(y)]
        return sum(k.backend.sum(y * s) for y, s in floats) if floats else None

    def differentiable(tensors: list[Any]) -> list[Any]:
        return [tensor for tensor in tensors if "float" in _dtype(tensor)]

    tensors = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        for tensor in differentiable(tensors):
            tape.watch(tensor)
        wanted, wanted_masks = _call(theirs, tf.constant, case, tensors)
        loss = loss_of(wanted, tf_keras)
    sources = [*differentiable(tensors), *theirs.trainable_weights]
    try:
        slopes = tape.gradient(loss, sources) if loss is not None else [None] * len(sources)
    except LookupError:  # TensorFlow has none for some operations
        slopes = None
    slopes = slopes and [np.zeros(s.shape) if g is None else _dense(g) for g, s in zip(slopes, sources, strict=True)]
    state = theirs.get_weights()

    ours_in = [backend.convert(x) for x in inputs]
    with GradientTape() as own_tape:
        got, masks = _call(ours, backend.convert, case, ours_in)
        own_loss = loss_of(got, nnstack)
    own_sources = [*differentiable(ours_in), *ours.trainable_weights]
    own_slopes = own_tape.gradient(own_loss, own_sources) if own_loss is not None else [None] * len(own_sources)
    _same(case, "output", got, wanted)
    _same_masks(masks[: case.masked], wanted_masks[: case.masked])
    own_slopes = [np.zeros(s.shape) if g is None else g for g, s in zip(own_slopes, own_sources, strict=True)]
    names = [f"input {i}" for i in range(len(differentiable(tensors)))] + [w.name for w in theirs.trainable_weights]
    if slopes is not None:
        _same(case, "gradient", own_slopes, slopes, names)
    _same(case, "after the call", ours.get_weights(), state, [w.name for w in theirs.weights])

    for layer in (theirs, ours):
        layer.set_weights(values)
    holders = [backend.placeholder((None, *x.shape[1:]) if x.ndim else (), dtype=str(x.dtype)) for x in inputs]
    symbolic, _ = _call(ours, backend.convert, case, holders)
    _same(case, "compiled output", backend.function(holders, symbolic)(inputs), wanted)
    if case.config:
        same_configs(ours.get_config(), theirs.get_config(), case.unused_keys)


def _dtype(tensor: Any) -> str:
    return getattr(tensor.dtype, "name", None) or str(tensor.dtype)


def _dense(gradient: Any) -> np.ndarray:
    import tensorflow as tf

    return np.asarray(tf.convert_to_tensor(gradient))


def _call(layer: Any, tensor: Any, case: Case, inputs: list[Any]) -> tuple[list[Any], list[Any]]:
    """(outputs, their masks), both flat."""
    given = [tensor(x) if isinstance(x, np.ndarray) else x for x in inputs]
    for one, mask in zip(given, case.masks, strict=False):
        if mask is not None:
            one._keras_mask = tensor(mask)
    kwargs: dict[str, Any] = {}
    for key, value in case.call.items():
        listed = isinstance(value, list)
        made = [tensor(v) if isinstance(v, np.ndarray) else v for v in (value if listed else [value])]
        kwargs[key] = made if listed else made[0]
    if case.training is not None:
        kwargs["training"] = case.training
    if getattr(layer, "stateful", False) and hasattr(layer, "reset_states") and layer.built:
        layer.reset_states()
    if case.invoke is not None:
        outputs = case.invoke(layer, given, kwargs)
    else:
        outputs = layer(given if case.listed else given[0], **kwargs)
    flat = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    return flat, [getattr(y, "_keras_mask", None) for y in flat]


def _same_weights(ours: Any, theirs: Any) -> None:
    for kind in ("weights", "trainable_weights"):
        listed = [[(_part_of(w.name), tuple(w.shape)) for w in getattr(layer, kind)] for layer in (ours, theirs)]
        assert listed[0] == listed[1], kind


def _part_of(name: str) -> str:
    """A weight's name without the layer's, and without the numbers that layers inside got."""
    return re.sub(r"_\d+(?=/)", "", name.split("/", 1)[-1])


def _same(case: Case, what: str, ours: list[Any], theirs: list[Any], names: Any = None) -> None:
    assert len(ours) == len(theirs), what
    rtol, atol = (1e-6, 1e-8) if case.dtype == "float64" else (2e-3, 1e-4)
    for position, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        b = np.asarray(b)
        scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max())) if b.size and np.isfinite(b).any() else 1.0
        np.testing.assert_allclose(
            np.asarray(a), b, rtol=rtol, atol=atol * scale, err_msg=f"{what} {names[position] if names else position}"
        )


def _same_masks(ours: list[Any], theirs: list[Any]) -> None:
    assert [m is None for m in ours] == [m is None for m in theirs], "masks"
    for a, b in zip(ours, theirs, strict=True):
        if b is not None:
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg="mask")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if key not in ("name", "build_config")}
    if hasattr(value, "tolist"):
        value = value.tolist()
    return float(f"{value:.6g}") if isinstance(value, float) else value  # Keras has been through float32


OURS_ALONE = {"dilation_rate", "groups", "noise_shape", "synchronized", "causal"}


def same_configs(ours: dict[str, Any], theirs: dict[str, Any], unused: frozenset[str] = frozenset()) -> None:
    """Every key that both have says the same; nnstack's has no key that Keras would not take."""
    for key, value in theirs.items():
        if key in ours and key != "name":
            assert _plain(ours[key]) == _plain(value), key
    unused = unused | {"kernel_initializer", "kernel_regularizer", "kernel_constraint", "groups"}
    assert set(theirs) - set(ours) <= unused, set(theirs) - set(ours)
    assert set(ours) - set(theirs) <= OURS_ALONE, set(ours) - set(theirs)
