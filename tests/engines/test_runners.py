"""The engines run what was emitted for them: kfp in its local runner, cwltool in Docker."""

import json
import os

import pytest
from operators import SECRET, TABLE, seen
from runners import collected, run_components, run_step
from support import HOSTILE, STRANGER_UID, as_stranger, environment, run, strangers_folder, succeeded, venv, write

# Kubeflow


@pytest.fixture(scope='session')
def kubeflow(summaries, workspace, session_folder):
    """Run the components in kfp's local runner."""
    component = str(workspace / 'probe.yaml')
    everything = {
        'text': HOSTILE,
        'count': 2_000_000_000,
        'ratio': 1e-7,
        'flag': True,
        'switch': False,
        'optional': 'o',
        'password': SECRET,
    }
    runs = {
        'defaults': [{'component': component, 'arguments': {}}],
        'everything': [{'component': component, 'arguments': {**everything, 'log_level': 'DEBUG'}}],
        'cluster secret': [{'component': component, 'arguments': {}, 'environment': {'password': SECRET, 'text': 'x'}}],
        'pipeline': [
            {'component': component, 'arguments': {'text': 'passed on'}},
            {
                'component': str(workspace / 'reader.yaml'),
                'arguments': {'text': {'step': 0, 'output': 'echo'}, 'report': {'artifact': {'a.txt': 'x'}}},
            },
        ],
    }
    return run_components(runs, session_folder / 'kubeflow')


def test_kubeflow_omits_optional_inputs(kubeflow):
    result = kubeflow['defaults']
    assert 'error' not in result, result
    assert seen(result['log'])['values'] == [3, 0.5, False, True, None]
    assert seen(result['log'])['user'][0] == (STRANGER_UID if os.getuid() == 0 else os.getuid())


def test_kubeflow_passes_values_unchanged(kubeflow):
    result = kubeflow['everything']
    assert 'error' not in result, result
    found = seen(result['log'])
    assert found['text'] == HOSTILE
    assert found['values'] == [2_000_000_000, 1e-7, True, False, 'o']
    assert found['password'] == len(SECRET)
    assert 'everything is fine' in result['log']
    assert SECRET not in result['log']


def test_kubeflow_keeps_secrets_of_the_cluster(kubeflow):
    result = kubeflow['cluster secret']
    assert 'error' not in result, result
    assert seen(result['log'])['password'] == len(SECRET)
    assert SECRET not in result['log']


@pytest.mark.matrix('kubeflow', 'equal', 'probe')
def test_kubeflow_collects_the_outputs(kubeflow):
    result = kubeflow['everything']
    assert result['outputs'] == {
        'echo': HOSTILE.replace('\r\n', '\n'),
        'table': TABLE,
        'complaint': '',
    }  # kfp reads lines
    delivered = {path.partition('probe/')[2]: text for path, text in result['files'].items()}
    assert delivered['echo'] == HOSTILE
    assert delivered['report/index.html'] == '<p>ü</p>'
    assert delivered['report/data/rows.json'] == '[2000000000]'
    assert 'never set' in result['log']


def test_kubeflow_passes_outputs_on(kubeflow):
    result = kubeflow['pipeline']
    assert 'error' not in result, result
    summaries = [text for path, text in result['files'].items() if path.endswith('/summary')]
    assert summaries == ['passed on|a.txt']


# CWL


@pytest.fixture(scope='session')
def cwl(summaries, session_folder):
    """Give a function that runs a CWL document with cwltool."""
    return lambda document, inputs, *arguments: run_step(document, inputs, session_folder, *arguments)


@pytest.fixture(scope='session')
def step(cwl, workspace):
    """Run the step with everything given."""
    given = {
        'text': HOSTILE,
        'count': 2_000_000_000,
        'ratio': 1e-7,
        'flag': True,
        'switch': False,
        'optional': 'o',
        'password': SECRET,
        'log_level': 'DEBUG',
    }
    return succeeded(cwl(workspace / 'probe.cwl', given))


def test_cwl_passes_values_unchanged(step):
    found = seen(step.stderr)
    assert found['text'] == HOSTILE
    assert found['values'] == [2_000_000_000, 1e-7, True, False, 'o']
    assert found['user'][0] == (STRANGER_UID if os.getuid() == 0 else os.getuid())
    assert found['first'] == 'Zoë'
    assert not found['folder'].startswith('/opt/app-root')


@pytest.mark.matrix('cwl', 'equal', 'probe')
def test_cwl_collects_the_outputs(step):
    report = {'index.html': '<p>ü</p>', 'data': {'rows.json': '[2000000000]'}}
    assert collected(step) == {'echo': HOSTILE, 'table': TABLE, 'report': report, 'complaint': None}
    names = {name: thing['basename'] for name, thing in json.loads(step.stdout).items() if thing}
    assert names['table'] == 'table.csv' and names['report'] == 'report'


def test_cwl_omits_optional_inputs(cwl, workspace):
    done = succeeded(cwl(workspace / 'probe.cwl', {}))
    assert seen(done.stderr)['values'] == [3, 0.5, False, True, None]


def test_cwl_takes_parameters_from_the_command_line(workspace, cwl, session_folder):
    folder = strangers_folder(session_folder / 'cwl-command-line')
    parameters = ['--text', 'a b', '--flag']
    command = [
        *as_stranger(),
        venv('tools', 'cwltool'),
        '--outdir',
        folder / 'out',
        workspace / 'probe.cwl',
        *parameters,
    ]
    done = succeeded(run(*command, cwd=folder, env=environment({'HOME': folder, 'TMPDIR': folder})))
    assert seen(done.stderr)['text'] == 'a b'
    assert seen(done.stderr)['values'][2] is True


def test_secrets_are_not_logged(step):
    assert SECRET not in step.stderr
    said = [line for line in step.stderr.splitlines() if line.startswith('parameter ') or 'SEEN' in line]
    assert any('password = ***' in line for line in said)


WORKFLOW = """\
cwlVersion: v1.2
class: Workflow
inputs:
  text: string
outputs:
  summary: {type: File?, outputSource: read/summary}
steps:
  probe:
    run: WORKSPACE/probe.cwl
    in: {text: text}
    out: [report, table, echo]
  read:
    run: WORKSPACE/reader.cwl
    in:
      report: probe/report
      table: probe/table
      text: text
    out: [summary]
"""


def test_steps_are_joined_in_a_workflow(cwl, workspace, tmp_path):
    document = write(tmp_path / 'workflow.cwl', WORKFLOW.replace('WORKSPACE', str(workspace)))
    done = succeeded(cwl(document, {'text': 'passed on'}))
    assert collected(done) == {'summary': f'passed on|index.html|rows.json|{TABLE}'}
