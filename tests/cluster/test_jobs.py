"""What becomes of a job in a real cluster: values, secrets, failures, and ends of every kind."""

import base64
import json
import os

import pytest
from cluster import PATIENCE, container_of, ends, job_of, kubectl, waits_for
from images import docker
from support import CLOSED_REGISTRY, HOSTILE, LOGIN, OPEN_REGISTRY, succeeded, wait_until

# Does what a test asks for, and tells what it sees.
SCRIPT = '''\
"""Does what it is told."""

import json
import os
import signal
import sys
import time
from pathlib import Path

# What to do.
task = os.getenv('task', 'tell')
text = os.getenv('text', '')
count = int(os.getenv('count', '1'))
code = int(os.getenv('code', '0'))
needed_token = os.environ['needed_token']
spare_token = os.getenv('spare_token', '')
place = [os.getenv(name, '') for name in ('POD_NAME', 'POD_NAMESPACE', 'NODE_NAME')]


def stop(number, frame):
    Path('/shared/stopped').write_text(str(number))
    print('stopped', flush=True)
    sys.exit(143)


def tell():
    part = int(os.environ.get('JOB_COMPLETION_INDEX', '-1'))
    tokens = [len(needed_token), len(spare_token)]
    shm = os.statvfs('/dev/shm')
    room = [os.access(folder, os.W_OK) for folder in ('/', os.getcwd(), '/tmp')]
    seen = {'text': text, 'count': count, 'tokens': tokens, 'place': place, 'part': part, 'user': [os.getuid(), os.getgid()]}
    seen |= {'room': room, 'shm': shm.f_blocks * shm.f_frsize, 'proxy': os.environ.get('HTTPS_PROXY')}
    bundle = os.environ.get('SSL_CERT_FILE', '')
    seen['bundle'] = Path(bundle).read_text() if bundle.startswith('/etc/c3') else None
    print('SEEN ' + json.dumps(seen), flush=True)
    sys.exit(code)


def wait():
    signal.signal(signal.SIGTERM, stop)
    print('waiting', flush=True)
    time.sleep(300)


def once():
    # The first container fails, the second doesn't.
    mark = Path('/shared/once')
    if not mark.exists():
        mark.write_text('')
        print('the first time', flush=True)
        sys.exit(7)
    print('the second time')


def fill():
    print('filling', flush=True)
    filled = [b'x' * 2**20 for _ in range(count)]


def parts():
    print('part', os.environ['JOB_COMPLETION_INDEX'], flush=True)
    if os.environ['JOB_COMPLETION_INDEX'] == '1':
        sys.exit(code)


print('task', task)
{'tell': tell, 'wait': wait, 'once': once, 'fill': fill, 'parts': parts}[task]()
'''

STRANGER = {'runAsUser': 1000660000, 'runAsGroup': 0}


@pytest.fixture(scope='module')
def doer(operator_of):
    """Give the operator."""
    return operator_of('doer', SCRIPT)


@pytest.fixture
def start(namespace, doer, tmp_path):
    """Give a function that starts the operator's job; its secret is there unless the test makes it."""

    def begin(*options, change=None, secret=True, **values):
        if secret and namespace.call('get', 'secret', 'doer').returncode != 0:
            namespace.secret('doer', needed_token='hunter2')
        words = [word for pair in values.items() for word in ('--value', '='.join(pair))]
        job = job_of(doer.job(tmp_path / 'job', '--overwrite', '--volume', 'shared:/shared', *options, *words))
        if change:
            change(job)
        namespace.create(job)
        return 'doer'

    return begin


def seen(log):
    """Give what the operator has told."""
    [line] = [line for line in log.splitlines() if line.startswith('SEEN ')]
    return json.loads(line.removeprefix('SEEN '))


def exit_codes(namespace, job):
    """Give the exit codes of a job's pods."""
    return [ends(pod)[0] for pod in namespace.pods(job)]


# Values


def test_values_and_secrets_are_passed(namespace, start):
    namespace.secret('doer', needed_token='hunter2', spare_token='other')
    told = seen(namespace.completed(start(text=HOSTILE, count='3')))
    assert (told['text'], told['count'], told['tokens']) == (HOSTILE, 3, [7, 5])


def test_an_optional_secret_may_be_missing(namespace, start):
    told = seen(namespace.completed(start()))
    assert told['tokens'] == [7, 0]
    [pod] = namespace.pods('doer')
    assert told['place'] == [pod['metadata']['name'], namespace.name, 'c3node']


