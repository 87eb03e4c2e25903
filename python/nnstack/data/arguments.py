"""Arguments that say how data are used: counts, fractions and choices, checked before anything else is done."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from nnstack.data.queue import Reading

_NUMBER: Any = Real  # untyped, so that mypy takes what passed the check for a number


def whole_number(value: Any, name: str, title: str, least: int = 1) -> int:
    """`value` as an int of at least `least`; `TypeError` for what is no number, `ValueError` for another number."""
    if isinstance(value, bool) or not isinstance(value, _NUMBER):
        raise TypeError(f"{title}: expected a whole number as {name}, got {value!r} of type {type(value).__name__}")
    if not isinstance(value, Integral) and not float(value).is_integer():
        raise ValueError(f"{title}: expected a whole number as {name}, got {value!r}")
    if value < least:
        raise ValueError(f"{title}: expected {name} of at least {least}, got {value!r}")
    return int(value)


def whole_number_or_none(value: Any, name: str, title: str) -> int | None:
    """The same, where None means "not given"."""
    return None if value is None else whole_number(value, name, title)


def split_fraction(value: Any, title: str) -> float:
    """`validation_split`: None and 0 mean none, else a share of the samples between 0 and 1."""
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, _NUMBER):
        raise TypeError(f"{title}: expected a number as validation_split, got {value!r} of type {type(value).__name__}")
    if not 0 <= value < 1:
        raise ValueError(f"{title}: expected validation_split between 0 and 1, got {value}")
    return float(value)


def verbosity(value: Any, title: str) -> int:
    """0, 1 or 2; 'auto' is 1."""
    if isinstance(value, str) and value == "auto":
        return 1
    if not isinstance(value, Integral) or value not in (0, 1, 2):
        kind = ValueError if isinstance(value, Integral | str) else TypeError
        raise kind(f"{title}: expected verbose 'auto', 0 (silent), 1 (bar) or 2 (line per epoch), got {value!r}")
    return int(value)


def shuffling(value: Any, title: str) -> bool | str:
    """True, False or 'batch'; None is False."""
    if isinstance(value, str):
        if value != "batch":
            raise ValueError(f"{title}: expected shuffle True, False or 'batch', got {value!r}")
        return value
    return bool(value)


def validation_epochs(value: Any, title: str) -> Container[int]:
    """The epochs, counted from 1, in which validation runs: every n-th, or those in the container given."""
    if isinstance(value, Container) and not isinstance(value, str | bytes):
        return value
    return _EveryNth(whole_number(value, "validation_freq", title))


class _EveryNth:
    def __init__(self, step: int) -> None:
        self._step = step

    def __contains__(self, epoch: object) -> bool:
        return isinstance(epoch, int) and epoch % self._step == 0


def class_weights(value: Any, title: str) -> Mapping[Any, Any] | None:
    """A dict class -> number, or such dicts by output name; None and an empty dict mean none."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError(
            f"{title}: expected class_weight as a dict {{class: weight}}, got {value!r} of type {type(value).__name__}"
        )
    for key, weight in _class_entries(value):
        if isinstance(weight, bool) or not isinstance(weight, _NUMBER):
            raise TypeError(f"{title}: expected a number as class_weight of class {key!r}, got {weight!r}")
    return value or None


def _class_entries(value: Mapping[Any, Any]) -> Iterable[tuple[Any, Any]]:
    for key, weight in value.items():
        yield from weight.items() if isinstance(weight, Mapping) else [(key, weight)]


def reading(workers: Any, use_multiprocessing: Any, max_queue_size: Any, title: str) -> Reading:
    """How batches of generators and Sequences are read ahead; `workers=0`: not at all, on the caller's thread."""
    workers = whole_number(1 if workers is None else workers, "workers", title, least=0)
    return Reading(workers, bool(use_multiprocessing), whole_number(max_queue_size, "max_queue_size", title, least=0))


_KERAS_1 = {
    "samples_per_epoch": "steps_per_epoch",
    "nb_epoch": "epochs",
    "nb_val_samples": "validation_steps",
    "val_samples": "steps",
    "max_q_size": "max_queue_size",
    "nb_worker": "workers",
    "pickle_safe": "use_multiprocessing",
}


def from_keras_1(generator: Any, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of Keras 1's `fit_generator` and its like under today's names, as Keras 2 reads them: the samples
    of an epoch are batches, unless the generator says how large its batches are.
    """
    named = {_KERAS_1.get(name, name): value for name, value in kwargs.items()}
    if "samples_per_epoch" in kwargs and hasattr(generator, "batch_size"):
        named["steps_per_epoch"] = kwargs["samples_per_epoch"] // generator.batch_size
    return named


def no_more(kwargs: Mapping[str, Any], title: str) -> None:
    """`TypeError` for keywords nobody knows."""
    if kwargs:
        raise TypeError(f"{title}: unknown argument {sorted(kwargs)[0]!r}")
