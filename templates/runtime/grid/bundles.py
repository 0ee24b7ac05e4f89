"""Bundles of short batches."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from .core import LOG, Claim, Refusal, Unreachable, now
from .ending import Terminated
from .plan import WORK

if TYPE_CHECKING:
    from .worker import Worker

# A bundle is claimed like a batch, and done when each of its batches has been done or has a mark of its own, as those
# that have failed. Only the first owner works on it, for as long as planned: whoever takes it over, or finds that it
# takes long, or is asked to end, marks what it has done and opens the bundle. Its other batches are single ones then,
# so that one which kills its worker takes no other with it, and one that is long doesn't keep others waiting.

LONG = 2 * WORK


class Bundles:
    """Has the function run on the batches of a bundle."""

    def __init__(self, worker: Worker) -> None:
        """Note who claims and marks them."""
        self.worker, self.store = worker, worker.store

    def process(self, claim: Claim) -> None:
        """Do all batches of the bundle in hand, or open it."""
        worker, started = self.worker, now()
        done: list[str] = []
        keys = worker.plan.members[claim.key]
        if claim.generation or not all(key in worker.keys for key in keys):
            self.open(claim, done)
            return
        left = list(keys)
        try:
            while left:
                if worker.ending.number or now() - started > LONG:
                    self.open(claim, done)
                    worker.ending.check()
                    return
                if not self.process_some(claim, left, done, started + LONG):
                    return
        except (Refusal, Unreachable):
            self.open(claim, done)
            raise
        self.finish(claim, done, now() - started)

    def process_some(self, claim: Claim, left: list[str], done: list[str], until: float) -> bool:
        """Do what is left until a batch fails or the time is over; tells whether the bundle is still in hand."""
        worker = self.worker
        outcome = worker.call_for_each(claim, left, until)
        if claim.lost or outcome.kind == 'left':
            worker.drop(claim)
            return False
        done += left[: outcome.done]
        del left[: outcome.done]
        if outcome.kind == 'done':
            return True
        if worker.ending.number:
            self.open(claim, done)
            raise Terminated
        return worker.note_failure(claim, left.pop(0), 0, worker.calls.explained(outcome))

    def finish(self, claim: Claim, done: list[str], seconds: float) -> None:
        """Mark the bundle as done."""
        if self.mark(claim, claim.key, done, seconds):
            LOG.info('Finished %d batches in %.1f s', len(done), seconds)
            self.worker.hand.release()

    def mark(self, claim: Claim, name: str, keys: list[str], seconds: float) -> bool:
        """Make the mark of batches that are done, unless the bundle has gone to another worker."""
        if not self.worker.is_owner(claim):
            self.worker.drop(claim)
            return False
        own = copy.copy(claim)
        own.key = name
        self.worker.finish_all(own, keys, seconds)
        return True

    def open(self, claim: Claim, done: list[str]) -> None:
        """Mark what has been done, and let others have the rest."""
        if not all(self.mark(claim, key, [key], 0) for key in done):
            return
        if not self.worker.is_owner(claim):
            self.worker.drop(claim)
            return
        LOG.info('What is left of `%s` are single batches from now on', claim.key)
        self.store.fail(claim.key, claim.generation, claim.content())
        self.worker.hand.release()
