"""Every sample as each generation of Kubeflow calls it: the script sees the same values on all of them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import C3, environment

SAMPLES = Path(__file__).resolve().parents[2] / 'samples'
SOURCES = sorted(
    path
    for path in [*SAMPLES.iterdir(), *(SAMPLES / 'settings').iterdir(), *(SAMPLES / 'workflow').iterdir()]
    if path.suffix in ('.py', '.R', '.ipynb') and '.pipeline.' not in path.name and path.name != 'train_model.R'
)
PYTHON = 'import json, os\nprint(json.dumps({name: os.environ[name] for name in %r if name in os.environ}))\n'
R = 'for (name in c(%s)) if (!is.na(Sys.getenv(name, NA))) cat(name, "=", Sys.getenv(name), "\\n", sep = "")\n'
VALUES = {
    'Integer': ('7', '8'),
    'Float': ('0.25', '0.75'),
    'Boolean': ('false', 'true'),
    'String': ('a "text" of $HOME', ''),
}


class Sample:
    """A sample as c3 compiles it, whose script is a probe."""

    def __init__(self, path, folder):
        """Compile the sample; its own script gives way to one that shows its variables."""
        shutil.copytree(path.parent, folder, ignore=shutil.ignore_patterns('invalid', 'snapshots'))
        command = [C3, 'create-operator', '--no-build', '--keep-generated-files', '-r', 'example.org/x', path.name, '-y']
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        component = yaml.safe_load((folder / f'{path.stem}.yaml').read_text(encoding='utf-8'))
        self.inputs = {each['name']: each for each in component.get('inputs', [])}
        self.arguments = component['implementation']['container']['args']
        inspected = subprocess.run([C3, 'inspect', '--format', 'json', path.name], cwd=folder, capture_output=True)
        inputs = json.loads(inspected.stdout)['inputs']
        self.names = [each['name'] for each in inputs]
        self.secrets = {each['name']: 'of the cluster' for each in inputs if each['secret'] and each['required']}
        [entry] = (folder / f'{path.stem}.context/operator').glob(f'claimed_{path.stem}.[!j]*')
        self.is_r = entry.suffix == '.R'
        self.command = ['sh', entry] if self.is_r else [sys.executable, entry]
        names = ', '.join(json.dumps(name) for name in self.names)
        probe = R % names if self.is_r else PYTHON % self.names
        (entry.parent / entry.name.removeprefix('claimed_')).write_text(probe)

    def run(self, arguments):
        """Give what the script sees."""
        done = subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, env=environment(self.secrets), timeout=60
        )
        assert done.returncode == 0, done.stderr
        if not self.is_r:
            return json.loads(done.stdout)
        return dict(line.split('=', 1) for line in done.stdout.splitlines())

    def is_path(self, name):
        """Check whether Kubeflow takes an input for an artifact."""
        return self.inputs[name]['type'] not in VALUES

    def given(self, everything):
        """Choose values: of all inputs, or of those that have to have one."""
        chosen = [name for name, each in self.inputs.items() if everything or not each.get('optional')]
        return {name: '/data/file' if self.is_path(name) else self.value(name) for name in chosen}

    def value(self, name):
        """Choose a value that isn't the default, which counts for none on some back ends."""
        about = self.inputs[name]
        default = str(about.get('default')).lower()
        return next(value for value in VALUES[about['type']] if value != default)


def folded(name):
    """Give a name as kfp 2 spells it."""
    return name.lower().strip('_')


def typed(kind, text):
    """Give a value as the executor input holds it."""
    if kind == 'Boolean':
        return text.lower() in ('true', '1', 'yes')
    return {'Integer': int, 'Float': float}.get(kind, str)(text)


def task(sample, given):
    """Give the executor input: what is given, and the component's defaults as Kubeflow alters them."""
    defaults = {name: each['default'].replace('$$', '$') for name, each in sample.inputs.items() if 'default' in each}
    values = {name: text for name, text in {**defaults, **given}.items() if not sample.is_path(name)}
    paths = {name: path for name, path in given.items() if sample.is_path(name)}
    inputs = {
        'parameterValues': {folded(name): typed(sample.inputs[name]['type'], text) for name, text in values.items()},
        'artifacts': {folded(name): {'artifacts': [{'name': name, 'uri': path}]} for name, path in paths.items()},
    }
    return json.dumps({'inputs': inputs, 'outputs': {'outputFile': '/dev/null'}})


def word(argument, given):
    """Resolve an argument that has no condition."""
    if isinstance(argument, str):
        return argument
    [(kind, name)] = argument.items()
    return os.devnull if kind == 'outputPath' else given[name]


def old(sample, given):
    """Resolve arguments as kfp 1.8 does."""
    return resolved(sample, given, '{{$}}', given)


def new(sample, given):
    """Resolve arguments as 2.17.0 does, where an artifact is never present."""
    present = {name: value for name, value in given.items() if not sample.is_path(name)}
    return resolved(sample, given, task(sample, given), present)


def resolved(sample, given, executor_input, present):
    """Resolve conditions by what is present."""
    words = []
    for argument in sample.arguments:
        if argument == {'executorInput': None}:
            words.append(executor_input)
        elif isinstance(argument, dict) and 'if' in argument:
            condition = argument['if']
            if condition['cond']['isPresent'] in present:
                words += [word(each, given) for each in condition['then']]
        else:
            words.append(word(argument, given))
    return words


def unresolved(sample, given):
    """Hand conditions on as text, as 2.0 to 2.16 and Vertex AI do, with values filled in raw."""
    defaults = {name: each['default'] for name, each in sample.inputs.items() if 'default' in each}
    words = []
    for argument in sample.arguments:
        if argument == {'executorInput': None}:
            words.append(task(sample, given))
        elif isinstance(argument, dict) and 'if' in argument:
            name = argument['if']['cond']['isPresent']
            flag = argument['if']['then'][0]
            value = {**defaults, **given}.get(name, "{{$.inputs.parameters['%s']}}" % folded(name))
            words.append('{"IfPresent": {"InputName": "%s", "Then": ["%s", "%s"]}}' % (folded(name), flag, value))
        else:
            words.append(word(argument, given))
    return words


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(SAMPLES)))
def test_every_generation_passes_the_same_values(path, tmp_path):
    sample = Sample(path, tmp_path / 'source')
    for everything in (False, True):
        given = sample.given(everything)
        plain = sample.run([part for name, value in given.items() for part in (f'--{name}', value)])
        for generation in (old, unresolved, new):
            assert sample.run(generation(sample, given)) == plain, (generation.__name__, everything)
