"""compile(), the metrics it makes, and the steps as programs. The work is done in the rooms beside."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from nnstack import backend
from nnstack.backend.numbers import NumbersNeeded, falls_back_on_numbers
from nnstack.data import arguments
from nnstack.data.arrays import Arrays
from nnstack.data.order import new_order_state
from nnstack.engine.trainable import CompiledTrainable
from nnstack.training.compile_config import CompileConfig
from nnstack.training.compiled_loss import CompiledLoss
from nnstack.training.compiled_metrics import CompiledMetrics
from nnstack.training.default_steps import DefaultSteps
from nnstack.training.former_graph import FormerGraph
from nnstack.training.functions import FunctionStep, StepFunctions
from nnstack.training.methods import TrainingMethods
from nnstack.training.per_output import named, spread
from nnstack.training.steps import CompiledStep, EagerStep, MetricPrograms, Step
from nnstack.utils import nest


class Trainer(TrainingMethods, DefaultSteps, StepFunctions, CompileConfig, FormerGraph):
    """The part of `Model` that knows the optimizer, losses and metrics, and makes steps of them."""

    if TYPE_CHECKING:
        built: bool

        @property
        def name(self) -> str: ...
        @name.setter
        def name(self, name: str) -> None: ...
        @property
        def output_names(self) -> list[str]: ...
        @property
        def dtype_policy(self) -> Any: ...

        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
        def _clear_losses(self) -> None: ...

    def _init_trainer(self) -> None:
        self.optimizer: Any = None
        self._awaited_optimizer: Any = None  # puts in the state of a checkpoint that was loaded before compile()
        self.compiled_loss: CompiledLoss | None = None
        self.compiled_metrics: CompiledMetrics | None = None
        self.loss: Any = None
        self.stop_training = False
        self.history: Any = None
        self._order_state = new_order_state()  # of the samples in an epoch
        self._run: Any = None  # the last call of fit; its state, where the model comes from a file
        self._compile_arguments: dict[str, Any] | None = None
        self._run_eagerly = False
        self._sample_weight_mode: Any = None
        self._target_tensors: list[Any] | None = None
        self._learned_output_names: list[str] = []
        self._learned_input_names: list[str] = []
        self._trained_variables: list[backend.Variable] | None = None
        self._compiled_trainable: CompiledTrainable | None = None
        self._forget_programs()

    def _forget_programs(self) -> None:
        """After a change of structure or compile(): every step is traced again."""
        self._steps: dict[Any, Any] = {}
        self._metric_programs: MetricPrograms | None = None
        self._predict_program: Any = None

    # -- compile ------------------------------------------------------------------------------------------------------
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
        target_tensors: Any = None,
        distribute: Any = None,
        run_eagerly: bool | None = None,
        steps_per_execution: Any = None,
        jit_compile: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Sets what training minimises, how, and what it reports.

        `optimizer`: name, config dict or Optimizer; a list of them for a class whose own train_step takes
        `self.optimizer[0]` and so on. `loss`: name, function `(y_true, y_pred)` or Loss; a list or dict
        for several outputs, None for an output without one. `metrics`, `weighted_metrics`: lists of names, functions
        or Metric objects; dict or list of lists per output. `loss_weights`: list or dict of numbers.
        `sample_weight_mode`: None or 'temporal', per output too. `target_tensors`: variables or symbolic tensors
        that are read as targets in every step instead of `y`, or placeholders that `y` is fed to.
        `run_eagerly=True` computes op by op.
        `steps_per_execution`, `jit_compile` and `distribute` are accepted and need nothing: many steps run per native
        call anyway.
        Raises `ValueError` naming the argument and what it accepts. Source: https://keras.io/2.16/api/models/model_training_apis/
        """
        from nnstack import optimizers

        if kwargs:
            raise TypeError(f'compile (model "{self.name}"): unknown argument {sorted(kwargs)[0]!r}')
        if steps_per_execution not in (None, "auto"):
            arguments.whole_number(steps_per_execution, "steps_per_execution", f'compile (model "{self.name}")')
        names = list(self.output_names)
        keys = self._graph.output_keys if self._graph is not None else {}
        own_loss, own_weights, own_metrics, own_weighted, modes = (
            nest.renamed(one, keys) for one in (loss, loss_weights, metrics, weighted_metrics, sample_weight_mode)
        )
        for mode in nest.flatten(sample_weight_mode):
            if mode not in (None, "temporal", "samplewise"):
                raise ValueError(
                    f"compile (model \"{self.name}\"): expected sample_weight_mode None or 'temporal', got {mode!r}"
                )
        if names and nest.is_nested(modes):
            spread(modes, names, "sample_weight_mode", one_for_all=True)
        own_targets = self._own_targets(nest.renamed(target_tensors, keys))
        several = isinstance(optimizer, list | tuple)
        if several and not self._step_is_custom("train"):
            raise ValueError(
                f'compile (model "{self.name}"): expected one optimizer, got {len(optimizer)}. A list is for classes '
                "with a train_step of their own"
            )
        new_optimizer: Any = [
            named("optimizer", optimizers.get, one) for one in (optimizer if several else [optimizer])
        ]
        if self.dtype_policy.name == "mixed_float16":
            new_optimizer = [optimizers.with_loss_scale(one) for one in new_optimizer]
        new_optimizer = new_optimizer if several else new_optimizer[0]
        compiled_loss = CompiledLoss(own_loss, own_weights, names)
        compiled_metrics = CompiledMetrics(own_metrics, own_weighted, names, compiled_loss.losses)
        self.optimizer = new_optimizer
        self.loss = loss
        self.compiled_loss = compiled_loss
        self.compiled_metrics = compiled_metrics
        self._target_tensors = own_targets
        self._sample_weight_mode = modes
        self._run_eagerly = bool(run_eagerly)
        self._compile_arguments = {
            "loss": loss,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "loss_weights": loss_weights,
            "sample_weight_mode": sample_weight_mode,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }
        self._trained_variables = None
        self._compiled_trainable = CompiledTrainable(self)
        self.stop_training = False
        self._forget_programs()
        if self._awaited_optimizer is not None:
            read, self._awaited_optimizer = self._awaited_optimizer, None
            read()

    def _own_targets(self, given: Any) -> list[Any] | None:
        """`target_tensors`, one per output and None where there is none; None if none are given."""
        if given is None:
            return None
        names = list(self.output_names)
        if not names:
            raise ValueError(
                f'compile (model "{self.name}"): target_tensors need a model whose outputs are known; build it first'
            )
        own = spread([given] if backend.is_tensor(given) else given, names, "target_tensors", one_for_all=False)
        for tensor in own:
            if tensor is not None and not backend.is_tensor(tensor):
                raise ValueError(
                    f'compile (model "{self.name}"): expected tensors or variables in target_tensors, got {tensor!r}. '
                    "Pass arrays as y to fit"
                )
        return own

    def _fed_target_names(self) -> list[str]:
        """Outputs whose targets are data."""
        own = self._target_tensors or [None] * len(self.output_names)
        return [
            name
            for name, target in zip(self.output_names, own, strict=True)
            if target is None or backend.is_placeholder(target)
        ]

    def _require_compiled(self, what: str) -> None:
        if self.optimizer is None or self.compiled_loss is None:
            raise RuntimeError(
                f'{what} (model "{self.name}"): the model is not compiled. Call model.compile(optimizer, loss) first'
            )

    def _weight_modes(self, count: int) -> list[Any]:
        modes = self._sample_weight_mode
        if isinstance(modes, dict):
            return [modes.get(name) for name in self.output_names]
        return list(modes) if isinstance(modes, list | tuple) else [modes] * count

    @property
    def run_eagerly(self) -> bool:
        """True: steps run op by op on numbers, so that Python code in them sees values. Slow; the numbers are the
        same.
        """
        return self._run_eagerly or bool(getattr(self, "dynamic", False))

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_eagerly = bool(value)
        self._forget_programs()

    @property
    def distribute_strategy(self) -> None:
        """None: one process trains on one device."""
        return None

    # -- metrics ------------------------------------------------------------------------------------------------------
    @property
    def metrics(self) -> list[Any]:
        """Running means of the losses, the metrics of compile(), then those of layers and of `add_metric`."""
        found: list[Any] = []
        if self.compiled_loss is not None and not self._leaves_loss_out():
            found += self.compiled_loss.metrics
        if self.compiled_metrics is not None:
            found += self.compiled_metrics.metrics
        return list(dict.fromkeys(found + super().metrics))

    def _leaves_loss_out(self) -> bool:
        """Compiled without a loss, a step of the model's own computes its losses itself: there is no mean of ours."""
        compiled = self.compiled_loss
        return (
            compiled is not None
            and compiled.user_losses is None
            and not compiled.calls
            and self._step_is_custom("train")
        )

    @property
    def metrics_names(self) -> list[str]:
        """Names of what evaluate returns; metrics appear once the model has seen a batch or its outputs are known."""
        self._build_metrics_from_graph()
        return [metric.name for metric in self.metrics]

    def _build_metrics_from_graph(self) -> None:
        compiled, graph = self.compiled_metrics, self._graph
        if compiled is not None and not compiled.built and graph is not None and self.compiled_loss is not None:
            placeholders = [backend.placeholder(shape=tuple(t.shape), dtype=t.dtype) for t in graph.flat_outputs]
            losses = self.compiled_loss.losses or [None] * len(placeholders)
            compiled.build(placeholders, placeholders, losses, None)
            if any(identifier in ("accuracy", "acc", "crossentropy", "ce") for identifier in _strings(compiled)):
                compiled.built = False  # the names stand; which function 'acc' means, the first targets tell
            self._metric_programs = None

    def reset_metrics(self) -> None:
        """Sets the state of every metric to its start."""
        if self.compiled_metrics is not None:
            self.compiled_metrics.awaited = []
        self._programs_of_metrics().reset()

    # -- programs -----------------------------------------------------------------------------------------------------
    def _step_is_custom(self, kind: str) -> bool:
        own = type(self)
        return (
            getattr(own, f"{kind}_step") is not getattr(Trainer, f"{kind}_step")
            or own.compute_metrics is not Trainer.compute_metrics
        )

    def _needs_targets(self, kind: str) -> bool:
        own_work = self._step_is_custom(kind) or type(self).compute_loss is not Trainer.compute_loss
        return (
            not own_work
            and self.compiled_loss is not None
            and any(loss is not None for loss in self.compiled_loss.losses)
        )

    def _as_compiled(self) -> contextlib.AbstractContextManager[None]:
        """`trainable` everywhere as it was at compile() while the block runs."""
        return contextlib.nullcontext() if self._compiled_trainable is None else self._compiled_trainable.restored()

    def _warn_of_changes(self, what: str) -> None:
        if self._compiled_trainable is not None:
            self._compiled_trainable.warn_if_changed(f'{what} (model "{self.name}")')

    def _step(self, kind: str, arrays: Arrays) -> Any:
        name = f"make_{kind}_function"
        if getattr(type(self), name) is getattr(Trainer, name):
            return self._built_in_step(kind, arrays)
        if name not in self._steps:
            self._steps[name] = FunctionStep(self, kind, arrays)
        return self._steps[name]

    def _built_in_step(self, kind: str, arrays: Arrays) -> Step:
        key = (kind, arrays.signature())
        step = self._steps.get(key)
        if step is None:
            with self._as_compiled():
                step = self._steps[key] = self._made_step(kind, arrays)
            self._metric_programs = None  # tracing may have made metrics
        return step

    def _made_step(self, kind: str, arrays: Arrays) -> Step:
        if not self.run_eagerly:
            try:
                return CompiledStep(self, kind, arrays)
            except NumbersNeeded:
                if not falls_back_on_numbers():
                    raise
                self._run_eagerly = True
        return EagerStep(self, kind, arrays)

    def _read_results(self, step: Any) -> dict[str, Any]:
        """Current numbers of the logs."""
        own: dict[str, Any] | None = step.logs() if step is not None else None
        if own is not None:
            return own
        return self._programs_of_metrics().read()

    def _programs_of_metrics(self) -> MetricPrograms:
        if self._metric_programs is None:
            self._metric_programs = MetricPrograms(self.metrics)
        return self._metric_programs


def _strings(compiled: CompiledMetrics) -> list[Any]:
    return nest.flatten([compiled.user_metrics or [], compiled.user_weighted_metrics or []])
