"""How images come to be: versions, layers, builders, templates, names, logins."""

import base64
import json
import os
import shutil
import socket
import threading

import pytest
from images import digest, docker, image_config, layer_ids, layers, remove_image, tags
from operators import BUILDERS, NAMES, ORIGINAL_TEMPLATE, PROBE, create, run_image, run_job, seen
from support import (
    BASE,
    CLOSED_REGISTRY,
    EMITTED,
    HOSTILE,
    LOGIN,
    PODMAN_LIMITS,
    PODMAN_SOCKET,
    STRANGER_UID,
    c3,
    environment,
    inspect,
    podman,
    refused,
    run,
    snapshot,
    succeeded,
    write,
)

# Versions


def test_the_next_version_comes_from_the_registry(repository, tmp_path):
    own = f'{repository}/versions'
    write(tmp_path / 'step.py', 'print(1)\n')
    image = f'{own}/claimed-step'
    assert create(tmp_path, 'step.py', '-r', own) == f'{image}:0.1'
    write(tmp_path / 'step.py', 'print(2)\n')
    assert create(tmp_path, 'step.py', '-r', own, '--overwrite') == f'{image}:0.2'
    assert f'{image}:0.2' in (tmp_path / 'step.yaml').read_text()
    assert create(tmp_path, 'step.py', '-r', own, '-v', '0.9', '--overwrite') == f'{image}:0.9'
    write(tmp_path / 'step.py', 'print(3)\n')
    remove_image(f'{image}:0.9')
    assert create(tmp_path, 'step.py', '-r', own, '--overwrite') == f'{image}:0.10'
    assert digest(image, 'latest') == digest(image, '0.10') != digest(image, '0.2')
    assert tags(image) == ['0.1', '0.10', '0.2', '0.9', 'latest']


def test_without_a_build_the_version_comes_from_existing_manifests(tmp_path):
    write(tmp_path / 'step.py', 'print(1)\n')
    nowhere = {'DOCKER_HOST': 'unix:///nonexistent'}
    arguments = ['step.py', '-r', '127.0.0.1:1/ns', '--no-build']
    assert create(tmp_path, *arguments, env=nowhere) == '127.0.0.1:1/ns/claimed-step:0.1'
    create(tmp_path, *arguments, '-v', '2.5', '--overwrite', env=nowhere)
    assert create(tmp_path, *arguments, env=nowhere) == '127.0.0.1:1/ns/claimed-step:2.5'


def test_without_a_repository_the_image_is_not_pushed(tmp_path, namespace):
    name = namespace.replace('-', '_')
    write(tmp_path / f'{name}.py', 'print("here")\n')
    done = succeeded(c3('create-operator', f'{name}.py', cwd=tmp_path))
    image = f'claimed-{namespace}:0.1'
    assert done.stdout.splitlines()[0] == image
    assert 'stays on this machine' in done.stderr and '--repository' in done.stderr
    try:
        assert succeeded(run_image(image)).stdout == 'here\n'
        assert image in (tmp_path / f'{name}.yaml').read_text()
    finally:
        remove_image(image)


# Requirements and layers

REQUIRING = '''\
"""Needs things."""
# pip install -r requirements.txt
# pip install 'colorama==0.4.6'
import os
import pathlib

import colorama
import idna
import six

print(six.__version__, idna.__version__, colorama.__version__, pathlib.Path('data/names.txt').read_text().split()[0])
'''


@pytest.fixture(scope='session')
def requiring(session_folder, repository):
    """Build an operator with requirements; gives its folder, its arguments and its image."""
    folder = session_folder / 'requiring'
    write(folder / 'requiring.py', REQUIRING)
    write(folder / 'data/names.txt', NAMES)
    write(folder / 'requirements.txt', 'six==1.17.0\n-r more/requirements.txt\n')
    write(folder / 'more/requirements.txt', 'idna==3.10\n')
    arguments = ['requiring.py', 'data/names.txt', '-r', repository, '--local-mode']
    image = create(folder, *arguments, '-v', '1', '--keep-generated-files')
    return folder, arguments, image


def test_requirements_are_installed(requiring):
    assert succeeded(run_image(requiring[2])).stdout == '1.17.0 3.10 0.4.6 Zoë\n'


