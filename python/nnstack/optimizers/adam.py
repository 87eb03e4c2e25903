"""Adam and its relatives."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import Tensor, Variable
from nnstack.optimizers.optimizer import Optimizer


class _TwoMoments(Optimizer):
    """Arguments and slots of the family: decaying means of the gradient (m) and of its size (`second`)."""

    second = "v"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            name or type(self).__name__,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh else ():
            self.add_variable_from_reference(variable, "m")
            self.add_variable_from_reference(variable, self.second)

    def _moments(self, gradient: Tensor, variable: Variable) -> tuple[Tensor, Tensor]:
        """Both means brought up to date."""
        m, v = self.slot(variable, "m"), self.slot(variable, "v")
        m.assign(m + (gradient - m) * (1.0 - self.beta_1))
        v.assign(v + (backend.square(gradient) - v) * (1.0 - self.beta_2))
        return m.read_value(), v.read_value()

    def get_config(self) -> dict[str, Any]:
        settings = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **settings}


class Adam(_TwoMoments):
    """w -= rate_t * m / (sqrt(v) + epsilon), rate_t correcting both means for their start at 0 (Kingma and Ba 2014).

    amsgrad: the largest v so far instead of v (Reddi et al. 2018).

    >>> w = backend.variable([1.0]); _ = Adam(0.1).apply_gradients([(np.array([2.0]), w)]); w.numpy()
    array([0.9], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)
        self.amsgrad = amsgrad

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh and self.amsgrad else ():
            self.add_variable_from_reference(variable, "vhat")

    def scalars(self, dtype: str) -> Tensor:
        step = self.step_number(dtype)
        correction = backend.emit("sqrt", 1.0 - backend.pow(self.beta_2, step)) / (1.0 - backend.pow(self.beta_1, step))
        return self.current_learning_rate(dtype) * correction

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        m, v = self._moments(gradient, variable)
        if self.amsgrad:
            largest = self.slot(variable, "vhat")
            largest.assign(backend.maximum(largest, v))
            v = largest.read_value()
        rate = self.step_scalars(variable)
        variable.assign(variable - m * rate / (backend.emit("sqrt", v) + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "amsgrad": self.amsgrad}


class AdamW(Adam):
    """`Adam` with weight decay apart from the gradient (Loshchilov and Hutter 2017); ValueError for None."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        if weight_decay is None:
            raise ValueError("AdamW: expected a number for weight_decay, got None. Use Adam for no weight decay")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs)


class Adamax(_TwoMoments):
    """w -= rate_t * m / (u + epsilon), u being the largest recent |g|, decaying by beta_2 (Kingma and Ba 2014)."""

    second = "u"

    def scalars(self, dtype: str) -> Tensor:
        return self.current_learning_rate(dtype) / (1.0 - backend.pow(self.beta_1, self.step_number(dtype)))

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        m, u = self.slot(variable, "m"), self.slot(variable, "u")
        m.assign(m + (gradient - m) * (1.0 - self.beta_1))
        u.assign(backend.maximum(u * self.beta_2, backend.abs(gradient)))
        variable.assign(variable - m * self.step_scalars(variable) / (u + self.epsilon))


_VANISHED = 8000  # after so many factors of at most 0.9 the product is 0 in float64 too


class Nadam(_TwoMoments):
    """`Adam` with Nesterov momentum that warms up by 0.96 ** step (Dozat 2015)."""

    def build(self, var_list: Sequence[Variable]) -> None:
        if not self._is_built_for(var_list):
            self._momentum_product = Variable(np.ones(()), None, f"{self.name}/momentum_product", trainable=False)
        super().build(var_list)

    def scalars(self, dtype: str) -> tuple[Tensor, Tensor, Tensor]:
        step = self.step_number(dtype)
        now, following = (self._momentum(step + ahead) for ahead in (0.0, 1.0))
        product = backend.convert(self._momentum_product, dtype) * now
        self._momentum_product.assign(backend.convert(product, self._momentum_product.dtype))
        rate = self.current_learning_rate(dtype)
        spread = backend.emit("sqrt", 1.0 - backend.pow(self.beta_2, step))
        of_m = rate * following / (1.0 - product * following) * spread
        of_g = rate * (1.0 - now) / (1.0 - product) * spread
        return of_m, of_g, spread * self.epsilon

    def set_weights(self, weights: Sequence[Any]) -> None:
        """As in the base; the product of the momentums so far, which files do not hold, follows from `iterations`."""
        super().set_weights(weights)
        if self.built:
            product = self._momentum_product.numpy().dtype.type(1.0)
            steps = np.arange(1, min(int(self.iterations.numpy()), _VANISHED) + 1, dtype=product.dtype)
            for momentum in backend.eval(self._momentum(backend.constant(steps))):
                product = product * momentum
            backend.set_value(self._momentum_product, product)

    def _momentum(self, step: Tensor) -> Tensor:
        return (1.0 - backend.pow(0.96, step) * 0.5) * self.beta_1

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        m, v = self._moments(gradient, variable)
        of_m, of_g, epsilon = self.step_scalars(variable)
        variable.assign(variable - (m * of_m + gradient * of_g) / (backend.emit("sqrt", v) + epsilon))
