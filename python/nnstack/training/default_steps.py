"""The steps of training, testing and predicting, which a subclass of Model may override: traced once, then compiled."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from nnstack import backend
from nnstack.training.compiled_loss import CompiledLoss, batch_size_of
from nnstack.training.compiled_metrics import CompiledMetrics
from nnstack.training.steps import named_results
from nnstack.utils import nest
from nnstack.utils.data_utils import unpack_x_y_sample_weight


class DefaultSteps:
    """The part of `Model` that says what a step computes."""

    if TYPE_CHECKING:
        optimizer: Any
        compiled_loss: CompiledLoss | None
        compiled_metrics: CompiledMetrics | None
        _trained_variables: list[backend.Variable] | None
        _learned_output_names: list[str]

        @property
        def name(self) -> str: ...
        @name.setter
        def name(self, name: str) -> None: ...
        @property
        def trainable_weights(self) -> list[backend.Variable]: ...
        @property
        def losses(self) -> list[Any]: ...
        @property
        def metrics(self) -> list[Any]: ...

        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on `data` = (x,), (x, y) or (x, y, sample_weight): forward, loss, gradients, update,
        metrics.

        Called once with symbolic data and compiled; Python side effects happen once. Returns name -> value for the
        logs.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=True)
        loss = self._reported_loss(x, y, y_pred, sample_weight)
        self._minimize(loss)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def _minimize(self, loss: Any) -> None:
        variables = self._variables_to_train()
        if not variables:
            return
        gradients = [gradient for gradient, _ in self.optimizer.compute_gradients(loss, variables)]
        missing = [variable.name for variable, gradient in zip(variables, gradients, strict=True) if gradient is None]
        if len(missing) == len(variables):
            raise ValueError(
                f'fit (model "{self.name}"): no weight has a gradient; the loss does not depend on '
                f"{', '.join(missing[:5])}"
            )
        if missing:
            warnings.warn(
                f'fit (model "{self.name}"): no gradient for {", ".join(missing)}; these weights stay as they are',
                stacklevel=2,
            )
        self.optimizer.step_on(loss, variables, gradients)

    def _variables_to_train(self) -> list[backend.Variable]:
        """The trainable weights as they were when training was first traced after compile()."""
        if self._trained_variables is None:
            self._trained_variables = list(self.trainable_weights)
            self.optimizer.build(self._trained_variables)
        return self._trained_variables

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
        """The scalar that training minimises: compiled losses plus `self.losses`."""
        assert self.compiled_loss is not None
        total = self.compiled_loss(y, y_pred, sample_weight, regularization_losses=self.losses)
        self._learned_output_names = self.compiled_loss.output_names
        return total

    def _reported_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        """`compute_loss`, whose value logs show also where it is overridden and does not call `compiled_loss`."""
        assert self.compiled_loss is not None
        calls = self.compiled_loss.calls
        loss = self.compute_loss(x, y, y_pred, sample_weight)
        if self.compiled_loss.calls == calls:
            weight = batch_size_of(nest.flatten(y_pred)[0])
            self.compiled_loss.total_mean.update_state(loss, sample_weight=weight)
        return loss

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the compiled metrics and gives all results by name."""
        assert self.compiled_metrics is not None and self.compiled_loss is not None
        self.compiled_metrics.update_state(y, y_pred, sample_weight, self.compiled_loss.losses)
        return named_results(self.metrics)

    def get_metrics_result(self) -> dict[str, Any]:
        """Current results of all metrics by name: what a step of one's own returns, or numbers outside of steps."""
        return named_results(self.metrics)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation: forward, loss, metrics."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        self._reported_loss(x, y, y_pred, sample_weight)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """One step of prediction: forward without training behaviour."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)
