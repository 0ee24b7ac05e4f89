"""What people edit in a job by hand is an option: the job says it, and Kubernetes' schema accepts it."""

import pytest
from manifests import load
from support import c3, refused, run, succeeded, venv, write

SCRIPT = "import os\nkey = os.getenv('access_key_id', 'none')\nrows = int(os.environ['rows'])\n"


def validate(path):
    """Insist on a job that Kubernetes' schema accepts; the program that knows it takes no name for a pattern of names."""
    named = write(path.with_suffix('.named.yaml'), path.read_text().replace('generateName:', 'name:'))
    done = succeeded(run(venv('tools', 'kubernetes-validate'), '--strict', named))
    assert 'WARN' not in done.stdout + done.stderr, done.stdout


def compiled(folder, *options):
    """Compile the script and give the pod of its job, which Kubernetes has accepted."""
    write(folder / 'reader.py', SCRIPT)
    succeeded(c3('compile', 'reader.py', *options, cwd=folder))
    validate(folder / 'reader.job.yaml')
    return load(folder, 'reader', 'job.yaml')


def policy(name, action, codes):
    """Give the rules of a job: what becomes of a disruption, and of these exit codes."""
    disrupted = {'action': 'Ignore', 'onPodConditions': [{'type': 'DisruptionTarget', 'status': 'True'}]}
    ended = {'action': action, 'onExitCodes': {'containerName': name, 'operator': 'In', 'values': codes}}
    return {'rules': [disrupted, ended]}


def pod(job):
    """Give the pod of a job and its only container."""
    spec = job['spec']['template']['spec']
    [container] = spec['containers']
    return spec, container


def test_job_matches_the_guide(tmp_path):
    options = ['--pull-secret', 'user-pull-secret', '--volume', 'pvc-name:data', '--supplemental-group', '1000720000']
    options += ['--backoff-limit', '1', '--restart-policy', 'Never', '--secret', 'access_key_id=cos-secret']
    job = compiled(tmp_path, *options)
    spec, container = pod(job)
    assert job['spec']['backoffLimit'] == 1
    assert spec['restartPolicy'] == 'Never'
    assert spec['imagePullSecrets'] == [{'name': 'user-pull-secret'}]
    assert spec['securityContext']['supplementalGroups'] == [1000720000]
    assert spec['securityContext']['runAsNonRoot'] is True
    [volume] = spec['volumes']
    assert volume['persistentVolumeClaim'] == {'claimName': 'pvc-name'}
    assert container['volumeMounts'] == [{'name': volume['name'], 'mountPath': '/opt/app-root/src/data'}]
    [variable] = [variable for variable in container['env'] if variable['name'] == 'access_key_id']
    assert variable['valueFrom'] == {'secretKeyRef': {'name': 'cos-secret', 'key': 'access_key_id'}}


def test_optional_fields_are_omitted_by_default(tmp_path):
    job = compiled(tmp_path)
    spec, container = pod(job)
    assert (job['spec']['backoffLimit'], spec['restartPolicy']) == (5, 'Never')
    assert job['spec']['podFailurePolicy'] == policy('reader', 'FailJob', [2])
    assert not {'volumes', 'imagePullSecrets', 'nodeSelector', 'serviceAccountName'} & set(spec)
    assert not {'volumeMounts', 'resources'} & set(container)
    assert set(spec['securityContext']) == {'runAsNonRoot', 'seccompProfile'}


def test_resources_gpus_and_nodes(tmp_path):
    options = ['--requests', 'cpu=500m,memory=1Gi,ephemeral-storage=2Gi', '--limits', 'cpu=2', '--limits', 'memory=4Gi']
    job = compiled(tmp_path, *options, '--gpu', '2', '--node-selector', 'disk=ssd,example.org/zone=')
    spec, container = pod(job)
    assert container['resources'] == {
        'requests': {'cpu': '500m', 'memory': '1Gi', 'ephemeral-storage': '2Gi'},
        'limits': {'cpu': '2', 'memory': '4Gi', 'nvidia.com/gpu': '2'},
    }
    assert spec['nodeSelector'] == {'disk': 'ssd', 'example.org/zone': ''}
    [other] = [pod(compiled(tmp_path, '--limits', 'amd.com/gpu=1', '--overwrite'))[1]]
    assert other['resources'] == {'limits': {'amd.com/gpu': '1'}}


