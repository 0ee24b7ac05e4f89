"""Grid wrappers: compiled, accepted by every engine, and run by several containers that share their batches."""

import json
import re
import secrets
import shutil
import subprocess

import pytest
from manifests import compile_pipelines, load, validate_steps
from operators import run_image
from runners import run_components
from support import C3, EMITTED, ROOT, c3, environment, inspect, refused, run, succeeded, venv, write

BACKENDS = ['local', 'cos', 's3kv', 'legacy_cos', 'simple', 'folder']
SAMPLE = 'count_letters.py'
WORKERS = 4
STORE = 'http://127.0.0.1:7480'
CLIENT = f"""
import json, sys, boto3
keys = {{'aws_access_key_id': 'testkey', 'aws_secret_access_key': 'testsecret', 'region_name': 'us-east-1'}}
client = boto3.client('s3', endpoint_url='{STORE}', **keys)
"""
PUT = """
for name, text in json.loads(sys.argv[2]).items():
    client.put_object(Bucket=sys.argv[1], Key=f'data/{name}', Body=text)
"""
GET = """
found = client.list_objects_v2(Bucket=sys.argv[1], Prefix='results/')['Contents']
keys = [entry['Key'] for entry in found]
print(json.dumps({key: json.load(client.get_object(Bucket=sys.argv[1], Key=key)['Body']) for key in keys}))
"""
TEXTS = {f'text-{number:02}.txt': f'a{"b" * number}A' for number in range(30)}


@pytest.fixture(scope='session')
def workspace(session_folder):
    """Give a folder with the sample, and its texts in a folder that containers may write to."""
    folder = session_folder / 'grid'
    folder.mkdir()
    shutil.copy(ROOT / 'samples' / SAMPLE, folder)
    return folder


@pytest.fixture(scope='session')
def wrappers(workspace):
    """Write the files of a wrapper for every backend."""
    for backend in BACKENDS:
        succeeded(wrap(workspace, '-b', backend, '--no-build', '-v', '0.1', '-o', workspace / backend))
    return workspace


@pytest.fixture(scope='session')
def image(workspace, repository):
    """Build and push the wrapper for a shared folder."""
    done = succeeded(wrap(workspace, '-b', 'local', '-r', repository, '--format', 'json'))
    return json.loads(done.stdout)['image']


def build(folder, repository, backend):
    """Build and push the wrapper for an object store."""
    options = ['-b', backend, '-r', f'{repository}/{backend}', '--format', 'json', '-o', folder / f'of-{backend}']
    return json.loads(succeeded(wrap(folder, *options)).stdout)['image']


def wrap(folder, *arguments):
    """Call `c3 create-gridwrapper` for the sample."""
    return c3('create-gridwrapper', SAMPLE, *arguments, cwd=folder)


def shared(folder):
    """Make a folder with texts and a list of them, for any user."""
    for name, text in TEXTS.items():
        write(folder / 'texts' / name, text)
    write(folder / 'batches.txt', '\n'.join(TEXTS))
    folder.chmod(0o777)
    return folder


def parameters(folder):
    """Give the parameters of a run on a folder."""
    return {
        'gw_batch_file': f'{folder}/batches.txt',
        'gw_coordinator_path': f'{folder}/coordinator',
        'source_path': f'{folder}/texts',
        'target_path': f'{folder}/counts',
    }


def counts(folder):
    """Give the results."""
    return {path.name: json.loads(path.read_text()) for path in (folder / 'counts').iterdir()}


EXPECTED = {f'{name}.json': {'a': 2, **({'b': text.count('b')} if 'b' in text else {})} for name, text in TEXTS.items()}


@pytest.mark.parametrize('backend', BACKENDS)
def test_every_file_is_written(wrappers, backend):
    assert {path.name for path in (wrappers / backend).iterdir()} == {f'gw_count_letters.{end}' for end in EMITTED}


@pytest.mark.parametrize('version', ['kfp1', 'kfp2'])
def test_kubeflow_compiles_pipelines(wrappers, tmp_path, version):
    components = [tmp_path / f'{backend}.yaml' for backend in BACKENDS]
    for component in components:
        shutil.copy(wrappers / component.stem / 'gw_count_letters.yaml', component)
    results = compile_pipelines(version, components, tmp_path)
    assert [result['error'] for result in results.values()] == [None, None] * len(BACKENDS)


