"""The native core: graph, gradients, programs, devices. All of it is private; `nnstack.backend` is the public door."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

__version__: str

class Value:
    """One tensor of a graph: symbolic (computed by a Program) or concrete (carries data)."""

    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int | None, ...]: ...
    @property
    def op(self) -> str: ...  # 'placeholder', 'variable', 'constant' or the name of the op that makes it
    @property
    def inputs(self) -> list[Value]: ...
    @property
    def attributes(self) -> dict[str, Any]: ...
    @property
    def index(self) -> int: ...  # which output of its op
    @property
    def name(self) -> str: ...  # of a placeholder or variable; otherwise the layer it was made in
    @property
    def concrete(self) -> bool: ...
    @property
    def variable(self) -> Variable | None: ...  # for op 'variable'
    def numpy(self) -> np.ndarray: ...  # concrete values only; RuntimeError otherwise

    # Python attributes may be set freely; a Value keeps its identity while somebody in Python holds it.
    def __getattr__(self, name: str) -> Any: ...

class Variable:
    """Storage that Programs read and write in place. `version` rises with every write."""

    def __init__(self, name: str, array: np.ndarray, device: str | None = None, random_state: bool = False) -> None: ...
    name: str
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def version(self) -> int: ...
    @property
    def device(self) -> str: ...
    @property
    def random_state(self) -> bool: ...
    @property
    def value(self) -> Value: ...  # the symbolic leaf; the same object each time
    def read(self) -> Value: ...  # a concrete snapshot; under an open tape gradients flow to `value`
    def numpy(self) -> np.ndarray: ...  # a copy
    def assign(self, array: np.ndarray) -> None: ...  # same shape; cast to the variable's dtype
    def assign_part(self, begin: int, array: np.ndarray) -> None:
        """Numbers `begin` and following, in row-major order; a contiguous array of the variable's dtype."""
    def read_part(self, begin: int, array: np.ndarray) -> None: ...  # the same the other way round
    @staticmethod
    def zeros(name: str, shape: Sequence[int], dtype: str) -> Variable: ...  # no memory is touched

def placeholder(shape: Sequence[int | None], dtype: str = "float32", name: str = "") -> Value: ...
def constant(array: Any, dtype: str | None = None) -> Value: ...  # numpy, buffer, __dlpack__, scalars, lists
def emit(op: str, inputs: Sequence[Value], attributes: Mapping[str, Any] = ...) -> list[Value]:
    """Checks, infers types and records; where all inputs are concrete, computes. ValueError in the one voice."""

class Body:
    """The step of a loop: results as a function of parameters. The attribute of a scan."""

    @property
    def parameters(self) -> list[Value]: ...
    @property
    def results(self) -> list[Value]: ...

def close_body(parameters: Sequence[Value], results: Sequence[Value]) -> tuple[Body, list[Value]]:
    """The body, and the values from outside that it takes as further parameters. ValueError unless placeholders."""

def learning_phase() -> Value: ...  # the symbolic bool scalar; Programs are compiled for one of its values
def set_layer(name: str) -> str: ...  # name given to nodes made from now on in this thread; returns the previous one
def set_print_sink(show: Callable[[str, int, np.ndarray], None]) -> None: ...  # message, summarize, value of a print
def tape_begin() -> None: ...  # from here concrete values keep their producers (nests)
def tape_end() -> None: ...
def gradients(
    ys: Sequence[Value], xs: Sequence[Value], grad_ys: Sequence[Value | None] | None = None
) -> list[Value | None]: ...
def interpret(
    inputs: Sequence[Value], outputs: Sequence[Value], arrays: Sequence[np.ndarray], learning_phase: bool | None = None
) -> list[np.ndarray]:
    """Op by op, no passes: the oracle."""

def op_names() -> list[str]: ...
def op_schema(
    name: str,
) -> dict[str, Any]: ...  # {'inputs': (least, most), 'attributes': {name: default}, 'kernels': [...]}

class Program:
    """inputs -> outputs, then variables are written. Immutable; safe to call from many threads.

    An output may be any Value. `updates` are (variable, new value); all right-hand sides see the values from before the
    call. A variable made with random_state=True that is read advances its counter by one per run, by itself.
    passes: {'fold': bool, 'transposes': bool, 'batch_norm': bool, 'keep': bool, 'elementwise': bool, 'epilogue': bool,
    'join': bool, 'in_place': bool, 'memory': bool}, all on by default.
    """

    def __init__(
        self,
        inputs: Sequence[Value],
        outputs: Sequence[Value],
        updates: Sequence[tuple[Variable, Value]] = ...,
        *,
        learning_phase: bool | None = None,
        device: str | None = None,
        passes: Mapping[str, bool] | None = None,
        name: str = "",
    ) -> None: ...
    def run(self, arrays: Sequence[Any]) -> list[np.ndarray]: ...
    def __call__(self, *arrays: Any) -> Any:
        """Like run; gives the array itself where there is one output. The fast road: a microsecond over the work."""

    def run_steps(
        self,
        sources: Sequence[np.ndarray],
        order: np.ndarray | None,
        first: int,
        batch: int,
        steps: int,
        seconds: float = 0.1,
    ) -> int:
        """Up to `steps` runs; step s takes rows order[(first + s) * batch : (first + s + 1) * batch] of every source
        (order None: the rows themselves, in order), cast to the input's dtype. Outputs are dropped. A last short batch
        is one run with fewer rows. Returns the number of runs done: fewer than `steps` after about `seconds`."""

    def run_batches(self, sources: Sequence[np.ndarray], batch: int, results: Sequence[np.ndarray]) -> bool:
        """Runs over all rows in order and writes each output's rows into `results` (same dtype, first axis = rows).
        False, and nothing was run, where an output has other numbers of rows than the batches."""

    def explain(self) -> str: ...  # the latest plan: steps, what was fused, memory, layer names
    def profile(self, on: bool) -> None: ...
    def profile_report(self) -> list[dict[str, Any]]: ...  # [{'step', 'kernel', 'layer', 'calls', 'seconds'}]
    def stats(self) -> dict[str, int]: ...  # 'nodes', 'steps', 'arena_bytes', 'plans'

def export_model(
    path: str,
    functions: Mapping[str, tuple[Sequence[Value], Sequence[Value], Sequence[tuple[Variable, Value]]]],
    samples: Sequence[tuple[str, Sequence[Any], Sequence[Any]]] = ...,
) -> None:
    """One file for C++. functions: name -> (inputs, outputs, updates); one without updates is compiled for inference.
    samples: (function, input arrays, output arrays) that the loader can verify."""

def crc32c(data: Any, before: int = 0) -> int: ...  # of contiguous bytes; `before`: that of what stands in front
def allocations() -> int: ...  # heap allocations made by the core's runtime since the process began (a test hook)
def set_num_threads(count: int) -> None: ...
def get_num_threads() -> int: ...
def list_devices() -> list[str]: ...
def why_no_cuda() -> str: ...
def set_device(name: str) -> None: ...  # default device of new variables and programs
def get_device() -> str: ...
def instruction_set() -> str: ...
