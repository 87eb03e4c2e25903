"""Models inside scikit-learn's own tools."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nnstack.layers import Dense
from nnstack.models import Sequential
from nnstack.optimizers import SGD, Adam
from nnstack.utils import set_random_seed
from nnstack.wrappers.scikit_learn import BaseWrapper, KerasClassifier, KerasRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4)).astype(np.float32)
LABELS = np.array(["cold", "mild", "hot"])[np.digitize(X[:, 0], [-0.4, 0.4])]
TARGET = X @ np.array([1.0, -2.0, 0.5, 0.0], np.float32)


def classifier_model(units: int = 16, loss: str = "sparse_categorical_crossentropy") -> Any:
    model = Sequential([Dense(units, "relu", input_shape=(4,)), Dense(3, "softmax")])
    model.compile(Adam(0.02), loss, metrics=["accuracy"])
    return model


def binary_model() -> Any:
    model = Sequential([Dense(1, "sigmoid", input_shape=(4,))])
    model.compile(Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    return model


def regression_model(rate: float = 0.1) -> Any:
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile(SGD(rate), "mse")
    return model


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_classifier(loss: str) -> None:
    set_random_seed(1)
    classifier = KerasClassifier(classifier_model, loss=loss, epochs=60, batch_size=20, verbose=0)
    history = classifier.fit(X, LABELS)
    assert len(history.history["loss"]) == 60
    assert list(classifier.classes_) == ["cold", "hot", "mild"] and classifier.n_classes_ == 3
    predicted, odds = classifier.predict(X), classifier.predict_proba(X)
    assert odds.shape == (120, 3) and np.all(predicted == classifier.classes_[odds.argmax(1)])
    assert (
        classifier.score(X, LABELS) == pytest.approx(np.mean(predicted == LABELS))
        and np.mean(predicted == LABELS) > 0.8
    )
    one_hot = np.eye(3)[np.searchsorted(classifier.classes_, LABELS)]
    if loss.startswith("cat"):
        classifier.fit(X, one_hot, epochs=1)
        assert list(classifier.classes_) == [0, 1, 2]


def test_binary_classifier_and_sample_weights() -> None:
    set_random_seed(1)
    classifier = KerasClassifier(binary_model, epochs=100, verbose=0)
    y = np.where(X[:, 0] > 0, 7, 5)
    classifier.fit(X, y, sample_weight=np.ones(120))
    odds = classifier.predict_proba(X)
    np.testing.assert_allclose(odds.sum(1), 1, rtol=1e-6)
    assert set(classifier.predict(X)) == {5, 7} and classifier.score(X, y) > 0.7
    with pytest.raises(ValueError, match=r"got shape \(2, 2, 2\)"):
        classifier.fit(X, np.zeros((2, 2, 2)))


def test_regressor_and_search() -> None:
    set_random_seed(1)
    regressor = KerasRegressor(regression_model, epochs=30, verbose=0)
    regressor.fit(X, TARGET)
    assert regressor.predict(X).shape == (120,)
    error = np.mean((regressor.predict(X) - TARGET) ** 2)
    assert regressor.score(X, TARGET) == pytest.approx(-error, rel=1e-4, abs=1e-9)
    search = GridSearchCV(regressor, {"rate": [1e-5, 0.1], "epochs": [10]}, cv=3)
    search.fit(X, TARGET)
    assert search.best_params_ == {"rate": 0.1, "epochs": 10} and search.best_score_ > -0.1
    scores = cross_val_score(KerasClassifier(binary_model, epochs=100, verbose=0), X, X[:, 0] > 0, cv=3)
    assert scores.shape == (3,) and scores.mean() > 0.8
    pipeline = make_pipeline(StandardScaler(), KerasRegressor(regression_model, epochs=30, verbose=0))
    assert pipeline.fit(X, TARGET).score(X, TARGET) > -0.01


def test_parameters_clone_and_pickle() -> None:
    classifier = KerasClassifier(classifier_model, units=5, epochs=2, verbose=0)
    assert is_classifier(classifier) and is_regressor(KerasRegressor(regression_model))
    assert classifier.get_params() == {"units": 5, "epochs": 2, "verbose": 0, "build_fn": classifier_model}
    twin = clone(classifier).set_params(units=6)
    assert (twin.sk_params["units"], classifier.sk_params["units"]) == (6, 5)
    assert copy.deepcopy(classifier).get_params() == classifier.get_params()
    twin.fit(X, LABELS)
    assert twin.model.layers[0].units == 6
    again = pickle.loads(pickle.dumps(twin))
    np.testing.assert_allclose(again.predict_proba(X), twin.predict_proba(X), rtol=1e-6)
    with pytest.raises(ValueError, match="'hidden' is no argument of build_fn, fit, predict or evaluate"):
        KerasClassifier(classifier_model, hidden=3)
    with pytest.raises(ValueError, match="Call fit first"):
        classifier.predict(X)


class OwnRegressor(KerasRegressor):
    def __call__(self, rate: float = 0.1) -> Any:
        return regression_model(rate)


class Builder:
    def __call__(self, units: int) -> Any:
        return classifier_model(units)


def test_other_ways_to_give_the_model() -> None:
    own = OwnRegressor(rate=0.05, epochs=1, verbose=0)
    own.fit(X, TARGET)
    assert float(own.model.optimizer.learning_rate.numpy()) == pytest.approx(0.05)
    built = KerasClassifier(Builder(), units=9, epochs=1, verbose=0)
    built.fit(X, LABELS)
    assert built.model.layers[0].units == 9
    with pytest.raises(TypeError, match="expected build_fn"):
        BaseWrapper().fit(X, TARGET)
