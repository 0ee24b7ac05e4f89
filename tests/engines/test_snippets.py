"""The printed code is run by real kfp, 1.8 and 2: the compiled pipeline has the volumes, secrets and resources."""

import pytest
import yaml
from support import ROOT, c3, refused, run, succeeded, venv, write

SCRIPT = '''"""Reads."""
import os
token = os.getenv('api_token', '')
key = os.getenv('access_key_id', 'none')
'''
OPTIONS = ['--volume', 'shared/tables:data:ro', '--volume', 'shared:/out', '--volume', 'other.claim:/other']
OPTIONS += ['--secret', 'access_key_id=object-store/id', '--pull-secret', 'login', '--node-selector', 'disk=ssd']
OPTIONS += ['--requests', 'cpu=500m,memory=1Gi', '--limits', 'cpu=2,memory=4Gi', '--gpu', '2']


@pytest.fixture
def compiled(tmp_path):
    """Give a function that prints code with some options and compiles it in a pipeline."""
    write(tmp_path / 'reader.py', SCRIPT)

    def compile_snippet(version, *options):
        succeeded(c3('compile', 'reader.py', *options, '--overwrite', cwd=tmp_path))
        kfp = {'kfp1': '1.8', 'kfp2': '2'}[version]
        code = succeeded(c3('snippet', 'reader.py', '--kfp', kfp, *options, cwd=tmp_path)).stdout
        files = [write(tmp_path / 'code.py', code), tmp_path / 'reader.yaml', tmp_path / 'pipeline.yaml']
        succeeded(run(venv(version, 'python'), ROOT / 'tests/engines/kfp_snippet.py', *files))
        return list(yaml.safe_load_all(files[-1].read_text(encoding='utf-8')))

    return compile_snippet


def container_of_1(documents):
    """Give the template and the container of the only task of kfp 1.8's pipeline."""
    [template] = [template for template in documents[0]['spec']['templates'] if 'container' in template]
    return template, template['container']


def executor_of_2(documents):
    """Give what kfp 2's pipeline says of the only task's container, and what it says of it for Kubernetes."""
    pipeline, platform = documents
    [container] = pipeline['deploymentSpec']['executors'].values()
    [settings] = platform['platforms']['kubernetes']['deploymentSpec']['executors'].values()
    return container['container'], settings


def claims_of_1(documents):
    """Give the claims of kfp 1.8's pipeline by the names of their volumes."""
    volumes = container_of_1(documents)[0]['volumes']
    return {volume['name']: volume['persistentVolumeClaim']['claimName'] for volume in volumes}


def test_kfp_1_has_volumes_and_secrets(compiled):
    documents = compiled('kfp1', *OPTIONS)
    template, container = container_of_1(documents)
    claims = claims_of_1(documents)
    mounts = [{**mount, 'name': claims[mount['name']]} for mount in container['volumeMounts']]
    assert mounts == [
        {'name': 'shared', 'mountPath': '/opt/app-root/src/data', 'subPath': 'tables', 'readOnly': True},
        {'name': 'shared', 'mountPath': '/out'},
        {'name': 'other.claim', 'mountPath': '/other'},
    ]
    variables = {variable['name']: variable['valueFrom']['secretKeyRef'] for variable in container['env']}
    assert variables == {
        'api_token': {'name': 'reader', 'key': 'api_token', 'optional': True},
        'access_key_id': {'name': 'object-store', 'key': 'id'},
    }
    assert container['resources'] == {
        'requests': {'cpu': '500m', 'memory': '1Gi'},
        'limits': {'cpu': '2', 'memory': '4Gi', 'nvidia.com/gpu': '2'},
    }
    assert template['nodeSelector'] == {'disk': 'ssd'}
    # Nothing on the command line takes the place of the secrets.
    assert 'access_key_id' not in str(container.get('args')) + str(container['command'])


