"""Every sample's job is accepted as it is, its pods by the profile *restricted*, and it does in the cluster what it does alone."""

import json
import re

import pytest
from cluster import compiled, container_of, job_of, kubectl, pod_of
from operators import create, run_image
from support import ROOT, c3, inspect, snapshot, succeeded

SAMPLES = sorted(path for path in (ROOT / 'samples').iterdir() if path.suffix in ('.py', '.ipynb', '.R'))

# Values that a sample needs, or that make it say the same each time.
VALUES = {
    'conda_packages': {'tiles_path': '/tiles'},
    'count_letters': {'source_path': 'samples/data', 'target_path': '/shared/counts'},
    'example_script': {'input_path': 'samples/data', 'num_values': '0'},
    'model_training': {'experiment': 'first $(try)', 'owner': 'Zoë'},
    'read_forms': {'plain': 'a', 'subscript': 'b', 'data': '/shared/data', 'needed': '$$ "c"', 'rescued': '3'},
}
SECRETS = {'secrets': {'api_token': 'hunter2'}}
FILES = {'count_letters': ['samples/data/*.txt']}

# What images on these machines can't have: conda, CRAN, and Red Hat's packages.
NO_IMAGE = ('conda_packages', 'packages', 'requirements_file')

# Times, and where they are measured.
TIMES = re.compile(r'(?m)^(CPU times|Wall time).*$')
CELL_TIMES = re.compile(rb'"(start_time|end_time|duration)": [^,\n}]*')


def given(name):
    """Give the options with a sample's values."""
    return [word for pair in VALUES.get(name, {}).items() for word in ('--value', '='.join(pair))]


def created(namespace, thing, *options):
    """Have the server check an object as if it were created."""
    return namespace.call('create', '--dry-run=server', *options, '-f', '-', input=json.dumps(thing))


def accepts(namespace, path):
    """Insist on a job that the server accepts as it is, and whose pods the namespace admits; give the job."""
    checked = succeeded(namespace.call('apply', '--dry-run=server', '--validate=strict', '-f', path))
    assert 'Warning' not in checked.stderr, checked.stderr
    job = job_of(path)
    succeeded(created(namespace, pod_of(job), '--validate=strict'))
    return job


