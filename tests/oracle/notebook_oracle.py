"""The interface of a notebook by the rules of the specification: nbformat reads it, IPython itself makes Python of its cells.

What is made keeps its line, so that places can be compared too.
"""

import ast
import re
import shlex
from dataclasses import dataclass

import nbformat
import oracle
from IPython.core import inputtransformer2 as transformers
from IPython.core.inputtransformer2 import TransformerManager

PYTHON_BODIES = {'time', 'timeit', 'capture', 'prun'}
SHELL_BODIES = {'bash', 'sh', 'system', 'sx', '!'}
SHELLS = {'bash', 'sh', 'zsh', 'dash', 'ksh'}
# Magics about the screen and about editing; that they are left out is `c3`'s own choice.
IDLE = re.compile(r'matplotlib|autoreload|(re)?load_ext autoreload|config InlineBackend')
PIP = re.compile(r'(?:(?:\S*/)?pip[\d.]*|(?:(?:\S*/)?python[\d.]*|\{sys\.executable\}) -m pip|uv pip) (?:-\S+ )*install (.+)')
PREFIX = re.compile(r'(?:(?:then|else|do|if|sudo|time|\w+=\S*)\s+)*')


@dataclass
class Flat:
    """A notebook as one text of Python."""

    cells: list
    text: str
    starts: list  # the first line of each cell, from 1
    parameters: list  # first and last lines of the cells of parameters
    installs: list  # line and arguments of every `pip install` for a shell
    needs_shell: bool


def keeping_lines(transformer):
    """Have one of IPython's transformers put an empty line where it takes one away."""

    class Keeping(transformer):
        def transform(self, lines):
            found = super().transform(lines)
            at = self.start_line + 1
            return found[:at] + ['\n'] * (len(lines) - len(found)) + found[at:]

    return Keeping


class LineKeeper(TransformerManager):
    """IPython's own transformation, a line for each line."""

    def __init__(self):
        """Wrap what may take lines away."""
        super().__init__()
        self.token_transformers = [keeping_lines(transformer) for transformer in self.token_transformers]

    def transform_cell(self, cell):
        """Give the Python of a cell, or a call of its magic."""
        lines = (cell.rstrip('\n') + '\n').splitlines(keepends=True)
        kept = transformers.leading_empty_lines(lines)
        kept = [''] if not kept else kept
        above = len(lines) - len(kept)
        python = super().transform_cell(''.join(kept))
        check(python, ''.join(kept))
        return '\n' * above + python


def check(kept, cell):
    """Be sure that keeping the lines has changed nothing else."""
    try:
        wanted = ast.dump(ast.parse(TransformerManager().transform_cell(cell)))
    except SyntaxError:
        return
    assert ast.dump(ast.parse(kept)) == wanted, cell


