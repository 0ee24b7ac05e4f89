"""Operators are joined: the sample's workflow as `c3` writes it, run by cwltool, Toil and kfp's local runner."""

import json
import os
import shutil

import pytest
import yaml
from images import remove_image
from manifests import validate_steps
from operators import SECRET
from runners import collected, run_pipeline, run_step, run_with_toil
from support import ROOT, c3, run, succeeded, venv, write

SAMPLE = ROOT / 'samples/workflow'
OPERATORS = ['make_table.py', 'sum_table.py', 'write_letter.py']


def letter(rows, reader='', token=''):
    """Give the letter that the last step writes."""
    lines = ''.join(f'{row};{row * row}\n' for row in range(1, rows + 1))
    greeting = f'Dear {reader},' if reader else 'Hello,'
    report = f'Squares of 1 to {rows}, “as they are”: $(rows) ";"\n{lines}'
    signature = f'signed with {len(token)} characters' if token else 'not signed'
    return f'{greeting}\n\n{report}\ntotal {sum(row * row for row in range(1, rows + 1))}\n{signature}\n'


@pytest.fixture(scope='session')
def workflow(session_folder, repository):
    """Build and push the operators, write their workflow, and remove the images: whatever runs them has to pull."""
    folder = session_folder / 'workflow'
    folder.mkdir()
    for operator in OPERATORS:
        shutil.copy(SAMPLE / operator, folder)
        options = ['-r', repository, '-v', '0.1', '--format', 'json']
        done = succeeded(c3('create-operator', operator, *options, cwd=folder))
        remove_image(json.loads(done.stdout)['image'])
    done = succeeded(c3('create-workflow', *OPERATORS, '--name', 'squares', cwd=folder))
    assert done.stderr == ''
    assert done.stdout.split() == ['squares.pipeline.py', 'squares.workflow.cwl']
    return folder


# CWL


@pytest.mark.matrix('cwl', 'accepted', 'three operators')
def test_cwltool_accepts_the_workflow(workflow):
    validate_steps([workflow / 'squares.workflow.cwl'])


@pytest.mark.matrix('cwl', 'equal', 'three operators')
def test_cwltool_runs_the_workflow(workflow, session_folder):
    given = {'rows': 4, 'reader': 'Ada L.', 'signing_token': SECRET}
    done = succeeded(run_step(workflow / 'squares.workflow.cwl', given, session_folder))
    assert collected(done) == {'letter': letter(4, 'Ada L.', SECRET)}


def test_toil_runs_the_workflow(workflow, session_folder):
    done = succeeded(run_with_toil(workflow / 'squares.workflow.cwl', {'rows': 2, 'reader': 'Grüße'}, session_folder))
    assert collected(done) == {'letter': letter(2, 'Grüße')}


# Kubeflow


def compiled(version, workflow, folder):
    """Compile the pipeline with one version of kfp, in a copy of the workflow's folder, and give the documents."""
    copy = shutil.copytree(workflow, folder / version)
    succeeded(run(venv(version, 'python'), copy / 'squares.pipeline.py'))
    return list(yaml.safe_load_all((copy / 'squares.pipeline.yaml').read_text(encoding='utf-8')))


def test_kfp_1_compiles_the_pipeline(workflow, tmp_path):
    [argo] = compiled('kfp1', workflow, tmp_path)
    given = {parameter['name']: parameter['value'] for parameter in argo['spec']['arguments']['parameters']}
    assert given == {'rows': '3', 'separator': ';', 'reader': 'null', 'log_level': 'INFO'}
    templates = {template['name']: template for template in argo['spec']['templates']}
    tasks = {task['name']: task for task in templates['squares']['dag']['tasks']}
    [file] = tasks['sum-table']['arguments']['artifacts']
    assert file['from'] == '{{tasks.make-table.outputs.artifacts.make-table-table}}'
    assert '{{tasks.make-table.outputs.parameters.make-table-title}}' in json.dumps(tasks['sum-table'])
    [variable] = templates['write-letter']['container']['env']
    secret = {'name': 'write-letter', 'key': 'signing_token', 'optional': True}
    assert variable == {'name': 'signing_token', 'valueFrom': {'secretKeyRef': secret}}


@pytest.mark.matrix('kubeflow', 'accepted', 'three operators')
def test_kfp_2_compiles_the_pipeline(workflow, tmp_path):
    pipeline, platform = compiled('kfp2', workflow, tmp_path)
    tasks = pipeline['root']['dag']['tasks']
    assert {name: task.get('dependentTasks', []) for name, task in tasks.items()} == {
        'make-table': [],
        'sum-table': ['make-table'],
        'write-letter': ['sum-table'],
    }
    assert 'taskOutputArtifact' in tasks['sum-table']['inputs']['artifacts']['table']
    assert 'taskOutputParameter' in tasks['sum-table']['inputs']['parameters']['title']
    assert 'signing_token' not in json.dumps(pipeline['root'])
    [settings] = platform['platforms']['kubernetes']['deploymentSpec']['executors'].values()
    [secret] = settings['secretAsEnv']
    assert (secret['secretName'], secret['optional']) == ('write-letter', True)


