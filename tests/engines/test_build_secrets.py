"""Build secrets: logins of package indexes reach those indexes, nobody else, and stay nowhere."""

import base64
import gzip
import json
import secrets
import tarfile
from urllib.parse import quote

import pytest
from images import docker, image_config
from package_index import basic, sdist, serving, wheel
from support import BASE, CLOSED_REGISTRY, LOGIN, OPEN_REGISTRY, PODMAN_SOCKET, c3, host_address, refused, run, succeeded, venv, write

USER, PASSWORD = 'bob', 'hunter2@:/%41${HOME}#x'

# What no place may hold: the password as it is and as it travels.
TRACES = [
    PASSWORD.encode(),
    quote(PASSWORD, safe='').encode(),
    base64.b64encode(f'{USER}:{PASSWORD}'.encode()),
    b'hunter2',
]

SECRET_PLACES = """
import os
mark = 'hunter' + '2'
found = [name for name, value in os.environ.items() if mark in value]
for root in '/run', '/tmp', '/mnt', '/root', '/opt/app-root/src', '/var/tmp', '/dev/shm':
    for folder, _, names in os.walk(root):
        for name in names:
            try:
                with open(os.path.join(folder, name), errors='replace') as file:
                    found += [os.path.join(folder, name)] if mark in file.read() else []
            except OSError:
                pass
"""
SPY = (
    SECRET_PLACES
    + """
if found:
    raise SystemExit(f'SEEN {found}')
"""
)

# A package that leaves code behind, which every Python after it runs.
PLANT = f"""
import site
plant = {SECRET_PLACES!r} + "open('/opt/seen', 'a').write(str(found))"
with open(site.getsitepackages()[0] + '/planted.pth', 'w') as file:
    file.write('import sys; exec(' + repr(plant) + ')')
"""


@pytest.fixture(scope='session')
def packages():
    """Give the packages of the index that wants a login."""
    return {
        **wheel('c3own', code="print('own')\n", requires=['c3below']),
        **wheel('c3below'),
        **wheel('c3direct', code="print('direct')\n"),
        **sdist('c3sources', setup=SPY),
    }


@pytest.fixture
def private(packages):
    """Serve an index that wants a login."""
    with serving(packages, login=(USER, PASSWORD)) as index:
        yield index


@pytest.fixture
def public():
    """Serve an index for all."""
    with serving({**wheel('c3public'), **sdist('c3evil', setup=SPY), **sdist('c3planter', setup=PLANT)}) as index:
        yield index


@pytest.fixture
def build(tmp_path):
    """Give a function that builds an operator with some requirement lines on an engine, and gives what was said."""
    made = []

    def function(*lines, options=(), env=None, name=None, code='import c3own\n', command='create-operator'):
        name = name or f'secret_{secrets.token_hex(4)}'
        write(tmp_path / f'{name}.py', '\n'.join(['"""Needs packages."""', *lines, code]))
        made.append(f'claimed-{name.replace("_", "-")}')
        options = [command, f'{name}.py', '--overwrite', '--log-level', 'DEBUG', *options]
        done = c3(*options, cwd=tmp_path, env={'HOME': tmp_path, 'PIP_FIND_LINKS': None, **(env or {})})
        done.image = f'{made[-1]}:0.1'
        return done

    yield function
    for image in {f'{name}:{tag}' for name in made for tag in ('0.1', 'latest')}:
        run('docker', 'rmi', '--force', image)


def line(index, *more):
    """Give a requirement line for the package of an index."""
    return f'# pip install --index-url {index.url} --trusted-host {host_address()} {" ".join(more or ["c3own"])}'


def netrc(folder, name='netrc', host=None):
    """Write a netrc file with the login, and those of others."""
    machine = f'machine {host or host_address()} login {USER} password {PASSWORD}\n'
    return write(folder / name, f'machine other.example login eve password other\n{machine}default login a password b\n')


def address(index):
    """Give the address of an index with the login in it."""
    return index.url.replace('://', f'://{USER}:{quote(PASSWORD, safe="")}@')


