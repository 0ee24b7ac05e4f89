"""Types that several modules share: for the type checker, never in a wrapper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from .core import Claim

# The names of marks, each with a stamp that changes with the mark.
Names = Mapping[str, object]

Batches = list[str]
Function = Callable[..., object]  # what is run by the child
Given = list[str]  # what it gets for a batch
Arguments = Callable[[str], Given]
Message = dict[str, Any]
Result = TypeVar('Result')
Method = TypeVar('Method', bound=Callable[..., Any])
Read = Callable[[str], bytes | None]
Find = Callable[[str], list[str]]


class Store(Protocol):
    """Where workers keep the marks of batches."""

    STYLE: str

    def announce(self, keys: Iterable[str]) -> None:
        """Make the batches of this run known."""

    def list(self) -> Names:
        """Give all marks with their stamps."""

    def look(self, key: str, generation: int, /) -> Names:
        """Give the marks of one batch with their stamps, as far as they bear upon a lock of this number."""

    def read(self, name: str) -> bytes | None:
        """Give the content of a mark, or nothing if it isn't there."""

    def create(self, name: str, content: bytes) -> object:
        """Create a mark unless it is there; gives its stamp if it is ours, else nothing."""

    def rewrite(self, claim: Claim, until: float, /) -> object:
        """Let the heartbeat be seen; gives the new stamp, or nothing if the lock is another's."""

    def put(self, name: str, content: bytes) -> None:
        """Make or replace a mark."""

    def delete(self, name: str) -> None:
        """Remove a mark that may have gone already."""

    def delete_own(self, claim: Claim) -> None:
        """Remove the lock of a claim."""

    def finish(self, key: str, content: bytes, failed_before: bool) -> bool:
        """Mark a batch as done; tells whether we are the first."""

    def fail(self, key: str, content: bytes) -> None:
        """Mark a batch as failed."""

    def clear(self, key: str, /) -> None:
        """Remove what a batch has left unfinished."""

    def folds_case(self) -> bool:
        """Tell whether the store takes upper and lower case for one."""

    def age(self, name: str) -> float:
        """Give the seconds since a mark was changed, by the clock of whoever keeps it."""
