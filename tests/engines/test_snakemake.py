"""Rules of Snakemake: linted by Snakemake, and run by it; Apptainer can't be had here, so a stand-in takes its options."""

import json
import re
import shutil

import pytest
import yaml
from operators import NAMES, SECRET
from slurm import path_with
from support import HOSTILE, PODMAN_CONF, ROOT, SAMPLES, c3, environment, run, succeeded, told, venv, write
from test_workflows import OPERATORS, SAMPLE, letter

CRIER = '''\
"""Tells what it was given."""
import json
import os

text = os.environ['text']
rows = int(os.getenv('rows', 3))
share = float(os.getenv('share', 0.5))
swift = bool(os.getenv('swift', 'False'))
data = os.environ['data']  # c3: input=File
token = os.environ['api_token']

with open(data, encoding='utf-8') as file:
    content = file.read()
with open('names.txt', encoding='utf-8') as file:
    content += file.readline()
os.environ['count'] = json.dumps([text, rows, share, swift, content, token, os.getcwd()])
os.makedirs('/tmp/report', exist_ok=True)
with open('/tmp/report/index.html', 'w', encoding='utf-8') as file:
    file.write('<p>ü</p>')
os.environ['report'] = '/tmp/report'  # c3: output=Directory
if rows > 100:
    os.environ['complaint'] = 'many rows'
if rows < 0:
    raise SystemExit(7)
'''

SETTINGS = '''\
[job]
requests = { cpu = "1500m", memory = "1G", "ephemeral-storage" = "2Gi" }
gpu = 1
active-deadline = 90
backoff-limit = 2
volumes = ["claim:data"]
environment = { BRACES = "{rows} 'x'" }
values = { rows = 5 }
'''

JOTTER = '''\
import os
folder = os.environ['folder']


def grid_process(batch_id, **_):
    with open(f'{folder}/batch-{batch_id}', 'x', encoding='utf-8'):
        print(f'DID {batch_id}', flush=True)
'''

