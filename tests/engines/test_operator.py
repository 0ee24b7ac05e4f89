"""An operator from its source to its pulled image, run by every engine from what was emitted for it."""

import json
import os
import re
import shutil
import time

import pytest
import yaml
from operators import NAMES, ORIGINAL_TEMPLATE, PROBE, READER, SECRET, TABLE
from support import (
    BASE,
    C3,
    CLOSED_REGISTRY,
    EMITTED,
    HOSTILE,
    LOGIN,
    STATE,
    STRANGER_UID,
    as_root,
    as_stranger,
    c3,
    digest,
    docker,
    environment,
    image_config,
    inspect,
    layer_ids,
    layers,
    refused,
    remove_image,
    run,
    snapshot,
    strangers_folder,
    succeeded,
    tags,
    venv,
    write,
)


BUILDERS = {'classic': {'DOCKER_BUILDKIT': '0'}, 'buildkit': {'DOCKER_BUILDKIT': '1'}}


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


def create(folder, *arguments, **options):
    """Build an operator and give its image."""
    done = succeeded(c3('create-operator', *arguments, '--format', 'json', cwd=folder, **options))
    return json.loads(done.stdout)['image']


def seen(text):
    """Give what the probe has printed."""
    [line] = [line for line in text.splitlines() if 'SEEN ' in line]
    found = json.loads(line.partition('SEEN ')[2])
    return {**found, 'text': bytes.fromhex(found['text']).decode('utf-8')}


def run_image(image, *arguments, options=(), env=None):
    """Run an image with Docker; `env` are variables of the container."""
    variables = [word for name, value in (env or {}).items() for word in ('--env', f'{name}={value}')]
    return run('docker', 'run', '--rm', *options, *variables, image, *arguments)


# The summary


def test_summary_names_the_image_and_its_files(summaries, workspace, repository):
    summary = summaries['probe']
    assert summary['image'] == f'{repository}/claimed-probe:0.1'
    assert summary['digest'] == digest(f'{repository}/claimed-probe', '0.1')
    assert sorted(summary['files']) == sorted(f'probe.{suffix}' for suffix in EMITTED)
    assert all((workspace / name).is_file() for name in summary['files'])


def test_files_are_written_for_the_targets_that_are_named(workspace, tmp_path):
    options = ['--no-build', '--target', 'cwl,kubeflow', '-o', tmp_path]
    succeeded(c3('create-operator', 'probe.py', *options, cwd=workspace))
    assert sorted(snapshot(tmp_path)) == ['probe.Dockerfile', 'probe.cwl', 'probe.yaml']


def test_the_originals_command_line_goes_on_working(workspace, tmp_path, repository):
    program = tmp_path / 'c3_create_operator'
    program.symlink_to(C3)
    own = f'{repository}/original'
    options = ['--repository', own, '--version', '0.1', '--log_level', 'ERROR', '--local_mode', '--image_version', 'python3.12']
    done = succeeded(run(program, *options, 'probe.py', 'data/*.txt', '--rename', 'kept', cwd=workspace, env=environment()))
    assert done.stdout.splitlines()[0] == f'{own}/claimed-probe:0.1'
    assert done.stderr == ''
    assert seen(succeeded(run_image(f'{own}/claimed-probe:0.1')).stdout)['first'] == 'Zoë'


def test_the_doctor_finds_what_is_here(repository):
    done = succeeded(c3('doctor', '-r', repository))
    assert 'Docker Engine' in done.stdout and BASE in done.stdout
    done = c3('doctor', env={'DOCKER_HOST': 'unix:///nonexistent'})
    assert done.returncode == 3 and 'unix:///nonexistent' in done.stdout


def test_version_and_latest_are_pushed(summaries, repository):
    assert tags(f'{repository}/claimed-probe') == ['0.1', 'latest']
    assert digest(f'{repository}/claimed-probe', 'latest') == summaries['probe']['digest']


def test_inspect_gives_the_component_of_the_image(probe, workspace):
    of_source = {**inspect(workspace / 'probe.py'), 'diagnostics': []}
    assert run('docker', 'image', 'inspect', 'nowhere').returncode != 0
    of_registry = inspect(probe, env={'DOCKER_HOST': 'unix:///nonexistent'})
    assert of_registry == of_source
    docker('pull', '--quiet', probe)
    assert inspect(probe) == of_source


# Plain Docker

WAYS = {
    'environment': lambda values: ([], values),
    'name=value': lambda values: ([f'{name}={value}' for name, value in values.items()], {}),
    '--name value': lambda values: ([word for name, value in values.items() for word in (f'--{name}', value)], {}),
    '--name=value': lambda values: ([f'--{name}={value}' for name, value in values.items()], {}),
}
READ_ONLY = ['--read-only', '--tmpfs', '/tmp']
RESTRICTED = ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']

