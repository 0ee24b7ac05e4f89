"""The user's script."""

from __future__ import annotations

import importlib.util
import os
import random
import sys
import time
from typing import Any

from .core import LOG, Refusal
from .interface import INTERFACE
from .start import FOLDER, LOADED

# The index of a worker's pod: it says nothing of the batches that the worker takes.
WORKER_INDEX = 'JOB_COMPLETION_INDEX'


def load_function(script: str, name: str) -> Any:
    """Import the script as a module of its own and give its process function."""
    forget_shadowed()
    if WORKER_INDEX not in INTERFACE:
        os.environ.pop(WORKER_INDEX, None)
    stem = os.path.splitext(os.path.basename(script))[0]
    # A script that is called like a module which is in use must not take its place.
    module_name = f'operator_{stem}' if stem in sys.modules or '.' in stem else stem
    spec: Any = importlib.util.spec_from_file_location(module_name, os.path.join(FOLDER, script))
    module = sys.modules[module_name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        LOG.error('`%s` cannot be imported', script, exc_info=error)
        raise Refusal(f'`{script}` fails when it is imported') from None
    except SystemExit as end:
        raise Refusal(
            f'`{script}` ends the program when it is imported (exit code {end.code}); put what must not run '
            "then under `if __name__ == '__main__':`"
        ) from None
    function = getattr(module, name, None)
    if not callable(function):
        raise Refusal(f'`{script}` has no function `{name}`')
    return function


def forget_shadowed() -> None:
    """Forget modules loaded here which the script's own files go before in its imports."""
    for module in set(sys.modules) - LOADED:
        path = os.path.join(FOLDER, module.partition('.')[0])
        if os.path.isfile(path + '.py') or os.path.isfile(os.path.join(path, '__init__.py')):
            del sys.modules[module]


def stagger(seconds: float) -> None:
    """Wait for a random time, as workers that start at once may be a burden to a store."""
    if seconds > 0:
        time.sleep(random.uniform(0, seconds))
