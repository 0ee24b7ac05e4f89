"""The process that forks the children: it has nothing that they must not share, as it does nothing else."""

from __future__ import annotations

import os
import signal

from .pipes import die_with, tell

SIGNALS = [signal.SIGTERM, signal.SIGINT]  # what ends a worker


def nurse(orders: int, replies: int) -> None:
    """Fork a child for each order and tell of its birth and its end; returns in the child."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    nursery = os.getpid()
    while os.read(orders, 1):
        child = os.fork()
        if not child:
            die_with(nursery)
            for number, handler in before.items():
                signal.signal(number, handler)
            return
        tell(replies, 'born', pid=child)
        tell(replies, 'ended', text=end_of(os.waitpid(child, 0)[1]))
    os._exit(0)


def end_of(status: int) -> str:
    """Say how a process has ended."""
    if os.WIFEXITED(status):
        return f'ended its process with exit code {os.WEXITSTATUS(status)}'
    number = os.WTERMSIG(status)
    known = f' ({signal.Signals(number).name})' if number in set(signal.Signals) else ''
    hint = ', which is also what happens when the memory is used up' if number == signal.SIGKILL else ''
    return f'ended its process by signal {number}{known}{hint}'
