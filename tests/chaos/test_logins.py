"""A login is shown to the registry that it is for, to the token server that this one names, and to nobody else."""

import json

import pytest
from servers import Registry, Server
from support import refused, succeeded, told
from talk import LOGIN, c3, config, operator

OWN = f'Basic {LOGIN}'


def redirects(part, target):
    """Give what redirects requests whose path has a part in it."""

    def first(call):
        if part not in call.path:
            return False
        call.reply(307, Location=target)
        return True

    return first


def behind_token(first=None, realm=None):
    """Give what asks for a token, of the registry's own or of another server, and then leaves the word to `first`."""

    def begin(call):
        if call.path.startswith('/token'):
            call.reply(200, {'token': 'OWN'})
            return True
        if call.login != 'Bearer OWN':
            place = realm or f'http://{call.handler.headers["Host"]}/token'
            call.reply(401, {'errors': []}, WWW_Authenticate=f'Bearer realm="{place}",service="main"')
            return True
        return bool(first and first(call))

    return begin


# Redirects


@pytest.mark.parametrize('part', ['/blobs/', '/manifests/', '/tags/'])
@pytest.mark.parametrize('asks', [False, True], ids=['open registry', 'registry with tokens'])
def test_redirect_targets_get_no_credentials(serve, stranger, tmp_path, part, asks):
    first = redirects(part, f'{stranger.url}/x')
    registry = serve(Registry, behind_token(first) if asks else first)
    registry.add_base('x')
    env = config(tmp_path, registry, stranger)
    words = ['create-operator', operator(tmp_path), '-r', f'{registry.host}/x'] if part == '/tags/' else ['inspect', f'{registry.host}/x:1']
    done = c3(*words, env=env, cwd=tmp_path)
    refused(done, 3, f'{stranger.host}. .*{registry.host}.* redirects there', '401')
    assert 'docker login' not in done.stderr
    assert stranger.logins == set()
    assert [call.path for call in stranger.calls] == ['/x']


def test_redirected_content_is_fetched_without_credentials(serve, tmp_path):
    store = serve(Server, lambda call: call.reply(200, registry.blobs[f'sha256:{call.path[1:]}']))
    registry = serve(Registry)

    def first(call):
        place = call.path.rpartition('sha256:')[2]
        return redirects('/blobs/', f'{store.url}/{place}')(call)

    registry.first = behind_token(first)
    registry.add_base('x')
    done = c3('inspect', f'{registry.host}/x:1', env=config(tmp_path, registry))
    assert done.returncode == 1 and 'carries no component' in done.stderr, told(done)
    assert store.calls and store.logins == set()
    assert registry.logins == {OWN, 'Bearer OWN'}


def test_redirecting_back_wins_no_credentials(serve, tmp_path):
    def back(call):
        call.reply(307, Location=f'{registry.url}/v2/private/blobs/x')

    stranger = serve(Server, back)
    registry = serve(Registry)
    registry.first = behind_token(redirects('/v2/x/blobs/', f'{stranger.url}/x'))
    registry.add_base('x')
    done = c3('inspect', f'{registry.host}/x:1', env=config(tmp_path, registry))
    assert done.returncode == 3, told(done)
    [private] = [call for call in registry.calls if '/private/' in call.path]
    assert private.login is None


@pytest.mark.parametrize('target', ['file:///etc/passwd', 'ftp://127.0.0.1/x', 'data:text/plain,x', '//'])
def test_redirects_to_files_are_rejected(serve, tmp_path, target):
    registry = serve(Registry, redirects('/manifests/', target))
    done = refused(c3('inspect', f'{registry.host}/x:1'), 3, 'redirects to')
    assert 'root:' not in done.stderr


def test_redirect_loops_are_cut_off(serve):
    registry = serve(Registry, lambda call: call.reply(307, Location=call.path) or True)
    refused(c3('inspect', f'{registry.host}/x:1'), 3, 'without end')
    assert len(registry.calls) < 20


# Token servers


def test_token_server_may_be_another_host(serve, tmp_path):
    tokens = serve(Server, lambda call: call.reply(200, {'token': 'OWN'}))
    registry = serve(Registry, behind_token(realm=f'{tokens.url}/token'))
    registry.add_base('x')
    done = c3('inspect', f'{registry.host}/x:1', env=config(tmp_path, registry))
    assert done.returncode == 1 and 'carries no component' in done.stderr, told(done)
    assert tokens.logins == {OWN}


def test_token_server_redirect_forwards_no_credentials(serve, stranger, tmp_path):
    tokens = serve(Server, lambda call: call.reply(307, Location=f'{stranger.url}/x'))
    registry = serve(Registry, behind_token(realm=f'{tokens.url}/token'))
    refused(c3('inspect', f'{registry.host}/x:1', env=config(tmp_path, registry)), 3)
    assert tokens.logins == {OWN} and stranger.logins == set()


