"""The prelude from outside: everything is a real run, and wherever it can be, compared with `python script.py`."""
import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from conftest import TEMPLATE, an_input, an_output, render

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


# The template

def test_template_has_one_placeholder():
    template = TEMPLATE.read_text()
    assert template.count('{{') == template.count('{{ interface }}') == 1
    assert '{%' not in template and '{#' not in template


@pytest.mark.parametrize('escape', ['inner', 'outer'])
def test_interface_may_hold_any_character(operator, escape):
    subject = operator('import os; print(repr(os.getenv("flag")))', inputs=[an_input('flag', 'Boolean', default='🎉"\\')])
    if escape == 'outer':
        subject.prelude.write_text(subject.prelude.read_text().replace(r'\\ud83c\\udf89', r'\ud83c\udf89'))
    assert subject.run().stdout == repr('🎉"\\') + '\n'


# Parameters

@pytest.mark.parametrize('arguments', [
    ['n=7'], ['--n', '7'], ['--n=7'], ['num values=7'], ['--num values', '7'], ['--num values=7'],
    ['--n', '6', 'n=7'], ['n=7', '--n', 'null'],
])
def test_every_spelling_of_a_parameter(show, arguments):
    assert show([an_input('num values', id='n')], *arguments) == ({'num values': '7'}, [])


def test_environment(show):
    assert show([an_input('a'), an_input('b')], env={'a': '1', 'c': '3'}) == ({'a': '1'}, [])


def test_argument_goes_before_environment(show):
    assert show([an_input('a')], '--a', '2', env={'a': '1'})[0] == {'a': '2'}


def test_the_rest_is_the_scripts_in_order(show):
    own = ['file', '--flag', '-x', 'q=1', '--b=2', '=', '', '-a=1', '--', 'a=2', '--a', '3']
    assert show([an_input('a')], '-v', 'a=1', *own) == ({'a': '1'}, ['-v', *own])


def test_script_may_have_its_own_argparse(operator):
    subject = operator('''
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument('--own', type=int)
        parser.add_argument('rest', nargs='*')
        print(parser.parse_args())
    ''', inputs=[an_input('a')])
    assert subject.run('--own', '3', '--a', '5', './more').stdout == "Namespace(own=3, rest=['./more'])\n"
    for arguments in (['--help'], ['--wrong']):
        done, plain = subject.run(*arguments), subject.run_plainly(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)


