"""Random programs that get along without a variable, or don't: each reads variables in one of many ways, uses what it
has read in another, and stands in functions, handlers and loops. All of them run to their end where every variable is
`7`. What they do without one is what Python says: `run` tells it.
"""

import contextlib
import io
import os
import random
import textwrap

HEAD = '''
import ast, asyncio, decimal, functools, json, operator, os, sys
from collections import ChainMap
from contextlib import nullcontext, suppress
from os import environ, getenv

env = os.environ
DEFAULT = '5'
NAMES = {'V0': 'V0', 'V1': 'V1'}

def need(name):
    return os.environ[name]

def optional(name, default=None):
    return os.environ.get(name, default)

def look_up(name, default=None):
    value = os.getenv(name)
    if value is None:
        return default
    return value

def fail(text):
    print(text)
    sys.exit(2)

def check(value):
    if not value:
        raise ValueError('no value')
    return value

partial = functools.partial(os.getenv)
'''

# Reads, by what they give where nothing is set: an error, `None`, a default that the source writes as `None`, another
# default, or nothing. A default of `None` makes an input optional whatever is done to it then, so nothing is.
READS = {
    'error': [
        "os.environ['{v}']", "env['{v}']", "environ['{v}']", "os.environ.copy()['{v}']", "dict(os.environ)['{v}']", "os.environ.__getitem__('{v}')",
        "operator.itemgetter('{v}')(os.environ)", "need('{v}')", "os.environ[NAMES['{v}']]",
        "next(filter(None, [os.getenv('{v}')]))", "next(v for v in (os.getenv('{v}'),) if v)",
    ],
    'none': [
        "os.getenv('{v}')", "os.environ.get('{v}')", "env.get('{v}')", "getenv('{v}')", "os.environ.copy().get('{v}')", "partial('{v}')", "(lambda: os.getenv('{v}'))()",
        "[os.getenv(k) for k in ('{v}',)][0]", "{{k: os.getenv(k) for k in ['{v}']}}['{v}']",
    ],
    'written none': [
        "os.environ.get('{v}', None)", "optional('{v}')", "optional('{v}', None)", "look_up(name='{v}')", "(os.environ['{v}'] if '{v}' in os.environ else None)",
        "next(filter(None, [os.getenv('{v}')]), None)", "next((os.getenv(k) for k in ('{v}',) if os.getenv(k)), None)",
    ],
    'default': [
        "os.getenv('{v}', '5')", "os.environ.get('{v}', default='5')", "os.getenv('{v}') or '5'", "optional('{v}', '5')", "env.get('{v}', str(5))",
        "os.environ.setdefault('{v}', '5')", "(os.environ['{v}'] if '{v}' in os.environ else '5')", "(os.getenv('{v}') if os.getenv('{v}') else '5')",
        "look_up('{v}', default='5')", "os.environ.get('{v}', DEFAULT)", "ChainMap(os.environ, {{'{v}': '5'}})['{v}']", "(os.getenv('{v}') or DEFAULT).strip()",
        "next(filter(None, [os.getenv('{v}')]), '5')",
    ],
    'nothing': ["os.getenv('{v}', '')", "os.environ.get('{v}', default='')", "optional('{v}', '')"],
}

