"""What the image says by itself: help, and refusals before the script starts."""

import os
import shutil
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir

import pytest

from conftest import HOSTILE, LOCALES, an_input, contract, environment, succeeded

SPEAKING = contract('help.json')
INPUTS, OUTPUTS = SPEAKING['inputs'], SPEAKING['outputs']


@pytest.fixture
def speaking(operator):
    """Make operators whose script takes no arguments of its own."""

    def make(script='cat("ran\\n")', **interface):
        """Declare some inputs and an output."""
        about = {'description': SPEAKING['description'], 'inputs': INPUTS, 'outputs': OUTPUTS}
        return operator(script, **{**about, 'own_arguments': False, **interface})

    return make


@pytest.mark.parametrize('arguments', [['--help'], ['-h'], ['in_path=x', '--help', '--wrong']])
def test_help(speaking, arguments):
    done = speaking().run(*arguments)
    assert succeeded(done) and done.stdout.splitlines() == SPEAKING['help']


@pytest.mark.parametrize('locale', LOCALES)
def test_the_help_shows_any_text(speaking, locale):
    about = 'Größe → 漢字 🎉\nsecond\x1b[2J line "quoted"'
    inputs = [an_input('größe', id='g', default='ü\n"', description=about), an_input('s', secret=True, default='s3cr3t')]
    done = speaking(inputs=inputs, description=about).run('--help', env={'LC_ALL': locale})
    assert succeeded(done) and 's3cr3t' not in done.stdout and '\x1b' not in done.stdout
    assert done.stdout.startswith('x\nGröße → 漢字 🎉\nsecond\\u{1b}[2J line "quoted"\n')
    assert '\n  --g  String, default: ü\\n"\n' in done.stdout and '\n  --s  String, secret\n' in done.stdout


@pytest.mark.parametrize(
    'word, hint',
    [
        ('--num_value', 'did you mean `--num_values`?'),
        ('--num-values', 'did you mean `--num_values`?'),
        ('--mum_vlaues', 'did you mean `--num_values`?'),
        ('--m', '`--help` lists the parameters'),
        ('--Result=x', 'did you mean `--result`?'),
        ('--größe', '`--help` lists the parameters'),
        ('--', None),
    ],
)
@pytest.mark.parametrize('locale', LOCALES)
def test_unknown_words(speaking, word, hint, locale):
    done = speaking().run('--in_path', 'x', '--maybe', 'x', word, '3', env={'LC_ALL': locale})
    name = word[2:].partition('=')[0]
    if hint is None:
        assert succeeded(done) and done.stdout == 'ran\n'
        return
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == f'error: there is no parameter `{name}`\nhint: {hint}\n'


def test_other_words_are_passed_on(speaking):
    words = ['file', 'name=value', '-x', '--', '--wrong', '--help']
    done = speaking('cat(commandArgs(TRUE))').run('--in_path', 'x', '--maybe', 'y', *words)
    assert succeeded(done) and done.stdout == ' '.join(words)


def test_script_with_its_own_command_line_handles_it(speaking):
    done = speaking('cat(commandArgs(TRUE))', own_arguments=True).run('in_path=x', 'maybe=', '--help', '--wrong')
    assert succeeded(done) and done.stdout == '--help --wrong'


def test_input_may_be_named_help(speaking):
    done = speaking('cat(Sys.getenv("help"))', inputs=[an_input('help')]).run('--help', 'me')
    assert succeeded(done) and done.stdout == 'me'


WRONG = {
    'Integer': ['five', '5.5', '1e3', '0x10', '5.', '', ' ', '5 5', '1__0', '_1', '\udcff'],
    'Float': ['five', '1,5', '1.0.0', '0x1F', '1e', 'NA', '.', ' '],
    'Boolean': ['maybe', '2', 'NA', '0.0', ' '],
}