@pytest.mark.parametrize('value', HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize('style', ['apart', 'joined', 'bare', 'environment'])
def test_values_arrive_byte_for_byte(operator, tmp_path, value, style):
    arguments = {'apart': ['--a', value], 'joined': ['--a=' + value], 'bare': ['a=' + value]}.get(style, [])
    subject = operator('''
        import os
        open('value', 'wb').write(os.environb[b'a'])
    ''', inputs=[an_input('a')])
    done = subject.run(*arguments, env={'a': value} if style == 'environment' else {})
    assert (done.returncode, done.stderr) == (0, '')
    assert (subject.home / 'value').read_bytes() == os.fsencode(value)


@pytest.mark.parametrize('kind', ['String', 'Integer', 'Float', 'Dataset'])
def test_missing_value(operator, kind):
    subject = operator('print("ran")', inputs=[an_input('num values', kind, id='n')])
    done = subject.run('--n')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == 'error: parameter `num values` has no value: `--n` is the last argument\n'


@pytest.mark.parametrize('arguments, value, own', [
    (['--flag'], 'True', []),
    (['--flag', '--other'], 'True', ['--other']),
    (['--flag', '--', 'x'], 'True', ['--', 'x']),
    (['--flag', 'no', 'x'], '', ['x']),
    (['--flag=0'], '', []),
    (['--flag', '-x'], '-x', []),
])
def test_boolean_on_the_command_line(show, arguments, value, own):
    assert show([an_input('flag', 'Boolean')], *arguments) == ({'flag': value}, own)


@pytest.mark.parametrize('text, value', [
    *[(text, 'True') for text in ('true', 'True', 'TRUE', '1', 'yes', 'YES', 'on', 'On', 'y', 'Y', 't', 'T')],
    *[(text, '') for text in ('false', 'False', 'FALSE', '0', 'no', 'NO', 'off', 'Off', 'n', 'N', 'f', 'F')],
    ('maybe', 'maybe'), ('2', '2'), (' ', ' '),
])
@pytest.mark.parametrize('style', ['argument', 'environment', 'default'])
def test_booleans(show, text, value, style):
    flag = an_input('flag', 'Boolean', default=text if style == 'default' else None)
    arguments = ['--flag', text] if style == 'argument' else []
    assert show([flag], *arguments, env={'flag': text} if style == 'environment' else {})[0] == {'flag': value}


def test_false_default_is_false_to_the_script(operator):
    subject = operator('import os; print(bool(os.getenv("flag", "False")))',
                       inputs=[an_input('flag', 'Boolean', default='False')])
    assert subject.run().stdout == 'False\n'


NOT_GIVEN = ['null', "{{$.inputs.parameters['a']}}", '{{$}}', '{{inputs.parameters.a}}', '{{workflow.name}}',
             '{{=toJson({"a":{"b":1}})}}']


@pytest.mark.parametrize('kind', ['String', 'Integer', 'Float', 'Boolean', 'File'])
@pytest.mark.parametrize('value', [*NOT_GIVEN, ''])
def test_not_given(show, kind, value):
    expected = {'a': ''} if value == '' and kind in ('String', 'File') else {}
    assert show([an_input('a', kind)], '--a=' + value)[0] == expected
    assert show([an_input('a', kind)], env={'a': value})[0] == expected


@pytest.mark.parametrize('value', NOT_GIVEN)
def test_not_given_leaves_the_clusters_secret_in_force(show, value):
    assert show([an_input('token', secret=True)], '--token', value, env={'token': 's3cr3t'})[0] == {'token': 's3cr3t'}


@pytest.mark.parametrize('value', ['nullable', 'NULL', '{{a', 'a}}', '{}', '{{a}} {{b}}', 'x{{a}}'])
def test_similar_to_not_given(show, value):
    assert show([an_input('a')], '--a', value)[0] == {'a': value}


@pytest.mark.parametrize('text, value', [
    ('5.0', '5'), ('-5.000', '-5'), ('+5.0', '+5'), ('5', '5'), ('5.5', '5.5'), ('5.', '5.'), ('.0', '.0'),
    ('1e3', '1e3'), ('1.0.0', '1.0.0'), ('five', 'five'),
])
def test_integers(show, text, value):
    assert show([an_input('a', 'Integer')], '--a', text)[0] == {'a': value}
    assert show([an_input('a', 'Float')], '--a', text)[0] == {'a': text}


def test_engines_setting_is_not_the_scripts(operator):
    subject = operator('import os; print(os.getenv("C3_UNSET_OUTPUTS"))')
    assert subject.run(env={'C3_UNSET_OUTPUTS': 'skip'}).stdout == 'None\n'


# Logging

LOG_LEVEL = an_input('log_level', default='INFO')


def logged(operator, *arguments, inputs=(), **options):
    """Run an operator with logging that logs on every level, and give the log without times."""
    subject = operator('''
        import logging
        for level in 'debug', 'info', 'warning', 'error':
            getattr(logging.getLogger('script'), level)('a %s message', level)
        assert len(logging.getLogger().handlers) == 1
    ''', inputs=[*inputs, LOG_LEVEL], logging=True)
    done = subject.run(*arguments, **options)
    assert (done.returncode, done.stdout) == (0, '')
    return re.sub(r'(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - ', '', done.stderr).splitlines()


@pytest.mark.parametrize('level, count', [
    ('DEBUG', 4), ('debug', 4), ('Info', 3), ('WARN', 2), ('warning', 2), ('error', 1), ('critical', 0), ('30', 2),
    ('null', 3),
])
def test_log_level(operator, level, count):
    log = logged(operator, env={'log_level': level})
    assert log == ['script - %s - a %s message' % (name, name.lower()) for name in ('DEBUG', 'INFO', 'WARNING', 'ERROR')][-count or 4:]


def test_log_level_defaults_to_info(operator):
    assert logged(operator)[0] == 'script - INFO - a info message'


def test_log_level_as_an_argument(operator):
    assert logged(operator, '--log_level', 'ERROR') == ['script - ERROR - a error message']


def test_unknown_log_level(operator):
    log = logged(operator, env={'log_level': 'loud'})
    assert log[0] == 'warning: unknown log level `loud`, using `INFO`'
    assert log[1] == 'script - INFO - a info message'


def test_parameters_are_logged(operator):
    log = logged(operator, 'b=two words', '--a', '%s "', inputs=[an_input('a'), an_input('b'), an_input('c')], env={'c': '3'})
    assert log[:2] == ['root - INFO - Parameter: b = "two words"', 'root - INFO - Parameter: a = "%s ""']
    assert log[2].startswith('script')


def test_without_logging_no_logger_is_touched(operator):
    subject = operator('import sys; print("logging" in sys.modules); import logging; print(logging.getLogger().handlers)',
                       inputs=[an_input('a')])
    done = subject.run('--a', '1')
    assert (done.stdout, done.stderr) == ('False\n[]\n', '')


@pytest.mark.parametrize('level', ['DEBUG', 'INFO', 'ERROR', '1', 's3cr3t-level'])
@pytest.mark.parametrize('arguments', [
    ['--token', 's3cr3t'], ['token=s3cr3t'], ['--token=s3cr3t', '--token', 's3cr3t'], ['--token', 's3cr3t', '--n'], [],
])
def test_secrets_are_shown_nowhere(operator, tmp_path, level, arguments):
    subject = operator('''
        import os
        assert os.environ['token'] == 's3cr3t'
        os.environ['data'] = 'missing'
        raise ValueError('an error')
    ''', inputs=[an_input('token', secret=True), an_input('n'), LOG_LEVEL], outputs=[an_output('data', 'File')], logging=True)
    env = {'log_level': level.replace('s3cr3t-', ''), 'token': 's3cr3t', 'data': str(tmp_path / 'data')}
    done = subject.run(*arguments, env=env)
    assert done.returncode
    assert 's3cr3t' not in done.stdout + done.stderr
    assert ('Parameter: token = ***' in done.stderr) == (bool(arguments) and '--n' not in arguments and level != 'ERROR')


# The script as `__main__`: the same with and without the prelude

LIKE_PLAIN = {
    'names': 'print(dir()); print(list(globals()))',
    'attributes': '''
        import sys
        print(__file__, __name__, __doc__, __spec__, __package__, type(__loader__), __builtins__)
        print(__loader__.name, __loader__.path, __loader__.get_source('__main__') == open(__file__).read())
        print(sys.modules['__main__'].__dict__ is globals(), sys.argv, sys.path, sys.flags)
    ''',
    'docstring': '"The docstring."\nprint(__doc__)',
    'annotations': 'a: int = 1\nprint(sorted(dir()), globals().get("__annotations__"))',
    'import itself': 'import __main__, sys; print(__main__ is sys.modules["__main__"], __main__.__file__)',
    'import as module': 'import x; print(x.__name__, x.__file__)\nprint(__name__)',
    'exit without code': 'import sys; sys.exit()',
    'exit 0': 'import sys; sys.exit(0)',
    'exit 3': 'import sys; sys.exit(3)',
    'exit -1': 'import sys; sys.exit(-1)',
    'exit 256': 'import sys; sys.exit(256)',
    'exit text': 'import sys; sys.exit("a reason")',
    'exit tuple': 'import sys; sys.exit((1, 2))',
    'exit boolean': 'import sys; sys.exit(True)',
    'exit subclass': 'class Mine(SystemExit): code = 9\nraise Mine',
    'exit function': 'exit(4)',
    'exit at once': 'import os; os._exit(7)',
    'abort': 'import os; os.abort()',
    'killed': 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)',
    'terminated': 'import os, signal; os.kill(os.getpid(), signal.SIGTERM)',
    'interrupted': 'import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(9)',
    'keyboard interrupt': 'import atexit; atexit.register(print, "bye")\ndef f():\n    raise KeyboardInterrupt("x")\nf()',
    'keyboard interrupt subclass': 'class Mine(KeyboardInterrupt): pass\nraise Mine',
    'exception': 'def f(n):\n    return 1 / n\n\nf(0)\n',
    'exception with cause': 'try:\n    int("x")\nexcept ValueError as e:\n    raise KeyError("k") from e',
    'exception in context': 'def f():\n    try:\n        int("x")\n    finally:\n        raise KeyError("k")\nf()',
    'exception without context': 'try:\n    int("x")\nexcept ValueError as e:\n    raise KeyError("k") from None',
    'base exception': 'class Mine(BaseException): pass\nraise Mine("x")',
    'broken exception': 'class Mine(Exception):\n    def __str__(self): raise ValueError\nraise Mine',
    'exception in import': 'import helper',
    'generator exit': 'raise GeneratorExit("x")',
    'syntax error': 'print("never")\ndef f(:\n    pass\n',
    'indentation error': 'if True:\nprint(1)\n',
    'tab error': 'if True:\n        a = 1\n\tb = 2\n',
    'syntax error within': 'exec("def f(:")',
    'empty script': '',
    'recursion': 'def f():\n    f()\nf()',
    'thread exception': 'import threading\nt = threading.Thread(target=lambda: 1 / 0, name="T")\nt.start(); t.join()',
    'late thread': 'import threading, time\nthreading.Thread(target=lambda: (time.sleep(.3), print("late"))).start()\nprint("end")',
    'daemon thread': 'import threading, time\nthreading.Thread(target=time.sleep, args=[9], daemon=True).start()\nprint("end")',
    'exit handlers': 'import atexit\natexit.register(print, 1)\natexit.register(print, 2)\nprint(0)',
    'exit handler after failure': 'import atexit\natexit.register(print, 1)\n1 / 0',
    'failing exit handler': 'import atexit\n@atexit.register\ndef f():\n    1 / 0',
    'exception hook': 'import sys, traceback\ndef hook(*e):\n    print("hook", e[0])\n    traceback.print_exception(*e)\nsys.excepthook = hook\n1 / 0',
    'exception hook with exit': 'import sys\nsys.excepthook = lambda *e: sys.exit(5)\n1 / 0',
    'failing exception hook': 'import sys\ndef hook(*e):\n    int("x")\nsys.excepthook = hook\n1 / 0',
    'last exception': 'import atexit, sys, traceback\natexit.register(lambda: traceback.print_tb(sys.last_traceback))\n1 / 0',
    'hook unchanged': 'import atexit, sys\natexit.register(lambda: print(sys.excepthook is sys.__excepthook__))\n1 / 0',
    'signal handlers': 'import signal; print([signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE)])',
    'standard input': 'import sys; print(sys.stdin.read())',
    'closed output': 'import sys; sys.stdout.close()',
    'closed descriptors': 'import os; print("x", flush=True); os.close(1); os.close(2)',
    'no stderr': 'import sys; sys.stderr = None; 1 / 0',
    'warning': 'import warnings\ndef f():\n    warnings.warn("w", stacklevel=1)\nf()',
    'syntax warning': 'print(1 is 1)',
    'finalizer': 'class C:\n    def __del__(self): print("gone")\nc = C()\ndef f(): return c',
    'future': 'from __future__ import annotations\ndef f(a: Missing): pass\nprint(f.__annotations__)',
    'no inherited future': 'def f(a: int): pass\nprint(f.__annotations__)',
    'data class': 'import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: "int" = 1\nprint(P(2), dataclasses.fields(P)[0].type)',
    'type hints': 'import typing\nclass T: pass\ndef f(a: "T") -> "typing.List[T]": pass\nprint(typing.get_type_hints(f))',
    'source': 'import inspect\ndef f():\n    return 1  # comment\nprint(inspect.getsource(f), inspect.getsourcefile(f), inspect.getmodule(f))',
    'enum and named tuple': 'import collections, enum, pickle\nclass E(enum.Enum): A = 1\nN = collections.namedtuple("N", "a")\nprint(pickle.loads(pickle.dumps((E.A, N(1)))), N.__module__)',
    'pickle': 'import pickle\nclass P:\n    pass\nd = pickle.dumps(P())\nprint(b"__main__" in d, type(pickle.loads(d)) is P)',
    'doctest': 'import doctest\ndef f():\n    """\n    >>> f()\n    1\n    """\n    return 1\nprint(doctest.testmod())',
    'unittest': 'import unittest\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(1, 1)\nunittest.main(verbosity=0, exit=False) if False else print(unittest.TestLoader().loadTestsFromName("__main__"))',
    'fork': 'import os, sys\nif os.fork() == 0:\n    sys.exit(3)\nprint(os.wait()[1])',
    'async': 'import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    1 / 0\nasyncio.run(f())',
}


