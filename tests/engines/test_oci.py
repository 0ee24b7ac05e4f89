"""Images made without an engine: the same as Docker's, pushed whole or not at all."""

import base64
import concurrent.futures
import hashlib
import http.client
import http.server
import io
import json
import os
import secrets
import shutil
import signal
import subprocess
import tarfile
import threading
import time
import urllib.request

import pytest
from images import described, docker, image_config, registry_json, tags
from operators import NAMES, TABLE, create, run_image, seen
from package_index import serving, wheel
from runners import collected, run_components, run_step
from support import (
    BASE,
    C3,
    CLOSED_REGISTRY,
    HOSTILE,
    LOGIN,
    OPEN_REGISTRY,
    PODMAN_LIMITS,
    PODMAN_SOCKET,
    c3,
    environment,
    podman,
    refused,
    run,
    snapshot,
    succeeded,
    venv,
    write,
)

OCI = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json'
REQUIRING = '''\
"""Needs things."""
# pip install -r requirements.txt
# pip install 'charset-normalizer==3.4.0'
import pathlib

import charset_normalizer
import six

print(six.__version__, charset_normalizer.__version__, pathlib.Path('data/names.txt').read_text().split()[0])
'''


@pytest.fixture(scope='session')
def base(namespace):
    """Push the base image to the registry, and give its name there."""
    name = f'{OPEN_REGISTRY}/{namespace}/base:1'
    docker('tag', BASE, name)
    docker('push', '--quiet', name)
    return name


@pytest.fixture(scope='session')
def alone(session_folder):
    """Give the environment of a machine without an engine: uv, an own cache, and a socket that nobody listens at."""
    path = f'{venv("uv", "uv").parent}:/usr/bin:/bin'
    return {'DOCKER_HOST': 'unix:///nonexistent', 'XDG_CACHE_HOME': session_folder / 'cache', 'PATH': path}


@pytest.fixture
def make(base, alone):
    """Give a function that makes an image without an engine, and gives the summary."""

    def function(folder, *arguments, env=None, command='create-operator'):
        options = ['--builder', 'oci', '--base-image', base, '--format', 'json', '--overwrite']
        done = succeeded(c3(command, *options, *arguments, cwd=folder, env={**alone, **(env or {})}))
        return json.loads(done.stdout)

    return function


@pytest.fixture(scope='session')
def requiring(session_folder):
    """Give the folder of an operator with requirements and an additional file."""
    folder = session_folder / 'oci'
    write(folder / 'requiring.py', REQUIRING)
    write(folder / 'data/names.txt', NAMES)
    write(folder / 'data/tool.sh', '#!/bin/sh\n').chmod(0o755)
    write(folder / 'requirements.txt', 'six==1.17.0\n')
    return folder


FILES = ['requiring.py', 'data/*']

# Where Python is


@pytest.fixture(scope='session')
def untold(namespace, session_folder):
    """Give a function that pushes a base image made by some lines, and gives its name."""

    def function(name, *lines):
        folder = session_folder / 'untold' / name
        write(folder / 'Dockerfile', '\n'.join([f'FROM {BASE}', *lines, '']))
        image = f'{OPEN_REGISTRY}/{namespace}/{name}:1'
        docker('build', '--quiet', '--tag', image, folder)
        docker('push', '--quiet', image)
        return image

    return function


def test_python_is_located_from_layers_if_the_config_lacks_it(make, untold, requiring, namespace):
    base = untold('nameless', 'ENV PYTHON_VERSION=', 'RUN python -m pip install --no-cache-dir six==1.17.0')
    options = ['--base-image', base, '-r', f'{OPEN_REGISTRY}/{namespace}']
    image = make(requiring, *FILES, *options)['image']
    docker('pull', '--quiet', image)
    assert docker('run', '--rm', image).split() == ['1.17.0', '3.4.0', NAMES.split()[0]]


@pytest.mark.parametrize(
    ('name', 'lines', 'why'),
    [
        ('other', ['ENV PYTHON_VERSION=', 'RUN python -m pip install --no-cache-dir six==1.16.0'], 'has `six` 1.16.0'),
        ('none', ['ENV PYTHON_VERSION= PATH=/sbin'], 'there is no `python`'),
    ],
)
def test_bases_that_need_an_engine_are_reported(alone, untold, requiring, namespace, name, lines, why):
    options = ['--builder', 'oci', '--base-image', untold(name, *lines), '-r', f'{OPEN_REGISTRY}/{namespace}']
    done = c3('create-operator', *FILES, *options, '--overwrite', cwd=requiring, env=alone)
    assert done.returncode == 3 and why in done.stderr and 'start a container engine' in done.stderr


