"""Every batch once, whatever dies."""

import collections
import os
import random
import signal
import time

import pytest
from conftest import SCRIPT, marks_are_clean, reported, said

# With `GRID_RUNS=3 GRID_FULL=1` the races take the sizes of which the project promises something, and ten minutes.
RUNS = int(os.environ.get('GRID_RUNS', '1'))
BATCHES = 500
# A worker on S3 takes a second to start, so that eight of which one is ended every half second get little done.
ENDED_BATCHES = {'folder': 200, 'cos': 60} if 'GRID_FULL' not in os.environ else {}


def names_of(number):
    """Give batch ids."""
    return [f'batch-{n:04}.txt' for n in range(number)]


def check_all_done(job, workers, batches):
    """Check that each batch ran once and that every worker says so."""
    assert {worker.returncode for worker in workers} == {0}, [said(worker)[-2000:] for worker in workers]
    assert job.lines() == dict.fromkeys(batches, 1)
    reports = [reported(worker) for worker in workers]
    assert sum(done for done, *_ in reports) == len(batches)
    assert all(report[0] + report[1] == len(batches) == report[4] for report in reports)
    assert all(report[2:4] == (0, 0) for report in reports)
    assert marks_are_clean(job)


@pytest.mark.parametrize('backend', ['local', 'simple', 'folder', 'cos'])  # `s3kv` has the same wrapper as `cos`
@pytest.mark.parametrize('turn', range(RUNS))
def test_eight_workers_run_each_batch_once(grid, backend, turn):
    batches = names_of(BATCHES)
    job = grid(backend).give(batches)
    check_all_done(job, job.run(8), batches)


def harass(job, batches, number):
    """Send a signal to a random worker every half second and start another, until all batches have been done."""

    def start():
        return job.start(WORKER=str(len(job.workers)))

    running = [start() for _ in range(8)]
    hit = 0
    until = time.monotonic() + 150
    while len(job.lines()) < len(batches) and time.monotonic() < until:
        time.sleep(0.5)
        victim = random.randrange(len(running))
        if running[victim].poll() is None:
            running[victim].send_signal(number)
            hit += 1
            running[victim] = start()
    for worker in job.workers:
        worker.wait(60)
    return hit, running


END = "note(log, 'end', batch)"
# Says which worker ends a batch.
SIGNED = SCRIPT.replace(END, f"note(log, 'by', batch, os.environ['WORKER'])\n        {END}")
# What is noted as ended comes back: no signal can end it between the note and its return.
SURE = SCRIPT.replace(END, f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n        {END}")
SURE = SURE.replace('import random', 'import random\n    import signal')


def last_ends(job):
    """Count the batches that were the last ones that workers have ended which were killed."""
    ends = dict(line.split()[:0:-1] for line in job.log.read_text().splitlines() if line.startswith('by '))
    killed = [str(number) for number, worker in enumerate(job.workers) if worker.returncode == -signal.SIGKILL]
    return collections.Counter(ends[number] for number in killed if number in ends)


@pytest.mark.parametrize('backend', ['local', 'folder', 'cos'])
def test_killed_workers_lose_nothing(grid, backend):
    batches = names_of(ENDED_BATCHES.get(backend, BATCHES))
    job = grid(backend, script=SIGNED).give(batches)
    # A worker lives for four seconds on average, in which it must be able to tell that another has died.
    job.env.update(seconds='0.3', C3_GRID_HEARTBEAT='2' if backend == 'cos' else '1', gw_max_attempts='99')
    hit, last = harass(job, batches, signal.SIGKILL)
    again = job.lines() - collections.Counter(batches)
    print(f'{backend}: {hit} workers killed, {again.total()} batches completed twice')
    assert set(job.lines()) == set(batches)
    assert again <= last_ends(job)  # each by a kill that fell between the work and its mark
    assert {worker.returncode for worker in last} == {0}, [said(worker)[-2000:] for worker in last]
    assert marks_are_clean(job)


@pytest.mark.parametrize('backend', ['local', 'folder', 'cos'])
def test_terminated_workers_return_their_batch(grid, backend):
    batches = names_of(ENDED_BATCHES.get(backend, BATCHES))
    job = grid(backend, script=SURE).give(batches)
    job.env['seconds'] = '0.3'
    hit, last = harass(job, batches, signal.SIGTERM)
    print(f'{backend}: {hit} workers terminated')
    assert job.lines() == dict.fromkeys(batches, 1)
    assert {worker.returncode for worker in last} == {0}, [said(worker)[-2000:] for worker in last]
    assert {worker.returncode for worker in job.workers} <= {0, 143, -signal.SIGTERM}  # the last: not yet begun
    assert marks_are_clean(job)
