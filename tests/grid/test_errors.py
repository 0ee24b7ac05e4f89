"""Batches that fail, scripts that are wrong, and names that could get in one another's way."""

import signal
import textwrap

import pytest
from conftest import BACKENDS, SCRIPT, marks_are_clean, reported, said, wait_until

FAILED = {'simple': 'bad-1.FAILED', 'folder': 'bad-1.FAILED'}
DONE = {'simple': 'bad-1.PROCESSED', 'folder': 'bad-1.PROCESSED'}


@pytest.mark.parametrize('backend', BACKENDS)
def test_failed_batches(grid, backend):
    job = grid(backend).give(['good-1', 'bad-1', 'good-2', 'bad-2'])
    (first,) = job.run()
    assert first.returncode == 4, said(first)
    assert reported(first) == (2, 0, 2, 0, 4)
    assert "Batch 'bad-1' failed: ValueError: bad-1 is wrong" in said(first)
    failed = FAILED.get(backend, 'bad-1.err')
    assert failed in job.names() and marks_are_clean(job)

    (skipped,) = job.run()
    assert skipped.returncode == 4 and reported(skipped) == (0, 2, 2, 0, 4)
    assert job.lines('begin')['bad-1'] == 1

    again = job.run(3, gw_ignore_error_files='True')
    assert {worker.returncode for worker in again} == {4}
    assert 2 <= job.lines('begin')['bad-1'] <= 4

    mended = job.image / 'job.py'
    mended.write_text(mended.read_text().replace("'bad'", "'never'"))
    (last,) = job.run(gw_ignore_error_files='True')
    assert last.returncode == 0, said(last)
    assert reported(last) == (2, 2, 0, 0, 4)
    assert failed not in job.names() and DONE.get(backend, 'bad-1.processed') in job.names()
    assert marks_are_clean(job)


def test_batch_errors_cannot_control_the_terminal(grid):
    job = grid('local').give(['bad-1'])
    script = job.image / 'job.py'
    script.write_text(script.read_text().replace("is wrong", "is \\x1b[2J\\u202e wrong"))
    (worker,) = job.run()
    assert worker.returncode == 4, said(worker)
    assert r"failed: ValueError: bad-1 is \x1b[2J\u202e wrong" in said(worker)


def test_traceback_is_kept(grid):
    job = grid('local').give(['bad-1'])
    job.run()
    error = (job.marks / 'bad-1.err').read_text()
    assert 'Traceback' in error and 'job.py' in error and 'ValueError: bad-1 is wrong' in error


def test_traceback_in_a_folder(grid):
    job = grid('folder').give(['good-0', 'bad-1'])
    job.run()
    assert 'ValueError' in (job.marks / 'bad-1.FAILED' / 'error.txt').read_text()
    assert (job.marks / 'good-0.PROCESSED').read_text() == 'good-0 processed'


def test_results_next_to_their_sources(grid):
    job = grid('simple').give(['a.txt', 'UNLOCKED.csv', 'bad.LOCKED', 'noending'])
    job.env['sgw_target_folder'] = ''
    job.marks = job.source
    for _ in range(2):
        (worker,) = job.run()
        assert worker.returncode == 0, said(worker)
        assert reported(worker)[4] == 3
    assert job.names() == {
        'a.txt',
        'a.PROCESSED.txt',
        'UNLOCKED.csv',
        'UNLOCKED.PROCESSED.csv',
        'bad.LOCKED',
        'noending',
        'noending.PROCESSED',
    }
    assert (job.source / 'a.PROCESSED.txt').read_text() == 'a.txt processed'


@pytest.mark.parametrize('parameters', ['log, seconds', 'log, seconds, **_', 'log, seconds, /'])
def test_paths_may_be_named_like_parameters(grid, parameters):
    script = f"""
    def grid_process({parameters}):
        with open(seconds, 'w') as stream:
            stream.write(open(log).read() + ' seen')
    """
    job = grid('simple', script=script).give(['a.txt'])
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)
    assert (job.marks / 'a.PROCESSED.txt').read_text() == 'data seen'


# Which of the inputs `log` and `seconds` a function of such parameters gets.
CALLS = {
    'batch, *rest': '',
    'batch': '',
    'batch, log': 'log',
    'log, seconds=3': 'seconds',
    'batch, /, **given': 'log seconds',
    '*everything, **given': 'log seconds',
    'batch, *, seconds, other=1': 'seconds',
}


@pytest.mark.parametrize('parameters', CALLS)
def test_function_gets_values_for_its_parameters(grid, parameters):
    job = grid('local').give(['one'])
    values = {'log': str(job.log), 'seconds': 5.0}
    script = f"""
    values = {values!r}

    def grid_process({parameters}):
        got = dict(locals())
        got.update(got.pop('given', {{}}))
        with open(values['log'], 'a') as stream:
            print(*sorted(name for name in got if got[name] == values.get(name)), file=stream)
    """
    (job.image / 'job.py').write_text(textwrap.dedent(script))
    (worker,) = job.run(seconds='5')
    assert worker.returncode == 0, said(worker)
    assert job.log.read_text() == CALLS[parameters] + '\n'