# The same image


def file_system(image):
    """Give everything in an image: path to kind, mode, owner, target and content."""
    container = docker('create', image, 'x').strip()
    try:
        archive = subprocess.run(['docker', 'export', container], capture_output=True, check=True).stdout
    finally:
        docker('rm', container)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {entry.name: described(tar, entry) for entry in tar}


def explained(path):
    """Tell whether a difference is one of those that are meant."""
    # Byte code is not compiled; so the lists of installed files have no lines for it, and they name another installer.
    if path.endswith('.pyc') or path.endswith('__pycache__'):
        return True
    return '.dist-info/' in path and path.rsplit('/', 1)[1] in ('INSTALLER', 'RECORD')


def same_file_system(own, theirs):
    """Insist on the same files in two images, and give those of the first."""
    ours, built = file_system(own), file_system(theirs)
    differing = {path for path in ours.keys() | built.keys() if ours.get(path) != built.get(path)}
    assert {path for path in differing if not explained(path)} == set()
    return ours


def test_file_system_matches_the_docker_build(make, base, requiring, repository, tmp_path):
    own = make(requiring, *FILES, '-r', f'{repository}/same', '-v', '1', '-o', tmp_path)['image']
    options = ['-r', f'{repository}/theirs', '-v', '1', '-o', tmp_path / 'theirs', '--local-mode']
    theirs = create(requiring, *FILES, *options, '--builder', 'docker', '--base-image', base)
    docker('pull', '--quiet', own)
    assert any(path.endswith('bin/normalizer') for path in same_file_system(own, theirs))
    assert succeeded(run_image(own)).stdout == succeeded(run_image(theirs)).stdout == '1.17.0 3.4.0 Zoë\n'
    one, other = image_config(own)['Config'], image_config(theirs)['Config']
    for name in ('User', 'WorkingDir', 'Entrypoint', 'Env', 'Labels'):
        assert one[name] == other[name], name
    assert (one['Cmd'] or []) == (other['Cmd'] or [])


def layers_and_content(image):
    """Give the media types of an image's layers, and the digests of what they hold."""
    place, _, tag = image.partition('/')[2].rpartition(':')
    manifest, _ = registry_json(f'{place}/manifests/{tag}', {'Accept': OCI})
    config, _ = registry_json(f'{place}/blobs/{manifest["config"]["digest"]}')
    return [layer['mediaType'].rpartition('+')[2] for layer in manifest['layers']], config['rootfs']['diff_ids']


def run_by_podman(image):
    """Run an image with Podman: the Docker Engine of the tests is older than layers of zstd."""
    said = podman('run', '--rm', *PODMAN_LIMITS, image)
    podman('rmi', '--force', image)
    return said


def test_layer_compression_is_configurable(make, requiring, repository, tmp_path):
    options = ['-v', '1', '-o', tmp_path]
    gzip = make(requiring, *FILES, *options, '-r', f'{repository}/gzip')['image']
    archive = tmp_path / 'image.tar'
    options += ['--compression', 'zstd', '--archive', archive]
    own = make(requiring, *FILES, *options, '-r', f'{repository}/zstd')['image']
    (forms, content), (_, other) = layers_and_content(own), layers_and_content(gzip)
    assert forms[0] == 'gzip' and forms[-2:] == ['zstd', 'zstd'] and content == other
    assert run_by_podman(own) == run_by_podman(gzip) == '1.17.0 3.4.0 Zoë\n'
    # Such an image is a base like any other, in a registry and on disk, also where its layers have to be read.
    write(tmp_path / 'step.py', '# pip install toolz==1.0.0\nimport six, toolz\nprint(six.__version__, toolz.__version__)\n')
    for number, below in enumerate([own, f'docker-archive:{archive}']):
        above = make(tmp_path, 'step.py', '--base-image', below, '-r', f'{repository}/above{number}')['image']
        assert layers_and_content(above)[0][: len(forms)] == forms
        assert run_by_podman(above) == '1.17.0 1.0.0\n'


def test_compression_option_requires_the_oci_builder(requiring, tmp_path):
    done = c3('create-operator', *FILES, '-o', tmp_path, '--builder', 'docker', '--compression', 'zstd', cwd=requiring)
    refused(done, 2, '--builder oci')


