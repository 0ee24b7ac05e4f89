"""Workers that do a part of their own, by their index."""

import signal

import pytest
from conftest import said, wait_until

SLURM = {'SLURM_ARRAY_TASK_MIN': 1, 'SLURM_ARRAY_TASK_MAX': 9, 'SLURM_ARRAY_TASK_STEP': 2, 'SLURM_ARRAY_TASK_COUNT': 5}


def names_of(number):
    """Give batch ids."""
    return [f'batch-{n}' for n in range(number)]


@pytest.fixture(scope='session', autouse=True)
def ceph():
    """Ask for no store: none is needed here."""


@pytest.mark.parametrize('number', [1, 3, 17])
def test_pods_of_an_indexed_job_process_each_batch_once(grid, number):
    job = grid('index').give(names_of(number))
    workers = [job.start(JOB_COMPLETION_INDEX=str(index), gw_parts='5') for index in range(5)]
    assert {worker.wait(60) for worker in workers} == {0}, said(workers[0])
    assert job.lines('begin') == job.lines() == dict.fromkeys(names_of(number), 1)


def test_tasks_of_an_array_process_each_batch_once(grid):
    job = grid('index').give(names_of(12))
    variables = {name: str(value) for name, value in SLURM.items()}
    workers = [job.start(SLURM_ARRAY_TASK_ID=str(task), **variables) for task in range(1, 10, 2)]
    assert {worker.wait(60) for worker in workers} == {0}, said(workers[0])
    assert job.lines('begin') == job.lines() == dict.fromkeys(names_of(12), 1)


REFUSED = {
    'nothing': ({}, 'set gw_parts'),
    'no index': ({'gw_parts': 3}, 'set gw_part,'),
    'no number': ({'JOB_COMPLETION_INDEX': 1}, 'set gw_parts'),
    'too large': ({'JOB_COMPLETION_INDEX': 3, 'gw_parts': 3}, 'there is no part 3 of 3'),
    'some tasks again': (
        {**SLURM, 'SLURM_ARRAY_TASK_MIN': 3, 'SLURM_ARRAY_TASK_COUNT': 2, 'SLURM_ARRAY_TASK_ID': 3},
        'set gw_part for each task',
    ),
    'fewer tasks': ({**SLURM, 'SLURM_ARRAY_TASK_ID': 3, 'gw_parts': 9}, 'set gw_part for each task'),
}


@pytest.mark.parametrize('which', REFUSED)
def test_ambiguous_part_is_rejected(grid, which):
    variables, message = REFUSED[which]
    (worker,) = grid('index').give(['one']).run(**{name: str(value) for name, value in variables.items()})
    assert worker.returncode == 1
    assert message in said(worker) and 'Traceback' not in said(worker)


def test_failures_of_a_part_are_reported(grid):
    job = grid('index').give(['good-1', 'bad-1', 'good-2'])
    (worker,) = job.run(gw_part='0', gw_parts='1')
    assert worker.returncode == 4
    assert '2 done, 1 failed, 3 in this part' in said(worker)
    assert "Batch 'bad-1' failed: ValueError: bad-1 is wrong" in said(worker)
    assert job.lines() == {'good-1': 1, 'good-2': 1}


def test_a_part_is_terminated(grid):
    job = grid('index').give(['one', 'two'])
    job.env['seconds'] = '60'
    worker = job.start(gw_part='0', gw_parts='1')
    wait_until(lambda: job.lines('begin'))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 143
    assert job.lines('begin') == {'one': 1} and not job.lines()