def has_no_trace(image, done, folder, but=()):
    """Insist that nothing of an image, of what was said and of what was written holds the login."""
    texts = {'output': done.stdout.encode() + done.stderr.encode()}
    texts |= {str(path): path.read_bytes() for path in folder.rglob('*') if path.is_file() and path not in but}
    if image:
        texts['history'] = docker('history', '--no-trunc', '--format', '{{json .}}', image).encode()
        texts['configuration'] = json.dumps(image_config(image)).encode()
        archive = folder / 'saved.tar'
        docker('save', '--output', archive, image)
        with tarfile.open(archive) as outer:
            for member in outer.getmembers():
                texts |= unpacked(member.name, outer.extractfile(member).read()) if member.isfile() else {}
        archive.unlink()
    found = [name for name, text in texts.items() if any(trace in text for trace in TRACES)]
    assert not found, found


def unpacked(name, content):
    """Give a file of an archive and, of a layer, the files in it."""
    content = gzip.decompress(content) if content.startswith(b'\x1f\x8b') else content
    return {name: content}


def added_paths(image):
    """Give the paths of files that an image has more than its base."""
    listing = ['run', '--rm', '--entrypoint', 'sh', '--user', '0', '--network', 'none']
    find = 'find / -xdev -path /proc -prune -o -path /sys -prune -o -print'
    of = [set(docker(*listing, name, '-c', find).splitlines()) for name in (image, BASE)]
    return of[0] - of[1]


# Where logins come from


def sources(index, other, folder):
    """Give the ways to give a login: options and environment; files that hold it are in a folder."""
    host = host_address()
    secret = write(folder / 'login', f'{USER}:{PASSWORD}\n')
    halves = {'UV_INDEX_MY_OWN_USERNAME': USER, 'UV_INDEX_MY_OWN_PASSWORD': PASSWORD}
    return {
        'netrc': ([], {'NETRC': netrc(folder)}),
        'home': ([], {'HOME': netrc(folder, 'home/.netrc').parent}),
        'pip': ([], {'PIP_INDEX_URL': address(index)}),
        'pip-extra': ([], {'PIP_EXTRA_INDEX_URL': f'{other.url} {address(index)}'}),
        'uv': ([], {'UV_DEFAULT_INDEX': address(index)}),
        'uv-several': ([], {'UV_INDEX': f'other={other.url} own={address(index)}'}),
        'uv-named': ([], {'UV_INDEX': f'my-own={index.url}', **halves}),
        'uv-block': ([], halves),
        'host': (['--build-secret', f'{host}={secret}'], {}),
        'host-port': (['--build-secret', f'{index.host}=env:OWN_LOGIN'], {'OWN_LOGIN': f'{USER}:{PASSWORD}'}),
        'docker-file': (['--build-secret', f'id={index.host},src={secret}'], {}),
        'docker-env': (['--build-secret', f'id={index.host},type=env,env=OWN'], {'OWN': f'{USER}:{PASSWORD}'}),
    }


SOURCES = [
    'netrc',
    'home',
    'pip',
    'pip-extra',
    'uv',
    'uv-several',
    'uv-named',
    'uv-block',
    'host',
    'host-port',
    'docker-file',
    'docker-env',
]


def block(index):
    """Give the lines of a script block that names an index."""
    return ['# /// script', '# dependencies = []', '# [[tool.uv.index]]', '# name = "my-own"', f'# url = "{index.url}"', '# ///']


@pytest.mark.parametrize('source', SOURCES)
def test_credentials_reach_their_index_and_are_not_kept(build, private, public, tmp_path, source):
    options, env = sources(private, public, tmp_path / 'user')[source]
    lines = [*(block(private) if source == 'uv-block' else []), line(private)]
    done = succeeded(build(*lines, options=options, env=env))
    assert private.logins() == {basic((USER, PASSWORD))}
    assert docker('run', '--rm', done.image).strip() == 'own'
    kept = [path for path in (tmp_path / 'user').rglob('*') if path.is_file()]
    has_no_trace(done.image, done, tmp_path, but=kept)


def test_image_shows_no_trace_of_build_secrets(build, private, tmp_path):
    done = succeeded(build(line(private), env={'NETRC': netrc(tmp_path / 'user')}))
    strange = [path for path in added_paths(done.image) if 'c3-index' in path or path.startswith(('/run', '/mnt', '/tmp', '/root'))]
    assert strange == []
    dockerfile = next(tmp_path.glob('*.Dockerfile')).read_text()
    assert '--mount' not in dockerfile and f'pip install --no-cache-dir --index-url {private.url}' in dockerfile
    assert any('c3own.py' in path for path in added_paths(done.image))
    assert 'direct_url' not in ' '.join(added_paths(done.image))


