"""Files that are there already, and disks that are full, read-only or somebody else's."""

import os
import threading

import pytest
from images import tags
from operators import SCRIPT, sleeping_template
from support import (
    C3,
    EMITTED,
    as_root,
    as_stranger,
    c3,
    environment,
    names_in,
    on_a_terminal,
    refused,
    run,
    snapshot,
    succeeded,
    write,
)

# Files that are there


@pytest.fixture
def old(tmp_path):
    """Give a folder with a source and files of the user's own under the names of those to be written."""
    write(tmp_path / 'step.py', SCRIPT)
    write(tmp_path / 'step.yaml', 'mine')
    write(tmp_path / 'step.job.yaml', 'mine too')
    return tmp_path


def test_differing_files_are_kept(old):
    before = snapshot(old)
    refused(
        c3('create-operator', 'step.py', '--no-build', cwd=old),
        1,
        r'step\.yaml',
        r'step\.job\.yaml',
        '--overwrite',
        '--rename',
    )
    assert snapshot(old) == before


def test_conflicting_files_are_reported_before_the_build(old, repository):
    write(old / 'template', sleeping_template())
    options = ['-r', f'{repository}/kept', '--dockerfile-template', 'template', '--no-cache']
    refused(c3('create-operator', 'step.py', *options, cwd=old, timeout=60), 1, '--overwrite')
    assert tags(f'{repository}/kept/claimed-step') == []


def test_differing_files_are_overwritten_on_request(old):
    succeeded(c3('create-operator', 'step.py', '--no-build', '--overwrite', cwd=old))
    assert names_in(old) == sorted(['step.py', *(f'step.{suffix}' for suffix in EMITTED)])
    assert b'mine' not in snapshot(old)['step.yaml']


RENAMED = {
    'without a name': (['--rename', '--no-build'], 'modified_step'),
    'with a name': (['--no-build', '--rename', 'kept'], 'kept'),
}


@pytest.mark.parametrize('case', RENAMED)
def test_differing_files_are_renamed_on_request(old, case):
    arguments, stem = RENAMED[case]
    succeeded(c3('create-operator', 'step.py', *arguments, cwd=old))
    found = snapshot(old)
    assert sorted(found) == sorted(
        ['step.py', f'{stem}.yaml', f'{stem}.job.yaml', *(f'step.{suffix}' for suffix in EMITTED)]
    )
    assert (found[f'{stem}.yaml'], found[f'{stem}.job.yaml']) == (b'mine', b'mine too')


def test_renaming_loses_nothing(old):
    write(old / 'modified_step.yaml', 'older')
    before = snapshot(old)
    refused(
        c3('create-operator', 'step.py', '--no-build', '--rename', cwd=old), 1, r'modified_step\.yaml', '--rename NAME'
    )
    assert snapshot(old) == before
    refused(c3('create-operator', 'step.py', '--no-build', '--rename', '../x', cwd=old), 1, r'\.\./x')
    assert snapshot(old) == before


