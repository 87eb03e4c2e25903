"""What the pages promise beside the methods: versions, the two meanings of the backend, absent packages."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import pytest

from nnstack import Sequential, layers, models, optimizers
from nnstack import backend as K
from nnstack.layers import Dense


def model_of() -> Sequential:
    return Sequential([Dense(1, input_shape=(4,))])


@pytest.mark.parametrize(
    ("package", "action", "text"),
    [
        ("yaml", lambda folder: model_of().to_yaml(), "pip install pyyaml"),
        ("yaml", lambda folder: models.model_from_yaml("a: 1"), "pip install pyyaml"),
        ("h5py", lambda folder: model_of().save(folder / "m.h5"), "h5py"),
        ("h5py", lambda folder: model_of().save_weights(folder / "m.h5"), "h5py"),
    ],
)
def test_absent_packages_are_told(
    package: str, action: Any, text: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"(?i){text}"):
        action(tmp_path)


@pytest.mark.parametrize(
    ("made", "values"),
    [
        (optimizers.Adagrad, {"learning_rate": 0.001, "initial_accumulator_value": 0.1}),
        (optimizers.Adadelta, {"learning_rate": 0.001, "rho": 0.95}),
        (optimizers.Adamax, {"learning_rate": 0.001}),
        (optimizers.Nadam, {"learning_rate": 0.001}),
        (lambda: layers.GRU(2), {"reset_after": True, "recurrent_activation": "sigmoid"}),
        (lambda: layers.LSTM(2), {"recurrent_activation": "sigmoid", "unit_forget_bias": True}),
        (lambda: layers.BatchNormalization(), {"momentum": 0.99, "epsilon": 0.001}),
    ],
)
def test_defaults_are_those_of_tf_keras(made: Any, values: dict[str, Any]) -> None:
    config = made().get_config()
    for name, value in values.items():
        assert config[name] == (pytest.approx(value) if isinstance(value, float) else value)


def test_functions_of_the_backend_are_symbolic_or_compute_at_once() -> None:
    x = K.placeholder((None, 3))
    state = K.variable(1.0)
    total = K.sum(K.square(x))
    run = K.function([x], [total, K.gradients(total, [x])[0]], updates=[(state, state + 1.0)])
    value, gradient = run([np.ones((2, 3))])
    assert value == pytest.approx(6.0) and gradient.tolist() == [[2.0] * 3] * 2
    assert float(K.get_value(state)) == 2.0
    assert float(K.sum(K.square(np.ones((2, 3), "float32")))) == pytest.approx(6.0)


def test_a_generator_under_several_threads_is_asked_by_one_at_a_time() -> None:
    def batches() -> Any:
        for number in range(12):
            time.sleep(0.002)  # a second thread inside would raise "generator already executing"
            yield np.full((2, 4), number, "float32"), np.full((2, 1), number, "float32")

    model = model_of()
    model.compile("sgd", lambda true, predicted: K.mean(true + 0.0 * predicted, axis=-1))
    logs = model.fit(batches(), steps_per_epoch=12, workers=4, verbose=0).history
    assert logs["loss"][0] == pytest.approx(np.arange(12).mean())


def test_removed_methods_stay() -> None:
    model = model_of()
    names = ["predict_classes", "predict_proba", "fit_generator", "evaluate_generator", "predict_generator", "to_yaml"]
    for name in names:
        assert callable(getattr(model, name))
    assert float(optimizers.SGD(lr=0.3).lr.numpy()) == pytest.approx(0.3)
    from nnstack.wrappers.scikit_learn import KerasClassifier

    assert callable(KerasClassifier)


def test_bars_that_do_not_go_to_a_terminal_are_readable(capsys: pytest.CaptureFixture[str]) -> None:
    model = model_of()
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(np.ones((64, 4)), np.ones((64, 1)), batch_size=1, verbose=1)
    text = capsys.readouterr().out
    assert "64/64" in text and "loss:" in text and "\b" not in text and text.count("\n") < 20