# How a container is run, and whether the working directory is writable then.
USERS = {
    "the image's user": ([], True),
    'any user of group 0': (['--user', f'{STRANGER_UID}:0'], True),
    'any user and group': (['--user', f'{STRANGER_UID}:{STRANGER_UID}'], False),
    'read-only root': (READ_ONLY, False),
    'read-only root, any user of group 0': ([*READ_ONLY, '--user', f'{STRANGER_UID}:0'], False),
    'read-only root, any user and group': ([*READ_ONLY, '--user', f'{STRANGER_UID}:{STRANGER_UID}'], False),
    'no capabilities, no network': ([*RESTRICTED, '--network', 'none'], True),
}


@pytest.mark.parametrize('way', WAYS)
def test_values_arrive_unchanged(probe, way):
    arguments, env = WAYS[way]({'text': HOSTILE, 'count': '-7', 'flag': 'true'})
    done = succeeded(run_image(probe, *arguments, env=env))
    found = seen(done.stdout)
    assert found['text'] == HOSTILE
    assert found['values'] == [-7, 0.5, True, True, None]
    assert found['arguments'] == []


@pytest.mark.parametrize('text', ['--count', '--', '', ' ', '\n', '-e', '$(id)', '=', '"', '\\', "'", 'text=x'])
def test_short_values_arrive_unchanged(probe, text):
    arguments = [f'--text={text}'] if text in ('--', '') else ['--text', text]
    assert seen(succeeded(run_image(probe, *arguments)).stdout)['text'] == text


@pytest.mark.parametrize('user', USERS)
def test_the_image_runs_as_anybody(probe, user):
    options, is_writable = USERS[user]
    found = seen(succeeded(run_image(probe, options=options, env={'text': HOSTILE})).stdout)
    assert (found['text'], found['first'], found['writable']) == (HOSTILE, 'Zoë', is_writable)


BOOLEANS = {'true': True, 'True': True, '1': True, 'yes': True, 'false': False, 'False': False, '0': False, 'no': False}


def test_booleans_reach_the_script_as_booleans(probe):
    """One container, as the prelude's own tests have every spelling."""
    script = ' && '.join(f'python claimed_probe.py --switch={spelling}' for spelling in BOOLEANS)
    done = succeeded(run_image(probe, '-c', script, options=['--entrypoint', 'sh']))
    values = [json.loads(line.partition('SEEN ')[2])['values'][3] for line in done.stdout.splitlines() if 'SEEN ' in line]
    assert values == list(BOOLEANS.values())


def test_defaults_count_for_what_is_left_out(probe):
    found = seen(succeeded(run_image(probe)).stdout)
    assert found['text'] == ''
    assert found['values'] == [3, 0.5, False, True, None]


def test_what_is_no_parameter_is_the_scripts(probe):
    done = succeeded(run_image(probe, '--verbose', '--text', 'x', 'file', '--', '--count', '1'))
    assert seen(done.stdout)['arguments'] == ['--verbose', 'file', '--', '--count', '1']


@pytest.mark.parametrize('way', WAYS)
def test_a_secret_is_never_logged(probe, way):
    arguments, env = WAYS[way]({'password': SECRET, 'log_level': 'DEBUG'})
    done = succeeded(run_image(probe, *arguments, env=env))
    assert seen(done.stdout)['password'] == len(SECRET)
    assert 'everything is fine' in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_the_exit_code_is_the_scripts(probe):
    assert run_image(probe, env={'exit_code': '7'}).returncode == 7


def test_a_stopped_container_ends_at_once(probe, tmp_path):
    script = write(tmp_path / 'wait.py', 'import time\nprint("ready", flush=True)\ntime.sleep(60)\n')
    mount = ['--volume', f'{script}:/opt/app-root/src/probe.py:ro']
    container = docker('run', '--detach', *mount, probe).strip()
    try:
        wait_until(lambda: 'ready' in docker('logs', container))
        begun = time.monotonic()
        docker('stop', '--time', '20', container)
        assert time.monotonic() - begun < 10
        assert docker('inspect', '--format', '{{.State.ExitCode}}', container).strip() == '143'
    finally:
        docker('rm', '--force', container)


