"""The log level, and what is never shown."""

import pytest

from conftest import LOG_LEVEL, an_input, an_output, contract, succeeded

SCRIPT = '''
    import logging
    for level in 'debug', 'info', 'warning', 'error':
        getattr(logging.getLogger('script'), level)('a %s message', level)
    assert not logging.getLogger().handlers
'''


def logged(operator, *arguments, inputs=(), **options):
    """Run an operator that logs on every level, and give the log."""
    done = operator(SCRIPT, inputs=[*inputs, LOG_LEVEL], logging=True).run(*arguments, **options)
    assert (done.returncode, done.stdout) == (0, '')
    return done.stderr.splitlines()


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
    messages = [f'a {name} message' for name in ('debug', 'info', 'warning', 'error')]
    assert logged(operator, env={'log_level': level}) == messages[4 - count :]


def test_log_level_defaults_to_info(operator):
    assert logged(operator)[0] == 'a info message'


def test_log_level_as_an_argument(operator):
    assert logged(operator, '--log_level', 'ERROR') == ['a error message']


def test_unknown_log_level(operator):
    log = logged(operator, env={'log_level': 'loud'})
    assert log[:2] == ['warning: unknown log level `loud`, using `INFO`', 'a info message']


def test_parameters_are_shown_at_debug_level_only(operator):
    inputs = [an_input('a'), an_input('b'), an_input('c')]
    given = ['b=two words', '--a', '%s "']
    log = logged(operator, *given, inputs=inputs, env={'c': '3', 'log_level': 'DEBUG'})
    assert log[:3] == ['parameter b = "two words"', 'parameter a = "%s ""', 'a debug message']
    assert logged(operator, *given, inputs=inputs)[0] == 'a info message'


@pytest.mark.parametrize(
    'configuration, line',
    [
        ("logging.basicConfig(format='MINE %(message)s')", 'MINE text'),
        ("logging.basicConfig(format='MINE %(message)s', level='DEBUG')", 'MINE text'),
        ("logging.basicConfig(filename='run.log', level='INFO')", None),
        ('', 'INFO:root:text'),
        ("logging.getLogger().addHandler(logging.StreamHandler())", 'text'),
    ],
)
def test_the_script_configures_its_own_log(operator, configuration, line):
    subject = operator(f'import logging\n{configuration}\nlogging.info("text")', inputs=[LOG_LEVEL], logging=True)
    assert subject.run().stderr == (f'{line}\n' if line else '')
    if line is None:
        assert (subject.home / 'run.log').read_text() == 'INFO:root:text\n'


def test_without_logging_no_logger_is_configured(operator):
    subject = operator(
        'import sys; print("logging" in sys.modules); import logging; print(logging.getLogger().handlers)',
        inputs=[an_input('a')],
    )
    done = subject.run('--a', '1')
    assert succeeded(done) and done.stdout == 'False\n[]\n'


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
def test_secrets_are_never_shown(operator, tmp_path, level, arguments):
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
    is_shown = bool(arguments) and '--n' not in arguments and level in ('DEBUG', '1')
    assert ('parameter token = ***' in done.stderr) == is_shown


def test_values_are_displayed_as_by_c3(operator):
    subject = operator('pass', inputs=[an_input('place'), LOG_LEVEL], logging=True)
    cases = [case for case in contract('userinfo.json')['shown'] if '\0' not in case[0]]
    done = subject.run('--log_level=DEBUG', *['place=' + text for text, _ in cases])
    lines = [line.partition(' = ')[2] for line in done.stderr.splitlines() if 'parameter place' in line]
    assert lines == [f'"{shown}"' for _, shown in cases]


FORGED = 'a\nparameter b = "forged"'


@pytest.mark.parametrize('value', [FORGED, 'a\r\x1b[2Kforged', 'a\x85b\u2028c'])
def test_values_cannot_forge_log_lines(operator, value):
    log = logged(operator, '--log_level=DEBUG', '--a', value, inputs=[an_input('a')])
    assert [line.startswith('parameter a = "a\\') for line in log[:3]] == [False, True, False]
    assert log[2] == 'a debug message'


def test_names_and_outputs_cannot_forge_log_lines(operator, tmp_path):
    subject = operator(
        "import os; os.environ['data'] = 'x\\nerror: forged https://u:s3cr3t@host.example'",
        inputs=[an_input('a\nb', id='a_b'), LOG_LEVEL],
        outputs=[an_output('data', 'File')],
        logging=True,
    )
    done = subject.run('--a_b', '1', '--data', str(tmp_path / 'data'), env={'log_level': 'DEBUG'})
    assert 'parameter a\\nb = "1"\n' in done.stderr
    assert '\nerror: forged' not in done.stderr and 's3cr3t' not in done.stderr


def test_long_values_are_cut(operator):
    env = {'log_level': 'DEBUG'}
    log = logged(operator, '--a', 'x' * 100_000, inputs=[an_input('a')], env=env)
    assert log[0] == 'parameter a = "%s... (100000 characters)"' % ('x' * 2000)
    token = 'https://%s@host.example' % ('s3cr3t' * 500)
    assert logged(operator, '--a', token, inputs=[an_input('a')], env=env)[0].endswith(' "https://***@host.example"')