def outcome(done):
    """Give what can be seen of a run, without what differs from one to the next."""
    text = re.sub(r'0x[0-9a-f]+', '0x0', done.stdout + '\n--\n' + done.stderr)
    return done.returncode, re.sub(r'repeated \d+ more', 'repeated many more', text)


def assert_like_plain(subject, *arguments, **options):
    """Run the script both ways and expect the same."""
    expected = outcome(subject.run_plainly(*arguments, **options))
    assert outcome(subject.run(*arguments, **options)) == expected
    return expected


@pytest.mark.parametrize('script', LIKE_PLAIN.values(), ids=LIKE_PLAIN)
def test_like_plain(operator, script):
    subject = operator(script)
    (subject.folder / 'helper.py').write_text('def f():\n    raise OSError(5, "text")\nf()\n')
    assert_like_plain(subject, 'argument', '--option', input='text')


@pytest.mark.parametrize('script', LIKE_PLAIN.values(), ids=LIKE_PLAIN)
def test_like_plain_with_everything_on(operator, tmp_path, script):
    """The same scripts, where the prelude has logging, an output and links to take care of."""
    subject = operator(script, logging=True, inputs=[LOG_LEVEL], outputs=[an_output('out')], files=['data/a.csv'])
    (subject.folder / 'helper.py').write_text('def f():\n    raise OSError(5, "text")\nf()\n')
    (subject.folder / 'data').mkdir()
    (subject.folder / 'data' / 'a.csv').write_text('a')
    plain = subject.run_plainly('argument', '--option', input='text')
    done = subject.run('argument', '--option', input='text',
                       env={'out': str(tmp_path / 'out'), 'C3_UNSET_OUTPUTS': 'skip'})
    assert outcome(done) == outcome(plain)


@pytest.mark.skipif(sys.version_info < (3, 11), reason='exception groups came with Python 3.11')
@pytest.mark.parametrize('script', [
    'raise ExceptionGroup("g", [ValueError(1), KeyError("k")])',
    'def f():\n    raise ValueError(1)\ntry:\n    f()\nexcept Exception as e:\n    raise ExceptionGroup("g", [e]) from e',
    'import asyncio\nasync def f(): 1 / 0\nasync def m():\n    async with asyncio.TaskGroup() as g: g.create_task(f())\nasyncio.run(m())',
])
def test_exception_groups(operator, script):
    assert_like_plain(operator(script))


@pytest.mark.parametrize('flags', [['-O'], ['-I'], ['-E'], ['-s'], ['-X', 'dev'], ['-W', 'error'], ['-B', '-u']])
def test_interpreter_flags(operator, flags):
    subject = operator('import sys\nassert False, "kept"\nprint(sys.flags, sys.path, __debug__)')
    assert_like_plain(subject, flags=flags)


@pytest.mark.parametrize('source', [
    b'# -*- coding: latin-1 -*-\nprint(ascii("\xe4\xf6"))\n',
    b'\xef\xbb\xbfprint(ascii("\xc3\xa4"))\n',
    b'print(1)\r\nprint("""a\r\nb""")\r\n1 / 0\r\n',
    b'print(1)\n# no end of line',
    b'#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\nprint(ascii("\x80"))\n',
], ids=['latin-1', 'mark', 'crlf', 'no newline', 'cp1252'])
def test_encodings(operator, source):
    assert_like_plain(operator(source))