def wait_until(is_so, seconds=60):
    """Wait for something."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, 'waited too long'
        time.sleep(0.2)


def test_outputs_are_delivered_where_docker_is_told_to(probe, tmp_path):
    folder = strangers_folder(tmp_path / 'out')
    user = [*READ_ONLY, '--user', f'{STRANGER_UID if os.getuid() == 0 else os.getuid()}:0']
    names = ('echo', 'table', 'report', 'complaint')
    arguments = [word for name in names for word in (f'--{name}', f'/out/{name}')]
    done = succeeded(run_image(probe, '--text', HOSTILE, *arguments, options=[*user, '--volume', f'{folder}:/out']))
    assert 'complaint' in done.stderr and 'never set' in done.stderr
    assert {name: content.decode() for name, content in snapshot(folder).items()} == {
        'echo': HOSTILE,
        'table': TABLE,
        'report/index.html': '<p>ü</p>',
        'report/data/rows.json': '[3]',
        'complaint': '',
    }


# The image


def test_the_image_is_modest(probe, tmp_path):
    docker('pull', '--quiet', probe)
    config = image_config(probe)['Config']
    assert config['User'] == '1001:0'
    labels = {name.removeprefix('org.opencontainers.image.'): value for name, value in config['Labels'].items()}
    assert labels['title'] == 'probe' and labels['version'] == '0.1'
    assert labels['description'] == 'Shows what reaches an operator.'
    entries = {path: entry for layer in layers(probe, tmp_path) for path, entry in layer.items()}
    assert [path for path, entry in entries.items() if int(entry[1], 8) & 0o002 and entry[0] != b'2'] == []
    files = {path: entry for path, entry in entries.items() if entry[0] == b'0'}
    folder = 'opt/app-root/src'
    assert sorted(files) == [f'{folder}/{name}' for name in ('claimed_probe.py', 'data/names.txt', 'probe.py')]
    done = succeeded(run_image(probe, 'probe.py', options=['--entrypoint', 'cat']))
    assert done.stdout == PROBE


QUOTING = f'''\
{HOSTILE!r}
import json
import os

v = os.getenv('v', {HOSTILE!r})
spaced = os.getenv('spaced name', '$(v) $$ ' + v)
größe = os.getenv('größe')
if not größe:
    raise SystemExit('nothing given')
os.environ['o'] = 'x'  # c3: output=File
print(json.dumps([v, spaced, größe]))
'''


@pytest.mark.parametrize('builder', BUILDERS)
def test_quoted_texts_survive_the_builders(repository, tmp_path, builder):
    write(tmp_path / 'quoting.py', QUOTING)
    image = create(tmp_path, 'quoting.py', '-r', repository, '-v', builder, '--local-mode', env=BUILDERS[builder])
    component = inspect(tmp_path / 'quoting.py')
    assert inspect(image) == {**component, 'diagnostics': []}
    assert component['inputs'][0]['default'] == HOSTILE
    label = image_config(image)['Config']['Labels']['org.opencontainers.image.description']
    assert label.split() == HOSTILE.replace('\x1b', ' ').split()


def test_the_job_runs_as_kubernetes_would_run_it(repository, tmp_path):
    write(tmp_path / 'quoting.py', QUOTING)
    image = create(tmp_path, 'quoting.py', '-r', repository, '-v', 'job', '--local-mode')
    done = run_job(tmp_path / 'quoting.job.yaml', {})
    assert done.returncode == 1 and 'nothing given' in done.stderr
    done = succeeded(run_job(tmp_path / 'quoting.job.yaml', {'gru00f6u00dfe': 'groß'}))
    assert json.loads(done.stdout) == [HOSTILE, '$(v) $$ ' + HOSTILE, 'groß']
    remove_image(image)


def run_job(path, changes):
    """Run the container of a job as Kubernetes does under the restricted profile, as OpenShift's user."""
    [container] = yaml.safe_load(path.read_text(encoding='utf-8'))['spec']['template']['spec']['containers']
    written = {variable['name']: variable['value'] for variable in container['env'] if 'value' in variable}
    env = {**{name: text.replace('$$', '$') for name, text in written.items()}, **changes}
    words = [expand(word, env) for word in container['command'] + container.get('args', [])]
    place = ['--workdir', container['workingDir'], '--user', '1000650000:0', '--entrypoint', words[0]]
    return run_image(container['image'], *words[1:], options=[*RESTRICTED, *place], env=env)


def expand(word, env):
    """Expand the variables of an argument as Kubernetes does: `$(NAME)` once, `$$` to a dollar."""
    return re.sub(r'\$\$|\$\(([^)]*)\)', lambda match: '$' if match[0] == '$$' else env.get(match[1], match[0]), word)


# Kubeflow


