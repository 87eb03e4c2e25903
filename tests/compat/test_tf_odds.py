"""Names of tf that stand alone, data sets of several data sets, seeds given with each call, boxes of many classes."""

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def test_data_sets_of_several(tf: Any) -> None:
    few, many = tf.data.Dataset.range(3), tf.data.Dataset.range(100, 103)
    mixed = [int(x) for x in tf.data.Dataset.sample_from_datasets([few, many], [0.5, 0.5], seed=1)]
    assert sorted(mixed) == [0, 1, 2, 100, 101, 102]
    choice = tf.data.Dataset.from_tensor_slices(np.array([1, 0, 1, 0, 1]))
    chosen = tf.data.Dataset.choose_from_datasets([few, many], choice)
    assert [int(x) for x in chosen] == [100, 0, 101, 1, 102]
    assert [int(x) for x in tf.data.experimental.Counter(5, 2).take(3)] == [5, 7, 9]
    assert [int(x) for x in tf.data.Dataset.from_tensor_slices([3, 1, 3, 2, 1]).unique()] == [3, 1, 2]
    kept = tf.data.Dataset.from_tensor_slices([1, 2, 3]).map(lambda x: 1 / 0 if x == 2 else x)
    assert [int(x) for x in kept.ignore_errors()] == [1, 3]


def test_groups_of_about_one_length(tf: Any) -> None:
    rows = [[0], [1, 2, 3, 4], [5, 6], [7, 8, 9, 10, 11], [7], [1, 1, 1]]
    data = tf.data.Dataset.from_generator(lambda: rows, output_signature=tf.TensorSpec([None], tf.int64))
    batches = data.bucket_by_sequence_length(lambda row: tf.shape(row)[0], [3, 5], [2, 2, 2])
    assert [batch.numpy().tolist() for batch in batches] == [
        [[0, 0], [5, 6]], [[1, 2, 3, 4], [1, 1, 1, 0]], [[7]], [[7, 8, 9, 10, 11]],
    ]  # fmt: skip
    odd = tf.data.Dataset.range(6).group_by_window(lambda x: x % 2, lambda key, part: part.batch(3), 3)
    assert [batch.numpy().tolist() for batch in odd] == [[0, 2, 4], [1, 3, 5]]


def test_a_data_set_is_written_and_read(tf: Any, tmp_path: Path) -> None:
    data = tf.data.Dataset.from_tensor_slices({"a": np.arange(4.0), "b": np.arange(8).reshape(4, 2)})
    data.save(str(tmp_path / "set"))
    again = list(tf.data.Dataset.load(str(tmp_path / "set")))
    assert len(again) == 4 and again[3]["b"].numpy().tolist() == [6, 7] and float(again[2]["a"]) == 2.0


def test_a_seed_with_each_call(tf: Any) -> None:
    image = np.random.default_rng(0).random((8, 8, 3)).astype(np.float32)
    for name, arguments in (
        ("crop", {"size": [4, 4, 3]}), ("flip_left_right", {}), ("brightness", {"max_delta": 0.3}),
        ("contrast", {"lower": 0.2, "upper": 0.9}), ("saturation", {"lower": 0.2, "upper": 0.9}),
        ("hue", {"max_delta": 0.3}),
    ):  # fmt: skip
        function = getattr(tf.image, f"stateless_random_{name}")
        key = "value" if name == "crop" else "image"
        found = [function(**{key: image}, seed=(k, 7), **arguments).numpy() for k in (1, 1, 2, 3, 4, 5, 6, 7)]
        np.testing.assert_array_equal(found[0], found[1])
        assert any(not np.array_equal(found[0], one) for one in found[2:]), name
    seeds = tf.random.experimental.stateless_split((1, 2), num=3).numpy()
    assert seeds.shape == (3, 2) and len(np.unique(seeds[:, 0])) == 3
    np.testing.assert_array_equal(
        tf.random.stateless_truncated_normal([9], (1, 2)), tf.random.stateless_truncated_normal([9], (1, 2))
    )
    drawn = tf.random.poisson([4000], [1.0, 6.0], seed=3).numpy()
    np.testing.assert_allclose(drawn.mean(0), [1.0, 6.0], atol=0.2)
    classes = tf.random.stateless_categorical([[0.0, np.log(3.0)]], 4000, (3, 4)).numpy()
    assert classes.mean() == pytest.approx(0.75, abs=0.03)


