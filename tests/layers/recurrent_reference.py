"""Recurrent layers in plain numpy, step by step, to compare with."""

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = list[np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def simple(weights: Arrays) -> Callable[..., Any]:
    kernel, recurrent, bias = weights

    def step(x: np.ndarray, states: Arrays) -> tuple[np.ndarray, Arrays]:
        h = np.tanh(x @ kernel + states[0] @ recurrent + bias)
        return h, [h]

    return step


def gru(weights: Arrays, reset_after: bool) -> Callable[..., Any]:
    kernel, recurrent, bias = weights
    n = recurrent.shape[0]

    def step(x: np.ndarray, states: Arrays) -> tuple[np.ndarray, Arrays]:
        (h,) = states
        a = x @ kernel + (bias[0] if reset_after else bias)
        if reset_after:
            b = h @ recurrent + bias[1]
            z, r = sigmoid(a[:, :n] + b[:, :n]), sigmoid(a[:, n : 2 * n] + b[:, n : 2 * n])
            candidate = np.tanh(a[:, 2 * n :] + r * b[:, 2 * n :])
        else:
            z = sigmoid(a[:, :n] + h @ recurrent[:, :n])
            r = sigmoid(a[:, n : 2 * n] + h @ recurrent[:, n : 2 * n])
            candidate = np.tanh(a[:, 2 * n :] + (r * h) @ recurrent[:, 2 * n :])
        h = z * h + (1 - z) * candidate
        return h, [h]

    return step


def lstm(weights: Arrays) -> Callable[..., Any]:
    kernel, recurrent, bias, *peepholes = weights
    n = recurrent.shape[0]
    w_i, w_f, w_o = peepholes or [np.zeros(n)] * 3

    def step(x: np.ndarray, states: Arrays) -> tuple[np.ndarray, Arrays]:
        h, c = states
        a = x @ kernel + h @ recurrent + bias
        i, f = sigmoid(a[:, :n] + w_i * c), sigmoid(a[:, n : 2 * n] + w_f * c)
        c = f * c + i * np.tanh(a[:, 2 * n : 3 * n])
        h = sigmoid(a[:, 3 * n :] + w_o * c) * np.tanh(c)
        return h, [h, c]

    return step


def run(
    step: Callable[..., Any],
    x: np.ndarray,
    states: Arrays,
    mask: np.ndarray | None = None,
    backwards: bool = False,
    zero_masked: bool = False,
) -> tuple[np.ndarray, Arrays]:
    """(outputs of all steps in the order they are made, last states)."""
    outputs: Arrays = []
    for t in range(x.shape[1])[::-1] if backwards else range(x.shape[1]):
        out, new = step(x[:, t], states)
        if mask is not None:
            keep = mask[:, t][:, None]
            before = np.zeros_like(out) if zero_masked or not outputs else outputs[-1]
            out = np.where(keep, out, before)
            new = [np.where(keep, a, b) for a, b in zip(new, states, strict=True)]
        outputs.append(out)
        states = new
    return np.stack(outputs, 1), states
