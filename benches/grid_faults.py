"""What becomes of batches whatever happens to workers, wire and store: lost, had by two at once, done twice.

`C3=target/debug/c3 target/engines/tools/bin/python benches/grid_faults.py [BATCHES]`, with the store of
`tests/engines.sh up s3`; `BACKENDS` and `KINDS` choose rows of the matrix, which takes an hour as a whole. Of `short`
batches, which are bundled, there are ten times as many; workers are killed there, too, but for the rows of `short` and
a fault, where the store's wire is at fault. One is killed each half second
in which all of them have started: to a worker a lock is dead that it has seen unchanged for 3.5 heartbeats, and whoever
is killed while it still imports its client sees nothing. Kills end after ten minutes, as no row may be without an end.
"""

import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tests' / 'grid'))

from conftest import BACKENDS, BUCKET, C3, CEPH, OBJECTS, Grid, Proxy, client, said  # noqa: E402
from test_faults import FAULTS  # noqa: E402

WORKERS, POISONS, SHORT = 8, 10, 'short'
KILLED_FOR = 600  # seconds at most

# Notes each begin and end, and that it lives; does to its process what the batch is called after.
SCRIPT = '''
    import ctypes, os, signal, sys, time

    log = os.getenv('log')

    def note(what, batch):
        line = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(line, f'{what} {batch} {os.getpid()} {time.monotonic()}\\n'.encode())
        os.close(line)

    def parent_of(process):
        with open(f'/proc/{process}/stat') as stream:
            return int(stream.read().rpartition(')')[2].split()[1])

    def grid_process(batch_id, *_, **__):
        batch = os.path.basename(batch_id)
        note('begin', batch)
        if batch.startswith('poison'):
            os.kill(parent_of(os.getppid()), signal.SIGKILL)  # the supervisor
            time.sleep(60)
        if batch.startswith('hold'):
            ctypes.PyDLL(None).usleep(5_000_000)
        for _ in range(4):
            time.sleep(0.002 if batch.startswith('short') else 0.05)
            note('lives', batch)
        note('end', batch)
'''


def names_of(kind, batches):
    """Give the batches of a run."""
    name = kind.partition(' ')[0]
    special = {'poison': POISONS, 'hold': batches // 20, SHORT: batches}.get(name, 0)
    plain = [f'batch-{number:05}' for number in range(batches - special)]
    names = plain + [f'{name}-{number:05}' for number in range(special)]
    random.shuffle(names)
    return names


def tree(process):
    """Give a process and all below it."""
    try:
        below = Path(f'/proc/{process}/task/{process}/children').read_text().split()
    except OSError:
        return []
    return [process, *(each for child in below for each in tree(int(child)))]


def has_started(worker):
    """Tell whether a worker has said what it has seen in the store."""
    return ' batches done, ' in said(worker)


def kill_one(workers):
    """Kill the supervisor or the nursery of a random worker, as a child that dies alone is a failure of its batch."""
    victims = tree(random.choice(workers).pid)[:2]
    try:
        os.kill(random.choice(victims), signal.SIGKILL)
    except (IndexError, ProcessLookupError):
        return False
    return True


def status(job):
    """Ask how far the run is."""
    told = subprocess.run([C3, 'grid-status', '--format', 'json', job.place()], capture_output=True, text=True, timeout=60)
    return json.loads(told.stdout) if told.returncode == 0 else None


def work(job, kills):
    """Keep eight workers running until one ends by itself, and give the number of kills."""
    running, hit, end = [job.start() for _ in range(WORKERS)], 0, time.monotonic() + KILLED_FOR
    while not any(worker.poll() in (0, 4) for worker in running):
        time.sleep(0.5)
        hit += kills and time.monotonic() < end and all(map(has_started, running)) and kill_one(running)
        running = [worker if worker.poll() in (None, 0, 4) else job.start() for worker in running]
    for worker in running:
        worker.wait(600)
    return hit


def spans(log):
    """Give for each batch when whoever has had it was seen to live, and how often the work has ended."""
    lives, ends = collections.defaultdict(dict), collections.Counter()
    for line in log.read_text().splitlines():
        what, batch, process, moment = line.rsplit(' ', 3)
        turns = lives[batch].setdefault(process, [])
        if what == 'begin':
            turns.append([float(moment), float(moment)])
        turns[-1][1] = float(moment)
        ends[batch] += what == 'end'
    return {batch: sorted(span for turns in each.values() for span in turns) for batch, each in lives.items()}, ends


def row(scratch, backend, kind, batches):
    """Run one row of the matrix and print what came of it."""
    proxy = Proxy(CEPH) if backend in OBJECTS else None
    folder = Path(scratch, f'{backend}-{kind}'.replace(' ', '-'))
    folder.mkdir()
    job = Grid(folder, backend, script=SCRIPT, store=proxy.url if proxy else CEPH)
    batches *= 10 if kind.startswith(SHORT) else 1
    names = names_of(kind, batches)
    job.give(names)
    job.env.update(C3_GRID_HEARTBEAT='1', log_level='INFO', gw_max_attempts='3' if kind == 'poison' else '99')
    if on_wire := FAULTS.get(kind.removeprefix(SHORT).strip()):
        place, fault = on_wire
        setattr(proxy, place, fault)
    started = time.monotonic()
    hit = work(job, kind in ('killed', SHORT))
    seconds, told = time.monotonic() - started, status(job)
    seen, ends = spans(job.log)
    failed = [each['batch'] for each in told['failed']]
    spoilt = [batch for batch in failed if not batch.startswith('poison')]
    lost = told['total'] - told['done'] - len(failed) + len(spoilt)
    lost += sum(not ends[batch] for batch in names if not batch.startswith('poison'))
    at_once = sum(any(one[1] > other[0] for one, other in zip(each, each[1:])) for each in seen.values())
    twice = sum(number - 1 for number in ends.values() if number > 1)
    more = (f', {hit} killed' if hit else '') + (f', {len(failed)} failed' if failed else '')
    print(f'{backend:6} {kind:21} lost {lost}, at once {at_once}, twice {twice} of {batches} in {seconds:.0f} s{more}', flush=True)
    return lost + at_once


def main():
    """Print the matrix; fails if a batch was lost or had by two at once."""
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    chosen = [kind for kind in os.environ.get('KINDS', '').split(',') if kind]
    wrong = 0
    client().create_bucket(Bucket=BUCKET)
    with tempfile.TemporaryDirectory() as scratch:
        for backend in os.environ.get('BACKENDS', ' '.join(BACKENDS)).split():
            kinds = ['calm', 'killed', SHORT, 'hold', 'poison']
            kinds += [*FAULTS, *(f'{SHORT} {fault}' for fault in FAULTS)] if backend in OBJECTS else []
            for kind in [kind for kind in kinds if kind in chosen] if chosen else kinds:
                wrong += row(scratch, backend, kind, batches)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
