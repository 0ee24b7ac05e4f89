"""Templates of Argo, run by its controller beside the cluster: `tests/engines.sh up argo`."""

import json
import os
import re
import subprocess
import time

import pytest
import yaml
from cluster import HOME, KUBECTL, PATIENCE
from operators import SECRET, create
from support import HOSTILE, ROOT, SAMPLES, c3, run, succeeded, wait_until, write
from test_grid import LOGIN, NODE, SCRIPT, client, noted, prepare, relayed
from test_workflows import OPERATORS, SAMPLE, letter

ARGO = HOME / 'argo'
# The group of its objects.
API = 'argoproj.io/v1alpha1'
BUCKET = 'argo'

# What a namespace of the profile *restricted* asks of Argo's own containers, and where these find the API server: nothing
# here routes the addresses of services.
EXECUTOR = {
    'image': '127.0.0.1:5000/c3-test/argoexec:1',
    'imagePullPolicy': 'IfNotPresent',
    'env': [{'name': 'KUBERNETES_SERVICE_HOST', 'value': NODE}, {'name': 'KUBERNETES_SERVICE_PORT', 'value': '6443'}],
    'securityContext': {'allowPrivilegeEscalation': False, 'capabilities': {'drop': ['ALL']}},
}

# What Argo's own `executor` role allows.
RULES = [{'apiGroups': ['argoproj.io'], 'resources': ['workflowtaskresults'], 'verbs': ['create', 'patch']}]

MAKER = '''\
"""Hands on what it gets."""

import os
import pathlib
import sys

text = os.getenv('text', 'nothing')
bold = os.getenv('bold', '\\x1b[1m')
count = int(os.getenv('count', 3))
ratio = float(os.getenv('ratio', '0.5'))
flag = bool(os.getenv('flag', 'False'))
other = os.getenv('other', None)
code = int(os.getenv('code', '0'))
password = os.getenv('password', None)
data = os.environ['data']  # c3: input=File

os.environ['seen'] = repr((text, bold, count, ratio, flag, other, len(password or '')))
os.environ['lines'] = 'a\\n\\n'
if code == 1:
    os.environ['never'] = 'x'
os.environ['copy'] = 'a copy.bin'  # c3: output=File
pathlib.Path('a copy.bin').write_bytes(pathlib.Path(data).read_bytes() + bytes(range(256)))
(pathlib.Path('made') / 'below').mkdir(parents=True)
(pathlib.Path('made') / 'below' / 'file').write_text('deep')
os.environ['folder'] = 'made'  # c3: output=Directory
print('SEEN', os.environ['seen'], flush=True)
sys.exit(code)
'''


@pytest.fixture(scope='module')
def store():
    """Give the address of an object store for artifacts, as pods see it."""
    with relayed(BUCKET) as place:
        yield place


@pytest.fixture(scope='module', autouse=True)
def controller(tmp_path_factory, store):
    """Let Argo's controller run, in a namespace of its own."""
    folder = tmp_path_factory.mktemp('argo')
    succeeded(run(*KUBECTL, 'apply', '--server-side', '-f', ARGO / 'definitions'))
    succeeded(run(*KUBECTL, 'wait', '--for=condition=Established', '--timeout=60s', '-f', ARGO / 'definitions'))
    run(*KUBECTL, 'create', 'namespace', 'argo')
    s3 = {'endpoint': store, 'insecure': True, 'bucket': BUCKET, 'keyFormat': '{{workflow.namespace}}/{{pod.name}}'}
    keys = {f'{key}Secret': {'name': 'store', 'key': key} for key in ('accessKey', 'secretKey')}
    config = {'executor': json.dumps(EXECUTOR), 'artifactRepository': json.dumps({'s3': {**s3, **keys}})}
    config |= {'metricsConfig': '{"enabled": false}', 'telemetryConfig': '{"enabled": false}'}
    settings = {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'settings', 'namespace': 'argo'}, 'data': config}
    succeeded(run(*KUBECTL, 'apply', '-f', '-', input=json.dumps(settings)))
    kubeconfig = write(folder / 'config', (HOME / 'admin.conf').read_text(encoding='utf-8'))
    succeeded(run(HOME / 'kubectl', '--kubeconfig', kubeconfig, 'config', 'set-context', '--current', '--namespace', 'argo'))
    variables = {**os.environ, 'KUBECONFIG': str(kubeconfig), 'LEADER_ELECTION_DISABLE': 'true'}
    with (folder / 'log').open('wb') as log:
        process = subprocess.Popen([ARGO / 'workflow-controller', '--configmap', 'settings'], stdout=log, stderr=log, env=variables)
    try:
        wait_until(lambda: 'Starting Workflow Controller' in (folder / 'log').read_text(encoding='utf-8'), PATIENCE)
        assert process.poll() is None
        yield folder / 'log'
    finally:
        process.kill()
        process.wait()
        run(*KUBECTL, 'delete', '--wait=false', '-f', ARGO / 'definitions')


