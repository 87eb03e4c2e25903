"""Progbar: a progress bar for terminals, notebooks and plain log files."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from nnstack.utils.io_utils import print_msg


class Progbar:
    """Shows `current` of `target` steps with times and values.

    `target` number of steps, None if not known; `width` of the bar; `verbose` 0 silent, 1 bar, 2 one line at the end;
    `interval` least seconds between two drawings; `stateful_metrics` names that are shown as they are, not averaged;
    `unit_name` what is counted. Source: https://keras.io/2.16/api/utils/
    """

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Any = None,
        unit_name: str = "step",
    ) -> None:
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.stateful_metrics = set(stateful_metrics or [])
        self.unit_name = unit_name
        self._dynamic = (
            (hasattr(sys.stdout, "isatty") and sys.stdout.isatty())
            or "ipykernel" in sys.modules
            or "PYCHARM_HOSTED" in os.environ
        )
        self._start = time.perf_counter()
        self._drawn = 0.0
        self._written = 0
        self._sums: dict[str, tuple[float, float]] = {}
        self._seen = 0

    # -- Keras's own interface ----------------------------------------------------------------------------------------
    def update(self, current: int, values: Any = None, finalize: bool | None = None) -> None:
        """Shows step `current`; `values` are (name, value) pairs, averaged over the steps unless stateful."""
        for name, value in values or []:
            if name in self.stateful_metrics:
                self._sums[name] = (float(value), 1.0)
            else:
                total, count = self._sums.get(name, (0.0, 0.0))
                steps = max(current - self._seen, 1)
                self._sums[name] = (total + float(value) * steps, count + steps)
        self._seen = current
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        if finalize and self.target is None:
            self.target = current
        if finalize or self.shows_now(current):
            self.show(
                current, [(name, total / max(count, 1.0)) for name, (total, count) in self._sums.items()], finalize
            )

    def add(self, n: int, values: Any = None) -> None:
        """Shows `n` more steps."""
        self.update(self._seen + n, values)

    # -- drawing ------------------------------------------------------------------------------------------------------
    def shows_now(self, current: int) -> bool:
        """True if it is time for the next drawing. Where the output is no terminal only the end is written."""
        if self.verbose != 1 or not self._dynamic or (self.target is not None and current >= self.target):
            return False
        return time.perf_counter() - self._drawn >= self.interval

    def show(self, current: int, values: list[tuple[str, Any]], final: bool) -> None:
        """Draws the bar with these values; `final` ends the line."""
        now = time.perf_counter()
        self._drawn = now
        if self.verbose == 0 or (self.verbose == 2 and not final):
            return
        numbers = "".join(f" - {name}: {_short(value)}" for name, value in values)
        spent = now - self._start
        per_step = spent / max(current, 1)
        if self.verbose == 2:
            count = f"{current}/{self.target}" if self.target is not None else str(current)
            line = (
                f"{count} - {spent:.0f}s{numbers} - {_duration(spent)}/epoch - {_duration(per_step)}/{self.unit_name}"
            )
            print_msg(line)
            return
        line = self._bar(current)
        if final:
            line += f" - {spent:.0f}s {_duration(per_step)}/{self.unit_name}"
        elif self.target is not None:
            line += f" - ETA: {_clock(per_step * (self.target - current))}"
        else:
            line += f" - {spent:.0f}s {_duration(per_step)}/{self.unit_name}"
        line += numbers
        padding = " " * max(0, self._written - len(line))
        print_msg(("\r" if self._dynamic else "") + line + padding + ("\n" if final else ""), line_break=False)
        self._written = 0 if final else len(line)

    def _bar(self, current: int) -> str:
        if self.target is None:
            return f"{current:>7}/Unknown"
        digits = len(str(self.target))
        filled = int(self.width * current / max(self.target, 1))
        arrow = "=" * max(filled - 1, 0) + (("=" if current >= self.target else ">") if filled > 0 else "")
        return f"{current:>{digits}}/{self.target} [{arrow:.<{self.width}}]"


def _short(value: Any) -> str:
    number = float(value)
    return f"{number:.4f}" if abs(number) > 1e-3 or number == 0 else f"{number:.4e}"


def _duration(seconds: float) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole > 60 else f"{whole}s"
