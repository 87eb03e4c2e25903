"""Adafactor: second moments kept as row and column means."""

from collections.abc import Sequence
from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, Variable
from nnstack.optimizers.optimizer import Optimizer
from nnstack.optimizers.schedules import LearningRateSchedule


def _root_mean_square(x: Tensor | Variable) -> Tensor:
    return backend.emit("sqrt", backend.mean(backend.square(x)))


class Adafactor(Optimizer):
    """w -= rate_t * u, u = g / sqrt(v) with a root mean square of at most `clip_threshold` (Shazeer and Stern 2018).

    v is a decaying mean of g ** 2 + epsilon_1 with decay 1 - step ** beta_2_decay; for weights of two axes and more it
    is the product of the means over the last axis and over the one before. rate_t is the learning rate, at most
    1 / sqrt(step), times the root mean square of w, at least epsilon_2. relative_step=True bounds the learning rate
    itself so too, unless it is a schedule.

    >>> w = backend.variable([1.0]); _ = Adafactor(0.1).apply_gradients([(np.array([2.0]), w)]); w.numpy()
    array([0.9], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        jit_compile: bool = True,
        name: str = "Adafactor",
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
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def build(self, var_list: Sequence[Variable]) -> None:
        fresh = not self._is_built_for(var_list)
        super().build(var_list)
        for variable in var_list if fresh else ():
            if len(variable.shape) >= 2:
                self.add_variable_from_reference(variable, "r", shape=variable.shape[:-1])
                self.add_variable_from_reference(variable, "c", shape=(*variable.shape[:-2], variable.shape[-1]))
            self.add_variable_from_reference(variable, "v")

    def scalars(self, dtype: str) -> tuple[Tensor, Tensor]:
        step = self.step_number(dtype)
        rate = self.current_learning_rate(dtype)
        bound = backend.emit("rsqrt", step)
        if self.relative_step and not isinstance(self._learning_rate, LearningRateSchedule):
            rate = backend.minimum(rate, bound)
        return backend.minimum(rate, bound), 1.0 - backend.pow(step, self.beta_2_decay)

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        rate, decay = self.step_scalars(variable)
        square = backend.square(gradient) + self.epsilon_1
        v = self.slot(variable, "v")
        if len(variable.shape) >= 2:
            r, c = self.slot(variable, "r"), self.slot(variable, "c")
            r.assign(r * decay + backend.mean(square, axis=-1) * (1.0 - decay))
            c.assign(c * decay + backend.mean(square, axis=-2) * (1.0 - decay))
            rows = r / backend.mean(r, axis=-1, keepdims=True)
            v.assign(backend.expand_dims(rows, -1) * backend.expand_dims(c, -2))
        else:
            v.assign(v * decay + square * (1.0 - decay))
        step = gradient * backend.emit("rsqrt", v.read_value())
        step = step / backend.maximum(_root_mean_square(step) / self.clip_threshold, 1.0)
        size = backend.maximum(_root_mean_square(variable), self.epsilon_2)
        variable.assign(variable - step * (size * rate))

    def get_config(self) -> dict[str, Any]:
        settings = {
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }
        return {**super().get_config(), **settings}