@pytest.fixture
def work(namespace, controller):
    """Give the namespace, in which Argo's pods may say how they ended and find the store."""
    role = {'apiVersion': 'rbac.authorization.k8s.io/v1', 'metadata': {'name': 'executor'}}
    subject = {'kind': 'ServiceAccount', 'name': 'default', 'namespace': namespace.name}
    reference = {'apiGroup': 'rbac.authorization.k8s.io', 'kind': 'Role', 'name': 'executor'}
    namespace.create(
        {**role, 'kind': 'Role', 'rules': RULES}, {**role, 'kind': 'RoleBinding', 'roleRef': reference, 'subjects': [subject]}
    )
    namespace.secret('store', accessKey=LOGIN['aws_access_key_id'], secretKey=LOGIN['aws_secret_access_key'])
    yield Argo(namespace, controller)
    namespace.call('delete', 'workflows', '--all')


class Argo:
    """A namespace in which workflows run."""

    def __init__(self, namespace, log):
        """Name it, and the log of the controller."""
        self.namespace, self.log = namespace, log

    def run(self, template, paths, artifacts=(), **parameters):
        """Run a template, and give the state of its workflow when that has ended."""
        for path in paths:
            succeeded(self.namespace.call('apply', '-f', path))
        given = [{'name': name, 'value': value} for name, value in parameters.items()]
        spec = {'workflowTemplateRef': {'name': template}, 'arguments': {'parameters': given, 'artifacts': list(artifacts)}}
        self.namespace.create({'apiVersion': API, 'kind': 'Workflow', 'metadata': {'name': f'{template}-1'}, 'spec': spec})
        end = time.monotonic() + 2 * PATIENCE
        while True:
            status = self.namespace.found('workflow', f'{template}-1').get('status', {})
            if status.get('phase') in ('Succeeded', 'Failed', 'Error'):
                return status
            assert time.monotonic() < end, self.report()
            time.sleep(0.5)

    def report(self):
        """Tell what is known of workflows that didn't do as they should."""
        said = self.namespace.call('logs', '-l', 'workflows.argoproj.io/workflow', '-c', 'main', '--tail=30').stdout
        return said + self.namespace.call('describe', 'workflows,pods').stdout[-6000:] + self.log.read_text(encoding='utf-8')[-3000:]

    def succeeded(self, *arguments, **options):
        """Insist on a workflow that succeeds."""
        status = self.run(*arguments, **options)
        assert status['phase'] == 'Succeeded', f'{status.get("message")}\n{self.report()}'
        return status


def nodes_of(status, name):
    """Give the pods of a template, by the time of their start."""
    pods = [node for node in status['nodes'].values() if node['type'] == 'Pod' and node['displayName'].startswith(name)]
    return sorted(pods, key=lambda node: node['startedAt'])


def outputs_of(node):
    """Give the output parameters of a node, and the contents of its artifacts as they are in the store."""
    s3 = client()
    outputs = node.get('outputs', {})
    parameters = {parameter['name']: parameter['value'] for parameter in outputs.get('parameters', [])}
    artifacts = {
        artifact['name']: s3.get_object(Bucket=BUCKET, Key=artifact['s3']['key'])['Body'].read()
        for artifact in outputs.get('artifacts', [])
        if artifact['name'] != 'main-logs'
    }
    return parameters, artifacts


@pytest.fixture(scope='module')
def maker(tmp_path_factory, repository):
    """Build an operator with every kind of input and output, and give the path of its template."""
    folder = tmp_path_factory.mktemp('maker')
    write(folder / 'maker.py', MAKER)
    write(folder / 'c3.toml', '[job]\nbackoff-limit = 1\n')
    create(folder, 'maker.py', '-r', f'{repository}/argo', '-v', '0.1', '--target', 'argo')
    return folder / 'maker.argo.yaml'


# What is given at the start is filled in by Argo and Kubernetes, and quoted in a way that has no control characters.
TEXT = re.sub(r'\{\{|\$\$|[\x00-\x08\x0b\x0c\x0e-\x1f]', '', HOSTILE)
DATA = [{'name': 'data', 'raw': {'data': 'given\n'}}]


@pytest.mark.matrix('argo', 'equal', 'probe')
def test_values_and_outputs_round_trip(work, maker):
    work.namespace.secret('maker', password=SECRET)
    status = work.succeeded('maker', [maker], DATA, text=TEXT, count='7', ratio='1e-3', flag='true')
    [node] = nodes_of(status, 'maker')
    parameters, artifacts = outputs_of(node)
    assert parameters['seen'] == repr((TEXT, '\x1b[1m', 7, 0.001, True, None, len(SECRET)))
    assert (parameters['lines'], parameters['never']) == ('a\n\n', '')
    assert sorted(artifacts) == ['copy', 'folder']
    assert SECRET not in json.dumps(status)


