"""Inputs that the script takes from its own command line: through every way that values come by."""

import ast
import json
import os
import subprocess
import sys

import pytest
from conftest import C3, HOSTILE, NOT_GIVEN, an_input, environment, succeeded

yaml = pytest.importorskip('yaml')

TRAINING = '''"""Trains a model."""
import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument('data')
parser.add_argument('target', nargs='?', default='out')
parser.add_argument('-l', '--learning-rate', type=float, default=1)
parser.add_argument('--epochs', type=int, default=5)
parser.add_argument('--mode', choices=['fast', 'slow'], default='fast')
parser.add_argument('--seed', default=7)
parser.add_argument('--comment')
parser.add_argument('--strict', type=bool, default=True)
parser.add_argument('--verbose', action='store_true')
parser.add_argument('--no-cache', dest='cache', action='store_false')
parser.add_argument('--shuffle', action='store_true')
parser.add_argument('--no-shuffle', dest='shuffle', action='store_false')
parser.add_argument('--api-token', default='')
args = parser.parse_args()
print({**vars(args), 'variable': os.getenv('variable', 'v'), 'left': sorted(set(vars(args)) & set(os.environ))})
'''

DEFAULTS = {
    'data': 'd.csv',
    'target': 'out',
    'learning_rate': 1,
    'epochs': 5,
    'mode': 'fast',
    'seed': 7,
    'comment': None,
    'strict': True,
    'verbose': False,
    'cache': True,
    'shuffle': False,
    'api_token': '',
    'variable': 'v',
    'left': [],
}

CHANGED = {
    'target': '-t',
    'learning_rate': 0.25,
    'epochs': -3,
    'mode': 'slow',
    'seed': '8',
    'comment': '--epochs 9',
    'strict': False,
    'verbose': True,
    'cache': False,
    'shuffle': True,
    'api_token': 't0ken',
}

GIVEN = {name: str(value) for name, value in CHANGED.items()}


def argument(name, option=None, negative=None, flag=False, takes='value', **more):
    """Declare an input that the script takes from its command line."""
    how = {'option': option, 'negative': negative, 'flag': flag, 'takes': takes}
    return an_input(name, via='argument', argument=how, **more)


X, FLAG = argument('x', '--x'), argument('f', '--f', type='Boolean', default='False', flag=True)
A, B = argument('a', required='always'), argument('b')


@pytest.fixture
def words(operator):
    """Give the words that a script gets: `words(inputs, *arguments, env=…)`."""

    def run(inputs, *arguments, **options):
        """Run a script that tells them."""
        names = [parameter['name'] for parameter in inputs]
        script = f'import os, sys; print([sys.argv[1:], [name for name in {names} if name in os.environ]])'
        done = operator(script, inputs=inputs).run(*arguments, **options)
        assert succeeded(done), done.stderr
        found, left = ast.literal_eval(done.stdout)
        assert left == []  # in the environment
        return found

    return run


@pytest.mark.parametrize('value', [value for key, value in HOSTILE.items() if key != 'braces'])
def test_values_are_passed_byte_for_byte(words, value):
    dashed = value.startswith('-')
    assert words([X], env={'x': value} if len(value) < 1000 else {}, *([] if len(value) < 1000 else ['--x', value])) == (
        [f'--x={value}'] if dashed else ['--x', value]
    )
    assert words([A], f'a={value}') == (['--', value] if dashed else [value])


@pytest.mark.parametrize('value', NOT_GIVEN)
def test_omitted_values_add_no_arguments(words, value):
    assert words([X, FLAG, B], f'x={value}', f'b={value}', env={'f': value}) == []


def test_defaults_are_left_to_the_script(words):
    inputs = [
        argument('i', '--i', type='Integer', default='5'),
        argument('r', '--r', type='Float', default='1e-05'),
        argument('b', '--b', type='Boolean', default='True'),
        argument('s', '--s', default='5'),
        FLAG,
    ]
    assert words(inputs, env={'i': '5', 'r': '0.00001', 'b': 'true', 's': '5', 'f': 'no'}) == []
    assert words(inputs, 'i=5.0', 'r=2', 'b=no', 's=5.0', '--f') == ['--r', '2', '--b', '', '--s', '5.0', '--f']