def test_kfp_2_has_volumes_and_secrets(compiled):
    container, settings = executor_of_2(compiled('kfp2', *OPTIONS))
    mounts = [(mount['constant'], mount['mountPath'], mount.get('subPath')) for mount in settings['pvcMount']]
    assert mounts == [
        ('shared', '/opt/app-root/src/data', 'tables'),
        ('shared', '/out', None),
        ('other.claim', '/other', None),
    ]
    secrets = [(secret['secretName'], secret.get('optional'), secret['keyToEnv']) for secret in settings['secretAsEnv']]
    assert secrets == [
        ('reader', True, [{'envVar': 'api_token', 'secretKey': 'api_token'}]),
        ('object-store', False, [{'envVar': 'access_key_id', 'secretKey': 'id'}]),
    ]
    assert [secret['secretName'] for secret in settings['imagePullSecret']] == ['login']
    assert settings['nodeSelector']['labels'] == {'disk': 'ssd'}
    resources = container['resources']
    assert (resources['resourceCpuRequest'], resources['resourceCpuLimit']) == ('500m', '2')
    assert (resources['resourceMemoryRequest'], resources['resourceMemoryLimit']) == ('1Gi', '4Gi')
    accelerator = resources['accelerator']
    assert (accelerator['resourceType'], accelerator['resourceCount']) == ('nvidia.com/gpu', '2')


def test_unknown_settings_become_placeholders(compiled, tmp_path):
    write(tmp_path / 'reader.py', '"""Does nothing."""\n')
    documents = compiled('kfp1')
    assert set(claims_of_1(documents).values()) == {'<claim>'}
    [variable] = container_of_1(documents)[1]['env']
    assert variable['valueFrom']['secretKeyRef'] == {'name': '<secret>', 'key': '<key>'}
    _, settings = executor_of_2(compiled('kfp2'))
    assert settings['pvcMount'][0]['constant'] == '<claim>'
    assert settings['secretAsEnv'][0]['secretName'] == '<secret>'


def test_snippet_contains_settings_from_files(compiled, tmp_path):
    write(tmp_path / 'c3.toml', 'job.volumes = ["from-file:/data"]\njob.limits.ephemeral-storage = "1Gi"\n')
    _, settings = executor_of_2(compiled('kfp2'))
    assert settings['pvcMount'][0]['constant'] == 'from-file'


def test_a_broken_source_has_no_snippet(tmp_path):
    write(tmp_path / 'broken.py', 'import (\n')
    refused(c3('snippet', 'broken.py', cwd=tmp_path), 1, 'broken.py:1')


PODS = ['--toleration', 'gpu=yes:NoSchedule,spot', '--pod-env', 'HTTPS_PROXY=http://proxy', '--ca-bundle', 'company-ca']
TOLERATIONS = [
    {'key': 'gpu', 'operator': 'Equal', 'value': 'yes', 'effect': 'NoSchedule'},
    {'key': 'spot', 'operator': 'Exists'},
]
BUNDLE = '/etc/c3/certificates/ca-bundle.crt'


def test_kfp_1_has_taints_variables_and_certificates(compiled):
    template, container = container_of_1(compiled('kfp1', *PODS))
    assert template['tolerations'] == TOLERATIONS
    values = {variable['name']: variable.get('value') for variable in container['env']}
    assert (values['HTTPS_PROXY'], values['SSL_CERT_FILE']) == ('http://proxy', BUNDLE)
    assert {'name': 'certificates', 'configMap': {'name': 'company-ca'}} in template['volumes']
    mount = {'name': 'certificates', 'mountPath': '/etc/c3/certificates', 'readOnly': True}
    assert mount in container['volumeMounts']


def test_kfp_2_has_taints_variables_and_certificates(compiled):
    container, settings = executor_of_2(compiled('kfp2', *PODS))
    tolerations = [{key: value for key, value in found.items() if value} for found in settings['tolerations']]
    assert tolerations == TOLERATIONS
    values = {variable['name']: variable['value'] for variable in container['env']}
    assert (values['HTTPS_PROXY'], values['SSL_CERT_FILE']) == ('http://proxy', BUNDLE)
    [volume] = settings['configMapAsVolume']
    assert (volume['configMapName'], volume['mountPath']) == ('company-ca', '/etc/c3/certificates')
