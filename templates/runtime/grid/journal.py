"""Lines that the child writes into its supervisor's log, whatever the script does about its own."""

from __future__ import annotations

import contextlib
import logging
import os

from .core import LOG

LINE = '%(asctime)s - %(name)s - %(levelname)s - %(message)s'


class Journal:
    """Tells of batches that the supervisor doesn't see begin."""

    def __init__(self) -> None:
        """Keep the way to the log, before the script can put another in its place."""
        self.formatter, self.stream = logging.Formatter(LINE), -1
        with contextlib.suppress(OSError):
            self.stream = os.dup(2)

    def note(self, name: str) -> None:
        """Write that a batch begins."""
        record = logging.LogRecord(LOG.name, logging.INFO, '', 0, 'Processing batch %s', (name,), None)
        line = self.formatter.format(record) + '\n'
        with contextlib.suppress(OSError):
            os.write(self.stream, line.encode('utf-8', 'backslashreplace'))
