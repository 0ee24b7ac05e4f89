"""Where the program stands, and imports that no file beside it takes part in."""

from __future__ import annotations

import gc
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
LOADED = set(sys.modules)


def elsewhere(path: list[str]) -> list[str]:
    """Give the entries of a search path that don't lead into the script's folder."""
    return [entry for entry in path if entry and os.path.realpath(entry) != os.path.realpath(FOLDER)]


# Until all modules have been imported. What they make stays, so there is nothing to collect meanwhile.
PATH = list(sys.path)
sys.path[:] = elsewhere(PATH)
gc.disable()


def begin() -> None:
    """Let the program begin, after all imports."""
    sys.path[:] = PATH
    gc.freeze()
    gc.enable()