@pytest.mark.parametrize('style', ['argument', 'environment'])
@pytest.mark.parametrize('kind', WRONG)
def test_values_of_the_wrong_type(speaking, kind, style):
    subject = speaking(inputs=[an_input('n', kind, '1')])
    for value in WRONG[kind]:
        done = subject.run(*(['--n=' + value] if style == 'argument' else []), env={'n': value})
        if value == '':
            assert done.stdout == 'ran\n'
            continue
        shown = '\\u{ff}' if value == '\udcff' else value
        article = 'an' if kind == 'Integer' else 'a'
        hint = 'hint: write `true` or `false`\n' if kind == 'Boolean' else ''
        assert (done.returncode, done.stdout) == (2, ''), value
        assert done.stderr == f'error: parameter `n` is {article} {kind}, not `{shown}`\n{hint}'


def test_a_secret_of_the_wrong_type_is_not_shown(speaking):
    done = speaking(inputs=[an_input('pin', 'Integer', secret=True)]).run(env={'pin': 's3cr3t'})
    assert (done.returncode, done.stderr) == (2, 'error: parameter `pin` is an Integer, not what is given\n')


@pytest.mark.parametrize('value', [None, 'null', '{{inputs.parameters.in_path}}'])
def test_missing_input_that_is_always_read(speaking, value):
    done = speaking().run(*([] if value is None else ['--in_path', value]))
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == 'error: a parameter is required: `in_path`\nhint: write `--NAME VALUE`\n'


def test_missing_secrets(speaking):
    secret = an_input('key', secret=True, required='always')
    done = speaking(inputs=[secret]).run()
    assert done.stderr == (
        'error: a parameter is required: `key`\nhint: set `key` in the environment, as secrets are taken from there\n'
    )
    done = speaking(inputs=[secret, *INPUTS]).run()
    assert done.stderr == (
        'error: parameters are required: `key`, `in_path`\n'
        'hint: write `--NAME VALUE`; set `key` in the environment, as secrets are taken from there\n'
    )


def test_missing_input_that_is_sometimes_read(speaking):
    done = speaking().run('--in_path', '')
    assert (done.returncode, done.stdout) == (0, 'ran\n')
    assert done.stderr == 'warning: no value for `maybe`, which the script may need\n'


def test_an_empty_text_is_a_value(speaking):
    done = speaking('cat(nchar(Sys.getenv("in path", NA)))').run(env={'in path': '', 'maybe': ''})
    assert succeeded(done) and done.stdout == '0'


# Any user, any surroundings


def as_nobody(subject, env):
    """Run an operator as a user whom the system doesn't know."""
    if os.geteuid() != 0:
        pytest.skip('only root can become somebody else')
    for folder in (subject.home, *takewhile(lambda folder: folder != Path(gettempdir()), subject.home.parents)):
        folder.chmod(0o755)
    return subject.run(env=env, user=12345, group=0, extra_groups=[])


@pytest.mark.parametrize(
    'before, names', [({}, 'user user'), ({'USER': 'me'}, 'me me'), ({'LOGNAME': 'me'}, 'me me'), ({'USER': ''}, ' ')]
)
def test_user_without_a_name(speaking, before, names):
    subject = speaking('cat(Sys.getenv("USER"), Sys.getenv("LOGNAME"))', inputs=[])
    done = as_nobody(subject, before)
    assert succeeded(done) and done.stdout == (names if before.get('USER') != '' else ' ')


def test_user_with_a_name(speaking):
    done = speaking('cat(Sys.getenv(c("USER", "LOGNAME"), NA))', inputs=[]).run()
    assert succeeded(done) and done.stdout == 'NA NA'


def test_getenv_gives_null_as_documented(speaking):
    script = """
        stopifnot(is.null(Sys.getenv("no", NULL)), is.null(Sys.getenv("no", unset = NULL)), Sys.getenv("p", NULL) == "1")
        stopifnot(identical(Sys.getenv("p"), "1"), identical(Sys.getenv("no", NA), NA_character_))
        stopifnot(identical(Sys.getenv(c("p", "no"), "x"), c(p = "1", no = "x")), nchar(Sys.getenv()[["PATH"]]) > 0)
        stopifnot(inherits(try(Sys.getenv(c("a", "b"), NULL), silent = TRUE), "try-error"))
        stopifnot(identical(Sys.getenv("p", NULL, TRUE), c(p = "1")), bindingIsLocked("Sys.getenv", baseenv()))
        rows <- as.integer(Sys.getenv("rows", NULL)); stopifnot(length(rows) == 0)
        args(Sys.getenv)
    """
    done = speaking(script, inputs=[an_input('p')]).run('--p', '1')
    assert succeeded(done) and done.stdout == 'function (x = NULL, unset = "", names = NA) \nNULL\n'


