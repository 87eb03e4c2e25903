"""The names by which a Keras user's own optimizer reaches its base: those of tf.keras <= 2.10."""

from collections.abc import Sequence
from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, Variable
from nnstack.optimizers.base import BaseOptimizer
from nnstack.optimizers.schedules import LearningRateSchedule


class SubclassHooks(BaseOptimizer):
    """Hyperparameters by name, and the methods that a subclass of `legacy.Optimizer` may define instead of
    `update_step`: `_create_slots(var_list)` and `_resource_apply_dense(grad, var, apply_state=None)`.
    """

    def _set_hyper(self, name: str, value: Any) -> None:
        """Keeps a hyperparameter; 'learning_rate' becomes a variable that may be set, or stays a schedule."""
        if name == "learning_rate":
            self._learning_rate = self._as_learning_rate(value)
        elif name == "decay":
            self.decay = float(value)
        else:
            self.__dict__.setdefault("_hyper", {})[name] = value

    def _get_hyper(self, name: str, dtype: str | None = None) -> Any:
        """A hyperparameter, as a tensor where `dtype` is given."""
        value = self._learning_rate if name == "learning_rate" else self.decay if name == "decay" else self._hyper[name]
        if callable(value) and not isinstance(value, LearningRateSchedule | Variable):
            value = value()
        return value if dtype is None or isinstance(value, LearningRateSchedule) else backend.cast(value, dtype)

    def __getattr__(self, name: str) -> Any:
        hyper = self.__dict__.get("_hyper", {})
        if name in hyper:
            return hyper[name]
        if name == "_hyper":
            return hyper
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _decayed_lr(self, var_dtype: str) -> Tensor:
        """The learning rate of this step, schedule and decay included."""
        return self.current_learning_rate(var_dtype)

    def _serialize_hyperparameter(self, name: str) -> Any:
        """A hyperparameter as plain data, for `get_config`."""
        if name == "learning_rate":
            return self._learning_rate_config()
        value = self._get_hyper(name)
        return backend.eval(value).item() if isinstance(value, Variable) or backend.is_tensor(value) else value

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        """Makes slots with `add_slot`; a subclass may define it instead of listing `slots`."""

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        apply = getattr(self, "_resource_apply_dense", None)
        if apply is None:
            raise TypeError(
                f"{type(self).__name__} must define update_step(gradient, variable) or _resource_apply_dense(grad, var)"
            )
        apply(gradient, variable)
