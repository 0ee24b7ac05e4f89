"""`c3 run` and the original's `claimed`: operators on this machine, in their images."""

import json
import os
import signal
import subprocess

import pytest
from images import docker, image_config, tags
from operators import SECRET
from support import (
    BASE,
    C3,
    HOSTILE,
    OPEN_REGISTRY,
    PODMAN_CONF,
    R_BASE,
    STATE,
    STRANGER_UID,
    as_root,
    as_stranger,
    c3,
    environment,
    names_in,
    refused,
    run,
    snapshot,
    strangers_folder,
    succeeded,
    told,
    venv,
    wait_until,
    write,
)

TOOL = '''\
"""Shows what reaches it."""

import json
import os
import pathlib
import sys
import time

# Any text.
text = os.getenv('text', 'nothing')
count = int(os.getenv('count', 3))
flag = bool(os.getenv('flag', False))
needed = os.environ['needed']
api_token = os.getenv('api_token', '')
table = os.getenv('table', None)  # c3: input=File
exit_code = int(os.getenv('exit_code', 0))
seconds = int(os.getenv('seconds', 0))

seen = {
    'text': text,
    'values': [count, flag, needed],
    'api_token': api_token,
    'table': table and pathlib.Path(table).read_text(encoding='utf-8'),
    'arguments': sys.argv[1:],
    'user': [os.getuid(), os.getgid()],
    'other': os.getenv('OTHER'),  # c3: ignore
    'data': sorted(os.listdir('data')) if os.path.isdir('data') else None,
}
try:
    print(json.dumps(seen), flush=True)
    print('a word', file=sys.stderr, flush=True)
    time.sleep(seconds)
except KeyboardInterrupt:
    print('cleaned up', flush=True)
    raise
if seen['data'] is not None and os.access('data', os.W_OK):
    pathlib.Path('data/new.txt').write_text('new', encoding='utf-8')
pathlib.Path('report/deep').mkdir(parents=True, exist_ok=True)
pathlib.Path('report/deep/rows.txt').write_text('rows', encoding='utf-8')
# The text itself.
os.environ['echo'] = text
# A folder.
os.environ['report'] = 'report'  # c3: output=Directory
if count < 0:
    os.environ['complaint'] = 'negative'
sys.exit(exit_code)
'''

# Built by the original: it says what it got, and nothing of its interface is known.
OLD = '''\
"""Shows what reaches it."""
import json
import os

# Any text.
text = os.getenv('text', 'nothing')
count = int(os.getenv('count', '3'))
needed = os.getenv('needed')

data = sorted(os.listdir('data')) if os.path.isdir('data') else None
print('SEEN ' + json.dumps({'text': text, 'count': count, 'needed': needed, 'data': data}), flush=True)
if data:
    open('data/new.txt', 'w').close()
'''


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Give a folder that everybody may read, with the operators' sources."""
    folder = strangers_folder(tmp_path_factory.mktemp('run') / 'work')
    for parent in (folder.parent, folder.parent.parent):
        parent.chmod(0o755)
    write(folder / 'tool.py', TOOL)
    write(folder / 'old.py', OLD)
    write(folder / 'table.csv', 'a,b\n')
    yield folder
    run('docker', 'rmi', '--force', 'claimed-tool:latest', 'claimed-endless:latest', 'claimed-sum:latest')


@pytest.fixture(scope='module')
def image(folder, repository):
    """Give the image of the tool, with its files beside it."""
    succeeded(c3('create-operator', 'tool.py', '-r', repository, '-v', '0.1', cwd=folder))
    return f'{repository}/claimed-tool:0.1'


@pytest.fixture(scope='module')
def old(folder, repository):
    """Give an image that the original has built, with its files beside it."""
    arguments = ['-r', repository, '-v', '0.1', '--local_mode', 'old.py']
    path = f'{venv("original", "")}:{os.environ["PATH"]}'
    succeeded(run(venv('original', 'c3_create_operator'), *arguments, cwd=folder, env={**os.environ, 'PATH': path}))
    yield f'{repository}/claimed-old:0.1'
    run('docker', 'rmi', '--force', 'claimed-old:0.1')


