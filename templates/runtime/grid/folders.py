"""Results in a folder, which are marks too."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from typing import TYPE_CHECKING

from .core import Claim, Refusal, key_of, mark_of
from .files import Files, is_common, link, patient, read_present
from .interface import INTERFACE, PROCESS, SCRIPT
from .result_parameters import sgw_target_folder
from .script import accepted, load_function

if TYPE_CHECKING:
    from .kinds import Arguments, Batches, Content, Function, Given, Names


class Folders(Files):
    """Results in a folder, which are marks too: `file.LOCKED.txt` becomes `file.PROCESSED.txt` or `file.FAILED.txt`.

    The locks proper stand beside them as hidden files.
    """

    STYLE = 'results'
    BUNDLES = False  # each has a result
    RESULTS = {'.processed': 'PROCESSED', '.err': 'FAILED'}

    def __init__(self, source: str | None, target: str | None, folders: bool) -> None:
        """Take files, and also folders if so wished, from one folder and put the results into another."""
        if not source or not os.path.isdir(source):
            raise Refusal(f'there is no folder `{source or ""}`; set sgw_source_folder')
        super().__init__(target or source)
        self.source, self.folders = source, folders
        self.same = os.path.samefile(source, self.folder)
        self.entries: dict[str, tuple[str, bool]] = {}

    def batches(self) -> Batches:
        """Give the names of all entries that are to be processed."""
        with os.scandir(self.source) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries if self.is_wanted(entry))
        self.entries = {key_of(name): (name, is_folder) for name, is_folder in found}
        for result in (self.result(key, 'PROCESSED') for key in self.entries):
            if len(os.fsencode(result)) > 255:
                raise Refusal(f'the result `{result}` would have too long a name; shorten that of its source')
        return [name for name, _ in found]

    def is_wanted(self, entry: os.DirEntry[str]) -> bool:
        """Tell what is to be processed from hidden files and results."""
        if entry.name.startswith('.') or self.same and is_result(entry.name):
            return False
        return entry.is_file() or self.folders and entry.is_dir()

    def result(self, key: str, status: str) -> str:
        """Give the name of a result."""
        name, is_folder = self.entries[key]
        stem, ending = (name, '') if is_folder else os.path.splitext(name)
        return f'{stem}.{status}{ending}'

    def path(self, name: str) -> str:
        """Give the path of a mark."""
        key, mark = os.path.splitext(name)
        if mark in self.RESULTS:
            name = self.result(key, self.RESULTS[mark])
        elif mark_of(name):
            name = '.' + name
        return os.path.join(self.folder, name)

    @patient
    def list(self) -> Names:
        """Give the names of all marks."""
        with os.scandir(self.folder) as entries:
            present = {entry.name for entry in entries}
        names = [name for name in present if is_common(name)]
        names += [name[1:] for name in present if is_hidden(name)]
        for mark, status in self.RESULTS.items():
            names += [key + mark for key in self.entries if self.result(key, status) in present]
        return dict.fromkeys(names)

    @patient
    def read(self, name: str) -> bytes | None:
        """Give the content of a mark; a folder keeps its error in a file."""
        if os.path.isdir(self.path(name)):
            return read_present(os.path.join(self.path(name), 'error.txt'))
        return super().read(name)

    @patient
    def prepare(self, batch: str) -> Given:
        """Make a fresh place for the result; gives the paths of the source and of this place."""
        key = key_of(batch)
        self.clear(key)
        place = self.place(key)
        if self.entries[key][1]:
            os.mkdir(place)
        else:
            open(place, 'xb').close()
        return [os.path.join(self.source, batch), place]

    def place(self, key: str) -> str:
        """Give the path of a result that is being made."""
        return os.path.join(self.folder, self.result(key, 'LOCKED'))

    @patient
    def finish(self, claim: Claim, content: Content, failed_before: bool) -> bool:
        """Turn what has been made into the result; tells whether we are the first."""
        key = claim.key
        place, result = self.place(key), self.path(key + '.processed')
        if not os.path.lexists(place):  # the process function wanted it elsewhere
            first = self.create(key + '.processed', b'') is not None
        elif os.path.isdir(place):
            first = move_folder(place, result)
        else:
            first = link(place, result)
            os.unlink(place)
        if first and failed_before:
            self.delete(key + '.err')
        return first

    @patient
    def fail(self, key: str, generation: int, content: bytes) -> None:
        """Keep an error in the place of the result; a folder keeps what has been made, too."""
        failed, place = self.path(key + '.err'), self.place(key)
        self.delete(key + '.err')
        if os.path.isdir(place):
            with open(os.path.join(place, 'error.txt'), 'wb') as stream:
                stream.write(content)
            os.rename(place, failed)
        else:
            self.put(key + '.err', content)
            self.clear(key)
        self.note_failure(key, generation)

    def clear(self, key: str) -> None:
        """Remove what has been made of a result."""
        remove(self.place(key))

    @patient
    def delete(self, name: str) -> None:
        """Remove a mark that may have gone already."""
        remove(self.path(name))


def is_hidden(name: str) -> bool:
    """Tell a mark that is no result."""
    mark = mark_of(name[1:]) if name.startswith('.') else None
    return mark is not None and name[1:] != f'{mark[0]}.processed' and name[1:] != f'{mark[0]}.err'


def is_result(name: str) -> bool:
    """Tell a result from a source in the same folder."""
    stem, ending = os.path.splitext(name)
    return any(part in ('.LOCKED', '.PROCESSED', '.FAILED') for part in (ending, os.path.splitext(stem)[1]))


def move_folder(source: str, target: str) -> bool:
    """Rename a folder unless the name is taken."""
    try:
        os.rename(source, target)
        return True
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False


def remove(path: str) -> None:
    """Remove a file or a folder that may have gone already."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def load_path_function() -> Function:
    """Give what is called with the paths of a source and of its result."""
    function = load_function(SCRIPT, PROCESS)
    values = accepted(function, 2, INTERFACE)
    return lambda source, target: function(source, target, **values)


def prepare_folders(source: str | None, folders: bool) -> tuple[Folders, Batches, Arguments]:
    """Give the store, the batches and what the function gets for each."""
    store = Folders(source, sgw_target_folder, folders)
    return store, store.batches(), store.prepare
