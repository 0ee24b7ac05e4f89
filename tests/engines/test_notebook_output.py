"""The executed notebook as an output: on this machine, in CWL and in Kubeflow, in an image with IPython for it."""

import json

import pytest
from languages import notebook_of
from operators import SECRET, create
from runners import collected, run_components, run_step
from support import c3, refused, succeeded, told, write

REPORT = notebook_of(
    'alpha = 0.5',
    'import os\ntoken = os.environ["api_token"]\nprint("token", token)',
    'os.environ["result"] = str(alpha)\nalpha * 2',
    'assert alpha < 1, "too large"',
)


@pytest.fixture(scope='module')
def folder(session_folder, repository):
    """Build the image of the notebook, and write its files."""
    folder = session_folder / 'notebook-output'
    folder.mkdir()
    write(folder / 'report.ipynb', REPORT)
    image = create(folder, 'report.ipynb', '--notebook-output', '-r', repository, '-v', '0.1')
    write(folder / 'image', image)
    return folder


def is_executed(text, value):
    """Check the executed notebook of a run with a value."""
    cells = json.loads(text)['cells']
    assert cells[1]['source'] == f'# Parameters\nalpha = {value}'
    assert cells[2]['outputs'][0]['text'] == ['token ***\n']
    assert cells[3]['outputs'][0]['data'] == {'text/plain': str(value * 2)}
    assert SECRET not in text
    return cells[4]['outputs']


def test_cwl_collects_it(folder, tmp_path):
    done = run_step(folder / 'report.cwl', {'alpha': 0.25, 'api_token': SECRET}, tmp_path)
    outputs = collected(succeeded(done))
    assert is_executed(outputs['executed_notebook'], 0.25) == []
    assert '<pre class="source">' in outputs['executed_notebook_html']
    assert outputs['result'] == '0.25'


def test_kubeflow_collects_it(folder, tmp_path):
    arguments = {'alpha': 0.25, 'api_token': SECRET}
    steps = [{'component': str(folder / 'report.yaml'), 'arguments': arguments}]
    [result] = run_components({'report': steps}, tmp_path / 'kubeflow').values()
    files = {name.rsplit('/', 1)[-1]: text for name, text in result['files'].items()}
    assert is_executed(files['executed_notebook'], 0.25) == [], result['log']
    assert files['executed_notebook_html'].startswith('<!doctype html>')


def test_failed_run_delivers_the_executed_cells(folder, tmp_path):
    command = ['run', '-o', tmp_path / 'out', (folder / 'image').read_text(), '--alpha', '2.0']
    done = c3(*command, env={'api_token': SECRET})
    assert done.returncode == 1 and 'only the executed notebook is put into' in done.stderr, told(done)
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == ['report.executed.html', 'report.executed.ipynb'], told(done)
    [error] = is_executed((tmp_path / 'out/report.executed.ipynb').read_text(), 2.0)
    assert (error['ename'], error['evalue']) == ('AssertionError', 'too large')


def test_notebook_output_is_rejected_without_a_python_notebook(tmp_path):
    r_kernel = {'kernelspec': {'name': 'ir', 'language': 'R'}}
    write(tmp_path / 'r.ipynb', json.dumps({**json.loads(notebook_of('x <- 1')), 'metadata': r_kernel}))
    write(tmp_path / 'grid.ipynb', notebook_of('x = 1', 'def grid_process(batch_id, **rest):\n    pass'))
    done = c3('compile', '--notebook-output', 'r.ipynb', cwd=tmp_path)
    refused(done, 1, '`notebook-output` supports only Python notebooks; `r.ipynb` is R')
    write(tmp_path / 'c3.toml', 'notebook-output = true\n')
    done = c3('create-gridwrapper', '--no-build', 'grid.ipynb', cwd=tmp_path)
    refused(done, 1, "grid wrappers don't support `notebook-output`")
