"""Outputs of a hostile image: nothing of the caller's is read, moved or replaced by them."""

import json
import os
import secrets
import stat
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'engines'))

from images import docker
from support import c3, names_in, run, snapshot, succeeded, told, write

SOURCE = '''\
"""Says two things."""
import os

os.environ['rows'] = 'rows.txt'  # c3: output=File
os.environ['report'] = 'report'  # c3: output=Directory
'''

# Where `c3` has outputs delivered, and a file that is one.
START = 'set -e; cd /c3-outputs; mkdir rows report; echo fine > rows/rows.txt; '


@pytest.fixture(scope='module')
def operator(tmp_path_factory):
    """Give the image of an operator with outputs."""
    name = f'chaos_{secrets.token_hex(4)}'
    folder = tmp_path_factory.mktemp('outputs')
    write(folder / f'{name}.py', SOURCE)
    image = json.loads(succeeded(c3('create-operator', f'{name}.py', '--format', 'json', cwd=folder)).stdout)['image']
    yield image
    docker('rmi', '--force', image, image.replace(':0.1', ':latest'))


@pytest.fixture
def hostile(operator, tmp_path):
    """Give what makes an image that carries the operator's component and does something else, as root."""
    made = []

    def make(script):
        made.append(f'{operator.partition(":")[0]}-hostile:{len(made)}')
        folder = tmp_path / f'image-{len(made)}'
        entry = json.dumps(['/bin/sh', '-c', START + script])
        write(folder / 'Dockerfile', f'FROM {operator}\nUSER 0\nENTRYPOINT {entry}\nCMD []\n')
        succeeded(run('docker', 'build', '--quiet', '--tag', made[-1], folder))
        return made[-1]

    yield make
    for image in made:
        docker('rmi', '--force', image)


@pytest.fixture
def caller(tmp_path):
    """Give a folder with something that is nobody else's business, beside the one for outputs."""
    write(tmp_path / 'work/secret/key', 'mine')
    (tmp_path / 'work/out').mkdir()
    return tmp_path / 'work'


def intact(caller):
    """Insist on everything being as it was outside of the folder for outputs."""
    assert names_in(caller / 'secret') == ['key']
    assert (caller / 'secret/key').read_text() == 'mine'
    assert sorted(path.name for path in caller.iterdir()) == ['out', 'secret']


LINKS = {
    'absolute': 'ln -s {secret} report/link',
    'absolute file': 'ln -s {secret}/key report/key',
    'above': 'ln -s ../../../secret report/link',
    'above, deep': 'mkdir -p report/a/b; ln -s ../../../../../secret report/a/b/link',
    'through another': 'ln -s .. report/up; ln -s up/up/up/secret report/link',
    'loop': 'ln -s loop report/loop',
    'nowhere': 'ln -s /nonexistent report/link',
    'to itself': 'echo 1 > report/one; ln -s one report/link; rm report/one',
    'in the place of an output': 'rmdir report; ln -s {secret} report',
    'in the place of an output, above': 'rmdir report; ln -s ../../secret report',
    'in the place of a file': 'rm rows/rows.txt; ln -s {secret}/key rows/rows.txt; mkdir -p report; echo fine > report/rows.txt',
    'written through': 'ln -s /tmp report/folder; echo evil > report/folder/key; ln -s {secret} report/other',
}


@pytest.mark.parametrize('script', LINKS.values(), ids=LINKS)
def test_links_are_not_followed(hostile, caller, script):
    """What a link leads to stays where it is, and the link isn't handed on."""
    image = hostile(script.format(secret=caller / 'secret'))
    done = succeeded(c3('run', '-o', 'out', image, cwd=caller))
    intact(caller)
    assert 'left out of the output' in done.stderr and 'is a link' in done.stderr
    found = [path for path in (caller / 'out').rglob('*') if path.is_symlink()]
    assert found == [] and snapshot(caller / 'out')['rows.txt'] == b'fine\n'
    assert b'mine' not in snapshot(caller / 'out').values()


