"""RMSprop, Adagrad, Adadelta and Ftrl: a learning rate per element from the squares of its gradients."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import Tensor, Variable
from nnstack.optimizers.optimizer import Optimizer


class RMSprop(Optimizer):
    """w -= rate * g / sqrt(mean of g ** 2 + epsilon), the mean decaying by rho (Tieleman and Hinton 2012).

    momentum: a decaying sum of these steps is applied. centered: the variance of g instead of the mean of its square.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = 100,
        jit_compile: bool = True,
        name: str = "RMSprop",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            name,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            jit_compile,
            learning_rate,
            **kwargs,
        )
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        wanted = {"velocity": True, "momentum": self.momentum > 0, "average_gradient": self.centered}
        for slot in (name for name, needed in wanted.items() if needed and fresh):
            for variable in var_list:
                self.add_variable_from_reference(variable, slot)

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        velocity = self.slot(variable, "velocity")
        velocity.assign(velocity * self.rho + backend.square(gradient) * (1.0 - self.rho))
        spread = velocity + self.epsilon
        if self.centered:
            average = self.slot(variable, "average_gradient")
            average.assign(average * self.rho + gradient * (1.0 - self.rho))
            spread = velocity - backend.square(average) + self.epsilon
        step = gradient * self.step_scalars(variable) * backend.emit("rsqrt", spread)
        if self.momentum > 0:
            momentum = self.slot(variable, "momentum")
            momentum.assign(momentum * self.momentum + step)
            step = momentum.read_value()
        variable.assign(variable - step)

    def get_config(self) -> dict[str, Any]:
        settings = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **settings}


class Adagrad(Optimizer):
    """w -= rate * g / sqrt(sum of all g ** 2 + epsilon) (Duchi et al. 2011).

    initial_accumulator_value: where the sum starts.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        name: str = "Adagrad",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, learning_rate=learning_rate, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh else ():
            start = np.full(variable.shape, self.initial_accumulator_value)
            self.add_variable_from_reference(variable, "accumulator", initial_value=start)

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        accumulator = self.slot(variable, "accumulator")
        accumulator.assign(accumulator + backend.square(gradient))
        step = gradient * self.step_scalars(variable) * backend.emit("rsqrt", accumulator + self.epsilon)
        variable.assign(variable - step)

    def get_config(self) -> dict[str, Any]:
        settings = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **settings}


class Adadelta(Optimizer):
    """Steps in the units of the weight: g * root mean square of past steps / that of gradients (Zeiler 2012)."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        name: str = "Adadelta",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, learning_rate=learning_rate, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh else ():
            self.add_variable_from_reference(variable, "accumulated_grad")
            self.add_variable_from_reference(variable, "accumulated_delta_var")

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        squares, steps = self.slot(variable, "accumulated_grad"), self.slot(variable, "accumulated_delta_var")
        squares.assign(squares * self.rho + backend.square(gradient) * (1.0 - self.rho))
        ratio = backend.emit("sqrt", steps + self.epsilon) * backend.emit("rsqrt", squares + self.epsilon)
        step = gradient * ratio
        steps.assign(steps * self.rho + backend.square(step) * (1.0 - self.rho))
        variable.assign(variable - step * self.step_scalars(variable))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}


class Ftrl(Optimizer):
    """Follow the regularised leader, with L1 and L2 inside the step (McMahan et al. 2013).

    ValueError for a negative initial_accumulator_value or strength, or a positive learning_rate_power.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        name: str = "Ftrl",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, learning_rate=learning_rate, **kwargs)
        self._settings = {
            "learning_rate_power": learning_rate_power,
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
            "beta": beta,
        }
        check_ftrl(name, self._settings)

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh else ():
            start = np.full(variable.shape, self._settings["initial_accumulator_value"])
            self.add_variable_from_reference(variable, "accumulator", initial_value=start)
            self.add_variable_from_reference(variable, "linear")

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        slots = self.slot(variable, "accumulator"), self.slot(variable, "linear")
        ftrl_step(gradient, variable, *slots, self.step_scalars(variable), self._settings)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._settings}


def check_ftrl(name: str, settings: dict[str, float]) -> None:
    """ValueError for settings outside their range."""
    for key, value in settings.items():
        wrong = value > 0 if key == "learning_rate_power" else value < 0
        if wrong:
            raise ValueError(f"{name}: expected {key} {'<=' if key == 'learning_rate_power' else '>='} 0, got {value}")


def ftrl_step(
    gradient: Tensor,
    variable: Variable,
    accumulator: Variable,
    linear: Variable,
    rate: Tensor,
    settings: dict[str, float],
) -> None:
    """Algorithm 1 of McMahan et al. 2013, with the shrinkage of tf.keras."""
    power = -settings["learning_rate_power"]
    l1 = settings["l1_regularization_strength"]
    l2 = settings["l2_regularization_strength"] + settings["beta"] / (rate * 2.0)
    squares = accumulator + backend.square(gradient)
    grown = _power(squares, power)
    shrunk = gradient + variable * (2.0 * settings["l2_shrinkage_regularization_strength"])
    linear.assign(linear + shrunk - (grown - _power(backend.convert(accumulator), power)) / rate * variable)
    quadratic = grown / rate + l2 * 2.0
    variable.assign((backend.clip(linear, -l1, l1) - linear) / quadratic)
    accumulator.assign(squares)


def _power(x: Tensor, exponent: float) -> Tensor:
    return backend.emit("sqrt", x) if exponent == 0.5 else backend.pow(x, exponent)
