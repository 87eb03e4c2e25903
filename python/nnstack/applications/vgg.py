"""VGG (Simonyan and Zisserman 2014): blocks of 3 x 3 convolutions, then two wide dense layers."""

from __future__ import annotations

from nnstack import layers
from nnstack.applications.classifier import (
    STORAGE,
    Published,
    Request,
    check_request,
    finish,
    image_input,
    image_shape,
    pooled,
    variant,
)
from nnstack.engine.model import Model

PAPER = "Very deep convolutional networks for large-scale image recognition, https://arxiv.org/abs/1409.1556"
_FILTERS = (64, 128, 256, 512, 512)


def _vgg(request: Request, name: str, convolutions: tuple[int, ...], size: int, smallest: int) -> Model:
    check_request(name, request)
    image = image_input(request.input_tensor, image_shape(name, request, size, smallest))
    x = image
    for block, (filters, count) in enumerate(zip(_FILTERS, convolutions, strict=True), 1):
        for number in range(1, count + 1):
            layer = layers.Conv2D(filters, (3, 3), activation="relu", padding="same", name=f"block{block}_conv{number}")
            x = layer(x)
        x = layers.MaxPooling2D((2, 2), strides=(2, 2), name=f"block{block}_pool")(x)
    if request.include_top:
        x = layers.Flatten(name="flatten")(x)
        for dense in ("fc1", "fc2"):
            x = layers.Dense(4096, activation="relu", name=dense)(x)
        x = layers.Dense(request.classes, activation=request.classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, request.pooling, named=False)
    file = f"{name}_weights_tf_dim_ordering_tf_kernels"
    published = Published(f"{file}.h5", f"{file}_notop.h5", f"{STORAGE}{name}/")
    return finish(name, request, image, x, published)


VGG16 = variant("VGG16", _vgg, "VGG with 16 layers", PAPER, 224, name="vgg16", convolutions=(2, 2, 3, 3, 3))
VGG19 = variant("VGG19", _vgg, "VGG with 19 layers", PAPER, 224, name="vgg19", convolutions=(2, 2, 4, 4, 4))
