"""A requirement file that a source names by its address: whoever wrote that reaches nothing through this machine."""

import pytest
from servers import Server
from support import refused, run, succeeded, told, write
from talk import PATIENCE, c3, config, operator

PLAIN = b'six==1.17.0\n'


@pytest.fixture
def fetch(registry, tmp_path):
    """Give a function that makes an image of an operator which names a requirement file."""

    def function(address, **options):
        write(tmp_path / 'netrc', 'default login bob password NETRC\n')
        source = operator(tmp_path, text=f'"""X."""\n# pip install -r {address}\nprint(1)\n')
        words = ['--builder', 'oci', '--base-image', f'{registry.host}/base:1', '-v', '1', '--archive', 'a.tar']
        env = {'NETRC': tmp_path / 'netrc', **options.pop('env', {})}
        return c3('create-operator', source, *words, cwd=tmp_path, env=env, limit=60, **options)

    return function


@pytest.fixture
def secure(serve, authority, address):
    """Give a function that starts a server of HTTPS which isn't on loopback."""
    return lambda answer: serve(Server, answer, address=address, tls=authority.tls)


def redirecting(target):
    """Give what redirects everybody."""
    return lambda call: call.reply(302, Location=target)


def unfetched(done, *messages, code=1):
    """Insist on an error that says these things: 1 where the address is at fault, 3 where the server is."""
    return refused(done, code, 'failed to fetch', *messages)


INNER = [
    'https://127.0.0.1:{port}/x.txt',
    'http://127.0.0.1:{port}/x.txt',
    'https://localhost:{port}/x.txt',
    'https://a.localhost:{port}/x.txt',
    'https://0.0.0.0:{port}/x.txt',
    'https://[::1]:{port}/x.txt',
    'https://[::ffff:127.0.0.1]:{port}/x.txt',
    'https://2130706433:{port}/x.txt',
    'https://169.254.169.254/latest/meta-data/',
    'file:///etc/passwd',
]


@pytest.mark.parametrize('target', INNER)
def test_redirects_to_this_machine_are_rejected(serve, secure, fetch, authority, target):
    inner = serve(Server, lambda call: call.reply(200, PLAIN), tls=authority.tls if 'https' in target else None)
    server = secure(redirecting(target.format(port=inner.host.rpartition(':')[2])))
    done = unfetched(fetch(f'{server.url}/x.txt', env=authority.trusted), 'redirects to')
    assert not inner.calls and 'root:' not in done.stderr


def test_redirects_from_https_to_http_are_rejected(serve, secure, fetch, authority, address):
    plain = serve(Server, lambda call: call.reply(200, PLAIN), address=address)
    unfetched(fetch(f'{secure(redirecting(f"{plain.url}/x.txt")).url}/x.txt', env=authority.trusted), 'plain HTTP')
    assert not plain.calls


def test_no_credentials_are_sent(serve, secure, fetch, authority, tmp_path):
    server = secure(lambda call: call.reply(401, WWW_Authenticate='Basic realm="x"'))
    env = {**authority.trusted, **config(tmp_path, server)}
    unfetched(fetch(f'{server.url}/x.txt', env=env), '401', code=3)
    assert server.calls and server.logins == set()


@pytest.mark.parametrize(('way', 'code'), [('huge', 1), ('endless', 3), ('silent', 3), ('binary', 1)])
def test_invalid_requirement_lists_are_rejected(serve, fetch, way, code):
    def answer(call):
        if way == 'silent':
            return call.server.silence(55)
        if way == 'binary':
            return call.reply(200, b'\xff\xfe\x00')
        call.raw(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % (1 << 34 if way == 'huge' else 1 << 20))
        for _ in range(1 << 14 if way == 'huge' else 1):
            call.raw(b'six\n' * (1 << 14))
        return call.server.silence(55)

    done = unfetched(fetch(f'{serve(Server, answer).url}/x.txt', patience=PATIENCE), code=code)
    assert done.seconds < 50 and done.memory < 300


def test_allowed_files_are_fetched(serve, fetch, tmp_path):
    store = serve(Server, lambda call: call.reply(200, PLAIN))
    server = serve(Server, redirecting(f'{store.url}/x.txt'))
    done = fetch(f'{server.url}/x.txt')
    succeeded(done)
    assert len(server.calls) == len(store.calls) == 1, told(done)
    assert run('tar', 'tf', tmp_path / 'a.tar').returncode == 0
