"""What a batch costs: milliseconds and CPU per batch in a folder, and requests, too, in an object store.

`C3=target/debug/c3 target/engines/tools/bin/python benches/grid.py [BATCHES]`, with the store of `tests/engines.sh up s3`.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tests' / 'grid'))

from conftest import CEPH, PLAIN, Grid, Proxy, said  # noqa: E402


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


def main():
    """Print a line for each number of workers, the cost of a start taken off."""
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as scratch:
        for backend in os.environ.get('BACKENDS', 'local cos').split():
            for workers in (1, 2, 4, 8):
                proxy = Proxy(CEPH) if backend == 'cos' else None
                place = Path(scratch, f'{backend}-{workers}')
                empty = run(Path(f'{place}-one'), backend, 1, workers)
                seconds, cpu, requests = run(place, backend, batches, workers, proxy)
                each = [1000 * (all_of - start) / batches for all_of, start in zip((seconds, cpu), empty)]
                words = f'{each[0]:7.3f} ms, {each[1]:7.3f} ms CPU'
                print(f'{backend:6} {workers} workers: {words}, {requests / batches:.2f} requests per batch', flush=True)


if __name__ == '__main__':
    main()