def test_lists_are_passed_as_the_script_expects(words):
    row = argument('r', '--r', takes='row', type='List', default='[1, 2]')
    each = argument('e', '--e', takes='each', type='List')
    assert words([row, each], 'r=[1.0, 2]', 'e=["a", 1.0, 0.5, true]') == ['--e', 'a', '--e', '1', '--e', '0.5', '--e', 'True']
    assert words([row, A, each], 'r=[3.0, -4]', 'a=x', 'e=["-y"]') == ['--e=-y', 'x', '--r', '3', '-4']
    assert words([row, A], 'r=["a b", ""]', 'a=-x') == ['--r', 'a b', '', '--', '-x']
    assert words([row, A], 'r=["-a"]', 'a=x', '--', 'y') == ['x', '--r=-a', '--', 'y']
    assert words([row], 'r=[]') == ['--r']
    assert words([A, argument('b', takes='row', type='List', default='[]')], 'a=1', 'b=["2", "3"]') == ['1', '2', '3']


def test_words_and_counts(words):
    inputs = [argument('w', '--w', takes='word', type='Boolean'), argument('c', '-c', takes='count', type='Integer')]
    assert words(inputs, 'w=no', 'c=2') == ['--w', 'false', '-c', '-c']
    assert words(inputs, 'w=yes', 'c=0') == ['--w', 'true']
    assert words([argument('s', '-s')], 's=-1') == ['-s-1']


@pytest.mark.parametrize(
    'how, value, message',
    [
        ({'takes': 'row', 'type': 'List'}, '["a", "-b"]', '`-b` of parameter `x` would be taken for an option'),
        ({'takes': 'each', 'type': 'List'}, '[]', 'parameter `x` cannot be empty'),
        ({'takes': 'count', 'type': 'Integer'}, '100', 'parameter `x` is from 0 to 99'),
    ],
)
def test_values_without_a_matching_option_are_rejected(operator, how, value, message):
    done = operator('print(1)', inputs=[argument('x', '--x', **how)]).run(f'x={value}')
    assert (done.returncode, done.stdout) == (2, '') and f'error: {message}' in done.stderr


@pytest.mark.parametrize(
    'parameter, value, found',
    [
        (FLAG, 'true', ['--f']),
        (argument('f', None, '--no-f', type='Boolean', default='True', flag=True), 'false', ['--no-f']),
        (argument('f', None, '--no-f', type='Boolean', default='True', flag=True), 'true', []),
        (argument('f', '--f', '--no-f', type='Boolean', flag=True), 'false', ['--no-f']),
        (argument('f', '--f', '--no-f', type='Boolean', flag=True), 'true', ['--f']),
        (argument('f', '--f', type='Boolean', flag=True), 'false', []),
    ],
)
def test_flags(words, parameter, value, found):
    assert words([parameter], f'f={value}') == found


@pytest.mark.parametrize(
    'parameter, value',
    [
        (argument('f', '--f', type='Boolean', default='True', flag=True), 'false'),
        (argument('f', None, '--no-f', type='Boolean', default='False', flag=True), 'true'),
    ],
)
def test_flag_without_an_option_for_the_value_is_rejected(operator, parameter, value):
    done = operator('print(1)', inputs=[parameter]).run(f'f={value}')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == f'error: parameter `f` cannot be {value}: the script has no option for that\n'


def test_positionals_are_passed_in_order(words):
    c = argument('c', default='z')
    assert words([A, B, c], 'b=2', 'a=1') == ['1', '2']
    assert words([A, argument('b', default='y'), c], 'c=3', 'a=1') == ['1', 'y', '3']
    assert words([A, X], 'a=1', 'x=2', '--other', 'word') == ['--x', '2', '1', '--other', 'word']
    assert words([A, B], 'a=-1', 'b=2') == ['--', '-1', '2']


