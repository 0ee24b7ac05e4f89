"""The operators that the tests build: scripts which show what reaches them and deliver every kind of output."""

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
ORIGINAL_TEMPLATE = '''\
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
'''


def sleeping_template(seconds=300):
    """Give a Dockerfile template whose build takes long."""
    return f'FROM ${{base_image}}\nRUN echo begun && sleep {seconds}\n${{additional_files_docker}}\nUSER 1001\n'
