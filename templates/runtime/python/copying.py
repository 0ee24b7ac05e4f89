"""Files and folders that are never seen half-written."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Iterator, Set
from typing import BinaryIO

from .files import is_our_link
from .interface import standard
from .messages import say


def is_text(path: str) -> bool:
    """Check whether a file is UTF-8."""
    decoder = codecs.getincrementaldecoder('utf-8')()
    with open(path, 'rb') as stream:
        try:
            for chunk in chunks(stream):
                decoder.decode(chunk)
            decoder.decode(b'', final=True)
        except UnicodeDecodeError:
            return False
    return True


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Read a stream piece by piece."""
    return iter(lambda: stream.read(1 << 20), b'')


def copy_file(source: str, target: str) -> None:
    """Copy the content of a file."""
    with open(source, 'rb') as stream:
        write_file(target, chunks(stream))


def write_file(target: str, content: Iterable[bytes]) -> None:
    """Write a file beside its place, then rename it."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if is_our_link(target):
        os.unlink(target)  # not to write through it into the operator's own files
    if os.path.exists(target) and not os.path.isfile(target):
        write(target, content)  # renaming would replace the device or the pipe
        return
    target = os.path.realpath(target)
    part = part_name(target)
    try:
        write(part, content)
        os.replace(part, target)
    except BaseException:
        remove(part)
        raise


def write(path: str, content: Iterable[bytes]) -> None:
    """Write chunks of bytes."""
    with open(path, 'wb') as stream:
        stream.writelines(content)


def copy_folder(source: str, target: str) -> None:
    """Copy a folder: into one that exists file by file, else beside its place, then rename it."""
    if os.path.isdir(target):
        fill(source, target, {os.path.realpath(source), os.path.realpath(target)})
        return
    part = part_name(target)
    os.makedirs(part)
    try:
        fill(source, part, {os.path.realpath(source), os.path.realpath(part)})
        os.rename(part, target)
    except BaseException:
        remove(part)
        raise


def fill(source: str, target: str, above: Set[str]) -> None:
    """Copy what is in a folder; `above` stops at the copy itself and at links that lead back up."""
    for name in sorted(os.listdir(source)):
        old, new = os.path.join(source, name), os.path.join(target, name)
        real = os.path.realpath(old)
        if real in above:
            continue
        if os.path.isdir(old):
            os.makedirs(new, exist_ok=True)
            fill(old, new, above | {real})
        elif os.path.isfile(old):
            copy_file(old, new)
        else:
            say(f'warning: `{old}` is no file or folder, it is left out')


def part_name(target: str) -> str:
    """Give a name beside the target, unlike that of any other process on a shared volume."""
    return os.path.join(os.path.dirname(target), '.c3-' + os.urandom(8).hex())


def remove(part: str) -> None:
    """Remove what was written of a file or folder."""
    if os.path.isdir(part):
        standard('shutil').rmtree(part, ignore_errors=True)
    elif os.path.lexists(part):
        os.unlink(part)