def test_refresh_token_is_sent_only_to_its_server(serve, tmp_path):
    stranger = serve(Server, lambda call: call.reply(200, {'token': 'OWN'}))
    tokens = serve(Server, lambda call: call.reply(307, Location=f'{stranger.url}/x'))
    registry = serve(Registry, behind_token(realm=f'{tokens.url}/token'))
    env = config(tmp_path, registry)
    auths = {'auths': {registry.host: {'auth': LOGIN, 'identitytoken': 'REFRESH'}}}
    (tmp_path / 'docker/config.json').write_text(json.dumps(auths))
    refused(c3('inspect', f'{registry.host}/x:1', env=env), 3, 'redirects to')
    assert b'REFRESH' in tokens.calls[0].body and not stranger.calls


@pytest.mark.parametrize('realm', ['file:///etc/passwd', 'not a url', '/token', 'ftp://x/', 'http://{address}:1/token'])
def test_invalid_token_servers_get_no_credentials(serve, tmp_path, address, realm):
    registry = serve(Registry, behind_token(realm=realm.format(address=address)))
    done = refused(c3('inspect', f'{registry.host}/x:1', env=config(tmp_path, registry)), 3, 'sends logins to')
    assert registry.logins == set() and 'REGPW' not in done.stderr


# HTTPS


@pytest.fixture
def secure(serve, authority, address):
    """Give a function that starts a registry of HTTPS."""
    return lambda first=None: serve(Registry, first, address=address, tls=authority.tls)


def test_https_registry_cannot_name_an_http_token_server(serve, secure, authority, address, tmp_path):
    tokens = serve(Server, lambda call: call.reply(200, {'token': 'OWN'}), address=address)
    registry = secure(behind_token(realm=f'{tokens.url}/realm'))
    env = {**config(tmp_path, registry), **authority.trusted}
    refused(c3('inspect', f'{registry.host}/x:1', env=env), 3, 'sends logins to', 'plain HTTP', 'https')
    assert not tokens.calls and registry.logins == set()


@pytest.mark.parametrize('local', [False, True], ids=['on another machine', 'on this machine'])
def test_https_is_never_downgraded_to_http(serve, secure, authority, address, tmp_path, local):
    plain = serve(Server, lambda call: call.reply(200, b'{}'), **({} if local else {'address': address}))
    registry = secure(redirects('/manifests/', f'{plain.url}/x'))
    env = {**config(tmp_path, registry), **authority.trusted}
    refused(c3('inspect', f'{registry.host}/x:1', env=env), 3, 'redirects to', 'plain HTTP')
    assert not plain.calls


def test_https_registry_with_an_https_token_server_works(serve, secure, authority, address, tmp_path):
    tokens = serve(Server, lambda call: call.reply(200, {'token': 'OWN'}), address=address, tls=authority.tls)
    registry = secure(behind_token(realm=f'{tokens.url}/realm'))
    registry.add_base('x')
    env = {**config(tmp_path, registry), **authority.trusted}
    done = c3('inspect', f'{registry.host}/x:1', env=env)
    assert done.returncode == 1 and 'carries no component' in done.stderr, told(done)
    assert tokens.logins == {OWN}


# Uploads


def push(registry, base, folder, **options):
    """Push an image that is made on a base."""
    words = ['--builder', 'oci', '--base-image', f'{base.host}/base:1', '-r', f'{registry.host}/ns', '-v', '1']
    return c3('create-operator', operator(folder), *words, cwd=folder, **options)


def test_upload_to_another_host_gets_no_credentials(serve, registry, tmp_path):
    def take(call):
        wanted = call.path.rpartition('digest=')[2].replace('%3A', ':')
        target.blobs[wanted] = call.body
        call.reply(201)

    elsewhere = serve(Server, take)

    def first(call):
        if call.method == 'POST' and 'mount' not in call.path:
            call.reply(202, Location=f'{elsewhere.url}/put?state=x')
            return True
        return False

    target = serve(Registry)
    target.first = behind_token(first)
    succeeded(push(target, registry, tmp_path, env=config(tmp_path, target, elsewhere)))
    assert elsewhere.calls and elsewhere.logins == set()
    assert len(target.pushed('ns/claimed-step')) >= 3


def test_upload_from_https_to_http_is_rejected(serve, registry, secure, authority, address, tmp_path):
    plain = serve(Server, lambda call: call.reply(201), address=address)

    def first(call):
        if call.method == 'POST':
            call.reply(202, Location=f'{plain.url}/put')
            return True
        return False

    target = secure(first)
    refused(push(target, registry, tmp_path, env=authority.trusted), 3, plain.host, 'https')
    assert not plain.calls