# Takes the options that Snakemake gives Apptainer, as its manual has them, and hands them to Podman.
STAND_IN = '''\
#!/usr/bin/env python3
import os, subprocess, sys
words = sys.argv[1:]
if words == ['--version']:
    sys.exit(print('apptainer version 1.3.4'))
if words[:2] == ['pull', '--name']:
    image = words[3].removeprefix('docker://')
    subprocess.run(['podman', 'pull', '--quiet', '--tls-verify=false', image], check=True)
    sys.exit(open(words[2], 'w').write(image) and None)
words = [word for word in words if word not in ('--quiet', '--silent')]
assert words.pop(0) == 'exec' and words.pop(0) == '--home'
home = words.pop(0)
# The image's own path goes before.
given = [f'--env={name}' for name in os.environ if name not in ('PATH', 'HOME', 'CONTAINERS_CONF')]
call = ['podman', 'run', '--rm', *given, '--user', '0:0', '--security-opt', 'label=disable']
call += ['--volume', f'{home}:{home}', '--workdir', home]
while words[0] == '--bind':
    _, place = words.pop(0), words.pop(0)
    call += ['--volume', f'{place}:{place}']
image = open(words.pop(0)).read()
os.execvp('podman', [*call, '--entrypoint', words[0], image, *words[1:]])
'''


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Give a folder with the rules of all samples."""
    folder = tmp_path_factory.mktemp('snakemake')
    succeeded(c3('compile', *SAMPLES, '-r', 'registry.example/ns', '--target', 'snakemake', '-o', folder, cwd=ROOT))
    return folder


@pytest.fixture(scope='module')
def crier(tmp_path_factory, repository):
    """Give a folder with an operator that was built, and what its rule needs."""
    folder = tmp_path_factory.mktemp('crier')
    write(folder / 'crier.py', CRIER)
    write(folder / 'names.txt', NAMES)
    write(folder / 'a b.txt', 'of the file\n')
    write(folder / 'bin/apptainer', STAND_IN).chmod(0o755)
    write(folder / 'containers.conf', PODMAN_CONF)
    options = ['--target', 'snakemake', '-r', repository, '-v', '0.1']
    succeeded(c3('create-operator', 'crier.py', 'names.txt', *options, cwd=folder))
    return folder


def snakemake(folder, *arguments, env=None):
    """Run Snakemake in a folder."""
    own = {'PATH': path_with(folder / 'bin'), 'CONTAINERS_CONF': folder / 'containers.conf', 'HOME': folder, **(env or {})}
    command = [venv('snakemake', 'snakemake'), '--nocolor', *arguments]
    return run(*command, cwd=folder, env=environment(own))


def run_rule(folder, values, *arguments, env=None):
    """Run a rule with values of a file."""
    write(folder / 'values.yaml', yaml.safe_dump(values, allow_unicode=True))
    shutil.rmtree(folder / 'results', ignore_errors=True)
    words = ['--cores', '2', '--software-deployment-method', 'apptainer', '--configfile', 'values.yaml']
    return snakemake(folder, '--snakefile', 'crier.smk', *words, *arguments, env={'api_token': 'hunter2', **(env or {})})


def judged(folder):
    """Give what Snakemake says of the rules in a folder."""
    env = environment(dict.fromkeys(['api_token', 'password', 'db_password', 'access_key', 'secret_key'], 'x'))
    done = succeeded(run(venv('snakemake', 'python'), ROOT / 'tests/engines/snakemake_judge.py', folder, cwd=folder, env=env))
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.matrix('snakemake', 'accepted')
def test_every_sample_is_a_rule_that_passes_lint(folder):
    bad = write(folder / 'zz_bad.smk', 'rule bad:\n    output: "x"\n    shell: "touch {output}"\n')
    *good, bad = judged(folder)
    assert len(good) == len(SAMPLES)
    assert [found for found in good if found[1] != [0, 0]] == []
    assert bad[1][0] != 0, 'it has neither a log nor a container'


def test_values_and_files_are_passed(crier):
    values = {'text': HOSTILE, 'rows': 7, 'share': 1e-05, 'swift': True, 'data': 'a b.txt'}
    done = run_rule(crier, values, env={'rows': '13', 'text': "the user's own variable"})
    assert done.returncode == 0, told(done) + (crier / 'logs/crier.log').read_text(encoding='utf-8')
    results = crier / 'results/crier'
    given = json.loads((results / 'count').read_text(encoding='utf-8'))
    assert given == [HOSTILE, 7, 1e-05, True, f'of the file\n{NAMES.splitlines()[0]}\n', 'hunter2', '/opt/app-root/src']
    assert (results / 'report/index.html').read_text(encoding='utf-8') == '<p>ü</p>'
    assert (results / 'complaint').read_text(encoding='utf-8') == '', 'the script set none'
    assert 'Nothing to be done' in succeeded(snakemake(crier, '--snakefile', 'crier.smk', '--cores', '1', '--configfile', 'values.yaml', '--software-deployment-method', 'apptainer', env={'api_token': 'x'})).stderr


def test_secrets_are_variables_of_the_environment(crier):
    values = {'text': 'x', 'data': 'a b.txt'}
    succeeded(run_rule(crier, values, '--printshellcmds'))
    done = run_rule(crier, values, env={'api_token': None})
    assert done.returncode == 1 and 'api_token' in done.stderr
    assert 'hunter2' not in (crier / 'crier.smk').read_text(encoding='utf-8')


def test_failure_is_reported_and_logged(crier):
    done = run_rule(crier, {'text': 'x', 'data': 'a b.txt', 'rows': -1})
    assert done.returncode == 1 and 'Error in rule crier' in done.stderr
    assert not (crier / 'results/crier').exists() or not list((crier / 'results/crier').iterdir())


def test_values_that_would_be_lost_are_rejected(crier):
    done = snakemake(crier, '--snakefile', 'crier.smk', '--dry-run', env={'api_token': 'x'})
    assert done.returncode == 1 and 'missing in the configuration: text, data' in done.stdout + done.stderr
    words = ['--config', 'text=007', 'data=a b.txt']
    done = snakemake(crier, '--snakefile', 'crier.smk', '--dry-run', *words, env={'api_token': 'x'})
    assert done.returncode == 1 and 'no text in the configuration: text' in done.stdout + done.stderr


def test_resources_match_the_job(tmp_path):
    write(tmp_path / 'bin/none', '')
    write(tmp_path / 'sized.py', 'import os\nrows = int(os.environ["rows"])\nn = int(os.getenv("n", 1))\n')
    write(tmp_path / 'c3.toml', SETTINGS)
    done = succeeded(c3('compile', 'sized.py', '--target', 'snakemake', '-r', 'registry.example/ns', cwd=tmp_path))
    assert "doesn't cross to `snakemake`" in done.stderr and 'no name of one letter: `n`' in done.stderr
    done = succeeded(snakemake(tmp_path, '--snakefile', 'sized.smk', '--dry-run', '--cores', '2', '--printshellcmds'))
    assert 'mem_mb=954' in done.stdout and 'disk_mb=2048' in done.stdout
    assert 'threads: 2' in done.stdout and 'gpu=1' in done.stdout and 'runtime=2' in done.stdout
    assert '--rows=5' in done.stdout and 'BRACES={rows}' in done.stdout


@pytest.mark.parametrize('backend', ['index', 'local'])
def test_each_worker_of_a_grid_is_a_job(tmp_path, backend, repository):
    write(tmp_path / 'bin/apptainer', STAND_IN).chmod(0o755)
    write(tmp_path / 'containers.conf', PODMAN_CONF)
    write(tmp_path / 'jotter.py', JOTTER)
    write(tmp_path / 'c3.toml', '[job]\nparallelism = 3\n')
    write(tmp_path / 'batches.txt', ''.join(f'{number}\n' for number in range(6)))
    options = ['-b', backend, '--target', 'snakemake', '-r', f'{repository}/{backend}', '-v', '0.1']
    succeeded(c3('create-gridwrapper', 'jotter.py', *options, cwd=tmp_path))
    values = {'folder': str(tmp_path), 'gw_batch_file': f'{tmp_path}/batches.txt'}
    if backend == 'local':
        values['gw_coordinator_path'] = f'{tmp_path}/coordinator'
    write(tmp_path / 'values.yaml', yaml.safe_dump(values))
    given = ['--snakefile', 'gw_jotter.smk', '--configfile', 'values.yaml', '--cores', '3']
    assert 'Congratulations' in succeeded(snakemake(tmp_path, *given, '--lint')).stderr
    done = snakemake(tmp_path, *given, '--software-deployment-method', 'apptainer')
    logs = sorted((tmp_path / 'logs').glob('*.log'))
    assert done.returncode == 0, told(done) + ''.join(path.read_text(encoding='utf-8') for path in logs)
    assert len(logs) == 3
    assert sorted(path.name for path in tmp_path.glob('batch-*')) == [f'batch-{number}' for number in range(6)]
    if backend == 'index':
        said = [sorted(re.findall(r'DID (\d)', path.read_text(encoding='utf-8'))) for path in logs]
        assert all(len(part) == 2 for part in said) and sorted(sum(said, [])) == list('012345')


def test_port_names_may_equal_list_methods(tmp_path):
    """Lists of Snakemake have methods, whose names no output may have."""
    names = ['count', 'items', 'get', 'index', 'sort', 'values', 'input', 'output', 'params', 'log', 'wildcards']
    write(tmp_path / 'bin/none', '')
    write(tmp_path / 'ports.py', 'import os\n' + ''.join(f'os.environ["{name}"] = "1"\n' for name in names))
    succeeded(c3('compile', 'ports.py', '--target', 'snakemake', '-r', 'registry.example/ns', cwd=tmp_path))
    done = succeeded(snakemake(tmp_path, '--snakefile', 'ports.smk', '--dry-run', '--cores', '1', '--printshellcmds'))
    assert all(f'--{name}=' in done.stdout for name in names), done.stdout


# Workflows


@pytest.mark.matrix('snakemake', 'equal', 'three operators')
def test_snakemake_runs_the_workflow(tmp_path, repository):
    """The letter is that of CWL and Kubeflow."""
    write(tmp_path / 'bin/apptainer', STAND_IN).chmod(0o755)
    write(tmp_path / 'containers.conf', PODMAN_CONF)
    for operator in OPERATORS:
        shutil.copy(SAMPLE / operator, tmp_path)
        options = ['--target', 'snakemake', '-r', f'{repository}/snakemake', '-v', '0.1']
        succeeded(c3('create-operator', operator, *options, cwd=tmp_path))
    done = succeeded(c3('create-workflow', *OPERATORS, '--name', 'squares', '--target', 'snakemake', cwd=tmp_path))
    assert done.stderr == ''
    write(tmp_path / 'values.yaml', yaml.safe_dump({'rows': 4, 'reader': 'Ada "L."'}))
    given = ['--snakefile', 'squares.workflow.smk', '--configfile', 'values.yaml', '--cores', '2']
    assert 'Congratulations' in succeeded(snakemake(tmp_path, *given, '--lint')).stderr
    env = {'signing_token': SECRET, 'total': '13', 'report': '/etc/hostname'}
    done = snakemake(tmp_path, *given, '--software-deployment-method', 'apptainer', env=env)
    assert done.returncode == 0, told(done)
    made = (tmp_path / 'results/write-letter/letter').read_text(encoding='utf-8')
    assert made == letter(4, 'Ada "L."', SECRET)
    assert SECRET not in done.stdout + done.stderr


def test_steps_without_inputs_wait_for_the_previous_step(tmp_path):
    """A grid in the middle: what comes behind waits for all of its workers."""
    write(tmp_path / 'bin/none', '')
    write(tmp_path / 'first.py', 'import os\nn_rows = int(os.getenv("n_rows", 1))\n')
    write(tmp_path / 'jotter.py', JOTTER)
    write(tmp_path / 'last.py', 'import os\nos.environ["said"] = os.getenv("word", "x")\n')
    options = ['--target', 'kubeflow,snakemake', '-r', 'registry.example/ns']
    succeeded(c3('compile', 'first.py', 'last.py', *options, cwd=tmp_path))
    succeeded(c3('create-gridwrapper', 'jotter.py', '-b', 'index', '--no-build', *options, cwd=tmp_path))
    words = ['--name', 'three', '--target', 'snakemake', '--parallel', '2']
    succeeded(c3('create-workflow', 'first.py', 'gw_jotter.yaml', 'last.py', *words, cwd=tmp_path))
    values = ['--config', 'folder=/data', 'gw_batch_file=batches.txt']
    done = succeeded(snakemake(tmp_path, '--snakefile', 'three.workflow.smk', '--dry-run', '--cores', '1', *values))
    assert re.search(r'^gw_jotter_worker +2$', done.stdout, re.MULTILINE)
    assert '--gw_parts=2 --gw_part=1' in succeeded(
        snakemake(tmp_path, '--snakefile', 'three.workflow.smk', '--dry-run', '--cores', '1', '--printshellcmds', *values)
    ).stdout
    [last] = [part for part in done.stdout.split('\n\n') if 'rule last:' in part]
    assert 'input: results/gw-jotter/0/done, results/gw-jotter/1/done' in last
