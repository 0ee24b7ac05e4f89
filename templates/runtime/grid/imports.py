"""Imports that come late, when the script's files may be in the way."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .start import elsewhere

if TYPE_CHECKING:
    from .kinds import Result


def away_from_script(function: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
    """Call a function that imports modules, which are not to be the script's files of the same names."""
    path = list(sys.path)
    sys.path[:] = elsewhere(path)
    gc.disable()
    try:
        return function(*arguments, **options)
    finally:
        sys.path[:] = path
        gc.enable()
