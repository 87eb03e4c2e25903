"""What layers say to the commonest mistakes: who, what was expected, what came, what to do."""
# ruff: noqa: E501  # the texts stay whole

from functools import partial
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
    (lambda: L.Masking("0", name="m"), "masking (layer \"m\"): expected a number as mask_value, got '0'"),
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
    (lambda: L.Dense(-3, name="d"), 'dense (layer "d"): expected a positive integer as units, got -3'),
    (lambda: L.Reshape("ab", name="r"),
     'reshape (layer "r"): expected a tuple of sizes, one of which may be -1, as target_shape, got \'ab\''),
    (lambda: L.Reshape((-1, -1), name="r"), 'reshape (layer "r"): expected at most one -1 in target_shape, got (-1, -1)'),
    (lambda: L.RepeatVector(0, name="r"), 'repeat_vector (layer "r"): expected a positive integer as n, got 0'),
    (lambda: L.Embedding(-5, 2, name="e"), 'embedding (layer "e"): expected a positive integer as input_dim, got -5'),
    (lambda: L.UpSampling2D(0, name="u"),
     'up_sampling2d (layer "u"): expected an integer or 2 integers of at least 1 as size, got 0'),
    (lambda: L.MultiHeadAttention(0, 2, name="m"),
     'multi_head_attention (layer "m"): expected a positive integer as num_heads, got 0'),
    (lambda: L.LeakyReLU(None, name="l"), 'leaky_re_lu (layer "l"): expected a number as alpha, got None'),
    (lambda: L.RandomRotation("x", name="r"),
     'random_rotation (layer "r"): expected as factor a number, or two in ascending order, within [-inf, inf], got \'x\''),
    (lambda: L.Bidirectional(L.LSTM(3), merge_mode="x", name="b"),
     'bidirectional (layer "b"): expected merge_mode sum, mul, ave, concat or None, got \'x\''),
    (lambda: L.Bidirectional(L.Dense(3, name="d"), name="b"),
     'bidirectional (layer "b"): expected a recurrent layer with go_backwards, return_sequences and stateful, got '
     "<Dense 'd'>"),
    (lambda: L.RNN(3, name="r"), 'rnn (layer "r"): expected a cell with `call` and `state_size`, got 3 without call'),
    (lambda: L.Input((-3,), name="i"),
     'input (layer "i"): expected a shape of whole numbers and None, such as (64,), got (-3,)'),
    (lambda: L.Discretization(name="d"),
     'discretization (layer "d"): expected either bin_boundaries or num_bins, got None, None'),
    (lambda: L.CategoryEncoding(name="e"),
     'category_encoding (layer "e"): expected a positive integer as num_tokens, got None'),
]  # fmt: skip

