"""Programs that are run in place of the operator."""

from __future__ import annotations

import os

from .interface import standard
from .messages import fail


def become(arguments: list[str]) -> None:
    """Become a program, if there is one of this name.

    Engines that pass the full command find this file in force as the image's entry point, and people ask for a shell;
    any other first argument is the script's own.
    """
    if not standard('shutil').which(arguments[0]):
        return
    signal = standard('signal')
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and the program would inherit that
    try:
        os.execvp(arguments[0], arguments)
    except OSError as error:
        fail(f'cannot run `{arguments[0]}`: {error.strerror}', 126)
