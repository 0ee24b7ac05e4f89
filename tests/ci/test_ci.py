"""The action for GitHub and the jobs for GitLab: valid by their schemas, and their steps do what they say."""

import hashlib
import json
import os
import platform
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
C3 = Path(os.environ.get('C3', ROOT / 'target/debug/c3')).resolve()
STATE = Path(os.environ.get('C3_ENGINES', ROOT / 'target/engines')).resolve()
ACTION = ROOT / 'docs/ci/build/action.yml'
WORKFLOW = ROOT / 'docs/ci/github.yml'
GITLAB = ROOT / 'docs/ci/gitlab.yml'

OPERATOR = '"""Adds."""\nimport os\n\nprint(os.getenv("n", "1"))\n'
DOUBTFUL = '"""Reads."""\nimport os\nimport sklearn\n\nprint(os.getenv("n", "1"), sklearn)\n'


def layout(folder):
    """Make a base image on disk that has nothing in it."""
    blobs = folder / 'blobs/sha256'
    blobs.mkdir(parents=True)

    def blob(value, kind):
        content = json.dumps(value).encode()
        name = hashlib.sha256(content).hexdigest()
        (blobs / name).write_bytes(content)
        return {'mediaType': kind, 'digest': f'sha256:{name}', 'size': len(content)}

    architecture = {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine())
    rootfs = {'type': 'layers', 'diff_ids': []}
    config = {'os': 'linux', 'architecture': architecture, 'config': {}, 'rootfs': rootfs, 'history': []}
    config = blob(config, 'application/vnd.oci.image.config.v1+json')
    kind = 'application/vnd.oci.image.manifest.v1+json'
    manifest = blob({'schemaVersion': 2, 'mediaType': kind, 'config': config, 'layers': []}, kind)
    (folder / 'oci-layout').write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / 'index.json').write_text(json.dumps({'schemaVersion': 2, 'manifests': [manifest]}))


@pytest.fixture
def repository(tmp_path):
    """Give a folder with an operator and a base image."""
    folder = tmp_path / 'a team'
    (folder / 'operators').mkdir(parents=True)
    (folder / 'operators/add.py').write_text(OPERATOR)
    layout(folder / 'base')
    return folder


@pytest.fixture
def run(repository, tmp_path):
    """Give a function that runs a script as a step does."""
    programs = tmp_path / 'bin'
    programs.mkdir()
    (programs / 'c3').symlink_to(C3)
    fixed = {
        'PATH': f'{programs}:/usr/bin:/bin',
        'HOME': str(tmp_path / 'home'),
        'XDG_CACHE_HOME': str(tmp_path / 'cache'),
        'GITHUB_OUTPUT': str(tmp_path / 'output'),
        'GITHUB_STEP_SUMMARY': str(tmp_path / 'page'),
        'DOCKER_HOST': 'unix:///nonexistent',
        'NO_COLOR': '1',
    }

    def function(script, code=0, **environment):
        command = ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', script]
        env = {**fixed, **environment}
        done = subprocess.run(command, cwd=repository, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return function


def step(name):
    """Give the script of one of the action's steps."""
    steps = yaml.safe_load(ACTION.read_text())['runs']['steps']
    return next(one['run'] for one in steps if one['name'] == name)


@pytest.mark.parametrize(
    ('schema', 'file'),
    [('github-actions', ACTION), ('github-workflows', WORKFLOW), ('gitlab-ci', GITLAB)],
)
def test_ci_files_match_their_schemas(schema, file, tmp_path):
    check = [STATE / 'ci/bin/check-jsonschema', '--builtin-schema', f'vendor.{schema}']
    done = subprocess.run([*check, file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    other = tmp_path / file.name
    other.write_text(file.read_text().replace('steps:', 'stepz:').replace('extends:', 'cache: {policy: mine}\n  x:'))
    assert subprocess.run([*check, other], capture_output=True, timeout=60).returncode == 1, 'the schema sees something'


def test_ci_scripts_pass_shellcheck(tmp_path):
    scripts = [one['run'] for one in yaml.safe_load(ACTION.read_text())['runs']['steps'] if 'run' in one]
    assert len(scripts) == 3
    for script in scripts:
        assert '${{' not in script, 'what somebody else says reaches a shell as a variable only'
        path = tmp_path / 'step.sh'
        path.write_text(f'#!/bin/bash\n{script}')
        subprocess.run(['shellcheck', path], check=True)


def test_ci_permissions_are_explicit():
    assert yaml.safe_load(WORKFLOW.read_text())['permissions'] == {'contents': 'read', 'packages': 'write'}


def test_check_step_emits_annotations(run, repository):
    (repository / 'operators/add.py').write_text(DOUBTFUL)
    said = run(step('Check'), OPERATORS='operators', CHECK='true')
    assert said.startswith('::warning file=operators/add.py,line=3')
    run(step('Check'), OPERATORS='operators', CHECK='strict', code=1)


def test_build_step_passes_its_results_on(run, repository, tmp_path):
    arguments = '--builder oci --base-image oci:base'
    variables = {'OPERATORS': 'operators', 'REPOSITORY': '', 'ARGUMENTS': arguments, 'SUMMARY': str(tmp_path / 'c3.json')}
    run(step('Build'), **variables)
    assert (tmp_path / 'output').read_text() == f'images=[]\nsummary={tmp_path}/c3.json\n', 'nothing is pushed'
    assert json.loads((tmp_path / 'c3.json').read_text())['operators'][0]['state'] == 'built'
    assert '| add | 0.1 | built |' in (tmp_path / 'page').read_text().splitlines()
    (repository / 'operators/bad.py').write_text('x = (\n')
    run(step('Build'), code=1, **variables)
    assert '| bad | - | failed |' in (tmp_path / 'page').read_text().splitlines()
    (repository / 'operators/bad.py').unlink()
    run(step('Build'), code=3, **{**variables, 'ARGUMENTS': '--builder docker'})


def test_repository_is_quoted_as_one_word(run, repository, tmp_path):
    variables = {'OPERATORS': 'operators', 'ARGUMENTS': '--builder oci', 'SUMMARY': str(tmp_path / 'c3.json')}
    run(step('Build'), code=2, REPOSITORY='x; touch here', **variables)
    assert not (repository / 'here').exists()


def test_gitlab_jobs_find_the_registry_login(run, repository, tmp_path):
    lines = yaml.safe_load(GITLAB.read_text())['build operators']['script']
    script = '\n'.join(lines[:-1]) + '\ncat "$DOCKER_CONFIG/config.json"'
    said = run(script, CI_REGISTRY='r.example', CI_REGISTRY_USER='me', CI_REGISTRY_PASSWORD='p"w\\d')
    assert json.loads(said) == {'auths': {'r.example': {'auth': 'bWU6cCJ3XGQ='}}}
    checks = yaml.safe_load(GITLAB.read_text())['check operators']['script']
    run('\n'.join(checks), C3_PATHS='operators')