@pytest.mark.parametrize('own', [[], ['word']])
def test_positional_never_replaces_another(operator, own):
    done = operator('print(1)', inputs=[B, argument('c')]).run('c=3', *own)
    assert (done.returncode, done.stdout) == (2, '')
    assert 'parameter `c` has a value, but not `b`, which stands before it' in done.stderr


def test_dashed_positional_must_stand_alone(operator):
    done = operator('print(1)', inputs=[A]).run('a=-1', '--other')
    assert (done.returncode, done.stdout) == (2, '') and 'cannot stand beside `--other`' in done.stderr


def test_script_options_are_names_of_its_inputs(words):
    rate = argument('learning_rate', '--learning-rate', type='Float', required='always')
    assert words([rate], '--learning-rate', '0.5') == ['--learning-rate', '0.5']
    assert words([rate], '--learning-rate=-1') == ['--learning-rate=-1']
    assert words([rate], '-l', '0.5') == ['-l', '0.5']  # the script knows
    off = argument('cache', None, '--no-cache', type='Boolean', default='True', flag=True)
    assert words([off], '--no-cache') == ['--no-cache']


def test_missing_values_are_reported_before_the_script_starts(operator):
    subject = operator('print(1)', inputs=[A])
    done = subject.run()
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, 'error: a parameter is required: `a`')
    assert succeeded(subject.run('word'))  # may be it


def test_secrets_are_not_shown(operator):
    inputs = [argument('api_token', '--api-token', secret=True), an_input('log_level', default='INFO')]
    subject = operator('import sys; print(sys.argv[1:])', inputs=inputs, logging=True)
    done = subject.run('api_token=s3cr3t', 'log_level=DEBUG')
    assert done.stdout == "['--api-token', 's3cr3t']\n" and 's3cr3t' not in done.stderr


# Scripts as c3 reads them


