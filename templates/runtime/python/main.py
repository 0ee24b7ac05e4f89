"""The operator from its first argument to its last output."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable

from .interface import INPUTS, INTERFACE, ROOT, SCRIPT, forget_modules
from .messages import leave, say
from .parameters import check_words, set_parameters, take_parameters
from .script import read_script, run
from .state import Run

PROGRAMS = ('python', 'python3', 'bash', 'sh')


def finish() -> None:
    """Deliver the outputs and clean up; the first exit handler to be registered and so the last to run."""
    if os.getpid() != Run.process:
        return
    status = attempt(clean_up)
    if status and Run.succeeded:
        leave(status)  # a script that failed has an exit code already


def attempt(work: Callable[[], int]) -> int:
    """Do the last work, whatever comes in between; gives the exit code."""
    try:
        return work()
    except KeyboardInterrupt:
        return 130
    except SystemExit:
        return 143
    except Exception as error:
        say(f'error: cannot clean up: {error}')
        return 1


def clean_up() -> int:
    """Deliver the outputs of a script that has succeeded, and remove what was made for it."""
    places = []
    if Run.succeeded and Run.targets:
        from .delivery import deliver_outputs

        places = deliver_outputs()
    if Run.links or Run.folders:
        from .files import remove_links

        remove_links(places)
    return Run.status


def main() -> None:
    """Run the operator."""
    if os.path.basename(sys.argv[1] if sys.argv[1:] else '') in PROGRAMS:
        from .program import become

        become(sys.argv[1:])
    if os.getpid() == 1:
        from .init import fork_operator

        fork_operator()
        Run.process = os.getpid()
    atexit.register(finish)
    source = read_script()
    words = take_parameters(sys.argv[1:])
    sys.argv[:] = [SCRIPT] + words.own
    check_words(words.own)
    set_parameters(words)
    prepare()
    if INTERFACE['logging']:
        from .logs import set_level

        set_level(words.taken)
    if any(parameter['via'] == 'argument' for parameter in INPUTS):
        from .arguments import command_line

        sys.argv[1:] = command_line(words.own)
    run(source)


def prepare() -> None:
    """Make the surroundings those that the script expects."""
    if 'USER' not in os.environ or 'LOGNAME' not in os.environ:
        from .user import name_user

        name_user()
    if INTERFACE['files'] and os.path.realpath(Run.start) != os.path.realpath(ROOT):
        from .files import link_files

        link_files()
    if Run.targets:
        prepare_delivery()
    if INTERFACE['record']:
        from .recording import prepare_recording

        prepare_recording()
    forget_modules()


def prepare_delivery() -> None:
    """Load what delivers the outputs while nothing of the script's can be in the way."""
    from .delivery import deliver_outputs  # noqa: F401

    if Run.task is not None:
        from .report import report  # noqa: F401
    if Run.collected:
        from .collected import collect  # noqa: F401


main()
