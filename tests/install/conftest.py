"""A release, made once, and its wheel, installed into a virtual environment that has nothing else."""

import sys

import pytest
from processes import BASE, IMAGE, ROOT, release, run, succeeded


@pytest.fixture(scope='session')
def released(tmp_path_factory):
    """Make a release of the programs that `cargo build` has made."""
    folder = tmp_path_factory.mktemp('release')
    succeeded(release('--dirty', '--profile', 'dev', '--out', folder, '--image', IMAGE, '--base-image', BASE))
    return folder


@pytest.fixture(scope='session')
def wheel(released):
    """Give the wheel for this machine's own C library."""
    [wheel] = [path for path in released.glob('*.whl') if 'musllinux' not in path.name]
    return wheel


@pytest.fixture(scope='session')
def programs(wheel, tmp_path_factory):
    """Install the wheel, with no index in reach, and give the folder of its programs."""
    home = tmp_path_factory.mktemp('environment') / 'venv'
    succeeded(run(sys.executable, '-m', 'venv', home))
    succeeded(run(home / 'bin/pip', 'install', '--no-index', wheel))
    return home / 'bin'


@pytest.fixture
def folder(tmp_path):
    """Give a folder with two samples."""
    for name in ('example_script.py', 'count_letters.py'):
        (tmp_path / name).write_bytes((ROOT / 'samples' / name).read_bytes())
    return tmp_path
