"""Options of layers that few programs use, drawn at random, against the real tf_keras."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from layer_comparison import Case, compare, drawn
from test_layers_with_steps import DOUBLE, FLAG, SEED, SIZE, mask_of, running

INTERPOLATIONS = ["nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]


@drawn(12)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_spectral_normalization(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    import tensorflow as tf

    tf.keras.layers.InputSpec = tf_keras.layers.InputSpec  # it is looked for there, where Keras 3 lies by now
    draw, rng = data.draw, np.random.default_rng(seed)
    spatial = draw(st.integers(0, 2))
    iterations = draw(st.integers(1, 4))
    units, channels = draw(SIZE), draw(SIZE)
    kind = draw(st.sampled_from(["Dense"] if spatial == 0 else [f"Conv{spatial}D", f"Conv{spatial}DTranspose"]))
    args = (units,) if kind == "Dense" else (units, draw(st.integers(1, 2)))
    x = rng.normal(size=(3, *[4] * spatial, channels))
    compare(
        tf_keras,
        Case(
            lambda k: k.layers.SpectralNormalization(getattr(k.layers, kind)(*args), power_iterations=iterations),
            [x], dtype=dtype, training=draw(FLAG), config=False,
        ),
    )  # fmt: skip


@drawn(15)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_batch_normalization(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    shape = tuple(draw(st.integers(2, 4)) for _ in range(draw(st.integers(1, 3))))
    number = st.sampled_from([0.0, 0.5, 0.9, 0.99])
    options: dict[str, Any] = {
        "axis": draw(st.integers(1, len(shape))), "momentum": draw(number), "center": draw(FLAG), "scale": draw(FLAG),
        "epsilon": draw(st.sampled_from([1e-3, 0.1])),
    }  # fmt: skip
    if draw(FLAG):
        clipping = {"rmax": draw(st.sampled_from([1.1, 3.0])), "rmin": 0.3, "dmax": draw(st.sampled_from([0.1, 5.0]))}
        options |= {
            "renorm": True,
            "renorm_momentum": draw(number),
            "renorm_clipping": draw(st.sampled_from([None, clipping])),
        }
    elif draw(FLAG):
        options["synchronized"] = True
    trainable = draw(st.integers(0, 4)) > 0
    make = lambda k: k.layers.BatchNormalization(**options, trainable=trainable, name="one")  # noqa: E731
    positive = ("variance", "stddev")
    unused = frozenset({"renorm", "renorm_clipping", "renorm_momentum", "synchronized"})
    x = rng.normal(1.0, 2.0, size=(4, *shape))
    compare(tf_keras, Case(make, [x], dtype=dtype, training=draw(FLAG), positive=positive, unused_keys=unused))


@drawn(10)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_normalizations(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    shape = tuple(draw(st.integers(2, 4)) for _ in range(draw(st.integers(2, 3))))
    axis = draw(st.integers(1, len(shape)))
    axis = draw(st.sampled_from([axis, axis - 1 - len(shape)]))
    if draw(FLAG):
        groups = draw(st.sampled_from([-1, 1, shape[axis - 1 if axis > 0 else axis]]))
        make = lambda k: k.layers.GroupNormalization(groups, axis=axis, name="one")  # noqa: E731
    else:
        axes = draw(st.lists(st.integers(1, len(shape)), min_size=1, max_size=2, unique=True))
        make = lambda k: k.layers.UnitNormalization(axes, name="one")  # noqa: E731
    compare(tf_keras, Case(make, [rng.normal(size=(3, *shape))], dtype=dtype))


@drawn(12)
@given(data=st.data(), seed=SEED)
def test_up_sampling(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    size = draw(st.one_of(st.integers(1, 4), st.tuples(st.integers(1, 4), st.integers(1, 4))))
    x = rng.normal(size=(2, draw(st.integers(1, 6)), draw(st.integers(1, 6)), 2))
    method = draw(st.sampled_from(INTERPOLATIONS))
    make = lambda k: k.layers.UpSampling2D(size, interpolation=method, name="one")  # noqa: E731
    compare(tf_keras, Case(make, [x]))


def cell_with_constants(k: Any, units: int) -> Any:
    """A cell of one's own: state <- tanh(x W + state U + the constants' sum V), as Keras's guide has it."""

    class Cell(k.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, **kwargs: Any) -> None:
            self.units = units
            self.state_size = units
            super().__init__(**kwargs)

        def build(self, input_shape: Any) -> None:
            shape, *constants = input_shape if isinstance(input_shape, list) else [input_shape]
            self.kernel = self.add_weight(shape=(shape[-1], self.units), initializer="uniform", name="kernel")
            self.recurrent = self.add_weight(shape=(self.units, self.units), initializer="uniform", name="recurrent")
            self.constants = [
                self.add_weight(shape=(one[-1], self.units), initializer="uniform", name=f"constant_{n}")
                for n, one in enumerate(constants)
            ]
            self.built = True

        def call(self, inputs: Any, states: Any, constants: Any = ()) -> Any:
            total = k.backend.dot(inputs, self.kernel) + k.backend.dot(states[0], self.recurrent)
            for value, weight in zip(constants or (), self.constants, strict=True):
                total = total + k.backend.dot(value, weight)
            output = k.backend.tanh(total)
            return output, [output]

    return Cell()