FAILS = [
    '{x}.upper()', 'len({x})', "print({x} + 'a')", "{x}.split(',')", 'int({x})', 'print({x}.strip())', "for part in {x}.split(','):\n    print(part)", "json.dumps({{'a': {x}.title()}})",
    'letters = [letter for letter in {x}]', "print(f'{{int({x}):d}}')", '{x}[0]', 'json.loads({x})', "os.path.join('a', {x})",
    "print('a' in {x})", "print({x} < 'a')",
]
FAILS_FOR_NOTHING = [
    'int({x})', 'float({x})', 'json.loads({x})', 'ast.literal_eval({x})', 'decimal.Decimal({x})', '{x}[0]', "[int(part) for part in {x}.split(',')]",
    "for part in {x}.split(','):\n    int(part)", "{{'7': 1}}[{x}]", 'first, *others = {x}.split()', '{x}.split()[0]',
]
GUARDS = [
    'if not {x}:\n    raise ValueError', 'if {x} is None:\n    sys.exit(1)', 'assert {x}', "assert {x}, 'no'", "if not {x}:\n    print('missing')\n    sys.exit(2)",
    "if {x} is None or {x} == '':\n    raise RuntimeError", "if not {x}:\n    raise SystemExit('no')", "{x} or sys.exit('no')", 'if {x}:\n    print({x})\nelse:\n    raise ValueError',
    "if {x} in (None, ''):\n    raise KeyError('x')", 'if not all([{x}]):\n    raise ValueError', "if '{v}' not in os.environ:\n    sys.exit('no')",
    "missing = [k for k in ['{v}'] if k not in os.environ]\nif missing:\n    raise RuntimeError(missing)", "missing = [k for k in ['{v}'] if not os.getenv(k)]\nif missing:\n    sys.exit(1)",
    "for k in ('{v}',):\n    if not os.environ.get(k):\n        raise ValueError(k)", "if not os.environ.get('{v}'):\n    fail('no')", 'check({x})', "if {x} is None: fail('x')",
    'match {x}:\n    case None:\n        raise ValueError\n    case _:\n        pass', 'if not isinstance({x}, str):\n    raise TypeError', 'if not bool({x}):\n    raise ValueError',
    "try:\n    os.environ['{v}']\nexcept KeyError:\n    sys.exit(1)",
]
GUARDS_FOR_NOTHING = [
    'if not {x}:\n    raise ValueError', 'assert {x}', "if {x} == '':\n    sys.exit(3)", 'if len({x}) == 0:\n    raise ValueError', 'if not {x}.strip():\n    raise ValueError', 'check({x})',
]
DEFAULTS = ["if not {x}:\n    {x} = '5'", "if {x} is None:\n    {x} = '5'", "{x} = {x} or '5'", "{x} = {x} if {x} else '5'", "{x} = '5' if {x} is None else {x}"]
HARMLESS = [
    'if {x}:\n    {x}.upper()', "y = {x}.upper() if {x} else 'd'", 'y = {x} and {x}.upper()', 'if {x} is not None:\n    print({x}.upper())', "if {x} == 'a':\n    print(1)",
    "flag = {x} in ('a', 'b')\nprint(flag)", 'print(bool({x}))', 'if {x}:\n    y = int({x})\nelse:\n    y = 3', 'if not {x}:\n    pass\nelse:\n    {x}.upper()',
    'try:\n    {x}.upper()\nexcept AttributeError:\n    pass', 'try:\n    y = int({x})\nexcept (TypeError, ValueError):\n    y = 1',
]
RETURNS = ['if not {x}:\n    return\n{x}.upper()', 'if {x} is None:\n    return None\n{x}.upper()', "if {x}:\n    return {x}.upper()\nreturn 'd'"]

# Uses that fit each kind of read: any row of one of these lists.
USES = {
    'error': [[FAILS], [HARMLESS]],
    'none': [[FAILS], [GUARDS, FAILS], [DEFAULTS, FAILS], [HARMLESS]],
    'written none': [[GUARDS, FAILS], [DEFAULTS, FAILS], [HARMLESS]],
    'default': [[FAILS], [HARMLESS]],
    'nothing': [[FAILS[:1]], [FAILS_FOR_NOTHING], [GUARDS_FOR_NOTHING], [HARMLESS]],
}

# How what is read gets its name.
BINDINGS = ['{x} = {read}', '{x} = {read}', '({x} := {read})', '{x}: str = {read}', "found = {{'k': {read}}}\n{x} = found['k']", '{x}, other = {read}, 1']

