"""`tf.distribute` on one device: programs written for several run as they would with a single replica."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from nnstack import backend
from nnstack.utils import nest


class ReduceOp:
    """How `Strategy.reduce` brings the replicas' values together."""

    SUM = "SUM"
    MEAN = "MEAN"


class Strategy:
    """One replica on the current device. ValueError if more devices are asked for."""

    num_replicas_in_sync = 1
    extended = None

    def __init__(self, devices: Any = None, **_: Any) -> None:
        if isinstance(devices, list | tuple) and len(devices) > 1:
            raise ValueError(f"tf.distribute: nnstack trains on one device, got {list(devices)}. Give one")

    @contextlib.contextmanager
    def scope(self) -> Iterator[Strategy]:
        """Nothing changes inside."""
        yield self

    def run(self, fn: Callable[..., Any], args: Any = (), kwargs: Any = None, options: Any = None) -> Any:
        """`fn(*args, **kwargs)`."""
        return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        """The value of the one replica, summed or averaged over `axis` if one is given."""
        if axis is None:
            return value
        function = backend.sum if "SUM" in str(reduce_op).upper() else backend.mean
        return nest.map_structure(lambda leaf: function(leaf, axis=axis), value)

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        """The data set itself."""
        return dataset

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """The one result."""
        return (value,)


MirroredStrategy = OneDeviceStrategy = Strategy
_default = Strategy()


def get_strategy() -> Strategy:
    """The one replica."""
    return _default


def has_strategy() -> bool:
    """False: nothing is distributed."""
    return False


def in_cross_replica_context() -> bool:
    """True: no replica's code is running."""
    return True


def get_replica_context() -> None:
    """None: no replica's code is running."""
