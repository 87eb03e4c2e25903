"""Recurrent layers, wrappers, attention and embeddings, with arguments and masks drawn at random, against tf_keras."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from layer_comparison import Case, compare, drawn

FLAG = st.booleans()
SEED = st.integers(0, 999)
SIZE = st.integers(1, 4)
DOUBLE = st.sampled_from(["float64", "float64", "float32"])
ACTIVATIONS = st.sampled_from(["tanh", "sigmoid", "relu", "linear", "hard_sigmoid", "elu", "softsign"])
KINDS = ["SimpleRNN", "GRU", "LSTM"]


def options_of(draw: Any, kind: str) -> dict[str, Any]:
    """Arguments that a recurrent layer and its cell share."""
    options: dict[str, Any] = {"units": draw(SIZE), "activation": draw(ACTIVATIONS), "use_bias": draw(FLAG)}
    if kind != "SimpleRNN":
        options |= {"recurrent_activation": draw(ACTIVATIONS), "implementation": draw(st.sampled_from([1, 2]))}
    if kind == "GRU":
        options["reset_after"] = draw(FLAG)
    if kind == "LSTM":
        options["unit_forget_bias"] = draw(FLAG)
    if draw(st.integers(0, 3)) == 0:  # what the fast kernels of TensorFlow take
        options |= {"activation": "tanh", "use_bias": True}
        if kind != "SimpleRNN":
            options["recurrent_activation"] = "sigmoid"
        if kind == "GRU":
            options["reset_after"] = True
    return options


def running(draw: Any) -> dict[str, Any]:
    """Arguments of RNN itself."""
    names = ["return_sequences", "return_state", "go_backwards", "unroll"]
    return {name: True for name in names if draw(FLAG)}


def mask_of(draw: Any, rng: np.random.Generator, batch: int, steps: int) -> np.ndarray | None:
    kind = draw(st.sampled_from(["none", "right", "any"]))
    if kind == "none":
        return None
    if kind == "right":
        return np.arange(steps)[None] < rng.integers(1, steps + 1, (batch, 1))
    return rng.random((batch, steps)) < 0.6


def recurrent(draw: Any) -> tuple[str, dict[str, Any], int, int]:
    """(class, arguments, how many states, their size)."""
    kind = draw(st.sampled_from(KINDS))
    options = options_of(draw, kind)
    return kind, options, 2 if kind == "LSTM" else 1, options["units"]


@drawn(20)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_recurrent(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    kind, options, states, units = recurrent(draw)
    options |= running(draw)
    batch, steps, features = 3, draw(st.integers(1, 5)), draw(SIZE)
    mask = mask_of(draw, rng, batch, steps)
    x = rng.normal(size=(batch, steps, features))
    # Unrolled and backwards tf_keras zeroes by the mask of the steps in their other order.
    if mask is not None and not (options.get("unroll") and options.get("go_backwards")) and draw(FLAG):
        options["zero_output_for_mask"] = True
    if draw(st.integers(0, 4)) == 0:
        options |= {"time_major": True, "unroll": False}
        x, mask = x.swapaxes(0, 1), None  # masks of time-major input are not carried the same way
    if draw(st.integers(0, 4)) == 0 and not options.get("time_major"):
        options |= {"stateful": True, "batch_input_shape": (batch, steps, features)}
    given_states = draw(FLAG)
    inputs = [x, *[rng.normal(size=(batch, units)) for _ in range(states if given_states else 0)]]

    def invoke(layer: Any, tensors: list[Any], kwargs: dict[str, Any]) -> Any:
        initial = tensors[1:] or None
        return layer(tensors[0], initial_state=initial[0] if initial and len(initial) == 1 else initial, **kwargs)

    compare(
        tf_keras,
        Case(
            make=lambda k: getattr(k.layers, kind)(**options, name="one"), inputs=inputs, masks=[mask], dtype=dtype,
            invoke=invoke, unused_keys=frozenset({"time_major", "zero_output_for_mask"}),
        ),
    )  # fmt: skip


@drawn(10)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_cells(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    """RNN around one cell or several."""
    draw, rng = data.draw, np.random.default_rng(seed)
    cells = [(kind, options_of(draw, kind)) for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))]
    run = running(draw)
    x = rng.normal(size=(3, draw(st.integers(1, 5)), 2))
    mask = mask_of(draw, rng, *x.shape[:2])
    states = [options["units"] for kind, options in cells for _ in range(2 if kind == "LSTM" else 1)]
    given_states = draw(FLAG)
    stacked = draw(FLAG)

    def make(k: Any) -> Any:
        made = [getattr(k.layers, f"{kind}Cell")(**options) for kind, options in cells]
        if len(made) == 1:
            return k.layers.RNN(made[0], **run, name="one")
        return k.layers.RNN(k.layers.StackedRNNCells(made) if stacked else made, **run, name="one")

    def invoke(layer: Any, tensors: list[Any], kwargs: dict[str, Any]) -> Any:
        rest = iter(tensors[1:])
        if len(tensors) == 1:
            return _flat(layer(tensors[0], **kwargs))
        per_cell = [[next(rest) for _ in range(2 if kind == "LSTM" else 1)] for kind, _ in cells]
        initial = per_cell[0] if len(cells) == 1 else [one if len(one) > 1 else one[0] for one in per_cell]
        return _flat(layer(tensors[0], initial_state=initial, **kwargs))

    inputs = [x, *[rng.normal(size=(3, size)) for size in (states if given_states else [])]]
    compare(tf_keras, Case(make, inputs, masks=[mask], dtype=dtype, invoke=invoke, config=False))


def _flat(structure: Any) -> list[Any]:
    if isinstance(structure, list | tuple):
        return [leaf for part in structure for leaf in _flat(part)]
    return [structure]


@drawn(12)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_both_directions(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    kind, options, states, units = recurrent(draw)
    run = running(draw)
    x = rng.normal(size=(3, draw(st.integers(1, 5)), 2))
    mask = mask_of(draw, rng, *x.shape[:2])
    if mask is not None:
        run.pop("unroll", None)  # unrolled, tf_keras lays the first step's mask over the last output when backwards
    merge = draw(st.sampled_from(["concat", "sum", "mul", "ave", None]))
    own_backward = draw(FLAG)
    given_states = draw(FLAG)

    def make(k: Any) -> Any:
        cls = getattr(k.layers, kind)
        back = {"backward_layer": cls(**options, **{**run, "go_backwards": not run.get("go_backwards", False)})}
        return k.layers.Bidirectional(cls(**options, **run), merge_mode=merge, **(back if own_backward else {}))

    def invoke(layer: Any, tensors: list[Any], kwargs: dict[str, Any]) -> Any:
        return layer(tensors[0], initial_state=tensors[1:] or None, **kwargs)

    count = 2 * states if given_states else 0
    inputs = [x, *[rng.normal(size=(3, units)) for _ in range(count)]]
    compare(tf_keras, Case(make, inputs, masks=[mask], dtype=dtype, invoke=invoke, config=False))


@drawn(8)
@given(data=st.data(), seed=SEED)
def test_convolutional_steps(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    spatial = draw(st.integers(1, 3))
    options = {
        "filters": draw(st.integers(1, 3)),
        "kernel_size": draw(st.integers(1, 3)),
        "padding": draw(st.sampled_from(["valid", "same"])),
        "activation": draw(ACTIVATIONS),
        "recurrent_activation": draw(ACTIVATIONS),
        "use_bias": draw(FLAG),
        "unit_forget_bias": draw(FLAG),
        **{name: True for name in ("return_sequences", "return_state", "go_backwards") if draw(FLAG)},
    }
    options["strides"] = draw(st.integers(1, 2))
    steps = draw(st.integers(1, 3))
    x = rng.normal(size=(2, steps, *[draw(st.integers(3, 5)) for _ in range(spatial)], draw(st.integers(1, 2))))
    make = lambda k: getattr(k.layers, f"ConvLSTM{spatial}D")(**options, name="one")  # noqa: E731
    compare(tf_keras, Case(make, [x], masks=[mask_of(draw, rng, 2, steps)], unused_keys=frozenset({"time_major"})))


@drawn(8)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_each_step(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    """TimeDistributed around layers that keep the mask, take it, or have none."""
    draw, rng = data.draw, np.random.default_rng(seed)
    steps = draw(st.integers(1, 4))
    kind = draw(st.sampled_from(["Dense", "Conv1D", "LSTM", "BatchNormalization", "Flatten", "Dropout"]))
    args = {"Dense": (3,), "Conv1D": (2, 2), "LSTM": (2,), "Dropout": (0.5,)}.get(kind, ())
    x = rng.normal(size=(3, steps, 4, 2))
    masks = {"Dense": [None, rng.random((3, steps)) < 0.6], "LSTM": [None, rng.random((3, steps, 4)) < 0.6]}
    mask = draw(st.sampled_from([0, 1]))
    make = lambda k: k.layers.TimeDistributed(getattr(k.layers, kind)(*args), name="one")  # noqa: E731
    compare(tf_keras, Case(make, [x], masks=[masks.get(kind, [None] * 2)[mask]], dtype=dtype, config=False))


@drawn(15)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_heads(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    queries, keys, size, depth = (draw(st.integers(1, 5)) for _ in range(4))
    options: dict[str, Any] = {
        "num_heads": draw(st.integers(1, 3)), "key_dim": draw(SIZE), "value_dim": draw(st.sampled_from([None, 2])),
        "use_bias": draw(FLAG), "output_shape": draw(st.sampled_from([None, 3, (2, 3)])),
    }  # fmt: skip
    same = draw(FLAG)
    inputs = [rng.normal(size=(3, queries, size))]
    if not same:
        inputs.append(rng.normal(size=(3, keys, depth)))
        if draw(FLAG):
            inputs.append(rng.normal(size=(3, keys, depth + 1)))
    keys = queries if same else keys
    kwargs: dict[str, Any] = {"return_attention_scores": draw(FLAG)}
    if draw(FLAG):
        shape = draw(st.sampled_from([(3, queries, keys), (1, queries, keys), (3, 1, keys)]))
        kwargs["attention_mask"] = rng.random(shape) < 0.7
    if draw(FLAG):
        kwargs["use_causal_mask"] = True
    masks = [mask_of(draw, rng, *x.shape[:2]) for x in inputs]

    def invoke(layer: Any, tensors: list[Any], named: dict[str, Any]) -> Any:
        query, value, key = [*tensors, tensors[-1], tensors[-1]][:3]
        return layer(query, value, key=key if len(tensors) == 3 else None, **named)

    make = lambda k: k.layers.MultiHeadAttention(**options, name="one")  # noqa: E731
    keys_of_config = frozenset({"query_shape", "key_shape", "value_shape"})
    compare(
        tf_keras,
        Case(
            make, inputs, masks=masks, call=kwargs, invoke=invoke, dtype=dtype, unused_keys=keys_of_config,
            masked=1,  # the scores carry the mask of a softmax inside tf_keras
        ),
    )  # fmt: skip


@drawn(15)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_attention_with_masks(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    queries, keys, size = (draw(st.integers(1, 5)) for _ in range(3))
    kind = draw(st.sampled_from(["Attention", "AdditiveAttention"]))
    options: dict[str, Any] = {"use_scale": draw(FLAG)}
    kwargs: dict[str, Any] = {"return_attention_scores": draw(FLAG)}
    if draw(FLAG):
        kwargs["use_causal_mask"] = True
    if kind == "Attention":
        options["score_mode"] = draw(st.sampled_from(["dot", "concat"]))
    inputs = [rng.normal(size=(3, queries, size)), rng.normal(size=(3, keys, size))]
    masks = [mask_of(draw, rng, *x.shape[:2]) for x in inputs]
    make = lambda k: getattr(k.layers, kind)(**options, name="one")  # noqa: E731
    compare(tf_keras, Case(make, inputs, listed=True, masks=masks, call=kwargs, dtype=dtype))


@drawn(12)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_masks_of_merges(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    kinds = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"]
    kind = draw(st.sampled_from(kinds))
    steps = draw(st.integers(1, 4))
    options = {"axis": draw(st.sampled_from([1, 2, -1]))} if kind == "Concatenate" else {}
    options = {"axes": draw(st.sampled_from([1, 2]))} if kind == "Dot" else options
    inputs = [rng.normal(size=(3, steps, 2)) for _ in range(2 if kind in ("Subtract", "Dot") else 3)]
    masks = [mask_of(draw, rng, 3, steps) for _ in inputs]
    make = lambda k: getattr(k.layers, kind)(**options, name="one")  # noqa: E731
    compare(tf_keras, Case(make, inputs, listed=True, masks=masks, dtype=dtype))


PASSING = {
    "Dense": (2,), "Activation": ("relu",), "Dropout": (0.5,), "GaussianNoise": (0.1,), "GaussianDropout": (0.2,),
    "AlphaDropout": (0.2,), "SpatialDropout1D": (0.2,), "ActivityRegularization": (0.1,), "LeakyReLU": (), "PReLU": (),
    "ELU": (), "ThresholdedReLU": (), "ReLU": (), "LayerNormalization": (), "BatchNormalization": (),
    "UnitNormalization": (), "Masking": (), "Flatten": (), "Conv1D": (2, 1), "Permute": ((2, 1),), "Identity": (),
    "GlobalAveragePooling1D": (), "GlobalMaxPooling1D": (), "MaxPooling1D": (1,), "UpSampling1D": (2,),
    "ZeroPadding1D": (1,), "Reshape": ((-1, 1),), "Rescaling": (2.0,),
}  # fmt: skip


@drawn(20)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_masks_through_layers(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    kind = draw(st.sampled_from(sorted(PASSING)))
    steps = draw(st.integers(1, 4))
    x = rng.normal(size=(3, steps, 2)) * (rng.random((3, steps, 1)) < 0.7)
    make = lambda k: getattr(k.layers, kind)(*PASSING[kind], name="one")  # noqa: E731
    training = draw(FLAG) if kind == "BatchNormalization" else None
    compare(tf_keras, Case(make, [x], masks=[mask_of(draw, rng, 3, steps)], dtype=dtype, training=training))


@drawn(6)
@given(data=st.data(), seed=SEED, dtype=DOUBLE)
def test_embedding(tf_keras: Any, data: st.DataObject, seed: int, dtype: str) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    words, steps = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    options = {"input_length": steps if draw(FLAG) else None, "mask_zero": draw(FLAG)}
    x = rng.integers(0, words, (3, steps)).astype(draw(st.sampled_from(["int32", "int64", "float32"])))
    make = lambda k: k.layers.Embedding(words, draw_size, **options, name="one")  # noqa: E731
    draw_size = draw(SIZE)
    compare(tf_keras, Case(make, [x], dtype=dtype))
