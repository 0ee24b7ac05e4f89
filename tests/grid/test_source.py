"""What a strict reader says of the wrappers."""

import subprocess
import sys

import pytest
from conftest import BACKENDS, wrapper_of


@pytest.mark.parametrize('backend', [*BACKENDS, 'legacy_cos'])
@pytest.mark.parametrize('reader', ['pyflakes', 'vulture'])
def test_nothing_is_unused(tmp_path, backend, reader):
    wrapper = tmp_path / 'gw_job.py'
    wrapper.write_text(wrapper_of(backend))
    done = subprocess.run([sys.executable, '-m', reader, wrapper], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ''), done.stdout + done.stderr
