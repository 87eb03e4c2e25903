"""Stochastic gradient descent and Lion: one slot at most."""

from collections.abc import Sequence
from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, Variable
from nnstack.optimizers.optimizer import Optimizer


class SGD(Optimizer):
    """w -= rate * g; with momentum v = momentum * v - rate * g, w += v; nesterov: w += momentum * v - rate * g.

    Sutskever et al. 2013. ValueError unless 0 <= momentum <= 1.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        jit_compile: bool = True,
        name: str = "SGD",
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
        if not 0 <= momentum <= 1:
            raise ValueError(f"{name}: expected momentum within [0, 1], got {momentum}")
        self.momentum = momentum
        self.nesterov = nesterov

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh else ():
            self.add_variable_from_reference(variable, "m")

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        step = gradient * self.step_scalars(variable)
        if not self.momentum:
            variable.assign(variable - step)
            return
        velocity = self.slot(variable, "m")
        velocity.assign(velocity * self.momentum - step)
        variable.assign(variable + (velocity * self.momentum - step if self.nesterov else velocity))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class Lion(Optimizer):
    """w -= rate * sign(beta_1 * m + (1 - beta_1) * g); m = beta_2 * m + (1 - beta_2) * g (Chen et al. 2023).

    ValueError unless beta_1 and beta_2 lie within (0, 1].
    """

    def __init__(
        self,
        learning_rate: Any = 0.0001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        jit_compile: bool = True,
        name: str = "Lion",
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
        if not (0 < beta_1 <= 1 and 0 < beta_2 <= 1):
            raise ValueError(f"{name}: expected beta_1 and beta_2 within (0, 1], got {beta_1} and {beta_2}")
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh else ():
            self.add_variable_from_reference(variable, "m")

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        m = self.slot(variable, "m")
        direction = backend.sign(m * self.beta_1 + gradient * (1.0 - self.beta_1))
        variable.assign(variable - direction * self.step_scalars(variable))
        m.assign(m * self.beta_2 + gradient * (1.0 - self.beta_2))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