def test_boxes_of_many_classes(tf: Any) -> None:
    boxes = np.array([[[[0, 0, 1, 1]], [[0, 0, 0.9, 1]], [[0.5, 0.5, 2, 2]]]], np.float32)
    scores = np.array([[[0.9, 0.2], [0.8, 0.7], [0.3, 0.6]]], np.float32)
    found = tf.image.combined_non_max_suppression(boxes, scores, 2, 4, 0.5, 0.25)
    assert found.valid_detections.numpy().tolist() == [4]
    np.testing.assert_allclose(found.nmsed_scores, [[0.9, 0.7, 0.6, 0.3]])
    assert found.nmsed_classes.numpy().tolist() == [[0, 1, 1, 0]]
    np.testing.assert_allclose(found.nmsed_boxes.numpy()[0, 2], [0.5, 0.5, 1.0, 1.0])
    drawn = tf.image.draw_bounding_boxes(np.zeros((1, 5, 5, 3)), [[[0.0, 0.0, 0.5, 1.0]]], [[1.0, 0.0, 0.0]]).numpy()
    assert drawn[0, ..., 0].tolist() == [[1] * 5, [1, 0, 0, 0, 1], [1] * 5, [0] * 5, [0] * 5]


def test_parts_of_variables(tf: Any) -> None:
    variable = tf.Variable([1.0, 2.0, 3.0])
    variable.scatter_nd_update([[1]], [7.0])
    variable.scatter_add(tf.IndexedSlices([5.0], [2]))
    variable.scatter_sub(tf.IndexedSlices([1.0], [0]))
    assert variable.numpy().tolist() == [0.0, 7.0, 8.0]

    @tf.function
    def double(place: Any) -> Any:
        return variable.scatter_mul(tf.IndexedSlices([2.0], [place]))

    double(tf.constant(1))
    assert variable.numpy().tolist() == [0.0, 14.0, 8.0]


def test_averages_states_and_structures(tf: Any) -> None:
    average, variable = tf.train.ExponentialMovingAverage(0.5), tf.Variable(1.0)
    for value in (1.0, 3.0, 5.0):
        variable.assign(value)
        average.apply([variable])
    assert float(average.average(variable)) == 3.5
    assert tf.scan(lambda a, x: a + x, tf.range(5)).numpy().tolist() == [0, 1, 3, 6, 10]
    assert tf.scan(lambda a, x: a * x, tf.constant([1.0, 2.0, 3.0]), 10.0, reverse=True).numpy().tolist() == [
        60,
        60,
        30,
    ]
    assert tf.nest.pack_sequence_as({"a": [0, 0], "b": 0}, [1, 2, 3]) == {"a": [1, 2], "b": 3}
    with pytest.raises(ValueError, match="nested structure"):
        tf.nest.assert_same_structure([1, 2], [1, [2]])
    assert int(tf.bitwise.bitwise_xor(6, 3)) == 5


def test_programs_go_on_without_tpus(tf: Any) -> None:
    with pytest.raises(ValueError, match="no TPU"):
        tf.distribute.cluster_resolver.TPUClusterResolver()
    with pytest.raises(ValueError, match="no TPU"):
        tf.distribute.experimental.TPUStrategy(None)
    assert tf.distribute.experimental.MultiWorkerMirroredStrategy().num_replicas_in_sync == 1


def test_sounds_are_decoded(tf: Any, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.array([0, 16384, -32768], "<i2").tobytes())
    samples, rate = tf.audio.decode_wav(tf.io.read_file(str(tmp_path / "a.wav")), desired_samples=5)
    assert samples.numpy()[:, 0].tolist() == [0.0, 0.5, -1.0, 0.0, 0.0] and int(rate) == 8000


def test_summaries_take_the_step_that_was_set(tf: Any, tmp_path: Path) -> None:
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        tf.summary.experimental.set_step(3)
        assert tf.summary.scalar("loss", 1.0) and tf.summary.experimental.get_step() == 3
        with tf.summary.record_if(False):
            assert not tf.summary.scalar("loss", 1.0)
    writer.close()


def test_a_loss_for_every_sample_is_shown_as_their_mean(tf: Any) -> None:
    class Cost(tf.keras.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(tf.reduce_sum(x * x, axis=1, keepdims=True))
            return x

    inputs = tf.keras.Input((3,))
    scale = tf.keras.layers.Dense(3, use_bias=False, kernel_initializer="identity")
    model = tf.keras.Model(inputs, Cost()(scale(inputs)))
    model.compile(tf.keras.optimizers.SGD(0.01))
    x = np.arange(12.0, dtype=np.float32).reshape(4, 3) / 10.0
    history = model.fit(x, batch_size=4, epochs=1, verbose=0).history["loss"]
    assert history[0] == pytest.approx((x * x).sum(1).mean(), rel=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], np.eye(3) - 0.01 * 2 * x.T @ x, rtol=1e-5, atol=1e-6)


def test_the_folder_around_a_checkpoint_is_made(tf: Any, tmp_path: Path) -> None:
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(3,))])
    model.save_weights(str(tmp_path / "training" / "cp-0001.ckpt"))
    kept = model.get_weights()
    model.set_weights([weight * 0 for weight in kept])
    model.load_weights(tf.train.latest_checkpoint(str(tmp_path / "training"))).expect_partial()
    np.testing.assert_array_equal(model.get_weights()[0], kept[0])
    with pytest.raises(FileNotFoundError, match="does not exist"):
        model.save_weights(str(tmp_path / "missing" / "weights.h5"))