def test_packages_of_the_base_image_are_not_fetched(build, private, tmp_path):
    template = f'FROM {BASE}\nUSER root\nRUN python -m pip install --no-cache-dir --no-deps c3below --index-url {address(private)} --trusted-host {host_address()}\n'
    base = f'c3-test/below:{secrets.token_hex(4)}'
    write(tmp_path / 'base/Dockerfile', template)
    docker('build', '--quiet', '--tag', base, tmp_path / 'base')
    private.asked.clear()
    try:
        done = succeeded(build(line(private), options=['--base-image', base], env={'NETRC': netrc(tmp_path / 'user')}))
        assert not any('c3below' in path for path, _ in private.asked)
        assert docker('run', '--rm', done.image).strip() == 'own'
    finally:
        run('docker', 'rmi', '--force', done.image, base)


def test_changed_requirements_invalidate_the_cache(build, private, tmp_path):
    env = {'NETRC': netrc(tmp_path / 'user')}
    succeeded(build('# pip install -r requirements.txt', env=env, name='again') if write(tmp_path / 'requirements.txt', 'c3below\n' + file_lines(private)) else None)
    write(tmp_path / 'requirements.txt', 'c3own\n' + file_lines(private))
    done = succeeded(build('# pip install -r requirements.txt', env=env, name='again'))
    assert docker('run', '--rm', done.image).strip() == 'own'


def file_lines(index):
    """Give the lines of a requirement file that name an index."""
    return f'--index-url {index.url}\n--trusted-host {host_address()}\n'


def test_every_url_of_a_build_gets_its_credentials(build, private, public, packages, tmp_path):
    [name] = [name for name in packages if name.startswith('c3direct')]
    write(tmp_path / 'requirements.txt', f'-r more/base.txt\nc3own  # ours\nc3direct @ {private.address(name)}\n')
    write(tmp_path / 'more/base.txt', f'{file_lines(public)}--extra-index-url={private.url}\nc3public\n-c ../limits.txt\n')
    write(tmp_path / 'limits.txt', 'c3own<2\n')
    env = {'NETRC': None, 'PIP_EXTRA_INDEX_URL': address(private)}
    done = succeeded(build('# pip install -r requirements.txt', env=env, code='import c3own, c3direct, c3public\n'))
    assert docker('run', '--rm', done.image).split() == ['own', 'direct']
    assert private.logins() == {basic((USER, PASSWORD))} and public.logins() == set()
    has_no_trace(done.image, done, tmp_path)


def test_grid_wrappers_get_credentials_too(build, private, tmp_path):
    code = 'import c3own\ndef grid_process(batch_id):\n    pass\n'
    secret = write(tmp_path / 'user/login', f'{USER}:{PASSWORD}')
    options = ['--build-secret', f'{private.host}={secret}']
    done = succeeded(build(line(private), code=code, name='many', command='create-gridwrapper', options=options))
    has_no_trace('claimed-gw-many:0.1', done, tmp_path, but=[secret])
    run('docker', 'rmi', '--force', 'claimed-gw-many:0.1', 'claimed-gw-many:latest')


def test_index_set_in_the_base_image_gets_its_credentials(build, private, tmp_path):
    base = f'c3-test/configured:{secrets.token_hex(4)}'
    write(tmp_path / 'base/Dockerfile', f'FROM {BASE}\nENV PIP_INDEX_URL={private.url} PIP_TRUSTED_HOST={host_address()}\n')
    docker('build', '--quiet', '--tag', base, tmp_path / 'base')
    done = build('# pip install c3own', options=['--base-image', base], env={'NETRC': netrc(tmp_path / 'user')})
    try:
        succeeded(done)
        assert docker('run', '--rm', done.image).strip() == 'own'
        has_no_trace(done.image, done, tmp_path, but=[tmp_path / 'user/netrc'])
    finally:
        run('docker', 'rmi', '--force', done.image, base)