EDITS = {
    'script': ('requiring.py', REQUIRING + '# edited\n'),
    'additional file': ('data/names.txt', 'Eve\n'),
}


@pytest.mark.parametrize('builder', BUILDERS)
@pytest.mark.parametrize('edited', EDITS)
def test_an_edit_reinstalls_nothing(requiring, edited, builder, tmp_path):
    folder, arguments, _ = requiring
    own = tmp_path / 'copy'
    shutil.copytree(folder, own, ignore=shutil.ignore_patterns('*.context'))
    options = [*arguments, '--overwrite', '-v']
    first = create(own, *options, f'{builder}-first', env=BUILDERS[builder])
    before = layer_ids(first)
    name, text = EDITS[edited]
    write(own / name, text)
    second = create(own, *options, f'{builder}-second', env=BUILDERS[builder])
    after = layer_ids(second)
    installed = [
        index for index, layer in enumerate(layers(first, tmp_path)) if any('site-packages' in path for path in layer)
    ]
    kept = len(layer_ids(BASE)) + max(installed) + 1
    assert before[:kept] == after[:kept]
    assert before != after


def test_the_classic_builder_makes_the_same_image(requiring, tmp_path):
    folder, arguments, image = requiring
    classic = create(folder, *arguments, '-v', 'classic', '-o', tmp_path, '--no-cache', env=BUILDERS['classic'])
    assert layers(classic, tmp_path) == layers(image, tmp_path)
    assert runtime_config(classic) == runtime_config(image)


def test_docker_builds_the_same_image_from_the_kept_context(requiring, tmp_path, repository):
    folder, _, image = requiring
    context = folder / 'requiring.context'
    rebuilt = f'{repository}/rebuilt:1'
    docker('build', '--quiet', '--no-cache', '--file', context / 'requiring.Dockerfile', '--tag', rebuilt, context)
    assert layers(rebuilt, tmp_path) == layers(image, tmp_path)
    assert runtime_config(rebuilt) == runtime_config(image)


def runtime_config(image):
    """Give what of an image's configuration counts when it runs, without the version in its labels."""
    config = image_config(image)['Config']
    labels = {name: value for name, value in config['Labels'].items() if not name.endswith('.version')}
    kept = {name: config[name] for name in ('Env', 'User', 'WorkingDir', 'Entrypoint')}
    return {**kept, 'Cmd': config['Cmd'] or [], 'Labels': labels}


def test_system_packages_are_installed(repository, tmp_path):
    has_dnf = run('docker', 'run', '--rm', '--entrypoint', 'dnf', BASE, '--version').returncode == 0
    line, program = ('# dnf install -y which', 'which') if has_dnf else ('# apt install ed', 'ed')
    write(tmp_path / 'system.py', f'{line}\nimport shutil\nprint(bool(shutil.which("{program}")))\n')
    image = create(tmp_path, 'system.py', '-r', repository, '--local-mode')
    assert succeeded(run_image(image)).stdout == 'True\n'


def test_metadata_in_the_script_is_installed(repository, tmp_path):
    block = '# /// script\n# requires-python = ">=3.9"\n# dependencies = ["six==1.17.0"]\n# ///\n'
    write(tmp_path / 'inline.py', block + 'import six\nprint(six.__version__)\n')
    image = create(tmp_path, 'inline.py', '-r', repository, '--local-mode')
    assert succeeded(run_image(image)).stdout == '1.17.0\n'


FAILING = '# pip install six\n# pip install c3-has-no-such-package==1\nimport six\n'


@pytest.mark.parametrize('builder', BUILDERS)
def test_uninstallable_package_fails_the_build(tmp_path, repository, builder):
    write(tmp_path / 'failing.py', FAILING)
    write(tmp_path / 'failing.yaml', 'old')
    before = snapshot(tmp_path)
    options = ['-r', repository, '--overwrite', '--keep-generated-files']
    done = c3('create-operator', 'failing.py', *options, cwd=tmp_path, env=BUILDERS[builder])
    refused(done, 1, r'RUN .*c3-has-no-such-package', 'No matching distribution found for c3-has-no-such-package')
    assert snapshot(tmp_path) == before
    assert tags(f'{repository}/claimed-failing') == []


