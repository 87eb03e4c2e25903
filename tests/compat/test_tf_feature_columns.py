"""tf.feature_column and DenseFeatures: the numbers that TensorFlow 2.15 gives, and models over columns of texts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROWS = {
    "age": np.array([20.0, 40.0, 65.0, 30.0]),
    "town": np.array(["oslo", "rome", "", "lima"]),
    "kind": np.array(["a", "b", "c", "a"]),
    "code": np.array([0, 3, 1, 9]),
    "weight": np.array([0.5, 2.0, 1.0, 3.0]),
    "tags": np.array([["x", "y"], ["y", "y"], ["", "x"], ["z", ""]]),
}


def _columns(tf: Any) -> dict[str, Any]:
    fc = tf.feature_column
    age = fc.numeric_column("age", normalizer_fn=lambda x: x / 10.0)
    buckets = fc.bucketized_column(fc.numeric_column("age"), [30, 60])
    kind = fc.categorical_column_with_vocabulary_list("kind", ["a", "b"])
    town = fc.categorical_column_with_hash_bucket("town", 7)
    tags = fc.categorical_column_with_vocabulary_list("tags", ["x", "y"], num_oov_buckets=3)
    table = tf.constant_initializer(np.arange(10.0).reshape(5, 2))
    return {
        "age": age,
        "buckets": buckets,
        "kind": fc.indicator_column(kind),
        "town": fc.indicator_column(town),
        "code": fc.indicator_column(fc.categorical_column_with_identity("code", 4, default_value=2)),
        "tags": fc.indicator_column(tags),
        "weighted": fc.indicator_column(fc.weighted_categorical_column(kind, "weight")),
        "crossed": fc.indicator_column(fc.crossed_column([buckets, kind], 6)),
        "crossed texts": fc.indicator_column(fc.crossed_column(["town", "kind", buckets], 11)),
        "crossed tags": fc.indicator_column(fc.crossed_column([tags, kind], 5, hash_key=3)),
        "mean": fc.embedding_column(tags, 2, initializer=table),
        "sqrtn": fc.embedding_column(tags, 2, combiner="sqrtn", initializer=table),
        "sum": fc.embedding_column(tags, 2, combiner="sum", initializer=table, max_norm=3.0),
    }


# What TensorFlow 2.15 and its tf.keras give for each column alone.
RECORDED: dict[str, list[list[float]]] = {
    "age": [[2], [4], [6.5], [3]],
    "buckets": [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]],
    "kind": [[1, 0], [0, 1], [0, 0], [1, 0]],
    "town": [[1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0]],
    "code": [[1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]],
    "tags": [[1, 1, 0, 0, 0], [0, 2, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 1, 0]],
    "weighted": [[0.5, 0], [0, 2], [0, 0], [3, 0]],
    "crossed": [[0, 0, 0, 0, 1, 0], [0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1]],
    "crossed texts": [
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ],
    "crossed tags": [[0, 0, 0, 0, 2], [0, 0, 0, 2, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 0]],
    "mean": [[1, 2], [2, 3], [0, 1], [6, 7]],
    "sqrtn": [[1.414214, 2.828427], [2.828427, 4.24264], [0, 1], [6, 7]],
    "sum": [[1.664101, 3.496151], [3.328201, 4.992302], [0, 1], [1.952374, 2.27777]],
}


@pytest.mark.parametrize("name", list(RECORDED))
def test_numbers_are_tensorflows(tf: Any, name: str) -> None:
    found = tf.keras.layers.DenseFeatures(_columns(tf)[name])(ROWS).numpy()
    np.testing.assert_allclose(found, RECORDED[name], rtol=1e-6)


def test_columns_stand_in_the_order_of_their_names(tf: Any) -> None:
    columns = _columns(tf)
    layer = tf.keras.layers.DenseFeatures([columns["kind"], columns["age"], columns["mean"]])
    found = layer({key: ROWS[key] for key in ("kind", "age", "tags")}).numpy()
    expected = [RECORDED[name] for name in ("age", "kind", "mean")]
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), rtol=1e-6)
    assert [weight.name for weight in layer.weights] == [f"{layer.name}/tags_embedding/embedding_weights:0"]


def test_shared_embeddings_have_one_table(tf: Any) -> None:
    fc = tf.feature_column
    parts = [fc.categorical_column_with_identity(key, 4) for key in ("code", "other")]
    layer = tf.keras.layers.DenseFeatures(fc.shared_embeddings(parts, 3))
    found = layer({"code": np.array([1, 2]), "other": np.array([2, 3])}).numpy()
    assert len(layer.weights) == 1 and tuple(layer.weights[0].shape) == (4, 3)
    np.testing.assert_array_equal(found[1, :3], found[0, 3:])


def test_a_sequential_over_columns_is_trained_and_saved(tf: Any, tmp_path: Path) -> None:
    columns = _columns(tf)
    chosen = [columns[name] for name in ("buckets", "kind", "mean", "crossed")]
    model = tf.keras.Sequential([tf.keras.layers.DenseFeatures(chosen), tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    data = tf.data.Dataset.from_tensor_slices((dict(ROWS), np.ones(4, np.float32))).batch(2)
    history = model.fit(data, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.2 * history[0]
    assert np.abs(model.layers[0].get_weights()[0] - np.arange(10).reshape(5, 2)).max() > 1e-3
    inputs = {
        "age": tf.keras.Input((1,), name="age"),
        "kind": tf.keras.Input((1,), name="kind", dtype=tf.string),
        "tags": tf.keras.Input((2,), name="tags", dtype=tf.string),
    }
    output = tf.keras.layers.Dense(1)(tf.keras.layers.DenseFeatures(chosen)(inputs))
    functional = tf.keras.Model(list(inputs.values()), output)
    functional.set_weights(model.get_weights())
    read = {key: ROWS[key] for key in inputs}
    expected = model.predict(dict(ROWS), verbose=0)
    np.testing.assert_allclose(functional.predict(read, verbose=0), expected, rtol=1e-6)
    for name in ("model.h5", "model.keras"):
        functional.save(tmp_path / name)
        again = tf.keras.models.load_model(tmp_path / name, compile=False)
        np.testing.assert_allclose(again.predict(read, verbose=0), expected, rtol=1e-6)


def test_wrong_columns_say_what_is_expected(tf: Any) -> None:
    fc = tf.feature_column
    kind = fc.categorical_column_with_vocabulary_list("kind", ["a", "b"])
    with pytest.raises(ValueError, match="indicator_column or embedding_column"):
        tf.keras.layers.DenseFeatures(kind)
    with pytest.raises(ValueError, match="expected a column 'kind'"):
        tf.keras.layers.DenseFeatures(fc.indicator_column(kind))({"age": ROWS["age"]})
    with pytest.raises(ValueError, match="from 0 to 3, got 9"):
        tf.keras.layers.DenseFeatures(fc.indicator_column(fc.categorical_column_with_identity("code", 4)))(ROWS)
    with pytest.raises(ValueError, match="rising order"):
        fc.bucketized_column(fc.numeric_column("age"), [3, 2])
    with pytest.raises(ValueError, match="at least two"):
        fc.crossed_column(["age"], 3)
