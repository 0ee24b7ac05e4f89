"""What the tests of the engines share: where everything is, and how `c3` and the engines are called."""

import json
import os
import pty
import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
C3 = Path(os.environ.get('C3', ROOT / 'target/debug/c3')).resolve()
STATE = Path(os.environ.get('C3_ENGINES', ROOT / 'target/engines')).resolve()

SAMPLES = sorted(path for path in (ROOT / 'samples').glob('*.*') if path.suffix in ('.py', '.R', '.ipynb'))

BASE = 'registry.access.redhat.com/ubi8/python-312'
R_BASE = 'r-base:4.3.2'
BOOKWORM = 'c3-test/bookworm:3.11'
OPEN_REGISTRY = '127.0.0.1:5000'
CLOSED_REGISTRY = '127.0.0.1:5001'
LOGIN = 'tester', 'p@ss:word/1'

EMITTED = ['Dockerfile', 'yaml', 'job.yaml', 'cwl']

# Everything that a shell, YAML, JSON, a template engine or a log format could take for its own.
HOSTILE = (
    ' both "quotes" and \'these\' `id` $(date) ${HOME} $HOME $$ ; rm -rf x && y | z > w & # hash\n'
    'Grüße, 漢字 🎉\tand\ttabs \\ \\n \\\\ {{ jinja }} {% raw %} {0} %s %(message)s !x *y &z - [a]: {b}, ~ @ ` \r\n'
    '--option=value key: value <a href="x">&amp;</a> \x1b[31mred\x1b[0m\n '
)

STRANGER_UID = 12345

# Podman's own limits are higher than a small machine may allow: options, and the same as its configuration.
PODMAN_LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']
PODMAN_CONF = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'
PODMAN_SOCKET = f'unix://{STATE / "podman.sock"}'


def venv(name, program):
    """Give the path of a program in one of the virtual environments of `tests/engines.sh`."""
    return STATE / name / 'bin' / program


def run(*command, timeout=300, **options):
    """Run a program to its end and keep its output as text."""
    options = {'stdin': subprocess.DEVNULL, **options} if 'input' not in options else options
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        encoding='utf-8',
        errors='surrogateescape',
        timeout=timeout,
        **options,
    )


def host_address():
    """Give the host's address as containers see it."""
    return succeeded(run(ROOT / 'tests/engines.sh', 'host-address')).stdout.strip()


def environment(changes=None):
    """Give an environment in which nothing of the user's own configuration counts; None unsets a variable."""
    own = ('DOCKER_CONFIG', 'DOCKER_CONTEXT', 'DOCKER_BUILDKIT', 'SOURCE_DATE_EPOCH', 'NO_COLOR', 'REGISTRY_AUTH_FILE')
    kept = {name: value for name, value in os.environ.items() if name not in own}
    merged = {**kept, 'HOME': '/nonexistent', 'XDG_RUNTIME_DIR': '/nonexistent', **(changes or {})}
    return {name: str(value) for name, value in merged.items() if value is not None}


def c3(*arguments, env=None, before=(), **options):
    """Run `c3`, which may fail but never crash; `before` is a program that runs it."""
    done = run(*before, C3, *arguments, env=environment(env), **options)
    assert done.returncode >= 0, f'{done.args} died of signal {-done.returncode}\n{done.stderr}'
    assert 'panicked' not in done.stderr, done.stderr
    return done


def succeeded(done):
    """Insist on exit code 0."""
    assert done.returncode == 0, told(done)
    return done


def told(done):
    """Give the end of what a program has said, and how it was called."""
    call = ' '.join(done.args)
    return f'{call[:500]} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}'


def refused(done, code, *messages):
    """Insist on this exit code, nothing on standard output, and one error that says these things."""
    assert done.returncode == code, told(done)
    assert done.stdout == ''
    assert len(re.findall(r'^error\b', done.stderr, re.MULTILINE)) == 1, done.stderr
    for message in messages:
        assert re.search(message, done.stderr, re.IGNORECASE), f'no {message!r} in:\n{done.stderr}'
    return done


def write(path, text):
    """Write a text file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def snapshot(folder):
    """Give all files below a folder with their content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def names_in(folder):
    """Give the names of everything in a folder, hidden things too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*'))


def wait_until(is_so, seconds=120):
    """Wait for something."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, 'waited too long'
        time.sleep(0.1)


def on_a_terminal(command, answers, folder):
    """Run a program on a terminal of its own, give an answer each time it asks, and tell what it has said."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(command[0], [str(word) for word in command], environment())
    said, answers, heard = b'', list(answers), 0
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        said += piece
        if not piece:
            break
        if answers and said[heard:].rstrip().endswith((b'?', b']')):
            heard = len(said)
            os.write(terminal, answers.pop(0).encode())
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), said.decode()


def inspect(subject, **options):
    """Give the component of a source or an image."""
    return json.loads(succeeded(c3('inspect', subject, '--format', 'json', **options)).stdout)


# Another user


def as_stranger():
    """Give the words before a command which run it as a user without any right but to read and to use the engine."""
    if os.getuid() != 0:
        return []
    group = os.stat('/var/run/docker.sock').st_gid
    reads_all = [f'--{kind}-caps=+dac_read_search' for kind in ('inh', 'ambient')]
    return ['setpriv', f'--reuid={STRANGER_UID}', f'--regid={group}', '--clear-groups', *reads_all]


def strangers_folder(path):
    """Make a folder which the user of `as_stranger` may write to."""
    path.mkdir(parents=True)
    if os.getuid() == 0:
        os.chown(path, STRANGER_UID, -1)
    return path


def as_root():
    """Give the words before a command that needs root."""
    return [] if os.getuid() == 0 else ['sudo', '-E']


def podman(*arguments):
    """Have Podman's service do something, and give what it prints."""
    return succeeded(run(*as_root(), 'podman', '--url', PODMAN_SOCKET, *arguments)).stdout