PLACES = {
    'shared/__init__.py': 'name = "upper"\n',
    'shared/odd, name.txt': 'odd',
    'upper-1.0.data/scripts/greet': '#!python\nimport upper, shared\nprint(shared.name)\n',
    'upper-1.0.data/scripts/shell': '#!/bin/sh\necho hello\n',
    'upper-1.0.data/data/share/upper/x.txt': 'data',
    'upper-1.0.data/headers/upper.h': '#define UPPER 1\n',
    'upper-1.0.data/purelib/pure/__init__.py': '',
    'upper-1.0.data/platlib/native/__init__.py': '',
    'upper-1.0.dist-info/entry_points.txt': '[console_scripts]\nupper-say = upper:say\n',
}


def test_wheels_are_unpacked_as_by_pip(make, base, repository, tmp_path):
    lower = wheel('lower', files={'shared/__init__.py': 'name = "lower"\n', 'zz/lower.txt': ''})
    upper = wheel('upper', code='def say():\n    print("said")\n', requires=['lower'], files=PLACES)
    script = 'import os, shared\nprint(shared.name, flush=True)\nos.system("upper-say")\n'
    with serving({**lower, **upper}) as index:
        host = index.host.partition(':')[0]
        command = f'pip install --index-url {index.url} --trusted-host {host} upper'
        write(tmp_path / 'step.py', f'"""Step."""\n# {command}\n{script}')
        own = make(tmp_path, 'step.py', '-r', f'{repository}/places', '-v', '1', '-o', tmp_path / 'own')['image']
        options = ['-r', f'{repository}/theirs', '-v', '1', '-o', tmp_path / 'theirs', '--local-mode']
        theirs = create(tmp_path, 'step.py', *options, '--builder', 'docker', '--base-image', base)
    docker('pull', '--quiet', own)
    paths = same_file_system(own, theirs).keys()
    for end in ('/pure/__init__.py', '/native/__init__.py', '/share/upper/x.txt', '/upper/upper.h', '/zz/lower.txt'):
        assert any(path.endswith(end) for path in paths), end
    assert succeeded(run_image(own)).stdout.splitlines()[:2] == ['upper', 'said']


def test_operators_share_the_layer_of_a_wheel(make, repository, tmp_path):
    def layers(name, *packages):
        write(tmp_path / f'{name}.py', f'"""Step."""\n# pip install {" ".join(packages)}\nimport six\n')
        env = {'XDG_CACHE_HOME': tmp_path / f'cache-{name}'}
        make(tmp_path, f'{name}.py', '-r', f'{repository}/share', '-v', '1', '-o', tmp_path / 'out', env=env)
        return own_layers(f'{repository.partition("/")[2]}/share/claimed-{name}', '1')

    one, other = layers('one', 'six==1.17.0'), layers('other', 'toolz==1.0.0', 'six==1.17.0')
    assert (len(one), len(other)) == (3, 4)
    assert len(set(one) & set(other)) == 1


def test_many_wheels_are_grouped_into_few_layers(make, repository, tmp_path):
    names = [f'small{number}' for number in range(100)]
    wheels = {file: content for name in names for file, content in wheel(name, code=f'name = "{name}"\n').items()}
    with serving(wheels) as index:
        host = index.host.partition(':')[0]
        command = f'pip install --index-url {index.url} --trusted-host {host} {" ".join(names)}'
        write(tmp_path / 'many.py', f'"""Many."""\n# {command}\nprint(1)\n')
        make(tmp_path, 'many.py', '-r', f'{repository}/many', '-v', '1', '-o', tmp_path / 'out')
    place = f'{repository.partition("/")[2]}/many/claimed-many'
    layers = own_layers(place, '1', base=0)
    assert 90 < len(layers) < 100
    paths = [path for layer in layers[1:] for path in paths_of(place, layer)]
    modules = sorted(path.rpartition('/')[2] for path in paths if '/small' in path and path.endswith('.py'))
    assert modules == sorted(f'{name}.py' for name in names)


@pytest.mark.parametrize('path', ['../../../../evil.py', '/evil.py', 'bad-1.0.data/elsewhere/x'])
def test_wheels_cannot_write_outside_site_packages(path, base, alone, repository, tmp_path):
    with serving(wheel('bad', files={path: ''})) as index:
        host = index.host.partition(':')[0]
        command = f'pip install --index-url {index.url} --trusted-host {host} bad'
        write(tmp_path / 'step.py', f'"""Step."""\n# {command}\n')
        options = ['--builder', 'oci', '--base-image', base, '-r', f'{repository}/bad', '-v', '1']
        refused(c3('create-operator', 'step.py', *options, cwd=tmp_path, env=alone), 1, 'bad-1.0-py3-none-any.whl', 'refused')
    assert tags(f'{repository}/bad/claimed-step') == []


