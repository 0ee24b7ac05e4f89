"""Messages on standard error, and the end of the process."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn


def say(message: str) -> None:
    """Write a message to standard error."""
    write_line(shown(message))


def write_line(line: str) -> None:
    """Write a line to standard error, whatever the script has made of `sys.stderr`."""
    flush(sys.stderr)
    try:
        os.write(2, (line + '\n').encode('utf-8', 'backslashreplace'))
    except OSError:
        pass  # nobody is left to be told


def shown(text: str) -> str:
    """Give a text as it may be shown: on one line, nothing hidden, no password in a URL, not without end."""
    if len(text) < 2000 and text.isprintable() and '@' not in text and text.encode('ascii', 'ignore') == text.encode():
        return text
    from .redaction import redacted

    return redacted(text)


def flush(stream: Any) -> None:
    """Flush a stream that may be closed, broken, missing or of the script's own making."""
    try:
        stream.flush()
    except Exception:
        pass


def fail(message: str, status: int, hint: str = '') -> NoReturn:
    """End the program before the script runs."""
    say('error: ' + message)
    if hint:
        say('hint: ' + hint)
    sys.exit(status)


def leave(status: int) -> NoReturn:
    """End the process with this exit code from within an exit handler, where `sys.exit` has none to set."""
    flush(sys.stdout)
    flush(sys.stderr)
    logging: Any = sys.modules.get('logging')
    if hasattr(logging, 'shutdown'):
        logging.shutdown()
    os._exit(status)