TEMPLATE = """FROM ${base_image}
USER root
%s
${requirements_docker}
${additional_files_docker}
USER 1001
WORKDIR ${working_dir}
ENTRYPOINT ["python", "${working_dir}${target_dir}${target_code}"]
"""


def test_index_set_in_a_template_gets_its_credentials(build, private, tmp_path):
    write(tmp_path / 'template', TEMPLATE % f'ENV PIP_INDEX_URL={private.url} PIP_TRUSTED_HOST={host_address()}')
    options = ['--dockerfile-template', 'template']
    done = succeeded(build('# pip install c3own', options=options, env={'NETRC': netrc(tmp_path / 'user')}))
    assert docker('run', '--rm', done.image).strip() == 'own'
    has_no_trace(done.image, done, tmp_path, but=[tmp_path / 'user/netrc'])


# Who gets none


def test_other_indexes_get_no_credentials(build, private, tmp_path):
    with serving(wheel('c3public')) as other:
        asking = line(private, f'--extra-index-url {other.url} c3own c3public')
        succeeded(build(asking, env={'PIP_INDEX_URL': address(private), 'NETRC': None}))
        assert other.asked and other.logins() == set()


def test_hosts_linked_by_an_index_get_no_credentials(build, packages, tmp_path):
    with serving(packages) as elsewhere, serving(packages, login=(USER, PASSWORD), elsewhere=elsewhere) as index:
        succeeded(build(line(index), env={'NETRC': netrc(tmp_path / 'user')}))
        assert elsewhere.asked and elsewhere.logins() == set()


def test_credentials_of_unused_hosts_are_not_passed_to_builds(build, public, tmp_path):
    secret = write(tmp_path / 'user/login', 'no login at all\n')
    options = ['--build-secret', f'other.example={secret}', '--no-cache']
    env = {'NETRC': netrc(tmp_path / 'user', host='third.example'), 'PIP_INDEX_URL': 'http://eve:hunter2@fourth.example/simple'}
    done = succeeded(build(line(public, 'c3public'), options=options, env=env, code=''))
    assert 'fetch.py' not in done.stderr and public.logins() == set()
    assert 'nothing in the build' in done.stderr and '`other.example`' in done.stderr


def test_third_party_setup_code_sees_no_credentials(build, private, public, tmp_path):
    before = line(public, 'c3planter --no-build-isolation')
    after = line(public, 'c3evil --no-build-isolation')
    tools = '# pip install setuptools'
    done = succeeded(build(tools, before, line(private), after, env={'PIP_INDEX_URL': address(private)}, options=['--no-cache']))
    assert private.logins() == {basic((USER, PASSWORD))}
    seen = docker('run', '--rm', '--entrypoint', 'cat', done.image, '/opt/seen')
    assert seen.replace('[]', '') == ''
    has_no_trace(done.image, done, tmp_path)


def test_sources_are_not_built_where_credentials_are_mounted(build, private, tmp_path):
    done = build(line(private, 'c3sources'), env={'NETRC': netrc(tmp_path / 'user')})
    refused(done, 1, r'no matching distribution found for c3sources', 'wheels only', 'line of its own')
    assert 'SEEN' not in done.stderr
    has_no_trace(None, done, tmp_path, but=[tmp_path / 'user/netrc'])


@pytest.mark.parametrize('word', ['git+https://git.example/a/b', '-e git+https://git.example/a/b', 'b@https://b.example/b.tar.gz', '--no-binary :all:'])
def test_source_builds_are_rejected_with_credentials(build, private, tmp_path, word):
    env = {'NETRC': netrc(tmp_path / 'user')}
    refused(build(line(private, 'c3own', word), env=env), 1, 'no build may see the login of', 'line of its own')
    write(tmp_path / 'requirements.txt', f'{file_lines(private)}c3own\n{word}\n')
    refused(build('# pip install -r requirements.txt', env=env), 1, 'no build may see the login of')
    assert private.asked == []


# What templates mount


