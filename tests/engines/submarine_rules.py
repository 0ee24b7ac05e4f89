"""What Submarine's server makes of specifications, by the rules of its classes; a broken rule is told.

Called with folders of `*.submarine.yaml` and `*.submarine.experiment.yaml`; prints a line of JSON for each file.
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import yaml

ROLES = {
    'tensorflow': {'ps', 'worker', 'chief', 'master', 'evaluator'},
    'pytorch': {'master', 'worker'},
    'xgboost': {'master', 'worker'},
}
RESOURCES = {'cpu', 'memory', 'nvidia.com/gpu'}
QUANTITY = re.compile(r'\d+(\.\d+)?m?')
# Prints the words that an installer is called with.
SAY = 'conda() { printf "%s\\0" "$@"; }; pip() { printf "%s\\0" "$@"; }; '


def experiment(spec):
    """`ExperimentManager` and `ExperimentSpecParser`: what a job is made of."""
    meta = spec['meta']
    yield 'the manager puts variables into the map', isinstance(meta['envVars'], dict)
    yield 'variables are texts', all(isinstance(value, str) for value in meta['envVars'].values())
    yield 'Kubernetes takes their names', all(re.fullmatch(r'[-._a-zA-Z][-._a-zA-Z0-9]*', name) for name in meta['envVars'])
    yield 'no variable is expanded', not any(re.search(r'(?<!\$)(\$\$)*\$\(', value) for value in meta['envVars'].values())
    yield 'the command is split at single blanks', all(meta['cmd'].split(' ')) and '"' not in meta['cmd'] and "'" not in meta['cmd']
    yield 'the name is a folder of the volume', re.fullmatch(r'[a-z0-9]([-a-z0-9]*[a-z0-9])?', meta['name'])
    yield 'the framework is known', meta['framework'].lower() in ROLES
    yield 'an anonymous environment is an image', spec['environment'].keys() == {'image'}
    for role, task in spec['spec'].items():
        yield 'the framework has the role', role.lower() in ROLES[meta['framework'].lower()]
        yield 'there is a number of them', task['replicas'] >= 1
        pairs = [item.split('=') for item in task['resources'].split(',')]
        yield 'resources are pairs', all(len(pair) == 2 for pair in pairs)
        yield 'resources are those that are read', {pair[0] for pair in pairs} <= RESOURCES and len(dict(pairs)) == len(pairs)
        memory = dict(pairs)['memory']
        yield 'twice the memory is a whole number of 32 bits', memory[-1] in 'EPTGMK' and 0 < int(memory[:-1]) * 2 < 2**31
        others = [amount for name, amount in pairs if name != 'memory']
        yield 'amounts are quantities', all(QUANTITY.fullmatch(amount) for amount in others)


def environment(spec):
    """`EnvironmentRestApi` and `NotebookSpecParser`: what a session installs, in one line for a shell."""
    kernel = spec['kernelSpec']
    lists = [kernel['channels'], kernel['condaDependencies'], kernel['pipDependencies']]
    yield 'there is a name, an image and a kernel', all([spec['name'], spec['dockerImage'], kernel['name']])
    yield 'lists are never null', all(isinstance(each, list) for each in lists)
    channels = ''.join(f' -c {channel}' for channel in kernel['channels'])
    conda = ''.join(f' {each}' for each in kernel['condaDependencies'])
    command = f'true && conda install -y{channels}{conda}' if conda else 'true'
    pip = ''.join(f' {each}' for each in kernel['pipDependencies'])
    command += f' && pip install{pip}' if pip else ''
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(['bash', '-c', SAY + command], cwd=folder, capture_output=True, text=True, check=False)
        yield 'a shell takes the line', done.returncode == 0 and not done.stderr
        yield 'the line writes no file', not list(pathlib.Path(folder).iterdir())
    words = ['install', '-y', *shlex.split(channels), *shlex.split(conda)] if conda else []
    words += ['install', *shlex.split(pip)] if pip else []
    yield 'installers see each word', done.stdout.split('\0')[:-1] == words


for folder in map(pathlib.Path, sys.argv[1:]):
    for file in sorted(folder.glob('*.submarine*.yaml')):
        spec = yaml.safe_load(file.read_text(encoding='utf-8'))
        rules = experiment(spec) if file.name.endswith('.experiment.yaml') else environment(spec)
        print(json.dumps([str(file), [rule for rule, holds in rules if not holds]]))
