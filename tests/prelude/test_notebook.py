"""Scripts that were made of notebooks: magics, and code that waits at its top level."""

import json
import subprocess
import sys

import pytest

from conftest import C3, an_input, an_output, environment, succeeded


@pytest.fixture
def notebook(operator):
    """Make operators whose script came from a notebook that needs IPython."""
    return lambda script, **interface: operator(script, notebook=True, ipython=True, **interface)


def test_magics_can_access_script_variables(notebook):
    subject = notebook('''
        name = 'world'
        get_ipython().system('echo hello {name} $name')
        files = get_ipython().getoutput('printf "a\\\\nb"')
        print(list(files))
        get_ipython().run_line_magic('time', 'n = 1 + 1')
        print(n)
    ''')
    done = subject.run()
    assert succeeded(done)
    lines = done.stdout.replace('\r', '').splitlines()
    assert lines[0] == 'hello world world' and lines[1] == "['a', 'b']" and lines[-1] == '2'


def test_scripts_exported_by_nbconvert_have_a_shell(operator):
    done = operator(r'''
        names = get_ipython().getoutput('echo a')
        get_ipython().run_cell_magic('bash', '', 'echo "in bash"\n')
        print(list(names), __file__.endswith('.py'))
    ''', ipython=True).run()
    assert (done.returncode, done.stdout) == (0, "in bash\n['a'] True\n")


def test_forked_processes_share_no_history(notebook):
    done = notebook("""
        import os, sys
        child = os.fork()
        if not child:
            sys.exit()
        os.waitpid(child, 0)
    """).run()
    assert (done.returncode, done.stderr) == (0, '')


def test_magics_work_within_functions(notebook):
    done = notebook('''
        def say(word):
            get_ipython().system('echo {word}')
        say('hello')
    ''').run()
    assert (done.returncode, done.stdout.strip()) == (0, 'hello')


def test_cells_for_a_shell(notebook, tmp_path):
    done = notebook(r'''
        get_ipython().run_cell_magic('bash', '', 'x=1\necho "x is $x"\n')
        get_ipython().run_cell_magic('writefile', 'note.txt', 'written\n')
        print(open('note.txt').read())
    ''').run()
    assert succeeded(done)
    assert done.stdout.splitlines()[0] == 'x is 1' and 'written' in done.stdout


def test_capture_magic(notebook):
    done = notebook(r'''
        get_ipython().run_cell_magic('capture', 'out', 'print("hidden")\nx = 5\n')
        print(x, repr(out.stdout))
    ''').run()
    assert succeeded(done)
    assert done.stdout == "5 'hidden\\n'\n"


def test_values_are_displayed(notebook):
    done = notebook('display([1, 2])\n').run()
    assert succeeded(done)
    assert done.stdout == '[1, 2]\n'


@pytest.mark.parametrize(
    'code',
    [
        'raise KeyError("no such key")',
        'get_ipython().run_cell_magic("capture", "", "raise KeyError(\'no such key\')")',
        'get_ipython().run_line_magic("time", "{}[\'no such key\']")',
        'get_ipython().run_cell_magic("timeit", "-n1 -r1", "{}[\'no such key\']")',
    ],
)
def test_an_error_in_a_magic_ends_the_program(notebook, tmp_path, code):
    subject = notebook(f'import os\nos.environ["r"] = "x"\n{code}\nprint("not reached")\n', outputs=[an_output('r')])
    target = tmp_path / 'result'
    done = subject.run('--r', str(target))
    assert done.returncode == 1
    assert 'KeyError' in done.stderr and 'no such key' in done.stderr
    assert 'not reached' not in done.stdout and not target.exists()


def test_a_failing_shell_cell_ends_the_program(notebook):
    done = notebook('get_ipython().run_cell_magic("bash", "", "exit 3")\nprint("not reached")\n').run()
    assert done.returncode == 1 and 'CalledProcessError' in done.stderr and done.stdout == ''


