"""Commands of click and lists of argparse: the values that are given reach the script, by every way."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import C3, environment

PARSER = '''"""Adds files up."""
import argparse
parser = argparse.ArgumentParser()
parser.add_argument('files', nargs='+')
parser.add_argument('target')
for name, default in [('low', 0), ('high', 9)]:
    parser.add_argument('--' + name, type=int, default=default)
parser.add_argument('--sizes', nargs='*', type=int, default=[1, 2])
parser.add_argument('--tag', action='append')
parser.add_argument('-v', '--verbose', action='count', default=0)
print(vars(parser.parse_args()))
'''
PARSED = {'low': 0, 'high': 9, 'sizes': [1, 2], 'tag': None, 'verbose': 0}

CLICK = '''"""Greets."""
import click

@click.command(context_settings={'help_option_names': ['-h', '--help']})
@click.argument('data')
@click.argument('target', default='out')
@click.argument('more', nargs=-1)
@click.option('-c', '--count', default=1)
@click.option('--rate', type=float, required=True)
@click.option('--mode', type=click.Choice(['fast', 'slow']), default='fast')
@click.option('--shout/--no-shout', default=True)
@click.option('--dry-run', is_flag=True)
@click.option('--strict', type=bool, default=True)
@click.option('--tag', 'tags', multiple=True)
@click.option('--box', nargs=2, type=float)
@click.option('-v', '--verbose', count=True)
@click.option('--api-key', envvar='MY_KEY')
@click.option('--user', prompt=True)
def main(**given):
    print(given)

if __name__ == '__main__':
    main()
'''
CLICKED = {
    'data': 'd',
    'target': 'out',
    'more': (),
    'count': 1,
    'rate': 0.5,
    'mode': 'fast',
    'shout': True,
    'dry_run': False,
    'strict': True,
    'tags': (),
    'box': None,
    'verbose': 0,
    'api_key': None,
    'user': 'u',
}
GIVEN = {
    'target': 't',
    'more': ('-m', 'n'),
    'count': -3,
    'mode': 'slow',
    'shout': False,
    'dry_run': True,
    'strict': False,
    'tags': ('a', '-b'),
    'box': (1.0, -2.5),
    'verbose': 2,
    'api_key': 'k',
}


def written(value):
    """Write a value as engines do; kfp 2 makes floats of the whole numbers of a list."""
    return json.dumps(value) if isinstance(value, (list, tuple)) else str(value)


@pytest.fixture
def run(tmp_path):
    """Run a script with variables by its entry point, or with options by `c3 run`, and give what it prints."""

    def ran(script, variables=None, options=None):
        (tmp_path / 'x.py').write_text(script)
        if variables is None:
            command = [C3, 'run', '--no-engine', 'x.py', *options]
            env = dict(os.environ)
        else:
            command = [C3, 'create-operator', '--no-build', '--keep-generated-files', '-r', 'example.org/x', 'x.py']
            subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
            entry = next(Path(tmp_path).glob('*.context/operator/claimed_x.py'))
            command, env = [sys.executable, str(entry)], environment(variables)
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return ast.literal_eval(done.stdout)

    return ran


def test_lists_of_argparse(run):
    needed = {'files': ['a', 'b'], 'target': 't'}
    given = {'low': -1, 'high': 8, 'sizes': [3.0, -4], 'tag': ['x', '-y'], 'verbose': 2}
    variables = {name: written(value) for name, value in needed.items()}
    assert run(PARSER, variables) == {**needed, **PARSED}
    variables.update({name: written(value) for name, value in given.items()})
    assert run(PARSER, variables) == {**needed, **given, 'sizes': [3, -4]}
    assert run(PARSER, options=[f'--{name}={value}' for name, value in variables.items()])['tag'] == ['x', '-y']


def test_a_command_of_click(run, tmp_path):
    click = pytest.importorskip('click')
    needed = {'data': 'd', 'rate': '0.5', 'user': 'u'}
    assert run(CLICK, needed) == CLICKED
    given = {**needed, **{name: written(value) for name, value in GIVEN.items()}}
    given['MY_KEY'] = given.pop('api_key')
    assert run(CLICK, given) == {**CLICKED, **GIVEN}
    options = ['--data', '-d', '--rate=2', '--user', 'u', '--no-shout', '--tags', '["a"]', '--verbose', '1']
    # Without an index the package can only stand beside the script.
    shutil.copytree(Path(click.__file__).parent, tmp_path / 'click', ignore=shutil.ignore_patterns('__pycache__'))
    wanted = {**CLICKED, 'data': '-d', 'rate': 2.0, 'shout': False, 'tags': ('a',), 'verbose': 1}
    assert run(CLICK, options=options) == wanted
