"""Containers of a `c3` that was killed: gone when the next one starts, and no others with them."""

import json
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'engines'))

from images import docker
from support import BASE, C3, as_root, c3, environment, run, succeeded, wait_until, write

SLEEPER = '"""Sleeps."""\nimport os\nimport time\n\nprint("begun", flush=True)\ntime.sleep(float(os.getenv("seconds", "0")))\n'

HOST, PROCESS, STARTED = (f'io.claimed.c3.{name}' for name in ('host', 'process', 'started'))


@pytest.fixture(scope='module')
def image(tmp_path_factory):
    """Give the image of an operator that sleeps."""
    name = f'chaos_{secrets.token_hex(4)}'
    folder = tmp_path_factory.mktemp('sleeper')
    write(folder / f'{name}.py', SLEEPER)
    done = succeeded(c3('create-operator', f'{name}.py', '--format', 'json', cwd=folder))
    image = json.loads(done.stdout)['image']
    yield image
    for container in docker('ps', '--all', '--quiet', '--filter', f'ancestor={image}').split():
        docker('rm', '--force', container)
    docker('rmi', '--force', image, image.replace(':0.1', ':latest'))


def containers(image):
    """Give the containers of the image."""
    return set(docker('ps', '--all', '--quiet', '--filter', f'ancestor={image}').split())


def start(image, **changes):
    """Start `c3 run`, and give it with its container once that runs."""
    before = containers(image)
    command = [C3, 'run', image, '--seconds', '60']
    child = subprocess.Popen(command, env=environment(changes), stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == 'begun\n'
    [container] = containers(image) - before
    return child, container


def labels(container):
    """Give the labels of a container."""
    return json.loads(docker('inspect', container))[0]['Config']['Labels']


def test_containers_left_by_a_killed_run_are_removed(image):
    """Only where the process of this host is gone."""
    killed, left = start(image)
    alive, running = start(image)
    own = labels(left)
    assert own[PROCESS] == str(killed.pid) and own[HOST] == labels(running)[HOST]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    time.sleep(0.5)
    assert left in containers(image), 'nobody has removed it'

    def create(**changed):
        """Make a container with labels like those of the one that was left."""
        flags = [f'--label={name}={value}' for name, value in {**own, **changed}.items() if name.startswith('io.claimed.c3.') and value]
        return docker('create', *flags, image)[:12]

    another_host = create(**{HOST: '0' * 64})
    another_start = create(**{PROCESS: str(alive.pid)})
    nobodys = create(**{HOST: '', PROCESS: '', STARTED: ''})
    succeeded(c3('run', image))
    assert containers(image) == {running, another_host, nobodys}
    assert another_start not in containers(image)
    assert alive.poll() is None
    alive.send_signal(signal.SIGTERM)
    assert alive.wait(60) == 143
    docker('rm', another_host, nobodys)


def test_containers_of_other_pid_namespaces_are_left_alone(image):
    """A `c3` in a container of its own has other numbers of processes; it leaves what others run alone."""
    alive, running = start(image)
    done = run(*as_root(), 'unshare', '--pid', '--fork', '--mount-proc', C3, 'run', image, env=environment())
    assert succeeded(done).stdout == 'begun\n'
    assert running in containers(image) and alive.poll() is None
    alive.kill()
    alive.wait()
    succeeded(run(*as_root(), 'unshare', '--pid', '--fork', '--mount-proc', C3, 'run', image, env=environment()))
    assert running in containers(image)
    succeeded(c3('run', image))
    assert running not in containers(image)


@pytest.mark.parametrize('buildkit', ['1', '0'])
def test_a_killed_build_leaves_no_container(tmp_path, buildkit):
    """The engine itself ends what nobody waits for."""
    mark = secrets.token_hex(4)
    template = 'FROM ${base_image}\nRUN sleep 500 # ' + mark + '\n${additional_files_docker}\nADD ${target_code} ${working_dir}\nCMD true\n'
    write(tmp_path / 'slow.tmpl', template)
    write(tmp_path / 'chaotic.py', SLEEPER)
    command = [C3, 'create-operator', 'chaotic.py', '--dockerfile-template', 'slow.tmpl', '--base-image', BASE, '--no-cache']
    env = environment({'DOCKER_BUILDKIT': buildkit})
    build = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    while f'sleep 500 # {mark}' not in build.stderr.readline():
        assert build.poll() is None
    time.sleep(1)
    build.send_signal(signal.SIGKILL)
    build.wait()
    wait_until(lambda: mark not in docker('ps', '--all', '--no-trunc', '--format', '{{.Command}}'))
    wait_until(lambda: run('pgrep', '--full', f'sleep 500 # {mark}').returncode != 0)
