"""Base of the optimizers with the formulas of tf.keras >= 2.11: weight decay, one clipping, averages of variables."""

from collections.abc import Sequence
from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, Variable
from nnstack.optimizers import clipping
from nnstack.optimizers.base import DECAY
from nnstack.optimizers.hooks import SubclassHooks
from nnstack.optimizers.schedules import InverseTimeDecay
from nnstack.optimizers.schedules import serialize as serialize_schedule


class Optimizer(SubclassHooks):
    """Base of the optimizers with the formulas of tf.keras >= 2.11.

    weight_decay w: variable -= w * learning_rate * variable before each step (not those excluded). clipnorm: each
    gradient's norm; global_clipnorm: that of all together; clipvalue: every element; only the first given of clipnorm,
    global_clipnorm, clipvalue counts. use_ema: keeps averages of the variables with ema_momentum, which overwrite them
    every ema_overwrite_frequency steps (None: at the end of `fit`). `lr` and `decay` are accepted as in Keras 2.

    A subclass makes slots in `build` with `add_variable_from_reference` and defines `update_step(gradient, variable)`.
    """

    def __init__(
        self,
        name: str | None = None,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        jit_compile: bool = True,
        learning_rate: Any = 0.001,
        **kwargs: Any,
    ) -> None:
        learning_rate = kwargs.pop("lr", learning_rate)
        decay = kwargs.pop("decay", 0.0)
        kwargs.pop("is_legacy_optimizer", None)
        if kwargs:
            raise TypeError(f"{type(self).__name__}: unexpected arguments {sorted(kwargs)}")
        super().__init__(name, learning_rate, decay, clipnorm, clipvalue, global_clipnorm)
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ValueError(f"{self.name}: expected ema_momentum within [0, 1], got {ema_momentum}")
        self.weight_decay = weight_decay
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.jit_compile = jit_compile
        self._excluded: tuple[set[int], list[str]] = (set(), [])

    def build(self, var_list: Sequence[Variable]) -> None:
        if self.use_ema and not self._is_built_for(var_list):
            for variable in var_list:
                self.add_variable_from_reference(variable, "average", initial_value=variable.numpy())
        super().build(var_list)

    def add_variable_from_reference(
        self, model_variable: Variable, variable_name: str, shape: Any = None, initial_value: Any = None
    ) -> Variable:
        """A slot of `model_variable`, zeros of its shape unless said otherwise; found again with `slot`."""
        own = model_variable.name.split(":")[0]
        return self._new_slot(model_variable, variable_name, f"{self.name}/{variable_name}/{own}", shape, initial_value)

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Leaves these variables, and those whose name contains one of `var_names`, out of the weight decay."""
        self._excluded = ({id(v) for v in var_list or ()}, list(var_names or ()))

    def _decays(self, variable: Variable) -> bool:
        ids, names = self._excluded
        return id(variable) not in ids and not any(part in variable.name for part in names)

    def _clip(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.clipnorm:
            return [clipping.by_norm(g, self.clipnorm) for g in gradients]
        if self.global_clipnorm:
            return clipping.by_global_norm(gradients, self.global_clipnorm)
        return [clipping.by_value(g, self.clipvalue) for g in gradients] if self.clipvalue else gradients

    def _before(self, variables: Sequence[Variable]) -> None:
        if self.weight_decay is None:
            return
        for variable in variables:
            if self._decays(variable):
                share = self._weight_decay_share(variable.dtype)
                variable.assign(variable - variable * share)

    def _weight_decay_share(self, dtype: str) -> Tensor:
        key = f"weight_decay {dtype}"
        if key not in self._scalars:
            self._scalars[key] = self.current_learning_rate(dtype) * self.weight_decay
        return self._scalars[key]  # type: ignore[no-any-return]

    def _after(self, variables: Sequence[Variable]) -> None:
        if not self.use_ema:
            return
        for variable in variables:
            average = self.slot(variable, "average")
            average.assign(average * self.ema_momentum + variable * (1.0 - self.ema_momentum))
        if self.ema_overwrite_frequency:
            due = backend.equal((self.iterations + 1) % self.ema_overwrite_frequency, 0)
            for variable in variables:
                variable.assign(backend.select(due, self.slot(variable, "average"), variable))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Writes the averages of `use_ema` into the variables; called at the end of `fit`."""
        if self.use_ema and self.built:
            for variable in var_list:
                backend.set_value(variable, self.slot(variable, "average").numpy())

    def get_config(self) -> dict[str, Any]:
        rate = self._learning_rate_config()
        if self.decay:
            rate = serialize_schedule(InverseTimeDecay(rate, 1, self.decay, name=DECAY))
        return {
            "name": self.name,
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "jit_compile": False,
            "is_legacy_optimizer": False,
            "learning_rate": rate,
        }
