"""What all families share: an image comes in, features are computed, a head classifies, published weights are read."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from nnstack import backend, layers
from nnstack.engine.inputs import Input
from nnstack.engine.model import Model
from nnstack.engine.nodes import history_of
from nnstack.utils.file_utils import cache_folder
from nnstack.utils.source_inputs import get_source_inputs

STORAGE = "https://storage.googleapis.com/tensorflow/keras-applications/"


class Request(NamedTuple):
    """The arguments that every family takes."""

    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: str | None
    classes: int
    classifier_activation: Any


class Published(NamedTuple):
    """Where weights trained on ImageNet are found: names in the cache with and without the head, and their origin."""

    with_top: str
    without_top: str
    origin: str


def check_request(name: str, request: Request, trained_classes: int = 1000) -> None:
    """ValueError for weights that do not exist, or a head that published weights do not fit."""
    if request.weights in (None, "imagenet"):
        pass
    elif not isinstance(request.weights, str | os.PathLike) or not os.path.exists(request.weights):
        raise ValueError(
            f"{name}: expected weights None (random), 'imagenet' or the path of a weight file, got "
            f"{request.weights!r}, which does not exist"
        )
    if request.pooling not in (None, "avg", "max"):
        raise ValueError(f"{name}: expected pooling None, 'avg' or 'max', got {request.pooling!r}")
    if request.weights == "imagenet" and request.include_top and request.classes != trained_classes:
        raise ValueError(
            f"{name}: the weights 'imagenet' with include_top=True have {trained_classes} classes, got "
            f"classes={request.classes}. Pass include_top=False, or weights=None"
        )
    if request.weights is not None and request.include_top:
        activation = request.classifier_activation
        if getattr(activation, "__name__", activation) not in (None, "softmax", "linear"):
            raise ValueError(
                f"{name}: the head of trained weights takes classifier_activation None or 'softmax', got {activation!r}"
            )


def image_shape(name: str, request: Request, size: int, smallest: int, static: bool | None = None) -> Any:
    """Shape of the images: the one asked for, once checked, else `size` by `size`, or any size without a head.

    `static`: whether the head needs known sizes, default where there is one.
    """
    shape, first = request.input_shape, backend.image_data_format() == "channels_first"
    static = request.include_top if static is None else static
    trained = request.weights == "imagenet"
    channels = 3
    if not trained and shape and len(shape) == 3:
        channels = shape[0 if first else -1]
        if channels not in (1, 3):
            warnings.warn(f"{name}: images usually have 1 or 3 channels, got input_shape {shape}", stacklevel=4)
    default = (channels, size, size) if first else (size, size, channels)
    if trained and static:
        if shape is not None and tuple(shape) != default:
            raise ValueError(
                f"{name}: the weights 'imagenet' with include_top=True need input_shape {default}, got {shape}"
            )
        return default
    if not shape:
        return default if static else (3, None, None) if first else (None, None, 3)
    if len(shape) != 3:
        raise ValueError(f"{name}: expected input_shape of three sizes, got {shape}")
    if trained and channels != shape[0 if first else -1]:
        raise ValueError(f"{name}: the weights 'imagenet' need 3 channels, got input_shape {shape}")
    sides = shape[1:] if first else shape[:2]
    if any(side is not None and side < smallest for side in sides):
        raise ValueError(f"{name}: images must be at least {smallest} x {smallest}, got input_shape {shape}")
    if static and None in shape:
        raise ValueError(f"{name}: include_top=True needs a known input_shape, got {shape}")
    return tuple(shape)


def image_input(tensor: Any, shape: Any) -> Any:
    """The tensor the model starts at: the one given, if a layer made it, else an Input."""
    if tensor is None:
        return Input(shape=shape)
    return tensor if history_of(tensor) is not None else Input(tensor=tensor, shape=shape)


def finish(name: str, request: Request, image: Any, outputs: Any, published: Published | None = None) -> Model:
    """The model called `name`, with the weights asked for."""
    inputs = get_source_inputs(image) if image is request.input_tensor else image
    model = Model(inputs, outputs, name=name)
    if request.weights == "imagenet":
        model.load_weights(_published_file(name, request, published))
    elif request.weights is not None:
        model.load_weights(request.weights)
    return model


def _published_file(name: str, request: Request, published: Published | None) -> str:
    if published is None:
        raise ValueError(f"{name}: there are no published weights of this variant. Pass weights=None or a path")
    file = published.with_top if request.include_top else published.without_top
    path = cache_folder(cache_subdir="models") / file
    if not path.exists():
        raise FileNotFoundError(
            f"{name}: {path} does not exist, and nothing is downloaded. Get it from {published.origin} and put it "
            "there, or pass weights=None or the path of a weight file"
        )
    return str(path)


def pooled(x: Any, pooling: str | None, named: bool = True) -> Any:
    """Features without a head, averaged ('avg') or their maximum ('max') over the image, or as they are."""
    if pooling == "avg":
        return layers.GlobalAveragePooling2D(name="avg_pool" if named else None)(x)
    if pooling == "max":
        return layers.GlobalMaxPooling2D(name="max_pool" if named else None)(x)
    return x


def head(
    x: Any,
    request: Request,
    pool_name: str | None = "avg_pool",
    named: bool = True,
    dropout: float = 0.0,
    kernel: Any = "glorot_uniform",
) -> Any:
    """Average over the image, dropout if any, and class scores; without a head `pooled`."""
    if not request.include_top:
        return pooled(x, request.pooling, named)
    x = layers.GlobalAveragePooling2D(name=pool_name)(x)
    if dropout > 0:
        x = layers.Dropout(dropout, name="top_dropout")(x)
    scores = layers.Dense(
        request.classes, activation=request.classifier_activation, kernel_initializer=kernel, name="predictions"
    )
    return scores(x)


Builder = Callable[..., Model]

_DOC = """{title}.

    Arguments: `include_top` whether the classifying layers are there, default True; `weights` None (random), 'imagenet'
    (the default: the published file in `~/.keras/models`, FileNotFoundError says where to put it) or the path of a
    weight file; `input_tensor` a tensor to start from, default a new Input; `input_shape` without the batch axis,
    default {size}, at least {smallest} wide, without a head any size; `pooling` of the features without a head: None,
    'avg' or 'max'; `classes` of the head, default 1000; `classifier_activation` default 'softmax', None for logits.
    ValueError if they do not fit each other. Images go through the family's `preprocess_input`.

    >>> model = {name}(weights=None, classes=10)

    Source: {paper}
    """


def network(name: str, features: Callable[[Any], Any]) -> Builder:
    """The builder of a family of one network: what `features` makes of an image, and the head."""

    def build(request: Request, size: int, smallest: int) -> Model:
        check_request(name, request)
        image = image_input(request.input_tensor, image_shape(name, request, size, smallest))
        x = head(features(image), request, named=False)
        file = f"{name}_weights_tf_dim_ordering_tf_kernels"
        return finish(name, request, image, x, Published(f"{file}.h5", f"{file}_notop.h5", f"{STORAGE}{name}/"))

    build.__module__ = features.__module__
    return build


def variant(
    name: str, build: Builder, title: str, paper: str, size: int, smallest: int = 32, /, **table: Any
) -> Builder:
    """A public constructor called `name`: the arguments of all families, and one row of a family's table."""

    def construct(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
    ) -> Model:
        request = Request(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation)
        return build(request, size=size, smallest=smallest, **table)

    construct.__name__ = construct.__qualname__ = name
    construct.__module__ = build.__module__
    shape = f"({size}, {size}, 3)"
    construct.__doc__ = _DOC.format(title=title, name=name, paper=paper, size=shape, smallest=smallest)
    return construct