BUILT: list[tuple[Any, Any, str]] = [
    (lambda: L.Dense(2, name="d"), ROWS[0],
     'dense (layer "d"): expected rank at least 2, got rank 1; input shape (3,). One sample alone needs a batch axis: '
     "x[np.newaxis, ...]"),
    (lambda: L.Dense(2, name="d"), L.Input((None,)),
     'dense (layer "d"): expected a known last axis, got input shape (None, None). Give the input a size there'),
    (lambda: L.Reshape((4,), name="r"), ROWS,
     'reshape (layer "r"): 3 numbers per sample do not fit target_shape (4,); input shape (2, 3)'),
    (lambda: L.Permute((2, 1), name="p"), ROWS,
     'permute (layer "p"): expected rank 3, got rank 2; input shape (2, 3). '
     "One sample alone needs a batch axis: x[np.newaxis, ...]; one channel or feature an axis of its own: x[..., np.newaxis]"),
    (lambda: L.LSTM(4, name="l"), ROWS,
     'lstm (layer "l"): expected rank 3, got rank 2; input shape (2, 3). '
     "One sample alone needs a batch axis: x[np.newaxis, ...]; one channel or feature an axis of its own: x[..., np.newaxis]"),
    (lambda: L.ConvLSTM2D(2, 3, name="c"), IMAGES,
     'conv_lstm2d (layer "c"): expected rank 5, got rank 4; input shape (2, 4, 4, 3). '
     "One sample alone needs a batch axis: x[np.newaxis, ...]; one channel or feature an axis of its own: x[..., np.newaxis]"),
    (lambda: partial(L.LSTM(4, name="l"), initial_state=[ROWS, ROWS]), STEPS,
     'lstm (layer "l"): input 2 of 3: expected shape (None, 4), got (2, 3); input shape (2, 3). Convert or reshape the '
     "input to fit"),
    (lambda: partial(L.LSTM(3, name="l"), initial_state=[ROWS]), STEPS,
     'lstm (layer "l"): expected 2 initial states, got 1. Give one tensor per state of the cell'),
    (lambda: L.LSTM(4, stateful=True, name="l"), L.Input((5, 3)),
     'lstm (layer "l"): a stateful layer needs a known batch size. Give batch_input_shape=(batch, time, features) to the '
     "first layer, or batch_shape to Input"),
    (lambda: L.TimeDistributed(L.Dense(2), name="t"), ROWS,
     'time_distributed (layer "t"): expected at least the axes batch, time and one more, got input shape (2, 3)'),
    (lambda: L.Add(name="a"), [ROWS, np.zeros((2, 4), np.float32)],
     'add (layer "a"): expected inputs of one shape, got (2, 3), (2, 4)'),
    (lambda: L.Add(name="a"), ROWS, 'add (layer "a"): expected a list of inputs, got one input of shape (2, 3)'),
    (lambda: L.Subtract(name="s"), [ROWS, ROWS, ROWS], 'subtract (layer "s"): expected 2 inputs, got 3'),
    (lambda: L.Concatenate(axis=1, name="c"), [STEPS, np.zeros((2, 5, 4), np.float32)],
     'concatenate (layer "c"): expected inputs that differ only along axis 1, got (2, 5, 3), (2, 5, 4)'),
    (lambda: L.Concatenate(axis=5, name="c"), [ROWS, ROWS],
     'concatenate (layer "c"): expected an axis within [-2, 2), got 5; the inputs have rank 2'),
    (lambda: L.Softmax(axis=4, name="s"), ROWS,
     'softmax (layer "s"): expected axes within [-2, 2), got [4]; the input has rank 2'),
    (lambda: L.LayerNormalization(axis=7, name="l"), ROWS,
     'layer_normalization (layer "l"): expected axes within [-2, 2), got 7; the input has rank 2'),
    (lambda: L.GlobalMaxPooling2D(name="g"), ROWS,
     'global_max_pooling2d (layer "g"): expected rank 4, got rank 2; input shape (2, 3). Reshape the input to that rank'),
    (lambda: L.Resizing(3, 3, name="r"), ROWS,
     'resizing (layer "r"): expected images (batch, rows, cols, channels) or one image (rows, cols, channels), got shape '
     "(2, 3)"),
    (lambda: L.StringLookup(name="s"), ["a"],
     'string_lookup (layer "s"): the vocabulary is empty. Call adapt(data) or set_vocabulary(tokens) first'),
    (lambda: L.Conv2D(4, 3, name="c"), ROWS,
     'conv2d (layer "c"): expected rank at least 4, got rank 2; input shape (2, 3). Reshape the input to that rank'),
    (lambda: L.Conv2D(4, 5, name="c"), IMAGES,
     "conv2d (layer \"c\"): a window of 5 does not fit into 4: kernel_size (5, 5), padding 'valid', input shape (2, 4, 4, 3). "
     "Use padding='same', a smaller window, or a larger input"),
    (lambda: L.Conv1D(4, 3, dilation_rate=3, name="c"), STEPS,
     "conv1d (layer \"c\"): a window of 7 does not fit into 5: kernel_size (3,), dilation_rate (3,), padding 'valid', "
     "input shape (2, 5, 3). Use padding='same', a smaller window, or a larger input"),
    (lambda: L.Conv2D(4, 3, name="c"), IMAGES[..., 0],
     'conv2d (layer "c"): expected rank at least 4, got rank 3; input shape (2, 4, 4). One sample alone needs a batch '
     "axis: x[np.newaxis, ...]; one channel or feature an axis of its own: x[..., np.newaxis]"),
    (lambda: L.LSTM(4, name="l"), L.Input((3,)),
     'lstm (layer "l"): expected rank 3, got rank 2; input shape (None, 3). Set return_sequences=True in a recurrent '
     "layer before it, or add axes with Reshape or in the shape of Input"),
    (lambda: L.Conv2D(4, 3, name="c"), L.Input((28, 28)),
     'conv2d (layer "c"): expected rank at least 4, got rank 3; input shape (None, 28, 28). Add axes with Reshape or in '
     "the shape of Input"),
    (lambda: L.Conv2D(4, 3, groups=2, name="c"), IMAGES,
     'conv2d (layer "c"): expected channels that groups divides, got 3 channels and groups=2; input shape (2, 4, 4, 3)'),
    (lambda: L.MaxPooling2D(5, name="p"), IMAGES,
     "max_pooling2d (layer \"p\"): a window of 5 does not fit into 4: pool_size (5, 5), padding 'valid', input shape (2, 4, 4, 3). "
     "Use padding='same', a smaller window, or a larger input"),
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


def test_wrong_types() -> None:
    for action, text in (
        (lambda: L.Dense(2, name="d")("abc"), "dense (layer \"d\"): expected tensors or arrays of numbers, got 'abc'"),
        (lambda: L.Dense(2, name="d")(None), 'dense (layer "d"): expected a tensor or an array, got None'),
        (lambda: L.Dense(2, name="d")(), 'dense (layer "d"): called without inputs'),
        (lambda: L.Lambda(3, name="l"), 'lambda (layer "l"): expected a function, got 3'),
        (lambda: L.TimeDistributed(3, name="t"),
         'time_distributed (layer "t"): expected a layer to wrap, got 3. Pass an instance, such as Dense(8)'),
        (lambda: L.Dense(2, unit=3), "dense: unknown argument 'unit'; it takes units, activation, use_bias, "
         "kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, "
         "kernel_constraint, bias_constraint, name, trainable, dtype, input_shape, batch_input_shape, batch_size, weights"),
    ):  # fmt: skip
        with pytest.raises(TypeError) as caught:
            action()
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


def test_calls_that_return_nothing() -> None:
    class Forgetful(L.Layer):
        def call(self, x: Any) -> None:
            self.seen = x

    for layer in (Forgetful(name="f"), L.Lambda(lambda x: None, name="f")):
        with pytest.raises(
            TypeError, match=r'\(layer "f"\): expected tensors from call, got None. Does it end with return'
        ):
            layer(L.Input((3,)))
