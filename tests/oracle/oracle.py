"""The interface of a script by the rules of the specification, read with CPython's own parser.

Written from the specification alone, to be compared with what `c3` reads. Where the specification is silent and `c3`
chose, the access is marked `unspecified`, and only that the variable is found counts.
"""

import ast
import inspect
import io
import json
import operator
import posixpath
import re
import shlex
import tokenize
import tomllib
from dataclasses import dataclass, field

OS, ENVIRON, LOOKUP, UNSPECIFIED_LOOKUP = 'os', 'environ', 'lookup', 'unspecified lookup'
UNKNOWN = object()
CASTS = {'int': 'Integer', 'float': 'Float', 'bool': 'Boolean'}
SYSTEM = 'PATH HOME USER SHELL PWD LANG TMPDIR HOSTNAME DISPLAY JAVA_HOME R_HOME R_LIBS'.split()
SYSTEM_PREFIXES = tuple(
    'LC_ LD_ PYTHON CUDA_ NVIDIA_ NCCL_ OMP_ MKL_ OPENBLAS_ TF_ XLA_ KERAS_ TOKENIZERS_ PYTORCH_ PYSPARK_ KUBERNETES_'.split()
)
LIBRARY_PREFIXES = tuple('HF_ TRANSFORMERS_ WANDB_ KAGGLE_ MPL SPARK_ AWS_ GOOGLE_ AZURE_ MLFLOW_ RAY_ GDAL_ PROJ_ GRPC_ KMP_ TORCH_'.split())
TRUE, FALSE = {'true', '1', 'yes', 'on', 'y', 't'}, {'false', '0', 'no', 'off', 'n', 'f', ''}
# The expression of PEP 723, for blocks of type `script`.
SCRIPT_BLOCK = re.compile(r'(?m)^# /// script\s*$\s(?P<content>(^#(| .*)$\s)+)^# ///$')
COMMAND = re.compile(r'[!%]*\s*(?:(?:uv )?pip3?|python3? -m pip) install(?:\s|$)')
SYSTEM_COMMAND = re.compile(r'(?:dnf|microdnf|yum|apt|apt-get)\s+(?:-\S+\s+)*(?:install|update|upgrade|remove|makecache|clean|module|group)\b')


@dataclass
class Access:
    """One use of an environment variable."""

    name: str
    action: str  # read, write or test
    line: int
    column: int
    end_line: int
    statement: tuple
    default: object = UNKNOWN
    has_default: bool = False
    cast: str = None
    unspecified: bool = False
    doubtful: bool = False
    directives: list = field(default_factory=list)
    description: str = None
    path: tuple = ()  # the parts of compound statements around it, and whether each is a function
    hard: bool = False  # fails without a value
    asked: bool = False  # only its truth counts
    demanded: bool = False
    node: ast.AST = None


@dataclass
class Reading:
    """What a script says."""

    description: str
    inputs: list
    outputs: list
    pip: list
    computed: list  # lines of names that aren't literals
    doubtful: set  # names and lines that may be found or not
    unspecified: set  # names for which only their presence is specified


# Scopes: what a name is bound to, everywhere in the scope


class Scope:
    """The bindings of one block."""

    def __init__(self, parent, is_class=False):
        """Start without names."""
        self.parent, self.is_class = parent, is_class
        self.bindings = {}
        self.outer = set()

    def bind(self, name, value):
        """Bind a name to an expression, to a thing of `os`, or to something unknown (None)."""
        scope = self
        if name in self.outer:
            while scope.parent:
                scope = scope.parent
        scope.bindings.setdefault(name, []).append(value)

    def lookup(self, name):
        """Give the scope that a name belongs to and its bindings there."""
        scope, first = self, True
        while scope:
            if name in scope.bindings and name not in scope.outer and (first or not scope.is_class):
                return scope, scope.bindings[name]
            scope, first = scope.parent, False
        return None, []


