"""Whatever goes wrong: one message that says what to do, the right exit code, nothing half-written, nothing lost."""

import os
import signal
import subprocess
import time

import pytest
from images import docker, tags
from operators import SCRIPT, sleeping_template
from support import (
    C3,
    CLOSED_REGISTRY,
    EMITTED,
    OPEN_REGISTRY,
    as_stranger,
    c3,
    environment,
    names_in,
    on_a_terminal,
    refused,
    run,
    snapshot,
    strangers_folder,
    succeeded,
    wait_until,
    write,
)

NOWHERE = '127.0.0.1:1'
NO_ENGINE = {'DOCKER_HOST': 'unix:///nonexistent'}


@pytest.fixture
def folder(tmp_path):
    """Give a folder with a source and things that are none."""
    write(tmp_path / 'step.py', SCRIPT)
    write(tmp_path / 'notes.txt', 'no source')
    write(tmp_path / 'latin.py', b'# caf\xe9\nx = 1\n')
    write(tmp_path / 'broken.py', 'import os\n\ndef f(:\n    pass\n')
    write(tmp_path / 'empty/.keep', '')
    write(tmp_path / 'twins/step.py', SCRIPT)
    write(tmp_path / 'twins/step.ipynb', '{}')
    write(tmp_path / '.dockerignore', '*.secret\n')
    write(tmp_path / 'key.secret', 'k')
    (tmp_path / 'outside').symlink_to('/etc')
    (tmp_path / 'loop').symlink_to('loop')
    os.mkfifo(tmp_path / 'pipe')
    os.mkfifo(tmp_path / 'pipe.py')
    return tmp_path


# Arguments, the exit code, and what the message has to say.
REFUSED = {
    'missing file': (['missing.py'], 1, ['missing.py']),
    'directory': (['.'], 1, ['directory', 'c3 compile']),
    'no source': (['notes.txt'], 1, ['notes.txt']),
    'a pipe for a source': (['pipe.py'], 1, ['pipe.py']),
    'no UTF-8': (['latin.py'], 1, ['latin.py', 'UTF-8', 'line 1']),
    'no Python': (['broken.py'], 1, ['broken.py:3', r'def f\(:']),
    'missing additional file': (['step.py', 'missing.txt'], 1, ['missing.txt']),
    'glob without a match': (['step.py', '*.zip'], 1, [r'\*\.zip']),
    'additional file outside': (['step.py', '/etc/hosts'], 1, ['/etc/hosts', 'outside']),
    'additional file behind a link': (['step.py', 'outside/hosts'], 1, ['outside']),
    'additional file above': (['step.py', '../'], 1, ['outside']),
    'link to itself': (['step.py', 'loop'], 1, ['loop']),
    'a pipe for a file': (['step.py', 'pipe'], 1, ['pipe', 'neither']),
    'ignored file': (['step.py', 'key.secret'], 1, ['dockerignore']),
    'missing template': (['step.py', '--dockerfile-template', 'missing'], 1, ['missing', '--dockerfile-template']),
    'template with an unknown name': (['step.py', '--dockerfile-template', 'template'], 1, ['nonsense', 'base_image']),
    'upper case repository': (['step.py', '-r', 'quay.io/Me'], 2, ['upper-case', 'quay.io/me']),
    'web address': (['step.py', '-r', 'https://quay.io/me'], 2, ['https://quay.io/me']),
    'unusable version': (['step.py', '-v', 'a b'], 2, ['a b', 'tag']),
    'unusable image version': (['step.py', '--image-version', 'perl5'], 2, ['perl5', '--image-version']),
    'unknown target': (['step.py', '--target', 'kubeflow,nonsense'], 2, ['nonsense', 'kubernetes']),
    'unknown option': (['step.py', '--nonsense'], 2, ['--nonsense']),
    'platform without a build': (['step.py', '--platform', 'linux/arm64'], 2, ['--platform', '--no-build']),
    'no source at all': ([], 2, ['FILE']),
}


@pytest.mark.parametrize('case', REFUSED)
def test_bad_input_is_refused(folder, case):
    arguments, code, messages = REFUSED[case]
    write(folder / 'template', 'FROM ${base_image}\n${additional_files_docker}\nRUN ${nonsense}\nUSER 1001\n')
    before = names_in(folder)
    refused(c3('create-operator', *arguments, '--no-build', cwd=folder, env=NO_ENGINE, timeout=30), code, *messages)
    assert names_in(folder) == before


