"""Every batch once, whatever dies."""

import os
import random
import signal
import time

import pytest
from conftest import BACKENDS, marks_are_clean, reported, said

# The races of continuous integration may be shorter, but not their numbers of workers.
RUNS = int(os.environ.get('GRID_RUNS', '1'))
BATCHES = int(os.environ.get('GRID_BATCHES', '500'))


def names_of(number):
    """Give batch ids."""
    return [f'batch-{n:04}.txt' for n in range(number)]


def check_all_done(job, workers, batches):
    """Check that each batch ran once and that every worker says so."""
    assert {worker.returncode for worker in workers} == {0}, [said(worker)[-2000:] for worker in workers]
    assert job.lines() == dict.fromkeys(batches, 1)
    reports = [reported(worker) for worker in workers]
    assert sum(done for done, *_ in reports) == len(batches)
    assert all(report[0] + report[1:][0] == len(batches) == report[4] for report in reports)
    assert all(report[2:4] == (0, 0) for report in reports)
    assert marks_are_clean(job)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('turn', range(RUNS))
def test_eight_workers_run_each_batch_once(grid, backend, turn):
    batches = names_of(BATCHES)
    job = grid(backend).give(batches)
    check_all_done(job, job.run(8), batches)
