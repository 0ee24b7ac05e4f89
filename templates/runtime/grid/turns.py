"""The order in which a worker tries batches."""

from __future__ import annotations

import random
from collections.abc import Iterable


class Turns:
    """Gives each batch once, in order from some place on, so that workers seldom meet."""

    def __init__(self, batches: Iterable[str]) -> None:
        """Begin anywhere."""
        self.rest = list(batches)
        self.place = 0
        self.jump()

    def jump(self) -> None:
        """Go on elsewhere: somebody else goes along here."""
        self.place = random.randrange(len(self.rest) or 1)

    def next(self) -> str:
        """Give the next batch, and after the last one the first."""
        if self.place >= len(self.rest):
            self.place = 0
        return self.rest.pop(self.place)
