"""Operators in a zip, which run with nothing but Python: by themselves, by cwltool, and by the original's `claimed`."""

import json
import os
import subprocess
import zipfile

import pytest
from runners import collected, run_step
from support import C3, EMITTED, HOSTILE, STATE, c3, environment, names_in, refused, run, succeeded, told, venv, write

SOURCE = '''\
"""Shows what reaches it."""
# pip install six pyyaml
import json
import os
import sys

import six
import yaml

# Any text.
text = os.getenv('text', 'nothing')
count = int(os.getenv('count', 3))
exit_code = int(os.getenv('exit_code', 0))
api_token = os.getenv('api_token', '')

with open('names/names.txt', encoding='utf-8') as file:
    names = file.read()
seen = [text, count, names, sys.argv[1:], yaml.safe_load('a: 1'), sys.prefix, len(api_token)]
print(json.dumps(seen), flush=True)
# The text itself.
os.environ['echo'] = text
sys.exit(exit_code)
'''


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Give a folder with the source, the zip and its step."""
    folder = tmp_path_factory.mktemp('containerless')
    for path in (folder.parent, folder):
        path.chmod(0o755)
    write(folder / 'show_it.py', SOURCE)
    write(folder / 'names/names.txt', 'Zoë\n')
    env = {'DOCKER_HOST': 'unix:///nonexistent', 'XDG_CACHE_HOME': folder / 'cache', 'PATH': path_with_uv()}
    arguments = ['show_it.py', 'names', '-v', '0.2', '--format', 'json']
    summary = json.loads(succeeded(c3('create-containerless-operator', *arguments, cwd=folder, env=env)).stdout)
    assert summary['files'] == ['claimed-show-it.0.2.zip', 'show_it.containerless.cwl']
    again = ['show_it.py', 'names', '-v', '0.2', '-o', folder / 'again', '--log_level', 'ERROR']
    succeeded(c3('create-containerless-operator', *again, cwd=folder, env=env))
    for name in summary['files']:
        assert (folder / 'again' / name).read_bytes() == (folder / name).read_bytes()
    return folder


def path_with_uv():
    """Give a `PATH` on which uv is found."""
    return f'{STATE / "uv/bin"}:{os.environ["PATH"]}'


def alone(*command, **options):
    """Run a program without a network where that can be had, and without anything of the user's."""
    before = ['unshare', '--net'] if os.getuid() == 0 else []
    env = {'PATH': '/usr/bin:/bin', **options.pop('env', {})}
    return run(*before, *command, env={name: str(value) for name, value in env.items()}, **options)


def test_a_zip_needs_nothing_but_python(folder, tmp_path):
    command = ['/usr/bin/python3', folder / 'claimed-show-it.0.2.zip']
    env = {'XDG_CACHE_HOME': tmp_path / 'cache', 'api_token': 'abc'}
    (tmp_path / 'work').mkdir()
    options = {'cwd': tmp_path / 'work', 'env': env}
    done = succeeded(alone(*command, '--text', HOSTILE, 'count=4', '--echo', 'out.txt', 'own', **options))
    text, count, names, own, _, prefix, token = json.loads(done.stdout)
    assert (text, count, names, own, token) == (HOSTILE, 4, 'Zoë\n', ['own'], 3)
    assert prefix.startswith(str(tmp_path / 'cache'))
    assert names_in(tmp_path / 'work') == ['out.txt']
    done = alone(*command, '--exit_code', '5', **options)
    assert done.returncode == 5, told(done)


def test_running_operators_survive_a_cache_clean(tmp_path):
    write(tmp_path / 'wait.py', '"""Waits."""\nimport sys\nprint("runs", flush=True)\nsys.stdin.read()\nimport ctypes\n')
    cache = {'XDG_CACHE_HOME': tmp_path / 'cache'}
    succeeded(c3('create-containerless-operator', 'wait.py', cwd=tmp_path, env=cache))
    pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE}
    command = ['python3', tmp_path / 'claimed-wait.latest.zip']
    with subprocess.Popen(command, env=environment(cache), **pipes) as process:
        assert process.stdout.readline() == b'runs\n'
        told = json.loads(succeeded(c3('cache', 'clean', '--format', 'json', env=cache)).stdout)
        assert (told['removed']['environments'], told['in_use']['containerless']) == (1, 1)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert succeeded(c3('cache', 'clean', env=cache)).stdout.endswith(': 1 unpacked operator\n')
    assert succeeded(run(*command, env=environment(cache), stdin=subprocess.DEVNULL)).stdout == 'runs\n'


def test_claimed_runs_unpacked_operators(folder, tmp_path):
    claimed = tmp_path / 'claimed'
    claimed.symlink_to(C3)
    with zipfile.ZipFile(folder / 'claimed-show-it.0.2.zip') as archive:
        archive.extractall(tmp_path / 'operators/claimed-show-it.0.2')
    program = tmp_path / 'operators/claimed-show-it.0.2/runnable.py'
    env = environment({'CLAIMED_CONTAINERLESS_OPERATOR_PATH': tmp_path / 'operators'})
    command = [claimed, '--component', 'containerless/claimed-show-it:0.2', '--text', HOSTILE]
    done = succeeded(run(*command, cwd=tmp_path, env=env))
    text, *_, prefix, _ = json.loads(done.stdout)
    assert (text, prefix) == (HOSTILE, str(program.parent / 'claimedenv'))
    write(program, program.read_text(encoding='utf-8').replace('NATIVE = "Python 3', 'NATIVE = "Python 2'))
    done = run('python3', program)
    assert done.returncode == 1 and 'are for Python 2' in done.stderr, told(done)
    refused(run(claimed, '--component', 'containerless/claimed-other:0.2', env=env), 1, 'claimed-other.0.2')
    refused(run(claimed, '--component', 'containerless/claimed-show-it:0.2', env=environment()), 2, 'CONTAINERLESS')


def test_cwltool_runs_the_step_without_a_container(folder, tmp_path):
    step = folder / 'show_it.containerless.cwl'
    succeeded(run(venv('tools', 'cwltool'), '--validate', '--strict', step))
    done = succeeded(run_step(step, {'text': 'Grüße', 'count': 7}, tmp_path, '--no-container'))
    assert collected(done) == {'echo': 'Grüße'}
    assert 'docker' not in done.stderr.lower()


def test_the_originals_name_works_and_r_is_refused(folder, tmp_path):
    program = tmp_path / 'c3_create_containerless_operator'
    program.symlink_to(C3)
    write(tmp_path / 'plain.py', '"""Plain."""\nprint(1)\n')
    env = environment({'XDG_CACHE_HOME': tmp_path / 'cache'})
    done = succeeded(run(program, 'plain.py', '-l', 'ERROR', cwd=tmp_path, env=env))
    assert done.stdout == 'claimed-plain.latest.zip\nplain.containerless.cwl\n'
    assert not any((tmp_path / f'plain.{suffix}').exists() for suffix in EMITTED)
    assert succeeded(alone('/usr/bin/python3', tmp_path / 'claimed-plain.latest.zip', cwd=tmp_path)).stdout == '1\n'
    write(tmp_path / 'plain.R', '# Plain.\nprint(1)\n')
    refused(c3('create-containerless-operator', 'plain.R', cwd=tmp_path), 1, 'only Python')