def test_unknown_encoding(operator):
    done = operator(b'# -*- coding: nonsense -*-\n').run()
    assert done.returncode == 1 and re.search(r'SyntaxError: .*: nonsense$', done.stderr) and 'claimed_' not in done.stderr


def test_traceback_names_only_the_script(operator):
    done = operator('\n\ndef f():\n    raise ValueError("v")\n\nf()\n').run()
    assert done.returncode == 1
    assert 'claimed_' not in done.stderr
    assert re.findall(r'line (\d+)', done.stderr) == ['6', '4']


@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
@pytest.mark.parametrize('workers', ['process', 'pool', 'executor'])
def test_multiprocessing(operator, method, workers):
    start = {
        'process': 'q = c.Queue(); p = c.Process(target=put, args=(q, P(2))); p.start(); print(q.get()); p.join(); print(p.exitcode)',
        'pool': 'with c.Pool(2) as pool: print(pool.map(double, [P(1), P(2)]))',
        'executor': 'with concurrent.futures.ProcessPoolExecutor(2, mp_context=c) as pool: print(list(pool.map(double, [P(1), P(2)])))',
    }[workers]
    subject = operator('''
        import concurrent.futures, dataclasses, multiprocessing, os
        @dataclasses.dataclass
        class P:
            n: int
        def double(p):
            assert os.getenv('a', '5') == '5'
            return P(2 * p.n)
        def put(q, p):
            q.put(double(p))
        if __name__ == '__main__':
            c = multiprocessing.get_context(%r)
            %s
            os.environ['out'] = 'done'
    ''' % (method, start), inputs=[an_input('a')], outputs=[an_output('out')])
    assert_like_plain(subject, env={'C3_UNSET_OUTPUTS': 'skip'})
    done = subject.run('--a', '5', '--out', 'out')
    assert (done.returncode, done.stderr) == (0, '')
    assert (subject.home / 'out').read_text() == 'done'


def test_terminated_worker(operator):
    assert_like_plain(operator('''
        import multiprocessing, time
        if __name__ == '__main__':
            worker = multiprocessing.get_context('fork').Process(target=time.sleep, args=[60])
            worker.start()
            worker.terminate()
            worker.join()
            print(worker.exitcode)
    '''))


def test_thread_pool(operator):
    assert_like_plain(operator('''
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(4)
        print(list(pool.map(str, range(9))))
        pool.submit(print, 'late')
    '''))


def test_broken_pipe(operator):
    subject = operator('for n in range(100000): print(n)')
    codes = []
    for program in (subject.prelude, subject.script):
        process = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        codes.append((b'BrokenPipeError' in process.stderr.read(), process.wait(60)))
        process.stderr.close()
    assert codes[0] == codes[1]


@pytest.mark.parametrize('name', ['json.py', 'logging.py', 'signal.py', 'shutil.py', 'enum.py', 're.py', 'types.py'])
def test_files_named_like_the_standard_library(operator, name):
    """A file of the script's is never what the prelude imports, and always what the script does."""
    subject = operator('''
        import sys
        try:
            module = __import__(%r)
            print(getattr(module, 'mine', None))
        except Exception as error:
            print(error)
    ''' % name[:-3], logging=True, inputs=[LOG_LEVEL])
    (subject.folder / name).write_text('mine = "the script has its own"\n')
    assert_like_plain(subject)


def test_script_named_like_the_standard_library(operator):
    subject = operator('import json\nprint(json.__file__, __name__)', name='json.py', logging=True, inputs=[LOG_LEVEL])
    assert_like_plain(subject)


def test_script_is_missing(operator):
    subject = operator(None)
    done = subject.run()
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == 'error: cannot read `%s`: No such file or directory\n' % subject.script


def test_relative_start(operator):
    subject = operator('import sys; print(__file__, sys.argv, sys.path[0])')
    done = subprocess.run([sys.executable, os.path.join('..', 'operator', 'claimed_x.py')], cwd=subject.home,
                          stdout=subprocess.PIPE, encoding='utf-8')
    assert done.stdout == '%s %s %s\n' % (subject.script, [str(subject.script)], subject.folder)


def test_start_up_time(operator):
    subject = operator('import json')  # which the prelude needs too, as most scripts do in one way or another

    def best(run):
        """Give the shortest of some times, the one least disturbed."""
        times = []
        for _ in range(15):
            begin = time.perf_counter()
            run()
            times.append(time.perf_counter() - begin)
        return min(times)

    assert best(subject.run) - best(subject.run_plainly) < 0.015


# Signals

WAIT = '''
    import atexit, time
    atexit.register(print, 'bye')
    print('ready', flush=True)
    time.sleep(60)
'''

UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
needs_unshare = pytest.mark.skipif(subprocess.run([*UNSHARE, 'true'], stderr=subprocess.DEVNULL).returncode != 0,
                                   reason='unshare is not permitted')


def child_of(process):
    """Give the process that `unshare` has made the first of its namespace."""
    with open('/proc/%d/task/%d/children' % (process.pid, process.pid)) as children:
        return int(children.read())


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_it_as_it_would_python(operator, number):
    process = operator(WAIT).start()
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == -number
    assert out == ('bye\n' if number == signal.SIGINT else '')
    assert 'claimed_' not in err
    assert ('KeyboardInterrupt' in err) == (number == signal.SIGINT)


@needs_unshare
def test_sigterm_as_first_process(operator):
    process = operator(WAIT, outputs=[an_output('out')]).start('--out', 'out', before=UNSHARE)
    assert process.stdout.readline() == 'ready\n'
    os.kill(child_of(process), signal.SIGTERM)
    assert process.communicate(timeout=60) == ('bye\n', '')
    assert process.returncode == 143


@needs_unshare
def test_sigterm_as_first_process_may_be_handled_by_the_script(operator):
    subject = operator('''
        import sys, time
        try:
            print('ready', flush=True)
            time.sleep(60)
        except SystemExit:
            sys.exit(5)
    ''')
    process = subject.start(before=UNSHARE)
    assert process.stdout.readline() == 'ready\n'
    os.kill(child_of(process), signal.SIGTERM)
    assert process.wait(60) == 5
    process.communicate()


