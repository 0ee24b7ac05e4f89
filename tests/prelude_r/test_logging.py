"""What is logged, and what never is."""

import pytest

from conftest import HOSTILE, LOCALES, LOG_LEVEL, an_input, an_output, contract

PLAIN = [value for kind, value in HOSTILE.items() if kind not in ('lines', 'bytes', 'long')]


def logged(operator, *arguments, inputs=(), **options):
    """Run an operator with logging, and give what it tells."""
    done = operator('invisible()', inputs=[*inputs, LOG_LEVEL], logging=True).run(*arguments, **options)
    assert (done.returncode, done.stdout) == (0, '')
    return done.stderr.splitlines()


LOGGED = ['parameter b = "two words"', 'parameter p = "%s ""']


@pytest.mark.parametrize(
    'level, count',
    [('DEBUG', 2), (' Debug\n', 2), ('10', 2), ('11', 0), ('INFO', 0), ('error', 0), ('CRITICAL', 0), ('null', 0)],
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
    subject = operator('', inputs=[an_input('p'), an_input('log_level', default='DEBUG')], logging=True)
    assert subject.run('--p', '1').stderr == 'parameter p = "1"\n'
    assert subject.run('--p', '1', '--log_level', 'INFO').stderr == ''


@pytest.mark.parametrize('level, shown', [('loud', 'loud'), ('\udcff', '\\u{ff}'), ('', ''), ('a\nb', 'a\\nb')])
def test_unknown_log_level(operator, level, shown):
    log = logged(operator, '--p', '1', inputs=[an_input('p')], env={'log_level': level})
    assert log == ['warning: unknown log level `%s`, using `INFO`' % shown]


@pytest.mark.parametrize('locale', LOCALES)
def test_values_are_displayed_as_by_c3(operator, locale):
    cases = [*contract('userinfo.json')['shown'], *((value, value) for value in PLAIN)]
    done = operator('', inputs=[an_input('größe'), LOG_LEVEL], logging=True).run(
        *['größe=' + text for text, _ in cases], env={'LC_ALL': locale, 'log_level': 'DEBUG'}
    )
    lines = [line.partition('parameter größe = ')[2] for line in done.stderr.splitlines()]
    assert lines == [f'"{shown}"' for _, shown in cases]


@pytest.mark.parametrize('locale', LOCALES)
def test_values_cannot_forge_log_lines(operator, locale):
    forged = 'a\nparameter b = "forged"'
    values = [forged, 'a\r\x1b[2K', 'a\x85b\u2028c', '\udcff\udc9b']
    done = operator('', inputs=[an_input('a\nb', id='a'), LOG_LEVEL], logging=True).run(
        *['--a=' + value for value in values], env={'LC_ALL': locale, 'log_level': 'DEBUG'}
    )
    lines = done.stderr.splitlines()
    assert len(lines) == len(values) and all(line.startswith('parameter a\\nb = "') for line in lines)
    assert lines[-1].endswith(' = "\\u{ff}\\u{9b}"')


def test_long_values_are_cut(operator):
    debug = {'env': {'log_level': 'DEBUG'}, 'inputs': [an_input('a')]}
    assert logged(operator, '--a', 'x' * 100_000, **debug) == ['parameter a = "%s... (100000 bytes)"' % ('x' * 2000)]
    token = 'https://%s@host.example' % ('s3cr3t' * 500)
    assert logged(operator, '--a', token, **debug)[0].endswith(' "https://***@host.example"')


def test_without_logging_nothing_is_logged(operator):
    assert operator('', inputs=[an_input('p')]).run('--p', '1', env={'log_level': 'DEBUG'}).stderr == ''


@pytest.mark.parametrize('level', ['DEBUG', 'ERROR', 's3cr3t-level'])
@pytest.mark.parametrize(
    'arguments', [['--token', 's3cr3t'], ['token=s3cr3t', '--key=s3cr3t'], ['--token', 's3cr3t', '--n'], []]
)
def test_secrets_are_never_shown(operator, tmp_path, level, arguments):
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
    assert ('parameter token = ***' in done.stderr) == (
        bool(arguments) and '--n' not in arguments and level == 'DEBUG'
    )
