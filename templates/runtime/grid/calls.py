"""Calls of the function, within limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .core import LOG, now

if TYPE_CHECKING:
    from .ending import Ending
    from .kinds import Given
    from .runner import Outcome, Runner


class Limits:
    """How long a batch may take, how often it is tried again, and after how many vanished workers it has failed."""

    def __init__(self, seconds: float = 0, retries: int = 0, attempts: int = 3) -> None:
        """Note the limits; no seconds are no limit."""
        self.seconds, self.retries, self.attempts = seconds or float('inf'), retries, attempts


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
        for left in range(self.limits.retries, -1, -1):
            outcome = self.call_once(arguments(), is_lost)
            if outcome.kind != 'failed' or outcome.reason or not left:
                break
            LOG.warning('Batch %s failed and is tried again\n%s', name, outcome.text)
        return outcome

    def call_once(self, arguments: Given, is_lost: Callable[[], bool]) -> Outcome:
        """Call the function, until it ends or is to end."""
        end = now() + self.limits.seconds

        def why_end() -> str:
            if self.ending.number:
                return 'terminated'
            if is_lost():
                return 'lost'
            return 'late' if now() > end else ''

        outcome = self.runner.run(arguments, why_end)
        if outcome.kind == 'stopped' and not outcome.reason:
            self.ending.sleep(1)  # who has signalled to all processes of the worker will signal to this one, too
        return outcome

    def explained(self, outcome: Outcome) -> str:
        """Say why a batch has failed."""
        if outcome.reason == 'late':
            late = f'it took longer than gw_batch_timeout, {self.limits.seconds:g} s'
            return f'{outcome.text}{late}' if outcome.kind == 'stopped' else late
        return f'it {outcome.text}' if outcome.kind == 'ended' else outcome.text