def test_pod_waits_for_a_required_secret(namespace, start):
    job = start(secret=False)
    wait_until(lambda: waits_for(namespace.pod(job)) == 'CreateContainerConfigError', PATIENCE)
    events = succeeded(namespace.call('events', '--for', f'pod/{namespace.pod(job)["metadata"]["name"]}')).stdout
    assert 'secret "doer" not found' in events
    namespace.secret('doer', needed_token='hunter2')
    assert seen(namespace.completed(job))['tokens'] == [7, 0]


def test_pods_get_the_configured_environment(namespace, start):
    bundle = {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'ca'}, 'data': {'ca.pem': 'certificates\n'}}
    namespace.create(bundle)
    options = ['--ca-bundle', 'ca/ca.pem', '--pod-env', 'HTTPS_PROXY=http://proxy:3128/$(task)', '--shm', '200Mi']
    told = seen(namespace.completed(start(*options, '--limits', 'memory=256Mi')))
    assert (told['bundle'], told['proxy']) == ('certificates\n', 'http://proxy:3128/$(task)')
    assert told['shm'] == 200 * 2**20


def test_any_user_with_a_read_only_root(namespace, start):
    def harden(job):
        container_of(job)['securityContext'] |= {**STRANGER, 'readOnlyRootFilesystem': True}

    told = seen(namespace.completed(start(change=harden)))
    assert told['user'] == [1000660000, 0]
    assert told['room'] == [False, False, False]


# Failures


def test_each_failed_pod_keeps_its_log_and_its_code(namespace, start):
    how, why, _ = namespace.ended(start('--backoff-limit', '1', code='7'))
    assert (how, why) == ('Failed', 'BackoffLimitExceeded')
    assert exit_codes(namespace, 'doer') == [7, 7]
    assert all('SEEN' in namespace.log(pod) for pod in namespace.pods('doer'))


def test_rejected_value_fails_the_job_immediately(namespace, start):
    def break_it(job):
        [count] = [variable for variable in container_of(job)['env'] if variable['name'] == 'count']
        count['value'] = 'many'

    how, why, _ = namespace.ended(start(change=break_it))
    assert (how, why) == ('Failed', 'PodFailurePolicy')
    assert exit_codes(namespace, 'doer') == [2]
    assert 'many' in namespace.log(namespace.pods('doer')[0])


def test_retry_succeeds(namespace, start):
    assert 'the second time' in namespace.completed(start(task='once'))
    assert exit_codes(namespace, 'doer') == [7, 0]


def test_a_container_is_restarted_in_its_pod(namespace, start):
    assert 'the second time' in namespace.completed(start('--restart-policy', 'OnFailure', task='once'))
    [pod] = namespace.pods('doer')
    assert pod['status']['containerStatuses'][0]['restartCount'] == 1


def test_out_of_memory_kill(namespace, start):
    options = ['--backoff-limit', '0', '--limits', 'memory=64Mi']
    how, why, _ = namespace.ended(start(*options, task='fill', count='500'))
    assert (how, why) == ('Failed', 'BackoffLimitExceeded')
    [(code, reason)] = [ends(pod) for pod in namespace.pods('doer')]
    # The kubelet may hear of the end before it hears why.
    assert code == 137 and reason in ('OOMKilled', 'Error')


def test_a_deadline(namespace, start):
    job = start('--active-deadline', '600', task='wait')
    namespace.running(job)
    succeeded(namespace.call('patch', 'job', job, '-p', '{"spec": {"activeDeadlineSeconds": 1}}'))
    how, why, _ = namespace.ended(job)
    assert (how, why) == ('Failed', 'DeadlineExceeded')
    wait_until(lambda: (namespace.folder / 'stopped').exists(), PATIENCE)


def test_deleted_job_can_clean_up(namespace, start):
    job = start(task='wait')
    namespace.running(job)
    succeeded(namespace.call('delete', 'job', job, '--cascade=foreground'))
    assert (namespace.folder / 'stopped').read_text() == '15'


def test_evicted_pod_does_not_count_as_a_failure(namespace, start):
    job = start('--backoff-limit', '0', task='wait')
    name = namespace.running(job)
    eviction = {'apiVersion': 'policy/v1', 'kind': 'Eviction', 'metadata': {'name': name, 'namespace': namespace.name}}
    place = f'/api/v1/namespaces/{namespace.name}/pods/{name}/eviction'
    succeeded(kubectl('create', '--raw', place, '-f', '-', input=json.dumps(eviction)))
    wait_until(lambda: any(pod['metadata']['name'] != name for pod in namespace.pods(job)), PATIENCE)
    assert not namespace.found('job', job)['status'].get('conditions')