def test_the_image_runs_everywhere(make, workspace, repository, tmp_path):
    summary = make(workspace, 'probe.py', 'data/*.txt', '-r', f'{repository}/runs', '--pin', '-o', tmp_path)
    image = summary['image']
    assert image.endswith(f':0.1@{summary["digest"]}')
    assert all(image in (tmp_path / f'probe.{kind}').read_text() for kind in ('yaml', 'job.yaml', 'cwl'))
    own = summary['image'].partition('@')[0]
    assert tags(own.rpartition(':')[0]) == ['0.1', 'latest']
    for engine in ('unix:///var/run/docker.sock', PODMAN_SOCKET):
        done = run('docker', '--host', engine, 'run', '--rm', *PODMAN_LIMITS, image, '--text', HOSTILE)
        assert seen(succeeded(done).stdout)['text'] == HOSTILE
    component = {'component': str(tmp_path / 'probe.yaml'), 'arguments': {'text': HOSTILE}}
    [result] = run_components({'probe': [component]}, tmp_path / 'kubeflow').values()
    assert 'error' not in result and seen(result['log'])['text'] == HOSTILE
    step = succeeded(run_step(tmp_path / 'probe.cwl', {'text': HOSTILE}, tmp_path))
    assert seen(step.stderr)['text'] == HOSTILE and collected(step)['table'] == TABLE


def test_files_with_pinned_images_are_replaced(base, alone, repository, tmp_path):
    options = ['--builder', 'oci', '--base-image', base, '-r', f'{repository}/pinned', '--pin']
    for number in (1, 2):
        write(tmp_path / 'step.py', f'print({number})\n')
        succeeded(c3('create-operator', 'step.py', *options, cwd=tmp_path, env=alone))
        assert f'claimed-step:0.{number}@sha256:' in (tmp_path / 'step.yaml').read_text()


def test_base_is_copied_to_another_registry_with_a_login(make, requiring, tmp_path, namespace):
    login = base64.b64encode(':'.join(LOGIN).encode()).decode()
    write(tmp_path / 'config/config.json', json.dumps({'auths': {CLOSED_REGISTRY: {'auth': login}}}))
    env = {'DOCKER_CONFIG': tmp_path / 'config'}
    place = f'{CLOSED_REGISTRY}/{namespace}/oci'
    image = make(requiring, *FILES, '-r', place, '-o', tmp_path / 'out', env=env)['image']
    docker('--config', tmp_path / 'config', 'pull', '--quiet', image)
    assert succeeded(run_image(image)).stdout == '1.17.0 3.4.0 Zoë\n'


# Without a repository, without an engine


def test_without_a_repository_there_is_an_archive(base, alone, requiring, tmp_path, namespace):
    name = namespace.replace('-', '_')
    write(tmp_path / f'{name}.py', 'print("from an archive")\n')
    options = ['--builder', 'oci', '--base-image', base]
    done = succeeded(c3('create-operator', f'{name}.py', *options, cwd=tmp_path, env=alone))
    assert f'docker load -i {name}.image.tar' in done.stderr
    for engine in ('unix:///var/run/docker.sock', PODMAN_SOCKET):
        succeeded(run('docker', '--host', engine, 'load', '--input', tmp_path / f'{name}.image.tar'))
        image = f'claimed-{namespace}:0.1'
        assert succeeded(run('docker', '--host', engine, 'run', '--rm', *PODMAN_LIMITS, image)).stdout == 'from an archive\n'
        run('docker', '--host', engine, 'rmi', '--force', image, f'claimed-{namespace}:latest')
    # The next run doesn't take the archive for an additional file.
    again = c3('create-operator', f'{name}.py', '*', *options, '--overwrite', cwd=tmp_path, env=alone)
    assert 'no file matches' in again.stderr or again.returncode == 0


