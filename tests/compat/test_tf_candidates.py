"""Losses over drawn candidates, CTC with TensorFlow's arguments, and what the text generation tutorial does."""

from typing import Any

import numpy as np
import pytest

R = np.random.default_rng(0)


def test_candidates_are_drawn_by_their_chances(tf: Any) -> None:
    drawn, true, expected = tf.random.log_uniform_candidate_sampler([[0], [7]], 1, 4000, False, 8, seed=1)
    chances = np.log((np.arange(8) + 2) / (np.arange(8) + 1)) / np.log(9)
    np.testing.assert_allclose(np.bincount(drawn.numpy(), minlength=8) / 4000, chances, atol=0.03)
    np.testing.assert_allclose(true.numpy()[:, 0], chances[[0, 7]] * 4000, rtol=1e-5)
    np.testing.assert_allclose(expected, chances[drawn.numpy()] * 4000, rtol=1e-5)
    different, _, _ = tf.random.log_uniform_candidate_sampler([[0]], 1, 8, True, 8)
    assert sorted(different.numpy().tolist()) == list(range(8))


def test_losses_over_candidates(tf: Any) -> None:
    table, bias, x = R.normal(size=(9, 4)), R.normal(size=9), R.normal(size=(3, 4))
    labels, sampled = np.array([[2], [5], [8]]), np.array([5, 1])
    values = (tf.constant(sampled), tf.constant([[0.5], [0.4], [0.3]]), tf.constant([0.2, 0.1]))
    given = [tf.constant(one.astype(np.float32)) for one in (table, bias)]
    arguments = (*given, tf.constant(labels), tf.constant(x.astype(np.float32)), 2, 9, 1, values)
    logits = np.concatenate([
        ((x * table[labels[:, 0]]).sum(1) + bias[labels[:, 0]])[:, None] - np.log([[0.5], [0.4], [0.3]]),
        x @ table[sampled].T + bias[sampled] - np.log([0.2, 0.1]),
    ], axis=1)  # fmt: skip
    marks = np.array([1.0, 0.0, 0.0])
    both = np.logaddexp(0, logits) - logits * marks
    np.testing.assert_allclose(tf.nn.nce_loss(*arguments), both.sum(1), rtol=1e-5)
    logits[1, 1] = -np.inf  # the true class of row 1 is among the candidates
    expected = np.log(np.exp(logits).sum(1)) - logits[:, 0]
    np.testing.assert_allclose(tf.nn.sampled_softmax_loss(*arguments), expected, rtol=1e-5)


def test_ctc_with_any_blank(tf: Any) -> None:
    logits = R.normal(size=(2, 6, 5)).astype(np.float32)
    labels, lengths, steps = np.array([[1, 2], [3, 0]]), np.array([2, 1]), np.array([6, 5])
    found = tf.nn.ctc_loss(labels, logits, lengths, steps, logits_time_major=False, blank_index=-1)
    softmax = tf.nn.softmax(logits)
    costs = tf.keras.backend.ctc_batch_cost(labels, softmax, steps[:, None], lengths[:, None])
    np.testing.assert_allclose(found, costs.numpy()[:, 0], rtol=1e-4)
    first = np.concatenate([logits[..., 4:], logits[..., :4]], axis=2)  # the blank is class 0
    again = tf.nn.ctc_loss(labels + 1, first.transpose(1, 0, 2), lengths, steps)
    np.testing.assert_allclose(again, found, rtol=1e-5)
    sparse = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1, 2, 3], [2, 2])
    np.testing.assert_allclose(tf.nn.ctc_loss(sparse, logits, None, steps, logits_time_major=False), found, rtol=1e-5)


def test_greedy_paths_and_distances(tf: Any) -> None:
    best = np.array([[0, 0, 3, 0, 1], [2, 3, 3, 1, 1]])
    logits = np.eye(4, dtype=np.float32)[best].transpose(1, 0, 2)
    (found,), scores = tf.nn.ctc_greedy_decoder(logits, [5, 4])
    assert tf.sparse.to_dense(found, default_value=-1).numpy().tolist() == [[0, 0, 1], [2, 1, -1]]
    assert scores.numpy().tolist() == [[-5.0], [-4.0]]
    truth = tf.sparse.from_dense([[1, 3, 3, 0], [4, 0, 0, 0]])
    said = tf.sparse.from_dense([[1, 2, 3, 0], [4, 4, 0, 0]])
    assert tf.edit_distance(said, truth, normalize=False).numpy().tolist() == [1.0, 1.0]
    assert tf.edit_distance(said, truth).numpy().tolist() == pytest.approx([1 / 3, 1.0])


def test_texts_looked_up_are_tensors_of_texts(tf: Any) -> None:
    words = tf.keras.layers.StringLookup(vocabulary=list("abc"), mask_token=None, invert=True)
    assert words(tf.constant(2)).numpy() == b"b"
    assert tf.strings.reduce_join(words(tf.constant([[1, 2], [3, 3]])), axis=-1).numpy().tolist() == [b"ab", b"cc"]


def test_a_model_may_be_given_to_its_own_constructor(tf: Any) -> None:
    class Model(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__(self)
            self.dense = tf.keras.layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    assert Model()(np.ones((3, 4))).shape == (3, 2)


def test_a_loop_over_a_size_that_is_not_known_runs_on_numbers(tf: Any) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def large(x: Any) -> Any:
        total = tf.constant(0.0)
        for i in tf.range(tf.shape(x)[0]):
            if x[i] > 0.5:
                total += x[i]
        return total

    assert float(large(tf.constant([0.25, 0.75, 1.0]))) == 1.75 and float(large(tf.constant([0.75]))) == 0.75
