"""The child as its supervisor sees it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .child import flush, serve
from .core import HEARTBEAT, Refusal, Unreachable, now
from .nursery import nurse
from .pipes import Lease, die_with, message_of

if TYPE_CHECKING:
    from .kinds import Function, Message

# A worker is a supervisor, which alone speaks to the store and keeps the lock alive, and a child that runs the
# function: whatever that does to its process, be it a crash, a call that holds the interpreter or one that never comes
# back, the supervisor sees it. Children are forks of a process between the two, the nursery, which is made before there
# is anything that they must not share. Each dies with its parent.

ENDS = ('done', 'failed', 'stopped', 'ended')

# Seconds between asking a function to end and killing it, by the reason.
GRACE = {'terminated': 20, 'lost': HEARTBEAT / 2, 'late': 5}


class Outcome:
    """What became of calls."""

    def __init__(self, kind: str, text: str = '', reason: str = '', done: int = 0) -> None:
        """Note how it ended, what is to be said of it, and for which reason it was asked to end, if it was.

        Of several calls it is the outcome of the one after those that are done, if there is one.
        """
        self.kind, self.text, self.reason, self.done = kind, text, reason, done


class Runner:
    """Has the function run by a child, and by a new one after each that has died."""

    def __init__(self, load: Callable[[], Function]) -> None:
        """Start the first child, which serves until the end and leaves the program from here."""
        self.lease = Lease()
        supervisor = os.getpid()
        requests, self.requests = os.pipe()
        self.replies, replies = os.pipe()
        orders, self.orders = os.pipe()
        flush()
        if not os.fork():
            die_with(supervisor)
            for pipe in (self.requests, self.replies, self.orders):
                os.close(pipe)
            nurse(orders, replies)
            serve(load, requests, replies, self.lease)
            sys.exit(0)
        for pipe in (requests, replies, orders):
            os.close(pipe)
        self.woken, self.waker = os.pipe()
        for pipe in (self.woken, self.waker, self.requests):
            os.set_blocking(pipe, False)
        self.poll = select.poll()
        for pipe in (self.replies, self.woken):
            self.poll.register(pipe, select.POLLIN)
        self.buffer = b''
        self.ends: list[Message] = []
        self.child = 0
        self.is_ready = self.is_closing = False
        self.order()

    def order(self) -> None:
        """Ask for a child."""
        try:
            os.write(self.orders, b'+')
        except OSError:
            raise Unreachable('the process that starts the others has been killed') from None

    def run(self, request: Message, why_end: Callable[[], str]) -> Outcome:
        """Have the function called, and ended as soon as there is a reason."""
        self.receive(0)
        self.ends.clear()  # of an earlier call
        if not self.wait_ready(why_end):
            return Outcome('stopped', reason=why_end())
        self.lease.prepare()
        self.send('call', request=request)
        outcome = self.wait_end(why_end)
        if outcome.kind != 'ended' or self.lease.has_begun():
            return Outcome('left') if outcome.kind == 'ended' and self.lease.is_left() else outcome
        # The child died before a call.
        return Outcome('done', done=outcome.done) if outcome.done else self.run(request, why_end)

    def wait_end(self, why_end: Callable[[], str]) -> Outcome:
        """Wait until the function has ended, by itself, when asked to or by force."""
        reason, end = '', float('inf')
        while not self.ends:
            if not reason:
                reason = why_end()
                end = now() + GRACE.get(reason, float('inf'))
                self.ask_to_end(reason)
            elif now() >= end:
                self.kill()
            self.receive(min(1, max(0.05, end - now())))
        message = self.ends.pop(0)
        return Outcome(message['kind'], message.get('text', ''), reason, self.lease.done())

    def wait_ready(self, why_end: Callable[[], str] = str) -> bool:
        """Wait until a child has loaded the script, if there is no reason to end."""
        while not self.is_ready and not why_end():
            self.receive(1)
        return self.is_ready

    def ask_to_end(self, reason: str) -> None:
        """Stop the function, so that it can clean up."""
        if reason and self.child:
            self.lease.ask()
            with contextlib.suppress(OSError):
                os.kill(self.child, signal.SIGTERM)

    def kill(self) -> None:
        """End the child and all processes that it has started."""
        if self.child:
            with contextlib.suppress(OSError):
                os.kill(self.child, signal.SIGKILL)
            self.kill_group()

    def kill_group(self) -> None:
        """End what a child has started and left behind."""
        with contextlib.suppress(OSError):
            os.killpg(self.child, signal.SIGKILL)

    def send(self, kind: str, **more: Any) -> None:
        """Tell the child something, as long as it lives."""
        content = json.dumps({'kind': kind, **more}).encode() + b'\n'
        child = self.child
        while content and self.child == child:
            try:
                content = content[os.write(self.requests, content) :]
            except BlockingIOError:
                self.receive(0.1)

    def receive(self, seconds: float) -> None:
        """Read what the child says; ends when the time is over, too, or something else is to be looked at."""
        ready = [pipe for pipe, _ in self.poll.poll(seconds * 1000)]
        if self.woken in ready:
            os.read(self.woken, 65536)
        if self.replies not in ready:
            return
        content = os.read(self.replies, 65536)
        if not content:
            raise Unreachable('the processes of this worker have been killed')
        *lines, self.buffer = (self.buffer + content).split(b'\n')
        for message in filter(None, map(message_of, lines)):
            self.note(message)

    def note(self, message: Message) -> None:
        """Keep what a message says of the child, or of the call."""
        kind = message['kind']
        if kind == 'born':
            self.child = message['pid']
        elif kind == 'ready':
            self.is_ready = True
        elif kind == 'refused':
            raise Refusal(message['text'])
        elif kind == 'ended':
            self.bury(message['text'])
        if kind in ENDS:
            self.ends.append(message)

    def bury(self, how: str) -> None:
        """Have another child in the place of one that has died, unless its successors could but do the same."""
        self.kill_group()
        was_ready, self.is_ready, self.child = self.is_ready, False, 0
        if self.is_closing:
            return
        if not was_ready:
            raise Refusal(f'the script {how} when it is imported')
        self.order()

    def wake(self) -> None:
        """End a wait; may be called from any thread."""
        with contextlib.suppress(OSError):
            os.write(self.waker, b'!')

    def close(self, seconds: float = float('inf')) -> None:
        """Let the child end as programs do, exit handlers and all, but not for longer than so many seconds."""
        self.is_closing = True
        end = now() + seconds
        if self.is_ready:
            self.send('end')
        else:
            self.kill()
        while self.child:
            self.receive(1)
            if now() >= end:
                self.kill()
