"""Whatever goes wrong: one message that says what to do, the right exit code, nothing half-written, nothing lost."""

import os
import pty
import signal
import subprocess
import threading
import time

import pytest
from operators import sleeping_template
from support import (
    C3,
    CLOSED_REGISTRY,
    EMITTED,
    OPEN_REGISTRY,
    as_root,
    as_stranger,
    c3,
    docker,
    environment,
    refused,
    run,
    snapshot,
    strangers_folder,
    succeeded,
    tags,
    told,
    write,
)

SCRIPT = '"""A step."""\nimport os\nn = int(os.getenv("n", 1))\n'
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
    'upper case repository': (['step.py', '-r', 'quay.io/Me'], 1, ['upper-case', 'quay.io/me']),
    'web address': (['step.py', '-r', 'https://quay.io/me'], 1, ['https://quay.io/me']),
    'unusable version': (['step.py', '-v', 'a b'], 1, ['a b', 'tag']),
    'unusable image version': (['step.py', '--image-version', 'perl5'], 2, ['perl5', '--image-version']),
    'unknown target': (['step.py', '--target', 'kubeflow,nonsense'], 2, ['nonsense', 'kubernetes']),
    'unknown option': (['step.py', '--nonsense'], 2, ['--nonsense']),
    'two platforms': (['step.py', '--platform', 'linux/amd64,linux/arm64'], 2, ['platform', 'hint']),
    'no source at all': ([], 2, ['FILE']),
}


@pytest.mark.parametrize('case', REFUSED)
def test_bad_input_is_refused(folder, case):
    arguments, code, messages = REFUSED[case]
    write(folder / 'template', 'FROM ${base_image}\n${additional_files_docker}\nRUN ${nonsense}\nUSER 1001\n')
    before = names(folder)
    refused(c3('create-operator', *arguments, '--no-build', cwd=folder, env=NO_ENGINE, timeout=30), code, *messages)
    assert names(folder) == before


def names(folder):
    """Give the names of everything in a folder, hidden things too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*'))


COMPILE_REFUSED = {
    'nothing to compile': (['empty'], ['no ', r'\.py']),
    'two sources of one stem': (['twins/step.py', 'twins/step.ipynb'], ['twins/step.py', 'twins/step.ipynb', 'output-dir']),
    'two sources for one folder': (['step.py', 'twins/step.py', '-o', 'out'], ['twins/step.py', 'same files']),
    'missing': (['missing'], ['missing']),
}


@pytest.mark.parametrize('case', COMPILE_REFUSED)
def test_compile_refuses(folder, case):
    arguments, messages = COMPILE_REFUSED[case]
    before = names(folder)
    refused(c3('compile', *arguments, cwd=folder), 1, *messages)
    assert names(folder) == before


def test_one_bad_source_does_not_keep_the_others_from_being_compiled(folder):
    done = c3('compile', 'broken.py', 'step.py', '-o', 'out', cwd=folder)
    assert done.returncode == 1
    assert 'broken.py:3' in done.stderr
    assert done.stdout.splitlines() == [f'out/step.{suffix}' for suffix in EMITTED]
    assert names(folder / 'out') == sorted(f'step.{suffix}' for suffix in EMITTED)


def test_a_source_nobody_may_read(tmp_path):
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
def test_an_engine_or_registry_fails(tmp_path, case):
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
def test_a_login_that_does_not_work(tmp_path, case, version):
    config, messages = WRONG_LOGINS[case]
    write(tmp_path / 'config/config.json', '{"auths": ' if config is None else repr(config).replace("'", '"'))
    write(tmp_path / 'unreachable.py', SCRIPT)
    env = {'DOCKER_CONFIG': tmp_path / 'config'}
    done = c3('create-operator', 'unreachable.py', '-r', f'{CLOSED_REGISTRY}/ns', *version, cwd=tmp_path, env=env)
    refused(done, 3, *messages)
    assert 'dGVzdGVyOm5v' not in done.stderr
    assert names(tmp_path) == ['config', 'config/config.json', 'unreachable.py']
    forget('unreachable')


# Interruption

INTERRUPTED = {signal.SIGINT: [130], signal.SIGTERM: [143, -signal.SIGTERM]}


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
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: is_running(f'sleep {marker}'))
        process.send_signal(number)
        begun = time.monotonic()
        stdout, stderr = process.communicate(timeout=30)
    assert time.monotonic() - begun < 10
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


def wait_until(is_so, seconds=60):
    """Wait for something."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, 'waited too long'
        time.sleep(0.1)


