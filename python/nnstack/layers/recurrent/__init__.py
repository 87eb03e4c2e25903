"""Recurrent layers: RNN and the cells it runs, one family of cells per file."""

from typing import Any


def __getattr__(name: str) -> Any:  # Keras 2 kept the layers here
    from nnstack import layers

    if name.lstrip("_") == "time_distributed_dense":
        from nnstack.layers.recurrent.legacy import time_distributed_dense

        return time_distributed_dense
    return getattr(layers, name)
