"""Gradient clipping: by the norm of one gradient, or of all together."""

from nnstack import backend
from nnstack.backend import Tensor
from nnstack.optimizers import rows


def check(optimizer: str, clipnorm: float | None, clipvalue: float | None, global_clipnorm: float | None) -> None:
    """ValueError if a bound is negative, or if both norms are given."""
    for name, bound in (("clipnorm", clipnorm), ("clipvalue", clipvalue), ("global_clipnorm", global_clipnorm)):
        if bound is not None and bound < 0:
            raise ValueError(f"{optimizer}: expected {name} of at least 0, got {bound}")
    if clipnorm is not None and global_clipnorm is not None:
        raise ValueError(f"{optimizer}: give clipnorm or global_clipnorm, not both; got {clipnorm}, {global_clipnorm}")


def by_norm(gradient: Tensor, bound: float) -> Tensor:
    """The gradient scaled down to Euclidean norm `bound` where it is longer; of rows, all values count."""

    def clipped(values: Tensor) -> Tensor:
        norm = backend.emit("sqrt", backend.sum(backend.square(values)))
        return values * (bound / backend.maximum(norm, bound))

    return rows.on_values(clipped, gradient)


def by_value(gradient: Tensor, bound: float) -> Tensor:
    """The gradient, or every value of its rows, within [-bound, bound]."""
    return rows.on_values(lambda values: backend.clip(values, -bound, bound), gradient)


def by_global_norm(gradients: list[Tensor], bound: float) -> list[Tensor]:
    """All gradients scaled by one factor so that together they have norm `bound` at most; NaN if one is not finite."""
    first, *others = (backend.sum(backend.square(rows.values_of(g))) for g in gradients)
    norm = backend.emit("sqrt", sum(others, first))
    scale = bound / backend.maximum(norm, bound)
    scale = backend.select(backend.emit("is_finite", norm), scale, float("nan"))
    return [rows.on_values(lambda values: values * scale, g) for g in gradients]
