"""`tf.compat.v1`, and names of TensorFlow 1 that stand at the head of old Keras programs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from nnstack import backend
from nnstack.backend.variable import eager_by_default
from nnstack.compat import tensors

ERROR, WARN, INFO, DEBUG, FATAL = 40, 30, 20, 10, 50


class ConfigProto:
    """Settings of a session: any attribute may be set, none has an effect (threads: nnstack.set_num_threads)."""

    def __init__(self, **settings: Any) -> None:
        self.__dict__.update(settings)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__dict__[name] = value = ConfigProto()
        return value


GPUOptions = Graph = ConfigProto


class Session(backend.Session):
    """A session takes settings, and is a context."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        self.graph = graph

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """The numbers of tensors; None for what initialisers gave, which has been done."""
        return None if fetches is None else super().run(fetches, feed_dict)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def as_default(self) -> Session:
        """The session itself."""
        return self

    def close(self) -> None:
        """Nothing is held."""


InteractiveSession = Session


def get_default_session() -> Any:
    """The session in use."""
    return backend.get_session()


def disable_eager_execution() -> None:
    """Variables are symbols again where no function runs, as in Keras 2 and TensorFlow 1."""
    if tensors.active():
        eager_by_default(False)


def enable_eager_execution(*_: Any, **__: Any) -> None:
    """Variables read as numbers where no graph is recorded."""
    eager_by_default(True)


disable_v2_behavior, enable_v2_behavior = disable_eager_execution, enable_eager_execution


def global_variables_initializer() -> None:
    """Nothing: variables have their numbers as soon as they are made."""


local_variables_initializer = global_variables_initializer


class _DefaultGraph(ConfigProto):
    @contextlib.contextmanager
    def as_default(self) -> Iterator[_DefaultGraph]:
        """Nothing changes inside."""
        yield self

    def get_operations(self) -> list[Any]:
        """No list is kept."""
        return []

    def finalize(self) -> None:
        """Nothing."""


def get_default_graph() -> Any:
    """A stand-in: tensors belong to no common graph."""
    return _DefaultGraph()


def reset_default_graph() -> None:
    """Same as keras.backend.clear_session."""
    backend.clear_session()


def set_random_seed(seed: int) -> None:
    """Same as tf.random.set_seed."""
    backend.seed_stream(int(seed))


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """A symbolic input, for keras.backend.function or Session.run."""
    return backend.placeholder(() if shape is None else tuple(shape), dtype=str(dtype), name=name)


def to_float(x: Any, name: Any = None) -> Any:
    """Cast to float32."""
    return backend.cast(x, "float32")


def to_int32(x: Any, name: Any = None) -> Any:
    """Cast to int32."""
    return backend.cast(x, "int32")


def set_verbosity(level: Any = 0) -> None:
    """Nothing: there are no logs."""