def test_cwltool_accepts_the_steps(wrappers):
    validate_steps([wrappers / backend / 'gw_count_letters.cwl' for backend in BACKENDS])


def test_a_job_may_have_many_pods(wrappers, tmp_path):
    succeeded(wrap(wrappers, '--no-build', '--parallelism', '10', '-o', tmp_path))
    job = load(tmp_path, 'gw_count_letters', 'job.yaml')
    assert (job['spec']['parallelism'], job['spec']['completions']) == (10, 10)
    assert load(wrappers / 'local', 'gw_count_letters', 'job.yaml')['spec']['parallelism'] == 1


def test_kubernetes_accepts_the_jobs(wrappers):
    jobs = [wrappers / backend / 'gw_count_letters.job.yaml' for backend in BACKENDS]
    succeeded(run(venv('tools', 'kubernetes-validate'), '--strict', *jobs))


@pytest.mark.parametrize('backend', ['cos', 's3kv', 'legacy_cos'])
def test_a_connection_is_a_secret(wrappers, backend):
    job = load(wrappers / backend, 'gw_count_letters', 'job.yaml')
    [variable] = [
        variable
        for variable in job['spec']['template']['spec']['containers'][0]['env']
        if variable['name'] == 'gw_coordinator_connection'
    ]
    assert variable['valueFrom']['secretKeyRef']['key'] == 'gw_coordinator_connection'


def test_workers_share_the_batches(image, tmp_path):
    folder = shared(tmp_path / 'shared')
    run_workers(image, parameters('/shared'), ['--volume', f'{folder}:/shared'])
    assert counts(folder) == EXPECTED
    check_status(folder / 'coordinator')


def test_kubeflow_runs_the_grid_in_a_loop(image, workspace, tmp_path, session_folder):
    folder = shared(tmp_path / 'shared')
    component = str(workspace / 'gw_count_letters.yaml')
    given = {'component': component, 'arguments': parameters('/shared')}
    steps = [{**given, 'mounts': {'/shared': str(folder)}}, given, given]
    result = run_components({'loop': steps}, session_folder / 'kubeflow-grid')['loop']
    assert 'error' not in result, result
    assert result['log'].count('in total') == len(steps)
    assert counts(folder) == EXPECTED


@pytest.fixture(scope='session')
def bucket():
    """Make a bucket that no other run has used."""
    name = f'c3-engines-{secrets.token_hex(4)}'
    in_store('client.create_bucket(Bucket=sys.argv[1])', name)
    return name


def in_store(program, *arguments):
    """Run Python with a client for the object store, and give what it prints."""
    return succeeded(run(venv('tools', 'python'), '-c', CLIENT + program, *arguments)).stdout


def run_workers(image, parameters, options=()):
    """Run workers at once to their good end, on the host's network, and give what they have said."""
    variables = [word for name, value in parameters.items() for word in ('--env', f'{name}={value}')]
    command = ['docker', 'run', '--rm', '--network', 'host', *options, *variables, image]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(WORKERS)]
    logs = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * WORKERS, logs
    assert not any('testsecret' in log for log in logs)
    done = [int(found) for log in logs for found in re.findall(r'(\d+) done by this worker', log)]
    assert len(done) == WORKERS and sum(done) == len(TEXTS)


def check_status(connection):
    """Check that the run is seen as done."""
    told = json.loads(succeeded(c3('grid-status', connection, '--format', 'json')).stdout)
    assert (told['total'], told['done'], told['failed']) == (len(TEXTS), len(TEXTS), [])


@pytest.mark.parametrize('backend', ['cos', 's3kv'])
def test_workers_share_the_batches_through_an_object_store(workspace, repository, bucket, tmp_path, backend):
    folder = shared(tmp_path / 'shared')
    connection = f'cos://testkey:testsecret@{STORE}/{bucket}/{backend}'
    given = {**parameters('/shared'), 'gw_coordinator_connection': connection}
    given.pop('gw_coordinator_path')
    run_workers(build(workspace, repository, backend), given, ['--volume', f'{folder}:/shared'])
    assert counts(folder) == EXPECTED
    check_status(connection)