@needs_unshare
def test_sigterm_after_the_script_has_ended(operator):
    subject = operator('''
        import os, threading, time
        os.environ['out'] = 'text'
        threading.Thread(target=lambda: (time.sleep(.2), print('ready', flush=True), time.sleep(1))).start()
    ''', outputs=[an_output('out')])
    process = subject.start('--out', 'out', before=UNSHARE)
    assert process.stdout.readline() == 'ready\n'
    os.kill(child_of(process), signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert not (subject.home / 'out').exists()


@needs_unshare
def test_sigterm_in_a_child_of_the_first_process(operator):
    process = operator('''
        import os, signal, time
        assert os.getpid() == 1
        child = os.fork()
        if not child:
            time.sleep(60)
        time.sleep(.2)
        os.kill(child, signal.SIGTERM)
        print(os.WTERMSIG(os.waitpid(child, 0)[1]), flush=True)
    ''').start(before=UNSHARE)
    assert process.communicate(timeout=60) == ('15\n', '')
    assert process.returncode == 0


# Outputs

@pytest.fixture
def deliver(operator):
    """Run a script with the output `out`: `deliver(script, type=…, target=…)` gives the run and the target."""
    def run(script, type='String', read=False, target='target', name='out', id=None, **options):
        """Deliver to a path in the working directory."""
        subject = operator('import os\n' + textwrap.dedent(script), outputs=[an_output(name, type, read, id)])
        done = subject.run('--' + name, target, **options)
        return done, subject.home / target
    return run


def succeeded(done):
    """Tell whether a run went without an error or a warning."""
    return (done.returncode, done.stderr) == (0, '')


@pytest.mark.parametrize('text', [text for text in HOSTILE.values() if text])
def test_text_is_delivered(deliver, text):
    done, target = deliver('os.environ["out"] = %r' % text)
    assert succeeded(done)
    assert target.read_bytes() == text.encode('utf-8', 'surrogateescape')


def test_empty_text_is_delivered(deliver):
    done, target = deliver('os.environ["out"] = ""')
    assert succeeded(done) and target.read_bytes() == b''


@pytest.mark.parametrize('script', [
    'open("f", "w").write("content"); os.environ["out"] = "f"',
    'open("f", "w").write("content"); os.environ["out"] = "./f"',
    'open("f", "w").write("content"); os.environ["out"] = os.path.abspath("f")',
    'open("f", "w").write("content"); os.mkdir("d"); os.chdir("d"); os.environ["out"] = "f"',
    'os.mkdir("d"); os.chdir("d"); open("f", "w").write("content"); os.environ["out"] = "f"',
    'open("g", "w").write("content"); os.symlink("g", "f"); os.environ["out"] = "f"',
    'f = open("f", "w"); f.write("content"); os.environ["out"] = "f"',
    'f = open("f", "wb"); f.write(b"content"); os.environ["out"] = "f"',
    'f = open("f", "w+b"); f.write(b"content"); os.environ["out"] = "f"',
    'import atexit\n@atexit.register\ndef _():\n    open("f", "w").write("content"); os.environ["out"] = "f"',
    '''
    import threading, time
    def work():
        time.sleep(.3); open("f", "w").write("content"); os.environ["out"] = "f"
    threading.Thread(target=work).start()
    ''',
    'import sys; open("f", "w").write("content"); os.environ["out"] = "f"; sys.exit(0)',
    'open("f", "w").write("content"); os.putenv("a", "b"); os.environ = {"out": "f"}',
    'open("f", "w").write("content"); os.environb[b"out"] = b"f"; import sys; sys.stdout = sys.stderr = None',
], ids=range(14))
@pytest.mark.parametrize('type', ['String', 'File', 'Dataset', 'Directory'])
def test_file_is_delivered(deliver, script, type):
    done, target = deliver(script, type)
    assert succeeded(done)
    assert target.read_text() == 'content'
    assert not target.is_symlink()


@pytest.mark.parametrize('type', ['File', 'Model'])
def test_binary_is_delivered(deliver, type):
    done, target = deliver('open("f", "wb").write(bytes(range(256)) * 20000); os.environ["out"] = "f"', type)
    assert succeeded(done) and target.read_bytes() == bytes(range(256)) * 20000


TREE = '''
    os.makedirs('d/sub/deep'); os.makedirs('d/empty')
    open('d/a', 'w').write('A'); open('d/sub/deep/b', 'wb').write(b'\\xff')
    os.symlink('a', 'd/link'); os.symlink('sub', 'd/folder link'); os.symlink('..', 'd/sub/loop')
    os.environ['out'] = 'd'
'''


@pytest.mark.parametrize('type', ['Directory', 'Dataset'])
def test_folder_is_delivered(deliver, type):
    done, target = deliver(TREE, type)
    assert succeeded(done)
    assert sorted(str(path.relative_to(target)) for path in target.rglob('*')) == [
        'a', 'empty', 'folder link', 'folder link/deep', 'folder link/deep/b', 'link', 'sub', 'sub/deep', 'sub/deep/b']
    assert (target / 'link').read_text() == 'A' and not (target / 'link').is_symlink()


def test_folder_into_an_existing_one(deliver):
    done, target = deliver(TREE + '''
    os.makedirs('target/sub'); open('target/kept', 'w').write('K'); open('target/a', 'w').write('old')
    ''', 'Directory')
    assert succeeded(done)
    assert [(target / name).read_text() for name in ('kept', 'a')] == ['K', 'A']
    assert (target / 'sub/deep/b').exists()


@pytest.mark.parametrize('before', ['', 'os.mkdir("target")'])
def test_working_directory_is_delivered(deliver, before):
    done, target = deliver(before + '\nopen("a", "w").write("A"); os.environ["out"] = "."', 'Directory')
    assert succeeded(done) and sorted(os.listdir(target)) == ['a']


def test_odd_files_in_a_folder(deliver):
    done, target = deliver('''
        os.mkdir('d'); os.mkfifo('d/pipe'); os.symlink('nowhere', 'd/dangling'); open('d/a', 'w').close()
        os.environ['out'] = 'd'
    ''', 'Directory')
    assert done.returncode == 0 and sorted(os.listdir(target)) == ['a']
    assert done.stderr.splitlines() == [
        'warning: `%s/d/%s` is no file or folder, it is left out' % (target.parent, name) for name in ('dangling', 'pipe')]


@pytest.mark.parametrize('target, script, path', [
    ('folder/', 'open("f.csv", "w").write("c"); os.environ["out"] = "f.csv"', 'folder/f.csv'),
    ('folder/', 'open("f.csv", "w").write("c"); os.symlink("f.csv", "g.csv"); os.environ["out"] = "g.csv"', 'folder/g.csv'),
    ('folder/', 'os.makedirs("d/e"); open("d/e/f", "w").write("c"); os.environ["out"] = "d/e/"', 'folder/e/f'),
    ('folder/', 'open("f", "w").write("c"); os.environ["out"] = "."', 'folder/work/f'),
    ('a/b/c', 'open("f", "w").write("c"); os.environ["out"] = "f"', 'a/b/c'),
    ('./a/../b', 'open("f", "w").write("c"); os.environ["out"] = "f"', 'b'),
])
def test_targets(deliver, target, script, path):
    done, place = deliver(script, 'Dataset', target=target)
    home = place.parents[len(place.parts) - 1 - place.parts.index('work') - 1]
    assert succeeded(done) and (home / path).read_text() == 'c'


def test_text_into_a_folder(deliver):
    done, target = deliver('os.environ["out"] = "text"', id='out_id', target='folder/')
    assert succeeded(done) and (target / 'out_id').read_text() == 'text'


def test_target_is_absolute_before_the_script_moves(deliver):
    done, target = deliver('os.mkdir("d"); os.chdir("d"); os.environ["out"] = "text"')
    assert succeeded(done) and target.read_text() == 'text'


@pytest.mark.parametrize('type, script, message', [
    ('String', 'os.mkdir("d"); os.environ["out"] = "d"', 'is a folder; write `# c3: output=Directory`'),
    ('String', 'os.environ["out"] = "."', 'is a folder; write `# c3: output=Directory`'),
    ('File', 'os.mkdir("d"); os.environ["out"] = "d"', 'is a folder; write `# c3: output=Directory`'),
    ('String', 'open("f", "wb").write(b"\\xff"); os.environ["out"] = "f"', 'is a binary file; write `# c3: output=File`'),
    ('String', 'open("f", "wb").write(b"x" * 2**20 + b"\\xc3"); os.environ["out"] = "f"', 'is a binary file; write `# c3: output=File`'),
])
def test_refused(deliver, type, script, message):
    done, target = deliver(script, type)
    assert done.returncode == 1
    assert done.stderr == 'error: output `out` %s at the end of the line that sets it\n' % message
    assert not target.exists()


@pytest.mark.parametrize('type', ['File', 'Directory', 'Dataset'])
@pytest.mark.parametrize('value', ['missing/file', '/dev/null'])
def test_value_must_name_something(deliver, type, value):
    done, target = deliver('os.environ["out"] = %r' % value, type)
    assert done.returncode == 1 and not target.exists()
    assert done.stderr == 'error: output `out` names no file or folder: `%s`\n' % value


def test_refusal_flushes_what_was_printed(deliver):
    done, _ = deliver('print("printed", end=""); os.environ["out"] = "."')
    assert (done.returncode, done.stdout) == (1, 'printed')


def test_one_refusal_does_not_keep_the_others(operator):
    subject = operator('import os; os.environ["a"] = "."; os.environ["b"] = "text"', outputs=[an_output('a'), an_output('b')])
    assert subject.run('a=A', 'b=B').returncode == 1
    assert (subject.home / 'B').read_text() == 'text'


@pytest.mark.parametrize('type', ['String', 'File', 'Directory'])
@pytest.mark.parametrize('script', ['pass', 'os.environ["out"] = "x"; del os.environ["out"]', 'os.environ.clear()', 'del os.environ'])
def test_never_set(deliver, type, script):
    done, target = deliver(script, type)
    assert done.returncode == 0 and target.read_bytes() == b''
    assert done.stderr == 'warning: output `out` was never set, it is delivered empty\n'


def test_never_set_may_be_skipped(deliver):
    done, target = deliver('pass', env={'C3_UNSET_OUTPUTS': 'skip'})
    assert succeeded(done) and not target.exists()


@pytest.mark.parametrize('end', ['sys.exit(3)', 'sys.exit("reason")', '1 / 0', 'raise KeyboardInterrupt', 'os._exit(0)', 'os.abort()'])
def test_nothing_is_delivered_after_failure(deliver, end):
    _, target = deliver('import sys; os.environ["out"] = "text"\n' + end)
    assert not target.exists()


@pytest.mark.parametrize('end', ['pass', 'sys.exit()', 'sys.exit(0)', 'sys.exit(False)', 'sys.exit(256)', 'raise SystemExit'])
def test_delivered_after_success(deliver, end):
    done, target = deliver('import sys; os.environ["out"] = "text"\n' + end)
    assert succeeded(done) and target.read_text() == 'text'


def test_forked_children_deliver_nothing(deliver):
    done, target = deliver('''
        import sys
        if os.fork() == 0:
            os.environ['out'] = 'child'
            sys.exit(0)
        os.wait()
        assert not os.path.exists('target')
        os.environ['out'] = 'parent'
    ''')
    assert succeeded(done) and target.read_text() == 'parent'


def test_read_output(deliver):
    done, target = deliver('''
        print(os.environ['out'])
        open(os.environ['out'], 'w').write('content')
    ''', read=True, target='a/b/c')
    assert succeeded(done) and done.stdout == '%s\n' % target and target.read_text() == 'content'


@pytest.mark.parametrize('script', [
    'open(os.environ.pop("out"), "w").write("content")',
    'os.chdir("/"); open(os.environ["out"], "w").write("content")',
    'open("f", "w").write("content"); os.environ["out"] = "f"',
    'os.environ["out"] = "content"',
])
def test_read_output_in_other_ways(deliver, script):
    done, target = deliver(script, read=True)
    assert succeeded(done) and target.read_text() == 'content'


def test_read_output_as_a_folder(deliver):
    done, target = deliver('os.mkdir(os.environ["out"]); open(os.environ["out"] + "/f", "w").write("c")', 'Directory', read=True)
    assert succeeded(done) and (target / 'f').read_text() == 'c'


def test_read_output_in_a_folder(deliver):
    done, target = deliver('open(os.environ["out"], "w").write("c")', read=True, target='a/b/', id='out_id')
    assert succeeded(done) and (target / 'out_id').read_text() == 'c'


def test_read_output_never_written(deliver):
    done, target = deliver('os.environ["out"]', read=True)
    assert done.returncode == 0 and target.read_bytes() == b''
    assert 'warning: output `out` was never set' in done.stderr


def test_read_output_without_a_target_is_the_scripts_affair(show):
    assert show([], outputs=[an_output('out', read=True)]) == ({}, [])


@pytest.mark.parametrize('read', [False, True])
def test_target_from_the_environment(operator, read):
    subject = operator('import os; print(os.getenv("out")); os.environ["out"] = "text"', outputs=[an_output('out', read=read)])
    done = subject.run(env={'out': 'target'})
    assert succeeded(done) and (subject.home / 'target').read_text() == 'text'
    assert done.stdout == '%s\n' % (subject.home / 'target' if read else None)


@pytest.mark.parametrize('value', [*NOT_GIVEN, ''])
@pytest.mark.parametrize('style', ['argument', 'environment'])
def test_target_not_given(operator, value, style):
    subject = operator('import os; print(os.getenv("out")); os.environ["out"] = "text"', outputs=[an_output('out', read=True)])
    done = subject.run(*(['--out', value] if style == 'argument' else []), env={'out': value} if style == 'environment' else {})
    assert succeeded(done) and done.stdout == 'None\n' and os.listdir(subject.home) == []


def test_variable_is_not_set_by_the_target(operator):
    subject = operator('import os; print(os.getenv("out"))', outputs=[an_output('out')])
    assert subject.run('--out', 'target').stdout == 'None\n'
    assert subject.run('--out', 'target', env={'out': 'as it was'}).stdout == 'as it was\n'


@pytest.mark.parametrize('arguments, env', [(['--a', 'in', '--a_out', 'target'], {}), (['--a_out=target'], {'a': 'in'})])
def test_input_and_output_of_one_name(operator, arguments, env):
    subject = operator('import os; print(os.environ["a"]); os.environ["a"] = "out"',
                       inputs=[an_input('a')], outputs=[an_output('a', id='a_out')])
    done = subject.run(*arguments, env=env)
    assert succeeded(done) and done.stdout == 'in\n' and (subject.home / 'target').read_text() == 'out'


def test_undeliverable(deliver):
    done, _ = deliver('open("file", "w").close(); os.environ["out"] = "text"', target='file/target')
    assert done.returncode == 1
    assert re.fullmatch(r'error: cannot deliver output `out` to `.*/file/target`: .*(File exists|Not a directory).*\n', done.stderr)


def test_file_to_where_a_folder_is(deliver):
    done, target = deliver('os.mkdir("target"); os.environ["out"] = "text"')
    assert done.returncode == 1 and 'Is a directory' in done.stderr and os.listdir(target) == []


def test_folder_to_where_a_file_is(deliver):
    done, target = deliver('os.mkdir("d"); open("target", "w").close(); os.environ["out"] = "d"', 'Directory')
    assert done.returncode == 1 and 'Not a directory' in done.stderr
    assert sorted(os.listdir(target.parent)) == ['d', 'target']


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can mount a file system that is soon full')
def test_full_disk(deliver, tmp_path):
    full = tmp_path / 'full'
    full.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'c3', str(full)], check=True)
    try:
        done, target = deliver('open("f", "wb").write(bytes(1 << 20)); os.environ["out"] = "f"', 'File', target=str(full / 'out'))
        assert done.returncode == 1 and 'No space left on device' in done.stderr
        assert os.listdir(full) == []
    finally:
        subprocess.run(['umount', str(full)], check=True)


