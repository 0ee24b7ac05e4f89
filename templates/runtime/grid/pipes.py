"""What the processes of a worker tell one another."""

from __future__ import annotations

import importlib
import json
import mmap
import os
import signal
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .core import now

if TYPE_CHECKING:
    from .kinds import Given, Message


def tell(pipe: int, kind: str, **more: Any) -> None:
    """Write a message on a line of its own, even if a process that wrote before has died within one.

    A process that nobody listens to any more ends.
    """
    message: Message = {'kind': kind, **more}
    content = b'\n' + json.dumps(message).encode() + b'\n'
    try:
        while content:
            content = content[os.write(pipe, content) :]
    except OSError:
        os._exit(1)


def request_of(calls: list[Given], until: float = float('inf'), names: Sequence[str] = ()) -> Message:
    """Ask for calls, none but the first after some time, and for lines that tell of each if they have names."""
    return {'calls': calls, 'until': until, 'names': names}


def message_of(line: bytes) -> Message | None:
    """Read a message; nothing if it has been broken off."""
    try:
        message: Message = json.loads(line)
        return message
    except ValueError:
        return None


class Lease:
    """What supervisor and child both see: until when the claim in hand is surely ours, and how far its calls are."""

    BEGUN, DONE, LEFT, ASKED = 8, 12, 16, 17  # behind the time two counts of calls, and two bytes

    def __init__(self) -> None:
        """Begin with no end."""
        self.memory = mmap.mmap(-1, 18)
        self.set(float('inf'))

    def prepare(self) -> None:
        """Note that the function hasn't been called."""
        self.memory[self.BEGUN :] = bytes(10)

    def begin(self, number: int) -> None:
        """Note that the call of this number begins."""
        struct.pack_into('I', self.memory, self.BEGUN, number + 1)

    def end(self, number: int) -> None:
        """Note that it has ended well."""
        struct.pack_into('I', self.memory, self.DONE, number + 1)

    def done(self) -> int:
        """Give the number of calls that have ended well."""
        count: int = struct.unpack_from('I', self.memory, self.DONE)[0]
        return count

    def has_begun(self) -> bool:
        """Tell whether there is a call that has begun and not ended well."""
        begun: int = struct.unpack_from('I', self.memory, self.BEGUN)[0]
        return begun > self.done()

    def ask(self) -> None:
        """Note that the calls are to end."""
        self.memory[self.ASKED] = 1

    def is_asked(self) -> bool:
        """Tell whether they are."""
        return self.memory[self.ASKED] == 1

    def leave(self) -> None:
        """Note that the child ends because the time is over."""
        self.memory[self.LEFT] = 1

    def is_left(self) -> bool:
        """Tell whether it has ended so."""
        return self.memory[self.LEFT] == 1

    def set(self, until: float) -> None:
        """Note a time, by the clock of `now`."""
        struct.pack_into('d', self.memory, 0, until)

    def get(self) -> float:
        """Give the time."""
        until: float = struct.unpack_from('d', self.memory)[0]
        return until

    def extend(self, until: float) -> None:
        """Note a later time, unless there is no end."""
        if self.get() != float('inf'):
            self.set(until)

    def has_ended(self) -> bool:
        """Tell whether the time is over."""
        return now() > self.get()


def loaded(name: str) -> Any:
    """Import a module that not every Python has."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


CTYPES = loaded('ctypes')
PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; where it can't, the end of a pipe tells of it."""
    try:
        CTYPES.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (AttributeError, OSError):
        return
    if os.getppid() != parent:
        os._exit(1)
