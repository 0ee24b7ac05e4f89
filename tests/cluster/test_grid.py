"""Grids: the pods of a job share their batches, whatever becomes of the pods."""

import contextlib
import json
import os
import random
import re
import secrets
import signal
import socket
import socketserver
import threading
import time
from pathlib import Path

import boto3
import pytest
from cluster import PATIENCE, ends, job_of
from support import c3, succeeded, told, wait_until, write

# The object store, and this machine as pods see it.
CEPH = ('127.0.0.1', 7480)
NODE = '10.88.7.1'
LOGIN = {'aws_access_key_id': 'testkey', 'aws_secret_access_key': 'testsecret', 'region_name': 'us-east-1'}

# Each batch is written down when it ends, and says so if another worker does it at the same time.
SCRIPT = '''\
"""A batch takes a while."""

import fcntl
import os
import time

seconds = float(os.getenv('seconds', '0.1'))
bad = os.getenv('bad', 'none')


def note(text):
    with open('/shared/journal', 'a') as journal:
        journal.write(text + '\\n')


def grid_process(batch_id, seconds, bad, **_):
    with open(f'/shared/held/{batch_id}', 'w') as held:
        try:
            # The kernel lets go of it when the process ends, however it does.
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            note(f'twice {batch_id}')
        note(f'begin {batch_id}')
        time.sleep(seconds)
        if batch_id == bad:
            raise ValueError('a bad batch')
        note(f'end {batch_id}')
'''


class Grid:
    """A grid whose image is in the registry."""

    def __init__(self, folder, repository, backend):
        """Build it."""
        self.folder = folder
        write(folder / 'slow.py', SCRIPT)
        self.wrap = ['create-gridwrapper', 'slow.py', '-b', backend, '-r', f'{repository}/{backend}', '-v', '0.1']
        succeeded(c3(*self.wrap, cwd=folder))

    def job(self, *options, **values):
        """Give its job."""
        words = [word for pair in values.items() for word in ('--value', '='.join(pair))]
        again = ['--no-build', '--overwrite', '--volume', 'shared:/shared', *options, *words]
        succeeded(c3(*self.wrap, *again, cwd=self.folder))
        return job_of(self.folder / 'gw_slow.job.yaml')


@pytest.fixture(scope='module')
def wrapper(tmp_path_factory, repository):
    """Build a grid on a shared folder and give a function that writes its job."""
    grid = Grid(tmp_path_factory.mktemp('grid'), repository, 'local')
    places = {'gw_batch_file': '/shared/batches.txt', 'gw_coordinator_path': '/shared/marks'}
    return lambda *options, **values: grid.job(*options, **places, **values)


def prepare(namespace, count):
    """Write the list of batches, and make the folder where each is held."""
    names = [f'batch-{number:03}' for number in range(count)]
    (namespace.folder / 'batches.txt').write_text('\n'.join(names))
    (namespace.folder / 'held').mkdir()
    (namespace.folder / 'held').chmod(0o777)
    return names


def noted(namespace, word):
    """Give the batches for which a word was written down."""
    journal = namespace.folder / 'journal'
    lines = journal.read_text().splitlines() if journal.exists() else []
    return [line.split()[1] for line in lines if line.split()[0] == word]


def test_deleted_pods_lose_nothing(namespace, wrapper):
    names = prepare(namespace, 150)
    namespace.create(wrapper('--parallelism', '4', seconds='0.5'))
    chance, killed, end = random.Random(7), 0, time.monotonic() + PATIENCE
    while killed < 5:
        assert time.monotonic() < end, namespace.report('gw-slow')
        before = len(noted(namespace, 'end'))
        while len(noted(namespace, 'end')) < before + 8 and time.monotonic() < end:
            time.sleep(0.2)
        living = [pod['metadata']['name'] for pod in namespace.pods('gw-slow') if pod['status']['phase'] == 'Running']
        if living:
            # Every other one dies without a signal that it could heed.
            force = ['--grace-period=0', '--force'] if killed % 2 else []
            succeeded(namespace.call('delete', 'pod', chance.choice(living), '--wait=false', *force))
            killed += 1
    namespace.completed('gw-slow', seconds=240)
    assert noted(namespace, 'twice') == []
    assert sorted(noted(namespace, 'end')) == names
    assert namespace.found('job', 'gw-slow')['status']['completedIndexes'] == '0-3'


def processes_of(pod):
    """Give the processes of a pod on this machine, by their control groups."""
    uid = pod['metadata']['uid']
    groups = Path('/proc').glob('[0-9]*/cgroup')
    return [int(group.parent.name) for group in groups if uid in read(group).replace('_', '-')]


def read(path):
    """Give the text of a file of a process, which may have ended."""
    try:
        return path.read_text(encoding='utf-8')
    except OSError:
        return ''


def kubelet():
    """Give the process of the node's kubelet."""
    found = Path('/proc').glob('[0-9]*/cmdline')
    [process] = [path.parent.name for path in found if read(path).split('\0')[0].endswith('/kubelet')]
    return int(process)