@pytest.fixture(scope='session')
def kubeflow(summaries, workspace, session_folder):
    """Run the components in kfp's local runner, as a user who is nobody in the image."""
    folder = strangers_folder(session_folder / 'kubeflow')
    component = str(workspace / 'probe.yaml')
    everything = {'text': HOSTILE, 'count': 4, 'ratio': 1e-7, 'flag': True, 'switch': False, 'optional': 'o', 'password': SECRET}
    runs = {
        'defaults': [{'component': component, 'arguments': {}}],
        'everything': [{'component': component, 'arguments': {**everything, 'log_level': 'DEBUG'}}],
        'cluster secret': [{'component': component, 'arguments': {}, 'environment': {'password': SECRET, 'text': 'x'}}],
        'pipeline': [
            {'component': component, 'arguments': {'text': 'passed on'}},
            {
                'component': str(workspace / 'reader.yaml'),
                'arguments': {'text': {'step': 0, 'output': 'echo'}, 'report': {'artifact': {'a.txt': 'x'}}},
            },
        ],
    }
    command = [*as_stranger(), venv('kfp2', 'python'), workspace_script('kfp_run.py'), folder]
    options = {'input': json.dumps(list(runs.values())), 'cwd': folder, 'env': environment({'HOME': folder})}
    done = succeeded(run(*command, **options))
    return dict(zip(runs, map(json.loads, done.stdout.splitlines()), strict=True))


def workspace_script(name):
    """Give the path of a program beside this file."""
    return os.path.join(os.path.dirname(__file__), name)


def test_kubeflow_leaves_out_what_is_optional(kubeflow):
    result = kubeflow['defaults']
    assert 'error' not in result, result
    assert seen(result['log'])['values'] == [3, 0.5, False, True, None]
    assert seen(result['log'])['user'][0] == (STRANGER_UID if os.getuid() == 0 else os.getuid())


def test_kubeflow_passes_values_unchanged(kubeflow):
    result = kubeflow['everything']
    assert 'error' not in result, result
    found = seen(result['log'])
    assert found['text'] == HOSTILE
    assert found['values'] == [4, 1e-7, True, False, 'o']
    assert found['password'] == len(SECRET)
    assert 'everything is fine' in result['log']
    assert SECRET not in result['log']


def test_kubeflow_leaves_a_secret_of_the_cluster_in_force(kubeflow):
    result = kubeflow['cluster secret']
    assert 'error' not in result, result
    assert seen(result['log'])['password'] == len(SECRET)
    assert SECRET not in result['log']


def test_kubeflow_collects_the_outputs(kubeflow):
    result = kubeflow['everything']
    assert result['outputs'] == {'echo': HOSTILE.replace('\r\n', '\n'), 'table': TABLE, 'complaint': ''}  # kfp reads lines
    delivered = {path.partition('probe/')[2]: text for path, text in result['files'].items()}
    assert delivered['echo'] == HOSTILE
    assert delivered['report/index.html'] == '<p>ü</p>'
    assert delivered['report/data/rows.json'] == '[4]'
    assert 'never set' in result['log']


def test_kubeflow_passes_outputs_on(kubeflow):
    result = kubeflow['pipeline']
    assert 'error' not in result, result
    summaries = [text for path, text in result['files'].items() if path.endswith('/summary')]
    assert summaries == ['passed on|a.txt']


# CWL


@pytest.fixture(scope='session')
def cwl(summaries, workspace, session_folder):
    """Give a function that runs a CWL document with cwltool, as a user who is nobody in the image."""
    counter = iter(range(100))

    def run_document(document, inputs, *arguments):
        folder = strangers_folder(session_folder / f'cwl-{next(counter)}')
        order = write(folder / 'inputs.json', json.dumps(inputs, ensure_ascii=False))  # read as YAML
        places = [f'--outdir={folder}/out', f'--tmpdir-prefix={folder}/tmp-', f'--tmp-outdir-prefix={folder}/made-']
        command = [*as_stranger(), venv('tools', 'cwltool'), '--disable-color', *places, *arguments, document, order]
        return run(*command, cwd=folder, env=environment({'HOME': folder, 'TMPDIR': folder}))

    return run_document


@pytest.fixture(scope='session')
def step(cwl, workspace):
    """Run the step with everything given."""
    given = {'text': HOSTILE, 'count': 4, 'ratio': 1e-7, 'flag': True, 'switch': False, 'optional': 'o', 'password': SECRET}
    return succeeded(cwl(workspace / 'probe.cwl', given))


def collected(done):
    """Give the content of the outputs that cwltool has collected."""
    return {name: content(thing) for name, thing in json.loads(done.stdout).items()}


def content(thing):
    """Give the text of a file, the files of a folder, or None."""
    if thing is None:
        return None
    if thing['class'] == 'File':
        with open(thing['path'], encoding='utf-8', newline='') as file:
            return file.read()
    return {entry['basename']: content(entry) for entry in thing['listing']}


