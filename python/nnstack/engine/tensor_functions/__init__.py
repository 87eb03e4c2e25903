"""The functions of tensors that files of tf.keras and Keras 3 name between layers: one closed table.

tf.keras >= 2.4 writes `x * 2 + y[:, 0]` as layers of class `TFOpLambda` and `SlicingOpLambda` whose config names a
function of TensorFlow, Keras 3 as layers of its operations' classes. A name is looked up here and nowhere else: nothing
is imported by a name in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstack.engine.tensor_functions import of_programs
from nnstack.engine.tensor_functions.of_programs import OfPrograms
from nnstack.engine.tensor_functions.operands import tensor
from nnstack.engine.tensor_functions.table import ALIASES, FUNCTIONS, GETITEM, Function

__all__ = ["FUNCTIONS", "GETITEM", "NOT_WRITTEN", "compute", "find", "tensor"]


NOT_WRITTEN = (
    "the file does not hold it. tf_keras writes no second operand of ==, != and einsum, and cannot read such a file "
    "itself: build the model in code and call load_weights"
)


def find(name: str) -> Function | OfPrograms | None:
    """The function that a file calls `name`, None for one that is not in the table."""
    today = ALIASES.get(name, name.removeprefix("compat.v1."))
    return FUNCTIONS.get(name) or FUNCTIONS.get(ALIASES.get(today, today)) or of_programs.find(today)


def compute(name: str, layer: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """The function on its arguments; `ValueError` names the layer where one is missing or has no counterpart."""
    function = find(name)
    if function is None:
        raise ValueError(f'tensor function (layer "{layer}"): {name!r} is not known here')
    settings = dict(zip(function.arguments, given, strict=False))
    for key, value in named.items():
        argument = of_programs.former_argument(_OLD_ARGUMENTS.get(key, key), function.arguments)
        if argument in function.arguments:
            settings[argument] = value
        elif value is not None and key not in _WITHOUT_MEANING and not (key == "batch_dims" and value == 0):
            raise ValueError(f'tensor function (layer "{layer}"): {name} with {key}={value!r} has no counterpart here')
    try:
        return function.compute(**{_safe(key): value for key, value in settings.items()})
    except TypeError as error:
        if "required positional argument" not in str(error):
            raise
        missing = str(error).split("argument")[-1].lstrip("s: ")
        raise ValueError(f'tensor function (layer "{layer}"): {name} lacks {missing}; {NOT_WRITTEN}') from None


def _safe(name: str) -> str:
    return f"{name}_" if name in ("input", "tensor") else name


_OLD_ARGUMENTS = {"keep_dims": "keepdims", "reduction_indices": "axis", "squeeze_dims": "axis", "dimension": "axis"}
_WITHOUT_MEANING = frozenset(
    {"name", "validate_indices", "conjugate", "use_cudnn_on_gpu", "out_type", "message", "summarize", "sorted",
     "adjoint_a", "adjoint_b", "a_is_sparse", "b_is_sparse", "incompatible_shape_error", "output_type", "stable",
     "partition_strategy", "bad_indices_policy",
     "half_to_even", "antialias", "parallel_iterations", "optimize", "optional", "sparse", "grad_a", "grad_b"}
)  # fmt: skip
