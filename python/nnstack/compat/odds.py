"""Names of `tf` that steer a program and stand alone: averages of variables, names of settings, TPUs, test cases."""

from __future__ import annotations

import contextlib
import time
import unittest
from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from nnstack import backend as K
from nnstack.compat.strategy import Strategy
from nnstack.utils import nest


class VariableAggregation(Enum):
    """How replicas' changes of a variable come together; there is one replica."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


class VariableSynchronization(Enum):
    """When replicas' variables are brought together; there is one replica."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class AggregationMethod:
    """Names that change nothing."""

    ADD_N = DEFAULT = 0
    EXPERIMENTAL_TREE = EXPERIMENTAL_ACCUMULATE_N = 1


class IndexedSlices(NamedTuple):
    """Rows of a tensor and where they stand in it."""

    values: Any
    indices: Any
    dense_shape: Any = None


# What programs catch: nnstack raises Python's own errors.
OpError, AlreadyExistsError, PermissionDeniedError = RuntimeError, FileExistsError, PermissionError


def timestamp(name: Any = None) -> Any:
    """Seconds since 1970."""
    return K.convert(np.float64(time.time()))


def scan(
    fn: Any, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False, name: Any = None,
) -> Any:  # fmt: skip
    """All states of state = fn(state, element); the first element is the first state if none is given."""
    leaves = [K.convert(one) for one in nest.flatten(elems)]
    count = int(leaves[0].shape[0] or 0)
    places = list(range(count))[::-1] if reverse else list(range(count))

    def element(place: int) -> Any:
        return nest.pack_as(elems, iter([one[place] for one in leaves])) if nest.is_nested(elems) else leaves[0][place]

    state = element(places.pop(0)) if initializer is None else nest.map_structure(K.convert, initializer)
    states = [state] if initializer is None else []
    for place in places:
        state = fn(state, element(place))
        states.append(state)
    states = states[::-1] if reverse else states
    rows = [nest.flatten(one) for one in states]
    return nest.pack_as(states[0], iter([K.stack(list(column)) for column in zip(*rows, strict=True)]))


def bitwise_and(x: Any, y: Any, name: Any = None) -> Any:
    """The bits of both; computed by numpy, from numbers."""
    return K.convert(np.bitwise_and(K.convert(x).numpy(), K.convert(y).numpy()))


def bitwise_or(x: Any, y: Any, name: Any = None) -> Any:
    """The bits of one or both; computed by numpy, from numbers."""
    return K.convert(np.bitwise_or(K.convert(x).numpy(), K.convert(y).numpy()))


def bitwise_xor(x: Any, y: Any, name: Any = None) -> Any:
    """The bits of one of both; computed by numpy, from numbers."""
    return K.convert(np.bitwise_xor(K.convert(x).numpy(), K.convert(y).numpy()))


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """The structure with these leaves; ValueError if their number is another one."""
    leaves = list(flat_sequence)
    if len(leaves) != len(nest.flatten(structure)):
        raise ValueError(f"tf.nest.pack_sequence_as: {len(nest.flatten(structure))} leaves, got {len(leaves)}")
    return nest.pack_as(structure, iter(leaves)) if nest.is_nested(structure) else leaves[0]


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """ValueError unless the two nest in the same way."""

    def form(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: form(one[key]) for key in sorted(one)}
        return [form(part) for part in one] if isinstance(one, list | tuple) else None

    if form(nest1) != form(nest2):
        raise ValueError(f"The two structures don't have the same nested structure: {nest1}, {nest2}")


class ExponentialMovingAverage:
    """Averages of variables: average <- decay * average + (1 - decay) * variable at each `apply`.

    With `num_updates` the decay is at most (1 + num_updates) / (10 + num_updates).
    """

    def __init__(self, decay: float, num_updates: Any = None, zero_debias: bool = False, name: Any = None) -> None:
        self._decay, self._steps = float(decay), num_updates
        self._averages: dict[int, tuple[Any, K.Variable]] = {}

    def apply(self, var_list: Any = None) -> None:
        """Takes the variables' values into account; the first time they are the averages."""
        decay = self._decay
        if self._steps is not None:
            steps = float(self._steps)
            decay = min(decay, (1.0 + steps) / (10.0 + steps))
        for variable in var_list or []:
            if id(variable) not in self._averages:
                held = K.Variable(variable.numpy(), variable.dtype, trainable=False)
                self._averages[id(variable)] = (variable, held)
            else:
                held = self._averages[id(variable)][1]
                held.assign(held * decay + K.convert(variable) * (1.0 - decay))

    def average(self, var: Any) -> Any:
        """The average of a variable, None before `apply`."""
        found = self._averages.get(id(var))
        return None if found is None else found[1]


class TestCase(unittest.TestCase):
    """unittest's TestCase with checks of arrays."""

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None) -> None:
        """AssertionError unless all numbers are close."""
        for one, other in zip(nest.flatten(a), nest.flatten(b), strict=True) if isinstance(a, dict) else [(a, b)]:
            np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol, atol)

    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """AssertionError unless all elements are equal."""
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: Any = None) -> None:
        """AssertionError unless the shapes are equal."""
        self.assertEqual(tuple(input_a.shape), tuple(input_b.shape))

    @contextlib.contextmanager
    def session(self, *_: Any, **__: Any) -> Iterator[None]:
        """Nothing changes inside."""
        yield


def TPUClusterResolver(tpu: Any = None, *_: Any, **__: Any) -> Any:
    """ValueError: there is no TPU. Programs that look for one catch it and go on with another strategy."""
    raise ValueError("TPUClusterResolver: nnstack has no TPU. Please provide a TPU Name to connect to")


def initialize_tpu_system(cluster_resolver: Any = None) -> None:
    """ValueError: there is no TPU."""
    raise ValueError("initialize_tpu_system: nnstack has no TPU")


class TPUStrategy(Strategy):
    """ValueError: there is no TPU."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise ValueError("TPUStrategy: nnstack has no TPU. Use tf.distribute.get_strategy()")


def main(argv: Any = None) -> None:
    """Runs the test cases of the program."""
    unittest.main(argv=argv)


def decode_wav(contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: Any = None) -> Any:
    """(samples, rate): float32 (time, channels) between -1 and 1 of the bytes of a .wav file, cut or filled up with
    zeros to `desired_samples`.
    """
    from nnstack.preprocessing.audio import wav_samples

    data = contents.numpy() if hasattr(contents, "numpy") else contents
    samples, rate = wav_samples(data, "tf.audio.decode_wav")
    if desired_channels > 0:
        samples = samples[:, :desired_channels]
    if desired_samples >= 0:
        samples = np.pad(samples[:desired_samples], [(0, max(0, desired_samples - len(samples))), (0, 0)])
    return DecodedWav(K.convert(samples), K.convert(np.int32(rate)))


class DecodedWav(NamedTuple):
    """Samples and their number per second."""

    audio: Any
    sample_rate: Any
