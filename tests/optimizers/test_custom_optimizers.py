"""Optimizers that users write, by the recipes of Keras's guides: plain momentum, against numpy and through files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import backend, optimizers
from nnstack.layers import Dense
from nnstack.models import Sequential, load_model

X = np.linspace(-1.0, 1.0, 24, dtype=np.float32).reshape(8, 3)
Y = X[:, :1] * 2.0 + 1.0


class Momentum(optimizers.Optimizer):
    def __init__(self, learning_rate: Any = 0.1, beta: float = 0.5, name: str = "Momentum", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self._learning_rate = self._build_learning_rate(learning_rate)
        self.beta = beta

    def build(self, var_list: Any) -> None:
        super().build(var_list)
        if self._built:
            return
        self.momentums = [self.add_variable_from_reference(variable, "m") for variable in var_list]
        self._built = True

    def update_step(self, gradient: Any, variable: Any) -> None:
        momentum = self.momentums[self._index_dict[self._var_key(variable)]]
        momentum.assign(momentum * self.beta + gradient)
        variable.assign_sub(momentum * backend.cast(self.learning_rate, variable.dtype))

    def get_config(self) -> dict[str, Any]:
        rate = self._serialize_hyperparameter(self._learning_rate)
        return {**super().get_config(), "learning_rate": rate, "beta": self._serialize_hyperparameter(self.beta)}


class OldMomentum(optimizers.legacy.Optimizer):
    def __init__(self, learning_rate: Any = 0.1, beta: float = 0.5, name: str = "OldMomentum", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", learning_rate)
        self._set_hyper("beta", beta)

    def _create_slots(self, var_list: Any) -> None:
        for variable in var_list:
            self.add_slot(variable, "m")

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        momentum = self.get_slot(var, "m")
        momentum.assign(momentum * self._get_hyper("beta", var.dtype) + grad)
        return var.assign_sub(momentum * self._decayed_lr(var.dtype))

    def get_config(self) -> dict[str, Any]:
        numbers = {name: self._serialize_hyperparameter(name) for name in ("learning_rate", "beta")}
        return {**super().get_config(), **numbers}


def by_hand(steps: int) -> np.ndarray:
    """The kernel after full-batch steps of a linear model that starts at zero."""
    kernel, bias, kernel_momentum, bias_momentum = np.zeros((3, 1)), np.zeros(1), 0.0, 0.0
    for _ in range(steps):
        error = X @ kernel + bias - Y
        kernel_momentum = kernel_momentum * 0.5 + 2 * X.T @ error / 8
        bias_momentum = bias_momentum * 0.5 + 2 * error.mean(axis=0)
        kernel, bias = kernel - 0.1 * kernel_momentum, bias - 0.1 * bias_momentum
    return kernel


@pytest.mark.parametrize("kind", [Momentum, OldMomentum])
def test_steps_and_files(kind: Any, tmp_path: Path) -> None:
    model = Sequential([Dense(1, input_shape=(3,), kernel_initializer="zeros")])
    model.compile(kind(), "mse")
    model.fit(X, Y, epochs=3, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], by_hand(3), rtol=1e-5)
    model.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5", custom_objects={kind.__name__: kind})
    assert type(loaded.optimizer) is kind and loaded.optimizer.beta == 0.5
    loaded.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_allclose(loaded.get_weights()[0], by_hand(5), rtol=1e-5)


def test_variables_of_its_own_are_saved_with_the_slots() -> None:
    optimizer = Momentum()
    extra = optimizer.add_variable((2,), initializer="ones", name="extra")
    assert extra.numpy().tolist() == [1.0, 1.0] and optimizer.variables[-1] is extra


def test_an_old_optimizer_without_a_step_says_so() -> None:
    class Nothing(optimizers.legacy.Optimizer):
        pass

    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile(Nothing("nothing"), "mse")
    with pytest.raises(TypeError, match="Nothing must define update_step"):
        model.fit(X, Y, verbose=0)
    with pytest.raises(AttributeError, match="'Nothing' object has no attribute 'alpha'"):
        _ = model.optimizer.alpha
