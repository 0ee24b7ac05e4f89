"""Calls of the function, within limits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .core import LOG, now
from .pipes import request_of

if TYPE_CHECKING:
    from .ending import Ending
    from .kinds import Given, Message
    from .runner import Outcome, Runner


class Limits:
    """How long a batch may take, how often it is tried again, and after how many vanished workers it has failed."""

    def __init__(self, seconds: float = 0, retries: int = 0, attempts: int = 3) -> None:
        """Note the limits; no seconds are no limit."""
        self.seconds, self.retries, self.attempts = seconds or float('inf'), retries, attempts
        # Calls at once, if there is a limit: what ends one that is late must not meet the next.
        self.together = 1 if seconds else None


class Calls:
    """Has the function called for one batch after the other."""

    def __init__(self, runner: Runner, ending: Ending, limits: Limits) -> None:
        """Note who calls it, what ends a call, and the limits."""
        self.runner, self.ending, self.limits = runner, ending, limits

    def check(self) -> None:
        """Fail if the processes of this worker are gone, before it claims what it couldn't do."""
        self.runner.receive(0)

    def call(self, name: str, arguments: Callable[[], Given], is_lost: Callable[[], bool] = bool) -> Outcome:
        """Call the function for a batch, again if it fails and may be tried again."""
        return self.retried(self.call_once(request_of([arguments()]), is_lost), name, arguments, is_lost)

    def call_each(self, names: Sequence[str], calls: list[Given], is_lost: Callable[[], bool], until: float) -> Outcome:
        """Call the function for batches, one after the other, until one fails or the time is over; at least for one."""
        logged = names if LOG.isEnabledFor(logging.INFO) else ()
        first = self.call_once(request_of(calls, until, logged), is_lost)
        if first.kind == 'done':
            return first
        last = self.retried(first, names[first.done], lambda: calls[first.done], is_lost)
        last.done = first.done + (last.kind == 'done')
        return last

    def retried(
        self, outcome: Outcome, name: str, arguments: Callable[[], Given], is_lost: Callable[[], bool]
    ) -> Outcome:
        """Call the function again for a batch that has failed and may be tried again."""
        for _ in range(self.limits.retries):
            if outcome.kind != 'failed' or outcome.reason:
                break
            LOG.warning('Batch %s failed and is tried again\n%s', name, outcome.text)
            outcome = self.call_once(request_of([arguments()]), is_lost)
        return outcome

    def call_once(self, request: Message, is_lost: Callable[[], bool]) -> Outcome:
        """Call the function, until it ends or is to end."""
        end = now() + self.limits.seconds

        def why_end() -> str:
            if self.ending.number:
                return 'terminated'
            if is_lost():
                return 'lost'
            return 'late' if now() > end else ''

        outcome = self.runner.run(request, why_end)
        if outcome.kind == 'stopped' and not outcome.reason:
            self.ending.sleep(1)  # who has signalled to all processes of the worker will signal to this one, too
        return outcome

    def explained(self, outcome: Outcome) -> str:
        """Say why a batch has failed."""
        if outcome.reason == 'late':
            late = f'it took longer than gw_batch_timeout, {self.limits.seconds:g} s'
            return f'{outcome.text}{late}' if outcome.kind == 'stopped' else late
        return f'it {outcome.text}' if outcome.kind == 'ended' else outcome.text
