"""Where engines want the outputs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .messages import fail
from .state import Run

if TYPE_CHECKING:
    from .kinds import Output


def place_of(target: str, name: str) -> str:
    """Give the path at which a file or folder of this name arrives; a target that ends with a slash is a folder."""
    place = os.path.normpath(os.path.join(Run.start, target))
    return os.path.join(place, name) if target.endswith('/') else place


def announce(parameter: Output, target: str) -> None:
    """Tell the script through the variable where to write."""
    place = place_of(target, parameter['id'])
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
    except OSError as error:
        fail(f'cannot make the folder of output `{parameter["name"]}`: {error}', 1)
    os.environ[parameter['name']] = Run.announced[parameter['id']] = place
