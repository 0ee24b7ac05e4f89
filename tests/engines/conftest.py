"""Real engines, which have to be there: nothing is skipped, nothing is simulated."""

import json
import os
import secrets
import shutil
import signal
import urllib.error
import urllib.request

import pytest
from images import docker, remove_image
from matrix import pytest_configure, pytest_runtest_setup, pytest_terminal_summary  # noqa: F401
from operators import NAMES, PROBE, READER
from slurm import slurm
from support import BASE, BOOKWORM, C3, CLOSED_REGISTRY, OPEN_REGISTRY, R_BASE, c3, run, succeeded, venv, write

# A run in the background may have been told to ignore Ctrl-C, which its children would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionstart():
    """End at once if something is missing."""
    missing = [what for what, is_there in needs().items() if not is_there]
    if missing:
        raise pytest.UsageError(f'missing: {", ".join(missing)}; see tests/engines.sh and tests/all.sh')


def needs():
    """Give everything these tests need and whether it is there."""
    programs = {
        ('kfp1', 'python'),
        ('kfp2', 'python'),
        ('tekton', 'python'),
        ('argo', 'python'),
        ('eoap', 'python'),
        ('snakemake', 'snakemake'),
        ('airflow', 'airflow'),
        ('toil', 'toil-cwl-runner'),
        ('original', 'c3_create_operator'),
        ('tools', 'cwltool'),
        ('tools', 'hadolint'),
        ('tools', 'kubernetes-validate'),
    }
    return {
        str(C3): os.access(C3, os.X_OK),
        'Charliecloud': shutil.which('ch-run') is not None and shutil.which('ch-convert') is not None,
        'shellcheck': shutil.which('shellcheck') is not None,
        'the Docker Engine': run('docker', 'version').returncode == 0,
        **{f'the image {base}': run('docker', 'image', 'inspect', base).returncode == 0 for base in (BASE, R_BASE, BOOKWORM)},
        'the repository of R packages': answers('http://127.0.0.1:5002/src/contrib/PACKAGES'),
        'Slurm': slurm('sinfo', '--noheader').stdout != '',
        'the object store': answers('http://127.0.0.1:7480/'),
        **{f'the registry {host}': answers(f'http://{host}/v2/') for host in (OPEN_REGISTRY, CLOSED_REGISTRY)},
        **{str(venv(*program)): os.access(venv(*program), os.X_OK) for program in programs},
    }


def answers(url):
    """Tell whether a server is up, even if it wants a login."""
    try:
        return urllib.request.urlopen(url, timeout=10).status == 200
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False


@pytest.fixture(scope='session')
def namespace():
    """Give a namespace that no other run has used, and remove its images in the end."""
    name = f'c3-test-{secrets.token_hex(4)}'
    yield name
    listed = docker('images', '--digests', '--format', '{{.Repository}} {{.Tag}} {{.Digest}}').splitlines()
    ours = [line.split() for line in listed if f'/{name}' in line]
    # By its id an image would go with all of its names: the base image, too, which is pushed under one of these.
    images = [f'{image}@{digest}' if tag == '<none>' else f'{image}:{tag}' for image, tag, digest in ours]
    if images:
        run('docker', 'rmi', '--force', *images)


@pytest.fixture(scope='session')
def repository(namespace):
    """Give a repository in the open registry."""
    return f'{OPEN_REGISTRY}/{namespace}'


@pytest.fixture(scope='session')
def session_folder(tmp_path_factory):
    """Give a folder for what is made once."""
    return tmp_path_factory.mktemp('session')


@pytest.fixture(scope='session')
def workspace(session_folder):
    """Give a folder with the operators' sources."""
    folder = session_folder / 'workspace'
    write(folder / 'probe.py', PROBE)
    write(folder / 'reader.py', READER)
    write(folder / 'data/names.txt', NAMES)
    return folder


@pytest.fixture(scope='session')
def summaries(workspace, repository):
    """Build and push both operators, then remove the images: whatever runs them has to pull."""
    options = ['-r', repository, '-v', '0.1', '--format', 'json']
    probe = succeeded(c3('create-operator', 'probe.py', 'data/*.txt', *options, cwd=workspace))
    reader = succeeded(c3('create-operator', 'reader.py', *options, cwd=workspace))
    found = {'probe': json.loads(probe.stdout), 'reader': json.loads(reader.stdout)}
    for summary in found.values():
        remove_image(summary['image'])
    return found


@pytest.fixture(scope='session')
def probe(summaries):
    """Give the reference of the probe's image."""
    return summaries['probe']['image']
