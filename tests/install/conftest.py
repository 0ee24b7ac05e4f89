"""The wheel: built once, and installed into a virtual environment that has nothing else."""

import sys

import pytest
from processes import ROOT, run, succeeded, tool


@pytest.fixture(scope='session')
def wheel(tmp_path_factory):
    """Build the wheel; the programs are those that `cargo build` has made."""
    folder = tmp_path_factory.mktemp('wheel')
    succeeded(run(tool('maturin'), 'build', '--profile', 'dev', '--strip', '--out', folder, cwd=ROOT))
    [wheel] = folder.iterdir()
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
