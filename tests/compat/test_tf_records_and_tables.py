"""Records, tables, CSV files, texts in rows, sparse tensors: what stands before a model in programs of TensorFlow 2."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest


def _example(tf: Any, **features: Any) -> bytes:
    kinds = {bytes: ("bytes_list", tf.train.BytesList), float: ("float_list", tf.train.FloatList),
             int: ("int64_list", tf.train.Int64List)}  # fmt: skip
    made = {}
    for name, values in features.items():
        field, cls = kinds[type(values[0])]
        made[name] = tf.train.Feature(**{field: cls(value=values)})
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


@pytest.mark.parametrize("compression", ["", "GZIP", "ZLIB"])
def test_records_are_written_and_read(tf: Any, tmp_path: Path, compression: str) -> None:
    path = str(tmp_path / "data.tfrecord")
    arrays = [np.arange(6, dtype=np.float32).reshape(2, 3) * k for k in range(3)]
    with tf.io.TFRecordWriter(path, compression) as writer:
        for k, array in enumerate(arrays):
            whole = tf.io.serialize_tensor(tf.constant(array)).numpy()
            writer.write(_example(tf, raw=[array.tobytes()], label=[k - 1], var=list(range(k + 1)), whole=[whole]))
    spec = {
        "raw": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
        "var": tf.io.VarLenFeature(tf.int64),
        "whole": tf.io.FixedLenFeature([], tf.string),
        "missing": tf.io.FixedLenFeature([2], tf.float32, default_value=[7.0, 8.0]),
    }

    def parse(record: Any) -> Any:
        found = tf.io.parse_single_example(record, spec)
        raw = tf.reshape(tf.io.decode_raw(found["raw"], tf.float32), [2, 3])
        return raw, found["label"], tf.sparse.to_dense(found["var"]), found["missing"], found["whole"]

    data = tf.data.TFRecordDataset([path], compression_type=compression)
    for k, (raw, label, var, missing, whole) in enumerate(data.map(parse)):
        np.testing.assert_array_equal(raw, arrays[k])
        np.testing.assert_array_equal(tf.io.parse_tensor(whole, tf.float32), arrays[k])
        assert int(label) == k - 1 and var.numpy().tolist() == list(range(k + 1))
        assert missing.numpy().tolist() == [7.0, 8.0]
    (batch,) = data.batch(3).map(lambda records: tf.io.parse_example(records, spec))
    assert batch["label"].numpy().tolist() == [-1, 0, 1]
    assert tf.sparse.to_dense(batch["var"], default_value=9).numpy().tolist() == [[0, 9, 9], [0, 1, 9], [0, 1, 2]]


def test_broken_records_are_named(tf: Any, tmp_path: Path) -> None:
    path = tmp_path / "data.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(_example(tf, a=[1.0]))
    data = bytearray(path.read_bytes())
    data[14] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="a record is cut off or broken"):
        list(tf.data.TFRecordDataset(str(path)))
    path.write_bytes(b"no records at all")
    with pytest.raises(ValueError, match="no TFRecord file"):
        list(tf.data.TFRecordDataset(str(path)))
    with pytest.raises(ValueError, match="feature 'b' is missing"):
        tf.io.parse_single_example(_example(tf, a=[1.0]), {"b": tf.io.FixedLenFeature([], tf.float32)})


def test_sequences_of_features(tf: Any) -> None:
    steps = [tf.train.Feature(int64_list=tf.train.Int64List(value=[k, k * k])) for k in range(3)]
    example = tf.train.SequenceExample(
        context=tf.train.Features(feature={"n": tf.train.Feature(float_list=tf.train.FloatList(value=[1.5]))}),
        feature_lists=tf.train.FeatureLists(feature_list={"steps": tf.train.FeatureList(feature=steps)}),
    )
    context, found = tf.io.parse_single_sequence_example(
        example.SerializeToString(),
        {"n": tf.io.FixedLenFeature([], tf.float32)},
        {"steps": tf.io.FixedLenSequenceFeature([2], tf.int64)},
    )
    assert float(context["n"]) == 1.5 and found["steps"].numpy().tolist() == [[0, 0], [1, 1], [2, 4]]


def test_lines_and_tables_of_files(tf: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "table.csv")
    Path(path).write_text('age,name,fare\n1,bob,2.5\n3,"a,b",4\n,eve,6.25\n', encoding="utf-8")
    lines = [line.numpy() for line in tf.data.TextLineDataset(path).skip(1)]
    assert lines == [b"1,bob,2.5", b'3,"a,b",4', b",eve,6.25"]
    age, name, fare = tf.io.decode_csv(tf.constant(lines), [[-1], [""], [0.0]])
    assert age.numpy().tolist() == [1, 3, -1] and name.numpy().tolist() == [b"bob", b"a,b", b"eve"]
    assert fare.numpy().tolist() == [2.5, 4.0, 6.25]
    rows = list(tf.data.experimental.CsvDataset(path, [tf.string, tf.float32], header=True, select_cols=[1, 2]))
    assert [(row[0].numpy(), float(row[1])) for row in rows] == [(b"bob", 2.5), (b"a,b", 4.0), (b"eve", 6.25)]
    batches = tf.data.experimental.make_csv_dataset(path, 2, label_name="fare", num_epochs=1, shuffle=False)
    (first, labels), (second, _) = list(batches)
    assert list(first) == ["age", "name"] and first["age"].numpy().tolist() == [1, 3]
    assert labels.numpy().tolist() == [2.5, 4.0] and second["age"].numpy().tolist() == [0]


def test_tables_look_up(tf: Any, tmp_path: Path) -> None:
    pairs = tf.lookup.KeyValueTensorInitializer(["emerson", "lake", "palmer"], tf.constant([0, 1, 2], tf.int64))
    table = tf.lookup.StaticHashTable(pairs, default_value=-1)
    assert table.lookup(tf.constant([["lake", "x"]])).numpy().tolist() == [[1, -1]]
    assert [int(one) for one in tf.data.Dataset.from_tensor_slices(["palmer", "y"]).map(table.lookup)] == [2, -1]
    buckets = tf.lookup.StaticVocabularyTable(pairs, num_oov_buckets=5)
    assert buckets.lookup(tf.constant(["lake", "cow", "dog"])).numpy().tolist() == [1, 6, 5]  # TensorFlow's
    (tmp_path / "words.txt").write_text("a\nb\nc\n", encoding="utf-8")
    index = tf.lookup.TextFileIndex
    lines = tf.lookup.TextFileInitializer(
        str(tmp_path / "words.txt"), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
    )
    assert tf.lookup.StaticHashTable(lines, -1).lookup(tf.constant(["c", "z"])).numpy().tolist() == [2, -1]
    back = tf.lookup.KeyValueTensorInitializer(tf.constant([0, 1], tf.int64), ["no", "yes"])
    words = tf.lookup.StaticHashTable(back, "?").lookup(tf.constant([1, 5], tf.int64))
    assert words.numpy().tolist() == [b"yes", b"?"]
    writable = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    writable.insert(["k", "l"], tf.constant([4, 5], tf.int64))
    writable.remove(["l"])
    assert writable.lookup(tf.constant(["k", "l"])).numpy().tolist() == [4, -1] and int(writable.size()) == 1


def test_rows_of_different_lengths(tf: Any) -> None:
    words = tf.strings.split(tf.constant(["she is a witch", "a newt"]))
    assert words.to_list() == [[b"she", b"is", b"a", b"witch"], [b"a", b"newt"]]
    assert words.to_tensor().numpy().tolist()[1] == [b"a", b"newt", b"", b""]
    assert tf.strings.reduce_join(words, axis=-1, separator="_").numpy().tolist() == [b"she_is_a_witch", b"a_newt"]
    assert tf.strings.length(words).to_list() == [[3, 2, 1, 5], [1, 4]]
    assert tf.strings.ngrams(words, 2).to_list() == [[b"she is", b"is a", b"a witch"], [b"a newt"]]
    rows = tf.ragged.constant([[1, 2], [3], [], [4, 5, 6]])
    assert rows.to_tensor().numpy().tolist() == [[1, 2, 0], [3, 0, 0], [0, 0, 0], [4, 5, 6]]
    assert rows.to_tensor(-1, shape=[None, 2]).numpy().tolist() == [[1, 2], [3, -1], [-1, -1], [4, 5]]
    assert rows.row_splits.numpy().tolist() == [0, 2, 3, 3, 6] and rows.shape == (4, None)
    assert rows[3].numpy().tolist() == [4, 5, 6] and rows[:2].to_list() == [[1, 2], [3]]
    assert (rows * 2 + rows).to_list() == [[3, 6], [9], [], [12, 15, 18]]
    assert tf.RaggedTensor.from_tensor([[1, 2, 0], [0, 0, 0]], padding=0).row_lengths().numpy().tolist() == [2, 0]
    assert tf.RaggedTensor.from_value_rowids([1, 2, 3], [0, 2, 2]).to_list() == [[1], [], [2, 3]]
    assert tf.sparse.to_dense(rows.to_sparse()).numpy().tolist() == rows.to_tensor().numpy().tolist()
    with pytest.raises(ValueError, match="rows of 3 values together, got 2"):
        tf.RaggedTensor.from_row_lengths([1, 2], [1, 2])


def test_a_lookup_of_rows_of_characters(tf: Any) -> None:
    layer = tf.keras.layers.StringLookup(vocabulary=list("abc"), mask_token=None)
    rows = layer(tf.strings.unicode_split(["abc", "cz"], "UTF-8"))
    assert rows.to_list() == [[1, 2, 3], [3, 0]]
    assert tf.strings.unicode_decode("héy", "UTF-8").numpy().tolist() == [104, 233, 121]


def test_sparse_tensors(tf: Any) -> None:
    sparse = tf.SparseTensor([[2, 0], [0, 1]], [6.0, 5.0], [3, 2])
    assert tf.sparse.to_dense(sparse).numpy().tolist() == [[0, 5], [0, 0], [6, 0]]
    assert tf.sparse.reorder(sparse).values.numpy().tolist() == [5.0, 6.0]
    assert tf.sparse.from_dense([[0, 1], [2, 0]]).indices.numpy().tolist() == [[0, 1], [1, 0]]
    dense = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        product = tf.sparse.sparse_dense_matmul(sparse, dense)
        loss = tf.reduce_sum(product * [[1.0], [2.0], [3.0]])
    assert product.numpy().tolist() == [[15, 20], [0, 0], [6, 12]]
    assert tape.gradient(loss, dense).numpy().tolist() == [[18, 18], [5, 5]]
    back = tf.sparse.sparse_dense_matmul(sparse, tf.ones((3, 1)), adjoint_a=True)
    assert back.numpy().tolist() == [[6], [5]]


def test_checks(tf: Any) -> None:
    tf.debugging.assert_less_equal([1], [1])
    tf.debugging.assert_near([1.0], [1.0 + 1e-7])
    failing = [
        lambda: tf.debugging.assert_less_equal([2], [1], message="too large"),
        lambda: tf.debugging.assert_positive([0.0], "too large"),
    ]
    for check in failing:
        with pytest.raises(tf.errors.InvalidArgumentError, match="too large"):
            check()
    with pytest.raises(ValueError, match="at least 2 axes"):
        tf.debugging.assert_rank_at_least(tf.zeros(3), 2)
    with pytest.raises(TypeError, match="expected whole numbers"):
        tf.debugging.assert_integer(tf.zeros(3))
