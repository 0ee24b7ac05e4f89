"""Marks of batches: their names, what they say, and who holds them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
import urllib.parse
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .kinds import Content, Names, Store

# Every change of hands is an exclusive create, the one thing that a shared folder and an object store both do
# atomically, and while workers run no mark that says whose a batch is goes away: whoever creates `KEY.lock` knows that
# nobody has had the batch before. Each later owner is of the next generation. The marks of a batch in the coordinator:
#
#   KEY.lock, .lock.1…   a generation has the batch; says who, and changes with each heartbeat
#   KEY.free.1, .2…      the generation before has given it back; this one may be claimed
#   KEY.err              failed; holds the traceback
#   KEY.err.1, .2…       the generation that has failed, unless it is the first
#   KEY.processed        done, whatever else there is; created exclusively too, so a batch is marked once
#
# The highest number holds; of marks of one number the failure before the lock, and the lock before what has been free.
# Of the coordinator's own are
#
#   .plan-0, .plan-1…    which batches are in bundles; see `plan.py`
#   .bundle-0-0.lock…    a bundle's marks, which are those of a batch, but that it is opened rather than failed
#   .format-3            that the store has been probed, and marks mean what they mean here
#   .batches             the keys of the latest run, for whoever wants to know how far it is: `c3 grid-status`
#
# No two clocks are compared. A lock is dead when an observer has seen it unchanged for `MISSED` heartbeats of its own
# time. Its owner gives up before that, by its own time, if it hasn't got a heartbeat through (`LEASE`). A heartbeat is
# a change of the lock and then a look for the next one; a takeover is the next lock and then a look at the one before:
# whatever the wire delays or repeats, one of the two sees the other. c3's own tests explore all of this (`src/grid`).

HEARTBEAT = float(os.getenv('C3_GRID_HEARTBEAT', '10'))  # c3: ignore
MISSED = 3.5
LEASE = 2.5 * HEARTBEAT
SHOWN = 20  # errors in a report
BATCHES = '.batches'
PLANS = '.plan-'
BUNDLES = '.bundle-'
FORMAT = 3
FORMATS = '.format-'
IS_PART = re.compile(r'\.(part|probe|worker)-[0-9a-f]{32}').fullmatch  # made for a moment, or for a worker's life

LOG = logging.getLogger('grid')


class Refusal(Exception):
    """What ends the worker with one clear line."""


class Unreachable(Exception):
    """A store that gives no answer, or none that helps, for longer than it makes sense to wait."""


def now() -> float:
    """Give the seconds of a clock that nobody sets and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, 'CLOCK_BOOTTIME', time.CLOCK_MONOTONIC))


# Batch ids and keys

PLAIN = "-_.+=,@() '!&~"  # what stands for itself in a key, besides letters and digits
LONGEST = 200  # a file's name may have 255 bytes, and the mark is part of it
IS_KEY = re.compile(f'(?!\\.)[A-Za-z0-9{re.escape(PLAIN)}]{{1,{LONGEST}}}').fullmatch


def key_of(batch: str) -> str:
    """Give the name under which the marks of a batch are kept: one that no other batch has."""
    if IS_KEY(batch):
        return batch
    key = urllib.parse.quote(batch, safe=PLAIN, errors='surrogatepass')
    if key.startswith('.'):
        key = '%2E' + key[1:]  # neither hidden nor a name of the coordinator's own
    if len(key) <= LONGEST:
        return key
    # No short key has a `%` before `~`.
    return key[:100] + '%~' + hashlib.sha256(batch.encode('utf-8', 'surrogatepass')).hexdigest()


def keys_of(batches: Iterable[str]) -> dict[str, str]:
    """Give the batch id of every key, each once and in order, without empty ids."""
    return {key_of(batch): batch for batch in batches if batch.strip()}


# The marks of all batches

NUMBERED = re.compile(r'(.+)\.(lock|free|err)\.([1-9]\d{0,8})', re.DOTALL)
PLAIN_MARKS = ('lock', 'err', 'processed')
PROCESSED, LOCK = '.processed', '.lock'


def mark_of(name: str) -> tuple[str, str, int] | None:
    """Give the key, the kind and the generation of a mark."""
    key, _, kind = name.rpartition('.')
    if kind in PLAIN_MARKS:
        return (key, kind, 0) if key else None
    match = NUMBERED.fullmatch(name)
    return (match[1], match[2], int(match[3])) if match else None


def mark_name(key: str, kind: str, generation: int) -> str:
    """Give the name of a mark."""
    return f'{key}.{kind}.{generation}' if generation else f'{key}.{kind}'


def lock_name(key: str, generation: int) -> str:
    """Give the name of a lock."""
    return mark_name(key, 'lock', generation)


def last_line(content: bytes | None) -> str:
    """Give the last line of an error that says something, as a log may show it."""
    lines = (content or b'').decode('utf-8', 'replace').strip().splitlines()
    return ''.join(one if one.isprintable() else ascii(one)[1:-1] for one in lines[-1]) if lines else ''


