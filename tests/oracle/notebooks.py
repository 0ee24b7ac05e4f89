"""Random notebooks: every way to write a cell, with what IPython adds to Python, and cells that are harmless to run."""

import json
import random

import scripts

PACKAGES = ['numpy', 'pandas==2.2.0', 'a>=1.2', "'b[x]>=1'", '"c<3"', 'git+https://example.org/x.git', '-r requirements.txt', '-q d e', '--upgrade f', 'g>=1,<2', 'h==1.*']
INSTALLS = [
    'pip install {p}', 'pip3 install {p}', 'python -m pip install {p}', '{{sys.executable}} -m pip install {p}', 'pip install {p} > /dev/null', 'pip install {p} 2>&1 | tail -1',
    'pip install {p} && echo $x', 'echo x; pip install {p}', 'sudo pip install {p}', 'uv pip install --system {p}', 'pip install {p}, q2', 'pip -q install {p}', 'pip  install   {p}', 'pip install {p} > log 2> log', '(cd x && pip install {p})',
    'X=1 pip install {p}', 'pip install {{package}}', 'pip install $x', 'echo "pip install q"', "echo 'a; pip install q'", 'pip list', '/usr/bin/pip install {p}', 'pip install \\\n    {p} \\\n    last',
]
COMMANDS = ['ls', 'ls -l | head -1', 'echo $HOME {x}', 'echo "a b" # c', 'true', "echo 'it''s'", 'cat <<< x', 'echo a \\\n  b', 'echo %time !x', 'ls *.py', 'x=1', 'cd /tmp', '  ls', 'echo \\\\']
LINES = [
    'matplotlib inline', 'load_ext autoreload', 'autoreload 2', 'time f()', 'timeit -n1 f()', 'cd /tmp', 'env X=1', 'run other.py', 'who', 'time x = {r}', 'time print({r})', 'config InlineBackend.x = 1',
    'run -i a.py {{x}}', 'time', 'writefile x', 'sql select 1', 'load_ext sql', 'pylab inline', 'memit f()', 'conda install -y z', 'pip list', "env Y='a b'", 'time f(a, \\\n  b)',
]
CELL_MAGICS = ['bash', 'sh', 'script bash', 'system', 'sx', '!', 'bash --out x', 'sh -e']
PYTHON_MAGICS = ['time', 'timeit', 'capture', 'prun', 'capture out', 'timeit -n 1', 'time  ', 'capture --no-stderr']
OTHER_MAGICS = ['html', 'javascript', 'writefile x.py', 'latex', 'sql', 'python2', 'script false', 'script python', 'perl', 'R -i x', 'cython', 'markdown', 'file y', 'svg']
HELP = ['?', 'x?', 'x??', '?x', '??x', 'os.getenv?', '%time?', '?%time', '%%time?', '*int*?', 'x.y[0]?', '??']
TRICKS = [
    "s = '''\n!pip install no\n%time os.getenv('no')\n'''", 's = f(1,\n  2 %\n  3)', 's = (a\n%b\n)', 's = [\n  1\n  %f(2)\n]', "# !pip is no command\ns = 1", "s = 5 %x", "s = '\\\n!ls'", 's = a \\\n  %b',
    's = a != b', '"""\n%%bash\npip install no\n"""', 's = lambda: 1 % 2', 's = """a?"""', 'await f()', 's = [await f() for i in x]', 'async with a as b:\n    pass',
    'async for a in b:\n    pass', 's = 1;', 's = 1; t = 2', ',f a b', ';f a b', '/f a b', '/f 1', 'if a:\n    !ls\nelse:\n    %time f()', 'def f():\n    x = !ls\n    return x', 'for i in range(3):\n    %time f(i)\n    !echo {i}',
    'try:\n    %load_ext x\nexcept E:\n    pass', 'with a:\n\t!ls', 'display(s)', 'get_ipython().system("ls")', 'from IPython.display import display', 'import IPython', 'def display(x): pass',
    'class A:\n    x = %pwd\n    y = 1', 'a = b = !ls', 'a, b = !ls', 'a[0] = !ls', 'a: list = !ls', 'a.b = %pwd', 'x = %time f({r})', 'x = !!ls', 'x = %sql select 1', '!!ls -l', '# %% a comment\ns = 1', '#%time x', '!ls; echo $(date)',
    'from __future__ import annotations', 'from __future__ import (annotations,\n    division)  # c', 'from __future__ import division; s = 2', 's = 1 if a else \\\n   2', '\n\n', '   ', '# only a comment', 'pass # pip install never',
    '# pip install one two', '# dnf install -y git', '# !pip install four', '#%pip install five', '# % of it\nx = {r}', '# !ls\nx = {r}', '@property\ndef g(self): ...', 'x = {r}', 'x = {r}  # c3: secret',
]
PARAMETERS = [
    'rows = 5', "name = 'x'", 'rate = 0.5', 'flag = True', 'nothing = None', 'total = 60 * 60', 'other = rows', 'items = []', 'rows: int = 7  # how many', '# about it\nname = "y"', 'password = "p"', "path = 'a' 'b'",
    'a = b = 1', 'a, b = 1, 2', 'rows += 1', 'off = False  # c3: ignore', "data = '/x'  # c3: input=File", 'x = f()', 'HOME = 1', 'if rows:\n    inner = 1', 'negative = -1', "text = f'{1}x'", '!ls', 'import os', "y = '''a\nb'''", 'big = 10**20',
]
MARKDOWN = ['# Title', '# The *title*\n\nSee [this](https://example.org).', '', 'text `code` **bold**', '![x](attachment:y.png)', '* a\n* b', '<b>x</b> y', 'a\\\nb', 'os.getenv("no")', '# pip install never', 'ünï 漢字', 'c3: secret']