@pytest.mark.parametrize('kind', ['docker-archive', 'oci-archive', 'oci'])
def test_a_base_image_may_lie_on_disk(kind, make, base, alone, repository, tmp_path):
    write(tmp_path / 'step.py', '# pip install six==1.17.0\nimport six\nprint(six.__version__)\n')
    own = tmp_path / 'base.tar'
    if kind == 'docker-archive':
        docker('save', '--output', own, BASE)
    else:
        write(tmp_path / 'other/other.py', 'print(1)\n')
        place = ['-o', tmp_path / 'other', '--archive', own]
        make(tmp_path / 'other', 'other.py', *place)
    if kind == 'oci':
        shutil.unpack_archive(own, tmp_path / 'base')
        own = tmp_path / 'base'
    options = ['--builder', 'oci', '--base-image', f'{kind}:{own}', '-r', f'{repository}/{kind}', '--format', 'json']
    done = succeeded(c3('create-operator', 'step.py', *options, cwd=tmp_path, env=alone))
    assert succeeded(run_image(json.loads(done.stdout)['image'])).stdout == '1.17.0\n'
    refused(c3('create-operator', 'step.py', '--base-image', f'{kind}:{own}', '--overwrite', cwd=tmp_path), 2, 'oci')


def test_without_an_engine_c3_builds_the_image_itself(base, alone, repository, tmp_path):
    hidden = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /run && exec "$0" "$@"']
    write(tmp_path / 'step.py', 'print("alone")\n')
    options = ['--base-image', base, '-r', f'{repository}/alone']
    env = {**alone, 'DOCKER_HOST': None}
    done = succeeded(c3('create-operator', 'step.py', *options, cwd=tmp_path, env=env, before=hidden))
    assert 'no container engine answers' in done.stderr
    assert succeeded(run_image(done.stdout.splitlines()[0])).stdout == 'alone\n'
    done = c3('create-operator', 'step.py', *options, '--overwrite', '--builder', 'docker', cwd=tmp_path, env=env, before=hidden)
    refused(done, 3, 'no container engine')
    # An engine that is named is meant.
    refused(c3('create-operator', 'step.py', *options, '--overwrite', cwd=tmp_path, env=alone), 3, '/nonexistent')


NEEDS_A_BUILD = {
    'system package': ('# dnf install git\nprint(1)\n', [], r'step\.py:1', 'dnf install git'),
    'sources': ('print(1)\n# pip install six git+https://example.org/a.git\n', [], r'step\.py:2', 'git[+]https'),
    'option': ('# pip install -e .\n', [], r'step\.py:1', '-e'),
    'requirement file': ('# pip install -r r.txt\n', [], 'r.txt', 'line 2', 'git[+]ssh'),
    'template': ('print(1)\n', ['--dockerfile-template', 'template'], 'template'),
}


@pytest.mark.parametrize('case', NEEDS_A_BUILD)
def test_requirements_that_need_a_build_are_rejected_immediately(case, tmp_path, alone):
    text, arguments, *messages = NEEDS_A_BUILD[case]
    write(tmp_path / 'step.py', text)
    write(tmp_path / 'r.txt', 'six\nx @ git+ssh://example.org/a.git\n')
    write(tmp_path / 'template', 'FROM ${base_image}\n${additional_files_docker}\nUSER 1001\n')
    before = snapshot(tmp_path)
    options = ['--builder', 'oci', '-r', '127.0.0.1:1/nowhere', '-v', '1', *arguments]
    refused(c3('create-operator', 'step.py', *options, cwd=tmp_path, env=alone), 1, *messages, 'hint')
    assert snapshot(tmp_path) == before


def test_r_packages_are_refused(tmp_path, alone):
    write(tmp_path / 'step.R', 'install.packages("readr")\n')
    options = ['--builder', 'oci', '-r', '127.0.0.1:1/nowhere', '-v', '1']
    refused(c3('create-operator', 'step.R', *options, cwd=tmp_path, env=alone), 1, r'step\.R:1', 'readr')


UNAVAILABLE = {
    'no such package': ('c3-has-no-such-package', [], 1, ['c3-has-no-such-package']),
    'no wheel': ('docopt==0.6.2', [], 1, ['docopt', 'wheel']),
    'another python': ('six', ['--image-version', 'python3.9'], 3, ['not 3.9']),
    'no base': ('six', ['--base-image', f'{OPEN_REGISTRY}/none:1'], 3, ['none']),
    'no platform': ('six', ['--platform', 'linux/s390x'], 3, ['linux/s390x']),
}


@pytest.mark.parametrize('case', UNAVAILABLE)
def test_failed_downloads_change_nothing(case, base, alone, repository, tmp_path):
    package, arguments, code, messages = UNAVAILABLE[case]
    write(tmp_path / 'step.py', f'# pip install {package}\nprint(1)\n')
    before = snapshot(tmp_path)
    own = f'{repository}/unavailable'
    named = [] if '--base-image' in arguments else ['--base-image', base]
    options = ['--builder', 'oci', *named, '-r', own, *arguments]
    refused(c3('create-operator', 'step.py', *options, cwd=tmp_path, env=alone), code, *messages, 'hint')
    assert snapshot(tmp_path) == before
    assert tags(f'{own}/claimed-step') == []


