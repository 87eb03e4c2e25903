"""The names by which a Keras user's own optimizer reaches its base: those of tf.keras >= 2.11."""

from collections.abc import Sequence
from typing import Any

from nnstack import backend
from nnstack.backend import Variable
from nnstack.optimizers.base import BaseOptimizer


class SubclassHooks(BaseOptimizer):
    """What the custom optimizers in Keras's guides call on `self`, beside `build` and `update_step`."""

    _built = False  # set by a subclass whose build makes slots once

    def _build_learning_rate(self, learning_rate: Any) -> Any:
        """A number as a variable that may be set; a schedule as it is."""
        return self._as_learning_rate(learning_rate)

    def _serialize_hyperparameter(self, hyperparameter: Any) -> Any:
        """A hyperparameter as plain data, for `get_config`."""
        if hyperparameter is self._learning_rate:
            return self._learning_rate_config()
        if isinstance(hyperparameter, Variable) or backend.is_tensor(hyperparameter):
            return backend.eval(hyperparameter).item()
        return hyperparameter

    def _var_key(self, variable: Variable) -> Any:
        """What `_index_dict` knows a variable by."""
        return id(variable)

    @property
    def _index_dict(self) -> dict[Any, int]:
        """Position of every variable in the list given to `build`, where lists of slots are kept in that order."""
        return {id(variable): position for position, variable in enumerate(self._var_list)}

    def add_variable(
        self, shape: Sequence[int], dtype: Any = None, initializer: Any = "zeros", name: str = ""
    ) -> Variable:
        """A variable of the optimizer's own, saved with its slots."""
        from nnstack import initializers

        value = initializers.get(initializer)(tuple(shape), dtype=dtype or backend.floatx())
        variable = Variable(value, dtype or backend.floatx(), name or "variable", trainable=False)
        self._variables.append(variable)
        return variable
