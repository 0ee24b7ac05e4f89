"""How arguments and the environment become the variables that the script reads; many at once, as R starts slowly."""

import json
import re
import subprocess

import pytest

from conftest import C3, HOSTILE, LOCALES, NO_INTERFACE, NOT_GIVEN, RUNTIME, an_input, an_output, contract, environment

# Hostile arguments after which those of the operator may follow.
OWN = [text for text in HOSTILE.values() if text != '--' and len(text) < 1000]


def numbered(values, type='String', **more):
    """Declare an input for each value; gives the inputs and the values by their names."""
    named = {'v%d' % number: value for number, value in enumerate(values)}
    return [an_input(name, type, **more) for name in named], named


@pytest.mark.parametrize(
    'arguments',
    [
        ['n=7', '--m', '8'],
        ['--n=7', 'num values=6', '--num values', '7', '--m=8'],
        ['--num values=7', 'm=7', '--m', '8'],
        ['--n', '6', 'n=7', 'n=null', '--m=8', '--m', '{{$}}'],
    ],
)
def test_every_spelling_of_a_parameter(show, arguments):
    inputs = [an_input('num values', id='n'), an_input('m')]
    assert show(inputs, *arguments) == ({'num values': '7', 'm': '8'}, [])


def test_arguments_take_precedence_over_variables(show):
    variables = {'p': '1', 'b': '2', 'c': '3'}
    assert show([an_input('p'), an_input('b')], '--b', '4', env=variables) == ({'p': '1', 'b': '4'}, [])


def test_names_reserved_by_the_r_front_end(show):
    """The shell script `R` overwrites these in the environment, with the prelude or without."""
    names = ['a', 'args', 'gui', 'usage', 'debugger', 'libnn', 'run_arch', 'error', 'R_ARCH']
    assert show(list(map(an_input, names)), *[name + '=1' for name in names]) == (dict.fromkeys(names, '1'), [])


def test_ids_take_precedence_over_names_and_inputs_over_outputs(show):
    inputs, outputs = [an_input('a', id='b'), an_input('c')], [an_output('b', id='x'), an_output('c', id='y')]
    assert show(inputs, '--b', '1', '--c', '2', outputs=outputs) == ({'a': '1', 'c': '2'}, [])


def test_remaining_arguments_are_passed_in_order(show):
    own = ['file', '--flag', '-x', 'q=1', '--b=2', '=', '', '-a=1', 'a', '-', 'Ä=ö', '--', 'a=2', '--a', '3', '']
    assert show([an_input('a')], '-v', 'a=1', *own) == ({'a': '1'}, ['-v', *own])


@pytest.mark.parametrize('own', [[], [''], ['', 'a'], ['--args', 'b'], ['-e', 'cat(1)', '-f', 'x'], OWN])
def test_command_line_matches_plain_r(operator, own):
    subject = operator('print(commandArgs()); print(commandArgs(TRUE)); args(commandArgs)', inputs=[an_input('q')])
    assert subject.run(*own[:1], '--q', '-g', *own[1:], 'q=').stdout == subject.run_plainly(*own).stdout


def test_idioms_for_the_script_s_path(operator):
    subject = operator("""
        path <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
        cat(path, basename(normalizePath(path)), sys.nframe() == 0L, interactive())
    """)
    assert subject.run('a').stdout == '%s x.R TRUE FALSE' % subject.script


@pytest.mark.parametrize('locale', LOCALES)
@pytest.mark.parametrize('style', ['apart', 'joined', 'bare', 'environment'])
def test_values_are_passed_byte_for_byte(show, locale, style):
    inputs, values = numbered(HOSTILE.values())
    spellings = {
        'apart': lambda name, value: ['--' + name, value],
        'joined': lambda name, value: ['--%s=%s' % (name, value)],
        'bare': lambda name, value: ['%s=%s' % (name, value)],
        'environment': lambda name, value: [],
    }
    arguments = [word for name, value in values.items() for word in spellings[style](name, value)]
    env = {'LC_ALL': locale, **(values if style == 'environment' else {})}
    assert show(inputs, *arguments, env=env) == (values, [])


