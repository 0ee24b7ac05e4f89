"""Additional files in a working directory that is not the operator's own."""

import os
import re
import subprocess
import sys

import pytest

from conftest import an_output, needs_unshare, succeeded


@pytest.fixture
def linked(operator):
    """Run a script with additional files: `linked(script, …)` gives the operator and the run."""

    def run(script, *arguments, root='.', **interface):
        """Write the files under the operator's root."""
        subject = operator(script, files=['top.txt', 'data/a.csv', 'data/deep/b.csv'], root=root, **interface)
        base = subject.folder / root
        (base / 'data' / 'deep').mkdir(parents=True, exist_ok=True)
        for name in ('top.txt', 'data/a.csv', 'data/deep/b.csv'):
            (base / name).write_text(name)
        return subject, subject.run(*arguments)

    return run


READ_ALL = 'print([open(name).read() for name in ("top.txt", "data/a.csv", "data/deep/b.csv")])\n'
ALL_READ = "['top.txt', 'data/a.csv', 'data/deep/b.csv']\n"


@pytest.mark.parametrize(
    'end', ['', '1 / 0', 'import sys; sys.exit(3)', 'raise KeyboardInterrupt', 'import os; os.chdir("/")']
)
@pytest.mark.parametrize('root', ['.', 'base'])
def test_files_are_linked_and_unlinked(linked, end, root):
    subject, done = linked(READ_ALL + end, root=root)
    assert done.stdout == ALL_READ
    assert os.listdir(subject.home) == []
    assert (subject.folder / root / 'data/deep/b.csv').read_text() == 'data/deep/b.csv'


def test_files_are_available_in_exit_handlers(linked):
    assert linked('import atexit\n@atexit.register\ndef _():\n    ' + READ_ALL)[1].stdout == ALL_READ


def test_files_are_available_in_children(linked):
    subject, done = linked('import os, sys\nif os.fork() == 0:\n    sys.exit()\nos.wait()\n' + READ_ALL)
    assert done.stdout == ALL_READ and os.listdir(subject.home) == []


def test_existing_files_are_kept(linked, tmp_path):
    (tmp_path / 'work' / 'data').mkdir(parents=True)
    (tmp_path / 'work' / 'data' / 'a.csv').write_text('mine')
    subject, done = linked('print(open("data/a.csv").read()); open("data/new", "w").close()')
    assert done.stdout == 'mine\n'
    assert sorted(os.listdir(subject.home / 'data')) == ['a.csv', 'new']


def test_folder_with_new_files_is_kept(linked):
    subject, _ = linked('open("data/deep/new", "w").write("n")')
    assert [str(path.relative_to(subject.home)) for path in sorted(subject.home.rglob('*'))] == [
        'data',
        'data/deep',
        'data/deep/new',
    ]


def test_link_replaced_by_the_script_is_kept(linked):
    subject, _ = linked('import os; os.unlink("top.txt"); open("top.txt", "w").write("new")')
    assert (subject.home / 'top.txt').read_text() == 'new'


def test_nothing_is_linked_in_the_operator_folder(linked, operator):
    subject, _ = linked('')
    done = subject.run(cwd=subject.folder)
    assert succeeded(done) and not (subject.folder / 'top.txt').is_symlink()


@pytest.mark.parametrize('target', ['copy', 'data/a.csv', './data/../data/a.csv', 'data/'])
def test_link_as_an_output(linked, target):
    subject, done = linked(
        'import os; os.environ["out"] = "data/a.csv"', '--out', target, outputs=[an_output('out', 'File')]
    )
    place = subject.home / (target + 'a.csv' if target.endswith('/') else target)
    assert succeeded(done) and place.read_text() == 'data/a.csv' and not place.is_symlink()


def test_link_is_not_written_through(linked):
    subject, done = linked(
        'import os; os.environ["out"] = "x"; open("x", "w").write("new")',
        '--out',
        'top.txt',
        outputs=[an_output('out')],
    )
    assert succeeded(done) and (subject.home / 'top.txt').read_text() == 'new'
    assert (subject.folder / 'top.txt').read_text() == 'top.txt'


def test_text_over_a_link(linked):
    subject, done = linked('import os; os.environ["out"] = "new text"', '--out', 'top.txt', outputs=[an_output('out')])
    assert succeeded(done) and (subject.home / 'top.txt').read_text() == 'new text'
    assert (subject.folder / 'top.txt').read_text() == 'top.txt'


def test_folder_with_links_as_an_output(linked):
    subject, done = linked(
        'import os; os.environ["out"] = "data"; open("data/new", "w").write("n")',
        '--out',
        'data',
        outputs=[an_output('out', 'Directory')],
    )
    assert succeeded(done) and (subject.home / 'data/a.csv').read_text() == 'data/a.csv'
    assert not (subject.home / 'data/a.csv').is_symlink() and (subject.home / 'data/new').exists()


@needs_unshare
def test_read_only_working_directory(operator):
    subject = operator(
        READ_ALL.replace('open(', 'open("/proc/self/cwd/../operator/" + '),
        files=['top.txt', 'data/a.csv', 'data/deep/b.csv'],
    )
    for name in ('top.txt', 'data/a.csv', 'data/deep/b.csv'):
        (subject.folder / name).parent.mkdir(exist_ok=True)
        (subject.folder / name).write_text(name)
    mount = 'mount -t tmpfs -o ro c3 "$0" && cd "$0" && exec "$@"'
    done = subprocess.run(
        ['unshare', '--mount', 'sh', '-c', mount, str(subject.home), sys.executable, str(subject.prelude)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding='utf-8',
    )
    assert (done.returncode, done.stdout) == (0, ALL_READ)
    assert re.fullmatch(r'warning: cannot link into `.*`: (`.*` \(Read-only file system\)(, )?){3}\n', done.stderr)