@pytest.mark.parametrize('end, code', [('exit()', 0), ('quit(3)', 3), ('import sys; sys.exit(4)', 4)])
def test_script_may_exit(notebook, end, code):
    done = notebook(f'print("begun", flush=True)\n{end}\nprint("not reached")\n').run()
    assert (done.returncode, done.stdout, done.stderr) == (code, 'begun\n', '')


def test_parameters_and_outputs_in_notebooks(notebook, tmp_path):
    target = tmp_path / 'result'
    done = notebook(
        '''
        import os
        n = int(os.getenv('n', 1))
        get_ipython().system('echo {n} > table.txt')
        os.environ['result'] = 'table.txt'
        ''',
        inputs=[an_input('n', 'Integer', '1')],
        outputs=[an_output('result')],
    ).run('n=7', '--result', str(target))
    assert succeeded(done)
    assert target.read_text() == '7\n'


def test_no_files_are_left_behind(notebook, tmp_path):
    home = tmp_path / 'home'
    home.mkdir()
    done = notebook("get_ipython().system('true')\n").run(env={'HOME': str(home), 'TMPDIR': str(tmp_path / 'work')})
    assert succeeded(done)
    assert list(home.iterdir()) == [] and list((tmp_path / 'work').iterdir()) == []


def test_a_folder_that_cannot_be_written_to(notebook):
    done = notebook("get_ipython().system('echo fine')\n").run(env={'HOME': '/nonexistent'})
    assert (done.returncode, done.stdout.strip()) == (0, 'fine')


@pytest.mark.parametrize('ipython', [False, True])
def test_notebooks_support_top_level_await(operator, ipython):
    done = operator(
        '''
        import asyncio
        async def double(x):
            await asyncio.sleep(0)
            return 2 * x
        n = await double(21)
        print(n, __name__)
        ''',
        notebook=True,
        ipython=ipython,
    ).run()
    assert succeeded(done)
    assert done.stdout == '42 __main__\n'


def test_plain_scripts_reject_top_level_await(operator):
    done = operator('import asyncio\nawait asyncio.sleep(0)\n').run()
    assert done.returncode == 1 and "'await' outside function" in done.stderr


def test_missing_shell_is_named(notebook):
    done = notebook('print(1)\n').run(flags=['-S', '-I'])
    assert done.returncode == 1
    assert done.stderr.startswith('error: IPython is needed') and 'Traceback' not in done.stderr


# Notebooks as c3 reads them


@pytest.fixture
def compiled(tmp_path):
    """Compile a notebook of some code cells and run it: `compiled(cell, cell, …)`."""

    def run(*cells, values=(), env=None):
        """Write the notebook under a cell of markdown, have c3 make an operator of it, and run that."""
        metadata = {'kernelspec': {'name': 'python3', 'language': 'python', 'display_name': 'Python 3'}}
        title = {'cell_type': 'markdown', 'metadata': {}, 'source': '# Title'}
        code = [
            {'cell_type': 'code', 'metadata': {'tags': tags}, 'source': cell, 'outputs': [], 'execution_count': None}
            for cell, tags in ((cell, []) if isinstance(cell, str) else cell for cell in cells)
        ]
        notebook = {'cells': [title, *code], 'metadata': metadata, 'nbformat': 4, 'nbformat_minor': 4}
        (tmp_path / 'book.ipynb').write_text(json.dumps(notebook))
        command = [C3, 'create-operator', '--no-build', '--keep-generated-files', '-r', 'example.org/x', 'book.ipynb']
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        program = tmp_path / 'book.context' / 'operator' / 'claimed_book.py'
        env = environment({'PYTHONFAULTHANDLER': '1', **(env or {})})
        return subprocess.run(
            [sys.executable, str(program), *values], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
        )

    return run


METHODS = ['fork', 'spawn', 'forkserver']


