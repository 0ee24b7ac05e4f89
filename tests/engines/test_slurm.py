"""The jobs that `c3` writes, on a real Slurm with Podman; Apptainer can't be had here, so a stand-in takes its options."""

import json
import re
import shutil

import pytest
from slurm import CONF, SETTINGS, TELLER, delivered, ended, insist_on_exit_code, jobs, log, path_with, podman_conf, remove_from_podman, slurm, submit, told
from support import HOSTILE, PODMAN_SOCKET, ROOT, as_root, c3, refused, run, succeeded, venv, wait_until, write

PODMAN = {'DOCKER_HOST': PODMAN_SOCKET}

GRID = '''\
"""Notes batches."""
import os
import time

notes = os.environ['notes']

def grid_process(batch_id, notes):
    open(notes + '.begun', 'w').close()
    while not os.path.exists(notes + '.go'):
        time.sleep(0.1)
    with open(os.path.join(notes, batch_id), 'a') as file:
        file.write('done ')
'''


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Give a folder with an operator in Podman's own storage and its job."""
    folder = tmp_path_factory.mktemp('slurm')
    write(folder / 'teller.py', TELLER)
    write(folder / 'a b,c.txt', 'with a comma')
    write(folder / 'a b.txt', 'of the file')
    write(folder / '.c3/secrets/teller/api_token', HOSTILE.strip().replace('\r', '') + '\n')
    write(folder / 'c3.toml', SETTINGS.format(runtime='podman') + '[job.environment]\nHTTPS_PROXY = "http://p:1"\n')
    made = c3('create-operator', 'teller.py', '--local-mode', '--target', 'slurm', cwd=folder, env=PODMAN)
    succeeded(made)
    yield folder
    remove_from_podman('claimed-teller')


@pytest.fixture(scope='module')
def started(folder):
    """Start what the tests look at, all at once."""
    variables = {'text': HOSTILE, 'rows': '8', 'data': 'a b.txt', 'C3_OUTPUTS': folder / 'else where'}
    return {
        'options': submit(folder, 'teller.sbatch', '--text', HOSTILE, '--rows=7', '--image', '--data', '--data', 'a b.txt'),
        'variables': submit(folder, 'teller.sbatch', env=variables),
        'both': submit(folder, 'teller.sbatch', '--rows', '9', env={'rows': '8', 'text': ''}),
        'code': submit(folder, 'teller.sbatch', '--end', '7'),
        'type': submit(folder, 'teller.sbatch', '--rows', 'many'),
        'file': submit(folder, 'teller.sbatch', '--data', 'missing.txt'),
        'comma': submit(folder, 'teller.sbatch', '--data', 'a b,c.txt'),
        'output': submit(folder, 'teller.sbatch', '--told', 'x'),
        'secret': submit(folder, 'teller.sbatch', env={'C3_SECRETS': folder / 'none'}),
        'late': submit(folder, 'teller.sbatch', '--end', 'late'),
    }


def test_values_are_passed_as_options_and_variables(folder, started):
    insist_on_exit_code(0, folder, started['options'])
    given = told(folder, started['options'])
    assert (given['text'], given['rows'], given['image']) == (HOSTILE, 7, '--data')
    insist_on_exit_code(0, folder, started['variables'])
    given = json.loads((folder / 'else where/told').read_text(encoding='utf-8'))
    assert (given['text'], given['rows'], given['image']) == (HOSTILE, 8, 'none')
    assert given['proxy'] == 'http://p:1'
    assert given['job'] == str(started['variables'])
    insist_on_exit_code(0, folder, started['both'])
    given = told(folder, started['both'])
    assert (given['text'], given['rows']) == ('', 9)


def test_outputs_are_in_a_folder(folder, started):
    insist_on_exit_code(0, folder, started['both'])
    assert set(delivered(folder, started['both'])) == {'told'}
    insist_on_exit_code(2, folder, started['output'])
    assert 'outputs go to a folder, C3_OUTPUTS' in log(folder, started['output'])


def test_secrets_come_from_files(folder, started):
    insist_on_exit_code(0, folder, started['both'])
    secret = (folder / '.c3/secrets/teller/api_token').read_bytes().decode().rstrip('\n')
    assert told(folder, started['both'])['token'] == secret
    assert secret not in log(folder, started['both'])
    insist_on_exit_code(2, folder, started['secret'])
    assert 'the file of the secret api_token is not there' in log(folder, started['secret'])


