"""The user's script."""

from __future__ import annotations

import importlib.util
import inspect
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
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


def accepted(function: Callable[..., object], first: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give those values that the function has parameters for, behind the first; refuse what can't be called so."""
    if any(is_kind(function) for is_kind in IDLE):
        raise Refusal('the function does nothing when it is called: it is asynchronous, or a generator')
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return dict(values)  # one that isn't written in Python
    parameters = list(signature.parameters.values())
    takes_all = any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters)
    positional = [item.name for item in parameters if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD)]
    own = positional[:first]
    names = {parameter.name for parameter in parameters if parameter.kind != parameter.POSITIONAL_ONLY}
    given = {name: value for name, value in values.items() if name not in own and (takes_all or name in names)}
    try:
        signature.bind(*own, *[''] * (first - len(own)), **given)
    except TypeError as error:
        raise Refusal(f'the function cannot be called: {error}') from None
    return given


IDLE = inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction


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