@pytest.mark.parametrize('locale', LOCALES)
def test_script_arguments_are_passed_byte_for_byte(show, locale):
    own = [*HOSTILE.values()]
    own.append(own.pop(own.index('--')))
    assert show([an_input('p')], '--p', '1', *own, env={'LC_ALL': locale}) == ({'p': '1'}, own)


@pytest.mark.parametrize('locale', LOCALES)
def test_names_may_hold_any_character(show, locale):
    names = ['Größe', '漢字', '🎉x', '🎉1', 'a b', """q"'`\\""", 'tab\tline\n', r'\n', '%s', '$x', '--x', 'ä0']
    inputs = [an_input(name, id='i%d' % number) for number, name in enumerate(names)]
    arguments = [word for name in names for word in ('--' + name, 'ö ' + name)]
    assert show(inputs, *arguments, env={'LC_ALL': locale})[0] == {name: 'ö ' + name for name in names}


def test_values_are_never_evaluated(show, tmp_path):
    codes = ['system("touch pwned")', '`file.create`("pwned")', '$(touch pwned)', '; touch pwned;', '\\"); q("']
    inputs, values = numbered(codes)
    assert show(inputs, *['--%s=%s' % pair for pair in values.items()])[0] == values
    assert list((tmp_path / 'work').iterdir()) == []


@pytest.mark.parametrize('kind', ['String', 'Float'])
def test_missing_value(operator, kind):
    done = operator('print("ran")', inputs=[an_input('num values', kind, id='n')]).run('--n')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == 'error: parameter `n` has no value\nhint: write `--n VALUE`\n'


@pytest.mark.parametrize(
    'arguments, flags, own',
    [
        (['--f', '--g'], 'TT', []),
        (['--f', '--other', '--g', '--', 'x'], 'TT', ['--other', '--', 'x']),
        (['--f', 'no', 'x', '--g=0'], 'FF', ['x']),
        (['--f', '-x', '--g', 'file.txt'], 'TT', ['-x', 'file.txt']),
        (['--f', 'OFF', '--g', b'\xff'.decode('utf-8', 'surrogateescape')], 'FT', ['\udcff']),
        (['--f', 'null', '--g', ''], '', []),
    ],
)
def test_boolean_on_the_command_line(show, arguments, flags, own):
    expected = {name: {'T': 'TRUE', 'F': 'FALSE'}[flag] for name, flag in zip('fg', flags)}
    assert show([an_input('f', 'Boolean'), an_input('g', 'Boolean')], *arguments) == (expected, own)


TRUTH = contract('truth.json')


def cases(word):
    """Give the spellings of a word, each once."""
    return sorted({word, word.capitalize(), word.upper()})


BOOLEANS = {
    **{text: 'TRUE' for word in TRUTH['true'] for text in cases(word)},
    **{text: 'FALSE' for word in TRUTH['false'] for text in cases(word)},
    ' true\n': 'TRUE',
}


@pytest.mark.parametrize('style', ['argument', 'environment'])
def test_booleans(show, style):
    inputs, values = numbered(BOOLEANS, 'Boolean')
    arguments = ['--%s=%s' % pair for pair in values.items()] if style == 'argument' else []
    variables = show(inputs, *arguments, env=values if style == 'environment' else {})[0]
    assert variables == {name: BOOLEANS[value] for name, value in values.items()}


def test_as_logical_works_on_boolean_values(operator):
    subject = operator(
        'for (name in c("a", "b", "c", "d")) cat(as.logical(Sys.getenv(name, "FALSE")), "")',
        inputs=[an_input(name, 'Boolean', default='FALSE') for name in 'abcd'],
    )
    assert subject.run('--a', '--b', 'no', 'c=1').stdout == 'TRUE FALSE TRUE FALSE '


@pytest.mark.parametrize('style', ['argument', 'environment'])
@pytest.mark.parametrize('kind', ['String', 'Integer', 'Float', 'Boolean', 'File'])
def test_not_given(show, kind, style):
    inputs, values = numbered([*NOT_GIVEN, ''], kind, default='1')
    arguments = ['--%s=%s' % pair for pair in values.items()] if style == 'argument' else []
    empty = list(values)[-1]
    expected = {empty: ''} if kind in ('String', 'File') else {}
    assert show(inputs, *arguments, env=values if style == 'environment' else {})[0] == expected


