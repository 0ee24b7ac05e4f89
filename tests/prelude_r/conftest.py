"""Operators for the tests: the entry point of R as `c3` emits it, beside a script, run as real processes."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import pytest

# A run in the background may have been told to ignore these, which its children would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / 'templates'
RUNTIME = TEMPLATES / 'runtime' / 'r'
C3 = os.environ.get('C3') or str(ROOT / 'target' / 'debug' / 'c3')
RSCRIPT = shutil.which('Rscript') or 'Rscript'

HOSTILE = {
    'quotes': """a"b'c`d\\""",
    'substitution': '$(touch pwned) ${HOME} `id`',
    'code': '"); quit(status = 9); ("',
    'separator': '; rm -rf x && y | z > w',
    'lines': 'one\ntwo\r\n\tthree\n',
    'umlauts': 'Größe → 漢字 🎉',
    'bytes': b'\xff\xfe\x80'.decode('utf-8', 'surrogateescape'),
    'long': 'x' * 100_000,
    'option': '--other',
    'option of R': '-e',
    'encoding of R': '--encoding=latin1',
    'interface of R': '-g',
    'arguments of R': '--args',
    'dashes': '--',
    'equation': 'a=b=c',
    'empty': '',
    'spaces': '  a  b ',
    'spaces of R': 'a~+~b~n~c',
    'percent': '%s %(asctime)s {0} {x}',
    'escapes': r'\n \x41 \u00e4 \\1 \0',
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

# Locales in which bytes must arrive all the same.
LOCALES = ['C.UTF-8', 'C']

# A container's first process.
UNSHARE = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
needs_unshare = pytest.mark.skipif(
    subprocess.run([*UNSHARE, 'true'], stderr=subprocess.DEVNULL).returncode != 0, reason='unshare is not permitted'
)


def an_input(name, type='String', default=None, secret=False, id=None, required='no', description=None):
    """Declare an input."""
    shared = {'name': name, 'id': id or name, 'type': type, 'description': description}
    return {**shared, 'default': default, 'secret': secret, 'required': required, 'via': 'environment'}


def an_output(name, type='String', read=False, id=None, description=None):
    """Declare an output."""
    return {'name': name, 'id': id or name, 'type': type, 'read': read, 'description': description}


LOG_LEVEL = an_input('log_level', default='INFO')
# R starts three times as fast with few packages, and the prelude runs before any of them; see `environment`.
ALL_PACKAGES = {'R_DEFAULT_PACKAGES': ''}
NO_INTERFACE = {
    'name': 'x',
    'description': 'What it does.',
    'root': '.',
    'files': [],
    'logging': False,
    'skips_dashes': False,
    'own_arguments': False,
    'inputs': [],
    'outputs': [],
}


def contract(name):
    """Give what c3 and the preludes have to agree on."""
    return json.loads((TEMPLATES / 'contract' / name).read_text(encoding='utf-8'))


def environment(changes=None):
    """Give the environment of a container that has only just been started, with few of R's packages unless told."""
    kept = {name: os.environ[name] for name in ('PATH', 'HOME') if name in os.environ}
    return {**kept, 'LC_ALL': 'C.UTF-8', 'R_DEFAULT_PACKAGES': 'utils', **(changes or {})}


class Operator:
    """A script with its entry point in a folder of their own."""

    def __init__(self, folder, script, name='x.R', **interface):
        """Write both; `interface` holds what differs from a script without parameters."""
        self.folder, self.home = folder / 'operator', folder / 'work'
        self.script = self.folder / name
        self.script.parent.mkdir(exist_ok=True)
        self.home.mkdir(exist_ok=True)
        if script is not None:
            self.script.write_bytes(script if isinstance(script, bytes) else textwrap.dedent(script).encode())
        interface.setdefault('own_arguments', 'commandArgs' in str(script))  # as c3 finds out
        self.entry = self.folder / ('claimed_' + name)
        self.entry.write_text(entry_point({**NO_INTERFACE, 'script': name, **interface}), encoding='utf-8')
        self.command = ['sh', str(self.entry)]

    def run(self, *arguments, **options):
        """Run the operator as the entry point of its image does."""
        return self.finish([*self.command, *arguments], options)

    def run_itself(self, *arguments, **options):
        """Run the entry point as a program of R's."""
        return self.finish([RSCRIPT, str(self.entry), *arguments], options)

    def run_plainly(self, *arguments, **options):
        """Run the script without the entry point."""
        return self.finish([RSCRIPT, str(self.script), *arguments], options)

    def run_both_ways(self, *arguments, own=(), **options):
        """Run the operator and its script without the entry point, at the same time but each in its own folder.

        `own` are the script's own arguments.
        """
        folder = self.home.parent / 'plain'
        folder.mkdir(exist_ok=True)
        with ThreadPoolExecutor(2) as pool:
            plain = pool.submit(self.run_plainly, *own, cwd=folder, **options)
            return self.run(*arguments, *own, **options), plain.result()

    def start(self, *arguments, plain=False, before=(), env=None, **options):
        """Start the operator, or its script alone, and leave it running."""
        command = [RSCRIPT, str(self.script)] if plain else self.command
        return subprocess.Popen(
            [*before, *command, *arguments],
            env=environment(env),
            cwd=options.pop('cwd', self.home),
            encoding='utf-8',
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )

    def finish(self, command, options):
        """Run a program to its end; it works in a folder of its own unless told otherwise."""
        options = dict({'cwd': self.home, 'timeout': 60, 'capture_output': True}, **options)
        options['env'] = environment(options.get('env'))
        if not {'input', 'stdin'} & set(options):
            options['stdin'] = subprocess.DEVNULL
        return subprocess.run(command, encoding='utf-8', errors='surrogateescape', **options)


