"""What a worker has in hand."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .core import HEARTBEAT, LEASE, LOG, Claim, now

if TYPE_CHECKING:
    from .kinds import Store
    from .runner import Runner


class Hand:
    """Keeps the lock of one claim alive."""

    def __init__(self, store: Store, runner: Runner) -> None:
        """Begin empty."""
        self.store, self.runner = store, runner
        self.claim: Claim | None = None
        self.mutex = threading.Lock()

    def listen(self) -> None:
        """Let heartbeats begin."""
        threading.Thread(target=self.beat_for_ever, name='heartbeat', daemon=True).start()

    def release(self) -> Claim | None:
        """Change the lock no more; gives the claim that was in hand."""
        with self.mutex:  # no heartbeat may come after
            claim, self.claim = self.claim, None
        return claim

    @contextlib.contextmanager
    def lease(self, claim: Claim) -> Iterator[None]:
        """Let functions run as long as the claim in hand is surely ours."""
        self.runner.lease.set(claim.confirmed + LEASE)
        try:
            yield
        finally:
            with self.mutex:  # no heartbeat may come between
                self.runner.lease.set(float('inf'))  # the child lives for ever, as no function runs

    def beat_for_ever(self) -> None:
        """Keep the lock in hand alive; a thread of its own."""
        while True:
            time.sleep(HEARTBEAT / 10)
            with self.mutex:
                if self.claim and not self.claim.lost and now() - self.claim.confirmed >= HEARTBEAT:
                    self.beat(self.claim)

    def beat(self, claim: Claim) -> None:
        """Show that the owner lives; if that can't be done in time, or the lock is another's, give up the batch."""
        started = now()
        claim.beat += 1
        try:
            stamp = self.store.rewrite(claim, started + HEARTBEAT / 2) if claim.is_sure() else None
        except Exception as error:
            LOG.warning('No heartbeat for batch %r: %s', claim.key, error)
            if claim.is_sure():
                return
            stamp = None
        if stamp is None:
            claim.lost = True
            self.runner.wake()
        else:
            claim.confirmed = started
            self.runner.lease.extend(started + LEASE)