@pytest.mark.parametrize('method', METHODS)
def test_notebooks_may_start_processes(compiled, method):
    """Under Jupyter, too, children don't import `__main__`."""
    done = compiled(
        'import multiprocessing as mp\n'
        f'with mp.get_context("{method}").Pool(2) as pool:\n    print(pool.map(abs, [-1, -2]))',
        'from concurrent.futures import ProcessPoolExecutor\n'
        f'with ProcessPoolExecutor(2, mp_context=mp.get_context("{method}")) as pool:\n'
        '    print(list(pool.map(len, ["a", "bc"])))',
        'print("end")',
    )
    assert succeeded(done) and done.stdout == '[1, 2]\n[1, 2]\nend\n'


@pytest.mark.parametrize('magic', ['', '!true\n'])
def test_tracebacks_name_cell_and_line(compiled, magic):
    done = compiled(magic + 'def f(x):\n    return 1 / x\n', '# Fails.\n\nf(0)')
    first = 3 if magic else 2
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == 'Traceback (most recent call last):'
    assert '  File "book.ipynb:cell 3", line 3, in <module>\n    f(0)\n' in done.stderr
    assert f'  File "book.ipynb:cell 2", line {first}, in f\n    return 1 / x\n' in done.stderr
    assert done.stderr.endswith('ZeroDivisionError: division by zero\n') and 'claimed_' not in done.stderr


def test_cells_share_future_imports(compiled):
    done = compiled('from __future__ import annotations', 'def f(x: undefined): return x\nprint(f.__annotations__)')
    assert succeeded(done) and done.stdout == "{'x': 'undefined'}\n"


def test_awaiting_cells_share_one_event_loop(compiled):
    done = compiled(
        'import asyncio\nqueue = asyncio.Queue()\nasync def put():\n    await queue.put(1)',
        'task = asyncio.ensure_future(put())',
        'print(await queue.get())',
        'await task',
    )
    assert succeeded(done) and done.stdout == '1\n'


def test_notebook_has_no_file_but_inspectable_source(compiled):
    done = compiled(
        'import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f), "__file__" in globals(), __name__)'
    )
    assert succeeded(done) and done.stdout == 'def f():\n    return 1\n False __main__\n'


PARAMETERS = """\
from typing import Optional
limit: Optional[float] = None
ratio: float = 1
open_one = None
columns = ['a', 'b']
numbers = [1, 2]
pair = (1, 'x', 0.5)
options = {'k': 1, 'more': {2: [3]}}
a = b = 5
lo, hi = 0, 10
flag = True
"""
NAMES = ['limit', 'ratio', 'open_one', 'columns', 'numbers', 'pair', 'options', 'a', 'b', 'lo', 'hi', 'flag']


@pytest.mark.parametrize(
    'given, shown',
    [
        ({}, {}),
        ({'limit': '5', 'ratio': '0.5', 'lo': '7', 'b': '6', 'flag': 'false'}, {'limit': '5.0', 'ratio': '0.5', 'lo': '7', 'b': '6', 'flag': 'False'}),
        ({'open_one': '5'}, {'open_one': '5'}),
        ({'open_one': '0.5'}, {'open_one': '0.5'}),
        ({'open_one': '007'}, {'open_one': "'007'"}),
        ({'open_one': 'False'}, {'open_one': 'False'}),
        ({'open_one': '[1]'}, {'open_one': "'[1]'"}),
        ({'columns': '["c", "d\\"", 1.0]'}, {'columns': '[\'c\', \'d"\', 1.0]'}),
        ({'numbers': '[3.0, 4.5, 5.0]'}, {'numbers': '[3, 4.5, 5]'}),
        ({'numbers': '[]'}, {'numbers': '[]'}),
        ({'pair': '[2.0, "y", 1]'}, {'pair': "(2, 'y', 1.0)"}),
        ({'options': '{"k": 2.0, "more": {"2": [4.0], "3": [5]}}'}, {'options': "{'k': 2, 'more': {2: [4], 3: [5]}}"}),
        ({'columns': ''}, {}),
    ],
)
@pytest.mark.parametrize('by', ['words', 'environment'])
def test_parameters_have_the_type_of_their_value(compiled, given, shown, by):
    values = [f'--{name}={value}' for name, value in given.items()]
    cells = [(PARAMETERS, ['parameters']), 'for name in ' + repr(NAMES) + ': print(name, repr(globals()[name]))']
    cells += ['print([name for name in globals() if "c3" in name])']
    done = compiled(*cells, **{'values': values} if by == 'words' else {'env': given})
    assert succeeded(done)
    plain = {
        'limit': 'None',
        'ratio': '1',
        'open_one': 'None',
        'columns': "['a', 'b']",
        'numbers': '[1, 2]',
        'pair': "(1, 'x', 0.5)",
        'options': "{'k': 1, 'more': {2: [3]}}",
        'a': '5',
        'b': '5',
        'lo': '0',
        'hi': '10',
        'flag': 'True',
    }
    assert done.stdout.splitlines() == [f'{name} {value}' for name, value in {**plain, **shown}.items()] + ['[]']