class Shell(ast.NodeVisitor):
    """Looks at what a text asks of IPython."""

    def __init__(self, text):
        """Look at everything."""
        self.installs, self.needed = [], False
        self.bound = set()
        tree = ast.parse(text)
        for node in ast.walk(tree):
            self.bound |= bound(node)
        self.visit(tree)

    def visit_Import(self, node):
        """IPython itself."""
        self.needed |= any(alias.name.partition('.')[0] == 'IPython' for alias in node.names)

    def visit_ImportFrom(self, node):
        """IPython itself."""
        self.needed |= (node.module or '').partition('.')[0] == 'IPython'

    def visit_Name(self, node):
        """Names that a kernel gives."""
        self.needed |= isinstance(node.ctx, ast.Load) and node.id in {'get_ipython', 'display'} - self.bound

    def visit_Expr(self, node):
        """Calls that `c3` needs no shell for."""
        self.look(node, node.value)

    def visit_Assign(self, node):
        """`x = !pip install y` is one, too."""
        self.look(node, node.value)

    def look(self, node, call):
        """Look at a statement and the call that it may be."""
        match call:
            case ast.Call(ast.Attribute(ast.Call(ast.Name('get_ipython'), [], []), method), arguments) if all(isinstance(argument, ast.Constant) for argument in arguments):
                values = [argument.value for argument in arguments]
                if (isinstance(node, ast.Expr) or method == 'getoutput' or values[0] in {'conda', 'mamba', 'sx', 'system'}) and self.settled(node.lineno, method, values):
                    return
        self.generic_visit(node)

    def settled(self, line, method, arguments):
        """Tell whether nothing is left to do when the notebook is run."""
        match method, arguments:
            case 'system' | 'getoutput', [command]:
                return self.command(line, command)
            case 'run_line_magic', ['pip', command]:
                return self.command(line, f'pip {command}')
            case 'run_line_magic', ['sx' | 'system', command]:
                return self.command(line, command)
            case 'run_line_magic', ['conda' | 'mamba', command]:
                return command.split()[:1] == ['install']
            case 'run_line_magic', ['pinfo' | 'pinfo2' | 'psearch', _]:
                return True
            case 'run_line_magic', [name, rest]:
                return bool(IDLE.match(f'{name} {rest}'))
            case 'show_usage', []:
                return True
        return False

    def command(self, line, command):
        """Note what a command installs, and tell whether that is all."""
        found, rest = installs(command)
        self.installs += [(line, arguments) for _, arguments in found]
        return bool(found) and not rest


def bound(node):
    """Give the names that a node binds."""
    match node:
        case ast.Name(name, ast.Store()):
            return {name}
        case ast.FunctionDef(name) | ast.ClassDef(name) | ast.AsyncFunctionDef(name):
            return {name}
        case ast.Import(names) | ast.ImportFrom(_, names):
            return {(alias.asname or alias.name).partition('.')[0] for alias in names}
    return set()


def installs(script):
    """Give the line and the arguments of every `pip install` in a shell text, and whether there is anything else."""
    found, rest = [], False
    number = 0
    for logical in re.findall(r'(?:[^\\\n]|\\.|\\\n)*\n?', script):
        for pipeline in pipelines(logical.replace('\\\n', ' ')):
            matches = [PIP.fullmatch(PREFIX.sub('', command, count=1).strip()) for command in pipeline]
            at = next((at for at, match in enumerate(matches) if match and words(match[1])), None)
            arguments = [] if at is None else oracle.useful(words(matches[at][1]))
            if arguments and not re.search(r'[$`]|\{.*\}', ' '.join(arguments)):
                found.append((number, ' '.join(arguments)))
                rest |= at > 0
            else:
                rest |= any(command.strip() for command in pipeline)
        number += logical.count('\n')
    return found, rest


def pipelines(line):
    """Split a line into its pipelines, and these into their commands."""
    lexer = shlex.shlex(line, posix=False, punctuation_chars=';&|()')
    lexer.whitespace_split, lexer.commenters = True, ''
    pipelines, current = [[]], []
    try:
        tokens = list(lexer)
    except ValueError:
        return [[line]]
    for token in tokens:
        if token.startswith('#'):
            break
        if token[0] in ';&|()' and not (token == '&' and current and current[-1].endswith('>')):
            pipelines[-1].append(' '.join(current))
            pipelines += [[]] * (token != '|')
            current = []
        elif current and re.fullmatch(r'\d?>&', current[-1]):
            current[-1] += token
        elif token == '&':
            current[-1] += token
        else:
            current.append(token)
    pipelines[-1].append(' '.join(current))
    return pipelines


def words(text):
    """Give the words of a command without redirections."""
    kept, waiting = [], iter(shlex.split(text))
    for word in waiting:
        if re.fullmatch(r'\d*>+', word):
            next(waiting, None)
        elif not re.match(r'[\d&]*>', word):
            kept += [word.rstrip(',')] * bool(word.strip(','))
    return kept


def cells(json_text):
    """Give the cells of a notebook by nbformat."""
    document = nbformat.reads(json_text.lstrip('\ufeff'), as_version=4)
    return document.cells


