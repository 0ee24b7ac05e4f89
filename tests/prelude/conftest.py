"""Operators for the tests: the entry point as c3 writes it, beside a script, run as real processes."""

import functools
import json
import os
import pprint
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

# A run in the background may have been told to ignore these, which its children would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

TEMPLATES = Path(__file__).resolve().parents[2] / 'templates'
PACKAGE = TEMPLATES / 'runtime' / 'python'
C3 = os.path.abspath(os.environ.get('C3') or shutil.which('c3') or 'target/debug/c3')

HOSTILE = {
    'quotes': '''a"b'c`d\\''',
    'substitution': '$(touch pwned) ${HOME} `id`',
    'separator': '; rm -rf x && y | z > w',
    'lines': 'one\ntwo\r\n\tthree\n',
    'umlauts': 'Größe → 漢字 🎉',
    'bytes': b'\xff\xfe\x80'.decode('utf-8', 'surrogateescape'),
    'long': 'x' * 100_000,
    'option': '--other',
    'dashes': '--',
    'equation': 'a=b=c',
    'empty': '',
    'spaces': '  a  b ',
    'percent': '%s %(asctime)s {0} {x}',
    'braces': '{' * 2 + 'a}} and ' + '{' * 2 + 'b}}',
}

# What engines pass for a parameter without a value.
NOT_GIVEN = [
    'null',
    "{{$.inputs.parameters['a']}}",
    '{{$}}',
    '{{inputs.parameters.a}}',
    '{{workflow.name}}',
    '{{=toJson({"a":{"b":1}})}}',
]

UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
needs_unshare = pytest.mark.skipif(
    subprocess.run([*UNSHARE, 'true'], stderr=subprocess.DEVNULL).returncode != 0, reason='unshare is not permitted'
)


def an_input(name, type='String', default=None, secret=False, id=None, **more):
    """Declare an input."""
    about = {'description': None, 'required': 'no', 'via': 'environment', **more}
    return {'name': name, 'id': id or name, 'type': type, 'default': default, 'secret': secret, **about}


def an_output(name, type='String', read=False, id=None):
    """Declare an output."""
    return {'name': name, 'id': id or name, 'type': type, 'read': read, 'description': None}


LOG_LEVEL = an_input('log_level', default='INFO')
NO_INTERFACE = {
    'name': 'x',
    'description': 'An operator.',
    'source': 'x.py',
    'root': '.',
    'files': [],
    'logging': False,
    'notebook': False,
    'ipython': False,
    'skips_dashes': False,
    'own_arguments': True,
    'cells': [],
    'raising': [],
    'record': None,
    'inputs': [],
    'outputs': [],
}


def contract(name):
    """Give what c3 and the preludes have to agree on."""
    return json.loads((TEMPLATES / 'contract' / name).read_text(encoding='utf-8'))


def environment(changes=None):
    """Give the environment of a container that has only just been started."""
    kept = {name: os.environ[name] for name in ('PATH', 'HOME') if name in os.environ}
    return {**kept, 'LC_ALL': 'C.UTF-8', **(changes or {})}


class Operator:
    """A script with its prelude in a folder of their own."""

    def __init__(self, folder, script, name='x.py', **interface):
        """Write both; `interface` holds what differs from a script without parameters."""
        self.folder, self.home = folder / 'operator', folder / 'work'
        self.script = self.folder / name
        self.script.parent.mkdir(exist_ok=True)
        self.home.mkdir(exist_ok=True)
        if script is not None:
            self.script.write_bytes(script if isinstance(script, bytes) else textwrap.dedent(script).encode())
        self.prelude = self.folder / ('claimed_' + name)
        self.prelude.write_text(entry_point({**NO_INTERFACE, 'script': name, **interface}))

    def run(self, *arguments, **options):
        """Run the operator as the entry point of its image does."""
        return self.finish(self.prelude, arguments, options)

    def run_plainly(self, *arguments, **options):
        """Run the script without the prelude."""
        return self.finish(self.script, arguments, options)

    def start(self, *arguments, before=(), env=None, **options):
        """Start the operator and leave it running."""
        command = [*before, sys.executable, str(self.prelude), *arguments]
        return subprocess.Popen(
            command,
            env=environment(env),
            cwd=options.pop('cwd', self.home),
            encoding='utf-8',
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def finish(self, program, arguments, options):
        """Run a program to its end; it works in a folder of its own unless told otherwise."""
        options = dict({'cwd': self.home, 'timeout': 60, 'capture_output': True}, **options)
        options['env'] = environment(options.get('env'))
        flags = options.pop('flags', [])
        return subprocess.run(
            [sys.executable, *flags, str(program), *arguments], encoding='utf-8', errors='surrogateescape', **options
        )


@functools.lru_cache(maxsize=None)
def emitted():
    """Give an entry point as c3 writes it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, 'x.py').write_text('"""An operator."""\n')
        command = [C3, 'create-operator', '--no-build', '--keep-generated-files', '-r', 'example.org/x', 'x.py']
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return Path(folder, 'x.context/operator/claimed_x.py').read_text()


def entry_point(interface):
    """Give the entry point of another interface."""
    literal = 'INTERFACE = ' + pprint.pformat(interface, width=200)
    text, count = re.subn(r'^INTERFACE = \{$.*?^\}$', lambda _: literal, emitted(), count=1, flags=re.M | re.S)
    assert count == 1
    return text


def succeeded(done):
    """Tell whether a run went without an error or a warning."""
    return (done.returncode, done.stderr) == (0, '')


@pytest.fixture
def operator(tmp_path):
    """Make operators: `operator(script, inputs=[…], outputs=[…], …)`."""
    return lambda script, **interface: Operator(tmp_path, script, **interface)


SHOW = '''
    import json, os, sys
    variables = {name: os.environ[name] for name in %r if name in os.environ}
    print(json.dumps([variables, sys.argv[1:]]))
'''


@pytest.fixture
def show(operator):
    """Run an operator which shows its variables and arguments: `show(inputs, *arguments, env=…)`."""

    def run(inputs, *arguments, outputs=(), **options):
        """Give the variables, only those set, and the arguments left to the script."""
        names = [parameter['name'] for parameter in [*inputs, *outputs]]
        shower = operator(SHOW % names, inputs=inputs, outputs=list(outputs))
        done = shower.run(*arguments, **options)
        assert done.returncode == 0, done.stderr
        return tuple(json.loads(done.stdout))

    return run
