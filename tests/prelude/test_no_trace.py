"""Every script of the samples as Python itself runs it, and a probe of what a script can see of the entry point."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import C3, LOG_LEVEL, UNSHARE, an_input, environment, needs_unshare

SAMPLES = Path(__file__).resolve().parents[2] / 'samples'
SCRIPTS = sorted(path for path in SAMPLES.rglob('*.py') if 'invalid' not in path.parts and 'workflow.' not in path.name)

PROBE = '''
"""Shows the surroundings of a script."""
import os, sys
def threads():
    return sorted(os.listdir('/proc/self/task'))[1:]
def signals():
    wanted = ('SigBlk', 'SigIgn', 'SigCgt')
    return [line.split() for line in open('/proc/self/status') if line.startswith(wanted)]
def descriptors():
    return [name for name in sorted(os.listdir('/proc/self/fd')) if os.path.exists('/proc/self/fd/' + name)]
seen = {
    'argv': sys.argv[1:],
    'file': os.path.basename(__file__),
    'main': sorted(globals()),
    'name': [__name__, str(__spec__), __doc__, type(__loader__).__name__, __builtins__.__name__],
    'modules': sorted(sys.modules),
    'meta_path': [str(finder) for finder in sys.meta_path],
    'path': sys.path,
    'hooks': [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__, str(sys.gettrace())],
    'flags': str(sys.flags),
    'streams': [(stream.name, stream.encoding, stream.errors, stream.line_buffering)
                for stream in (sys.stdin, sys.stdout, sys.stderr)],
    'recursion': sys.getrecursionlimit(),
    'environment': sorted(os.environ.items()),
    'folder': os.getcwd(),
    'mask': oct(os.umask(0o27)),
    'descriptors': descriptors(),
    'signals': signals(),
    'threads': threads(),
}
import json, signal, logging
seen['handlers'] = [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())]
seen['loggers'] = [str(logging.getLogger().handlers), sorted(logging.root.manager.loggerDict)]
seen['levels'] = [logging.getLogger().level, logging.lastResort.level]
import atexit
for word in 'last', 'first':
    atexit.register(print, word)
print(json.dumps(seen))
'''


def seen(done):
    """Read what the probe shows."""
    assert done.returncode == 0, done.stderr
    shown, *rest = done.stdout.splitlines()
    return {**json.loads(shown), 'rest': rest, 'stderr': done.stderr}


def differences(one, other):
    """Give the keys of what differs."""
    return sorted(key for key in one if one[key] != other[key])


def test_entry_point_is_invisible_to_the_script(operator):
    subject = operator(PROBE, inputs=[an_input('given'), an_input('missing')], files=['data.csv'])
    env = {'given': '1', 'USER': 'me', 'LOGNAME': 'me'}
    options = {'env': env, 'cwd': subject.folder}
    plain, run = seen(subject.run_plainly('own', **options)), seen(subject.run('own', '--given', '1', **options))
    assert differences(plain, run) == []


def test_only_the_log_level_differs_for_a_script_that_logs(operator):
    subject = operator('import logging' + PROBE, inputs=[LOG_LEVEL], logging=True)
    env = {'USER': 'me', 'LOGNAME': 'me'}
    plain, run = seen(subject.run_plainly(env=env)), seen(subject.run(env=env))
    assert differences(plain, run) == ['levels']
    assert (plain['levels'], run['levels']) == ([30, 30], [20, 20])


@needs_unshare
def test_the_first_process_of_a_container_leaves_no_trace(operator):
    subject = operator(PROBE)
    env = {'USER': 'me', 'LOGNAME': 'me'}
    plain = seen(subject.run_plainly(env=env))
    process = subject.start(before=UNSHARE, env=env)
    out, err = process.communicate(timeout=60)
    run = seen(subprocess.CompletedProcess([], process.returncode, out, err))
    assert differences(plain, run) == []


# What prints another text on purpose: `bool(os.getenv(...))` of `no` is false to an operator.
WANTED = {'checks/boolean_text.py'}


def values(path):
    """Give values for the inputs that a sample can't do without."""
    done = subprocess.run([C3, 'inspect', '--format', 'json', path], capture_output=True, check=True, text=True)
    kinds = {'Integer': '3', 'Float': '0.5', 'Boolean': 'true'}
    required = [each for each in json.loads(done.stdout)['inputs'] if each['required']]
    return {each['name']: kinds.get(each['type'], 'some text') for each in required}


def run_in(folder, name, program, env):
    """Run a program in a folder of its own; gives all that it leaves behind."""
    shutil.copytree(folder, name)
    done = subprocess.run(
        [sys.executable, program], cwd=name, env=environment(env), capture_output=True, text=True, timeout=60
    )
    files = {str(path.relative_to(name)): path.read_bytes() for path in Path(name).rglob('*') if path.is_file()}
    place = re.compile(re.escape(str(name)))
    made = {path: content for path, content in files.items() if '__pycache__' not in path}
    return done.returncode, place.sub('', done.stdout), place.sub('', done.stderr), made


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: str(path.relative_to(SAMPLES)))
def test_samples_run_as_under_python(path, tmp_path):
    folder = tmp_path / 'source'
    shutil.copytree(path.parent, folder, ignore=shutil.ignore_patterns('invalid', 'snapshots'))
    command = [C3, 'create-operator', '--no-build', '--keep-generated-files', '-r', 'example.org/x', path.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        assert 'error' in done.stderr
        return  # a sample of what is refused
    operator = folder / f'{path.stem}.context' / 'operator'
    shutil.copytree(operator, folder, dirs_exist_ok=True)
    env = {'log_level': 'WARNING', **values(folder / path.name), 'USER': 'me', 'LOGNAME': 'me'}
    plain = run_in(folder, tmp_path / 'plain', path.name, env)
    run = run_in(folder, tmp_path / 'run', f'claimed_{path.name}', env)
    if str(path.relative_to(SAMPLES)) in WANTED:
        assert run[1] != plain[1]
        run, plain = ((status, None, *rest) for status, _, *rest in (run, plain))
    assert run == plain
