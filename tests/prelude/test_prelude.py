"""The entry point as a whole: the package it comes from, and how it steps aside."""

import subprocess
import sys

import pytest

from conftest import PACKAGE, an_input, an_output, succeeded


@pytest.mark.parametrize(
    'command', [['mypy', '--strict', '--no-incremental'], ['ruff', 'check', '--no-cache']]
)
def test_package_passes_static_checks(command):
    done = subprocess.run([sys.executable, '-m', *command, '.'], cwd=PACKAGE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_interface_may_hold_any_character(operator):
    subject = operator('', description='🎉"\\\'\n\x7f', own_arguments=False)
    assert '🎉"\\\'\n\x7f\n' in subject.run('--help').stdout


@pytest.mark.parametrize(
    'arguments', [['bash', '-c', 'echo a b --a 1'], ['sh', '-c', 'echo a b --a 1'], ['/bin/sh', '-c', 'echo a b --a 1']]
)
def test_program_runs_instead_of_the_operator(operator, arguments):
    done = operator('print("ran")', inputs=[an_input('a')]).run(*arguments)
    assert succeeded(done) and done.stdout == 'a b --a 1\n'


def test_other_words_go_to_the_script(operator):
    subject = operator('import sys; print(sys.argv[1:])')
    assert subject.run('test', '-d', '/').stdout == "['test', '-d', '/']\n"


def test_full_command_after_the_entry_point(operator):
    subject = operator('import os, sys; print(os.environ["a"], sys.argv[1:])', inputs=[an_input('a')])
    assert subject.run(sys.executable, str(subject.prelude), '--a', '1', 'own').stdout == "1 ['own']\n"


def test_program_gets_the_usual_signals(operator):
    assert operator('').run('sh', '-c', 'yes | head -n 1').stderr == ''


@pytest.mark.parametrize(
    'arguments',
    [['-echo', 'x'], ['--echo', 'x'], ['echo=x'], ['no-such-program', 'x'], ['', 'x'], ['/', 'x'], ['own', 'echo']],
)
def test_arguments_that_are_not_programs_go_to_the_script(operator, arguments):
    assert operator('import sys; print(sys.argv[1:])').run(*arguments).stdout == '%r\n' % arguments


def test_full_command_honours_the_engine_settings(operator):
    subject = operator('', outputs=[an_output('out')])
    done = subject.run(sys.executable, str(subject.prelude), '--out', 'target', env={'C3_UNSET_OUTPUTS': 'skip'})
    assert succeeded(done) and not (subject.home / 'target').exists()