COMPILE_REFUSED = {
    'nothing to compile': (['empty'], ['no ', r'\.py']),
    'two sources of one stem': (
        ['twins/step.py', 'twins/step.ipynb'],
        ['twins/step.py', 'twins/step.ipynb', 'output-dir'],
    ),
    'two sources for one folder': (['step.py', 'twins/step.py', '-o', 'out'], ['twins/step.py', 'both write']),
    'missing': (['missing'], ['missing']),
}


@pytest.mark.parametrize('case', COMPILE_REFUSED)
def test_compile_refuses(folder, case):
    arguments, messages = COMPILE_REFUSED[case]
    before = names_in(folder)
    refused(c3('compile', *arguments, cwd=folder), 1, *messages)
    assert names_in(folder) == before


def test_one_bad_source_does_not_stop_the_others(folder):
    done = c3('compile', 'broken.py', 'step.py', '-o', 'out', cwd=folder)
    assert done.returncode == 1
    assert 'broken.py:3' in done.stderr
    assert done.stdout.splitlines() == [f'out/step.{suffix}' for suffix in EMITTED]
    assert names_in(folder / 'out') == sorted(f'step.{suffix}' for suffix in EMITTED)


def test_unreadable_source_is_reported(tmp_path):
    folder = strangers_folder(tmp_path / 'folder')
    write(folder / 'step.py', SCRIPT).chmod(0)
    if os.getuid() == 0:
        os.chown(folder / 'step.py', 1, 1)
    before = [word for word in as_stranger() if 'caps' not in word]
    program = succeeded(run('cp', C3, tmp_path / 'c3')) and tmp_path / 'c3'
    for path in [tmp_path, *tmp_path.parents[:2]]:
        path.chmod(0o755)
    done = run(*before, program, 'compile', folder / 'step.py', env=environment())
    refused(done, 1, 'step.py', 'denied')


# Engines and registries

UNREACHABLE = {
    'no socket': (NO_ENGINE, [], ['/nonexistent', 'DOCKER_HOST']),
    'no server': ({'DOCKER_HOST': f'tcp://{NOWHERE}'}, [], [NOWHERE, 'DOCKER_HOST']),
    'no address': ({'DOCKER_HOST': 'nonsense'}, [], ['nonsense']),
    'no context': ({'DOCKER_CONTEXT': 'nonsense'}, [], ['nonsense', 'context']),
    'no registry to list versions': ({}, ['-r', f'{NOWHERE}/ns'], [NOWHERE, 'registry']),
    'no registry to push to': ({}, ['-r', f'{NOWHERE}/ns', '-v', '1'], [NOWHERE, 'registry']),
    'no login to list versions': ({}, ['-r', f'{CLOSED_REGISTRY}/ns'], [f'docker login {CLOSED_REGISTRY}']),
    'no login to push': ({}, ['-r', f'{CLOSED_REGISTRY}/ns', '-v', '1'], [f'docker login {CLOSED_REGISTRY}']),
    'no base image': ({}, ['--base-image', f'{OPEN_REGISTRY}/none/none:1'], ['none/none:1', '--base-image']),
    'no platform': ({}, ['--platform', 'linux/s390x', '--base-image', f'{OPEN_REGISTRY}/none'], ['s390x']),
}


@pytest.mark.parametrize('case', UNREACHABLE)
def test_engine_and_registry_failures_are_reported(tmp_path, case):
    env, arguments, messages = UNREACHABLE[case]
    write(tmp_path / 'unreachable.py', SCRIPT)
    write(tmp_path / 'unreachable.cwl', 'old')
    before = snapshot(tmp_path)
    done = c3('create-operator', 'unreachable.py', '--overwrite', *arguments, cwd=tmp_path, env=env)
    refused(done, 3, *messages, 'hint')
    assert snapshot(tmp_path) == before
    forget('unreachable')


def forget(stem):
    """Remove what a failed push has left in the engine."""
    images = docker('images', '--format', '{{.Repository}}:{{.Tag}}').split()
    mine = [image for image in images if f'claimed-{stem}:' in image]
    if mine:
        docker('rmi', '--force', *mine)


WRONG_LOGINS = {
    'wrong password': ({'auths': {CLOSED_REGISTRY: {'auth': 'dGVzdGVyOm5v'}}}, [CLOSED_REGISTRY]),
    'missing helper': ({'credHelpers': {CLOSED_REGISTRY: 'c3-has-no-such'}}, ['docker-credential-c3-has-no-such']),
    'no JSON': (None, ['config.json']),
}


