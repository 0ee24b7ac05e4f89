"""Marks in a folder."""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .core import LOG, Claim, Marks, lock_name, now

if TYPE_CHECKING:
    from .kinds import Method, Names


# What passes by itself on a disk that is full, or a file server that is away or has started anew.
PASSING_NUMBERS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.ESTALE,
    errno.ETIMEDOUT,
    errno.EHOSTDOWN,
    errno.ENOTCONN,
}
PATIENCE = 300


def patient(method: Method) -> Method:
    """Try a method of a store again as long as what went wrong may pass by itself."""

    @functools.wraps(method)
    def try_again(*arguments: Any) -> Any:
        end = now() + PATIENCE
        for attempt in itertools.count():
            try:
                return method(*arguments)
            except OSError as error:
                if error.errno not in PASSING_NUMBERS or now() >= end:
                    raise
                LOG.warning('%s; trying again', error)
            time.sleep(min(10, 0.1 * 2 ** min(attempt, 10)))

    return try_again  # type: ignore[return-value]


class Files(Marks):
    """Marks as files in a folder that all workers share; safe on NFS too."""

    def __init__(self, folder: str) -> None:
        """Make the folder."""
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)

    def __str__(self) -> str:
        """Name the store in a message."""
        return f'the folder `{self.folder}`'

    def path(self, name: str) -> str:
        """Give the path of a mark."""
        return os.path.join(self.folder, name)

    @patient
    def list(self) -> Names:
        """Give all marks with their stamps."""
        with os.scandir(self.folder) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith('.')]
        return self.stamps(names)

    @patient
    def look(self, key: str, generation: int) -> Names:
        """Give the marks of one batch with their stamps, as far as they bear upon a lock of this number."""
        names = [key + '.processed', key + '.err', lock_name(key, generation), lock_name(key, generation + 1)]
        if generation:
            names.append(lock_name(key, generation - 1))
        return self.stamps(name for name in names if os.path.lexists(self.path(name)))

    def stamps(self, names: Iterable[str]) -> Names:
        """Give the stamps of marks; those that have gone meanwhile are left out."""
        stamps = ((name, self.stamp(name)) for name in names)
        return {name: stamp for name, stamp in stamps if stamp is not None}

    def stamp(self, name: str) -> object:
        """Give what changes when a mark does: a lock's content, as NFS may be late with times but not after opening."""
        if name.endswith('.processed'):
            return 'done'
        if not name.endswith('.err'):
            return self.read(name)
        try:
            status = os.stat(self.path(name))
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    @patient
    def read(self, name: str) -> bytes | None:
        """Give the content of a mark, or nothing if it isn't there."""
        return read_present(self.path(name))

    @patient
    def create(self, name: str, content: bytes) -> object:
        """Create a mark unless it is there, never seen without its content; gives its stamp if it is ours."""
        part = self.write_part(content)
        try:
            return content if link(part, self.path(name)) else None
        finally:
            drop(part)

    def write_part(self, content: bytes) -> str:
        """Write a file that is none of the marks yet."""
        part = self.path(f'.part-{uuid.uuid4().hex}')
        try:
            with open(part, 'xb') as stream:
                stream.write(content)
        except OSError:
            drop(part)
            raise
        return part

    def rewrite(self, claim: Claim, _: float) -> object:
        """Let the heartbeat be seen; gives nothing if the lock is another's."""
        if os.path.lexists(self.path(lock_name(claim.key, claim.generation + 1))):
            return None
        try:
            # Through an open file, as this one stays ours even if the name goes to another now.
            with open(self.path(claim.name), 'r+b') as stream:
                if claim.id.encode() not in stream.read():
                    return None
                stream.seek(0)
                stream.write(claim.content())
        except FileNotFoundError:
            return None
        return claim.content()

    @patient
    def put(self, name: str, content: bytes) -> None:
        """Make or replace a mark, never seen without its content."""
        os.replace(self.write_part(content), self.path(name))

    @patient
    def delete(self, name: str) -> None:
        """Remove a mark that may have gone already."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(name))

    def delete_own(self, claim: Claim) -> None:
        """Remove the lock of a claim."""
        self.delete(claim.name)

    @patient
    def folds_case(self) -> bool:
        """Tell whether the file system takes upper and lower case for one."""
        part = self.write_part(b'')
        try:
            return os.path.lexists(self.path(os.path.basename(part).upper()))
        finally:
            os.unlink(part)

    @patient
    def age(self, name: str) -> float:
        """Give the seconds since a mark was changed, by the clock of whoever keeps the files."""
        part = self.write_part(b'')
        try:
            return os.stat(part).st_mtime - os.stat(self.path(name)).st_mtime
        except FileNotFoundError:
            return 0
        finally:
            os.unlink(part)


def drop(path: str) -> None:
    """Remove a file that nobody waits for."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def read_present(path: str) -> bytes | None:
    """Give the content of a file, or nothing if it isn't there."""
    try:
        with open(path, 'rb') as stream:
            return stream.read()
    except (FileNotFoundError, IsADirectoryError):
        return None


def link(part: str, path: str) -> bool:
    """Give a file a second name unless that is taken."""
    try:
        os.link(part, path)
        return True
    except FileExistsError:
        # Over NFS the answer to the first request may have got lost, and this is that to its repetition.
        return os.stat(part).st_nlink == 2
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES):
            raise
    return copy_new(part, path)


def copy_new(part: str, path: str) -> bool:
    """Create a file where there are no links: exclusive as well, but its content comes a moment later."""
    try:
        with open(path, 'xb') as target, open(part, 'rb') as source:
            target.write(source.read())
    except FileExistsError:
        return False
    return True
