"""Workflow templates of Argo: read by the models of Argo's API, and their container run as Argo starts it."""

import json
import re

import pytest
import yaml
from operators import run_image, seen, write_files
from support import HOSTILE, ROOT, SAMPLES, c3, run, succeeded, venv, write

EVERYTHING = '''\
"""Uses everything: {{workflow.name}}."""
import os
rows = int(os.environ['rows'])
# What {{item}} is.
title = os.getenv('title', None)
braces = os.getenv('braces', '{{pod.name}} is told')
data = os.environ['data']  # c3: input=File
table = os.getenv('table', None)  # c3: input=File
token = os.getenv('api_token', None)
login = os.environ['login_password']
os.environ['result'] = str(rows)
os.environ['model'] = 'x'  # c3: output=Model
'''

SETTINGS = '''\
[job]
namespace = "work"
volumes = ["claim/in:/data:ro", "claim:/more", "other:data"]
pull-secrets = ["login"]
service-account = "runner"
priority-class = "low"
supplemental-groups = [7]
fs-group = 8
requests = { cpu = "500m" }
limits = { cpu = 2, memory = "1Gi" }
gpu = 1
shm = "1Gi"
ttl = 60
active-deadline = 600
backoff-limit = 2
node-selector = { disk = "ssd" }
tolerations = ["gpu=yes:NoSchedule", "other"]
environment = { HTTPS_PROXY = "http://p:$$1" }
ca-bundle = "company"
secrets = { login_password = "store/key" }
values = { rows = 5 }
'''


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Give a folder with the templates of all samples."""
    folder = tmp_path_factory.mktemp('argo')
    succeeded(c3('compile', *SAMPLES, '-r', 'registry.example/ns', '--target', 'argo', '-o', folder, cwd=ROOT))
    write(folder / 'everything.py', EVERYTHING)
    write(folder / 'c3.toml', SETTINGS)
    done = c3('compile', 'everything.py', '-r', 'registry.example/ns', '--target', 'argo,kubernetes', cwd=folder)
    assert "Argo can't hold the default `{{pod.name}} is told` of `braces`" in succeeded(done).stderr
    for backend in ('index', 'local'):
        write(folder / backend / 'noter.py', 'import os\ndef grid_process(batch_id, **_):\n    print(batch_id)\n')
        write(folder / backend / 'c3.toml', '[job]\nparallelism = 10\n')
        options = ['--no-build', '-b', backend, '--target', 'argo', '-r', 'registry.example/ns']
        succeeded(c3('create-gridwrapper', 'noter.py', *options, cwd=folder / backend))
    return folder


def template(path):
    """Read a template."""
    return yaml.safe_load(path.read_text(encoding='utf-8'))


@pytest.mark.matrix('argo', 'accepted')
def test_every_sample_is_a_template(folder):
    paths = sorted(folder.rglob('*.argo.yaml'))
    assert len(paths) == len(SAMPLES) + 3
    bad = template(folder / 'everything.argo.yaml')
    bad['spec']['templates'][0]['container']['bogus'] = 1
    paths.append(write(folder / 'bad.yaml', json.dumps(bad)))
    done = succeeded(run(venv('argo', 'python'), ROOT / 'tests/engines/argo_models.py', *paths))
    *good, bad = map(json.loads, done.stdout.splitlines())
    assert [complaints for complaints in good if complaints] == []
    assert len(bad) == 1


def references(value):
    """Give the placeholders in a document."""
    return re.findall(r'\{\{.*?\}\}', json.dumps(value))


def declared(document):
    """Give the placeholders that a template may have."""
    spec = document['spec']
    inputs = [entry.get('inputs', {}) for entry in spec['templates']]
    names = {f'{{{{inputs.parameters.{port["name"]}}}}}' for port in ports(inputs, 'parameters')}
    paths = {f'{{{{inputs.artifacts.{port["name"]}.path}}}}' for port in ports(inputs, 'artifacts')}
    given = [spec.get('arguments', {})]
    arguments = {f'{{{{workflow.parameters.{port["name"]}}}}}' for port in ports(given, 'parameters')}
    return names | paths | arguments | {'{{item}}'}


def ports(sides, kind):
    """Give the parameters or artifacts of some templates."""
    return [port for side in sides for port in side.get(kind, [])]


def test_no_other_text_is_a_placeholder(folder):
    for path in folder.rglob('*.argo.yaml'):
        document = template(path)
        assert set(references(document)) <= declared(document), path


def test_cluster_settings_match_the_job(folder):
    spec = template(folder / 'everything.argo.yaml')['spec']
    job = template(folder / 'everything.job.yaml')
    pod = job['spec']['template']['spec']
    [ours], [theirs] = spec['templates'], pod['containers']
    container = ours['container']
    for key in ('image', 'command', 'workingDir', 'resources', 'securityContext', 'volumeMounts'):
        assert container[key] == theirs[key], key
    # A workflow that refers to the template gets these with it.
    for key in ('volumes', 'nodeSelector', 'tolerations', 'serviceAccountName', 'securityContext', 'priorityClassName'):
        assert ours[key] == pod[key], key
    assert spec['imagePullSecrets'] == pod['imagePullSecrets']
    secrets = [variable for variable in theirs['env'] if 'valueFrom' in variable]
    assert [variable for variable in container['env'] if 'valueFrom' in variable] == secrets
    assert {'name': 'HTTPS_PROXY', 'value': 'http://p:$$$$1'} in container['env']
    assert 'login_password' not in json.dumps(spec['arguments'])
    assert ours['activeDeadlineSeconds'] == 600
    assert ours['retryStrategy']['limit'] == '2'


def test_effective_defaults_are_shown_at_submission(folder):
    document = template(folder / 'everything.argo.yaml')
    arguments = {port['name']: port.get('value') for port in document['spec']['arguments']['parameters']}
    assert arguments == {'rows': '5', 'title': 'null', 'braces': 'null', 'log_level': 'INFO'}
    # Argo refuses a file without its place, which is told at the start.
    assert 'artifacts' not in document['spec']['arguments']
    [ours] = document['spec']['templates']
    assert [port.get('optional') for port in ours['inputs']['artifacts']] == [None, True]
    [result] = ours['outputs']['parameters']
    assert result['valueFrom'] == {'path': '/tmp/c3/outputs/result', 'default': ''}
    assert ours['outputs']['artifacts'] == [{'name': 'model', 'path': '/tmp/c3/outputs/model', 'optional': True}]


def test_a_grid_is_a_sequence_of_workers(folder):
    for backend in ('index', 'local'):
        spec = template(folder / backend / 'gw_noter.argo.yaml')['spec']
        workers, worker = spec['templates']
        assert spec['entrypoint'] == workers['name']
        [[step]] = workers['steps']
        assert step['template'] == worker['name']
        assert step['withSequence'] == {'count': '{{workflow.parameters.workers}}'}
        assert {'name': 'workers', 'value': '10'}.items() <= spec['arguments']['parameters'][-1].items()
        given = {port['name']: port['value'] for port in step['arguments']['parameters']}
        assert set(given) == {port['name'] for port in worker['inputs']['parameters']}
        part = ('{{item}}', '{{workflow.parameters.workers}}')
        assert (given.get('gw_part'), given.get('gw_parts')) == (part if backend == 'index' else (None, None))


GRID = '''\
import os
total = os.getenv('total', '')
data = os.getenv('data', None)  # c3: input=File
def grid_process(batch_id, total, **_):
    print(batch_id, total)
'''


@pytest.fixture(scope='module')
def workflow(tmp_path_factory):
    """Give the folder of a workflow with a grid, and of the templates that it refers to."""
    folder = tmp_path_factory.mktemp('workflow')
    sources = ['make_table.py', 'sum_table.py', 'write_letter.py']
    options = ['-r', 'registry.example/ns', '--target', 'argo']
    succeeded(c3('compile', *sources, *options, '-o', folder, cwd=ROOT / 'samples/workflow'))
    write(folder / 'tile.py', GRID)
    made = c3('create-gridwrapper', 'tile.py', '--no-build', '-b', 'index', *options, '--target', 'argo,kubeflow', cwd=folder)
    succeeded(made)
    operators = [*(ROOT / 'samples/workflow' / name for name in sources[:2]), 'gw_tile.yaml', ROOT / 'samples/workflow' / sources[2]]
    command = ['create-workflow', *operators, '--name', 'squares', '--target', 'argo', '--parallel', '3', '-o', '.']
    done = succeeded(c3(*command, cwd=folder))
    assert 'input `data` of `gw_tile` is left out of the workflow' in done.stderr
    return folder


@pytest.mark.matrix('argo', 'accepted', 'three operators')
def test_a_workflow_is_a_template_of_templates(workflow):
    done = succeeded(run(venv('argo', 'python'), ROOT / 'tests/engines/argo_models.py', workflow / 'squares.workflow.argo.yaml'))
    assert json.loads(done.stdout) == []
    spec = template(workflow / 'squares.workflow.argo.yaml')['spec']
    asked = {port['name'] for port in spec['arguments']['parameters']}
    [dag] = spec['templates']
    tasks = {task['name']: task for task in dag['dag']['tasks']}
    assert list(tasks) == ['make-table', 'sum-table', 'gw-tile', 'write-letter']
    known = {path.name: template(path) for path in workflow.glob('*.argo.yaml')}
    for name, task in tasks.items():
        [ours] = [found for found in known.values() if found['metadata']['name'] == task['templateRef']['name']]
        [called] = [found for found in ours['spec']['templates'] if found['name'] == task['templateRef']['template']]
        given = task['arguments']
        for kind in ('parameters', 'artifacts'):
            inputs = {port['name']: port for port in called['inputs'].get(kind, [])}
            needed = {port for port, it in inputs.items() if 'default' not in it and not it.get('optional')}
            assert needed <= {port['name'] for port in given.get(kind, [])} <= set(inputs), (name, kind)
        for reference in references(given):
            where, *path = reference.strip('{}').split('.')
            if where == 'tasks':
                step, _, kind, port = path
                assert step in task['dependencies']
                [source] = [found for found in known.values() if found['metadata']['name'] == step]
                assert port in {it['name'] for it in source['spec']['templates'][-1]['outputs'][kind]}
            elif where == 'workflow':
                assert path[1] in asked
            else:
                assert reference == '{{item}}' and 'withSequence' in task
    assert tasks['gw-tile']['withSequence'] == {'count': '3'}
    # What comes behind a grid waits for all of its workers.
    assert tasks['write-letter']['dependencies'] == ['gw-tile', 'sum-table']
    assert not {'gw_part', 'gw_parts', 'signing_token'} & asked


def filled(word, values):
    """Fill in parameters as Argo does."""
    return re.sub(r'\{\{inputs\.parameters\.(\w+)\}\}', lambda found: values[found[1]], word)


@pytest.mark.usefixtures('summaries')
def test_container_started_by_argo_runs(workspace, repository, tmp_path):
    write_files(workspace, 'probe.py', repository, 'argo', tmp_path)
    document = template(tmp_path / 'probe.argo.yaml')
    [ours] = document['spec']['templates']
    container = ours['container']
    text = HOSTILE.replace('$$', '$ $').replace('$(', '$ (')
    values = {port['name']: port.get('default') for port in ours['inputs']['parameters']} | {'text': text, 'exit_code': '0'}
    outputs = tmp_path / 'outputs'
    outputs.mkdir()
    outputs.chmod(0o777)
    words = [*container['command'], *(filled(word, values) for word in container['args'])]
    environment = {variable['name']: variable['value'] for variable in container['env'] if 'value' in variable}
    options = ['--workdir', container['workingDir'], '--entrypoint', words[0], '--volume', f'{outputs}:/tmp/c3/outputs']
    done = succeeded(run_image(container['image'], *words[1:], options=options, env=environment))
    given = seen(done.stdout)
    assert (given['text'], given['values']) == (text, [3, 0.5, False, True, None])
    texts = {port['name'] for port in ours['outputs'].get('parameters', [])}
    files = {port['name'] for port in ours['outputs'].get('artifacts', [])}
    made = {path.name for path in outputs.iterdir()}
    assert made
    assert made <= texts | files
    words = [word.replace('--exit_code=0', '--exit_code=7') for word in words]
    assert run_image(container['image'], *words[1:], options=options, env=environment).returncode == 7