# Files that are there


@pytest.fixture
def old(tmp_path):
    """Give a folder with a source and files of the user's own under the names of those to be written."""
    write(tmp_path / 'step.py', SCRIPT)
    write(tmp_path / 'step.yaml', 'mine')
    write(tmp_path / 'step.job.yaml', 'mine too')
    return tmp_path


def test_files_that_differ_are_kept(old):
    before = snapshot(old)
    refused(c3('create-operator', 'step.py', '--no-build', cwd=old), 1, r'step\.yaml', r'step\.job\.yaml', '--overwrite', '--rename')
    assert snapshot(old) == before


def test_the_refusal_comes_before_the_build(old, repository):
    begun = time.monotonic()
    done = c3('create-operator', 'step.py', '-r', f'{repository}/kept', cwd=old)
    refused(done, 1, '--overwrite')
    assert time.monotonic() - begun < 5
    assert tags(f'{repository}/kept/claimed-step') == []


def test_files_that_differ_are_overwritten_if_asked(old):
    succeeded(c3('create-operator', 'step.py', '--no-build', '--overwrite', cwd=old))
    assert names(old) == sorted(['step.py', *(f'step.{suffix}' for suffix in EMITTED)])
    assert b'mine' not in snapshot(old)['step.yaml']


RENAMED = {
    'without a name': (['--rename', '--no-build'], 'modified_step'),
    'with a name': (['--no-build', '--rename', 'kept'], 'kept'),
}


@pytest.mark.parametrize('case', RENAMED)
def test_files_that_differ_are_renamed_if_asked(old, case):
    arguments, stem = RENAMED[case]
    succeeded(c3('create-operator', 'step.py', *arguments, cwd=old))
    found = snapshot(old)
    assert sorted(found) == sorted(['step.py', f'{stem}.yaml', f'{stem}.job.yaml', *(f'step.{suffix}' for suffix in EMITTED)])
    assert (found[f'{stem}.yaml'], found[f'{stem}.job.yaml']) == (b'mine', b'mine too')


def test_renaming_loses_nothing(old):
    write(old / 'modified_step.yaml', 'older')
    before = snapshot(old)
    refused(c3('create-operator', 'step.py', '--no-build', '--rename', cwd=old), 1, r'modified_step\.yaml', '--rename NAME')
    assert snapshot(old) == before
    refused(c3('create-operator', 'step.py', '--no-build', '--rename', '../x', cwd=old), 1, r'\.\./x')
    assert snapshot(old) == before