def test_taints_variables_and_certificates(tmp_path):
    options = ['--toleration', 'gpu,nvidia.com/gpu=present:NoSchedule', '--ca-bundle', 'company-ca/ca.pem']
    options += ['--pod-env', 'HTTPS_PROXY=http://proxy:3128/$(x)', '--pod-env', 'AWS_CA_BUNDLE=/own.pem']
    spec, container = pod(compiled(tmp_path, *options))
    assert spec['tolerations'] == [
        {'key': 'gpu', 'operator': 'Exists'},
        {'key': 'nvidia.com/gpu', 'operator': 'Equal', 'value': 'present', 'effect': 'NoSchedule'},
    ]
    assert spec['volumes'] == [{'name': 'certificates', 'configMap': {'name': 'company-ca'}}]
    folder = '/etc/c3/certificates'
    assert container['volumeMounts'] == [{'name': 'certificates', 'mountPath': folder, 'readOnly': True}]
    values = {variable['name']: variable.get('value') for variable in container['env']}
    assert (values['HTTPS_PROXY'], values['AWS_CA_BUNDLE']) == ('http://proxy:3128/$$(x)', '/own.pem')
    assert [values[name] for name in ('SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE')] == [f'{folder}/ca.pem'] * 3


def test_one_claim_can_be_mounted_twice(tmp_path):
    options = ['--volume', 'shared/in:/data/in:ro', '--volume', 'shared/out:/data/out', '--fs-group', '2000']
    spec, container = pod(compiled(tmp_path, *options, '--namespace', 'team', '--service-account', 'runner'))
    [volume] = spec['volumes']
    assert volume['persistentVolumeClaim'] == {'claimName': 'shared'}
    name = volume['name']
    assert container['volumeMounts'] == [
        {'name': name, 'mountPath': '/data/in', 'subPath': 'in', 'readOnly': True},
        {'name': name, 'mountPath': '/data/out', 'subPath': 'out'},
    ]
    assert spec['securityContext']['fsGroup'] == 2000
    assert spec['serviceAccountName'] == 'runner' and spec['automountServiceAccountToken'] is False
    assert load(tmp_path, 'reader', 'job.yaml')['metadata']['namespace'] == 'team'


def test_inputs_mapped_to_secrets_become_secrets(tmp_path):
    compiled(tmp_path, '--secret', 'access_key_id=cos-secret/id')
    [key, *_] = load(tmp_path, 'reader', 'yaml')['inputs']
    assert key['name'] == 'access_key_id' and 'default' not in key
    assert load(tmp_path, 'reader', 'cwl')['inputs']['access_key_id']['default'] == ''


@pytest.mark.parametrize(
    ('code', 'says', 'options'),
    [
        (2, '--limits.*not a quantity; write it as', ['--limits', 'cpu=1gb']),
        (2, '--limits.*not a resource', ['--limits', 'gpu=1']),
        (2, '--limits.*write `NAME=VALUE`', ['--limits', 'cpu']),
        (2, '--volume.*not a volume', ['--volume', '/home:/data']),
        (2, '--pull-secret.*not a Kubernetes name', ['--pull-secret', 'My_Secret']),
        (2, '--secret.*does not name a secret', ['--secret', 'rows=A_B']),
        (2, '--toleration.*not a toleration', ['--toleration', 'gpu:Never']),
        (2, '--pod-env.*not the name of a variable', ['--pod-env', '1=2']),
        (1, '`rows` is an input', ['--pod-env', 'rows=2']),
        (1, '`HTTP_PROXY` of the pods has a login', ['--pod-env', 'HTTP_PROXY=http://me:pass@proxy']),
        (2, '--backoff-limit.*out of range', ['--backoff-limit=-1']),
        (2, '--parallelism.*out of range', ['--parallelism', '0']),
        (1, '`cpu=2` is above the limit `cpu=1500m`', ['--requests', 'cpu=2', '--limits', 'cpu=1500m']),
        (1, 'without the same limit', ['--requests', 'nvidia.com/gpu=1']),
        (1, 'not a whole number', ['--limits', 'memory=500m']),
        (1, 'not a whole number', ['--limits', 'nvidia.com/gpu=0.5']),
        (1, 'would hide the operator', ['--volume', 'pvc:/opt/app-root']),
        (1, 'would hide the operator', ['--volume', 'pvc:.']),
        (1, 'two volumes are mounted at `/data`', ['--volume', 'one:/data', '--volume', 'two:/data/']),
        (1, '`..` in a path', ['--volume', 'pvc:/data/../etc']),
        (1, '`..` in a path', ['--volume', 'pvc/..:/data']),
    ],
)
def test_options_kubernetes_would_reject_are_rejected(tmp_path, code, says, options):
    write(tmp_path / 'reader.py', SCRIPT)
    refused(c3('compile', 'reader.py', *options, cwd=tmp_path), code, says)
    assert [path.name for path in tmp_path.iterdir()] == ['reader.py']


def test_secret_for_an_unknown_input_is_reported(tmp_path):
    write(tmp_path / 'reader.py', SCRIPT)
    done = succeeded(c3('compile', 'reader.py', '--secret', 'acess_key=cos-secret', cwd=tmp_path))
    assert 'no input is called `acess_key`' in done.stderr


# How often a job is tried again


RETRIES = ('completionMode', 'completions', 'parallelism', 'backoffLimitPerIndex', 'maxFailedIndexes', 'backoffLimit')


def retries(job):
    """Give what a job says of its repetition."""
    return {key: job['spec'][key] for key in RETRIES if key in job['spec']}