def test_templates_can_mount_given_secrets(build, tmp_path):
    mounts = 'RUN --mount=type=secret,id=token --mount=type=secret,id=other cat /run/secrets/token && sha256sum /run/secrets/token > /opt/sum && test ! -e /run/secrets/other'
    write(tmp_path / 'template', TEMPLATE % mounts)
    secret = write(tmp_path / 'user/token', 'hunter2-token\n')
    options = ['--dockerfile-template', 'template', '--build-secret', f'token={secret}', '--no-cache']
    done = succeeded(build(options=options, code=''))
    assert '****' in done.stderr
    assert docker('run', '--rm', '--entrypoint', 'sh', done.image, '-c', 'sha256sum < /dev/null; cat /opt/sum').count('/run/secrets/token') == 1
    has_no_trace(done.image, done, tmp_path, but=[secret])


def test_templates_cannot_mount_index_credentials(build, private, tmp_path):
    write(tmp_path / 'template', TEMPLATE % 'RUN --mount=type=secret,id=c3-index-0 cat /run/secrets/c3-index-0')
    options = ['--dockerfile-template', 'template']
    done = build(line(private), options=options, env={'NETRC': netrc(tmp_path / 'user')})
    refused(done, 1, 'mounts the secret `c3-index-0`', "c3's own")


def test_registry_logins_still_apply(build, namespace, tmp_path):
    image = f'{CLOSED_REGISTRY}/{namespace}/tools:1'
    config = {'auths': {CLOSED_REGISTRY: {'auth': base64.b64encode(':'.join(LOGIN).encode()).decode()}}}
    write(tmp_path / 'docker/config.json', json.dumps(config))
    docker('tag', BASE, image)
    docker('--config', tmp_path / 'docker', 'push', '--quiet', image)
    docker('rmi', image)
    text = f'FROM {image} AS tools\n{TEMPLATE % "COPY --from=tools /etc/hostname /opt/copied"}'
    write(tmp_path / 'template', text)
    options = ['--dockerfile-template', 'template', '--no-cache']
    succeeded(build(options=options, code='', env={'DOCKER_CONFIG': tmp_path / 'docker'}))
    refused(build(options=options, code='', env={'DOCKER_CONFIG': tmp_path / 'none'}), 1, 'unauthorized')


@pytest.mark.parametrize(
    ('secret', 'code', 'message'),
    [
        ('token', 2, 'ID=FILE'),
        ('c3-index-0=file', 2, "c3's own"),
        ('id=token,uid=3', 2, 'ID=FILE'),
    ],
)
def test_invalid_build_secret_is_a_usage_error(build, secret, code, message):
    refused(build(options=['--build-secret', secret]), code, message)


def test_missing_build_secret_is_reported_before_the_build(build, private, tmp_path):
    secret = write(tmp_path / 'user/login', 'a token\n')
    for given, message in {
        '/nonexistent': 'cannot read the build secret',
        'env:C3_NOT_SET': '`C3_NOT_SET` is not set',
        secret: 'not a login for that host',
    }.items():
        refused(build(line(private), options=['--build-secret', f'{private.host}={given}']), 1, message)
    assert private.asked == []


# Who is refused


@pytest.mark.parametrize('refusal', [401, 403])
@pytest.mark.parametrize('builder', ['docker', 'oci'])
def test_wrong_credentials_are_reported_with_host_and_source(build, alone, packages, tmp_path, refusal, builder):
    secret = write(tmp_path / 'user/login', f'{USER}:hunter2-wrong\n')
    with serving(packages, login=(USER, PASSWORD), refusal=refusal) as index:
        options = [*alone(builder)[0], '--build-secret', f'{index.host}={secret}']
        done = build(line(index), options=options, env=alone(builder)[1])
        refused(done, 1, f'hint: `{index.host}` (refuses|is asked with) the login .*--build-secret')
        has_no_trace(None, done, tmp_path, but=[secret])


@pytest.mark.parametrize('refusal', [401, 403])
@pytest.mark.parametrize('builder', ['docker', 'oci'])
def test_missing_credentials_are_reported_with_a_hint(build, alone, packages, refusal, builder):
    with serving(packages, login=(USER, PASSWORD), refusal=refusal) as index:
        done = build(line(index), options=alone(builder)[0], env=alone(builder)[1])
        refused(done, 1, f'hint: `{index.host}` (wants|is asked without) a login', '--build-secret .*=FILE', 'netrc', 'PIP_INDEX_URL')
        assert 'Traceback' not in done.stderr.partition('error: the image')[2]


