"""A real Kubernetes, which has to be there: nothing is skipped, nothing is simulated."""

import os
import secrets
import shutil
import sys
from pathlib import Path

import pytest

# How `c3` is called is told in one place.
sys.path.append(str(Path(__file__).resolve().parents[1] / 'engines'))

from cluster import HOME, Namespace, compiled, kubectl, reach  # noqa: E402
from images import docker  # noqa: E402
from matrix import pytest_configure, pytest_runtest_setup, pytest_terminal_summary  # noqa: E402, F401
from operators import create  # noqa: E402
from support import BASE, C3, OPEN_REGISTRY, R_BASE, c3, run, write  # noqa: E402

def pytest_sessionstart():
    """End at once if something is missing."""
    needed = {
        str(C3): os.access(C3, os.X_OK),
        'Kubernetes': kubectl('get', '--raw', '/readyz').returncode == 0,
        **{f'the image {base}': run('docker', 'image', 'inspect', base).returncode == 0 for base in (BASE, R_BASE)},
    }
    if missing := [what for what, is_there in needed.items() if not is_there]:
        raise pytest.UsageError(f'missing: {", ".join(missing)}; see tests/engines.sh')


@pytest.fixture(scope='session')
def repository():
    """Give a repository that no other run uses, and remove its names in the end: the base has others."""
    name = f'{OPEN_REGISTRY}/c3-cluster-{secrets.token_hex(4)}'
    yield name
    listed = docker('images', '--format', '{{.Repository}}:{{.Tag}}').splitlines()
    if names := [image for image in listed if image.startswith(name) and not image.endswith('<none>')]:
        run('docker', 'rmi', *names)


@pytest.fixture
def namespace(tmp_path_factory):
    """Give a namespace of the test's own, which goes with it."""
    made = Namespace(f'c3-{secrets.token_hex(4)}', tmp_path_factory.mktemp('volume') / 'shared')
    yield made
    made.remove()


@pytest.fixture
def call(namespace):
    """Give a function that calls `c3` for the cluster and the namespace of the test."""

    def call(*words, folder=None, env=None, kubeconfig=HOME / 'admin.conf'):
        variables = {**reach(kubeconfig), **(env or {})}
        return c3(words[0], '--namespace', namespace.name, *words[1:], cwd=folder, env=variables)

    return call


class Operator:
    """An operator whose image is in the registry, and which is compiled into one job after the other."""

    def __init__(self, source, repository):
        """Build and push the image."""
        self.source, self.repository = source, repository
        self.image = create(source.parent, source.name, '-r', repository, '-v', '0.1')

    def job(self, folder, *options):
        """Write the operator's job into a folder and give its path."""
        folder.mkdir(exist_ok=True)
        shutil.copy(self.source, folder)
        return compiled(folder, self.source.name, '-r', self.repository, '-v', '0.1', *options)


@pytest.fixture(scope='session')
def operator_of(tmp_path_factory, repository):
    """Give a function that builds an operator of a script or notebook."""

    def build(name, source, suffix='.py'):
        return Operator(write(tmp_path_factory.mktemp(name) / f'{name}{suffix}', source), repository)

    return build
