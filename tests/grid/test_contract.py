"""What the workers and `c3 grid-status` have to agree on: names of marks, keys of batches, forms of a connection."""

import importlib.util
import json
import os
import urllib.parse

import pytest
from conftest import PLAIN, TEMPLATES, wrapper_of

STATES = {'PROCESSED': 'done', 'FAILED': 'failed', 'LOCKED': 'locked'}


def contract(name):
    """Read a file of cases."""
    return json.loads((TEMPLATES / 'contract' / name).read_text(encoding='utf-8'))


MARKS, CONNECTIONS = contract('marks.json'), contract('connections.json')


@pytest.fixture(scope='session', autouse=True)
def ceph():
    """Ask for no store: none is needed here."""


@pytest.fixture(scope='module', params=['local', 'cos'])
def wrapper(request, tmp_path_factory):
    """Import a wrapper for the sake of its functions."""
    return loaded(request.param, tmp_path_factory)


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    """Import a wrapper for an object store."""
    return loaded('cos', tmp_path_factory)


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    """Import a wrapper whose results are marks."""
    return loaded('simple', tmp_path_factory)


def loaded(backend, tmp_path_factory):
    """Import a wrapper of c3's."""
    path = tmp_path_factory.mktemp('wrapper') / 'gw_job.py'
    path.write_text(wrapper_of(backend, PLAIN))
    spec = importlib.util.spec_from_file_location('gw_job', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(('name', 'key', 'state'), MARKS['marks'])
def test_marks(wrapper, name, key, state):
    told = wrapper.State([key], {name: ''})
    assert [kind for kind in ('done', 'failed', 'locked', 'free') if getattr(told, kind)] == [state]
    assert wrapper.is_mark(name)


def test_marks_are_read_independently_of_order_and_other_files(wrapper):
    kinds = ['a.processed', 'a.lock', 'a.err', 'a.lock.1', 'a.free.1', 'a.err.1', 'a.lock.2', 'a.free.2']
    others = ['a.lock.processed', '.processed', 'b.lock', 'aa.processed', 'ab.err', 'a', 'a.lock.0']
    for chosen in range(1, 2 ** len(kinds)):
        names = [name for number, name in enumerate(kinds) if chosen >> number & 1]
        alone = vars(wrapper.State(['a'], dict.fromkeys(names)))
        among = vars(wrapper.State(['a'], dict.fromkeys([*others, *reversed(names), *others])))
        assert {**alone, 'names': 0} == {**among, 'names': 0}, names
        assert (alone['done'] == ['a']) == ('a.processed' in names)
        number = {kind: -1 for kind in ('lock', 'err', 'free')}
        for _, kind, generation in filter(None, map(wrapper.mark_of, names)):
            number[kind] = generation
        if 'a.processed' not in names:
            last = max(number.values())
            state = [kind for kind in ('err', 'lock', 'free') if number[kind] == last][0]
            assert alone[{'err': 'failed', 'lock': 'locked', 'free': 'free'}[state]] == {'a': last}, names


def test_each_batch_gets_exactly_one_turn(wrapper):
    batches = [f'{number}' for number in range(100)]
    turns, given = wrapper.Turns(batches), []
    while turns.left:
        given.append(turns.next())
        if len(given) % 7 == 0:
            turns.jump()
    assert sorted(given) == sorted(batches)
    assert not wrapper.Turns([]).left


@pytest.mark.parametrize('name', MARKS['no_marks'])
def test_other_names(wrapper, name):
    assert wrapper.State(['a'], {name: ''}).free == {'a': 0}
    assert not wrapper.is_mark(name)


@pytest.mark.parametrize(('name', 'key', 'state'), MARKS['results'])
def test_results(folders, name, key, state):
    marks = folders.Folders.__new__(folders.Folders)
    batch = urllib.parse.unquote(key)
    assert folders.key_of(batch) == key
    if name.startswith('.'):
        marks.folder = ''
        kinds = {'locked': 'lock', 'free': 'free', 'failed': 'err'}
        hidden = [folders.mark_name(key, kinds[state], generation) for generation in range(state != 'locked', 4)]
        assert name in [os.path.basename(marks.path(mark)) for mark in hidden]
        assert folders.is_hidden(name)
        return
    made = {}
    for is_folder in (False, True):
        marks.entries = {key: (batch, is_folder)}
        made.update({marks.result(key, status): told for status, told in STATES.items()})
    assert made[name] == state
    assert folders.is_result(name)


@pytest.mark.parametrize('name', MARKS['no_results'])
def test_other_results(folders, name):
    assert not folders.is_result(name) and not folders.is_hidden(name)


@pytest.mark.parametrize(('batch', 'key'), MARKS['keys'])
def test_keys(wrapper, batch, key):
    assert wrapper.key_of(batch) == key


@pytest.mark.parametrize('text, endpoint, bucket, path, key, secret', CONNECTIONS['connections'])
def test_connections(store, text, endpoint, bucket, path, key, secret):
    connection = store.parse_connection(text)
    found = (connection.endpoint, connection.bucket, connection.path, connection.key, connection.secret)
    assert found == (endpoint, bucket, path, key, secret)
    assert secret is None or secret not in str(connection)


@pytest.mark.parametrize('text', CONNECTIONS['refused'])
def test_refused_connections(store, text):
    with pytest.raises(store.Refusal) as refusal:
        store.parse_connection(text)
    assert 'topsecret' not in str(refusal.value)


def test_a_batch_does_not_see_the_index_of_its_worker(grid):
    script = """
        import os
        seen = os.environ.get('JOB_COMPLETION_INDEX')
        def grid_process(batch_id, log=None, **_):
            with open(log, 'a') as stream:
                stream.write(f"end {batch_id} {seen} {os.environ.get('JOB_COMPLETION_INDEX')}\\n")
    """
    job = grid('local', script=script).give(['b'])
    job.run(JOB_COMPLETION_INDEX='3')
    assert dict(job.lines()) == {'b None None': 1}


def test_direct_requests_use_the_endpoint_of_the_client(store):
    def way(url, key, signature='AWS4-HMAC-SHA256 Credential=k/20260101/eu-1/s3/aws4_request, SignedHeaders=host'):
        client = type('Client', (), {'_endpoint': type('Endpoint', (), {'http_session': 'session'})})
        return store.way_after(client, 'credentials', (url, signature), key)

    for place in ('http://store:1/bucket/', 'https://bucket.store/'):
        found = way(f'{place}run%201/a%2Bb.lock', 'run 1/a+b.lock')
        assert (found.place, found.region, found.session) == (place, 'eu-1', 'session')
    assert not way('http://store/bucket/ab.lock', 'b.lock')  # another's, which was sent meanwhile
    assert not way('http://store/bucket/b.lock', 'b.lock', 'AWS4-HMAC-SHA256 Credential=k/1/eu-1/s3express/aws4_request,')
    assert not way('http://store/bucket/b.lock', 'b.lock', 'AWS testkey:x')
    assert not store.way_after(object(), 'credentials', ('http://store/bucket/b', ''), 'b')
    assert not way('', 'b.lock')
