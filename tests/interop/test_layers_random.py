"""Layers that draw random numbers, against the real tf_keras: the same distributions, not the same numbers. Where the
range of a random factor is one number the results are the same.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from layer_comparison import drawn
from test_layers_with_steps import FLAG, SEED

import nnstack

FIXED = ["RandomTranslation", "RandomRotation", "RandomZoom", "RandomBrightness", "RandomHeight", "RandomWidth"]
SHARES = np.linspace(0.05, 0.95, 10)


def run(k: Any, layer: Any, x: np.ndarray, training: bool = True) -> np.ndarray:
    return np.asarray(layer(x, training=training)).astype("float64")


@drawn(20)
@given(data=st.data(), seed=SEED)
def test_images_moved_by_fixed_factors(tf_keras: Any, data: st.DataObject, seed: int) -> None:
    draw, rng = data.draw, np.random.default_rng(seed)
    kind = draw(st.sampled_from(FIXED))
    fixed = lambda low, high: (draw(st.integers(round(low * 64), round(high * 64))) / 64,) * 2  # noqa: E731
    options: dict[str, Any] = {}
    if kind in ("RandomTranslation", "RandomRotation", "RandomZoom"):
        modes = ["reflect", "wrap", "constant", "nearest"]
        methods = st.sampled_from(["bilinear", "nearest"])
        options = {"fill_mode": draw(st.sampled_from(modes)), "interpolation": draw(methods), "fill_value": 0.25}
        args = [fixed(-0.5, 0.5)] if kind == "RandomRotation" else [fixed(-0.6, 0.6), fixed(-0.6, 0.6)]
        if kind == "RandomZoom" and draw(FLAG):
            args.pop()
    elif kind == "RandomBrightness":
        args = [fixed(-1.0, 1.0)]
        options = {"value_range": draw(st.sampled_from([(0, 255), (0.0, 1.0), (-1, 1)]))}
    else:
        args = [fixed(-0.5, 1.0)]
        options = {"interpolation": draw(st.sampled_from(["bilinear", "nearest", "area", "lanczos3"]))}
    x = rng.random((2, draw(st.integers(2, 7)), draw(st.integers(2, 7)), 2)).astype("float32")
    x = x[0] if draw(FLAG) and kind not in ("RandomZoom",) else x
    theirs = getattr(tf_keras.layers, kind)(*args, **options)
    ours = getattr(nnstack.layers, kind)(*args, **options)
    training = draw(st.integers(0, 3)) > 0
    try:
        wanted = run(tf_keras, theirs, x, training)
    except Exception:
        assume(False)
    got = run(nnstack, ours, x, training)
    assert got.shape == wanted.shape
    # Coordinates halfway between pixels may fall to either side.
    apart = np.abs(got - wanted) > 2e-3
    assert apart.mean() <= (0.15 if options.get("interpolation") == "nearest" else 0.0), (args, options)


IMAGES = np.broadcast_to(np.arange(16.0, dtype="float32")[None, :, None, None], (800, 16, 8, 1)) / 16
SIDEWAYS = np.ascontiguousarray(IMAGES.swapaxes(1, 2))
MOVES: dict[str, tuple[tuple[Any, ...], dict[str, Any], np.ndarray]] = {
    "RandomFlip": (("vertical",), {}, IMAGES),
    "RandomFlip sideways": (("horizontal",), {}, SIDEWAYS),
    "RandomTranslation": ((0.3, 0.0), {"fill_mode": "nearest"}, IMAGES),
    "RandomTranslation of a pair": (((-0.4, 0.1), 0.2), {"fill_mode": "constant"}, IMAGES),
    "RandomTranslation sideways": ((0.0, (0.1, 0.3)), {"fill_mode": "nearest"}, SIDEWAYS),
    "RandomRotation": ((0.1,), {}, IMAGES),
    "RandomRotation of a pair": (((0.0, 0.4),), {}, IMAGES),
    "RandomZoom": ((0.4,), {}, IMAGES),
    "RandomZoom of pairs": (((-0.5, 0.1), (0.0, 0.2)), {}, IMAGES),
    "RandomContrast": ((0.5,), {}, IMAGES[:1]),
    "RandomContrast of a pair": (((0.1, 0.8),), {}, IMAGES[:1]),
    "RandomBrightness": ((0.3,), {"value_range": (0.0, 1.0)}, IMAGES),
    "RandomBrightness of a pair": (((0.1, 0.3),), {"value_range": (0.0, 1.0)}, IMAGES),
    "RandomCrop": ((4, 4), {}, IMAGES[:1]),
}


@pytest.mark.parametrize("name", MOVES)
def test_distributions_of_images(tf_keras: Any, name: str) -> None:
    """A pixel near the border over many draws: the same quantiles; at rest the same values."""
    args, options, x = MOVES[name]
    found = []
    for k in (tf_keras, nnstack):
        layer = getattr(k.layers, name.split()[0])(*args, **options, seed=3)
        drawn_images = [run(k, layer, x) for _ in range(1 if len(x) > 1 else 300)]
        found.append(np.concatenate(drawn_images)[:, 2, 2, 0])
        if k is tf_keras:
            at_rest = run(k, layer, x, training=False)
    np.testing.assert_allclose(run(nnstack, layer, x, training=False), at_rest, rtol=1e-5)
    low, high = min(map(np.min, found)), max(map(np.max, found))
    quantiles = [np.quantile(one, SHARES, method="inverted_cdf") for one in found]
    assert np.abs(quantiles[0] - quantiles[1]).mean() < 0.08 * max(high - low, 1e-3), quantiles


NOISES: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = [
    ("GaussianNoise", (0.7,), {}, (60, 50)),
    ("GaussianDropout", (0.3,), {}, (60, 50)),
    ("AlphaDropout", (0.3,), {}, (60, 50)),
    ("AlphaDropout", (0.4,), {"noise_shape": (900, 1, 4)}, (900, 3, 4)),
    ("Dropout", (0.3,), {}, (60, 50)),
    ("Dropout", (0.6,), {"noise_shape": (None, 1, 4)}, (900, 3, 4)),
    ("Dropout", (0.6,), {"noise_shape": (3000, 1)}, (3000, 2)),
    ("SpatialDropout1D", (0.4,), {}, (600, 3, 4)),
    ("SpatialDropout2D", (0.4,), {}, (600, 2, 3, 4)),
    ("SpatialDropout2D", (0.4,), {"data_format": "channels_first"}, (600, 4, 3, 2)),
    ("SpatialDropout3D", (0.2,), {}, (400, 2, 3, 2, 4)),
    ("SpatialDropout3D", (0.2,), {"data_format": "channels_first"}, (400, 4, 2, 3, 2)),
]


@pytest.mark.parametrize("case", NOISES, ids=lambda case: f"{case[0]} {case[2]}")
def test_distributions_of_noise(tf_keras: Any, case: Any) -> None:
    """The same quantiles, the same mean and deviation, and along the same axes the same draw."""
    name, args, options, shape = case
    x = np.full(shape, 1.5, "float32")
    found = []
    for k in (tf_keras, nnstack):
        layer = getattr(k.layers, name)(*args, **options)
        found.append(run(k, layer, x))
        np.testing.assert_array_equal(run(k, layer, x, training=False), x)
    theirs, ours = found
    for axis in range(len(shape)):
        assert (np.ptp(theirs, axis) == 0).all() == (np.ptp(ours, axis) == 0).all(), axis
    spread = theirs.std()
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.12 * spread)
    assert ours.std() == pytest.approx(spread, rel=0.1)
    if name != "GaussianNoise" and name != "GaussianDropout":
        np.testing.assert_allclose(np.unique(ours.round(4)), np.unique(theirs.round(4)), rtol=1e-3)
    else:
        np.testing.assert_allclose(np.quantile(ours, SHARES), np.quantile(theirs, SHARES), atol=0.12 * spread)
