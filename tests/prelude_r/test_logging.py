"""What is logged, and what never is."""

import re

import pytest

from conftest import HOSTILE, LOCALES, LOG_LEVEL, an_input, an_output


def logged(operator, *arguments, inputs=(), **options):
    """Run an operator with logging, and give the log without times."""
    done = operator('invisible()', inputs=[*inputs, LOG_LEVEL], logging=True).run(*arguments, **options)
    assert (done.returncode, done.stdout) == (0, '')
    return re.sub(r'(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - ', '', done.stderr).splitlines()


LOGGED = ['root - INFO - Parameter: b = "two words"', 'root - INFO - Parameter: p = "%s ""']


@pytest.mark.parametrize(
    'level, count',
    [('DEBUG', 2), (' Info\n', 2), ('WARN', 0), ('error', 0), ('critical', 0), ('20', 2), ('21', 0), ('null', 2)],
)
def test_log_level(operator, level, count):
    log = logged(
        operator,
        *('b=two words', '--p', '%s "'),
        inputs=[an_input('p'), an_input('b'), an_input('c')],
        env={'log_level': level, 'c': '3'},
    )
    assert log == LOGGED[:count]


def test_default_log_level(operator):
    subject = operator('', inputs=[an_input('p'), an_input('log_level', default='ERROR')], logging=True)
    assert subject.run('--p', '1').stderr == ''
    assert 'Parameter: p = "1"' in subject.run('--p', '1', '--log_level', 'INFO').stderr


@pytest.mark.parametrize('level', ['loud', '\udcff', ''])
def test_unknown_log_level(operator, level):
    log = logged(operator, '--p', '1', inputs=[an_input('p')], env={'log_level': level})
    assert log == ['warning: unknown log level `%s`, using `INFO`' % level, 'root - INFO - Parameter: p = "1"']


@pytest.mark.parametrize('locale', LOCALES)
def test_values_are_logged_byte_for_byte(operator, locale):
    done = operator('', inputs=[an_input('größe'), LOG_LEVEL], logging=True).run(
        *['größe=' + value for value in HOSTILE.values()], env={'LC_ALL': locale}
    )
    lines = ['INFO - Parameter: größe = "%s"\n' % value for value in HOSTILE.values()]
    assert [line for line in lines if line.replace('\r', '') not in done.stderr] == []


def test_without_logging_nothing_is_logged(operator):
    assert operator('', inputs=[an_input('p')]).run('--p', '1').stderr == ''


@pytest.mark.parametrize('level', ['DEBUG', 'ERROR', 's3cr3t-level'])
@pytest.mark.parametrize(
    'arguments', [['--token', 's3cr3t'], ['token=s3cr3t', '--key=s3cr3t'], ['--token', 's3cr3t', '--n'], []]
)
def test_secrets_are_shown_nowhere(operator, tmp_path, level, arguments):
    subject = operator(
        'stopifnot(Sys.getenv("token") == "s3cr3t"); Sys.setenv(data = "s3cr3t")',
        inputs=[an_input('token', secret=True, id='key'), an_input('data', secret=True), an_input('n'), LOG_LEVEL],
        outputs=[an_output('data', 'File', id='data_out')],
        logging=True,
    )
    env = {'log_level': level.replace('s3cr3t-', ''), 'token': 's3cr3t'}
    done = subject.run('--data_out', 'target', *arguments, env=env)
    assert done.returncode
    assert 's3cr3t' not in done.stdout + done.stderr
    assert ('Parameter: token = ***' in done.stderr) == (
        bool(arguments) and '--n' not in arguments and level != 'ERROR'
    )


def test_credentials_in_an_address_are_not_shown(operator):
    subject = operator('NULL', inputs=[an_input('place'), LOG_LEVEL], logging=True)
    done = subject.run('place=cos://key:s3c@/ret@host.example/bucket/file.txt')
    assert done.stderr.endswith('Parameter: place = "cos://***@host.example/bucket/file.txt"\n')
    assert subject.run('place=user@host.example').stderr.endswith('Parameter: place = "user@host.example"\n')
