"""The backend that brings the files of a batch and takes the results away."""

import random

import pytest
from conftest import BUCKET, CEPH, client, marks_are_clean, reported, said

# Counts the bytes of all files of the batch.
SCRIPT = """
    import os
    from pathlib import Path

    log = os.getenv('log')


    def grid_process(batch_id, log, **_):
        with open(log, 'a') as stream:
            stream.write('end ' + batch_id + '\\n')
        found = sorted(str(path.relative_to('input')) for path in Path('input').rglob('*') if path.is_file())
        result = Path('target') / 'deep' / (batch_id.split('/')[-1] + '.txt')
        result.parent.mkdir(exist_ok=True)
        result.write_text(' '.join(found))
        if batch_id == 'bad':
            raise ValueError('bad')
        return str(result)
"""


@pytest.fixture
def legacy(grid):
    """Make a run over some files in the store."""
    job = grid('legacy_cos', script=SCRIPT)
    for name in ('a_1', 'a_2', 'b_1', 'a1_1'):
        job.put(f'in/{name}.tif', name.encode())
    job.put('extra/model.bin', b'x' * 10_000_000)  # sent in parts
    job.env.update(
        gw_source_connection=f'cos://testkey:testsecret@{CEPH}/{BUCKET}/{job.prefix}',
        gw_coordinator_connection=f'cos://testkey:testsecret@{CEPH}/{BUCKET}/{job.prefix}/marks',
        gw_target_path=f'{job.prefix}/out',
        gw_additional_source_files=f'{job.prefix}/extra/model.bin',
    )
    return job


def result(job, batch):
    """Give the files that a batch has seen, by their names below the run's own folder."""
    body = client().get_object(Bucket=BUCKET, Key=f'{job.prefix}/out/deep/{batch}.txt')['Body'].read().decode()
    return body.replace(job.prefix + '/', '').split()


def test_files_by_pattern(legacy):
    legacy.env.update(gw_file_path_pattern='in/*.tif', gw_group_by=".split('/')[-1].split('_')[0]")
    (worker,) = legacy.run()
    assert worker.returncode == 0, said(worker)
    assert reported(worker) == (3, 0, 0, 0, 3)
    assert result(legacy, 'a') == ['extra/model.bin', 'in/a_1.tif', 'in/a_2.tif']
    assert result(legacy, 'b') == ['extra/model.bin', 'in/b_1.tif']
    assert marks_are_clean(legacy)
    assert not (legacy.image / 'input').exists() and not (legacy.image / 'target').exists()


def test_files_by_batch_file(legacy):
    legacy.give_file('b.txt', 'a_,bad').env['gw_file_path_pattern'] = 'in/**'
    (worker,) = legacy.run()
    assert worker.returncode == 4, said(worker)
    assert result(legacy, 'a_') == ['extra/model.bin', 'in/a_1.tif', 'in/a_2.tif']
    assert not (legacy.image / 'input').exists()


def test_separate_variables(legacy):
    for name in ('gw_source_connection', 'gw_coordinator_connection'):
        del legacy.env[name]
    legacy.env.update(
        gw_source_access_key_id='hardkey',
        gw_source_secret_access_key='p@ss:w/rd+%2F=?#',
        gw_source_endpoint=CEPH,
        gw_source_bucket=BUCKET,
        gw_coordinator_path=f'{legacy.prefix}/marks',
        gw_file_path_pattern=f'{legacy.prefix}/in/*',
        gw_group_by='[-5]',
    )
    (worker,) = legacy.run(log_level='DEBUG')
    assert worker.returncode == 0, said(worker)
    assert result(legacy, '1') and result(legacy, '2')
    assert 'p@ss' not in said(worker)


def test_failing_requests(legacy, proxy):
    flaky = proxy()
    flaky.before = flaky.after = lambda _: 503 if random.random() < 0.1 else None
    legacy.env.update(gw_file_path_pattern='in/*.tif')
    for name in ('gw_source_connection', 'gw_coordinator_connection'):
        legacy.env[name] = legacy.env[name].replace(CEPH, flaky.url)
    (worker,) = legacy.run()
    assert worker.returncode == 0, said(worker)
    assert len(legacy.lines()) == 4


def test_marks_among_the_data_are_not_batches(legacy):
    for name in ('one', 'two'):
        legacy.put(name, b'')
    del legacy.env['gw_coordinator_connection']
    legacy.env.update(gw_file_path_pattern='*', gw_additional_source_files='')
    for worker in (*legacy.run(), *legacy.run()):
        assert worker.returncode == 0, said(worker)
        assert reported(worker)[4] == 2


def test_missing_file(legacy):
    legacy.env.update(gw_file_path_pattern='in/a_1.tif', gw_additional_source_files='no/model.bin')
    (worker,) = legacy.run()
    assert worker.returncode == 4
    assert 'has no object `no/model.bin`' in said(worker)


def test_local_folder_that_already_exists(legacy):
    (legacy.image / 'input').mkdir()
    (legacy.image / 'input' / 'mine').touch()
    legacy.env['gw_file_path_pattern'] = 'in/*.tif'
    (worker,) = legacy.run()
    assert worker.returncode == 1
    assert 'give another gw_local_input_path' in said(worker)
    assert (legacy.image / 'input' / 'mine').exists()
