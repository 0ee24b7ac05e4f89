"""Short batches, which are claimed and marked in bundles."""

import json
import signal
import subprocess
import time
import zlib

import pytest
from conftest import C3, marks_are_clean, reported, said, wait_until

# The batches are short, but for those that are called after what they do.
SCRIPT = '''
    import os, signal, time

    log = os.getenv('log')

    def note(*words):
        line = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(line, (' '.join(words) + '\\n').encode())
        os.close(line)

    def parent_of(process):
        with open(f'/proc/{process}/stat') as stream:
            return int(stream.read().rpartition(')')[2].split()[1])

    def grid_process(batch_id, log=None, **_):
        note('begin', batch_id)
        if batch_id.startswith('poison'):
            os.kill(parent_of(os.getppid()), signal.SIGKILL)  # the supervisor
            time.sleep(60)
        if batch_id.startswith('bad') and not os.path.exists(os.getenv('gate')):
            raise ValueError(f'{batch_id} is wrong')
        if batch_id.startswith('again') and not os.path.exists(f'{log}.{batch_id}'):
            open(f'{log}.{batch_id}', 'x').close()
            raise ValueError('not yet')
        if batch_id.startswith('exit'):
            os._exit(3)
        if batch_id.startswith('closes'):
            os.closerange(3, 64)
        print('prints', batch_id)
        while batch_id.startswith('long') and not os.path.exists(os.getenv('gate')):
            time.sleep(0.05)
        note('end', batch_id)
'''
BATCHES = 520  # four make a bundle
PARTS = 120  # so many bundles at least


def make(grid, backend, *special):
    """Make a grid of short batches, and some that are none of those that are measured."""
    job = grid(backend, script=SCRIPT)
    job.env['gate'] = str(job.home / 'gate')
    names = [f'batch-{number:04}' for number in range(BATCHES - len(special))]
    at = BATCHES // 3
    return job.give(names[:at] + list(special) + names[at:]), set(names)


def status(job):
    """Give what `c3 grid-status` tells to programs."""
    told = subprocess.run([C3, 'grid-status', '--format', 'json', job.place()], capture_output=True, text=True, timeout=60)
    return json.loads(told.stdout)


def bundles(job):
    """Give the names of the marks of bundles."""
    return {name for name in job.all_names() if name.startswith('.bundle-')}


def bundle_of(job, batch):
    """Give the name of a batch's bundle, and its batches."""
    [(number, part)] = enumerate(json.loads((job.marks / '.plan-0').read_bytes())['parts'])
    at = part['keys'].index(batch) // part['size']
    return f'.bundle-{number}-{at}', part['keys'][at * part['size'] :][: part['size']]


def failed(job):
    """Give the errors of the batches that have failed."""
    return {each['batch']: each['error'] for each in status(job)['failed']}


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_failed_batches_of_a_bundle_are_reported_individually(grid, backend):
    job, names = make(grid, backend, 'bad-0', 'bad-2', 'bad-3')
    workers = job.run(2)
    assert {worker.returncode for worker in workers} == {4}, said(workers[0])[-2000:]
    assert job.lines() == dict.fromkeys(names, 1)
    assert sum(reported(worker)[0] for worker in workers) == len(names)
    assert failed(job) == {bad: f'ValueError: {bad} is wrong' for bad in ('bad-0', 'bad-2', 'bad-3')}
    assert status(job)['done'] == len(names)
    assert len(bundles(job)) > 2 * PARTS and len(job.all_names()) < BATCHES
    assert marks_are_clean(job)

    (job.home / 'gate').touch()
    (again,) = job.run(1, gw_ignore_error_files='True')
    assert reported(again) == (3, len(names), 0, 0, BATCHES)
    assert set(job.lines().values()) == {1}
    assert status(job)['failed'] == []
    assert marks_are_clean(job)


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_batch_that_kills_its_worker_harms_no_other_batch(grid, backend):
    job, names = make(grid, backend, 'poison-0')
    job.env.update(C3_GRID_HEARTBEAT='1', gw_max_attempts='2')
    running = [job.start() for _ in range(2)]
    until = time.monotonic() + 120
    while not any(worker.poll() == 4 for worker in running) and time.monotonic() < until:
        running = [job.start() if worker.poll() == -signal.SIGKILL else worker for worker in running]
        time.sleep(0.05)
    assert {worker.wait(60) for worker in running} == {4}, said(running[0])[-2000:]
    assert set(job.lines()) == names
    assert sum(job.lines().values()) - len(names) < 4  # what was done of its bundle
    assert job.lines('begin')['poison-0'] == 3  # once in its bundle
    assert list(failed(job)) == ['poison-0']
    assert marks_are_clean(job)


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_terminated_worker_returns_its_bundle(grid, backend):
    job, names = make(grid, backend, 'long-0')
    worker = job.start()
    wait_until(lambda: 'long-0' in job.lines('begin'))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 143
    assert status(job)['done'] == len(job.lines()) and status(job)['locked'] == 0
    (job.home / 'gate').touch()
    (other,) = job.run(1)
    assert other.returncode == 0, said(other)[-2000:]
    assert job.lines() == dict.fromkeys({*names, 'long-0'}, 1)
    assert marks_are_clean(job)


