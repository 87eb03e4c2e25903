"""tf.data: elements, their order, and what fit makes of them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstack.compat.dataset import Dataset


def values(dataset: Any) -> list[Any]:
    return [x.tolist() if hasattr(x, "tolist") else x for x in dataset.as_numpy_iterator()]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), st.integers(1, 7), st.integers(0, 10), st.integers(0, 10), st.booleans())
def test_batches_of_what_is_taken(count: int, size: int, skip: int, take: int, drop: bool) -> None:
    chosen = list(range(count))[skip : skip + take]
    batches = Dataset.range(count).skip(skip).take(take).batch(size, drop_remainder=drop)
    expected = [chosen[i : i + size] for i in range(0, len(chosen), size)]
    expected = [batch for batch in expected if len(batch) == size or not drop]
    assert values(batches) == expected and len(batches) == len(expected)
    assert values(batches.unbatch()) == [x for batch in expected for x in batch]


def test_structures(tf: Any) -> None:
    x, y = np.arange(6).reshape(3, 2), np.array(["a", "b", "c"])
    first = next(iter(Dataset.from_tensor_slices(({"x": x}, y)).batch(2)))
    assert first[0]["x"].numpy().tolist() == [[0, 1], [2, 3]] and first[1].numpy().tolist() == [b"a", b"b"]
    zipped = Dataset.zip((Dataset.range(2), Dataset.range(5))).map(lambda a, b: a * 10 + b)
    assert values(zipped) == [0, 11]
    assert [(int(i), int(v)) for i, v in Dataset.range(5, 7).enumerate()] == [(0, 5), (1, 6)]
    assert values(Dataset.range(2).concatenate(Dataset.range(1)).repeat(2)) == [0, 1, 0, 0, 1, 0]
    assert values(Dataset.range(6).filter(lambda v: v % 2 == 0)) == [0, 2, 4]
    windows = Dataset.range(5).window(3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3))
    assert values(windows) == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert int(Dataset.range(5).reduce(np.int64(0), lambda s, v: s + v)) == 10
    spec = Dataset.from_tensors(np.zeros((2, 3), np.float32)).element_spec
    assert tuple(spec.shape) == (2, 3) and spec.dtype == "float32"
    with pytest.raises(ValueError, match="different lengths"):
        Dataset.from_tensor_slices((x, y[:2]))
    with pytest.raises(ValueError, match="use padded_batch"):
        list(Dataset.from_generator(lambda: iter([[1], [1, 2]]), "int64").batch(2))


def test_padding() -> None:
    rows = Dataset.from_generator(lambda: ((i, [1] * i) for i in (1, 3)), ("int64", "int64"))
    (numbers, padded), *_ = rows.padded_batch(2, padded_shapes=([], [4]))
    assert numbers.numpy().tolist() == [1, 3] and padded.numpy().tolist() == [[1, 0, 0, 0], [1, 1, 1, 0]]
    with pytest.raises(ValueError, match="does not fit"):
        list(rows.padded_batch(2, padded_shapes=([], [2])))


def test_shuffling() -> None:
    mixed = Dataset.range(50).shuffle(50, seed=1)
    first, second = values(mixed), values(mixed)
    assert sorted(first) == sorted(second) == list(range(50)) and first != second and first != list(range(50))
    same = Dataset.range(50).shuffle(50, seed=1, reshuffle_each_iteration=False)
    assert values(same) == values(same)
    near = values(Dataset.range(50).shuffle(5, seed=2))
    assert sorted(near) == list(range(50)) and all(place >= number - 5 for place, number in enumerate(near))


def test_a_cache_is_filled_once() -> None:
    calls = []

    def seen(x: Any) -> Any:
        calls.append(int(x))
        return x

    cached = Dataset.range(3).map(seen).cache()
    assert values(cached) == values(cached) == [0, 1, 2] and calls == [0, 1, 2]


def test_fit_evaluate_and_predict_take_it(tf: Any) -> None:
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    y = x.sum(1, keepdims=True)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(3,))])
    model.compile(tf.keras.optimizers.SGD(0.1), "mse")
    twin = tf.keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    twin.compile(tf.keras.optimizers.SGD(0.1), "mse")
    history = model.fit(data, epochs=2, verbose=0, validation_data=data).history
    expected = twin.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0, validation_data=(x, y)).history
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=1e-4)
    np.testing.assert_allclose(model.predict(data, verbose=0), model.predict(x, verbose=0), rtol=1e-5)
    endless = model.fit(data.repeat(), steps_per_epoch=3, epochs=3, verbose=0)
    assert len(endless.history["loss"]) == 3


def test_data_makers_have_its_methods(tf: Any) -> None:
    windows = tf.keras.utils.timeseries_dataset_from_array(np.arange(10.0), np.arange(3.0, 10.0), 3, batch_size=2)
    pairs = list(windows.map(lambda x, y: (x * 2, y)).take(1))
    assert pairs[0][0].numpy().tolist() == [[0, 2, 4], [2, 4, 6]] and pairs[0][1].numpy().tolist() == [3, 4]
    assert [len(y) for _, y in windows.unbatch().batch(3)] == [3, 3, 1]
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = windows.nothing


def test_text(tf: Any) -> None:
    paths = tf.data.Dataset.from_tensor_slices(["a/x/1.png", "a/y/2.png"])
    labels = [int(tf.argmax(tf.strings.split(path, "/")[-2] == ["x", "y"])) for path in paths]
    assert labels == [0, 1]
    cleaned = paths.batch(2).map(lambda t: tf.expand_dims(tf.strings.regex_replace(t, r"\d", "#"), -1))
    assert next(iter(cleaned)).numpy().tolist() == [[b"a/x/#.png"], [b"a/y/#.png"]]