@pytest.mark.parametrize('value', ['["a"', 'a', '{}', '__import__("os")', '[' * 100_000])
def test_lists_are_json(compiled, value):
    done = compiled(('columns = ["a"]', ['parameters']), 'print(columns)', values=['--columns=' + value])
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith('error: parameter `columns` is a List, not `')


# Tags of cells, as nbclient reads them


def test_skipped_cell(compiled):
    done = compiled('print("before")', ('raise SystemError\n!false\n%%x', ['skip-execution']), 'print("after")')
    assert (done.returncode, done.stdout, done.stderr) == (0, 'before\nafter\n', '')


@pytest.mark.parametrize('magic, more', [('', ''), ('!true\n', ''), ('', 'import asyncio\nawait asyncio.sleep(0)\n')])
def test_a_cell_that_may_fail(compiled, magic, more):
    done = compiled(more + 'n = 1', (magic + 'n = 2\n1 / 0\nn = 3', ['raises-exception']), 'print(n)')
    assert (done.returncode, done.stdout) == (0, '2\n')
    line = 3 if magic else 2
    assert f'  File "book.ipynb:cell 3", line {line}, in <module>\n    1 / 0\n' in done.stderr
    assert done.stderr.startswith('Traceback') and done.stderr.endswith('ZeroDivisionError: division by zero\n')
    assert 'claimed_' not in done.stderr


def test_cell_that_may_fail_with_a_syntax_error(compiled):
    done = compiled('print(1)', ('x = = 1', ['raises-exception']), 'print(2)')
    assert succeeded(done) and done.stdout == '1\n2\n'


def test_a_cell_that_may_fail_may_end_the_program(compiled):
    done = compiled(('import sys\nsys.exit(3)', ['raises-exception']), 'print(1)')
    assert (done.returncode, done.stdout) == (3, '')


def test_a_cell_that_may_fail_needs_nothing(compiled):
    done = compiled(('import os\nprint(os.environ["x"])', ['raises-exception']), 'print("end")')
    assert (done.returncode, done.stdout) == (0, 'end\n') and "KeyError: 'x'" in done.stderr


@pytest.mark.parametrize('values, shown', [((), '5\n'), (('--n=7',), '7\n')])
def test_values_of_an_earlier_run_are_replaced(compiled, values, shown):
    done = compiled(('n = 5', ['parameters']), ('n = 6', ['injected-parameters']), 'print(n)', values=values)
    assert succeeded(done) and done.stdout == shown
    done = compiled(('n = 5', ['injected-parameters']), 'print(n)', values=values)
    assert succeeded(done) and done.stdout == shown


def test_a_module_that_a_cell_writes(compiled):
    done = compiled('%%writefile made.py\nval = 42', 'import made\nprint(made.val)')
    assert succeeded(done) and done.stdout.endswith('42\n')