@pytest.fixture(scope='module')
def training(tmp_path_factory):
    """Give the folder with all that c3 writes of a script with a parser."""
    folder = tmp_path_factory.mktemp('training')
    (folder / 'train.py').write_text(TRAINING)
    command = [C3, 'create-operator', '--no-build', '--keep-generated-files', '-r', 'example.org/x', 'train.py']
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def call(folder, *arguments, env=None):
    """Run the entry point and give what the script has found."""
    entry = next(folder.glob('*.context/operator/claimed_train.py'))
    command = [sys.executable, str(entry), *arguments]
    done = subprocess.run(command, env=environment(env), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


def loaded(path):
    """Load a file of YAML."""
    return yaml.safe_load(path.read_text())


def test_the_interface(training):
    done = subprocess.run([C3, 'inspect', '--format', 'json', 'train.py'], cwd=training, capture_output=True, text=True)
    inputs = {entry['name']: entry for entry in json.loads(done.stdout)['inputs']}
    assert list(inputs) == [name for name in DEFAULTS if name not in ('variable', 'left')] + ['variable']
    assert {name for name, entry in inputs.items() if entry['via'] == 'argument'} == set(inputs) - {'variable'}
    assert [name for name, entry in inputs.items() if entry['required']] == ['data']
    assert [name for name, entry in inputs.items() if entry['secret']] == ['api_token']
    table = subprocess.run([C3, 'inspect', 'train.py'], cwd=training, capture_output=True, text=True).stdout
    assert 'option --learning-rate' in table and 'required, argument' in table


def test_variables(training):
    assert call(training, env={'data': 'd.csv'}) == DEFAULTS
    assert call(training, env={'data': 'd.csv', **GIVEN, 'variable': 'w'}) == {**DEFAULTS, **CHANGED, 'variable': 'w'}


def test_words(training):
    pairs = [f'--{name}={value}' for name, value in {'data': 'd.csv', **GIVEN}.items()]
    assert call(training, *pairs) == {**DEFAULTS, **CHANGED}
    words = ['--data', 'd.csv', '--learning-rate', '0.25', '--no-cache', '--verbose', '--epochs=-3']
    expected = {**DEFAULTS, 'learning_rate': 0.25, 'cache': False, 'verbose': True, 'epochs': -3}
    assert call(training, *words) == expected


def test_a_job(training):
    job = loaded(training / 'train.job.yaml')
    variables = job['spec']['template']['spec']['containers'][0]['env']
    env = {entry['name']: str(entry['value']) for entry in variables if 'value' in entry}
    assert env['epochs'] == '5'
    assert call(training, env={**env, 'data': 'd.csv'}) == DEFAULTS
    assert call(training, env={**env, 'data': 'd.csv', **GIVEN}) == {**DEFAULTS, **CHANGED}


def flat(arguments, values):
    """Resolve the arguments of a Kubeflow component, as its back ends do."""
    for argument in arguments:
        if isinstance(argument, str):
            yield argument
        elif 'inputValue' in argument:
            yield values[argument['inputValue']]
        elif 'if' in argument:
            if argument['if']['cond']['isPresent'] in values:
                yield from flat(argument['if']['then'], values)
        else:
            yield '{{$}}'  # as of a back end that knows of no executor input


@pytest.mark.parametrize('changed', [{}, CHANGED])
def test_kubeflow(training, changed):
    component = loaded(training / 'train.yaml')
    container = component['implementation']['container']
    defaults = {entry['name']: str(entry['default']) for entry in component['inputs'] if 'default' in entry}
    values = {**defaults, 'data': 'd.csv', **{name: str(value) for name, value in changed.items()}}
    arguments = list(flat(container.get('args', container['command'][3:]), values))
    assert any('epochs' in argument for argument in arguments)
    assert call(training, *arguments) == {**DEFAULTS, **changed}


@pytest.mark.parametrize('changed', [{}, CHANGED])
def test_cwl(training, changed):
    step = loaded(training / 'train.cwl')
    values = {name: entry['default'] for name, entry in step['inputs'].items() if 'default' in entry}
    values.update({'data': 'd.csv'}, **changed)
    arguments = []
    for name, value in values.items():
        binding = step['inputs'][name]['inputBinding']
        whole = binding.get('valueFrom', '').replace('$(self)', json.dumps(value))
        arguments += [whole] if whole else [binding['prefix'], str(value)]
    assert call(training, *arguments) == {**DEFAULTS, **changed}


@pytest.mark.parametrize('name', ['run', 'plain'])
def test_a_run_without_an_engine(training, name):
    words = ['--data', 'd.csv', '--learning-rate', '0.25', '--comment=--x', '--verbose', '--target', 't']
    expected = {**DEFAULTS, 'learning_rate': 0.25, 'comment': '--x', 'verbose': True, 'target': 't'}
    if name == 'run':
        command = [C3, 'run', '--no-engine', 'train.py', *words]
    else:
        own = ['d.csv', 't', '--learning-rate', '0.25', '--comment=--x', '--verbose']
        command = [sys.executable, 'train.py', *own]
    env = {**os.environ, 'epochs': '9'} if name == 'run' else environment()
    done = subprocess.run(command, cwd=training, env=env, capture_output=True, text=True)
    assert (done.returncode, ast.literal_eval(done.stdout)) == (0, expected), done.stderr


def test_words_after_two_dashes_may_supply_missing_values(training):
    command = [C3, 'run', '--no-engine', 'train.py', '--epochs', '6', '--', 'e.csv', '--mode', 'slow']
    done = subprocess.run(command, cwd=training, capture_output=True, text=True)
    expected = {**DEFAULTS, 'epochs': 6, 'data': 'e.csv', 'mode': 'slow'}
    assert (done.returncode, ast.literal_eval(done.stdout)) == (0, expected), done.stderr


def test_grid_wrapper_does_not_change_the_command_line(tmp_path):
    script = TRAINING + '\ndef grid_process(batch_id, variable):\n    pass\n'
    (tmp_path / 'train.py').write_text(script)
    command = [C3, 'create-gridwrapper', '--no-build', '-r', 'example.org/x', 'train.py']
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = {entry['name'] for entry in loaded(tmp_path / 'gw_train.yaml')['inputs']}
    assert 'variable' in names and 'epochs' not in names and 'data' not in names
