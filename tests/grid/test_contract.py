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
