"""The delivery of outputs."""

from __future__ import annotations

import gc
import io
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

from .copying import copy_file, copy_folder, is_text, write_file
from .files import is_our_link
from .interface import is_secret
from .messages import say, shown
from .parameters import fits, normalise
from .state import Run
from .targets import place_of

if TYPE_CHECKING:
    from .kinds import Output

NUMBERS = ('Integer', 'Float', 'Boolean')
METRICS = ('Metrics', 'ClassificationMetrics')

# What is only complete once it has been closed, as the interpreter does when it ends.
ARCHIVES = {'gzip': 'GzipFile', 'bz2': 'BZ2File', 'lzma': 'LZMAFile', 'zipfile': 'ZipFile'}


class Refusal(Exception):
    """An output that can't be delivered as what it is declared to be."""


class Delivery:
    """A declared output on its way to where the engine wants it."""

    def __init__(self, parameter: Output, target: str) -> None:
        """Name the place of an output whose own name isn't known yet."""
        self.name, self.id, self.type = parameter['name'], parameter['id'], parameter['type']
        self.target = target
        self.place = place_of(target, self.id)
        self.announced = Run.announced.get(self.id)
        self.text: str | None = None  # what was delivered, of a number or a truth value

    def deliver(self) -> None:
        """Bring what the variable names, or else its text, to the target."""
        value = getattr(os, 'environ', {}).get(self.name, self.announced)
        source = None if self.type in NUMBERS else find(value)
        if source:
            self.deliver_path(source)
        elif value is None or value == self.announced:
            self.deliver_nothing()
        else:
            self.deliver_text(value)
        if Run.drops_line_end and self.type in ('String', *NUMBERS) and os.path.isfile(self.place):
            with open(self.place, 'ab') as file:
                file.write(b'\n')

    def deliver_nothing(self) -> None:
        """Deliver an output that was never set: an engine may insist on a file."""
        if self.type in NUMBERS:
            self.miss_number()
        elif not (self.announced and os.path.exists(self.announced) or Run.skips_unset):
            # Else the script was to write to a device or a pipe, or null will do.
            say(f'warning: output `{self.name}` was never set, it is delivered empty')
            if not os.path.isdir(self.place):
                write_file(self.place, [])

    def miss_number(self) -> None:
        """Deal with a number that was never set, which has no empty form."""
        if Run.is_kubeflow:
            raise Refusal(f'`{self.name}` was never set, and Kubeflow takes no empty {self.type}')
        say(f'warning: output `{self.name}` was never set, nothing is delivered')

    def deliver_text(self, text: str) -> None:
        """Deliver the value itself."""
        if self.type in NUMBERS:
            text = self.text = self.number(text)
        elif self.type not in ('String', *METRICS):
            raise Refusal(f'`{self.name}` names no file or folder: `{self.shown(text)}`')
        write_file(self.place, [text.encode('utf-8', 'surrogateescape')])

    def number(self, text: str) -> str:
        """Give a number or a truth value as Kubeflow spells it."""
        parameter: Any = {'type': self.type}
        plain = normalise(parameter, text.strip())
        if not fits(parameter, plain):
            raise Refusal(f'`{self.name}` is no {self.type}: `{self.shown(text)}`')
        if self.type == 'Boolean':
            return 'true' if plain else 'false'
        return str(int(plain)) if self.type == 'Integer' else plain

    def deliver_path(self, source: str) -> None:
        """Deliver a file or folder of the script's, which may be where it belongs already."""
        is_folder = os.path.isdir(source)
        if is_folder and self.type == 'File':
            raise Refusal(f'`{self.name}` is a folder; {directive("Directory")}')
        if self.type == 'String' and self.is_beyond(source, is_folder):
            write_file(self.place, [source.encode('utf-8', 'surrogateescape')])
            return
        self.place = place_of(self.target, os.path.basename(os.path.abspath(source)) or self.id)
        if not is_our_link(self.place) and os.path.exists(self.place) and os.path.samefile(source, self.place):
            return
        copy = copy_folder if is_folder else copy_file
        copy(os.path.realpath(source), self.place)

    def is_beyond(self, source: str, is_folder: bool) -> bool:
        """Check whether the engine can't hold what a text output names, and say so: the path is delivered as text."""
        if is_folder and (Run.is_kubeflow or Run.takes_files_only):
            say(f'warning: output `{self.name}` is a folder, its path is delivered; {directive("Directory")}')
            return True
        if not is_folder and (Run.is_kubeflow or Run.drops_line_end) and not is_text(source):
            say(f'warning: output `{self.name}` is a binary file, its path is delivered; {directive("File")}')
            return True
        return False

    def shown(self, text: str) -> str:
        """Give the value as a message may show it."""
        return '***' if is_secret(self.name) else shown(text)


def directive(wanted: str) -> str:
    """Name the directive that declares an output."""
    return f'write `# c3: output={wanted}` at the end of the line that sets it'


def find(value: str | None) -> str | None:
    """Find the file or folder a value names, seen from the present or from the first working directory."""
    for path in (value, os.path.join(Run.start, value)) if value else ():
        # No `exists`: a device or a pipe is nothing to copy.
        if os.path.isfile(path) or os.path.isdir(path):
            return path
    return None


def flush_files() -> None:
    """Write out the files the script has left open, as the interpreter does only after the exit handlers."""
    archives = tuple(getattr(sys.modules[name], kind) for name, kind in ARCHIVES.items() if name in sys.modules)
    texts, files = (io.TextIOWrapper,), (io.BufferedWriter, io.BufferedRandom)
    things = [thing for thing in gc.get_objects() if issubclass(type(thing), texts + archives + files)]
    # In this order, as text may go through an archive into a file.
    for kinds, method in ((texts, 'flush'), (archives, 'close'), (files, 'flush')):
        for thing in things:
            if issubclass(type(thing), kinds):
                write_out(thing, method)


def write_out(thing: Any, method: str) -> None:
    """Flush or close a file, but nothing like a pipe, which could block for ever."""
    try:
        below = getattr(thing, 'fp', thing)
        if stat.S_ISREG(os.fstat(below.fileno()).st_mode):
            getattr(thing, method)()
    except Exception:
        pass  # closed, or no file of the system


def deliver_outputs() -> list[str]:
    """Deliver every output that can be; gives their places, and sets the exit code of one that can't."""
    flush_files()
    os.umask(0o022)  # the engine may read as another user
    deliveries = [Delivery(parameter, target) for parameter, target in Run.targets]
    for delivery in deliveries:
        if not deliver(delivery):
            Run.status = 1
    if Run.task is not None and any(delivery.type != 'String' for delivery in deliveries):
        from .report import report

        report(Run.task, deliveries)
    if Run.collected:
        from .collected import collect

        collect(deliveries, Run.collected)
    return [delivery.place for delivery in deliveries]


def deliver(delivery: Delivery) -> bool:
    """Deliver one output, or say why not."""
    try:
        delivery.deliver()
        return True
    except Refusal as refusal:
        say(f'error: output {refusal}')
    except Exception as error:
        say(f'error: cannot deliver output `{delivery.name}` to `{delivery.place}`: {error}')
        if isinstance(error, PermissionError) and Run.is_kubeflow:
            say("hint: give kfp's local runner a user that may write there: `DockerRunner(user=str(os.getuid()))`")
    return False