def test_indexed_job_has_a_backoff_limit_per_index(tmp_path):
    job = compiled(tmp_path, '--indexed', '10', '--parallelism', '3', '--max-failed-indexes', '2', '--backoff-limit', '1')
    assert retries(job) == {
        'completionMode': 'Indexed',
        'completions': 10,
        'parallelism': 3,
        'backoffLimitPerIndex': 1,
        'maxFailedIndexes': 2,
    }
    assert job['spec']['podFailurePolicy'] == policy('reader', 'FailIndex', [2])


def test_restarted_containers_have_no_failure_policy(tmp_path):
    job = compiled(tmp_path, '--restart-policy', 'OnFailure')
    assert pod(job)[0]['restartPolicy'] == 'OnFailure' and 'podFailurePolicy' not in job['spec']


def test_older_clusters_get_the_older_syntax(tmp_path):
    write(tmp_path / 'c3.toml', '[job]\nkubernetes = "1.27"\n')
    job = compiled(tmp_path, '--indexed', '4')
    assert retries(job) == {'completionMode': 'Indexed', 'completions': 4, 'parallelism': 4, 'backoffLimit': 5}
    assert 'podFailurePolicy' not in job['spec'] and pod(job)[0]['restartPolicy'] == 'Never'
    refused(c3('compile', 'reader.py', '--kubernetes', 'newest', cwd=tmp_path), 2, 'is not a version of Kubernetes')


def test_a_job_may_wait_in_a_queue(tmp_path):
    job = compiled(tmp_path, '--queue', 'team-queue', '--active-deadline', '60', '--ttl', '5', '--priority-class', 'low')
    assert job['metadata']['labels']['kueue.x-k8s.io/queue-name'] == 'team-queue'
    assert job['metadata']['generateName'] == 'reader-' and 'name' not in job['metadata']
    assert job['spec']['suspend'] is True and 'annotations' not in job['metadata']
    assert (job['spec']['activeDeadlineSeconds'], job['spec']['ttlSecondsAfterFinished']) == (60, 5)
    assert pod(job)[0]['priorityClassName'] == 'low'


def test_shared_memory_has_a_size(tmp_path):
    spec, container = pod(compiled(tmp_path, '--shm', '1Gi', '--volume', 'claim:data'))
    assert spec['volumes'][0] == {'name': 'shm', 'emptyDir': {'medium': 'Memory', 'sizeLimit': '1Gi'}}
    assert container['volumeMounts'][0] == {'name': 'shm', 'mountPath': '/dev/shm'}


GRID = '"""Grid."""\nimport os\n\n\ndef grid_process(batch_id, **_):\n    print(batch_id)\n'


def grid(folder, *options, backend='local'):
    """Compile a grid wrapper and give its job, which Kubernetes has accepted."""
    write(folder / 'step.py', GRID)
    command = ['create-gridwrapper', '-p', 'grid_process', '-b', backend, '--no-build', '-y']
    succeeded(c3(*command, *options, 'step.py', cwd=folder))
    validate(folder / 'gw_step.job.yaml')
    return load(folder, 'gw_step', 'job.yaml')


def test_grid_retry_limits_tolerate_worker_deaths(tmp_path):
    """The form that was tried on Kubernetes 1.34.3: eight kills, 600 of 600 batches."""
    job = grid(tmp_path, '--parallelism', '4')
    assert retries(job) == {
        'completionMode': 'Indexed',
        'completions': 4,
        'parallelism': 4,
        'backoffLimitPerIndex': 30,
        'backoffLimit': 124,
    }
    assert job['spec']['podFailurePolicy'] == policy('gw-step', 'FailIndex', [2, 4])
    assert pod(job)[0]['restartPolicy'] == 'Never'
    assert retries(grid(tmp_path, '--parallelism', '4', '--backoff-limit', '2'))['backoffLimit'] == 12
    assert retries(grid(tmp_path))['completions'] == 1


def test_a_grid_for_older_clusters(tmp_path):
    job = grid(tmp_path, '--parallelism', '4', '--kubernetes', '1.27')
    assert retries(job) == {'parallelism': 4, 'backoffLimit': 124} and 'podFailurePolicy' not in job['spec']


def test_grid_workers_are_admitted_together(tmp_path):
    job = grid(tmp_path, '--queue', 'team')
    assert job['metadata']['annotations'] == {'kueue.x-k8s.io/job-completions-equal-parallelism': 'true'}


def test_indexed_parts_all_run_under_partial_admission(tmp_path):
    assert 'annotations' not in grid(tmp_path, '--queue', 'team', '--parallelism', '4', backend='index')['metadata']


def test_grid_workers_are_not_restarted_in_their_pods(tmp_path):
    write(tmp_path / 'step.py', GRID)
    command = ['create-gridwrapper', '-p', 'grid_process', '-b', 'local', '--no-build', 'step.py']
    refused(c3(*command, '--restart-policy', 'OnFailure', cwd=tmp_path), 1, 'would end all of them')