def test_files_are_visible_in_the_container(folder, started):
    for job in ('options', 'variables'):
        insist_on_exit_code(0, folder, started[job])
    assert told(folder, started['options'])['data'] == 'of the file'
    insist_on_exit_code(2, folder, started['file'])
    assert 'the file of the input data is not there: missing.txt' in log(folder, started['file'])
    insist_on_exit_code(2, folder, started['comma'])
    assert "can't be mounted" in log(folder, started['comma'])


def test_exit_code_is_that_of_the_script(folder, started):
    insist_on_exit_code(7, folder, started['code'])
    insist_on_exit_code(2, folder, started['type'])
    assert "'many'" in log(folder, started['type']) or 'many' in log(folder, started['type'])


def test_signal_lets_the_script_clean_up(folder, started):
    wait_until(lambda: 'waiting' in log(folder, started['late']))
    succeeded(slurm('scancel', '--batch', '--signal=TERM', started['late']))
    insist_on_exit_code(5, folder, started['late'])
    assert 'asked to end' in log(folder, started['late'])


@pytest.fixture(scope='module')
def call(folder):
    """Give a function that calls `c3` as a user of the cluster."""
    variables = {'SLURM_CONF': CONF, 'CONTAINERS_CONF': podman_conf(folder), 'HOME': folder}
    return lambda *words: c3(*words, cwd=folder, env=variables)


def test_c3_starts_a_job_and_follows_it(folder, call):
    done = succeeded(call('submit', 'teller.py', '--text', HOSTILE, '--data', 'a b.txt', '--on', 'slurm', '--follow'))
    number = re.search('started the job `([0-9]+)`', done.stderr).group(1)
    given = told(folder, number)
    assert (given['text'], given['data']) == (HOSTILE, 'of the file')
    refused(call('submit', 'teller.sbatch', '--end', '7'), 1, 'nothing tells the parameters of `teller.sbatch`')
    number = succeeded(call('submit', 'teller.py', '--rows', '9', '--end', '7')).stdout.strip()
    done = call('logs', '--follow', number)
    assert done.returncode == 7, done.stderr
    assert f'the job {number} is FAILED' in done.stderr
    assert succeeded(call('logs', number)).stdout == log(folder, number) == done.stdout
    assert call('wait', number).returncode == 7


def test_c3_fetches_the_outputs_of_a_job(folder, call):
    done = succeeded(call('submit', 'teller.py', '--text', HOSTILE, '-o', 'fetched', '--on', 'slurm'))
    number = re.search('started the job `([0-9]+)`', done.stderr).group(1)
    assert (folder / 'fetched/told').read_bytes() == delivered(folder, number)['told'].encode()
    succeeded(call('wait', '-o', 'again', number))
    assert (folder / 'again/told').read_bytes() == (folder / 'fetched/told').read_bytes()
    failed = call('submit', 'teller.py', '--end', '7', '-o', 'failed', '--on', 'slurm')
    assert failed.returncode == 7
    assert 'nothing is put into `failed`' in failed.stderr
    (folder / f'teller-{number}').rename(folder / 'elsewhere')
    missing = call('wait', '-o', 'missing', number)
    assert missing.returncode == 1
    assert f'there is no folder `{folder}/teller-{number}` on this machine' in missing.stderr


def test_c3_reports_progress_and_fetches_outputs_of_an_array(folder, call):
    number = submit(folder, 'teller.sbatch', '--text', 'part', options=['--array=0-1'])
    done = succeeded(call('wait', '-o', 'parts', number))
    assert '2 tasks: 2 done' in done.stderr
    for index in range(2):
        assert json.loads((folder / f'parts/{index}/told').read_text(encoding='utf-8'))['text'] == 'part'


def test_c3_cancels_a_job(folder, call):
    number = succeeded(call('submit', 'teller.py', '--end', 'late')).stdout.strip()
    wait_until(lambda: 'waiting' in log(folder, number))
    succeeded(call('cancel', number))
    assert call('wait', number).returncode > 0
    assert jobs(number)[0]['JobState'] == 'CANCELLED'
    refused(call('wait', '999999'), 3, 'there is no job `999999`')
    refused(call('submit', 'teller.py', '--api_token', 'x'), 2, '`api_token` is a secret')
    refused(call('submit', 'teller.py', '--rows', 'many'), 2, "parameter `rows` is an Integer")


