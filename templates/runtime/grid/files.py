"""Marks in a folder."""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import time
import uuid
from typing import TYPE_CHECKING, Any

from .core import BATCHES, BUNDLES, FORMATS, IS_PART, LOG, PLANS, Claim, Marks, mark_name, now

if TYPE_CHECKING:
    from .kinds import Content, Method, Names


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


# How many names a file may have, with room for those file systems that allow the fewest of the usual ones (ext4).
NAMES = 60_000


class Shared:
    """The file of a worker whose further names are the marks that it makes, so that each costs but one of them."""

    def __init__(self, claim: Claim, path: str) -> None:
        """Begin with the first claim's content and id, which become those of all."""
        self.id, self.beat, self.path = claim.id, 0, path
        self.names = 1


class Files(Marks):
    """Marks as files in a folder that all workers share; safe on NFS too."""

    LISTED = 20

    def __init__(self, folder: str) -> None:
        """Make the folder."""
        self.folder = os.path.abspath(folder)
        self.shared: Shared | None = None
        os.makedirs(self.folder, exist_ok=True)

    def __str__(self) -> str:
        """Name the store in a message."""
        return f'the folder `{self.folder}`'

    def path(self, name: str) -> str:
        """Give the path of a mark."""
        return os.path.join(self.folder, name)

    @patient
    def list(self) -> Names:
        """Give the names of all marks."""
        return dict.fromkeys([name for name in os.listdir(self.folder) if name[0] != '.' or is_common(name)])

    @patient
    def look(self, key: str, generation: int) -> Names:
        """Give the marks of one batch with their stamps, as far as they bear upon a lock of this number."""
        kinds = 'err', 'lock'
        names = [mark_name(key, kind, number) for kind in kinds for number in {0, generation - 1, generation}]
        present = [name for name in (key + '.processed', *names) if os.path.lexists(self.path(name))]
        return {name: '.lock' in name and self.stamp(name, {}) for name in present}

    @patient
    def stamp(self, name: str, names: Names) -> object:
        """Give what changes with a mark: a lock's content, as NFS may be late with times but not after opening."""
        if name != BATCHES:
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
        while True:
            part = self.write_part(content)
            try:
                return content if link(part, self.path(name)) else None
            except FileNotFoundError:
                continue  # it was swept, as that of a worker that has died
            finally:
                drop(part)

    def write_part(self, content: bytes, name: str = '.part') -> str:
        """Write a file that is none of the marks yet."""
        part = os.path.join(self.folder, f'{name}-{uuid.uuid4().hex}')
        try:
            with open(part, 'xb') as stream:
                stream.write(content)
        except OSError:
            drop(part)
            raise
        return part

    @patient
    def claim(self, claim: Claim) -> bool:
        """Create the lock of a claim; tells whether it is ours."""
        if claim.vanished:
            return super().claim(claim)
        shared = self.share(claim)
        claim.id, claim.beat = shared.id, shared.beat
        return self.give_name(shared, claim.name, claim.content)

    def share(self, claim: Claim) -> Shared:
        """Give the file that may have one more name."""
        if self.shared and self.shared.names >= NAMES:
            self.abandon()
        if not self.shared:
            self.shared = Shared(claim, self.write_part(claim.content(), '.worker'))
        return self.shared

    def give_name(self, shared: Shared, name: str, content: Content) -> bool:
        """Give the file of this worker another name, unless that is taken; one that is gone is made anew."""
        shared.names += 1
        try:
            return link(shared.path, self.path(name))
        except FileNotFoundError:
            self.abandon()
            return self.create(name, content()) is not None

    @patient
    def abandon(self) -> None:
        """Change the locks that have been made no more."""
        shared, self.shared = self.shared, None
        if shared:
            drop(shared.path)

    def close(self) -> None:
        """Remove what only this worker needs."""
        self.abandon()

    @patient
    def finish(self, claim: Claim, content: Content, failed_before: bool) -> bool:
        """Mark a batch as done; tells whether we are the first."""
        if failed_before or not self.shared or self.shared.id != claim.id:
            return super().finish(claim, content, failed_before)
        return self.give_name(self.shared, claim.key + '.processed', content)

    def rewrite(self, claim: Claim, _: float) -> object:
        """Let the heartbeat be seen; gives nothing if the batch is another's."""
        try:
            with open(self.path(claim.name), 'r+b') as stream:
                stream.write(claim.content())
        except FileNotFoundError:
            return None
        if self.shared and self.shared.id == claim.id:
            self.shared.beat = claim.beat
        return None if os.path.lexists(self.path(claim.next)) else claim.beat

    @patient
    def put(self, name: str, content: bytes) -> None:
        """Make or replace a mark, never seen without its content."""
        os.replace(self.write_part(content), self.path(name))

    @patient
    def delete(self, name: str) -> None:
        """Remove a mark that may have gone already."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(name))

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


def is_common(name: str) -> bool:
    """Tell marks of the whole run, of bundles, and of workers."""
    return name == BATCHES or name.startswith((FORMATS, PLANS, BUNDLES)) or IS_PART(name) is not None


def link(part: str, path: str) -> bool:
    """Give a file another name unless that is taken."""
    try:
        os.link(part, path)
        return True
    except FileExistsError:
        # Over NFS the answer to the first request may have got lost, and this is that to its repetition.
        return is_same(part, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES):
            raise
    return copy_new(part, path)


def is_same(part: str, path: str) -> bool:
    """Tell whether two names are those of one file."""
    try:
        return os.path.samestat(os.stat(part), os.stat(path))
    except FileNotFoundError:
        return False


def copy_new(part: str, path: str) -> bool:
    """Create a file where there are no links: exclusive as well, but its content comes a moment later."""
    try:
        with open(part, 'rb') as source, open(path, 'xb') as target:
            target.write(source.read())
    except FileExistsError:
        return False
    return True