@drawn(15)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_constants(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    """Cells of one's own with constants and initial states, by keyword or in the list of inputs, in both directions."""
    draw, rng = data.draw, np.random.default_rng(seed)
    units, count, given_state = draw(SIZE), draw(st.integers(0, 2)), draw(FLAG)
    run = running(draw)
    both, listed = draw(FLAG), draw(FLAG)
    x = rng.normal(size=(3, draw(st.integers(1, 4)), 2))
    mask = mask_of(draw, rng, *x.shape[:2])
    if both:
        run.pop("unroll", None)
        listed = False
    inputs = [x]
    inputs += [rng.normal(size=(3, units)) for _ in range((2 if both else 1) if given_state else 0)]
    inputs += [rng.normal(size=(3, draw(SIZE))) for _ in range(count)]

    def make(k: Any) -> Any:
        layer = k.layers.RNN(cell_with_constants(k, units), **run, name="one")
        return k.layers.Bidirectional(layer) if both else layer

    def invoke(layer: Any, tensors: list[Any], kwargs: dict[str, Any]) -> Any:
        states = tensors[1 : len(tensors) - count]
        constants = tensors[len(tensors) - count :]
        if listed and not count:
            return layer(tensors if len(tensors) > 1 else tensors[0], **kwargs)
        named = {"initial_state": states or None, "constants": constants or None}
        return layer(tensors[0], **named, **kwargs)

    compare(tf_keras, Case(make, inputs, masks=[mask], dtype=dtype, invoke=invoke, config=False))


@drawn(12)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_heads_over_axes(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    """Attention over several axes, or over others than the one behind the batch."""
    draw, rng = data.draw, np.random.default_rng(seed)
    rank = draw(st.integers(2, 3))
    places = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    axes = tuple(sorted(draw(st.lists(st.integers(1, rank), min_size=1, max_size=rank, unique=True))))
    options = {"num_heads": draw(st.integers(1, 2)), "key_dim": 2, "attention_axes": axes, "use_bias": draw(FLAG)}
    x = rng.normal(size=(2, *places, 3))
    make = lambda k: k.layers.MultiHeadAttention(**options, name="one")  # noqa: E731
    invoke = lambda layer, tensors, named: layer(tensors[0], tensors[0], **named)  # noqa: E731
    unused = frozenset({"query_shape", "key_shape", "value_shape"})
    call = {"return_attention_scores": draw(FLAG)}
    compare(tf_keras, Case(make, [x], invoke=invoke, call=call, dtype=dtype, masked=1, unused_keys=unused))


@drawn(12)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_masks_each_step(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    """TimeDistributed around whole models, wrappers and layers of several axes, with a mask of the steps."""
    draw, rng = data.draw, np.random.default_rng(seed)
    steps = draw(st.integers(1, 4))
    x = rng.normal(size=(2, steps, 3, 2))
    mask = mask_of(draw, rng, 2, steps)
    kinds = {
        "Dense": lambda k: k.layers.Dense(2, activation="tanh"),
        "Activation": lambda k: k.layers.Activation("relu"),
        "LayerNormalization": lambda k: k.layers.LayerNormalization(),
        "TimeDistributed": lambda k: k.layers.TimeDistributed(k.layers.Dense(2)),
        "Reshape": lambda k: k.layers.Reshape((6,)),
        "Permute": lambda k: k.layers.Permute((2, 1)),
        "Sequential": lambda k: k.Sequential([k.layers.Flatten(), k.layers.Dense(2)]),
        "Pooling": lambda k: k.layers.GlobalAveragePooling1D(),
        "Bidirectional": lambda k: k.layers.Bidirectional(k.layers.GRU(2)),
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    if kind in ("Bidirectional", "Pooling"):
        mask = None if mask is None else rng.random((2, steps, 3)) < 0.7
    compare(
        tf_keras,
        Case(
            lambda k: k.layers.TimeDistributed(kinds[kind](k), name="one"), [x], masks=[mask], dtype=dtype,
            config=False,
        ),
    )  # fmt: skip


@drawn(10)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_softmax_with_masks(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    shape = (2, draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    axis = draw(st.sampled_from([-1, 1, 2, (1, 2)]))
    call = {"mask": rng.random(shape) < 0.7} if draw(FLAG) else {}
    make = lambda k: k.layers.Softmax(axis=axis, name="one")  # noqa: E731
    compare(tf_keras, Case(make, [rng.normal(size=shape)], dtype=dtype, call=call))
