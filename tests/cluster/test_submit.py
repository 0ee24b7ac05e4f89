"""Jobs that `c3 submit` starts, follows and cancels on a real cluster."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from cluster import HOME, PATIENCE, kubeconfig_of, reach
from support import C3, HOSTILE, environment, refused, succeeded, told, wait_until

SCRIPT = '''\
"""Tells what it was given."""
import os
import sys
import time

# What to tell.
text = os.getenv('text', '')
lines = int(os.environ['lines'])
pause = float(os.getenv('pause', '0'))
code = int(os.getenv('code', '0'))
data = os.getenv('data', '')  # c3: input=File
token = os.environ['needed_token']

print(repr([text, data, token[::-1], sys.argv[1:]]), flush=True)
for line in range(lines):
    print('part', os.environ.get('JOB_COMPLETION_INDEX'), 'line', line, flush=True)
    time.sleep(pause)
sys.exit(code)
'''

SECRET = {'needed_token': HOSTILE}


@pytest.fixture(scope='module')
def teller(operator_of):
    """Give the operator."""
    return operator_of('speaker', SCRIPT)


@pytest.fixture
def job(teller, tmp_path):
    """Give a function that writes the operator's job and gives the folder."""

    def write(*options, change=None):
        path = teller.job(tmp_path / 'job', '--overwrite', '--value', 'lines=2', *options)
        if change:
            document = yaml.safe_load(path.read_text(encoding='utf-8'))
            change(document)
            path.write_text(json.dumps(document), encoding='utf-8')
        return path.parent

    return write


@pytest.fixture
def follow(namespace, tmp_path):
    """Give a function that follows a job beside the test; what it says goes to files."""
    running = []

    def begin(folder, *words, env=None):
        log, said = tmp_path / 'log', tmp_path / 'said'
        with log.open('wb') as out, said.open('wb') as err:
            command = [C3, 'submit', '--follow', '--namespace', namespace.name, 'speaker.py', *words]
            variables = environment({**reach(), **(env or {})})
            running.append(subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, env=variables))
        return running[-1], log, said

    yield begin
    for process in running:
        process.kill()
        process.wait()


def lines_of(count, part=None, prefix=''):
    """Give the lines that the operator says after the first."""
    return [f'{prefix}part {part} line {line}' for line in range(count)]


def test_job_returns_log_and_exit_code(job, call, namespace):
    folder = job()
    words = ['speaker.py', '--text', HOSTILE, '--data', '/etc/hostname', '--lines', '3', '--follow', '--', '-v', '$(HOME)']
    done = succeeded(call('submit', *words, folder=folder, env=SECRET))
    first, *rest = done.stdout.splitlines()
    assert first == repr([HOSTILE, '/etc/hostname', HOSTILE[::-1], ['-v', '$(HOME)']])
    assert rest == lines_of(3)
    assert '`/etc/hostname` is on this machine' in done.stderr
    # The secret is one of the job's own, and goes with it; the value is in no manifest.
    [made] = namespace.found('jobs')['items']
    assert HOSTILE.strip() not in json.dumps(made)
    name = made['metadata']['name']
    assert namespace.found('secret', name)['metadata']['ownerReferences'][0]['uid'] == made['metadata']['uid']
    succeeded(call('cancel', name))
    wait_until(lambda: namespace.call('get', 'secret', name).returncode != 0, PATIENCE)
    wait_until(lambda: not namespace.pods(name), PATIENCE)
    refused(call('cancel', name), 3, f'there is no job `{name}`')
    refused(call('wait', name), 3, f'there is no job `{name}`')


def test_c3_exits_with_the_exit_code_of_the_program(job, call, namespace):
    folder = job('--backoff-limit', '1')
    started = succeeded(call('submit', 'speaker.job.yaml', '--code', '7', folder=folder, env=SECRET))
    name = started.stdout.strip()
    assert f'c3 logs --follow --namespace {namespace.name} {name}' in started.stderr
    done = call('wait', name)
    assert done.returncode == 7, told(done)
    assert done.stdout == ''
    assert len(re.findall('failed with exit code 7', done.stderr)) == 2
    assert 'BackoffLimitExceeded' in done.stderr
    # Both pods have kept what they said.
    assert succeeded(call('logs', name)).stdout.splitlines()[1:3] == lines_of(2)
    done = call('logs', '--follow', name)
    assert done.returncode == 7
    assert done.stdout.count('line 1') == 2


def test_a_second_call_starts_a_second_job(job, call, namespace):
    folder = job()
    names = {succeeded(call('submit', 'speaker.py', folder=folder, env=SECRET)).stdout.strip() for _ in range(2)}
    assert {made['metadata']['name'] for made in namespace.found('jobs')['items']} == names
    assert len(names) == 2


def nowhere(document):
    """Give the job an image that there isn't."""
    document['spec']['template']['spec']['containers'][0]['image'] = '127.0.0.1:5000/c3-nothing/here:0.1'


def privileged(document):
    """Ask for what the namespace doesn't admit."""
    document['spec']['template']['spec']['containers'][0]['securityContext'] = {'privileged': True}


