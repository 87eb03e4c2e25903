"""SpectralNormalization: the kernel of a layer divided by its largest singular value."""

from __future__ import annotations

from typing import Any

from nnstack import backend, initializers
from nnstack.engine import context
from nnstack.layers.arguments import label, positive_int
from nnstack.layers.wrappers import Wrapper


class SpectralNormalization(Wrapper):
    """Before each training step the `kernel` (or `embeddings`) of `layer` is divided by its spectral norm.

    The norm is estimated by `power_iterations` (default 1) of the power method, which starts from the weight `vector_u`
    (1, outputs). Inputs, outputs and the other weights are those of `layer`. Raises `ValueError` if `layer` has neither
    a kernel nor embeddings.

    >>> SpectralNormalization(Dense(8))(np.ones((2, 4), "float32")).shape
    (2, 8)

    Source: Miyato et al. 2018 (arXiv:1802.05957)
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = positive_int(power_iterations, label(self), "power_iterations")

    def build(self, input_shape: Any = None) -> None:
        with context.adopting(self.layer.name):
            super().build(input_shape)
        kernel = getattr(self.layer, "kernel", None)
        self.kernel: Any = getattr(self.layer, "embeddings", None) if kernel is None else kernel
        if self.kernel is None:
            raise ValueError(
                f"{label(self)}: {type(self.layer).__name__} has neither a kernel nor embeddings to normalize"
            )
        self.vector_u = self.add_weight(
            "vector_u",
            (1, self.kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            dtype=self.kernel.dtype,
        )

    def call(self, inputs: Any, training: Any = None) -> Any:
        if training is not False:
            self._normalize(training)
        return self.layer(inputs)

    def normalize_weights(self) -> None:
        """Divides the kernel by its norm now."""
        self._normalize(True)

    def _normalize(self, training: Any) -> None:
        kernel, u = backend.convert(self.kernel), backend.convert(self.vector_u)
        rows = backend.stop_gradient(backend.reshape(kernel, (-1, kernel.shape[-1])))
        for _ in range(self.power_iterations):
            v = backend.l2_normalize(backend.emit("matmul", u, rows, transpose_b=True))
            u = backend.l2_normalize(v @ rows)
        norm = backend.sum((v @ rows) * u)
        sure = backend.any(backend.not_equal(rows, 0.0))
        divided = backend.select(sure, backend.stop_gradient(kernel) / backend.select(sure, norm, 1.0), 0.0)
        # The step's gradient is taken at the divided kernel, not through the division: its derivative here is one.
        moved = kernel + backend.stop_gradient(divided - kernel)
        self.kernel.assign(backend.in_train_phase(moved, kernel, training=training))
        self.vector_u.assign(
            backend.in_train_phase(backend.select(sure, u, self.vector_u), self.vector_u, training=training)
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {"power_iterations": self.power_iterations, **super().get_config()}
