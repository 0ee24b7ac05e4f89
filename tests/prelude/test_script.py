"""The script as `__main__`: everything is as under `python script.py`, which the tests run as well."""

import os
import re
import subprocess
import sys

import pytest

from conftest import LOG_LEVEL, an_input, an_output

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
    'keyboard interrupt': '''
        import atexit; atexit.register(print, "bye")
        def f():
            raise KeyboardInterrupt("x")
        f()
    ''',
    'keyboard interrupt subclass': 'class Mine(KeyboardInterrupt): pass\nraise Mine',
    'exception': 'def f(n):\n    return 1 / n\n\nf(0)\n',
    'exception with cause': '''
        try:
            int("x")
        except ValueError as e:
            raise KeyError("k") from e
    ''',
    'exception in context': '''
        def f():
            try:
                int("x")
            finally:
                raise KeyError("k")
        f()
    ''',
    'exception without context': '''
        try:
            int("x")
        except ValueError as e:
            raise KeyError("k") from None
    ''',
    'base exception': 'class Mine(BaseException): pass\nraise Mine("x")',
    'broken exception': '''
        class Mine(Exception):
            def __str__(self): raise ValueError
        raise Mine
    ''',
    'exception in import': 'import helper',
    'generator exit': 'raise GeneratorExit("x")',
    'syntax error': 'print("never")\ndef f(:\n    pass\n',
    'indentation error': 'if True:\nprint(1)\n',
    'tab error': 'if True:\n        a = 1\n\tb = 2\n',
    'syntax error within': 'exec("def f(:")',
    'empty script': '',
    'recursion': 'def f():\n    f()\nf()',
    'thread exception': '''
        import threading
        t = threading.Thread(target=lambda: 1 / 0, name="T")
        t.start(); t.join()
    ''',
    'late thread': '''
        import threading, time
        threading.Thread(target=lambda: (time.sleep(.3), print("late"))).start()
        print("end")
    ''',
    'daemon thread': '''
        import threading, time
        threading.Thread(target=time.sleep, args=[9], daemon=True).start()
        print("end")
    ''',
    'exit handlers': '''
        import atexit
        atexit.register(print, 1)
        atexit.register(print, 2)
        print(0)
    ''',
    'exit handler after failure': 'import atexit\natexit.register(print, 1)\n1 / 0',
    'failing exit handler': 'import atexit\n@atexit.register\ndef f():\n    1 / 0',
    'exception hook': '''
        import sys, traceback
        def hook(*e):
            print("hook", e[0])
            traceback.print_exception(*e)
        sys.excepthook = hook
        1 / 0
    ''',
    'exception hook with exit': 'import sys\nsys.excepthook = lambda *e: sys.exit(5)\n1 / 0',
    'failing exception hook': '''
        import sys
        def hook(*e):
            int("x")
        sys.excepthook = hook
        1 / 0
    ''',
    'last exception': '''
        import atexit, sys, traceback
        atexit.register(lambda: traceback.print_tb(sys.last_traceback))
        1 / 0
    ''',
    'hook unchanged': '''
        import atexit, sys
        atexit.register(lambda: print(sys.excepthook is sys.__excepthook__))
        1 / 0
    ''',
    'signal handlers': '''
        import signal
        print([signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE)])
    ''',
    'standard input': 'import sys; print(sys.stdin.read())',
    'closed output': 'import sys; sys.stdout.close()',
    'closed descriptors': 'import os; print("x", flush=True); os.close(1); os.close(2)',
    'no stderr': 'import sys; sys.stderr = None; 1 / 0',
    'warning': 'import warnings\ndef f():\n    warnings.warn("w", stacklevel=1)\nf()',
    'syntax warning': 'print(1 is 1)',
    'finalizer': 'class C:\n    def __del__(self): print("gone")\nc = C()\ndef f(): return c',
    'future': '''
        from __future__ import annotations
        def f(a: Missing): pass
        print(f.__annotations__)
    ''',
    'no inherited future': 'def f(a: int): pass\nprint(f.__annotations__)',
    'data class': '''
        import dataclasses
        @dataclasses.dataclass
        class P:
            x: "int" = 1
        print(P(2), dataclasses.fields(P)[0].type)
    ''',
    'type hints': '''
        import typing
        class T: pass
        def f(a: "T") -> "typing.List[T]": pass
        print(typing.get_type_hints(f))
    ''',
    'source': '''
        import inspect
        def f():
            return 1  # comment
        print(inspect.getsource(f), inspect.getsourcefile(f), inspect.getmodule(f))
    ''',
    'enum and named tuple': '''
        import collections, enum, pickle
        class E(enum.Enum): A = 1
        N = collections.namedtuple("N", "a")
        print(pickle.loads(pickle.dumps((E.A, N(1)))), N.__module__)
    ''',
    'pickle': '''
        import pickle
        class P:
            pass
        d = pickle.dumps(P())
        print(b"__main__" in d, type(pickle.loads(d)) is P)
    ''',
    'doctest': 'import doctest\ndef f():\n    """\n    >>> f()\n    1\n    """\n    return 1\nprint(doctest.testmod())',
    'unittest': '''
        import unittest
        class T(unittest.TestCase):
            def test(self): self.assertEqual(1, 1)
        unittest.main(verbosity=0, exit=False) if False else print(unittest.TestLoader().loadTestsFromName("__main__"))
    ''',
    'fork': 'import os, sys\nif os.fork() == 0:\n    sys.exit(3)\nprint(os.wait()[1])',
    'async': '''
        import asyncio
        async def f():
            await asyncio.sleep(0)
            1 / 0
        asyncio.run(f())
    ''',
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
def test_scripts_behave_like_plain_python(operator, script):
    subject = operator(script)
    (subject.folder / 'helper.py').write_text('def f():\n    raise OSError(5, "text")\nf()\n')
    assert_like_plain(subject, 'argument', '--option', input='text')


