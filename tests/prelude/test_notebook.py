"""Scripts that were made of notebooks: magics, and code that waits at its top level."""

import pytest

from conftest import an_input, an_output, succeeded


@pytest.fixture
def notebook(operator):
    """Make operators whose script came from a notebook that needs IPython."""
    return lambda script, **interface: operator(script, notebook=True, ipython=True, **interface)


def test_magics_see_the_scripts_names(notebook):
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


def test_what_is_captured(notebook):
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
def test_the_script_may_end_itself(notebook, end, code):
    done = notebook(f'print("begun", flush=True)\n{end}\nprint("not reached")\n').run()
    assert (done.returncode, done.stdout, done.stderr) == (code, 'begun\n', '')


def test_parameters_and_outputs_as_ever(notebook, tmp_path):
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


def test_nothing_is_left_behind(notebook, tmp_path):
    home = tmp_path / 'home'
    home.mkdir()
    done = notebook("get_ipython().system('true')\n").run(env={'HOME': str(home), 'TMPDIR': str(tmp_path / 'work')})
    assert succeeded(done)
    assert list(home.iterdir()) == [] and list((tmp_path / 'work').iterdir()) == []


def test_a_folder_that_cannot_be_written_to(notebook):
    done = notebook("get_ipython().system('echo fine')\n").run(env={'HOME': '/nonexistent'})
    assert (done.returncode, done.stdout.strip()) == (0, 'fine')


@pytest.mark.parametrize('ipython', [False, True])
def test_code_may_wait_at_its_top_level(operator, ipython):
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


def test_a_plain_script_may_not(operator):
    done = operator('import asyncio\nawait asyncio.sleep(0)\n').run()
    assert done.returncode == 1 and "'await' outside function" in done.stderr


def test_the_shell_that_is_missing_is_named(notebook):
    done = notebook('print(1)\n').run(flags=['-S', '-I'])
    assert done.returncode == 1
    assert done.stderr.startswith('error: the notebook needs IPython') and 'Traceback' not in done.stderr
