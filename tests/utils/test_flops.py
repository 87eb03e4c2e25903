"""Operations counted by hand, by layer and in the table of `summary`."""

from typing import Any

import pytest

from nnstack import layers as L
from nnstack.models import Input, Model, Sequential
from nnstack.utils.flops import layer_flops

CASES: list[tuple[Any, tuple[int, ...], int]] = [
    (L.Dense(3), (4,), 2 * 4 * 3 + 3),
    (L.Dense(3, use_bias=False), (5, 4), 5 * 2 * 4 * 3),
    (L.Dense(3, activation="softmax"), (4,), 2 * 4 * 3 + 3 + 5 * 3),
    (L.Flatten(), (4, 4), 0),
    (L.Embedding(10, 4), (6,), 0),
    (L.Conv2D(8, 3), (10, 10, 4), 8 * 8 * 8 * (2 * 3 * 3 * 4 + 1)),
    (L.Conv2D(8, 3, groups=2, use_bias=False), (10, 10, 4), 8 * 8 * 8 * 2 * 3 * 3 * 2),
    (L.MaxPooling2D(2), (10, 10, 4), 5 * 5 * 4 * 4),
]


@pytest.mark.parametrize(("layer", "shape", "expected"), CASES, ids=lambda value: str(value)[:30])
def test_by_hand(layer: Any, shape: tuple[int, ...], expected: int) -> None:
    layer(Input(shape))
    assert layer_flops(layer) == expected


def test_recurrence_counts_every_step_once() -> None:
    plain, stated = L.LSTM(3), L.LSTM(3, return_sequences=True, return_state=True)
    plain(Input((5, 4)))
    stated(Input((5, 4)))
    products = 5 * 2 * (4 + 3) * 12
    for layer in (plain, stated):
        assert products < layer_flops(layer) < 1.6 * products  # and the gates, element by element


def test_summary_shows_them() -> None:
    shared = L.Dense(4, name="shared")
    inner = Sequential([L.Dense(3, input_shape=(4,), name="a"), L.Dense(4, name="b")], name="inner")
    i = Input((4,), name="i")
    model = Model(i, L.Dense(1, name="out")(L.Add(name="sum")([shared(shared(i)), inner(i)])), name="m")
    lines: list[str] = []
    model.summary(print_fn=lines.append, show_flops=True, show_trainable=True)
    assert len({len(line) for line in lines if line.startswith(("_", "="))}) == 1
    found = {line.split()[0]: line.split()[-1] for line in lines if "(" in line and "params" not in line}
    once, inside = 2 * 4 * 4 + 4, 2 * 4 * 3 + 3 + 2 * 3 * 4 + 4
    expected = {"i": 0, "shared": 2 * once, "inner": inside, "sum": 4, "out": 2 * 4 + 1}
    assert {name: int(found[name]) for name in expected} == expected
    assert f"FLOPs of a sample, forward: {sum(expected.values())}" in lines
    Model(i, shared(i)).summary(print_fn=lines.append, show_flops=True)
    assert lines[-2] == f"FLOPs of a sample, forward: {once}"  # this model's call alone
