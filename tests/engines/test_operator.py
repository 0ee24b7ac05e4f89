"""An operator from its source to its pulled image, which Docker runs in every way."""

import json
import os
import shutil
import time

import pytest
from images import digest, docker, image_config, layers, remove_image, tags
from operators import BUILDERS, PROBE, READ_ONLY, RESTRICTED, SECRET, TABLE, create, run_image, run_job, seen
from support import (
    BASE,
    C3,
    EMITTED,
    HOSTILE,
    STRANGER_UID,
    c3,
    environment,
    inspect,
    run,
    snapshot,
    strangers_folder,
    succeeded,
    wait_until,
    write,
)

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


def test_command_line_of_the_original_still_works(workspace, tmp_path, repository):
    program = tmp_path / 'c3_create_operator'
    program.symlink_to(C3)
    # What the others run stands in the workspace, with an image that is pushed.
    folder = shutil.copytree(workspace, tmp_path / 'own')
    own = f'{repository}/original'
    options = [
        '--repository',
        own,
        '--version',
        '0.1',
        '--log_level',
        'ERROR',
        '--local_mode',
        '--image_version',
        'python3.12',
    ]
    done = succeeded(
        run(program, *options, 'probe.py', 'data/*.txt', '--rename', 'kept', cwd=folder, env=environment())
    )
    assert done.stdout.splitlines()[0] == f'{own}/claimed-probe:0.1'
    assert done.stderr == ''
    assert seen(succeeded(run_image(f'{own}/claimed-probe:0.1')).stdout)['first'] == 'Zoë'


def test_doctor_finds_the_installed_tools(repository):
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
def test_values_are_passed_unchanged(probe, way):
    arguments, env = WAYS[way]({'text': HOSTILE, 'count': '-7', 'flag': 'true'})
    done = succeeded(run_image(probe, *arguments, env=env))
    found = seen(done.stdout)
    assert found['text'] == HOSTILE
    assert found['values'] == [-7, 0.5, True, True, None]
    assert found['arguments'] == []


@pytest.mark.parametrize('text', ['--count', '--', '', ' ', '\n', '-e', '$(id)', '=', '"', '\\', "'", 'text=x'])
def test_short_values_are_passed_unchanged(probe, text):
    arguments = [f'--text={text}'] if text in ('--', '') else ['--text', text]
    assert seen(succeeded(run_image(probe, *arguments)).stdout)['text'] == text


@pytest.mark.parametrize('user', USERS)
def test_image_runs_as_any_user(probe, user):
    options, is_writable = USERS[user]
    found = seen(succeeded(run_image(probe, options=options, env={'text': HOSTILE})).stdout)
    assert (found['text'], found['first'], found['writable']) == (HOSTILE, 'Zoë', is_writable)


BOOLEANS = {'true': True, 'True': True, '1': True, 'yes': True, 'false': False, 'False': False, '0': False, 'no': False}


def test_booleans_reach_the_script_as_booleans(probe):
    """One container, as the prelude's own tests have every spelling."""
    script = ' && '.join(f'python claimed_probe.py --switch={spelling}' for spelling in BOOLEANS)
    done = succeeded(run_image(probe, '-c', script, options=['--entrypoint', 'sh']))
    values = [
        json.loads(line.partition('SEEN ')[2])['values'][3] for line in done.stdout.splitlines() if 'SEEN ' in line
    ]
    assert values == list(BOOLEANS.values())


def test_defaults_apply_to_omitted_values(probe):
    found = seen(succeeded(run_image(probe)).stdout)
    assert found['text'] == ''
    assert found['values'] == [3, 0.5, False, True, None]


def test_unknown_arguments_go_to_the_script(probe):
    done = succeeded(run_image(probe, '--verbose', '--text', 'x', 'file', '--', '--count', '1'))
    assert seen(done.stdout)['arguments'] == ['--verbose', 'file', '--', '--count', '1']


@pytest.mark.parametrize('way', WAYS)
def test_a_secret_is_never_logged(probe, way):
    arguments, env = WAYS[way]({'password': SECRET, 'log_level': 'DEBUG'})
    done = succeeded(run_image(probe, *arguments, env=env))
    assert seen(done.stdout)['password'] == len(SECRET)
    assert 'everything is fine' in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_exit_code_is_that_of_the_script(probe):
    assert run_image(probe, env={'exit_code': '7'}).returncode == 7


def test_stopped_container_ends_immediately(probe, tmp_path):
    script = write(tmp_path / 'wait.py', 'import time\nprint("ready", flush=True)\ntime.sleep(60)\n')
    mount = ['--volume', f'{script}:/opt/app-root/src/probe.py:ro']
    container = docker('run', '--detach', *mount, probe).strip()
    try:
        wait_until(lambda: 'ready' in docker('logs', container))
        begun = time.monotonic()
        docker('stop', '--time', '60', container)
        assert time.monotonic() - begun < 30
        assert docker('inspect', '--format', '{{.State.ExitCode}}', container).strip() == '143'
    finally:
        docker('rm', '--force', container)


def test_outputs_are_delivered_to_mounted_paths(probe, tmp_path):
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


def test_image_contains_only_the_expected_files(probe, tmp_path):
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


QUOTING = f"""\
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
"""


@pytest.mark.parametrize('builder', BUILDERS)
def test_quoted_text_survives_every_builder(repository, tmp_path, builder):
    write(tmp_path / 'quoting.py', QUOTING)
    image = create(tmp_path, 'quoting.py', '-r', repository, '-v', builder, '--local-mode', env=BUILDERS[builder])
    component = inspect(tmp_path / 'quoting.py')
    assert inspect(image) == {**component, 'diagnostics': []}
    assert component['inputs'][0]['default'] == HOSTILE
    label = image_config(image)['Config']['Labels']['org.opencontainers.image.description']
    assert label.split() == HOSTILE.replace('\x1b', ' ').split()


def test_job_runs_under_kubernetes_rules(repository, tmp_path):
    write(tmp_path / 'quoting.py', QUOTING)
    image = create(tmp_path, 'quoting.py', '-r', repository, '-v', 'job', '--local-mode')
    done = run_job(tmp_path / 'quoting.job.yaml', {})
    assert done.returncode == 2 and 'a parameter is required: `gru00f6u00dfe`' in done.stderr
    options = ['--no-build', '-r', repository, '-v', 'job', '--value', 'größe=groß']
    succeeded(c3('create-operator', 'quoting.py', *options, cwd=tmp_path))
    done = succeeded(run_job(tmp_path / 'quoting.job.yaml', {}))
    assert json.loads(done.stdout) == [HOSTILE, '$(v) $$ ' + HOSTILE, 'groß']
    remove_image(image)
