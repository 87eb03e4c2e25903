"""What layers say to the commonest mistakes: who, what was expected, what came, what to do."""
# ruff: noqa: E501  # the texts stay whole

from typing import Any

import numpy as np
import pytest

from nnstack import layers as L

IMAGES = np.zeros((2, 4, 4, 3), np.float32)
STEPS = np.zeros((2, 5, 3), np.float32)
ROWS = np.zeros((2, 3), np.float32)

CONSTRUCTED: list[tuple[Any, str]] = [
    (lambda: L.Conv2D(0, 3, name="c"), 'conv2d (layer "c"): expected a positive integer as filters, got 0'),
    (lambda: L.Conv2D(4, 0, name="c"),
     'conv2d (layer "c"): expected an integer or 2 integers of at least 1 as kernel_size, got 0'),
    (lambda: L.Conv2D(4, (3, 3, 3), name="c"),
     'conv2d (layer "c"): expected an integer or 2 integers of at least 1 as kernel_size, got (3, 3, 3)'),
    (lambda: L.Conv2D(4, 3, padding="causal", name="c"),
     "conv2d (layer \"c\"): expected one of 'valid', 'same' as padding, got 'causal'"),
    (lambda: L.Conv2D(4, 3, strides=2, dilation_rate=2, name="c"),
     'conv2d (layer "c"): strides above 1 cannot be combined with dilation_rate above 1, got strides=(2, 2) and '
     "dilation_rate=(2, 2)"),
    (lambda: L.Conv2D(4, 3, groups=3, name="c"),
     'conv2d (layer "c"): expected filters that groups divides, got 4 and groups=3'),
    (lambda: L.Conv2D(4, 3, data_format="first", name="c"),
     "data_format: expected 'channels_last' or 'channels_first', got 'first'"),
    (lambda: L.Conv2DTranspose(4, 3, strides=2, output_padding=2, name="c"),
     'conv2d_transpose (layer "c"): expected output_padding below strides on every axis, got output_padding=(2, 2) and '
     "strides=(2, 2)"),
    (lambda: L.MaxPooling2D(-1, name="p"),
     'max_pooling2d (layer "p"): expected an integer or 2 integers of at least 1 as pool_size, got -1'),
    (lambda: L.ZeroPadding2D((1, 2, 3), name="z"),
     'zero_padding2d (layer "z"): expected as padding an integer, 2 integers or 2 pairs (before, after), none below 0, '
     "got (1, 2, 3)"),
    (lambda: L.LocallyConnected1D(2, 2, padding="same", name="l"),
     'locally_connected1d (layer "l"): implementation 1 takes padding=\'valid\' only, got \'same\'. Use implementation 2 '
     "or 3"),
    (lambda: L.Dropout(1.0, name="d"), 'dropout (layer "d"): expected a rate from 0 to below 1, got 1.0'),
    (lambda: L.Permute((1, 3), name="p"), 'permute (layer "p"): expected each of 1 to 2 once in dims, got (1, 3)'),
    (lambda: L.BatchNormalization(virtual_batch_size=4, name="b"),
     'batch_normalization (layer "b"): virtual batches and `adjustment` are not supported, got virtual_batch_size=4, '
     "adjustment=None. Leave them out, or train with that batch size"),
    (lambda: L.Attention(score_mode="add", name="a"),
     "attention (layer \"a\"): expected one of 'dot', 'concat' as score_mode, got 'add'"),
    (lambda: L.CategoryEncoding(name="e"),
     'category_encoding (layer "e"): expected a positive integer as num_tokens, got None'),
]  # fmt: skip

BUILT: list[tuple[Any, Any, str]] = [
    (lambda: L.Conv2D(4, 3, name="c"), ROWS,
     'conv2d (layer "c"): expected rank at least 4, got rank 2; input shape (2, 3). One sample alone needs a batch axis: '
     "x[np.newaxis, ...]"),
    (lambda: L.Conv2D(4, 5, name="c"), IMAGES,
     'conv2d (layer "c"): a window of 5 does not fit into 4: kernel_size (5, 5), dilation_rate (1, 1), padding \'valid\', '
     "input shape (2, 4, 4, 3). Use padding='same', a smaller kernel, or a larger input"),
    (lambda: L.Conv2D(4, 3, groups=2, name="c"), IMAGES,
     'conv2d (layer "c"): expected channels that groups divides, got 3 channels and groups=2; input shape (2, 4, 4, 3)'),
    (lambda: L.MaxPooling2D(5, name="p"), IMAGES,
     'max_pooling2d (layer "p"): a window of 5 does not fit into 4: kernel_size (5, 5), dilation_rate (1, 1), padding '
     "'valid', input shape (2, 4, 4, 3). Use padding='same', a smaller kernel, or a larger input"),
    (lambda: L.Cropping1D((3, 2), name="c"), STEPS,
     'cropping1d (layer "c"): cropping (3, 2) leaves nothing of input shape (2, 5, 3). Crop less'),
    (lambda: L.BatchNormalization(axis=4, name="b"), STEPS,
     'batch_normalization (layer "b"): expected axes within [-3, 3), got 4; the input has rank 3'),
    (lambda: L.GroupNormalization(2, name="g"), STEPS,
     'group_normalization (layer "g"): expected groups that divide the 3 channels of axis -1, got 2; input shape '
     "(2, 5, 3)"),
    (lambda: L.Dot(axes=1, name="d"), [ROWS, np.zeros((2, 4), np.float32)],
     'dot (layer "d"): sizes 3 and 4 along axes 1 differ; shapes (2, 3), (2, 4)'),
    (lambda: L.Attention(name="a"), [STEPS, np.zeros((2, 5, 4), np.float32)],
     'attention (layer "a"): expected query (batch, Tq, dim), value (batch, Tv, depth) and key (batch, Tv, dim), got '
     "(2, 5, 3), (2, 5, 4), (2, 5, 4)"),
    (lambda: L.EinsumDense("abc,cd->abd", 5, name="e"), STEPS,
     "einsum_dense (layer \"e\"): expected 2 sizes in output_shape for 'abc,cd->abd', got [5]"),
    (lambda: L.PReLU(shared_axes=[3], name="p"), STEPS,
     'p_re_lu (layer "p"): expected shared_axes from 1 to 2, got [3]; input shape (2, 5, 3)'),
]  # fmt: skip


@pytest.mark.parametrize(("make", "text"), CONSTRUCTED)
def test_constructed(make: Any, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize(("make", "x", "text"), BUILT)
def test_built(make: Any, x: Any, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        make()(x)
    assert str(caught.value) == text


def test_later_inputs_are_checked_too() -> None:
    layer = L.Conv1D(2, 2, name="c")
    layer(STEPS)
    with pytest.raises(ValueError, match=r'conv1d \(layer "c"\): expected last axis 3, got 4; input shape \(2, 5, 4\)'):
        layer(np.zeros((2, 5, 4), np.float32))
    with pytest.raises(ValueError, match="expected sequences of input_length 4, got input shape"):
        L.Embedding(5, 2, input_length=4).compute_output_shape((None, 3))
    with pytest.raises(ValueError, match="expected a known number of channels"):
        L.Conv1D(2, 2)(L.Input((5, None)))
