"""The layers that stand for arithmetic written between layers."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.engine import naming, operations, tensor_functions
from nnstack.engine.layer import Layer
from nnstack.utils import nest


class TensorOperations(Layer):
    """Repeats recorded core ops on its inputs; made by writing `x * 2 + y` on graph tensors, rarely by hand.

    `steps`: one dict per op, operands numbered from the inputs on (plain data, never code).
    """

    def __init__(self, steps: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._autocast = False
        self.steps = steps
        self.leaves: list[Any] = []

    def call(self, inputs: Any) -> Any:
        return operations.replay(self.steps, nest.flatten(inputs), self.leaves)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        leaves = iter(self.leaves)
        steps = [step if step["op"] != "variable" else _numbers_of(next(leaves)) for step in self.steps]
        return {**super().get_config(), "steps": steps}


def _numbers_of(variable: Any) -> dict[str, Any]:
    """A variable that no layer owns: a file holds its numbers as a constant, as those of tf.keras do."""
    return {"op": "constant", "value": backend.get_value(variable).tolist(), "dtype": variable.dtype}


class TFOpLambda(Layer):
    """Calls one function of `engine/tensor_functions.py`; made by arithmetic between layers, and by files that have it.

    `function`: its name as files of tf.keras have it, such as 'math.multiply'. Raises `ValueError` for another name.
    The first argument of a call may be a number, a list or a tensor; the others stand under TensorFlow's names.
    """

    def __init__(self, function: str, **kwargs: Any) -> None:
        if not isinstance(function, str) or tensor_functions.find(function) is None:
            raise ValueError(f"TFOpLambda: the function {function!r} of TensorFlow is not known here")
        kwargs.setdefault("name", naming.unique_name(f"tf.{function}"))
        super().__init__(**kwargs)
        self._autocast = False
        self.function = function

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """Calls the function; numbers in lists among tensors are arrays, not lists of tensors."""
        if isinstance(inputs, str):
            raise ValueError(
                f'tensor function (layer "{self.name}"): {self.function} has its tensors behind the text {inputs!r}; '
                f"{tensor_functions.NOT_WRITTEN}"
            )
        if isinstance(inputs, list) and inputs and not any(backend.is_tensor(one) for one in nest.flatten(inputs)):
            inputs = tensor_functions.tensor(inputs)
        elif isinstance(inputs, list):
            inputs = [tensor_functions.tensor(one) if one != [] else one for one in inputs]
        return super().__call__(inputs, **kwargs)

    def call(self, inputs: Any, **kwargs: Any) -> Any:
        return tensor_functions.compute(self.function, self.name, (inputs,), kwargs)

    def _takes(self, argument: str) -> bool:
        return False  # keywords are the function's; neither training nor masks go in

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "function": self.function}


class SlicingOpLambda(TFOpLambda):
    """`x[...]`: the call's `slice_spec` is the index, slices as dicts."""

    def __init__(self, function: str = tensor_functions.GETITEM, **kwargs: Any) -> None:
        super().__init__(function, **kwargs)


def function_layer(function: str) -> TFOpLambda:
    """The layer that calls a function, of the class that files call it."""
    return (SlicingOpLambda if function == tensor_functions.GETITEM else TFOpLambda)(function)
