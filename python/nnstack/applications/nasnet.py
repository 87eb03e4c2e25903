"""NASNet-A (Zoph et al. 2017): two kinds of cells, found by search, stacked."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from nnstack import backend, layers
from nnstack.applications.blocks import batch_norm, pad_for_stride
from nnstack.applications.classifier import (
    STORAGE,
    Published,
    Request,
    check_request,
    finish,
    head,
    image_input,
    image_shape,
)
from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.engine.model import Model

PAPER = "Learning transferable architectures for scalable image recognition, https://arxiv.org/abs/1707.07012"
_NORM = {"momentum": 0.9997, "epsilon": 1e-3}
_CONVOLUTION = {"use_bias": False, "kernel_initializer": "he_normal", "padding": "same"}


def _relu(x: Any, name: str | None = None) -> Any:
    return layers.Activation("relu", name=name)(x)


def _separable(x: Any, filters: int, kernel: int, name: str, stride: int = 1) -> Any:
    """ReLU, separable convolution, normalisation, twice; the first may shrink the image."""
    x = _relu(x)
    if stride == 2:
        x = pad_for_stride(x, kernel, f"separable_conv_1_pad_{name}")
    for number in (1, 2):
        if number == 2:
            x = _relu(x)
        strides, padding = (stride, "valid") if number == 1 and stride == 2 else (1, "same")
        options = {**_CONVOLUTION, "padding": padding, "strides": strides}
        x = layers.SeparableConv2D(filters, kernel, name=f"separable_conv_{number}_{name}", **options)(x)
        x = batch_norm(x, f"separable_conv_{number}_bn_{name}", **_NORM)
    return x


def _adjusted(before: Any, x: Any, filters: int, identifier: str) -> Any:
    """The cell before the last, made as large as the last, with `filters` channels."""
    if before is None:
        return x
    if before.shape[2] != x.shape[2]:
        before = _relu(before, f"adjust_relu_1_{identifier}")
        shifted = layers.Cropping2D(((1, 0), (1, 0)))(layers.ZeroPadding2D(((0, 1), (0, 1)))(before))
        halves = []
        for number, half in ((1, before), (2, shifted)):
            half = layers.AveragePooling2D((1, 1), strides=(2, 2), name=f"adjust_avg_pool_{number}_{identifier}")(half)
            name = f"adjust_conv_{number}_{identifier}"
            halves.append(layers.Conv2D(filters // 2, 1, name=name, **_CONVOLUTION)(half))
        before = layers.Concatenate(axis=-1)(halves)
    elif before.shape[3] != filters:
        name = f"adjust_conv_projection_{identifier}"
        before = layers.Conv2D(filters, 1, name=name, **_CONVOLUTION)(_relu(before))
    else:
        return before
    return batch_norm(before, f"adjust_bn_{identifier}", **_NORM)


def _squeezed(x: Any, filters: int, kind: str, identifier: str) -> Any:
    x = layers.Conv2D(filters, 1, name=f"{kind}_conv_1_{identifier}", **_CONVOLUTION)(_relu(x))
    return batch_norm(x, f"{kind}_bn_1_{identifier}", **_NORM)


def _normal_cell(x: Any, before: Any, filters: int, identifier: str) -> tuple[Any, Any]:
    """Figure 4, left: keeps the size."""
    p = _adjusted(before, x, filters, identifier)
    h = _squeezed(x, filters, "normal", identifier)

    def separable(source: Any, kernel: int, side: str) -> Any:
        return _separable(source, filters, kernel, f"normal_{side}_{identifier}")

    def average(source: Any, side: str) -> Any:
        name = f"normal_{side}_{identifier}"
        return layers.AveragePooling2D((3, 3), strides=(1, 1), padding="same", name=name)(source)

    pairs = [
        [separable(h, 5, "left1"), separable(p, 3, "right1")],
        [separable(p, 5, "left2"), separable(p, 3, "right2")],
        [average(h, "left3"), p],
        [average(p, "left4"), average(p, "right4")],
        [separable(h, 3, "left5"), h],
    ]
    added = [layers.Add(name=f"normal_add_{n}_{identifier}")(pair) for n, pair in enumerate(pairs, 1)]
    return layers.Concatenate(axis=-1, name=f"normal_concat_{identifier}")([p, *added]), x


def _reduction_cell(x: Any, before: Any, filters: int, identifier: str) -> tuple[Any, Any]:
    """Figure 4, right: halves the sides."""
    p = _adjusted(before, x, filters, identifier)
    h = _squeezed(x, filters, "reduction", identifier)
    padded = pad_for_stride(h, 3, f"reduction_pad_1_{identifier}")

    def separable(source: Any, kernel: int, side: str, stride: int = 2) -> Any:
        return _separable(source, filters, kernel, f"reduction_{side}_{identifier}", stride)

    def pooled(kind: Any, side: str) -> Any:
        return kind((3, 3), strides=(2, 2), name=f"reduction_{side}_{identifier}")(padded)

    def add(name: str | None, left: Any, right: Any) -> Any:
        return layers.Add(name=name and f"reduction_{name}_{identifier}")([left, right])

    one = add("add_1", separable(h, 5, "left1"), separable(p, 7, "right1"))
    two = add("add_2", pooled(layers.MaxPooling2D, "left2"), separable(p, 7, "right2"))
    three = add("add3", pooled(layers.AveragePooling2D, "left3"), separable(p, 5, "right3"))
    name = f"reduction_left4_{identifier}"
    smoothed = layers.AveragePooling2D((3, 3), strides=(1, 1), padding="same", name=name)(one)
    four = add(None, two, smoothed)
    last = separable(one, 3, "left4", stride=1)
    five = add("add4", last, pooled(layers.MaxPooling2D, "right5"))
    return layers.Concatenate(axis=-1, name=f"reduction_concat_{identifier}")([two, three, four, five]), x


class Plan(NamedTuple):
    """`blocks` normal cells between reductions; `skips`: the cell after a reduction looks past it."""

    size: int
    penultimate: int
    blocks: int
    stem_filters: int
    skips: bool
    file: str


def _features(image: Any, plan: Plan) -> Any:
    filters = plan.penultimate // 24
    options = {**_CONVOLUTION, "padding": "valid"}
    x = layers.Conv2D(plan.stem_filters, (3, 3), strides=(2, 2), name="stem_conv1", **options)(image)
    x, before = batch_norm(x, "stem_bn1", **_NORM), None
    x, before = _reduction_cell(x, before, filters // 4, "stem_1")
    x, before = _reduction_cell(x, before, filters // 2, "stem_2")
    for stage in range(3):
        if stage:
            x, skipped = _reduction_cell(x, before, filters * 2**stage, f"reduce_{plan.blocks * stage}")
            before = before if plan.skips else skipped
        for block in range(plan.blocks):
            number = plan.blocks * stage + block + (stage > 0)
            x, before = _normal_cell(x, before, filters * 2**stage, str(number))
    return _relu(x)


@contextmanager
def _channels_last() -> Iterator[None]:
    """The cells are only defined for channels in the last place."""
    given = backend.image_data_format()
    if given != "channels_last":
        warnings.warn("nasnet: the model takes channels last, whatever image_data_format is", stacklevel=4)
    backend.set_image_data_format("channels_last")
    try:
        yield
    finally:
        backend.set_image_data_format(given)


def _nasnet(request: Request, plan: Plan) -> Model:
    check_request("NASNet", request)
    with _channels_last():
        image = image_input(request.input_tensor, image_shape("NASNet", request, plan.size, 32))
        x = head(_features(image, plan), request, pool_name=None, named=False)
        origin = f"{STORAGE}nasnet/{plan.file.replace('nasnet_', 'NASNet-')}"
        published = Published(f"{plan.file}.h5", f"{plan.file}_no_top.h5", f"{origin}.h5 or {origin}-no-top.h5")
        return finish("NASNet", request, image, x, published)


def _variant(name: str, plan: Plan) -> Any:
    def construct(
        input_shape: Any = None,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
    ) -> Model:
        request = Request(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation)
        return _nasnet(request, plan)

    construct.__name__ = construct.__qualname__ = name
    construct.__doc__ = f"""{name}: {plan.penultimate} features of images of {plan.size} x {plan.size}.

    Arguments as of all families (`VGG16` tells), `input_shape` first; channels lie last whatever the data format.

    >>> model = {name}(weights=None, classes=10)

    Source: {PAPER}
    """
    return construct


NASNetMobile = _variant("NASNetMobile", Plan(224, 1056, 4, 32, False, "nasnet_mobile"))
NASNetLarge = _variant("NASNetLarge", Plan(331, 4032, 6, 96, True, "nasnet_large"))
preprocess_input = preprocessing("tf")

__all__ = ["NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]
