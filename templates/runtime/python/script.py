"""The run of the script, as `python script.py` would run it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .interface import INTERFACE, SCRIPT
from .messages import fail
from .start import PRISTINE
from .state import Run


def read_script() -> bytes:
    """Read the script as bytes, in which the compiler looks for the encoding."""
    try:
        with open(SCRIPT, 'rb') as stream:
            return stream.read()
    except OSError as error:
        fail(f'cannot read `{SCRIPT}`: {error.strerror}', 2)


def main_module() -> ModuleType:
    """Put a `__main__` as for `python script.py` in the place of this one; that of a notebook is no file."""
    module = type(sys)('__main__')
    module.__dict__.clear()
    module.__dict__.update(PRISTINE, __doc__=None)
    if INTERFACE['notebook']:
        module.__dict__.pop('__file__', None)
    else:
        loader: Any = type(globals()['__loader__'])
        module.__dict__.update(__file__=SCRIPT, __loader__=loader('__main__', SCRIPT))
    sys.modules['__main__'] = module
    return module


def run(source: bytes) -> None:
    """Run the script; the interpreter deals with whatever it ends with."""
    try:
        module = main_module()
        if INTERFACE['notebook']:
            from .notebook import run_cells

            run_cells(source, module)
        else:
            if INTERFACE['ipython']:
                from .notebook import start_ipython

                start_ipython(module)
            exec(compile(source, SCRIPT, 'exec', 0, True), module.__dict__)
        Run.succeeded = True
    except SystemExit as end:
        Run.succeeded = end.code is None or isinstance(end.code, int) and end.code & 0xFF == 0
        raise
    except BaseException:
        from .failure import hide_entry_point

        hide_entry_point()
        raise
