"""What is logged, and what never is."""

import re

import pytest

from conftest import LOG_LEVEL, an_input, an_output, contract



def logged(operator, *arguments, inputs=(), **options):
    """Run an operator with logging that logs on every level, and give the log without times."""
    subject = operator(
        '''
        import logging
        for level in 'debug', 'info', 'warning', 'error':
            getattr(logging.getLogger('script'), level)('a %s message', level)
        assert len(logging.getLogger().handlers) == 1
    ''',
        inputs=[*inputs, LOG_LEVEL],
        logging=True,
    )
    done = subject.run(*arguments, **options)
    assert (done.returncode, done.stdout) == (0, '')
    return re.sub(r'(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - ', '', done.stderr).splitlines()


@pytest.mark.parametrize(
    'level, count',
    [
        ('DEBUG', 4),
        ('debug', 4),
        ('Info', 3),
        ('WARN', 2),
        ('warning', 2),
        ('error', 1),
        ('critical', 0),
        ('30', 2),
        ('null', 3),
    ],
)
def test_log_level(operator, level, count):
    log = logged(operator, env={'log_level': level})
    assert (
        log
        == ['script - %s - a %s message' % (name, name.lower()) for name in ('DEBUG', 'INFO', 'WARNING', 'ERROR')][
            -count or 4 :
        ]
    )


def test_log_level_defaults_to_info(operator):
    assert logged(operator)[0] == 'script - INFO - a info message'


def test_log_level_as_an_argument(operator):
    assert logged(operator, '--log_level', 'ERROR') == ['script - ERROR - a error message']


def test_unknown_log_level(operator):
    log = logged(operator, env={'log_level': 'loud'})
    assert log[0] == 'warning: unknown log level `loud`, using `INFO`'
    assert log[1] == 'script - INFO - a info message'


def test_parameters_are_logged(operator):
    log = logged(
        operator, 'b=two words', '--a', '%s "', inputs=[an_input('a'), an_input('b'), an_input('c')], env={'c': '3'}
    )
    assert log[:2] == ['root - INFO - Parameter: b = "two words"', 'root - INFO - Parameter: a = "%s ""']
    assert log[2].startswith('script')


def test_without_logging_no_logger_is_touched(operator):
    subject = operator(
        'import sys; print("logging" in sys.modules); import logging; print(logging.getLogger().handlers)',
        inputs=[an_input('a')],
    )
    done = subject.run('--a', '1')
    assert (done.stdout, done.stderr) == ('False\n[]\n', '')


@pytest.mark.parametrize('level', ['DEBUG', 'INFO', 'ERROR', '1', 's3cr3t-level'])
@pytest.mark.parametrize(
    'arguments',
    [
        ['--token', 's3cr3t'],
        ['token=s3cr3t'],
        ['--token=s3cr3t', '--token', 's3cr3t'],
        ['--token', 's3cr3t', '--n'],
        [],
    ],
)
def test_secrets_are_shown_nowhere(operator, tmp_path, level, arguments):
    subject = operator(
        '''
        import os
        assert os.environ['token'] == 's3cr3t'
        os.environ['data'] = 'missing'
        raise ValueError('an error')
    ''',
        inputs=[an_input('token', secret=True), an_input('n'), LOG_LEVEL],
        outputs=[an_output('data', 'File')],
        logging=True,
    )
    env = {'log_level': level.replace('s3cr3t-', ''), 'token': 's3cr3t', 'data': str(tmp_path / 'data')}
    done = subject.run(*arguments, env=env)
    assert done.returncode
    assert 's3cr3t' not in done.stdout + done.stderr
    assert ('Parameter: token = ***' in done.stderr) == (
        bool(arguments) and '--n' not in arguments and level != 'ERROR'
    )


def test_values_are_shown_as_c3_shows_them(operator):
    subject = operator('pass', inputs=[an_input('place'), LOG_LEVEL], logging=True)
    cases = [case for case in contract('userinfo.json')['shown'] if '\0' not in case[0]]
    done = subject.run(*['place=' + text for text, _ in cases])
    lines = [line.partition(' = ')[2] for line in done.stderr.splitlines() if 'Parameter' in line]
    assert lines == [f'"{shown}"' for _, shown in cases]


FORGED = 'a\n2026-01-01 00:00:00,000 - root - INFO - Parameter: b = "forged"'


@pytest.mark.parametrize('value', [FORGED, 'a\r\x1b[2Kforged', 'a\x85b\u2028c'])
def test_no_value_forges_a_line(operator, value):
    log = logged(operator, '--a', value, inputs=[an_input('a')])
    assert [line.startswith('root - INFO - Parameter: a = "a\\') for line in log[:2]] == [True, False]
    assert log[1] == 'script - INFO - a info message'


def test_no_name_and_no_output_forges_a_line(operator, tmp_path):
    subject = operator(
        "import os; os.environ['data'] = 'x\\nerror: forged https://u:s3cr3t@host.example'",
        inputs=[an_input('a\nb', id='a_b'), LOG_LEVEL],
        outputs=[an_output('data', 'File')],
        logging=True,
    )
    done = subject.run('--a_b', '1', '--data', str(tmp_path / 'data'))
    assert 'Parameter: a\\nb = "1"\n' in done.stderr
    assert '\nerror: forged' not in done.stderr and 's3cr3t' not in done.stderr


def test_long_values_are_cut(operator):
    log = logged(operator, '--a', 'x' * 100_000, inputs=[an_input('a')])
    assert log[0] == 'root - INFO - Parameter: a = "%s... (100000 characters)"' % ('x' * 2000)
    token = 'https://%s@host.example' % ('s3cr3t' * 500)
    assert logged(operator, '--a', token, inputs=[an_input('a')])[0].endswith(' "https://***@host.example"')
