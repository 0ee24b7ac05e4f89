"""Many build at once as one name: each gets a version of its own, or is told that it has none."""

import fcntl
import hashlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'engines'))

from engine_proxy import Proxy
from images import digest, docker, registry_json, tags
from support import BASE, C3, OPEN_REGISTRY, c3, environment, refused, succeeded, wait_until, write

SLOW = 'FROM ${base_image}\nRUN sleep 60\n${additional_files_docker}\nADD ${target_code} ${working_dir}\nUSER 1001\nCMD true\n'


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    """Give options that make images of the default base without an engine, quickly."""
    name = f'{OPEN_REGISTRY}/c3-chaos-base/python-312:1'
    docker('tag', BASE, name)
    docker('push', '--quiet', name)
    docker('rmi', name)
    return ['--builder', 'oci', '--base-image', name]


def start(folder, repository, *options, **changes):
    """Start a build of an operator whose name is that of all others."""
    command = [C3, 'create-operator', 'race.py', '-r', repository, '--format', 'json', *options]
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
    return subprocess.Popen([str(word) for word in command], cwd=folder, env=environment(changes), text=True, **pipes)


def sources(folder, count):
    """Write operators of one name, each in a folder of its own."""
    folders = [folder / str(number) for number in range(count)]
    for number, own in enumerate(folders):
        write(own / 'race.py', f'"""Number {number}."""\nprint({number})\n')
    return folders


def description(image):
    """Give the description of an image in the open registry."""
    name, _, tag = image.removeprefix(f'{OPEN_REGISTRY}/').rpartition(':')
    accept = 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json'
    manifest, _ = registry_json(f'{name}/manifests/{tag}', {'Accept': accept})
    config, _ = registry_json(f'{name}/blobs/{manifest["config"]["digest"]}')
    return config['config']['Labels']['org.opencontainers.image.description']


@pytest.mark.parametrize('kind', ['docker', 'oci'])
def test_concurrent_builds_get_distinct_versions(tmp_path, repository, base, kind):
    """Whoever comes later waits, is told so, and takes the next version."""
    options = base if kind == 'oci' else []
    cache = tmp_path / 'cache'
    name = f'{repository}/claimed-race'
    turn = write(cache / f'c3/turns/{hashlib.sha256(name.encode()).hexdigest()}.lock', f'{os.getpid()}\n')
    with turn.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        running = [start(folder, repository, *options, XDG_CACHE_HOME=cache) for folder in sources(tmp_path, 3)]
        for child in running:
            while f'waiting for process {os.getpid()}' not in (line := child.stderr.readline()):
                assert line, 'it did not wait'
    said = [child.communicate(timeout=120) for child in running]
    assert [child.returncode for child in running] == [0] * 3, said
    images = [json.loads(out)['image'] for out, _ in said]
    assert sorted(images) == [f'{name}:0.{number}' for number in (1, 2, 3)]
    for number, image in enumerate(images):
        assert description(image) == f'Number {number}.'
    assert digest(name, 'latest') == digest(name, '0.3')


@pytest.mark.parametrize('kind', ['docker', 'oci'])
def test_moving_tag_is_pinned_by_digest(tmp_path, repository, base, kind):
    """Nodes and Kubeflow's cache know an image by its tag: what moves under it would not be run."""
    words = [*(base if kind == 'oci' else []), '-r', repository]
    name = f'{repository}/claimed-race'

    def push(number, *options):
        write(tmp_path / 'race.py', f'"""Number {number}."""\nprint({number})\n')
        done = succeeded(c3('create-operator', 'race.py', *words, *options, '-y', cwd=tmp_path))
        said = 'named another image before; the files name it by its digest' in done.stderr
        files = [tmp_path / file for file in ('race.yaml', 'race.job.yaml', 'race.cwl')]
        pinned = [f'{name}:0.1@{digest(name, "0.1")}' in file.read_text(encoding='utf-8') for file in files]
        assert len(set(pinned)) == 1
        return said, pinned[0]

    assert push(1, '-v', '0.1') == (False, False)
    assert push(1, '-v', '0.1') == (False, False)
    assert push(2, '-v', '0.1') == (True, True)
    assert push(2, '-v', '0.1') == (False, True)
    assert push(3) == (False, False)
    assert f'{name}:0.2"' in (tmp_path / 'race.yaml').read_text(encoding='utf-8')


@pytest.fixture
def held(tmp_path):
    """Give a proxy of the engine that holds each build until it is let go on."""
    with Proxy(tmp_path / 'held.sock') as proxy:
        proxy.freeze_on = '/build'
        yield proxy


def let_go(held, process):
    """Let a build that is held go on, and give what its process has said."""
    held.freeze_on = None
    held.frozen.clear()
    return process.communicate(timeout=120)


def test_explicit_version_does_not_wait(tmp_path, repository, held):
    """Who tells the version knows what they do."""
    first, second = sources(tmp_path, 2)
    slow = start(first, repository, DOCKER_HOST=held.host)
    wait_until(held.frozen.is_set)
    done = succeeded(c3('create-operator', 'race.py', '-r', repository, '-v', '7', cwd=second))
    assert slow.poll() is None and 'waiting' not in done.stderr
    let_go(held, slow)
    assert tags(f'{repository}/claimed-race') == ['0.1', '7', 'latest']


