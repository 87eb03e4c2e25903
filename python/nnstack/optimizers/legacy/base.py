"""Base of the optimizers with the formulas of tf.keras <= 2.10 and Keras 2."""

from collections.abc import Sequence
from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, Variable
from nnstack.optimizers import clipping, rows
from nnstack.optimizers.legacy.hooks import SubclassHooks


class Optimizer(SubclassHooks):
    """learning_rate (or lr), decay (rate / (1 + decay * iterations)), clipnorm, clipvalue, global_clipnorm.

    Every clipping given is applied: clipvalue, then clipnorm or global_clipnorm. A subclass lists its `slots`, each
    made for all variables in turn, and defines `update_step(gradient, variable)`.
    """

    slots: tuple[str, ...] = ()

    rows_not_touched = "move"
    """What happens to rows of an embedding that a step did not look up: they "move" as the formula says for a gradient
    of zero, the variable's "stay" while the slots move, or they "stay, slots too"."""

    def __init__(self, name: str | None = None, learning_rate: Any = 0.001, **kwargs: Any) -> None:
        name = type(self).__name__ if name is None else name
        self._iterations_name = f"{name}/iter"
        learning_rate = kwargs.pop("lr", learning_rate)
        clips = {key: kwargs.pop(key) for key in ("clipnorm", "clipvalue", "global_clipnorm") if key in kwargs}
        decay = kwargs.pop("decay", 0.0)
        if kwargs:
            raise TypeError(f"{type(self).__name__}: unexpected arguments {sorted(kwargs)}")
        if decay < 0:
            raise ValueError(f"{name}: expected decay of at least 0, got {decay}")
        super().__init__(name, learning_rate, decay, **clips)

    def build(self, var_list: Sequence[Variable]) -> None:
        if self._is_built_for(var_list):
            return
        super().build(var_list)
        for slot in self._slot_names():
            for variable in var_list:
                self.add_slot(variable, slot)
        self._create_slots(var_list)

    def _slot_names(self) -> tuple[str, ...]:
        return self.slots

    def add_slot(self, var: Variable, slot_name: str, initial_value: Any = None) -> Variable:
        """A slot of `var`, zeros of its shape unless said otherwise; found again with `get_slot`."""
        name = f"{self.name}/{var.name.split(':')[0]}/{slot_name}"
        return self._new_slot(var, slot_name, name, None, initial_value)

    def get_slot(self, var: Variable, slot_name: str) -> Variable:
        """The slot `slot_name` of `var`."""
        return self.slot(var, slot_name)

    def get_slot_names(self) -> list[str]:
        """Names of the slots."""
        return list(self._slots)

    def _update(self, gradient: Tensor, variable: Variable) -> None:
        touched = None if self.rows_not_touched == "move" else rows.touched(gradient, variable)
        slots = [slot[id(variable)] for slot in self._slots.values() if id(variable) in slot]
        staying = [variable] if self.rows_not_touched == "stay" else [variable, *slots]
        before = [target.read_value() for target in staying]
        self.update_step(gradient, variable)
        if touched is None:
            return
        for target, old in zip(staying, before, strict=True):
            target.assign(backend.select(touched, target.read_value(), old))

    def _clip(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.clipvalue is not None:
            gradients = [clipping.by_value(g, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            gradients = [clipping.by_norm(g, self.clipnorm) for g in gradients]
        return gradients if self.global_clipnorm is None else clipping.by_global_norm(gradients, self.global_clipnorm)

    def get_config(self) -> dict[str, Any]:
        clips = {name: getattr(self, name) for name in ("clipnorm", "clipvalue", "global_clipnorm")}
        given = {name: value for name, value in clips.items() if value is not None}
        return {"name": self.name, **given, "learning_rate": self._learning_rate_config(), "decay": self.decay}
