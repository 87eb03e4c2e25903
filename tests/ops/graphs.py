"""Random graphs for hypothesis: every kind of op a pass looks at, on values of a few sizes that fit together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from case import Array, random, vector
from hypothesis import strategies as st

from nnstack import _core as core

Draw = Callable[[st.SearchStrategy[Any]], Any]
Sized = tuple[core.Value, tuple[int, ...]]  # the shape is carried along: the value's own may hold unknowns

INPUTS = ((4, 5), (5,), (4, 1))
VARIABLES = ((4, 5), (4, 5), (5,), (5, 4))
UNARY = ("tanh", "sigmoid", "negative", "abs", "relu", "sin", "erf", "identity", "stop_gradient")
BINARY = ("add", "subtract", "multiply", "maximum", "minimum")


class Graph:
    """A pool of values that grows; then some of them become outputs and updates."""

    def __init__(self, draw: Draw, unknown: bool) -> None:
        self.draw = draw
        self.inputs = [core.placeholder((None,) * len(s) if unknown else s) for s in INPUTS]
        self.arrays = [random(s, -1, 1, "float32", i) for i, s in enumerate(INPUTS)]
        self.starts = [random(s, -1, 1, "float32", 10 + i) for i, s in enumerate(VARIABLES)]
        self.variables = [core.Variable(f"v{i}", a) for i, a in enumerate(self.starts)]
        self.state = core.Variable("state", vector(7, 0), random_state=True)
        self.pool: list[Sized] = list(zip(self.inputs, INPUTS, strict=True))
        self.pool += [(v.value, v.shape) for v in self.variables]
        self.pool += [(core.constant(np.float32(n)), ()) for n in (1, 2, 0.5)]
        self.pool.append((core.constant(random((5,), -1, 1, "float32")), (5,)))
        often = (self.unary, self.unary, self.binary, self.binary, self.binary, self.dense, self.dense)
        moving = (self.reshape, self.transpose, self.slice, self.concat, self.gather)
        other = (
            self.choose,
            self.matmul,
            self.reduce,
            self.random,
            self.softmax,
            self.through_half,
            self.phase,
            self.loop,
        )
        steps = (*often, *moving, *other, self.differentiate)
        for step in draw(st.lists(st.sampled_from(steps), min_size=8, max_size=24)):
            step()
        self.outputs = [self.pick()[0] for _ in range(draw(st.integers(1, 3)))]
        self.updates = []
        for variable in self.variables:
            if draw(st.booleans()):
                self.updates.append((variable, self.pick(lambda shape, wanted=variable.shape: shape == wanted)[0]))

    def pick(self, fits: Callable[[tuple[int, ...]], bool] = lambda shape: True) -> Sized:
        fitting = [sized for sized in self.pool if fits(sized[1])]
        # One of the latest, so that most of what is made is used again.
        return fitting[-1 - self.draw(st.integers(0, min(len(fitting), 5) - 1))]

    def add(self, op: str, inputs: list[core.Value], shape: tuple[int, ...], **attributes: Any) -> None:
        self.pool.append((core.emit(op, inputs, attributes)[0], shape))

    def unary(self) -> None:
        x, shape = self.pick()
        self.add(self.draw(st.sampled_from(UNARY)), [x], shape)

    def pair(self) -> tuple[list[core.Value], tuple[int, ...]]:
        x, shape = self.pick()

        def fits(other: tuple[int, ...]) -> bool:
            try:
                np.broadcast_shapes(shape, other)
            except ValueError:
                return False
            return True

        y, other = self.pick(fits)
        return [x, y], np.broadcast_shapes(shape, other)

    def binary(self) -> None:
        values, shape = self.pair()
        self.add(self.draw(st.sampled_from(BINARY)), values, shape)

    def choose(self) -> None:
        values, shape = self.pair()
        condition = core.emit("less", values)[0]
        self.add("select", [condition, *values], shape)

    def phase(self) -> None:
        x, shape = self.pick()
        self.add("switch", [core.learning_phase(), core.emit("tanh", [x])[0], x], shape)

    def matmul(self) -> None:
        a, shape = self.pick(lambda s: len(s) == 2)
        transposed = self.draw(st.booleans())
        k = shape[0] if transposed else shape[1]
        b, other = self.pick(lambda s: len(s) == 2 and k in s)
        across = other[0] != k
        size = (shape[1] if transposed else shape[0], other[0] if across else other[1])
        self.add("matmul", [a, b], size, transpose_a=transposed, transpose_b=across)

    def dense(self) -> None:
        self.matmul()
        for step in (self.binary, self.unary, self.binary):
            if self.draw(st.booleans()):
                step()

    def reduce(self) -> None:
        sized = self.pick(lambda s: len(s) > 0)
        x, shape = sized
        axis, keep = self.draw(st.integers(0, len(shape) - 1)), self.draw(st.booleans())
        smaller = (*shape[:axis], *((1,) if keep else ()), *shape[axis + 1 :])
        self.add(self.draw(st.sampled_from(("sum", "mean", "max"))), [x], smaller, axes=[axis], keepdims=keep)

    def reshape(self) -> None:
        x, shape = self.pick()
        size = int(np.prod(shape))
        targets = {1: [(), (1,)], 4: [(4, 1), (2, 2)], 5: [(5,), (1, 5)], 20: [(4, 5), (5, 4), (20,), (2, 2, 5)]}
        target = self.draw(st.sampled_from(targets.get(size, [(size,)])))
        self.add("reshape", [x, core.constant(vector(*target))], target)

    def transpose(self) -> None:
        x, shape = self.pick()
        order = self.draw(st.permutations(range(len(shape))))
        self.add("transpose", [x], tuple(shape[k] for k in order), permutation=list(order))

    def slice(self) -> None:
        x, shape = self.pick(lambda s: len(s) > 0 and s[0] > 1)
        rest = [None] * (len(shape) - 1)
        if self.draw(st.booleans()):
            self.add("slice", [x], (shape[0] - 1, *shape[1:]), begins=[1, *rest], ends=[None, *rest], steps=[1, *rest])
        else:
            self.add("slice", [x], shape, begins=[None, *rest], ends=[None, *rest], steps=[-1, *rest])

    def concat(self) -> None:
        x, shape = self.pick(lambda s: len(s) > 0 and s[0] < 10)
        self.add("concat", [x, x], (2 * shape[0], *shape[1:]), axis=0)

    def loop(self) -> None:
        """A scan along the first axis whose step uses other values, too, and may draw or branch."""
        x, (length, *rest) = self.pick(lambda s: len(s) > 0)
        shape = tuple(rest)
        slice_ = core.placeholder(shape)
        state = core.placeholder(shape)
        other, _ = self.pick(lambda s: s in ((), shape))
        y = core.emit(self.draw(st.sampled_from(BINARY)), [slice_, state])[0]
        if self.draw(st.booleans()):
            y = core.emit("multiply", [core.emit("tanh", [y])[0], other])[0]
        if self.draw(st.booleans()):
            y = core.emit("switch", [core.learning_phase(), y, core.emit("sin", [slice_])[0]])[0]
        result = core.emit("sigmoid", [y])[0] if self.draw(st.booleans()) else y
        body, captured = core.close_body([state, slice_], [core.emit("tanh", [y])[0], result])
        start = core.emit("broadcast_to", [core.constant(np.float32(0.3)), core.constant(vector(*shape))])[0]
        wiring = {"body": body, "states": 1, "sequences": 1, "reverse": self.draw(st.booleans())}
        outputs = core.emit("scan", [start, x, *captured], wiring)
        which = self.draw(st.sampled_from((0, 1, 2)))
        self.pool.append((outputs[which], shape if which == 0 else (length, *shape)))

    def softmax(self) -> None:
        x, shape = self.pick(lambda s: len(s) > 0)
        self.add(self.draw(st.sampled_from(("softmax", "log_softmax"))), [x], shape)

    def gather(self) -> None:
        x, shape = self.pick(lambda s: len(s) > 0 and s[0] >= 4)
        self.add("gather", [x, core.constant(vector(3, 0, 3, 1))], (4, *shape[1:]), axis=0)

    def through_half(self) -> None:
        x, shape = self.pick()
        half = core.emit("cast", [x], {"dtype": "float16"})[0]
        self.add("cast", [core.emit("add", [half, half])[0]], shape, dtype="float32")

    def random(self) -> None:
        x, shape = self.pick()
        stream = self.draw(st.integers(0, 2))
        self.add("random_uniform", [self.state.value, core.emit("shape_of", [x])[0]], shape, stream=stream)

    def differentiate(self) -> None:
        y, _ = self.pick()
        chosen = self.draw(st.sampled_from(self.variables))
        gradient = core.gradients([y], [chosen.value])[0]
        if gradient is not None:
            rate = core.constant(np.float32(0.1))
            self.pool.append((gradient, chosen.shape))
            self.add("subtract", [chosen.value, core.emit("multiply", [rate, gradient])[0]], chosen.shape)

    def reset(self) -> None:
        for variable, start in zip(self.variables, self.starts, strict=True):
            variable.assign(start)
        self.state.assign(vector(7, 0))

    def draws(self, training: bool) -> bool:
        """Whether a run reads the random state, branches that are not taken left out."""
        stack = [*self.outputs, *(value for _, value in self.updates)]
        seen: set[core.Value] = set()  # holds them, so that they keep their identity
        while stack:
            value = stack.pop()
            if value in seen:
                continue
            seen.add(value)
            if value.op == "random_uniform":
                return True
            inputs = value.inputs
            stack += [inputs[1 if training else 2]] if value.op == "switch" else inputs
        return False

    def interpret(self, training: bool) -> tuple[list[Array], list[Array]]:
        """Outputs, and the variables after the run."""
        wanted = [*self.outputs, *(value for _, value in self.updates)]
        found = core.interpret(self.inputs, wanted, self.arrays, training)
        new = {
            variable.name: array for (variable, _), array in zip(self.updates, found[len(self.outputs) :], strict=True)
        }
        return found[: len(self.outputs)], [new.get(v.name, v.numpy()) for v in self.variables]