@pytest.mark.parametrize('script', LIKE_PLAIN.values(), ids=LIKE_PLAIN)
def test_scripts_behave_like_plain_with_every_feature_on(operator, tmp_path, script):
    """The same scripts, where the prelude has logging, an output and links to take care of."""
    subject = operator(script, logging=True, inputs=[LOG_LEVEL], outputs=[an_output('out')], files=['data/a.csv'])
    (subject.folder / 'helper.py').write_text('def f():\n    raise OSError(5, "text")\nf()\n')
    (subject.folder / 'data').mkdir()
    (subject.folder / 'data' / 'a.csv').write_text('a')
    plain = subject.run_plainly('argument', '--option', input='text')
    done = subject.run(
        'argument', '--option', input='text', env={'out': str(tmp_path / 'out'), 'C3_UNSET_OUTPUTS': 'skip'}
    )
    assert outcome(done) == outcome(plain)


@pytest.mark.skipif(sys.version_info < (3, 11), reason='exception groups came with Python 3.11')
@pytest.mark.parametrize(
    'script',
    [
        'raise ExceptionGroup("g", [ValueError(1), KeyError("k")])',
        '''
        def f():
            raise ValueError(1)
        try:
            f()
        except Exception as e:
            raise ExceptionGroup('g', [e]) from e
        ''',
        '''
        import asyncio
        async def f():
            1 / 0
        async def main():
            async with asyncio.TaskGroup() as group:
                group.create_task(f())
        asyncio.run(main())
        ''',
    ],
)
def test_exception_groups(operator, script):
    assert_like_plain(operator(script))


@pytest.mark.parametrize('flags', [['-O'], ['-I'], ['-E'], ['-s'], ['-X', 'dev'], ['-W', 'error'], ['-B', '-u']])
def test_interpreter_flags(operator, flags):
    subject = operator('import sys\nassert False, "kept"\nprint(sys.flags, sys.path, __debug__)')
    assert_like_plain(subject, flags=flags)


@pytest.mark.parametrize(
    'source',
    [
        b'# -*- coding: latin-1 -*-\nprint(ascii("\xe4\xf6"))\n',
        b'\xef\xbb\xbfprint(ascii("\xc3\xa4"))\n',
        b'print(1)\r\nprint("""a\r\nb""")\r\n1 / 0\r\n',
        b'print(1)\n# no end of line',
        b'#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\nprint(ascii("\x80"))\n',
    ],
    ids=['latin-1', 'mark', 'crlf', 'no newline', 'cp1252'],
)
def test_encodings(operator, source):
    assert_like_plain(operator(source))


def test_unknown_encoding(operator):
    done = operator(b'# -*- coding: nonsense -*-\n').run()
    assert (
        done.returncode == 1 and re.search(r'SyntaxError: .*: nonsense$', done.stderr) and 'claimed_' not in done.stderr
    )


def test_traceback_names_only_the_script(operator):
    done = operator('\n\ndef f():\n    raise ValueError("v")\n\nf()\n').run()
    assert done.returncode == 1
    assert 'claimed_' not in done.stderr
    assert re.findall(r'line (\d+)', done.stderr) == ['6', '4']


START_WORKERS = {
    'process': """
        queue = context.Queue()
        process = context.Process(target=put, args=(queue, P(2)))
        process.start()
        print(queue.get())
        process.join()
        print(process.exitcode)
    """,
    'pool': """
        with context.Pool(2) as pool:
            print(pool.map(double, [P(1), P(2)]))
    """,
    'executor': """
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            print(list(pool.map(double, [P(1), P(2)])))
    """,
}

USE_WORKERS = """
import concurrent.futures, dataclasses, multiprocessing, os

@dataclasses.dataclass
class P:
    n: int

def double(p):
    assert os.getenv('a', '5') == '5'
    return P(2 * p.n)

def put(queue, p):
    queue.put(double(p))

if __name__ == '__main__':
    context = multiprocessing.get_context(%r)
    os.environ['out'] = 'done'
    if True:
%s
"""


@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
@pytest.mark.parametrize('workers', START_WORKERS)
def test_multiprocessing(operator, method, workers):
    script = USE_WORKERS % (method, START_WORKERS[workers])
    subject = operator(script, inputs=[an_input('a')], outputs=[an_output('out')])
    assert_like_plain(subject)
    done = subject.run('--a', '5', '--out', 'out')
    assert (done.returncode, done.stderr) == (0, '')
    assert (subject.home / 'out').read_text() == 'done'


def test_terminated_worker(operator):
    assert_like_plain(
        operator('''
        import multiprocessing, time
        if __name__ == '__main__':
            worker = multiprocessing.get_context('fork').Process(target=time.sleep, args=[60])
            worker.start()
            worker.terminate()
            worker.join()
            print(worker.exitcode)
    ''')
    )


def test_thread_pool(operator):
    assert_like_plain(
        operator('''
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(4)
        print(list(pool.map(str, range(9))))
        pool.submit(print, 'late')
    ''')
    )


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
    subject = operator(
        '''
        import sys
        try:
            module = __import__(%r)
            print(getattr(module, 'mine', None))
        except Exception as error:
            print(error)
    '''
        % name[:-3],
        logging=True,
        inputs=[LOG_LEVEL],
    )
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
    done = subprocess.run(
        [sys.executable, os.path.join('..', 'operator', 'claimed_x.py')],
        cwd=subject.home,
        stdout=subprocess.PIPE,
        encoding='utf-8',
    )
    assert done.stdout == '%s %s %s\n' % (subject.script, [str(subject.script)], subject.folder)