def test_cwl_passes_values_unchanged(step):
    found = seen(step.stderr)
    assert found['text'] == HOSTILE
    assert found['values'] == [4, 1e-7, True, False, 'o']
    assert found['user'][0] == (STRANGER_UID if os.getuid() == 0 else os.getuid())
    assert found['first'] == 'Zoë'
    assert not found['folder'].startswith('/opt/app-root')


def test_cwl_collects_the_outputs(step):
    report = {'index.html': '<p>ü</p>', 'data': {'rows.json': '[4]'}}
    assert collected(step) == {'echo': HOSTILE, 'table': TABLE, 'report': report, 'complaint': None}
    names = {name: thing['basename'] for name, thing in json.loads(step.stdout).items() if thing}
    assert names['table'] == 'table.csv' and names['report'] == 'report'


def test_cwl_leaves_out_what_is_optional(cwl, workspace):
    done = succeeded(cwl(workspace / 'probe.cwl', {}))
    assert seen(done.stderr)['values'] == [3, 0.5, False, True, None]


def test_cwl_takes_parameters_from_the_command_line(workspace, cwl, session_folder):
    folder = strangers_folder(session_folder / 'cwl-command-line')
    parameters = ['--text', 'a b', '--flag']
    command = [*as_stranger(), venv('tools', 'cwltool'), '--outdir', folder / 'out', workspace / 'probe.cwl', *parameters]
    done = succeeded(run(*command, cwd=folder, env=environment({'HOME': folder, 'TMPDIR': folder})))
    assert seen(done.stderr)['text'] == 'a b'
    assert seen(done.stderr)['values'][2] is True


def test_no_secret_is_in_the_operators_own_log(step):
    said = [line for line in step.stderr.splitlines() if 'Parameter: ' in line or 'SEEN' in line]
    assert any('password = ***' in line for line in said)
    assert not any(SECRET in line for line in said)


WORKFLOW = """\
cwlVersion: v1.2
class: Workflow
inputs:
  text: string
outputs:
  summary: {type: File?, outputSource: read/summary}
steps:
  probe:
    run: WORKSPACE/probe.cwl
    in: {text: text}
    out: [report, table, echo]
  read:
    run: WORKSPACE/reader.cwl
    in:
      report: probe/report
      table: probe/table
      text: text
    out: [summary]
"""


def test_steps_are_joined_in_a_workflow(cwl, workspace, tmp_path):
    document = write(tmp_path / 'workflow.cwl', WORKFLOW.replace('WORKSPACE', str(workspace)))
    done = succeeded(cwl(document, {'text': 'passed on'}))
    assert collected(done) == {'summary': f'passed on|index.html|rows.json|{TABLE}'}


# Versions


def test_the_next_version_comes_from_the_registry(repository, tmp_path):
    own = f'{repository}/versions'
    write(tmp_path / 'step.py', 'print(1)\n')
    image = f'{own}/claimed-step'
    assert create(tmp_path, 'step.py', '-r', own) == f'{image}:0.1'
    write(tmp_path / 'step.py', 'print(2)\n')
    assert create(tmp_path, 'step.py', '-r', own, '--overwrite') == f'{image}:0.2'
    assert f'{image}:0.2' in (tmp_path / 'step.yaml').read_text()
    assert create(tmp_path, 'step.py', '-r', own, '-v', '0.9', '--overwrite') == f'{image}:0.9'
    write(tmp_path / 'step.py', 'print(3)\n')
    remove_image(f'{image}:0.9')
    assert create(tmp_path, 'step.py', '-r', own, '--overwrite') == f'{image}:0.10'
    assert digest(image, 'latest') == digest(image, '0.10') != digest(image, '0.2')
    assert tags(image) == ['0.1', '0.10', '0.2', '0.9', 'latest']


def test_without_a_build_the_version_is_that_of_the_manifests(tmp_path):
    write(tmp_path / 'step.py', 'print(1)\n')
    nowhere = {'DOCKER_HOST': 'unix:///nonexistent'}
    arguments = ['step.py', '-r', '127.0.0.1:1/ns', '--no-build']
    assert create(tmp_path, *arguments, env=nowhere) == '127.0.0.1:1/ns/claimed-step:0.1'
    create(tmp_path, *arguments, '-v', '2.5', '--overwrite', env=nowhere)
    assert create(tmp_path, *arguments, env=nowhere) == '127.0.0.1:1/ns/claimed-step:2.5'


