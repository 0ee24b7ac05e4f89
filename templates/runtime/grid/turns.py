"""The order in which a worker tries batches."""

from __future__ import annotations

import random
from collections.abc import Iterable


class Turns:
    """Gives each batch once, in order from some place on, so that workers seldom meet."""

    def __init__(self, batches: Iterable[str]) -> None:
        """Begin anywhere."""
        self.batches = list(batches)
        self.left = len(self.batches)
        self.given = bytearray(self.left)
        self.jump()

    def jump(self) -> None:
        """Go on elsewhere: somebody else goes along here."""
        self.place = random.randrange(len(self.batches) or 1)

    def next(self) -> str:
        """Give the next batch, and after the last one the first."""
        place = self.given.find(0, self.place)
        if place < 0:
            place = self.given.find(0)
        self.given[place] = 1
        self.place, self.left = place + 1, self.left - 1
        return self.batches[place]
