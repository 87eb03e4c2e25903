"""SGD, RMSprop, Adagrad, Adadelta and Ftrl as tf.keras <= 2.10 computed them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import Tensor, Variable
from nnstack.optimizers.adaptive import check_ftrl, ftrl_step
from nnstack.optimizers.legacy.base import Optimizer


class SGD(Optimizer):
    """Same formulas as `optimizers.SGD`; slots exist only with momentum. ValueError unless 0 <= momentum <= 1."""

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        name: str = "SGD",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, learning_rate, **kwargs)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{name}: expected momentum within [0, 1], got {momentum}")
        self.momentum = momentum
        self.nesterov = nesterov
        self.rows_not_touched = "stay, slots too" if momentum else "move"

    def _slot_names(self) -> tuple[str, ...]:
        return ("momentum",) if self.momentum else ()

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        step = gradient * self.step_scalars(variable)
        if not self.momentum:
            variable.assign(variable - step)
            return
        velocity = self.slot(variable, "momentum")
        velocity.assign(velocity * self.momentum - step)
        variable.assign(variable + (velocity * self.momentum - step if self.nesterov else velocity))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class RMSprop(Optimizer):
    """w -= rate * g / (sqrt(mean of g ** 2) + epsilon); with momentum epsilon stands under the root."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        name: str = "RMSprop",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, learning_rate, **kwargs)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{name}: expected momentum within [0, 1], got {momentum}")
        self.rho = rho
        self.momentum = momentum
        self.rows_not_touched = "stay, slots too" if momentum else "move"
        self.epsilon = epsilon or backend.epsilon()
        self.centered = centered

    def _slot_names(self) -> tuple[str, ...]:
        return ("rms",) + (("momentum",) if self.momentum else ()) + (("mg",) if self.centered else ())

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        rms = self.slot(variable, "rms")
        rms.assign(rms * self.rho + backend.square(gradient) * (1.0 - self.rho))
        spread = rms.read_value()
        if self.centered:
            mean = self.slot(variable, "mg")
            mean.assign(mean * self.rho + gradient * (1.0 - self.rho))
            spread = spread - backend.square(mean)
        step = gradient * self.step_scalars(variable)
        if not self.momentum:
            variable.assign(variable - step / (backend.emit("sqrt", spread) + self.epsilon))
            return
        momentum = self.slot(variable, "momentum")
        momentum.assign(momentum * self.momentum + step * backend.emit("rsqrt", spread + self.epsilon))
        variable.assign(variable - momentum)

    def get_config(self) -> dict[str, Any]:
        settings = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **settings}


class Adagrad(Optimizer):
    """w -= rate * g / (sqrt(sum of all g ** 2) + epsilon), the sum starting at initial_accumulator_value."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = 1e-7,
        name: str = "Adagrad",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, learning_rate, **kwargs)
        if initial_accumulator_value < 0:
            raise ValueError(f"{name}: expected initial_accumulator_value >= 0, got {initial_accumulator_value}")
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon or backend.epsilon()

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh else ():
            self.add_slot(variable, "accumulator", np.full(variable.shape, self.initial_accumulator_value))

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        accumulator = self.slot(variable, "accumulator")
        accumulator.assign(accumulator + backend.square(gradient))
        step = gradient * self.step_scalars(variable) / (backend.emit("sqrt", accumulator.read_value()) + self.epsilon)
        variable.assign(variable - step)

    def get_config(self) -> dict[str, Any]:
        settings = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **settings}


class Adadelta(Optimizer):
    """Same formulas as `optimizers.Adadelta`."""

    slots = ("accum_grad", "accum_var")
    rows_not_touched = "stay, slots too"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float | None = 1e-7,
        name: str = "Adadelta",
        **kwargs: Any,
    ) -> None:
        super().__init__(name, learning_rate, **kwargs)
        self.rho = rho
        self.epsilon = epsilon or backend.epsilon()

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        squares, steps = self.slot(variable, "accum_grad"), self.slot(variable, "accum_var")
        squares.assign(squares * self.rho + backend.square(gradient) * (1.0 - self.rho))
        ratio = backend.emit("sqrt", steps + self.epsilon) * backend.emit("rsqrt", squares + self.epsilon)
        step = gradient * ratio
        steps.assign(steps * self.rho + backend.square(step) * (1.0 - self.rho))
        variable.assign(variable - step * self.step_scalars(variable))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}


class Ftrl(Optimizer):
    """Same formulas as `optimizers.Ftrl`."""

    rows_not_touched = "stay, slots too"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        name: str = "Ftrl",
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, learning_rate, **kwargs)
        self._settings = {
            "initial_accumulator_value": initial_accumulator_value,
            "learning_rate_power": learning_rate_power,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "beta": beta,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }
        check_ftrl(name, self._settings)

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh else ():
            start = np.full(variable.shape, self._settings["initial_accumulator_value"])
            self.add_slot(variable, "accumulator", start)
            self.add_slot(variable, "linear")

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        slots = self.slot(variable, "accumulator"), self.slot(variable, "linear")
        ftrl_step(gradient, variable, *slots, self.step_scalars(variable), self._settings)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._settings}
