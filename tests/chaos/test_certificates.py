"""What a company's authority vouches for is trusted by `c3` and by all that it starts, and leaves no trace."""

import hashlib
import io
import os
import sys
import zipfile

import pytest
from servers import Registry, Server
from support import BASE, C3, environment, refused, run, succeeded, told, venv, write
from talk import c3, operator

PACKAGE = 'c3-company-package'
MODULE = 'c3_company_package'
SOURCE = """\
\"\"\"Asks a server of the company.\"\"\"
# pip install --index-url {url}/simple {package}
import os
import urllib.request

import {module}

print({module}.WORD, urllib.request.urlopen('{url}/hello', timeout=20).read().decode())
"""


def wheel():
    """Give name and content of a wheel."""
    stem, content = f'{MODULE}-1.0', io.BytesIO()
    metadata = f'Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n'
    files = {
        f'{MODULE}.py': 'WORD = "packaged"\n',
        f'{stem}.dist-info/METADATA': metadata,
        f'{stem}.dist-info/WHEEL': 'Wheel-Version: 1.0\nGenerator: c3\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    }
    record = ''.join(f'{name},,\n' for name in [*files, f'{stem}.dist-info/RECORD'])
    with zipfile.ZipFile(content, 'w') as archive:
        for name, text in {**files, f'{stem}.dist-info/RECORD': record}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return f'{stem}-py3-none-any.whl', content.getvalue()


@pytest.fixture
def company(serve, authority, address):
    """Give a server of the company: an index of packages, and one more page."""
    name, content = wheel()

    def answer(call):
        if call.path.endswith('.whl'):
            return call.reply(200, content)
        if call.path == '/hello':
            return call.reply(200, b'hello')
        listed = f'<a href="/{name}#sha256={hashlib.sha256(content).hexdigest()}">{name}</a>'
        return call.reply(200, listed.encode(), Content_Type='text/html')

    return serve(Server, answer, address=address, tls=authority.tls)


@pytest.fixture
def source(company, tmp_path):
    """Give the name of a source that needs the company's servers to be made and to run."""
    return operator(tmp_path, text=SOURCE.format(url=company.url, package=PACKAGE, module=MODULE))


def variable(authority, folder):
    """Name the authority by the variable."""
    return authority.trusted


def key(authority, folder):
    """Name the authority by the key of `c3.toml`."""
    write(folder / 'trusted/company.pem', authority.certificate.read_bytes())
    write(folder / 'c3.toml', 'ca-certificates = "trusted/company.pem"\n')
    return {}


WAYS = pytest.mark.parametrize('way', [variable, key], ids=['SSL_CERT_FILE', 'c3.toml'])
# Variables that name certificates for single programs.
NONE = dict.fromkeys(['PIP_CERT', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'AWS_CA_BUNDLE'])

# c3 itself


@pytest.fixture
def secure(serve, authority, address):
    """Give a registry of the company with a base image."""
    registry = serve(Registry, address=address, tls=authority.tls)
    registry.add_base('base')
    return registry


@WAYS
def test_private_ca_is_trusted_for_registries(secure, authority, tmp_path, way):
    env = way(authority, tmp_path)
    done = c3('inspect', f'{secure.host}/base:1', cwd=tmp_path, env=env)
    assert done.returncode == 1 and 'carries no component' in done.stderr, told(done)
    words = ['--builder', 'oci', '--base-image', f'{secure.host}/base:1', '-r', f'{secure.host}/ns', '-v', '1']
    succeeded(c3('create-operator', operator(tmp_path), *words, cwd=tmp_path, env=env))
    assert len(secure.pushed('ns/claimed-step')) >= 3


@WAYS
def test_private_ca_is_trusted_for_object_stores(serve, authority, address, tmp_path, way):
    page = b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name></ListBucketResult>'
    store = serve(Server, lambda call: call.reply(200, page), address=address, tls=authority.tls)
    env = way(authority, tmp_path)
    succeeded(c3('grid-status', f's3://key:secret@{store.host}/b/marks', cwd=tmp_path, env=env))


def test_unknown_ca_is_not_trusted(secure, tmp_path):
    done = c3('inspect', f'{secure.host}/base:1', cwd=tmp_path)
    refused(done, 3, f'cannot trust the certificate of registry `{secure.host}`', 'ca-certificates', 'SSL_CERT_FILE')
    assert not secure.calls


def test_unreadable_certificates_are_reported(secure, registry, tmp_path):
    for content in (None, '', 'no certificate'):
        path = tmp_path / 'x.pem'
        if content is not None:
            path.write_text(content)
        env = {'SSL_CERT_FILE': path, 'SSL_CERT_DIR': None}
        refused(c3('inspect', f'{secure.host}/base:1', env=env), 3, 'x.pem`, which `SSL_CERT_FILE` names', 'PEM')
        # Where no certificate is needed, none is looked for.
        assert 'carries no component' in c3('inspect', f'{registry.host}/base:1', env=env).stderr
    write(tmp_path / 'c3.toml', 'ca-certificates = "x.pem"\n')
    done = c3('inspect', f'{secure.host}/base:1', cwd=tmp_path, env={'SSL_CERT_DIR': None, 'SSL_CERT_FILE': None})
    refused(done, 3, 'x.pem`, which `ca-certificates` names')


def test_sources_cannot_set_trusted_certificates(tmp_path):
    block = '# /// script\n# [tool.c3]\n# ca-certificates = "evil.pem"\n# ///\nprint(1)\n'
    refused(c3('compile', operator(tmp_path, text=block), cwd=tmp_path), 1, "`ca-certificates` can't stand here")
    write(tmp_path / 'c3.toml', '[operators.step]\nca-certificates = "evil.pem"\n')
    refused(c3('compile', operator(tmp_path), cwd=tmp_path), 1, "`ca-certificates` can't stand here")


# Programs of this machine


@WAYS
@pytest.mark.parametrize('installer', ['uv', 'pip'])
def test_private_ca_is_trusted_by_the_installer(registry, source, authority, tmp_path, way, installer):
    registry.add_base('here', python=HERE)
    path = f'{venv("uv", "uv").parent}:/usr/bin:/bin' if installer == 'uv' else pip(tmp_path)
    env = {**NONE, 'PATH': path, 'XDG_CACHE_HOME': tmp_path / 'cache', **way(authority, tmp_path)}
    words = ['--builder', 'oci', '--base-image', f'{registry.host}/here:1', '-v', '1', '--archive', 'a.tar']
    succeeded(c3('create-operator', source, *words, cwd=tmp_path, env=env, limit=90, patience=30))


HERE = f'{sys.version_info.major}.{sys.version_info.minor}'


def pip(folder):
    """Give a path with a Python of the base image's version, and no uv."""
    programs = folder / 'programs'
    programs.mkdir()
    (programs / f'python{HERE}').symlink_to(sys.executable)
    return f'{programs}:/usr/bin:/bin'


@WAYS
def test_private_ca_is_trusted_by_runs_without_an_engine(source, company, authority, tmp_path, way):
    env = {**NONE, 'XDG_CACHE_HOME': tmp_path / 'cache', **way(authority, tmp_path)}
    done = succeeded(c3('run', '--no-engine', source, cwd=tmp_path, env=env, limit=90, patience=30))
    assert done.stdout == 'packaged hello\n'
    assert not list((tmp_path / 'cache').rglob('*certificates*'))


# Containers


@pytest.fixture(scope='session')
def base(tmp_path_factory):
    """Give a base image whose pip talks to addresses without a name, which that of today can't do with its own means."""
    folder, name = tmp_path_factory.mktemp('base'), 'c3-test/legacy-certificates:1'
    write(folder / 'Dockerfile', f'FROM {BASE}\nENV PIP_USE_DEPRECATED=legacy-certs\n')
    succeeded(run('docker', 'build', '--quiet', '--tag', name, folder, env={**os.environ, 'DOCKER_BUILDKIT': '0'}))
    yield name
    run('docker', 'rmi', name)


@pytest.fixture
def engine(tmp_path):
    """Give a function that calls `c3` with the engine, and remove the image in the end."""

    def function(*words, env):
        path = os.environ['PATH']
        env = {'DOCKER_HOST': None, 'PATH': path, 'HOME': tmp_path, 'XDG_CACHE_HOME': tmp_path / 'cache', **env}
        return run(C3, *words, cwd=tmp_path, env=environment(env))

    yield function
    run('docker', 'rmi', '--force', 'claimed-step:latest', 'claimed-step:0.1')


@WAYS
def test_private_ca_is_trusted_by_builds_and_runs_and_not_kept(engine, base, source, company, authority, tmp_path, way):
    env = way(authority, tmp_path)
    done = succeeded(engine('run', '--base-image', base, source, env=env))
    assert done.stdout == 'packaged hello\n'
    script = 'ls -a / /dev /etc /run /opt/app-root/src; cat /etc/c3* /dev/c3*; env'
    left = run('docker', 'run', '--rm', '--entrypoint', 'sh', 'claimed-step:latest', '-c', script)
    assert 'certificates.pem' not in left.stdout.replace('ca-certificates', ''), left.stdout
    assert 'BEGIN' not in left.stdout
    image = run('docker', 'image', 'inspect', 'claimed-step:latest').stdout
    assert 'c3-certificates' not in image


def test_builder_without_certificate_support_is_reported(engine, base, source, authority):
    done = engine('create-operator', source, '--local-mode', '--base-image', base, env={'DOCKER_BUILDKIT': '0', **authority.trusted})
    assert done.returncode == 1, told(done)
    assert "the build doesn't see the certificates" in done.stderr