def test_grid_loses_no_batch_when_its_node_is_drained(folder, call):
    write(folder / 'noter.py', GRID)
    notes = folder / 'notes'
    notes.mkdir()
    write(folder / 'batches.txt', ','.join(f'b{number}' for number in range(40)))
    settings = f'[slurm]\nruntime = "podman"\nmounts = ["{folder}"]\n[job]\nparallelism = 10\n'
    write(folder / 'c3.toml', settings)
    arguments = ['--backend', 'index', '--local-mode', '--target', 'slurm']
    succeeded(c3('create-gridwrapper', 'noter.py', *arguments, cwd=folder, env=PODMAN))
    assert '#SBATCH --array=0-9\n' in (folder / 'gw_noter.sbatch').read_text(encoding='utf-8')
    number = submit(folder, 'gw_noter.sbatch', '--notes', notes, '--gw_batch_file', folder / 'batches.txt')
    wait_until((folder / 'notes.begun').exists)
    [node] = succeeded(slurm('sinfo', '-h', '-o', '%n')).stdout.split()[:1]
    succeeded(slurm(*as_root(), 'scontrol', 'update', f'NodeName={node}', 'State=DRAIN', 'Reason=test'))
    # As Slurm does with the jobs of a node that has failed.
    try:
        running = [job['JobId'] for job in jobs(number) if job['JobState'] == 'RUNNING']
        assert running
        succeeded(slurm(*as_root(), 'scontrol', 'requeue', ','.join(running)))
        wait_until(lambda: not {job['JobState'] for job in jobs(number)} & {'RUNNING', 'COMPLETING'})
    finally:
        (folder / 'notes.go').touch()
        succeeded(slurm(*as_root(), 'scontrol', 'update', f'NodeName={node}', 'State=RESUME'))
    # Slurm holds what it has requeued for two minutes.
    succeeded(slurm(*as_root(), 'scontrol', 'update', f'JobId={number}', 'StartTime=now'))
    assert {job['JobState'] for job in ended(number)} == {'COMPLETED'}
    assert any(int(job['Restarts']) for job in jobs(number))
    assert {path.name for path in notes.iterdir()} == {f'b{number}' for number in range(40)}
    for command in ('logs', 'wait'):
        said = succeeded(call(command, number)).stderr
        assert '40 of 40 batches done' in said and '10 tasks: 10 done' in said
    remove_from_podman('claimed-gw-noter')


ALL = '''
[slurm]
runtime = "apptainer"
partition = "other"
account = "someone"
qos = "normal"
time = "1:30:00"
constraint = "fast"
gres = "gpu:1"
options = ["--nice=5", "--comment=x"]
setup = ["export SET_UP=yes"]
[job]
indexed = 6
parallelism = 2
active-deadline = 60
limits = { cpu = "1500m", memory = "1G" }
requests = { memory = "500M" }
'''


def test_slurm_accepts_every_directive(tmp_path):
    write(tmp_path / 'teller.py', TELLER)
    write(tmp_path / 'c3.toml', ALL)
    succeeded(c3('compile', 'teller.py', '--target', 'slurm', '-r', 'registry.example/ns', cwd=tmp_path))
    number = submit(tmp_path, 'teller.sbatch', options=['--hold'])
    [job] = jobs(number)
    said = {
        'Partition': 'other', 'Account': 'someone', 'TimeLimit': '01:30:00', 'Features': 'fast', 'CPUs/Task': '2',
        'MinMemoryNode': '954M', 'ArrayTaskId': '0-5%2', 'ArrayTaskThrottle': '2', 'Requeue': '1', 'Nice': '5',
        'TresPerNode': 'gres:gpu:1', 'Comment': 'x', 'JobName': 'teller',
    }
    assert {name: job.get(name) for name in said} == said
    succeeded(slurm('scancel', number))


RUNTIMES = ['apptainer', 'singularity', 'podman', 'charliecloud', 'none']