@pytest.fixture
def claimed(tmp_path):
    """Give the program by the original's name."""
    program = tmp_path / 'claimed'
    program.symlink_to(C3)
    return program


def seen(done):
    """Give what an operator has printed."""
    return json.loads(succeeded(done).stdout.partition('SEEN ')[2] or done.stdout)


def containers(process, engine=('docker',)):
    """Give the containers of a `c3 run` that an engine has, whatever else it has."""
    label = f'label=io.claimed.c3.process={process.pid}'
    return succeeded(run(*engine, 'ps', '--all', '--quiet', '--filter', label)).stdout.split()


def start(*arguments, folder, env=None):
    """Start `c3 run` in a group of processes of its own, and wait until the operator runs."""
    command = [C3, 'run', *arguments, '--needed', 'x', '--seconds', '300']
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'stdin': subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, env=environment(env), text=True, **pipes)
    assert json.loads(process.stdout.readline())['values'][2] == 'x'
    return process


# A source


def test_a_source_runs_in_its_image(folder):
    before = names_in(folder)
    done = c3('run', 'tool.py', '--needed', '--x', '--text', HOSTILE, 'count=5', '--flag', '--', '--own', cwd=folder)
    found = seen(done)
    assert (found['text'], found['values'], found['arguments']) == (HOSTILE, [5, True, '--x'], ['--own'])
    assert done.stderr == 'a word\n'
    assert names_in(folder) == before
    assert image_config('claimed-tool:latest')['RepoTags'] == ['claimed-tool:latest']


def test_image_is_rebuilt_only_after_a_change(folder, namespace):
    base = f'{namespace}-run-base:1'
    docker('tag', BASE, base)
    write(folder / 'endless.py', '"""A."""\nimport os\nprint(os.getenv("n", "1"))\n')

    def builds():
        done = succeeded(c3('run', '-l', 'INFO', '--base-image', base, 'endless.py', cwd=folder))
        assert done.stdout in ('1\n', '2\n')
        return 'COPY' in done.stderr

    assert builds()
    assert not builds()
    write(folder / 'endless.py', '"""A."""\nimport os\nprint(os.getenv("n", "2"))\n')
    assert builds()
    assert not builds()
    write(folder / 'base/Dockerfile', f'FROM {BASE}\nENV OTHER={namespace}\n')
    docker('build', '--quiet', '--tag', base, folder / 'base')
    assert builds(), 'another base image'
    run('docker', 'rmi', '--force', base)


def test_invalid_arguments_are_reported_before_anything_runs(folder):
    nowhere = {'DOCKER_HOST': 'unix:///nonexistent'}
    done = refused(c3('run', 'tool.py', '--nedeed', 'x', cwd=folder, env=nowhere), 2, 'no parameter `nedeed`')
    assert 'did you mean `--needed`?' in done.stderr
    refused(c3('run', 'tool.py', cwd=folder, env=nowhere), 2, 'required: `needed`')
    refused(c3('run', 'tool.py', '--needed', 'x', '--count', 'many', cwd=folder, env=nowhere), 2, '`count` is an Integer')
    refused(c3('run', 'tool.py', '--needed', 'x', '--table', 'gone', cwd=folder, env=nowhere), 1, '`gone`')
    refused(c3('run', 'tool.py', '--needed', 'x', cwd=folder, env=nowhere), 3, '/nonexistent')


def test_the_exit_code_is_the_programs(folder):
    done = c3('run', 'tool.py', '--needed', 'x', '--exit_code', '7', cwd=folder)
    assert (done.returncode, done.stderr) == (7, 'a word\n'), told(done)


