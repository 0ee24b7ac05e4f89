"""What the image says by itself: help, and refusals before the script starts."""

import pytest

from conftest import an_input, contract, succeeded

SPEAKING = contract('help.json')
INPUTS, OUTPUTS = SPEAKING['inputs'], SPEAKING['outputs']


@pytest.fixture
def speaking(operator):
    """Make operators whose script takes no arguments of its own."""

    def make(script='print("ran")', **interface):
        """Declare some inputs and an output."""
        about = {'description': SPEAKING['description'], 'inputs': INPUTS, 'outputs': OUTPUTS}
        return operator(script, **{**about, 'own_arguments': False, **interface})

    return make


@pytest.mark.parametrize('arguments', [['--help'], ['-h'], ['in_path=x', '--help', '--wrong']])
def test_help(speaking, arguments):
    done = speaking().run(*arguments)
    assert succeeded(done) and done.stdout.splitlines() == SPEAKING['help']


def test_the_help_keeps_secrets(speaking):
    done = speaking(inputs=[an_input('token', secret=True, default='s3cr3t')]).run('--help')
    assert 's3cr3t' not in done.stdout and '--token' in done.stdout


@pytest.mark.parametrize(
    'word, hint',
    [
        ('--num_value', 'did you mean `--num_values`?'),
        ('--num-values', 'did you mean `--num_values`?'),
        ('--m', '`--help` lists the parameters'),
        ('--Result=x', 'did you mean `--result`?'),
    ],
)
def test_unknown_words(speaking, word, hint):
    done = speaking().run('--in_path', 'x', word, '3')
    name = word[2:].partition('=')[0]
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == f'error: there is no parameter `{name}`\nhint: {hint}\n'


def test_other_words_are_passed_on(speaking):
    words = ['file', 'name=value', '-x', '--', '--wrong', '--help']
    done = speaking('import sys; print(sys.argv[1:])').run('--in_path', 'x', '--maybe', 'y', *words)
    assert succeeded(done) and done.stdout == f'{words}\n'


def test_script_with_its_own_command_line_handles_it(speaking):
    done = speaking('import sys; print(sys.argv[1:])', own_arguments=True).run(
        'in_path=x', 'maybe=', '--help', '--wrong'
    )
    assert succeeded(done) and done.stdout == "['--help', '--wrong']\n"


def test_input_may_be_named_help(speaking):
    done = speaking('import os; print(os.environ["help"])', inputs=[an_input('help')]).run('--help', 'me')
    assert succeeded(done) and done.stdout == 'me\n'


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
    done = speaking('import os; print(repr(os.environ["in path"]))').run(env={'in path': '', 'maybe': ''})
    assert succeeded(done) and done.stdout == "''\n"


@pytest.mark.parametrize('set_before', [{}, {'USER': 'me'}, {'LOGNAME': 'me'}])
def test_nameless_user_gets_a_name(operator, set_before):
    import os

    if os.getuid() != 0:
        pytest.skip('needs to become another user')
    subject = operator('import getpass, os; print(getpass.getuser(), os.environ["USER"], os.environ["LOGNAME"])')
    for folder in (subject.folder, *subject.folder.parents[:4]):
        folder.chmod(0o755)
    before = ['setpriv', '--reuid=1000660000', '--regid=0', '--clear-groups']
    process = subject.start(before=before, env=set_before, cwd='/')
    name = 'me' if set_before else 'user'
    assert process.communicate(timeout=60)[0] == f'{name} {name} {name}\n'


def test_named_user_is_unchanged(operator):
    done = operator('import os; print([name for name in ("USER", "LOGNAME") if name in os.environ])').run()
    assert done.stdout == '[]\n'
