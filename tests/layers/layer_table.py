"""The layers that `layer_check` is run through: a name, how to make the layer, shapes without the batch, options."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from nnstack import layers as L


class Row(NamedTuple):
    name: str
    make: Callable[..., Any]
    shapes: Any
    options: dict[str, Any]


ROWS: list[Row] = []


def row(name: str, cls: Any, shapes: Any, *args: Any, integers: int = 0, unknown: Any = (), **kwargs: Any) -> None:
    ROWS.append(Row(name, partial(cls, *args, **kwargs), shapes, {"integers": integers, "unknown": unknown}))


def both(name: str, cls: Any, places: tuple[int, ...], *args: Any, unknown: bool = True, **kwargs: Any) -> None:
    """The layer in both layouts, on three channels."""
    last = tuple(range(len(places))) if unknown else ()
    first = tuple(axis + 1 for axis in last)
    row(f"{name}, channels last", cls, (*places, 3), *args, unknown=last, data_format="channels_last", **kwargs)
    row(f"{name}, channels first", cls, (3, *places), *args, unknown=first, data_format="channels_first", **kwargs)


# Convolutions
both("Conv1D", L.Conv1D, (8,), 4, 3)
both("Conv1D same strided", L.Conv1D, (9,), 4, 3, strides=2, padding="same", activation="tanh")
both("Conv1D causal dilated", L.Conv1D, (8,), 4, 3, padding="causal", dilation_rate=2)
both("Conv2D", L.Conv2D, (6, 7), 4, (2, 3))
both("Conv2D same strided", L.Conv2D, (6, 7), 4, 3, strides=(2, 1), padding="same", use_bias=False)
both("Conv2D dilated", L.Conv2D, (6, 7), 4, 2, dilation_rate=(2, 3))
both("Conv2D groups", L.Conv2D, (5, 5), 6, 3, groups=3)
both("Conv3D", L.Conv3D, (4, 5, 4), 2, (2, 3, 1), padding="same")
row("Conv1D of two batch axes", L.Conv1D, (2, 6, 3), 4, 3)
both("Conv1DTranspose", L.Conv1DTranspose, (5,), 4, 3, strides=2)
both("Conv2DTranspose", L.Conv2DTranspose, (4, 5), 2, 3, strides=2, padding="same")
both("Conv2DTranspose output_padding", L.Conv2DTranspose, (3, 4), 2, 3, strides=(2, 3), output_padding=(1, 2))
both("Conv2DTranspose dilated", L.Conv2DTranspose, (4, 4), 2, 2, dilation_rate=2)
both("Conv3DTranspose", L.Conv3DTranspose, (3, 2, 3), 2, 2, strides=2)
both("DepthwiseConv1D", L.DepthwiseConv1D, (6,), 3, depth_multiplier=2)
both("DepthwiseConv2D", L.DepthwiseConv2D, (5, 6), 3, strides=2, padding="same")
both("DepthwiseConv2D multiplier", L.DepthwiseConv2D, (5, 6), (3, 2), depth_multiplier=2, activation="sigmoid")
both("SeparableConv1D", L.SeparableConv1D, (7,), 4, 3, padding="causal")
both("SeparableConv2D", L.SeparableConv2D, (5, 6), 4, 3, depth_multiplier=2, padding="same")
for implementation in (1, 2, 3):
    both("LocallyConnected1D", L.LocallyConnected1D, (6,), 2, 3, unknown=False, implementation=implementation)
    both("LocallyConnected2D", L.LocallyConnected2D, (4, 5), 2, (2, 3), strides=(1, 2), unknown=False,
         implementation=implementation)  # fmt: skip
both("LocallyConnected1D same", L.LocallyConnected1D, (6,), 2, 3, unknown=False, padding="same", implementation=3)

# Pooling
for kind in ("Max", "Average"):
    both(f"{kind}Pooling1D", getattr(L, f"{kind}Pooling1D"), (7,))
    both(f"{kind}Pooling2D", getattr(L, f"{kind}Pooling2D"), (6, 7), (2, 3), strides=1, padding="same")
    both(f"{kind}Pooling3D", getattr(L, f"{kind}Pooling3D"), (4, 5, 4), (2, 2, 1))
    for spatial, places in ((1, (7,)), (2, (4, 5)), (3, (3, 2, 4))):
        both(f"Global{kind}Pooling{spatial}D", getattr(L, f"Global{kind}Pooling{spatial}D"), places)
        both(
            f"Global{kind}Pooling{spatial}D keepdims",
            getattr(L, f"Global{kind}Pooling{spatial}D"),
            places,
            keepdims=True,
        )

# Borders and sizes
row("ZeroPadding1D", L.ZeroPadding1D, (5, 3), (1, 2), unknown=(0,))
row("Cropping1D", L.Cropping1D, (5, 3), (1, 2), unknown=(0,))
row("UpSampling1D", L.UpSampling1D, (5, 3), 3, unknown=(0,))
both("ZeroPadding2D", L.ZeroPadding2D, (4, 5), ((1, 0), (2, 3)))
both("ZeroPadding3D", L.ZeroPadding3D, (3, 4, 2), (1, 0, 2))
both("Cropping2D", L.Cropping2D, (5, 6), ((1, 0), (2, 1)))
both("Cropping3D", L.Cropping3D, (4, 5, 4), 1)
both("UpSampling2D", L.UpSampling2D, (3, 4), (2, 3))
both("UpSampling2D bilinear", L.UpSampling2D, (3, 4), 2, interpolation="bilinear")
both("UpSampling2D bicubic", L.UpSampling2D, (3, 4), 2, interpolation="bicubic", unknown=False)
both("UpSampling3D", L.UpSampling3D, (2, 3, 2), (1, 2, 3))
for method in ("bilinear", "nearest", "area"):
    row(f"Resizing {method}", L.Resizing, (5, 6, 3), 4, 9, interpolation=method, unknown=(0, 1))
row("Resizing bicubic", L.Resizing, (5, 6, 3), 4, 9, interpolation="bicubic")
row("CenterCrop", L.CenterCrop, (5, 6, 3), 3, 4)


# Normalization
def _spectral(dtype: Any = None) -> Any:
    return L.SpectralNormalization(L.Dense(3, dtype=dtype), power_iterations=2, dtype=dtype)


row("BatchNormalization", L.BatchNormalization, (4,))
row("BatchNormalization axis 1", L.BatchNormalization, (4, 5, 3), axis=1, unknown=(1, 2))
row("BatchNormalization axes", L.BatchNormalization, (4, 5, 3), axis=[1, 3])
row("BatchNormalization not fused", L.BatchNormalization, (4, 5, 3), fused=False, center=False, unknown=(0, 1))
row("BatchNormalization renorm", L.BatchNormalization, (4,), renorm=True, renorm_clipping={"rmax": 3.0, "dmax": 5.0})
row("LayerNormalization", L.LayerNormalization, (5, 4), unknown=(0,))
row("LayerNormalization axes", L.LayerNormalization, (5, 4), axis=[1, 2], epsilon=1e-5)
row("LayerNormalization plain", L.LayerNormalization, (5, 4), center=False, scale=False)
row("GroupNormalization", L.GroupNormalization, (5, 4), 2, unknown=(0,))
row("GroupNormalization first", L.GroupNormalization, (6, 5), -1, axis=1, unknown=(1,))
row("UnitNormalization", L.UnitNormalization, (5, 4), unknown=(0,))
row("SpectralNormalization", _spectral, (4,))

# Attention, EinsumDense, Embedding
row("Attention", L.Attention, [(4, 3), (5, 3)], use_scale=True, unknown=(0,))
row("Attention concat", L.Attention, [(4, 3), (5, 2), (5, 3)], score_mode="concat", unknown=(0,))
row("Attention causal", L.Attention, [(4, 3), (4, 3)], causal=True, unknown=(0,))
row("AdditiveAttention", L.AdditiveAttention, [(4, 3), (5, 3)], unknown=(0,))
row("EinsumDense", L.EinsumDense, (5, 4), "abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")
row("EinsumDense ellipsis", L.EinsumDense, (5, 4), "...x,xy->...y", output_shape=3, bias_axes="y", activation="relu")
row("Embedding", L.Embedding, (5,), 7, 4, integers=7, unknown=(0,))

# Activations and merges
row("PReLU", L.PReLU, (5, 4), alpha_initializer="ones")
row("PReLU shared", L.PReLU, (5, 4), alpha_initializer="ones", shared_axes=[1], unknown=(0,))
row("Softmax axes", L.Softmax, (5, 4), axis=[1, 2], unknown=(0,))
row("Softmax robust", L.Softmax, (5, 4), axis=1, robust_masking=True, unknown=(0, 1))
row("Dot", L.Dot, [(4, 3), (5, 3)], axes=2, unknown=(0,))
row("Dot cosine", L.Dot, [(4,), (4,)], axes=-1, normalize=True)

# At rest these pass their input on
for cls in (L.SpatialDropout1D, L.AlphaDropout, L.Masking, L.Identity):
    row(cls.__name__, cls, (4, 3), *(() if cls in (L.Masking, L.Identity) else (0.5,)), unknown=(0,))
both("SpatialDropout2D", L.SpatialDropout2D, (3, 4), 0.5)
both("SpatialDropout3D", L.SpatialDropout3D, (3, 4, 2), 0.5)

# Preprocessing
row("Rescaling", L.Rescaling, (4, 3), 1 / 127.5, offset=-1.0, unknown=(0, 1))
row("Rescaling by channel", L.Rescaling, (4, 3), [1.0, 2.0, 4.0], offset=[0.0, -1.0, 1.0], unknown=(0,))
row("Normalization", L.Normalization, (4, 3), mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0], unknown=(0,))
row("CategoryEncoding", L.CategoryEncoding, (5,), 7, integers=7, unknown=(0,))
row("Discretization", L.Discretization, (5,), [-1.0, 0.0, 1.0], unknown=(0,))

# Keras 1
row("Highway", L.Highway, (4,), activation="tanh")
row("MaxoutDense", L.MaxoutDense, (4,), 3)

# The last one takes its gradient at the divided kernel on purpose, not through the division.
NOT_DIFFERENTIABLE = ("Embedding", "CategoryEncoding", "Discretization", "Masking", "SpectralNormalization")