@pytest.mark.parametrize('engine', ['classic', 'podman'])
def test_builders_that_would_keep_secrets_are_rejected(build, private, tmp_path, engine):
    env = {'DOCKER_BUILDKIT': '0'} if engine == 'classic' else {'DOCKER_HOST': PODMAN_SOCKET}
    done = build(line(private), env={'NETRC': netrc(tmp_path / 'user'), **env})
    refused(done, 3, f'the login of `{private.host}`', 'stay in the image', '--builder oci')
    write(tmp_path / 'template', TEMPLATE % 'RUN --mount=type=secret,id=token true')
    secret = write(tmp_path / 'user/token', 'hunter2\n')
    options = ['--dockerfile-template', 'template', '--build-secret', f'token={secret}']
    refused(build(options=options, env=env), 3, 'a build secret', 'stay in the image')
    assert private.asked == []


# Without an engine


@pytest.fixture(scope='session')
def registry_base(namespace):
    """Push the base image to the registry, and give its name there."""
    name = f'{OPEN_REGISTRY}/{namespace}/base-secrets:1'
    docker('tag', BASE, name)
    docker('push', '--quiet', name)
    return name


@pytest.fixture
def alone(registry_base, tmp_path_factory):
    """Give the options and the environment of a builder: the engine's, or c3's own."""

    def function(builder):
        if builder == 'docker':
            return ['--no-cache'], {}
        path = f'{venv("uv", "uv").parent}:/usr/bin:/bin'
        cache = {name: tmp_path_factory.mktemp(name) for name in ('XDG_CACHE_HOME', 'UV_CACHE_DIR')}
        return ['--builder', 'oci', '--base-image', registry_base], {'DOCKER_HOST': 'unix:///nonexistent', 'PATH': path, **cache}

    return function


@pytest.mark.parametrize('source', SOURCES)
def test_local_installers_get_the_credentials_of_their_index(build, alone, private, public, packages, tmp_path, source):
    options, env = sources(private, public, tmp_path / 'user')[source]
    own_options, own_env = alone('oci')
    write(tmp_path / 'requirements.txt', f'c3direct @ {private.address(next(name for name in packages if name.startswith("c3direct")))}\n')
    lines = [*(block(private) if source == 'uv-block' else []), line(private), '# pip install -r requirements.txt']
    done = succeeded(build(*lines, options=[*own_options, *options], env={**own_env, **env}, name='alone'))
    assert private.logins() == {basic((USER, PASSWORD))}
    kept = [path for path in (tmp_path / 'user').rglob('*') if path.is_file()]
    docker('load', '--input', tmp_path / 'alone.image.tar')
    assert docker('run', '--rm', done.image).strip() == 'own'
    has_no_trace(done.image, done, tmp_path, but=kept)
    cached = [path for path in own_env['XDG_CACHE_HOME'].rglob('*') if path.is_file()]
    assert cached and not [path for path in cached if any(trace in path.read_bytes() for trace in TRACES)]


def test_local_installers_get_no_other_credentials(build, alone, private, tmp_path):
    options, env = alone('oci')
    with serving(wheel('c3public'), login=('eve', 'other')) as other:
        env |= {'PIP_EXTRA_INDEX_URL': address(private), 'NETRC': None, 'UV_INDEX_OTHER_USERNAME': USER, 'UV_INDEX_OTHER_PASSWORD': PASSWORD}
        done = build(line(private, f'--extra-index-url {other.url} c3own c3public'), options=options, env=env)
        refused(done, 1, f'`{other.host}` is asked without a login')
        assert other.asked and other.logins() == set()


def test_local_installers_do_not_get_the_netrc_file(build, alone, packages, tmp_path):
    options, env = alone('oci')
    login = {'login': (USER, PASSWORD)}
    with serving(packages, **login) as elsewhere, serving(packages, **login, elsewhere=elsewhere) as index:
        env |= {'HOME': netrc(tmp_path / 'user', '.netrc').parent}
        refused(build(line(index), options=options, env=env), 1, elsewhere.host)
        assert index.logins() == {basic((USER, PASSWORD))}
        assert elsewhere.asked and elsewhere.logins() == set()