def test_identical_files_are_accepted(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    succeeded(c3('create-operator', 'step.py', '--no-build', cwd=tmp_path))
    before = snapshot(tmp_path)
    succeeded(c3('create-operator', 'step.py', '--no-build', cwd=tmp_path))
    succeeded(c3('compile', 'step.py', cwd=tmp_path))
    assert snapshot(tmp_path) == before


ANSWERS = {
    'o\n': (0, ['step.yaml']),
    'r\n': (0, ['modified_step.yaml', 'step.yaml']),
    'k\n': (1, ['step.yaml']),
    '\n': (1, ['step.yaml']),
    '\x04': (1, ['step.yaml']),
}


@pytest.mark.parametrize('answer', ANSWERS)
def test_prompts_on_a_terminal(tmp_path, answer):
    write(tmp_path / 'step.py', SCRIPT)
    write(tmp_path / 'step.yaml', 'mine')
    code, left = ANSWERS[answer]
    returned, said = on_a_terminal([C3, 'create-operator', 'step.py', '--no-build'], [answer], tmp_path)
    assert returned == code, said
    assert 'verwrite' in said and 'panicked' not in said
    found = snapshot(tmp_path)
    assert sorted(name for name in found if name.endswith('step.yaml')) == left
    assert (b'mine' in found.values()) == (answer != 'o\n')


def test_difference_can_be_shown_repeatedly(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    succeeded(c3('create-operator', 'step.py', '--no-build', cwd=tmp_path))
    job = tmp_path / 'step.job.yaml'
    lines = ''.join(f'# {number}\n' for number in range(100))
    write(job, job.read_text() + lines)
    returned, said = on_a_terminal([C3, 'create-operator', 'step.py', '--no-build'], ['d\n', 'd\n', 'o\n'], tmp_path)
    assert returned == 0, said
    assert (said.count('-# 0\r\n'), said.count('-# 99\r\n')) == (3, 2), 'at first the beginning only'
    assert '# 0' not in job.read_text()


# Disks


def in_own_mount(folder, options, script):
    """Run a shell script in a mount namespace of its own, where a folder is a small or read-only file system."""
    setup = f'mount -t tmpfs -o {options} none "$0" && '
    return run(*as_root(), 'unshare', '--mount', 'sh', '-c', setup + script, folder, C3, env=environment())


@pytest.mark.parametrize('size', [4, 8, 16], ids=lambda size: f'{size} KiB')
def test_a_full_disk_loses_nothing(tmp_path, size):
    source = write(tmp_path / 'step.py', SCRIPT + ''.join(f'v{n} = os.getenv("v{n}", "{n}")\n' for n in range(200)))
    folder = tmp_path / 'disk'
    folder.mkdir()
    script = f'echo mine > "$0/step.yaml" && cp -r "$0" {tmp_path}/before; "$1" compile {source} -o "$0" --overwrite; code=$?; cp -r "$0" {tmp_path}/after; exit $code'
    done = in_own_mount(folder, f'size={size}k', script)
    refused(done, 1, 'step', 'space')
    assert snapshot(tmp_path / 'after') == snapshot(tmp_path / 'before') == {'step.yaml': b'mine\n'}


def test_full_disk_while_keeping_the_build_context(tmp_path, repository):
    write(tmp_path / 'step.py', SCRIPT)
    write(tmp_path / 'big.txt', 'x' * 500_000)
    folder = tmp_path / 'disk'
    folder.mkdir()
    options = f'-r {repository} -v full --local-mode --keep-generated-files -o "$0"'
    done = in_own_mount(
        folder,
        'size=200k',
        f'cd {tmp_path}; "$1" create-operator step.py big.txt {options}; code=$?; ls -A "$0" | sed "s/^/left: /" >&2; exit $code',
    )
    refused(done, 1, 'space')
    assert 'left: ' not in done.stderr


def test_a_read_only_folder(tmp_path):
    source = write(tmp_path / 'step.py', SCRIPT)
    folder = tmp_path / 'disk'
    folder.mkdir()
    for name in ('', '/new'):
        done = in_own_mount(folder, 'ro', f'"$1" compile {source} -o "$0{name}"')
        refused(done, 1, 'disk', 'read-only', '--output-dir')


def test_folder_of_another_user(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    before = snapshot(tmp_path)
    done = (
        c3('compile', tmp_path / 'step.py', before=as_stranger())
        if os.getuid() == 0
        else c3('compile', tmp_path / 'step.py', '-o', '/usr')
    )
    refused(done, 1, 'denied', '--output-dir')
    assert snapshot(tmp_path) == before


def test_a_file_where_the_folder_should_be(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    write(tmp_path / 'file', 'mine')
    for folder in ('file', 'file/below'):
        refused(c3('compile', 'step.py', '-o', folder, cwd=tmp_path), 1, 'file')
    assert names_in(tmp_path) == ['file', 'step.py']


def test_a_folder_where_a_file_should_be(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    (tmp_path / 'step.yaml').mkdir()
    for arguments in ([], ['--overwrite']):
        refused(c3('compile', 'step.py', *arguments, cwd=tmp_path), 1, r'step\.yaml')
        assert names_in(tmp_path) == ['step.py', 'step.yaml']


def test_concurrent_runs_do_not_interfere(tmp_path):
    write(tmp_path / 'step.py', SCRIPT)
    versions = [str(number) for number in range(8)]
    done = []
    threads = [
        threading.Thread(
            target=lambda version=version: done.append(
                c3('compile', 'step.py', '-v', version, '--overwrite', cwd=tmp_path)
            )
        )
        for version in versions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.returncode for result in done] == [0] * len(versions)
    assert names_in(tmp_path) == sorted(['step.py', *(f'step.{suffix}' for suffix in EMITTED)])
    succeeded(c3('compile', 'step.py', '-v', '9', '--overwrite', cwd=tmp_path))
