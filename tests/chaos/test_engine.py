"""An engine that splits, breaks or freezes: told in time, and no build that has succeeded is lost."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'engines'))

from engine_proxy import Proxy, broken, cut, split, stalling
from images import digest, docker, tags
from support import BASE, BOOKWORM, C3, OPEN_REGISTRY, c3, environment, refused, succeeded, told, wait_until, write

SOURCE = '"""Says hello."""\nimport os\nprint(os.getenv("who", "you"), flush=True)\n'

# Waits in the build, longer than an engine may be silent in these tests.
SLOW = 'FROM ${base_image}\nRUN sleep 6\n${additional_files_docker}\nADD ${target_code} ${working_dir}\nCMD true\n'

# An engine may be silent for so many seconds in these tests; a transfer may stand still for ten times as many.
PATIENCE = {'DOCKER_CLIENT_TIMEOUT': '3'}


@pytest.fixture
def folder(tmp_path):
    """Give a folder with a source."""
    write(tmp_path / 'chaotic.py', SOURCE)
    return tmp_path


def create(folder, proxy, *options, env=None, **more):
    """Build the operator through a proxy, on the small base."""
    env = {'DOCKER_HOST': proxy.host, **(env or {})}
    return c3('create-operator', 'chaotic.py', '--base-image', BOOKWORM, *options, cwd=folder, env=env, timeout=120, **more)


@pytest.fixture
def base(repository):
    """Give a base image by a name of its own, which a registry has and the engine hasn't."""
    name = f'{repository}/base:1'
    docker('tag', BASE, name)
    docker('push', '--quiet', name)
    docker('rmi', name)
    return name


@pytest.fixture
def archive(folder, repository):
    """Give an archive of a base image whose name the engine doesn't know."""
    name = f'{repository}/archived:1'
    docker('tag', BOOKWORM, name)
    docker('save', '--output', folder / 'base.tar', name)
    docker('rmi', name)
    return folder / 'base.tar'


def written(folder):
    """Give what `c3` has written."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith('chaotic.') and path.suffix != '.py')


@contextlib.contextmanager
def in_time():
    """Insist on an end before the minute that an engine has for an answer where nothing else is said."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < 55


# What an engine splits


@pytest.mark.parametrize('buildkit', ['1', '0'])
def test_late_line_ends_are_handled(folder, repository, base, buildkit):
    """A pull, a build, a push and a run through an engine that sends each line end by itself."""
    with Proxy(folder / 'engine.sock', '', split) as proxy:
        env = {'DOCKER_HOST': proxy.host, 'DOCKER_BUILDKIT': buildkit}
        options = ['--base-image', base, '-r', repository, '--format', 'json']
        done = succeeded(c3('create-operator', 'chaotic.py', *options, cwd=folder, env=env, timeout=120))
        assert json.loads(done.stdout)['digest'] == digest(f'{repository}/claimed-chaotic', '0.1')
        for part in ('/images/create', '/build', '/push'):
            assert any(part in path for path in proxy.asked), f'{part} was not asked'
        done = succeeded(c3('run', f'{repository}/claimed-chaotic:0.1', cwd=folder, env=env, timeout=120))
        assert done.stdout == 'you\n'


def test_late_line_ends_of_a_load_are_handled(folder, archive):
    """An archive is loaded, though the engine's last word comes in two pieces."""
    with Proxy(folder / 'engine.sock', '', split) as proxy:
        options = ['--base-image-tar', archive, '--local-mode', '-r', f'{OPEN_REGISTRY}/c3-chaos-load']
        env = {'DOCKER_HOST': proxy.host}
        succeeded(c3('create-operator', 'chaotic.py', *options, cwd=folder, env=env, timeout=120))
        assert any('/images/load' in path for path in proxy.asked)
    docker('rmi', f'{OPEN_REGISTRY}/c3-chaos-load/claimed-chaotic:0.1', f'{OPEN_REGISTRY}/c3-chaos-load/claimed-chaotic')