@pytest.mark.matrix('kubernetes', 'accepted')
@pytest.mark.parametrize('sample', SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_accepted(namespace, tmp_path, sample):
    succeeded(c3('compile', sample, '-o', tmp_path, '-r', 'user', *given(sample.stem), cwd=ROOT))
    accepts(namespace, tmp_path / f'{sample.stem}.job.yaml')


# What people set for a job, all of it.
EVERYTHING = (
    '--pull-secret pull --volume shared/in:/in:ro --volume shared/out:/out --fs-group 2000 --supplemental-group 1000720000 '
    '--requests cpu=100m,memory=64Mi --limits cpu=1,memory=1Gi --node-selector disk=ssd,example.org/zone= '
    '--toleration gpu,nvidia.com/gpu=present:NoSchedule --ca-bundle company-ca/ca.pem --pod-env HTTPS_PROXY=http://proxy:3128 '
    '--shm 1Gi --active-deadline 600 --ttl 60 --service-account default --secret access_key_id=cos-secret/id'
).split()
VARIANTS = {
    'everything': EVERYTHING,
    'indexed': ['--indexed', '3', '--parallelism', '2', '--max-failed-indexes', '1', '--backoff-limit', '2'],
    'queue': ['--queue', 'team'],
    'on failure': ['--restart-policy', 'OnFailure'],
    'on failure, indexed': ['--restart-policy', 'OnFailure', '--indexed', '3'],
    'old': ['--kubernetes', '1.27'],
    'old, indexed': ['--kubernetes', '1.27', '--indexed', '3'],
    'new name': ['--generate-name'],
}


@pytest.mark.parametrize('options', VARIANTS.values(), ids=VARIANTS)
def test_a_job_with_options_is_accepted(namespace, tmp_path, options):
    (tmp_path / 'step.py').write_text('import os\nkey = os.getenv("access_key_id", "")\nprint(os.environ["POD_NAME"])\n')
    path = compiled(tmp_path, 'step.py', '-r', 'user', *options)
    job = job_of(path)
    if 'generateName' in job['metadata']:
        succeeded(namespace.call('create', '--dry-run=server', '--validate=strict', '-f', path))
    else:
        accepts(namespace, path)


@pytest.mark.parametrize('backend', ['local', 'cos', 's3kv', 'legacy_cos', 'simple', 'folder', 'index'])
@pytest.mark.parametrize('options', [['--parallelism', '10'], ['--parallelism', '4', '--kubernetes', '1.27']], ids=['new', 'old'])
def test_a_grid_is_accepted(namespace, tmp_path, backend, options):
    wrap = ['create-gridwrapper', 'samples/count_letters.py', '-b', backend, '--no-build', '-v', '1', '-r', 'user']
    succeeded(c3(*wrap, '-o', tmp_path, *options, cwd=ROOT))
    accepts(namespace, tmp_path / 'gw_count_letters.job.yaml')


def test_forbidden_pods_are_rejected(namespace, tmp_path):
    (tmp_path / 'step.py').write_text('"""A step."""\nprint(1)\n')
    job = job_of(compiled(tmp_path, 'step.py', '-r', 'user'))
    container_of(job)['securityContext'] = {'privileged': True}
    refused = created(namespace, pod_of(job))
    assert refused.returncode != 0 and 'violates PodSecurity "restricted' in refused.stderr
    job['spec']['retries'] = 3
    refused = created(namespace, job, '--validate=strict')
    assert refused.returncode != 0 and 'unknown field "spec.retries"' in refused.stderr


@pytest.mark.matrix('kubernetes', 'equal')
@pytest.mark.parametrize('sample', [path for path in SAMPLES if path.stem not in NO_IMAGE], ids=lambda path: path.stem)
def test_sample_behaves_the_same_in_the_cluster(namespace, repository, tmp_path, sample):
    name = sample.stem
    options = ['-r', repository, '-v', '0.1', '-o', tmp_path, '--volume', 'shared:/shared', *given(name)]
    image = create(ROOT, f'samples/{sample.name}', *FILES.get(name, []), *options)
    collected = [f'--{output["name"]}=/shared/outputs/{output["name"]}' for output in inspect(sample)['outputs']]
    job = job_of(tmp_path / f'{name}.job.yaml')
    values = {**written(job), **VALUES.get(name, {}), **SECRETS.get(name, {})}
    alone = run_alone(image, tmp_path / 'alone', values, collected)
    prepare(namespace.folder)
    if name in SECRETS:
        namespace.secret(job['metadata']['name'], **SECRETS[name])
    container_of(job).setdefault('args', []).extend(collected)
    namespace.create(job)
    log = namespace.completed(job['metadata']['name'])
    assert lines(log) == lines(alone)
    assert untimed(namespace.folder) == untimed(tmp_path / 'alone')


def lines(log):
    """Give the lines of a log, in no order: output and errors are two streams."""
    return sorted(TIMES.sub('', log).splitlines())


def prepare(folder):
    """Make the folder that a run reads and writes, for any user."""
    for path in (folder, folder / 'outputs'):
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o777)
    (folder / 'data').write_text('given\n')


def written(job):
    """Give the values that a job has, as its program gets them."""
    return {variable['name']: variable['value'].replace('$$', '$') for variable in container_of(job).get('env', []) if 'value' in variable}


def untimed(folder):
    """Give what is in a folder, without the times of a notebook's cells."""
    return {name: CELL_TIMES.sub(b'', content) for name, content in snapshot(folder).items()}


def run_alone(image, folder, values, arguments):
    """Run an image by itself and give what it says."""
    prepare(folder)
    done = succeeded(run_image(image, *arguments, options=['--volume', f'{folder}:/shared'], env=values))
    return done.stdout + done.stderr


def test_server_has_the_pinned_version():
    version = json.loads(succeeded(kubectl('version', '-o', 'json')).stdout)
    required = re.search(r'k8s.io/kubernetes v(\S+)', (ROOT / 'tests/cluster/go.mod').read_text())[1]
    assert {version[side]['gitVersion'] for side in ('clientVersion', 'serverVersion')} == {f'v{required}'}