def test_links_cannot_redirect_outputs_into_a_folder_of_the_caller(hostile, caller):
    """A link by the name of a folder that is there changes neither of the two."""
    write(caller / 'out/data/mine.txt', 'mine')
    image = hostile(f'ln -s {caller / "secret"} report/data')
    succeeded(c3('run', '-o', 'out', image, cwd=caller))
    intact(caller)
    assert snapshot(caller / 'out') == {'data/mine.txt': b'mine', 'rows.txt': b'fine\n'}


def test_outputs_are_not_written_through_existing_links(hostile, caller):
    """A link among the outputs of an earlier run is no folder to write to, and what was delivered isn't lost."""
    (caller / 'out/data').symlink_to('../secret')
    image = hostile('mkdir report/data; echo evil > report/data/key')
    done = c3('run', '-o', 'out', image, cwd=caller)
    assert done.returncode == 1 and 'is a link, and there already' in done.stderr, told(done)
    intact(caller)
    kept = Path(done.stderr.partition('what was delivered is in `')[2].partition('`')[0])
    assert (kept / 'report/data/key').read_text() == 'evil\n'


def test_only_files_and_folders_are_delivered(hostile, caller):
    """Devices, pipes and sockets are left out, and no program runs as another."""
    script = (
        'mknod report/null c 1 3; mknod report/disk b 7 0; mkfifo report/pipe; cp /bin/true report/true; chmod 6755 report/true; '
        'python -c "import socket; socket.socket(socket.AF_UNIX).bind(\'report/socket\')"'
    )
    done = succeeded(c3('run', '-o', 'out', hostile(script), cwd=caller))
    intact(caller)
    assert names_in(caller / 'out') == ['rows.txt', 'true']
    for name, kind in (('null', 'device'), ('disk', 'device'), ('pipe', 'named pipe'), ('socket', 'socket')):
        assert f'`{name}` is a {kind}' in done.stderr
    assert stat.S_IMODE(os.stat(caller / 'out/true').st_mode) == 0o755


def test_hard_links_are_delivered_as_files(hostile, caller):
    """Two names of one file are two files."""
    done = succeeded(c3('run', '-o', 'out', hostile('ln rows/rows.txt report/again; ln rows/rows.txt report/once'), cwd=caller))
    intact(caller)
    assert snapshot(caller / 'out') == dict.fromkeys(['rows.txt', 'again', 'once'], b'fine\n'), told(done)


@pytest.mark.parametrize(
    ('there', 'script'),
    [
        ('.bashrc', 'echo evil > report/.bashrc'),
        ('.git/config', 'mkdir report/.git; echo evil > report/.git/config'),
        ('.git/config', 'mkdir -p report/.git/hooks; echo evil > report/.git/hooks/post-merge'),
        ('project/.env', 'mkdir report/project; echo evil > report/project/.env'),
    ],
)
def test_existing_hidden_files_are_not_overwritten(hostile, caller, there, script):
    """What is hidden is somebody's settings: nothing is changed there, and what was delivered isn't lost."""
    write(caller / 'out' / there, 'mine')
    done = c3('run', '-o', 'out', hostile(script), cwd=caller)
    assert done.returncode == 1 and 'hidden' in done.stderr and 'what was delivered is in' in done.stderr, told(done)
    intact(caller)
    assert (caller / 'out' / there).read_text() == 'mine'
    assert [name for name in names_in(caller / 'out') if not name.startswith(('.c3-', there.split('/')[0]))] == []


def test_many_skipped_links_are_summarized(hostile, caller):
    """A hostile image doesn't fill the screen."""
    script = 'i=0; while [ $i -lt 500 ]; do ln -s / report/$i; i=$((i+1)); done'
    done = succeeded(c3('run', '-o', 'out', hostile(script), cwd=caller))
    intact(caller)
    assert done.stderr.count('left out') == 11 and '490 more' in done.stderr
