"""Batches that crash, hang or hold the interpreter, and what becomes of the worker's processes."""

import os
import signal
import uuid
from pathlib import Path

import pytest
from conftest import marks_are_clean, reported, said, wait_until

# Notes each begin and end, and does to its process what the batch is called after.
NASTY = '''
    import ctypes, os, signal, subprocess, sys, threading, time

    log = os.getenv('log')

    def note(*words):
        line = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(line, (' '.join(map(str, words)) + '\\n').encode())
        os.close(line)

    def hold(seconds):
        ctypes.PyDLL(None).usleep(int(seconds * 1e6))

    KINDS = {
        'exit': lambda: os._exit(3),
        'exit-zero': lambda: os._exit(0),
        'segfault': lambda: ctypes.string_at(0),
        'abort': os.abort,
        'killed': lambda: os.kill(os.getpid(), signal.SIGKILL),
        'terminated': lambda: os.kill(os.getpid(), signal.SIGTERM),
        'holds': lambda: hold(6),
        'hangs': lambda: time.sleep(600),
        'hangs-holding': lambda: hold(600),
        'hangs-deaf': lambda: [signal.signal(signal.SIGTERM, signal.SIG_IGN), time.sleep(600)],
        'forks': lambda: os.fork(),
        'forks-and-fails': lambda: [os.fork() or 1 / 0, os.wait()],
        'closes': lambda: [sys.stdout.close(), sys.stderr.close()],
        'closes-files': lambda: [os.close(1), os.close(2)],
        'closes-all': lambda: os.closerange(3, 64),
        'memory': lambda: (_ for _ in ()).throw(MemoryError()),
        'recursion': lambda: KINDS['recursion'](),
        'long-error': lambda: (_ for _ in ()).throw(ValueError('\\udc80' + 'x' * 3_000_000)),
        'mask': lambda: os.umask(0o777),
        'thread': lambda: threading.Thread(target=time.sleep, args=(0.5,)).start(),
        'stops': lambda: os.kill(os.getpid(), signal.SIGSTOP),
        'waits': lambda: [time.sleep(0.05) for _ in iter(lambda: os.path.exists(f'{log}.go'), True)],
    }

    def grid_process(batch_id, **_):
        note('begin', batch_id)
        kind = batch_id.partition('.')[0]
        KINDS.get(kind, int)()
        note('end', batch_id)
'''

# What is said of batches that fail.
FAILURES = {
    'exit': 'it ended its process with exit code 3',
    'exit-zero': 'it ended its process with exit code 0',
    'segfault': 'it ended its process by signal 11 (SIGSEGV)',
    'abort': 'it ended its process by signal 6 (SIGABRT)',
    'killed': 'it ended its process by signal 9 (SIGKILL), which is also what happens when the memory is used up',
    'terminated': 'asked to end by SIGTERM',
    'closes-all': 'it ended its process with exit code 1',
    'memory': 'MemoryError',
    'recursion': 'RecursionError',
    'long-error': 'xxxxxxxx',
}

HARMLESS = ['holds', 'forks', 'forks-and-fails', 'closes', 'closes-files', 'mask', 'thread']


def nasty(grid, batches, heartbeat=10, **env):
    """Make a grid of nasty batches; heartbeats are quick only where somebody is to miss one, as a busy machine does."""
    job = grid('local', script=NASTY).give(batches)
    job.env.update(C3_GRID_HEARTBEAT=str(heartbeat), **{name: str(value) for name, value in env.items()})
    return job


@pytest.mark.parametrize('kind', FAILURES)
def test_batch_that_kills_its_process_harms_no_other_batch(grid, kind):
    job = nasty(grid, ['calm.1', kind, 'calm.2', 'calm.3'])
    (worker,) = job.run()
    assert worker.returncode == 4, said(worker)[-2000:]
    assert reported(worker) == (3, 0, 1, 0, 4)
    assert FAILURES[kind] in (job.marks / f'{kind}.err').read_text()
    assert job.lines('begin')[kind] == 1
    assert {batch for batch in job.lines() if batch.startswith('calm')} == {'calm.1', 'calm.2', 'calm.3'}
    assert marks_are_clean(job)


@pytest.mark.parametrize('kind', HARMLESS)
def test_misbehaving_batch_is_processed_once(grid, kind):
    batches = ['calm.1', kind, 'calm.2']
    job = nasty(grid, batches, heartbeat=1.6)  # a lock would die while the interpreter is held
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)[-2000:]
    assert set(job.lines()) == set(batches)
    assert job.lines('begin') == dict.fromkeys(batches, 1)
    assert reported(worker) == (3, 0, 0, 0, 3) and 'Took over' not in said(worker)


def test_poison_batch_reaches_each_worker_at_most_once(grid):
    poison = [f'{kind}.{number}' for kind in ('exit', 'segfault', 'killed') for number in range(3)]
    calm = [f'calm.{number}' for number in range(40)]
    job = nasty(grid, calm + poison)
    workers = job.run(3)
    assert {worker.returncode for worker in workers} == {4}, said(workers[0])[-2000:]
    assert job.lines() == dict.fromkeys(calm, 1)
    assert job.lines('begin') == dict.fromkeys(calm + poison, 1)


