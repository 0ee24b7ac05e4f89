"""How arguments and the environment become the variables that the script reads."""

import os
import re

import pytest

from conftest import HOSTILE, NO_INTERFACE, NOT_GIVEN, PACKAGE, an_input, an_output, contract


@pytest.mark.parametrize(
    'arguments',
    [
        ['n=7'],
        ['--n', '7'],
        ['--n=7'],
        ['num values=7'],
        ['--num values', '7'],
        ['--num values=7'],
        ['--n', '6', 'n=7'],
        ['n=7', '--n', 'null'],
    ],
)
def test_every_spelling_of_a_parameter(show, arguments):
    assert show([an_input('num values', id='n')], *arguments) == ({'num values': '7'}, [])


def test_environment(show):
    assert show([an_input('a'), an_input('b')], env={'a': '1', 'c': '3'}) == ({'a': '1'}, [])


def test_arguments_take_precedence_over_the_environment(show):
    assert show([an_input('a')], '--a', '2', env={'a': '1'})[0] == {'a': '2'}


def test_remaining_arguments_are_passed_in_order(show):
    own = ['file', '--flag', '-x', 'q=1', '--b=2', '=', '', '-a=1', '--', 'a=2', '--a', '3']
    assert show([an_input('a')], '-v', 'a=1', *own) == ({'a': '1'}, ['-v', *own])


def test_script_may_have_its_own_argparse(operator):
    subject = operator(
        '''
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument('--own', type=int)
        parser.add_argument('rest', nargs='*')
        print(parser.parse_args())
    ''',
        inputs=[an_input('a')],
    )
    assert subject.run('--own', '3', '--a', '5', './more').stdout == "Namespace(own=3, rest=['./more'])\n"
    for arguments in (['--help'], ['--wrong']):
        done, plain = subject.run(*arguments), subject.run_plainly(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)


