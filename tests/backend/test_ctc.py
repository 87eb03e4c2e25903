"""CTC as the backend's functions give it; agreement with tf_keras is in tests/reference."""

import numpy as np
import pytest

from nnstack import backend as K


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_symbolic_and_of_unknown_sizes():
    y_true, y_pred = K.placeholder((None, None), dtype="int32"), K.placeholder((None, None, 4))
    steps, counts = K.placeholder((None, 1), dtype="int32"), K.placeholder((None, 1), dtype="int32")
    loss = K.ctc_batch_cost(y_true, y_pred, steps, counts)
    assert loss.shape == (None, 1)
    run = K.function([y_true, y_pred, steps, counts], [loss, K.gradients(loss, [y_pred])[0]])
    y = softmax(np.random.default_rng(0).normal(size=(3, 6, 4))).astype("float32")
    labels = np.array([[0, 1], [2, 2], [1, 0]], "int32")
    found, slope = run([labels, y, [[6], [5], [6]], [[2], [2], [1]]])
    eager = K.ctc_batch_cost(labels, y, [[6], [5], [6]], [[2], [2], [1]]).numpy()
    np.testing.assert_array_equal(found, eager)
    assert not slope[1, 5].any(), "a step that does not count"
    step = 1e-2
    changed = y.copy()
    changed[2, 3, 1] += step
    other = K.ctc_batch_cost(labels, changed, [[6], [5], [6]], [[2], [2], [1]]).numpy()
    assert (other[2] - eager[2])[0] / step == pytest.approx(slope[2, 3, 1], rel=0.05)


def test_greedy_and_search_of_unknown_sizes():
    y_pred, steps = K.placeholder((None, None, 3)), K.placeholder((None,), dtype="int32")
    decoded, score = K.ctc_decode(y_pred, steps)
    searched, scores = K.ctc_decode(y_pred, steps, greedy=False, beam_width=8, top_paths=2)
    run = K.function([y_pred, steps], [decoded[0], score, *searched, scores])
    y = np.array([[[0.6, 0.0, 0.4], [0.6, 0.0, 0.4], [0.0, 1.0, 0.0]]], "float32")
    best, total, first, second, both = run([y, [3]])
    assert best.tolist() == [[0, 1, -1]]
    assert total[0, 0] == pytest.approx(-np.log(0.6 * 0.6), abs=1e-5)
    assert first.tolist() == [[0, 1, -1]]
    assert second.tolist() == [[1, -1, -1]]
    np.testing.assert_allclose(both, np.log([[1 - 0.4 * 0.4, 0.4 * 0.4]]), atol=1e-5)
    assert run([y, [1]])[0].tolist() == [[0, -1, -1]]


def test_merge_repeated_writes_a_label_once():
    y = np.array([[[0.9, 0.1], [0.05, 0.95], [0.9, 0.1]]], "float32")
    kept, _ = K.ctc_decode(y, [3], greedy=False)
    merged, _ = K.ctc_decode(y, [3], greedy=False, merge_repeated=True)
    assert kept[0].numpy().tolist() == [[0, 0, -1]]
    assert merged[0].numpy().tolist() == [[0, -1, -1]]


def test_sparse_labels():
    sparse = K.ctc_label_dense_to_sparse(np.array([[3, 4, 9], [5, 9, 9], [9, 9, 9]]), np.array([2, 1, 0]))
    assert sparse.indices.tolist() == [[0, 0], [0, 1], [1, 0]]
    assert sparse.values.tolist() == [3, 4, 5]
    assert sparse.dense_shape == (3, 3)
    assert K.is_sparse(sparse)
    assert not K.is_sparse(np.zeros(3))
    assert K.to_dense(sparse).numpy().tolist() == [[3, 4, 0], [5, 0, 0], [0, 0, 0]]


def test_wrong_arguments_are_refused():
    y = np.full((1, 2, 3), 1 / 3, "float32")
    with pytest.raises(ValueError, match=r"y_pred of shape \(samples, steps, classes\), got \(2, 3\)"):
        K.ctc_batch_cost([[0]], y[0], [[2]], [[1]])
    with pytest.raises(ValueError, match=r"input_length of shape \(samples, 1\), got \(1,\)"):
        K.ctc_batch_cost([[0]], y, [2], [[1]])
    with pytest.raises(ValueError, match="1 <= top_paths <= beam_width"):
        K.ctc_decode(y, [2], greedy=False, beam_width=2, top_paths=3)
    with pytest.raises(ValueError, match="symbolic"):
        K.ctc_label_dense_to_sparse(K.placeholder((2, 3)), [1, 1])
    with pytest.raises(ValueError, match="an index is negative or too large"):
        K.ctc_batch_cost([[2]], y, [[2]], [[1]])  # the blank is no label
