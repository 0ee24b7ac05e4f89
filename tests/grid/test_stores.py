"""Stores that misbehave, cost, clocks, and what is left when something hangs."""

import collections
import contextlib
import http.client
import os
import random
import resource
import signal
import subprocess
import threading
import time

import pytest
from conftest import BUCKET, C3, CEPH, FAKETIME, SCRIPT, client, marks_are_clean, reported, said, wait_until


def names_of(number):
    """Give batch ids."""
    return [f'batch-{n:05}' for n in range(number)]


def test_second_store(grid, moto):
    batches = names_of(100)
    job = grid('cos', store=moto).give(batches)
    workers = job.run(4)
    assert {worker.returncode for worker in workers} == {0}, said(workers[0])
    assert job.lines() == dict.fromkeys(batches, 1)


def test_store_without_atomic_writes_is_rejected(grid, moto, proxy):
    careless = proxy(moto)
    careless.dropped = {'if-none-match'}
    job = grid('cos', store=careless.url).give(names_of(10))
    for worker in job.run(2):
        assert worker.returncode == 1
        assert 'does not create exclusively' in said(worker) and 'Traceback' not in said(worker)
    assert not job.lines('begin')


def test_failing_requests_lose_nothing(grid, proxy):
    flaky = proxy()
    # Half of the failures come before the store has been asked, half after it has done what it was asked.
    flaky.before = flaky.after = lambda _: 503 if random.random() < 0.05 else None
    batches = names_of(100)
    job = grid('cos', store=flaky.url).give(batches)
    workers = job.run(4)
    assert {worker.returncode for worker in workers} == {0}, [said(worker)[-2000:] for worker in workers]
    assert job.lines() == dict.fromkeys(batches, 1)
    assert marks_are_clean(job)


@pytest.mark.parametrize(('number', 'most'), [(1, 2.05), (8, 2.5)])
def test_requests_of_a_fresh_batch(grid, proxy, number, most):
    counter, asked = proxy(), collections.Counter()
    counter.before = lambda request: asked.update([f'{request.command} {request.path}'])
    batches = names_of(500)
    job = grid('cos', store=counter.url).give(batches)
    workers = job.run(number)
    assert {worker.returncode for worker in workers} == {0}
    # What a store that is slow is asked again; of several workers two may ask the same.
    again = [times - 1 for what, times in asked.items() if what.startswith('PUT') and '.probe-' not in what]
    each = (sum(counter.count.values()) - (sum(again) if number == 1 else 0)) / len(batches)
    print(f'{number} workers: {dict(counter.count)}, {each} for each batch')
    assert counter.count['DELETE'] == 2  # one worker has probed for all
    assert each <= most, counter.count


