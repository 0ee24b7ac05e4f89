"""The plan that says which batches are in bundles."""

from __future__ import annotations

import itertools
import json
import re
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .core import BUNDLES, FORMAT, PLANS, Refusal, now

if TYPE_CHECKING:
    from .kinds import Names, Store

# Short batches are claimed and marked in bundles, as each mark may take longer than they do. Which batches are in one
# must be the same for all workers, who need not agree on how long a batch takes, nor have the same list. So a plan is
# created exclusively, by whoever has measured enough, and all others read it. Nobody claims a batch of which no plan
# says anything, but for those that are measured first: their keys alone say which these are. A plan says again what
# the one before it says, so that the last one is enough, and adds one part: some batches, and how many make a bundle.
# A worker that has waited and measured nothing, as others have those batches in hand or have died with them, only has
# more measured: its plan names some of the rest, each time four times as many.

IS_PLAN = re.compile(re.escape(PLANS) + r'(0|[1-9]\d{0,8})').fullmatch

SAMPLE = 64  # one of so many batches is measured
MEASURED = 8  # of which so many are enough, or fewer that take
ENOUGH = 1.0  # so many seconds
SHORT = 0.05  # seconds
WORK = 0.5  # seconds of work in a bundle
MOST = 200  # batches of a bundle
PARTS = 128  # a run has so many bundles at least, for as many workers


def is_sample(key: str) -> bool:
    """Tell whether a batch may be claimed before there is a plan."""
    return zlib.crc32(key.encode()) % SAMPLE == 0


class Plan:
    """Says of each batch whether it is in a bundle, as far as this worker knows."""

    def __init__(self, store: Store, is_wanted: bool) -> None:
        """Know nothing; without a wish for bundles, all batches of a new part are single ones."""
        self.store, self.is_wanted = store, is_wanted
        self.parts: list[Any] = []
        self.bundles: dict[str, str] = {}  # of each batch that the plan names; an empty one for those without
        self.members: dict[str, list[str]] = {}
        self.times: list[float] = []
        self.end = 0.0  # of the wait for those who measure

    def read(self, names: Names) -> None:
        """Read the last plan unless it is known."""
        numbers = [int(match[1]) for match in map(IS_PLAN, names) if match]
        if self.store.BUNDLES and max(numbers, default=-1) >= len(self.parts):
            self.take(f'{PLANS}{max(numbers)}')

    def take(self, name: str) -> None:
        """Note what a plan says that another worker has made."""
        try:
            self.note_parts(json.loads(self.store.read(name) or b'{}').get('parts', self.parts))
        except ValueError:
            raise Refusal(f'`{name}` in {self.store} is no whole plan; use another place') from None

    def note_parts(self, parts: list[Any]) -> None:
        """Note what is new in a plan, and wait anew for those who measure what it adds."""
        self.end = 0.0
        for number, part in enumerate(parts[len(self.parts) :], len(self.parts)):
            keys, size = part['keys'], part['size']
            for start in range(0, len(keys), size):
                self.add(keys[start : start + size], f'{BUNDLES}{number}-{start // size}' if size > 1 else '')
        self.parts = parts

    def add(self, keys: list[str], bundle: str) -> None:
        """Note a bundle, or a batch without."""
        self.bundles.update(dict.fromkeys(keys, bundle))
        if bundle:
            self.members[bundle] = keys

    def bundle_of(self, key: str) -> str | None:
        """Give the bundle of a batch, an empty one if it is in none; nothing if nobody has decided that."""
        if not self.store.BUNDLES:
            return ''
        known = self.bundles.get(key)
        return ('' if is_sample(key) else None) if known is None else known

    def note(self, seconds: float) -> None:
        """Note how long a batch has taken."""
        self.times.append(seconds)

    def is_due(self, undecided: int) -> bool:
        """Tell whether batches without a plan are to get one now rather than when more is known."""
        if not undecided:
            return False
        if not self.is_wanted or undecided < 2 * PARTS or len(self.times) >= MEASURED or sum(self.times) >= ENOUGH:
            return True
        self.end = self.end or now() + ENOUGH
        return now() >= self.end

    def decide(self, keys: Iterable[str]) -> None:
        """Make a plan for batches that are in none, unless another worker has made one meanwhile."""
        undecided = list(keys)
        part = {'size': self.size(len(undecided)), 'keys': undecided[:: self.step(len(undecided))]}
        parts = [*self.parts, part]
        name = f'{PLANS}{len(self.parts)}'
        if self.store.create(name, json.dumps({'format': FORMAT, 'parts': parts}).encode()) is None:
            self.take(name)
        else:
            self.note_parts(parts)

    def step(self, batches: int) -> int:
        """Give how many batches there are to each that gets a plan: 1 if enough is known of them, or there are few."""
        if self.times or not self.is_wanted or batches < 2 * PARTS:
            return 1
        tries = sum(1 for _ in itertools.takewhile(lambda part: part['size'] == 1, reversed(self.parts)))
        return max(1, SAMPLE >> 2 * (tries + 1))

    def size(self, batches: int) -> int:
        """Give how many batches make a bundle."""
        seconds = sorted(self.times)[len(self.times) // 2] if self.times else SHORT
        if not self.is_wanted or seconds >= SHORT:
            return 1
        return max(1, min(int(WORK / max(seconds, WORK / MOST)), batches // PARTS))