def test_omitted_value_keeps_the_secret_of_the_cluster(show):
    inputs, values = numbered(NOT_GIVEN, secret=True)
    secrets = dict.fromkeys(values, 's3cr3t')
    assert show(inputs, *['--%s=%s' % pair for pair in values.items()], env=secrets)[0] == secrets


def test_values_similar_to_not_given_are_values(show):
    inputs, values = numbered(['nullable', 'NULL', 'NA', '{{a', 'a}}', '{}', '{{a}} {{b}}', 'x{{a}}', '{{a}}\n'])
    assert show(inputs, *['--%s=%s' % pair for pair in values.items()])[0] == values


NUMBERS = {
    'Integer': {'5.0': '5', '-5.000': '-5', '+5.0': '+5', '5': '5', ' 007 ': ' 007 ', '1_000': '1000', '1_0.0': '10'},
    'Float': {
        **{text: text for text in ('5', '5.0', '.5', '5.', '-1e-3', '+2E+8', ' 1 ', 'inf', '-Infinity', 'NaN')},
        '1_000.5': '1000.5',
    },
}


@pytest.mark.parametrize('kind', NUMBERS)
def test_numbers(show, kind):
    inputs, values = numbered(NUMBERS[kind], kind)
    variables = show(inputs, *['--%s=%s' % pair for pair in values.items()])[0]
    assert variables == {name: NUMBERS[kind][value] for name, value in values.items()}


def test_engine_settings_are_hidden_from_the_script(operator):
    subject = operator('Sys.getenv("C3_UNSET_OUTPUTS", NA)')
    assert subject.run(env={'C3_UNSET_OUTPUTS': 'skip'}).stdout == '[1] NA\n'


def test_defaults_may_hold_any_character(operator):
    default = '🎉"\\\n\'}} {{'
    subject = operator('Sys.getenv("a", NA)', inputs=[an_input('a', default=default), an_input('b', default=None)])
    assert subject.run().stdout == '[1] NA\n'


def test_optparse_like_parser(operator):
    """What optparse and docopt do: look at the arguments alone, and end with `quit` for `--help`."""
    subject = operator(
        """
        parse <- function(args = commandArgs(trailingOnly = TRUE)) {
          if ("--help" %in% args) { cat("usage\\n"); quit(status = 0) }
          if ("--wrong" %in% args) { message("Error: unknown"); quit(status = 2) }
          args
        }
        cat(parse(), sep = "|")
        """,
        inputs=[an_input('a')],
    )
    assert subject.run('--own', '3', '--a', '5', './more').stdout == '--own|3|./more'
    for arguments in (['--help'], ['--wrong']):
        done, plain = subject.run(*arguments), subject.run_plainly(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)


def test_options_of_the_script(operator):
    def argument(name, option, negative=None, flag=False, **more):
        how = {'option': option, 'negative': negative, 'flag': flag, 'takes': 'value'}
        return {**an_input(name, **more), 'via': 'argument', 'argument': how}

    inputs = [
        argument('n', '--n', type='Integer', default='5'),
        argument('text', '--text'),
        argument('dry_run', '--dry-run', type='Boolean', default='FALSE', flag=True),
        argument('plain', None, '--fancy', type='Boolean', default='TRUE', flag=True),
        argument('strict', '--strict', type='Boolean', default='TRUE'),
        an_input('variable'),
    ]
    subject = operator('cat(paste(c(commandArgs(TRUE), Sys.getenv(c("n", "text", "variable"))), collapse = "|"))', inputs=inputs)
    assert subject.run().stdout == '||'
    assert subject.run(env={'n': '5', 'dry_run': 'no', 'plain': 'true', 'variable': 'v'}).stdout == '||v'
    given = ['--n', '6', '--text=-e x', '--dry_run', '--plain=false', '--strict=no', 'own']
    wanted = '--n=6|--text=-e x|--dry-run|--fancy|--strict=FALSE|own|||'
    assert subject.run(*given).stdout == wanted
    done = operator('cat(1)', inputs=[inputs[2] | {'default': 'TRUE'}]).run('dry_run=false')
    assert (done.returncode, done.stdout) == (2, '')
    assert 'error: parameter `dry_run` cannot be false: the script has no option for that' in done.stderr