def put_marks(job, names):
    """Make ten thousand marks without spending a client's time on each."""
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:PutObject"],'
        f'"Resource":["arn:aws:s3:::{BUCKET}/*"]}}]}}'
    )
    client().put_bucket_policy(Bucket=BUCKET, Policy=policy)

    def put(part):
        store = http.client.HTTPConnection(CEPH.partition('://')[2])
        for name in part:
            store.request('PUT', f'/{BUCKET}/{job.prefix}/{name}', b'')
            answer = store.getresponse()
            answer.read()
            assert answer.status == 200, answer.status

    threads = [threading.Thread(target=put, args=(names[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client().delete_bucket_policy(Bucket=BUCKET)


@pytest.mark.parametrize('backend', ['local', 'simple', 'cos'])
def test_leftovers_of_dead_workers_are_removed(grid, backend):
    script = 'import time\ndef grid_process(*_, **__):\n    time.sleep(3)\n'  # longer than 3.5 heartbeats
    job = grid(backend, script=script).give(['b'])
    dead, young = ([f'.{kind}-{number:032x}' for kind in ('part', 'probe', 'worker')] for number in (1, 2))
    others = ['.part-mine', '.hidden']
    for name in [*dead, *others]:
        job.put(name, b'')
        if backend != 'cos':
            os.utime(job.marks / name, (1, 1))
    (worker,) = job.run(C3_GRID_HEARTBEAT='0.5')
    assert worker.returncode == 0, said(worker)
    assert job.all_names().isdisjoint(dead) and job.all_names() >= set(others)
    for name in young:
        job.put(name, b'')
    assert job.run()[0].returncode == 0
    assert job.all_names() >= {*young, *others}


def test_worker_continues_if_its_file_is_removed(grid):
    script = """
        import glob, os
        def grid_process(batch_id, **_):
            for part in glob.glob(os.environ['gw_coordinator_path'] + '/.worker-*'):
                os.unlink(part)
    """
    batches = names_of(20)
    job = grid('local', script=script).give(batches)
    (worker,) = job.run()
    assert worker.returncode == 0 and reported(worker) == (20, 0, 0, 0, 20), said(worker)
    assert marks_are_clean(job)


def test_rerun_over_ten_thousand_on_s3(grid, proxy):
    counter, asked = proxy(), set()  # what a store that is slow is asked again counts once
    counter.before = lambda request: asked.add((request.command, request.path))
    batches = names_of(10_000)
    job = grid('cos', store=counter.url).give(batches)
    put_marks(job, [f'{batch}.processed' for batch in batches])
    (worker,) = job.run(1)
    assert worker.returncode == 0, said(worker)
    assert reported(worker) == (0, 10_000, 0, 0, 10_000)
    assert len(asked) <= 12, asked


@contextlib.contextmanager
def processor_time():
    """Give the seconds that the processes which end meanwhile have used: they don't depend on what else goes on."""

    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before, seconds = used(), []
    yield seconds
    seconds.append(used() - before)


def test_rerun_over_ten_thousand_in_a_folder(grid):
    batches = names_of(10_000)
    job = grid('local').give(batches)
    for batch in batches:
        job.put(f'{batch}.processed', b'')
    with processor_time() as seconds:
        (worker,) = job.run(1)
    print(f'{sum(seconds):.2f} s of the processor')  # 0.3 s on a machine that does nothing else
    assert reported(worker) == (0, 10_000, 0, 0, 10_000)
    assert sum(seconds) < 3


@pytest.mark.parametrize('backend', ['simple', 'folder'])
def test_five_thousand_entries_take_five_times_as_long_as_one_thousand(grid, backend):
    took = {}
    for number in (1000, 5000):
        job = grid(backend).give(names_of(number))
        with processor_time() as seconds:
            (worker,) = job.run(1)
        took[number] = sum(seconds)
        assert reported(worker)[0] == number
    print(took)
    assert took[5000] < 8 * took[1000]


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_clocks_ten_minutes_apart(grid, backend):
    batches = names_of(6)
    job = grid(backend).give(batches)
    job.env.update(seconds='8', C3_GRID_HEARTBEAT='2')  # many a batch lives longer than a lock without heartbeats
    workers = [job.start(LD_PRELOAD=FAKETIME[0], FAKETIME=skew) for skew in ('-600s', '+600s', '+0s', '-600s')]
    wait_until(lambda: all('Processing batch' in said(worker) for worker in workers))
    workers[3].send_signal(signal.SIGKILL)
    for worker in workers[:3]:
        assert worker.wait(120) == 0, said(worker)[-2000:]
    assert set(job.lines()) == set(batches)
    assert sum(job.lines('begin').values()) == len(batches) + 1
    assert sum('Took over' in said(worker) for worker in workers) == 1
    assert not any('Gave up' in said(worker) for worker in workers)


def test_hanging_worker_loses_its_batch_to_others(grid):
    job = grid('local').give(['one'])
    job.env['C3_GRID_HEARTBEAT'] = '2'
    gate = job.shut()
    first = job.start()
    wait_until(lambda: job.lines('begin'))
    first.send_signal(signal.SIGSTOP)
    second = job.start()
    wait_until(lambda: job.lines('begin')['one'] == 2)
    first.send_signal(signal.SIGCONT)
    wait_until(lambda: 'Gave up batch' in said(first))
    gate.touch()
    assert [first.wait(60), second.wait(60)] == [0, 0]
    assert 'Gave up batch' in said(first) and 'Traceback' not in said(first)
    assert job.lines() == {'one': 1}
    assert reported(first) == (0, 1, 0, 0, 1) and reported(second) == (1, 0, 0, 0, 1)
    assert job.names() == {'one.processed'}


def test_store_out_of_reach_for_too_long(grid, proxy):
    store = proxy()
    job = grid('cos', store=store.url).give(['one'])
    job.env['C3_GRID_HEARTBEAT'] = '1'
    gate = job.shut()
    worker = job.start()
    wait_until(lambda: job.lines('begin'))
    store.before = lambda _: 503
    wait_until(lambda: 'Gave up batch' in said(worker))
    assert not job.lines()
    gate.touch()
    store.before = lambda _: None
    assert worker.wait(60) == 0, said(worker)
    assert job.lines('begin') == {'one': 2} and job.lines() == {'one': 1}
    assert job.names() == {'one.processed'}


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_batch_of_two_dead_workers_is_taken_over(grid, backend):
    job = grid(backend).give(['one'])
    for name in ('one.lock', 'one.lock.1'):
        job.put(name, b'{"claim": "x", "owner": "y", "beat": "0", "seconds": 0.5}')
    (worker,) = job.run(C3_GRID_HEARTBEAT='0.5')
    assert worker.returncode == 0, said(worker)
    assert 'Took over' in said(worker)
    assert job.names() == {'one.processed'}


@pytest.mark.parametrize('backend', ['local', 'folder'])
def test_file_system_without_links(grid, backend):
    refuse = '''
    import errno
    import os


    def refuse(*_):
        raise OSError(errno.EPERM, 'no links here')


    os.link = refuse
    '''
    batches = names_of(200)
    job = grid(backend, script=refuse + SCRIPT).give(batches)
    workers = job.run(8)
    assert {worker.returncode for worker in workers} == {0}, said(workers[0])
    assert job.lines() == dict.fromkeys(batches, 1)
    assert marks_are_clean(job)


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_lock_without_heartbeat(grid, backend):
    job = grid(backend).give(['one', 'two'])
    started = time.monotonic()
    job.put('one.lock', b'')
    job.env.update(C3_GRID_HEARTBEAT='0.5', gw_lock_timeout='3')
    (worker,) = job.run()
    assert worker.returncode == 0
    assert time.monotonic() - started > 2  # a store's times may be whole seconds
    assert job.names() == {'one.processed', 'two.processed'}


def test_lock_without_heartbeat_that_is_old_already(grid):
    job = grid('cos').give(['one'])
    job.put('one.lock', b'')
    time.sleep(3)
    job.env.update(C3_GRID_HEARTBEAT='0.3', gw_lock_timeout='3')
    assert job.run()[0].returncode == 0


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_worker_without_waiting(grid, backend):
    job = grid(backend).give(['one', 'two'])
    job.put('one.lock', b'')
    (worker,) = job.run(gw_wait='False')
    assert worker.returncode == 0
    assert reported(worker) == (1, 0, 0, 1, 2)


def test_forbidden_is_an_error(grid):
    job = grid('cos').give(['one'])
    job.env['gw_coordinator_connection'] = f'cos://testkey:wrongsecret@{CEPH}/{BUCKET}/x'
    (worker,) = job.run()
    assert worker.returncode == 1
    assert 'SignatureDoesNotMatch' in said(worker) and 'Traceback' not in said(worker)
    assert not job.lines('begin')


@pytest.mark.parametrize(
    'text', ['nonsense', 'cos://x', 'cos://key@127.0.0.1:1/bucket', f'cos://k:s@{CEPH}/no-bucket/x']
)
def test_invalid_connections_are_reported(grid, text):
    job = grid('cos').give(['one'])
    job.env['gw_coordinator_connection'] = text
    (worker,) = job.run()
    assert worker.returncode == 1
    assert 'ERROR' in said(worker) and 'Traceback' not in said(worker)


def test_server_that_is_not_an_object_store(grid, proxy):
    web = proxy()
    web.before = lambda _: 404
    (worker,) = grid('cos', store=web.url).give(['one']).run()
    assert worker.returncode == 1
    assert 'refuses' in said(worker) and 'Traceback' not in said(worker)


WAYS = ['connection', 'environment', 'file', 'shared']


@pytest.mark.parametrize('way', WAYS)
def test_credentials(grid, way):
    job = grid('cos').give(['one'])
    key, secret, place = 'hardkey', 'p@ss:w/rd+%2F=?#', f'{CEPH}/{BUCKET}/{job.prefix}'
    connection = f'cos://{key}:{secret}@{place}'
    if way == 'environment':
        job.env.update(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
        connection = f'cos://{place}'
    if way == 'file':
        mounted = job.home / 'connection'
        mounted.write_text(connection + '\n')
        connection = str(mounted)
    if way == 'shared':
        mounted = job.home / 'credentials'
        mounted.write_text(f'[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n')
        job.env['AWS_SHARED_CREDENTIALS_FILE'] = str(mounted)
        connection = f's3://{place}'
    job.env['gw_coordinator_connection'] = connection
    (worker,) = job.run(log_level='DEBUG')
    assert worker.returncode == 0, said(worker)
    assert job.names() == {'one.processed'}
    assert 'p@ss' not in said(worker) and 'w/rd' not in said(worker)


NO_LOCK = b'{"style": "marks", "keys": ["one", "two"]}'


@pytest.mark.parametrize('backend', ['local', 'cos', 'simple'])
def test_coordinator_of_another_version_is_rejected(grid, backend):
    job = grid(backend).give(['one'])
    job.put('.format-4', b'')
    (worker,) = job.run()
    assert worker.returncode == 1
    assert 'is in use by another version of c3 (`.format-4`)' in said(worker) and 'Traceback' not in said(worker)
    assert not job.lines('begin')


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_batches_finished_by_an_older_version_are_not_repeated(grid, backend):
    job = grid(backend).give(['one', 'two', 'bad-1'])
    job.env.update(C3_GRID_HEARTBEAT='0.5')
    for name, content in {'.batches': NO_LOCK, 'one.processed': b'{}', 'bad-1.err': b'ValueError'}.items():
        job.put(name, content)
    (worker,) = job.run()
    assert worker.returncode == 4 and reported(worker) == (1, 1, 1, 0, 3), said(worker)
    assert job.lines() == {'two': 1}
    (worker,) = job.run(gw_ignore_error_files='True')
    assert worker.returncode == 4 and job.lines('begin') == {'two': 1, 'bad-1': 1}


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_concurrent_older_version_is_rejected(grid, backend):
    job = grid(backend).give(['one', 'two'])
    job.env.update(C3_GRID_HEARTBEAT='4')
    job.put('.batches', NO_LOCK)
    worker = job.start()
    wait_until(lambda: '.probing' in job.all_names())
    job.put('one.lock', b'{"claim": "x", "seconds": 1}')
    assert worker.wait(60) == 1
    assert 'an older version of c3 works in' in said(worker) and 'Traceback' not in said(worker)
    assert not job.lines('begin')


def test_worker_that_dies_at_startup_does_not_block_others(grid):
    job = grid('local').give(['one'])
    job.put('.probing', b'')
    (worker,) = job.run(C3_GRID_HEARTBEAT='1')
    assert worker.returncode == 0, said(worker)
    assert job.lines() == {'one': 1} and marks_are_clean(job)


def test_older_version_joining_later_is_detected(grid):
    job = grid('local').give(names_of(3))
    gate = job.shut()
    worker, last = job.start(), job.start()
    wait_until(lambda: len(job.lines('begin')) == 2)
    job.put('.batches', NO_LOCK)
    gate.touch()
    assert {worker.wait(60), last.wait(60)} == {1}
    assert 'an older version of c3 works in' in said(worker)


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_terminated_worker_returns_its_batch(grid, backend):
    job = grid(backend).give(['one'])
    worker = job.start(seconds='60')
    wait_until(lambda: job.lines('begin'))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 143
    assert {'one.lock', 'one.free.1'} <= job.all_names()
    for _ in range(3):  # no attempt of those that are limited
        worker = job.start(seconds='60', gw_max_attempts='1')
        wait_until(lambda: 'Processing' in said(worker))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 143
    assert job.run()[0].returncode == 0
    assert job.lines() == {'one': 1} and marks_are_clean(job)
    assert job.run()[0].returncode == 0 and job.lines() == {'one': 1}


def test_clean_up_waits_for_the_end(grid):
    job = grid('local').give(['one', 'bad-1'])
    worker = job.start(seconds='60')
    wait_until(lambda: job.lines('begin'))
    done = subprocess.run([C3, 'grid-clean', job.place()], capture_output=True, text=True)
    assert done.returncode == 1 and 'neither done nor failed' in done.stderr
    worker.kill()
    assert 'one.lock' in job.all_names() or 'bad-1.lock' in job.all_names()
