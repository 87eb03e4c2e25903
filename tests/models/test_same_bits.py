"""One seed, one machine: the same bits at any number of threads, in one native call or many, compiled or op by op."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import families
import numpy as np
import pytest

import nnstack
from nnstack import layers
from nnstack.callbacks import LambdaCallback
from nnstack.models import Model


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = nnstack.get_num_threads()
    yield
    nnstack.set_num_threads(before)


def weights_after(make: Callable[[], Any], threads: int, eager: bool = False, **arguments: Any) -> list[np.ndarray]:
    nnstack.set_num_threads(threads)
    nnstack.utils.set_random_seed(11)
    model, x = make()
    rows = 20 if model.input_shape[0] else 16  # where the size of a batch is open, the last one is short
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    history = model.fit(x, families.TARGETS, batch_size=rows, epochs=2, verbose=0, **arguments)
    found: list[np.ndarray] = [model.predict(x, rows, verbose=0), *model.get_weights()]
    return [*found, *[np.array(values) for values in history.history.values()]]


def assert_same(found: list[np.ndarray], wanted: list[np.ndarray]) -> None:
    for mine, other in zip(found, wanted, strict=True):
        assert np.isfinite(mine).all()
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("make", families.FAMILIES)
def test_any_number_of_threads(make: Callable[[], Any]) -> None:
    wanted = weights_after(make, 1)
    for threads in (2, 3, 7):
        assert_same(weights_after(make, threads), wanted)


@pytest.mark.parametrize("make", families.FAMILIES)
def test_many_steps_in_one_call_or_one_step_in_many(make: Callable[[], Any]) -> None:
    each = LambdaCallback(on_batch_end=lambda batch, logs: None)
    assert_same(weights_after(make, 2, callbacks=[each]), weights_after(make, 2))


@pytest.mark.parametrize("make", families.FAMILIES)
def test_compiled_or_op_by_op(make: Callable[[], Any]) -> None:
    found, wanted = weights_after(make, 2, eager=True), weights_after(make, 2)
    if make in (families.convolutional, families.merged):  # moving statistics are folded into one scale and one shift
        np.testing.assert_allclose(found.pop(0), wanted.pop(0), rtol=1e-6, atol=0)
    if make is not families.films:
        assert_same(found, wanted)
        return
    for mine, other in zip(found, wanted, strict=True):  # a loop in one op adds its steps' gradients in another order
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)


# Abstract ones, other names of the same, layers of texts and columns (which no thread shares), and containers.
ELSEWHERE = {"AbstractRNNCell", "Layer", "InputLayer", "Wrapper", "TensorOperations", "Lambda", "Identity", "ConvRNN2D",
             "Recurrent", "StringLookup", "IntegerLookup", "DenseFeatures", "TextVectorization", "HashedCrossing",
             "Discretization", "SyncBatchNormalization", "CuDNNGRU", "CuDNNLSTM", "PeepholeLSTMCell",
             "StackedRNNCells"}  # fmt: skip


def test_every_family_is_there() -> None:
    """Each module of layers has at least one of its layers in a model of families.py."""

    def classes(layer: Any) -> set[type]:
        inner = [*(layer.layers if isinstance(layer, Model) else []), *vars(layer).values()]
        found = {type(layer)}
        for one in inner:
            for part in one if isinstance(one, list) else [one]:
                found |= classes(part) if isinstance(part, layers.Layer) and part is not layer else set()
        return found

    used: set[type] = set()
    for make in families.FAMILIES:
        for layer in make()[0].layers:
            used |= classes(layer)
    modules = {cls.__module__ for cls in used}
    public = [getattr(layers, name) for name in layers.__all__ if name not in ELSEWHERE]
    wanted = {cls.__module__ for cls in public if isinstance(cls, type) and issubclass(cls, layers.Layer)}
    assert not wanted - modules
