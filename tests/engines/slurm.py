"""Jobs on the Slurm of this machine: submitting, waiting, and what became of them."""

import json
import os
import re

from support import PODMAN_CONF, STATE, as_root, environment, run, succeeded, wait_until, write

CONF = STATE / 'slurm/slurm.conf'

# What Slurm says of jobs that it hasn't done with.
GOING = {'PENDING', 'CONFIGURING', 'RUNNING', 'COMPLETING', 'REQUEUED', 'SUSPENDED'}

# An operator with every kind of input.
TELLER = '''\
"""Tells what it was given; `$(id)` and "quotes" are text."""
import json
import os
import signal
import sys
import time

# Any text: it's `$(id)`.
text = os.getenv('text', 'nothing')
rows = int(os.getenv('rows', '3'))
image = os.getenv('image', 'none')
data = os.getenv('data', None)  # c3: input=File
table = os.getenv('table', None)  # c3: input=File
token = os.getenv('api_token')
end = os.getenv('end', '0')

def content(path):
    return path and open(path, encoding='utf-8').read()

told = {
    'text': text, 'rows': rows, 'image': image, 'data': content(data), 'table': content(table), 'token': token,
    'index': os.environ.get('JOB_COMPLETION_INDEX'), 'job': os.environ.get('SLURM_JOB_ID'),
    'proxy': os.environ.get('HTTPS_PROXY'), 'folder': os.getcwd(),
}
os.environ['told'] = json.dumps(told)

def asked(*_):
    print('asked to end', flush=True)
    sys.exit(5)

if end == 'late':
    signal.signal(signal.SIGTERM, asked)
    print('waiting', flush=True)
    time.sleep(1000)
sys.exit(int(end))
'''

SETTINGS = '[slurm]\nruntime = "{runtime}"\n'


def slurm(program, *arguments, env=None, **options):
    """Run one of Slurm's programs."""
    return run(program, *arguments, env=environment({'SLURM_CONF': CONF, **(env or {})}), **options)


def podman_conf(folder):
    """Give Podman's configuration for the jobs of a folder, written once: jobs that run already read it."""
    path = folder / 'containers.conf'
    return path if path.exists() else write(path, PODMAN_CONF)


def submit(folder, script, *arguments, options=(), env=None):
    """Start a job and give its number."""
    # Slurm hands the whole environment on, and would take this run's settings for the job's.
    own = {'CONTAINERS_CONF': podman_conf(folder), 'HOME': folder, **(env or {})}
    done = slurm('sbatch', '--parsable', *options, script, *arguments, env=own, cwd=folder)
    return int(succeeded(done).stdout)


def jobs(number):
    """Give what Slurm knows of a job, or of all tasks of an array."""
    shown = succeeded(slurm('scontrol', '--oneliner', 'show', 'job', number)).stdout
    # Values of options may have line ends in them.
    lines = [line for line in shown.splitlines() if line.startswith('JobId=')]
    return [dict(re.findall(r'(?:^|\s)(\w+(?:/\w+)?(?::\w+)?)=(\S*)', line)) for line in lines]


def ended(number, seconds=300):
    """Wait for the end of a job, and give what Slurm knows of its tasks."""
    wait_until(lambda: not {job['JobState'] for job in jobs(number)} & GOING, seconds)
    return jobs(number)


def exit_code(number):
    """Wait for the end of a job and give its exit code."""
    [job] = ended(number)
    return int(job['ExitCode'].split(':')[0])


def insist_on_exit_code(code, folder, number):
    """Wait for the end of a job and insist on its exit code; its log says why it is another."""
    assert exit_code(number) == code, log(folder, number)


def log(folder, number):
    """Give what a job has said so far."""
    said = [path.read_text(encoding='utf-8', errors='surrogateescape') for path in folder.glob(f'*-{number}.log')]
    return ''.join(said)


def delivered(folder, number):
    """Give the outputs of a job by their names."""
    [results] = [path for path in folder.glob(f'*-{number}') if path.is_dir()]
    return {path.name: path.read_bytes().decode() for path in results.iterdir()}


def told(folder, number):
    """Give what the operator of these tests says that it was given."""
    return json.loads(delivered(folder, number)['told'])


def path_with(folder):
    """Give a search path that begins with a folder."""
    return f'{folder}:{os.environ["PATH"]}'


def remove_from_podman(name):
    """Remove an image by all its names, and with it what killed tasks have left of their containers."""
    run(*as_root(), 'podman', 'rmi', '--force', f'{name}:0.1', f'{name}:latest')
