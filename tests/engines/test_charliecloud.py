"""Jobs of Slurm whose image Charliecloud runs."""

import json
import shutil
import sys

import pytest
from slurm import SETTINGS, TELLER, ended, insist_on_exit_code, log, path_with, remove_from_podman, slurm, submit, told
from support import HOSTILE, PODMAN_SOCKET, c3, environment, refused, run, succeeded, wait_until, write

NAME = 'cloud_teller'
IMAGE = 'claimed-cloud-teller'
OUTPUTS = 'cloud-teller'


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Give a folder with the job of an operator and its image, unpacked by Charliecloud."""
    folder = tmp_path_factory.mktemp('charliecloud')
    write(folder / f'{NAME}.py', TELLER)
    write(folder / 'a b.txt', 'of the file')
    write(folder / f'.c3/secrets/{OUTPUTS}/api_token', "se'cret $x\n")
    write(folder / 'c3.toml', SETTINGS.format(runtime='charliecloud') + 'mounts = ["/usr/share:/shared"]\n')
    made = c3('create-operator', f'{NAME}.py', '--local-mode', '--target', 'slurm', cwd=folder, env={'DOCKER_HOST': PODMAN_SOCKET})
    succeeded(made)
    # It packs what it unpacks at once: twenty seconds by its own choice of a program.
    write(folder / 'bin/pigz', '#!/bin/sh\nexec gzip -1\n').chmod(0o755)
    own = environment({'PATH': path_with(folder / 'bin')})
    succeeded(run('ch-convert', '-i', 'podman', '-o', 'dir', f'{IMAGE}:0.1', f'./{IMAGE}_0.1', cwd=folder, env=own))
    yield folder
    shutil.rmtree(folder / f'{IMAGE}_0.1')
    remove_from_podman(IMAGE)


@pytest.fixture(scope='module')
def started(folder):
    """Start what the tests look at, all at once."""
    write(folder / 'image.sqfs', 'hsqs')
    job = f'{NAME}.sbatch'
    return {
        'options': submit(folder, job, '--text', HOSTILE, '--rows=7', '--data', 'a b.txt', env={'leaked': 'x', 'USER': None}),
        'array': submit(folder, job, '--rows', '2', options=['--array=0-2']),
        'code': submit(folder, job, '--end', '7'),
        'late': submit(folder, job, '--end', 'late'),
        'file': submit(folder, job, env={'C3_IMAGE': 'image.sqfs'}),
    }


def test_charliecloud_delivers_what_a_plain_run_delivers(folder, started):
    insist_on_exit_code(0, folder, started['options'])
    given = told(folder, started['options'])
    inputs = {'text': HOSTILE, 'rows': 7, 'data': 'a b.txt', 'api_token': "se'cret $x"}
    code = f'exec(open("{NAME}.py").read().replace("sys.exit(int(end))", "print(os.environ[\'told\'])"))'
    plain = json.loads(succeeded(run(sys.executable, '-c', code, cwd=folder, env=environment(inputs))).stdout)
    of_the_job = {'job': str(started['options']), 'folder': '/opt/app-root/src', 'proxy': None}
    assert given == {**plain, **of_the_job}
    assert "se'cret" not in log(folder, started['options'])
    # The node's own folder had no place in the image.
    assert (folder / f'{IMAGE}_0.1/shared').is_dir()


def test_charliecloud_runs_an_array(folder, started):
    assert {job['JobState'] for job in ended(started['array'])} == {'COMPLETED'}
    results = [json.loads((folder / f'{OUTPUTS}-{started["array"]}_{index}/told').read_text()) for index in range(3)]
    assert [result['rows'] for result in results] == [2, 2, 2]
    assert len({result['job'] for result in results}) == 3


def test_charliecloud_passes_exit_codes_and_signals(folder, started):
    insist_on_exit_code(7, folder, started['code'])
    wait_until(lambda: 'waiting' in log(folder, started['late']))
    succeeded(slurm('scancel', '--batch', '--signal=TERM', started['late']))
    insist_on_exit_code(5, folder, started['late'])


def test_squashed_images_and_read_only_mounts_are_rejected(folder, started, tmp_path):
    # It ends with exit code 0 when a squashed image gets SIGTERM.
    insist_on_exit_code(2, folder, started['file'])
    assert 'the image has to be a folder' in log(folder, started['file'])
    write(tmp_path / 'teller.py', TELLER)
    write(tmp_path / 'c3.toml', SETTINGS.format(runtime='charliecloud') + 'mounts = ["/usr/share:ro"]\n')
    refused(c3('compile', 'teller.py', '--target', 'slurm', cwd=tmp_path), 1, "can't mount a folder for reading only")
