"""Additional files in a working directory that is not the operator's own."""

import os
import re
import subprocess

import pytest

from conftest import LOCALES, UNSHARE, an_output, needs_unshare, succeeded

FILES = ['top.txt', 'data/a.csv', 'data/deep/größe b.csv']


@pytest.fixture
def linked(operator):
    """Run a script with additional files: `linked(script, …)` gives the operator and the run."""

    def run(script, *arguments, root='.', env=None, **interface):
        """Write the files under the operator's root."""
        subject = operator(script, files=FILES, root=root, **interface)
        for path in [subject.folder / root / name for name in FILES]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(path.name)
        return subject, subject.run(*arguments, env=env)

    return run


READ_ALL = 'cat(readLines("top.txt", warn = FALSE), list.files("data", recursive = TRUE), "\\n")\n'
ALL_READ = 'top.txt a.csv deep/größe b.csv \n'


@pytest.mark.parametrize(
    'end',
    [
        '',
        'stop("x")',
        'quit(status = 3)',
        'q("no", 0, FALSE)',
        '1 +',
        'setwd("/")',
        'tools::pskill(Sys.getpid(), 2); Sys.sleep(9)',
        'f <- function(n) f(n + 1); f(1)',
        'options(expressions = 500000); f <- function(n) f(n + 1); f(1)',
        'rm(list = ls(all.names = TRUE)); invisible(gc())',
        '.Last <- function() stop("x")',
    ],
)
def test_files_are_linked_and_unlinked(linked, end):
    subject, done = linked(READ_ALL + end)
    assert done.stdout == ALL_READ
    assert os.listdir(subject.home) == []
    assert (subject.folder / FILES[2]).read_text() == 'größe b.csv'


@pytest.mark.parametrize('locale', LOCALES)
def test_files_are_seen_from_the_root(linked, locale):
    subject, done = linked(
        'cat(file.exists("top.txt"), length(list.files("data/deep")))', root='base', env={'LC_ALL': locale}
    )
    assert (done.stdout, os.listdir(subject.home)) == ('TRUE 1', [])


def test_files_are_available_at_the_end(linked):
    assert linked('.Last <- function() ' + READ_ALL)[1].stdout == ALL_READ


def test_files_are_available_in_children(linked):
    subject, done = linked(
        'invisible(parallel::mclapply(1:2, function(n) 1, mc.cores = 2))\n'
        'child <- parallel:::mcfork()\nif (inherits(child, "masterProcess")) quit()\n'
        'Sys.sleep(.3)\n' + READ_ALL
    )
    assert done.stdout == ALL_READ and os.listdir(subject.home) == []


def test_existing_files_are_kept(linked, tmp_path):
    (tmp_path / 'work' / 'data').mkdir(parents=True)
    (tmp_path / 'work' / 'data' / 'a.csv').write_text('mine\n')
    (tmp_path / 'work' / 'top.txt').symlink_to('nowhere')
    subject, done = linked('cat(readLines("data/a.csv")); invisible(file.create("data/new"))')
    assert done.stdout == 'mine'
    assert sorted(os.listdir(subject.home / 'data')) == ['a.csv', 'new']
    assert os.readlink(subject.home / 'top.txt') == 'nowhere'


def test_folder_with_new_files_is_kept(linked):
    subject, done = linked('invisible(file.create("data/deep/new"))')
    assert succeeded(done)
    assert sorted(str(path.relative_to(subject.home)) for path in subject.home.rglob('*')) == [
        'data',
        'data/deep',
        'data/deep/new',
    ]


def test_link_replaced_by_the_script_is_kept(linked):
    subject, _ = linked('invisible(file.remove("top.txt")); cat("new", file = "top.txt")')
    assert (subject.home / 'top.txt').read_text() == 'new'


def test_nothing_is_linked_in_the_operator_folder(linked):
    subject, _ = linked('')
    done = subject.run(cwd=subject.folder)
    assert succeeded(done) and not (subject.folder / 'top.txt').is_symlink()


@pytest.mark.parametrize('target', ['copy', 'data/a.csv', './data/../data/a.csv', 'data/'])
def test_link_as_an_output(linked, target):
    subject, done = linked('Sys.setenv(out = "data/a.csv")', '--out', target, outputs=[an_output('out', 'File')])
    place = subject.home / (target + 'a.csv' if target.endswith('/') else target)
    assert succeeded(done) and place.read_text() == 'a.csv' and not place.is_symlink()


@pytest.mark.parametrize('value', ['"x"', '"new"'])
def test_link_is_not_written_through(linked, value):
    script = 'cat("new", file = "x"); Sys.setenv(out = %s)' % value
    subject, done = linked(script, '--out', 'top.txt', outputs=[an_output('out')])
    assert succeeded(done) and (subject.home / 'top.txt').read_text() == 'new'
    assert (subject.folder / 'top.txt').read_text() == 'top.txt'


def test_folder_with_links_as_an_output(linked):
    script = 'Sys.setenv(out = "data"); invisible(file.create("data/new"))'
    subject, done = linked(script, '--out', 'data', outputs=[an_output('out', 'Directory')])
    assert succeeded(done) and (subject.home / 'data/a.csv').read_text() == 'a.csv'
    assert not (subject.home / 'data/a.csv').is_symlink() and (subject.home / 'data/new').exists()


def test_folder_with_links_after_a_failure(linked):
    subject, _ = linked('Sys.setenv(out = "data"); stop()', '--out', 'data', outputs=[an_output('out', 'Directory')])
    assert os.listdir(subject.home) == []


@needs_unshare
def test_read_only_working_directory(linked):
    subject, _ = linked('cat("ran")')
    mount = 'mount -t tmpfs -o ro c3 "$0" && cd "$0" && exec "$@"'
    done = subprocess.run(
        [*UNSHARE, 'sh', '-c', mount, str(subject.home), *subject.command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding='utf-8',
    )
    assert (done.returncode, done.stdout) == (0, 'ran')
    assert re.fullmatch(r'warning: cannot link into `.*`: (`.*` \(Read-only file system\)(, )?){3}\n', done.stderr)