@pytest.mark.parametrize(
    'options', [[], ['--base-image', BASE], ['--no-build']], ids=['default', 'named image', 'no build']
)
def test_unsupported_python_version_is_rejected(tmp_path, options):
    write(tmp_path / 'future.py', '# /// script\n# requires-python = ">=3.99"\n# ///\nprint(1)\n')
    done = refused(c3('create-operator', 'future.py', *options, cwd=tmp_path), 1, r'requires-python.*>=3\.99', 'hint')
    assert '--base-image' in done.stderr
    assert list(snapshot(tmp_path)) == ['future.py']


# Sources and files in folders, names

IN_FOLDER = """\
import pathlib
import sys

import sibling
from package.inner import NAME

print(sibling.WORD, NAME, pathlib.Path('data/names.txt').read_text().split()[0], pathlib.Path(__file__).parent.name)
"""


def test_a_script_in_a_folder_finds_its_modules_and_files(tmp_path, repository):
    write(tmp_path / 'steps/run.py', IN_FOLDER)
    write(tmp_path / 'steps/sibling.py', 'WORD = "sibling"\n')
    write(tmp_path / 'steps/package/__init__.py', '')
    write(tmp_path / 'steps/package/inner.py', 'NAME = "inner"\n')
    write(tmp_path / 'data/names.txt', NAMES)
    write(tmp_path / 'data/.hidden', 'h')
    write(tmp_path / 'data/ignored.txt', 'i')
    write(tmp_path / '.dockerignore', '**/ignored.*\n')
    files = ['steps/sibling.py', 'steps/package', 'data/*']
    image = create(tmp_path, 'steps/run.py', *files, '-r', repository, '--local-mode')
    assert succeeded(run_image(image)).stdout == 'sibling inner Zoë steps\n'
    elsewhere = run_image(image, options=['--workdir', '/tmp', '--user', f'{STRANGER_UID}:{STRANGER_UID}'])
    assert succeeded(elsewhere).stdout == 'sibling inner Zoë steps\n'
    found = succeeded(run_image(image, '/opt/app-root/src/data', '-type', 'f', options=['--entrypoint', 'find'])).stdout
    assert found == '/opt/app-root/src/data/names.txt\n'


def test_file_modes_are_made_readable_in_the_image(tmp_path, repository):
    script = (
        'import pathlib, subprocess\nsubprocess.run(["./tool.sh"])\nprint(pathlib.Path("private/a.txt").read_text())\n'
    )
    write(tmp_path / 'modes.py', script).chmod(0o600)
    write(tmp_path / 'private/a.txt', 'text').chmod(0o600)
    (tmp_path / 'private').chmod(0o700)
    write(tmp_path / 'tool.sh', '#!/bin/sh\necho tool\n').chmod(0o700)
    image = create(tmp_path, 'modes.py', 'private', 'tool.sh', '-r', repository, '--local-mode')
    options = ['--user', f'{STRANGER_UID}:{STRANGER_UID}']
    assert succeeded(run_image(image, options=options)).stdout == 'tool\ntext\n'


STRANGE = 'Mein "Skript" $(id) \'ü\' #1 {{x}} %s &.py'


@pytest.mark.parametrize('builder', BUILDERS)
def test_unusual_file_names_work(tmp_path, repository, builder):
    text = 'import pathlib\nprint(sorted(path.name for path in pathlib.Path("data $x").iterdir()), __file__)\n'
    write(tmp_path / STRANGE, text)
    files = {'a b.txt', 'ü "q".txt', '$HOME.txt', "it's.txt", '# [x].txt', '-r.txt'}
    for name in files:
        write(tmp_path / 'data $x' / name, name)
    options = ['-r', repository, '-v', builder, '--local-mode']
    image = create(tmp_path, STRANGE, 'data $x', *options, env=BUILDERS[builder])
    done = succeeded(run_image(image))
    assert done.stdout == f'{sorted(files)} /opt/app-root/src/{STRANGE}\n'


# Templates, archives, platforms