def test_without_a_repository_the_image_stays_here(tmp_path, namespace):
    name = namespace.replace('-', '_')
    write(tmp_path / f'{name}.py', 'print("here")\n')
    done = succeeded(c3('create-operator', f'{name}.py', cwd=tmp_path))
    image = f'claimed-{namespace}:0.1'
    assert done.stdout.splitlines()[0] == image
    assert 'local' in done.stderr
    try:
        assert succeeded(run_image(image)).stdout == 'here\n'
        assert image in (tmp_path / f'{name}.yaml').read_text()
    finally:
        remove_image(image)


# Requirements and layers

REQUIRING = '''\
"""Needs things."""
# pip install -r requirements.txt
# pip install 'colorama==0.4.6'
import os
import pathlib

import colorama
import idna
import six

print(six.__version__, idna.__version__, colorama.__version__, pathlib.Path('data/names.txt').read_text().split()[0])
'''


@pytest.fixture(scope='session')
def requiring(session_folder, repository):
    """Build an operator with requirements; gives its folder, its arguments and its image."""
    folder = session_folder / 'requiring'
    write(folder / 'requiring.py', REQUIRING)
    write(folder / 'data/names.txt', NAMES)
    write(folder / 'requirements.txt', 'six==1.17.0\n-r more/requirements.txt\n')
    write(folder / 'more/requirements.txt', 'idna==3.10\n')
    arguments = ['requiring.py', 'data/names.txt', '-r', repository, '--local-mode']
    image = create(folder, *arguments, '-v', '1', '--keep-generated-files')
    return folder, arguments, image


def test_requirements_are_installed(requiring):
    assert succeeded(run_image(requiring[2])).stdout == '1.17.0 3.10 0.4.6 Zoë\n'


EDITS = {
    'script': ('requiring.py', REQUIRING + '# edited\n'),
    'additional file': ('data/names.txt', 'Eve\n'),
}


@pytest.mark.parametrize('builder', BUILDERS)
@pytest.mark.parametrize('edited', EDITS)
def test_an_edit_reinstalls_nothing(requiring, edited, builder, tmp_path):
    folder, arguments, _ = requiring
    own = tmp_path / 'copy'
    shutil.copytree(folder, own, ignore=shutil.ignore_patterns('*.context'))
    options = [*arguments, '--overwrite', '-v']
    first = create(own, *options, f'{builder}-first', env=BUILDERS[builder])
    before = layer_ids(first)
    name, text = EDITS[edited]
    write(own / name, text)
    second = create(own, *options, f'{builder}-second', env=BUILDERS[builder])
    after = layer_ids(second)
    installed = [index for index, layer in enumerate(layers(first, tmp_path)) if any('site-packages' in path for path in layer)]
    kept = len(layer_ids(BASE)) + max(installed) + 1
    assert before[:kept] == after[:kept]
    assert before != after


def test_the_classic_builder_makes_the_same_image(requiring, tmp_path):
    folder, arguments, image = requiring
    classic = create(folder, *arguments, '-v', 'classic', '-o', tmp_path, '--no-cache', env=BUILDERS['classic'])
    assert layers(classic, tmp_path) == layers(image, tmp_path)
    assert runtime_config(classic) == runtime_config(image)


def test_docker_builds_the_same_image_from_what_was_kept(requiring, tmp_path, repository):
    folder, _, image = requiring
    context = folder / 'requiring.context'
    rebuilt = f'{repository}/rebuilt:1'
    docker('build', '--quiet', '--no-cache', '--file', context / 'requiring.Dockerfile', '--tag', rebuilt, context)
    assert layers(rebuilt, tmp_path) == layers(image, tmp_path)
    assert runtime_config(rebuilt) == runtime_config(image)


def runtime_config(image):
    """Give what of an image's configuration counts when it runs, without the version in its labels."""
    config = image_config(image)['Config']
    labels = {name: value for name, value in config['Labels'].items() if not name.endswith('.version')}
    kept = {name: config[name] for name in ('Env', 'User', 'WorkingDir', 'Entrypoint')}
    return {**kept, 'Cmd': config['Cmd'] or [], 'Labels': labels}


def test_system_packages_are_installed(repository, tmp_path):
    has_dnf = run('docker', 'run', '--rm', '--entrypoint', 'dnf', BASE, '--version').returncode == 0
    line, program = ('# dnf install -y which', 'which') if has_dnf else ('# apt install ed', 'ed')
    write(tmp_path / 'system.py', f'{line}\nimport shutil\nprint(bool(shutil.which("{program}")))\n')
    image = create(tmp_path, 'system.py', '-r', repository, '--local-mode')
    assert succeeded(run_image(image)).stdout == 'True\n'


