"""The run of a notebook's script, cell by cell as Jupyter does.

`__main__` has no `__file__`, so that processes which are spawned don't run the notebook once more.
"""

from __future__ import annotations

import sys
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from .interface import INTERFACE, SCRIPT, standard
from .messages import fail
from .state import Run

ast, linecache = standard('ast'), standard('linecache')

if TYPE_CHECKING:
    Cell = tuple[int, list[CodeType]]  # its number, from 1, and its codes

# Flags of code: that it waits, and what a cell has imported from the future.
COROUTINE, FUTURES = 0x80, 0
for feature in standard('__future__').all_feature_names:
    FUTURES |= getattr(standard('__future__'), feature).compiler_flag


def run_cells(source: bytes, module: ModuleType) -> None:
    """Run all cells, in an event loop if one of them waits at its top level."""
    cells = compiled(source)
    if '' not in sys.path:
        sys.path.insert(1, '')  # as under Jupyter, for modules that cells write
    if INTERFACE['ipython'] or Run.recorder:
        start_ipython(module)
    if Run.recorder:
        Run.recorder.start(module)
    try:
        if any(code.co_flags & COROUTINE for _, codes in cells for code in codes):
            standard('asyncio').run(run_waiting(cells, module))
        else:
            run_straight(cells, module)
    finally:
        if Run.recorder:
            Run.recorder.close()


def run_straight(cells: list[Cell], module: ModuleType) -> None:
    """Run cells none of which waits."""
    for number, codes in cells:
        try:
            with watched(number):
                for code in codes:
                    exec(code, module.__dict__)
        except Exception as error:
            go_on(number, error)


async def run_waiting(cells: list[Cell], module: ModuleType) -> None:
    """Run cells some of which wait, in one event loop."""
    for number, codes in cells:
        try:
            with watched(number):
                for code in codes:
                    waiting = eval(code, module.__dict__)
                    if code.co_flags & COROUTINE:
                        await waiting
        except Exception as error:
            go_on(number, error)


class Unwatched:
    """A cell whose run isn't recorded."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End."""


def watched(number: int) -> Any:
    """Give what records the run of a cell, if anything does."""
    return Run.recorder.watch(number) if Run.recorder and number else Unwatched()


def go_on(number: int, error: Exception) -> None:
    """Show the error of a cell that may fail; that of another ends the program."""
    if number not in INTERFACE['raising']:
        raise
    from .failure import script_frames

    standard('traceback').print_exception(type(error), error, script_frames(error.__traceback__))


def cell_name(number: int) -> str:
    """Give the name of a cell's code, or of what stands before the cells."""
    return f'{INTERFACE["source"]}:cell {number}' if number else SCRIPT


def compiled(source: bytes) -> list[Cell]:
    """Compile each cell under its own name, in lines of its own; what one imports from the future holds for all."""
    tree = ast.parse(source, SCRIPT)
    lines = source.decode('utf-8').splitlines(keepends=True)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    found: list[Cell] = []
    for number, first, body in parted(tree.body):
        if found and is_docstring(body[0]) and (body[1:] or not Run.recorder):
            del body[0]  # it isn't the description of the whole
        if not body:
            continue
        name = cell_name(number)
        ends = [getattr(node, 'end_lineno', first) or first for node in body]
        own = lines[first - 1 : max(ends)]
        linecache.cache[name] = (len(own), None, own, name)
        for node in body:
            ast.increment_lineno(node, 1 - first)
        codes = [compile(tree, name, mode, flags, True) for tree, mode in trees(body, own)]
        flags |= codes[0].co_flags & FUTURES
        found.append((number, codes))
    return found


def trees(body: list[Any], lines: list[str]) -> list[tuple[Any, str]]:
    """Give the statements of a cell with the way to compile them: the last one alone, where its value is recorded."""
    last = body[-1]
    if not (Run.recorder and isinstance(last, ast.Expr) and not is_muted(last, lines)):
        return [(ast.Module(body=body, type_ignores=[]), 'exec')]
    before = [(ast.Module(body=body[:-1], type_ignores=[]), 'exec')] if body[1:] else []
    return [*before, (ast.Interactive(body=[last]), 'single')]


def is_muted(node: Any, lines: list[str]) -> bool:
    """Check whether a semicolon behind an expression says that its value isn't to be shown."""
    end = getattr(node, 'end_col_offset', None) or 0
    return lines[-1].encode('utf-8')[end:].lstrip().startswith(b';')


def is_docstring(node: Any) -> bool:
    """Check whether a statement is a text only."""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, 'value', None), str)


def parted(body: list[Any]) -> list[tuple[int, int, list[Any]]]:
    """Part statements into cells: the number, the first line and the statements of each."""
    parts: list[tuple[int, int, list[Any]]] = []
    starts = [(1, 0), *map(tuple, INTERFACE['cells'])]
    for node in body:
        line = min([node.lineno, *(decorator.lineno for decorator in getattr(node, 'decorator_list', []))])
        first, number = max(start for start in starts if start[0] <= line)
        if not parts or parts[-1][0] != number:
            parts.append((number, first, []))
        parts[-1][2].append(node)
    return parts


def start_ipython(module: ModuleType) -> None:
    """Give a notebook's code the shell that its magics belong to."""
    try:
        interactiveshell: Any = __import__('IPython.core.interactiveshell').core.interactiveshell
    except ImportError as error:
        fail(f'IPython is needed, which is not in the image ({error})', 1)
    Run.profile = standard('tempfile').TemporaryDirectory(prefix='ipython-')
    InteractiveShell = interactiveshell.InteractiveShell  # noqa: N806
    # Without a history from the start: it would be a database that processes forked from this one share.
    config: Any = __import__('traitlets.config').config.Config({'HistoryManager': {'enabled': False}})
    shell = InteractiveShell.instance(
        config=config, ipython_dir=Run.profile.name, user_module=module, user_ns=module.__dict__
    )
    shell.showtraceback = shell.showsyntaxerror = end_with_error
    shell.run_cell = lambda *cell, **options: passed_on(InteractiveShell.run_cell(shell, *cell, **options))
    builtins: Any = __import__('builtins')
    builtins.get_ipython = module.__dict__['get_ipython']  # a module made of a notebook has magics, too
    for name in ('exit', 'quit'):  # those of the shell would only ask it to end
        del module.__dict__[name]


def end_with_error(*_: Any, **__: Any) -> None:
    """Let an error within a magic end the program, where a shell would only show it."""
    raise sys.exc_info()[1] or RuntimeError


def passed_on(result: Any) -> Any:
    """Raise the error of a cell within a cell."""
    result.raise_error()
    return result
