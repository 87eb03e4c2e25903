"""Which of two values of a watched quantity is better."""

from __future__ import annotations

import math
import warnings
from typing import Any

_MODES = ("auto", "min", "max")
_HIGHER_IS_BETTER = ("auc", "precision", "recall", "fmeasure")


class Monitor:
    """`monitor` a name in logs; `mode` 'min', 'max' or 'auto' (from the name); `min_delta` what counts as a change."""

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0.0, who: str = "callback") -> None:
        if mode not in _MODES:
            warnings.warn(f"{who}: expected mode 'auto', 'min' or 'max', got {mode!r}; 'auto' is used", stacklevel=3)
            mode = "auto"
        self.name = monitor
        self._who = who
        by_name = "acc" in monitor or monitor.startswith("fmeasure") or monitor.endswith(_HIGHER_IS_BETTER)
        self._higher = mode == "max" or (mode == "auto" and by_name)
        self.min_delta = abs(min_delta)
        self.worst = -math.inf if self._higher else math.inf

    def better(self, value: float, than: float) -> bool:
        """True if `value` beats `than` by more than `min_delta`."""
        return value - self.min_delta > than if self._higher else value + self.min_delta < than

    def value(self, logs: dict[str, Any] | None) -> float | None:
        """The watched number; warns and gives None if it is not in the logs."""
        found = (logs or {}).get(self.name)
        if found is None:
            names = ", ".join(logs or {}) or "nothing"
            warnings.warn(f"{self._who}: {self.name!r} is not in the logs; they hold {names}", stacklevel=3)
        return None if found is None else float(found)
