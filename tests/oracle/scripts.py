"""Random scripts: every form of access in every kind of place, with texts that are hard to quote."""

import random
import sys

NAMES = [
    'a', 'b', 'rows', 'num_values', 'output_path', 'yes', 'null', '~', '1e3', 'my token', 'größe', 'x-y', 'x.y', '1st', 'api_key', 'password', 'max_tokens',
    'tokenizer', 'DB_CONNECTION', 'connection_string', 'AWS_SECRET_ACCESS_KEY', 'SecretName', 'HOME', 'PATH', 'PYTHONPATH', 'CUDA_X', 'LC_ALL', 'log_level',
    'Credentials', 'passwd', 'S3_ACCESS_KEY_ID', "it's", '$(x)', '{x}', '#x', '"', '\\', 'ключ', '漢字', '🎉', 'a b', 'tab\tname', 'line\nname', '', 'a=b',
]
TEXTS = [
    '', 'plain', '5', '1.5', 'true', 'no', 'None', 'null', '~', 'yes', '1e3', '0o12', '0x1F', '- x', 'a: b', '#', ' # x', '{{ x }}', '{% x %}', '${HOME}',
    '$(id)', '$$', '`id`', '"', "'", '"\'', '\\', '\\n', '\n', '\r\n', '\t', '!!str x', '&a', '*a', '|', '>', '%', '@', ' lead', 'trail ', 'ä', '漢字', '🎉',
    '\u200b', '\u202e', '\u2028', '\ufeff', '\x85', '\x1b[31m', '\x07', '\x7f', '2026-11-21', '.inf', '=', '<<', 'x' * 3000, '; rm -rf /', 'a\\\nb', '1_000', ' 8 ',
    '-0', '+9', 'inf', 'nan', '\0', '٣', '１',
]
EXPRESSIONS = [
    '5', '-3', '60*60', '1.5', '1e-5', '1e16', '1e300', '-0.0', '0.1+0.2', '10**20', '7//-2', '-7 % 3', '7.5 // 2', '1/4', '0x1F', '1_000', '~5', 'not 1', 'True',
    'False', 'None', "str(5)", "int('7')", "float('1e3')", "bool('')", "'a' 'b'", "'a' + 'b'", "'ab' * 2", "3 * 'x'", "f'{1+1}a'", "f'{1!r}'", "f'{1:e}'", "f'{X}/in'",
    'X', 'N', 'N * 2', "X + '/y'", 'LATER', 'TWICE', 'MAYBE', 'FLAG', 'unknown', 'hash("x")', '[]', '{}', '()', "b'x'", '1j', '...', "'%s' % 1", "'{}'.format(1)", 'X.upper()',
    '1 if 2 else 3', '2**0.5', '2**-1', '1 << 3', '5 & 3', '5 | 3', '5 ^ 3', '0/0', '1//0', "'a' + 1", 'os.extsep', "int('x')", '9' * 50, 'True + 1', 'str(1.0)', 'int(2.9)', 'bool(N)',
    "r'\\x'", "u'x'", "'\\N{BULLET}'", "'\\ud800'", "'''a\n b'''", '-(2**40)', '2 ** 63', '(1)', '("in" "parens")', "f''", "f'{{}}'", "'a' f'{1}' 'b'", 'float("inf")', '1e400',
]
PREAMBLE = (
    '"""About."""\nfrom __future__ import annotations\nimport os, sys\nimport os as o\nimport os.path\nfrom os import environ, environ as e, getenv, getenv as g\n'
    "env = os.environ\nX = 'const'\nN: int = 42\nFLAG = True\nTWICE = 'a'\nTWICE = 'b'\nif N:\n    MAYBE = 'm'\n\n"
)
DEFAULT_FORMS = [
    'os.getenv({n}, {d})', 'os.getenv({n}, default={d})', 'os.getenv(default={d}, key={n})', 'os.environ.get({n}, {d})', 'os.environ.get({n}, default={d})',
    'o.getenv({n}, {d})', 'g({n}, {d})', 'getenv({n}, {d})', 'e.get({n}, {d})', 'env.get({n}, {d})', 'environ.get({n}, {d})', 'os.environ.setdefault({n}, {d})',
    'os.getenv(\n        {n},\n        # inside\n        {d},  # after\n    )',
]
PLAIN_FORMS = ['os.getenv({n})', 'os.environ.get({n})', 'os.environ[{n}]', 'e[{n}]', 'g({n})', 'environ[{n}]', 'o.environ[\n        {n}\n    ]', 'getenv(key={n})']
NO_FORMS = ['x.getenv({n})', 'os.path.join({n})', 'environ_.get({n})', 'os.environ.copy()', 'self.environ[{n}]', '"os.getenv({q})"', 'os.environb', 'os.environ.keys()', 'os.getenv']
CASTS = ['{r}'] * 6 + ['int({r})', 'float({r})', 'bool({r})', 'str({r})', 'int({r} + 1)', 'int({r}, 10)', 'list({r})', 'int(str({r}))', '({r})', 'int(({r}))', 'int(*{r})', 'np.int({r})']
PLACES = [
    'v = {}', 'print({}, {})', 'v = [{}, {}]', 'v = {{"k": {}, {}: 1}}', 'v = f"{{{}}}"', 'v = lambda: {}', 'v = {} if {} else {}', 'v = [{} for i in {}]', 'assert {}', 'v = -len({})',
    'v = w[{}]', 'v = (y := {})', 'f(*{}, **{})', 'v = {}.strip()', 'v = not {}', 'v = {} + {}', 'v: str = {}', 'v = {} < {}', 'v = {}; w = {}', 'w[{}] = {}', 'v += {}', 'del w[{}]', 'raise E({})',
    'v = {}[{}:{}]', 'v = {{i: {} for i in w}}', 'v = ({} for i in w if {})', 'v = {} and {}', 'v = await_({})', 'v = w @ {}', 'v = {},', 'return_ = {}',
]
BLOCKS = [
    'if {}:\n    {s}\nelif {}:\n    {s}', 'while {}:\n    {s}', 'for i in {}:\n    {s}\nelse:\n    {s}', 'with open({}) as f, g1({}):\n    {s}', 'def f{i}(p={}, *, q={}):\n    {s}\n    return {}',
    '@deco({})\ndef f{i}():\n    {s}', 'class C{i}(B, m={}):\n    a = {}\n    {s}', 'async def f{i}():\n    await g1({})\n    {s}', 'def f{i}():\n    yield {}\n    {s}',
    'try:\n    {s}\nexcept E:\n    {s}\nfinally:\n    v = {}', 'match {}:\n    case 1 if {}:\n        {s}', 'def f{i}(X, N=1):\n    v = {}\n    {s}', 'def f{i}(environ, g, *e):\n    v = {}\n    {s}',
    'def f{i}(p: {} = 1) -> {}:\n    {s}',
]
WRITES = [
    'os.environ[{n}] = {x}', 'e[{n}] = {x}', 'v, os.environ[{n}] = 1, {x}', 'v = env[{n}] = {x}', 'os.environ[{n}]: str = {x}', 'os.environ[{n}] += {x}', '[v, *environ[{n}]] = {x}',
    'for os.environ[{n}] in w: pass', 'with open({x}) as os.environ[{n}]: pass', 'os.environ[\n    {n}\n] = {x}',
]
COMMENTS = ['# about it', '#: about it', '# {{ x }} "q" \'s\' \\', '#no blank', '# a # b', '# ünï 漢字 🎉', '#', '# x: y', '#\tTab\there', '## twice', '# - item', '# pip install numpy', '# wide  blank']
DIRECTIVES = [
    '# c3: ignore', '# c3: secret', '# c3: not-secret', '# c3: output', '# c3: output=Model', '# c3: input=File', '# c3: input=Directory', '#c3: secret', '# note, c3: secret', '# c3: secret, input=File',
    '# c3:output=Dataset', '# noqa c3: ignore', '# xc3: secret', '# nothing',
]