@pytest.mark.parametrize(
    ('options', 'change', 'env', 'said'),
    [
        ((), None, {}, 'CreateContainerConfigError: secret "speaker" not found'),
        ((), nowhere, SECRET, 'ImagePull'),
        (('--requests', 'cpu=1000'), None, SECRET, 'Unschedulable: 0/1 nodes are available'),
        ((), privileged, SECRET, 'violates PodSecurity "restricted'),
        (('--volume', 'nothing:/data'), None, SECRET, 'persistentvolumeclaim "nothing" not found'),
    ],
    ids=['secret', 'image', 'room', 'admission', 'volume'],
)
def test_reason_for_a_waiting_job_is_reported(job, follow, namespace, options, change, env, said):
    process, _, told_to = follow(job(*options, change=change), env=env)
    wait_until(lambda: said in told_to.read_text(encoding='utf-8'), PATIENCE)
    assert process.poll() is None
    # A job that somebody else deletes has an end, too.
    [made] = namespace.found('jobs')['items']
    namespace.call('delete', 'job', made['metadata']['name'], '--wait=false')
    assert process.wait(PATIENCE) == 3
    assert 'there is no job' in told_to.read_text(encoding='utf-8')


def children(process):
    """Give the children of a process."""
    path = Path(f'/proc/{process.pid}/task')
    return [int(child) for task in path.iterdir() for child in (task / 'children').read_text().split()]


def reader_of(process):
    """Give the process that reads a log for another."""
    for child in children(process):
        if b'logs' in Path(f'/proc/{child}/cmdline').read_bytes().split(b'\0'):
            return child
    return None


def test_a_broken_connection_neither_loses_nor_repeats_lines(job, follow):
    process, log, said = follow(job(), '--lines', '60', '--pause', '0.2', env=SECRET)
    for count in (5, 15, 25):
        wait_until(lambda count=count: len(log.read_text(encoding='utf-8').splitlines()) > count, PATIENCE)
        wait_until(lambda: reader_of(process), PATIENCE)
        os.kill(reader_of(process), signal.SIGKILL)
    assert process.wait(PATIENCE) == 0, said.read_text(encoding='utf-8')
    assert log.read_text(encoding='utf-8').splitlines()[1:] == lines_of(60)


def test_log_lines_carry_their_index(job, call, namespace):
    folder = job('--indexed', '3', '--backoff-limit', '0')
    done = call('submit', 'speaker.py', '--follow', '--code', '5', folder=folder, env=SECRET)
    assert done.returncode == 5, told(done)
    for index in range(3):
        said = [line for line in done.stdout.splitlines() if line.startswith(f'[{index}] part')]
        assert said == lines_of(2, index, f'[{index}] ')
    assert 'FailedIndexes' in done.stderr


def test_out_of_memory_is_reported(job, call, namespace):
    script = 'import os; lines = [b"x" * 2**20 for _ in range(200)]'

    def fill(document):
        document['spec']['template']['spec']['containers'][0]['command'] = ['python3', '-c', script]

    folder = job('--limits', 'memory=40Mi', '--backoff-limit', '0', change=fill)
    done = call('submit', 'speaker.job.yaml', '--follow', folder=folder, env=SECRET)
    assert done.returncode == 137, told(done)
    assert 'its memory was used up' in done.stderr


def test_job_is_deleted_if_its_secret_is_denied(job, call, namespace, tmp_path):
    rules = [{'apiGroups': ['batch'], 'resources': ['jobs'], 'verbs': ['create', 'get', 'delete', 'list']}]
    kubeconfig = kubeconfig_of('starter', tmp_path, namespace, rules)
    done = call('submit', 'speaker.py', folder=job(), env=SECRET, kubeconfig=kubeconfig)
    refused(done, 3, 'the cluster denies it: secrets is forbidden', 'cannot create resource "secrets"')
    wait_until(lambda: not namespace.found('jobs')['items'], PATIENCE)
    # Without the pods there is nothing to follow.
    namespace.secret('speaker', **SECRET)
    started = succeeded(call('submit', 'speaker.py', folder=job(), kubeconfig=kubeconfig))
    done = call('logs', started.stdout.strip(), kubeconfig=kubeconfig)
    refused(done, 3, 'the cluster denies it: pods is forbidden')


def test_unreachable_cluster_is_reported(job, call, tmp_path):
    config = (HOME / 'admin.conf').read_text(encoding='utf-8')
    kubeconfig = tmp_path / 'away'
    kubeconfig.write_text(re.sub(r'https://[^\s,"}]+', 'https://127.0.0.1:9', config), encoding='utf-8')
    done = call('submit', 'speaker.py', folder=job(), env=SECRET, kubeconfig=kubeconfig)
    refused(done, 3, 'failed to reach the cluster', 'kubectl config current-context')
    done = call('submit', '--context', 'nobody', 'speaker.py', folder=job(), env=SECRET)
    refused(done, 3, 'failed to reach the cluster', 'context "nobody" does not exist')