def test_metadata_in_the_script_is_installed(repository, tmp_path):
    block = '# /// script\n# requires-python = ">=3.9"\n# dependencies = ["six==1.17.0"]\n# ///\n'
    write(tmp_path / 'inline.py', block + 'import six\nprint(six.__version__)\n')
    image = create(tmp_path, 'inline.py', '-r', repository, '--local-mode')
    assert succeeded(run_image(image)).stdout == '1.17.0\n'


FAILING = '# pip install six\n# pip install c3-has-no-such-package==1\nimport six\n'


@pytest.mark.parametrize('builder', BUILDERS)
def test_a_package_that_cannot_be_installed_ends_the_build(tmp_path, repository, builder):
    write(tmp_path / 'failing.py', FAILING)
    write(tmp_path / 'failing.yaml', 'old')
    before = snapshot(tmp_path)
    options = ['-r', repository, '--overwrite', '--keep-generated-files']
    done = c3('create-operator', 'failing.py', *options, cwd=tmp_path, env=BUILDERS[builder])
    refused(done, 1, r'RUN .*c3-has-no-such-package', 'No matching distribution found for c3-has-no-such-package')
    assert snapshot(tmp_path) == before
    assert tags(f'{repository}/claimed-failing') == []


@pytest.mark.parametrize('options', [[], ['--base-image', BASE], ['--no-build']], ids=['default', 'named image', 'no build'])
def test_another_python_than_required_is_refused(tmp_path, options):
    write(tmp_path / 'future.py', '# /// script\n# requires-python = ">=3.99"\n# ///\nprint(1)\n')
    done = refused(c3('create-operator', 'future.py', *options, cwd=tmp_path), 1, r'requires-python.*>=3\.99', 'hint')
    assert '--base-image' in done.stderr
    assert list(snapshot(tmp_path)) == ['future.py']


# Sources and files in folders, names

IN_FOLDER = '''\
import pathlib
import sys

import sibling
from package.inner import NAME

print(sibling.WORD, NAME, pathlib.Path('data/names.txt').read_text().split()[0], pathlib.Path(__file__).parent.name)
'''


def test_a_script_in_a_folder_finds_its_modules_and_files(tmp_path, repository):
    write(tmp_path / 'steps/run.py', IN_FOLDER)
    write(tmp_path / 'steps/sibling.py', 'WORD = "sibling"\n')
    write(tmp_path / 'steps/package/__init__.py', '')
    write(tmp_path / 'steps/package/inner.py', 'NAME = "inner"\n')
    write(tmp_path / 'data/names.txt', NAMES)
    write(tmp_path / 'data/.hidden', 'h')
    write(tmp_path / 'data/ignored.txt', 'i')
    write(tmp_path / '.dockerignore', '**/ignored.*\n')
    files = ['steps/sibling.py', 'steps/package', 'data/*']
    image = create(tmp_path, 'steps/run.py', *files, '-r', repository, '--local-mode')
    assert succeeded(run_image(image)).stdout == 'sibling inner Zoë steps\n'
    elsewhere = run_image(image, options=['--workdir', '/tmp', '--user', f'{STRANGER_UID}:{STRANGER_UID}'])
    assert succeeded(elsewhere).stdout == 'sibling inner Zoë steps\n'
    found = succeeded(run_image(image, '/opt/app-root/src/data', '-type', 'f', options=['--entrypoint', 'find'])).stdout
    assert found == '/opt/app-root/src/data/names.txt\n'


STRANGE = 'Mein "Skript" $(id) \'ü\' #1 {{x}} %s &.py'


@pytest.mark.parametrize('builder', BUILDERS)
def test_strange_file_names_work(tmp_path, repository, builder):
    text = 'import pathlib\nprint(sorted(path.name for path in pathlib.Path("data $x").iterdir()), __file__)\n'
    write(tmp_path / STRANGE, text)
    files = {'a b.txt', 'ü "q".txt', '$HOME.txt', "it's.txt", '# [x].txt', '-r.txt'}
    for name in files:
        write(tmp_path / 'data $x' / name, name)
    options = ['-r', repository, '-v', builder, '--local-mode']
    image = create(tmp_path, STRANGE, 'data $x', *options, env=BUILDERS[builder])
    done = succeeded(run_image(image))
    assert done.stdout == f'{sorted(files)} /opt/app-root/src/{STRANGE}\n'


# Templates, archives, platforms