@pytest.mark.parametrize('value', HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize('style', ['apart', 'joined', 'bare', 'environment'])
def test_values_are_passed_byte_for_byte(operator, tmp_path, value, style):
    arguments = {'apart': ['--a', value], 'joined': ['--a=' + value], 'bare': ['a=' + value]}.get(style, [])
    subject = operator(
        '''
        import os
        open('value', 'wb').write(os.environb[b'a'])
    ''',
        inputs=[an_input('a')],
    )
    done = subject.run(*arguments, env={'a': value} if style == 'environment' else {})
    assert (done.returncode, done.stderr) == (0, '')
    assert (subject.home / 'value').read_bytes() == os.fsencode(value)


@pytest.mark.parametrize('kind', ['String', 'Integer', 'Float', 'Dataset'])
def test_missing_value(operator, kind):
    subject = operator('print("ran")', inputs=[an_input('num values', kind, id='n')])
    done = subject.run('--n')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == 'error: parameter `n` has no value\nhint: write `--n VALUE`\n'


@pytest.mark.parametrize(
    'arguments, value, own',
    [
        (['--flag'], 'True', []),
        (['--flag', '--other'], 'True', ['--other']),
        (['--flag', '--', 'x'], 'True', ['--', 'x']),
        (['--flag', 'no', 'x'], '', ['x']),
        (['--flag=0'], '', []),
        (['--flag', '-x'], 'True', ['-x']),
        (['--flag', 'file.txt'], 'True', ['file.txt']),
    ],
)
def test_boolean_on_the_command_line(show, arguments, value, own):
    assert show([an_input('flag', 'Boolean')], *arguments) == ({'flag': value}, own)


TRUTH = contract('truth.json')


def cases(word):
    """Give the spellings of a word, each once."""
    return sorted({word, word.capitalize(), word.upper()})


@pytest.mark.parametrize(
    'text, value',
    [
        *[(text, 'True') for word in TRUTH['true'] for text in cases(word)],
        *[(text, '') for word in TRUTH['false'] for text in cases(word)],
    ],
)
@pytest.mark.parametrize('style', ['argument', 'environment', 'default'])
def test_booleans(show, text, value, style):
    flag = an_input('flag', 'Boolean', default=text if style == 'default' else None)
    arguments = [f'--flag={text}'] if style == 'argument' else []
    assert show([flag], *arguments, env={'flag': text} if style == 'environment' else {})[0] == {'flag': value}


@pytest.mark.parametrize('text', TRUTH['neither'])
@pytest.mark.parametrize('style', ['argument', 'environment'])
def test_invalid_booleans_are_rejected(operator, text, style):
    subject = operator('print("ran")', inputs=[an_input('flag', 'Boolean')])
    arguments = [f'--flag={text}'] if style == 'argument' else []
    done = subject.run(*arguments, env={'flag': text} if style == 'environment' else {})
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith('error: parameter `flag` is a Boolean, not `')
    assert done.stderr.endswith('hint: write `true` or `false`\n')


def test_false_default_is_false_to_the_script(operator):
    subject = operator(
        'import os; print(bool(os.getenv("flag", "False")))', inputs=[an_input('flag', 'Boolean', default='False')]
    )
    assert subject.run().stdout == 'False\n'


@pytest.mark.parametrize('kind', ['String', 'Integer', 'Float', 'Boolean', 'File'])
@pytest.mark.parametrize('value', [*NOT_GIVEN, ''])
def test_not_given(show, kind, value):
    expected = {'a': ''} if value == '' and kind in ('String', 'File') else {}
    assert show([an_input('a', kind)], '--a=' + value)[0] == expected
    assert show([an_input('a', kind)], env={'a': value})[0] == expected


@pytest.mark.parametrize('value', NOT_GIVEN)
def test_omitted_value_keeps_the_secret_of_the_cluster(show, value):
    assert show([an_input('token', secret=True)], '--token', value, env={'token': 's3cr3t'})[0] == {'token': 's3cr3t'}
    assert show([an_input('token', secret=True)], '--token=', env={'token': 's3cr3t'})[0] == {'token': 's3cr3t'}


@pytest.mark.parametrize('value', ['nullable', 'NULL', '{{a', 'a}}', '{}', '{{a}} {{b}}', 'x{{a}}'])
def test_values_similar_to_not_given_are_values(show, value):
    assert show([an_input('a')], '--a', value)[0] == {'a': value}


@pytest.mark.parametrize(
    'text, value',
    [
        ('5.0', '5'),
        ('-5.000', '-5'),
        ('+5.0', '+5'),
        ('5', '5'),
        ('1_000', '1_000'),
        (' 5 ', ' 5 '),
    ],
)
def test_integers(show, text, value):
    assert show([an_input('a', 'Integer')], '--a', text)[0] == {'a': value}
    assert show([an_input('a', 'Float')], '--a', text)[0] == {'a': text}


@pytest.mark.parametrize('kind, article', [('Integer', 'an'), ('Float', 'a')])
@pytest.mark.parametrize('text', ['five', '1.0.0', '5,5', '0x10', ' '])
@pytest.mark.parametrize('secret', [False, True])
def test_invalid_numbers_are_rejected(operator, kind, article, text, secret):
    subject = operator('print("ran")', inputs=[an_input('num values', kind, id='n', secret=secret)])
    for done in (subject.run('--n', text), subject.run(env={'num values': text})):
        told = 'what is given' if secret else f'`{text}`'
        assert (done.returncode, done.stdout) == (2, '')
        assert done.stderr == f'error: parameter `n` is {article} {kind}, not {told}\n'


@pytest.mark.parametrize('text', ['5.5', '5.', '.0', '1e3'])
def test_invalid_integers_are_rejected(operator, text):
    done = operator('', inputs=[an_input('a', 'Integer')]).run('--a', text)
    assert done.returncode == 2


def test_engine_settings_are_hidden_from_the_script(operator):
    subject = operator('import os; print(os.getenv("C3_UNSET_OUTPUTS"))')
    assert subject.run(env={'C3_UNSET_OUTPUTS': 'skip'}).stdout == 'None\n'


def test_interface_keys_match_the_contract():
    keys = contract('interface.json')
    modules = (path.read_text(encoding='utf-8') for path in PACKAGE.glob('*.py') if path.stem != 'kinds')
    read = ''.join(modules)
    assert set(re.findall(r"INTERFACE\[['\"](\w+)['\"]\]", read)) == set(keys['interface'])
    of_parameters = {key for key in [*keys['input'], *keys['output']] if re.search(rf"\w\['{key}'\]|'{key}'", read)}
    assert of_parameters | {'via'} == {*keys['input'], *keys['output']}  # there is one way only, as yet
    assert (set(an_input('x')), set(an_output('x'))) == (set(keys['input']), set(keys['output']))
    assert {*NO_INTERFACE, 'script'} == set(keys['interface'])