# What really breaks


@pytest.mark.parametrize('how', [cut, broken])
@pytest.mark.parametrize(
    ('buildkit', 'mark'), [('1', b'moby.image.id'), ('0', b'Successfully built'), ('0', b'Step 2/'), ('1', b'moby.buildkit')]
)
def test_broken_build_stream_is_an_error(folder, repository, how, buildkit, mark):
    """Where the engine doesn't tell the end of a build, nothing is pushed and nothing is written."""
    with Proxy(folder / 'engine.sock', '/build', how(mark)) as proxy:
        done = create(folder, proxy, '-r', repository, env={'DOCKER_BUILDKIT': buildkit})
    refused(done, 3, 'went away while building the image')
    assert written(folder) == [] and tags(f'{repository}/claimed-chaotic') == []


@pytest.mark.parametrize('how', [cut, broken])
def test_broken_push_stream_is_an_error(folder, repository, how):
    """A push whose digest was never told is none."""
    with Proxy(folder / 'engine.sock', '/push', how(b'digest: ')) as proxy:
        refused(create(folder, proxy, '-r', repository), 3, 'went away while pushing')
    assert written(folder) == []


@pytest.mark.parametrize('how', [cut, broken])
def test_broken_pull_stream_is_an_error(folder, base, how):
    """A pull whose digest was never told is none."""
    with Proxy(folder / 'engine.sock', '/images/create', how(b'Digest: ')) as proxy:
        env = {'DOCKER_HOST': proxy.host}
        done = c3('create-operator', 'chaotic.py', '--base-image', base, cwd=folder, env=env, timeout=120)
    refused(done, 3, 'went away while pulling')
    assert written(folder) == []


@pytest.mark.parametrize('how', [cut, broken])
def test_broken_load_stream_is_an_error(folder, archive, how):
    """An archive that the engine tells no end of is not loaded."""
    with Proxy(folder / 'engine.sock', '/images/load', how(b'Loaded image')) as proxy:
        env = {'DOCKER_HOST': proxy.host}
        done = c3('create-operator', 'chaotic.py', '--base-image-tar', archive, cwd=folder, env=env, timeout=120)
    refused(done, 3, 'went away while loading')
    assert written(folder) == []


# What freezes


@pytest.fixture
def stopped(folder):
    """Give the address of an engine whose process is stopped: it takes connections and says nothing."""
    socket = folder / 'engine.sock'
    proxy = subprocess.Popen([sys.executable, Path(__file__).with_name('engine_proxy.py'), socket], stdout=subprocess.PIPE)
    proxy.stdout.readline()
    os.kill(proxy.pid, signal.SIGSTOP)
    yield f'unix://{socket}'
    proxy.kill()
    proxy.wait()


@pytest.mark.parametrize(
    'words', [['create-operator', 'chaotic.py'], ['run', 'chaotic.py'], ['run', 'some/image:1'], ['doctor']], ids=' '.join
)
def test_stopped_engine_is_reported(folder, stopped, words):
    """A command that needs an engine ends soon, and says what to do."""
    with in_time():
        done = c3(*words, cwd=folder, env={'DOCKER_HOST': stopped}, timeout=120)
    assert done.returncode == 3, told(done)
    assert 'no answer in time' in done.stderr and 'restart' in done.stderr, told(done)


def test_stopped_engine_is_ignored_where_none_is_needed(folder, stopped):
    """Files are written without an engine, however it is."""
    with in_time():
        succeeded(c3('create-operator', '--no-build', 'chaotic.py', cwd=folder, env={'DOCKER_HOST': stopped}, timeout=120))


@pytest.mark.parametrize('buildkit', ['1', '0'])
def test_engine_frozen_during_a_build_is_reported(folder, repository, buildkit):
    """The build ends in time with what to do, and nothing is written."""
    mark = b'moby.buildkit' if buildkit == '1' else b'Step 2/'
    with Proxy(folder / 'engine.sock', '/build').freezing(mark) as proxy, in_time():
        done = create(folder, proxy, '-r', repository, env={**PATIENCE, 'DOCKER_BUILDKIT': buildkit})
    refused(done, 3, 'has stopped answering while building the image', 'restart the engine')
    assert written(folder) == []


