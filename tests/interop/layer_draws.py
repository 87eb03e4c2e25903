"""Arguments of layers without time steps, drawn at random: (class, arguments, keywords, input shapes) per family.

channels_first is left out where TensorFlow has no kernel for it on a CPU; tests/layers compares both layouts.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

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
    if spatial == 3 and "strides" in kwargs:  # beyond the window TensorFlow's volumes are wrong, in small ones at least
        kwargs["strides"] = int(min(np.min(kernel), np.min(kwargs["strides"])))
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


def reshaping(draw: Draw) -> tuple[Any, ...]:
    shape = places(draw, draw(st.integers(1, 4)))
    kind = draw(st.sampled_from(["Reshape", "Permute", "Flatten", "RepeatVector"]))
    if kind == "Reshape":
        target = list(draw(st.permutations(shape)))
        if draw(st.booleans()):
            target[draw(st.integers(0, len(target) - 1))] = -1
        if len(target) > 1 and draw(st.booleans()) and -1 not in target:
            target = [target[0] * target[1], *target[2:]]
        return kind, (tuple(target),), {}, shape
    if kind == "Permute":
        return kind, (tuple(draw(st.permutations(range(1, len(shape) + 1)))),), {}, shape
    if kind == "RepeatVector":
        return kind, (draw(st.integers(1, 4)),), {}, shape[:1]
    return kind, (), {"data_format": draw(st.sampled_from([None, "channels_last", "channels_first"]))}, shape


def activation(draw: Draw) -> tuple[Any, ...]:
    shape = places(draw, draw(st.integers(1, 3)))
    number = st.sampled_from([0.0, 0.1, 0.5, 1.0, 1.5])
    axes = st.integers(1, len(shape))
    kind = draw(st.sampled_from(["Activation", "LeakyReLU", "PReLU", "ELU", "ThresholdedReLU", "ReLU", "Softmax"]))
    if kind == "Activation":
        names = ["softmax", "selu", "softplus", "softsign", "swish", "relu", "gelu", "tanh", "sigmoid", "exponential",
                 "hard_sigmoid", "linear", "mish", "elu"]  # fmt: skip
        return kind, (draw(st.sampled_from(names)),), {}, shape
    if kind == "PReLU":
        shared = draw(st.one_of(st.none(), st.lists(axes, unique=True, min_size=1)))
        return kind, (), {"shared_axes": shared, "alpha_initializer": "ones"}, shape
    if kind == "Softmax":
        several = st.lists(axes, unique=True, min_size=1)
        return kind, (), {"axis": draw(st.one_of(axes, st.just(-1), several))}, shape
    if kind == "ReLU":
        least = draw(st.one_of(st.none(), number))
        return kind, (), {"max_value": least, "negative_slope": draw(number), "threshold": draw(number)}, shape
    value = draw(number)
    return kind, (), {"ThresholdedReLU": {"theta": value}}.get(kind, {"alpha": value}), shape


def merge(draw: Draw) -> tuple[Any, ...]:
    kinds = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"]
    kind = draw(st.sampled_from(kinds))
    shape = places(draw, draw(st.integers(1, 3)))
    if kind == "Dot":
        first, second, left, right = (draw(st.integers(1, 4)) for _ in range(4))
        normal = {"normalize": draw(st.booleans())}
        if draw(st.booleans()):
            return kind, (), {"axes": draw(st.sampled_from([1, -1])), **normal}, [(first,), (first,)]
        axes = draw(st.sampled_from([1, 2, (1, 2), (2, 1), -1, (-1, 1)]))
        pair = (axes, axes) if isinstance(axes, int) else axes
        shapes = [[left, left], [right, right]]
        shapes[0][pair[0] % 3 - 1] = shapes[1][pair[1] % 3 - 1] = second
        return kind, (), {"axes": axes, **normal}, [tuple(one) for one in shapes]
    count = 2 if kind == "Subtract" else draw(st.integers(2, 4))
    if kind == "Concatenate":
        axis = draw(st.integers(1, len(shape)))
        sizes = [draw(st.integers(1, 4)) for _ in range(count)]
        named = draw(st.sampled_from([axis, axis - 1 - len(shape)]))
        return kind, (), {"axis": named}, [(*shape[: axis - 1], n, *shape[axis:]) for n in sizes]
    shapes = [tuple(1 if draw(st.integers(0, 5)) == 0 else size for size in shape) for _ in range(count)]
    shapes = [one[draw(st.integers(0, len(one) - 1)) if draw(st.integers(0, 5)) == 0 else 0 :] for one in shapes]
    return kind, (), {}, shapes


def global_pooling(draw: Draw) -> tuple[Any, ...]:
    spatial = draw(st.integers(1, 3))
    kind = f"Global{draw(st.sampled_from(['Max', 'Average']))}Pooling{spatial}D"
    layout = {"data_format": draw(st.sampled_from(["channels_last", "channels_first"]))}
    return kind, (), {"keepdims": draw(st.booleans()), **layout}, (*places(draw, spatial), 2)


def image(draw: Draw) -> tuple[Any, ...]:
    shape = (draw(st.integers(2, 9)), draw(st.integers(2, 9)), draw(st.integers(1, 3)))
    kind = draw(st.sampled_from(["Resizing", "CenterCrop", "Rescaling"]))
    if kind == "Rescaling":
        return kind, (draw(st.sampled_from([2.0, 1 / 255.0])), draw(st.sampled_from([0.0, -1.0]))), {}, shape
    size = (draw(st.integers(1, 10)), draw(st.integers(1, 10)))
    if kind == "CenterCrop":
        return kind, size, {}, shape
    methods = ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]
    options = {"interpolation": draw(st.sampled_from(methods)), "crop_to_aspect_ratio": draw(st.booleans())}
    return kind, size, options, shape


def dense(draw: Draw) -> tuple[Any, ...]:
    shape = places(draw, draw(st.integers(1, 3)))
    options = {
        "activation": draw(ACTIVATIONS),
        "use_bias": draw(st.booleans()),
        "kernel_regularizer": draw(st.sampled_from([None, "l1", "l2", "l1_l2"])),
        "bias_constraint": draw(st.sampled_from([None, "non_neg", "max_norm", "unit_norm"])),
        "kernel_initializer": draw(st.sampled_from(["glorot_normal", "he_uniform", "orthogonal", "lecun_normal"])),
    }
    return "Dense", (draw(st.integers(1, 4)),), options, shape


FAMILIES: dict[str, Callable[[Draw], tuple[Any, ...]]] = {
    "conv1d": lambda draw: convolution(draw, "Conv", 1),
    "conv2d": lambda draw: convolution(draw, "Conv", 2),
    "conv3d": lambda draw: convolution(draw, "Conv", 3),
    "transpose1d": lambda draw: convolution(draw, "Transpose", 1),
    "transpose2d": lambda draw: convolution(draw, "Transpose", 2),
    "transpose3d": lambda draw: convolution(draw, "Transpose", 3),
    "depthwise1d": lambda draw: convolution(draw, "Depthwise", 1),
    "depthwise2d": lambda draw: convolution(draw, "Depthwise", 2),
    "separable1d": lambda draw: convolution(draw, "Separable", 1),
    "separable2d": lambda draw: convolution(draw, "Separable", 2),
    "pooling": pooling,
    "global pooling": global_pooling,
    "normalization": normalization,
    "borders": borders,
    "attention": attention,
    "locally connected": locally_connected,
    "einsum": einsum,
    "dense": dense,
    "reshaping": reshaping,
    "activation": activation,
    "merge": merge,
    "image": image,
}
