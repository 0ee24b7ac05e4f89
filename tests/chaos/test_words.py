"""Whoever mixes up HTTP and HTTPS is told so, at once."""

import socket
import threading

import pytest
from servers import Registry, Server
from support import refused, write
from talk import c3, operator

# What all of it may take: a question about what the server speaks is one more.
LIMIT = 30


@pytest.fixture
def plain(serve, address):
    """Give a registry of plain HTTP that isn't on loopback."""
    registry = serve(Registry, address=address)
    registry.add_base('x')
    return registry


@pytest.fixture
def local_tls(serve, authority):
    """Give a server of HTTPS on loopback."""
    return serve(Registry, tls=authority.tls)


def test_remote_plain_http_registry_is_reported(plain, tmp_path):
    for words in (
        ['inspect', f'{plain.host}/x:1'],
        ['create-operator', operator(tmp_path), '-r', f'{plain.host}/x'],
        ['create-operator', 'step.py', '--builder', 'oci', '--base-image', f'{plain.host}/x:1', '-v', '1', '--archive', 'a.tar'],
    ):
        done = c3(*words, cwd=tmp_path, limit=LIMIT)
        refused(done, 3, f'registry `{plain.host}` answers in plain HTTP where HTTPS is expected', 'localhost')
    assert plain.logins == set()


def test_local_https_registry_is_reported(local_tls):
    said = f'registry `{local_tls.host}` answers in HTTPS where plain HTTP is expected'
    refused(c3('inspect', f'{local_tls.host}/x:1', limit=LIMIT), 3, said, 'certificate')


def test_bad_request_is_not_mistaken_for_https(serve):
    server = serve(Server, lambda call: call.reply(400, b'Client sent an HTTP request to an HTTPS server.\n'))
    done = refused(c3('inspect', f'{server.host}/x:1', limit=LIMIT), 3, '400')
    assert 'answers in HTTPS' not in done.stderr


def test_https_server_answering_in_plain_http_is_reported(mixed):
    """As those written in Go do."""
    said = f'registry `{mixed}` answers in HTTPS where plain HTTP is expected'
    refused(c3('inspect', f'{mixed}/x:1', limit=LIMIT), 3, said)


@pytest.fixture
def mixed(authority):
    """Give a server of HTTPS that answers plain HTTP with a 400."""

    def serve(listener):
        while True:
            try:
                connection, _ = listener.accept()
                if connection.recv(1, socket.MSG_PEEK) == b'\x16':
                    authority.tls.wrap_socket(connection, server_side=True)
                else:
                    connection.recv(4096)
                    connection.sendall(b'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n')
            except OSError:
                if listener.fileno() < 0:
                    return
            finally:
                connection.close()

    with socket.create_server(('127.0.0.1', 0)) as listener:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        yield f'127.0.0.1:{listener.getsockname()[1]}'


@pytest.mark.parametrize('store', ['plain', 'secure'])
def test_wrong_scheme_of_an_object_store_is_reported(serve, authority, store):
    page = b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name></ListBucketResult>'
    server = serve(Server, lambda call: call.reply(200, page), tls=None if store == 'plain' else authority.tls)
    scheme, right = ('https', 'http://') if store == 'plain' else ('http', 'https://')
    done = c3('grid-status', f's3://key:secret@{scheme}://{server.host}/b/marks', limit=LIMIT)
    refused(done, 3, f'where {"HTTPS" if store == "plain" else "plain HTTP"} is expected', f'write `{right}` before')
    assert 'secret' not in done.stderr


@pytest.mark.parametrize('kind', ['plain', 'secure'])
def test_wrong_scheme_of_a_platform_is_reported(serve, authority, tmp_path, kind):
    server = serve(Server, lambda call: call.reply(200, b'{}'), tls=None if kind == 'plain' else authority.tls)
    scheme, right = ('https', 'http') if kind == 'plain' else ('http', 'https')
    write(tmp_path / 'e.json', '{"name": "e"}')
    words = ['publish', 'submarine', '--server', f'{scheme}://{server.host}', 'create', 'e.json']
    refused(c3(*words, cwd=tmp_path, limit=LIMIT), 3, 'is expected', f'`{right}://`')


def test_redirected_posts_to_a_platform_are_not_followed(serve, stranger, tmp_path):
    server = serve(Server, lambda call: call.reply(301, Location=f'{stranger.url}/x'))
    write(tmp_path / 'e.json', '{"name": "e"}')
    words = ['publish', 'submarine', '--server', server.url, 'create', 'e.json']
    refused(c3(*words, cwd=tmp_path, limit=LIMIT), 3, stranger.host)
    assert not stranger.calls