def test_killed_build_releases_its_turn(tmp_path, repository):
    """A lock ends with its process, however that ends."""
    first, second = sources(tmp_path, 2)
    write(first / 'slow.tmpl', SLOW)
    slow = start(first, repository, '--dockerfile-template', 'slow.tmpl', '--no-cache')
    turns = Path('/nonexistent/.cache/c3/turns')
    wait_until(lambda: any(turn.read_text().strip() == str(slow.pid) for turn in turns.glob('*.lock')))
    waiting = start(second, repository)
    assert 'waiting for process' in waiting.stderr.readline()
    slow.send_signal(signal.SIGKILL)
    slow.communicate()
    out, err = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, err
    assert json.loads(out)['version'] == '0.1'


def test_ctrl_c_ends_the_wait(tmp_path, repository, held):
    """Nobody has to wait for others."""
    first, second = sources(tmp_path, 2)
    slow = start(first, repository, DOCKER_HOST=held.host)
    wait_until(held.frozen.is_set)
    waiting = start(second, repository)
    assert f'waiting for process {slow.pid}' in waiting.stderr.readline()
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=120)
    assert waiting.returncode in (130, -signal.SIGINT) and slow.poll() is None
    let_go(held, slow)


def test_versions_pushed_by_another_machine_are_not_overwritten(tmp_path, repository, held):
    """Two machines that build the same version at once: the later one ends with what to do."""
    first, second = sources(tmp_path, 2)
    slow = start(first, repository, DOCKER_HOST=held.host, XDG_CACHE_HOME=tmp_path / 'cache')
    wait_until(held.frozen.is_set)
    succeeded(c3('create-operator', 'race.py', '-r', repository, '-v', '0.1', cwd=second))
    out, err = let_go(held, slow)
    assert slow.returncode == 3 and 'was pushed by somebody else' in json.loads(out)['error']['message'], err
    assert 'was pushed by somebody else while it was built here' in err and 'run the command again' in err
    name = f'{repository}/claimed-race'
    assert digest(name, 'latest') == digest(name, '0.1')
    assert description(f'{name}:0.1') == 'Number 1.'
    assert not (first / 'race.yaml').exists()


def pushed_over(name):
    """Give what another machine pushes: the base image by this name."""
    def push():
        docker('tag', BASE, name)
        docker('push', '--quiet', name)

    return push


def test_concurrent_push_by_another_machine_is_reported(tmp_path, repository):
    """The version is read back after the push, and `latest` is left alone if it is another's."""
    [folder] = sources(tmp_path, 1)
    name = f'{repository}/claimed-race'

    def meanwhile(pieces):
        for piece in pieces:
            if b'digest: ' in piece:
                pushed_over(f'{name}:0.1')()
            yield piece

    with Proxy(tmp_path / 'engine.sock', '/push', meanwhile) as proxy:
        done = c3('create-operator', 'race.py', '-r', repository, cwd=folder, env={'DOCKER_HOST': proxy.host}, timeout=120)
    refused(done, 3, 'was pushed by somebody else at the same time', 'run the command again')
    assert tags(name) == ['0.1']
    assert not (folder / 'race.yaml').exists()


class Registry(http.server.BaseHTTPRequestHandler):
    """The open registry by another address; `meanwhile` is called when a version was put there."""

    protocol_version = 'HTTP/1.1'
    meanwhile = staticmethod(lambda: None)

    def pass_on(self):
        """Pass a request on, and its answer back."""
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ('host', 'content-length')}
        request = urllib.request.Request(f'http://{OPEN_REGISTRY}{self.path}', body or None, headers, method=self.command)
        if self.command in ('POST', 'PUT', 'PATCH'):
            request.data = body
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        content = answer.read()
        if self.command == 'PUT' and self.path.endswith('/manifests/0.1'):
            self.meanwhile()
        self.send_response(answer.status)
        own = f'127.0.0.1:{self.server.server_port}'
        for key, value in answer.headers.items():
            if key.lower() not in ('content-length', 'connection', 'date', 'server'):
                self.send_header(key, value.replace(OPEN_REGISTRY, own))
        length = answer.headers['Content-Length'] if self.command == 'HEAD' else str(len(content))
        self.send_header('Content-Length', length or '0')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = pass_on

    def log_message(self, *_):
        """Say nothing."""


def test_without_an_engine_the_version_is_read_back_too(tmp_path, repository, base):
    """The same where c3 itself pushes."""
    [folder] = sources(tmp_path, 1)
    name = f'{repository}/claimed-race'
    handler = type('Meanwhile', (Registry,), {'meanwhile': staticmethod(pushed_over(f'{name}:0.1'))})
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = repository.replace(OPEN_REGISTRY, f'127.0.0.1:{server.server_port}')
    try:
        done = c3('create-operator', 'race.py', '-r', there, *base, cwd=folder, timeout=120)
    finally:
        server.shutdown()
    refused(done, 3, 'was pushed by somebody else at the same time', 'run the command again')
    assert tags(name) == ['0.1']
    assert not (folder / 'race.yaml').exists()
