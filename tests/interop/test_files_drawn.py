"""Models drawn at random, saved by one and loaded by the other: the same predictions and the same next three training
steps, with files of every kind, both ways.
"""

from pathlib import Path
from typing import Any

import model_draws
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_comparison import drawn

import nnstack

SEED = st.integers(0, 999)
WHOLE = [".h5", ".keras"]
WEIGHTS = ["w.h5", "w.weights.h5", "checkpoint"]


def outputs(model: Any, x: Any) -> list[np.ndarray]:
    found = model.predict(x, verbose=0)
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


def compare(first: Any, second: Any, x: Any) -> None:
    for one, other in zip(outputs(first, x), outputs(second, x), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4)


def made(k: Any, recipe: Any, how: Any, x: Any, y: Any, steps: int) -> Any:
    model = model_draws.cook(k, recipe)
    model_draws.compile_as(k, model, how)
    for _ in range(steps):
        model.train_on_batch(x, y)
    return model


def draw_all(draw: Any, seed: int) -> tuple[Any, ...]:
    recipe = model_draws.recipe(draw, 2)
    return recipe, model_draws.training(draw, recipe), *model_draws.data_of(recipe, seed)


@pytest.mark.parametrize("ours_first", [True, False])
@drawn(4)
@given(data=st.data(), seed=SEED, suffix=st.sampled_from(WHOLE), steps=st.sampled_from([0, 2]))
def test_whole_models(
    ours_first: bool, tf_keras: Any, tmp_path_factory: Any, data: st.DataObject, seed: int, suffix: str, steps: int
) -> None:
    recipe, how, x, y = draw_all(data.draw, seed)
    path = str(tmp_path_factory.mktemp("whole") / f"m{suffix}")
    first, second = (nnstack, tf_keras) if ours_first else (tf_keras, nnstack)
    saved = made(first, recipe, how, x, y, steps)
    saved.save(path)
    loaded = second.models.load_model(path)
    compare(saved, loaded, x)
    if how.optimizer[0] == "legacy" and suffix == ".keras":
        return  # tf_keras's own .keras files hold no state of legacy optimizers
    for _ in range(3):
        one, other = (np.atleast_1d(model.train_on_batch(x, y))[0] for model in (saved, loaded))
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-4)
    compare(saved, loaded, x)


@drawn(4)
@given(data=st.data(), seed=SEED, name=st.sampled_from(WEIGHTS))
def test_weights(tf_keras: Any, tmp_path_factory: Any, data: st.DataObject, seed: int, name: str) -> None:
    recipe, how, x, y = draw_all(data.draw, seed)
    folder: Path = tmp_path_factory.mktemp("weights")
    theirs, ours = made(tf_keras, recipe, how, x, y, 1), made(nnstack, recipe, how, x, y, 0)
    for path in (folder / "theirs", folder / "ours"):
        path.mkdir()
    theirs.save_weights(str(folder / "theirs" / name))
    ours.load_weights(folder / "theirs" / name)
    compare(ours, theirs, x)
    ours.train_on_batch(x, y)
    ours.save_weights(folder / "ours" / name)
    theirs = made(tf_keras, recipe, how, x, y, 0)  # one that has trained wants its metrics in a .weights.h5 too
    theirs.load_weights(str(folder / "ours" / name))
    compare(ours, theirs, x)
