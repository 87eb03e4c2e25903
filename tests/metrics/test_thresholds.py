"""Metrics made of counts at thresholds, against plain numpy; with weights, columns, several batches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstack import backend as K
from nnstack import metrics
from nnstack.layers import Dense
from nnstack.models import Sequential


def counts(y, p, threshold, w=None):
    """(TP, FP, TN, FN) by definition."""
    w = np.ones(y.shape) if w is None else np.broadcast_to(w.reshape(w.shape + (1,) * (y.ndim - w.ndim)), y.shape)
    y, above = y != 0, p > np.float32(threshold)
    return tuple(float((w * mask).sum()) for mask in (y & above, ~y & above, ~y & ~above, y & ~above))


def batches(seed, columns=None, grid=None):
    rng = np.random.default_rng(seed)
    for size in (7, 1, 12):
        shape = (size,) if columns is None else (size, columns)
        p = rng.random(shape) if grid is None else rng.integers(0, grid + 1, shape) / grid
        yield rng.integers(0, 2, shape).astype("float32"), p.astype("float32"), rng.random(size).astype("float32")


KINDS = [metrics.TruePositives, metrics.FalsePositives, metrics.TrueNegatives, metrics.FalseNegatives]


@given(
    seed=st.integers(0, 1000),
    columns=st.sampled_from([None, 1, 3]),
    thresholds=st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=5, unique=True),
    weighted=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_counts_at_any_thresholds(seed, columns, thresholds, weighted):
    # Predictions on a grid of quarters meet thresholds exactly: a prediction equal to the threshold is not above it.
    for position, kind in enumerate(KINDS):
        metric, expected = kind(thresholds), np.zeros(len(thresholds))
        for y, p, w in batches(seed, columns, grid=4):
            w = w if weighted else None
            metric.update_state(y, p, sample_weight=w)
            expected += [counts(y, p, threshold, w)[position] for threshold in thresholds]
        result = metric.result().numpy()
        assert result.shape == (() if len(thresholds) == 1 else (len(thresholds),))
        np.testing.assert_allclose(result, expected if len(thresholds) > 1 else expected[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("count", [3, 5, 11])
def test_even_thresholds_count_as_others_do(count):
    even = [i / (count - 1) for i in range(count)]
    for kind in KINDS:
        fast, slow = kind(even), kind([*even[:-1], 0.999])  # the second list is not even
        for y, p, w in batches(3, 2, grid=count - 1):
            fast.update_state(y, p, w)
            slow.update_state(y, p, w)
        np.testing.assert_allclose(fast.result().numpy()[:-1], slow.result().numpy()[:-1], rtol=1e-5)


def test_numbers_that_are_none_are_not_positive():
    metric = metrics.TruePositives([0.0, 0.5, 1.0])
    metric.update_state([1.0, 1.0], [np.nan, 0.7])
    assert metric.result().numpy().tolist() == [1.0, 1.0, 0.0]


def test_precision_and_recall():
    y, p = np.array([0.0, 1, 1, 1, 0]), np.array([0.9, 0.1, 0.8, 0.6, 0.2])
    precision, recall = metrics.Precision(), metrics.Recall(thresholds=[0.5, 0.7])
    assert float(precision(y, p)) == pytest.approx(2 / 3)
    assert recall(y, p).numpy() == pytest.approx([2 / 3, 1 / 3])
    assert float(precision.true_positives.numpy()[0]) == 2.0 and float(precision.false_positives.numpy()[0]) == 1.0
    precision.reset_state()
    assert float(precision.result()) == 0.0


def test_top_k_and_class_id():
    y = np.array([[0, 0, 1, 1], [1, 0, 0, 0.0]])
    p = np.array([[0.1, 0.9, 0.8, 0.8], [0.3, 0.2, 0.3, 0.2]])
    assert float(metrics.Precision(top_k=2)(y, p)) == 0.5  # of equal ones the first: columns 1, 2 and 0, 2
    assert float(metrics.Recall(top_k=3)(y, p)) == 1.0
    assert float(metrics.Recall(class_id=3)(y, p)) == 1.0
    assert float(metrics.Precision(top_k=2, class_id=2)(y, p)) == 0.5
    assert float(metrics.Precision(0.5, top_k=2)(y, p)) == 0.5  # and above the threshold as well
    with pytest.raises(ValueError, match="top_k from 1 to the number of classes, got 5"):
        metrics.Precision(top_k=5)(y, p)


def test_area_under_roc_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 60).astype("float32")
    p = (rng.integers(0, 50, 60) * 4 + 2).astype("float32") / 202.0  # no two spaces share a threshold
    metric = metrics.AUC(num_thresholds=400)
    for part in (slice(0, 25), slice(25, 60)):
        metric.update_state(y[part], p[part])
    positive, negative = p[y == 1][:, None], p[y == 0][None]
    expected = ((positive > negative) + 0.5 * (positive == negative)).mean()
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("curve", ["ROC", "PR", "PRGAIN"])
def test_ends_of_the_steps_bound_the_area(curve):
    y, p, w = next(batches(5))
    low, high = (
        float(metrics.AUC(20, curve=curve, summation_method=m)(y, p, sample_weight=w)) for m in ("minoring", "majoring")
    )
    middle = float(metrics.AUC(20, curve=curve)(y, p, sample_weight=w))
    assert low <= middle <= high and low < high


def test_area_by_label():
    y, p, w = list(batches(2, 3))[2]
    columns = [float(metrics.AUC(30)(y[:, i], p[:, i], sample_weight=w)) for i in range(3)]
    assert float(metrics.AUC(30, multi_label=True)(y, p, sample_weight=w)) == pytest.approx(np.mean(columns), rel=1e-5)
    weights = [1.0, 0.0, 3.0]
    metric = metrics.AUC(30, multi_label=True, num_labels=3, label_weights=weights)
    assert float(metric(y, p, sample_weight=w)) == pytest.approx(np.average(columns, weights=weights), rel=1e-5)
    assert float(metrics.AUC(30, from_logits=True)(y, np.log(p / (1 - p)))) == pytest.approx(
        float(metrics.AUC(30)(y, p)), rel=1e-5
    )
    with pytest.raises(ValueError, match="3 label_weights do not fit y_pred of shape"):
        metric.update_state(y[:, :2], p[:, :2])


def test_best_rates_under_a_bound():
    y, p, _ = list(batches(8))[2]
    levels = np.linspace(0, 1, 200)
    table = np.array([counts(y, p, t) for t in levels]).T
    tp, fp, tn, fn = table
    with np.errstate(invalid="ignore"):
        rates = [np.nan_to_num(one) for one in (tp / (tp + fn), tn / (tn + fp), tp / (tp + fp))]
    sensitivity, specificity, precision = rates
    for metric, bounded, wanted in [
        (metrics.SensitivityAtSpecificity(0.6), specificity, sensitivity),
        (metrics.SpecificityAtSensitivity(0.6), sensitivity, specificity),
        (metrics.PrecisionAtRecall(0.6), sensitivity, precision),
        (metrics.RecallAtPrecision(0.6), precision, sensitivity),
    ]:
        metric.update_state(y, p)
        assert float(metric.result()) == pytest.approx(wanted[bounded >= 0.6].max(initial=0.0), rel=1e-5)
    nowhere = metrics.PrecisionAtRecall(1.0, num_thresholds=1)
    assert float(nowhere([1.0, 1.0], [0.9, 0.1])) == 0.0


def settings_of(metric):
    return {key: value for key, value in metric.get_config().items() if key != "name"}


@pytest.mark.parametrize(
    "metric",
    [
        metrics.AUC(7, "PR", "majoring", thresholds=[0.3, 0.2]),
        metrics.AUC(5, multi_label=True, num_labels=2, label_weights=[1.0, 2.0], from_logits=True),
        metrics.Precision([0.1, 0.2], top_k=2, class_id=1),
        metrics.Recall(),
        metrics.FalsePositives(0.3),
        metrics.PrecisionAtRecall(0.7, 50, class_id=1),
        metrics.SpecificityAtSensitivity(0.7),
        metrics.MeanIoU(4, ignore_class=2, sparse_y_pred=False),
        metrics.BinaryIoU([0], 0.3),
        metrics.OneHotIoU(3, [0, 2]),
        metrics.OneHotMeanIoU(3, axis=1),
        metrics.FBetaScore("macro", 0.5, 0.3),
        metrics.F1Score("micro"),
        metrics.R2Score(None, 2),
        metrics.MeanTensor(shape=(2, 3)),
    ],
    ids=lambda metric: type(metric).__name__,
)
def test_config_makes_the_same_metric(metric):
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric) and settings_of(again) == settings_of(metric)
    assert type(metrics.clone_metric(metric)) is type(metric)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.Precision(1.5), r"thresholds within \[0, 1\], got \[1.5\]"),
        (lambda: metrics.AUC(1), "num_thresholds of at least 2, got 1"),
        (lambda: metrics.AUC(curve="roc2"), "curve one of ROC, PR, PR_GAIN, got 'roc2'"),
        (lambda: metrics.AUC(label_weights=[-1.0]), "label_weights of at least 0"),
        (lambda: metrics.AUC(num_labels=2), "multi_label=True only"),
        (lambda: metrics.RecallAtPrecision(-0.1), r"precision within \[0, 1\], got -0.1"),
        (lambda: metrics.IoU(2, [2]), r"class ids below 2, got \[2\]"),
        (lambda: metrics.F1Score("mean"), "average None, 'micro', 'macro' or 'weighted', got 'mean'"),
        (lambda: metrics.FBetaScore(beta=1), "beta as a float above 0, got 1"),
        (lambda: metrics.F1Score(threshold=0.0), r"threshold as a float within \(0, 1\], got 0.0"),
        (lambda: metrics.R2Score("sum"), "class_aggregation one of"),
        (lambda: metrics.F1Score()([1.0], [1.0]), "samples, columns"),
        (lambda: metrics.TruePositives()([1.0, 0.0], [[0.5, 0.1, 0.1]]), "expected y_true of the shape of y_pred"),
        (lambda: metrics.MeanTensor().result(), "has seen no values yet"),
    ],
)
def test_wrong_settings_say_what_is_expected(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_intersection_over_union():
    y, p = np.array([[0, 1, 2], [2, 1, 0]]), np.array([[0, 2, 2], [2, 1, 1]])
    iou = [1 / 2, 1 / 3, 2 / 3]
    assert float(metrics.MeanIoU(4)(y, p)) == pytest.approx(np.mean(iou))  # class 3 does not occur
    assert float(metrics.IoU(3, [1, 2])(y, p)) == pytest.approx(np.mean(iou[1:]))
    assert float(metrics.MeanIoU(3, ignore_class=2)(y, p)) == pytest.approx((1 / 2 + 1 / 3 + 0 / 1) / 3)
    weights = np.array([[1.0, 0, 1], [1, 1, 0]])
    assert float(metrics.MeanIoU(3)(y, p, sample_weight=weights)) == 1.0
    one_hot, scores = np.eye(3)[y], np.eye(3)[p] * 0.7
    assert float(metrics.OneHotMeanIoU(3)(one_hot, scores)) == pytest.approx(np.mean(iou))
    assert float(metrics.OneHotIoU(3, [0], sparse_y_pred=True)(one_hot, p)) == pytest.approx(0.5)
    assert float(metrics.BinaryIoU([1], 0.5)([1, 0, 1], [0.5, 0.6, 0.4])) == pytest.approx(1 / 3)


def test_f_scores():
    y = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 0.0]])
    p = np.array([[0.6, 0.2, 0.1], [0.5, 0.4, 0.1], [0.0, 0.8, 0.9], [0.1, 0.2, 0.7]])
    chosen = p > 0.45
    tp, fp, fn = ((y * chosen).sum(0), ((1 - y) * chosen).sum(0), (y * ~chosen).sum(0))
    f = 2 * tp / (2 * tp + fp + fn)
    assert metrics.F1Score(threshold=0.45)(y, p).numpy() == pytest.approx(f)
    assert float(metrics.F1Score("macro", 0.45)(y, p)) == pytest.approx(f.mean())
    assert float(metrics.F1Score("weighted", 0.45)(y, p)) == pytest.approx((f * y.sum(0)).sum() / y.sum())
    micro = 5 * tp.sum() / (5 * tp.sum() + fp.sum() + 4 * fn.sum())
    assert float(metrics.FBetaScore("micro", 2.0, 0.45)(y, p)) == pytest.approx(micro)
    largest = metrics.F1Score()
    largest.update_state(y[:2], p[:2], sample_weight=[1.0, 0.0])
    assert largest.result().numpy() == pytest.approx([1.0, 0.0, 0.0])


def test_explained_variance():
    rng = np.random.default_rng(4)
    y, p, w = rng.normal(size=(9, 2)), rng.normal(size=(9, 2)), rng.random(9)
    w = w.astype("float32")
    mean = np.average(y, axis=0, weights=w)
    total = (w[:, None] * (y - mean) ** 2).sum(0)
    by_column = 1 - (w[:, None] * (y - p) ** 2).sum(0) / total
    for aggregation, expected in [
        (None, by_column),
        ("uniform_average", by_column.mean()),
        ("variance_weighted_average", np.average(by_column, weights=total)),
    ]:
        metric = metrics.R2Score(aggregation)
        metric.update_state(y[:4], p[:4], w[:4])
        metric.update_state(y[4:], p[4:], w[4:])
        np.testing.assert_allclose(metric.result().numpy(), expected, rtol=1e-4)
    adjusted = metrics.R2Score(num_regressors=3)(y, p)
    plain = float(metrics.R2Score()(y, p))
    assert float(adjusted) == pytest.approx(1 - (1 - plain) * 17 / 14, rel=1e-4)  # 18 values
    assert float(metrics.R2Score(num_regressors=40)(y, p)) == pytest.approx(plain)


def test_mean_tensor():
    metric = metrics.MeanTensor()
    metric.update_state([[0.0, 1.0], [2.0, 3.0]])
    metric.update_state([[4.0, 5.0], [6.0, 7.0]], sample_weight=[3.0, 0.0])
    np.testing.assert_allclose(metric.result().numpy(), [[3.0, 4.0], [2.0, 3.0]])
    with pytest.raises(ValueError, match=r"expected values of shape \(2, 2\), got \(3,\)"):
        metric.update_state([1.0, 2.0, 3.0])


def test_all_of_them_in_one_compiled_training():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)).astype("float32"), rng.integers(0, 2, (50, 1))
    made = [
        metrics.AUC(),
        metrics.AUC(curve="PR", multi_label=True, name="by_label"),
        metrics.Precision(),
        metrics.Recall([0.2, 0.8], name="recalls"),
        metrics.TruePositives(),
        metrics.SensitivityAtSpecificity(0.5),
        metrics.BinaryIoU(),
        metrics.F1Score("micro", 0.5),
        metrics.R2Score(),
    ]
    model = Sequential([Dense(3, activation="tanh", input_shape=(4,)), Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=made)
    fit = model.fit(x, y, batch_size=16, epochs=2, verbose=0).history
    assert set(fit) == {"loss", *[metric.name for metric in made]} and np.shape(fit["recalls"]) == (2, 2)
    logs = model.evaluate(x, y, batch_size=16, verbose=0, return_dict=True)
    predictions = model.predict(x)
    for metric in made:
        by_hand = metrics.clone_metric(metric)
        np.testing.assert_allclose(logs[metric.name], K.eval(by_hand(y, predictions)), rtol=1e-5, err_msg=metric.name)
    model.run_eagerly = True
    eager = model.evaluate(x, y, batch_size=16, verbose=0, return_dict=True)
    for name, value in logs.items():
        np.testing.assert_allclose(eager[name], value, rtol=1e-5, err_msg=name)


def test_state_made_by_the_first_batch_is_reset_in_eager_training_too():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 4)).astype("float32"), np.eye(3, dtype="float32")[rng.integers(0, 3, 20)]
    histories = []
    for eager in (False, True):
        model = Sequential([Dense(3, activation="softmax", input_shape=(4,), kernel_initializer="ones")])
        model.compile("sgd", "mse", metrics=[metrics.F1Score("macro"), metrics.AUC(multi_label=True)])
        model.run_eagerly = eager
        histories.append(model.fit(x, y, batch_size=8, epochs=3, verbose=0, shuffle=False).history)
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-5, err_msg=name)


class Quartiles(metrics.Metric):
    def __init__(self):
        super().__init__("quartiles")
        self.low, self.high = self.add_weight("low"), self.add_weight("high")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.low.assign(K.min(K.convert(y_pred)))
        self.high.assign(K.max(K.convert(y_pred)))

    def result(self):
        return {"least": self.low.read_value(), "most": self.high.read_value()}


@pytest.mark.parametrize("eager", [False, True])
def test_a_result_may_be_a_dict(eager):
    model = Sequential([Dense(1, input_shape=(2,), kernel_initializer="ones")])
    model.compile("sgd", "mse", metrics=[Quartiles()], run_eagerly=eager)
    logs = model.evaluate([[1.0, 2.0], [3.0, 4.0]], [[1.0], [1.0]], verbose=0, return_dict=True)
    assert logs["least"] == 3.0 and logs["most"] == 7.0 and "quartiles" not in logs