def test_the_originals_template_builds_and_runs(tmp_path, repository):
    write(tmp_path / 'probe.py', PROBE)
    write(tmp_path / 'data/names.txt', NAMES)
    write(tmp_path / 'template', ORIGINAL_TEMPLATE)
    options = ['--dockerfile_template_path', 'template', '-v', 'template', '--local-mode']
    done = succeeded(c3('create-operator', 'probe.py', 'data/names.txt', '-r', repository, *options, cwd=tmp_path))
    image = done.stdout.splitlines()[0]
    assert 'template-user' in done.stderr
    found = seen(succeeded(run_image(image, env={'text': HOSTILE, 'count': '5'})).stdout)
    assert found['text'] == HOSTILE and found['values'][0] == 5 and found['first'] == 'Zoë'
    assert seen(succeeded(run_job(tmp_path / 'probe.job.yaml', {'text': 'x'})).stdout)['text'] == 'x'


def test_an_archive_can_be_loaded(tmp_path, repository):
    write(tmp_path / 'archived.py', 'print("from an archive")\n')
    options = ['-r', repository, '--local-mode', '--archive', 'image.tar', '--platform', 'linux/amd64', '-o', 'out']
    image = create(tmp_path, 'archived.py', *options)
    remove_image(image)
    docker('load', '--quiet', '--input', tmp_path / 'image.tar')
    assert succeeded(run_image(image)).stdout == 'from an archive\n'
    assert sorted(snapshot(tmp_path / 'out')) == sorted(f'archived.{suffix}' for suffix in EMITTED)


# Other ways to an engine


@pytest.fixture
def tcp():
    """Give an address at which the engine answers by TCP."""
    listener = socket.create_server(('127.0.0.1', 0))
    threading.Thread(target=serve, args=[listener], daemon=True).start()
    yield f'tcp://127.0.0.1:{listener.getsockname()[1]}'
    listener.close()


def serve(listener):
    """Join every connection with the engine's socket."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        engine = socket.socket(socket.AF_UNIX)
        engine.connect('/var/run/docker.sock')
        for source, target in ((client, engine), (engine, client)):
            threading.Thread(target=pass_on, args=[source, target], daemon=True).start()


def pass_on(source, target):
    """Pass on what comes from one side of a connection to the other."""
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.mark.parametrize('builder', BUILDERS)
def test_engine_is_reachable_over_tcp(tmp_path, repository, tcp, builder):
    write(tmp_path / 'remote.py', 'print("by TCP")\n')
    env = {**BUILDERS[builder], 'DOCKER_HOST': tcp}
    image = create(tmp_path, 'remote.py', '-r', f'{repository}/tcp-{builder}', env=env)
    assert succeeded(run_image(image)).stdout == 'by TCP\n'


def test_engine_is_selected_by_docker_context(tmp_path, repository):
    config = {'DOCKER_CONFIG': tmp_path / 'config'}
    place = os.environ.get('DOCKER_HOST', 'unix:///var/run/docker.sock')
    docker('context', 'create', 'here', '--docker', f'host={place}', env=environment(config))
    docker('context', 'create', 'gone', '--docker', 'host=unix:///nonexistent', env=environment(config))
    docker('context', 'use', 'gone', env=environment({**config, 'DOCKER_HOST': None}))
    write(tmp_path / 'remote.py', 'print("by context")\n')
    arguments = ['remote.py', '-r', f'{repository}/context', '--local-mode']
    unset = {**config, 'DOCKER_HOST': None}
    done = c3('create-operator', *arguments, cwd=tmp_path, env=unset)
    refused(done, 3, '/nonexistent', 'gone')
    image = create(tmp_path, *arguments, env={**unset, 'DOCKER_CONTEXT': 'here'})
    assert succeeded(run_image(image)).stdout == 'by context\n'


# Podman


def test_podman_builds_pushes_and_runs(workspace, tmp_path, repository):
    env = {'DOCKER_HOST': PODMAN_SOCKET}
    own = f'{repository}/podman'
    image = create(workspace, 'probe.py', 'data/*.txt', '-r', own, '-o', tmp_path, env=env)
    assert image == f'{own}/claimed-probe:0.1'
    assert tags(f'{own}/claimed-probe') == ['0.1', 'latest']
    assert inspect(image, env=env) == {**inspect(workspace / 'probe.py'), 'diagnostics': []}
    assert seen(podman('run', '--rm', *PODMAN_LIMITS, image, '--text', HOSTILE))['text'] == HOSTILE
    podman('rmi', '--force', image, f'{own}/claimed-probe:latest')
    assert seen(succeeded(run_image(image)).stdout)['first'] == 'Zoë'


# Logins

HELPER = '''\
#!/usr/bin/env python3
"""Speaks the protocol of Docker's credential helpers."""
import json
import sys

