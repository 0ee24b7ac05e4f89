"""State kept for the exit handler."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .interface import ROOT

if TYPE_CHECKING:
    from .kinds import Output


def working_directory() -> str:
    """Give the current directory, or the operator's own where that has been deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ROOT


class Run:
    """What happened so far."""

    process = os.getpid()  # forked children run this code too, but have nothing to deliver or clean up
    start = working_directory()
    succeeded = False
    status = 0  # of the last work
    skips_unset = False  # the engine, a runner of CWL, takes an output that isn't there for null
    takes_files_only = False  # the engine can't take a folder for an output that is a text
    drops_line_end = False  # the engine, Argo, takes a line end off the end of a text, and no binary file for one
    collected: str | None = None  # the file in which the engine wants all texts
    is_kubeflow = False
    task: dict[str, Any] | None = None  # the executor input of kfp 2
    targets: list[tuple[Output, str]] = []  # outputs, and where the engine wants them
    announced: dict[str, str] = {}  # paths that the script was told, by the ids of outputs
    links: list[str] = []
    folders: list[str] = []
    profile: Any = None  # of IPython
    recorder: Any = None  # of a notebook's run, if the engine wants the executed notebook
