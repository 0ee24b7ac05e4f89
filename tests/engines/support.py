"""What the tests of the engines share: where everything is, and how `c3` and the engines are called."""

import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
C3 = Path(os.environ.get('C3', ROOT / 'target/release/c3')).resolve()
STATE = Path(os.environ.get('C3_ENGINES', ROOT / 'target/engines')).resolve()

BASE = 'registry.access.redhat.com/ubi8/python-312'
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


# Docker


def docker(*arguments, **options):
    """Run a command of Docker's and give what it prints."""
    return succeeded(run('docker', *arguments, **options)).stdout


def image_config(image):
    """Give what Docker knows about an image."""
    return json.loads(docker('image', 'inspect', image))[0]


def layer_ids(image):
    """Give the identities of an image's layers, from the base up."""
    return image_config(image)['RootFS']['Layers']


def remove_image(image):
    """Remove an image with all its names, so that it has to be pulled."""
    found = image_config(image)
    names = found['RepoTags'] + found['RepoDigests']
    docker('rmi', '--force', *names)


def layers(image, folder):
    """Give the content of each layer above the base image, without times and what depends on them."""
    archive = folder / 'image.tar'
    docker('save', '--output', archive, image)
    below = len(layer_ids(BASE))
    with tarfile.open(archive) as outer:
        [manifest] = json.load(outer.extractfile('manifest.json'))
        found = [layer_content(outer.extractfile(name)) for name in manifest['Layers'][below:]]
    archive.unlink()
    return [content for content in found if content]


def layer_content(stream):
    """Give the entries of a layer: path to kind, mode, owner, target and hash."""
    with tarfile.open(fileobj=io.BytesIO(stream.read())) as layer:
        return {entry.name: described(layer, entry) for entry in layer if not entry.name.endswith('.pyc')}


def described(layer, entry):
    """Give what counts of one entry of a layer."""
    digest = hashlib.sha256(layer.extractfile(entry).read()).hexdigest() if entry.isfile() else None
    return entry.type, oct(entry.mode), entry.uid, entry.gid, entry.linkname, digest


# Registries


def registry_json(path, headers=None):
    """Ask the open registry."""
    request = urllib.request.Request(f'http://{OPEN_REGISTRY}/v2/{path}', headers=headers or {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer), answer.headers


def tags(repository):
    """Give the tags of a repository in the open registry, in order."""
    try:
        return sorted(registry_json(f'{repository.removeprefix(OPEN_REGISTRY + "/")}/tags/list')[0]['tags'] or [])
    except urllib.error.HTTPError as error:
        assert error.code == 404
        return []


def digest(repository, tag):
    """Give the digest of a tag in the open registry."""
    accepted = {'Accept': 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json'}
    path = f'{repository.removeprefix(OPEN_REGISTRY + "/")}/manifests/{tag}'
    return registry_json(path, accepted)[1]['Docker-Content-Digest']
