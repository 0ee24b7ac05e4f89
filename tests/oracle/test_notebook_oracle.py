"""What `c3` makes of notebooks, compared with nbformat, IPython and CPython's own parser.

`C3` names the program, `C3_SEEDS` how many random notebooks are read, `C3_RUNS` how many are run, `C3_CORPUS` folders
(parted by `:`) whose notebooks are compared too.
"""

import ast
import json
import os
import re
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import notebook_oracle
import notebooks
import pytest
from test_python_oracle import C3, CORPUS, REFUSALS, ROOT, SEEDS, compare, inspect, report

RUNS = int(os.environ.get('C3_RUNS', 60))


def differences(path):
    """Tell what `c3` reads otherwise than the oracle, as a list of sentences."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            flat, reading = notebook_oracle.read(path.read_text(encoding='utf-8'))
    except (SyntaxError, RecursionError, MemoryError, ValueError, UnicodeDecodeError):
        return None  # IPython itself doesn't read it
    component, errors = inspect(path)
    if component is None:
        refusals = REFUSALS | ({'missing-import'} if lacks_import(flat.text) else set())
        return [f'refused: {", ".join(sorted(errors))}'] if errors - refusals else []
    if flat.needs_shell and not any(text.strip('-q ').lower().startswith('ipython') for text in reading.pip):
        reading.pip.append('ipython')
    if any(cell.cell_type == 'markdown' for cell in flat.cells):
        reading.description = component['description']  # the marks of Markdown are `c3`'s own affair
    return [*places(component, flat), *exact_places(component, reading), *compare(component, reading)]


def lacks_import(text):
    """Tell whether a module that notebooks use is imported nowhere."""
    used = (name for name in ('os', 'sys', 're', 'logging') if re.search(rf'\b{name}\b', text))
    return any(not re.search(rf'\bimport\b.*\b{name}\b', text) for name in used)


def places(component, flat):
    """Put lines of the whole into the place of lines of cells, and yield where there are none."""
    for thing in [*component['inputs'], *component['outputs'], *component['diagnostics']]:
        location = thing.get('location')
        if not location:
            continue
        cell, line = location['cell'], location['line']
        ends = [*flat.starts[1:], flat.text.count('\n') + 2]
        if not 1 <= cell <= len(flat.starts) or not flat.starts[cell - 1] <= flat.starts[cell - 1] + line - 1 < ends[cell - 1]:
            yield f'{thing.get("name", thing.get("code"))}: no place {cell}:{line}'
        else:
            location['line'] += flat.starts[cell - 1] - 1


def exact_places(component, reading):
    """Yield the inputs whose place isn't that of the first read."""
    for port in component['inputs']:
        wanted = next((item for item in reading.inputs if item['name'] == port['name']), None)
        if wanted and wanted['name'] not in reading.unspecified and wanted['line'] != port['location']['line']:
            yield f'{port["name"]} is in line {port["location"]["line"]}, not {wanted["line"]}'


# What no variable says is nothing for the oracle: another language, and the executed notebook.
UNKNOWN = ('"name": "ir"', 'notebook-output')
SAMPLES = [
    path for path in sorted((ROOT / 'samples').glob('*.ipynb')) if not any(word in path.read_text() for word in UNKNOWN)
]


@pytest.mark.parametrize('path', SAMPLES, ids=lambda path: path.name)
def test_samples(path):
    """Every sample is read as the oracle reads it."""
    assert differences(path) == []


@pytest.fixture(scope='module')
def random_notebooks(tmp_path_factory):
    """Write random notebooks."""
    folder = tmp_path_factory.mktemp('notebooks')
    for seed in range(SEEDS):
        (folder / f'notebook_{seed}.ipynb').write_text(notebooks.notebook(seed), encoding='utf-8')
    return sorted(folder.iterdir())


def test_random_notebooks(random_notebooks):
    """Random notebooks are read as the oracle reads them."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(differences, random_notebooks))
    assert sum(item is not None for item in found) > SEEDS * 0.6, 'most notebooks are Python'
    assert report(random_notebooks, found) == ''


@pytest.mark.skipif(not CORPUS, reason='C3_CORPUS names no folder')
def test_corpus():
    """Notebooks that people have written are read as the oracle reads them."""
    paths = sorted({path for folder in CORPUS for path in folder.rglob('*.ipynb') if path.is_file()})
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(corpus_differences, paths))
    print(f'{len(paths)} files, {sum(item is not None for item in found)} compared')
    assert report(paths, found) == ''


def corpus_differences(path):
    """Compare a file that may be no notebook of Python's."""
    try:
        return differences(path)
    except Exception as error:
        return [f'{type(error).__name__}: {error}']


