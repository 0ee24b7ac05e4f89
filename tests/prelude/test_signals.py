"""Signals, also where the operator is the first process of a container."""

import os
import signal
import time

import pytest

from conftest import UNSHARE, an_output, needs_unshare

WAIT = '''
    import atexit, time
    atexit.register(print, 'bye')
    print('ready', flush=True)
    time.sleep(60)
'''


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
    subject = operator(
        '''
        import os, threading, time
        os.environ['out'] = 'text'
        threading.Thread(target=lambda: (time.sleep(.2), print('ready', flush=True), time.sleep(1))).start()
    ''',
        outputs=[an_output('out')],
    )
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


@needs_unshare
def test_sigterm_while_an_output_is_delivered(operator):
    subject = operator(
        '''
        import atexit, os
        os.environ['out'] = 'text'
        atexit.register(print, 'ready', flush=True)
        ''',
        outputs=[an_output('out')],
    )
    os.mkfifo(str(subject.home / 'pipe'))  # nobody reads from it, so that the delivery waits
    process = subject.start('--out', 'pipe', before=UNSHARE)
    assert process.stdout.readline() == 'ready\n'
    time.sleep(0.5)
    os.kill(child_of(process), signal.SIGTERM)
    assert process.communicate(timeout=60) == ('', '')
    assert process.returncode == 143
