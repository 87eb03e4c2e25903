"""Does the data fit the model? Checked before any work, with the arrays' and the model's names in the message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def check_lengths(groups: dict[str, Sequence[np.ndarray]], what: str, empty: bool = False) -> None:
    """All arrays have the same number of samples, at least one unless `empty`; `ValueError` lists them otherwise."""
    for group, arrays in groups.items():
        for array in arrays:
            if not array.shape:
                raise ValueError(f"{what}: expected {group} with a batch axis, got a single number")
    sizes = {group: [len(array) for array in arrays] for group, arrays in groups.items() if arrays}
    if len({size for group in sizes.values() for size in group}) > 1:
        listed = "; ".join(f"{group} has {', '.join(map(str, values))}" for group, values in sizes.items())
        raise ValueError(f"{what}: expected the same number of samples everywhere, got: {listed}")
    if sizes and not empty and not next(iter(sizes.values()))[0]:
        raise ValueError(f"{what}: expected at least one sample, got none")


def fit_inputs(
    arrays: list[np.ndarray], tensors: Sequence[Any] | None, names: Sequence[str], what: str
) -> list[np.ndarray]:
    """Arrays with the rank of the model's inputs; `ValueError` naming input, expected and given shape if they cannot
    be.
    """
    if tensors is None:
        return arrays
    if len(arrays) != len(tensors):
        rows = len(tensors) == 1 and all(array.ndim == len(tensors[0].shape) - 1 for array in arrays)
        hint = ". A list means one array per input; make one array of its rows: np.array(x)" if rows else ""
        raise ValueError(
            f"{what}: expected {len(tensors)} input array(s) ({', '.join(names)}), got {len(arrays)}{hint}"
        )
    return [
        _fit_input(array, tuple(t.shape), name, what) for array, t, name in zip(arrays, tensors, names, strict=True)
    ]


def _fit_input(array: np.ndarray, want: tuple[int | None, ...], name: str, what: str) -> np.ndarray:
    if array.ndim == len(want) - 1 and want[-1] == 1:
        array = array[..., np.newaxis]
    elif array.ndim == len(want) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    have = array.shape
    if len(have) != len(want) or any(a is not None and a != b for a, b in zip(want[1:], have[1:], strict=True)):
        hint = "Reshape the data or build the model for it"
        if len(have) == len(want) - 1:
            hint = "One sample alone needs a batch axis: x[np.newaxis, ...]"
        elif len(have) > len(want) and want[1:] == (int(np.prod(have[1:])),):
            hint = f"Flatten it: x.reshape(len(x), {want[1]})"
        raise ValueError(f'{what}: input "{name}" expects shape {want}, got {have}. {hint}')
    if want[0] is not None and len(array) % want[0]:
        raise ValueError(
            f'{what}: input "{name}" has the fixed batch size {want[0]}, so the number of samples must be a '
            f"multiple of it; got {len(array)}"
        )
    return array


def check_targets(
    arrays: Sequence[np.ndarray | None],
    outputs: Sequence[Any] | None,
    names: Sequence[str],
    losses: Sequence[Any],
    what: str,
) -> None:
    """Targets fit the outputs and the losses; `ValueError` naming output, loss, expected and given shape otherwise."""
    if outputs is None or not arrays:
        return
    if len(arrays) != len(outputs):
        raise ValueError(f"{what}: expected {len(outputs)} target array(s) ({', '.join(names)}), got {len(arrays)}")
    for array, output, name, loss in zip(arrays, outputs, names, losses, strict=True):
        if loss is not None and array is not None:
            _check_target(array, tuple(output.shape), name, loss, what)


def require_targets(model: Any, arrays: Any, kind: str, what: str) -> None:
    """Losses need targets: `ValueError` without y, unless the step is the model's own."""
    if not arrays.targets and model._needs_targets(kind):
        raise ValueError(f"{what}: expected targets y, which the loss of compile() needs, got none")


_ELEMENTWISE = frozenset(
    [
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "binary_crossentropy",
        "huber",
        "huber_loss",
        "log_cosh",
        "logcosh",
        "poisson",
        "kullback_leibler_divergence",
        "kl_divergence",
        "cosine_similarity",
    ]
)


def _check_target(array: np.ndarray, want: tuple[int | None, ...], name: str, loss: Any, what: str) -> None:
    kind = getattr(loss, "name", "") or ""
    have = array.shape
    start = f'{what}: output "{name}" has shape {want} and loss {kind}'
    if kind == "sparse_categorical_crossentropy":
        squeezed = have[:-1] if len(have) == len(want) and have[-1] == 1 else have
        if len(squeezed) != len(want) - 1 or _differs(want[1:-1], squeezed[1:]):
            expected = (*want[:-1],) if len(want) > 2 else (want[0],)
            hint = (
                "Use categorical_crossentropy for one-hot rows"
                if len(have) == len(want) and have[-1] == want[-1]
                else _LABELS
            )
            raise ValueError(
                f"{start}: expected integer labels of shape {expected}, got targets of shape {have}. {hint}"
            )
        ignores = loss.get_config().get("ignore_class") is not None
        if not ignores and array.dtype.kind in "iu" and array.size and want[-1] is not None:
            least, most = int(array.min()), int(array.max())
            if least < 0 or most >= want[-1]:
                raise ValueError(
                    f"{start}: expected labels from 0 to {want[-1] - 1}, got labels from {least} to {most}. {_LABELS}"
                )
    elif kind == "categorical_crossentropy":
        if len(have) != len(want) or have[-1] != want[-1] or _differs(want[1:], have[1:]):
            one_label = len(have) == len(want) - 1 or (len(have) == len(want) and have[-1] == 1)
            hint = (
                "Use sparse_categorical_crossentropy for integer labels, or one-hot rows: utils.to_categorical(y)"
                if one_label
                else _LABELS
            )
            raise ValueError(f"{start}: expected one-hot targets of shape {want}, got targets of shape {have}. {hint}")
    elif kind in _ELEMENTWISE:
        full = (
            have
            if len(have) == len(want)
            else (*have, 1)
            if len(have) == len(want) - 1 and want[-1] in (1, None)
            else None
        )
        if full is None or _differs(want[1:], full[1:]):
            raise ValueError(
                f"{start}: expected targets of shape {want}, got targets of shape {have}. Reshape the targets, or "
                "change the last layer"
            )


_LABELS = "Check the labels against the number of units of the last layer"


def _differs(want: Sequence[int | None], have: Sequence[int]) -> bool:
    return len(want) != len(have) or any(a is not None and a != b for a, b in zip(want, have, strict=True))


def check_weights(
    weights: Sequence[np.ndarray | None],
    targets: Sequence[np.ndarray | None],
    modes: Sequence[Any],
    names: Sequence[str],
    what: str,
) -> None:
    """Sample weights are 1-D, or 2-D with mode 'temporal' or to match the targets; `ValueError` otherwise."""
    for weight, target, mode, name in zip(weights, targets, modes, names, strict=False):
        if weight is None or target is None:
            continue
        if mode == "temporal" and (weight.ndim < 2 or target.ndim < 2 or weight.shape[:2] != target.shape[:2]):
            raise ValueError(
                f"{what}: sample_weight for output \"{name}\" with mode 'temporal' expects shape "
                f"{target.shape[:2]}, got {weight.shape}"
            )
        if weight.ndim > target.ndim and weight.ndim > 1:
            raise ValueError(
                f'{what}: sample_weight for output "{name}" expects shape {target.shape[:1]}, got {weight.shape}'
            )