def test_files_that_are_the_same_are_no_hindrance(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    succeeded(c3('create-operator', 'step.py', '--no-build', cwd=tmp_path))
    before = snapshot(tmp_path)
    succeeded(c3('create-operator', 'step.py', '--no-build', cwd=tmp_path))
    succeeded(c3('compile', 'step.py', cwd=tmp_path))
    assert snapshot(tmp_path) == before


ANSWERS = {
    'o\n': (0, ['step.yaml']),
    'r\n': (0, ['modified_step.yaml', 'step.yaml']),
    'k\n': (1, ['step.yaml']),
    '\n': (1, ['step.yaml']),
    '\x04': (1, ['step.yaml']),
}


@pytest.mark.parametrize('answer', ANSWERS)
def test_on_a_terminal_the_user_is_asked(tmp_path, answer):
    write(tmp_path / 'step.py', SCRIPT)
    write(tmp_path / 'step.yaml', 'mine')
    code, left = ANSWERS[answer]
    returned, said = on_a_terminal([C3, 'create-operator', 'step.py', '--no-build'], answer, tmp_path)
    assert returned == code, said
    assert 'verwrite' in said and 'panicked' not in said
    found = snapshot(tmp_path)
    assert sorted(name for name in found if name.endswith('step.yaml')) == left
    assert (b'mine' in found.values()) == (answer != 'o\n')


def on_a_terminal(command, answer, folder):
    """Run a program on a terminal of its own, give an answer when it asks, and tell what it has said."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(command[0], [str(word) for word in command], environment())
    said = b''
    answered = False
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        said += piece
        if not piece:
            break
        if not answered and said.rstrip().endswith(b'?'):
            answered = True
            os.write(terminal, answer.encode())
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode()


# Disks


def in_own_mount(folder, options, script):
    """Run a shell script in a mount namespace of its own, where a folder is a small or read-only file system."""
    setup = f'mount -t tmpfs -o {options} none "$0" && '
    return run(*as_root(), 'unshare', '--mount', 'sh', '-c', setup + script, folder, C3, env=environment())


@pytest.mark.parametrize('size', [4, 8, 16], ids=lambda size: f'{size} KiB')
def test_a_full_disk_loses_nothing(tmp_path, size):
    source = write(tmp_path / 'step.py', SCRIPT + ''.join(f'v{n} = os.getenv("v{n}", "{n}")\n' for n in range(200)))
    folder = tmp_path / 'disk'
    folder.mkdir()
    script = f'echo mine > "$0/step.yaml" && cp -r "$0" {tmp_path}/before; "$1" compile {source} -o "$0" --overwrite; code=$?; cp -r "$0" {tmp_path}/after; exit $code'
    done = in_own_mount(folder, f'size={size}k', script)
    refused(done, 1, 'step', 'space')
    assert snapshot(tmp_path / 'after') == snapshot(tmp_path / 'before') == {'step.yaml': b'mine\n'}


def test_a_full_disk_where_the_build_context_is_kept(tmp_path, repository):
    write(tmp_path / 'step.py', SCRIPT)
    write(tmp_path / 'big.txt', 'x' * 500_000)
    folder = tmp_path / 'disk'
    folder.mkdir()
    options = f'-r {repository} -v full --local-mode --keep-generated-files -o "$0"'
    done = in_own_mount(folder, 'size=200k', f'cd {tmp_path}; "$1" create-operator step.py big.txt {options}; code=$?; ls -A "$0" | sed "s/^/left: /" >&2; exit $code')
    refused(done, 1, 'space')
    assert 'left: ' not in done.stderr


def test_a_read_only_folder(tmp_path):
    source = write(tmp_path / 'step.py', SCRIPT)
    folder = tmp_path / 'disk'
    folder.mkdir()
    for name in ('', '/new'):
        done = in_own_mount(folder, 'ro', f'"$1" compile {source} -o "$0{name}"')
        refused(done, 1, 'disk', 'read-only', '--output-dir')


def test_a_folder_of_somebody_else(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    before = snapshot(tmp_path)
    done = c3('compile', tmp_path / 'step.py', before=as_stranger()) if os.getuid() == 0 else c3('compile', tmp_path / 'step.py', '-o', '/usr')
    refused(done, 1, 'denied', '--output-dir')
    assert snapshot(tmp_path) == before


def test_a_file_where_the_folder_should_be(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    write(tmp_path / 'file', 'mine')
    for folder in ('file', 'file/below'):
        refused(c3('compile', 'step.py', '-o', folder, cwd=tmp_path), 1, 'file')
    assert names(tmp_path) == ['file', 'step.py']


def test_a_folder_where_a_file_should_be(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    (tmp_path / 'step.yaml').mkdir()
    for arguments in ([], ['--overwrite']):
        refused(c3('compile', 'step.py', *arguments, cwd=tmp_path), 1, r'step\.yaml')
        assert names(tmp_path) == ['step.py', 'step.yaml']


def test_two_runs_at_once_do_not_mix(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    versions = [str(number) for number in range(8)]
    done = []
    threads = [
        threading.Thread(target=lambda version=version: done.append(c3('compile', 'step.py', '-v', version, '--overwrite', cwd=tmp_path)))
        for version in versions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.returncode for result in done] == [0] * len(versions)
    assert names(tmp_path) == sorted(['step.py', *(f'step.{suffix}' for suffix in EMITTED)])
    succeeded(c3('compile', 'step.py', '-v', '9', '--overwrite', cwd=tmp_path))


# Sources that are hard to read

HARD = {
    'nested brackets': ('x = ' + '(' * 20_000 + '1' + ')' * 20_000, [1]),
    'nested lists': ('x = ' + '[' * 20_000 + ']' * 20_000, [1]),
    'nested blocks': (''.join(' ' * n + 'if x:\n' for n in range(2_000)) + ' ' * 2_000 + 'pass\n', [0, 1]),
    'many elifs': ('if x:\n pass\n' + 'elif x:\n pass\n' * 30_000, [0]),
    'many signs': ('x = ' + '-' * 50_000 + '1', [0, 1]),
    'many sums': ('import os\nx = os.getenv("a", ' + '+'.join(['"a"'] * 20_000) + ')', [0]),
    'many attributes': ('x = x' + '.a' * 50_000, [0, 1]),
    'many calls': ('x = x' + '()' * 50_000, [0, 1]),
    'many lambdas': ('x = ' + 'lambda: ' * 20_000 + '1', [0, 1]),
    'many inputs': ('import os\n' + ''.join(f'os.getenv("v{n}", "{n}")\n' for n in range(1_000)), [0]),
    'a great power': ('import os\nx = os.getenv("a", 10**10**10)', [0]),
    'a great shift': ('import os\nx = os.getenv("a", 1 << 10**12)', [0]),
    'a great text': ('import os\nx = os.getenv("a", "x" * 10**12)', [0]),
    'a great width': ('import os\nx = os.getenv("a", f"{1:>1000000000}")', [0]),
    'doubled texts': ('import os\na0 = "x"\n' + ''.join(f'a{n + 1} = a{n} + a{n}\n' for n in range(60)) + 'os.getenv("a", a60)', [0]),
    'divisions by zero': ('import os\nos.getenv("a", 1 // 0)\nos.getenv("b", 1 % 0)\nos.getenv("c", 0.0 ** -1)', [0]),
    'names from each other': ('import os\na = b\nb = a\nos.getenv("x", a + b)', [0]),
    'lone surrogate': ('import os\nos.getenv("a", "\\ud800")', [0]),
    'NUL in a default': ('import os\nos.getenv("a", "a\\0b")', [0]),
    'NUL in a name': ('import os\nos.getenv("a\\0b", "c")', [0, 1]),
    'NUL in the source': ('x = 1\n\0', [1]),
    'odd names': ('import os\n' + ''.join(f'os.getenv({name!r}, "x")\n' for name in ('a b', 'ü', '🎉', 'c\nd', '"q', '$(y)', '1')), [0]),
    'no names': ('import os\nos.getenv("", "x")\nos.getenv("=", "x")', [0, 1]),
    'long name': (f'import os\nos.getenv("{"n" * 5_000}", "x")', [0, 1]),
    'empty': ('', [0]),
    'byte order mark': ('\ufeffimport os\nos.getenv("a", "b")', [0]),
    'carriage returns': ('import os\ros.getenv("a", "b")\r', [0]),
    'long requirement': ('# pip install ' + 'a' * 1_000_000, [0, 1]),
    'shell in a requirement': ('# pip install six; rm -rf /', [1]),
    'endless continuation': ('# pip install a \\\n' * 20_000, [0, 1]),
    'nested metadata': ('# /// script\n# dependencies = ' + '[' * 10_000 + '\n# ///\n', [1]),
    'metadata of another type': ('# /// script\n# dependencies = 3\n# ///\n', [1]),
    'text full of brackets': ('x = """' + 'word (' * 20_000 + '"""', [0]),
    '10 MB of text': ('"""' + 'word ' * 2_000_000 + '"""\nimport os\nos.getenv("a", "b")\n', [0]),
    '10 MB of code': ('import os\nos.getenv("a", "b")\n' + 'y = 1\n' * 1_700_000, [0]),
}


@pytest.mark.parametrize('case', HARD)
def test_hard_sources_never_crash(tmp_path, case):
    text, codes = HARD[case]
    write(tmp_path / 'hard.py', text.encode('utf-8', 'surrogatepass'))
    begun = time.monotonic()
    done = c3('compile', 'hard.py', cwd=tmp_path)
    assert done.returncode in codes, told(done)
    assert time.monotonic() - begun < 20
    assert len(done.stderr) < 20_000
    written = [f'hard.{suffix}' for suffix in EMITTED] if done.returncode == 0 else []
    assert names(tmp_path) == sorted(['hard.py', *written])
    if written and len(text) < 1_000_000:
        validate(tmp_path, 'hard')


def validate(folder, stem):
    """Insist on manifests that PyYAML reads and whose names are valid."""
    import kubernetes_validate
    import yaml

    kubeflow, job, step = (yaml.safe_load((folder / f'{stem}.{suffix}').read_text(encoding='utf-8')) for suffix in EMITTED[1:])
    assert kubeflow['implementation']['container']['image'] == step['requirements']['DockerRequirement']['dockerPull']
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)


# File names, and whether they can name an operator.
NAMES = {
    'a b.py': 'a-b',
    'My_Step.v2.py': 'my-step-v2',
    '-dashed.py': 'dashed',
    '1.py': '1',
    'quote"\'$(id).py': 'quote-id',
    'line\nbreak.py': 'line-break',
    'umläut.py': None,
    '---.py': None,
    '世界.py': None,
    f'{"x" * 63}.py': 'x' * 63,
    f'{"x" * 64}.py': None,
    f'{"x" * 200}.py': None,
}


@pytest.mark.parametrize('name', NAMES)
def test_any_file_name_gives_valid_names_or_an_error(tmp_path, name):
    write(tmp_path / name, SCRIPT)
    done = c3('compile', '--', name, cwd=tmp_path)
    stem = name.removesuffix('.py')
    if done.returncode == 0:
        validate(tmp_path, stem)
        expected = NAMES[name] or 'uml-ut'
        assert f'claimed-{expected}:0.1' in (tmp_path / f'{stem}.yaml').read_text()
    else:
        refused(done, 1, 'name', 'rename')
        assert NAMES[name] is None
        assert names(tmp_path) == [name]


# Streams


@pytest.mark.parametrize('arguments', [['inspect', 'step.py'], ['compile', 'step.py'], ['--help'], ['inspect', 'step.py', '--format', 'json']])
def test_a_reader_that_goes_away_is_no_accident(tmp_path, arguments):
    write(tmp_path / 'step.py', SCRIPT + ''.join(f'v{n} = os.getenv("v{n}", "{n}")\n' for n in range(3_000)))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([C3, *arguments], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment())
    os.close(writer)
    assert 'panicked' not in done.stderr
    assert done.returncode in (0, 128 + signal.SIGPIPE, -signal.SIGPIPE), done.stderr


def test_a_closed_error_stream_is_no_accident(tmp_path):
    write(tmp_path / 'broken.py', 'def f(:\n')
    done = run('sh', '-c', '"$0" compile broken.py 2>&- >&-', C3, cwd=tmp_path, env=environment())
    assert done.returncode == 1


def test_data_that_cannot_be_written_is_an_error(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    with open('/dev/full', 'w') as full:
        done = subprocess.run([C3, 'inspect', 'step.py'], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, env=environment())
    assert done.returncode == 1, done.stderr
    assert 'space' in done.stderr


def test_no_colours_where_there_is_no_terminal(tmp_path):
    write(tmp_path / 'broken.py', 'def f(:\n')
    done = c3('compile', 'broken.py', cwd=tmp_path)
    assert '\x1b' not in done.stderr
    code, said = on_a_terminal([C3, 'compile', 'broken.py'], '', tmp_path)
    assert code == 1 and '\x1b[' in said
