"""Completions as the shells themselves give them, and the manual as groff and man show it."""

import subprocess
from pathlib import Path

import pytest
from processes import run, succeeded

CREATE = ['create-operator', 'create-gridwrapper']

# Completes words as readline does: the function that is registered for `c3` is called with them.
BASH = """
source <(c3 completions bash)
[[ $(complete -p c3) == *' -F _c3 c3' ]] || exit 1
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_c3 c3 "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def path(programs, monkeypatch):
    """Put the programs on the path."""
    monkeypatch.setenv('PATH', str(programs), prepend=':')


def commands():
    """Give the names of the commands, as the help lists them."""
    listed = run('c3', '--help').stdout.partition('Commands:\n')[2].partition('\n\n')[0]
    names = [line.split()[0] for line in listed.splitlines() if line.startswith('  ') and line[2].isalpha()]
    return [name for name in names if name != 'help']


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        (['cre'], CREATE),
        (['create-operator', '--over'], ['--overwrite']),
        (['create-operator', '--log-level', 'W'], ['WARNING']),
        (['create-operator', '--target', 'kubef'], ['kubeflow']),
        (['create-gridwrapper', '--backend', 'leg'], ['legacy_cos']),
        (['completions', 'f'], ['fish']),
    ],
)
def test_bash_completes(path, words, expected):
    done = succeeded(run('bash', '--norc', '-c', BASH, 'bash', 'c3', *words))
    assert set(expected) <= set(done.stdout.split())
    assert all(word.startswith(words[-1]) for word in done.stdout.split())


@pytest.mark.parametrize(('line', 'expected'), [('c3 create-', CREATE), ('c3 create-operator --overw', ['--overwrite'])])
def test_fish_completes(path, line, expected):
    script = f'c3 completions fish | source; complete -C "{line}"'
    done = succeeded(run('fish', '--no-config', '-c', script))
    assert set(expected) <= {line.split('\t')[0] for line in done.stdout.splitlines()}


def test_zsh_registers_the_completion(path, tmp_path):
    script = 'autoload -Uz compinit && compinit -u -d "$1" && source <(c3 completions zsh) && print $_comps[c3]'
    done = succeeded(run('zsh', '-f', '-c', script, 'zsh', tmp_path / 'dump'))
    assert done.stdout.split() == ['_c3']


@pytest.mark.parametrize('shell', ['elvish', 'powershell'])
def test_other_shells_get_a_script(path, shell):
    assert 'create-operator' in succeeded(run('c3', 'completions', shell)).stdout


def test_the_manual_has_a_page_for_each_command(path, tmp_path):
    files = succeeded(run('c3', 'man', '--output-dir', tmp_path)).stdout.split()
    assert {Path(file).name for file in files} == {'c3.1', *(f'c3-{command}.1' for command in commands())}
    for page in files:
        done = succeeded(run('groff', '-man', '-ww', '-Tascii', '-P-cbou', page))
        assert done.stderr == ''
        assert 'SYNOPSIS' in done.stdout
        assert Path(page).read_text().isascii()


def test_man_shows_the_manual(path):
    page = succeeded(run('c3', 'man')).stdout
    environment = {'MANWIDTH': '80', 'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8'}
    done = subprocess.run(['man', '-l', '-'], input=page, capture_output=True, text=True, env=environment)
    assert done.stderr == ''
    assert max(map(len, done.stdout.splitlines())) <= 80
    for word in ('NAME', 'create-gridwrapper', 'Exit codes'):
        assert word in done.stdout


@pytest.mark.parametrize('flag', ['-h', '--help'])
def test_the_help_fits_a_narrow_terminal(path, flag):
    for command in [[], *([command] for command in commands())]:
        done = succeeded(run('c3', *command, flag))
        assert '\x1b' not in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80, command