class Writer(scripts.Writer):
    """Writes one random notebook."""

    def notebook(self):
        """Give its JSON."""
        return self.document([self.cell() for _ in range(self.random.choice([0, 1, 2, 3, 5, 8]))])

    def document(self, cells):
        """Put cells into a document of some minor version, with or without what is optional."""
        minor = self.random.randint(0, 5)
        metadata = self.random.choice([
            {}, {'kernelspec': {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'}, 'language_info': {'name': 'python', 'version': '3.12.1', 'codemirror_mode': {'name': 'ipython', 'version': 3}}},
            {'kernelspec': {'display_name': 'Python 3', 'name': 'python3'}}, {'language_info': {'name': 'python'}}, {'kernelspec': {'display_name': 'Python [conda env:x]', 'language': 'python', 'name': 'conda-env-x-py'}},
        ])
        if minor == 5:
            for number, cell in enumerate(cells):
                cell['id'] = f'cell-{number}'
        document = {'cells': cells, 'metadata': metadata, 'nbformat': 4, 'nbformat_minor': minor}
        text = json.dumps(document, indent=self.random.choice([None, 1]), ensure_ascii=self.chance(0.5), sort_keys=self.chance(0.5))
        return '\ufeff' * self.chance(0.02) + text + '\n' * self.chance(0.8)

    def cell(self):
        """Write a cell of some kind."""
        kind = self.random.choice(['code'] * 6 + ['markdown', 'markdown', 'raw'])
        if kind != 'code':
            cell = {'cell_type': kind, 'metadata': {}, 'source': self.source(self.random.choice(MARKDOWN))}
            if self.chance(0.1):
                cell['attachments'] = {'y.png': {'image/png': 'AAAA'}}
            return cell
        tagged = self.chance(0.12)
        text = self.parameters() if tagged else self.code()
        metadata = {'tags': self.random.choice([['parameters'], ['x', 'parameters']])} if tagged else self.random.choice([{}, {}, {'tags': []}, {'tags': ['x']}, {'collapsed': True}])
        outputs = self.random.choice([[], [], [{'output_type': 'stream', 'name': 'stdout', 'text': ['os.getenv("no")\n']}], [{'output_type': 'display_data', 'data': {'image/png': 'A' * 100}, 'metadata': {}}]])
        return {'cell_type': 'code', 'execution_count': self.random.choice([None, 1]), 'metadata': metadata, 'outputs': outputs, 'source': self.source(text)}

    def source(self, text):
        """Spell the text of a cell as the format lets one."""
        if self.chance(0.5):
            text = text.rstrip('\n')
        if self.chance(0.05) and "\\\n" not in text:
            text = text.replace('\n', '\r\n')
        return text.splitlines(keepends=True) if self.chance(0.6) and not set(text) & set('\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\r') else text

    def parameters(self):
        """Write a cell of parameters."""
        return '\n'.join(self.random.choice(PARAMETERS) for _ in range(self.random.randint(0, 5))) + '\n'

    def code(self):
        """Write the text of a code cell."""
        kind = self.random.random()
        if kind < 0.1:
            return f'%%{self.random.choice(CELL_MAGICS)}\n' + '\n'.join(self.command() for _ in range(self.random.randint(0, 4))) + '\n'
        if kind < 0.14:
            return f'%%{self.random.choice(OTHER_MAGICS)}\n' + self.random.choice(['<b>x</b>\n', 'pip install no\n', 'os.getenv("no")\n', 'a "b" \\\n\'c\'\t漢\n', ''])
        lines = ''.join(self.piece() for _ in range(self.random.randint(0, 4)))
        if kind < 0.24:
            return f'%%{self.random.choice(PYTHON_MAGICS)}\n{lines}'
        if kind < 0.28:
            return self.random.choice(['', '\n', '\n  \n']) + self.indented(lines, '    ')
        if kind < 0.31:
            return ''.join(f'>>> {line}\n' if line.strip() and not line[0].isspace() else f'... {line}\n' for line in lines.split('\n')[:-1])
        if kind < 0.33:
            return self.random.choice([f'pip install {self.random.choice(PACKAGES)}', 'ls', 'ls -l', 'cd /tmp', 'pwd', 'matplotlib inline', 'time f()', 'run x.py', 'cat a.txt b.txt'])
        return '\n' * self.random.choice([0, 0, 1]) + lines

    def indented(self, text, by):
        """Indent a piece, unless it would change what is in its strings."""
        return ''.join(by + line if line.strip() else line for line in text.splitlines(keepends=True)) if "'''" not in text and '"""' not in text else text

    def command(self):
        """Write a command for a shell."""
        if self.chance(0.4):
            return self.random.choice(COMMANDS)
        return self.random.choice(INSTALLS).format(p=self.random.choice(PACKAGES))

    def piece(self):
        """Write a statement, or what IPython takes for one."""
        kind = self.random.random()
        if kind < 0.35:
            return self.statement()
        if kind < 0.5:
            return self.random.choice(['!', '!', '! ', 'x = !', 'a.b, c = !', '!!', '%sx ']) + self.command() + '\n'
        if kind < 0.65:
            line = self.random.choice(['%', '%', 'x = %']) + self.random.choice(LINES).replace('{r}', self.read().replace('\n', ' '))
            return line + '\n' if '#' not in line else ''
        if kind < 0.7:
            return f'%pip install {self.random.choice(PACKAGES)}\n'
        if kind < 0.75:
            return self.random.choice(HELP) + '\n'
        return self.random.choice(TRICKS).replace('{r}', self.read()) + '\n'


def notebook(seed):
    """Give the notebook of a seed."""
    return Writer(seed).notebook()


# Notebooks that can be run


SETTING = "import os\nx, y, z = 1, 'two', [3.0]\nlog = []\ndef f(*a):\n    log.append(a)\n    return a\nasync def g(a=1):\n    log.append(a)\n    return a\n"
STEPS = [
    'x = {n}', 'y = y * 2', 'z.append({n})', 'a{n} = !echo {n}', 'a{n} = !echo a; echo b', "b{n} = !echo {y} $y '{x}'", '!echo {x} > /dev/null', '!true', '!!echo {n}', '%time x = {n}', 'c{n} = %time f({n})', '%timeit -n1 -r1 f()',
    'for i in range(2):\n    !true\n    d{n} = !echo {i}', 'if x:\n    e{n} = %pwd\nelse:\n    !echo no', 'def h{n}():\n    r = !echo {n}\n    return r\nv{n} = h{n}()', 's{n} = """\n!echo no\n%time no\n"""', "t{n} = (x\n%7\n)",
    'await g({n})', 'u{n} = [await g(i) for i in range(2)]', ',f a b', ';f a b', '/f x y', 'from __future__ import annotations', 'from __future__ import division  # why\nx = x / 2', 'def k{n}(p: undefined_{n} = 1): return p' ,
    'x?', '?x', '%matplotlib?', '!echo a \\\n  b > /dev/null', 'w{n} = !echo a \\\n  b', 'w{n} = !echo a\\\nb', 'f(1) # !x', 'x', '"text"', 'f(x); f(y);', 'print(x)', 'class C{n}:\n    a = !echo {n}', 'import time, json; p{n} = json.dumps(x)',
    "q{n} = %env HOME", "os.environ['o{n}'] = str(x)", 'm{n} = f"{x!r} {y:>5}"', "if True: n{n} = !echo 1", 'lambda: 1', 'del y; y = "new"', '\n', '# %time\n', '%cd -q .', 'j{n} = !printf "a\\tb\\n\\"c\\""', "l{n} = 'it''s' '\\\\'", 'get_ipython().run_cell("x = {n}")',
]
BODIES = [
    '%%time\n{s}', '%%capture\n{s}', '%%capture out{n}\n{s}', '%%bash\necho {n}\ntrue', '%%sh\ntrue', '%%bash --out o{n}\necho a; echo "b\'\\t" \\\n c', '%%timeit -n1 -r1\nf()', '    x = {n}\n    y = "in"', '>>> x = {n}\n>>> if x:\n...     y = 5', '\n\n{s}',
    '%%time\n\n# first\n{s}', '%%sx\necho {n}', '%%capture\n!true\n%matplotlib inline', '%%script bash\ntrue', '%%prun -q\nf({n})', 'In [1]: x = {n}\n   ...: y = x', '%%time\n%%bash\ntrue', '%%capture\n%%time\nx = {n}', '%%!\necho a\necho b', 'ls', 'ls -l', 'cd -q .', 'pwd', 'time f({n})', '>>> x = {n}\n... # c\n', '\n# c\n>>> z = [{n}]', '!!echo {n}', '%%script --no-raise-error false\nx',
]


class RunnableWriter(Writer):
    """Writes notebooks whose cells can be run one by one, without an error and without harm."""

    def notebook(self):
        """Give its JSON."""
        cells = [SETTING] + [self.runnable() for _ in range(self.random.randint(1, 6))]
        if self.chance(0.2):
            cells.insert(0, self.step('from __future__ import annotations'))
        return self.document([{'cell_type': 'code', 'execution_count': None, 'metadata': {}, 'outputs': [], 'source': self.source(text)} for text in cells])

    def runnable(self):
        """Write a cell."""
        if self.chance(0.3):
            return self.step(self.random.choice(BODIES).replace('{s}', self.random.choice(STEPS)))
        return ''.join(self.step(self.random.choice(STEPS)) + '\n' for _ in range(self.random.randint(1, 4)))

    def step(self, template):
        """Fill a number in."""
        return template.replace('{n}', str(self.random.randint(0, 9)))


def runnable(seed):
    """Give the notebook of a seed that can be run."""
    return RunnableWriter(seed).notebook()
