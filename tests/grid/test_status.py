"""`c3 grid-status` over the marks of real runs."""

import json
import os
import subprocess

import pytest
from conftest import BACKENDS, BUCKET, CEPH, ROOT, wait_until
from test_batches import HOSTILE
from test_stores import put_marks

C3 = os.environ.get('C3', ROOT / 'target/debug/c3')


def status(*arguments, **env):
    """Call the command without any login of this machine's."""
    kept = {name: os.environ[name] for name in ('PATH', 'HOME')}
    kept.update(AWS_CONFIG_FILE='/nonexistent', AWS_SHARED_CREDENTIALS_FILE='/nonexistent')
    command = [C3, 'grid-status', *map(str, arguments)]
    return subprocess.run(command, env={**kept, **env}, capture_output=True, text=True, timeout=60)


def counts(job, place=None):
    """Give what is told to programs, the failed batches by their ids."""
    done = status(place or job.place(), '--format', 'json')
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told.pop('schema_version'), told.pop('diagnostics')) == (1, [])
    return {**told, 'failed': {failed['batch']: failed['error'] for failed in told['failed']}}


@pytest.mark.parametrize('backend', BACKENDS)
def test_every_state(grid, backend):
    job = grid(backend).give([f'good-{number}' for number in range(4)] + ['bad-1', 'bad-2'])
    job.run()
    errors = {batch: f'ValueError: {batch} is wrong' for batch in ('bad-1', 'bad-2')}
    assert counts(job) == {'total': 6, 'done': 4, 'locked': 0, 'waiting': 0, 'others': 0, 'failed': errors}

    job.give([f'new-{number}' for number in range(5)])
    expected = {'total': 5, 'done': 0, 'locked': 1, 'waiting': 4, 'others': 6, 'failed': {}}
    if backend in ('simple', 'folder'):  # whose list grows by itself
        (job.source / 'good-0').unlink()
        expected = {'total': 10, 'done': 3, 'locked': 1, 'waiting': 4, 'others': 1, 'failed': errors}
    worker = job.start(seconds='60')
    wait_until(lambda: sum(job.lines('begin').values()) == 7)
    assert counts(job) == expected
    worker.kill()
    worker.wait()
    assert counts(job) == expected


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_every_id(grid, backend):
    script = 'def grid_process(batch_id, **_):\n    raise ValueError("no")\n'
    batches = [batch for batch in HOSTILE if len(batch) < 60]
    job = grid(backend, script=script)
    job.give_file('b.json', json.dumps(batches))
    job.run()
    done = status(job.place(), '--format', 'json', '--errors', '99')
    assert {failed['batch']: failed['error'] for failed in json.loads(done.stdout)['failed']} == dict.fromkeys(
        batches, 'ValueError: no'
    )


def test_results_with_any_name(grid):
    names = ['Größe.txt', 'a b.c.csv', 'no-ending', '漢字' * 20 + '.tif', 'x.PROCESSED.txt', 'x.err', 'y.lock']
    job = grid('simple').give(names)
    job.run()
    assert counts(job) == {'total': 7, 'done': 7, 'locked': 0, 'waiting': 0, 'others': 0, 'failed': {}}


def test_human_readable_status(grid):
    job = grid('local').give(['good-1', 'bad-1', 'bad-2'])
    job.run()
    done = status(job.marks, '--errors', '1')
    bar = f'[{"#" * 17}{"!" * 33}] 33 % done'
    counted = '       1 done\n       2 failed\n       0 in work\n       0 waiting\n       3 in total\n'
    assert done.stdout == f'{bar}\n{counted}failed:\n  bad-1: ValueError: bad-1 is wrong\n  and 1 more\n'


