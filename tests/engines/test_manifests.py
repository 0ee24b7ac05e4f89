"""What is emitted is accepted by the programs it is for, and says what the source says.

`C3_SOURCES=FOLDER` has the sources of another folder than the samples held against all of this.
"""

import json
import os
import re
from pathlib import Path

import kubernetes_validate
import pytest
from manifests import ALTERED, compile_pipelines, folded, load, validate_steps, variable_says
from support import EMITTED, ROOT, c3, inspect, run, snapshot, succeeded, venv, write

FOLDER = Path(os.environ.get('C3_SOURCES', ROOT / 'samples')).resolve()
SOURCES = {
    path.stem: f'{FOLDER.name}/{path.name}' for path in sorted(FOLDER.iterdir()) if path.suffix in ('.py', '.ipynb', '.R')
}
SAMPLES = sorted(SOURCES)
LOG_LEVEL = {'name': 'log_level', 'type': 'String', 'default': 'INFO', 'required': False, 'secret': False}
IDENTIFIER = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')
LABEL = re.compile(r'[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?')

# What hadolint may warn about, and whether the user has left something unpinned to cause it.
UNPINNED = {
    'DL3013': lambda requirement: requirement['kind'] == 'pip' and '==' not in requirement['text'],
    'DL3008': lambda requirement: requirement['text'].startswith('apt'),
    'DL3041': lambda requirement: requirement['text'].startswith('dnf'),
    'DL3033': lambda requirement: requirement['text'].startswith('yum'),
}


@pytest.fixture(scope='session')
def compiled(session_folder):
    """Compile every sample by itself."""
    folder = session_folder / 'compiled'
    for sample in SAMPLES:
        create(sample, folder)
    return folder


def create(sample, folder, *options):
    """Write the files of one sample without building."""
    arguments = ['--no-build', '-r', 'registry.example/ns', '-v', '0.1', '-o', folder, *options]
    return succeeded(c3('create-operator', SOURCES[sample], *arguments, cwd=FOLDER.parent))


@pytest.fixture(scope='session')
def components():
    """Give the component of each sample."""
    return {sample: inspect(SOURCES[sample], cwd=FOLDER.parent) for sample in SAMPLES}


def test_all_files_are_written_reproducibly(compiled, tmp_path):
    succeeded(
        c3(
            'compile',
            *SOURCES.values(),
            '-r',
            'registry.example/ns',
            '-o',
            tmp_path,
            cwd=FOLDER.parent,
        )
    )
    assert sorted(snapshot(compiled)) == sorted(f'{sample}.{suffix}' for sample in SAMPLES for suffix in EMITTED)
    assert snapshot(tmp_path) == snapshot(compiled)


# Kubeflow


@pytest.fixture(scope='session', params=['kfp1', 'kfp2'])
def pipelines(request, compiled, session_folder):
    """Compile pipelines of all components with one version of kfp, in one process."""
    return compile_pipelines(request.param, [compiled / f'{sample}.yaml' for sample in SAMPLES], session_folder)


@pytest.mark.matrix('kubeflow', 'accepted')
@pytest.mark.parametrize('gives_all', [False, True], ids=['required inputs', 'all inputs'])
@pytest.mark.parametrize('sample', SAMPLES)
def test_kubeflow_compiles_pipelines(pipelines, sample, gives_all):
    result = pipelines[sample, gives_all]
    assert result['error'] is None, result['error']


@pytest.mark.parametrize('sample', SAMPLES)
def test_kubeflow_component_matches_the_source(compiled, components, sample):
    component = load(compiled, sample, 'yaml')
    parameters = with_log_level(components[sample])
    assert component['name'] == components[sample]['name']
    assert component['description'] == folded(components[sample]['description'])
    assert component.get('inputs', []) == [kubeflow_input(parameter) for parameter in parameters]
    expected = [(kubeflow_type(output['type']), description(output)) for output in components[sample]['outputs']]
    assert [(output['type'], description(output)) for output in component.get('outputs', [])] == expected
    ports = [port['name'] for port in component.get('inputs', []) + component.get('outputs', [])]
    assert all(IDENTIFIER.fullmatch(name) for name in ports)
    assert len({name.lower().strip('_') for name in ports}) == len(ports)
    assert 'concat' not in json.dumps(component['implementation'])


