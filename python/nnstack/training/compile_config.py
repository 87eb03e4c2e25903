"""What compile() was given: as attributes, and as plain data that another model can be compiled from."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any


class CompileConfig:
    """The part of `Model` that tells how it was compiled."""

    if TYPE_CHECKING:
        optimizer: Any
        _compile_arguments: dict[str, Any] | None

        @property
        def name(self) -> str: ...
        @name.setter
        def name(self, name: str) -> None: ...
        def compile(self, *args: Any, **kwargs: Any) -> None: ...

    distribute_reduction_method = "auto"  # one device: nothing is reduced over several
    autotune_steps_per_execution = False  # the loop finds the number of steps in every run

    @property
    def steps_per_execution(self) -> Any:
        """As compile() was given it, 1 if it was not; None before compile(). The loop takes as many steps per native
        call as callbacks allow, whatever it says.
        """
        return None if self._compile_arguments is None else self._compile_arguments["steps_per_execution"] or 1

    @steps_per_execution.setter
    def steps_per_execution(self, value: int) -> None:
        self._set_compile_argument("steps_per_execution", value)

    @property
    def jit_compile(self) -> bool | None:
        """As compile() was given it. Steps are compiled natively, whatever it says."""
        return None if self._compile_arguments is None else self._compile_arguments["jit_compile"]

    @jit_compile.setter
    def jit_compile(self, value: bool | None) -> None:
        self._set_compile_argument("jit_compile", value)

    def _set_compile_argument(self, name: str, value: Any) -> None:
        if self._compile_arguments is None:
            raise RuntimeError(f'{name} (model "{self.name}"): the model is not compiled. Give {name} to compile()')
        self._compile_arguments[name] = value

    def _compile_can_be_saved(self, what: str) -> bool:
        """Whether there is one optimizer, as files hold it; a warning where there are several."""
        if isinstance(self.optimizer, list):
            warnings.warn(
                f'{what} (model "{self.name}"): files hold the state of one optimizer, the model has '
                f"{len(self.optimizer)}; it is written without what compile() was given",
                stacklevel=4,
            )
            return False
        return self.optimizer is not None

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of compile() as plain data (the optimizer with its present rate), None before compile().

        A class with a `compile` of its own overrides this together with `compile_from_config`.
        """
        from nnstack.saving.dialect_writers import compile_config

        given = self._compile_arguments
        if given is None or not self._compile_can_be_saved("get_compile_config"):
            return None
        kept = ("run_eagerly", "steps_per_execution", "jit_compile", "sample_weight_mode")
        return {**compile_config(self, "tf_keras"), **{name: given[name] for name in kept}}

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compiles with what `get_compile_config` gave; `ValueError` where it names what is not known.

        A class that overrides `compile`, and not this method, is left uncompiled, with a warning.
        """
        from nnstack.saving.training_config import read_compile_config
        from nnstack.training.trainer import Trainer

        if type(self).compile is not Trainer.compile:
            warnings.warn(
                f'compile_from_config (model "{self.name}"): {type(self).__name__} has a compile() of its own, so the '
                "model is left uncompiled. Override get_compile_config and compile_from_config, or call compile()",
                stacklevel=2,
            )
            return
        settings = ("run_eagerly", "steps_per_execution", "jit_compile")
        kept = {name: config[name] for name in settings if config.get(name) is not None}
        self.compile(**read_compile_config(config, self), **kept)