def test_workers_fetch_their_batches_from_an_object_store(workspace, repository, bucket):
    in_store(PUT, bucket, json.dumps(TEXTS))
    place = f'cos://testkey:testsecret@{STORE}/{bucket}'
    given = {
        'gw_source_connection': f'{place}/data',
        'gw_target_connection': f'{place}/results',
        'gw_coordinator_connection': f'{place}/marks',
        'gw_file_path_pattern': '*.txt',
        'gw_group_by': ".split('/')[-1]",
        'source_path': 'input/data',
        'target_path': 'target',
    }
    run_workers(build(workspace, repository, 'legacy_cos'), given)
    expected = {f'results/{name}': count for name, count in EXPECTED.items()}
    assert json.loads(in_store(GET, bucket)) == expected
    check_status(f'{place}/marks')


def test_failed_batch_is_reported_and_retried(image, tmp_path):
    folder = shared(tmp_path / 'shared')
    write(folder / 'batches.txt', '\n'.join([*TEXTS, 'missing.txt']))
    words = [f'{name}={value}' for name, value in parameters('/shared').items()]
    done = run_image(image, *words, options=['--volume', f'{folder}:/shared'])
    assert done.returncode == 4, done.stderr
    assert '1 failed' in done.stderr and 'FileNotFoundError' in done.stderr
    write(folder / 'texts/missing.txt', 'x')
    again = run_image(image, *words, 'gw_ignore_error_files=true', options=['--volume', f'{folder}:/shared'])
    assert again.returncode == 0, again.stderr
    assert counts(folder)['missing.txt.json'] == {'x': 1}


def test_image_contains_the_unchanged_script(image):
    done = run_image(image, 'sh', '-c', f'cat {SAMPLE}')
    assert done.stdout == (ROOT / 'samples' / SAMPLE).read_text()


def test_image_carries_its_component(image):
    names = [entry['name'] for entry in inspect(image)['inputs']]
    assert names[:2] == ['gw_batch_file', 'gw_batch_file_col_name']
    assert names[-3:] == ['source_path', 'target_path', 'ignore_case']


@pytest.mark.parametrize('name', ['local', 'grid_wrapper', 'cos_grid_wrapper', 'simple_grid_wrapper'])
def test_command_line_of_the_original_still_works(workspace, tmp_path, name):
    program = tmp_path / 'c3_create_gridwrapper'
    program.symlink_to(C3)
    options = ['-b', name, '--component_process', 'grid_process', '--no-build', '-o', tmp_path / 'out']
    succeeded(run(program, *options, SAMPLE, cwd=workspace, env=environment()))
    assert (tmp_path / 'out/gw_count_letters.yaml').is_file()


def test_missing_function_is_named(workspace, tmp_path):
    refused(wrap(workspace, '-p', 'process', '--no-build', '-o', tmp_path), 1, 'no function `process`', 'hint: .*--process')
    assert list(tmp_path.iterdir()) == []


def test_r_is_refused(tmp_path):
    write(tmp_path / 'x.R', '# R.\ngrid_process <- function(batch) 1\n')
    refused(c3('create-gridwrapper', 'x.R', '--no-build', cwd=tmp_path), 1, 'grid wrappers support only Python; `x.R` is R')


def test_a_notebook_is_wrapped(tmp_path, repository):
    cells = ['%%bash\necho made > /tmp/made.txt', 'import os\n\ndef grid_process(batch_id, **_):\n    !echo {batch_id}\n']
    cells = [
        {'cell_type': 'code', 'metadata': {}, 'execution_count': None, 'outputs': [], 'source': cell} for cell in cells
    ]
    write(tmp_path / 'shout.ipynb', json.dumps({'nbformat': 4, 'nbformat_minor': 4, 'metadata': {}, 'cells': cells}))
    done = succeeded(c3('create-gridwrapper', 'shout.ipynb', '--local-mode', '--format', 'json', cwd=tmp_path))
    image = json.loads(done.stdout)['image']
    folder = shared(tmp_path / 'shared')
    words = [f'{name}={value}' for name, value in parameters('/shared').items() if name.startswith('gw_')]
    done = succeeded(run_image(image, *words, options=['--volume', f'{folder}:/shared']))
    assert set(done.stdout.split()) == set(TEXTS)
