"""Types that several modules share: for the type checker, never in a wrapper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from .core import Claim

# The names of marks, each with a stamp that changes with the mark.
Names = Mapping[str, object]

Batches = list[str]
Function = Callable[..., object]  # what is run by the child
Given = list[str]  # what it gets for a batch
Arguments = Callable[[str], Given]
BundleOf = Callable[[str], 'str | None']  # of a batch, by the key: an empty one, or nothing if nobody has decided that
Content = Callable[[], bytes]  # of a mark, if it is wanted
Message = dict[str, Any]
Result = TypeVar('Result')
Method = TypeVar('Method', bound=Callable[..., Any])
Read = Callable[[str], bytes | None]
Find = Callable[[str], list[str]]


class Store(Protocol):
    """Where workers keep the marks of batches."""

    STYLE: str
    BUNDLES: bool
    LISTED: int

    def list(self) -> Names:
        """Give all marks, with their stamps if these cost nothing."""

    def stamp(self, name: str, names: Names) -> object:
        """Give what changes with a mark that has been listed."""

    def look(self, key: str, generation: int, /) -> Names:
        """Give the marks of one batch with their stamps, as far as they bear upon a lock of this number."""

    def read(self, name: str) -> bytes | None:
        """Give the content of a mark, or nothing if it isn't there."""

    def create(self, name: str, content: bytes) -> object:
        """Create a mark unless it is there; gives its stamp if it is ours, else nothing."""

    def claim(self, claim: Claim, /) -> bool:
        """Create the lock of a claim; tells whether it is ours."""

    def rewrite(self, claim: Claim, until: float, /) -> object:
        """Let the heartbeat be seen; gives the new stamp, or nothing if the batch is another's."""

    def abandon(self) -> None:
        """Change the locks that have been made no more."""

    def put(self, name: str, content: bytes) -> object:
        """Make or replace a mark; gives its stamp if that costs nothing."""

    def delete(self, name: str) -> None:
        """Remove a mark that may have gone already."""

    def finish(self, claim: Claim, content: Content, failed_before: bool) -> bool:
        """Mark a batch as done; tells whether we are the first."""

    def fail(self, key: str, generation: int, content: bytes) -> None:
        """Mark a batch as failed."""

    def note_failure(self, key: str, generation: int) -> None:
        """Say which generation has failed, if it isn't the first."""

    def close(self) -> None:
        """Remove what only this worker needs."""

    def sweep(self, names: Names) -> None:
        """Remove what workers that have died were about to make."""

    def clear(self, key: str, /) -> None:
        """Remove what a batch has left unfinished."""

    def folds_case(self) -> bool:
        """Tell whether the store takes upper and lower case for one."""

    def age(self, name: str) -> float:
        """Give the seconds since a mark was changed, by the clock of whoever keeps it."""