def with_log_level(component):
    """Give the inputs as engines see them."""
    added = [LOG_LEVEL] if all(parameter['name'] != 'log_level' for parameter in component['inputs']) else []
    return component['inputs'] + added


def description(port):
    """Give the description of an input or output, on one line."""
    return folded(port['description']) if port.get('description') else None


def identifier(name):
    """Give the name under which Kubeflow and CWL know a variable; foreign letters are spelled by their numbers."""
    letters = [letter if letter.isascii() else f'u{ord(letter):04x}' for letter in re.sub(r'[^\w]', '_', name)]
    return re.sub(r'^(?=\d)', '_', ''.join(letters))


def kubeflow_type(kind):
    """Give the type of a port; files and folders are artifacts."""
    return 'Artifact' if kind in ('File', 'Directory') else kind


def is_path(parameter):
    """Tell whether the variable holds a path."""
    return parameter['type'] not in ('String', 'Integer', 'Float', 'Boolean')


def shown_default(parameter):
    """Give the default that a manifest shows; never a secret's."""
    return None if parameter['secret'] or is_path(parameter) else parameter['default']


def kubeflow_input(parameter):
    """Give an input as the component must have it."""
    port = {'name': identifier(parameter['name']), 'type': kubeflow_type(parameter['type'])}
    if parameter['name'] == 'log_level' and parameter is LOG_LEVEL:
        port['description'] = 'Level of the log messages: DEBUG, INFO, WARNING, ERROR or CRITICAL'
    if description(parameter):
        port['description'] = description(parameter)
    default = shown_default(parameter)
    if default is not None and not ALTERED.search(default):
        port['default'] = default
    if not parameter['required'] or parameter['secret']:
        port['optional'] = True
    return port


# CWL


@pytest.mark.matrix('cwl', 'accepted')
def test_cwltool_accepts_the_steps(compiled):
    validate_steps([compiled / f'{sample}.cwl' for sample in SAMPLES])


CWL_TYPES = {
    'String': 'string',
    'Float': ('float', 'double'),
    'Integer': ('int', 'long'),
    'Boolean': 'boolean',
    'File': 'File',
    'Directory': 'Directory',
}
CWL_VALUES = {'String': str, 'Integer': int, 'Float': float, 'Boolean': lambda text: text.lower() in ('true', '1')}


@pytest.mark.parametrize('sample', SAMPLES)
def test_cwl_step_matches_the_source(compiled, components, sample):
    step = load(compiled, sample, 'cwl')
    parameters = {identifier(parameter['name']): parameter for parameter in with_log_level(components[sample])}
    assert step['label'] == components[sample]['name']
    assert step['doc'] == folded(components[sample]['description'])
    assert list(step['inputs']) == list(parameters)
    for name, parameter in parameters.items():
        check_cwl_input(step['inputs'][name], parameter)
    assert len(step['outputs']) == len(components[sample]['outputs'])
    assert not set(step['inputs']) & set(step['outputs'])
    assert all('null' in output['type'] for output in step['outputs'].values())
    assert not any('secondaryFiles' in output or 'inputBinding' in output for output in step['outputs'].values())


def check_cwl_input(port, parameter):
    """Compare an input of the step with that of the source."""
    kinds = [port['type']] if isinstance(port['type'], str) else port['type']
    if parameter['secret']:
        # cwltool hides texts only; the empty one stands for a secret that isn't given.
        assert kinds == (['string'] if parameter['required'] else ['null', 'string'])
        assert port.get('default') == (None if parameter['required'] else '')
        return
    expected = CWL_TYPES.get(parameter['type'], ('File', 'Directory'))
    assert set(kinds) - {'null'} <= ({expected} if isinstance(expected, str) else set(expected))
    default = shown_default(parameter)
    assert ('default' in port) == (default is not None)
    if default is not None:
        value = CWL_VALUES[parameter['type']](default)
        assert port['default'] == value and type(port['default']) is type(value)
    may_be_left_out = 'null' in kinds or 'default' in port
    assert may_be_left_out == (not parameter['required'])


# Kubernetes


@pytest.mark.matrix('kubernetes', 'accepted')
def test_kubernetes_accepts_the_jobs(compiled):
    jobs = [compiled / f'{sample}.job.yaml' for sample in SAMPLES]
    done = succeeded(run(venv('tools', 'kubernetes-validate'), '--strict', *jobs))
    assert 'WARN' not in done.stdout + done.stderr, done.stdout


