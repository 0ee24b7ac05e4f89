"""How a worker is asked to end."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

from .core import now
from .nursery import SIGNALS

if TYPE_CHECKING:
    from .runner import Runner


class Terminated(Exception):
    """The worker was asked to end."""


class Ending:
    """Notes the signals that ask a worker to end; what is being done comes to its end first."""

    def __init__(self, runner: Runner) -> None:
        """Prepare; a run in the background leaves Ctrl-C to others."""
        self.runner = runner
        self.signals = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self.number = 0  # of the signal that has come

    def listen(self) -> None:
        """Note signals from now on."""
        self.handle(self.note)

    def close(self) -> None:
        """Ignore them: only the report and the end are left."""
        self.handle(signal.SIG_IGN)

    def handle(self, handler: Any) -> None:
        """Say what is done about a signal."""
        for number in self.signals:
            signal.signal(number, handler)

    def note(self, number: int, _: object) -> None:
        """Note a signal, and end the wait for the function."""
        self.number = self.number or number
        self.runner.wake()

    def check(self) -> None:
        """End where nothing is in hand, if somebody wants it."""
        if self.number:
            raise Terminated

    def sleep(self, seconds: float) -> None:
        """Wait, but not if somebody wants the worker to end."""
        end = now() + seconds
        while now() < end and not self.number:
            time.sleep(max(0, min(0.2, end - now())))
