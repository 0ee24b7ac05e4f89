"""The child, which runs the function."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .core import HEARTBEAT, Refusal, now
from .journal import Journal
from .nursery import SIGNALS
from .pipes import Lease, message_of, tell

if TYPE_CHECKING:
    from .kinds import Function, Given


class Stopped(BaseException):
    """The function was asked to end; no `Exception`, lest it catches this."""


class Child:
    """Calls the function with what the supervisor sends, one call after the other."""

    def __init__(self, requests: int, replies: int, lease: Lease) -> None:
        """Be a group of processes of its own, as all of them are to end together."""
        self.requests, self.replies, self.lease = requests, replies, lease
        self.inodes = self.find_inodes()
        self.process = os.getpid()
        self.journal = Journal()
        self.is_running = False
        os.setpgid(0, 0)
        while select.select([requests], [], [], 0)[0] and os.read(requests, 65536):
            pass  # what a child that has died was to do
        self.signals = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self.forking = threading.local()
        os.register_at_fork(before=self.block, after_in_parent=self.unblock, after_in_child=self.be_forked)
        threading.Thread(target=self.watch, name='lease', daemon=True).start()

    def serve(self, load: Callable[[], Function]) -> None:
        """Load the script and answer all requests."""
        try:
            function = load()
        except Refusal as refusal:
            tell(self.replies, 'refused', text=str(refusal))
            return
        self.listen()
        tell(self.replies, 'ready')
        for request in self.received():
            kind, text = self.call_each(function, **request)
            tell(self.replies, kind, text=text)

    def received(self) -> Iterator[dict[str, Any]]:
        """Give what each request says, until there are none to come."""
        buffer = b''
        while True:
            content = os.read(self.requests, 65536)
            *lines, buffer = (buffer + content).split(b'\n')
            for message in filter(None, map(message_of, lines)):
                if message['kind'] == 'end':
                    return
                yield message['request']
            if not content:
                return

    def call_each(self, function: Function, calls: list[Given], until: float, names: list[str]) -> tuple[str, str]:
        """Call the function with one after the other, until one doesn't end well, or it is time to ask what is next."""
        for number, arguments in enumerate(calls):
            if number and now() > until:
                break
            if names:
                self.journal.note(names[number])
            self.lease.begin(number)
            kind, text = self.call(function, arguments)
            if os.getpid() != self.process:
                leave_fork(kind, text)
            flush()
            if kind != 'done':
                return kind, text
            self.check_pipes()
            self.lease.end(number)
        return 'done', ''

    def check_pipes(self) -> None:
        """End, before the next batch has to suffer for it, if the function has closed what leads to the supervisor."""
        try:
            if self.inodes == self.find_inodes():
                return
        except OSError:
            pass
        os._exit(1)

    def find_inodes(self) -> list[int]:
        """Give what tells the pipes from other files of their numbers."""
        return [os.fstat(pipe).st_ino for pipe in (self.requests, self.replies)]

    def call(self, function: Function, arguments: Given) -> tuple[str, str]:
        """Call the function; gives what became of it, and the traceback of an error."""
        self.listen()  # a component of the function's may have put its own handler there
        try:
            try:
                self.is_running = True
                if self.lease.is_asked():  # before there was anything that a signal could stop
                    raise Stopped('asked to end')
                function(*arguments)
            finally:
                self.is_running = False  # a signal that comes while the traceback is made stops nothing
        except SystemExit as end:
            return ('done', '') if end.code in (None, 0) else ('failed', trace_of(end))
        except Stopped as end:
            return 'stopped', trace_of(end)
        except BaseException as error:
            return 'failed', trace_of(error)
        return 'done', ''

    def listen(self) -> None:
        """Have the signals that end a worker end the function."""
        for number in self.signals:
            signal.signal(number, self.on_signal)

    def on_signal(self, number: int, _: object) -> None:
        """Stop the function if it runs."""
        if self.is_running:
            self.is_running = False
            raise Stopped(f'asked to end by {signal.Signals(number).name}')

    def block(self) -> None:
        """Let signals wait while the function forks: Python forgets what a new process has got before it is ready."""
        self.forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, self.signals)

    def unblock(self) -> None:
        """Let them come."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self.forking.mask)

    def be_forked(self) -> None:
        """Let signals end a process that the function has forked."""
        for number in self.signals:
            if signal.getsignal(number) == self.on_signal:
                signal.signal(number, signal.SIG_DFL)
        self.unblock()

    def watch(self) -> None:
        """End without a supervisor, and before another worker may take over the batch of one that hangs."""
        end = select.poll()
        end.register(self.requests, 0)
        while not end.poll(int(HEARTBEAT * 100)):
            if self.lease.has_ended():
                self.lease.leave()
                os.kill(self.process, signal.SIGKILL)  # at once: the function may come to its end otherwise
        os.killpg(self.process, signal.SIGKILL)


def serve(load: Callable[[], Function], requests: int, replies: int, lease: Lease) -> None:
    """Be the child."""
    Child(requests, replies, lease).serve(load)


def leave_fork(kind: str, text: str) -> None:
    """End a process which the function has forked and which has come back from it as well."""
    with contextlib.suppress(Exception):
        sys.stderr.write(text)
    flush()
    os._exit(0 if kind == 'done' else 1)


def flush() -> None:
    """Write what has been printed; the function may have closed the streams."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def trace_of(error: BaseException) -> str:
    """Give the traceback of an error."""
    return ''.join(traceback.format_exception(type(error), error, error.__traceback__))