@pytest.mark.parametrize('version', [[], ['-v', '1']], ids=['version from the registry', 'version given'])
@pytest.mark.parametrize('case', WRONG_LOGINS)
def test_failing_login_is_reported(tmp_path, case, version):
    config, messages = WRONG_LOGINS[case]
    write(tmp_path / 'config/config.json', '{"auths": ' if config is None else repr(config).replace("'", '"'))
    write(tmp_path / 'unreachable.py', SCRIPT)
    env = {'DOCKER_CONFIG': tmp_path / 'config'}
    done = c3('create-operator', 'unreachable.py', '-r', f'{CLOSED_REGISTRY}/ns', *version, cwd=tmp_path, env=env)
    refused(done, 3, *messages)
    assert 'dGVzdGVyOm5v' not in done.stderr
    assert names_in(tmp_path) == ['config', 'config/config.json', 'unreachable.py']
    forget('unreachable')


# Interruption

INTERRUPTED = {signal.SIGINT: [130], signal.SIGTERM: [130, 143, -signal.SIGTERM]}


@pytest.mark.parametrize('builder', ['0', '1'], ids=['classic builder', 'BuildKit'])
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['SIGINT', 'SIGTERM'])
def test_an_interrupted_build_leaves_nothing(tmp_path, repository, builder, number):
    marker = f'{300 + int(builder) * 10 + int(number)}'
    write(tmp_path / 'slow.py', SCRIPT)
    write(tmp_path / 'slow.yaml', 'old')
    write(tmp_path / 'template', sleeping_template(marker))
    before = snapshot(tmp_path)
    temporary = tmp_path / 'temporary'
    temporary.mkdir()
    options = ['-r', repository, '-v', '1', '--overwrite', '--no-cache', '--dockerfile-template', 'template']
    env = environment({'DOCKER_BUILDKIT': builder, 'TMPDIR': temporary})
    command = [C3, 'create-operator', 'slow.py', *options, '--keep-generated-files']
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: is_running(f'sleep {marker}'))
        process.send_signal(number)
        begun = time.monotonic()
        stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - begun < 30
    assert process.returncode in INTERRUPTED[number], stderr
    assert stdout == '' and 'panicked' not in stderr
    assert snapshot(tmp_path) == before and list(temporary.iterdir()) == []
    assert tags(f'{repository}/claimed-slow') == []
    wait_until(lambda: not is_running(f'sleep {marker}'))


def is_running(command):
    """Tell whether a program runs anywhere on this machine, containers included."""
    for entry in os.listdir('/proc'):
        try:
            with open(f'/proc/{entry}/cmdline', encoding='utf-8') as file:
                if file.read().replace('\0', ' ').strip() == command:
                    return True
        except (OSError, UnicodeDecodeError):
            pass
    return False


# Streams


@pytest.mark.parametrize(
    'arguments',
    [['inspect', 'step.py'], ['compile', 'step.py'], ['--help'], ['inspect', 'step.py', '--format', 'json']],
)
def test_closed_output_pipe_is_not_an_error(tmp_path, arguments):
    write(tmp_path / 'step.py', SCRIPT + ''.join(f'v{n} = os.getenv("v{n}", "{n}")\n' for n in range(3_000)))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [C3, *arguments], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment()
    )
    os.close(writer)
    assert 'panicked' not in done.stderr
    assert done.returncode in (0, 128 + signal.SIGPIPE, -signal.SIGPIPE), done.stderr


def test_closed_error_stream_does_not_crash(tmp_path):
    write(tmp_path / 'broken.py', 'def f(:\n')
    done = run('sh', '-c', '"$0" compile broken.py 2>&- >&-', C3, cwd=tmp_path, env=environment())
    assert done.returncode == 1


def test_data_that_cannot_be_written_is_an_error(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    with open('/dev/full', 'w') as full:
        done = subprocess.run(
            [C3, 'inspect', 'step.py'], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, env=environment()
        )
    assert done.returncode == 1, done.stderr
    assert 'space' in done.stderr


def test_no_colours_without_a_terminal(tmp_path):
    write(tmp_path / 'broken.py', 'def f(:\n')
    done = c3('compile', 'broken.py', cwd=tmp_path)
    assert '\x1b' not in done.stderr
    code, said = on_a_terminal([C3, 'compile', 'broken.py'], [], tmp_path)
    assert code == 1 and '\x1b[' in said