@pytest.mark.parametrize('kind', ['hangs', 'hangs-holding', 'hangs-deaf', 'stops'])
def test_batch_is_killed_after_its_timeout(grid, kind):
    job = nasty(grid, ['calm.1', kind, 'calm.2'], gw_batch_timeout=3)
    (worker,) = job.run()
    assert worker.returncode == 4, said(worker)[-2000:]
    assert 'it took longer than gw_batch_timeout, 3 s' in (job.marks / f'{kind}.err').read_text()
    assert set(job.lines()) == {'calm.1', 'calm.2'} and marks_are_clean(job)


@pytest.mark.parametrize('kind', ['hangs', 'hangs-deaf', 'hangs-holding'])
def test_terminated_worker_returns_a_hanging_batch(grid, kind):
    job = nasty(grid, [kind])
    worker = job.start()
    wait_until(lambda: job.lines('begin'))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 143, said(worker)[-2000:]
    assert job.names() == set()


@pytest.mark.parametrize(
    ('how', 'kind'), [(signal.SIGKILL, 'hangs'), (signal.SIGKILL, 'hangs-holding'), (signal.SIGSTOP, 'hangs')]
)
def test_child_exits_with_its_supervisor(grid, how, kind):
    job = nasty(grid, [kind], heartbeat=1)
    worker = job.start()
    wait_until(lambda: job.lines('begin'))
    children = descendants(worker.pid)
    assert len(children) == 2
    worker.send_signal(how)
    wait_until(lambda: not is_running(children[-1]))


def test_worker_with_killed_processes_claims_nothing_more(grid):
    job = nasty(grid, ['hangs'])
    first = job.start()
    wait_until(lambda: job.lines('begin'))
    idle = job.start()
    wait_until(lambda: '1 in work' in said(idle))
    processes = descendants(idle.pid)
    os.kill(processes[0], signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, processes)))
    first.send_signal(signal.SIGTERM)
    assert (first.wait(60), idle.wait(60)) == (143, 1), said(idle)
    assert 'the processes of this worker have been killed' in said(idle)
    assert 'hangs.lock.1' not in job.all_names()


def test_batch_fails_if_its_workers_vanish_repeatedly(grid):
    job = nasty(grid, ['hangs', 'calm.1'], heartbeat=1, gw_max_attempts=2)
    for attempt in (1, 2):
        worker = job.start()
        wait_until(lambda number=attempt: job.lines('begin')['hangs'] == number)
        worker.kill()
        worker.wait()
    (last,) = job.run()
    assert last.returncode == 4, said(last)[-2000:]
    assert '2 workers have vanished while they worked on this batch' in (job.marks / 'hangs.err').read_text()
    assert job.lines() == {'calm.1': 1} and marks_are_clean(job)


def test_failed_batch_is_retried(grid):
    script = """
        import os
        log = os.getenv('log')
        def grid_process(batch_id, **_):
            with open(log, 'a') as stream:
                stream.write(f'begin {batch_id}\\n')
            if open(log).read().count(f'begin {batch_id}') < 3:
                raise ValueError('not yet')
            with open(log, 'a') as stream:
                stream.write(f'end {batch_id}\\n')
    """
    job = grid('local', script=script).give(['one', 'two'])
    (worker,) = job.run(gw_retries='2')
    assert worker.returncode == 0, said(worker)
    assert job.lines('begin') == {'one': 3, 'two': 3} and job.lines() == {'one': 1, 'two': 1}


def test_script_logs_and_exits_as_if_run_alone(grid):
    script = """
        import atexit
        import logging
        import os
        log = os.getenv('log')
        logging.basicConfig(format='mine %(message)s', level=logging.INFO)
        def note(word):
            with open(log, 'a') as stream:
                stream.write(f'end {word}\\n')
        atexit.register(note, 'exit')
        def grid_process(batch_id, **_):
            logging.info('works')
            print('printed', batch_id)
    """
    job = grid('local', script=script).give(['one'])
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)
    assert 'mine works\n' in said(worker) and 'printed one\n' in said(worker)
    assert job.lines() == {'exit': 1}


def descendants(process):
    """Give the processes below one, each before those below it."""
    below = Path(f'/proc/{process}/task/{process}/children').read_text().split()
    return [one for child in map(int, below) for one in (child, *descendants(child))]


def is_running(process):
    """Tell whether a process runs, in whatever state but that of one that has ended."""
    try:
        return Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[0] not in 'ZX'
    except OSError:
        return False


def processes_of(run):
    """Give the processes that have the environment of a run, whosever children they are by now."""
    of_run = []
    for process in Path('/proc').glob('[0-9]*'):
        try:
            variables = (process / 'environ').read_bytes().split(b'\0')
        except OSError:
            continue
        if f'C3_TEST_RUN={run}'.encode() in variables and is_running(process.name):
            of_run.append(int(process.name))
    return of_run


def test_a_worker_leaves_no_processes(grid):
    run = uuid.uuid4().hex
    job = nasty(grid, ['calm.1', 'exit', 'waits'], C3_TEST_RUN=run)
    worker = job.start()
    wait_until(lambda: job.lines('begin')['waits'])
    assert {worker.pid, *descendants(worker.pid)} <= set(processes_of(run))
    job.log.with_suffix('.go').touch()
    assert worker.wait(60) == 4, said(worker)[-2000:]
    wait_until(lambda: not processes_of(run))