# The script that runs in the image


def scripts_of(folder):
    """Compile a folder's notebooks and give the script of each."""
    made = {}
    for path in sorted(folder.glob('*.ipynb')):
        out = folder / 'out'
        done = subprocess.run([C3, 'create-operator', path, '--no-build', '--keep-generated-files', '-o', out, '--overwrite'], capture_output=True, encoding='utf-8', cwd=folder)
        if done.returncode == 0:
            made[path] = (out / f'{path.stem}.context/operator/{path.stem}.py').read_text(encoding='utf-8')
    return made


def cells_of(script):
    """Give the lines of each cell of a script by the number of the cell."""
    cells, lines = {}, []
    for line in script.split('\n'):
        if line.startswith('# %% cell '):
            cells[int(line.rpartition(' ')[2])] = lines = []
        else:
            lines.append(line)
    return {number: lines[1:] for number, lines in cells.items()}  # below an empty line


def test_scripts_compile(random_notebooks, tmp_path):
    """What runs in the image is Python, and has the lines of each cell in their places."""
    folder = tmp_path
    for path in random_notebooks[: SEEDS // 4]:
        (folder / path.name).write_bytes(path.read_bytes())
    problems = []
    for path, script in scripts_of(folder).items():
        try:
            flat = notebook_oracle.flatten(path.read_text(encoding='utf-8'))
            compile(flat.text, path, 'exec', ast.PyCF_ONLY_AST)
        except SyntaxError:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                compile(script, path, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            if not fails_in_ipython(path):
                problems.append(f'{path}: {error}')
        problems += [f'{path}: {problem}' for problem in misplaced(script, path)]
    assert '\n'.join(problems) == ''


def fails_in_ipython(path):
    """Tell whether a cell can't be compiled by itself, either, such as one that returns."""
    for cell in notebook_oracle.cells(path.read_text(encoding='utf-8')):
        try:
            if cell.cell_type == 'code':
                python = notebook_oracle.timed(notebook_oracle.code(cell.source.replace('\r\n', '\n'))[0])
                compile(python, path, 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except (SyntaxError, ValueError):
            return True
    return False


def misplaced(script, path):
    """Yield the lines of plain Python that aren't where they are in the notebook."""
    found = cells_of(script)
    cells = notebook_oracle.cells(path.read_text(encoding='utf-8'))
    if sorted(found) != list(range(1, len(cells) + 1)):
        yield f'cells {sorted(found)}'
        return
    for number, cell in enumerate(cells, 1):
        if cell.cell_type != 'code':
            continue
        for at, line in enumerate(cell.source.replace('\r\n', '\n').rstrip('\n').split('\n')):
            line = line.strip()
            if line.startswith(('v = os.', 'os.environ')) and not cell.source.lstrip().startswith('%%') and line not in (found[number][at].strip() if at < len(found[number]) else ''):
                yield f'cell {number}, line {at + 1}: {line}'


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Run notebooks cell by cell and as scripts, all in one process each time."""
    folder = tmp_path_factory.mktemp('runs')
    for seed in range(RUNS):
        (folder / f'run_{seed}.ipynb').write_text(notebooks.runnable(seed), encoding='utf-8')
    made = scripts_of(folder)
    jobs = [{'path': str(path), 'script': script, 'cells': [cell.source for cell in notebook_oracle.cells(path.read_text(encoding='utf-8'))]} for path, script in made.items()]
    (folder / 'jobs.json').write_text(json.dumps(jobs))
    done = subprocess.run([sys.executable, ROOT / 'tests/oracle/run_notebooks.py', folder / 'jobs.json'], capture_output=True, encoding='utf-8', cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return len(made), json.loads((folder / 'jobs.json.done').read_text())


def test_runs(runs):
    """A script gives the same variables as its notebook's cells one by one in IPython."""
    compiled, done = runs
    assert compiled > RUNS * 0.9
    assert all(run['error'] is None or 'Error' in run['error'] for run in done)
    told = [run for run in done if run['error'] is None]
    assert len(told) > RUNS * 0.5, 'most notebooks run'
    assert '\n'.join(f'{run["path"]}: {line}' for run in told for line in run['differences']) == ''