@pytest.mark.parametrize('shell', ['dash', 'bash', 'busybox'])
@pytest.mark.parametrize('locale', LOCALES)
def test_variables_are_passed_as_set_by_the_engine(speaking, shell, locale):
    """Neither R's own start nor the shell in between alters them."""
    command = ['busybox', 'sh'] if shell == 'busybox' else [shell]
    if not shutil.which(shell):
        pytest.skip('there is no ' + shell)
    values = [text for text in HOSTILE.values() if len(text) < 1000]
    names = ['a', 'args', 'gui', 'debugger', 'SED', 'usage', 'my-var', 'a.b', 'x y', 'größe', 'c3_child', 'c3', 'IFS']
    given = dict(zip(names, values * 2))
    digits = 'digits <- function(text) paste(charToRaw(text), collapse = "")\n'
    script = digits + 'for (name in c("%s")) cat(name, digits(Sys.getenv(name, "unset")), "\\n")' % '", "'.join(names)
    subject = speaking(script, inputs=[an_input(name) for name in names])
    done = subject.finish([*command, str(subject.entry)], {'env': {**given, 'LC_ALL': locale}})
    assert succeeded(done)
    found = dict(line[:-1].rsplit(' ', 1) for line in done.stdout.splitlines())
    assert found == {name: os.fsencode(text).hex() for name, text in given.items()}
    done = subject.finish([*command, str(subject.entry)], {'env': {'LC_ALL': locale}})
    assert {line.split(' ')[-2] for line in done.stdout.splitlines()} == {b'unset'.hex()}


def test_other_variables_are_unchanged(speaking):
    names = ['my-var', 'a.b', 'other', 'BASH_FUNC_f%%']
    script = 'cat(Sys.getenv(c("%s", "C3_PARENT", "R_PROFILE_USER"), "unset"), sep = "|")' % '", "'.join(names)
    done = speaking(script, inputs=[]).run(env={name: 'of ' + name for name in names[:3]})
    assert succeeded(done) and done.stdout == 'of my-var|of a.b|of other|unset|unset|unset'


def test_runs_without_proc(speaking):
    """Where `/proc` can't be read, the variables are those that R sees."""
    subject = speaking('cat(Sys.getenv("p"))', inputs=[an_input('p')])
    command = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh', *subject.command]
    done = subject.finish(command, {'env': {'p': '1'}})
    assert succeeded(done) and done.stdout == '1'


@pytest.mark.parametrize('writable', ['/dev/shm', '/var/tmp', '/mnt', None])
def test_read_only_root(speaking, writable):
    subject = speaking('cat(dirname(tempdir()))', inputs=[])
    script = 'mount --bind / / && mount -o remount,bind,ro / && mount -o remount,bind,ro /dev/shm; '
    if writable:
        script += 'mount -t tmpfs none %s && ' % writable
    script += ('cd /mnt; ' if writable == '/mnt' else 'cd /; ') + 'touch /tmp/x 2>/dev/null && exit 9; exec "$@"'
    command = ['unshare', '--mount', 'sh', '-c', 'mkdir -p /dev/shm; mount -t tmpfs none /dev/shm; ' + script, 'sh']
    done = subject.finish([*command, *subject.command], {})
    if writable:
        assert succeeded(done) and done.stdout == writable
    else:
        assert (done.returncode, done.stdout) == (1, '')
        assert done.stderr == (
            'error: there is no folder that R can write temporary files to\n'
            'hint: mount one, as `docker run --tmpfs /tmp` does, or name one by `TMPDIR`\n'
        )


def test_temporary_folder_of_the_engine(speaking, tmp_path):
    (tmp_path / 'temporary').mkdir()
    env = {'TMPDIR': str(tmp_path / 'temporary')}
    done = speaking('cat(dirname(tempdir()), Sys.getenv("TMPDIR"))', inputs=[]).run(env=env)
    assert done.stdout == '{0} {0}'.format(tmp_path / 'temporary')
    assert environment()['PATH'] and 'TMPDIR' not in environment()