def test_frozen_pod_and_dead_kubelet_lose_nothing(namespace, wrapper):
    names = prepare(namespace, 60)
    namespace.create(wrapper('--parallelism', '3', seconds='0.5'))
    wait_until(lambda: len(noted(namespace, 'end')) >= 6, PATIENCE)
    frozen = processes_of(namespace.pods('gw-slow')[0])
    assert len(frozen) > 1
    for process in frozen:
        os.kill(process, signal.SIGSTOP)
    died = kubelet()
    os.kill(died, signal.SIGKILL)
    # The others do its batch as well, once it has missed its beats.
    wait_until(lambda: set(noted(namespace, 'end')) == set(names), PATIENCE)
    assert kubelet() != died
    for process in frozen:
        os.kill(process, signal.SIGCONT)
    namespace.completed('gw-slow')
    # What wakes up may end the one batch that it had in its hands, and begins no other.
    again = [name for name in names if noted(namespace, 'end').count(name) > 1]
    assert len(again) <= 1 and len(noted(namespace, 'twice')) <= 1
    assert len(noted(namespace, 'begin')) <= len(names) + 1
    assert namespace.found('job', 'gw-slow')['status']['completedIndexes'] == '0-2'


def test_failed_batches_fail_their_index_only(namespace, wrapper):
    names = prepare(namespace, 20)
    namespace.create(wrapper('--parallelism', '3', bad='batch-004'))
    how, why, status = namespace.ended('gw-slow')
    assert (how, why) == ('Failed', 'FailedIndexes')
    codes = [ends(pod)[0] for pod in namespace.pods('gw-slow')]
    assert len(codes) == 3 and 4 in codes and set(codes) <= {0, 4}
    assert sorted(noted(namespace, 'end')) == [name for name in names if name != 'batch-004']
    assert noted(namespace, 'begin').count('batch-004') == 1
    assert status['failedIndexes']


def test_progress_is_shown_beside_the_log(namespace, wrapper, call, tmp_path):
    prepare(namespace, 60)
    write(tmp_path / 'gw_slow.job.yaml', json.dumps(wrapper('--parallelism', '3', seconds='2', bad='batch-004')))
    followed = call('submit', '--follow', 'gw_slow.job.yaml', folder=tmp_path)
    assert followed.returncode == 4, told(followed)
    progress = [line for line in followed.stderr.splitlines() if ' batches done' in line]
    assert progress[-1] == '59 of 60 batches done, 1 failed', told(followed)
    assert re.search(r'^\d+ of 60 batches done(, 1 failed)?; \d+\.\d a minute, \d+ s left$', followed.stderr, re.MULTILINE)
    done = [int(line.split()[0]) for line in progress]
    assert done == sorted(set(done)) and len(done) > 2


class Relay(socketserver.ThreadingTCPServer):
    """The object store of this machine's loopback, as pods reach it."""

    daemon_threads = True

    def __init__(self):
        """Listen where pods see this machine."""
        super().__init__((NODE, 0), Between)


class Between(socketserver.BaseRequestHandler):
    """A connection and its other half."""

    def handle(self):
        """Hand on what comes from either side until one has ended."""
        with socket.create_connection(CEPH) as store:
            back = threading.Thread(target=self.hand_on, args=(store, self.request))
            back.start()
            self.hand_on(self.request, store)
            back.join()

    @staticmethod
    def hand_on(one, other):
        """Hand on what comes from one side."""
        with contextlib.suppress(OSError):
            while part := one.recv(65536):
                other.sendall(part)
            other.shutdown(socket.SHUT_WR)


def client():
    """Give a client of the object store, from this machine."""
    return boto3.client('s3', endpoint_url='http://{}:{}'.format(*CEPH), **LOGIN)


@contextlib.contextmanager
def relayed(bucket):
    """Make a bucket, and give the address of the object store as pods see it."""
    client().create_bucket(Bucket=bucket)
    with Relay() as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        yield '{}:{}'.format(*relay.server_address)
        relay.shutdown()


@pytest.fixture
def store():
    """Give the connection to a bucket, as pods write it."""
    with relayed('cluster') as place:
        yield f'cos://testkey:testsecret@http://{place}/cluster/{secrets.token_hex(4)}'


def test_killed_pods_of_an_object_store_lose_nothing(namespace, repository, tmp_path, store):
    names = prepare(namespace, 60)
    namespace.secret('gw-slow', gw_coordinator_connection=store)
    grid = Grid(tmp_path, repository, 's3kv')
    namespace.create(grid.job('--parallelism', '4', gw_batch_file='/shared/batches.txt', seconds='0.3'))
    for count in (10, 25):
        wait_until(lambda count=count: len(noted(namespace, 'end')) >= count, PATIENCE)
        living = [pod['metadata']['name'] for pod in namespace.pods('gw-slow') if pod['status']['phase'] == 'Running']
        succeeded(namespace.call('delete', 'pod', living[-1], '--wait=false', '--grace-period=0', '--force'))
    namespace.completed('gw-slow', seconds=240)
    assert noted(namespace, 'twice') == []
    assert sorted(set(noted(namespace, 'end'))) == names


def test_grid_runs_with_fewer_pods_than_requested(namespace, wrapper):
    names = prepare(namespace, 40)

    def half(job):
        job['spec']['parallelism'] = 2
        return job

    namespace.create(half(wrapper('--parallelism', '5')))
    namespace.completed('gw-slow')
    assert sorted(noted(namespace, 'end')) == names
    assert len(namespace.pods('gw-slow')) == 5


def test_indexed_parts_are_processed_once(namespace, repository, tmp_path):
    names = prepare(namespace, 30)
    grid = Grid(tmp_path, repository, 'index')
    namespace.create(grid.job('--indexed', '5', '--parallelism', '2', gw_batch_file='/shared/batches.txt'))
    namespace.completed('gw-slow')
    assert sorted(noted(namespace, 'end')) == names
    assert namespace.found('job', 'gw-slow')['status']['completedIndexes'] == '0-4'