class Writer:
    """Writes one random script."""

    def __init__(self, seed):
        """Everything follows from the seed."""
        self.random = random.Random(seed)
        self.count = 0
        self.names = self.random.sample(NAMES, 12)

    def script(self):
        """Give the text."""
        parts = [PREAMBLE if self.chance(0.9) else PREAMBLE.partition('\n')[2].partition('\n')[2]]
        parts += [self.statement() for _ in range(self.random.randint(1, 12))]
        # What nothing names is never run, and requires nothing.
        handed = ''.join(f'f{count}, C{count}, ' for count in range(1, self.count + 1))
        return '\n'.join(parts) + f"\nLATER = 'l'\nHANDED = ({handed})\n"

    def chance(self, probability):
        """Decide."""
        return self.random.random() < probability

    def literal(self, text):
        """Spell a text as a literal."""
        forms = [repr(text), repr(text), ascii(text), "'" + ''.join(f'\\U{ord(character):08x}' for character in text) + "'"]
        if '\\' not in text and '"' not in text and '\0' not in text and '\r' not in text:
            forms.append(f'"""{text}"""')
            if '{' not in text and '}' not in text and '\n' not in text:
                forms += [f'f"{text}"', f'r"{text}"', f'"{text[:2]}" "{text[2:]}"']
        return self.random.choice(forms)

    def name(self):
        """Spell the name of a variable, rarely one that isn't a literal."""
        if self.chance(0.03):
            return self.random.choice(['X', "X + 'x'", 'f"{X}"', 'unknown', 'N'])
        return self.literal(self.random.choice(self.names))

    def read(self):
        """Write something that reads, or only looks like it."""
        name = self.name()
        if self.chance(0.08):
            return self.random.choice(NO_FORMS).format(n=name, q="'q'")
        if self.chance(0.65):
            default = self.literal(self.random.choice(TEXTS)) if self.chance(0.5) else self.random.choice(EXPRESSIONS)
            if self.chance(0.06):
                default = self.read()
            code = self.random.choice(DEFAULT_FORMS).format(n=name, d=default)
        else:
            code = self.random.choice(PLAIN_FORMS).format(n=name)
        return self.random.choice(CASTS).format(r=code)

    def value(self):
        """Write a read, or something else."""
        return self.read() if self.chance(0.7) else self.random.choice(['w', '1', "'x'"])

    def fill(self, template, **parts):
        """Fill each `{}` of a template anew."""
        place = template.count('{}')
        if 'f"' in template and sys.version_info < (3, 12):
            return template.format('w')
        return template.format(*(self.value() for _ in range(place)), **parts)

    def statement(self, depth=0):
        """Write a statement below comments."""
        comments = [self.random.choice(COMMENTS) for _ in range(self.random.choice([0, 0, 1, 1, 2]))]
        if self.chance(0.15):
            comments.append('')
        end = ''
        if depth < 3 and self.chance(0.2):
            self.count += 1
            code = self.fill(self.random.choice(BLOCKS), s='\0', i=self.count)
            while '\0' in code:
                before, after = code.split('\0', 1)
                indent = before[before.rfind('\n') + 1 :]
                code = before + self.statement(depth + 1).rstrip().replace('\n', '\n' + indent) + after
        else:
            write = self.chance(0.25)
            template = self.random.choice(WRITES if write else PLACES)
            code = template.format(n=self.name(), x=self.value()) if write else self.fill(template)
            end = '  ' + self.random.choice(DIRECTIVES) if self.chance(0.15) else ''
        return '\n'.join([*comments, code + end]) + '\n'


def script(seed):
    """Give the script of a seed."""
    return Writer(seed).script()