def test_nothing_half_written_is_seen(deliver):
    """A reader that looks all the time sees nothing or everything."""
    done, target = deliver('''
        import subprocess, sys
        open('f', 'wb').write(bytes(50_000_000))
        watcher = "import os" + chr(10) + "while os.path.exists('watch'):" + chr(10) + (
            " if os.path.exists('target') and os.path.getsize('target') != 50_000_000: open('torn', 'w').close()")
        open('watch', 'w').close()
        subprocess.Popen([sys.executable, '-c', watcher], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.environ['out'] = 'f'
    ''', 'File')
    (target.parent / 'watch').unlink()
    assert succeeded(done) and target.stat().st_size == 50_000_000
    assert sorted(os.listdir(target.parent)) == ['f', 'target']


@pytest.mark.parametrize('script', ['os.umask(0o077)', 'os.umask(0o077); os.mkdir("d", 0o700); os.environ["out"] = "d"'])
def test_others_may_read(deliver, script):
    done, target = deliver('os.environ["out"] = "text"\n' + script, 'Directory' if 'mkdir' in script else 'String')
    assert succeeded(done) and target.stat().st_mode & 0o777 == (0o755 if target.is_dir() else 0o644)


def test_device_is_written_not_replaced(deliver):
    done, _ = deliver('os.environ["out"] = "text"', target='/dev/stdout')
    assert succeeded(done) and done.stdout == 'text'
    done, _ = deliver('os.environ["out"] = "text"', target='/dev/null')
    assert succeeded(done) and not os.path.isfile('/dev/null')