def test_omitted_values_are_left_to_the_script(work, maker):
    status = work.succeeded('maker', [maker], DATA)
    [node] = nodes_of(status, 'maker')
    assert outputs_of(node)[0]['seen'] == repr(('nothing', '\x1b[1m', 3, 0.5, False, None, 0))


@pytest.mark.parametrize(('code', 'attempts'), [('2', 1), ('7', 2)])
def test_permanent_failures_are_not_retried(work, maker, code, attempts):
    status = work.run('maker', [maker], DATA, code=code)
    assert status['phase'] == 'Failed', work.report()
    nodes = nodes_of(status, 'maker')
    assert [node['outputs']['exitCode'] for node in nodes] == [code] * attempts


@pytest.mark.matrix('argo', 'equal', 'three operators')
def test_a_workflow_of_three_operators(work, tmp_path, repository):
    for operator in OPERATORS:
        write(tmp_path / operator, (SAMPLE / operator).read_text(encoding='utf-8'))
        create(tmp_path, operator, '-r', f'{repository}/argo', '-v', '0.1', '--target', 'argo')
    succeeded(c3('create-workflow', *OPERATORS, '--name', 'squares', '--target', 'argo', cwd=tmp_path))
    work.namespace.secret('write-letter', signing_token=SECRET)
    status = work.succeeded('squares', sorted(tmp_path.glob('*.argo.yaml')), rows='4', reader='Ada L.')
    [node] = nodes_of(status, 'write-letter')
    assert outputs_of(node)[0]['letter'] == letter(4, 'Ada L.', SECRET)


def test_grid_processes_each_batch_once(work, tmp_path, repository):
    names = prepare(work.namespace, 60)
    write(tmp_path / 'slow.py', SCRIPT)
    places = 'gw_batch_file = "/shared/batches.txt"\ngw_coordinator_path = "/shared/marks"\n'
    write(tmp_path / 'c3.toml', f'[job]\nparallelism = 4\nvolumes = ["shared:/shared"]\n[job.values]\n{places}')
    options = ['-b', 'local', '-r', f'{repository}/argo', '-v', '0.1', '--target', 'argo']
    succeeded(c3('create-gridwrapper', 'slow.py', *options, cwd=tmp_path))
    status = work.succeeded('gw-slow', [tmp_path / 'gw_slow.argo.yaml'])
    assert len([node for node in status['nodes'].values() if node['type'] == 'Pod']) == 4
    assert noted(work.namespace, 'twice') == []
    assert sorted(noted(work.namespace, 'end')) == names


def suspended(name, template):
    """Give a workflow of a template that is checked as a whole and starts nothing."""
    given = template['spec'].get('arguments', {})
    parameters = [{'name': it['name'], 'value': '1'} for it in given.get('parameters', []) if 'value' not in it]
    needed = template['spec']['templates'][0].get('inputs', {}).get('artifacts', [])
    artifacts = [{'name': it['name'], 'raw': {'data': 'x'}} for it in needed if not it.get('optional')]
    spec = {'suspend': True, 'workflowTemplateRef': {'name': name}}
    spec['arguments'] = {'parameters': parameters, 'artifacts': artifacts}
    return {'apiVersion': API, 'kind': 'Workflow', 'metadata': {'name': name}, 'spec': spec}


@pytest.mark.matrix('argo', 'accepted')
def test_argo_accepts_every_sample(work, tmp_path):
    succeeded(c3('compile', *SAMPLES, '-r', 'registry.example/ns', '--target', 'argo', '-o', tmp_path, cwd=ROOT))
    templates = [yaml.safe_load(path.read_text(encoding='utf-8')) for path in sorted(tmp_path.glob('*.argo.yaml'))]
    bad = json.loads(json.dumps(templates[0]))
    bad['metadata']['name'], bad['spec']['entrypoint'] = 'bad', 'nothing'
    for template in [*templates, bad]:
        work.namespace.create(template)
        work.namespace.create(suspended(template['metadata']['name'], template))
    found = lambda: {it['metadata']['name']: it.get('status', {}) for it in work.namespace.found('workflows')['items']}  # noqa: E731
    wait_until(lambda: all(status.get('phase') for status in found().values()), PATIENCE)
    phases = {name: (status['phase'], status.get('message')) for name, status in found().items()}
    assert phases.pop('bad')[0] == 'Failed'
    assert set(phases.values()) == {('Running', None)} and len(phases) == len(SAMPLES), phases