# The same input, the same digest


def test_the_same_input_gives_the_same_digest(make, requiring, repository, tmp_path):
    def made(number, **env):
        env = {'XDG_CACHE_HOME': tmp_path / f'cache-{number}', **env}
        place = ['-r', f'{repository}/again-{number}', '-v', '1', '-o', tmp_path / str(number)]
        return make(requiring, *FILES, *place, env=env)['digest']

    for path in requiring.rglob('*.txt'):
        path.touch()
    assert made(1) == made(2)
    assert made(3, SOURCE_DATE_EPOCH='1') != made(1)


def test_concurrent_builds_share_a_cache(make, requiring, repository, tmp_path):
    env = {'XDG_CACHE_HOME': tmp_path / 'cache'}

    def layers(number):
        place = ['-r', f'{repository}/at-once', '-v', f'{number}', '-o', tmp_path / str(number)]
        image = make(requiring, *FILES, *place, env=env)['image'].partition('/')[2].partition(':')[0]
        return json.dumps(registry_json(f'{image}/manifests/{number}', {'Accept': OCI})[0]['layers'])

    with concurrent.futures.ThreadPoolExecutor() as pool:
        assert len(set(pool.map(layers, range(3)))) == 1
    assert list((tmp_path / 'cache/c3').rglob('.*')) == []


def test_small_cache_yields_the_same_image(make, requiring, repository, tmp_path):
    env = {'XDG_CACHE_HOME': tmp_path / 'cache', 'C3_CACHE_SIZE': '1'}

    def made(name, **env):
        write(tmp_path / name / 'requirements.txt', f'{name}\n')
        write(tmp_path / name / 'requiring.py', '"""Needs six."""\n# pip install -r requirements.txt\nimport six\n')
        place = ['-r', f'{repository}/small', '-v', '1', '-o', tmp_path / 'out']
        digest = make(tmp_path / name, 'requiring.py', *place, env=env)['digest']
        return digest, sorted(path.stem for path in (tmp_path / 'cache/c3/layers').glob('*.gz'))

    (first, one), (_, other) = made('six==1.17.0', **env), made('six==1.16.0', **env)
    assert (len(one), len(other)) == (1, 1) and one != other
    assert made('six==1.17.0', **env) == (first, one)


def test_edit_pushes_only_its_own_layer(base, alone, requiring, repository, tmp_path):
    folder = tmp_path / 'copy'
    shutil.copytree(requiring, folder)
    with Proxy() as proxy:
        near = [f'{proxy.host}/{place.partition("/")[2]}' for place in (base, f'{repository}/edits')]
        options = ['--builder', 'oci', '--overwrite', '--base-image', near[0], '-r', near[1]]
        succeeded(c3('create-operator', *FILES, *options, cwd=folder, env=alone))
        # The base is neither read nor sent: no piece is as large.
        assert proxy.most < 5_000_000
        for edited in ('requiring.py', 'data/names.txt'):
            with (folder / edited).open('a') as file:
                file.write('# edited\n')
            proxy.calls.clear()
            succeeded(c3('create-operator', *FILES, *options, cwd=folder, env=alone))
            sent = [path for method, path in proxy.calls if method == 'PUT' and '/blobs/' in path]
            assert len(sent) == 2, sent  # the layer with the file, and the configuration


# Several platforms


def test_one_index_for_several_platforms(make, base, alone, repository, tmp_path):
    both = two_platforms(base)
    write(tmp_path / 'step.py', '# pip install charset-normalizer==3.4.0\nimport charset_normalizer\nprint(1)\n')
    options = ['--builder', 'oci', '--base-image', both, '--platform', 'linux/amd64,linux/arm64', '-v', '1']
    own = f'{repository}/both'
    succeeded(c3('create-operator', 'step.py', *options, '-r', own, cwd=tmp_path, env=alone))
    place = f'{own.partition("/")[2]}/claimed-step'
    index, _ = registry_json(f'{place}/manifests/1', {'Accept': OCI})
    assert [entry['platform']['architecture'] for entry in index['manifests']] == ['amd64', 'arm64']
    libraries = [native_libraries(place, entry['digest']) for entry in index['manifests']]
    assert all('x86_64' in name for name in libraries[0]) and all('aarch64' in name for name in libraries[1])
    assert libraries[0] and libraries[1]
    assert succeeded(run_image(f'{own}/claimed-step:1')).stdout == '1\n'


