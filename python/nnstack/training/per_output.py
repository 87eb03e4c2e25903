"""Arguments of compile() that may be given once, per output as a list, or per output as a dict by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nnstack import metrics
from nnstack.utils.generic_utils import UnknownNameError


def spread(value: Any, names: Sequence[str], argument: str, *, one_for_all: bool) -> list[Any]:
    """One entry per output name.

    None gives None everywhere; a list one to one; a dict by name, None where a name is missing; a single value goes
    to every
    output if `one_for_all`, else it needs exactly one output. Raises `ValueError` naming the argument and what it
    accepts.
    """
    if value is None:
        return [None] * len(names)
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in names]
        if unknown:
            raise ValueError(
                f"compile: {argument} names unknown outputs {', '.join(map(repr, unknown))}; the outputs are "
                f"{_listed(names)}"
            )
        return [value.get(name) for name in names]
    if isinstance(value, list | tuple):
        if len(value) != len(names):
            raise ValueError(
                f"compile: expected {len(names)} entries in {argument}, one per output ({_listed(names)}), got "
                f"{len(value)}"
            )
        return list(value)
    if one_for_all or len(names) == 1:
        return [value] * len(names)
    raise ValueError(
        f"compile: expected {argument} as a list or dict with one entry per output ({_listed(names)}), got {value!r}"
    )


def spread_metrics(value: Any, names: Sequence[str], argument: str) -> list[list[Any]]:
    """Lists of metrics per output: a flat list, or one metric, goes to every output, a list of lists or a dict to each
    its own.
    """
    if value is None:
        return [[] for _ in names]
    if isinstance(value, Mapping):
        return [_as_metrics(one) for one in spread(value, names, argument, one_for_all=False)]
    if isinstance(value, str | metrics.Metric) or callable(value):
        value = [value]
    if not isinstance(value, list | tuple):
        raise ValueError(f"compile: expected {argument} as a list or dict, got {value!r}")
    if any(isinstance(item, list | tuple) for item in value) or (
        len(names) > 1 and len(value) == len(names) and any(v is None for v in value)
    ):
        return [_as_metrics(one) for one in spread(value, names, argument, one_for_all=False)]
    return [list(value) for _ in names]


def _as_metrics(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def output_names_for(count: int, structure: Any = None) -> list[str]:
    """Names of a subclassed model's outputs: a dict's keys, else `output_1`, `output_2`, ..."""
    if isinstance(structure, Mapping):
        return sorted(structure)
    return [f"output_{position + 1}" for position in range(count)]


def named(argument: str, get: Callable[[Any], Any], identifier: Any, also: Iterable[str] = ()) -> Any:
    """`get(identifier)`; for an unknown name a `ValueError` that names the argument, what comes near and what is
    accepted: what `get` knows, and `also`.
    """
    try:
        return get(identifier)
    except UnknownNameError as error:
        raise ValueError(f"compile: unknown {argument} {identifier!r}.{error.advice(also)}") from None
