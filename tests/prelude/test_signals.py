"""Signals, also where the operator is the first process of a container."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
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
def test_signal_ends_the_script_as_under_python(operator, number):
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
    assert process.communicate(timeout=60) == ('', '')
    assert process.returncode == 143


@needs_unshare
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_script_may_handle_signals_of_the_first_process(operator, number):
    subject = operator(
        """
        import signal, sys, time
        signal.signal(%d, lambda *_: sys.exit(5))
        print('ready', flush=True)
        time.sleep(60)
        """
        % number
    )
    process = subject.start(before=UNSHARE)
    assert process.stdout.readline() == 'ready\n'
    os.kill(child_of(process), number)
    assert process.wait(60) == 5
    process.communicate()


@needs_unshare
def test_the_first_process_ends_as_its_child(operator):
    for script, status in (('exit(7)', 7), ('import os; os.kill(os.getpid(), 9)', 137), ('1 / 0', 1), ('', 0)):
        process = operator(script).start(before=UNSHARE)
        process.communicate(timeout=60)
        assert process.returncode == status


@needs_unshare
def test_orphans_are_reaped_and_exit_codes_passed_on(operator):
    done = operator("""
        import os, subprocess, time
        assert os.getppid() == 1
        orphan = subprocess.check_output(['sh', '-c', '(exec >&-; sleep .2; exit 3) & echo $!'], text=True).strip()
        end = time.monotonic() + 30
        while os.path.exists(f'/proc/{orphan}') and time.monotonic() < end:
            time.sleep(.05)
        print(os.path.exists(f'/proc/{orphan}'), subprocess.run(['sh', '-c', 'exit 5']).returncode)
    """).start(before=UNSHARE)
    assert done.communicate(timeout=60) == ('False 5\n', '')


@needs_unshare
@pytest.mark.parametrize('key, status', [(b'\x03', 130), (b'\x1c', 131)])
def test_keyboard_interrupt_reaches_the_script_once(operator, key, status):
    """The operator on a terminal of its own, as with `docker run -it`."""
    subject = operator("""
        import os, signal, time
        count = []
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, lambda number, _: count.append(number))
        print(os.tcgetpgrp(0) == os.getpgrp(), flush=True)
        end = time.monotonic() + 30
        while not count and time.monotonic() < end:
            time.sleep(.05)
        time.sleep(.5)  # for another
        print(len(count), flush=True)
        os._exit(128 + count[0])
    """)
    main, other = pty.openpty()
    command = [*UNSHARE, sys.executable, str(subject.prelude)]
    process = subprocess.Popen(
        command, stdin=other, stdout=other, stderr=other, start_new_session=True, cwd=subject.home,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(other)
    with open(main, 'rb', buffering=0, closefd=False) as terminal:
        assert terminal.readline() == b'True\r\n'
    os.write(main, key)
    assert process.wait(60) == status
    assert b'1\r\n' in os.read(main, 100)
    os.close(main)


@needs_unshare
def test_sigterm_after_the_script_has_ended(operator):
    subject = operator(
        '''
        import os, threading, time
        os.environ['out'] = 'text'
        threading.Thread(target=lambda: (time.sleep(.2), print('ready', flush=True), time.sleep(30))).start()
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