# Images


def test_image_from_a_private_registry(namespace, doer, start, tmp_path):
    closed = doer.image.replace(OPEN_REGISTRY, CLOSED_REGISTRY)
    own = {**os.environ, 'DOCKER_CONFIG': str(tmp_path)}
    docker('login', '-u', LOGIN[0], '--password-stdin', CLOSED_REGISTRY, input=LOGIN[1], env=own)
    docker('tag', doer.image, closed)
    docker('push', '-q', closed, env=own)
    docker('rmi', closed)

    def move(job):
        container_of(job)['image'] = closed

    namespace.create(login('pull', 'wrong'))
    job = start('--pull-secret', 'pull', change=move)
    wait_until(lambda: waits_for(namespace.pod(job)) in ('ErrImagePull', 'ImagePullBackOff'), PATIENCE)
    succeeded(namespace.call('delete', 'job', job, '--cascade=foreground'))
    namespace.create(login('pull', LOGIN[1]), verb='apply')
    namespace.completed(start('--pull-secret', 'pull', change=move))


def login(name, password):
    """Give the secret with a login for the closed registry."""
    auth = base64.b64encode(f'{LOGIN[0]}:{password}'.encode()).decode()
    text = json.dumps({'auths': {CLOSED_REGISTRY: {'auth': auth}}})
    kind = {'apiVersion': 'v1', 'kind': 'Secret', 'type': 'kubernetes.io/dockerconfigjson'}
    return {**kind, 'metadata': {'name': name}, 'stringData': {'.dockerconfigjson': text}}


# One job after the other


def test_a_second_apply_changes_nothing(namespace, doer, tmp_path):
    namespace.secret('doer', needed_token='hunter2')
    path = doer.job(tmp_path / 'job')
    succeeded(namespace.call('apply', '-f', path))
    namespace.completed('doer')
    succeeded(namespace.call('apply', '-f', path))
    assert namespace.found('job', 'doer')['metadata']['generation'] == 1
    assert len(namespace.pods('doer')) == 1


def test_name_is_generated_for_each_start(namespace, doer, tmp_path):
    namespace.secret('doer', needed_token='hunter2')
    path = doer.job(tmp_path / 'job', '--generate-name')
    started = [succeeded(namespace.call('create', '-o', 'name', '-f', path)).stdout.split('/')[1].strip() for _ in range(2)]
    assert started[0] != started[1]
    for job in started:
        namespace.completed(job)


def test_finished_job_is_removed(namespace, start):
    job = start('--ttl', '2')
    wait_until(lambda: namespace.call('get', 'job', job).returncode != 0, PATIENCE)


# Indexed jobs


def test_each_part_runs_and_failed_parts_are_reported(namespace, start):
    job = start('--indexed', '3', '--parallelism', '2', '--backoff-limit', '1', task='parts', code='5')
    how, why, status = namespace.ended(job)
    assert (how, why) == ('Failed', 'FailedIndexes')
    assert (status['completedIndexes'], status['failedIndexes']) == ('0,2', '1')
    assert sorted(exit_codes(namespace, job)) == [0, 0, 5, 5]


def test_rejected_part_is_not_retried(namespace, start):
    how, _, status = namespace.ended(start('--indexed', '3', task='parts', code='2'))
    assert (how, status['completedIndexes'], status['failedIndexes']) == ('Failed', '0,2', '1')
    assert sorted(exit_codes(namespace, 'doer')) == [0, 0, 2]


def test_a_job_in_a_queue_waits(namespace, doer, tmp_path):
    namespace.secret('doer', needed_token='hunter2')
    path = doer.job(tmp_path / 'job', '--queue', 'team')
    job = succeeded(namespace.call('create', '-o', 'name', '-f', path)).stdout.split('/')[1].strip()
    wait_until(lambda: namespace.found('job', job).get('status', {}).get('conditions'), PATIENCE)
    assert namespace.found('job', job)['status']['conditions'][0]['type'] == 'Suspended'
    # What Kueue does when there is room.
    succeeded(namespace.call('patch', 'job', job, '-p', '{"spec": {"suspend": false}}'))
    namespace.completed(job)
