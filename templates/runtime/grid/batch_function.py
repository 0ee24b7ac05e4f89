"""The function that is called with the id of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .interface import INTERFACE, PROCESS, SCRIPT
from .script import accepted, load_function

if TYPE_CHECKING:
    from .kinds import Function


def load_batch_function() -> Function:
    """Give what is called with the id of a batch."""
    function = load_function(SCRIPT, PROCESS)
    values = accepted(function, 1, INTERFACE)
    return lambda batch: function(batch, **values)
