"""What the processes of a worker tell one another."""

from __future__ import annotations

import importlib
import json
import mmap
import os
import signal
import struct
from typing import TYPE_CHECKING, Any

from .core import now

if TYPE_CHECKING:
    from .kinds import Message


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


def message_of(line: bytes) -> Message | None:
    """Read a message; nothing if it has been broken off."""
    try:
        message: Message = json.loads(line)
        return message
    except ValueError:
        return None


class Lease:
    """What supervisor and child both see: until when the batch in hand is surely ours, and how far it is."""

    BEGUN, LEFT = 8, 9  # where a byte says so, behind the time

    def __init__(self) -> None:
        """Begin with no end."""
        self.memory = mmap.mmap(-1, 10)
        self.set(float('inf'))

    def prepare(self) -> None:
        """Note that the function hasn't been called."""
        self.memory[self.BEGUN :] = bytes(2)

    def begin(self) -> None:
        """Note that it has."""
        self.memory[self.BEGUN] = 1

    def has_begun(self) -> bool:
        """Tell whether it has."""
        return self.memory[self.BEGUN] == 1

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