def test_interface_keys_match_the_contract():
    keys = contract('interface.json')
    of_r = set(keys['interface']) - {*keys['of_notebooks'], 'source'}
    read = ''.join(path.read_text(encoding='utf-8') for path in RUNTIME.glob('*.R'))
    assert set(re.findall(r'interface\$(\w+)', read)) == of_r
    of_parameters = {key for key in [*keys['input'], *keys['output']] if re.search(rf'\w\${key}\b|"{key}"', read)}
    assert of_parameters == {*keys['input'], *keys['output']}
    assert set(re.findall(r'\bhow\$(\w+)', read)) == set(keys['argument']) - {'takes'}
    assert (set(an_input('x')), set(an_output('x'))) == (set(keys['input']), set(keys['output']))
    assert {*NO_INTERFACE, 'script'} == of_r


# Notebooks as c3 reads them


@pytest.fixture
def notebook(tmp_path):
    """Compile a notebook whose first cell has parameters, and run it with values."""

    def run(parameters, cell, *values, tags=()):
        """Have c3 make an operator of the two cells, and run that."""
        cells = [
            {'cell_type': 'code', 'metadata': {'tags': tags}, 'source': source, 'outputs': [], 'execution_count': None}
            for source, tags in ((parameters, ['parameters']), (cell, list(tags)))
        ]
        metadata = {'kernelspec': {'name': 'ir', 'language': 'R', 'display_name': 'R'}}
        book = {'cells': cells, 'metadata': metadata, 'nbformat': 4, 'nbformat_minor': 4}
        (tmp_path / 'book.ipynb').write_text(json.dumps(book))
        command = [C3, 'create-operator', '--no-build', '--keep-generated-files', '-r', 'example.org/x', 'book.ipynb']
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        folder = tmp_path / 'book.context' / 'operator'
        program = ['sh', str(folder / 'claimed_book.R'), *values]
        return subprocess.run(program, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60)

    return run


@pytest.mark.parametrize(
    'literal, value, shown',
    [
        ('NULL', None, 'NULL'),
        ('NULL', '5', '5L'),
        ('NULL', '0.5', '0.5'),
        ('NULL', '007', '"007"'),
        ('NA', 'x', '"x"'),
        ('NA_real_', '5', '5'),
        ('NA_character_', '5', '"5"'),
        ('T', 'no', 'FALSE'),
        ('y <- 5L', '6', '6L'),
        ('c("a", "b")', None, 'c("a", "b")'),
        ('c("a", "b")', r'["c", "d\"\\\/\u00e4,[", null]', r'c("c", "d\"\\/ä,[", NA)'),
        ('c("a", "b")', '[]', 'character(0)'),
        ('c(1L, 2L)', '[3.0, 4]', '3:4'),
        ('c(0.5, 2)', '[3, 4.5]', 'c(3, 4.5)'),
        ('c(TRUE, NA)', '[false, true]', 'c(FALSE, TRUE)'),
    ],
)
def test_parameters_of_a_notebook_have_the_type_of_their_value(notebook, literal, value, shown):
    values = [] if value is None else ['--x=' + value]
    done = notebook(f'x <- {literal}', 'cat(deparse(x)); stopifnot(!length(ls(all.names = TRUE, pattern = "c3")))', *values)
    assert (done.returncode, done.stdout) == (0, shown), done.stderr


@pytest.mark.parametrize('value', ['["a"', 'a', '{}', '[1] + 2'])
def test_lists_are_json(notebook, value):
    done = notebook('x <- c("a")', 'print(x)', '--x=' + value)
    assert (done.returncode, done.stdout) == (2, '')
    assert 'parameter `x` is a List, not' in done.stderr


def test_lists_are_flat(notebook):
    done = notebook('x <- c("a")', 'print(x)', '--x=[["b"]]')
    assert done.returncode == 1 and 'parameter `x` is no flat list' in done.stderr


def test_a_cell_that_may_fail(notebook):
    cell = 'x + 1\ny <- 2\nstop("no")\ny <- 3'
    done = notebook('x <- 5', cell, tags=['raises-exception'])
    assert (done.returncode, done.stdout, done.stderr) == (0, '[1] 6\n', 'Error: no\n')
    assert notebook('x <- 5', 'stop("no")', tags=['skip-execution']).returncode == 0
    assert notebook('x <- 5', 'stop("no")').returncode == 1
