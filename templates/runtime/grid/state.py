"""What all marks together say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .core import LOCK, PROCESSED, mark_of

if TYPE_CHECKING:
    from .kinds import BundleOf, Names

KINDS = 'lock', 'err', 'free'


def in_none(_: str) -> str:
    """Say of each batch that it is in no bundle."""
    return ''


class State:
    """What the marks in a listing say about the keys of a run."""

    def __init__(self, keys: Iterable[str], names: Names, bundle_of: BundleOf = in_none) -> None:
        """Part the keys; `names` maps each mark to a stamp, which changes with the mark."""
        self.names = names
        ended, others = parted(names)
        self.done: list[str] = []
        self.free: dict[str, int] = {}  # with the generation that may be claimed, bundles too
        self.locked: dict[str, int] = {}  # with that of the owner, bundles too
        self.undecided: list[str] = []  # nobody has said whether these are in a bundle
        self.failed: dict[str, int] = {}  # with that which has failed
        tops = tops_of(others)
        opened, seen = {key for key, top in tops.items() if is_open(top)}, set()
        for key in keys:
            bundle = None if key in ended or key in tops else bundle_of(key)
            if key in ended or bundle and bundle in ended:
                self.done.append(key)
            elif key in tops:
                self.part(key, tops[key])
            elif bundle is None:
                self.undecided.append(key)
            elif bundle in opened:
                self.free[key] = 1
            elif not bundle:
                self.free[key] = 0
            elif bundle not in seen:
                seen.add(bundle)
                self.part(bundle, tops.get(bundle, {}))

    def part(self, key: str, top: dict[str, int]) -> None:
        """Note the state of a key that isn't done by the highest number of each kind of mark."""
        lock, failure, free = (top.get(kind, -1) for kind in KINDS)
        if free > max(lock, failure) or not top:
            self.free[key] = max(free, 0)
        elif failure >= lock:
            self.failed[key] = failure
        else:
            self.locked[key] = lock


def is_open(top: dict[str, int]) -> bool:
    """Tell whether a bundle's batches are single ones by now, by the highest number of each kind of its marks."""
    lock, failure, free = (top.get(kind, -1) for kind in KINDS)
    return failure >= max(lock, free, 0)


def parted(names: Iterable[str]) -> tuple[set[str], list[str]]:
    """Give the keys of batches that are done, and the marks that say more: the fewest, late in a run."""
    ended, others = set(), []
    for name in names:
        if name.endswith(PROCESSED):
            ended.add(name[: -len(PROCESSED)])
        else:
            others.append(name)
    return ended, [name for name in others if name[: -len(LOCK)] not in ended or not name.endswith(LOCK)]


def tops_of(names: Iterable[str]) -> dict[str, dict[str, int]]:
    """Give the highest number of each kind of mark, by the key."""
    tops: dict[str, dict[str, int]] = {}
    for key, kind, generation in filter(None, map(mark_of, names)):
        top = tops.setdefault(key, {})
        top[kind] = max(generation, top.get(kind, 0))
    return tops
