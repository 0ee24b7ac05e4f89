"""The entry into a coordinator: of which format it is, and whether its store has been probed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .core import BATCHES, FORMAT, FORMATS, HEARTBEAT, Refusal, mark_of, now
from .probe import probe

if TYPE_CHECKING:
    from .ending import Ending
    from .kinds import Names, Store

# The worker that first comes to a coordinator probes its store for all others, which wait for the mark of the format. A
# worker of an older c3, which removes locks, is known by the list of batches that it has left, as that names no format:
# its finished marks count, but not while it still works.

PROBING = '.probing'
OWN = f'{FORMATS}{FORMAT}'


class Entry:
    """Lets a worker into a coordinator in which all keep the same rules."""

    def __init__(self, store: Store, keys: Mapping[str, str], ending: Ending) -> None:
        """Begin outside."""
        self.store, self.keys, self.ending = store, keys, ending
        self.is_in = self.is_announced = False
        self.stamp: object = None  # of the list of batches
        self.list: bytes | None = None

    def check(self, names: Names) -> None:
        """Refuse a coordinator in which other versions work, and make the batches known."""
        others = [name for name in names if name.startswith(FORMATS) and name != OWN]
        if others:
            raise Refusal(f'{self.store} is in use by another version of c3 (`{min(others)}`); use another place')
        self.is_in = self.is_in or OWN in names
        stamp = self.store.stamp(BATCHES, names) if BATCHES in names else None
        if stamp != self.stamp:
            self.stamp, self.list = stamp, self.store.read(BATCHES)
        if not is_old(self.list):
            self.announce()
        elif self.is_in:
            self.refuse()

    def refuse(self) -> None:
        """End where workers remove the locks that those of today rely on."""
        raise Refusal(f'an older version of c3 works in {self.store}; let it end, or use another place')

    def announce(self) -> None:
        """Make the batches of this run known; the lists of earlier runs, which may be others, no longer count."""
        if self.is_announced:
            return
        content = {'style': self.store.STYLE, 'format': FORMAT, 'keys': list(self.keys)}
        text = json.dumps(content).encode()
        if self.list != text:
            self.stamp, self.list = self.store.put(BATCHES, text), text
        self.is_announced = True

    def enter(self, names: Names) -> None:
        """Go in, before the first claim."""
        if self.is_in or self.has_waited():
            return
        try:
            if is_old(self.list):
                self.watch(names)
            probe(self.store, self.keys)
        except BaseException:
            self.store.delete(PROBING)
            raise
        self.store.create(OWN, b'')
        self.is_in = True
        self.announce()

    def has_waited(self) -> bool:
        """Wait until another worker is in, unless there is none that would be; tells whether one is."""
        end, pause = now() + (3 if is_old(self.list) else 1) * HEARTBEAT, HEARTBEAT / 200
        while not self.store.create(PROBING, str(now()).encode()) and now() < end:
            self.ending.sleep(pause)
            self.ending.check()
            pause = min(pause * 1.5, HEARTBEAT / 10)
            self.is_in = self.store.read(OWN) is not None
            if self.is_in:
                break
        return self.is_in

    def watch(self, names: Names) -> None:
        """Refuse a coordinator in which an older version still works: within a heartbeat or two, something changes."""
        before = self.seen(names)
        self.ending.sleep(1.5 * HEARTBEAT)
        self.ending.check()
        if self.seen(self.store.list()) != before:
            self.refuse()

    def seen(self, names: Names) -> dict[str, object]:
        """Give the marks, the locks with what changes in them."""
        marks = ((name, mark_of(name)) for name in names)
        return {name: mark[1] == 'lock' and self.store.stamp(name, names) for name, mark in marks if mark}


def is_old(content: bytes | None) -> bool:
    """Tell a list of batches that an older version has left."""
    try:
        return content is not None and 'format' not in json.loads(content)
    except ValueError:
        return False