IDLE = {
    'async def grid_process(batch_id, **_): pass': 'it is asynchronous, or a generator',
    'def grid_process(batch_id, **_): yield 1': 'it is asynchronous, or a generator',
    'def grid_process(): pass': 'cannot be called',
    'def grid_process(batch_id, unknown): pass': 'cannot be called',
}


@pytest.mark.parametrize('script', IDLE)
def test_functions_that_cannot_process_a_batch_are_rejected(grid, script):
    job = grid('local', script=script).give(['one'])
    (worker,) = job.run()
    assert worker.returncode == 1
    assert IDLE[script] in said(worker) and 'Traceback' not in said(worker)
    assert job.names() == set()


def test_result_with_too_long_a_name(grid):
    (worker,) = grid('simple').give(['n' * 246]).run()
    assert worker.returncode == 1
    assert 'too long a name' in said(worker) and 'Traceback' not in said(worker)


ENDS = {
    'exit': ('raise SystemExit(3)', 4),
    'exit well': ('raise SystemExit', 0),
    'base': ('class Odd(BaseException): pass\n        raise Odd', 4),
    'unprintable': ("raise ValueError('\\udc80')", 4),
    'name': ('undefined', 4),
}


@pytest.mark.parametrize('how', ENDS)
def test_ways_the_function_can_end(grid, how):
    statement, status = ENDS[how]
    script = f"""
    def grid_process(batch_id, **_):
        {statement}
    """
    (worker,) = grid('local', script=script).give(['one', 'two']).run()
    assert worker.returncode == status, said(worker)
    assert reported(worker)[2] == (2 if status else 0)


SCRIPTS = {
    'no function': ('x = 1', 'has no function `grid_process`'),
    'no callable': ('grid_process = 1', 'has no function `grid_process`'),
    'exits': ('import sys; sys.exit(0)', "if __name__ == '__main__'"),
    'fails': ('raise ValueError("on import")', 'ValueError: on import'),
    'broken': ('def', 'SyntaxError'),
}


@pytest.mark.parametrize('which', SCRIPTS)
def test_invalid_scripts_are_rejected(grid, which):
    script, message = SCRIPTS[which]
    job = grid('local', script=script).give(['one'])
    (worker,) = job.run()
    assert worker.returncode == 1
    assert message in said(worker)
    assert job.names() == set()


GREEDY = SCRIPT.replace(
    '    import os\n',
    """
    from os import *
    from time import *
    import os
    Worker = State = Files = Refusal = LOG = now = key_of = json = logging = signal = probe = None
    main = random = re = print = repr = len = 'mine'
""",
    1,
)


@pytest.mark.parametrize('name', ['job.py', 'json.py', 'my-job.py', 'time.py', 'grid.py'])
def test_script_names_do_not_clash_with_the_wrapper(grid, name):
    job = grid('local', script=GREEDY, name=name).give(['one', 'two'])
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)
    assert job.lines() == {'one': 1, 'two': 1}


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_files_named_like_modules(grid, backend):
    script = SCRIPT + '\n    import queue\n    import uuid\n    assert queue.mine and uuid.mine\n'
    job = grid(backend, script=script).give(['one', 'bad'])
    for name in (
        'queue',
        'uuid',
        'json',
        'socket',
        'csv',
        'glob',
        'hashlib',
        'traceback',
        'six',
        'email',
        'inspect',
        'shutil',
    ):
        (job.image / f'{name}.py').write_text('mine = True\n')
    (worker,) = job.run()
    assert worker.returncode == 4, said(worker)
    assert job.lines() == {'one': 1}


def test_pools_of_processes(grid):
    script = (
        SCRIPT
        + """

    def square(number):
        return number * number


    def grid_process(batch_id, log, **_):
        import multiprocessing
        for method in ('fork', 'spawn'):
            with multiprocessing.get_context(method).Pool(2) as pool:
                assert pool.map(square, range(3)) == [0, 1, 4]
        note(log, 'end', batch_id)
    """
    )
    job = grid('local', script=script).give(['one', 'two'])
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)
    assert job.lines() == {'one': 1, 'two': 1}


def test_signals_end_what_the_function_forks(grid):
    script = (
        SCRIPT
        + """

    def grid_process(batch_id, log, **_):
        import os
        import signal
        for number in range(200):
            process = os.fork()
            if not process:
                time.sleep(60)
                os._exit(0)
            os.kill(process, signal.SIGTERM)  # before it is ready, as pools do that end at once
            assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGTERM, number
        note(log, 'end', batch_id)
    """
    )
    job = grid('local', script=script).give(['one'])
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize('backend', BACKENDS)
def test_terminated_while_processing(grid, backend, number, status):
    job = grid(backend).give(['one'])
    job.env['seconds'] = '60'
    worker = job.start()
    wait_until(lambda: job.lines('begin'))
    worker.send_signal(number)
    assert worker.wait(60) == status
    assert 'Traceback' not in said(worker)
    assert job.names() == set()