def two_platforms(base):
    """Push an index whose entry for another platform is the same base with another name for its architecture."""
    host, _, rest = base.partition('/')
    repository = rest.partition(':')[0]
    kinds = {'Accept': 'application/vnd.docker.distribution.manifest.v2+json'}
    manifest, headers = registry_json(f'{repository}/manifests/1', kinds)
    config, _ = registry_json(f'{repository}/blobs/{manifest["config"]["digest"]}')
    other = json.dumps({**config, 'architecture': 'arm64'}).encode()
    changed = {**manifest, 'config': {**manifest['config'], 'digest': push_blob(repository, other), 'size': len(other)}}
    entries = [
        {'digest': headers['Docker-Content-Digest'], 'platform': {'os': 'linux', 'architecture': 'amd64'}},
        {'digest': put_manifest(repository, 'arm', changed), 'platform': {'os': 'linux', 'architecture': 'arm64', 'variant': 'v8'}},
    ]
    sizes = [len(json.dumps(manifest, indent=3)), len(json.dumps(changed))]
    listed = [{**entry, 'mediaType': kinds['Accept'], 'size': size} for entry, size in zip(entries, sizes, strict=True)]
    index = {'schemaVersion': 2, 'mediaType': 'application/vnd.docker.distribution.manifest.list.v2+json', 'manifests': listed}
    put_manifest(repository, 'both', index)
    return f'{host}/{repository}:both'


def request(method, path, body=None, headers=None):
    """Ask the open registry for something that changes it."""
    connection = http.client.HTTPConnection(OPEN_REGISTRY)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    assert answer.status < 300, answer.read()
    answer.read()
    return answer.headers


def push_blob(repository, content):
    """Upload a blob and give its digest."""
    name = f'sha256:{hashlib.sha256(content).hexdigest()}'
    place = request('POST', f'/v2/{repository}/blobs/uploads/', '')['Location']
    path = place.partition(OPEN_REGISTRY)[2] or place
    request('PUT', f'{path}&digest={name}', content)
    return name


def put_manifest(repository, tag, manifest):
    """Upload a manifest and give its digest."""
    kind = {'Content-Type': manifest['mediaType']}
    return request('PUT', f'/v2/{repository}/manifests/{tag}', json.dumps(manifest), kind)['Docker-Content-Digest']


def native_libraries(repository, name):
    """Give the names of the native libraries in the layer of the one wheel."""
    return [path for path in paths_of(repository, own_layers(repository, name)[0]) if path.endswith('.so')]


def paths_of(repository, layer):
    """Give the paths in a layer of the registry."""
    with urllib.request.urlopen(f'http://{OPEN_REGISTRY}/v2/{repository}/blobs/{layer}') as answer:
        with tarfile.open(fileobj=io.BytesIO(answer.read())) as tar:
            return tar.getnames()


def own_layers(repository, name, base=1):
    """Give the digests of the layers above those of the base image."""
    manifest, _ = registry_json(f'{repository}/manifests/{name}', {'Accept': OCI})
    return [layer['digest'] for layer in manifest['layers']][base:]


# Registries that misbehave


class Proxy:
    """Stands before the open registry, counts what passes, and fails as it is told."""

    def __init__(self, fail=lambda method, path, number: None):
        """Fail with the status, or the broken connection (0), that `fail` gives for a request."""
        self.fail, self.calls, self.most = fail, [], 0
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def handle_any(self):
                proxy.calls.append((self.command, self.path))
                status = proxy.fail(self.command, self.path, len(proxy.calls))
                if status == 0:
                    self.rfile.read(10)
                    self.close_connection = True
                    self.connection.close()
                    return
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                proxy.most = max(proxy.most, len(body))
                if status:
                    self.answer(status, {'Retry-After': '0'} if status == 429 else {}, b'{"errors": []}')
                    return
                connection = http.client.HTTPConnection(OPEN_REGISTRY)
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                content = answer.read()
                proxy.most = max(proxy.most, len(content))
                self.answer(answer.status, dict(answer.headers), content)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = handle_any

            def answer(self, status, headers, content):
                self.send_response(status)
                for name, value in headers.items():
                    if name not in ('Content-Length', 'Date', 'Transfer-Encoding'):
                        self.send_header(name, value)
                length = headers.get('Content-Length', len(content)) if self.command == 'HEAD' else len(content)
                self.send_header('Content-Length', str(length))
                self.end_headers()
                if self.command != 'HEAD':
                    self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.host = f'127.0.0.1:{self.server.server_port}'

    def __enter__(self):
        """Begin to serve."""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        """End."""
        self.server.shutdown()


