"""Models as estimators of scikit-learn, which is imported only when it asks what they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack.engine.sequential import Sequential
from nnstack.utils.generic_utils import has_arg
from nnstack.utils.np_utils import to_categorical

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]


class BaseWrapper:
    """What the two estimators have in common.

    `build_fn` returns a compiled model: a function, an object with `__call__`, or None for a subclass that defines
    `__call__`. `sk_params`: arguments of `build_fn`, and of `fit`, `predict` and `evaluate` (`epochs`, `batch_size`,
    `verbose`, ...); scikit-learn's searches change any of them. ValueError for a name that none of these takes.
    """

    _estimator_type = ""

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    @property
    def _builder(self) -> Callable[..., Any]:
        """The function that makes the model, whose arguments can be read."""
        if self.build_fn is None:
            if not callable(self):
                raise TypeError(f"{type(self).__name__}: expected build_fn, or a subclass with __call__")
            return self.__call__
        if inspect.isfunction(self.build_fn) or inspect.ismethod(self.build_fn):
            return self.build_fn
        found: Callable[..., Any] = self.build_fn.__call__
        return found

    def check_params(self, params: dict[str, Any]) -> None:
        """ValueError if a name is no argument of the functions they are for."""
        functions: list[Any] = [self._builder, Sequential.fit, Sequential.predict, Sequential.evaluate]
        for name in params:
            if name != "nb_epoch" and not any(has_arg(function, name) for function in functions):
                if has_arg(self._builder, name, accept_all=True):
                    continue
                raise ValueError(
                    f"{type(self).__name__}: {name!r} is no argument of build_fn, fit, predict or evaluate"
                )

    def get_params(self, deep: bool = True, **params: Any) -> dict[str, Any]:
        """All constructor arguments, as scikit-learn's `clone` needs them."""
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> BaseWrapper:
        """Changes constructor arguments; returns the estimator."""
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def filter_sk_params(self, fn: Callable[..., Any], override: dict[str, Any] | None = None) -> dict[str, Any]:
        """Those of `sk_params` that `fn` takes, with `override` on top."""
        taken = {name: value for name, value in self.sk_params.items() if has_arg(fn, name)}
        return {**taken, **(override or {})}

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Builds a new model, kept as `model`, and trains it; returns its `History`."""
        builder = self._builder
        self.model = builder(**self.filter_sk_params(builder))
        return self.model.fit(x, self._targets(y), **self.filter_sk_params(Sequential.fit, kwargs))

    def _targets(self, y: Any) -> np.ndarray:
        """One-hot rows where the loss wants them."""
        y = np.asarray(y)
        loss = getattr(self.model.loss, "__name__", self.model.loss)
        named = loss if isinstance(loss, str) else type(loss).__name__
        if named in ("categorical_crossentropy", "CategoricalCrossentropy") and y.ndim != 2:
            y = to_categorical(y)
        return np.asarray(y)

    def _fitted(self, what: str) -> Any:
        if not hasattr(self, "model"):
            raise ValueError(f"{type(self).__name__}: {what} needs a trained model. Call fit first")
        return self.model

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        kind = self._estimator_type
        return Tags(
            estimator_type=kind or None,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if kind == "classifier" else None,
            regressor_tags=RegressorTags() if kind == "regressor" else None,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model")

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({arguments})"


class KerasClassifier(BaseWrapper):
    """A classifier: class labels of any kind in `y`, or one-hot rows.

    After `fit`: `classes_` (the labels, sorted), `n_classes_`, `model`. See `BaseWrapper` for the arguments.

    >>> classifier = KerasClassifier(make_model, epochs=5, verbose=0)
    >>> labels = classifier.fit(x, y) and classifier.predict(x)
    """

    _estimator_type = "classifier"

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Trains a new model on the labels' numbers; ValueError for targets of more than two axes."""
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        else:
            raise ValueError(f"KerasClassifier: expected labels (n,) or one-hot rows (n, classes), got shape {y.shape}")
        self.n_classes_ = len(self.classes_)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """The most likely label of each row."""
        scores = self._scores(x, kwargs)
        numbers = scores.argmax(axis=-1) if scores.shape[-1] > 1 else (scores[..., 0] > 0.5).astype(int)
        return np.asarray(self.classes_[numbers])

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """A probability for each class, (rows, classes); a model with one output gives two columns."""
        scores = self._scores(x, kwargs)
        return np.hstack([1 - scores, scores]) if scores.shape[1] == 1 else scores

    def _scores(self, x: Any, kwargs: dict[str, Any]) -> np.ndarray:
        model = self._fitted("predict")
        return np.asarray(model.predict(x, **self.filter_sk_params(Sequential.predict, kwargs)))

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The accuracy; ValueError if the model was compiled without it."""
        model = self._fitted("score")
        y = np.asarray(y)
        if y.ndim == 1 or y.shape[1] == 1:
            y = np.searchsorted(self.classes_, y)
        results = model.evaluate(x, self._targets(y), **self.filter_sk_params(Sequential.evaluate, kwargs))
        for name, result in zip(model.metrics_names, np.atleast_1d(results), strict=True):
            if name in ("accuracy", "acc"):
                return float(result)
        raise ValueError("KerasClassifier: score needs a model compiled with metrics=['accuracy']")


class KerasRegressor(BaseWrapper):
    """A regressor; `score` is the loss with its sign turned. See `BaseWrapper` for the arguments."""

    _estimator_type = "regressor"

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Predictions, without a last axis of size 1."""
        model = self._fitted("predict")
        found = np.asarray(model.predict(x, **self.filter_sk_params(Sequential.predict, kwargs)))
        return found[..., 0] if found.shape[-1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Minus the loss, so that more is better."""
        model = self._fitted("score")
        results = model.evaluate(x, np.asarray(y), **self.filter_sk_params(Sequential.evaluate, kwargs))
        return -float(np.atleast_1d(results)[0])