def flatten(json_text):
    """Make one text of a notebook."""
    flat = Flat(cells(json_text), '', [], [], [], False)
    lines, shells = [], []
    for cell in flat.cells:
        flat.starts.append(len(lines) + 1)
        text = cell.source.replace('\r\n', '\n').replace('\r', '\n')
        if cell.cell_type == 'code':
            python, found, needs = code(text)
            flat.installs += [(line + len(lines), arguments) for line, arguments in found]
            flat.needs_shell |= needs
            shells.append(python)
            if 'parameters' in cell.metadata.get('tags', []):
                flat.parameters.append((len(lines) + 1, len(lines) + python.count('\n') + 1))
            lines += python.removesuffix('\n').split('\n')
        else:
            lines += [''] * (text.count('\n') + 1)
        lines.append('')
    flat.text = '\n'.join(lines) + '\n'
    shell = Shell(flat.text)
    flat.installs += shell.installs
    flat.needs_shell |= shell.needed
    return flat


def code(cell):
    """Give the Python that a cell is read as, what it installs, and whether it needs the shell."""
    if re.fullmatch(r'\s*pip3? install [^\n]*\n*', cell):
        cell = cell.replace('pip', '!pip', 1)  # a magic without its mark
    if re.fullmatch(r'\s*(ls|pwd|(ls -|(cd|run|time|cat|matplotlib) )[^\s=(][^\n]*)\s*', cell):
        cell = cell.replace(cell.strip(), '%' + cell.strip(), 1)
    python = LineKeeper().transform_cell(cell)
    magic = cell_magic(python)
    if not magic:
        return python, [], False
    above, (name, line, body) = len(python) - len(python.lstrip('\n')), magic
    words = line.split()
    if name in PYTHON_BODIES:
        inner, found, needs = code(body) if body.strip() else ('', [], False)
        needs |= name != 'time' and (not is_idle(inner) or (name == 'capture' and any(not word.startswith('-') for word in words)))
        return '\n' * above + 'pass\n' + inner, [(line + above + 1, text) for line, text in found], needs
    if name in SHELL_BODIES or (name == 'script' and words and words[-1] in SHELLS):
        found, rest = installs(body)
        return '\n' * above + 'pass\n' + '\n' * body.count('\n'), [(above + 2 + line, text) for line, text in found], rest
    return '\n' * above + 'pass\n' + '\n' * body.count('\n'), [], True


def cell_magic(python):
    """Give the name, the line and the body of a cell magic if a text is the call of one."""
    match ast.parse(python).body:
        case [ast.Expr(ast.Call(ast.Attribute(ast.Call(ast.Name('get_ipython')), 'run_cell_magic'), [name, line, body]))]:
            return name.value.strip(), line.value.strip(), body.value
    return None


def is_idle(python):
    """Tell whether a text has nothing to be run."""
    shell = Shell(python)
    calls = [node for node in ast.parse(python).body if not isinstance(node, ast.Pass) and getattr(node, 'module', '') != '__future__']
    return not shell.needed and all(isinstance(node, ast.Expr) and 'get_ipython()' in ast.unparse(node) for node in calls)


def read(json_text):
    """Read a notebook."""
    flat = flatten(json_text)
    reading = oracle.read(timed(flat.text), flat.parameters, flat.installs)
    return flat, reading


def timed(text):
    """Put the statement that `%time` measures in the place of its call."""
    calls = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(ast.Attribute(ast.Call(ast.Name('get_ipython')), 'run_line_magic'), [ast.Constant('time'), ast.Constant(statement)]) if is_python(statement):
                calls.append((node.lineno, node.col_offset, node.end_col_offset, statement.strip()))
    lines = text.split('\n')
    for line, start, end, statement in calls:
        raw = lines[line - 1].encode()
        lines[line - 1] = (raw[:start] + statement.encode() + raw[end:]).decode()
    return '\n'.join(lines)


def is_python(statement):
    """Tell whether a text is a statement."""
    try:
        return bool(ast.parse(statement.strip()).body)
    except SyntaxError:
        return False