@pytest.mark.parametrize(
    ('batch', 'error', 'env'),
    [
        ('exit-0', 'it ended its process with exit code 3', {}),
        ('closes-0', 'it ended its process with exit code 1', {}),
        ('long-0', 'it took longer than gw_batch_timeout, 2 s', {'gw_batch_timeout': '2'}),
    ],
)
def test_batch_that_crashes_or_hangs_harms_no_other_of_its_bundle(grid, batch, error, env):
    job, names = make(grid, 'local', batch)
    (worker,) = job.run(1, **env)
    assert worker.returncode == 4, said(worker)[-2000:]
    assert job.lines('begin') == dict.fromkeys({*names, batch}, 1)
    assert failed(job) == {batch: error} and status(job)['done'] == len(names)
    assert marks_are_clean(job)


def test_failed_batch_of_a_bundle_is_retried(grid):
    job, names = make(grid, 'local', 'again-0', 'again-1')
    (worker,) = job.run(1, gw_retries='1')
    assert worker.returncode == 0, said(worker)[-2000:]
    assert job.lines() == dict.fromkeys({*names, 'again-0', 'again-1'}, 1)
    assert job.lines('begin')['again-0'] == 2 and reported(worker) == (BATCHES, 0, 0, 0, BATCHES)


def test_log_names_each_batch_of_a_bundle_before_its_output(grid):
    job, names = make(grid, 'local')
    (worker,) = job.run(1, log_level='INFO')
    lines = [line.rpartition(' ') for line in said(worker).splitlines() if 'Processing' in line or 'prints' in line]
    assert len(lines) == 2 * BATCHES and bundles(job)
    for (begun, _, name), (printed, _, batch) in zip(lines[::2], lines[1::2]):
        assert begun.endswith(' - grid - INFO - Processing batch') and printed == 'prints'
        assert name == repr(batch) and batch in names


def test_long_batch_does_not_block_its_bundle(grid):
    job, names = make(grid, 'local', 'long-0')
    worker = job.start()
    wait_until(lambda: 'long-0' in job.lines('begin'))
    time.sleep(1.1)
    (job.home / 'gate').touch()
    assert worker.wait(60) == 0
    assert job.lines() == dict.fromkeys({*names, 'long-0'}, 1)
    bundle, members = bundle_of(job, 'long-0')
    assert (f'{bundle}.err' in bundles(job)) == (members[-1] != 'long-0'), 'it is opened if anything is left of it'


def test_other_lists(grid):
    job, names = make(grid, 'local')
    job.env['C3_GRID_HEARTBEAT'] = '0.3'
    worker = job.start()
    wait_until(lambda: (job.marks / '.plan-0').exists())
    worker.kill()
    worker.wait()
    some = sorted(names)[: BATCHES // 2 + 2]  # the last bundle is not whole
    job.give(some)
    (worker,) = job.run(1)
    assert worker.returncode == 0, said(worker)[-2000:]
    assert set(some) <= set(job.lines())
    done = len(job.lines())
    more = [*sorted(names), *(f'more-{number:04}' for number in range(BATCHES))]
    job.give(more)
    (worker,) = job.run(1)
    assert worker.returncode == 0 and done < len(more)
    assert set(job.lines()) == set(more) and status(job)['done'] == len(more)
    assert {'.plan-0', '.plan-1'} <= job.all_names() and any(name.startswith('.bundle-1-') for name in bundles(job))
    assert marks_are_clean(job)


def test_worker_without_measurements_requests_more(grid):
    job, names = make(grid, 'local')
    for name in names:
        if zlib.crc32(name.encode()) % 64 == 0:
            job.put(f'{name}.lock', json.dumps({'claim': 'of a worker that is gone', 'seconds': 1}).encode())
    job.env['C3_GRID_HEARTBEAT'] = '1'
    (worker,) = job.run(1)
    assert worker.returncode == 0, said(worker)[-2000:]
    assert job.lines() == dict.fromkeys(names, 1)
    sizes = [part['size'] for part in json.loads((job.marks / '.plan-1').read_bytes())['parts']]
    assert sizes[0] == 1 < sizes[1] and '.plan-2' not in job.all_names()
    assert marks_are_clean(job)


def test_longer_batches_are_not_bundled(grid):
    job = grid('local', script='import time\ndef grid_process(*_, **__):\n    time.sleep(0.06)\n')
    job.give([f'batch-{number:04}' for number in range(300)])
    worker = job.start()
    wait_until(lambda: sum(name.endswith('.processed') for name in job.all_names()) > 20)
    assert not bundles(job)


def test_requests_of_a_rerun_over_bundles(grid, proxy):
    counter, asked = proxy(), set()
    job, names = make(grid, 'cos')
    job.run(2)
    counter.before = lambda request: asked.add((request.command, request.path))
    job.set_store(counter.url)
    (worker,) = job.run(1)
    assert reported(worker) == (0, BATCHES, 0, 0, BATCHES)
    assert len(asked) <= 6, asked
