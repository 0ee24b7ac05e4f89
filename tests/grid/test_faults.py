"""Faults of the wire and of the disk: a worker survives those that pass, and says what is wrong with those that don't."""

import os
import random
import subprocess

import pytest
from conftest import BUCKET, CEPH, FAKETIME, marks_are_clean, said, wait_until

FOREIGN = (200, [('Content-Type', 'text/html')], b'<html><body>Sign in</body></html>')


def names_of(number):
    """Give batch ids."""
    return [f'batch-{n:03}' for n in range(number)]


def reads(fault):
    """Let a fifth of all reads fail: what is broken in a text can only be seen there."""
    return lambda request: fault if request.command == 'GET' and random.random() < 0.2 else None


def some(fault, share=0.2):
    """Let some requests fail."""
    return lambda _: fault if random.random() < share else None


FAULTS = {
    'dropped before': ('before', some('drop')),
    'dropped after': ('after', some('drop')),
    'internal error': ('after', some(500)),
    'slow down': ('before', some(503)),
    'broken off': ('after', reads('truncate')),
    'no XML': ('before', reads(FOREIGN)),
    'half of the XML': ('after', reads('half')),
    'no answer': ('after', some('hang', 0.02)),
}


@pytest.mark.parametrize('which', FAULTS)
def test_transient_faults_lose_and_repeat_nothing(grid, proxy, which):
    place, fault = FAULTS[which]
    batches = names_of(40)
    store = proxy()
    job = grid('cos', store=store.url).give(batches)
    workers = [job.start() for _ in range(3)]
    wait_until(lambda: job.lines('begin'))
    setattr(store, place, fault)
    for worker in workers:
        worker.wait(150)
    assert {worker.returncode for worker in workers} == {0}, [said(worker)[-2000:] for worker in workers]
    assert job.lines() == dict.fromkeys(batches, 1)
    assert marks_are_clean(job)


@pytest.mark.parametrize('cuts', [1, 1000])
def test_truncated_plan_is_read_again(grid, proxy, cuts):
    left = [cuts]
    store = proxy()
    job = grid('cos', store=store.url).give(names_of(3))
    (first,) = job.run(1)
    assert first.returncode == 0 and '.plan-0' in job.all_names()

    def cut(request):
        if request.command != 'GET' or '/.plan-0' not in request.path or not left[0]:
            return None
        left[0] -= 1
        return 'half'

    store.after = cut
    (again,) = job.run(1)
    if cuts == 1:
        assert again.returncode == 0 and not left[0], said(again)
    else:
        assert again.returncode == 1 and '`.plan-0` in ' in said(again) and 'Traceback' not in said(again)


def test_restarting_store_is_waited_for(grid, proxy):
    store = proxy(listens=False)
    job = grid('cos', store=store.url).give(['one'])
    worker = job.start()
    wait_until(lambda: 'trying again' in said(worker))
    store.listen()
    assert worker.wait(60) == 0, said(worker)
    assert store.count and job.lines() == {'one': 1}


def test_rotated_credentials_are_reloaded(grid, proxy):
    store = proxy()
    job = grid('cos', store=store.url).give(names_of(3))
    file = job.home / 'connection'
    right = job.env['gw_coordinator_connection']
    file.write_text(right)
    job.env['gw_coordinator_connection'] = str(file)
    gate = job.shut()
    worker = job.start()
    wait_until(lambda: job.lines('begin'))
    expired = b'<Error><Code>ExpiredToken</Code><Message>The token has expired</Message></Error>'
    store.before = lambda _: (400, [('Content-Type', 'application/xml')], expired)
    gate.touch()
    wait_until(lambda: 'ExpiredToken' in said(worker))
    file.write_text(right.replace('testkey:testsecret', 'hardkey:p@ss:w/rd+%2F=?#'))
    store.before = lambda request: None if 'hardkey' in request.headers.get('Authorization', '') else 403
    assert worker.wait(60) == 0, said(worker)
    assert job.lines() == dict.fromkeys(names_of(3), 1)
    assert 'p@ss' not in said(worker)


def test_redirect_to_another_endpoint_is_an_error(grid, proxy):
    store, other = proxy(), proxy()
    moved = b'<Error><Code>PermanentRedirect</Code><Endpoint>elsewhere</Endpoint><Bucket>b</Bucket></Error>'
    for status in (301, 307):
        store.before = lambda _, status=status: (status, [('Location', other.url), ('x-amz-bucket-region', 'x')], moved)
        (worker,) = grid('cos', store=store.url).give(['one']).run()
        assert worker.returncode == 1
        assert 'redirect' in said(worker).lower() and 'Traceback' not in said(worker), said(worker)
    assert not other.count


def test_tls_to_a_plain_http_store_is_reported_immediately(grid):
    job = grid('cos', store=CEPH.replace('http://', 'https://')).give(['one'])
    (worker,) = job.run(timeout=50)  # it is tried for a minute where there is hope
    assert worker.returncode == 1
    assert 'speaks no TLS; write its endpoint with `http://`' in said(worker) and 'Traceback' not in said(worker)


def test_wrong_clock_is_reported(grid):
    job = grid('cos').give(['one'])
    (worker,) = job.run(LD_PRELOAD=FAKETIME[0], FAKETIME='-3h')
    assert worker.returncode == 1
    assert 'RequestTimeTooSkewed' in said(worker) and 'Traceback' not in said(worker)


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 64 KiB."""
    place = tmp_path / 'disk'
    place.mkdir()
    as_root = ['sudo'] if os.getuid() else []
    subprocess.run([*as_root, 'mount', '-t', 'tmpfs', '-o', 'size=64k,mode=1777', 'tmpfs', place], check=True)
    yield place
    subprocess.run([*as_root, 'umount', '--lazy', place], check=True)


def test_a_full_disk_is_waited_for(grid, small_disk):
    job = grid('local').give(names_of(4))
    job.marks = small_disk / 'coordinator'
    job.env.update(gw_coordinator_path=str(job.marks), seconds='0.5')
    filler = small_disk / 'filler'
    with filler.open('wb', buffering=0) as stream, pytest.raises(OSError):
        while True:
            stream.write(b'x' * 512)
    worker = job.start()
    wait_until(lambda: 'No space left' in said(worker))
    filler.unlink()
    assert worker.wait(60) == 0, said(worker)
    assert job.lines() == dict.fromkeys(names_of(4), 1)
    assert marks_are_clean(job)


def test_missing_bucket(grid):
    job = grid('cos').give(['one'])
    job.env['gw_coordinator_connection'] = f'cos://testkey:testsecret@{CEPH}/{BUCKET}-none/x'
    (worker,) = job.run()
    assert worker.returncode == 1 and 'NoSuchBucket' in said(worker) and 'Traceback' not in said(worker)
