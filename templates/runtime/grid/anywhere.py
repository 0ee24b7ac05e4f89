"""Batch files and patterns on this machine or in an object store, whose client is loaded only then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .batches import find_local, is_connection, read_local
from .imports import away_from_script

if TYPE_CHECKING:
    from .kinds import Batches


def read_anywhere(name: str) -> bytes | None:
    """Read a batch file."""
    return away_from_script(remote, 'read_remote')(name) if is_connection(name) else read_local(name)


def find_anywhere(pattern: str) -> Batches:
    """Find files by a pattern."""
    return away_from_script(remote, 'find_remote')(pattern) if is_connection(pattern) else find_local(pattern)


def remote(name: str) -> Any:
    """Load what reads and finds objects, and give one of its functions."""
    from .remote import find_remote, read_remote  # noqa: F401

    return globals()[name]