# Claims


class Marks:
    """What all stores of marks have in common."""

    STYLE = 'marks'  # how `c3 grid-status` is to read the names
    BUNDLES = True  # whether batches may have one mark together
    LISTED = 200  # as many names can be listed for what it costs to try to claim a batch

    def claim(self: Store, claim: Claim) -> bool:
        """Create the lock of a claim; tells whether it is ours."""
        return self.create(claim.name, claim.content()) is not None

    def fail(self: Store, key: str, generation: int, content: bytes) -> None:
        """Mark a batch as failed."""
        self.put(key + '.err', content)
        self.note_failure(key, generation)

    def note_failure(self: Store, key: str, generation: int) -> None:
        """Say which generation has failed, if it isn't the first."""
        if generation:
            self.create(mark_name(key, 'err', generation), b'')

    def finish(self: Store, claim: Claim, content: Content, failed_before: bool) -> bool:
        """Mark a batch as done; tells whether we are the first."""
        if self.create(claim.key + PROCESSED, content()) is None:
            return False
        if failed_before:
            self.delete(claim.key + '.err')
        return True

    def stamp(self, name: str, names: Names) -> object:
        """Give what changes with a mark that has been listed."""
        return names.get(name)

    def abandon(self) -> None:
        """Change the locks that have been made no more."""

    def sweep(self: Store, names: Names) -> None:
        """Remove what workers that have died were about to make."""
        for name in filter(IS_PART, names):
            if self.age(name) > MISSED * HEARTBEAT:
                self.delete(name)

    def close(self) -> None:
        """Remove what only this worker needs."""

    def clear(self, _: str) -> None:
        """Remove what a batch has left unfinished: nothing here."""


class Claim:
    """A batch in the hands of this worker."""

    def __init__(self, key: str, generation: int, owner: str, vanished: int = 0) -> None:
        """Note whose it is, and how many workers have vanished with it; the id is new for each claim."""
        self.key, self.generation, self.owner, self.vanished = key, generation, owner, vanished
        self.id = os.urandom(16).hex()
        self.beat = 0
        self.confirmed = now()  # when the lock was last known to be ours
        self.lost = False

    @property
    def name(self) -> str:
        """Give the name of the lock."""
        return lock_name(self.key, self.generation)

    @property
    def next(self) -> str:
        """Give the name of the lock of whoever has taken the batch over."""
        return lock_name(self.key, self.generation + 1)

    def content(self) -> bytes:
        """Give the content of the lock, of the same length after each heartbeat."""
        lock = {'claim': self.id, 'owner': self.owner, 'beat': f'{self.beat:010}', 'seconds': HEARTBEAT}
        return json.dumps({**lock, 'vanished': self.vanished, 'format': FORMAT}).encode()

    def is_sure(self) -> bool:
        """Tell whether nobody can have taken the lock for dead yet."""
        return not self.lost and now() - self.confirmed < LEASE


def vanished_of(content: bytes | None) -> int:
    """Give the number of workers that had vanished with a batch when this mark of it was made."""
    try:
        return int(json.loads(content or b'').get('vanished', 0))
    except (ValueError, TypeError, AttributeError):
        return 0


def heartbeat_of(content: bytes) -> float | None:
    """Give the seconds between the heartbeats of a lock, or none if it has no heartbeat."""
    try:
        lock = json.loads(content)
        return float(lock['seconds']) if 'claim' in lock else None
    except (ValueError, TypeError, KeyError):
        return None


class Watch:
    """Tells dead locks from living ones by the observer's own time alone."""

    def __init__(self, store: Store, timeout: float) -> None:
        """Begin with nothing seen; `timeout` is for locks without a heartbeat."""
        self.store, self.timeout = store, timeout
        self.seen: dict[str, tuple[object, float, float]] = {}

    def is_dead(self, name: str, stamp: object) -> bool:
        """Tell whether a lock has stayed as it is for too long."""
        known, since, due = self.seen.get(name, (None, 0, 0))
        if known != stamp:
            self.seen[name] = stamp, now(), now() + MISSED * HEARTBEAT
            return False
        if now() < due:
            return False
        rest = self.time_left(name, now() - since)
        self.seen[name] = stamp, since, now() + rest
        return rest <= 0

    def stamp_of(self, name: str) -> object:
        """Give the stamp with which a lock was last seen."""
        return self.seen[name][0] if name in self.seen else None

    def time_left(self, name: str, unchanged: float) -> float:
        """Give the seconds that a lock may still stay unchanged; it says itself how often it should change."""
        content = self.store.read(name)
        if content is None:
            return HEARTBEAT
        seconds = heartbeat_of(content)
        if seconds is None:
            return self.timeout - self.store.age(name)
        return MISSED * seconds - unchanged
