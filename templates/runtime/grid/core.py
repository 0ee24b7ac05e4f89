"""Marks of batches: their names, what they say, and who holds them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
import urllib.parse
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .kinds import Names, Read, Store

# Every change of hands is an exclusive create, the one thing that a shared folder and an object store both do
# atomically; what another worker has made is never overwritten. The marks of a batch in the coordinator:
#
#   KEY.lock         somebody works on it; says who, and changes with each heartbeat
#   KEY.lock.1, .2…  taken over from a dead owner; the highest number owns the batch
#   KEY.processed    done; created exclusively too, so a batch is marked once, whoever believes to own it
#   KEY.err          failed; holds the traceback
#   .batches         the keys of the latest run, for whoever wants to know how far it is: `c3 grid-status`
#
# No two clocks are compared. A lock is dead when an observer has seen it unchanged for `MISSED` heartbeats of its own
# time. Its owner gives up before that, by its own time, if it hasn't got a heartbeat through (`LEASE`); so while an
# owner believes in its lock nobody else does, and only locks that are certainly one's own are changed or removed.

HEARTBEAT = float(os.getenv('C3_GRID_HEARTBEAT', '10'))  # c3: ignore
MISSED = 3.5
LEASE = 2.5 * HEARTBEAT
SHOWN = 20  # errors in a report
BATCHES = '.batches'

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


def key_of(batch: str) -> str:
    """Give the name under which the marks of a batch are kept: one that no other batch has."""
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

LOCK = re.compile(r'(.+)\.lock(?:\.([1-9]\d*))?', re.DOTALL)


def lock_name(key: str, generation: int) -> str:
    """Give the name of a lock."""
    return f'{key}.lock.{generation}' if generation else f'{key}.lock'


def top_locks(names: Iterable[str]) -> dict[str, int]:
    """Give the number of the highest lock of every key that has one."""
    tops: dict[str, int] = {}
    for match in filter(None, map(LOCK.fullmatch, names)):
        tops[match[1]] = max(int(match[2] or 0), tops.get(match[1], 0))
    return tops


class State:
    """What the marks in a listing say about the keys of a run."""

    def __init__(self, keys: Iterable[str], names: Names) -> None:
        """Part the keys; `names` maps each mark to a stamp, which changes with the mark."""
        self.names = names
        self.done = [key for key in keys if key + '.processed' in names]
        tops = top_locks(name for name in names if not name.endswith(('.processed', '.err')))
        rest = [key for key in keys if key + '.processed' not in names]
        self.locked = {key: tops[key] for key in rest if key in tops}
        self.failed = [key for key in rest if key not in tops and key + '.err' in names]
        self.free = [key for key in rest if key not in tops and key + '.err' not in names]


def last_line(content: bytes | None) -> str:
    """Give the last line of an error that says something, as a log may show it."""
    lines = (content or b'').decode('utf-8', 'replace').strip().splitlines()
    return ''.join(one if one.isprintable() else ascii(one)[1:-1] for one in lines[-1]) if lines else ''


# Claims


class Marks:
    """What all stores of marks have in common."""

    STYLE = 'marks'  # how `c3 grid-status` is to read the names

    def announce(self: Store, keys: Iterable[str]) -> None:
        """Make the batches of this run known; the lists of earlier runs, which may be others, no longer count."""
        self.put(BATCHES, json.dumps({'style': self.STYLE, 'keys': list(keys)}).encode())

    def fail(self: Store, key: str, content: bytes) -> None:
        """Mark a batch as failed."""
        self.put(key + '.err', content)

    def finish(self: Store, key: str, content: bytes, failed_before: bool) -> bool:
        """Mark a batch as done; tells whether we are the first."""
        if self.create(key + '.processed', content) is None:
            return False
        if failed_before:
            self.delete(key + '.err')
        return True

    def clear(self, _: str) -> None:
        """Remove what a batch has left unfinished: nothing here."""


class Claim:
    """A batch in the hands of this worker."""

    def __init__(self, key: str, generation: int, owner: str) -> None:
        """Note whose it is; the id is new for each claim."""
        self.key, self.generation, self.owner = key, generation, owner
        self.id = uuid.uuid4().hex
        self.beat = 0
        self.stamp: object = None
        self.confirmed = now()  # when the lock was last known to be ours
        self.lost = False

    @property
    def name(self) -> str:
        """Give the name of the lock."""
        return lock_name(self.key, self.generation)

    def content(self) -> bytes:
        """Give the content of the lock, of the same length after each heartbeat."""
        lock = {'claim': self.id, 'owner': self.owner, 'beat': f'{self.beat:010}', 'seconds': HEARTBEAT}
        return json.dumps(lock).encode()

    def is_sure(self) -> bool:
        """Tell whether nobody can have taken the lock for dead yet."""
        return not self.lost and now() - self.confirmed < LEASE


def is_held(claim: Claim, marks: Names, read: Read) -> bool:
    """Tell from the marks of its batch whether a lock is still the claim's."""
    if top_locks(marks).get(claim.key) != claim.generation:
        return False
    # A heartbeat that seemed to have failed may have come through and changed the stamp.
    return marks.get(claim.name) == claim.stamp or claim.id.encode() in (read(claim.name) or b'')


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

    def time_left(self, name: str, unchanged: float) -> float:
        """Give the seconds that a lock may still stay unchanged; it says itself how often it should change."""
        content = self.store.read(name)
        if content is None:
            return HEARTBEAT
        seconds = heartbeat_of(content)
        if seconds is None:
            return self.timeout - self.store.age(name)
        return MISSED * seconds - unchanged
