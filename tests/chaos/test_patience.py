"""No server can hold `c3`: what does nothing, or next to nothing, ends it with words that tell which and for how long."""

import os
import time

import pytest
from servers import Registry, Server, trickle
from support import refused, succeeded, write
from talk import PATIENCE, operator
from talk import c3 as call_c3

# What all of it may take, the start of everything included.
LIMIT = 45


def c3(*words, patience=PATIENCE, **options):
    """Run `c3` with little patience."""
    return call_c3(*words, patience=patience, **options)


def silent(part='', method=None):
    """Give what does nothing when it is asked for something."""

    def first(call):
        if part not in call.path or method not in (None, call.method):
            return False
        call.server.silence()
        call.drop()
        return True

    return first


def half_head(call):
    """Break off in the head."""
    call.raw(b'HTTP/1.1 200 OK\r\nContent-Le')
    call.drop()
    return True


def held_head(call):
    """Begin a head and leave it at that."""
    call.raw(b'HTTP/1.1 200 OK\r\nContent-Le')
    return silent()(call)


def half_body(call):
    """Break off in the body."""
    call.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n{"tags":[')
    call.drop()
    return True


def held_body(call):
    """Begin a body and leave it at that."""
    call.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n{"tags":[')
    return silent()(call)


def slow_body(call):
    """Send a byte each second."""
    trickle(call, b' ' * 10_000)
    return True


WAYS = {
    'silence': (silent(), f'did nothing for {PATIENCE} s'),
    'half a head': (half_head, 'broke off'),
    'half a head, held': (held_head, f'did nothing for {PATIENCE} s'),
    'half a body': (half_body, 'broke off'),
    'half a body, held': (held_body, f'moved only \\d+ bytes for {PATIENCE} s'),
    'a slow body': (slow_body, f'moved only \\d+ bytes for {PATIENCE} s'),
}

QUESTIONS = {
    'tags': ['create-operator', 'step.py', '-r', '{host}/ns'],
    'labels': ['inspect', '{host}/x:1'],
    'base image': ['create-operator', 'step.py', '--builder', 'oci', '--base-image', '{host}/x:1', '-v', '1', '--archive', 'a.tar'],
    'push': ['create-operator', 'step.py', '--builder', 'oci', '--base-image', '{base}', '-v', '1', '-r', '{host}/ns'],
}


# A push is content with the head of an answer; what was pushed is read back.
CASES = [(question, way) for question in QUESTIONS for way in WAYS if 'body' not in way or question != 'push']


@pytest.mark.parametrize(('question', 'way'), CASES)
def test_every_request_times_out(serve, registry, tmp_path, question, way):
    first, said = WAYS[way]
    bad = serve(Registry, first)
    operator(tmp_path)
    words = [word.format(host=bad.host, base=f'{registry.host}/base:1') for word in QUESTIONS[question]]
    done = refused(c3(*words, cwd=tmp_path, limit=LIMIT), 3, bad.host, said, 'hint')
    assert not (tmp_path / 'a.tar').exists() and not (tmp_path / 'step.yaml').exists()
    if 'for' in said:
        assert 'C3_HTTP_TIMEOUT' in done.stderr


@pytest.mark.parametrize('part', ['/manifests/sha256', '/blobs/'])
@pytest.mark.parametrize('way', ['silence', 'a slow body', 'half a body, held'])
def test_every_base_image_download_times_out(serve, tmp_path, part, way):
    first, said = WAYS[way]
    bad = serve(Registry, lambda call: part in call.path and first(call))
    bad.add_base('x')
    name = 'x:1' if part == '/blobs/' else 'x@' + next(name for _, name in bad.manifests if ':' in name)
    words = ['--builder', 'oci', '--base-image', f'{bad.host}/{name}', '-v', '1', '--archive', 'a.tar']
    refused(c3('create-operator', operator(tmp_path), *words, cwd=tmp_path, limit=LIMIT), 3, bad.host, said)
    assert not (tmp_path / 'a.tar').exists()


def test_stalled_layer_is_blamed_on_its_source(serve, tmp_path):
    source, target = serve(Registry), serve(Registry)
    layer = source.add_base('x')['layers'][0]['digest']

    def first(call):
        if layer not in call.path:
            return False
        content = source.blobs[layer]
        call.raw(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(content) + content[:20])
        return silent()(call)

    source.first = first
    words = ['--builder', 'oci', '--base-image', f'{source.host}/x:1', '-v', '1', '-r', f'{target.host}/ns']
    done = c3('create-operator', operator(tmp_path), *words, cwd=tmp_path, limit=LIMIT)
    refused(done, 3, f'registry `{source.host}` moved only \\d+ bytes')
    assert target.host not in done.stderr.partition('error')[2]


@pytest.mark.parametrize('method', ['HEAD', 'POST', 'PUT'])
def test_every_step_of_a_push_times_out(serve, registry, tmp_path, method):
    bad = serve(Registry, silent('/blobs/', method), reads=lambda call: call.method != 'PUT')
    # More than what the system keeps for a server that doesn't read.
    write(tmp_path / 'large.bin', os.urandom((8 << 20) if method == 'PUT' else 10))
    words = ['--builder', 'oci', '--base-image', f'{registry.host}/base:1', '-v', '1', '-r', f'{bad.host}/ns']
    # A registry may take long to keep what it has got: ten times as long as it may do nothing else.
    limit = LIMIT + (15 * PATIENCE if method == 'PUT' else 0)
    done = c3('create-operator', operator(tmp_path), 'large.bin', *words, cwd=tmp_path, limit=limit)
    refused(done, 3, bad.host, f'(did nothing|moved only \\d+ bytes) for ({PATIENCE}|{10 * PATIENCE}) s')
    assert not bad.manifests


def test_silent_token_server_is_named(serve):
    tokens = serve(Server, lambda call: silent()(call))
    challenge = f'Bearer realm="{tokens.url}/token"'
    registry = serve(Registry, lambda call: call.reply(401, WWW_Authenticate=challenge) or True)
    said = f'{tokens.host}. .*{registry.host}.* sends logins there.* did nothing for {PATIENCE} s'
    refused(c3('inspect', f'{registry.host}/x:1', limit=LIMIT), 3, said)


def test_busy_registry_is_retried_only_for_a_while(serve):
    registry = serve(Registry, lambda call: call.reply(429, {'errors': []}, Retry_After='100000') or True)
    refused(c3('inspect', f'{registry.host}/x:1', patience=30, limit=90), 3, '429')
    assert len(registry.calls) == 3


def test_briefly_busy_registry_is_retried(serve):
    def first(call):
        busy = len(registry.calls) % 3
        if busy:
            call.reply(429, {'errors': []}, Retry_After='0')
        return bool(busy)

    registry = serve(Registry, first)
    registry.add_base('x')
    assert 'carries no component' in c3('inspect', f'{registry.host}/x:1', patience=30).stderr


@pytest.mark.parametrize('value', ['0', '-1', 'soon', '1e9', ''])
def test_invalid_timeout_is_reported(registry, value):
    done = c3('inspect', f'{registry.host}/base:1', env={'C3_HTTP_TIMEOUT': value})
    refused(done, 3, 'C3_HTTP_TIMEOUT', 'number of seconds')


def test_silent_object_store_times_out(serve):
    store = serve(Server, lambda call: silent()(call))
    place = f's3://key:secret@http://{store.host}/bucket/marks'
    refused(c3('grid-status', place, limit=LIMIT), 3, store.host, f'did nothing for {PATIENCE} s')


def test_slow_push_is_not_aborted(serve, registry, tmp_path):
    def first(call):
        if call.method == 'PUT' and '/blobs/' in call.path:
            length, content = int(call.handler.headers['Content-Length']), b''
            while len(content) < length:
                # Faster than the slowest that counts, slower than the limit for all of it.
                content += call.handler.rfile.read(min(60_000, length - len(content)))
                time.sleep(0.5)
            call.body = content
        return False

    target = serve(Registry, first, reads=lambda call: call.method != 'PUT' or '/manifests/' in call.path)
    write(tmp_path / 'large.bin', os.urandom(400_000))
    words = ['--builder', 'oci', '--base-image', f'{registry.host}/base:1', '-v', '1', '-r', f'{target.host}/ns']
    done = c3('create-operator', operator(tmp_path), 'large.bin', *words, cwd=tmp_path, limit=60)
    succeeded(done)
    assert done.seconds > PATIENCE and target.pushed('ns/claimed-step')
