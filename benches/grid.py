"""What a batch costs: milliseconds and CPU per batch in a folder, and requests, too, in an object store.

`C3=target/debug/c3 target/engines/tools/bin/python benches/grid.py [BATCHES [ROUNDS]]`, with the store of
`tests/engines.sh up s3`. Each figure is the least of all rounds, in which the numbers of workers take turns, so that
what else the machine does counts as little as can be.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tests' / 'grid'))

from conftest import BUCKET, CEPH, PLAIN, Grid, Proxy, client, said  # noqa: E402

WORKERS = (1, 2, 4, 8)
BATCHES = {'local': 10_000, 'cos': 500}


def run(folder, backend, batches, workers, proxy=None):
    """Run a grid whose batches do nothing, and give the seconds, those of the processors, and the requests."""
    folder.mkdir()
    job = Grid(folder, backend, script=PLAIN, store=proxy.url if proxy else CEPH)
    job.give([f'batch-{number:06}' for number in range(batches)])
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for worker in job.run(workers, timeout=3600, log_level='WARNING', C3_GRID_HEARTBEAT='10'):
        assert worker.returncode == 0, said(worker)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, sum(proxy.count.values()) if proxy else 0


def measure(scratch, backend, batches, workers, rounds):
    """Give the milliseconds, those of the processors and the requests of a batch, the cost of a start taken off."""
    place = f'{scratch}/{backend}-{workers}-{len(rounds)}'
    proxy = Proxy(CEPH) if backend == 'cos' else None
    empty = run(Path(f'{place}-empty'), backend, 1, workers)
    timed = run(Path(f'{place}-timed'), backend, batches, workers)
    counted = run(Path(f'{place}-counted'), backend, batches, workers, proxy) if proxy else timed
    rounds.append((empty, timed, counted))
    least = [[min(one[kind][number] for one in rounds) for number in range(3)] for kind in range(3)]
    return [1000 * (least[1][number] - least[0][number]) / batches for number in (0, 1)] + [least[2][2] / batches]


def main():
    """Print a line for each number of workers."""
    given, rounds = (int(word) for word in (*sys.argv[1:3], *('0', '3')[len(sys.argv) - 1 :]))
    for backend in os.environ.get('BACKENDS', 'local cos').split():
        if backend == 'cos':
            client().create_bucket(Bucket=BUCKET)
        batches, taken, figures = given or BATCHES[backend], {workers: [] for workers in WORKERS}, {}
        with tempfile.TemporaryDirectory() as scratch:
            for _ in range(rounds):
                for workers in WORKERS:
                    figures[workers] = measure(scratch, backend, batches, workers, taken[workers])
        for workers, (wall, cpu, requests) in figures.items():
            words = f'{wall:7.3f} ms ({wall / figures[1][0]:.2f} of one worker), {cpu:7.3f} ms CPU'
            print(f'{backend:6} {workers} workers: {words}, {requests:.3f} requests per batch', flush=True)


if __name__ == '__main__':
    main()