@pytest.mark.matrix('kubeflow', 'equal', 'three operators')
def test_kfp_runs_the_pipeline(workflow, session_folder):
    arguments = {'rows': 2, 'reader': 'Ada L.'}
    program = workflow / 'squares.pipeline.py'
    log, files = run_pipeline(program, arguments, session_folder / 'pipeline', {'signing_token': SECRET})
    assert files['letter'] == letter(2, 'Ada L.', SECRET)
    assert files['table'] == '1;1\n2;4\n'
    assert SECRET not in log


def test_kfp_runs_the_pipeline_with_defaults(workflow, session_folder):
    _, files = run_pipeline(workflow / 'squares.pipeline.py', {}, session_folder / 'pipeline-defaults')
    assert files['letter'] == letter(3)


def test_kfp_tekton_compiles_the_pipeline(workflow, tmp_path):
    script = ROOT / 'tests/engines/tekton_compile.py'
    target = tmp_path / 'squares.yaml'
    succeeded(run(venv('tekton', 'python'), script, workflow / 'squares.pipeline.py', target))
    written, changed = (yaml.safe_load((tmp_path / name).read_text()) for name in (target, 'squares.yaml.changed'))
    assert (written['apiVersion'], written['kind']) == ('tekton.dev/v1', 'PipelineRun')
    tasks = {task['name']: task for task in written['spec']['pipelineSpec']['tasks']}
    assert tasks['sum-table']['runAfter'] == ['make-table']
    assert '$(tasks.make-table.results.title)' in json.dumps(tasks['sum-table'])
    assert (changed['apiVersion'], changed['spec']['timeouts']) == ('tekton.dev/v1beta1', {'pipeline': '0'})


ODD = '''\
"""Odd names and every kind of parameter."""
import os
text = os.getenv('Some text', 'a"b\\\\n${self} {{x}} ü')
count = int(os.environ['Count'])
ratio = float(os.getenv('ratio', 1e-7))
flag = bool(os.getenv('flag', False))
limit = int(os.getenv('limit', None))
model = os.environ['model']  # c3: input=Model
extra = os.getenv('extra', None)  # c3: input=Directory
api_key = os.environ['api_key']
os.environ['workers'] = text
os.environ['made'] = 'x'  # c3: output=Directory
'''
LAST = '''\
"""Takes another kind of artifact."""
import os
made = os.environ['made']  # c3: input=Dataset
workers = os.environ['workers']
text = os.getenv('Some text', 'another')
'''


@pytest.fixture(scope='session')
def odd(session_folder):
    """Write the workflow of operators with odd names, the first of them twice, into another folder."""
    folder = session_folder / 'odd'
    write(folder / 'steps here/1 odd-name.py', ODD)
    write(folder / 'steps here/class.py', LAST)
    succeeded(c3('compile', 'steps here', cwd=folder))
    names = ['steps here/1 odd-name.py', 'steps here/1 odd-name.yaml', 'steps here/class.py']
    succeeded(c3('create-workflow', *names, '--name', 'odd', '-o', 'work flows', cwd=folder))
    return folder / 'work flows'


def test_cwltool_accepts_odd_operators(odd):
    validate_steps([odd / 'odd.workflow.cwl'])


@pytest.mark.parametrize('version', ['kfp1', 'kfp2'])
def test_kfp_compiles_odd_operators(odd, version):
    succeeded(run(venv(version, 'python'), odd / 'odd.pipeline.py'))
    assert os.path.exists(odd / 'odd.pipeline.yaml')
    os.remove(odd / 'odd.pipeline.yaml')


COUNTS = '''\
"""Counts."""
import os
os.environ['count'] = str(3)  # c3: output=Integer
os.environ['ratio'] = '0.5'  # c3: output=Float
os.environ['good'] = str(True)  # c3: output=Boolean
'''
TAKES = '''\
"""Takes what was counted."""
import os
count = int(os.environ['count'])
ratio = float(os.environ['ratio'])
good = bool(os.environ['good'])
os.environ['sum'] = f'{count} {ratio} {good}'
'''


@pytest.fixture(scope='session')
def typed(session_folder, repository):
    """Build two operators that are joined by numbers, and write their pipeline."""
    folder = session_folder / 'typed'
    names = {'counts.py': COUNTS, 'takes.py': TAKES}
    for name, text in names.items():
        write(folder / name, text)
        succeeded(c3('create-operator', name, '-r', repository, '-v', '0.1', cwd=folder))
    done = succeeded(c3('create-workflow', *names, '--name', 'typed', '--target', 'kubeflow', cwd=folder))
    assert done.stderr == ''
    return folder


@pytest.mark.parametrize('version', ['kfp1', 'kfp2'])
def test_kfp_joins_numbers(typed, version):
    succeeded(run(venv(version, 'python'), typed / 'typed.pipeline.py'))
    os.remove(typed / 'typed.pipeline.yaml')


def test_kfp_passes_numbers_on(typed, session_folder):
    result = run_pipeline(typed / 'typed.pipeline.py', {}, session_folder / 'typed-run')
    assert '3 0.5 True' in json.dumps(result)