@pytest.mark.parametrize('names', [['a.processed', 'b.lock', 'c.err'], ['a.PROCESSED.txt', 'b.LOCKED.txt', 'c.FAILED.txt']])
def test_marks_of_other_programs(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()
    told = status(tmp_path)
    assert told.returncode == 0
    assert told.stdout.startswith('       1 done\n       1 failed\n       1 in work\nhow many batches there are is not known')


def test_a_thousand_marks_with_each_request(grid, proxy):
    counter = proxy()
    job = grid('cos').give(['one'])
    job.run()
    put_marks(job, [f'b{number}.processed' for number in range(1200)])
    job.set_store(counter.url)
    assert counts(job, job.env['gw_coordinator_connection'])['others'] == 1200
    assert dict(counter.count) == {'GET': 4}  # two for the marks, the list and the plan


KEY, SECRET = 'hardkey', 'p@ss:w/rd+%2F=?#'


@pytest.mark.parametrize('way', ['connection', 'environment', 'file', 'profile'])
def test_logins(grid, way):
    job = grid('cos').give(['one'])
    job.run()
    where = f'{CEPH}/{BUCKET}/{job.prefix}'
    env = {'AWS_ACCESS_KEY_ID': KEY, 'AWS_SECRET_ACCESS_KEY': SECRET} if way == 'environment' else {}
    connection = f'cos://{where}' if way == 'environment' else f's3://{KEY}:{SECRET}@{where}'
    if way == 'profile':  # names the store as well
        connection = f's3://{BUCKET}/{job.prefix}'
        env = {'AWS_PROFILE': 'team', 'AWS_CONFIG_FILE': job.home / 'config', 'AWS_SHARED_CREDENTIALS_FILE': job.home / 'keys'}
        (job.home / 'config').write_text(f'[profile team]\nendpoint_url = {CEPH}\n[profile sso]\nsso_session = x\n')
        (job.home / 'keys').write_text(f'[team]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n')
        for profile, message in {'nobody': 'no profile `nobody`', 'sso': 'export-credentials --profile sso'}.items():
            refused = status(connection, **{**env, 'AWS_PROFILE': profile})
            assert refused.returncode == 1 and message in refused.stderr
    if way == 'file':
        (job.home / 'connection').write_text(connection + '\n')
        connection = job.home / 'connection'
    told = status(connection, **env)
    assert told.returncode == 0, told.stderr
    assert '1 done' in told.stdout


WRONG = {
    'secret': (f'cos://testkey:wrongsecret@{CEPH}/{BUCKET}/x', 3, 'SignatureDoesNotMatch'),
    'key': (f'cos://nokey:wrongsecret@{CEPH}/{BUCKET}/x', 3, 'InvalidAccessKeyId'),
    'bucket': (f'cos://testkey:testsecret@{CEPH}/no-bucket/x', 3, 'NoSuchBucket'),
    'port': ('cos://testkey:testsecret@http://127.0.0.1:1/bucket/x', 3, 'refused'),
    'scheme': (f'cos://testkey:testsecret@{CEPH.replace("http", "https")}/{BUCKET}/x', 3, 'write `http://` before the endpoint'),
    'no login': (f'cos://{CEPH}/{BUCKET}/x', 1, 'AWS_ACCESS_KEY_ID'),
    'form': ('cos://testsecret@127.0.0.1:1/bucket', 1, 'must have the form'),
    'other form': ('http://k:testsecret@host/bucket', 1, 'must have the form'),
    'nothing': ('nowhere', 1, 'there is no folder `nowhere`'),
}


@pytest.mark.parametrize('what', WRONG)
def test_unreadable_locations_are_reported(what):
    where, code, message = WRONG[what]
    told = status(where)
    assert told.returncode == code, told.stderr
    assert message in told.stderr and 'hint' in told.stderr and told.stdout == ''
    assert 'secret' not in told.stderr.replace('access_key_secret', '').replace('AWS_SECRET', '')


def test_server_that_is_not_an_object_store(proxy):
    web = proxy()
    web.before = lambda _: 404
    told = status(f'cos://testkey:testsecret@{web.url}/bucket/x')
    assert told.returncode == 3
    assert "doesn't seem to be that of an object store" in told.stderr


def test_busy_store_is_retried(grid, proxy):
    store = proxy()
    job = grid('cos').give(['one'])
    job.run()
    job.set_store(store.url)
    store.before = lambda _: 503 if sum(store.count.values()) == 1 else None
    assert counts(job, job.env['gw_coordinator_connection'])['done'] == 1


def test_watching_a_run_to_its_end(grid):
    job = grid('local').give(['a', 'bad-1', 'c'])
    job.put('a.lock', b'{"claim": "x", "seconds": 0.1}')  # of a worker that has died
    command = [C3, 'grid-status', '--watch=1', job.place()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        line = ''
        while 'no heartbeat for' not in line:
            line = watcher.stdout.readline()
            assert line, 'the watcher has ended'
        (worker,) = job.run(C3_GRID_HEARTBEAT='0.5')
        assert worker.returncode == 4
        rest = watcher.stdout.read()
        assert watcher.wait(60) == 0
    assert '] 66 % done' in rest and 'bad-1 is wrong' in rest
    assert 'attempt' not in rest.split('[')[-1]  # nothing is in work any more


def test_watch_rejects_json_output():
    done = status('--watch', '--format', 'json', '.')
    assert done.returncode == 2 and 'cannot be used with' in done.stderr
