"""The operators that the tests build and run: scripts which show what reaches them and deliver every kind of output."""

import json
import re

import yaml
from support import c3, run, succeeded

SCRIPT = '"""A step."""\nimport os\nn = int(os.getenv("n", 1))\n'

PROBE = '''\
"""Shows what reaches an operator."""

import json
import logging
import os
import sys
import tempfile

# Any text.
text = os.getenv('text', 'nothing')
count = int(os.getenv('count', 3))
ratio = float(os.getenv('ratio', '0.5'))
flag = bool(os.getenv('flag', 'False'))
switch = bool(os.getenv('switch', 'True'))
optional = os.getenv('optional', None)
password = os.getenv('password', '')
exit_code = int(os.getenv('exit_code', 0))

with open('data/names.txt', encoding='utf-8') as names:
    first = names.readline().strip()

seen = {
    'text': os.environb.get(b'text', b'').hex(),
    'values': [count, ratio, flag, switch, optional],
    'password': len(password),
    'first': first,
    'arguments': sys.argv[1:],
    'user': [os.getuid(), os.getgid()],
    'folder': os.getcwd(),
    'writable': os.access('.', os.W_OK),
}
print('SEEN ' + json.dumps(seen), flush=True)
logging.debug('everything is fine')

if exit_code:
    sys.exit(exit_code)

folder = os.getcwd() if os.access(os.getcwd(), os.W_OK) else tempfile.mkdtemp()


def write(name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8', newline='') as file:
        file.write(content)
    return path


# The text itself.
os.environ['echo'] = text
# A file, by its path.
os.environ['table'] = write('table.csv', 'a,b\\n1,ü\\n')
write('report/index.html', '<p>ü</p>')
write('report/data/rows.json', json.dumps([count]))
os.environ['report'] = os.path.join(folder, 'report')  # c3: output=Dataset
if count < 0:
    os.environ['complaint'] = 'negative'
'''

READER = '''\
"""Reads what another operator has delivered."""

import os
import pathlib

# A folder.
report = os.getenv('report', None)  # c3: input=Dataset
# A file.
table = os.getenv('table', None)  # c3: input=File
text = os.getenv('text', '')

lines = [text]
if report:
    lines += sorted(path.name for path in pathlib.Path(report).rglob('*') if path.is_file())
if table:
    lines.append(pathlib.Path(table).read_text(encoding='utf-8'))
os.environ['summary'] = '|'.join(lines)
'''

TABLE = 'a,b\n1,ü\n'
NAMES = 'Zoë\nBob\n'
SECRET = 'hunter2-is-my-secret'

# The Dockerfile template of the original.
ORIGINAL_TEMPLATE = """\
FROM ${base_image}
USER root
${additional_files_docker}
RUN pip install --upgrade pip
${requirements_docker}
ADD ${target_code} ${working_dir}${target_dir}
RUN chmod -R 777 ${working_dir}
USER default
WORKDIR "${working_dir}"
CMD ["${command}", "${target_dir}${target_code}"]
"""


def sleeping_template(seconds=300):
    """Give a Dockerfile template whose build takes long."""
    return f'FROM ${{base_image}}\nRUN echo begun && sleep {seconds}\n${{additional_files_docker}}\nUSER 1001\n'


# Building and running

BUILDERS = {'classic': {'DOCKER_BUILDKIT': '0'}, 'buildkit': {'DOCKER_BUILDKIT': '1'}}
READ_ONLY = ['--read-only', '--tmpfs', '/tmp']
RESTRICTED = ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']


def create(folder, *arguments, **options):
    """Build an operator and give its image."""
    done = succeeded(c3('create-operator', *arguments, '--format', 'json', cwd=folder, **options))
    return json.loads(done.stdout)['image']


def write_files(folder, source, repository, targets, output):
    """Write the files of an operator whose image `summaries` has pushed."""
    options = ['--no-build', '-r', repository, '-v', '0.1', '--target', targets, '-o', output]
    succeeded(c3('create-operator', source, *options, cwd=folder))


def seen(text):
    """Give what the probe has printed."""
    [line] = [line for line in text.splitlines() if 'SEEN ' in line]
    # What the engine says at the same time may follow on the same line.
    found, _ = json.JSONDecoder().raw_decode(line.partition('SEEN ')[2])
    return {**found, 'text': bytes.fromhex(found['text']).decode('utf-8')}


def run_image(image, *arguments, options=(), env=None):
    """Run an image with Docker; `env` are variables of the container."""
    variables = [word for name, value in (env or {}).items() for word in ('--env', f'{name}={value}')]
    return run('docker', 'run', '--rm', *options, *variables, image, *arguments)


def run_job(path, changes):
    """Run the container of a job as Kubernetes does under the restricted profile, as OpenShift's user."""
    [container] = yaml.safe_load(path.read_text(encoding='utf-8'))['spec']['template']['spec']['containers']
    written = {variable['name']: variable['value'] for variable in container['env'] if 'value' in variable}
    env = {**{name: text.replace('$$', '$') for name, text in written.items()}, **changes}
    words = [expand(word, env) for word in container['command'] + container.get('args', [])]
    place = ['--workdir', container['workingDir'], '--user', '1000650000:0', '--entrypoint', words[0]]
    return run_image(container['image'], *words[1:], options=[*RESTRICTED, *place], env=env)


def expand(word, env):
    """Expand the variables of an argument as Kubernetes does: `$(NAME)` once, `$$` to a dollar."""
    return re.sub(r'\$\$|\$\(([^)]*)\)', lambda match: '$' if match[0] == '$$' else env.get(match[1], match[0]), word)