# What stands around code: what is defined before, and what takes the place of the code. `{n}` is a number of its own.
AROUND = [
    ('def f{n}():\n{code}\n', 'f{n}()'),
    ('def outer{n}():\n    def inner{n}():\n{deep}\n    inner{n}()\n', 'outer{n}()'),
    ('def main{n}():\n{code}\n', "if __name__ == '__main__':\n    main{n}()"),
    ('async def work{n}():\n{code}\n', 'asyncio.run(work{n}())'),
    ('@functools.cache\ndef cached{n}():\n{code}\n', 'cached{n}()'),
    ('def late{n}():\n{code}\n', '(lambda: late{n}())()'),
    ('', 'if True:\n{code}'),
    ('', 'for _ in range(2):\n{code}'),
    ('', 'while True:\n{code}\n    break'),
    ('', 'with nullcontext():\n{code}'),
    ('', 'with suppress(Exception):\n{code}'),
    ('', 'try:\n{code}\nfinally:\n    print(1)'),
    ('', 'try:\n    print(2)\nexcept ValueError:\n    pass\nelse:\n{code}'),
    ('', 'try:\n{code}\nexcept Exception:\n    pass'),
    ('', 'try:\n{code}\nexcept Exception as error:\n    print(error)\n    raise'),
    ('', 'try:\n{code}\nexcept Exception as error:\n    print(error)\n    sys.exit(1)'),
    ('', 'try:\n{code}\nexcept Exception as error:\n    raise error'),
    ('', "try:\n{code}\nexcept (KeyError, ValueError, AttributeError, TypeError) as error:\n    raise RuntimeError('no') from error"),
    ('', 'try:\n{code}\nexcept KeyError:\n    print(3)'),
    ('', 'try:\n{code}\nexcept (TypeError, AttributeError):\n    print(3)'),
    ('', 'try:\n{code}\nexcept ValueError:\n    print(3)'),
]


def indented(text, depth=1):
    """Indent a block."""
    return textwrap.indent(text, '    ' * depth)


class Writer:
    """Writes one random program."""

    def __init__(self, seed):
        """Start with the random numbers of a seed."""
        self.random = random.Random(seed)
        self.number = 0

    def numbered(self):
        """Give a number that no other name has."""
        self.number += 1
        return self.number

    def around(self, code):
        """Put something around code."""
        # A loop of events can't be started within another.
        before, instead = self.random.choice([form for form in AROUND if 'asyncio' not in code or 'asyncio' not in form[1]])
        given = {'n': self.numbered(), 'code': indented(code), 'deep': indented(code, 2)}
        return before.format(**given) + instead.format(**given)

    def used(self, name):
        """Read a variable and use what it gives."""
        choose, x, number = self.random.choice, f'x{self.numbered()}', self.numbered()
        kind = choose(list(READS))
        read = choose(READS[kind]).format(v=name)
        if kind == 'none' and choose((True, False, False)):
            body = choose(RETURNS).format(x=x)
            return f'def run{number}():\n{indented(choose(BINDINGS).format(x=x, read=read))}\n{indented(body)}\nrun{number}()'
        body = '\n'.join(choose(row).format(x=x, v=name) for row in choose(USES[kind]))
        place = choose(('here', 'here', 'here', 'helper', 'parameter', 'attribute', 'global'))
        is_changed = any(line.strip().startswith(f'{x} =') for line in body.splitlines())
        if place == 'helper':
            return f'def get{number}():\n    return {read}\n{x} = get{number}()\n{body}'
        if place == 'parameter':
            return f'def use{number}({x}):\n{indented(body)}\nuse{number}({read})'
        if place == 'attribute':
            own = indented(body.replace(x, 'self.value'), 2)
            return f'class C{number}:\n    def __init__(self):\n        self.value = {read}\n    def run(self):\n{own}\nC{number}().run()'
        if place == 'global' and not is_changed:
            return f'{x} = {read}\ndef use{number}():\n{indented(body)}\nuse{number}()'
        return f'{choose(BINDINGS).format(x=x, read=read)}\n{body}'

    def program(self, names):
        """Write a program that reads some variables."""
        parts = []
        for name in names:
            code = self.used(name)
            for _ in range(self.random.choice((0, 1, 1, 2))):
                code = self.around(code)
            parts.append(code)
        return '\n'.join([HEAD, *parts, ''])


def run(program, variables):
    """Run a program with some variables and tell why it fails, if it does."""
    before = dict(os.environ)
    for name in ('V0', 'V1'):
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(program, {'__name__': '__main__'})
    except SystemExit as error:
        return None if error.code in (None, 0) else f'exit {error.code}'
    except Exception as error:
        return repr(error)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return None
