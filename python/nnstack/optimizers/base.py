"""What all optimizers share: iterations, learning rate, clipping, slots, weights and config.

`Optimizer` follows tf.keras >= 2.11; `optimizers.legacy` derives from the same base with the older formulas. A subclass
defines `update_step(gradient, variable)`, and `build` if it keeps slots. Scalars that all variables share go into
`step_scalars`, computed once per step.
"""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from nnstack import _core, backend
from nnstack.backend import Tensor, TensorLike, Variable
from nnstack.backend.variable import outside_scopes
from nnstack.optimizers.clipping import check as _check_clipping
from nnstack.optimizers.schedules import InverseTimeDecay, LearningRateSchedule
from nnstack.optimizers.schedules import deserialize as deserialize_schedule
from nnstack.optimizers.schedules import serialize as serialize_schedule
from nnstack.utils.generic_utils import has_arg

# how `decay=` of the new optimizers is written to a config, so that tf_keras computes the same
DECAY = "decay"


class BaseOptimizer:
    """Everything but the formulas; see `Optimizer` and `legacy.Optimizer`."""

    _iterations_name = "iteration"

    def __init__(
        self,
        name: str | None,
        learning_rate: Any,
        decay: float = 0.0,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        _check_clipping(type(self).__name__, clipnorm, clipvalue, global_clipnorm)
        self.name = type(self).__name__ if name is None else name
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.decay = float(decay or 0.0)
        self.iterations = Variable(np.zeros((), np.int64), "int64", self._iterations_name, trainable=False)
        self._learning_rate = self._as_learning_rate(learning_rate)
        self._variables: list[Variable] = [self.iterations]
        self._slots: dict[str, dict[int, Variable]] = {}
        self._var_list: list[Variable] = []
        self._scalars: dict[str, Any] = {}
        self.built = False

    # ---- learning rate

    def _as_learning_rate(self, value: Any) -> Any:
        if isinstance(value, dict):
            value = deserialize_schedule(value)
        if isinstance(value, InverseTimeDecay) and value.name == DECAY:
            self.decay = value.decay_rate / value.decay_steps
            value = value.initial_learning_rate
        if isinstance(value, (LearningRateSchedule, Variable)):
            return value
        if callable(value) and not backend.is_tensor(value):
            value = value()
        return Variable(np.asarray(value), backend.floatx(), "learning_rate", trainable=False)

    @property
    def learning_rate(self) -> Any:
        """A scalar Variable that may be set (compiled steps see it), or the schedule given."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, (LearningRateSchedule, dict)):
            self._learning_rate = self._as_learning_rate(value)
        elif isinstance(self._learning_rate, LearningRateSchedule):
            raise TypeError(f"{self.name}: the learning rate is a schedule and cannot be set to a number")
        else:
            backend.set_value(self._learning_rate, np.asarray(backend.eval(value)))

    lr = learning_rate

    def current_learning_rate(self, dtype: str) -> Tensor:
        """The rate of this step: the schedule at `iterations`, or the variable, with time-based `decay`."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return backend.convert(self._learning_rate(self.iterations), dtype)
        rate = backend.convert(self._learning_rate, dtype)
        return rate / (backend.cast(self.iterations, dtype) * self.decay + 1.0) if self.decay else rate

    # ---- variables

    def build(self, var_list: Sequence[Variable]) -> None:
        """Creates the slots of these variables; again with the same ones it does nothing."""
        self._var_list = list(var_list)
        self.built = True

    def _is_built_for(self, var_list: Sequence[Variable]) -> bool:
        known = {id(v) for v in self._var_list}
        return self.built and all(id(v) in known for v in var_list)

    def _new_slot(self, variable: Variable, slot: str, name: str, shape: Any, initial_value: Any) -> Variable:
        if initial_value is None:
            initial_value = np.zeros(variable.shape if shape is None else tuple(shape))
        dtype = variable.dtype
        new = Variable(initial_value, dtype, name, trainable=False)
        self._slots.setdefault(slot, {})[id(variable)] = new
        self._variables.append(new)
        return new

    def slot(self, variable: Variable, name: str) -> Variable:
        """The slot `name` of `variable`; KeyError if there is none."""
        return self._slots[name][id(variable)]

    @property
    def variables(self) -> "CallableList":
        """Iterations and slots, in the order in which files hold them; `variables()` gives the same list."""
        return CallableList(self._variables)

    @property
    def weights(self) -> list[Variable]:
        """Same as `variables`; an optimizer written for Keras 2 sets them in its `get_updates`."""
        return list(self._variables)

    @weights.setter
    def weights(self, weights: Sequence[Variable]) -> None:
        self._variables = list(weights)

    def get_weights(self) -> list[np.ndarray]:
        """Numbers of all `variables`."""
        return [v.numpy() for v in self._variables]

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Writes all `variables` as arrays to `store['0']`, `['1']`, ..."""
        for number, value in enumerate(self.get_weights()):
            store[str(number)] = value

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Reads what `save_own_variables` wrote; `ValueError` as in `set_weights`."""
        self.set_weights([store[key] for key in sorted(store, key=int)])

    def aggregate_gradients(self, grads_and_vars: Any) -> list[tuple[Any, Variable]]:
        """The pairs as they are: one device, nothing to add up."""
        return list(grads_and_vars)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Writes all `variables`. ValueError if the number or a shape differs (an optimizer not built has no slots)."""
        if len(weights) != len(self._variables):
            hint = "" if self.built else ". Call build(model.trainable_variables) first"
            raise ValueError(f"{self.name}: expected {len(self._variables)} arrays, got {len(weights)}{hint}")
        for variable, value in zip(self._variables, weights, strict=True):
            if np.shape(value) != variable.shape:
                raise ValueError(
                    f'{self.name} (slot "{variable.name}"): expected {variable.shape}, got {np.shape(value)}'
                )
        backend.batch_set_value(zip(self._variables, weights, strict=True))

    # ---- the step

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Variable], tape: Any = None
    ) -> list[tuple[Any, Variable]]:
        """Pairs (gradient, variable). loss: a tensor, or a function computing one from the variables."""
        if tape is not None:
            if callable(loss) and not backend.is_tensor(loss):
                with tape:
                    loss = loss()
            return list(zip(tape.gradient(loss, var_list), var_list, strict=True))
        if callable(loss) and not backend.is_tensor(loss):
            with backend.eager_scope():
                _core.tape_begin()
                try:
                    return list(zip(backend.gradients(loss(), list(var_list)), var_list, strict=True))
                finally:
                    _core.tape_end()
        return list(zip(backend.gradients(loss, list(var_list)), var_list, strict=True))

    def minimize(self, loss: Any, var_list: Sequence[Variable], tape: Any = None) -> Any:
        """`compute_gradients`, then `apply_gradients`."""
        return self.apply_gradients(self.compute_gradients(loss, var_list, tape))

    def step_on(self, loss: TensorLike, params: Sequence[Variable], gradients: Sequence[Any]) -> None:
        """The step of training, in a trace: `apply_gradients`, unless a subclass has a `get_updates` or `get_gradients`
        of its own, as optimizers written for Keras 2 have. A gradient is None where the loss does not depend on a
        variable.
        """
        pairs = [
            (gradient, variable) for gradient, variable in zip(gradients, params, strict=True) if gradient is not None
        ]
        cls = type(self)
        if cls.get_updates is not BaseOptimizer.get_updates and cls.apply_gradients is BaseOptimizer.apply_gradients:
            with outside_scopes():  # reads are of the values from before the step
                variables = [variable for _, variable in pairs]
                if has_arg(self.get_updates, "constraints"):  # written for Keras 1
                    updates = self.get_updates(variables, {}, loss)
                else:
                    updates = self.get_updates(loss=loss, params=variables)
            for variable, value in (update for update in updates if isinstance(update, tuple)):
                variable.assign(value)
            return
        if cls.get_gradients is not BaseOptimizer.get_gradients:
            variables = [variable for _, variable in pairs]
            pairs = list(zip(self.get_gradients(loss, variables), variables, strict=True))
        self.apply_gradients(pairs)

    def get_gradients(self, loss: TensorLike, params: Sequence[Variable]) -> list[Tensor]:
        """Clipped gradients of `loss`; ValueError naming the first variable it does not depend on."""
        gradients = backend.gradients(loss, list(params))
        for gradient, variable in zip(gradients, params, strict=True):
            if gradient is None:
                raise ValueError(f'{self.name}: the loss does not depend on "{variable.name}"')
        return self._clip([g for g in gradients if g is not None])

    def get_updates(self, loss: TensorLike, params: Any, *rest: Any) -> list[backend.Update]:
        """One step on `loss` as pairs (variable, new value), for `backend.function(updates=...)`.

        params: the variables to move. Keras 1's three arguments (params, constraints, loss) are understood too.
        """
        if rest:
            loss, params = rest[0], loss
        with backend.trace() as trace:
            self.apply_gradients(self.compute_gradients(loss, params))
        return [backend.Update(variable, value) for variable, value in trace.updates]

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Variable]], name: str | None = None, **kwargs: Any
    ) -> Any:
        """One step. In a trace all updates are recorded; with numbers they are written at once; with symbolic gradients
        outside a trace they come back as a list for `backend.function(updates=...)`.

        Gradients of None are left out; ValueError if all are.
        """
        pairs = [(g, v) for g, v in grads_and_vars if g is not None]
        if not pairs:
            raise ValueError(
                f"{self.name}: no gradients for any variable. Does the loss depend on the trainable variables?"
            )
        variables = [v for _, v in pairs]
        if not self._is_built_for(variables):
            self.build(variables)
        if backend.current_scope() is not None:
            return self._step(pairs)
        if all(isinstance(g, np.ndarray) or backend.convert(g).concrete for g, _ in pairs):
            with backend.eager_scope():
                return self._step(pairs)
        with backend.trace() as trace:
            self._step(pairs)
        return [backend.Update(variable, value) for variable, value in trace.updates]

    def _step(self, pairs: Sequence[tuple[Any, Variable]]) -> Variable:
        self._scalars = {}
        variables = [v for _, v in pairs]
        gradients = self._clip([backend.convert(g, v.dtype) for g, v in pairs])
        self._before(variables)
        for gradient, variable in zip(gradients, variables, strict=True):
            self._update(gradient, variable)
        self._after(variables)
        self.iterations.assign_add(1)
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.read_value()))
        self._scalars = {}
        return self.iterations

    def _update(self, gradient: Tensor, variable: Variable) -> None:
        """`update_step`, and what a kind of optimizer does around it."""
        self.update_step(gradient, variable)

    def _before(self, variables: Sequence[Variable]) -> None:
        """What happens to the variables before the step itself."""

    def _after(self, variables: Sequence[Variable]) -> None:
        """What happens after it, before constraints."""

    def _clip(self, gradients: list[Tensor]) -> list[Tensor]:
        return gradients

    def update_step(self, gradient: Tensor, variable: Variable) -> None:
        """Assigns the new value of `variable` and its slots; a subclass must define it."""
        raise TypeError(f"{type(self).__name__} must define update_step(gradient, variable)")

    def scalars(self, dtype: str) -> Any:
        """Numbers of this step that all variables share; a subclass may compute more than the learning rate."""
        return self.current_learning_rate(dtype)

    def step_scalars(self, variable: Variable) -> Any:
        """`scalars` in the type of `variable`, computed once per step."""
        if variable.dtype not in self._scalars:
            self._scalars[variable.dtype] = self.scalars(variable.dtype)
        return self._scalars[variable.dtype]

    def step_number(self, dtype: str, ahead: int = 1) -> Tensor:
        """iterations + ahead as a float: 1 in the first step."""
        return backend.cast(self.iterations + ahead, dtype)

    # ---- config

    def _learning_rate_config(self) -> Any:
        if isinstance(self._learning_rate, LearningRateSchedule):
            return serialize_schedule(self._learning_rate)
        return float(self._learning_rate.numpy())

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "BaseOptimizer":
        """An optimizer from what `get_config` gave."""
        config = dict(config)
        if "lr" in config:
            config["learning_rate"] = config.pop("lr")
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize_schedule(config["learning_rate"], custom_objects)
        return cls(**config)


class CallableList(list[Variable]):
    """A list that may also be called, because tf.keras has had `variables` as property and as method."""

    def __call__(self) -> list[Variable]:
        return list(self)
