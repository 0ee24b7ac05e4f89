"""The first process of a container: hands signals on and reaps orphans, while its child runs the operator.

The kernel keeps signals without a handler from the first process, and what its children leave behind becomes its own.
In the script's process neither could be mended without a trace.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os

# What the kernel raises for a fault of the process itself, or for its use of a terminal.
OWN = {_signal.SIGILL, _signal.SIGBUS, _signal.SIGFPE, _signal.SIGSEGV, _signal.SIGABRT, _signal.SIGTRAP}
OWN |= {_signal.SIGTTIN, _signal.SIGTTOU}


# What nobody can catch, and two that the C library keeps for itself.
RESERVED = {_signal.SIGKILL, _signal.SIGSTOP, 32, 33}


def fork_operator() -> None:
    """Go on in a child; this process ends as the child does."""
    blocked = set(range(1, _signal.NSIG)) - OWN - RESERVED
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, blocked)
    child = os.fork()
    if child:
        wait_for(child, blocked)
    take_terminal()
    _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


def take_terminal() -> None:
    """Become the foreground of the terminal, so that Ctrl-C comes from there alone."""
    if not os.isatty(0):
        return
    handler = _signal.signal(_signal.SIGTTOU, _signal.SIG_IGN)
    try:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())
    except OSError:
        pass  # the terminal belongs to another session
    _signal.signal(_signal.SIGTTOU, handler)


def wait_for(child: int, signals: set[int]) -> None:
    """Hand signals on until the child has ended, then end with its exit code."""
    while True:
        number = _signal.sigwait(signals)
        if number == _signal.SIGCHLD:
            reap(child)
        else:
            hand_on(child, number)


def hand_on(child: int, number: int) -> None:
    """Send a signal to the child."""
    try:
        os.kill(child, number)
    except OSError:
        pass  # it is about to be reaped


def reap(child: int) -> None:
    """Collect all that has ended, and end with the child."""
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            os._exit(1)
        if ended == child:
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
        if not ended:
            return
