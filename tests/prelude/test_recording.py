"""The executed notebook as an output: what is recorded of a run, and what isn't."""

import json
import signal
import subprocess
import sys

import nbformat
import pytest

from conftest import C3, environment

SECRET = "it's my secret"


def code(source, *tags):
    """Give a cell of code."""
    return {
        'cell_type': 'code',
        'metadata': {'tags': list(tags)},
        'source': source,
        'outputs': [],
        'execution_count': 7,
    }


class Notebook:
    """An operator made of a notebook, and what its runs record."""

    def __init__(self, folder, cells, *options):
        """Write the notebook and compile it."""
        self.folder, self.out = folder, folder / 'out'
        cells = [{**cell, 'id': f'c{at}'} for at, cell in enumerate(cells)]
        notebook = {'nbformat': 4, 'nbformat_minor': 5, 'metadata': {}, 'cells': cells}
        (folder / 'x.ipynb').write_text(json.dumps(notebook), encoding='utf-8')
        command = [C3, 'create-operator', '--no-build', '--keep-generated-files', '-r', 'example.org/x', *options]
        subprocess.run([*command, 'x.ipynb'], cwd=folder, check=True, capture_output=True)
        self.program = folder / 'x.context/operator/claimed_x.py'

    def start(self, *arguments, env=None, asked=True):
        """Start the operator."""
        targets = [f'--executed_notebook={self.out}/', f'--executed_notebook_html={self.out}/page.html']
        command = [sys.executable, str(self.program), *arguments, *(targets if asked else [])]
        pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.folder, env=environment(env), encoding='utf-8', **pipes)

    def run(self, *arguments, **options):
        """Run the operator; gives its exit code, what it wrote, and the cells of the executed notebook."""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err, self.cells()

    def cells(self):
        """Give the cells of the executed notebook, which has to be valid."""
        notebook = nbformat.read(self.out / 'x.executed.ipynb', as_version=4)
        nbformat.validate(notebook)
        return notebook.cells


@pytest.fixture
def notebook(tmp_path):
    """Make operators of notebooks: `notebook([cell, …], option, …)`."""
    return lambda cells, *options: Notebook(tmp_path, cells, *options)


def test_outputs_values_and_errors(notebook):
    rich = 'class Rich:\n    def _repr_html_(self): return "<b>rich</b>"\n    def __repr__(self): return "plain"\n'
    subject = notebook(
        [
            {'cell_type': 'markdown', 'metadata': {}, 'source': '# A *title*'},
            code('# c3: notebook-output\nimport sys\nprint("out")\nprint("err", file=sys.stderr)\n6 * 7'),
            code(rich + 'display(Rich())\nRich()'),
            code('1 + 1;'),
            code('!echo from a shell'),
            code('for part in "abc": print(part, end="\\r")'),
            code('1 / 0', 'raises-exception'),
            code('print("not run")', 'skip-execution'),
            code('import asyncio\nawait asyncio.sleep(0)\n"waited"'),
            code('raise ValueError("the end")'),
            code('print("not reached")'),
        ]
    )
    status, out, err, cells = subject.run()
    assert status == 1
    assert out == 'out\nplain\nfrom a shell\na\nb\nc\n'  # as text is read
    assert err.startswith('err\n') and err.count('Traceback') == 2 and err.endswith('ValueError: the end\n')
    kinds = [[output.output_type for output in cell.get('outputs', [])] for cell in cells]
    result, shown = 'execute_result', 'display_data'
    assert kinds[1:5] == [['stream', 'stream', result], [shown, result], [], ['stream']]
    assert kinds[5:] == [['stream'], ['error'], [], [result], ['error'], []]
    assert cells[1].outputs[2].data == {'text/plain': '42'}
    assert cells[2].outputs[0].data == {'text/plain': 'plain', 'text/html': '<b>rich</b>'}
    assert cells[6].outputs[0].traceback[1:3] == ['  File "x.ipynb:cell 7", line 1, in <module>', '    1 / 0']
    assert [cell.get('execution_count') for cell in cells] == [None, 1, 2, 3, 4, 5, 6, None, 7, 8, None]
    assert [cells[at].metadata.papermill.exception for at in (5, 6, 9)] == [False, True, True]
    page = (subject.out / 'page.html').read_text(encoding='utf-8')
    assert '<h1>A <em>title</em></h1>' in page and '<b>rich</b>' in page and 'ValueError: the end' in page
    assert 'http' not in page and '<script' not in page


def test_parameters_are_injected_and_secrets_masked(notebook):
    subject = notebook(
        [
            code('alpha = 0.5\nnames = ["a"]\nkept = 1', 'parameters'),
            code('alpha = 9', 'injected-parameters'),
            code('import os\ntoken = os.environ["api_token"]\nprint(token, [token])\n[alpha, names, kept]'),
        ],
        '--notebook-output',
    )
    values = ['alpha=0.7', '--names', '["b", "c"]']
    status, _, err, cells = subject.run(*values, env={'api_token': SECRET})
    assert (status, err) == (0, '')
    assert [cell.metadata.get('tags') for cell in cells] == [['parameters'], ['injected-parameters'], []]
    assert cells[1].source == "# Parameters\nalpha = 0.7\nnames = ['b', 'c']"
    assert cells[2].outputs[0].text == '*** ["***"]\n'
    assert cells[2].outputs[1].data['text/plain'] == "[0.7, ['b', 'c'], 1]"
    assert not any('my secret' in path.read_text(encoding='utf-8') for path in subject.out.iterdir())


def test_killed_run_keeps_the_executed_cells(notebook):
    cells = [
        code('# c3: notebook-output\nprint("first", flush=True)'),
        code('import time\nprint("second", flush=True)\ntime.sleep(60)'),
    ]
    subject = notebook(cells)
    process = subject.start()
    assert [process.stdout.readline() for _ in range(2)] == ['first\n', 'second\n']
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert [cell.outputs[0].text for cell in subject.cells() if cell.outputs] == ['first\n']


def test_nothing_is_recorded_by_default(notebook):
    show = 'import sys\nprint("IPython" in sys.modules, "write" in vars(sys.stdout))\n5'
    subject = notebook([code(show)], '--notebook-output')
    process = subject.start(asked=False)
    assert process.communicate(timeout=60) == ('False False\n', '')
    assert not subject.out.exists()


def test_figures_are_recorded_at_the_end_of_their_cell(notebook):
    draw = 'get_ipython().events.register("post_execute", lambda: display({"image/png": b"PNG"}, raw=True))'
    _, _, err, cells = notebook([code('# c3: notebook-output\nx = 1'), code(draw)]).run()
    assert (err, [output.data for output in cells[1].outputs]) == ('', [{'image/png': 'UE5H'}])


def test_unwritable_folder_does_not_stop_the_run(notebook, tmp_path):
    subject = notebook([code('# c3: notebook-output\nprint("run")')])
    (tmp_path / 'file').write_text('')
    command = [sys.executable, str(subject.program), f'--executed_notebook={tmp_path}/file/x/']
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, encoding='utf-8', timeout=60)
    assert done.stdout == 'run\n'
    assert done.stderr.count('warning: cannot write the executed notebook') == 1
    assert done.returncode == 1
