"""The hooks, run by pre-commit itself in repositories of git.

What is shipped is used as it is but for its language: the program that was built already takes the place of one that
pre-commit would build for minutes.
"""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

C3 = Path(os.environ['C3'])
PRE_COMMIT = Path(os.environ['C3_ENGINES'], 'tools/bin/pre-commit')
SHIPPED = (Path(__file__).parents[2] / '.pre-commit-hooks.yaml').read_text()

OPERATOR = '"""Adds {0}."""\nimport os\n\nx = int(os.getenv("x", {0}))\n'
MODULE = 'import os\nimport something_of_nobody\nkey = os.getenv("api_key", "hunter2")\n'


class Repository:
    """A repository of git in a folder."""

    def __init__(self, path, environment):
        self.path = path
        self.environment = environment
        path.mkdir()
        self.git('init', '-q', '-b', 'main')

    def run(self, *command, code=0):
        done = subprocess.run(command, cwd=self.path, env=self.environment, capture_output=True, text=True, timeout=120)
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def git(self, *arguments, code=0):
        return self.run('git', '-c', 'user.name=c3', '-c', 'user.email=c3@example.org', *arguments, code=code)

    def write(self, name, text):
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)

    def commit(self):
        self.git('add', '-A')
        self.git('commit', '-q', '--no-verify', '-m', 'Change')
        return self.git('rev-parse', 'HEAD').strip()

    def hooks(self, *arguments, code=0):
        return self.run(PRE_COMMIT, 'run', '--all-files', *arguments, code=code)


@pytest.fixture(scope='module')
def environment(tmp_path_factory):
    home = tmp_path_factory.mktemp('home')
    outer = {name: value for name, value in os.environ.items() if not name.startswith('GIT_')}
    return {
        **outer,
        'HOME': str(home),
        'PRE_COMMIT_HOME': str(home / 'pre-commit'),
        'PRE_COMMIT_COLOR': 'never',
        'PATH': f'{C3.parent}:{outer["PATH"]}',
    }


@pytest.fixture(scope='module')
def shipped(tmp_path_factory, environment):
    """A repository with the hooks, and its commit."""
    repository = Repository(tmp_path_factory.mktemp('shipped') / 'hooks', environment)
    assert SHIPPED.count('language: rust\n') == 2
    repository.write('.pre-commit-hooks.yaml', SHIPPED.replace('language: rust\n', 'language: system\n'))
    return repository.path, repository.commit()


@pytest.fixture
def repository(tmp_path, environment, shipped):
    """A user's repository: two operators in a folder, of which one has files, and a module that is no operator."""
    made = Repository(tmp_path / 'project', environment)
    path, revision = shipped
    hooks = [{'id': 'c3-compile'}, {'id': 'c3-check'}]
    config = {'repos': [{'repo': str(path), 'rev': revision, 'hooks': hooks}]}
    made.write('.pre-commit-config.yaml', yaml.safe_dump(config))
    made.write('operators/add.py', OPERATOR.format(1))
    made.write('operators/new.py', OPERATOR.format(2))
    made.write('package/module.py', MODULE)
    made.run(C3, 'compile', 'operators/add.py', '-r', 'quay.io/ns', '-v', '0.3')
    made.commit()
    return made


def test_hooks_match_their_documentation():
    hooks = yaml.safe_load(SHIPPED)
    assert {hook['id']: hook['name'] for hook in hooks} == {'c3-check': 'c3 check', 'c3-compile': 'c3 compile'}
    assert all(hook['types_or'] == ['python', 'jupyter', 'r'] for hook in hooks)


def test_modules_and_uncompiled_operators_are_skipped(repository):
    said = repository.hooks()
    assert [line.rsplit('.', 1)[1] for line in said.splitlines() if line.startswith('c3 ')] == ['Passed', 'Passed']
    assert repository.git('status', '--porcelain') == ''


def test_stale_files_are_regenerated(repository):
    repository.write('operators/add.py', OPERATOR.format(5))
    repository.git('add', '-A')
    said = repository.hooks(code=1)
    assert 'files were modified by this hook' in said
    changed = repository.git('diff', '--name-only').split()
    assert changed == [f'operators/add.{end}' for end in ('Dockerfile', 'cwl', 'job.yaml', 'yaml')]
    component = (repository.path / 'operators/add.yaml').read_text()
    assert 'quay.io/ns/claimed-add:0.3' in component and '"5"' in component
    repository.git('add', '-A')
    repository.hooks()


def test_an_edit_that_changes_nothing_passes(repository):
    repository.write('operators/add.py', OPERATOR.format(1) + '\nprint(x)\n')
    repository.write('operators/add.job.yaml', (repository.path / 'operators/add.job.yaml').read_text() + '# Ours.\n')
    repository.git('add', '-A')
    repository.hooks()


def test_edited_stale_file_is_shown_and_kept(repository):
    repository.write('operators/add.py', OPERATOR.format(5))
    edited = (repository.path / 'operators/add.job.yaml').read_text().replace('backoffLimit: 5', 'backoffLimit: 7')
    repository.write('operators/add.job.yaml', edited)
    repository.git('add', '-A')
    said = repository.hooks('c3-compile', code=1)
    assert '-  backoffLimit: 7' in said and 'files were modified' not in said
    assert (repository.path / 'operators/add.job.yaml').read_text() == edited
    repository.run(C3, 'compile', '--stale', '-y', 'operators')
    repository.git('add', '-A')
    repository.hooks()


def test_line_ending_conversion_by_git_is_not_an_edit(repository):
    for file in (repository.path / 'operators').glob('add.*'):
        if file.suffix != '.py':
            file.write_bytes(file.read_bytes().replace(b'\n', b'\r\n'))
    repository.write('operators/add.py', OPERATOR.format(5))
    repository.git('add', '-A')
    assert 'files were modified by this hook' in repository.hooks('c3-compile', code=1)


def test_check_reports_likely_problems(repository):
    repository.write('operators/add.py', OPERATOR.format(5) + 'import sklearn\n')
    repository.git('add', '-A')
    said = repository.hooks('c3-check', code=1)
    assert 'warning[missing-package]: `sklearn` is imported, but `scikit-learn` is nowhere installed' in said
    assert 'warning[stale-files]' in said
    assert 'something_of_nobody' not in said


def test_commit_is_blocked(repository):
    repository.run(PRE_COMMIT, 'install')
    repository.write('operators/add.py', OPERATOR.format(7))
    repository.git('add', '-A')
    repository.git('commit', '-q', '-m', 'Seven', code=1)
    repository.git('add', '-A')
    repository.git('commit', '-q', '-m', 'Seven')


def test_many_files_are_passed_in_one_call(repository):
    for number in range(60):
        repository.write(f'operators/many_{number}.py', OPERATOR.format(number))
    repository.run(C3, 'compile', 'operators', '--overwrite')
    repository.git('add', '-A')
    said = repository.hooks('c3-check', '--verbose')
    assert said.count('nothing found') == 1 and '62 files: nothing found' in said
