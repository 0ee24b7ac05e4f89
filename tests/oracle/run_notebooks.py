"""Runs notebooks twice, cell by cell in IPython and as the scripts that `c3` made, and compares their variables.

The argument names a JSON file of jobs; what was found is written beside it.
"""

import ast
import asyncio
import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import traceback
import types

from IPython.core.interactiveshell import InteractiveShell

PLAIN = (type(None), bool, int, float, str, list, tuple, dict, set)


def shell_for(module):
    """Give a new shell as the image's prelude starts it."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(ipython_dir=PROFILE, user_module=module, user_ns=module.__dict__)
    shell.history_manager.enabled = False
    return shell


def cell_by_cell(cells):
    """Run cells as a kernel does; gives variables, or the first error."""
    module = types.ModuleType('__main__')
    shell = shell_for(module)
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None
    for cell in cells:
        result = shell.run_cell(cell, store_history=False)
        if not result.success:
            return None, repr(result.error_before_exec or result.error_in_exec)
    return variables(module), None


def as_script(script):
    """Run a script as the image's prelude does."""
    module = types.ModuleType('__main__')
    shell = shell_for(module)

    def raise_(*_, **__):
        raise

    shell.showtraceback = shell.showsyntaxerror = raise_
    waiting = eval(compile(script, 'script.py', 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True), module.__dict__)
    if waiting is not None:
        asyncio.run(waiting)
    return variables(module)


def variables(module):
    """Give the variables of plain values, and the names and kinds of the others."""
    hidden = {'In', 'Out', 'exit', 'quit', 'get_ipython', 'open'}
    names = [name for name in module.__dict__ if not name.startswith('_') and name not in hidden]
    return {name: repr(plain(module.__dict__[name])) for name in names}


def plain(value):
    """Make lists of IPython's lists, and kinds of what has no value."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value if isinstance(value, PLAIN) else type(value).__name__


def fresh(run, *arguments):
    """Run with the environment and the folder as they are now, and bring them back."""
    environment, folder = dict(os.environ), os.getcwd()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return run(*arguments), {name: value for name, value in os.environ.items() if environment.get(name) != value}
    finally:
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)


def compare(job):
    """Run a notebook in both ways."""
    (wanted, error), set_there = fresh(cell_by_cell, job['cells'])
    found = {'path': job['path'], 'error': error, 'differences': []}
    if error:
        return found
    try:
        got, set_here = fresh(as_script, job['script'])
    except BaseException:
        found['differences'] = [traceback.format_exc(limit=-2)]
        return found
    for name in sorted({*wanted, *got}):
        if wanted.get(name) != got.get(name):
            found['differences'].append(f'{name} is {got.get(name)}, not {wanted.get(name)}')
    if set_there != set_here:
        found['differences'].append(f'environment {set_here}, not {set_there}')
    return found


if __name__ == '__main__':
    with open(sys.argv[1]) as stream:
        JOBS = json.load(stream)
    PROFILE = tempfile.mkdtemp()
    DONE = [compare(job) for job in JOBS]
    with open(sys.argv[1] + '.done', 'w') as stream:
        json.dump(DONE, stream)
    sys.stdout.flush()
    shutil.rmtree(PROFILE)
    os._exit(0)  # the shells' own last work needs the profile