def test_the_originals_template_builds_and_runs(tmp_path, repository):
    write(tmp_path / 'probe.py', PROBE)
    write(tmp_path / 'data/names.txt', NAMES)
    write(tmp_path / 'template', ORIGINAL_TEMPLATE)
    options = ['--dockerfile_template_path', 'template', '-v', 'template', '--local-mode']
    done = succeeded(c3('create-operator', 'probe.py', 'data/names.txt', '-r', repository, *options, cwd=tmp_path))
    image = done.stdout.splitlines()[0]
    assert 'template-user' in done.stderr
    found = seen(succeeded(run_image(image, env={'text': HOSTILE, 'count': '5'})).stdout)
    assert found['text'] == HOSTILE and found['values'][0] == 5 and found['first'] == 'Zoë'
    assert seen(succeeded(run_job(tmp_path / 'probe.job.yaml', {'text': 'x'})).stdout)['text'] == 'x'


def test_an_archive_can_be_loaded(tmp_path, repository):
    write(tmp_path / 'archived.py', 'print("from an archive")\n')
    options = ['-r', repository, '--local-mode', '--archive', 'image.tar', '--platform', 'linux/amd64', '-o', 'out']
    image = create(tmp_path, 'archived.py', *options)
    remove_image(image)
    docker('load', '--quiet', '--input', tmp_path / 'image.tar')
    assert succeeded(run_image(image)).stdout == 'from an archive\n'
    assert sorted(snapshot(tmp_path / 'out')) == sorted(f'archived.{suffix}' for suffix in EMITTED)


# Podman

# Its own limits are higher than a small machine may allow.
PODMAN_LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']


def test_podman_builds_pushes_and_runs(workspace, tmp_path, repository):
    env = {'DOCKER_HOST': f'unix://{STATE / "podman.sock"}'}
    own = f'{repository}/podman'
    image = create(workspace, 'probe.py', 'data/*.txt', '-r', own, '-o', tmp_path, env=env)
    assert image == f'{own}/claimed-probe:0.1'
    assert tags(f'{own}/claimed-probe') == ['0.1', 'latest']
    assert inspect(image, env=env) == {**inspect(workspace / 'probe.py'), 'diagnostics': []}
    podman = [*as_root(), 'podman', '--url', env['DOCKER_HOST']]
    done = succeeded(run(*podman, 'run', '--rm', *PODMAN_LIMITS, image, '--text', HOSTILE))
    assert seen(done.stdout)['text'] == HOSTILE
    succeeded(run(*podman, 'rmi', '--force', image, f'{own}/claimed-probe:latest'))
    assert seen(succeeded(run_image(image)).stdout)['first'] == 'Zoë'


# Logins

HELPER = '''\
#!/usr/bin/env python3
"""Speaks the protocol of Docker's credential helpers."""
import json
import sys

LOGINS = {"CLOSED": ("USER", "PASSWORD")}
server = sys.stdin.readline().strip().removeprefix("https://").rstrip("/")
if sys.argv[1:] != ["get"]:
    sys.exit(2)
if server not in LOGINS:
    print("credentials not found in native keychain")
    sys.exit(1)
user, password = LOGINS[server]
print(json.dumps({"ServerURL": server, "Username": user, "Secret": password}))
'''


@pytest.fixture
def helper_path(tmp_path):
    """Give a PATH with the helper `c3test` on it."""
    text = HELPER.replace('CLOSED', CLOSED_REGISTRY).replace('USER', LOGIN[0]).replace('PASSWORD', LOGIN[1])
    program = write(tmp_path / 'bin/docker-credential-c3test', text)
    program.chmod(0o755)
    return f'{program.parent}:{os.environ["PATH"]}'


def auths():
    """Give the configuration as `docker login` writes it."""
    import base64

    return {'auths': {CLOSED_REGISTRY: {'auth': base64.b64encode(':'.join(LOGIN).encode()).decode()}}}


CONFIGURATIONS = {
    'auths': auths(),
    'credHelpers': {'credHelpers': {CLOSED_REGISTRY: 'c3test'}},
    'credsStore': {'credsStore': 'c3test', 'auths': {CLOSED_REGISTRY: {}}},
}


@pytest.mark.parametrize('kind', CONFIGURATIONS)
def test_the_login_comes_from_dockers_configuration(tmp_path, helper_path, namespace, kind):
    write(tmp_path / 'config/config.json', json.dumps(CONFIGURATIONS[kind]))
    env = {'DOCKER_CONFIG': tmp_path / 'config', 'PATH': helper_path}
    write(tmp_path / 'closed.py', f'print({kind!r})\n')
    own = f'{CLOSED_REGISTRY}/{namespace}/{kind.lower()}'
    assert create(tmp_path, 'closed.py', '-r', own, env=env) == f'{own}/claimed-closed:0.1'
    assert create(tmp_path, 'closed.py', '-r', own, '--overwrite', env=env) == f'{own}/claimed-closed:0.2'
    remove_image(f'{own}/claimed-closed:0.2')
    assert inspect(f'{own}/claimed-closed:0.1', env=env)['name'] == 'closed'