def test_secret_comes_from_the_environment_and_is_never_shown(folder):
    known = {'api_token': SECRET, 'text': 'no secret'}
    done = c3('run', '-l', 'DEBUG', 'tool.py', '--needed', 'x', '--log_level', 'DEBUG', cwd=folder, env=known)
    found = seen(done)
    assert (found['api_token'], found['text']) == (SECRET, 'nothing')
    assert SECRET not in done.stderr
    done = c3('run', 'tool.py', '--needed', 'x', '--api_token', SECRET, cwd=folder)
    assert 'warning' in done.stderr and SECRET not in done.stderr


def test_variables_are_passed_by_name(folder):
    options = ['-e', 'OTHER', '-e', 'text=from env']
    found = seen(c3('run', *options, 'tool.py', '--needed', 'x', cwd=folder, env={'OTHER': 'a=b c'}))
    assert (found['other'], found['text']) == ('a=b c', 'from env')
    refused(c3('run', '-e', 'UNSET_HERE', 'tool.py', '--needed', 'x', cwd=folder), 2, 'UNSET_HERE')


def test_outputs_and_data_belong_to_the_caller(folder, tmp_path):
    place = strangers_folder(tmp_path / 'stranger')
    data = strangers_folder(place / 'data')
    options = ['--mount', 'data', '-o', 'out']
    arguments = ['--needed', 'x', '--text', 'hi', '--table', folder / 'table.csv']
    tmp_path.chmod(0o755)
    done = c3('run', *options, folder / 'tool.py', *arguments, cwd=place, before=as_stranger())
    found = seen(done)
    assert (found['user'], found['data'], found['table']) == ([STRANGER_UID if as_root() == [] else os.getuid(), 0], [], 'a,b\n')
    assert 'output `complaint` was never set' in done.stderr
    assert snapshot(place / 'out') == {'echo': b'hi', 'report/deep/rows.txt': b'rows'}
    made = [place / 'out/echo', place / 'out/report/deep', data / 'new.txt']
    assert {path.stat().st_uid for path in made} == {data.stat().st_uid}
    write(place / 'out/report/mine.txt', 'kept')
    succeeded(c3('run', *options, folder / 'tool.py', '--needed', 'x', cwd=place, before=as_stranger()))
    assert snapshot(place / 'out') == {'echo': b'nothing', 'report/deep/rows.txt': b'rows', 'report/mine.txt': b'kept'}


def test_data_can_be_mounted_read_only(folder, tmp_path):
    write(tmp_path / 'some/a.txt', '')
    found = seen(c3('run', '--mount', f'{tmp_path}/some:data:ro', 'tool.py', '--needed', 'x', cwd=folder))
    assert found['data'] == ['a.txt']
    assert names_in(tmp_path / 'some') == ['a.txt']
    found = seen(c3('run', 'tool.py', '--needed', 'x', cwd=folder, env={'CLAIMED_DATA_PATH': tmp_path / 'some'}))
    assert found['data'] == ['a.txt']
    assert names_in(tmp_path / 'some') == ['a.txt', 'new.txt']
    refused(c3('run', '--mount', 'gone', 'tool.py', '--needed', 'x', cwd=folder), 1, '`gone`')