def test_read_device(deliver):
    done, _ = deliver('open(os.environ["out"], "w").write("text")', read=True, target='/dev/stdout')
    assert succeeded(done) and done.stdout == 'text'


def test_target_that_is_a_link(deliver):
    done, target = deliver('os.symlink("real", "target"); os.environ["out"] = "text"')
    assert succeeded(done) and target.is_symlink() and (target.parent / 'real').read_text() == 'text'


def test_same_file_by_another_name(deliver):
    done, target = deliver('open("f", "w").write("text"); os.link("f", "target"); os.environ["out"] = "f"')
    assert succeeded(done) and target.read_text() == 'text'


def test_script_itself_is_delivered(deliver):
    done, target = deliver('os.environ["out"] = __file__')
    assert succeeded(done) and target.read_text().startswith('import os')


def test_value_with_nul_is_the_scripts_error(deliver):
    done, target = deliver('os.environ["out"] = "a\\0b"')
    assert done.returncode == 1 and 'ValueError' in done.stderr and not target.exists()


def test_deleted_working_directory(deliver):
    done, target = deliver('os.mkdir("d"); os.chdir("d"); os.rmdir("../d"); os.environ["out"] = "text"')
    assert succeeded(done) and target.read_text() == 'text'


def test_start_in_a_deleted_working_directory(operator, tmp_path):
    subject = operator('import os; os.environ["out"] = "text"', outputs=[an_output('out')], files=['x.py'])
    command = 'mkdir gone; cd gone; rmdir ../gone; exec "$0" "$@"'
    done = subprocess.run(['sh', '-c', command, sys.executable, str(subject.prelude), '--out', str(tmp_path / 'target')],
                          cwd=str(tmp_path), stderr=subprocess.PIPE, encoding='utf-8')
    (tmp_path / 'target').read_text()
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.parametrize('script', [
    'import sys; sys.stdout.close(); sys.stderr.close()',
    'os.close(1); os.close(2)',
    'import sys; sys.stderr = sys.stdout = object()',
    'import sys; sys.modules.clear()',
    'import threading, time; threading.Thread(target=time.sleep, args=[60], daemon=True).start()',
    'import builtins; del builtins.print',
    'import json, io; json.loads = io.open = None',
    'import sys; sys.path[:] = []; sys.meta_path[:] = []',
    'import __main__; __main__.__dict__.clear(); import os',
    'len = str = type = os = None; import os',
])
def test_scripts_that_wreck_what_they_can(deliver, script):
    done, target = deliver('os.environ["out"] = "text"\n' + script)
    assert target.read_text() == 'text'


def test_refusal_is_an_exit_code_even_without_stderr(deliver):
    assert deliver('os.environ["out"] = "."; os.close(2)')[0].returncode == 1


