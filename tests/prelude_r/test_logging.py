"""What is logged, and what never is."""

import re

import pytest

from conftest import HOSTILE, LOCALES, LOG_LEVEL, an_input, an_output, contract

PLAIN = [value for kind, value in HOSTILE.items() if kind not in ('lines', 'bytes', 'long')]


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


@pytest.mark.parametrize('level, shown', [('loud', 'loud'), ('\udcff', '\\u{ff}'), ('', ''), ('a\nb', 'a\\nb')])
def test_unknown_log_level(operator, level, shown):
    log = logged(operator, '--p', '1', inputs=[an_input('p')], env={'log_level': level})
    assert log == ['warning: unknown log level `%s`, using `INFO`' % shown, 'root - INFO - Parameter: p = "1"']


@pytest.mark.parametrize('locale', LOCALES)
def test_values_are_shown_as_c3_shows_them(operator, locale):
    cases = [*contract('userinfo.json')['shown'], *((value, value) for value in PLAIN)]
    done = operator('', inputs=[an_input('größe'), LOG_LEVEL], logging=True).run(
        *['größe=' + text for text, _ in cases], env={'LC_ALL': locale}
    )
    lines = [line.partition(' INFO - Parameter: größe = ')[2] for line in done.stderr.splitlines()]
    assert lines == [f'"{shown}"' for _, shown in cases]


@pytest.mark.parametrize('locale', LOCALES)
def test_no_value_forges_a_line(operator, locale):
    forged = 'a\n2026-01-01 00:00:00,000 - root - INFO - Parameter: b = "forged"'
    values = [forged, 'a\r\x1b[2K', 'a\x85b\u2028c', '\udcff\udc9b']
    done = operator('', inputs=[an_input('a\nb', id='a'), LOG_LEVEL], logging=True).run(
        *['--a=' + value for value in values], env={'LC_ALL': locale}
    )
    lines = done.stderr.splitlines()
    assert len(lines) == len(values) and all(' - INFO - Parameter: a\\nb = "' in line for line in lines)
    assert lines[-1].endswith(' = "\\u{ff}\\u{9b}"')


def test_long_values_are_cut(operator):
    log = logged(operator, '--a', 'x' * 100_000, inputs=[an_input('a')])
    assert log == ['root - INFO - Parameter: a = "%s... (100000 bytes)"' % ('x' * 2000)]
    token = 'https://%s@host.example' % ('s3cr3t' * 500)
    assert logged(operator, '--a', token, inputs=[an_input('a')])[0].endswith(' "https://***@host.example"')


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
