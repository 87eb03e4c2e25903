"""Cross-entropies see through softmax and sigmoid; activations at their edges."""

import numpy as np
import pytest

from nnstack import activations
from nnstack import backend as K

LOGITS = np.array([[100.0, -100.0, 0.0], [0.0, 3.0, -50.0]], "float32")
ONE_HOT = np.eye(3, dtype="float32")[[1, 2]]
EXACT = np.array([200.0, 53.048587], "float32")  # log(sum(exp(x))) - x[class]


@pytest.mark.parametrize("compiled", [True, False])
def test_softmax_crossentropy_is_computed_from_the_logits(compiled):
    def losses(x):
        p = activations.softmax(x)
        return [K.categorical_crossentropy(ONE_HOT, p), K.sparse_categorical_crossentropy([1, 2], p)]

    if compiled:
        x = K.placeholder((None, 3))
        results = K.function([x], losses(x))([LOGITS])
    else:
        results = [loss.numpy() for loss in losses(K.constant(LOGITS))]
    np.testing.assert_allclose(results, [EXACT, EXACT], rtol=1e-6)


def test_probabilities_from_elsewhere_are_cut_at_epsilon():
    loss = K.categorical_crossentropy(np.eye(2, dtype="float32")[[0]], np.array([[0.0, 1.0]], "float32"))
    np.testing.assert_allclose(loss.numpy(), [-np.log(1e-7)], rtol=1e-5)


def test_sigmoid_crossentropy_is_computed_from_the_logits():
    x = K.placeholder((3,))
    loss = K.function([x], K.binary_crossentropy(np.array([1.0, 0.0, 1.0], "float32"), K.sigmoid(x)))
    np.testing.assert_allclose(loss([[-80.0, 60.0, 0.0]]), [80.0, 60.0, np.log(2)], rtol=1e-6)


def test_an_activation_hands_its_logits_to_every_crossentropy():
    x = np.array([[2.0, -1.0]], "float32")
    target = np.array([[1.0, 0.0]], "float32")
    from_softmax = K.binary_crossentropy(target, activations.softmax(x)).numpy()
    np.testing.assert_allclose(from_softmax, np.log1p(np.exp([[-2.0, -1.0]])), rtol=1e-6)
    from_sigmoid = K.categorical_crossentropy(target, activations.sigmoid(x)).numpy()
    np.testing.assert_allclose(from_sigmoid, [np.log1p(np.exp(-3.0))], rtol=1e-6)


def test_class_axis_may_be_anywhere():
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    labels = np.array([[0, 1, 2, 0], [2, 1, 0, 1]])
    logs = x - np.log(np.exp(x).sum(1, keepdims=True))
    expected = -np.take_along_axis(logs, labels[:, None], 1)[:, 0]
    loss = K.sparse_categorical_crossentropy(labels, x, from_logits=True, axis=1)
    np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-5)
    one_hot = np.moveaxis(np.eye(3, dtype="float32")[labels], -1, 1)
    np.testing.assert_allclose(K.categorical_crossentropy(one_hot, x, True, axis=1).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (4, 1), (5, 17), (2, 3, 130)])
def test_gradients_of_categorical_crossentropy(shape):
    """In the logits TensorFlow's softmax(x) - target, also for targets that do not sum to one; in the target exact."""
    rng = np.random.default_rng(1)
    x, target = 30 * rng.normal(size=shape), rng.uniform(size=shape)
    places = [K.placeholder((None, *shape[1:]), dtype="float64") for _ in range(2)]
    loss = K.categorical_crossentropy(places[1], places[0], from_logits=True)
    found = K.function(places, [loss, *K.gradients(loss, places)])([x, target])
    shifted = x - x.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    for value, expected in zip(found, [-(target * logs).sum(-1), np.exp(logs) - target, -logs], strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-14)


def test_small_losses_of_large_logits_keep_their_digits():
    x = np.array([[1e6, 1e6 - 8.0]], "float32")
    for loss in (
        K.categorical_crossentropy(np.array([[1.0, 0.0]], "float32"), x, from_logits=True),
        K.sparse_categorical_crossentropy([0], x, from_logits=True),
    ):
        np.testing.assert_allclose(loss.numpy(), [np.log1p(np.exp(-8.0))], rtol=1e-4)


def test_categorical_crossentropy_of_infinities_is_that_of_tensorflow():
    x = K.placeholder((None, 3))
    loss = K.categorical_crossentropy(np.array([[1.0, 0.0, 0.0]], "float32"), x, from_logits=True)
    logits = np.array([[1.0, -np.inf, 2.0], [1.0, np.inf, 2.0], [np.nan, 0.0, 1.0], [-np.inf] * 3], "float32")
    losses, gradient = K.function([x], [loss, *K.gradients(loss, [x])])([logits])
    assert np.isnan(losses).all()
    np.testing.assert_allclose(gradient[0], [-0.7310586, 0.0, 0.7310586], rtol=1e-6)
    assert np.isnan(gradient[1:]).all()