@pytest.mark.parametrize(('number', 'code'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_terminated_run_stops_its_container(folder, number, code):
    process = start('tool.py', folder=folder)
    assert len(containers(process)) == 1
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert ('cleaned up' in said) == (number == signal.SIGINT)
    assert containers(process) == []


def test_output_is_streamed_and_a_closed_pipe_ends_the_run(folder):
    write(folder / 'endless.py', 'import time\nwhile True:\n    print("line", flush=True)\n    time.sleep(0.1)\n')
    process = subprocess.Popen([C3, 'run', 'endless.py'], cwd=folder, env=environment(), stdout=subprocess.PIPE)
    assert process.stdout.readline() == b'line\n'
    assert len(containers(process)) == 1
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert containers(process) == []


def test_r_operator_runs(folder):
    script = '# Adds.\nx <- as.integer(Sys.getenv("x"))\nusage <- Sys.getenv("usage", "")\nSys.setenv(sum = x + 1L)\ncat(usage)\n'
    write(folder / 'sum.R', script)
    done = succeeded(c3('run', '-o', 'sums', 'sum.R', '--x', '41', '--usage', 'a  "b" $c', cwd=folder))
    assert done.stdout == 'a  "b" $c'
    assert snapshot(folder / 'sums') == {'sum': b'42'}


def test_podman_runs_the_operator(folder, tmp_path):
    limits = write(tmp_path / 'containers.conf', PODMAN_CONF)
    socket = tmp_path / 'podman.sock'
    settings = [f'CONTAINERS_CONF={limits}', f'CONTAINERS_REGISTRIES_CONF={STATE}/registries.conf']
    command = [*as_root(), 'env', *settings, 'podman', 'system', 'service', '-t', '60', f'unix://{socket}']
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        wait_until(socket.exists)
        succeeded(run(*as_root(), 'chmod', '666', socket))
        env = {'DOCKER_HOST': f'unix://{socket}'}
        done = c3('run', '-o', tmp_path / 'out', 'tool.py', '--needed', HOSTILE, cwd=folder, env=env)
        assert seen(done)['values'][2] == HOSTILE
        assert done.stderr.startswith('a word\n')
        assert names_in(tmp_path / 'out') == ['echo', 'report', 'report/deep', 'report/deep/rows.txt']
        process = start('tool.py', folder=folder, env=env)
        assert len(containers(process, [*as_root(), 'podman'])) == 1
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == 143
        assert containers(process, [*as_root(), 'podman']) == []
        succeeded(run(*as_root(), 'podman', 'rmi', '--force', 'localhost/claimed-tool:latest'))
        service.terminate()
        service.wait(timeout=60)


# Without an engine


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
    """Give a folder in which environments are kept."""
    return tmp_path_factory.mktemp('cache')


PACKAGE = '''\
"""Uses a package."""
# pip install six
# dnf install -y git
import os
import sys

import six

n = int(os.getenv('n', 1))
print(six.__version__, sys.prefix, n, sorted(os.listdir('.')), os.path.exists('names/a.txt'))
'''


@pytest.mark.parametrize('maker', ['uv', 'pip'])
def test_packages_are_installed_once(tmp_path, maker):
    write(tmp_path / 'work/package.py', PACKAGE)
    write(tmp_path / 'work/names/a.txt', '')
    path = f'{STATE / "uv/bin"}:{os.environ["PATH"]}' if maker == 'uv' else os.environ['PATH']
    env = {'DOCKER_HOST': 'unix:///nonexistent', 'XDG_CACHE_HOME': tmp_path / 'cache', 'PATH': path, 'n': '9'}
    options = ['--no-engine', '-a', 'names']
    first = succeeded(c3('run', *options, 'package.py', '--n', '2', cwd=tmp_path / 'work', env=env))
    assert f' {tmp_path}/cache/c3/environments/' in first.stdout
    assert first.stdout.endswith(" 2 ['claimed_package.py', 'names', 'package.py'] True\n")
    assert '`dnf install -y git`' in first.stderr
    made = {path.stat().st_ino: path.stat().st_mtime_ns for path in (tmp_path / 'cache').rglob('pyvenv.cfg')}
    again = succeeded(c3('run', *options, 'package.py', cwd=tmp_path / 'work', env=env))
    assert again.stdout == first.stdout.replace(' 2 [', ' 1 [')
    assert {path.stat().st_ino: path.stat().st_mtime_ns for path in (tmp_path / 'cache').rglob('pyvenv.cfg')} == made
    assert names_in(tmp_path / 'work') == ['names', 'names/a.txt', 'package.py']


def test_local_process_behaves_like_a_container(folder, cache, tmp_path):
    env = {'DOCKER_HOST': 'unix:///nonexistent', 'XDG_CACHE_HOME': cache, 'text': 'not given', 'api_token': SECRET}
    data = write(tmp_path / 'data/a.txt', '').parent
    options = ['--no-engine', '--mount', data, '-o', tmp_path / 'out']
    arguments = ['--needed', HOSTILE, '--table', 'table.csv', '--', '--own']
    found = seen(c3('run', *options, 'tool.py', *arguments, cwd=folder, env=env))
    assert (found['text'], found['values'], found['arguments']) == ('nothing', [3, False, HOSTILE], ['--own'])
    assert (found['api_token'], found['table'], found['data']) == (SECRET, 'a,b\n', ['a.txt'])
    assert snapshot(tmp_path / 'out') == {'echo': b'nothing', 'report/deep/rows.txt': b'rows'}
    assert names_in(data) == ['a.txt', 'new.txt']
    done = c3('run', '--no-engine', 'tool.py', '--needed', 'x', '--exit_code', '7', cwd=folder, env=env)
    assert (done.returncode, done.stderr) == (7, 'a word\n'), told(done)
    refused(c3('run', '--no-engine', '--mount', f'{data}:/data', 'tool.py', '--needed', 'x', cwd=folder, env=env), 2, '/data')
    refused(c3('run', '--no-engine', 'claimed-tool:latest', '--needed', 'x', env=env), 2, 'not a source')


@pytest.mark.parametrize(('number', 'code'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_terminated_run_stops_its_process(folder, cache, tmp_path, number, code):
    process = start('--no-engine', 'tool.py', folder=folder, env={'XDG_CACHE_HOME': cache, 'TMPDIR': tmp_path})
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert ('cleaned up' in said) == (number == signal.SIGINT)
    assert names_in(tmp_path) == []


def test_r_runs_as_a_process(folder, tmp_path):
    write(folder / 'add.R', '# Adds.\nx <- as.integer(Sys.getenv("x"))\nSys.setenv(sum = x + 1L)\ncat(Sys.getenv("usage", ""))\n')
    options = ['--no-engine', '-o', tmp_path / 'sums']
    done = succeeded(c3('run', *options, 'add.R', '--x', '41', '--usage', 'a b', cwd=folder, env={'XDG_CACHE_HOME': tmp_path}))
    assert done.stdout == 'a b'
    assert snapshot(tmp_path / 'sums') == {'sum': b'42'}


def test_failed_installations_are_reported(cache, tmp_path):
    env = {'XDG_CACHE_HOME': cache, 'PATH': f'{STATE / "uv/bin"}:{os.environ["PATH"]}'}
    write(tmp_path / 'bad.py', '"""Bad."""\n# pip install c3-has-no-such-package\n')
    refused(c3('run', '--no-engine', 'bad.py', cwd=tmp_path, env=env), 1, 'pip install', 'failed')
    write(tmp_path / 'old.py', '# /// script\n# requires-python = "<3.10"\n# ///\n"""Old."""\n')
    options = ['--no-engine', '--image-version', 'python3.9']
    refused(c3('run', *options, 'old.py', cwd=tmp_path, env=env), 1, 'requires-python')


# An image, a manifest


def test_an_image_runs_by_its_name(image):
    docker('rmi', '--force', image)
    refused(c3('run', image, '--neded', 'x'), 2, 'no parameter `neded`')
    assert 'Any text.' in succeeded(c3('run', image, '--help')).stdout
    assert run('docker', 'image', 'inspect', image).returncode != 0
    assert seen(c3('run', image, '--needed', 'x'))['values'][2] == 'x'
    refused(c3('run', f'{OPEN_REGISTRY}/nowhere/claimed-x:0.1'), 3, 'nowhere/claimed-x')


@pytest.mark.parametrize('suffix', ['yaml', 'job.yaml', 'cwl'])
def test_a_manifest_runs_with_its_own_defaults(image, folder, tmp_path, suffix):
    text = (folder / f'tool.{suffix}').read_text(encoding='utf-8')
    changed = write(tmp_path / f'changed.{suffix}', text.replace('"nothing"', '"changed"'))
    found = seen(c3('run', changed, '--needed', 'x', '--count', '4'))
    assert (found['text'], found['values'][:2]) == ('changed', [4, False])
    refused(c3('run', changed, '--needed', 'x', '--count', 'y'), 2, '`count` is an Integer')


def test_other_files_are_rejected(tmp_path):
    write(tmp_path / 'a.yaml', 'a: [b\n')
    refused(c3('run', 'a.yaml', cwd=tmp_path), 1, 'a.yaml')
    write(tmp_path / 'b.yaml', f'implementation: {{container: {{image: "{R_BASE}", command: [ls]}}}}\n')
    refused(c3('run', f'{tmp_path}/b.yaml'), 1, 'is not an operator')
    refused(c3('run', 'gone.py', cwd=tmp_path), 1, 'gone.py')
    refused(c3('run', 'gone.yaml', cwd=tmp_path), 1, 'gone.yaml')


# What the original has built


def test_the_originals_files_run(old, folder):
    for suffix in ('yaml', 'job.yaml', 'cwl'):
        found = seen(c3('run', f'old.{suffix}', '--needed', HOSTILE, cwd=folder))
        assert (found['text'], found['count'], found['needed']) == ('nothing', 3, HOSTILE)
    refused(c3('run', 'old.yaml', cwd=folder), 2, 'required: `needed`')


def test_image_without_a_component_has_unknown_parameters(old, tmp_path):
    refused(c3('run', old, '--help'), 1, 'carries no component')
    done = succeeded(c3('run', '-o', tmp_path, old, 'needed=x'))
    assert 'outputs are unknown' in done.stderr


def test_claimed_passes_every_value_on(old, claimed):
    for value in (HOSTILE, '', '--a=b', '-x', 'a b', '$HOME', 'x\ny'):
        found = seen(run(claimed, '--component', old, '--text', value, '--count', '5', '--needed', 'x', env=environment()))
        assert (found['text'], found['count'], found['needed']) == (value, 5, 'x')


def test_claimed_mounts_the_data(old, claimed, tmp_path):
    data = write(tmp_path / 'data/a.txt', '').parent
    done = run(claimed, '--component', old, '--needed', 'x', env=environment({'CLAIMED_DATA_PATH': data}))
    assert seen(done)['data'] == ['a.txt']
    assert (data / 'new.txt').stat().st_uid == os.getuid()


def test_claimed_completes_image_names(old, claimed):
    for given, full in [('claimed-old-c3', 'docker.io/claimed/claimed-old-c3:latest'), ('c3-test/old', 'c3-test/old:latest')]:
        docker('tag', old, full)
        try:
            assert seen(run(claimed, '--component', given, '--needed', 'x', env=environment()))['needed'] == 'x'
        finally:
            docker('rmi', full)


def test_claimed_creates_operators(claimed, folder, repository, tmp_path):
    own = f'{repository}/by-claimed'
    command = [claimed, 'create', 'operator', 'tool.py', '-r', own, '-v', '0.3', '-o', tmp_path / 'files']
    succeeded(run(*command, cwd=folder, env=environment()))
    assert tags(f'{own}/claimed-tool') == ['0.3', 'latest']
    done = run(claimed, 'create', 'image', env=environment())
    assert done.returncode == 2 and 'gridwrapper' in done.stderr


READER = '"""Counts what it reads."""\n\nimport sys\n\nprint(len(sys.stdin.buffer.read()))\n'


@pytest.mark.parametrize('how', [[], ['--no-engine']])
def test_standard_input_is_passed_on_to_its_end(tmp_path, how):
    """What is piped into `c3 run` reaches the operator whole, and nothing at all is an end."""
    write(tmp_path / 'reader.py', READER)
    for text in ('', 'x' * 1_000_000):
        done = c3('run', *how, 'reader.py', cwd=tmp_path, input=text)
        assert succeeded(done).stdout.splitlines()[-1] == str(len(text))
