"""Layers with arguments drawn at random, against the real tf_keras: same weights, shapes, outputs, gradients, configs.

channels_first is left out where TensorFlow has no kernel for it on a CPU; tests/layers compares both layouts.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import nnstack

Draw = Callable[..., Any]
ACTIVATIONS = st.sampled_from(["linear", "relu", "tanh", "sigmoid", "softplus", "elu"])


def window(draw: Draw, spatial: int, most: int = 3) -> Any:
    """An int, or one per axis."""
    sizes = st.integers(1, most)
    return draw(st.one_of(sizes, st.tuples(*[sizes] * spatial)))


def places(draw: Draw, spatial: int) -> tuple[int, ...]:
    return tuple(draw(st.integers(3, 7)) for _ in range(spatial))


def convolution(draw: Draw, kind: str, spatial: int) -> tuple[Any, ...]:
    kwargs: dict[str, Any] = {"padding": draw(st.sampled_from(["valid", "same"])), "activation": draw(ACTIVATIONS)}
    if draw(st.booleans()):
        kwargs["strides"] = window(draw, spatial) if kind == "Conv" else draw(st.integers(1, 3))
    elif kind != "Transpose":
        kwargs["dilation_rate"] = window(draw, spatial, 2) if kind == "Conv" else draw(st.integers(1, 2))
    kwargs["use_bias"] = draw(st.booleans())
    kernel = window(draw, spatial)
    channels, filters = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    shape = (*places(draw, spatial), channels)
    if kind == "Transpose":
        steps = kwargs.get("strides", 1)
        if steps > 1 and draw(st.booleans()):
            kwargs["output_padding"] = draw(st.integers(0, steps - 1))
            # TensorFlow refuses an output_padding that no convolution undoes
            assume(kwargs["padding"] == "same" or np.min(kernel) >= steps)
        return f"Conv{spatial}DTranspose", (filters, kernel), kwargs, shape
    if kind == "Conv" and spatial == 1 and draw(st.booleans()):
        kwargs["padding"] = "causal"
    if kind in ("Depthwise", "Separable"):
        kwargs["depth_multiplier"] = draw(st.integers(1, 3))
    args = (kernel,) if kind == "Depthwise" else (filters, kernel)
    return f"{'' if kind == 'Conv' else kind}Conv{spatial}D", args, kwargs, shape


def pooling(draw: Draw) -> tuple[Any, ...]:
    spatial = draw(st.integers(1, 3))
    size = window(draw, spatial)
    kwargs: dict[str, Any] = {"padding": draw(st.sampled_from(["valid", "same"]))}
    if draw(st.booleans()):
        least = int(np.max(size)) if spatial == 3 else 3
        kwargs["strides"] = draw(st.integers(1, least))
    name = draw(st.sampled_from(["Max", "Average"]))
    return f"{name}Pooling{spatial}D", (size,), kwargs, (*places(draw, spatial), draw(st.integers(1, 3)))


def normalization(draw: Draw) -> tuple[Any, ...]:
    shape = tuple(draw(st.integers(2, 5)) for _ in range(draw(st.integers(1, 4))))
    axis = draw(st.integers(1, len(shape)))
    flags = {
        "center": draw(st.booleans()),
        "scale": draw(st.booleans()),
        "epsilon": draw(st.sampled_from([1e-3, 1e-2])),
    }
    kind = draw(
        st.sampled_from(["BatchNormalization", "LayerNormalization", "UnitNormalization", "GroupNormalization"])
    )
    if kind == "UnitNormalization":
        return kind, (), {"axis": axis}, shape
    if kind == "GroupNormalization":
        assume(len(shape) > 1)
        groups = draw(st.sampled_from([n for n in range(1, shape[axis - 1] + 1) if shape[axis - 1] % n == 0]))
        return kind, (groups,), {"axis": axis, **flags}, shape
    if kind == "LayerNormalization" and len(shape) > 1 and draw(st.booleans()):
        return kind, (), {"axis": [1, len(shape)], **flags}, shape
    return kind, (), {"axis": axis, **flags}, shape


def borders(draw: Draw) -> tuple[Any, ...]:
    spatial = draw(st.integers(1, 3))
    shape = (*places(draw, spatial), 2)
    kind = draw(st.sampled_from(["ZeroPadding", "Cropping", "UpSampling"]))
    if kind == "UpSampling":
        size = draw(st.integers(1, 3)) if spatial == 1 else window(draw, spatial)
        options = {"interpolation": draw(st.sampled_from(["nearest", "bilinear"]))} if spatial == 2 else {}
        return f"{kind}{spatial}D", (size,), options, shape
    pair = st.tuples(st.integers(0, 1), st.integers(0, 1))
    value = draw(pair) if spatial == 1 else draw(st.tuples(*[pair] * spatial))
    return f"{kind}{spatial}D", (value,), {}, shape


def attention(draw: Draw) -> tuple[Any, ...]:
    queries, keys, size, depth = (draw(st.integers(1, 5)) for _ in range(4))
    shapes = [(queries, size), (keys, depth), (keys, size)]
    if draw(st.booleans()):
        shapes = [(queries, size), (keys, size)]
    if draw(st.booleans()):
        return "AdditiveAttention", (), {"use_scale": draw(st.booleans())}, shapes
    kwargs = {"use_scale": draw(st.booleans()), "score_mode": draw(st.sampled_from(["dot", "concat"]))}
    return "Attention", (), kwargs, shapes


def locally_connected(draw: Draw) -> tuple[Any, ...]:
    spatial, implementation = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    kwargs: dict[str, Any] = {"implementation": implementation, "strides": window(draw, spatial, 2)}
    if implementation > 1:
        kwargs["padding"] = draw(st.sampled_from(["valid", "same"]))
    return f"LocallyConnected{spatial}D", (2, window(draw, spatial)), kwargs, (*places(draw, spatial), 2)


def einsum(draw: Draw) -> tuple[Any, ...]:
    known = [
        ("abc,cd->abd", (None, 5), "d", (3, 4)), ("abc,cde->abde", (None, 2, 3), "de", (3, 4)),
        ("abcd,cde->abe", (None, 5), "e", (3, 4, 2)), ("...x,xy->...y", 5, "y", (3, 2, 4)),
        ("ab...,bc->ac...", 5, None, (3, 4, 2)), ("abc,bd->acd", (4, 5), "cd", (3, 4)),
        ("abc,cd->adb", (5, 3), None, (3, 4)),
    ]  # fmt: skip
    equation, output, bias, shape = draw(st.sampled_from(known))
    return (
        "EinsumDense",
        (equation,),
        {"output_shape": output, "bias_axes": bias, "activation": draw(ACTIVATIONS)},
        shape,
    )


FAMILIES: dict[str, Callable[[Draw], tuple[Any, ...]]] = {
    "conv1d": lambda draw: convolution(draw, "Conv", 1),
    "conv2d": lambda draw: convolution(draw, "Conv", 2),
    "conv3d": lambda draw: convolution(draw, "Conv", 3),
    "transpose1d": lambda draw: convolution(draw, "Transpose", 1),
    "transpose2d": lambda draw: convolution(draw, "Transpose", 2),
    "depthwise": lambda draw: convolution(draw, "Depthwise", 2),
    "separable1d": lambda draw: convolution(draw, "Separable", 1),
    "separable2d": lambda draw: convolution(draw, "Separable", 2),
    "pooling": pooling,
    "normalization": normalization,
    "borders": borders,
    "attention": attention,
    "locally connected": locally_connected,
    "einsum": einsum,
}


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_layer_as_keras_has_it(tf_keras: Any, family: str, data: st.DataObject) -> None:
    name, args, kwargs, shapes = FAMILIES[family](data.draw)
    listed = shapes if isinstance(shapes, list) else [shapes]
    rng = np.random.default_rng(3)
    x = [rng.normal(size=(3, *shape)).astype("float32") for shape in listed]

    def build(k: Any) -> tuple[Any, Any]:
        layer = getattr(k.layers, name)(*args, **kwargs, name="one")
        inputs = [k.layers.Input(shape) for shape in listed]
        given = inputs if isinstance(shapes, list) else inputs[0]
        return layer, k.Model(given, layer(given))

    try:
        theirs, their_model = build(tf_keras)
        wanted = their_model.predict(x if isinstance(shapes, list) else x[0], verbose=0)
    except Exception:  # what Keras refuses, nnstack refuses, or does better
        assume(False)
        raise
    ours, our_model = build(nnstack)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    weights = [rng.normal(size=w.shape).astype("float32") for w in theirs.weights]
    weights = [np.abs(w) if "variance" in v.name else w for w, v in zip(weights, theirs.weights, strict=True)]
    for layer in (theirs, ours):
        layer.set_weights(weights)
    fed = x if isinstance(shapes, list) else x[0]
    wanted = their_model.predict(fed, verbose=0)
    np.testing.assert_allclose(our_model.predict(fed, verbose=0), wanted, rtol=1e-3, atol=1e-4)
    assert our_model.output_shape == their_model.output_shape
    _compare_configs(ours.get_config(), theirs.get_config())
    target = rng.normal(size=wanted.shape).astype("float32")
    for k, model in ((tf_keras, their_model), (nnstack, our_model)):
        if model.trainable_weights:
            model.compile(k.optimizers.SGD(0.1), "mse")
            model.train_on_batch(fed, target)
    for a, b, w in zip(ours.get_weights(), theirs.get_weights(), theirs.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3, err_msg=w.name)


def _compare_configs(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Every key that both have says the same; nnstack's has no key that Keras would not take."""
    plain = {key: value for key, value in theirs.items() if not isinstance(value, dict)}
    for key, value in plain.items():
        if key in ours:
            own = ours[key]
            assert (list(own) if isinstance(own, tuple) else own) == (
                list(value) if isinstance(value, (tuple, list)) else value
            ), key
    unused = {"kernel_initializer", "kernel_regularizer", "kernel_constraint", "groups"}
    assert set(theirs) - set(ours) <= unused
    assert set(ours) - set(theirs) <= {"dilation_rate", "groups"}
