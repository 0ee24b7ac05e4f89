"""What a release makes: archives, the wheel, hooks that take it, checksums and an image of c3 itself."""

import json
import os
import re
import subprocess
import tarfile
import tomllib

import pytest
from processes import IMAGE, ROOT, STATE, release, run, succeeded

CARGO = tomllib.loads((ROOT / 'Cargo.toml').read_text())
VERSION = CARGO['package']['version']
HOST = re.search(
    '^host: (.*)$', subprocess.run(['rustc', '-vV'], capture_output=True, text=True, check=True).stdout, re.MULTILINE
)[1]
PROGRAMS = ['c3', *sorted(path.stem for path in (ROOT / 'src/bin').glob('*.rs'))]


def named(template, **more):
    """Fill in a template of `cargo binstall`."""
    values = {'repo': 'https://example.org/c3', 'version': VERSION, 'target': HOST, 'binary-ext': '', **more}
    return re.sub(r'\{ ([a-z-]+) \}', lambda match: values[match[1]], template)


def test_archives_match_the_binstall_metadata(released, tmp_path):
    binstall = CARGO['package']['metadata']['binstall']
    archive = released / named(binstall['pkg-url']).rpartition('/')[2]
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter='data')
        assert {member.uid for member in opened.getmembers()} == {0}
    for program in PROGRAMS:
        place = tmp_path / named(binstall['bin-dir'], bin=program)
        assert 'Usage' in succeeded(run(place, '--help')).stdout
    folder = place.parent
    assert (folder / 'LICENSE').exists() and (folder / 'man/c3.1').exists()
    assert (folder / 'completions/c3.bash').read_text().startswith('_c3')


def test_checksums_are_right(released):
    succeeded(run('sha256sum', '--check', 'SHA256SUMS', cwd=released))
    names = {line.split()[1] for line in (released / 'SHA256SUMS').read_text().splitlines()}
    assert names == {path.name for path in released.iterdir() if path.suffix in ('.gz', '.whl')} and len(names) >= 2


def test_hooks_install_the_wheel(released, tmp_path):
    """A first commit installs the wheel, and builds nothing."""
    git = ['git', '-c', 'user.name=c3', '-c', 'user.email=c3@example.org']
    hooks, repository = released / 'c3-pre-commit', tmp_path / 'repository'
    repository.mkdir()
    (repository / 'add.py').write_text('"""Adds."""\nimport os\n\nprint(os.getenv("n", "1"))\n')
    for folder in (hooks, repository):
        succeeded(run(*git, 'init', '-q', cwd=folder))
        succeeded(run(*git, 'add', '-A', cwd=folder))
        succeeded(run(*git, 'commit', '-q', '-m', 'Begin', cwd=folder))
    rev = succeeded(run('git', 'rev-parse', 'HEAD', cwd=hooks)).stdout.strip()
    wanted = {'repos': [{'repo': str(hooks), 'rev': rev, 'hooks': [{'id': 'c3-check', 'args': []}]}]}
    (repository / '.pre-commit-config.yaml').write_text(json.dumps(wanted))
    env = {
        **os.environ,
        'PRE_COMMIT_HOME': str(tmp_path / 'home'),
        'PIP_FIND_LINKS': str(released),
        'CARGO': '/nonexistent',
    }
    done = run(STATE / 'tools/bin/pre-commit', 'run', '--all-files', cwd=repository, env=env)
    assert 'Passed' in succeeded(done).stdout
    [program] = (tmp_path / 'home').glob('*/py_env-*/bin/c3')
    assert VERSION in succeeded(run(program, '--version')).stdout


def test_the_image_compiles(released, tmp_path):
    (tmp_path / 'add.py').write_text('"""Adds."""\nimport os\n\nprint(os.getenv("n", "1"))\n')
    (tmp_path).chmod(0o777)
    command = ['docker', 'run', '--rm', '-v', f'{tmp_path}:/work', f'{IMAGE}:{VERSION}', 'compile', 'add.py']
    succeeded(run(*command))
    assert (tmp_path / 'add.job.yaml').exists()


def test_uncommitted_or_untagged_work_is_not_released(tmp_path):
    clone = tmp_path / 'clone'
    succeeded(run('git', 'clone', '-q', ROOT, clone))
    (clone / 'new').write_text('')
    for wanted in ('not committed', f'no tag `v{VERSION}`'):
        done = run(clone / '.ci/release', '--out', tmp_path / 'out')
        assert done.returncode == 1 and wanted in done.stderr
        (clone / 'new').unlink(missing_ok=True)
    assert not (tmp_path / 'out').exists()


def test_release_script_passes_shellcheck():
    succeeded(run('shellcheck', ROOT / '.ci/release'))