def test_engine_frozen_during_the_context_upload_is_reported(folder):
    """A context that nobody takes is no reason to wait for ever."""
    write(folder / 'big.bin', os.urandom(8 << 20))
    with Proxy(folder / 'engine.sock', '/build').freezing(b'') as proxy, in_time():
        proxy.freeze_on = '/build'
        done = create(folder, proxy, 'big.bin', env=PATIENCE)
    refused(done, 3, 'has stopped answering while building the image')


@pytest.mark.parametrize(('path', 'mark', 'doing'), [('/push', b'"status"', 'pushing'), ('/json', b'', 'looking for')])
def test_engine_frozen_after_the_build_is_reported(folder, repository, path, mark, doing):
    """Whatever is asked of a frozen engine ends in time."""
    with Proxy(folder / 'engine.sock', path).freezing(mark) as proxy, in_time():
        proxy.freeze_on = path if not mark else None
        done = create(folder, proxy, '-r', repository, env=PATIENCE)
    refused(done, 3, f'has stopped answering while {doing}')
    assert written(folder) == []


def test_engine_frozen_during_a_run_is_reported(folder, repository):
    """A run ends in time, too; what it says before that would be shown."""
    write(folder / 'chaotic.py', '"""Says nothing."""\nimport time\ntime.sleep(30)\n')
    succeeded(c3('create-operator', 'chaotic.py', '-r', repository, cwd=folder))
    with Proxy(folder / 'engine.sock') as proxy, in_time():
        proxy.freeze_on = '/wait'
        done = c3('run', f'{repository}/claimed-chaotic:0.1', cwd=folder, env={'DOCKER_HOST': proxy.host, **PATIENCE}, timeout=120)
    refused(done, 3, 'has stopped answering while running')


def test_silent_step_is_not_taken_for_a_frozen_engine(folder, repository):
    """A step may say nothing for longer than the engine may, as long as the engine answers."""
    write(folder / 'slow.tmpl', SLOW)
    with Proxy(folder / 'engine.sock') as proxy:
        options = ['--dockerfile-template', 'slow.tmpl', '--no-cache', '--local-mode', '-r', repository]
        succeeded(create(folder, proxy, *options, env=PATIENCE))
        assert proxy.asked.count('/v1.41/_ping') + proxy.asked.count('/_ping') > 2


@pytest.mark.parametrize(('path', 'mark'), [('/push', b'"status"'), ('/images/create', b'"status"')])
def test_stalled_transfer_is_reported(folder, repository, base, path, mark):
    """An engine that answers, but whose registry is frozen, is not waited for for ever."""
    with Proxy(folder / 'engine.sock', path, stalling(mark)) as proxy, in_time():
        options = ['--base-image', base, '-r', repository]
        env = {'DOCKER_HOST': proxy.host, 'DOCKER_CLIENT_TIMEOUT': '2'}
        done = c3('create-operator', 'chaotic.py', *options, cwd=folder, env=env, timeout=120)
    refused(done, 3, 'has not moved for 20 s', 'registry')
    assert written(folder) == []


def test_ctrl_c_ends_a_build_of_a_frozen_engine(folder, repository):
    """Nobody has to wait for an engine that they know is frozen."""
    with Proxy(folder / 'engine.sock', '/build').freezing(b'moby.buildkit') as proxy:
        command = [C3, 'create-operator', 'chaotic.py', '--base-image', BOOKWORM, '-r', repository]
        env = environment({'DOCKER_HOST': proxy.host})
        child = subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE)
        wait_until(proxy.frozen.is_set)
        child.send_signal(signal.SIGINT)
        assert child.wait(50) == 130
    assert written(folder) == []