@pytest.mark.matrix('slurm', 'accepted')
@pytest.mark.parametrize('runtime', RUNTIMES)
def test_shellcheck_and_slurm_accept_the_job_of_every_sample(runtime, tmp_path):
    for sample in (ROOT / 'samples').glob('*.*'):
        if sample.suffix in ('.py', '.R', '.ipynb') and (runtime != 'none' or sample.suffix == '.py'):
            shutil.copy(sample, tmp_path)
    for file in ('requirements.txt', 'more-requirements.txt'):
        shutil.copy(ROOT / 'samples' / file, tmp_path)
    write(tmp_path / 'c3.toml', SETTINGS.format(runtime=runtime))
    sources = [path for path in sorted(tmp_path.iterdir()) if path.suffix in ('.py', '.R', '.ipynb')]
    succeeded(c3('compile', *sources, '--target', 'slurm', '-r', 'registry.example/ns', cwd=tmp_path))
    written = sorted(tmp_path.glob('*.sbatch'))
    assert len(written) == len(sources)
    succeeded(run('shellcheck', '--severity=style', *written))
    if runtime == 'podman':
        for job in written:
            succeeded(slurm('sbatch', '--test-only', job))


# Takes the options of Apptainer that `c3` uses, as its manual has them, and hands them to Podman.
STAND_IN = '''\
#!/usr/bin/env python3
import os, sys
words = sys.argv[1:]
assert words.pop(0) == 'exec'
call = ['podman', 'run', '--rm', '--user', '0:0', '--security-opt', 'label=disable']
contained = set()
while words[0].startswith('--'):
    word = words.pop(0)
    if word in ('--containall', '--no-home'):
        contained.add(word)
    elif word == '--pwd':
        call += ['--workdir', words.pop(0)]
    elif word == '--workdir':
        assert os.path.isdir(words.pop(0))
    elif word == '--bind':
        call += ['--volume', words.pop(0)]
    else:
        sys.exit(f'unknown option {word}')
assert len(contained) == 2
image = words.pop(0).removeprefix('docker://')
os.execvp('podman', [*call, '--entrypoint', words[0], image, *words[1:]])
'''


def test_apptainer_and_podman_get_the_same_values(folder, tmp_path):
    for file in ('teller.py', 'a b.txt'):
        shutil.copy(folder / file, tmp_path)
    shutil.copytree(folder / '.c3', tmp_path / '.c3')
    write(tmp_path / 'bin/apptainer', STAND_IN).chmod(0o755)
    write(tmp_path / 'c3.toml', '[slurm]\nimage = "claimed-teller:0.1"\nmounts = ["/usr/share"]\n')
    succeeded(c3('compile', 'teller.py', '--target', 'slurm', cwd=tmp_path))
    arguments = ['--text', HOSTILE, '--data', 'a b.txt']
    number = submit(tmp_path, 'teller.sbatch', *arguments, env={'PATH': path_with(tmp_path / 'bin')})
    insist_on_exit_code(0, tmp_path, number)
    given = told(tmp_path, number)
    secret = (folder / '.c3/secrets/teller/api_token').read_bytes().decode().rstrip('\n')
    assert (given['text'], given['data'], given['token']) == (HOSTILE, 'of the file', secret)
    assert given['folder'] == '/opt/app-root/src'


def test_a_node_without_containers_runs_the_zip(folder, tmp_path):
    for file in ('teller.py', 'a b.txt'):
        shutil.copy(folder / file, tmp_path)
    shutil.copytree(folder / '.c3', tmp_path / '.c3')
    write(tmp_path / 'c3.toml', SETTINGS.format(runtime='none'))
    succeeded(c3('create-containerless-operator', 'teller.py', '-v', '0.1', cwd=tmp_path))
    succeeded(c3('compile', 'teller.py', '--target', 'slurm', '-v', '0.1', cwd=tmp_path))
    python = {'PATH': path_with(venv('tools', 'python').parent), 'XDG_CACHE_HOME': tmp_path / 'cache'}
    number = submit(tmp_path, 'teller.sbatch', '--text', HOSTILE, '--data', 'a b.txt', env=python)
    insist_on_exit_code(0, tmp_path, number)
    given = told(tmp_path, number)
    assert (given['text'], given['data']) == (HOSTILE, 'of the file')
    assert given['token'].startswith('both')
