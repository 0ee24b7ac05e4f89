"""Additional files, linked into a working directory that isn't the operator's own."""

from __future__ import annotations

import os

from .interface import INTERFACE, ROOT
from .messages import say
from .state import Run


def link_files() -> None:
    """Link all additional files."""
    failures = []
    for name in INTERFACE['files']:
        try:
            link_file(os.path.join(ROOT, name), os.path.join(Run.start, name))
        except OSError as error:
            failures.append(f'`{name}` ({error.strerror})')
    if failures:
        say(f'warning: cannot link into `{Run.start}`: ' + ', '.join(failures))


def link_file(source: str, link: str) -> None:
    """Link one file, unless there is one already."""
    if os.path.lexists(link) or not os.path.exists(source):
        return
    make_folder(os.path.dirname(link))
    os.symlink(source, link)
    Run.links.append(link)


def make_folder(folder: str) -> None:
    """Make a folder and those above it, and remember them."""
    if not os.path.isdir(folder):
        make_folder(os.path.dirname(folder))
        os.mkdir(folder)
        Run.folders.append(folder)


def remove_links(outputs: list[str]) -> None:
    """Remove links and folders that were made for additional files, except what is part of an output."""
    places = [os.path.realpath(place) + os.sep for place in outputs]
    for link in filter(os.path.islink, Run.links):
        if any(link.startswith(place) for place in places):
            keep_content(link)
        else:
            os.unlink(link)
    for folder in reversed(Run.folders):
        try:
            os.rmdir(folder)
        except OSError:
            pass  # the script has put something into it


def is_our_link(path: str) -> bool:
    """Check whether a path, however it is spelled, is a link that was made here."""
    folder, name = os.path.split(path)
    return os.path.islink(path) and os.path.join(os.path.realpath(folder), name) in Run.links


def keep_content(link: str) -> None:
    """Put a copy of the file in the place of the link to it."""
    from .copying import copy_file

    source = os.path.realpath(link)
    os.unlink(link)
    copy_file(source, link)