def test_labels_out_of_range_give_nan_and_ignored_ones_zero():
    loss = K.sparse_categorical_crossentropy([0, 3, -1], np.zeros((3, 3), "float32"), from_logits=True, ignore_class=-1)
    assert np.isnan(loss.numpy()).tolist() == [False, True, False]
    assert loss.numpy()[2] == 0.0


def test_there_may_be_as_many_classes_as_rows():
    """As in contrastive losses, whose logits are (batch, batch)."""
    x, labels = K.placeholder((None, None)), K.placeholder((None,), dtype="int32")
    logits = np.array([[2.0, 1.0, 0.5], [0.0, 3.0, 1.0], [1.0, 1.0, 4.0]], "float32")
    loss = K.sparse_categorical_crossentropy(labels, x, from_logits=True)
    expected = np.log(np.exp(logits).sum(1)) - np.diag(logits)
    found, slope = K.function([x, labels], [loss, *K.gradients(K.sum(loss), [x])])([logits, np.arange(3)])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(slope, np.exp(logits) / np.exp(logits).sum(1, keepdims=True) - np.eye(3), atol=1e-6)


def test_in_top_k_counts_what_is_larger():
    scores = np.array([[0.1, 0.9, 0.9, 0.2], [0.4, 0.3, 0.2, np.inf], [1.0, 0.5, 2.0, 0.0]], "float32")
    x = K.placeholder((None, 4))
    for targets, k, expected in (
        ([1, 0, 2], 1, [True, False, True]),  # a tie counts, a row that is not finite does not
        ([3, 0, 0], 2, [False, False, True]),
        ([3, 0, 4], 3, [True, False, False]),  # 4 is no class
        ([0, 3, -1], 4, [True, False, False]),
    ):
        assert K.in_top_k(scores, targets, k).numpy().tolist() == expected
        assert K.function([x], K.in_top_k(x, targets, k))([scores]).tolist() == expected
        y = K.placeholder((None, None))
        assert K.function([y], K.in_top_k(y, targets, k))([scores]).tolist() == expected


def test_bias_along_channels_or_all_axes():
    x = np.zeros((2, 3, 4, 5), "float32")
    assert K.bias_add(x, np.arange(5.0)).numpy()[1, 2, 3].tolist() == [0, 1, 2, 3, 4]
    assert K.bias_add(x, np.arange(3.0), "channels_first").numpy()[1, :, 2, 3].tolist() == [0, 1, 2]
    whole = np.arange(60, dtype="float32")
    assert K.bias_add(x, whole.reshape(3, 4, 5)).numpy()[1].ravel().tolist() == whole.tolist()
    assert K.bias_add(x, whole.reshape(4, 5, 3), "channels_first").numpy()[1].ravel().tolist() == whole.tolist()
    with pytest.raises(ValueError, match=r"bias_add: expected a bias of 1 or 3 axes, got shape \(4, 5\)"):
        K.bias_add(x, np.ones((4, 5)))


def test_activations_by_name():
    assert activations.get(None) is activations.linear
    assert activations.get("relu") is activations.relu
    assert activations.serialize(activations.softmax) == "softmax"
    assert activations.deserialize("tanh") is activations.tanh
    with pytest.raises(ValueError, match="Unknown activation function: 'rellu'"):
        activations.get("rellu")
    with pytest.raises(TypeError, match="expected a name"):
        activations.get(3)


def test_activations_do_not_overflow():
    x = np.array([[-1000.0, 1000.0]], "float32")
    for name in ("elu", "selu", "softplus", "sigmoid", "tanh", "gelu", "mish", "swish", "softmax", "softsign"):
        p = K.placeholder((1, 2))
        y = activations.get(name)(p)
        value, slope = K.function([p], [y, *K.gradients(y, [p])])([x])
        assert np.isfinite(value).all() and np.isfinite(slope).all(), name
    with pytest.raises(ValueError, match="softmax: expected at least 2 axes"):
        activations.softmax(np.zeros(3, "float32"))


def test_sparse_cross_entropy_of_large_logits_and_of_targets_that_do_not_fit() -> None:
    logits = np.array([[1e4, 1e4 + 1, -1e4], [-30.0, 2.0, 1.0]], np.float32)
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    wanted = np.log(np.exp(shifted).sum(1)) - shifted[[0, 1], [0, 2]]
    found = K.sparse_categorical_crossentropy(np.array([0, 2]), logits, from_logits=True).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    across = K.sparse_categorical_crossentropy(np.array([0, 2]), logits.T.copy(), from_logits=True, axis=0).numpy()
    np.testing.assert_array_equal(across, found)
    one = K.sparse_categorical_crossentropy(np.array([2]), logits, from_logits=True).numpy()  # for every sample
    np.testing.assert_allclose(one, np.log(np.exp(shifted).sum(1)) - shifted[:, 2], rtol=1e-6)
    for target in (np.array(2), np.zeros((2, 3, 1), int)):
        with pytest.raises(ValueError, match="expected 1 or 2 axes"):
            K.sparse_categorical_crossentropy(target, logits, from_logits=True)
