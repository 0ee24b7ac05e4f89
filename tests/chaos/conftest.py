"""Servers that are hostile, slow, broken or just far away; each test is bounded in time and names the promise it holds."""

import secrets
import sys
from pathlib import Path

import pytest

# How `c3` is called is told in one place.
sys.path.append(str(Path(__file__).resolve().parents[1] / 'engines'))

from authority import Authority  # noqa: E402
from images import docker  # noqa: E402
from servers import Registry, Server, refuse  # noqa: E402
from support import OPEN_REGISTRY, host_address, run  # noqa: E402


@pytest.fixture
def serve():
    """Give a function that starts a server, which ends with the test."""
    running = []

    def start(kind=Server, *arguments, **options):
        running.append(kind(*arguments, **options))
        return running[-1]

    yield start
    for server in running:
        server.end()


@pytest.fixture
def repository():
    """Give a repository that no other test uses, and remove its names in the end: the base has others."""
    name = f'{OPEN_REGISTRY}/c3-chaos-{secrets.token_hex(4)}'
    yield name
    listed = docker('images', '--format', '{{.Repository}}:{{.Tag}}').splitlines()
    if names := [image for image in listed if image.startswith(name) and not image.endswith('<none>')]:
        run('docker', 'rmi', *names)
    for title in ('chaotic', 'race'):
        run('docker', 'image', 'prune', '--force', '--filter', f'label=org.opencontainers.image.title={title}')


@pytest.fixture
def stranger(serve):
    """Give a server that asks everybody for a login, and takes any."""
    return serve(Server, refuse)


@pytest.fixture
def registry(serve):
    """Give a registry with a base image in it."""
    registry = serve(Registry)
    registry.add_base('base')
    return registry


@pytest.fixture(scope='session')
def address():
    """Give an address of this machine that isn't loopback: plain HTTP is not for it."""
    return host_address()


@pytest.fixture(scope='session')
def authority(tmp_path_factory, address):
    """Give an authority that nobody knows, and a certificate of its for the address."""
    return Authority(tmp_path_factory.mktemp('authority'), address)