class Binder(ast.NodeVisitor):
    """Collects every binding of every scope."""

    def __init__(self):
        """Start at the module."""
        self.scope = Scope(None)
        self.scopes = {}

    def block(self, node, body, is_class=False):
        """Visit the parts of a node in a scope of its own."""
        outer, self.scope = self.scope, Scope(self.scope, is_class)
        self.scopes[node] = self.scope
        for part in body:
            self.visit(part)
        self.scope = outer

    def arguments(self, node):
        """Bind the parameters of a function in its own scope, visit defaults outside."""
        spec = node.args
        names = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
        for default in [*spec.defaults, *spec.kw_defaults, *(name.annotation for name in names if name)]:
            if default:
                self.visit(default)
        body = node.body if isinstance(node.body, list) else [node.body]
        self.block(node, [])
        outer, self.scope = self.scope, self.scopes[node]
        for name in names:
            if name:
                self.scope.bind(name.arg, None)
        for parameter in getattr(node, 'type_params', []):
            self.scope.bind(parameter.name, None)
        for part in body:
            self.visit(part)
        self.scope = outer

    def visit_FunctionDef(self, node):
        """Bind its name."""
        for decorator in node.decorator_list:
            self.visit(decorator)
        if node.returns:
            self.visit(node.returns)
        self.scope.bind(node.name, None)
        self.arguments(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        """A function without a name."""
        self.arguments(node)

    def visit_ClassDef(self, node):
        """Bind its name."""
        self.scope.bind(node.name, None)
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        self.block(node, node.body, is_class=True)

    def comprehension(self, node):
        """Its targets are its own."""
        self.block(node, ast.iter_child_nodes(node))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    def visit_Global(self, node):
        """Names of the module."""
        self.scope.outer.update(node.names)
        for name in node.names:
            self.scope.bind(name, None)

    def visit_Nonlocal(self, node):
        """Names of a function around: unknown there."""
        for name in node.names:
            scope = self.scope.parent
            while scope and (name not in scope.bindings or scope.is_class):
                scope = scope.parent
            if scope:
                scope.bind(name, None)

    def visit_Import(self, node):
        """`os` and what is in it."""
        for alias in node.names:
            is_os = alias.name == 'os' or (alias.name.startswith('os.') and not alias.asname)
            self.scope.bind(alias.asname or alias.name.partition('.')[0], OS if is_os else None)

    def visit_ImportFrom(self, node):
        """Things of `os`."""
        for alias in node.names:
            thing = member(OS, alias.name) if node.module == 'os' and not node.level else None
            if alias.name != '*':
                self.scope.bind(alias.asname or alias.name, thing)
            elif node.module == 'os':
                self.scope.bind('environ', ENVIRON)
                self.scope.bind('getenv', LOOKUP)

    def visit_Assign(self, node):
        """Bind a single name to its value, any other target to something unknown."""
        self.visit(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scope.bind(target.id, node.value)
            else:
                self.visit(target)

    def visit_AnnAssign(self, node):
        """As an assignment."""
        self.visit(node.annotation)
        if node.value:
            self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.scope.bind(node.target.id, node.value)
        else:
            self.visit(node.target)

    def visit_NamedExpr(self, node):
        """`:=` binds in the block around, beyond comprehensions."""
        self.visit(node.value)
        self.scope.bind(node.target.id, node.value)

    def visit_Name(self, node):
        """Any other binding is of something unknown."""
        if not isinstance(node.ctx, ast.Load):
            self.scope.bind(node.id, None)

    def visit_ExceptHandler(self, node):
        """`as` binds."""
        if node.name:
            self.scope.bind(node.name, None)
        self.generic_visit(node)

    def capture(self, node):
        """Patterns bind."""
        name = getattr(node, 'name', None) or getattr(node, 'rest', None)
        if name:
            self.scope.bind(name, None)
        self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = visit_MatchMapping = capture


def member(thing, name):
    """Give what an attribute of a thing of `os` is."""
    return {
        (OS, 'environ'): ENVIRON,
        (OS, 'environb'): ENVIRON,
        (OS, 'getenv'): LOOKUP,
        (OS, 'getenvb'): LOOKUP,
        (ENVIRON, 'get'): LOOKUP,
        (ENVIRON, 'setdefault'): LOOKUP,
        (ENVIRON, 'pop'): UNSPECIFIED_LOOKUP,
    }.get((thing, name))


# Values


BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod, ast.Pow: operator.pow, ast.LShift: operator.lshift, ast.RShift: operator.rshift, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}
UNARY = {ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert}
METHODS = {'upper', 'lower', 'strip', 'format', 'replace'}
PLAIN = (type(None), bool, int, float, str)


class Values:
    """Evaluates constant expressions, with Python's own arithmetic."""

    def __init__(self, scope=None):
        """Names are looked up in this scope, if at all."""
        self.scope = scope

    def of(self, node, depth=0):
        """Give the value of an expression or `UNKNOWN`."""
        if depth > 100:
            return UNKNOWN
        try:
            value = self.evaluate(node, depth + 1)
            value = value.decode() if isinstance(value, bytes) else value
        except (ArithmeticError, TypeError, ValueError, MemoryError):
            return UNKNOWN
        too_big = isinstance(value, int) and value.bit_length() > 126 or isinstance(value, str) and len(value) > 60_000
        return value if isinstance(value, PLAIN) and not too_big else UNKNOWN

    def evaluate(self, node, depth):
        """Give the value of one kind of expression."""
        match node:
            case ast.Constant(value):
                return value
            case ast.JoinedStr(values):
                parts = [self.part(value, depth) for value in values]
                return UNKNOWN if UNKNOWN in parts else ''.join(parts)
            case ast.UnaryOp(op, operand):
                value = self.of(operand, depth)
                return UNKNOWN if value is UNKNOWN else UNARY[type(op)](value)
            case ast.BinOp(left, op, right) if type(op) in BINARY:
                left, right = self.of(left, depth), self.of(right, depth)
                if UNKNOWN in (left, right) or huge(op, left, right):
                    return UNKNOWN
                return BINARY[type(op)](left, right)
            case ast.Call(ast.Name('str' | 'int' | 'float' | 'bool' as kind), [argument], []):
                value = self.of(argument, depth)
                return UNKNOWN if value is UNKNOWN else {'str': str, 'int': int, 'float': float, 'bool': bool}[kind](value)
            case ast.Call(ast.Attribute(ast.Attribute(ast.Name(), 'path'), 'join'), [_, *_] as parts, []):
                values = [self.of(part, depth) for part in parts]
                return posixpath.join(*values) if all(isinstance(value, str) for value in values) else UNKNOWN
            case ast.Call(ast.Attribute(inner, method), arguments, []) if method in METHODS:
                values = [self.of(part, depth) for part in [inner, *arguments]]
                return UNKNOWN if UNKNOWN in values or not isinstance(values[0], str) else getattr(values[0], method)(*values[1:])
            case ast.IfExp(test, body, orelse):
                value = self.of(test, depth)
                return UNKNOWN if value is UNKNOWN else self.of(body if value else orelse, depth)
            case ast.Name(name) if self.scope:
                return self.constant(name, depth)
        return UNKNOWN

    def part(self, node, depth):
        """Give the text of a part of an f-string."""
        if isinstance(node, ast.Constant):
            return node.value
        value = self.of(node.value, depth)
        return UNKNOWN if value is UNKNOWN or node.conversion != -1 or node.format_spec else str(value)

    def constant(self, name, depth):
        """Give the value of a name that is bound just once, at the top of the module."""
        scope, bindings = self.scope.lookup(name)
        if scope and not scope.parent and len(bindings) > 1 and all(isinstance(binding, ast.expr) and binding in scope.top for binding in bindings):
            bindings = bindings[-1:]  # uses in between are left open
        if scope is None or scope.parent or len(bindings) != 1 or not isinstance(bindings[0], ast.expr):
            return UNKNOWN
        return Values(scope).of(bindings[0], depth) if bindings[0] in scope.top else UNKNOWN


def huge(op, left, right):
    """Tell whether an operation would take all memory."""
    if isinstance(op, ast.Mult):
        return any(isinstance(a, str) and isinstance(b, int) and len(a) * b > 60_000 for a, b in ((left, right), (right, left)))
    return isinstance(op, (ast.Pow, ast.LShift)) and isinstance(right, int) and right > 200


# Accesses


class Finder(ast.NodeVisitor):
    """Finds reads and writes, in the order of evaluation."""

    def __init__(self, binder):
        """Start at the module."""
        self.scopes, self.scope = binder.scopes, binder.scope
        self.statement = None
        self.accesses, self.computed = [], []
        self.doubtful = False
        self.things = {}
        self.path = ()
        self.left_open = set()
        self.truths, self.demands = set(), set()  # expressions whose truth is asked for

    def entity(self, node):
        """Give what an expression is of `os`."""
        match node:
            case ast.Attribute(value, name):
                return member(self.entity(value), name)
            case ast.NamedExpr(_, value):
                return self.entity(value)
            case ast.Name(name):
                scope, bindings = self.scope.lookup(name)
                if (scope, name) not in self.things:
                    self.things[scope, name] = {None}  # what it is made of itself
                    self.things[scope, name] = {
                        binding if binding is None or isinstance(binding, str) else self.entity(binding) for binding in bindings or [None]
                    }
                # Bound to `os.environ` and to something else in one scope: whether it's an alias is anyone's guess.
                self.doubtful |= len(self.things[scope, name]) > 1
                return max(self.things[scope, name], key=bool)
        return None

    def found(self, name, action, node, **details):
        """Note an access."""
        text = Values(self.scope).of(name)
        if not isinstance(text, str):
            self.computed.append((node.lineno, self.doubtful or isinstance(name, ast.Name)))
            return
        statement = self.statement
        lines = (statement.lineno, statement.end_lineno, id(statement)) if statement else None
        self.accesses.append(Access(text, action, node.lineno, node.col_offset, node.end_lineno, lines, doubtful=self.doubtful or isinstance(name, ast.Name), path=self.path, **details))
        # What is demanded under a condition only need not be there as a rule.
        is_conditional = any(label != 'call' for _, label in self.path)
        self.accesses[-1].unspecified |= node in self.left_open or (self.accesses[-1].demanded and is_conditional)
        self.accesses[-1].node = node

    def read(self, node, cast=None):
        """Note the read that an expression is, if it is one."""
        match node:
            case ast.Subscript(value, key, ast.Load()) if self.entity(value) == ENVIRON:
                self.found(key, 'read', node, cast=cast, hard=True)
                self.visit(key)
                return True
            case ast.Call(function) if self.entity(function) in (LOOKUP, UNSPECIFIED_LOOKUP):
                return self.call(node, cast)
        return False

    def call(self, node, cast):
        """Note a call that looks a variable up."""
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        name = keywords.get('key', node.args[0] if node.args else None)
        default = keywords.get('default', node.args[1] if len(node.args) > 1 else None)
        if name is None or isinstance(name, ast.Starred):
            return False
        unspecified = self.entity(node.func) == UNSPECIFIED_LOOKUP or isinstance(default, ast.Starred)
        value = Values(self.scope).of(default) if default else UNKNOWN
        self.found(name, 'read', node, cast=cast, has_default=default is not None, default=value, unspecified=unspecified, asked=node in self.truths or cast == 'Boolean', demanded=node in self.demands, hard=cast in ('Integer', 'Float'))
        self.visit(name)
        if default:
            self.left_open.update(ast.walk(default))
            self.visit(default)
        return True

    def visit(self, node):
        """Look at a node before what is in it."""
        if isinstance(node, ast.stmt):
            outer, self.statement = self.statement, node if not hasattr(node, 'body') and not isinstance(node, ast.Match) else None
            super().visit(node)
            self.statement = outer
            return
        if node in self.scopes:
            outer, self.scope = self.scope, self.scopes[node]
            self.expression(node)
            self.scope = outer
            return
        self.expression(node)

    def expression(self, node):
        """Look at an expression."""
        self.doubtful = False
        self.ask(node)
        match node:
            case ast.Call(ast.Attribute(ast.Call(ast.Name('get_ipython')), 'run_line_magic'), [ast.Constant('env' | 'set_env'), ast.Constant(text)]) if text.strip():
                name, *value = re.split(r'\s*=\s*|\s+', text.strip(), maxsplit=1)
                self.found(ast.Constant(name), 'write' if value else 'read', node, hard=True)
                return
        match node:
            case ast.Call(ast.Name(name), [argument], []) if name in CASTS and not isinstance(argument, ast.Starred):
                if self.read(argument, CASTS[name]):
                    return
        if not self.read(node):
            super().visit(node)

    def ask(self, node):
        """Note of which parts of an expression only the truth counts."""
        match node:
            case ast.IfExp(test):
                self.open(test, [node.body, node.orelse])
                asked = [test]
            case ast.UnaryOp(ast.Not(), test):
                asked = [test]
            case ast.BoolOp(ast.And(), values):
                asked = values
            case ast.BoolOp(ast.Or(), values) if node in self.truths:
                asked = values
            case ast.comprehension(ifs=tests):
                asked = tests
            case ast.Call(ast.Name('bool'), [value], []):
                bindings = self.scope.lookup(value.id)[1] if isinstance(value, ast.Name) else []
                asked = bindings if len(bindings) == 1 else [value]
            case _:
                return
        self.truths.update(asked)
        if node in self.demands and isinstance(node, ast.BoolOp | ast.Call):
            self.demands.update(asked)

    def open(self, test, parts):
        """Leave open what stands where another variable isn't set."""
        if any(self.entity(part) for part in ast.walk(test) if isinstance(part, ast.Attribute | ast.Name)):
            self.left_open.update(node for part in parts for node in ast.walk(part))

    def parts(self, node, label, parts):
        """Visit parts of a statement that aren't always run, or elsewhere."""
        outer, self.path = self.path, (*self.path, (id(node), label))
        for part in parts:
            self.visit(part)
        self.path = outer

    def visit_If(self, node):
        """One of two ways."""
        self.truths.add(node.test)
        self.open(node.test, [*node.body, *node.orelse])
        self.visit(node.test)
        self.parts(node, 0, node.body)
        self.parts(node, 1, node.orelse)

    def visit_While(self, node):
        """Any number of times."""
        self.truths.add(node.test)
        self.open(node.test, [*node.body, *node.orelse])
        self.visit(node.test)
        self.parts(node, 0, node.body)
        self.parts(node, 1, node.orelse)

    def visit_Assert(self, node):
        """Without it the program fails."""
        self.truths.add(node.test)
        self.demands.add(node.test)
        self.visit(node.test)
        if node.msg:
            self.visit(node.msg)

    def visit_Match(self, node):
        """Comparing a value isn't using it; how far that goes is left open."""
        self.open(node.subject, node.cases)
        before = len(self.accesses)
        self.visit(node.subject)
        for access in self.accesses[before:]:
            access.unspecified = True
        for at, case in enumerate(node.cases):
            self.truths.add(case.guard)
            self.parts(node, at, [case])

    def visit_Lambda(self, node):
        """Run elsewhere."""
        self.parts(node, 'call', [node.args, node.body])

    def in_scope(self, node, parts):
        """Visit parts of a definition in its own scope."""
        outer, self.scope = self.scope, self.scopes[node]
        for part in parts:
            self.visit(part)
        self.scope = outer

    def visit_FunctionDef(self, node):
        """Defaults and decorators belong to the scope around."""
        for part in [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]:
            self.visit(part)
        outer, self.path = self.path, (*self.path, (id(node), 'call'))
        self.in_scope(node, node.body)
        self.path = outer

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        """Bases and decorators belong to the scope around."""
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        self.in_scope(node, node.body)

    def visit_Subscript(self, node):
        """A write, or nothing of ours."""
        if isinstance(node.ctx, ast.Store) and self.entity(node.value) == ENVIRON:
            self.found(node.slice, 'write', node)
        self.generic_visit(node)

    def visit_Try(self, node):
        """`except KeyError` isn't in the specification."""
        before = len(self.accesses)
        self.parts(node, 0, node.body)
        kinds = [handler.type for handler in node.handlers]
        kinds = [kind for listed in kinds for kind in (listed.elts if isinstance(listed, ast.Tuple) else [listed])]
        caught = any(kind is None or getattr(kind, 'id', '') in ('KeyError', 'LookupError', 'Exception', 'BaseException') for kind in kinds)
        for access in self.accesses[before:]:
            access.unspecified |= caught
        for at, handler in enumerate(node.handlers):
            self.parts(node, at + 1, [handler])
        self.parts(node, 0, node.orelse)
        for part in node.finalbody:
            self.visit(part)

    def visit_BoolOp(self, node):
        """`os.getenv('x') or 'default'` isn't in the specification."""
        first, *others = node.values
        before = len(self.accesses)
        self.visit(first)
        # What is read only where something else is set may be spared.
        before = before if isinstance(node.op, ast.Or) else len(self.accesses)
        for value in others:
            self.visit(value)
        for access in self.accesses[before:]:
            access.unspecified = True

    def visit_Compare(self, node):
        """`'x' in os.environ` asks whether it is set, which the specification doesn't mention."""
        if isinstance(node.ops[0], (ast.In, ast.NotIn)) and self.entity(node.comparators[0]) == ENVIRON:
            if len(node.ops) == 1 and isinstance(Values().of(node.left), str):
                self.found(node.left, 'test', node.left)
        self.generic_visit(node)

    def visit_Assign(self, node):
        """The value comes before the targets."""
        for part in [node.value, *node.targets]:
            self.visit(part)

    def visit_AnnAssign(self, node):
        """The value comes before the target."""
        for part in [node.value, node.annotation, node.target]:
            if part:
                self.visit(part)

    def visit_AugAssign(self, node):
        """Reads, then writes."""
        if isinstance(node.target, ast.Subscript) and self.entity(node.target.value) == ENVIRON:
            self.found(node.target.slice, 'read', node.target, unspecified=True, hard=True)
        self.visit(node.value)
        self.visit(node.target)

    def visit_For(self, node):
        """The iterable comes before the target."""
        self.visit(node.iter)
        self.parts(node, 0, [node.target, *node.body])
        for part in node.orelse:
            self.visit(part)

    visit_AsyncFor = visit_For

    def visit_IfExp(self, node):
        """The condition comes first."""
        for part in [node.test, node.body, node.orelse]:
            self.visit(part)

    def visit_Dict(self, node):
        """Each key comes before its value."""
        for key, value in zip(node.keys, node.values):
            if key:
                self.visit(key)
            self.visit(value)

    def comprehension(self, node):
        """What is iterated over comes before what is made of it."""
        for part in [*node.generators, *(getattr(node, name, None) for name in ('elt', 'key', 'value'))]:
            if part:
                self.visit(part)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    def visit_comprehension(self, node):
        """The iterable comes before the target."""
        for part in [node.iter, node.target, *node.ifs]:
            self.visit(part)


# Comments


class Comments:
    """The comments of a script by line."""

    def __init__(self, text):
        """Read all comments."""
        self.text, self.own, self.trailing = text, {}, {}
        lines = text.split('\n')
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                line, column = token.start
                own = not lines[line - 1][:column].strip()
                (self.own if own else self.trailing)[line] = token.string

    def above(self, line):
        """Give the description that stands directly above a line."""
        texts = []
        while (line := line - 1) in self.own:
            text = self.own[line].lstrip('#').strip().lstrip(':').strip()
            if COMMAND.match(text) or SYSTEM_COMMAND.match(text):
                break
            texts.insert(0, text)
        return ' '.join(' '.join(texts).split())

    def line_of(self, match):
        """Give the line where a match begins."""
        return self.text.count('\n', 0, match.start()) + 1

    def directives(self, lines):
        """Give what `# c3:` comments at the end of these lines say."""
        texts = [self.trailing[line] for line in lines if line in self.trailing]
        found = [re.search(r'(?:^|[#\s])c3:(.*)', text) for text in texts]
        return [word for match in found if match for word in re.split(r'[,;\s]+', match[1]) if word]

    def pip(self):
        """Give every `pip install` and the dependencies of the `script` block: the line and the arguments of each."""
        everything = sorted({**self.own, **self.trailing}.items())
        blocks = {self.line_of(block): block for block in SCRIPT_BLOCK.finditer(self.text)}
        commands, waiting = [], everything[::-1]
        while waiting:
            line, text = waiting.pop()
            if line in blocks and self.own.get(line):
                commands += [(line, dependency) for dependency in dependencies(blocks[line])]
                end = line + blocks[line][0].count('\n')
                while waiting and waiting[-1][0] <= end:
                    waiting.pop()
                continue
            text = text.lstrip('#').strip()
            if not COMMAND.match(text):
                continue
            first = line
            while text.endswith('\\') and waiting and waiting[-1][0] == line + 1 and line + 1 in self.own:
                line, more = waiting.pop()
                text = text[:-1].strip() + ' ' + more.lstrip('#').strip()
            try:
                words = shlex.split(text.removesuffix('\\'))
            except ValueError:
                words = []
            arguments = words[words.index('install') + 1 :] if 'install' in words else []
            commands.append((first, ' '.join(useful(arguments))))
        return commands


def useful(arguments):
    """Give the arguments of pip without those that make no sense in an image."""
    return [word for word in arguments if word not in {'-q', '--quiet', '--system', '--user', '-y', '--yes'}]


def dependencies(block):
    """Give the dependencies of a block as PEP 723 reads it."""
    lines = block['content'].splitlines(keepends=True)
    content = ''.join(line[2:] if line.startswith('# ') else line[1:] for line in lines)
    try:
        return tomllib.loads(content).get('dependencies', [])
    except tomllib.TOMLDecodeError:
        return []


# The rules


def read(text, parameters=(), installs=()):
    """Read a script, or the text of a notebook with the lines of its parameters and what its commands install."""
    tree = ast.parse(text)
    binder = Binder()
    binder.scopes[tree] = binder.scope
    always = [node for part in tree.body for node in (part.body if isinstance(part, ast.If) and isinstance(part.test, ast.Name) and part.test.id == 'N' else [part])]
    binder.scope.top = {node.value for node in always if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value}
    for statement in tree.body:
        binder.visit(statement)
    finder = Finder(binder)
    for statement in tree.body:
        finder.visit(statement)
    has_comments = finder.accesses or parameters or 'install' in text or '# /// script' in text
    comments = Comments(text if has_comments else '')
    for access in finder.accesses:
        access.asked |= access.node in finder.truths
    annotate(finder.accesses, comments)
    for access in assignments(tree, comments, parameters):
        place = (access.line, access.column)
        later = (at for at, other in enumerate(finder.accesses) if (other.line, other.column) > place)
        finder.accesses.insert(next(later, len(finder.accesses)), access)
    variables = {}
    for access in finder.accesses:
        variables.setdefault(access.name, []).append(access)
    inputs, outputs, unspecified = [], [], set()
    for name, accesses in variables.items():
        assemble(name, accesses, inputs, outputs)
        if is_open(accesses) or any(access.unspecified or access.action == 'test' for access in accesses):
            unspecified.add(name)
    doubtful = {place for access in finder.accesses if access.doubtful for place in (access.name, access.line)}
    # A variable that is set to itself with a default is only given that default.
    doubtful |= {name for name, accesses in variables.items() if is_own(accesses)}
    doubtful |= {line for line, doubt in finder.computed if doubt}
    computed = [line for line, doubt in finder.computed if not doubt]
    pip = [arguments for _, arguments in sorted([*comments.pip(), *installs], key=lambda found: found[0])]
    return Reading(description(tree), inputs, outputs, pip, computed, doubtful, unspecified | doubtful)


def assignments(tree, comments, parameters):
    """Give the assignments of plain values in the lines of parameters."""
    found = {}
    for node in tree.body:
        cell = next((cell for cell in parameters if cell[0] <= node.lineno <= cell[1]), None)
        for name, value in assigned(node) if cell else ():
            default = listed(value) if isinstance(value, ast.List | ast.Tuple | ast.Dict) else Values().of(value)
            if default is not UNKNOWN:
                access = parameter(name, default, node, comments)
                first = found.setdefault((cell, name), access)
                # The last assignment of a cell decides on the value.
                first.default, first.cast = access.default, access.cast
    return found.values()


def listed(node):
    """Give the value of a list, a tuple or a dict of literals."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return UNKNOWN


def assigned(node):
    """Give the names of an assignment with their values."""
    match node:
        case ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
            yield name, value
        case ast.Assign(targets, value):
            for target in targets:
                match target, value:
                    case ast.Name(name), _:
                        yield name, value
                    case ast.Tuple(names), ast.Tuple(values) if len(names) == len(values):
                        yield from ((name.id, value) for name, value in zip(names, values) if isinstance(name, ast.Name))


def parameter(name, default, node, comments):
    """Make an access of the assignment of a parameter."""
    kinds = {bool: 'Boolean', int: 'Integer', float: 'Float', list: 'List', tuple: 'List', dict: 'Dict'}
    kind = kinds.get(type(default), 'String')
    default = json.dumps(default) if isinstance(default, list | tuple | dict) else default
    trailing = comments.trailing.get(node.end_lineno, '').lstrip('#').strip()
    return Access(
        name, 'read', node.lineno, node.col_offset, node.end_lineno, None, default, True, kind, directives=comments.directives([node.end_lineno]),
        description=trailing if trailing and 'c3:' not in trailing else comments.above(node.lineno),
    )


def annotate(accesses, comments):
    """Give each access its comments; those of the whole statement if it is the only one in it."""
    counts = {}
    for access in accesses:
        counts[access.statement] = counts.get(access.statement, 0) + 1
    for access in accesses:
        lines = set(range(access.line, access.end_line + 1))
        alone = access.statement and counts[access.statement] == 1
        access.description = comments.above(access.line)
        if alone:
            lines |= set(range(access.end_line, access.statement[1] + 1))
            access.description = access.description or comments.above(access.statement[0])
        access.directives = comments.directives(sorted(lines))


def description(tree):
    """Give the docstring, or else the first string that stands alone at module level."""
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return inspect.cleandoc(node.value.value).strip()
    return ''


def assemble(name, accesses, inputs, outputs):
    """Decide what a variable is."""
    directives = [directive for access in accesses for directive in access.directives]
    said = {directive.partition('=')[0]: directive.partition('=')[2] for directive in reversed(directives)}
    is_system = name in SYSTEM or name.startswith(SYSTEM_PREFIXES)
    if not name or '=' in name or '\0' in name or 'ignore' in said or (is_system and not said):
        return
    reads = [access for access in accesses if access.action == 'read']
    writes = [access for access in accesses if access.action == 'write']
    open_reads = [access for access in reads if not is_set(access, accesses)]
    written_first = not open_reads
    kind = said.get('input') or next((access.cast for access in reads if access.cast), 'String')
    is_input = bool(reads) and 'output' not in said and (not written_first or 'input' in said)
    secret = is_secret(name, kind if is_input else 'String', said)
    secret |= 'not-secret' not in said and any(has_userinfo(access.default) for access in reads)
    text = next((access.description for access in accesses if access.description), '')
    if is_input:
        decisive = next((access for access in reads if access.has_default), None)
        default = default_text(decisive.default, kind) if decisive and not secret else None
        places = [(access.line, access.column) for access in reads]
        # Where `int('')` fails, `test_flows` tells what becomes of it.
        required = None if any(map(may_be_rejected, reads)) else decisive is None and not survives(reads, accesses)
        inputs.append({
            'name': name, 'type': kind, 'default': default, 'required': required, 'secret': secret, 'description': text, 'line': reads[0].line, 'place': min(places),
        })
    secret |= name.lower().endswith('_key') and 'not-secret' not in said
    if (writes or 'output' in said) and ('output' in said or not (secret or name.startswith(LIBRARY_PREFIXES))):
        first = writes[0] if writes else accesses[0]
        outputs.append({'name': name, 'type': said.get('output') or 'String', 'description': text, 'line': first.line, 'place': (first.line, first.column)})


def may_be_rejected(read):
    """Tell whether a read's default may be one that `int()` or `float()` around it fails with."""
    if not read.has_default or not isinstance(read.default, str):
        return False
    return not read.default.strip() or (read.cast in ('Integer', 'Float') and default_text(read.default, read.cast) is None)


def is_set(read, accesses):
    """Tell whether a write stands before a read on each way that leads to it."""
    above = accesses[: next(at for at, access in enumerate(accesses) if access is read)]
    return any(access.action == 'write' and read.path[: len(access.path)] == access.path for access in above)


def survives(reads, accesses):
    """Tell whether the program goes on without a variable that has no default."""
    if any(access.demanded for access in reads):
        return False
    return any(access.asked and not access.hard for access in reads) or any(access.action == 'write' for access in accesses[: accesses.index(reads[-1])])


def is_open(accesses):
    """Tell whether it is left open what several uses of one variable come to."""
    reads = [access for access in accesses if access.action == 'read']
    mixed = len(reads) > 1 and any(access.asked or access.hard for access in reads)
    written = any(access.action == 'write' for access in accesses)
    called = any(label == 'call' for access in reads for _, label in access.path)
    return mixed or written and (len(accesses) > 2 or called)


def is_own(accesses):
    """Tell whether a variable is set to something made of itself."""
    statements = [access.statement for access in accesses if access.action == 'read']
    return any(access.action == 'write' and access.statement in statements for access in accesses)


def has_userinfo(text):
    """Tell whether a text holds a URL with a login."""
    return isinstance(text, str) and re.search(r'\w://[^/\s@]+@', text) is not None


def is_secret(name, kind, said):
    """Tell a secret by what is said, or by its name."""
    if 'not-secret' in said or 'secret' in said:
        return 'not-secret' not in said
    name = re.sub(r'[\W_]', '_', name.lower())
    words = {'password', 'passwd', 'secret', 'token', 'credential', 'credentials'}
    parts = ('api_key', 'access_key', 'private_key', 'connection_string')
    return kind == 'String' and (
        bool(words & set(name.split('_'))) or any(part in name for part in parts) or name.endswith('_connection')
    )


def default_text(value, kind):
    """Give a default as it would stand in the environment; None if there is none or it isn't of the type."""
    if value is None or value is UNKNOWN:
        return None
    if isinstance(value, str) and ('\0' in value or not encodable(value)):
        return None
    try:
        match kind:
            case 'Integer':
                return str(int(value))
            case 'Float':
                return value.strip() if isinstance(value, str) and float(value) is not None else str(float(value))
            case 'Boolean' if isinstance(value, str):
                word = value.strip().lower()
                return 'True' if word in TRUE else 'False' if word in FALSE else None
            case 'Boolean':
                return str(bool(value))
    except (ValueError, OverflowError):
        return None
    return str(value)


def encodable(text):
    """Tell whether a text has a form in UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return '\ufffd' not in text
