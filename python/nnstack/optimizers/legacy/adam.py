"""Adam, Adamax and Nadam as tf.keras <= 2.10 computed them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import Tensor, Variable
from nnstack.optimizers.legacy.base import Optimizer


class _TwoMoments(Optimizer):
    """Arguments and slots of the family: decaying means m and v."""

    slots = ("m", "v")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name or type(self).__name__, learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon or backend.epsilon()

    def get_config(self) -> dict[str, Any]:
        settings = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **settings}


class Adam(_TwoMoments):
    """Same formulas as `optimizers.Adam`."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        name: str = "Adam",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name, **kwargs)
        self.amsgrad = amsgrad

    def _slot_names(self) -> tuple[str, ...]:
        return ("m", "v", "vhat") if self.amsgrad else ("m", "v")

    def scalars(self, dtype: str) -> Tensor:
        step = self.step_number(dtype)
        correction = backend.emit("sqrt", 1.0 - backend.pow(self.beta_2, step)) / (1.0 - backend.pow(self.beta_1, step))
        return self.current_learning_rate(dtype) * correction

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        m, v = self.slot(variable, "m"), self.slot(variable, "v")
        m.assign(m + (gradient - m) * (1.0 - self.beta_1))
        v.assign(v + (backend.square(gradient) - v) * (1.0 - self.beta_2))
        size = v.read_value()
        if self.amsgrad:
            largest = self.slot(variable, "vhat")
            largest.assign(backend.maximum(largest, size))
            size = largest.read_value()
        rate = self.step_scalars(variable)
        variable.assign(variable - m * rate / (backend.emit("sqrt", size) + self.epsilon))

    def set_weights(self, weights: Sequence[Any]) -> None:
        # Keras 2.3 wrote an unused vhat for every variable
        slots = len(self._variables) - 1
        if not self.amsgrad and slots and 2 * (len(weights) - 1) == 3 * slots:
            weights = weights[: len(self._variables)]
        super().set_weights(weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "amsgrad": self.amsgrad}


class Adamax(_TwoMoments):
    """Same formulas as `optimizers.Adamax`."""

    rows_not_touched = "stay, slots too"

    def scalars(self, dtype: str) -> Tensor:
        return self.current_learning_rate(dtype) / (1.0 - backend.pow(self.beta_1, self.step_number(dtype)))

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        m, v = self.slot(variable, "m"), self.slot(variable, "v")
        m.assign(m + (gradient - m) * (1.0 - self.beta_1))
        v.assign(backend.maximum(v * self.beta_2, backend.abs(gradient)))
        variable.assign(variable - m * self.step_scalars(variable) / (v + self.epsilon))


class Nadam(_TwoMoments):
    """`Adam` with Nesterov momentum; schedule_decay (0.004, also called decay) is how fast the momentum warms up."""

    rows_not_touched = "stay"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        name: str = "Nadam",
        **kwargs: Any,
    ) -> None:
        warm_up = kwargs.pop("schedule_decay", kwargs.pop("decay", 0.004))
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name, **kwargs)
        self.schedule_decay = float(warm_up)

    def build(self, var_list: Sequence[Variable]) -> None:
        if self._is_built_for(var_list):
            return
        self._momentum_cache = Variable(np.ones(()), None, f"{self.name}/momentum_cache", trainable=False)
        self._variables.append(self._momentum_cache)
        super().build(var_list)

    def _momentum(self, step: Tensor) -> Tensor:
        return (1.0 - backend.pow(0.96, step * self.schedule_decay) * 0.5) * self.beta_1

    def scalars(self, dtype: str) -> tuple[Tensor, Tensor, Tensor]:
        step = self.step_number(dtype)
        now, following = self._momentum(step), self._momentum(step + 1.0)
        product = backend.convert(self._momentum_cache, dtype) * now
        self._momentum_cache.assign(backend.convert(product, self._momentum_cache.dtype))
        rate = self.current_learning_rate(dtype)
        spread = backend.emit("sqrt", 1.0 - backend.pow(self.beta_2, step))
        of_m = rate * following / (1.0 - product * following) * spread
        of_g = rate * (1.0 - now) / (1.0 - product) * spread
        return of_m, of_g, spread * self.epsilon

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        m, v = self.slot(variable, "m"), self.slot(variable, "v")
        m.assign(m + (gradient - m) * (1.0 - self.beta_1))
        v.assign(v + (backend.square(gradient) - v) * (1.0 - self.beta_2))
        of_m, of_g, epsilon = self.step_scalars(variable)
        variable.assign(variable - (m * of_m + gradient * of_g) / (backend.emit("sqrt", v.read_value()) + epsilon))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "decay": self.schedule_decay}