@pytest.mark.parametrize('sample', SAMPLES)
def test_job_matches_the_source(compiled, components, sample):
    job = load(compiled, sample, 'job.yaml')
    [container] = job['spec']['template']['spec']['containers']
    variables = {variable['name']: variable for variable in container.get('env', [])}
    assert len(variables) == len(container.get('env', []))
    for parameter in with_log_level(components[sample]):
        name = variable(parameter['name'])
        assert variable_says(variables.pop(name, None)) == expected_variable(parameter, components[sample]['name'])
        if name != parameter['name'] and parameter['default'] is not None:
            assert f'--{name}=$({name})' in container['args']
    assert variables == {}


def variable(name):
    """Give the name by which a job knows a variable."""
    return name if re.fullmatch(r'[-._A-Za-z][-._A-Za-z0-9]*', name) else identifier(name)


def expected_variable(parameter, operator):
    """Give what the job has to say about a parameter: nothing, a value, or a secret."""
    if parameter['secret']:
        optional = {} if parameter['required'] else {'optional': True}
        return {'name': operator, 'key': variable(parameter['name']), **optional}
    return parameter['default']


@pytest.mark.parametrize('sample', SAMPLES)
def test_job_name_and_security_meet_kubernetes_rules(compiled, sample):
    job = load(compiled, sample, 'job.yaml')
    pod = job['spec']['template']['spec']
    [container] = pod['containers']
    assert LABEL.fullmatch(job['metadata']['name'])
    assert LABEL.fullmatch(container['name'])
    secrets = [
        variable['valueFrom']['secretKeyRef'] for variable in container.get('env', []) if 'valueFrom' in variable
    ]
    assert all(LABEL.fullmatch(secret['name']) for secret in secrets)
    assert all(re.fullmatch(r'[-._a-zA-Z0-9]+', secret['key']) for secret in secrets)
    assert all(len(value) <= 63 for value in job['metadata']['labels'].values())
    assert pod['securityContext']['runAsNonRoot'] is True
    assert pod['securityContext']['seccompProfile'] == {'type': 'RuntimeDefault'}
    assert container['securityContext']['allowPrivilegeEscalation'] is False
    assert container['securityContext']['capabilities'] == {'drop': ['ALL']}
    assert 'hostPath' not in json.dumps(job) and 'privileged' not in json.dumps(job)
    assert job['spec']['ttlSecondsAfterFinished'] > 0


def test_job_name_can_be_generated_at_each_start(tmp_path):
    create(SAMPLES[0], tmp_path, '--generate-name')
    job = load(tmp_path, SAMPLES[0], 'job.yaml')
    assert job['metadata']['generateName'] == f'{job["metadata"]["labels"]["app.kubernetes.io/name"]}-'
    assert 'name' not in job['metadata']
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)  # its program wants a name


# Dockerfile


@pytest.mark.parametrize('sample', SAMPLES)
def test_hadolint_accepts_the_dockerfile(compiled, components, sample):
    done = run(venv('tools', 'hadolint'), '-f', 'json', compiled / f'{sample}.Dockerfile')
    findings = [finding for finding in json.loads(done.stdout) if finding['level'] in ('error', 'warning')]
    left_unpinned = [
        code
        for code, matches in UNPINNED.items()
        if any(matches(entry) for entry in components[sample]['requirements'])
    ]
    assert [finding for finding in findings if finding['code'] not in left_unpinned] == []


@pytest.mark.parametrize('sample', SAMPLES)
def test_the_dockerfile_builds_everywhere(compiled, sample):
    text = (compiled / f'{sample}.Dockerfile').read_text(encoding='utf-8')
    assert not re.search(r'^# *syntax=|--mount|--chmod|<<|chmod [^\n]*777', text, re.MULTILINE)
    assert re.findall(r'^USER (.*)', text, re.MULTILINE)[-1] == '1001:0'


# Secrets


def test_secrets_are_not_written_to_files(tmp_path):
    text = "import os\np = os.getenv('db_password', 'hunter2')\nt = os.environ.get('api_key', 'hunter2')\n"
    write(tmp_path / 'x.py', text)
    succeeded(c3('compile', 'x.py', cwd=tmp_path))
    emitted = {
        name: content for name, content in snapshot(tmp_path).items() if name != 'x.py' and name != 'x.Dockerfile'
    }
    assert [name for name, content in emitted.items() if b'hunter2' in content] == []
