"""How the tests of the installation run programs."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = Path(os.environ.get('C3_ENGINES', ROOT / 'target/engines')).resolve()
BASE = 'registry.access.redhat.com/ubi8/python-312'
IMAGE = 'c3-test/c3'


def run(*command, **options):
    """Run a program to its end and keep its output as text."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL, **options)


def succeeded(done):
    """Insist on exit code 0."""
    assert done.returncode == 0, f'{done.args}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}'
    return done


def tool(name):
    """Give the path of a program that makes or checks wheels."""
    return STATE / 'wheel/bin' / name


def release(*arguments, **options):
    """Run the script that makes a release; it never uploads anything."""
    env = {**os.environ, 'MATURIN': str(tool('maturin'))}
    return run(ROOT / '.ci/release', *arguments, env=env, **options)
