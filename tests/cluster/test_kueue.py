"""Jobs in a queue of Kueue, whose controller runs beside the cluster: `tests/engines.sh up kueue`."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cluster import HOME, KUBECTL, PATIENCE, reach
from support import C3, environment, run, succeeded, told, wait_until, write
from test_grid import Grid, noted, prepare, wrapper  # noqa: F401

KUEUE = HOME / 'kueue'
# cmd/kueue/main.go, `metricsCertPath`.
METRICS = Path('/etc/kueue/metrics/certs')
API = 'kueue.x-k8s.io/v1beta2'
# One job of this size is as much as the queue takes at once.
LARGE = ['--requests', 'cpu=300m']
ROOM = '400m'

CONFIGURATION = {
    'apiVersion': 'config.kueue.x-k8s.io/v1beta2',
    'kind': 'Configuration',
    'namespace': 'kueue-system',
    'webhook': {'port': 19443, 'certDir': 'certificates'},
    'metrics': {'bindAddress': '0'},
    'health': {'healthProbeBindAddress': '127.0.0.1:19444'},
    'leaderElection': {'leaderElect': False},
    'internalCertManagement': {'enable': False},
    'integrations': {'frameworks': ['batch/job']},
}

# Works until the test lets it end.
SCRIPT = '''\
"""Waits for a word."""

import os
import time
from pathlib import Path

name = os.getenv('name', 'one')

Path('/shared', name).touch()
while not Path('/shared', name + '.end').exists():
    time.sleep(0.2)
print('ended', name, flush=True)
'''


@pytest.fixture(scope='module')
def controller(tmp_path_factory):
    """Let Kueue's controller run; it takes its certificates from a folder, and serves no webhook that anybody asks."""
    folder = tmp_path_factory.mktemp('kueue')
    succeeded(run(*KUBECTL, 'apply', '--server-side', '-f', KUEUE / 'definitions'))
    succeeded(run(*KUBECTL, 'wait', '--for=condition=Established', '--timeout=60s', '-f', KUEUE / 'definitions'))
    run(*KUBECTL, 'create', 'namespace', 'kueue-system')
    certificates = folder / 'certificates'
    certificates.mkdir()
    names = ['-keyout', 'tls.key', '-out', 'tls.crt', '-subj', '/CN=kueue']
    succeeded(run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', *names, cwd=certificates))
    # It insists on certificates of its metrics, too, though they are off.
    shutil.copytree(certificates, METRICS, dirs_exist_ok=True)
    write(folder / 'configuration.yaml', json.dumps(CONFIGURATION))
    command = [KUEUE / 'kueue', '--config', 'configuration.yaml', '--feature-gates=VisibilityOnDemand=false']
    with (folder / 'log').open('wb') as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env={**os.environ, 'KUBECONFIG': str(HOME / 'admin.conf')})
    try:
        wait_until(lambda: 'Starting workers' in (folder / 'log').read_text(encoding='utf-8'), PATIENCE)
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(METRICS)
        os.removedirs(METRICS.parent)


@pytest.fixture
def queue(controller, namespace):
    """Give the namespace a queue `team` with room for one large job."""
    name = namespace.name
    flavor = {'apiVersion': API, 'kind': 'ResourceFlavor', 'metadata': {'name': name}}
    room = [{'name': 'cpu', 'nominalQuota': ROOM}, {'name': 'memory', 'nominalQuota': '8Gi'}]
    quota = [{'coveredResources': ['cpu', 'memory'], 'flavors': [{'name': name, 'resources': room}]}]
    cluster = {'apiVersion': API, 'kind': 'ClusterQueue', 'metadata': {'name': name}, 'spec': {'namespaceSelector': {}, 'resourceGroups': quota}}
    local = {'apiVersion': API, 'kind': 'LocalQueue', 'metadata': {'name': 'team', 'namespace': name}, 'spec': {'clusterQueue': name}}
    namespace.create(flavor, cluster, local)
    yield controller
    namespace.call('delete', 'jobs', '--all')
    for kind in ('clusterqueue', 'resourceflavor'):
        run(*KUBECTL, 'delete', kind, name, '--wait=false')


@pytest.fixture(scope='module')
def waiter(operator_of):
    """Give the operator."""
    return operator_of('waiter', SCRIPT)


def is_suspended(namespace, job):
    """Tell whether a job waits for its turn."""
    return namespace.found('job', job)['spec'].get('suspend', False)


@pytest.mark.usefixtures('queue')
def test_the_second_of_two_jobs_waits_for_the_first(namespace, waiter, call, tmp_path):
    path = waiter.job(tmp_path / 'job', '--queue', 'team', '--volume', 'shared:/shared', *LARGE)
    submitted = [succeeded(call('submit', path.name, '--name', name, folder=path.parent)) for name in ('one', 'two')]
    one, two = (done.stdout.strip() for done in submitted)
    wait_until(lambda: (namespace.folder / 'one').exists(), PATIENCE)
    with (tmp_path / 'said').open('wb') as said:
        command = [C3, 'wait', '--namespace', namespace.name, two]
        waiting = subprocess.Popen(command, stdout=said, stderr=said, env=environment(reach()))
    wait_until(lambda: 'waits in the queue `team`' in (tmp_path / 'said').read_text(), PATIENCE)
    assert is_suspended(namespace, two) and not namespace.pods(two) and not (namespace.folder / 'two').exists()
    # To apply a job again would suspend it; one that is made anew each time can't be applied.
    again = namespace.call('apply', '-f', path)
    assert again.returncode == 1 and 'generate name' in again.stderr, told(again)
    assert not is_suspended(namespace, one)
    (namespace.folder / 'one.end').touch()
    assert namespace.completed(one) == 'ended one\n'
    wait_until(lambda: (namespace.folder / 'two').exists(), PATIENCE)
    (namespace.folder / 'two.end').touch()
    assert namespace.completed(two) == 'ended two\n'
    assert waiting.wait(PATIENCE) == 0


def admitted_in_part(job):
    """Let Kueue start a job with fewer pods than it asks for."""
    job['metadata'].setdefault('annotations', {})['kueue.x-k8s.io/job-min-parallelism'] = '1'
    return job


def created(namespace, job):
    """Create a job and give its name."""
    done = succeeded(namespace.call('create', '-o', 'name', '-f', '-', input=json.dumps(job)))
    return done.stdout.split('/')[1].strip()


@pytest.mark.usefixtures('queue')
def test_partially_admitted_grid_processes_everything(namespace, wrapper):  # noqa: F811
    names = prepare(namespace, 20)
    job = created(namespace, admitted_in_part(wrapper('--parallelism', '4', '--queue', 'team', '--requests', 'cpu=150m')))
    namespace.completed(job)
    assert sorted(noted(namespace, 'end')) == names and noted(namespace, 'twice') == []
    found = namespace.found('job', job)
    # As many workers as there was room for: each index that is left has been there.
    assert (found['spec']['completions'], found['status']['completedIndexes']) == (2, '0,1')


@pytest.mark.usefixtures('queue')
def test_indexed_parts_are_preserved_under_partial_admission(namespace, repository, tmp_path):
    names = prepare(namespace, 20)
    grid = Grid(tmp_path, repository, 'index')
    options = ['--indexed', '4', '--parallelism', '4', '--queue', 'team', '--requests', 'cpu=150m']
    job = created(namespace, admitted_in_part(grid.job(*options, gw_batch_file='/shared/batches.txt')))
    namespace.completed(job)
    assert sorted(noted(namespace, 'end')) == names
    found = namespace.found('job', job)
    assert (found['spec']['completions'], found['status']['completedIndexes']) == (4, '0-3')