# Additional files

@pytest.fixture
def linked(operator):
    """Run a script with additional files: `linked(script, …)` gives the operator and the run."""
    def run(script, *arguments, root='.', **interface):
        """Write the files under the operator's root."""
        subject = operator(script, files=['top.txt', 'data/a.csv', 'data/deep/b.csv'], root=root, **interface)
        base = subject.folder / root
        (base / 'data' / 'deep').mkdir(parents=True, exist_ok=True)
        for name in ('top.txt', 'data/a.csv', 'data/deep/b.csv'):
            (base / name).write_text(name)
        return subject, subject.run(*arguments)
    return run


READ_ALL = 'print([open(name).read() for name in ("top.txt", "data/a.csv", "data/deep/b.csv")])\n'
ALL_READ = "['top.txt', 'data/a.csv', 'data/deep/b.csv']\n"


@pytest.mark.parametrize('end', ['', '1 / 0', 'import sys; sys.exit(3)', 'raise KeyboardInterrupt', 'import os; os.chdir("/")'])
@pytest.mark.parametrize('root', ['.', 'base'])
def test_files_are_linked_and_unlinked(linked, end, root):
    subject, done = linked(READ_ALL + end, root=root)
    assert done.stdout == ALL_READ
    assert os.listdir(subject.home) == []
    assert (subject.folder / root / 'data/deep/b.csv').read_text() == 'data/deep/b.csv'


def test_files_are_there_in_the_exit_handlers(linked):
    assert linked('import atexit\n@atexit.register\ndef _():\n    ' + READ_ALL)[1].stdout == ALL_READ


def test_files_are_there_in_children(linked):
    subject, done = linked('import os, sys\nif os.fork() == 0:\n    sys.exit()\nos.wait()\n' + READ_ALL)
    assert done.stdout == ALL_READ and os.listdir(subject.home) == []


def test_what_is_there_stays(linked, tmp_path):
    (tmp_path / 'work' / 'data').mkdir(parents=True)
    (tmp_path / 'work' / 'data' / 'a.csv').write_text('mine')
    subject, done = linked('print(open("data/a.csv").read()); open("data/new", "w").close()')
    assert done.stdout == 'mine\n'
    assert sorted(os.listdir(subject.home / 'data')) == ['a.csv', 'new']


def test_folder_with_something_new_stays(linked):
    subject, _ = linked('open("data/deep/new", "w").write("n")')
    assert [str(path.relative_to(subject.home)) for path in sorted(subject.home.rglob('*'))] == ['data', 'data/deep', 'data/deep/new']


def test_link_replaced_by_the_script_stays(linked):
    subject, _ = linked('import os; os.unlink("top.txt"); open("top.txt", "w").write("new")')
    assert (subject.home / 'top.txt').read_text() == 'new'


def test_nothing_is_linked_at_home(linked, operator):
    subject, _ = linked('')
    done = subject.run(cwd=subject.folder)
    assert succeeded(done) and not (subject.folder / 'top.txt').is_symlink()


@pytest.mark.parametrize('target', ['copy', 'data/a.csv', './data/../data/a.csv', 'data/'])
def test_link_as_an_output(linked, target):
    subject, done = linked('import os; os.environ["out"] = "data/a.csv"', '--out', target, outputs=[an_output('out', 'File')])
    place = subject.home / (target + 'a.csv' if target.endswith('/') else target)
    assert succeeded(done) and place.read_text() == 'data/a.csv' and not place.is_symlink()


def test_link_is_not_written_through(linked):
    subject, done = linked('import os; os.environ["out"] = "x"; open("x", "w").write("new")', '--out', 'top.txt', outputs=[an_output('out')])
    assert succeeded(done) and (subject.home / 'top.txt').read_text() == 'new'
    assert (subject.folder / 'top.txt').read_text() == 'top.txt'


def test_text_over_a_link(linked):
    subject, done = linked('import os; os.environ["out"] = "new text"', '--out', 'top.txt', outputs=[an_output('out')])
    assert succeeded(done) and (subject.home / 'top.txt').read_text() == 'new text'
    assert (subject.folder / 'top.txt').read_text() == 'top.txt'


def test_folder_with_links_as_an_output(linked):
    subject, done = linked('import os; os.environ["out"] = "data"; open("data/new", "w").write("n")', '--out', 'data',
                           outputs=[an_output('out', 'Directory')])
    assert succeeded(done) and (subject.home / 'data/a.csv').read_text() == 'data/a.csv'
    assert not (subject.home / 'data/a.csv').is_symlink() and (subject.home / 'data/new').exists()


@needs_unshare
def test_read_only_working_directory(operator):
    subject = operator(READ_ALL.replace('open(', 'open("/proc/self/cwd/../operator/" + ') , files=['top.txt', 'data/a.csv', 'data/deep/b.csv'])
    for name in ('top.txt', 'data/a.csv', 'data/deep/b.csv'):
        (subject.folder / name).parent.mkdir(exist_ok=True)
        (subject.folder / name).write_text(name)
    mount = 'mount -t tmpfs -o ro c3 "$0" && cd "$0" && exec "$@"'
    done = subprocess.run(['unshare', '--mount', 'sh', '-c', mount, str(subject.home), sys.executable, str(subject.prelude)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')
    assert (done.returncode, done.stdout) == (0, ALL_READ)
    assert re.fullmatch(r'warning: cannot link into `.*`: (`.*` \(Read-only file system\)(, )?){3}\n', done.stderr)


# Another program in place of the operator

@pytest.mark.parametrize('arguments', [['echo', 'a b', '--a', '1'], ['sh', '-c', 'echo a b --a 1'], ['/bin/echo', 'a b --a 1']])
def test_program_runs_in_place_of_the_operator(operator, arguments):
    done = operator('print("ran")', inputs=[an_input('a')]).run(*arguments)
    assert succeeded(done) and done.stdout == 'a b --a 1\n'


def test_full_command_after_the_entry_point(operator):
    subject = operator('import os, sys; print(os.environ["a"], sys.argv[1:])', inputs=[an_input('a')])
    assert subject.run(sys.executable, str(subject.prelude), '--a', '1', 'own').stdout == "1 ['own']\n"


def test_program_gets_the_usual_signals(operator):
    assert operator('').run('sh', '-c', 'yes | head -n 1').stderr == ''


@pytest.mark.parametrize('arguments', [['-echo', 'x'], ['--echo', 'x'], ['echo=x'], ['no-such-program', 'x'], ['', 'x'], ['/', 'x'], ['own', 'echo']])
def test_arguments_that_are_no_program(operator, arguments):
    assert operator('import sys; print(sys.argv[1:])').run(*arguments).stdout == '%r\n' % arguments
