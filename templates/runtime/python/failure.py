"""Exceptions that end the script, shown without the frames of the entry point."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from .interface import INTERFACE, standard


def hide_entry_point() -> None:
    """Have the exception that ends the script shown as if the interpreter itself had run it."""
    hook: Any = getattr(sys, 'excepthook', sys.__excepthook__)

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.excepthook = hook
        sys.last_traceback = trace = script_frames(trace)
        try:
            shown_by(hook)(kind, error.with_traceback(trace), trace)
        except SystemExit:
            raise
        except BaseException as failure:
            show_failure(failure, error)

    sys.excepthook = show


def shown_by(hook: Any) -> Any:
    """Give what shows an exception: the interpreter itself finds no lines of a notebook's cells."""
    is_own = hook is sys.__excepthook__ and INTERFACE['notebook']
    return standard('traceback').print_exception if is_own else hook


def show_failure(failure: BaseException, error: BaseException) -> None:
    """Show the failure of an exception hook as the interpreter does."""
    print('Error in sys.excepthook:', file=sys.stderr)
    trace = script_frames(failure.__traceback__)
    sys.__excepthook__(type(failure), failure.with_traceback(trace), trace)
    print('\nOriginal exception was:', file=sys.stderr)
    sys.__excepthook__(type(error), error, error.__traceback__)


def script_frames(trace: TracebackType | None) -> TracebackType | None:
    """Give the traceback from the first frame on that isn't of this file."""
    while trace and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace
