"""What strict readers say of the wrappers and of the package they come from."""

import subprocess
import sys

import pytest
from conftest import BACKENDS, TEMPLATES, wrapper_of


@pytest.mark.parametrize('command', [['mypy', '--strict', '--no-incremental'], ['ruff', 'check', '--no-cache']])
def test_package_passes_static_checks(command):
    package = TEMPLATES / 'runtime' / 'grid'
    done = subprocess.run([sys.executable, '-m', *command, '.'], cwd=package, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize('backend', [*BACKENDS, 'legacy_cos'])
@pytest.mark.parametrize('reader', ['pyflakes', 'vulture'])
def test_nothing_is_unused(tmp_path, backend, reader):
    wrapper = tmp_path / 'gw_job.py'
    wrapper.write_text(wrapper_of(backend))
    done = subprocess.run([sys.executable, '-m', reader, wrapper], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ''), done.stdout + done.stderr