@lru_cache
def emitted():
    """Give an entry point as c3 emits it, in two parts: what precedes its interface, and what follows."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, 'x.R').write_text('cat(Sys.getenv("p"))\n')
        command = [C3, 'create-operator', '--no-build', '--keep-generated-files', '-r', 'example.com/r', 'x.R']
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        text = Path(folder, 'x.context/operator/claimed_x.R').read_text(encoding='utf-8')
    return re.fullmatch(r'(?s)(.*\ninterface <- )list\([^\n]*(\n.*)', text).groups()


def entry_point(interface):
    """Give the entry point of an interface."""
    before, after = emitted()
    before = before.replace('\n# script: x.R\n', '\n# script: %s\n' % interface['script'], 1)
    return before + r_expression(interface) + after


def r_expression(value):
    """Spell a value in R."""
    if value is None:
        return 'NULL'
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        return '"%s"' % ''.join(map(r_character, value))
    if isinstance(value, dict):
        return 'list(%s)' % ', '.join('%s = %s' % (key, r_expression(part)) for key, part in value.items())
    return 'list(%s)' % ', '.join(map(r_expression, value))


def r_character(character):
    """Spell a character within a string of R, in ASCII."""
    code = ord(character)
    if character in '"\\':
        return '\\' + character
    if 32 <= code < 127:
        return character
    return '\\u%04x' % code if code < 0x10000 else '\\U%08x' % code


def r_bytes(text):
    """Spell a string in R as its bytes, whatever they are."""
    return 'rawToChar(as.raw(c(%s)))' % ', '.join(map(str, os.fsencode(text)))


def as_a_shell(code):
    """Give an exit code as a shell tells it, which is what engines see of an operator that a signal has ended."""
    return 128 - code if code < 0 else code


def succeeded(done):
    """Tell whether a run went without an error or a warning."""
    return (done.returncode, done.stderr) == (0, '')


@pytest.fixture
def operator(tmp_path):
    """Make operators: `operator(script, inputs=[…], outputs=[…], …)`."""
    return lambda script, **interface: Operator(tmp_path, script, **interface)


# Writes each variable that is set, and each argument, as a line of hexadecimal digits.
SHOW = """
    digits <- function(text) paste(charToRaw(text), collapse = "")
    for (name in c(%s)) {
      value <- Sys.getenv(name, unset = NA)
      if (!is.na(value)) cat("variable", digits(name), digits(value), "\n")
    }
    for (argument in commandArgs(trailingOnly = TRUE)) cat("argument", digits(argument), "\n")
"""


@pytest.fixture
def show(operator):
    """Run an operator which shows its variables and arguments: `show(inputs, *arguments, env=…)`."""

    def run(inputs, *arguments, outputs=(), **options):
        """Give the variables, only those set, and the arguments left to the script."""
        names = [parameter['name'] for parameter in [*inputs, *outputs]]
        script = SHOW.replace('\n")', '\\n")') % ', '.join(map(r_bytes, names))
        done = operator(script, inputs=inputs, outputs=list(outputs)).run(*arguments, **options)
        assert succeeded(done), done.stderr
        lines = [line[:-1].split(' ') for line in done.stdout.splitlines()]
        parts = [[os.fsdecode(bytes.fromhex(digits)) for digits in line[1:]] for line in lines]
        return (
            dict(part for line, part in zip(lines, parts) if line[0] == 'variable'),
            [(part or [''])[0] for line, part in zip(lines, parts) if line[0] == 'argument'],
        )

    return run