LOGINS = {"CLOSED": ("USER", "PASSWORD")}
server = sys.stdin.readline().strip().removeprefix("https://").rstrip("/")
if sys.argv[1:] != ["get"]:
    sys.exit(2)
if server not in LOGINS:
    print("credentials not found in native keychain")
    sys.exit(1)
user, password = LOGINS[server]
print(json.dumps({"ServerURL": server, "Username": user, "Secret": password}))
'''


@pytest.fixture
def helper_path(tmp_path):
    """Give a PATH with the helper `c3test` on it."""
    text = HELPER.replace('CLOSED', CLOSED_REGISTRY).replace('USER', LOGIN[0]).replace('PASSWORD', LOGIN[1])
    program = write(tmp_path / 'bin/docker-credential-c3test', text)
    program.chmod(0o755)
    return f'{program.parent}:{os.environ["PATH"]}'


def auths():
    """Give the configuration as `docker login` writes it."""
    return {'auths': {CLOSED_REGISTRY: {'auth': base64.b64encode(':'.join(LOGIN).encode()).decode()}}}


CONFIGURATIONS = {
    'auths': auths(),
    'credHelpers': {'credHelpers': {CLOSED_REGISTRY: 'c3test'}},
    'credsStore': {'credsStore': 'c3test', 'auths': {CLOSED_REGISTRY: {}}},
}


@pytest.mark.parametrize('kind', CONFIGURATIONS)
def test_login_comes_from_the_docker_configuration(tmp_path, helper_path, namespace, kind):
    write(tmp_path / 'config/config.json', json.dumps(CONFIGURATIONS[kind]))
    env = {'DOCKER_CONFIG': tmp_path / 'config', 'PATH': helper_path}
    write(tmp_path / 'closed.py', f'print({kind!r})\n')
    own = f'{CLOSED_REGISTRY}/{namespace}/{kind.lower()}'
    assert create(tmp_path, 'closed.py', '-r', own, env=env) == f'{own}/claimed-closed:0.1'
    assert create(tmp_path, 'closed.py', '-r', own, '--overwrite', env=env) == f'{own}/claimed-closed:0.2'
    remove_image(f'{own}/claimed-closed:0.2')
    assert inspect(f'{own}/claimed-closed:0.1', env=env)['name'] == 'closed'


# Proxies


@pytest.mark.parametrize('builder', ['buildkit', 'classic'])
def test_builds_and_containers_get_the_docker_proxies(tmp_path, builder):
    """As `docker build` and `docker run` hand on what `config.json` says."""
    proxies = {'default': {'httpProxy': 'http://proxy.example:3128', 'noProxy': 'localhost'}}
    write(tmp_path / 'config/config.json', json.dumps({'proxies': proxies}))
    template = 'FROM ${base_image}\nUSER 0\nRUN echo "$$http_proxy $$NO_PROXY" > /built\n'
    template += '${additional_files_docker}\nADD ${target_code} ${working_dir}\nUSER 1001\nCMD ["${command}", "${target_dir}${target_code}"]\n'
    write(tmp_path / 'own.tmpl', template)
    script = "import os\nprint(open('/built').read(), os.environ.get('http_proxy'), os.environ['NO_PROXY'])\n"
    write(tmp_path / 'step.py', script)
    env = {'DOCKER_CONFIG': tmp_path / 'config', 'DOCKER_BUILDKIT': '1' if builder == 'buildkit' else '0'}
    words = ['step.py', '--dockerfile-template', 'own.tmpl', '-v', '1', '--no-cache']
    succeeded(c3('create-operator', *words, cwd=tmp_path, env=env))
    done = succeeded(c3('run', '-e', 'NO_PROXY=mine', 'claimed-step:1', cwd=tmp_path, env=env))
    assert done.stdout.split() == ['http://proxy.example:3128', 'localhost', 'http://proxy.example:3128', 'mine']
    assert 'proxy.example' not in json.dumps(image_config('claimed-step:1'))
    remove_image('claimed-step:1')