def failing(status, method, part, times):
    """Give what fails so many requests of a kind."""
    left = [times]

    def fail(asked, path, _):
        if asked == method and part in path and left[0]:
            left[0] -= 1
            return status
        return None

    return fail


PASSING = {
    'busy': failing(429, 'POST', '/blobs/uploads/', 2),
    'broken upload': failing(0, 'PUT', '/blobs/uploads/', 1),
    'failed upload': failing(500, 'PUT', '/blobs/uploads/', 2),
    'failed manifest': failing(503, 'PUT', '/manifests/', 1),
    'no mount': failing(405, 'POST', 'mount=', 100),
}

LASTING = {
    'denied': (failing(403, 'POST', '/blobs/uploads/', 1000), 'denies access'),
    'login asked for': (failing(401, 'HEAD', '/blobs/', 1000), 'denies access'),
    'out of order': (failing(500, 'PUT', '/blobs/uploads/', 1000), '500'),
    'broken': (failing(0, 'PUT', '/blobs/uploads/', 1000), 'cannot reach'),
    'busy for good': (failing(429, 'POST', '/blobs/uploads/', 1000), '429'),
    'manifest refused': (failing(400, 'PUT', '/manifests/', 1000), '400'),
}


@pytest.mark.parametrize('case', PASSING)
def test_transient_failures_are_retried(case, make, repository, tmp_path):
    write(tmp_path / 'step.py', f'print("{secrets.token_hex(8)}")\n')
    with Proxy(PASSING[case]) as proxy:
        place = f'{proxy.host}/{repository.partition("/")[2]}/passing'
        make(tmp_path, 'step.py', '-r', place, '-v', '1')
    assert 'latest' in tags(f'{repository}/passing/claimed-step')


@pytest.mark.parametrize('case', LASTING)
def test_permanent_failures_leave_no_tag(case, base, alone, repository, tmp_path):
    fail, message = LASTING[case]
    write(tmp_path / 'step.py', f'print("{secrets.token_hex(8)}")\n')
    before = snapshot(tmp_path)
    own = f'{repository}/lasting-{secrets.token_hex(2)}'
    with Proxy(fail) as proxy:
        place = f'{proxy.host}/{own.partition("/")[2]}'
        options = ['--builder', 'oci', '--base-image', base, '-r', place, '-v', '1']
        refused(c3('create-operator', 'step.py', *options, cwd=tmp_path, env=alone), 3, message, 'hint')
    assert tags(f'{own}/claimed-step') == []
    assert snapshot(tmp_path) == before


def test_an_interrupted_push_leaves_no_tag(base, alone, repository, tmp_path):
    write(tmp_path / 'step.py', f'print("{secrets.token_hex(8)}")\n')
    before = snapshot(tmp_path)
    own = f'{repository}/interrupted'
    reached = threading.Event()

    def stall(method, path, _):
        if method == 'PUT' and '/blobs/uploads/' in path:
            reached.set()
            time.sleep(3)

    with Proxy(stall) as proxy:
        options = ['--builder', 'oci', '--base-image', base, '-r', f'{proxy.host}/{own.partition("/")[2]}', '-v', '1']
        command = [str(C3), 'create-operator', 'step.py', *options]
        running = subprocess.Popen(command, cwd=tmp_path, env=environment(alone), stderr=subprocess.PIPE)
        assert reached.wait(60)
        os.kill(running.pid, signal.SIGINT)
        said = running.communicate(timeout=60)[1].decode()
    assert running.returncode == 130 and 'interrupted' in said
    assert tags(f'{own}/claimed-step') == []
    assert snapshot(tmp_path) == before


def test_full_disk_is_reported(base, alone, requiring, repository, tmp_path):
    small = tmp_path / 'small'
    small.mkdir()
    mounted = ['unshare', '--mount', 'sh', '-c', f'mount -t tmpfs -o size=200k none {small} && exec "$0" "$@"']
    own = f'{repository}/full'
    options = ['--builder', 'oci', '--base-image', base, '-r', own, '-v', '1', '-o', tmp_path / 'out']
    env = {**alone, 'XDG_CACHE_HOME': small}
    done = c3('create-operator', *FILES, *options, cwd=requiring, env=env, before=mounted)
    assert done.returncode in (1, 3) and 'space' in done.stderr, done.stderr
    assert tags(f'{own}/claimed-requiring') == []
    assert not (tmp_path / 'out').exists()
