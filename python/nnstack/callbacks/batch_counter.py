"""Counting batches over epochs, for callbacks that act every so many of them."""

from __future__ import annotations


class BatchCounter:
    """Counts batches since the last time they were due; batches may pass many at a time."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.since = 0
        self._seen_to = 0  # batches of this epoch already counted

    def get_state(self) -> list[int]:
        """What `set_state` needs to count on."""
        return [self.since, self._seen_to]

    def set_state(self, state: list[int]) -> None:
        """Takes what `get_state` gave."""
        self.since, self._seen_to = (int(number) for number in state)

    def start_epoch(self, done: int = 0) -> None:
        """A new epoch begins, of which `done` batches are over already."""
        self._seen_to = done

    def until_due(self, batch: int) -> int:
        """How many batches from `batch` on may pass before the one after which `take_due` is true."""
        return max(self.every - self.since - 1 - (batch - self._seen_to), 0)

    def count(self, done: int) -> None:
        """`done` batches of this epoch are over."""
        self.since += done - self._seen_to
        self._seen_to = done

    def take_due(self) -> bool:
        """True every `every` batches; counting then starts again."""
        if self.since < self.every:
            return False
        self.since = 0
        return True
